"""Step 5: regularize and tune, from the model that overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, "regularizing your model and tuning your
hyperparameters".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from goldilocks.problem import higher_is_better
from goldilocks.workflow import final, references
from goldilocks.workflow.budget import CONFIRM, TUNE
from goldilocks.workflow.evidence import Difference, Judge
from goldilocks.workflow.rows import row
from goldilocks.workflow.runner import Trained
from goldilocks.workflow.search import Search
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step

LONGER = 1.5  # times the epochs of the model that overfits: what is regularized learns more slowly
PATIENCE = 0.25  # of the epochs, without a better one, after which a trial stops
FEWEST_EPOCHS = 5
TRIALS = 60  # at most
FINALISTS = 2  # trials that are trained again with other seeds
TIME_OF_A_TRIAL = 0.25  # of the time of this step, at most


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Search around the model that overfits, train the best again with other seeds, and choose."""
    scale = flow.found("scale")
    sizes = [flow.again(each)[0] for each in scale["sizes"]]
    start = sizes[scale["from"]]
    flow.budget.reserved = final.seconds(flow, start)
    epochs = _epochs(flow, start)
    search = Search(flow, sizes, start, epochs=epochs, patience=max(3, round(PATIENCE * epochs)), folder=folder)
    search.run(parent, trials=TRIALS)
    finalists, failed = search.best(FINALISTS), list(flow.runner.failures)
    plain = [each for each in sizes if each.verdict not in ("no_power", "diverged")]
    groups = _again(flow, [*finalists, start], folder, parent)
    contenders = [*groups, *([each] for each in plain if each is not start)]
    return _step(flow, contenders, start, search, failed)


def _epochs(flow: Flow, start: Trained) -> int:
    """Epochs of a trial: more than the model that overfits needed, if the time allows."""
    wanted = max(FEWEST_EPOCHS, round(LONGER * start.epochs))
    seconds = flow.budget.seconds_left(TUNE) * len(flow.runner.slots) * TIME_OF_A_TRIAL
    return max(FEWEST_EPOCHS, int(min(wanted, seconds / max(start.seconds_an_epoch, 1e-6))))


def _again(flow: Flow, chosen: Sequence[Trained], folder: Path, parent: str) -> list[list[Trained]]:
    """Train candidates with the other seeds as well, as far as the budget goes, and group them."""
    groups = [[each] for each in chosen]
    flow.budget.reserved = max(final.seconds(flow, each) for each in chosen)
    for number, seed in enumerate(flow.seeds[1:]):
        cost = sum(each.seconds_an_epoch * each.epochs for each in chosen) / len(flow.runner.slots)
        if cost > flow.budget.seconds_left(CONFIRM) or len(chosen) > flow.budget.runs_left(CONFIRM):
            break
        asked = [each.candidate.with_(each.candidate.name, seed) for each in chosen]
        for group, each in zip(groups, flow.runner.train(asked, folder / f"seeds{number}", parent), strict=True):
            group += [each] if each is not None else []
    return groups


