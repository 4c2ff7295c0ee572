"""Step 5: regularize and tune, from the model that overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, "regularizing your model and
    tuning your hyperparameters".
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.evaluation import measures
from goldilocks.evaluation.differences import Comparison
from goldilocks.report.workflow.results import (
    BaselineResult,
    PowerResult,
    ScaleResult,
    TuneResult,
)
from goldilocks.run import summary
from goldilocks.workflow import features, prose, references, second_model
from goldilocks.workflow.balance import compare
from goldilocks.workflow.budget import CONFIRM, TUNE
from goldilocks.workflow.candidate import Trained, predictions
from goldilocks.workflow.contest import Contest
from goldilocks.workflow.context import Context
from goldilocks.workflow.resume import once
from goldilocks.workflow.search import IN_VAIN, Search
from goldilocks.workflow.steps.scale import LEARNED_NOTHING
from goldilocks.workflow.tables import has_own_loss, model_size, runs_of

LONGER = 1.5  # times the epochs of the model that overfits: what is regularized learns more slowly
FEWEST_EPOCHS = 5
FINALISTS = 2  # trials that are trained again with other seeds
FEWEST = 2  # candidates that are trained so: the best trial, and where tuning began
TIME_OF_A_TRIAL = 0.25  # of the time of this step, at most


def step(
    context: Context,
    baseline: BaselineResult,
    power: PowerResult,
    scale: ScaleResult,
) -> TuneResult:
    """Search around the model that overfits, train the best again with other seeds, and choose."""
    comparison = context.comparison()
    sizes = [context.load(runs)[0] for runs in scale.trained]
    start = sizes[scale.start]

    reserved = context.final_seconds(start)
    epochs = once(context.folder / "epochs.json", lambda: _epochs(context, start, reserved))
    made = features.compare(context, start)
    began = made.start(start)
    # Trials are of one kind of model; the best of the other kind is among the candidates below.
    is_second = second_model.is_one(start.candidate)
    searched = [size for size in sizes if second_model.is_one(size.candidate) == is_second]
    candidates = [made.carried(size.candidate) for size in searched]
    search = Search(context, candidates, began, epochs=epochs)
    search.run()
    failures = list(context.failures)

    others = [size for size in sizes if size.verdict not in LEARNED_NOTHING and size is not start]
    others.sort(key=lambda size: _rank(comparison, [size]))
    best = search.best(FINALISTS)
    # The first two get seeds first.
    finalists = [*best[:1], began, *([] if began is start else [start]), *best[1:], *others[:1]]
    groups = _confirmed(context, finalists) + [[size] for size in others[1:]]

    groups.sort(key=lambda group: _rank(comparison, group))
    overfit = next(group for group in groups if group[0].run.run_id == start.run.run_id)
    reference = baseline.reference
    reference_name = f"reference: {reference.name}"
    [dummy] = context.load(baseline.baseline)
    contest = Contest(
        comparison,
        groups,
        overfit,
        small=context.load(power.small),
        trials=[*search.all_trained(), *made.trainings],
        features=made.variants[made.chosen].overrides,
        fixed={
            "baseline": {fold: parts for (_, fold), parts in dummy.predictions.items()},
            reference_name: references.validated(reference),
        },
    )
    winner = contest.winner
    score = contest.score(winner)
    balance = compare(context, winner)
    chosen = winner if balance is None else balance.chosen
    epoch = max(1, round(sum(training.best_epoch for training in chosen) / len(chosen)))
    considered = search.count + len(sizes) + len(made.tried)
    if balance is not None:
        considered += len(balance.variants) - 1
    of_epochs = _of_epochs(context, winner)
    # The estimate has noise of its own: it is never better than the score that was chosen.
    higher = measures.find(context.problem, contest.metric).greater_is_better
    worse = min if higher else max
    shrunk = worse(score, contest.shrunk + of_epochs)
    report = prose.report(
        "tune",
        contest=contest,
        score=score,
        shrunk=shrunk,
        of_epochs=of_epochs,
        considered=considered,
        epoch=epoch,
        search=search,
        features=made,
        in_vain=IN_VAIN,
        seeds_measured=context.seeds_measured,
        failures=failures,
        balance=balance,
        chosen=chosen,
        verdicts=VERDICTS,
        recalls=summary.recalls,
        silence=summary.silence(summary.counts(chosen[0].run.tags)),
        table=contest.table(),
    )

    size = model_size(winner[0])
    if contest.metric == "loss" or has_own_loss(winner[0]):
        loss = comparison.score(predictions(winner), "loss").mean
        size = dataclasses.replace(size, best_val_loss=loss)
    return TuneResult(
        report=report,
        winner=runs_of(chosen),
        winner_size=size,
        epochs=epoch,
        comparison=(
            contest.fixed_row("baseline", dummy.best(contest.metric)),
            contest.fixed_row(reference_name, reference.scores[contest.metric]),
            *contest.network_rows(),
        ),
        considered=considered,
        shrunk=shrunk,
        # All were scored on the same rows: what one may gain by luck is what sets two of them
        # apart.
        noise=contest.gain.error / math.sqrt(2),
        trials=(*made.rows(), *search.table()),
        ended_by=search.ended_by,
    )


def _epochs(context: Context, start: Trained, reserved: float) -> int:
    """Return the epochs of a trial: more than the model that overfits had, if time allows."""
    if "trainer.epochs" in context.typed_keys:
        return start.epochs
    wanted = max(FEWEST_EPOCHS, round(LONGER * start.epochs))
    jobs = len(context.room.shared)
    seconds = context.budget.seconds_left(TUNE, reserved) * jobs * TIME_OF_A_TRIAL
    return max(FEWEST_EPOCHS, int(min(wanted, seconds / start.seconds_an_epoch)))


def _confirmed(context: Context, finalists: Sequence[Trained]) -> list[list[Trained]]:
    """Train candidates with the other seeds too, as far as the budget goes; a group for each.

    Fewer of them, from the first, get more seeds rather than none: of candidates with a single seed
    no difference can be told from that of seeds.
    """
    groups = [[training] for training in finalists]
    reserved = max(map(context.final_seconds, finalists))

    def affordable() -> int:
        """Return how many of them the budget allows to train with one more seed."""
        seconds, runs = context.budget.seconds_left(CONFIRM, reserved), context.budget.runs_left
        counts = range(len(finalists), FEWEST - 1, -1)
        fit = (
            count
            for count in counts
            if context.seconds(finalists[:count]) <= seconds and count <= runs(CONFIRM)
        )
        return next(fit, 0)

    for seed in context.seeds[1:]:
        finalists = finalists[: once(context.folder / f"{seed}.json", affordable)]
        if not finalists:
            break

        candidates = [
            training.candidate.overridden(training.candidate.name, seed) for training in finalists
        ]
        trained = context.train(candidates, context.folder / seed)
        for group, training in zip(groups, trained, strict=False):  # The first of them.
            if training is not None:
                group.append(training)
    return groups


def _of_epochs(context: Context, winner: Sequence[Trained]) -> float:
    """Return what the choice of the epoch costs, in the metric: 0 of a single seed.

    Each seed is scored at the mean best epoch of the others, which its own noise has not chosen.
    """
    name = f"val_{context.problem.metric}"
    if name == "val_loss" and "best_val_data_loss" in winner[0].run.metrics:
        name = "val_data_loss"
    histories = context.store.histories([training.run.run_id for training in winner], [name])
    changes: list[float] = []
    for training in winner:
        curve = [value for _, value in histories.get(training.run.run_id, {}).get(name, ())]
        others = [other.best_epoch for other in winner if other is not training]
        if curve and others:
            epoch = min(len(curve), round(sum(others) / len(others)))
            changes.append(curve[epoch - 1] - curve[training.best_epoch - 1])
    return sum(changes) / max(1, len(changes))


def _rank(comparison: Comparison, group: Sequence[Trained]) -> tuple[int, float]:
    """Return a key that sorts the best first.

    What was trained with fewer seeds comes last: its score may be the luck of one.
    """
    score = comparison.score(predictions(group), comparison.metric).mean
    seeds = {seed for training in group for seed, _ in training.predictions}
    if measures.find(comparison.problem, comparison.metric).greater_is_better:
        score = -score
    return -len(seeds), score
