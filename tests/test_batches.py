import keras
import numpy as np
import pandas
import pytest
import tensorflow as tf

from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding
from goldilocks.model import Regularizer
from goldilocks.training import batches

ROWS = np.array([1, 2, 3, 5, 8, 13, 4, 7, 11, 18])
STEPS = 4  # batches of 3 of these 10 rows
STILL = Regularizer(
    0, 0, 0, 0, flip=False, rotation=0, translation=0, shear=0, zoom=0, patience=None
)
MOVED = Regularizer(
    0, 0, 0, 0, flip=True, rotation=40.0, translation=0.2, shear=0.2, zoom=0.2, patience=None
)


def dataset(x, kind, **more):
    return Dataset(
        name=kind,
        kind=kind,
        problem="regression",
        x=x,
        y=np.arange(20, dtype="float32"),
        classes=(),
        source="original",
        location="memory",
        digest="0" * 64,
        **more,
    )


@pytest.fixture(scope="module")
def held():
    return dataset(
        np.random.default_rng(0).integers(0, 256, (20, 16, 16, 3), dtype=np.uint8), "image"
    )


@pytest.fixture(scope="module")
def table():
    return dataset(pandas.DataFrame({"size": np.arange(20.0)}), "table")


@pytest.fixture(scope="module")
def streamed(held, tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    paths = [str(folder / f"{number}.png") for number in range(20)]
    for path, picture in zip(paths, held.x, strict=True):
        keras.utils.save_img(path, picture, scale=False)
    return dataset(np.array(paths), "image", image_size=(16, 16))


def training(data, *, seed=0, augment=None, batch_size=3, batches_done=0):
    encoder = encoding.fit(data, ROWS, in_order=False)
    return batches.training(
        data,
        encoder,
        ROWS,
        data.y,
        batch_size=batch_size,
        shuffle=True,
        seed=seed,
        augment=augment,
        batches_done=batches_done,
    )


def taken(pipeline, epochs=1):
    """Return joined features and targets of some epochs."""
    pairs = list(pipeline.take(STEPS * epochs).as_numpy_iterator())
    epochs_taken = []
    for start in range(0, len(pairs), STEPS):
        x, y = zip(*pairs[start : start + STEPS], strict=True)
        assert [len(batch) for batch in y] == [3, 3, 3, 1]
        epochs_taken.append((np.concatenate(x), np.concatenate(y)))
    return epochs_taken


def orders(data, **settings):
    return [y.tolist() for _, y in taken(training(data, **settings), epochs=3)]


@pytest.mark.parametrize("name", ["held", "streamed", "table"])
def test_every_epoch_has_every_row_once_in_another_order(name, request):
    data = request.getfixturevalue(name)
    first = orders(data)
    assert [sorted(order) for order in first] == [sorted(ROWS.tolist())] * 3
    assert len({tuple(order) for order in [*first, ROWS.tolist()]}) == 4
    assert orders(data) == first
    other = orders(data, seed=1)
    assert not any(order in first for order in other)


def test_rows_and_targets_stay_together(held, streamed, table):
    for data in (held, streamed):
        [(x, y)] = taken(training(data))
        np.testing.assert_allclose(x, held.x[y.astype(int)] / 255, rtol=1e-6)
    [(x, y)] = taken(training(table))
    np.testing.assert_allclose(x[:, 0], (y - ROWS.mean()) / ROWS.std(), rtol=1e-5)


@pytest.mark.parametrize("name", ["held", "streamed", "table"])
def test_evaluation_keeps_the_order_once(name, request, monkeypatch):
    monkeypatch.setattr(batches, "ROWS_TO_EVALUATE", 4)
    data = request.getfixturevalue(name)
    encoder = encoding.fit(data, ROWS, in_order=False)
    pairs = list(batches.evaluation(data, encoder, ROWS, data.y).as_numpy_iterator())
    assert [len(y) for _, y in pairs] == [4, 4, 2]
    assert np.concatenate([y for _, y in pairs]).tolist() == ROWS.tolist()
    np.testing.assert_array_equal(
        np.concatenate([x for x, _ in pairs]),
        keras.ops.convert_to_numpy(encoder(encoding.raw(data, ROWS))),
    )


def test_streamed_and_held_rows_are_equal(held, streamed):
    for (x, y), (x_streamed, y_streamed) in zip(
        taken(training(held), epochs=2), taken(training(streamed), epochs=2), strict=True
    ):
        np.testing.assert_array_equal(y, y_streamed)
        np.testing.assert_array_equal(x, x_streamed)


@pytest.mark.long
def test_augmentation_changes_every_view_and_depends_on_its_seed(held):
    # As `trainer.deterministic` does, which promises it.
    tf.config.experimental.enable_op_determinism()

    def views(seed):
        return taken(training(held, augment=batches.augmentation(MOVED, seed=seed)), epochs=2)

    first = views(0)
    for (x, y), (again, _) in zip(first, views(0), strict=True):
        assert x.dtype == np.float32
        assert (x.min() >= 0, x.max() <= 1) == (True, True)
        assert np.abs(x - held.x[y.astype(int)] / 255).mean(axis=(1, 2, 3)).min() > 0.01, (
            "a view as the original is"
        )
        np.testing.assert_array_equal(x, again)
    (x, y), (later, y_later) = first
    assert np.abs(x[np.argsort(y)] - later[np.argsort(y_later)]).mean(axis=(1, 2, 3)).min() > 0.01
    assert np.abs(views(1)[0][0] - x).mean() > 0.01


@pytest.mark.parametrize(
    ("part", "value", "layers"),
    [
        ("flip", True, ["RandomFlip"]),
        ("rotation", 40.0, ["RandomRotation"]),
        ("translation", 0.2, ["RandomTranslation"]),
        ("shear", 0.2, ["RandomShear"]),
        ("zoom", 0.2, ["RandomZoom"]),
    ],
)
def test_each_part_of_the_augmentation_is_a_layer(part, value, layers):
    regularizer = Regularizer(**{**vars(STILL), part: value})
    assert regularizer.augments
    assert [
        type(layer).__name__ for layer in batches.augmentation(regularizer, seed=0).layers
    ] == layers
    assert not STILL.augments


def test_a_rotation_is_in_degrees():
    layer = batches.augmentation(Regularizer(**{**vars(STILL), "rotation": 90.0}), seed=0).layers[0]
    assert layer.factor == (-0.25, 0.25)  # of a full turn


@pytest.mark.long
@pytest.mark.parametrize("name", ["held", "streamed"])
@pytest.mark.parametrize("augmented", [False, True])
def test_a_resumed_training_gets_the_next_batches(name, augmented, request):
    data = request.getfixturevalue(name)
    if augmented and name == "held":
        pytest.skip("what is augmented is not held")

    def stream(done):
        augment = batches.augmentation(MOVED, seed=3) if augmented else None
        return training(data, augment=augment, batches_done=done)

    whole, rest = taken(stream(0), epochs=3), taken(stream(2 * STEPS), epochs=1)
    np.testing.assert_array_equal(rest[0][0], whole[2][0])
    np.testing.assert_array_equal(rest[0][1], whole[2][1])


def test_a_resumed_training_makes_no_view_of_earlier_epochs(streamed, monkeypatch):
    read = []
    pixels = encoding.pixels
    monkeypatch.setattr(encoding, "pixels", lambda data, at: read.extend(at) or pixels(data, at))
    stream = training(
        streamed, augment=batches.augmentation(MOVED, seed=3), batches_done=1000 * STEPS
    )
    read.clear()
    next(stream.as_numpy_iterator())
    assert len(read) < 100 * len(ROWS), "what is read ahead is far less than 1,000 epochs"
