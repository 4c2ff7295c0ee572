"""Step 2: what must be beaten, the baseline; and a tuned scikit-learn model as a reference.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5 ("develop a model that does better
    than a baseline").
"""

from goldilocks.report.workflow.results import BaselineResult, Table
from goldilocks.workflow import prose, references
from goldilocks.workflow.context import Context
from goldilocks.workflow.tables import runs_of


def step(context: Context) -> BaselineResult:
    """Score the baseline, and tune the reference."""
    [baseline] = context.train([references.BASELINE], context.folder)
    if baseline is None:
        raise context.lost()
    reference = references.tune(context)

    metric = context.problem.metric
    names = dict.fromkeys([metric, "loss"])
    to_beat = {name: baseline.run.metrics[f"baseline/val_{name}"] for name in names}
    table: Table = (
        {"candidate": "baseline"} | {f"val_{name}": to_beat[name] for name in names},
        {"candidate": reference.name} | {f"val_{name}": reference.scores[name] for name in names},
    )

    report = prose.report(
        "baseline",
        metric=metric,
        to_beat=to_beat[metric],
        dummy=baseline.best(metric),
        reference=reference,
        naive=list(context.dataset.naive),
        table=table,
    )
    return BaselineResult(
        report=report,
        baseline=runs_of([baseline]),
        loss=to_beat["loss"],
        reference=reference,
    )
