import numpy as np
import pandas as pd
import pytest
from mlflow.tracking import MlflowClient
from PIL import Image

from goldilocks.config.settings import builder
from goldilocks.dataset import Dataset
from goldilocks.errors import AnalysisError, ConfigError, DataError, StoreError
from goldilocks.interpret import analyse, figures
from goldilocks.problem import standard
from goldilocks.run.run import run
from goldilocks.tracking import local

NOTHING = {"layer": None, "image": None, "words": ()}


@pytest.fixture
def logged(folder, composed):
    """Trains one run in an empty folder; gives its ID and the store."""

    def train(*overrides):
        run(composed(*overrides, "trainer=smoke"))
        store = local.connect(uri=None, experiment="goldilocks")
        runs = store.client.search_runs([store.experiment_id], order_by=["start_time DESC"])
        return next(
            stored.info.run_id for stored in runs if stored.outputs and stored.outputs.model_outputs
        ), store

    return train


@pytest.fixture
def few(monkeypatch):
    """Smaller figures of what is slow."""
    for name, value in {
        "FILTERS": 2,
        "STEPS": 2,
        "LAYERS_SHOWN": 2,
        "LAYERS_CLIMBED": 1,
        "WINDOWS": 20,
    }.items():
        monkeypatch.setattr(figures, name, value)


def images(folder):
    rng = np.random.default_rng(0)
    for name, low in (("dark", 0), ("light", 155)):
        (folder / "pictures" / name).mkdir(parents=True)
        for number in range(30):
            pixels = rng.integers(low, low + 100, (16, 16, 3)).astype("uint8")
            Image.fromarray(pixels).save(folder / "pictures" / name / f"{number}.png")
    return (
        "dataset=images",
        "dataset.dir=pictures",
        "dataset.image_size=16",
        "model=convnet",
        "model.filters=[4]",
    )


def table(folder):
    rows = np.random.default_rng(0).normal(size=(120, 2))
    towns = np.where(rows[:, 1] > 0, "Ulm", "Bonn")
    price = 5 * rows[:, 0] + rows[:, 1] ** 2
    columns = {"size": rows[:, 0], "noise": rows[:, 1], "town": towns, "price": price}
    pd.DataFrame(columns).to_csv(folder / "h.csv")
    return ("dataset=table", "dataset.file=h.csv", "dataset.target=price", "model.units=8")


def artifacts(store, run_id):
    return {item.path for item in store.client.list_artifacts(run_id, "analysis")}


@pytest.mark.long
def test_a_run_on_images_has_its_figures(folder, logged, few, capsys):
    run_id, store = logged(*images(folder), "model.units=8")
    before = store.client.get_run(run_id).data
    names = analyse.run(store, run_id, **NOTHING)
    assert {name.rstrip("_0123456789") for name in names} == {
        "activations_1_conv2d",
        "activations_2_max_pooling2d",
        "filters_conv2d",
        "grad_cam",
    }
    assert artifacts(store, run_id) == {f"analysis/{name}.png" for name in names}
    after = store.client.get_run(run_id).data
    assert (after.metrics, after.params, after.tags) == (before.metrics, before.params, before.tags)
    assert f"under analysis/ of run {run_id}" in capsys.readouterr().out


