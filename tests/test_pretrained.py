import dataclasses
import urllib.error

import keras
import numpy as np
import pytest

from goldilocks.encoding import encoder
from goldilocks.errors import ModelError
from goldilocks.model import convnet, mlp, pretrained
from test_model import NONE, facts, regularized

KEYS = {
    "base": "vgg16",
    "weights": None,
    "preprocess": "rescale",
    "pooling": "flatten",
    "unfreeze_from": None,
    "units": 256,
    "activation": "relu",
}
BOOK = (150, 150, 3)


def built(shape=BOOK, regularizer=NONE, *, earlier=None, outputs=1, **keys):
    data = facts(shape, outputs)
    return pretrained.build(
        dataclasses.replace(data, initial_model=earlier), regularizer, **{**KEYS, **keys}
    )


def whole(model):
    """As a run logs it."""
    pixels = keras.Input(model.input_shape[1:], dtype="uint8", name="pixels")
    return encoder.attach(
        keras.Model(pixels, keras.layers.Rescaling(1 / 255)(pixels), name="encoder"), model
    )


def a_convnet(shape=(32, 32, 3), regularizer=NONE):
    return convnet.build(
        facts(shape), regularizer, filters=[4, 6], layers=2, units=5, activation="relu"
    )


def images(shape, count=3):
    return np.random.default_rng(0).random((count, *shape), dtype="float32")


def size(weights):
    return sum(int(np.prod(weight.shape)) for weight in weights)


def test_the_parameters_of_the_books_pretrained_network():
    keras.utils.set_random_seed(0)
    frozen = built(regularizer=regularized(dropout=0.5))
    base = frozen.get_layer("base")
    assert base.count_params() == 14_714_688
    assert base.output_shape == (None, 4, 4, 512)
    assert frozen.count_params() - base.count_params() == 2_097_665
    assert (len(frozen.weights), len(frozen.trainable_weights)) == (30, 4)
    kinds = [type(layer).__name__ for layer in frozen.layers]
    assert kinds == ["InputLayer", "Functional", "Flatten", "Dense", "Dropout", "Dense"]
    tuned = built(unfreeze_from="block5_conv1")
    assert size(tuned.get_layer("base").trainable_weights) == 7_079_424
    trained = {weight.path.split("/")[-2] for weight in tuned.get_layer("base").trainable_weights}
    assert trained == {"block5_conv1", "block5_conv2", "block5_conv3"}
    assert len(built(unfreeze_from="all").trainable_weights) == 30


@pytest.mark.long
def test_a_base_gets_what_it_was_trained_with(tmp_path):
    colours = images((40, 32, 3))
    model = built((40, 32, 3), preprocess="base", pooling="avg")
    base = model.get_layer("base")
    first = keras.Model(base.input, base.get_layer("block1_conv1").output)
    plain = keras.applications.VGG16(include_top=False, weights=None, input_shape=(40, 32, 3))
    plain.set_weights(base.get_weights())
    expected = keras.Model(plain.input, plain.get_layer("block1_conv1").output)(
        keras.applications.vgg16.preprocess_input(255 * colours.astype("float64")).astype("float32")
    )
    np.testing.assert_allclose(first(colours), expected, atol=1e-3)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(colours), model(colours))


@pytest.mark.parametrize(
    ("pooling", "features"), [("flatten", 2 * 1 * 512), ("avg", 512), ("max", 512)]
)
def test_pooling_stands_between_base_and_top(pooling, features):
    model = built((64, 32, 3), regularized(l2=0.5), pooling=pooling, units=7, outputs=4)
    assert model.get_layer("pooling").output.shape == (None, features)
    assert [layer.kernel.shape for layer in model.layers[3:]] == [(features, 7), (7, 4)]
    assert model.layers[3].kernel_regularizer.get_config() == {"l1": 0.0, "l2": 0.5}
    assert model.name == "pretrained"


@pytest.mark.long
def test_batch_normalizations_stay_as_they_are():
    model = built(
        (32, 32, 3), base="mobilenet_v2", unfreeze_from="block_16_project", pooling="avg", units=4
    )
    base = model.get_layer("base")
    assert [weight.path.split("/")[-2] for weight in base.trainable_weights] == [
        "block_16_project",
        "Conv_1",
    ]
    before = [np.array(weight) for weight in base.non_trainable_weights]
    model.compile("sgd", "binary_crossentropy")
    model.train_on_batch(images((32, 32, 3)), np.array([[0.0], [1.0], [1.0]]))
    for old, weight in zip(before, base.non_trainable_weights, strict=True):
        np.testing.assert_array_equal(old, weight)


