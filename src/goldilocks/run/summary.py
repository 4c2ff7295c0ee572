"""What a run came to, from what it logs: its scores, its last lines, what a sweep compares.

A fresh run, a reused one, and the mean of several trainings are told in the same words.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

from goldilocks.config.own import ENDINGS
from goldilocks.config.settings import Settings
from goldilocks.evaluation import classes
from goldilocks.formatting import counted, few_rows, number
from goldilocks.run import promise, test_scores

CLASSES = "classes"  # the tag with the counts of each class or label, as JSON
THRESHOLDS = "thresholds"  # the tag with those that were chosen, as JSON
GOAL = "thresholds.goal"  # the tag with the measure that they were chosen for
PROBES = "verdict.probes"  # the tag with the questions that probes have answered
POWER = "verdict.power"  # the tag that says whether loss or metric beats the baseline beyond noise
CONFIGURATIONS = "validation_configurations"  # metrics of a final run: how many it was chosen from
OPTIMISM = "validation_optimism"  # and by how much the best of them may look too good
WORSE = "not better than the baseline on the test rows: of no use"
RARE = 0.5  # of the rows of the most frequent class, up to which another one is rare
FEW = 6  # classes or labels, whose recall is told of each; else of those with the lowest


def value(settings: Settings, metrics: Mapping[str, float]) -> float:
    """Return the number that a sweep compares.

    It is the monitored value at the best epoch; of a final run the monitored metric on the test
    rows.

    Args:
        settings: The settings of the run.
        metrics: What it has logged.
    """
    if not settings.tree["final"]:  # Version 0.1 logged no mean that diverged.
        return metrics.get(f"best_{settings.monitor}", math.nan)
    name = f"test_{settings.monitor.removeprefix('val_')}"
    return metrics.get(name, metrics.get("test_loss", math.nan))


def scores(metrics: Mapping[str, float]) -> list[dict[str, str]]:
    """Return the texts of each score: name, value and, where logged, what stands beside it.

    They are the scores on test rows of a final run, else those on validation rows at the best
    epoch.
    """
    keys = [name for name in metrics if test_scores.is_score(name)]
    if not keys:
        best = [name for name in metrics if name.startswith("best_val_")]
        keys = [name for name in best if not name.endswith(ENDINGS)]

    rows = []
    for key in keys:
        name = key.removeprefix("best_")
        row = {"": name, "value": number(metrics[key])}
        if f"{key}_std" in metrics:
            row["deviation"] = number(metrics[f"{key}_std"])
        if f"{key}_low" in metrics:
            low, high = metrics[f"{key}_low"], metrics[f"{key}_high"]
            row["95 % interval"] = interval(low, high, metrics.get(f"{key}_few_rows"))
        if f"baseline/{name}" in metrics:
            row["baseline"] = number(metrics[f"baseline/{name}"])
        rows.append(row)
    return rows


def interval(low: float, high: float, few: float | None) -> str:
    """Return an interval as people read it, and whether it hangs on a few rows."""
    return ", ".join(filter(None, (f"{number(low)} to {number(high)}", few_rows(few))))


def score_line(metrics: Mapping[str, float]) -> str:
    """Return the scores in one line, after the epoch that they are of."""
    texts = []
    for row in scores(metrics):
        (_, name), (_, score), *details = row.items()
        text = f"{name} {score}"
        if details:
            text += f" ({', '.join(' '.join(cell) for cell in details)})"
        texts.append(text)

    return _heading(metrics)[1] + ", ".join(texts)


def _heading(metrics: Mapping[str, float]) -> tuple[str, str]:
    """Return what the scores are called, and which epoch and trainings they are of."""
    if any(map(test_scores.is_score, metrics)):
        return "test", ""
    epoch = f"epoch {metrics['best_epoch']:.0f}: "
    if "trainings" in metrics:
        return "mean", f"of {metrics['trainings']:.0f} trainings at {epoch}"
    return "best", epoch


def lines(
    settings: Settings, metrics: Mapping[str, float], tags: Mapping[str, str], *, data: str = ""
) -> list[str]:
    """Return the last lines of a run on the terminal: verdict, scores, warning, what is next.

    Args:
        settings: The settings of the run.
        metrics: What it has logged.
        tags: Its tags.
        data: What kind of data it had, in words; "" if that is not said.
    """
    texts = []
    if "verdict.reason" in tags:  # Version 0.1 logged the name of the verdict alone.
        texts.append(f"verdict   {tags['verdict']}: {tags['verdict.reason']}")
    if moves := tags.get("verdict.next"):
        texts.append(f"next      {moves}".replace("\n", "\n          "))

    if settings.tree["final"] and tags.get("beats_baseline") == "false":
        texts.append(f"result    {WORSE}")
    of_data = f"; data: {data}" if data else ""
    texts.append(f"{_heading(metrics)[0]}      {score_line(metrics)}{of_data}")
    if promised := promise.compared(metrics, tags):
        texts.append(f"promised  {promised}")
    if THRESHOLDS in tags:
        texts.append(f"threshold {thresholds(metrics, tags)}")
    if of_classes := counts(tags):
        texts.append(f"recall    {recalls(of_classes)}")
        if settings.role != "baseline" and (sentence := silence(of_classes)):
            texts.append(f"warning   {sentence}{_remedy(settings, of_classes)}")
    if warning := test_scores.warning(test_scores.evaluations(metrics)):
        texts.append(f"warning   {warning}")
    return texts


def counts(tags: Mapping[str, str]) -> classes.Counts:
    """Return the counts of each class or label of a run; none where it has logged none."""
    return json.loads(tags.get(CLASSES, "{}"))


def thresholds(metrics: Mapping[str, float], tags: Mapping[str, str]) -> str:
    """Return the thresholds that a run has chosen, what for, and what that gains."""
    chosen = json.loads(tags[THRESHOLDS])
    names = list(counts(tags))[-len(chosen) :] or ["outputs"] * len(chosen)
    pairs = list(zip(names, chosen, strict=True))
    words = ", ".join(f"{name} {number(value)}" for name, value in pairs[:FEW])
    if len(pairs) > FEW:
        words += f" and {len(pairs) - FEW} more"

    goal = tags[GOAL]
    reached, half = metrics[f"threshold/{goal}"], metrics[f"threshold/{goal}_at_0.5"]
    return (
        f"{words}: best for {goal} on these rows; chosen on others it reaches {number(reached)}, "
        f"0.5 would reach {number(half)}"
    )


def recalls(counts: classes.Counts) -> str:
    """Return the recall of each class or label; of many, the lowest.

    >>> recalls({"no": [718, 711, 731], "yes": [32, 12, 19]})
    'no 0.9903 (711 of 718 rows), yes 0.375 (12 of 32 rows)'
    """
    there, beginning = [name for name, (rows, _, _) in counts.items() if rows], ""
    if len(there) > FEW:
        beginning = f"the lowest of {len(there)}: "
        there.sort(key=lambda name: (counts[name][1] / counts[name][0], -counts[name][0]))
        there = there[: FEW // 2]

    words: list[str] = []
    for name in there:
        rows, right, _ = counts[name]
        words.append(f"{name} {number(right / rows)} ({right:,} of {counted(rows, 'row')})")
    return beginning + ", ".join(words)


def silence(counts: classes.Counts) -> str:
    """Return which classes or labels are there and never predicted, in a sentence; "" if none is.

    >>> silence({"no": [687, 687, 750], "yes": [63, 0, 0]})
    'It never says yes: recall 0 of 63 rows.'
    """
    never = classes.never(counts)
    if not never:
        return ""
    names = sorted(never, key=lambda name: -never[name])
    words = ", ".join(names[:FEW])
    if len(names) > FEW:
        words += f" and {len(names) - FEW} more"
    return f"It never says {words}: recall 0 of {counted(sum(never.values()), 'row')}."


def _remedy(settings: Settings, counts: classes.Counts) -> str:
    """Return what may have a model predict all classes, in a sentence; "" where it was tried."""
    problem = settings.tree["problem"]
    if settings.tree["final"] or problem["threshold"] or problem["class_weight"] != "none":
        return ""
    if len(counts) == 2:
        return " Try problem.threshold=auto."
    rows = [rows for rows, _, _ in counts.values()]
    if min(rows) > RARE * max(rows):  # Weights would be nearly equal; it has not learned enough.
        return ""
    return " Try problem.class_weight=balanced; of labels, problem.threshold=auto."


def typed_thresholds(values: Sequence[float]) -> str:
    """Return thresholds as they are typed.

    >>> typed_thresholds([0.2]), typed_thresholds([0.2, 0.5])
    ('problem.threshold=0.2', 'problem.threshold=[0.2,0.5]')
    """
    value = str(values[0]) if len(values) == 1 else f"[{','.join(map(str, values))}]"
    return f"problem.threshold={value}"
