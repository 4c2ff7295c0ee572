"""What a run prints: its data as it begins, its results as it ends; of a reused run the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from goldilocks import formatting
from goldilocks.config.settings import Settings
from goldilocks.dataset import Dataset
from goldilocks.encoding.targets import class_weights
from goldilocks.protocol import Split
from goldilocks.run import data_summary, summary
from goldilocks.run.context import RunContext
from goldilocks.run.summary import CLASSES, CONFIGURATIONS, OPTIMISM, THRESHOLDS

FEW_OUTPUTS = 10  # whose scores stand in the summary; those of all are in outputs.csv
WORKS = (
    "Everything works: data, model, training and tracking. A smoke run is too short to judge the "
    "model."
)
JUDGED = ("verdict.reason", CLASSES, THRESHOLDS)  # tags of which a smoke run prints nothing


def is_smoke(settings: Settings) -> bool:
    """Return whether a run shall only show that everything works."""
    return settings.choices["trainer"] == "smoke"


def facts(context: RunContext, split: Split) -> str:
    """Return the data of a training in one line."""
    dataset, kind = context.dataset, context.problem.type
    if dataset.classes:
        kind += f", {data_summary.class_words(dataset)}"
    if dataset.outputs:
        kind += f" of {formatting.counted(len(dataset.outputs), 'number')}"
    if context.problem.scale:
        deviations = list(map(formatting.number, context.problem.scale))
        pairs = zip(dataset.outputs, deviations, strict=False)
        shown = [f"{name} {deviation}" for name, deviation in pairs] or deviations
        more = ", ..." if len(shown) > FEW_OUTPUTS else ""
        unit = f" {dataset.unit}" if dataset.unit else ""
        learned = "the target"
        if context.problem.log_target:
            unit, learned = "", "the target's logarithm"
        words = ", ".join(shown[:FEW_OUTPUTS]) + more
        power = "squared " * (context.problem.loss == "mse")
        kind += f" (loss in {power}deviations of {learned}: {words}{unit})"
    if weights := class_weights(context.problem, dataset, split.train):
        words = ", ".join(f"{name} {formatting.number(weight)}" for name, weight in weights.items())
        kind += f" (class weights: {words}; the probabilities are no longer those of the data)"

    *before, (_, tested) = split.parts.items()
    rows, seal = ", ".join(f"{len(part)} {name}" for name, part in before), "sealed"
    if not len(split.validation):
        rows, seal = f"{len(split.train)} train and validation rows together", "opened"
    source = dataset.source.replace("_", "-")
    return f"{kind}; {rows}, {len(tested)} test rows ({seal}); {source}: {dataset.location}"


def data_words(settings: Settings, dataset: Dataset) -> str:
    """Return what kind of data results are of: "drawn stand-in", "original", or a person's file."""
    node = settings.tree["dataset"]
    if path := node.get("file") or node.get("dir"):
        return Path(str(path)).name
    words = dataset.source.replace("_", "-")
    return f"drawn {words}" if dataset.drawn else words


def lines(
    context: RunContext,
    metrics: Mapping[str, float],
    tags: Mapping[str, str],
    *,
    each: Sequence[Mapping[str, object]],
    validation_rows: int,
    where: str,
    page_command: str,
) -> list[str]:
    """Return the last lines of a run.

    Args:
        context: Of the run.
        metrics: What it has logged.
        tags: Its tags.
        each: The scores of each of several outputs.
        validation_rows: By which it was chosen, of a final run.
        where: It is logged, in words.
        page_command: Opens its page; "" where there is none.
    """
    settings, metric = context.settings, context.problem.metric
    data = data_words(settings, context.dataset)
    texts: list[str] = []
    if is_smoke(settings):
        texts = [f"works     {WORKS}"]
        tags = {name: value for name, value in tags.items() if name not in JUDGED}
    texts += summary.lines(settings, metrics, tags, data=data)
    if 0 < len(each) <= FEW_OUTPUTS:
        scores = [
            f"{row['output']} {formatting.cell(row[metric])} "
            f"(baseline {formatting.cell(row[f'baseline_{metric}'])})"
            for row in each
        ]
        texts.append(f"each      {metric}: {', '.join(scores)}")
    if sentence := note(settings, metrics, validation_rows, metric):
        texts.append(f"note      {sentence}")
    texts.append(f"logged    {where}")
    if page_command:
        texts.append(f"see it    {page_command}")
    return texts


def line(part: str, metrics: Mapping[str, float], tags: Mapping[str, str]) -> str:
    """Return one of several trainings in one line."""
    verdict = f"{tags['verdict']}; " if "verdict" in tags else ""
    return f"{part}: {verdict}{summary.score_line(metrics)}"


def note(
    settings: Settings, metrics: Mapping[str, float], validation_rows: int, metric: str
) -> str:
    """Return what comparing many configurations on few rows does to the best score; "" of one."""
    is_final = settings.tree["final"]
    if not is_final or metrics.get(CONFIGURATIONS, 0) < 2 or not metrics.get(OPTIMISM):
        return ""
    return (
        f"You compared {metrics[CONFIGURATIONS]:.0f} configurations on {validation_rows} "
        f"validation rows; the best one's val_{metric} may look up to "
        f"{formatting.number(metrics[OPTIMISM])} too good by chance."
    )
