"""Step 5: regularize and tune, from the model that overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, "regularizing your model and
    tuning your hyperparameters".
"""

from __future__ import annotations

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence

import numpy as np

from goldilocks.evaluation.differences import Comparison, Difference
from goldilocks.formatting import number, signed
from goldilocks.problem import higher_is_better
from goldilocks.report.workflow.content import Cell, Row, StepReport
from goldilocks.workflow import references
from goldilocks.workflow.budget import CONFIRM, TUNE
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.results import (
    BaselineResult,
    PowerResult,
    ProblemResult,
    ScaleResult,
    TuneResult,
    once,
)
from goldilocks.workflow.search import Search
from goldilocks.workflow.steps import final
from goldilocks.workflow.steps.scale import LEARNED_NOTHING
from goldilocks.workflow.tables import clear, interval, model_size, row, runs_of

LONGER = 1.5  # times the epochs of the model that overfits: what is regularized learns more slowly
PATIENCE = 0.25  # of the epochs, without a better one, after which a trial stops
FEWEST_EPOCHS = 5
TRIALS = 60  # at most
FINALISTS = 2  # trials that are trained again with other seeds
TIME_OF_A_TRIAL = 0.25  # of the time of this step, at most


def step(
    context: Context,
    problem: ProblemResult,
    baseline: BaselineResult,
    power: PowerResult,
    scale: ScaleResult,
) -> TuneResult:
    """Search around the model that overfits, train the best again with other seeds, and choose."""
    comparison = context.comparison(power)
    sizes = [context.load(runs)[0] for runs in scale.trained]
    start = sizes[scale.start]

    decide = functools.partial(_epochs, context, start, final.seconds(problem, start))
    epochs = once(context.folder / "epochs.json", decide)
    patience = max(3, round(PATIENCE * epochs))
    search = Search(
        context, comparison, sizes, start, problem=problem, epochs=epochs, patience=patience
    )
    search.run(trials=TRIALS)
    failures = list(context.runner.failures)

    others = [size for size in sizes if size.verdict not in LEARNED_NOTHING and size is not start]
    others.sort(key=lambda size: _rank(comparison, [size]))
    finalists = [*search.best(FINALISTS), start, *others[:1]]
    groups = _confirmed(context, problem, finalists) + [[size] for size in others[1:]]

    contenders = sorted(groups, key=lambda group: _rank(comparison, group))
    overfit = next(group for group in contenders if group[0].run.run_id == start.run.run_id)
    winner = contenders[0]
    score = comparison.score(predictions(winner), comparison.metric).mean
    rival = _rival(contenders, overfit)
    gain = comparison.compare(predictions(winner), predictions(rival), comparison.metric)
    report = StepReport(
        name="tune",
        title="Regularize and tune",
        decision=f"The winner is {winner[0].candidate.name}: val_{comparison.metric} {number(score)} "
        f"at epoch {_epoch(winner)}.",
        reasons=(
            search.summary(),
            *_reasons(context, comparison, contenders, overfit, gain),
            *failures,
        ),
        table=tuple(
            _contender(comparison, group, winner, context.problem.metric) for group in contenders
        ),
    )
    size = model_size(winner[0])
    if comparison.metric == "loss":
        size = dataclasses.replace(size, best_val_loss=score)
    return TuneResult(
        report=report,
        winner=runs_of(winner),
        winner_size=size,
        epochs=_epoch(winner),
        comparison=(
            _baseline_row(context, comparison, baseline, winner),
            _reference_row(comparison, baseline, winner),
            *_network_rows(comparison, context.load(power.small), contenders, overfit),
        ),
        considered=search.count + len(sizes),
        # All were scored on the same rows: what one may gain by luck is what sets two of them
        # apart.
        noise=gain.error / math.sqrt(2),
        trials=tuple(search.table()),
        ended_by=search.ended_by,
    )


