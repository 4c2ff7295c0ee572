"""Step 5: regularize and tune, from the model that overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, "regularizing your model and
    tuning your
hyperparameters".
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from goldilocks.config.settings import key_of
from goldilocks.evaluation.differences import Comparison, Difference
from goldilocks.problem import higher_is_better
from goldilocks.report.workflow.rows import row
from goldilocks.workflow import references
from goldilocks.workflow.budget import CONFIRM, TUNE
from goldilocks.workflow.runner import Trained, predictions
from goldilocks.workflow.search import Search
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step, once
from goldilocks.workflow.steps import final
from goldilocks.workflow.steps.scale import NOTHING

LONGER = 1.5  # times the epochs of the model that overfits: what is regularized learns more slowly
PATIENCE = 0.25  # of the epochs, without a better one, after which a trial stops
FEWEST_EPOCHS = 5
TRIALS = 60  # at most
FINALISTS = 2  # trials that are trained again with other seeds
TIME_OF_A_TRIAL = 0.25  # of the time of this step, at most


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Search around the model that overfits, train the best again with other seeds, and choose."""
    scale = flow.found("scale")
    sizes = [flow.recall(each)[0] for each in scale["sizes"]]
    start = sizes[scale["from"]]
    flow.budget.reserved = final.seconds(flow, start)
    epochs = once(folder / "epochs.json", functools.partial(_epochs, flow, start))
    search = Search(
        flow, sizes, start, epochs=epochs, patience=max(3, round(PATIENCE * epochs)), folder=folder
    )
    search.run(parent, trials=TRIALS)
    finalists, failed = search.best(FINALISTS), list(flow.runner.failures)
    others = [each for each in sizes if each.verdict not in NOTHING and each is not start]
    others.sort(key=lambda each: _rank(flow.comparison, [each]))
    groups = _confirmed(flow, [*finalists, start, *others[:1]], folder, parent)
    return _step(
        flow,
        [*groups, *([each] for each in others[1:])],
        start,
        search,
        failed,
        considered=search.count + len(sizes),
    )


def _epochs(flow: Flow, start: Trained) -> int:
    """Epochs of a trial: more than the model that overfits needed, if the time allows."""
    if "trainer.epochs" in set(map(key_of, flow.typed)):
        return start.epochs
    wanted = max(FEWEST_EPOCHS, round(LONGER * start.epochs))
    seconds = flow.budget.seconds_left(TUNE) * len(flow.runner.room.shared) * TIME_OF_A_TRIAL
    return max(FEWEST_EPOCHS, int(min(wanted, seconds / max(start.seconds_an_epoch, 1e-6))))


def _confirmed(
    flow: Flow, chosen: Sequence[Trained], folder: Path, parent: str
) -> list[list[Trained]]:
    """Train candidates with the other seeds as well, as far as the budget goes, and group them."""
    groups = [[each] for each in chosen]
    flow.budget.reserved = max(final.seconds(flow, each) for each in chosen)
    for seed in flow.seeds[1:]:
        if not once(folder / f"{seed}.json", functools.partial(_affordable, flow, chosen)):
            break
        asked = [each.candidate.overridden(each.candidate.name, seed) for each in chosen]
        for group, each in zip(
            groups, flow.runner.train(asked, folder / seed, parent), strict=True
        ):
            group += [each] if each is not None else []
    return groups


def _affordable(flow: Flow, chosen: Sequence[Trained]) -> bool:
    """Whether the budget allows to train candidates with one more seed."""
    in_time = flow.runner.seconds(chosen) <= flow.budget.seconds_left(CONFIRM)
    return in_time and len(chosen) <= flow.budget.runs_left(CONFIRM)


def _rank(comparison: Comparison, group: Sequence[Trained]) -> tuple[int, float]:
    """Sorts the best first; what was trained with fewer seeds comes last: its score may be the luck of one."""
    score, seeds = (
        comparison.score(predictions(group), comparison.metric).mean,
        {seed for each in group for seed, _ in each.judged},
    )
    return -len(seeds), -score if higher_is_better(comparison.metric) else score


