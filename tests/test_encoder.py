import keras
import numpy as np
import pandas
import pytest

from goldilocks.dataset import Dataset
from goldilocks.encoding import encoder as encoding

TRAIN = np.arange(0, 12)


def table(**columns):
    """A data set of 20 rows, of which the first 12 are for training; columns are float64 or str
    objects.
    """
    frame = pandas.DataFrame(
        {name: pandas.Series(values, dtype=_dtype(values)) for name, values in columns.items()}
    )
    return dataset("table", frame)


def _dtype(values):
    return object if isinstance(values[0], str) else "float64"


def dataset(kind, x, **more):
    return Dataset(
        name=kind,
        kind=kind,
        problem="regression",
        x=x,
        y=np.zeros(len(x), "float32"),
        classes=(),
        source="original",
        location="memory",
        digest="0" * 64,
        **more,
    )


def numbers(seed=0):
    return np.random.default_rng(seed).normal(50, 10, 20)


def features(encoder, data, rows=None):
    rows = np.arange(len(data.y)) if rows is None else rows
    return keras.ops.convert_to_numpy(encoder(encoding.raw(data, rows)))


def test_numbers_are_standardized_by_the_training_rows_alone():
    size, colour = numbers(), ["red", "blue"] * 10
    before = table(size=size, colour=colour)
    encoder = encoding.fit(before, TRAIN, in_order=False)
    trained = features(encoder, before)[TRAIN]
    assert trained[:, 0].mean() == pytest.approx(0, abs=1e-5)
    assert trained[:, 0].std() == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(
        features(encoder, before)[12:, 0],
        (size[12:] - size[:12].mean()) / size[:12].std(),
        rtol=1e-4,
        atol=1e-5,
    )

    # Every other row is changed beyond recognition: other numbers, gaps, other categories.
    others = np.where(np.arange(20) < 12, size, np.where(np.arange(20) % 2, np.nan, 1e6))
    after = table(size=others, colour=[*colour[:12], *["green"] * 8])
    refitted = encoding.fit(after, TRAIN, in_order=False)
    assert refitted.output.shape == encoder.output.shape
    np.testing.assert_array_equal(features(refitted, after)[TRAIN], trained)
    np.testing.assert_array_equal(features(refitted, before), features(encoder, before))


def test_a_gap_becomes_the_training_mean_and_is_marked():
    size, weight = numbers(), numbers(1)
    size[[2, 15]] = np.nan
    weight[15] = np.nan  # No gap among the training rows: there is nothing to learn from a mark.
    data = table(size=size, weight=weight)
    found = features(encoding.fit(data, TRAIN, in_order=False), data)
    assert found.shape == (20, 3)
    assert np.isfinite(found).all()
    assert found[[2, 15], 0].tolist() == [0, 0]
    assert found[15, 1] == 0
    assert np.flatnonzero(found[:, 2]).tolist() == [2, 15]
    known = size[:12][~np.isnan(size[:12])]
    assert found[0, 0] == pytest.approx((size[0] - known.mean()) / known.std(), abs=1e-5)


def test_categories_are_one_hot_with_a_column_for_unknown_ones():
    data = table(colour=[*["red", "blue", ""] * 4, "red", "mauve", "blue", "", *["red"] * 4])
    found = features(encoding.fit(data, TRAIN, in_order=False), data)
    assert found.shape == (20, 4)
    assert (found.sum(axis=1) == 1).all()
    assert set(found.ravel()) == {0, 1}
    unknown = found[13]
    assert not (found[TRAIN] * unknown).any(), (
        "the place for unknown categories is no training category's"
    )
    for known, seen in ((12, 0), (14, 1), (15, 2)):
        np.testing.assert_array_equal(found[known], found[seen])


def test_a_category_named_as_keras_names_the_unknown_is_no_obstacle():
    data = table(colour=["[UNK]", "red"] * 10)
    found = features(encoding.fit(data, TRAIN, in_order=False), data)
    assert found[0].tolist() != found[1].tolist()


