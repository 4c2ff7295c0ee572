"""Step 4: how large must a model be? Scaled up, wider, deeper and longer, until it overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.6: "to figure out how big a model
    you'll need, you must develop a model that overfits".
"""

import functools
import math
from collections.abc import Mapping, Sequence

from goldilocks.report.workflow.results import ScaleResult
from goldilocks.workflow import prose, second_model
from goldilocks.workflow.budget import SCALE
from goldilocks.workflow.candidate import Trained
from goldilocks.workflow.context import Context
from goldilocks.workflow.model_sizes import SMALL, model_sizes
from goldilocks.workflow.resume import once
from goldilocks.workflow.size_probes import answered, large_enough
from goldilocks.workflow.tables import model_size, row, runs_of

GROWTH = 3.0  # how much longer an epoch of the next size is taken to last, at most
LEAST_GROWTH = 1.2
AT_THE_END = 0.8  # of the epochs: a best epoch behind it says that more epochs may help
LONGER = 3  # times that the epochs of the largest size are doubled
FEWEST_EPOCHS = 5
SIZES_TO_SEE = 3  # fewer show no course of the losses
LEARNED_NOTHING = ("no_power", "diverged")  # verdicts


def step(context: Context) -> ScaleResult:
    """Train model sizes, from small to large, until one overfits, or is large enough."""
    sizes = model_sizes(context.chosen, context.typed_keys)
    small_index = min(SMALL, len(sizes) - 1)
    # The other kind of model comes first: larger sizes may take all that this step may spend.
    first = [sizes[small_index], *second_model.candidates(context)]
    small, *others = context.train(first, context.folder / "small")
    if small is None:
        raise context.lost()

    # By index in `sizes`. The smallest come first: they show what underfits.
    trained: dict[int, Trained] = {small_index: small}
    waiting = [*range(small_index), *range(small_index + 1, len(sizes))]
    epochs, doubled, rounds = small.epochs, 0, 0
    out_of_budget = False

    while True:
        sizes_by_now = _ordered(context, trained)
        overfits = any(size.verdict == "overfit" for size in sizes_by_now)
        overfits = overfits or large_enough(sizes_by_now) is not None
        if overfits and len(trained) >= SIZES_TO_SEE:
            waiting = [index for index in waiting if index < small_index]
        if not overfits and doubled < LONGER and _may_train_longer(context, trained):
            epochs, doubled = 2 * epochs, doubled + 1
        elif not waiting:
            break

        rounds += 1
        plan = functools.partial(_plan, context, trained, waiting, epochs)
        planned = once(context.folder / f"{rounds}.json", plan)
        if planned is None:
            out_of_budget = True
            break

        indices, affordable = planned
        candidates = [
            sizes[index].overridden(sizes[index].name, f"trainer.epochs={affordable}")
            for index in indices
        ]
        folder = context.folder / str(rounds)
        for index, training in zip(indices, context.train(candidates, folder), strict=True):
            if training is not None:
                trained[index] = training
        waiting = [index for index in waiting if index not in indices]

    second = next((second_model.settled(one) for one in others if one is not None), None)
    return _result(context, _ordered(context, trained), second, out_of_budget=out_of_budget)


def _ordered(context: Context, trained: Mapping[int, Trained]) -> list[Trained]:
    """Return the sizes from the smallest to the largest, with what each says of the one below."""
    return answered(context.comparison(), [trained[index] for index in sorted(trained)])


def _may_train_longer(context: Context, trained: Mapping[int, Trained]) -> bool:
    """Return whether the largest size was still improving when its epochs ended."""
    largest = trained[max(trained)]
    late = largest.best_epoch > AT_THE_END * largest.epochs
    return late and "trainer.epochs" not in context.typed_keys


def _plan(
    context: Context, trained: Mapping[int, Trained], waiting: Sequence[int], epochs: int
) -> tuple[list[int], int] | None:
    """Return the sizes to train next, by index, and for how many epochs; None without budget.

    If none waits, the largest size is trained again, for longer.
    """
    largest = max(trained)
    indices = list(waiting[: len(context.room.shared)]) or [largest]
    affordable = _affordable_epochs(context, trained, max(indices) - largest, epochs)
    if affordable < min(epochs, FEWEST_EPOCHS):
        return None
    if context.budget.runs_left(SCALE) < len(indices):
        return None
    return indices, affordable


def _affordable_epochs(
    context: Context, trained: Mapping[int, Trained], sizes_above: int, epochs: int
) -> int:
    """Return how many of the epochs the time of this step allows a size so much larger."""
    seconds = context.budget.seconds_left(SCALE) - context.overhead
    if math.isinf(seconds):
        return epochs

    growth, largest = GROWTH, max(trained)
    if len(trained) > 1:  # Sizes that differ little in time go on to do so, but not for ever.
        below = max(index for index in trained if index < largest)
        ratio = trained[largest].seconds_an_epoch / trained[below].seconds_an_epoch
        growth = min(GROWTH, max(LEAST_GROWTH, 1.5 * ratio ** (1 / (largest - below))))

    seconds_an_epoch = trained[largest].seconds_an_epoch * growth ** max(0, sizes_above)
    return min(epochs, int(seconds / seconds_an_epoch))


def _result(
    context: Context, trained: Sequence[Trained], second: Trained | None, *, out_of_budget: bool
) -> ScaleResult:
    """Choose the network that tuning begins at.

    Args:
        context: Of the step.
        trained: Those sizes that were trained, from the smallest.
        second: A network of another kind, if one was trained.
        out_of_budget: Whether that ended the step.
    """
    overfitting = [index for index, size in enumerate(trained) if size.verdict == "overfit"]
    learned = [i for i, size in enumerate(trained) if size.verdict not in LEARNED_NOTHING]
    enough = large_enough(trained)
    if overfitting:
        # The one that was best before it overfitted has the most to gain from regularization.
        start = min(overfitting, key=lambda index: trained[index].best("loss"))
    elif enough is not None:
        start = enough
    else:
        start = max(learned, default=len(trained) - 1)

    overfit = next(iter(overfitting), None)
    networks, usual, metric = list(trained), trained[start], context.problem.metric
    if second is not None:
        networks.append(second)
        if second_model.is_better(context, second, usual):
            start = len(trained)

    report = prose.report(
        "scale",
        names=[size.candidate.name for size in networks],
        sizes=trained,
        overfit=overfit,
        enough=enough,
        start=start,
        learns=start in learned,
        usual=usual,
        second=second,
        metric=metric,
        failures=context.failures,
        out_of_budget=out_of_budget,
        table=tuple(row(network, [metric]) for network in networks),
    )
    return ScaleResult(
        report=report,
        trained=tuple(runs_of([network]) for network in networks),
        sizes=tuple(map(model_size, trained)),
        overfit=overfit,
        start=start,
    )
