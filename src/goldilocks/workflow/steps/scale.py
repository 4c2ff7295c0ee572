"""Step 4: how large must a model be? Scaled up, wider, deeper and longer, until it overfits.

Source: Chollet, Deep Learning with Python (2017), section 4.5.6: "to figure out how big a model
    you'll need, you must
develop a model that overfits".
"""

import functools
from pathlib import Path

from goldilocks.config.settings import key_of
from goldilocks.report.workflow.rows import row
from goldilocks.workflow.budget import SCALE
from goldilocks.workflow.model_sizes import SMALL, rungs
from goldilocks.workflow.runner import Candidate, Trained
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step, once

GROWTH = 3.0  # how much longer an epoch of the next size is taken to last, at most
LEAST_GROWTH = 1.2
AT_THE_END = 0.8  # of the epochs: a best epoch behind it says that more epochs may help
LONGER = 3  # times that the epochs of the largest size are doubled
FEWEST_EPOCHS = 5
SIZES_TO_SEE = 3  # fewer show no course of the losses
NOTHING = ("no_power", "diverged")  # verdicts of what has learned nothing


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Climb the ladder of sizes until a verdict is `overfit`."""
    sizes = rungs(flow.settings.choices["model"], flow.typed)
    at, typed = min(SMALL, len(sizes) - 1), set(map(key_of, flow.typed))
    small = flow.recall(flow.found("power")["small"])[0]
    trained: dict[int, Trained] = {at: small}
    epochs, doubled, asks, notes = small.epochs, 0, 0, []
    waiting = [*range(at), *range(at + 1, len(sizes))]
    while True:
        overfits, top = _overfit(trained) is not None, max(trained)
        if overfits and len(trained) >= SIZES_TO_SEE:
            waiting = [place for place in waiting if place < at]
        longer = (
            trained[top].best_epoch > AT_THE_END * trained[top].epochs
            and "trainer.epochs" not in typed
        )
        if longer and not overfits and doubled < LONGER:
            epochs, doubled = 2 * epochs, doubled + 1
        elif not waiting:
            break
        asks += 1
        decided = once(
            folder / f"{asks}.json", functools.partial(_following, flow, trained, waiting, epochs)
        )
        if decided is None:
            notes.append("The budget of this step is spent.")
            break
        places, affordable = decided
        asked = [_candidate(sizes[place], affordable) for place in places]
        for place, each in zip(
            places, flow.runner.train(asked, folder / str(asks), parent), strict=True
        ):
            if each is not None:
                trained[place] = each
        waiting = [place for place in waiting if place not in places]
    return _step(flow, trained, notes)


def _following(
    flow: Flow, trained: dict[int, Trained], waiting: list[int], epochs: int
) -> tuple[list[int], int] | None:
    """The rungs to train next, of those that wait or else the highest, and for how many epochs; None without budget."""
    top = max(trained)
    places = waiting[: len(flow.runner.room.shared)] or [top]
    affordable = _epochs(flow, trained, max(places) - top, epochs)
    if affordable < min(epochs, FEWEST_EPOCHS) or flow.budget.runs_left(SCALE) < len(places):
        return None
    return places, affordable


def _step(flow: Flow, trained: dict[int, Trained], notes: list[str]) -> Step:
    found, measures = _overfit(trained), [flow.problem.metric, flow.comparison.metric]
    overfitting = [place for place in trained if trained[place].verdict == "overfit"]
    learned = [place for place in trained if trained[place].verdict not in NOTHING]
    # Of several that overfit, the one that was best before it did has the most to gain from
    # regularization.
    begin = (
        min(overfitting, key=lambda place: trained[place].best("loss"))
        if overfitting
        else max(learned or trained)
    )
    chosen = trained[begin]
    table = [row(trained[place], measures) for place in sorted(trained)]
    below = [place for place in trained if found is not None and place < found]
    reasons = [
        f"{trained[place].candidate.name}: {_verdict(trained[place])}" for place in sorted(trained)
    ]
    if found is None:
        decision = f"No size that was tried overfits; tuning begins at the largest that learns, {chosen.candidate.name}."
    elif below:
        under = trained[max(below)].candidate.name
        decision = f"Between {under} and {trained[found].candidate.name} underfitting ends and overfitting begins."
    else:
        decision = f"Even the smallest size, {trained[found].candidate.name}, overfits."
    if found is not None:
        decision += f" Tuning begins at {chosen.candidate.name}."
    return Step(
        name="scale",
        title="Scale up until it overfits",
        passed=True,
        decision=decision,
        reasons=[*reasons, *notes],
        table=table,
        chosen={
            "sizes": [
                remember(trained[place].candidate, [trained[place]]) for place in sorted(trained)
            ],
            "overfit": sorted(trained).index(found) if found is not None else None,
            "from": sorted(trained).index(begin),
            "epochs": chosen.epochs,
            "seconds_an_epoch": chosen.seconds_an_epoch,
        },
    )


def _overfit(trained: dict[int, Trained]) -> int | None:
    """The smallest size that overfits."""
    return next((place for place in sorted(trained) if trained[place].verdict == "overfit"), None)


def _verdict(trained: Trained) -> str:
    """Return the verdict of a training with its sentence."""
    return f"{trained.verdict}. {trained.run.tags['verdict.reason']}"


def _candidate(size: Candidate, epochs: int) -> Candidate:
    return size.overridden(size.name, f"trainer.epochs={epochs}")


def _epochs(flow: Flow, trained: dict[int, Trained], above: int, wanted: int) -> int:
    """How many epochs, up to those wanted, the time that is left for this step allows a size so many rungs above."""
    seconds = flow.budget.seconds_left(SCALE) - flow.runner.overhead
    if seconds == float("inf"):
        return wanted
    *_, top = sorted(trained)
    growth = GROWTH
    if len(trained) > 1:  # Sizes that differ little in time go on to do so, but not for ever.
        below = max(place for place in trained if place < top)
        measured = trained[top].seconds_an_epoch / max(trained[below].seconds_an_epoch, 1e-6)
        growth = min(GROWTH, max(LEAST_GROWTH, 1.5 * measured ** (1 / (top - below))))
    return min(
        wanted, int(seconds / max(trained[top].seconds_an_epoch * growth ** max(0, above), 1e-6))
    )
