import contextlib
import io

import numpy as np
import pandas
import pytest
from mlflow.tracking import MlflowClient
from scipy import special

from goldilocks import diagnosis
from goldilocks.diagnosis.history import Curves
from goldilocks.evaluation.intervals import mean_interval
from goldilocks.run.run import run
from goldilocks.tracking import metric_names

QUICK = ("trainer.epochs=3", "trainer.batch_size=16", "model.units=8")


@pytest.fixture(scope="module")
def folds(shared_folder, composed):
    """The runs of a table under two folds and two seeds: the parent, and the children by name; and
    what was said.
    """
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(100, 20, 90), "age": rng.normal(50, 9, 90)})
    frame["price"] = 2 * frame["size"] - frame["age"] + rng.normal(0, 5, 90)
    frame.to_csv("rows.csv", index=False)
    table = ("dataset=table", "dataset.file=rows.csv", "dataset.target=price")
    settings = composed(
        *table, *QUICK, "protocol=kfold", "protocol.k=2", "trainer.repeats=2", "seed=5"
    )
    with contextlib.redirect_stdout(io.StringIO()) as said:
        value = run(settings)
    client = MlflowClient(f"sqlite:///{shared_folder}/mlflow.db")
    found = client.search_runs(["1"])
    [parent] = [each for each in found if "mlflow.parentRunId" not in each.data.tags]
    children = {each.info.run_name: each for each in found if each is not parent}
    return client, parent, children, value, said.getvalue()


def history(client, run, name):
    return [
        point.value
        for point in sorted(
            client.get_metric_history(run.info.run_id, name), key=lambda it: it.step
        )
    ]


@pytest.mark.long
def test_each_fold_with_each_seed_is_a_child(folds):
    _, parent, children, *_ = folds
    names = {f"fold {fold} of 2 seed {seed}" for fold in (1, 2) for seed in (5, 6)}
    assert set(children) == names
    assert {each.data.tags["mlflow.parentRunId"] for each in children.values()} == {
        parent.info.run_id
    }
    assert {each.data.tags["role"] for each in children.values()} == {"fold"}
    assert len({each.data.tags["fingerprint"] for each in [parent, *children.values()]}) == 5
    assert len({each.data.tags["weights"] for each in children.values()}) == 4
    assert {each.info.status for each in [parent, *children.values()]} == {"FINISHED"}


@pytest.mark.long
def test_the_parent_has_the_mean_curve_and_its_best_epoch(folds):
    client, parent, children, value, _ = folds
    curves = np.array([history(client, child, "val_loss") for child in children.values()])
    assert history(client, parent, "val_loss") == pytest.approx(curves.mean(axis=0).tolist())
    best = int(curves.mean(axis=0).argmin())
    assert parent.data.metrics["best_epoch"] == best + 1
    assert parent.data.metrics["best_val_loss"] == value == pytest.approx(curves[:, best].mean())
    assert parent.data.metrics["val_loss.best_std"] == pytest.approx(curves[:, best].std(ddof=1))
    assert parent.data.metrics["work.trainings"] == 4


@pytest.mark.long
def test_the_error_under_the_null_is_that_of_all_rows(folds):
    _, parent, children, *_ = folds
    squares = [each.data.metrics["verdict.null_error.mae"] ** 2 for each in children.values()]
    # Each fold has half of the rows; seeds share them.
    assert parent.data.metrics["verdict.null_error.mae"] == pytest.approx(
        np.sqrt(np.mean(squares) / 2)
    )


@pytest.mark.long
def test_the_interval_is_that_of_the_rows_of_all_folds(folds, tmp_path):
    client, parent, children, *_ = folds
    errors = []
    for number, child in enumerate(children.values()):
        (folder := tmp_path / str(number)).mkdir()
        file = client.download_artifacts(child.info.run_id, "predictions.npz", str(folder))
        with np.load(file) as arrays:
            errors.append(pandas.Series(arrays["values_mae"], arrays["rows"]))
    rows = pandas.concat(errors).groupby(level=0).mean()  # Each row in one fold of each shuffling.
    metrics = metric_names.ours(parent.data.metrics)
    expected = mean_interval(rows.to_numpy(), None)
    width = metrics["best_val_mae_high"] - metrics["best_val_mae_low"]
    assert width == pytest.approx(expected.high - expected.low, rel=1e-3)
    assert metrics["best_val_mae_low"] < metrics["best_val_mae"] < metrics["best_val_mae_high"]


@pytest.mark.long
def test_the_parent_says_what_came_out(folds):
    client, parent, _, _, said = folds
    files = {file.path for file in client.list_artifacts(parent.info.run_id)}
    assert {"summary.md", "history.csv", "trainings.csv", "verdict.json", "plots"} <= files
    plots = {file.path for file in client.list_artifacts(parent.info.run_id, "plots")}
    assert plots == {"plots/learning_curves.png", "plots/trainings.png"}
    note = parent.data.tags["mlflow.note.content"]
    for words in (
        "The mean of 4 trainings at epoch",
        "| val_mae |",
        "fold 2 of 2 seed 6",
        "protocol=kfold",
    ):
        assert words in note
    assert "verdict" in parent.data.tags
    assert len([line for line in said.splitlines() if line.startswith("fold ")]) == 4
    assert "mean      of 4 trainings" in said
    assert "verdict.next" in parent.data.tags


def of(val_loss, rows=500):
    val_loss = np.array(val_loss)
    return Curves(
        loss=val_loss**2, val_loss=val_loss, metric="loss", scores=val_loss, higher=False,
        baseline={"loss": 3.0}, rows=rows,
    )  # fmt: skip


def test_the_answers_on_several_trainings_have_the_mean_log_odds_of_each():
    falling, rising = np.linspace(2, 1, 20), np.abs(np.arange(20) - 5) / 10 + 0.5
    mean = diagnosis.judge(of((falling + rising) / 2), [of(falling), of(rising)])
    first, second = (diagnosis.judge(of(curve)).answers for curve in (falling, rising))
    for name, p in mean.answers.items():
        assert special.logit(p) == pytest.approx(
            (special.logit(first[name]) + special.logit(second[name])) / 2
        )


def test_several_trainings_diverged_where_one_of_them_did():
    curve = np.linspace(2, 1, 20)
    mean = diagnosis.judge(of(curve), [of(curve), of([*curve, np.nan])])
    assert (mean.word, mean.answers) == ("diverged", {})


@pytest.mark.slow
def test_repeats_are_children_with_seeds_of_their_own(folder, composed):
    size = np.random.default_rng(0).normal(100, 20, 60)
    table = pandas.DataFrame({"size": size, "price": size * 2})
    table.to_csv("rows.csv", index=False)
    given = (
        "dataset=table",
        "dataset.file=rows.csv",
        "dataset.target=price",
        *QUICK,
        "trainer.repeats=2",
    )
    run(composed(*given))
    found = MlflowClient(f"sqlite:///{folder}/mlflow.db").search_runs(["1"])
    children = {
        each.info.run_name: each for each in found if "mlflow.parentRunId" in each.data.tags
    }
    assert set(children) == {"seed 0", "seed 1"}
    assert {each.data.tags["role"] for each in children.values()} == {"repeat"}
    assert {each.data.params["seed"] for each in children.values()} == {"0", "1"}
    assert "trainer.repeats=1 seed=1" in children["seed 1"].data.tags["mlflow.note.content"]
