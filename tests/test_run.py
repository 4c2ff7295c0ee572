import contextlib
import io
import json
import re
import subprocess
import sys
import warnings
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import mlflow
import numpy as np
import pandas
import pytest
import yaml
from mlflow.tracking import MlflowClient
from PIL import Image

from goldilocks.dataset.sources import cache
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.encoding import encoder as encoding
from goldilocks.errors import ConfigError, DataError, ModelError
from goldilocks.evaluation import measures, scores
from goldilocks.problem import standard
from goldilocks.run import figures
from goldilocks.run.run import run
from goldilocks.tracking import metric_names
from goldilocks.tracking.query import written
from goldilocks.tracking.tracker import JournalTracker
from goldilocks.training import batches

ROOT = Path(__file__).parent.parent
ROWS, TARGETS = 120, ("price", "sold", "grade", "red", "green")
PLOTS = {"learning_curves.png", "weight_histograms.png", "worst_mistakes.png"}
PROBABILITIES = ["precision_recall_roc.png", "calibration.png"]
SMALL = ("trainer=smoke", "model.units=8")
# What is measured by a clock, and what names the data: it may differ between runs that are
# otherwise the same.
CLOCK = {"seconds", "train_seconds"}


class Home:
    """A folder with a store and data in it, and the runs that were made there."""

    def __init__(self, folder, composed):
        self.folder, self.composed, self.runs = folder, composed, {}
        self.client = MlflowClient(f"sqlite:///{folder}/mlflow.db")

    def all(self):
        return self.client.search_runs(
            [each.experiment_id for each in self.client.search_experiments()]
        )

    def run(self, *overrides, again=False):
        """What a run logged; a run that was made already is not made again."""
        if again or overrides not in self.runs:
            before = {each.info.run_id for each in self.all()}
            settings = self.composed(*overrides, *(["force=true"] if again else []))
            with contextlib.redirect_stdout(io.StringIO()) as said:
                value = run(settings)
            [found] = [each for each in self.all() if each.info.run_id not in before]
            self.runs[overrides] = Logged(self.client, found, settings, value, said.getvalue())
        return self.runs[overrides]


class Logged:
    """A run as a person finds it in MLflow."""

    def __init__(self, client, found, settings, value, said):
        self.client, self.id, self.settings, self.value, self.said = (
            client,
            found.info.run_id,
            settings,
            value,
            said,
        )
        self.info, self.metrics, self.params, self.tags = (
            found.info,
            metric_names.ours(found.data.metrics),
            found.data.params,
            found.data.tags,
        )
        self.inputs = found.inputs.dataset_inputs
        self.folder = Path(client.download_artifacts(self.id, ""))

    def history(self, name):
        return [
            (point.step, point.value)
            for point in self.client.get_metric_history(self.id, metric_names.stored(name))
        ]

    def told(self):
        """Everything that was found out, without clocks: it must be the same for the same
        training.
        """
        histories = {name: self.history(name) for name in self.metrics if name not in CLOCK}
        names = ("verdict", "weights", "beats_baseline", "problem", "role")
        plots = {file.name: file.read_bytes() for file in sorted((self.folder / "plots").iterdir())}
        return histories, {name: self.tags.get(name) for name in names}, plots

    def model(self):
        [model] = self.client.get_run(self.id).outputs.model_outputs
        return mlflow.keras.load_model(f"models:/{model.model_id}")