def test_the_networks_of_keras_have_names():
    names = {
        "vgg16",
        "vgg19",
        "resnet50",
        "resnet152_v2",
        "mobilenet",
        "mobilenet_v3_small",
        "xception",
        "densenet121",
    }
    names |= {
        "inception_v3",
        "inception_resnet_v2",
        "efficientnet_b0",
        "efficientnet_v2_b0",
        "efficientnet_v2_s",
    }
    assert names | {"convnext_tiny", "nasnet_mobile"} <= set(pretrained.NETWORKS)
    assert all(callable(module.preprocess_input) for _, module in pretrained.NETWORKS.values())
    assert pretrained.NETWORKS["resnet50_v2"][1].__name__.endswith("resnet_v2")


@pytest.mark.parametrize(
    ("keys", "sentence"),
    [
        (
            {"base": "resnet50v2"},
            r"base is resnet50v2; expected auto, run, or one of convnext_base, .+ mean resnet50_v2\?$",
        ),
        (
            {"shape": (31, 40, 3)},
            r"vgg16, which cannot be built for images of 31x40x3: .+at least 32x32.+image_size",
        ),
        (
            {"shape": (31, 40, 3), "base": "efficientnet_lite0"},
            r"lite0, which cannot be built for images of 31x40x3: .+at least 32x32.+image_size",
        ),
        (
            {"shape": (40, 40, 1)},
            r"vgg16, which takes images of 3 colour channels; these are 40x40x1\. Use .+\.$",
        ),
        (
            {"unfreeze_from": "block5conv1"},
            r"expected all, or .+ block1_conv1 to block5_conv3\. .+ block5_conv1\?$",
        ),
        (
            {"unfreeze_from": "block5_pool"},
            r"no layer from there up has weights to train; .+ is block5_conv3\.$",
        ),
        (
            {"base": "run"},
            r"base is run, but model\.init_from names none; add model\.init_from=RUN_ID\.$",
        ),
    ],
)
def test_a_model_that_cannot_be_built_is_one_sentence(keys, sentence):
    with pytest.raises(ModelError, match=sentence):
        built(**{"shape": (32, 32, 3), **keys})


@pytest.mark.parametrize(
    ("failure", "sentence"),
    [
        (
            urllib.error.URLError("no route"),
            r"cannot be had: None -- no route\. .+ vgg16_\w+_notop\.h5 \(from https:",
        ),
        (
            PermissionError("read-only"),
            r"cannot be had: read-only\. Expected the network, or the file of vgg16",
        ),
    ],
)
def test_a_failed_download_of_weights_is_one_sentence(monkeypatch, tmp_path, failure, sentence):
    def refuse(*_):
        raise failure

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refuse)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    with pytest.raises(
        ModelError, match=sentence + r".+\$KERAS_HOME.+base=run model\.init_from.+weights=null\)\.$"
    ):
        built((32, 32, 3), weights="imagenet")


@pytest.fixture
def _asked_anew():
    pretrained.has_weights.cache_clear()
    yield
    pretrained.has_weights.cache_clear()


@pytest.mark.usefixtures("_asked_anew")
def test_keras_has_weights_that_are_in_its_folder(monkeypatch, tmp_path):
    network = keras.applications.VGG16(include_top=False, weights=None, input_shape=(32, 32, 3))
    network.save_weights(tmp_path / "vgg16.weights.h5")

    def get_file(name, origin, **_):
        assert name in origin
        return str(tmp_path / "vgg16.weights.h5")

    monkeypatch.setattr("keras.src.utils.file_utils.get_file", get_file)
    assert pretrained.has_weights("vgg16")


@pytest.mark.usefixtures("_asked_anew")
def test_keras_has_no_weights_where_the_network_is_gone(monkeypatch, tmp_path):
    def refuse(*_):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", refuse)
    monkeypatch.setattr("keras.src.utils.file_utils.config.keras_home", lambda: str(tmp_path))
    assert not pretrained.has_weights("vgg16")
    monkeypatch.setattr("keras.src.utils.file_utils.urlretrieve", None)
    assert not pretrained.has_weights("vgg16"), "it is asked once in a process"