@pytest.mark.long
def test_a_users_image_and_one_layer(folder, logged, few, capsys):
    run_id, store = logged(*images(folder), "model.units=8")
    Image.new("L", (50, 40), 200).save(folder / "own.jpg")
    with pytest.raises(
        AnalysisError,
        match=r"nothing is no layer of convnet with feature maps; its convolutions are",
    ):
        analyse.run(store, run_id, layer="nothing", image=None, words=())
    assert artifacts(store, run_id) == set()
    assert "grad_cam" in analyse.run(store, run_id, layer=None, image=folder / "own.jpg", words=())
    assert "sealed test row" not in capsys.readouterr().err
    tree = analyse._config(store, store.get_run(run_id))
    row = builder(tree, "protocol")(builder(tree, "dataset")())[0].test[0]
    image = folder / "pictures" / ["dark", "light"][row // 30] / f"{row % 30}.png"
    analyse.run(store, run_id, layer=None, image=image, words=())
    assert "1 of these rows is a sealed test row of the run" in capsys.readouterr().err
    table(folder)
    with pytest.raises(
        DataError, match=r"--image is .+h.csv, which cannot be read: .+ Expected a JPEG or PNG"
    ):
        analyse.run(store, run_id, layer=None, image=folder / "h.csv", words=())


@pytest.mark.long
def test_the_test_rows_of_a_table_are_never_read(folder, logged, monkeypatch):
    run_id, store = logged(*table(folder))
    read = []
    raw = figures.encoding.raw
    monkeypatch.setattr(
        figures.encoding, "raw", lambda dataset, rows: read.append(rows) or raw(dataset, rows)
    )
    assert analyse.run(store, run_id, **NOTHING) == ["permutation_importance"]
    tree = analyse._config(store, store.get_run(run_id))
    split = builder(tree, "protocol")(builder(tree, "dataset")())[0]
    assert read
    assert all(set(rows) <= set(split.validation) for rows in read)


@pytest.mark.long
def test_changed_data_is_refused(folder, logged):
    run_id, store = logged(*table(folder))
    pd.read_csv("h.csv").assign(price=lambda rows: 2 * rows["price"]).to_csv("h.csv", index=False)
    with pytest.raises(
        DataError,
        match=r"dataset=table has the digest \w{12}, and the run .+ was trained on \w{12};",
    ):
        analyse.run(store, run_id, **NOTHING)
    (folder / "h.csv").unlink()
    with pytest.raises(
        ConfigError, match=r"the configuration of the run \w{32} .+ cannot be used here: .+h.csv"
    ):
        analyse.run(store, run_id, **NOTHING)


def test_a_run_without_a_configuration_is_refused(folder):
    store = local.connect(uri=None, experiment="goldilocks")
    empty = MlflowClient().create_run(store.experiment_id).info.run_id
    with pytest.raises(
        StoreError, match=rf"the run {empty} logged no config.yaml; expected a run of train.py"
    ):
        analyse.run(store, empty, **NOTHING)
    with pytest.raises(
        StoreError, match=r"the run to look at is f{32}, and the store .+ has no such run"
    ):
        analyse.run(store, "f" * 32, **NOTHING)


@pytest.mark.slow
def test_each_fold_uses_its_own_validation_rows(folder, logged, monkeypatch):
    run_id, store = logged(*table(folder), "protocol=kfold", "protocol.k=2")
    assert store.get_run(run_id).tags["fold"] == "2"
    store.client.set_tag(
        run_id, "mlflow.runName", "my favourite"
    )  # A name is for people: nothing hangs on it.
    config = analyse._config(store, store.get_run(run_id))
    dataset = builder(config, "dataset")()
    splits = builder(config, "protocol")(dataset)
    split = analyse._split(config, dataset, store.get_run(run_id))
    np.testing.assert_array_equal(split.validation, splits[1].validation)


@pytest.mark.long
def test_a_published_network_by_its_name(tmp_path, few, monkeypatch, capsys):
    make, module = analyse.NETWORKS["mobilenet_v2"]

    def small(weights):
        return make(weights=weights, input_shape=(32, 32, 3), alpha=0.35)

    monkeypatch.setitem(analyse.NETWORKS, "mobilenet_v2", (small, module))
    Image.new("RGB", (50, 40), "red").save(tmp_path / "own.png")
    names = analyse.network(
        "MobileNetV2", tmp_path / "own.png", tmp_path / "out", weights=None, layer=None
    )
    assert {f"{name}.png" for name in names} == {file.name for file in (tmp_path / "out").iterdir()}
    assert names[0] == "grad_cam"
    assert " class " in capsys.readouterr().err
    with pytest.raises(
        AnalysisError, match=r"vgg17 is neither the ID of a run .+ nor a network .+ vgg16"
    ):
        analyse.network("vgg17", tmp_path / "own.png", tmp_path, weights=None, layer=None)


def test_of_each_label_a_right_row_and_its_worst_mistake_are_shown(monkeypatch):
    data = Dataset(
        name="texts",
        kind="text",
        problem="multilabel",
        x=np.array(["a", "b", "c", "d"], object),
        y=np.array([[0, 1, 0], [0, 1, 1], [0, 1, 0], [0, 0, 1]], "float32"),
        classes=("rare", "red", "big"),
        source="original",
        location="memory",
        digest="",
    )
    predicted = np.array([[0.1, 0.3, 0.4], [0.1, 0.9, 0.2], [0.1, 0.4, 0.5], [0.1, 0.1, 0.7]])
    monkeypatch.setattr(figures, "predict", lambda *_: predicted)
    subject = figures.Subject(
        name="a run",
        model=None,
        encoder=None,
        network=None,
        dataset=data,
        problem=standard("multilabel", (0.5, 0.5, 0.3)),
        rows=np.arange(4),
    )
    rows, captions, labels = figures._examples(subject, 2)
    assert rows.tolist() == [1, 0, 3, 1]
    assert labels.tolist() == [1, 1, 2, 2]  # The most frequent first.
    assert captions == [
        "right: true red, said red 0.90",
        "wrong: true red, said no red 0.70",
        "right: true big, said big 0.70",
        "wrong: true big, said no big 0.80",
    ]


@pytest.mark.long
def test_a_run_on_texts_has_its_figures(folder, logged):
    words = np.random.default_rng(0).choice(["film", "plot", "star"], size=(80, 4))
    opinions = ["good" if row % 2 else "bad" for row in range(80)]
    pd.DataFrame(
        {
            "review": [" ".join([word, *rest]) for word, rest in zip(opinions, words, strict=True)],
            "liked": opinions,
        }
    ).to_csv("t.csv")
    data = (
        "dataset=texts",
        "dataset.file=t.csv",
        "dataset.text=review",
        "dataset.target=liked",
        "dataset.max_tokens=9",
    )
    run_id, store = logged(*data, "dataset.maxlen=6", "model=embedding")
    names = analyse.run(store, run_id, layer=None, image=None, words=("good", "unheard"))
    assert names == ["nearest_words", "saliency"]


@pytest.mark.slow
def test_a_run_on_a_series_has_its_figures(folder, logged, few):
    values = np.sin(np.arange(400) / 5)
    hours = pd.date_range("2020-01-01", periods=400, freq="h")
    pd.DataFrame({"time": hours, "a": values, "b": values**2}).to_csv("s.csv", index=False)
    data = (
        "dataset=series",
        "dataset.file=s.csv",
        "dataset.target=a",
        "dataset.time=time",
        "dataset.lookback=12",
    )
    run_id, store = logged(*data, "dataset.step=1", "dataset.delay=1", "model=rnn", "model.units=2")
    assert analyse.run(store, run_id, **NOTHING) == ["permutation_importance", "saliency_over_time"]
