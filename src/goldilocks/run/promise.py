"""What validation said of a configuration, before a final run tests it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

from goldilocks.evaluation.measures import higher_is_better
from goldilocks.formatting import number
from goldilocks.tracking import Store, ledger
from goldilocks.tracking.query import OWN_METRICS

CANDIDATE = "candidate"  # the tag with the hash of what a final run takes over
VALIDATED = "validated.run"  # the tag of a final run with the ID of the run that validated it
PROMISED = "promised/"  # before the name of a metric: what that run reached on validation rows
WORTHLESS = {  # verdicts of which a test result is worth little
    "no_power": "no_power, it does not beat the baseline beyond noise",
    "diverged": "its training diverged",
}


@dataclass(frozen=True)
class Promise:
    """What the newest run of the same choices reached on validation rows.

    Attributes:
        run_id: Of the run.
        verdict: Of its learning curve.
        beats_baseline: Whether its best epoch is better than the baseline, noise left aside.
        scores: What it logged of the best epoch, by names such as "best_val_mae".
    """

    run_id: str
    verdict: str
    beats_baseline: bool
    scores: Mapping[str, float]

    @property
    def warning(self) -> str:
        """Return what is to be said before the test rows are read; "" where nothing is."""
        reason = WORTHLESS.get(self.verdict, "")
        if not reason and not self.beats_baseline:
            reason = "it is not better than the baseline"
        if not reason:
            return ""
        return (
            f"run {self.run_id} validated this configuration: {reason}. A test uses up the test "
            "rows, and will hardly find more."
        )


def find(store: Store, candidate: str) -> Promise | None:
    """Return what validation said of the choices of a final run; None where it was not asked.

    Args:
        store: An open store.
        candidate: `Settings.candidate` of the final run.

    Raises:
        StoreError: If the store cannot be read.
    """
    if not store.uri:
        return None
    runs = store.search(f"tags.{CANDIDATE} = '{candidate}' AND attributes.status = 'FINISHED'")
    validated = [run for run in runs if run.tags.get("role") in ledger.CHOICES]
    if not validated:
        return None
    newest = validated[-1]
    beats_baseline = newest.tags.get("beats_baseline", "true") == "true"
    verdict = newest.tags.get("verdict", "")
    return Promise(newest.run_id, verdict, beats_baseline, newest.metrics)


def compared(metrics: Mapping[str, float], tags: Mapping[str, str]) -> str:
    """Return a sentence on a test score beside what validation promised; "" without a promise.

    Args:
        metrics: What the final run logged.
        tags: Its tags.
    """
    names = [name.removeprefix(PROMISED) for name in metrics if name.startswith(PROMISED)]
    if not names or VALIDATED not in tags:
        return ""
    [metric] = names
    promised, test = metrics[f"{PROMISED}{metric}"], metrics[f"test_{metric}"]
    directions = json.loads(tags.get(OWN_METRICS, "{}"))
    is_better = (test > promised) == higher_is_better(metric, directions)
    distance = f"{number(abs(test - promised), 3)} {'better' if is_better else 'worse'}"
    sentence = f"val_{metric} {number(promised)} (run {tags[VALIDATED]}); the test is {distance}"

    low, high = (metrics.get(f"test_{metric}_{end}") for end in ("low", "high"))
    if low is None or high is None:
        return sentence
    if low <= promised <= high:
        return f"{sentence}, within its 95 % interval"
    if is_better:
        return f"{sentence}, beyond its 95 % interval: it had more rows, or easier ones"
    return (
        f"{sentence}, beyond its 95 % interval: validation promised too much, as the best of many "
        "choices does, or the test rows are of another kind"
    )