@pytest.fixture(scope="module")
def home(shared_folder, composed):
    rows().to_csv(shared_folder / "rows.csv", index=False)
    for number in range(24):
        picture(shared_folder / "pets" / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    return Home(shared_folder, composed)


def rows():
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame(
        {"size": rng.normal(100, 20, ROWS), "age/years": rng.integers(0, 90, ROWS)}
    )
    frame["kind"] = rng.choice(["flat", "house", "barn"], ROWS)
    frame.loc[::7, "size"] = np.nan
    price = frame["size"].fillna(100) * 2 - frame["age/years"] + rng.normal(0, 5, ROWS)
    frame["price"] = price.round(2)
    frame["sold"] = np.where(price > price.median(), "yes", "no")
    frame["grade"] = pandas.qcut(price, 3, labels=["low", "middle", "high"]).astype(object)
    frame["red"], frame["green"] = (price > 150).astype(int), (frame["age/years"] > 45).astype(int)
    return frame


def picture(path, number):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(number).integers(0, 128, (12, 12, 3), dtype=np.uint8)
    pixels[..., number % 2] += 100
    Image.fromarray(pixels).save(path)


def table(*targets, file="rows.csv"):
    """The overrides of a small table whose target is this."""
    dropped = ",".join(name for name in TARGETS if name not in targets)
    target = targets[0] if len(targets) == 1 else f"[{','.join(targets)}]"
    return (
        "dataset=table",
        f"dataset.file={file}",
        f"dataset.target={target}",
        f"dataset.drop=[{dropped}]",
        *SMALL,
    )


def trained(*targets):
    """The overrides of a small table, whose run is judged, as a smoke run is not."""
    return (*(word for word in table(*targets) if word != "trainer=smoke"), "trainer.epochs=2")


PETS = ("dataset=images", "dataset.dir=pets", "dataset.image_size=12", *SMALL)
CONVNET = (*PETS, "model.filters=[4]", "regularizer=augmentation")


@pytest.mark.parametrize(
    ("problem", "predictions", "said"),
    [
        (standard("binary"), [[0.9], [0.2]], ["probability 0.9", "probability 0.8"]),
        (standard("multilabel"), [[0.9, 0.6], [0.1, 0.2]], ["yes 0.6", "no 0.1"]),
        (standard("regression"), [[0.9], [0.8]], ["off by 0.9", "off by 0.8"]),
        (
            replace(standard("regression"), scale=(2.0, 1.0)),
            [[0.0, 0.9], [1.6, 0.0]],
            ["off by 0.9 deviations", "off by 0.8 deviations"],
        ),
    ],
)
def test_the_worst_rows_say_how_wrong_they_are(problem, predictions, said):
    dataset = SimpleNamespace(classes=("no", "yes"))
    outcome = SimpleNamespace(context=SimpleNamespace(dataset=dataset, problem=problem))
    worst = scores.Mistakes(np.arange(2), np.array([0.9, 0.8]), np.array([1, 0]))
    assert figures._details(outcome, np.array(predictions), worst) == said


def checked(logged, metric, *plots):
    """Whatever a person looks for on the page of a run of two epochs that is not final."""
    assert logged.info.status == "FINISHED"
    flat = logged.settings.flat
    assert logged.params.keys() == flat.keys()
    assert logged.params == {
        name: logged.params[name] if value == "auto" else written(value)
        for name, value in flat.items()
    }
    assert {
        "seed",
        "final",
        "dataset",
        "model",
        "model.units",
        "trainer.epochs",
    } <= set(flat)

    series = {"loss", "val_loss", f"val_{metric}", "learning_rate", "seconds"}
    if measures.get(metric).keras:
        series.add(metric)
    for name in series:
        assert [step for step, _ in logged.history(name)] == [1, 2], name
    metrics = logged.metrics
    best = int(metrics["best_epoch"])
    for name in series - {"learning_rate", "seconds"}:
        if name.startswith("val_"):
            assert metrics[f"best_{name}"] == dict(logged.history(name))[best]
    assert (
        metrics["best_val_loss"]
        == min(value for _, value in logged.history("val_loss"))
        == logged.value
    )
    assert {"baseline/val_loss", f"baseline/val_{metric}", "train_seconds"} <= set(metrics)
    better = metrics[f"best_val_{metric}"] - metrics[f"baseline/val_{metric}"]
    assert metrics["epochs"] == 2
    assert not [name for name in metrics if name.startswith("test") or "test_" in name], (
        "the test rows are sealed"
    )

    tags = logged.tags
    assert len(tags["fingerprint"]) == 32
    assert tags["verdict"] in VERDICTS
    assert tags["dataset.source"] == "original"
    is_better = better < 0 if metric == "mae" else better > 0
    assert tags["beats_baseline"] == str(is_better).lower()
    assert {"git.commit", "code.digest", "dataset.digest", "mlflow.source.name"} <= set(tags)
    said = tags["mlflow.note.content"]
    assert "|  |\n|  |" not in said, "a table without rows"
    assert logged.settings.command in said
    assert said.startswith("Everything works: ")  # It is a smoke run.
    folder = logged.folder
    inputs = {given.tags[0].value: given.dataset for given in logged.inputs}
    assert inputs.keys() == {"training", "validation"}
    assert {given.name for given in inputs.values()} == {logged.settings.data_name}
    for part, given in inputs.items():
        rows = json.loads((folder / "data.json").read_text())["splits"][0]
        size = {"training": "train"}.get(part, part)
        assert json.loads(given.profile)["num_rows"] == rows[size]
        assert mlflow.data.get_source(given).to_dict()

    assert yaml.safe_load((folder / "config.yaml").read_text()) == logged.settings.tree
    data = json.loads((folder / "data.json").read_text())
    assert data["target"]["problem"] == tags["problem"]
    assert sum(data["splits"][0].values()) == data["size"]["rows"]
    history = pandas.read_csv(folder / "history.csv")
    assert history["epoch"].tolist() == [1, 2]
    assert history["val_loss"].tolist() == [value for _, value in logged.history("val_loss")]
    assert (folder / "summary.md").read_text().startswith(f"## {logged.settings.name}")
    verdict = json.loads((folder / "verdict.json").read_text())
    assert (verdict["word"], verdict["sentence"]) == (tags["verdict"], tags["verdict.reason"])
    logged_answers = {f"verdict/p_{name}": p for name, p in verdict["answers"].items()}
    assert {key: metrics[key] for key in metrics if key.startswith("verdict/")} == pytest.approx(
        logged_answers
    )
    assert {move["reason"] for move in verdict["next_moves"]} == set(
        re.findall("# (.+)", tags["verdict.next"])
    )
    assert "predictions (Dense)" in (folder / "model_summary.txt").read_text()
    assert {file.name for file in (folder / "provenance").iterdir()} == {
        "environment.json",
        "packages.txt",
        "git.diff",
    }
    assert {file.name for file in (folder / "plots").iterdir()} == PLOTS | set(plots)
    for file in (folder / "plots").iterdir():
        with Image.open(file) as opened:
            assert min(opened.size) > 200, file.name
            assert len(np.unique(np.asarray(opened.convert("L")))) > 10, f"{file.name} is blank"
    model = logged.model()
    assert cache.digest(*model.layers[-1].get_weights()) == tags["weights"]
    assert model.layers[-1].count_params() == metrics["parameters"]


@pytest.mark.long
@pytest.mark.parametrize(
    ("targets", "problem", "metric", "plots"),
    [
        (("price",), "regression", "mae", ["predicted_against_true.png"]),
        (
            ("red", "green"),
            "multilabel",
            "average_precision",
            ["confusion_matrix.png", *PROBABILITIES],
        ),
        pytest.param(
            ("grade",),
            "multiclass",
            "accuracy",
            ["confusion_matrix.png", *PROBABILITIES],
            marks=pytest.mark.slow,
        ),
        pytest.param(
            ("sold",),
            "binary",
            "accuracy",
            ["confusion_matrix.png", *PROBABILITIES],
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_table_of_ones_own(home, targets, problem, metric, plots):
    logged = home.run(*table(*targets))
    assert logged.tags["problem"] == problem
    assert logged.tags["role"] == "plain"
    assert ("**Labels.**" in logged.tags["mlflow.note.content"]) == (problem == "multilabel")
    checked(logged, metric, *plots)


@pytest.mark.long
def test_several_numbers_are_one_regression_with_a_score_and_a_plot_of_each(home):
    logged = home.run(*table("price", "size"))
    scatters = [f"predicted_against_true_{number}.png" for number in (1, 2)]
    checked(logged, "mae", *scatters)
    each = pandas.read_csv(logged.folder / "outputs.csv")
    assert each["output"].tolist() == ["price", "size"]
    assert each["mae"].mean() == pytest.approx(logged.metrics["best_val_mae"], rel=1e-4)
    summary = (logged.folder / "summary.md").read_text()
    assert "regression of 2 numbers (loss in squared deviations of the target: price" in summary
    assert "each      mae: price" in logged.said
    assert list(json.loads((logged.folder / "input.json").read_text())["outputs"]) == [
        "price",
        "size",
    ]


def test_a_series_of_ones_own_is_drawn_in_all_its_parts(home):
    hours = pandas.date_range("2021-01-01", periods=240, freq="h")
    load = np.sin(np.arange(240) * np.pi / 12).round(3)
    pandas.DataFrame({"hour": hours, "load": load}).to_csv(home.folder / "load.csv", index=False)
    words = (
        *("dataset=series", "dataset.file=load.csv", "dataset.time=hour", "dataset.target=load"),
        *("dataset.lookback=6", "dataset.delay=1", "model=mlp", *SMALL),
    )
    plots = {*PLOTS - {"worst_mistakes.png"}, "predicted_against_true.png"}
    plots |= {"series.png", "forecast.png"}
    for nested, parts in ((), []), (("inner_validation=0.25",), ["inner_validation"]):
        logged = home.run(*words, *nested)
        assert logged.info.status == "FINISHED"
        assert {file.name for file in (logged.folder / "plots").iterdir()} == plots
        [sizes] = json.loads((logged.folder / "data.json").read_text())["splits"]
        assert [*sizes] == ["train", *parts, "validation", "test"]


def test_the_logged_model_reaches_the_logged_score(home):
    logged = home.run(*table("price"))
    dataset = logged.settings.builder("dataset")()
    split = logged.settings.builder("protocol")(dataset)[0]
    said = logged.model().predict(encoding.raw(dataset, split.validation), verbose=0)[:, 0]
    price = rows()["price"].to_numpy()
    errors = said - price[split.validation]
    deviation = np.delete(price, split.test).std()
    assert json.loads(logged.tags["problem.scale"]) == [pytest.approx(deviation)]
    loss = np.mean((errors / deviation) ** 2)
    assert loss == pytest.approx(logged.metrics["best_val_loss"], rel=1e-4)
    assert np.abs(errors).mean() == pytest.approx(logged.metrics["best_val_mae"], rel=1e-4)
    dumb = (price[split.validation].mean() - price[split.validation]) / deviation
    assert (dumb**2).mean() == pytest.approx(logged.metrics["baseline/val_loss"], rel=1e-4)


@pytest.mark.long
def test_a_convnet_on_ones_own_images_with_augmentation(home):
    logged = home.run(*CONVNET)
    assert (logged.tags["problem"], logged.tags["role"]) == ("binary", "regularized")
    checked(
        logged, "accuracy", "confusion_matrix.png", *PROBABILITIES, "samples.png", "augmented.png"
    )


@pytest.mark.long
def test_a_few_broken_images_are_named_and_skipped(home):
    for number in range(20):
        picture(home.folder / "worn" / ("cat" if number % 2 else "dog") / f"{number}.png", number)
    broken = home.folder / "worn" / "cat" / "7.png"
    broken.write_bytes(broken.read_bytes()[:100])
    worn = [*(word.replace("=pets", "=worn") for word in PETS), "model=mlp"]
    before = len(home.all())
    with pytest.raises(DataError, match=r"1 of 20 images.*cat/7\.png.*dataset\.broken_limit=0\.05"):
        run(home.composed(*worn))
    assert len(home.all()) == before, "no run for what could not be read"
    logged = home.run(*worn, "dataset.broken_limit=0.05")
    assert "cat/7.png (PNG cut short)" in logged.tags["mlflow.note.content"]
    checked(logged, "accuracy", "confusion_matrix.png", *PROBABILITIES, "samples.png")


def test_the_page_opens_with_the_curves_and_the_model_is_found_by_its_metrics(home):
    logged = home.run(*CONVNET)
    stored = home.client.get_run(logged.id)
    names = stored.data.metrics
    single = [name for name in names if len(home.client.get_metric_history(logged.id, name)) == 1]
    assert not [name for name in names if "/" in name], "MLflow draws groups first"
    above = [name for name in single if name < "val_loss"]
    assert sorted(above) == ["best_epoch", "best_val_accuracy", "best_val_loss"]

    params = stored.data.params
    assert (params["problem.loss"], params["problem.metrics"]) == (
        "binary_crossentropy",
        '["accuracy"]',
    )
    assert (params["model.layers"], params["dataset.problem"]) == ("1", "binary")
    left = {key for key, value in params.items() if value == "auto"}
    assert left <= {"dataset.decimal", "dataset.outer_folders"}
    seen = logged.settings.builder("tracking")().get_run(logged.id)
    assert seen.params["problem.loss"] == "auto", "comparisons know what was asked for"

    for text in ("metrics.best_val_accuracy > 0", "params.problem.loss = 'binary_crossentropy'"):
        found = home.client.search_logged_models([logged.info.experiment_id], text)
        [model] = [one for one in found if one.source_run_id == logged.id]
        assert model.name == re.sub(r"[.]", "-", logged.info.run_name)


def test_mlflow_evaluates_the_model_of_a_number(home):
    logged = home.run(*table("price"))
    [model] = home.client.get_run(logged.id).outputs.model_outputs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MLflow calls pandas as its next version will not allow.
        result = mlflow.models.evaluate(
            f"models:/{model.model_id}",
            data=rows().rename(columns={"age/years": "age_years"}).astype({"kind": object}),
            targets="price",
            model_type="regressor",
            evaluator_config={"log_explainer": False},
        )
    assert result.metrics["mean_absolute_error"] == pytest.approx(logged.metrics["val_mae"], rel=1)


@pytest.mark.long
def test_while_it_trains_the_page_says_command_data_and_address(home, monkeypatch):
    described = []
    monkeypatch.setattr(
        JournalTracker, "describe", lambda tracker, text: described.append((tracker.url, text))
    )
    logged = home.run(*trained("price"), "seed=7")
    (url, at_first), (_, at_last) = described
    assert url.endswith(f"/#/experiments/{logged.info.experiment_id}/runs/{logged.id}")
    assert at_first.startswith(f"In training:\n\n```\n{logged.settings.command}\n```")
    assert "train, " in at_first
    assert at_first.endswith(url)
    verdict, command, figure = at_last.split("\n\n")[:3]
    assert verdict.startswith(f"**{logged.tags['verdict']}.**")
    assert command.split("\n")[1] in logged.tags["verdict.next"]
    source = f"get-artifact?path=plots/learning_curves.png&run_uuid={logged.id}"
    assert figure == f"![learning curves]({source})"


@pytest.mark.long
def test_the_baseline_is_a_model_like_any_other(home):
    settings = [word for word in table("grade") if not word.startswith("model.")]
    logged = home.run(*settings, "model=baseline")
    assert (logged.info.status, logged.tags["role"], "verdict" in logged.tags) == (
        "FINISHED",
        "baseline",
        False,
    )
    for name in ("loss", "accuracy"):
        assert logged.metrics[f"best_val_{name}"] == pytest.approx(
            logged.metrics[f"baseline/val_{name}"], rel=1e-5
        )
    assert logged.tags["beats_baseline"] == "false"
    grade = rows()["grade"]
    assert logged.metrics["baseline/val_accuracy"] == pytest.approx(1 / 3, abs=0.05)
    assert set(grade) == set(json.loads(logged.inputs[0].dataset.profile)["classes"])


@pytest.mark.long
def test_a_training_that_diverges_is_a_finished_run_that_says_so(home):
    logged = home.run(
        *table("price"),
        "optimizer.learning_rate=1e20",
        "trainer.epochs=40",
        "trainer.steps_per_epoch=3",
    )
    assert logged.info.status == "FINISHED"
    assert logged.tags["verdict"] == "diverged"
    assert logged.metrics["epochs"] < 40
    assert (logged.folder / "plots" / "learning_curves.png").stat().st_size > 5000


@pytest.mark.slow
def test_the_same_seed_gives_the_same_weights_and_another_others(home):
    first = home.run(*CONVNET)
    told = first.told()
    assert home.run(*CONVNET, again=True).told() == told
    assert home.runs[CONVNET].id != first.id
    other = home.run(*CONVNET, "seed=1")
    assert other.tags["weights"] != first.tags["weights"]
    assert (
        other.tags["fingerprint"]
        != first.tags["fingerprint"]
        == home.runs[CONVNET].tags["fingerprint"]
    )


@pytest.fixture
def evaluated(monkeypatch):
    """The rows of every data set that anything was evaluated on, in the order of the
    evaluations.
    """
    seen = []
    original = batches.evaluation

    def spy(dataset, encoder, rows, targets, **settings):
        seen.append(set(rows.tolist()))
        return original(dataset, encoder, rows, targets, **settings)

    monkeypatch.setattr(batches, "evaluation", spy)
    return seen


@pytest.mark.long
def test_the_test_rows_are_sealed_until_the_final_run_and_opened_once(home, evaluated):
    settings = home.composed(*table("price"))
    dataset = settings.builder("dataset")()
    split = settings.builder("protocol")(dataset)[0]
    test = set(split.test.tolist())
    assert len(test) == ROWS / 4

    # Whatever the test rows hold: other numbers, other categories, gaps, other targets.
    frame = rows()
    frame.loc[split.test, ["size", "age/years", "kind", "price"]] = [
        np.nan,
        10**6,
        "castle",
        -(10.0**6),
    ]
    frame.loc[split.test, "age/years"] += np.arange(len(split.test))  # Equal rows are one content.
    (home.folder / "corrupted").mkdir()
    frame.to_csv(home.folder / "corrupted" / "rows.csv", index=False)  # A picture names the file.
    sound = home.run(*table("price"))
    corrupted = home.run(*table("price", file="corrupted/rows.csv"))
    assert evaluated
    assert not any(rows & test for rows in evaluated)
    assert corrupted.told() == sound.told()
    assert corrupted.tags["dataset.digest"] != sound.tags["dataset.digest"], (
        "the data is not the same"
    )

    evaluated.clear()
    final = home.run(*table("price"), "final=true")
    assert evaluated == [test], "once, and nothing else"
    assert final.tags["role"] == "final"
    assert "verdict" not in final.tags
    assert not [name for name in final.metrics if name.startswith(("val_", "best_val_"))]
    assert {"test_loss", "test_mae", "baseline/test_loss", "baseline/test_mae"} <= set(
        final.metrics
    )
    assert final.value == final.metrics["test_loss"]
    said = final.model().predict(encoding.raw(dataset, split.test), verbose=0)[:, 0]
    errors = said - rows()["price"].to_numpy()[split.test]
    assert np.abs(errors).mean() == pytest.approx(final.metrics["test_mae"], rel=1e-4)
    known = rows()["price"][[*split.train, *split.validation]]
    tested = rows()["price"][split.test]
    dumb = (tested - tested.mean()) / known.std(ddof=0)
    assert (dumb**2).mean() == pytest.approx(final.metrics["baseline/test_loss"], rel=1e-4)
    assert final.tags["weights"] != sound.tags["weights"], "it trains on validation rows, too"

    opened = home.run(*table("price", file="corrupted/rows.csv"), "final=true")
    assert opened.tags["weights"] == final.tags["weights"]
    assert opened.metrics["test_mae"] > 100 * final.metrics["test_mae"], (
        "the corruption would have been seen"
    )


@pytest.mark.slow
def test_test_images_are_sealed_too(home):
    settings = home.composed(*CONVNET)
    split = settings.builder("protocol")(settings.builder("dataset")())[0]
    sound = home.run(*CONVNET).told()
    files = [*sorted((home.folder / "pets" / "cat").iterdir(), key=lambda file: int(file.stem))]
    files += sorted((home.folder / "pets" / "dog").iterdir(), key=lambda file: int(file.stem))
    kept = {files[row]: files[row].read_bytes() for row in split.test}
    try:
        random = np.random.default_rng(0)
        for file in kept:  # Each has a content of its own: equal ones would be in one part.
            Image.fromarray(random.integers(0, 256, (12, 12, 3), "uint8")).save(file)
        corrupted = home.run(*CONVNET, again=True)
    finally:
        for file, content in kept.items():
            file.write_bytes(content)
    assert corrupted.told() == sound


@pytest.mark.long
def test_without_tracking_nothing_is_stored(tmp_path, monkeypatch, home, capsys):
    expected = home.run(*table("price")).value
    monkeypatch.chdir(tmp_path)
    settings = home.composed(*table("price", file=str(home.folder / "rows.csv")), "tracking=none")
    capsys.readouterr()
    assert run(settings) == expected
    assert list(tmp_path.iterdir()) == []
    assert "nowhere (tracking=none)" in capsys.readouterr().out


@pytest.mark.long
def test_the_last_lines_say_what_came_out_and_what_is_next(home):
    logged = home.run(*trained("price"))
    lines = logged.said.splitlines()
    heads = [line[:10].strip() for line in lines]
    assert list(filter(None, heads)) == ["verdict", "next", "best", "logged", "see it"]
    moves = [line[10:] for line in lines[1 : heads.index("best")]]
    assert moves == logged.tags["verdict.next"].splitlines()
    assert "goldilocks train dataset=table dataset.file=rows.csv" in moves[0]
    best = lines[heads.index("best")]
    assert best.startswith("best      epoch ")
    assert "(baseline " in best
    assert best.endswith("; data: rows.csv")
    assert lines[-1].endswith(f"goldilocks ui {logged.id[:8]}")


@pytest.mark.long
def test_a_reused_run_prints_what_a_fresh_one_prints(home, capsys):
    overrides = trained("red", "green")
    fresh = home.run(*overrides).said.splitlines()
    capsys.readouterr()
    run(home.composed(*overrides))
    printed = capsys.readouterr()
    reused, *again = printed.out.splitlines()
    assert reused.startswith("reused    run ")
    moves = ("next", " ")  # Their probabilities may have changed with the runs of other tests.
    assert [line for line in again if not line.startswith(moves)] == [
        line for line in fresh if not line.startswith(moves)
    ]
    assert any(line.startswith("each      ") for line in again)
    assert " train, " in printed.err


def test_a_smoke_run_says_that_everything_works(home):
    logged = home.run(*table("price"))
    heads = [line[:10].strip() for line in logged.said.splitlines()]
    assert list(filter(None, heads)) == ["works", "next", "best", "logged", "see it"]
    assert logged.tags["mlflow.note.content"].startswith("Everything works")


@pytest.mark.long
@pytest.mark.parametrize(
    ("change", "error", "match"),
    [
        ("dataset.dir=nowhere", ConfigError, r"dataset\.dir=nowhere is not a folder"),
        ("dataset.dir=single", DataError, "holds one class, 'cat'"),
        ("dataset.dir=empty", DataError, "holds no images"),
    ],
)
def test_a_folder_that_will_not_do_is_a_sentence_and_no_run(home, change, error, match):
    (home.folder / "empty").mkdir(exist_ok=True)
    for number in range(5):
        picture(home.folder / "single" / f"cat.{number}.png", number)
    before = len(home.all())
    with pytest.raises(error, match=match):
        run(home.composed("dataset=images", change, *SMALL))
    assert len(home.all()) == before


def test_a_model_that_does_not_fit_leaves_a_failed_run(home):
    before = {each.info.run_id for each in home.all()}
    with pytest.raises(ModelError, match=r"model\.layers is 4 .*12x12 pixels"):
        run(home.composed(*PETS, "model.layers=4"))
    [failed] = [each for each in home.all() if each.info.run_id not in before]
    assert failed.info.status == "FAILED"
    assert failed.data.params["model.layers"] == "4"


@pytest.mark.long
def test_a_target_that_is_not_there_ends_the_command_in_a_sentence(home):
    before = len(home.all())
    command = [
        sys.executable,
        ROOT / "train.py",
        "dataset=table",
        "dataset.file=rows.csv",
        "dataset.target=prize",
    ]
    done = subprocess.run(command, cwd=home.folder, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.startswith(
        "goldilocks: There is no column 'prize'; expected one of the columns of rows.csv: size,"
    )
    assert "Did you mean dataset.target=price?" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert len(home.all()) == before


def test_nothing_is_left_running(home):
    # Runs last, after all the errors above; runs of its own where it is run alone.
    home.run(*table("price"))
    assert {each.info.status for each in home.all()} <= {"FINISHED", "FAILED"}


@pytest.mark.long
def test_a_run_goes_on_where_another_ended_and_says_so(home):
    table = ("dataset=table", "dataset.file=rows.csv", "dataset.target=price", *SMALL)
    first = home.run(*table)
    second = home.run(*table, f"model.init_from={first.id}")
    assert second.tags["init_from"] == first.id
    assert second.history("loss")[0][1] < first.history("loss")[0][1]
    assert second.tags["weights"] != first.tags["weights"]


@pytest.mark.slow
def test_a_frozen_base_is_the_network_of_another_run(home):
    pets = (
        "dataset=images",
        "dataset.dir=pets",
        "dataset.image_size=12",
        "trainer=smoke",
        "model.units=4",
    )
    first = home.run(*pets)
    onto = home.run(*pets, "model=pretrained", "model.base=run", f"model.init_from={first.id}")
    assert onto.tags["init_from"] == first.id
    base, top = first.metrics["parameters"], onto.metrics["parameters"]
    assert top > base - 4 * 5  # The whole of it is counted, the frozen base too.
    pixels = np.zeros((2, 12, 12, 3), "uint8")
    assert onto.model().predict(pixels, verbose=0).shape == (2, 1)