def _epochs(context: Context, start: Trained, reserved: float) -> int:
    """Return the epochs of a trial: more than the model that overfits had, if time allows."""
    if "trainer.epochs" in context.typed_keys:
        return start.epochs
    wanted = max(FEWEST_EPOCHS, round(LONGER * start.epochs))
    jobs = len(context.runner.room.shared)
    seconds = context.budget.seconds_left(TUNE, reserved) * jobs * TIME_OF_A_TRIAL
    return max(FEWEST_EPOCHS, int(min(wanted, seconds / max(start.seconds_an_epoch, 1e-6))))


def _confirmed(
    context: Context, problem: ProblemResult, finalists: Sequence[Trained]
) -> list[list[Trained]]:
    """Train candidates with the other seeds too, as far as the budget goes; a group for each."""
    groups = [[training] for training in finalists]
    reserved = max(final.seconds(problem, training) for training in finalists)
    affordable = functools.partial(_affordable, context, finalists, reserved)
    for seed in context.seeds[1:]:
        if not once(context.folder / f"{seed}.json", affordable):
            break

        candidates = [
            training.candidate.overridden(training.candidate.name, seed) for training in finalists
        ]
        trained = context.runner.train(candidates, context.folder / seed, context.run_id)
        for group, training in zip(groups, trained, strict=True):
            if training is not None:
                group.append(training)
    return groups


def _affordable(context: Context, finalists: Sequence[Trained], reserved: float) -> bool:
    """Return whether the budget allows to train candidates with one more seed."""
    seconds = context.runner.seconds(finalists)
    in_time = seconds <= context.budget.seconds_left(CONFIRM, reserved)
    return in_time and len(finalists) <= context.budget.runs_left(CONFIRM)


def _rank(comparison: Comparison, group: Sequence[Trained]) -> tuple[int, float]:
    """Return a key that sorts the best first.

    What was trained with fewer seeds comes last: its score may be the luck of one.
    """
    score = comparison.score(predictions(group), comparison.metric).mean
    seeds = {seed for training in group for seed, _ in training.predictions}
    return -len(seeds), -score if higher_is_better(comparison.metric) else score


def _rival(contenders: Sequence[list[Trained]], overfit: list[Trained]) -> list[Trained]:
    """Return what the winner is compared with: where tuning began, else the second best."""
    if contenders[0] is not overfit:
        return overfit
    return contenders[min(1, len(contenders) - 1)]


def _epoch(winner: Sequence[Trained]) -> int:
    """Return the best epoch, the mean over seeds."""
    return max(1, round(sum(training.best_epoch for training in winner) / len(winner)))


def _reasons(
    context: Context,
    comparison: Comparison,
    contenders: Sequence[list[Trained]],
    overfit: list[Trained],
    gain: Difference,
) -> list[str]:
    """Return why the first of the contenders won, in sentences."""
    winner, metric = contenders[0], comparison.metric
    reasons = []
    if metric != context.problem.metric:
        reasons.append(
            f"Candidates are compared by val_loss: {context.problem.metric} is no mean over rows, "
            "which alone can be compared row by row."
        )

    if winner is not overfit:
        seeds = "one seed" if gain.pairs == 1 else f"{gain.pairs} seeds"
        noise = "beyond noise" if gain.beyond_noise else "within noise"
        reasons.append(
            f"{winner[0].candidate.name} is {number(gain.mean)} better in val_{metric} than "
            f"{overfit[0].candidate.name}, where tuning began (95 % interval "
            f"{signed(gain.low, 3)} to {signed(gain.high, 3)}, {gain.rows:,} rows, {seeds}): "
            f"{noise}."
        )

    smaller = [group for group in contenders if group[0].parameters < winner[0].parameters]
    differences = [
        (group[0], comparison.compare(predictions(group), predictions(winner), metric))
        for group in smaller
    ]
    equal = [pair for pair in differences if not pair[1].beyond_noise]
    if equal:
        smallest, loss = min(equal, key=lambda pair: pair[0].parameters)
        reasons.append(
            f"{smallest.candidate.name} has {smallest.parameters:,} weights instead of "
            f"{winner[0].parameters:,}, and is {number(-loss.mean)} behind in val_{metric} (95 % "
            f"interval {signed(0 - loss.high, 3)} to {signed(0 - loss.low, 3)}): these rows and "
            "seeds cannot tell the two apart."
        )
    return reasons


