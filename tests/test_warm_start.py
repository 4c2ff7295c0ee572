import io
from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from composition import ROOT, checked
from goldilocks.dataset import Dataset, row_keys
from goldilocks.errors import ModelError, SplitError
from goldilocks.protocol import Split
from goldilocks.run import warm_start
from goldilocks.tracking.null import NullStore
from goldilocks.tracking.query import StoredRun, written
from stored_runs import a_run

RUN = "a" * 32
TEXT = ("dataset=imdb", "model=embedding")


@dataclass
class FakeStore(NullStore):
    """The part of a store that a warm start reads."""

    run: StoredRun

    def get_run(self, run_id):
        assert run_id == self.run.run_id
        return self.run

    def load_model(self, run_id):
        return f"the model of {run_id}"


def store(*overrides, role="plain"):
    """A store with one run, of this command line."""
    params = {name: written(value) for name, value in checked(*overrides).flat.items()}
    return FakeStore(a_run(RUN, params=params, tags={"role": role}))


def start(*overrides):
    return checked(*overrides, f"model.init_from={RUN}")


def test_no_origin_is_asked_for_none():
    assert warm_start.load(checked("dataset=boston"), None) is None


@pytest.mark.parametrize(
    ("theirs", "role", "own"),
    [
        (("dataset=boston",), "plain", ("dataset=boston",)),
        (("dataset=boston", "seed=3"), "repeat", ("dataset=boston", "model.units=8")),
        (("dataset=boston",), "final", ("dataset=boston", "final=true")),
        (
            ("dataset=mnist", "protocol.seed=1"),
            "fold",
            ("dataset=catsdogs",),
        ),  # Other rows altogether.
        (TEXT, "plain", (*TEXT, "trainer.epochs=3")),
    ],
)
def test_a_run_whose_training_rows_are_ours_is_gone_on_with(theirs, role, own):
    assert warm_start.load(start(*own), store(*theirs, role=role)) == f"the model of {RUN}"


@pytest.mark.parametrize(
    ("theirs", "role", "own", "reason"),
    [
        (("protocol.seed=1",), "plain", (), r"its protocol\.seed is 1, and here it is 0"),
        (("protocol.test=0.1",), "plain", (), r"its protocol\.test is 0\.1, and here it is 0\.25"),
        ((), "plain", ("protocol=kfold",), r"its protocol is holdout, and here it is kfold"),
        (
            ("protocol=kfold",),
            "fold",
            ("protocol=kfold",),
            r"one of several folds trains on what another one validates with",
        ),
        ((), "final", (), r"it is a final run, which trained on the validation rows"),
    ],
)
def test_a_run_that_has_trained_on_rows_that_we_judge_by_is_refused(theirs, role, own, reason):
    with pytest.raises(
        SplitError, match=rf"model\.init_from=a+: .+{reason}\. Expected a hold-out run"
    ):
        warm_start.load(start("dataset=boston", *own), store("dataset=boston", *theirs, role=role))


@pytest.mark.parametrize(
    "change", ["dataset.reverse=true", "dataset.maxlen=7", "dataset.token=character"]
)
def test_features_of_another_kind_are_refused(change):
    with pytest.raises(
        ModelError, match=rf"that run has {change.split('=')[0]}=.+, and here it is .+; use "
    ):
        warm_start.load(start(*TEXT, change), store(*TEXT))


def test_parts_of_dates_that_the_source_lacks_are_refused():
    table = ("dataset=table", f"dataset.file={ROOT / 'pyproject.toml'}", "dataset.target=y")
    with pytest.raises(
        ModelError, match=r"that run has dataset\.date_parts=none, and here it is auto"
    ):
        warm_start.load(start(*table), store(*table, "dataset.date_parts=none"))


def test_a_model_of_before_parts_of_dates_is_refused_where_there_are_some():
    table = ("dataset=table", f"dataset.file={ROOT / 'pyproject.toml'}", "dataset.target=y")
    before = store(*table)
    before.run.params.pop("dataset.date_parts")
    dated = SimpleNamespace(date_parts=["month"])
    with pytest.raises(ModelError, match=r"reads no parts of dates.+use dataset\.date_parts=none"):
        warm_start.check_date_parts(start(*table), before, dated)
    warm_start.check_date_parts(start(*table), before, SimpleNamespace(date_parts=[]))
    warm_start.check_date_parts(start(*table), store(*table), dated)


@dataclass
class KeysStore(FakeStore):
    """One with the keys of the rows that its run was trained with."""

    keys: np.ndarray

    def read_artifact(self, run_id, path):
        file = io.BytesIO()
        np.savez(file, train=self.keys)
        return file.getvalue()


@pytest.mark.parametrize(
    ("trained", "inner", "values", "refused"),
    [
        (np.arange(9), 0, np.arange(16.0), ""),  # The same split.
        (np.arange(4, 13), 0, np.arange(16.0), "25 % of the rows that are test rows here"),
        (np.arange(10), 0, np.arange(16.0), "33 % of the rows that are validation rows here"),
        (np.arange(9), 3, np.arange(16.0), "100 % of the rows that are inner_validation rows"),
        (np.arange(6), 3, np.arange(16.0), ""),
        (np.arange(6, 12), 3, np.arange(16.0), "100 % of the rows that are validation rows here"),
        (np.arange(16), 0, np.repeat([0.0, 1.0], 8)[[*range(0, 16, 2), *range(1, 16, 2)]], ""),
    ],
)
def test_a_model_that_was_trained_on_rows_that_we_judge_by_is_refused(
    trained, inner, values, refused
):
    dataset = Dataset(
        name="table",
        kind="table",
        problem="regression",
        x=pd.DataFrame({"a": values}),
        y=np.zeros(16),
        classes=(),
        source="original",
        location="elsewhere",
        digest="",
    )
    split = Split(np.arange(9), np.arange(9, 12), np.arange(12, 16))
    if inner:
        split = Split(np.arange(6), np.arange(6, 9), split.test, outer=split.validation)
    other = KeysStore(a_run(RUN), row_keys.keys(dataset)[trained])
    asked = start("dataset=boston"), other, dataset, split
    if not refused:
        warm_start.check_rows(*asked)
        return
    with pytest.raises(SplitError, match=f"was trained on {refused}"):
        warm_start.check_rows(*asked)


def test_the_source_run_may_be_typed_by_the_beginning_of_its_id():
    class Searched(FakeStore):
        def search(self, text, **options):
            assert text == "attributes.run_id LIKE 'aaaaaa%'"
            return [self.run]

    typed = checked("dataset=boston", "model.init_from=aaaaaa", "seed=1")
    resolved = warm_start.resolved(typed, Searched(a_run(RUN)))
    assert resolved.tree["model"]["init_from"] == RUN
    assert resolved.overrides == ("dataset=boston", "seed=1", f"model.init_from={RUN}")
    assert typed.tree["model"]["init_from"] == "aaaaaa"
    assert warm_start.resolved(resolved, Searched(a_run(RUN))) is resolved
