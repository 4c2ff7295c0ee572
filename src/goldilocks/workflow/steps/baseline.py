"""Step 2: what must be beaten, the dummy baseline; and a tuned scikit-learn model as a reference.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5 ("develop a model that does better
    than a baseline").
"""

from goldilocks.formatting import number
from goldilocks.report.workflow.results import BaselineResult, StepReport, Table
from goldilocks.workflow import references
from goldilocks.workflow.context import Context
from goldilocks.workflow.tables import runs_of


def step(context: Context) -> BaselineResult:
    """Score the dummy baseline, and tune the reference."""
    [baseline] = context.train([references.BASELINE], context.folder)
    if baseline is None:
        raise context.lost()
    reference = references.tune(context)

    metric = context.problem.metric
    names = dict.fromkeys([metric, "loss"])
    table: Table = (
        {"candidate": "baseline"} | {f"val_{name}": baseline.best(name) for name in names},
        {"candidate": reference.name} | {f"val_{name}": reference.scores[name] for name in names},
    )

    rule = "It ignores the inputs and always predicts the training mean (or the class frequencies)."
    if context.dataset.persistence is not None:
        rule = "It predicts the last value of each window: no change."
    report = StepReport(
        name="baseline",
        title="A baseline",
        decision=f"The dummy baseline reaches val_{metric} {number(baseline.best(metric))}; "
        "a model must do better.",
        reasons=(
            rule,
            "A scikit-learn model was tuned on the same splits, as a reference: "
            f"{reference.name}, the best of {reference.settings_tried} settings, reaches "
            f"val_{metric} {number(reference.scores[metric])}.",
        ),
        table=table,
    )
    return BaselineResult(
        report=report,
        baseline=runs_of([baseline]),
        loss=baseline.best("loss"),
        reference=reference,
    )
