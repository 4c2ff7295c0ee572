"""A Keras callback that says what the curves of `model.fit` mean."""

from __future__ import annotations

from collections.abc import Mapping

import keras

import goldilocks
from goldilocks import console
from goldilocks.diagnosis import Verdict
from goldilocks.diagnosis.history import check
from goldilocks.errors import HistoryError


class VerdictCallback(keras.callbacks.Callback):
    """Judge the curves of a training when it ends, and print the verdict.

    It only reads the history: no seed, session or backend is touched, and no training fails by it.

    >>> model.fit(x, y, validation_split=0.2, callbacks=[VerdictCallback()])  # doctest: +SKIP

    Attributes:
        verdict: That of the last training; None before, and where its history cannot be judged.
    """

    def __init__(
        self,
        metric: str | None = None,
        baseline: Mapping[str, float] | None = None,
        validation_rows: int | None = None,
    ):
        """Take what is known beside the history; the arguments are those of `goldilocks.judge`."""
        super().__init__()
        check(baseline, validation_rows)
        self.known = metric, baseline, validation_rows
        self.verdict: Verdict | None = None

    def on_train_begin(self, logs: Mapping[str, float] | None = None) -> None:
        """Forget the verdict of an earlier training."""
        self.verdict = None

    def on_train_end(self, logs: Mapping[str, float] | None = None) -> None:
        """Judge, and print the verdict, or why there is none."""
        metric, baseline, rows = self.known
        try:
            self.verdict = goldilocks.judge(
                self.model.history, metric=metric, baseline=baseline, validation_rows=rows
            )
        except HistoryError as error:
            console.warning(f"No verdict: {error}")
        else:
            console.result(str(self.verdict))
