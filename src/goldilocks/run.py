"""One run, top to bottom, one line per step."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from goldilocks.config import Settings
from goldilocks.dataset import Dataset
from goldilocks.problem import Problem, check_monitor, resolve
from goldilocks.protocol import Split
from goldilocks.tracking import provenance

if TYPE_CHECKING:
    from goldilocks.training.fit import Job

EXAMPLE_ROWS = 2  # in the logged model's input example


def run(settings: Settings) -> float:
    """Train one model, judge it, and track everything.

    Args:
        settings: Checked.

    Returns:
        The best monitored value, which a sweep compares; of a final run, the same measure on the test rows.

    Raises:
        StoreError: The store cannot be reached or written.
        DataError: The data cannot be used.
        ProblemError: The problem type that the data turned out to have does not go with the settings.
        ModelError: The model cannot be built for the shape of the data.
    """
    store = settings.builder("tracking")()
    dataset = settings.builder("dataset")()
    problem = resolve(dataset.problem, **settings.tree["problem"])
    penalized = bool(settings.tree["regularizer"]["l1"] or settings.tree["regularizer"]["l2"])
    check_monitor(problem, settings.tree["trainer"]["monitor"], penalized=penalized)
    split = settings.builder("protocol")(dataset)[0]
    tags = {
        "problem": problem.type,
        "role": settings.role,
        "dataset.source": dataset.source,
        "dataset.digest": dataset.digest,
        "fingerprint": settings.fingerprint(dataset.digest, provenance.code().digest),
        **provenance.tags(),
    }
    with store.run(settings.name, parent=settings.parent, params=settings.flat, tags=tags) as tracker:
        return _train(settings, dataset, problem, split.joined() if settings.tree["final"] else split, tracker)


def prepare(settings: Settings, dataset: Dataset, problem: Problem, split: Split) -> Job:
    """A fresh model for these rows, with everything that training needs; the seed is set here.

    Args:
        settings: Checked.
        dataset: Loaded.
        problem: What is predicted.
        split: Its training rows alone are fitted on.

    Raises:
        ModelError: The model cannot be built for the shape of the data.
    """
    from goldilocks import backend, evaluation
    from goldilocks.dataset import encoding
    from goldilocks.model import Facts, Regularizer
    from goldilocks.training.fit import Job

    backend.seed(settings.tree["seed"])
    regularizer = Regularizer(**settings.tree["regularizer"])
    encoder = encoding.fit(dataset, split.train)
    outputs = evaluation.outputs(problem, dataset)
    prior = evaluation.prior(problem, outputs, dataset.y[split.train])
    spread = evaluation.spread(problem, dataset.y[split.train])
    facts = Facts(tuple(encoder.output.shape[1:]), outputs, problem.last_activation, prior, spread)
    return Job(
        model=settings.builder("model")(facts, regularizer),
        encoder=encoder,
        dataset=dataset,
        split=split,
        targets=evaluation.targets(problem, outputs, dataset.y),
        prior=prior,
        problem=problem,
        regularizer=regularizer,
        optimizer=settings.builder("optimizer"),
        seed=settings.tree["seed"],
    )


def _train(settings: Settings, dataset: Dataset, problem: Problem, split: Split, tracker: Any) -> float:
    # TensorFlow takes seconds to import: only now has everything been checked that can be checked without it.
    from goldilocks import backend, diagnosis, evaluation, gallery, summary  # noqa: F401  `backend` first: it is quiet
    from goldilocks.dataset import encoding
    from goldilocks.dataset.sources import digest
    from goldilocks.training.callbacks import ProgressBar

    print(f"{settings.name}: {summary.facts(dataset, problem, split)}", file=sys.stderr)
    for note in dataset.notes:
        print(f"  {note}", file=sys.stderr)
    job = prepare(settings, dataset, problem, split)
    bar = ProgressBar(metric=problem.metric)
    try:
        result = settings.builder("trainer")(job, [bar], tracker.epoch)
    finally:
        bar.close()

    model, final = job.model, settings.tree["final"]
    judged = split.test if final else result.validation
    targets = job.targets[judged]
    predicted = evaluation.predict(job.encoder, model, dataset, judged)
    baseline = evaluation.baseline(problem, job.prior, targets)
    scores = evaluation.scores(problem, targets, predicted)
    verdict = None
    if not final and settings.role != "baseline":
        verdict = diagnosis.judge(
            result.history, metric=problem.metric, baseline=baseline, rows=len(judged), **settings.tree["diagnosis"]
        )
    outcome = summary.Outcome(
        settings=settings,
        dataset=dataset,
        problem=problem,
        split=split,
        result=result,
        baseline=baseline,
        beats_baseline=evaluation.beats(problem, scores, baseline),
        verdict=verdict,
        test=scores if final else None,
        parameters=model.count_params(),
        weights=digest(*model.get_weights()),
    )
    complete = encoding.attach(job.encoder, model)
    with tempfile.TemporaryDirectory() as folder:
        summary.write(outcome, complete, Path(folder))
        gallery.draw(outcome, model, job.regularizer, judged, predicted, Path(folder) / "plots")
        tracker.files(Path(folder))
    tracker.dataset(dataset, context="train and test" if final else "train and validation")
    tracker.model(complete, encoding.raw(dataset, judged[:EXAMPLE_ROWS]))
    tracker.metrics(summary.metrics(outcome))
    tracker.tags(summary.tags(outcome))
    tracker.describe(summary.description(outcome))
    print(summary.lines(outcome, tracker.where, tracker.ui_command))
    return summary.value(outcome)
