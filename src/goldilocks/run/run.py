"""One run, top to bottom, one line per step; of several folds or seeds, one child run for each of them.

What an earlier run of the same configuration, data and code has found is taken; what it left
unfinished is gone on with.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from goldilocks import console
from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset, row_keys
from goldilocks.jobs import records
from goldilocks.problem import Problem, check_monitor, resolve
from goldilocks.protocol import Split, notes_of_all
from goldilocks.run import cache, test_ledger, warm_start
from goldilocks.run.train import Training, train
from goldilocks.search import trial as pruning
from goldilocks.search.trial import Trial
from goldilocks.tracking import Store, Tracker, provenance, query
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import PARENT

if TYPE_CHECKING:
    import keras

    from goldilocks.run.outcome import Outcome


@dataclass(frozen=True)
class Setting:
    """What all trainings of a run share.

    Attributes:
        settings: What was asked for.
        store: Where runs are logged.
        dataset: Loaded.
        problem: What is predicted.
    """

    settings: Settings
    store: Store
    dataset: Dataset
    problem: Problem

    def fingerprint(self, training: Training) -> str:
        """What identifies the result of a training, or of all together (`part` "")."""
        return training.settings.fingerprint(
            self.dataset.digest, provenance.code().digest, training.part
        )

    def earlier(self, training: Training) -> StoredRun | None:
        """The run that has the result of a training, else one that can go on, else None; None with `force=true`."""
        return (
            None if self.settings.tree["force"] else self.store.find_run(self.fingerprint(training))
        )

    def tracked(
        self, training: Training, *, parent: str | None, interrupted: StoredRun | None
    ) -> contextlib.AbstractContextManager[Tracker]:
        """Open the run of a training, or go on with an interrupted one."""
        origin_id = self.settings.tree["model"].get("init_from")
        tags = {
            "problem": self.problem.type,
            "role": training.role,
            "dataset.source": self.dataset.source,
            "dataset.digest": self.dataset.digest,
            "fingerprint": self.fingerprint(training),
            **({"init_from": origin_id} if origin_id else {}),
            **({"fold": str(training.fold)} if training.fold else {}),
            **({"test.digest": training.look.digest} if training.look else {}),
            **provenance.tags(),
        }
        if interrupted is not None:
            console.note(
                f"{interrupted.name}: going on with the interrupted run {interrupted.run_id}"
            )
        return self.store.start_run(
            training.part or self.settings.name,
            parent=parent,
            params=training.settings.flat,
            tags=tags,
            resume=interrupted.run_id if interrupted is not None else None,
        )


def run(settings: Settings) -> float:
    """Train, judge, and track everything; with several folds or seeds, once for each, and then together.

    Args:
        settings: Checked.

    Returns:
        The best monitored value, which a sweep compares (of several trainings their mean at one
        epoch); of a final run, the same measure on the test rows. Of a configuration that was
        trained before, that of the earlier run.

    Raises:
        SealError: It is a final run, another configuration has looked at the test rows, and `force`
            is false.
        StoreError: The store cannot be reached or written, or has no such run as `model.init_from`.
        DataError: The data cannot be used.
        SplitError: The rows cannot be split as asked.
        ProblemError: The problem type that the data turned out to have does not go with the
            settings.
        ModelError: The model cannot be built for the shape of the data.
    """
    store: Store = settings.builder("tracking")()
    if settings.sweep_dir is None:  # A sweep has done it before its first job.
        for line in store.repair():
            console.note(line)
    dataset = settings.builder("dataset")()
    problem = resolve(dataset.problem, **settings.tree["problem"])
    penalized = bool(settings.tree["regularizer"]["l1"] or settings.tree["regularizer"]["l2"])
    check_monitor(problem, settings.tree["trainer"]["monitor"], penalized=penalized)
    splits = settings.builder("protocol")(dataset)
    for note in (*dataset.notes, *notes_of_all(splits)):
        console.note(f"  {note}")
    trainings = _trainings(settings, splits, whole=dataset.subset is None)
    setting = Setting(settings, store, dataset, problem)
    whole = (
        trainings[0] if len(trainings) == 1 else Training(settings, trainings[0].split, None, "")
    )
    with store.lock(setting.fingerprint(whole)):
        found = setting.earlier(whole)
        if found is not None and found.status == "FINISHED":
            _note(settings, run_id=found.run_id, reused=True)
            console.result(cache.lines(found, store.ui_command))
            return cache.value(settings, found)
        with contextlib.ExitStack() as opened:
            with _sealed(
                setting, whole
            ):  # Until the run is open, and others see that it will look.
                whole = _looking(setting, whole, splits, interrupted=found)
                # TensorFlow takes seconds to import: only now has everything been checked that can
                # be without it.
                from goldilocks import backend  # noqa: F401  First: it is quiet.

                start = warm_start.load(settings, store)
                run_of_it = setting.tracked(whole, parent=settings.parent, interrupted=found)
                tracker = opened.enter_context(run_of_it)
            _note(settings, run_id=tracker.run_id)
            return _trained(setting, [whole] if len(trainings) == 1 else trainings, start, tracker)


def _sealed(setting: Setting, training: Training) -> contextlib.AbstractContextManager[None]:
    """The lock of the test rows, of a final run: two that would look at once must see each other."""
    if not setting.settings.tree["final"]:
        return contextlib.nullcontext()
    digest = row_keys.digest(setting.dataset, training.split.test)
    return setting.store.lock(f"test-{digest}", "about to look at these test rows")


def _looking(
    setting: Setting,
    training: Training,
    splits: Sequence[Split],
    *,
    interrupted: StoredRun | None,
) -> Training:
    """A final run's training with its place in the ledger, and warnings of near duplicates; any other as it is.

    Raises:
        SealError: Another configuration has looked at the test rows, and it is not forced.
    """
    if not setting.settings.tree["final"]:
        return training
    import numpy as np

    from goldilocks.protocol import near_duplicates

    dataset, split = setting.dataset, training.split
    look = test_ledger.look(
        setting.store,
        digest=row_keys.digest(dataset, split.test),
        dataset_digest=dataset.digest,
        fingerprint=setting.fingerprint(training),
        continued=interrupted.run_id if interrupted is not None else None,
        force=setting.settings.tree["force"],
        validated=len(np.unique(np.concatenate([each.validation for each in splits]))),
    )
    alike = near_duplicates.warning(dataset, split, near_duplicates.near_duplicates(dataset, split))
    notes = (*look.notes, *([alike] if alike else []))
    for note in notes:
        console.note(f"  {note}")
    return dataclasses.replace(
        training, look=look, split=dataclasses.replace(split, notes=(*split.notes, *notes))
    )


def _trained(
    setting: Setting, trainings: Sequence[Training], start: keras.Model | None, tracker: Tracker
) -> float:
    """The value of an open run: of its one training, or of all those that its children have done."""
    from goldilocks.run import outcome
    from goldilocks.run import repeats as average

    trial = _trial(setting.settings)
    outcomes, taken = [], []
    for number, training in enumerate(trainings, 1):
        if len(trainings) == 1:
            outcomes.append(
                train(training, setting.dataset, setting.problem, start, tracker, trial)
            )
        else:
            outcomes.append(_child(setting, training, start, tracker.run_id, trial, taken))
            tracker.tags(query.reused_tags(taken))
        last = number == len(trainings)
        if trial is not None and (
            trial.fold(number, outcome.value(outcomes[-1]), last=last) or trial.pruned
        ):
            tracker.tags({"pruned": "true"})
            _note(setting.settings, pruned=True)
            break
    return (
        outcome.value(outcomes[0])
        if len(trainings) == 1
        else average.conclude(setting.settings, outcomes, tracker)
    )


def _trial(settings: Settings) -> Trial | None:
    """The trial of this job, where it is one of a search."""
    if settings.sweep_dir is None or settings.job is None or settings.tree["final"]:
        return None
    return pruning.trial(settings.sweep_dir, settings.job)


def _child(
    setting: Setting,
    training: Training,
    start: keras.Model | None,
    parent: str,
    trial: Trial | None,
    taken: list[str],
) -> Outcome:
    """One of several trainings, in a run of its own; one that was finished before is taken as it was.

    The ID of a run that stands below another parent is added to `taken`.
    """
    with setting.store.lock(setting.fingerprint(training)):
        found = setting.earlier(training)
        if found is not None and found.tags.get(PARENT) != parent:
            taken.append(found.run_id)
        if found is not None and found.status == "FINISHED":
            console.note(f"{training.part}: trained before, run {found.run_id}")
            return cache.outcome(training, setting.dataset, setting.problem, found, setting.store)
        with setting.tracked(training, parent=parent, interrupted=found) as tracker:
            return train(training, setting.dataset, setting.problem, start, tracker, trial)


def _note(settings: Settings, **values: Any) -> None:
    """Add to the record of this job, where it is one of a sweep."""
    if settings.sweep_dir is not None and settings.job is not None:
        records.note(settings.sweep_dir, settings.job, **values)


def _trainings(settings: Settings, splits: Sequence[Split], *, whole: bool) -> list[Training]:
    """Every fold with every seed; of a final run, its one training: on all rows but the test rows, or on the subset."""
    if settings.tree["final"]:
        last = splits[-1]  # The last fold of a series has the latest rows.
        kept = (
            last.joined()
            if whole
            else Split(last.train, last.validation[:0], last.test, last.notes)
        )
        return [Training(settings, kept, None, "")]
    repeats, folds = settings.tree["trainer"]["repeats"], len(splits)
    found = []
    for number in range(repeats):
        seed = settings.tree["seed"] + number
        tree = {
            **settings.tree,
            "seed": seed,
            "trainer": {**settings.tree["trainer"], "repeats": 1},
        }
        given = [
            word
            for word in settings.overrides
            if not word.startswith(("trainer.repeats=", "seed="))
        ]
        overrides = (
            (*given, "trainer.repeats=1", f"seed={seed}") if repeats > 1 else settings.overrides
        )
        own = dataclasses.replace(settings, tree=tree, overrides=overrides)
        for fold, split in enumerate(splits, 1):
            words = [f"fold {fold} of {folds}"] * (folds > 1) + [f"seed {seed}"] * (repeats > 1)
            found.append(Training(own, split, fold if folds > 1 else None, " ".join(words)))
    return found
