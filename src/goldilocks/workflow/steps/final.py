"""Step 6: the winner, trained on training and validation rows together, is tested once.

Source: Chollet, Deep Learning with Python (2017), section 4.5.7, last paragraphs.
"""

import math

from goldilocks.errors import SealError
from goldilocks.evaluation import intervals
from goldilocks.evaluation.differences import Difference, between_samples
from goldilocks.formatting import number, signed
from goldilocks.problem import higher_is_better
from goldilocks.report.workflow.results import (
    BaselineResult,
    FinalResult,
    FinalScore,
    ProblemResult,
    Row,
    StepReport,
    Table,
    TuneResult,
)
from goldilocks.run import test_ledger
from goldilocks.workflow import references
from goldilocks.workflow.candidate import Candidate, Trained, predictions
from goldilocks.workflow.context import Context
from goldilocks.workflow.tables import finite, interval

TITLE = "The test evaluation"
# Of all updates: the window of the moving average of the weights, which is one epoch at most.
AVERAGED = 0.05


def step(
    context: Context,
    problem: ProblemResult,
    baseline: BaselineResult,
    tune: TuneResult,
) -> FinalResult:
    """Train the winner again, test it once, and compare that with validation and the reference."""
    winner = context.load(tune.winner)
    candidate = _candidate(context, winner[0].candidate, tune.epochs, problem.final_rows)
    [tested] = context.train([candidate], context.folder)
    if tested is None:
        return _untested(context)

    comparison = context.comparison()
    metric = comparison.metric
    rows = next(iter(tested.predictions.values()))[0]
    reference = references.test(context, baseline.reference, rows)
    by_fold = {fold: (rows, reference) for _, fold in tested.predictions}
    gain = comparison.against_fixed(tested.predictions, by_fold, metric)
    validation = comparison.score(predictions(winner), metric)
    test = comparison.score(tested.predictions, metric)

    metrics = tested.run.metrics
    sign = 1 if higher_is_better(metric) else -1
    score = FinalScore(
        run_id=tested.run.run_id,
        metric=metric,
        test=test.mean,
        low=finite(metrics.get(f"test_{metric}_low")),
        high=finite(metrics.get(f"test_{metric}_high")),
        validation=validation.mean,
        selection_bias=intervals.best_of(tune.considered, tune.noise),
        reference=test.mean - sign * gain.mean,
        gain=gain.mean,
        gain_low=gain.low,
        gain_high=gain.high,
    )
    reasons = [
        _training_reason(tested, len(rows)),
        f"Validation gave {number(score.validation)} (standard error "
        f"{number(validation.error, 2)}). That was the best of {tune.considered} candidates: the "
        f"best of so many equally good ones would look {number(score.selection_bias, 2)} better "
        "than it is.",
        *_ledger_reasons(tested),
        _gap(between_samples(validation, test), sign),
        *_reference_reasons(score, baseline.reference.name, gain),
    ]
    confidence = _confidence(score)
    report = StepReport(
        name="final",
        title=TITLE,
        decision=f"test_{metric} {number(score.test)}"
        + (confidence and f" (95 % interval {confidence})")
        + f"; validation had {number(score.validation)}.",
        reasons=tuple(reasons),
        table=_table(context, score, winner[0].candidate.name, tested, baseline.reference.name),
    )
    return FinalResult(report=report, score=score)


def _candidate(context: Context, winner: Candidate, epochs: int, rows: int) -> Candidate:
    """Return the winner as it is trained for the last time, on so many rows.

    No validation tells its best epoch, and the last one is a matter of luck where the learning rate
    stays high: what is tested is the moving average of the weights over the last steps (Polyak &
    Juditsky 1992). With fewer epochs, a schedule of the learning rate would be another one; it ends
    low, and needs no average.
    """
    name, tree = f"{winner.name} final", context.settings_of(winner).tree
    if tree["optimizer"]["schedule"] != "constant":
        return winner.overridden(name, "final=true")

    batches = math.ceil(rows / tree["trainer"]["batch_size"])
    steps = tree["trainer"]["steps_per_epoch"] or batches
    window = max(1.0, min(1.0, AVERAGED * epochs) * steps)
    momentum = f"optimizer.ema_momentum={1 - 1 / window:.8g}"
    return winner.overridden(name, "final=true", f"trainer.epochs={epochs}", momentum)


