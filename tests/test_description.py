import keras

from goldilocks.run import description


def network(units):
    keras.utils.clear_session()
    return keras.Sequential([keras.Input((3,)), keras.layers.Dense(units)], name="mlp")


def listed(model):
    lines = []
    model.summary(print_fn=lines.append, line_length=100, expand_nested=True)
    return "\n".join(lines)


def test_the_layers_of_models_that_are_alike_are_listed_once_and_others_anew(monkeypatch):
    first, alike, larger = network(2), network(2), network(4)
    text = description._layers(first)
    assert text == listed(first)
    with monkeypatch.context() as once:
        once.delattr(keras.Model, "summary")
        assert description._layers(alike) == text
    assert description._layers(larger) == listed(larger)
