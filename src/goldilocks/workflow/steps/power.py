"""Step 3: is there anything to learn? A small network must beat the baseline beyond noise.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5, "statistical power".
"""

from __future__ import annotations

import dataclasses
import itertools
import statistics
from collections.abc import Sequence

import numpy as np

from goldilocks.evaluation import null_test
from goldilocks.evaluation.differences import Predictions
from goldilocks.evaluation.null_test import Gain
from goldilocks.report.workflow.results import BaselineResult, PowerResult, ProblemResult
from goldilocks.workflow import first_model, prose, references, second_model
from goldilocks.workflow.budget import SCALE
from goldilocks.workflow.candidate import Candidate, Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.first_model import Beginning
from goldilocks.workflow.model_sizes import SMALL, model_sizes
from goldilocks.workflow.resume import once
from goldilocks.workflow.tables import row, runs_of

Model = tuple[Candidate, list[Trained]]  # with each of its seeds

# The chance, at most, that a model passes whose targets have nothing to do with its inputs. The
# first network has half of it, and all of them together the other half.
LEVEL = 0.001
# A quarter of the training rows chooses the epoch: the validation rows choose nothing.
NESTED = "inner_validation=0.25"
AGREED = 0.01  # the chance that a reference is said to find what is not there
MLP = "mlp"
# What the next steps go on with: all but the size and the seed.
CARRIED = ("model=", "model.base=", "optimizer.", "trainer.epochs=")
RATES = (1, 10)  # times the learning rate of the configuration


def step(context: Context, problem: ProblemResult, baseline: BaselineResult) -> PowerResult:
    """Train a small network with several seeds, and if it learns nothing, up to seven others."""
    [usual, *_] = _candidates(context, Beginning())
    beginning = first_model.decide(context, usual)
    first, *others = _candidates(context, beginning)
    seeds = [first.overridden(f"{first.name} {seed}", NESTED, seed) for seed in context.seeds]
    attempts = context.train(seeds, context.folder)
    if attempts[0] is None:  # All later candidates are compared by its seed.
        raise context.lost()
    trained = [training for training in attempts if training is not None]
    models: list[Model] = [(first, trained)]
    metrics = list(dict.fromkeys([context.problem.metric, "loss"]))
    gains = _gains(context, models, metrics)

    if gains and _passed(gains) is None:
        count = once(context.folder / "others.json", lambda: _affordable(context, trained))
        models += _others(context, others[:count])
        gains = _gains(context, models, metrics)

    passed, reference = _passed(gains), None
    if passed is None:
        reference = _reference_gain(context, baseline, metrics)
    best = passed or next(iter(gains), None)
    winner, of_winner = models[best.model if best else 0]
    carried = second_model.settled(of_winner[0]).candidate.overrides
    chosen = [word for word in carried if word.startswith(CARRIED)]
    is_typed = "model" in {key.partition(".")[0] for key in context.typed_keys}
    is_refused = is_typed and any(word.startswith("model=") for word in chosen)
    report = prose.report(
        "power",
        passed=passed is not None and not is_refused,
        winner=winner.name,
        beginning=beginning,
        usual=usual,
        usual_model=f"model={context.chosen.choices['model']}",
        epochs=context.chosen.tree["trainer"]["epochs"],
        seeds=len(context.seeds),
        is_other=winner is not first,
        is_refused=is_refused and passed is not None,
        best=best,
        gains=[
            gain
            for metric in metrics
            for gain in gains
            if best and (gain.model, gain.metric) == (best.model, metric)
        ],
        tried=len(models),
        primary=context.problem.metric,
        level=LEVEL,
        rows=len(_pooled(trained)[0]),
        clusters=context.dataset.groups is not None,
        reference=reference,
        changes=problem.changes,
        reference_name=baseline.reference.name,
        settings=baseline.reference.settings_tried,
        table=tuple(row(one, metrics) for _, of_model in models for one in of_model),
    )
    return PowerResult(
        report=report,
        small=dataclasses.replace(runs_of(trained), name=first.name, overrides=first.overrides),
        seed_error=_seed_error(context, trained, metrics),
        overrides=tuple(chosen),
    )


