"""Step 2: what must be beaten, the dumb predictor; and what ought to be, a tuned model of scikit-learn.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5 ("develop a model that does better
    than a baseline").
"""

from pathlib import Path

from goldilocks.workflow import references
from goldilocks.workflow.runner import Candidate
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Score the dumb predictor; it is no gate."""
    candidate = Candidate("baseline", ("model=baseline", "regularizer=none"))
    trained = flow.runner.train([candidate], folder, parent)[0]
    if trained is None:
        raise flow.runner.lost()
    measure = flow.problem.metric
    names = list(dict.fromkeys([measure, "loss"]))
    reference = references.tune(flow, parent, folder / "reference")
    table = [{"candidate": "baseline"} | {f"val_{name}": trained.best(name) for name in names}]
    table.append(
        {"candidate": reference["name"]}
        | {f"val_{name}": reference["scores"][name] for name in names}
    )
    return Step(
        name="baseline",
        title="A baseline",
        passed=True,
        decision=f"The dumb predictor reaches val_{measure} {trained.best(measure):.4g}; a model "
        "must do better.",
        reasons=[
            "It says the last value of each window: no change."
            if flow.dataset.persistence is not None
            else "It looks at no row: it says the mean of the training targets, or the shares of "
            "the classes.",
            "A model of scikit-learn is tuned on the same splits, as a reference: "
            f"{reference['name']}, the best of "
            f"{reference['candidates']} settings, reaches val_{measure} "
            f"{reference['scores'][measure]:.4g}.",
        ],
        table=table,
        chosen={"baseline": remember(candidate, [trained]), "reference": reference},
    )