def _contender(
    comparison: Comparison, group: Sequence[Trained], winner: Sequence[Trained], metric: str
) -> Row:
    """Return the row of a candidate that was trained with several seeds; what decides is first."""
    scored = f"val_{comparison.metric}"
    cells = row(group[0], [metric, comparison.metric])
    difference = _behind_winner(comparison, group, winner)
    first = {
        "candidate": cells.pop("candidate"),
        "weights": cells.pop("weights"),
        scored: comparison.score(predictions(group), comparison.metric).mean,
        "seeds": len(group),
        **_against_winner(difference),
        "verdict": cells.pop("verdict"),
    }
    del cells[scored]
    return first | cells


def _network_rows(
    comparison: Comparison,
    small: Sequence[Trained],
    contenders: Sequence[list[Trained]],
    overfit: Sequence[Trained],
) -> list[Row]:
    """Return the networks on the way to the winner, beside it."""
    winner = contenders[0]
    largest = "overfit" if overfit[0].verdict == "overfit" else "largest"
    regularized = _regularized(contenders[1:])
    networks = {"small": small, largest: overfit, "regularized": regularized, "winner": winner}

    rows = []
    for name, group in networks.items():
        if group:
            score = comparison.score(predictions(group), comparison.metric).mean
            difference = _behind_winner(comparison, group, winner)
            label = f"{name}: {group[0].candidate.name}"
            rows.append(_comparison_row(comparison, label, score, difference))
    return rows


def _baseline_row(
    context: Context, comparison: Comparison, baseline: BaselineResult, winner: Sequence[Trained]
) -> Row:
    [training] = context.load(baseline.baseline)
    predicted = {fold: parts for (_, fold), parts in training.predictions.items()}
    difference = _fixed_behind_winner(comparison, predicted, winner)
    return _comparison_row(comparison, "baseline", training.best(comparison.metric), difference)


def _reference_row(
    comparison: Comparison, baseline: BaselineResult, winner: Sequence[Trained]
) -> Row:
    reference = baseline.reference
    difference = _fixed_behind_winner(comparison, references.validated(reference), winner)
    score = reference.scores[comparison.metric]
    return _comparison_row(comparison, f"reference: {reference.name}", score, difference)


def _comparison_row(
    comparison: Comparison, name: str, score: float, difference: Difference | None
) -> Row:
    """Return a row that sets something beside the winner; without a difference, the winner."""
    return {"candidate": name, f"val_{comparison.metric}": score, **_against_winner(difference)}


def _against_winner(difference: Difference | None) -> dict[str, Cell]:
    """Return the cells on how much worse something is than the winner."""
    if difference is None:
        return {"worse than the winner by": "", "that is": "the winner"}
    return {
        "worse than the winner by": interval(0 - difference.high, 0 - difference.low),
        "that is": clear(difference),
    }


def _behind_winner(
    comparison: Comparison, group: Sequence[Trained], winner: Sequence[Trained]
) -> Difference | None:
    """Return how much better a candidate is than the winner; None for the winner itself."""
    if group is winner:
        return None
    return comparison.compare(predictions(group), predictions(winner), comparison.metric)


def _fixed_behind_winner(
    comparison: Comparison,
    predicted: Mapping[str, tuple[np.ndarray, np.ndarray]],
    winner: Sequence[Trained],
) -> Difference:
    """Return how much better predictions by fold are than the winner's."""
    difference = comparison.against_fixed(predictions(winner), predicted, comparison.metric)
    return dataclasses.replace(difference, mean=-difference.mean)


def _regularized(contenders: Sequence[list[Trained]]) -> list[Trained]:
    """Return the first contender with any regularization, else an empty list."""
    for group in contenders:
        keys = {word.partition("=")[0] for word in group[0].candidate.overrides}
        keys.discard("regularizer.patience")
        if any(key.startswith("regularizer") for key in keys):
            return group
    return []
