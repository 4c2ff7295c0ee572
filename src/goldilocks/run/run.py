"""One run, top to bottom; several folds or seeds are several trainings, each in a child run.

A finished run of the same configuration, data and code is reused; an interrupted one is resumed.
Keras is imported last, after every check that does not need it.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from goldilocks import console
from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset, findings
from goldilocks.encoding import differencing
from goldilocks.encoding.targets import check_targets, standardized
from goldilocks.evaluation.baseline import baseline_predictions
from goldilocks.jobs import records
from goldilocks.protocol import Split, in_time, notes_of_all
from goldilocks.run import (
    compared,
    data_summary,
    division,
    next_moves,
    pretrained_base,
    promise,
    summary,
    terminal,
    test_claims,
    test_ledger,
    warm_start,
)
from goldilocks.run.context import RunContext, Shared, TrainingSpec, outputs_of
from goldilocks.search.options import read_spec
from goldilocks.tracking import Store, ledger, query, user_ledger
from goldilocks.tracking.query import StoredRun

if TYPE_CHECKING:
    from goldilocks.search.trial import Trial

ROWS_TO_TRY = 100  # at least: a metric that a person has written is called with so many, at first


@dataclasses.dataclass(frozen=True)
class Tracked:
    """A run that has finished, now or before.

    Attributes:
        run_id: MLflow's; "" where nothing is stored.
        value: What a sweep compares. It is the best monitored value; with several trainings, their
            mean at one epoch; in a final run, the same metric on the test rows. A reused run has
            the value that it has logged.
    """

    run_id: str
    value: float


def run(settings: Settings, shared: Shared | None = None, parent: str | None = None) -> float:
    """Train, evaluate, diagnose and track a configuration, and return what a sweep compares.

    The arguments and errors are those of `track`.
    """
    return track(settings, shared, parent).value


def track(settings: Settings, shared: Shared | None = None, parent: str | None = None) -> Tracked:
    """Train, evaluate, diagnose and track a configuration.

    Args:
        settings: Checked settings.
        shared: What was trained before, as one program with other runs of this process; None of a
            run of its own.
        parent: ID of the run that it is a probe of; None of any other.

    Raises:
        SealError: If it is a final run, another configuration was evaluated on the test rows, and
            `force` is false.
        StoreError: If the store cannot be reached or written, or has no run `model.init_from`.
        DataError: If the data cannot be used.
        SplitError: If the rows cannot be split as requested.
        ProblemError: If the problem type of the data does not go with the settings.
        ModelError: If the model cannot be built for the shape of the data.
    """
    store: Store = settings.builder("tracking")()
    if settings.sweep_dir is None and parent is None:  # Else it is repaired by now.
        for line in store.repair():
            console.note(line)

    settings = warm_start.resolved(settings, store)
    context, specs, splits = plan(settings, shared or Shared())
    settings = context.settings

    # Several trainings stand in child runs, below one run that has no part. It takes the split of
    # the first: only a final run, which has one training, reads the rows of `run_spec`.
    run_spec = specs[0]
    if len(specs) > 1:
        split = dataclasses.replace(specs[0].split, notes=notes_of_all(splits))
        run_spec = TrainingSpec(settings, split, None, "")

    # Two processes that start the same run: the second waits, and reuses what the first has logged.
    with store.lock(context.fingerprint(run_spec)):
        stored = context.stored_run(run_spec)
        if stored is not None and stored.status == "FINISHED":
            _record(settings, run_id=stored.run_id, reused=True)
            _show_reused(context, run_spec, splits, stored)
            tracked = Tracked(stored.run_id, summary.value(settings, stored.metrics))
        else:
            tracked = _train(
                *(context, run_spec, specs, splits, parent or settings.parent),
                interrupted=stored,
                is_alone=shared is None,
            )

        if settings.tree["diagnosis"]["probes"]:
            from goldilocks.run import probe_runs  # With Keras.

            probe_runs.answer(context, run_spec, run)
        return tracked


def _show_reused(
    context: RunContext, spec: TrainingSpec, splits: Sequence[Split], stored: StoredRun
) -> None:
    """Print of a finished run what it printed itself, but for its epochs."""
    settings, store, tags = context.settings, context.store, stored.tags
    data = data_summary.summarize(
        context.dataset,
        splits,
        metric=context.problem.metric,
        mute=settings.mute,
    )
    for line in findings.lines(data.findings):
        console.note(f"  {line}")
    console.note(f"{settings.name}: {terminal.facts(context, spec.split)}")
    console.result(
        f"reused    run {stored.run_id} has trained this configuration, data and code; "
        "force=true trains again"
    )
    for part in sorted(query.children(store, stored), key=lambda part: part.started):
        if part.is_part:
            console.result(terminal.line(part.name, part.metrics, part.tags))

    rows = len(compared.validated(splits))
    if "verdict" in tags:  # What to try has changed with each run since.
        moves = context.moves(stored.metrics, tags, rows=rows)
        tags = {**tags, "verdict.next": next_moves.lines(settings, moves)}
    ends = terminal.lines(
        *(context, stored.metrics, tags),
        each=outputs_of(store, stored.run_id),
        validation_rows=rows,
        where=f"run {stored.run_id} of experiment {store.experiment}",
        page_command=store.page_command(stored.run_id),
    )
    console.result("\n".join(ends))


def plan(settings: Settings, shared: Shared) -> tuple[RunContext, list[TrainingSpec], list[Split]]:
    """Read the data of a run, choose what `model.base=auto` stands for, and split the rows.

    Args:
        settings: Checked settings.
        shared: Has the data sets that were read before.

    Returns:
        What its trainings share, the trainings, and the splits that they are made of.

    Raises:
        DataError: As of `run`, and so are SplitError and ProblemError.
    """
    store: Store = settings.builder("tracking")()
    dataset = shared.dataset(settings)
    settings = pretrained_base.resolved(settings, store, dataset.digest)
    problem = settings.problem(dataset.problem)

    splits = division.splits_of(settings, dataset)
    dataset = differencing.resolved(dataset, splits[0].train)
    specs = training_specs(settings, dataset, splits)
    for note in (*dataset.notes, *notes_of_all([spec.split for spec in specs])):
        console.note(f"  {note}")

    check_targets(problem, dataset, splits)
    if settings.standardizes:
        problem = standardized(problem, dataset, splits)
    validation = splits[0].validation
    for metric in problem.own_metrics:  # What is wrong with it must not wait for a training.
        few = validation[:: max(1, len(validation) // ROWS_TO_TRY)]
        baseline_predictions(problem, dataset, few, metric.name)

    context = RunContext(settings, store, dataset, problem, shared=shared)
    return context, specs, splits


def training_specs(
    settings: Settings, dataset: Dataset, splits: Sequence[Split]
) -> list[TrainingSpec]:
    """Return the trainings of a run: one for each seed and fold.

    A final run has one training, on all rows but the test rows. Where a subset of the data set was
    requested, it trains on the training rows of that subset alone.
    """
    if settings.tree["final"]:
        last = splits[-1]  # The last fold of a series has the latest rows.
        split = last.joined()
        if dataset.subset is not None:
            split = dataclasses.replace(split, train=last.train)
        return [TrainingSpec(settings, in_time.divided_anew(dataset, last, split), None, "")]

    specs = []
    repeats, folds = settings.tree["trainer"]["repeats"], len(splits)
    for seed in range(settings.tree["seed"], settings.tree["seed"] + repeats):
        seeded = settings
        if repeats > 1:
            seeded = settings.changed({"trainer.repeats": 1, "seed": seed})
        for number, split in enumerate(splits, start=1):
            fold, words = None, list[str]()
            if folds > 1:
                fold = number
                words.append(f"fold {fold} of {folds}")
            if repeats > 1:
                words.append(f"seed {seed}")
            specs.append(TrainingSpec(seeded, split, fold, " ".join(words)))
    return specs


def _train(
    context: RunContext,
    run_spec: TrainingSpec,
    specs: Sequence[TrainingSpec],
    splits: Sequence[Split],
    parent: str | None,
    *,
    interrupted: StoredRun | None,
    is_alone: bool,
) -> Tracked:
    """Open the run, train each specification, and return what they came to."""
    settings = context.settings
    data = data_summary.summarize(
        context.dataset,
        splits,
        metric=context.problem.metric,
        mute=settings.mute,
    )
    if not settings.job:  # The jobs of a sweep train with the same data; the first one says it.
        for line in findings.lines(data.findings):
            console.note(f"  {line}")

    with contextlib.ExitStack() as stack:
        # Two final runs that open at once must see each other. Hold the lock until the run is open:
        # from then on, the test ledger of others lists it.
        with user_ledger.lock() if settings.tree["final"] else contextlib.nullcontext():
            if settings.tree["final"]:
                run_spec = _with_evaluation(context, run_spec, splits, interrupted=interrupted)
                specs = [run_spec]

            for split in {id(spec.split): spec.split for spec in specs}.values():
                warm_start.check_rows(settings, context.store, context.dataset, split)
            warm_start.check_date_parts(settings, context.store, context.dataset)
            # The one import of Keras and TensorFlow, which takes seconds; the backend first: it is
            # quiet.
            import goldilocks.backend  # noqa: F401
            from goldilocks.run import description, programs, repeats, train

            context = dataclasses.replace(
                context,
                initial_model=warm_start.load(settings, context.store),
                trial=context.shared.trials.get(settings.job or 0) or load_trial(settings),
                rows_tags=compared.tags(context.dataset, splits),
                data=data,
            )
            tracker = stack.enter_context(
                context.open_run(run_spec, parent=parent, resumed=interrupted)
            )

            if run_spec.evaluation:
                claim = test_claims.claimed(
                    *(run_spec.evaluation, tracker, settings.name, context.tags(run_spec)),
                    force=settings.tree["force"],
                )
                stack.enter_context(claim)

        if run_spec.role in ledger.CHOICES:
            compared.log(tracker, context.dataset, splits)
        _record(settings, run_id=tracker.run_id)
        if len(specs) > 1:
            facts = terminal.facts(context, run_spec.split)
            tracker.describe(description.beginning(run_spec, tracker, facts))
        if tracker.page_command:
            console.note(f"see it    {tracker.page_command}")
        if is_alone and settings.traits.trainer.together:
            trained = programs.train([(context, spec) for spec in specs], tracker.run_id)
            context.shared.trained.update(trained)
        outcomes = train.train(context, specs, tracker)
        if run_spec.evaluation:
            test_claims.record(run_spec.evaluation, tracker.run_id, outcomes[0].metrics)
        if context.pruned:
            tracker.tags(train.PRUNED)
            _record(settings, pruned=True)

        outcome = outcomes[0]
        if len(specs) > 1:
            outcome = repeats.conclude(context, run_spec, outcomes, tracker)
        return Tracked(tracker.run_id, outcome.value)


def _with_evaluation(
    context: RunContext,
    spec: TrainingSpec,
    splits: Sequence[Split],
    *,
    interrupted: StoredRun | None,
) -> TrainingSpec:
    """Return the training of a final run, with its entry in the test ledger and the warnings.

    Raises:
        SealError: If another configuration was evaluated on the test rows, and `force` is false.
    """
    dataset, split = context.dataset, spec.split
    evaluation = test_ledger.evaluation(
        context.store,
        test_ledger.ask(context.settings, context.store, dataset, split),
        configuration=context.tags(spec)["configuration"],
        fingerprint=context.fingerprint(spec),
        resumed_run=None if interrupted is None else interrupted.run_id,
        force=context.settings.tree["force"],
        validation=compared.validated(splits),
    )

    validated = promise.find(context.store, spec.settings.candidate(dataset.digest))
    notes = evaluation.notes
    if validated is not None and validated.warning:
        notes = (*notes, validated.warning)
    for note in notes:
        console.note(f"  {note}")

    split = dataclasses.replace(split, notes=(*split.notes, *notes))
    return dataclasses.replace(spec, evaluation=evaluation, split=split, promise=validated)


def load_trial(settings: Settings) -> Trial | None:
    """Return the trial of this job; None where it is not one of a search."""
    if settings.sweep_dir is None or settings.job is None or settings.tree["final"]:
        return None
    spec = read_spec(settings.sweep_dir)
    if spec is None:
        return None

    from goldilocks.search.trial import load_trial  # With Optuna, and most jobs are no trials.

    return load_trial(spec, settings.job)


def _record(settings: Settings, **values: Any) -> None:
    """Add to the record of this job, where it is one of a sweep."""
    if settings.sweep_dir is not None and settings.job is not None:
        records.update(settings.sweep_dir, settings.job, **values)
