"""Step 3: is there anything to learn? A small model must beat the baseline beyond noise.

Source: Chollet, Deep Learning with Python (2017), section 4.5.5, "statistical power".
"""

import statistics
from pathlib import Path

from goldilocks.evaluation.differences import Difference
from goldilocks.report.workflow.rows import row
from goldilocks.workflow.model_sizes import SMALL, rungs
from goldilocks.workflow.runner import Trained, predictions
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step

# Chance, at most, that a model of targets without any relation to the inputs passes.
LEVEL = 0.001


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Train a small model with several seeds; its mean score must be better than the baseline's."""
    sizes = rungs(flow.settings.choices["model"], flow.typed)
    small = sizes[min(SMALL, len(sizes) - 1)]
    asked = [small.overridden(f"{small.name} {seed}", seed) for seed in flow.seeds]
    first, *others = flow.runner.train(asked, folder, parent)
    if first is None:  # Its seed is that of all later candidates.
        raise flow.runner.lost()
    trained = [first, *(each for each in others if each is not None)]
    comparison = flow.comparison
    measures = list(dict.fromkeys([comparison.metric, "loss"]))  # What can be compared row by row.
    gains = {
        measure: comparison.against_baseline(predictions(trained), measure) for measure in measures
    }
    # The best epoch is the luckiest of many, and either measure may pass: each look has its share
    # of the level.
    level = LEVEL / (max(each.epochs for each in trained) * len(measures))
    passed = any(gain.p_better < level for gain in gains.values())
    reasons = [_told(measure, gain, level) for measure, gain in gains.items()]
    if not passed:
        reasons.append(_meaning(flow, trained))
    said = "beats" if passed else "does not beat"
    return Step(
        name="power",
        title="Statistical power",
        passed=passed,
        decision=f"A small model ({small.name}) {said} the baseline beyond noise.",
        reasons=reasons,
        table=[row(each, [flow.problem.metric, *measures]) for each in trained],
        chosen={
            "small": remember(small, trained),
            "seed_error": {
                measure: _seed_error(trained, measure) for measure in measures if len(trained) > 1
            },
            "level": LEVEL,
        },
    )


def _told(measure: str, gain: Difference, level: float) -> str:
    verdict = "beyond" if gain.p_better < level else "within"
    apart = (
        f"{abs(gain.mean):.4g} {'better' if gain.mean > 0 else 'worse'} than"
        if gain.mean
        else "as good as"
    )
    errors = (
        f", {gain.mean / gain.error:+.1f} standard errors" if gain.error else ""
    )  # Else all rows are as one.
    return (
        f"val_{measure} is {apart} the baseline's on {gain.rows} rows with {gain.pairs} "
        f"seeds{errors}: {verdict} noise "
        f"at the level {LEVEL:g} (chance {gain.p_better:.2g}; {level:.2g} is allowed, since the "
        "best epoch was picked)."
    )


def _seed_error(trained: list[Trained], measure: str) -> float:
    return statistics.stdev(each.best(measure) for each in trained)


def _meaning(flow: Flow, trained: list[Trained]) -> str:
    """What it means that there is no power, and what one can do."""
    verdicts = {each.verdict for each in trained}
    said = (
        "So nothing shows that these inputs say anything about this target. Either they do not, or "
        "there are too few "
        "rows to see it, or inputs and targets do not belong together (shuffled, off by a row), or "
        "this kind of model "
        "cannot see it. Look at the data; then try another model=, or optimizer.learning_rate ten "
        "times lower or "
        "higher. Scaling up a model that has learned nothing would only learn the training rows by "
        "heart."
    )
    return said + (
        " (A training diverged: lower optimizer.learning_rate first.)"
        if "diverged" in verdicts
        else ""
    )
