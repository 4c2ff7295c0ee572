"""Rows -> splits; one module per option of the config group `protocol`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

CLASSES = ("binary", "multiclass")  # The problem types whose splits are stratified.
INNER = "inner_validation"  # the key of a part that is no protocol's
Rows = np.ndarray  # Numbers of rows of a data set, int64 (rows,).


@dataclass(frozen=True)
class Split:
    """Which rows of a data set are for what; no row is in two of them.

    Attributes:
        train: Rows that weights and preprocessing are fitted on, int64 (rows,), ascending.
        validation: Rows that choices are made with, int64 (rows,), ascending.
        test: Rows that nothing reads before the final evaluation, int64 (rows,), ascending.
        notes: Sentences about rows that were moved or left out; printed and logged as those of the
            data set are.
        outer: Of nested validation, rows that choose nothing, not even the epoch, int64 (rows,),
            ascending.
    """

    train: Rows
    validation: Rows
    test: Rows
    notes: tuple[str, ...] = ()
    outer: Rows = field(default_factory=lambda: np.zeros(0, np.int64))

    def joined(self) -> Split:
        """Return the split of a final training, which trains with the validation rows as well."""
        train = np.union1d(self.train, self.validation)
        return Split(train, self.validation[:0], self.test, self.notes)

    @property
    def parts(self) -> dict[str, Rows]:
        """Return the rows of each part by its name, in the order of their use."""
        if not len(self.outer):
            return {"train": self.train, "validation": self.validation, "test": self.test}
        inner = {"train": self.train, INNER: self.validation}
        return {**inner, "validation": self.outer, "test": self.test}


def notes_of_all(splits: Sequence[Split]) -> tuple[str, ...]:
    """Return the notes that every one of these splits has; those of one fold alone are left out."""
    return tuple(note for note in splits[0].notes if all(note in split.notes for split in splits))