@pytest.mark.parametrize("value", [np.nan, 0.1, 7.0])
def test_a_column_that_says_nothing_in_training_never_outshouts_the_others(value):
    # A number that stands still in the training rows has no spread to divide by: 8 / 1e-7 would
    # drown all the rest.
    still = np.full(20, value)
    still[12:] = np.arange(8) + 100
    data = table(size=numbers(), still=still)
    found = features(encoding.fit(data, TRAIN, in_order=False), data)
    assert np.isfinite(found).all()
    assert np.abs(found).max() < 10
    assert len(np.unique(found[:, 1])) == 1


NAMES = ("price/m2", "price_m2", "number of rooms", "größe (cm)", "a:b", "%", "0", "[x]", "a\\b")


def test_any_name_of_a_column_will_do(tmp_path):
    columns = {name: numbers(place) for place, name in enumerate(NAMES)}
    data = table(**columns, **{"kind of/house": ["flat", "cottage"] * 10})
    encoder = encoding.fit(data, TRAIN, in_order=False)
    found = features(encoder, data)
    assert found.shape == (20, len(NAMES) + 3)
    for place, values in enumerate(
        columns.values()
    ):  # None is lost, and none is taken for another.
        expected = (values - values[:12].mean()) / values[:12].std()
        np.testing.assert_allclose(found[:, place], expected, rtol=1e-4, atol=1e-5)
    encoder.save(tmp_path / "encoder.keras")
    reloaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(features(reloaded, data), found)


@pytest.mark.parametrize("values", [(7.0, np.nan), (0.1, 0.1), ("red", "")])
def test_a_saved_encoder_gives_the_same(tmp_path, values):
    data = table(size=numbers(), other=[*values] * 10)
    encoder = encoding.fit(data, TRAIN, in_order=False)
    encoder.save(tmp_path / "encoder.keras")
    reloaded = keras.models.load_model(tmp_path / "encoder.keras")
    np.testing.assert_array_equal(features(reloaded, data), features(encoder, data))


def test_attached_to_a_model_it_predicts_from_raw_rows_what_the_two_do(tmp_path):
    data = table(size=[*numbers()[:18], np.nan, np.nan], colour=["red", "blue"] * 10)
    encoder = encoding.fit(data, TRAIN, in_order=False)
    model = keras.Sequential(
        [keras.Input(encoder.output.shape[1:]), keras.layers.Dense(2)], name="mlp"
    )
    whole = encoding.attach(encoder, model)
    expected = model(features(encoder, data)).numpy()
    np.testing.assert_array_equal(whole(encoding.raw(data, np.arange(20))).numpy(), expected)
    model.layers[-1].kernel.assign(model.layers[-1].kernel + 1)  # They share their weights.
    assert np.abs(whole(encoding.raw(data, np.arange(20))).numpy() - expected).max() > 0.1
    whole.save(tmp_path / "whole.keras")
    reloaded = keras.models.load_model(tmp_path / "whole.keras")
    np.testing.assert_array_equal(
        reloaded(encoding.raw(data, np.arange(20))).numpy(), model(features(encoder, data)).numpy()
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_become_zero_to_one(channels):
    x = np.random.default_rng(0).integers(0, 256, (20, 4, 5, channels), dtype=np.uint8)
    x[0], x[1] = 0, 255
    data = dataset("image", x)
    found = features(encoding.fit(data, TRAIN, in_order=False), data)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, x / 255, rtol=1e-6)
    assert (found[0].max(), found[1].min()) == (0, 1)


def test_only_the_rows_needed_are_read_of_streamed_images(tmp_path):
    paths = []
    for number in range(3):
        paths.append(str(tmp_path / f"{number}.png"))
        keras.utils.save_img(paths[-1], np.full((6, 4, 3), number * 100, "uint8"), scale=False)
    data = dataset("image", np.array(paths), image_size=(2, 2))
    pixels = encoding.raw(data, np.array([2, 0]))
    assert isinstance(pixels, np.ndarray)
    assert pixels.dtype == np.uint8
    assert pixels[:, 0, 0, 0].tolist() == [200, 0]
    assert pixels.shape == (2, 2, 2, 3)
    assert encoding.fit(data, np.arange(2), in_order=False).input_shape == (None, 2, 2, 3)
