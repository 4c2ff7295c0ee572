"""Step 6: the winner, trained on training and validation rows together, and the one look at the test rows.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, last paragraphs.
"""

import math
from pathlib import Path

from goldilocks.errors import SealError
from goldilocks.evaluation import intervals
from goldilocks.evaluation.differences import Difference, between_samples
from goldilocks.evaluation.intervals import CONFIDENCE
from goldilocks.problem import higher_is_better
from goldilocks.run import test_ledger
from goldilocks.workflow import references
from goldilocks.workflow.runner import Candidate, Trained, predictions
from goldilocks.workflow.state import Flow, remember
from goldilocks.workflow.step import Step

# of all steps: the window of the moving average of the weights, which is one epoch at most
AVERAGED = 0.05
OVERHEAD = 20.0  # seconds: the model is built, drawn and logged, the reference fitted once more


def seconds(flow: Flow, trained: Trained) -> float:
    """What the final training of a candidate is going to take, from what it took on the training rows alone."""
    rows = flow.found("problem")["rows"]
    an_epoch = trained.seconds_an_epoch / len(trained.judged) * rows["final"] / rows["train"]
    return trained.best_epoch * an_epoch + OVERHEAD


def step(flow: Flow, parent: str, folder: Path) -> Step:
    """Refit, look once, and compare what was seen with what validation had promised."""
    tune, comparison = flow.found("tune"), flow.comparison
    winner = flow.recall(tune["winner"])
    candidate = _candidate(flow, winner[0].candidate, tune["epochs"])
    averaged = any(word.startswith("optimizer.ema_momentum=") for word in candidate.overrides)
    tested = flow.runner.train([candidate], folder, parent)[0]
    if tested is None and not isinstance(flow.runner.error, (SealError, FloatingPointError)):
        raise flow.runner.lost()  # Not kept: typed again, the step is done again.
    if tested is None:
        sealed = isinstance(flow.runner.error, SealError)
        return Step(
            name="final",
            title="One look at the test set",
            passed=False,
            decision="The test set was not opened."
            if sealed
            else "The last training diverged: there is no result.",
            reasons=flow.runner.failures[-1:],
            table=[],
            chosen={},
        )
    measure = comparison.metric
    promised, seen = (
        comparison.score(predictions(winner), measure),
        comparison.score(tested.judged, measure),
    )
    validated, reached = promised.mean, seen.mean
    lucky = intervals.best_of(tune["considered"], tune["noise"])
    sign = 1 if higher_is_better(measure) else -1
    metrics = tested.run.metrics
    rows = next(iter(tested.judged.values()))[0]
    low, high = (
        metrics.get(f"test_{measure}_low", math.nan),
        metrics.get(f"test_{measure}_high", math.nan),
    )
    reasons = [
        f"Trained on training and validation rows together for {tested.epochs} epochs, then "
        "evaluated on "
        f"{len(rows)} test rows, once."
        + (
            " Its weights are the average over the last updates: the very last ones are a matter "
            "of luck." * averaged
        ),
        f"Validation had promised {validated:.4g} (standard error {promised.error:.2g}). It was "
        "the best of "
        f"{tune['considered']} that were considered: of equally good ones, the best would look "
        f"{lucky:.2g} better than "
        "it is.",
    ]
    if "validation_configurations" in metrics:
        reasons.append(
            f"In this store {metrics['validation_configurations']:.0f} configurations have been judged "
            "by validation rows "
            "of these data."
        )
    if warning := test_ledger.warning(test_ledger.evaluations(metrics)):
        reasons.append(f"This is {warning}.")
    reasons.append(_gap(between_samples(promised, seen), sign))
    reference = references.test(flow, parent, folder / "reference", rows)
    gain = comparison.against_fixed(
        tested.judged, {fold: (rows, reference) for _, fold in tested.judged}, measure
    )
    name = flow.found("baseline")["reference"]["name"]
    told = "beyond" if gain.beyond_noise else "within"
    reasons.append(
        f"The reference, {name}, fitted on the same rows, reaches test_{measure} "
        f"{reached - sign * gain.mean:.4g}: the "
        f"winner is {abs(gain.mean):.3g} {'better' if gain.mean >= 0 else 'worse'} (95 % interval "
        f"{gain.low:+.3g} to "
        f"{gain.high:+.3g}), {told} noise."
    )
    if gain.beyond_noise and gain.mean < 0:
        reasons.append(f"So for these data {name} is the better choice, and cheaper.")
    interval = (
        f" ({100 * CONFIDENCE:.0f} % interval {low:.4g} to {high:.4g})"
        if math.isfinite(low)
        else ""
    )
    return Step(
        name="final",
        title="One look at the test set",
        passed=True,
        decision=f"test_{measure} {reached:.4g}{interval}; validation had {validated:.4g}.",
        reasons=reasons,
        table=[
            {
                "candidate": winner[0].candidate.name,
                f"test_{measure}": reached,
                "95 % interval": f"{low:.4g} to {high:.4g}" if math.isfinite(low) else "",
                "better than the reference by": f"{gain.low:+.3g} to {gain.high:+.3g}",
                **{
                    f"test_{name}": metrics[f"test_{name}"]
                    for name in ("loss", *flow.problem.metrics)
                },
            },
            {"candidate": f"reference: {name}", f"test_{measure}": reached - sign * gain.mean},
        ],
        chosen={
            "tested": remember(candidate, [tested]),
            "measure": measure,
            "test": reached,
            "low": low if math.isfinite(low) else None,
            "high": high if math.isfinite(high) else None,
            "validation": validated,
            "lucky": lucky,
            "reference": reached - sign * gain.mean,
            "reference_gain": [gain.low, gain.mean, gain.high],
        },
    )


def _gap(higher: Difference, sign: int) -> str:
    """What it means that validation is so much higher than the test; `sign` is 1 where higher is better, else -1."""
    if not higher.beyond_noise:
        return f"Test and validation differ by {abs(higher.mean):.3g}: within noise (up to {higher.reach:.2g})."
    beyond = f"beyond noise ({higher.reach:.2g})"
    if sign * higher.mean > 0:
        return (
            f"The test is {abs(higher.mean):.3g} worse than validation, {beyond}: by choosing "
            "among many the model has "
            "been fitted to the validation rows, or the test rows are of another kind. Use a more "
            "reliable protocol, "
            "such as protocol=iterated_kfold, or fewer choices."
        )
    return (
        f"The test is {abs(higher.mean):.3g} better than validation, {beyond}: the last training "
        "had more rows, or the "
        "test rows are easier."
    )


def _candidate(flow: Flow, winner: Candidate, epochs: int) -> Candidate:
    """The winner as it is trained for the last time.

    No validation tells its best epoch, and the last one is a matter of luck where the learning rate
    stays high: what is tested is the moving average of the weights over the last steps (Polyak &
    Juditsky 1992). With fewer epochs, a schedule of the learning rate would be another one; it ends
    low, and needs no average.
    """
    words = ["final=true"]
    tree = flow.runner.settings(winner).tree
    if tree["optimizer"]["schedule"] == "constant":
        batches = math.ceil(flow.found("problem")["rows"]["final"] / tree["trainer"]["batch_size"])
        steps = tree["trainer"]["steps_per_epoch"] or batches
        window = max(1.0, min(1.0, AVERAGED * epochs) * steps)
        words += [f"trainer.epochs={epochs}", f"optimizer.ema_momentum={1 - 1 / window:.8g}"]
    return winner.overridden(f"{winner.name} final", *words)