def _step(flow: Flow, contenders: list[list[Trained]], start: Trained, search: Search, failed: list[str]) -> Step:
    judge = flow.judge
    measure = judge.measure
    better = 1 if higher_is_better(measure) else -1
    scores = [judge.score(group, measure)[0] for group in contenders]
    order = sorted(range(len(contenders)), key=lambda place: -better * scores[place])
    winner = contenders[order[0]]
    overfit = next(group for group in contenders if group[0].run.run_id == start.run.run_id)
    reasons = [search.said()]
    rival = overfit if winner is not overfit else contenders[order[1]] if len(order) > 1 else winner
    gain = judge.compare(winner, rival, measure)
    if winner is not overfit:
        reasons.append(
            f"{winner[0].candidate.name} is {gain.gain:.4g} better in val_{measure} than {start.candidate.name}, where "
            f"tuning began (95 % interval {gain.low:+.3g} to {gain.high:+.3g}, {gain.rows} rows, {_seeds(gain)}): "
            f"{'beyond' if gain.beyond_noise else 'within'} noise."
        )
    smaller = [contenders[place] for place in order[1:] if contenders[place][0].parameters < winner[0].parameters]
    behind = [(group[0], judge.compare(group, winner, measure)) for group in smaller]
    if equal := [(least, difference) for least, difference in behind if not difference.beyond_noise]:
        least, difference = min(equal, key=lambda each: each[0].parameters)
        reasons.append(
            f"{least.candidate.name} has {least.parameters:,} weights instead of {winner[0].parameters:,}, and is "
            f"{-difference.gain:.4g} behind in val_{measure} (95 % interval {-difference.high:+.3g} to "
            f"{-difference.low:+.3g}): these rows and seeds cannot tell the two apart."
        )
    candidate = winner[0].candidate
    small = flow.again(flow.found("power")["small"])
    called = "overfit" if start.verdict == "overfit" else "largest"
    named = {"small": small, called: overfit, "regularized": _regularized(contenders, order), "winner": winner}
    versus = [_baseline_row(flow, winner, measure), _reference_row(flow, winner, measure)]
    for name, group in named.items():
        if group:
            difference = None if group is winner else judge.compare(group, winner, measure)
            versus.append(
                _versus(f"{name}: {group[0].candidate.name}", judge.score(group, measure)[0], difference, measure)
            )
    return Step(
        name="tune",
        title="Regularize and tune",
        passed=True,
        decision=f"The winner is {candidate.name}: val_{measure} {scores[order[0]]:.4g} at epoch {_epoch(winner)}.",
        reasons=[*reasons, *failed],
        table=[_contender(judge, contenders[place], winner) for place in order],
        chosen={
            "winner": remember(candidate, winner),
            "overfit": remember(start.candidate, overfit),
            "epochs": _epoch(winner),
            "versus": versus,
            "considered": search.count + len(contenders),
            # All were judged on the same rows: what one may gain by luck is what sets two of them apart.
            "noise": gain.error / math.sqrt(2),
            "trials": search.table(),
        },
    )


def _contender(judge: Judge, group: Sequence[Trained], winner: Sequence[Trained]) -> dict[str, Any]:
    """The row of a candidate that was trained with several seeds; what decides stands first."""
    measure = judge.measure
    difference = judge.compare(group, winner, measure)
    interval = "" if group is winner else f"{difference.low:+.3g} to {difference.high:+.3g}"
    told = "the winner" if group is winner else "beyond noise" if difference.beyond_noise else "within noise"
    said = row(group[0], [measure])
    first = {name: said.pop(name) for name in ("candidate", "weights", f"val_{measure}")}
    first |= {f"val_{measure}": judge.score(group, measure)[0], "seeds": len(group)}
    return {**first, "better than the winner by": interval, "that is": told, "verdict": said.pop("verdict"), **said}


def _seeds(difference: Difference) -> str:
    return f"{difference.seeds} seed{'s' * (difference.seeds > 1)}"


def _versus(name: str, score: float, difference: Difference | None, measure: str) -> dict[str, Any]:
    """A row that sets something against the winner, or the winner itself."""
    told = "the winner" if difference is None else "beyond noise" if difference.beyond_noise else "within noise"
    interval = "" if difference is None else f"{difference.low:+.3g} to {difference.high:+.3g}"
    return {"candidate": name, f"val_{measure}": score, "better than the winner by": interval, "that is": told}


def _baseline_row(flow: Flow, winner: Sequence[Trained], measure: str) -> dict[str, Any]:
    gain = flow.judge.against_baseline(winner, measure)
    lost = dataclasses.replace(gain, gain=-gain.gain)
    score = flow.judge.score(winner, measure)[0] - gain.gain * (1 if higher_is_better(measure) else -1)
    return _versus("baseline", score, lost, measure)


def _reference_row(flow: Flow, winner: Sequence[Trained], measure: str) -> dict[str, Any]:
    known = flow.found("baseline")["reference"]
    others = references.validated(flow.folder / "baseline" / "reference")
    gain = flow.judge.against_rows(winner, others, measure)
    lost = dataclasses.replace(gain, gain=-gain.gain)
    return _versus(f"reference: {known['name']}", known["scores"][measure], lost, measure)


def _regularized(contenders: Sequence[list[Trained]], order: Sequence[int]) -> list[Trained]:
    """The best candidate with any regularization, unless that is the winner."""
    for place in order[1:]:
        words = contenders[place][0].candidate.overrides
        if any(word.startswith("regularizer") and not word.startswith("regularizer.patience") for word in words):
            return contenders[place]
    return []


def _epoch(winner: Sequence[Trained]) -> int:
    """The best epoch, the mean over seeds."""
    return max(1, round(sum(each.best_epoch for each in winner) / len(winner)))