def _step(
    flow: Flow,
    groups: Sequence[list[Trained]],
    start: Trained,
    search: Search,
    failed: list[str],
    *,
    considered: int,
) -> Step:
    comparison = flow.comparison
    measure = comparison.metric
    contenders = sorted(groups, key=lambda group: _rank(comparison, group))
    winner = contenders[0]
    overfit = next(group for group in contenders if group[0].run.run_id == start.run.run_id)
    reasons = [search.said()]
    if measure != flow.problem.metric:
        reasons.append(
            f"Candidates are compared by val_loss: {flow.problem.metric} is no mean over rows, "
            "which alone can be "
            "compared row by row."
        )
    rival = overfit if winner is not overfit else contenders[1] if len(contenders) > 1 else winner
    gain = comparison.compare(predictions(winner), predictions(rival), measure)
    if winner is not overfit:
        reasons.append(
            f"{winner[0].candidate.name} is {gain.mean:.4g} better in val_{measure} than "
            f"{start.candidate.name}, where "
            f"tuning began (95 % interval {gain.low:+.3g} to {gain.high:+.3g}, {gain.rows} rows, "
            f"{_seeds(gain)}): "
            f"{'beyond' if gain.beyond_noise else 'within'} noise."
        )
    smaller = [group for group in contenders if group[0].parameters < winner[0].parameters]
    behind = [
        (group[0], comparison.compare(predictions(group), predictions(winner), measure))
        for group in smaller
    ]
    if equal := [
        (least, difference) for least, difference in behind if not difference.beyond_noise
    ]:
        least, difference = min(equal, key=lambda each: each[0].parameters)
        reasons.append(
            f"{least.candidate.name} has {least.parameters:,} weights instead of "
            f"{winner[0].parameters:,}, and is "
            f"{-difference.mean:.4g} behind in val_{measure} (95 % interval "
            f"{-difference.high:+.3g} to "
            f"{-difference.low:+.3g}): these rows and seeds cannot tell the two apart."
        )
    candidate = winner[0].candidate
    small = flow.recall(flow.found("power")["small"])
    called = "overfit" if start.verdict == "overfit" else "largest"
    named = {
        "small": small,
        called: overfit,
        "regularized": _regularized(contenders[1:]),
        "winner": winner,
    }
    versus = [_baseline_row(flow, winner, measure), _reference_row(flow, winner, measure)]
    for name, group in named.items():
        if group:
            difference = None
            if group is not winner:
                difference = comparison.compare(predictions(group), predictions(winner), measure)
            versus.append(
                _versus(
                    f"{name}: {group[0].candidate.name}",
                    comparison.score(predictions(group), measure).mean,
                    difference,
                    measure,
                )
            )
    return Step(
        name="tune",
        title="Regularize and tune",
        passed=True,
        decision=f"The winner is {candidate.name}: val_{measure} "
        f"{comparison.score(predictions(winner), measure).mean:.4g} at epoch "
        f"{_epoch(winner)}.",
        reasons=[*reasons, *failed],
        table=[_contender(flow, group, winner) for group in contenders],
        chosen={
            "winner": remember(candidate, winner),
            "overfit": remember(start.candidate, overfit),
            "epochs": _epoch(winner),
            "versus": versus,
            "considered": considered,
            # All were judged on the same rows: what one may gain by luck is what sets two of them
            # apart.
            "noise": gain.error / math.sqrt(2),
            "trials": search.table(),
            "ended": search.ended_by,
        },
    )


def _contender(flow: Flow, group: Sequence[Trained], winner: Sequence[Trained]) -> dict[str, Any]:
    """The row of a candidate that was trained with several seeds; what decides stands first."""
    comparison, measure = flow.comparison, flow.comparison.metric
    difference = comparison.compare(predictions(group), predictions(winner), measure)
    interval = "" if group is winner else f"{difference.low:+.3g} to {difference.high:+.3g}"
    told = (
        "the winner"
        if group is winner
        else "beyond noise"
        if difference.beyond_noise
        else "within noise"
    )
    said = row(group[0], [flow.problem.metric, measure])
    first = {name: said.pop(name) for name in ("candidate", "weights", f"val_{measure}")}
    first |= {
        f"val_{measure}": comparison.score(predictions(group), measure).mean,
        "seeds": len(group),
    }
    return {
        **first,
        "better than the winner by": interval,
        "that is": told,
        "verdict": said.pop("verdict"),
        **said,
    }


def _seeds(difference: Difference) -> str:
    return f"{difference.pairs} seed{'s' * (difference.pairs > 1)}"


def _versus(name: str, score: float, difference: Difference | None, measure: str) -> dict[str, Any]:
    """A row that sets something against the winner, or the winner itself."""
    told = (
        "the winner"
        if difference is None
        else "beyond noise"
        if difference.beyond_noise
        else "within noise"
    )
    interval = "" if difference is None else f"{difference.low:+.3g} to {difference.high:+.3g}"
    return {
        "candidate": name,
        f"val_{measure}": score,
        "better than the winner by": interval,
        "that is": told,
    }


def _baseline_row(flow: Flow, winner: Sequence[Trained], measure: str) -> dict[str, Any]:
    [baseline] = flow.recall(flow.found("baseline")["baseline"])
    others = {fold: predicted for (_, fold), predicted in baseline.judged.items()}
    return _versus(
        "baseline", baseline.best(measure), _behind(flow, others, winner, measure), measure
    )


def _reference_row(flow: Flow, winner: Sequence[Trained], measure: str) -> dict[str, Any]:
    known = flow.found("baseline")["reference"]
    others = references.validated(flow.folder / "baseline" / "reference")
    lost = _behind(flow, others, winner, measure)
    return _versus(f"reference: {known['name']}", known["scores"][measure], lost, measure)


def _behind(
    flow: Flow,
    others: Mapping[str, tuple[np.ndarray, np.ndarray]],
    winner: Sequence[Trained],
    measure: str,
) -> Difference:
    """How much better others are than the winner."""
    gain = flow.comparison.against_fixed(predictions(winner), others, measure)
    return dataclasses.replace(gain, mean=-gain.mean)


def _regularized(behind: Sequence[list[Trained]]) -> list[Trained]:
    """Of those behind the winner the best with any regularization; none where there is none."""
    for group in behind:
        words = group[0].candidate.overrides
        if any(
            word.startswith("regularizer") and not word.startswith("regularizer.patience")
            for word in words
        ):
            return group
    return []


def _epoch(winner: Sequence[Trained]) -> int:
    """The best epoch, the mean over seeds."""
    return max(1, round(sum(each.best_epoch for each in winner) / len(winner)))