def _untested(context: Context) -> FinalResult:
    """Return that there is no test score.

    Raises:
        JobError: If the training was lost. The step is not saved then, and the same command
            repeats it.
    """
    if isinstance(context.error, SealError):
        decision = "The test set was not opened."
    elif isinstance(context.error, FloatingPointError):
        decision = "The last training diverged: there is no result."
    else:
        raise context.lost()

    report = StepReport(
        name="final",
        title=TITLE,
        passed=False,
        decision=decision,
        reasons=tuple(context.failures[-1:]),
    )
    return FinalResult(report=report, score=None)


def _training_reason(tested: Trained, rows: int) -> str:
    """Return how the tested weights were made."""
    sentence = (
        f"Trained on training and validation rows together for {tested.epochs} epochs, then "
        f"evaluated once on {rows:,} test rows."
    )
    overrides = tested.candidate.overrides
    if any(word.startswith("optimizer.ema_momentum=") for word in overrides):
        sentence += (
            " The tested weights are the average over the last updates: the very last ones are a "
            "matter of luck."
        )
    return sentence


def _ledger_reasons(tested: Trained) -> list[str]:
    """Return what was seen before of the validation rows and the test rows."""
    metrics, reasons = tested.run.metrics, []
    if "validation_configurations" in metrics:
        reasons.append(
            f"In this store {metrics['validation_configurations']:,.0f} configurations have been "
            "compared on validation rows of these data."
        )
    if warning := test_ledger.warning(test_ledger.evaluations(metrics)):
        reasons.append(f"This is {warning}.")
    return reasons


def _gap(drop: Difference, sign: int) -> str:
    """Return what it means that validation is so much higher than the test.

    Args:
        drop: Validation minus test.
        sign: 1 if higher is better, else -1.
    """
    distance, reach = number(abs(drop.mean), 3), number(drop.reach, 2)
    if not drop.beyond_noise:
        return f"Test and validation differ by {distance}: within noise (up to {reach})."
    if sign * drop.mean > 0:
        return (
            f"The test is {distance} worse than validation, beyond noise ({reach}): by choosing "
            "among many the model has been fitted to the validation rows, or the test rows are of "
            "another kind. Use a more reliable protocol, such as protocol=iterated_kfold, or fewer "
            "choices."
        )
    return (
        f"The test is {distance} better than validation, beyond noise ({reach}): the last training "
        "had more rows, or the test rows are easier."
    )


def _reference_reasons(score: FinalScore, name: str, gain: Difference) -> list[str]:
    """Return how the winner compares with the reference on the test rows."""
    direction = "better" if gain.mean >= 0 else "worse"
    reasons = [
        f"The reference, {name}, fitted on the same rows, reaches test_{score.metric} "
        f"{number(score.reference)}: the winner is {number(abs(gain.mean), 3)} {direction} (95 % "
        f"interval {signed(gain.low, 3)} to {signed(gain.high, 3)}), {gain.words}."
    ]
    if gain.beyond_noise and gain.mean < 0:
        reasons.append(f"So for these data {name} is the better choice, and cheaper.")
    return reasons


def _confidence(score: FinalScore) -> str:
    """Return the interval of the test score as people read it; "" if there is none."""
    if score.low is None or score.high is None:
        return ""
    return f"{number(score.low)} to {number(score.high)}"


def _table(
    context: Context, score: FinalScore, name: str, tested: Trained, reference: str
) -> Table:
    """Return a row for the winner and one for the reference."""
    names = ("loss", *context.problem.metrics)
    winner: Row = {
        "candidate": name,
        f"test_{score.metric}": score.test,
        "95 % interval": _confidence(score),
        "better than the reference by": interval(score.gain_low, score.gain_high),
        **{f"test_{name}": tested.run.metrics[f"test_{name}"] for name in names},
    }
    return winner, {"candidate": f"reference: {reference}", f"test_{score.metric}": score.reference}