def _candidates(context: Context, beginning: Beginning) -> list[Candidate]:
    """Return small networks, the first one first; what was typed stays as it was typed."""
    typed, settings = context.typed_keys, context.chosen
    models, rates = [beginning.model], RATES
    takes_mlp = context.dataset.kind in settings.models()[MLP].accepts
    if takes_mlp and not beginning.model and settings.choices["model"] != MLP:
        models.append(f"model={MLP}")
    epochs = [f"trainer.epochs={beginning.epochs}"] if beginning.epochs else []
    if "optimizer.learning_rate" in typed:
        rates = RATES[:1]

    candidates: list[Candidate] = []
    usual = settings.tree["optimizer"]["learning_rate"]
    for other, rate in itertools.product(models, rates):
        words = [other] if other else []
        if rate != 1:
            words.append(f"optimizer.learning_rate={rate * usual:.3g}")
        settings = context.settings_of(Candidate("", tuple(words)))
        sizes = model_sizes(settings, typed)
        for size in sizes[min(SMALL, len(sizes) - 1) :][:2]:
            name = " ".join([*words, size.name])
            candidates.append(size.overridden(name, *words, *epochs))
    return candidates


def _affordable(context: Context, trained: Sequence[Trained]) -> int:
    """Return how many more networks the budget of the next step allows to train."""
    at_once = len(context.room.shared)
    rounds = context.budget.seconds_left(SCALE) / context.seconds(trained[:1])
    return int(min(7, context.budget.runs_left(SCALE), rounds * at_once))


def _others(context: Context, candidates: Sequence[Candidate]) -> list[Model]:
    """Train further networks, each with one seed; those that fail are left out."""
    nested = [candidate.overridden(candidate.name, NESTED) for candidate in candidates]
    attempts = context.train(nested, context.folder / "others")
    pairs = zip(candidates, attempts, strict=True)
    return [(candidate, [training]) for candidate, training in pairs if training is not None]


def _gains(context: Context, models: Sequence[Model], metrics: Sequence[str]) -> list[Gain]:
    """Return how much better than the baseline each is, by the mean prediction of its seeds."""
    pooled = [_pooled(trained) for _, trained in models]
    return null_test.gains(
        context.problem,
        context.dataset,
        pooled[0][0],
        [predicted for _, predicted in pooled],
        metrics,
        folds=any(fold for _, fold in models[0][1][0].predictions),
    )


def _pooled(trained: Sequence[Trained]) -> tuple[np.ndarray, np.ndarray]:
    return pooled(predictions(trained))


def pooled(by_training: Predictions) -> tuple[np.ndarray, np.ndarray]:
    """Return all rows, ascending, and the mean prediction of each, float32 (rows, outputs)."""
    rows = np.concatenate([rows for rows, _ in by_training.values()])
    values = np.concatenate([values for _, values in by_training.values()])
    unique, position, counts = np.unique(rows, return_inverse=True, return_counts=True)
    sums = np.zeros((len(unique), values.shape[1]))
    np.add.at(sums, position, values)
    return unique, (sums / counts[:, np.newaxis]).astype("float32")


def _passed(gains: Sequence[Gain]) -> Gain | None:
    """Return the clearest gain that noise hardly ever makes; None without one."""
    return next((gain for gain in gains if gain.mean > 0 and gain.p <= LEVEL / 2), None)


def _reference_gain(
    context: Context, baseline: BaselineResult, metrics: Sequence[str]
) -> Gain | None:
    """Return how much better than the baseline the reference is, where that is beyond noise.

    The best of its settings was chosen on these rows: each has its share of the level.
    """
    tuned = baseline.reference
    by_fold = {("", fold): part for fold, part in references.validated(tuned).items()}
    rows, predicted = pooled(by_fold)
    gains = null_test.gains(
        context.problem, context.dataset, rows, [predicted], metrics, folds=len(by_fold) > 1
    )
    level = max(LEVEL, AGREED / tuned.settings_tried)
    return next((gain for gain in gains if gain.mean > 0 and gain.p <= level), None)


def _seed_error(
    context: Context, trained: Sequence[Trained], metrics: Sequence[str]
) -> dict[str, float]:
    """Return the standard deviation of each score from seed to seed; empty of a single seed."""
    if len(trained) < 2:
        return {}
    comparison = context.comparison()
    errors: dict[str, float] = {}
    for metric in metrics:
        scores = [comparison.score(predictions([one]), metric).mean for one in trained]
        errors[metric] = statistics.stdev(scores)
    return errors