@pytest.mark.long
def test_the_lite_network_is_a_base_like_the_others():
    colours = images((40, 32, 3))
    model = built(
        (40, 32, 3),
        base="efficientnet_lite0",
        preprocess="base",
        pooling="avg",
        unfreeze_from="block7a_expand_conv",
    )
    base = model.get_layer("base")
    assert base.count_params() == 3_413_024
    trained = [weight.path.split("/")[-2] for weight in base.trainable_weights]
    assert trained == [
        "block7a_expand_conv",
        "block7a_dwconv",
        "block7a_project_conv",
        "top_conv",
    ]
    plain = pretrained.NETWORKS["efficientnet_lite0"][0](
        weights=None, include_top=False, input_shape=(40, 32, 3)
    )
    plain.set_weights(base.get_weights())
    expected = plain((255 * colours - 127) / 128)
    np.testing.assert_allclose(base(colours), expected, rtol=1e-4, atol=1e-5)
    again = built(
        (40, 32, 3), base="run", earlier=whole(model), preprocess="base", pooling="avg", units=256
    )
    np.testing.assert_allclose(again(colours), model(colours), rtol=1e-4)
    plainly = built((40, 32, 3), base="efficientnet_lite0", pooling="avg").get_layer("base")
    plainly.set_weights(base.get_weights())
    np.testing.assert_allclose(plainly(colours), plain(colours), rtol=1e-4, atol=1e-5)


def test_the_base_can_be_the_convolutions_of_a_run():
    keras.utils.clear_session()  # Layers are then called conv2d and conv2d_1.
    keras.utils.set_random_seed(0)
    earlier = a_convnet(regularizer=regularized(l2=0.5, dropout=0.25))
    model = built(
        (32, 32, 3), base="run", earlier=whole(earlier), unfreeze_from="conv2d_1", units=3
    )
    base = model.get_layer("base")
    colours = images((32, 32, 3))
    flat = next(layer for layer in earlier.layers if isinstance(layer, keras.layers.Flatten))
    expected = keras.Model(earlier.input, flat.input)(colours)
    np.testing.assert_allclose(base(colours), expected, rtol=1e-5)
    assert model.losses == [], "the earlier run's penalty stays behind"
    for weight in base.weights:
        weight.assign(weight + 1)
    np.testing.assert_array_equal(keras.Model(earlier.input, flat.input)(colours), expected)


def test_a_pretrained_run_keeps_its_top_if_it_fits():
    keras.utils.set_random_seed(0)
    colours = images((32, 32, 3))
    first = built((32, 32, 3), base="run", earlier=whole(a_convnet()), units=3)
    second = built((32, 32, 3), base="run", earlier=whole(first), units=3, unfreeze_from="all")
    np.testing.assert_allclose(second(colours), first(colours), rtol=1e-5)
    assert (len(first.trainable_weights), len(second.trainable_weights)) == (4, 8)
    other = built((32, 32, 3), base="run", earlier=whole(first), units=5)
    np.testing.assert_allclose(
        other.get_layer("base")(colours), first.get_layer("base")(colours), rtol=1e-5
    )
    assert other.count_params() > first.count_params()


def test_a_tuned_base_keeps_its_preprocessing():
    keras.utils.set_random_seed(0)
    colours = images((32, 32, 3))
    first = built((32, 32, 3), preprocess="base", pooling="avg", units=3)
    second = built((32, 32, 3), base="run", earlier=whole(first), pooling="avg", units=3)
    np.testing.assert_allclose(second(colours), first(colours), rtol=1e-5)


@pytest.mark.parametrize(
    ("earlier", "sentence"),
    [
        (
            lambda: a_convnet((40, 32, 3)),
            r"takes images of 40x32x3, and these are 32x32x3; .+dataset\.image_size",
        ),
        (
            lambda: mlp.build(facts((32, 32, 3)), NONE, units=4, layers=1, activation="relu"),
            r"a model \(mlp\) without convolutions below a flattening; .+ model=convnet or "
            r"model=pretrained\.$",
        ),
    ],
)
def test_a_run_without_convolutions_is_no_base(earlier, sentence):
    with pytest.raises(ModelError, match=sentence):
        built((32, 32, 3), base="run", earlier=whole(earlier()))


def test_weights_that_a_run_replaces_are_not_downloaded(monkeypatch):
    monkeypatch.setattr(
        "keras.src.utils.file_utils.urlretrieve", lambda *_: pytest.fail("a download")
    )
    model = built((32, 32, 3), weights="imagenet", earlier=whole(a_convnet()))
    assert model.get_layer("base").count_params() == 14_714_688


@pytest.mark.long
def test_a_base_with_other_preprocessing_is_refused():
    first = whole(built((32, 32, 3), base="mobilenet_v2", pooling="avg"))
    same = built(
        (32, 32, 3), base="mobilenet_v2", pooling="avg", earlier=first, unfreeze_from="all"
    )
    assert same.get_layer("base").count_params() == 2_257_984
    with pytest.raises(
        ModelError, match=r"preprocess is base with model\.base=mobilenet_v2; .+ in another way\."
    ):
        built((32, 32, 3), base="mobilenet_v2", pooling="avg", earlier=first, preprocess="base")
