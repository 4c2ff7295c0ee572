"""Every parameter count of the book's eleven chapters, from the experiments' own files."""

import keras
import numpy as np
import pytest

from composition import OPTIONS, checked
from goldilocks.model import Facts

# What the originals of the data sets decide.
CLASSES = {"mnist": 10, "reuters": 46}
COLUMNS = {"boston": 13, "jena": 14}

# Counted with Keras 3; a GRU of Keras 2 has fewer, because it had one bias in place of two.
PARAMETERS = {
    "mnist_dense": 407_050,
    "imdb_original": 160_305,
    "imdb_final": 160_305,
    "imdb_1layer": 160_033,
    "imdb_3layer": 160_577,
    "imdb_units32": 321_121,
    "imdb_units64": 644_289,
    "imdb_mse": 321_121,
    "imdb_tanh": 321_121,
    "imdb_selu": 321_121,
    "imdb_small": 40_029,
    "imdb_big": 5_383_681,
    "imdb_l2": 160_305,
    "imdb_dropout": 160_305,
    "imdb_l1": 160_305,
    "imdb_l1_l2": 160_305,
    "reuters_original": 647_214,
    "reuters_final": 647_214,
    "reuters_bottleneck": 640_554,
    "reuters_large": 1_302_574,
    "reuters_small": 322_606,
    "reuters_1layer": 1_286_062,
    "reuters_3layer": 1_319_086,
    "reuters_sparse": 647_214,
    "reuters_onehot": 647_214,
    "boston_kfold100": 5_121,
    "boston_kfold500": 5_121,
    "boston_final": 5_121,
    "boston_iterated_kfold": 5_121,
    "boston_holdout": 5_121,
    "mnist_convnet": 93_322,
    "catsdogs_scratch": 3_453_121,
    "catsdogs_augmented": 3_453_121,
    "catsdogs_vgg_features": 14_714_688 + 2_097_665,
    "catsdogs_vgg_frozen_aug": 14_714_688 + 2_097_665,
    "catsdogs_vgg_finetune": 14_714_688 + 2_097_665,
    "catsdogs_pretrained_features": 3_413_024 + 328_193,
    "catsdogs_pretrained_frozen_aug": 3_413_024 + 328_193,
    "catsdogs_pretrained_finetune": 3_413_024 + 328_193,
    "embedding_learned": 80_161,
    "embedding_glove200": 1_320_065,
    "embedding_random200": 1_320_065,
    "embedding_glove3000": 1_320_065,
    "embedding_random3000": 1_320_065,
    "sequences_dense": 160_305,
    "sequences_simplernn": 322_113,
    "sequences_stacked_rnn": 328_353,
    "sequences_lstm": 328_353,
    "sequences_lstm_reversed": 1_300_641,
    "sequences_bilstm": 336_705,
    "sequences_conv1d": 1_315_937,
    "jena_naive": 0,
    "jena_dense": 107_585,
    "jena_gru": 4_641,
    "jena_gru_dropout": 4_641,
    "jena_gru_stacked": 23_489,
    "jena_gru_reversed": 4_641,
    "jena_bigru": 9_281,
    "jena_conv1d": 12_609,
    "jena_conv_gru": 13_793,
}
TRAINED = {
    "embedding_glove200": 320_065,
    "embedding_glove3000": 320_065,
    "catsdogs_vgg_features": 2_097_665,
    "catsdogs_vgg_frozen_aug": 2_097_665,
    "catsdogs_vgg_finetune": 7_079_424 + 2_097_665,
    "catsdogs_pretrained_features": 328_193,
    "catsdogs_pretrained_frozen_aug": 328_193,
    "catsdogs_pretrained_finetune": 1_009_792 + 328_193,
}


def built(experiment):
    """The model of an experiment on the original data, without downloading anything."""
    known = checked(f"experiment={experiment}").tree["model"]
    nothing = [f"model.{key}=null" for key in ("weights", "vectors") if key in known]
    settings = checked(f"experiment={experiment}", *nothing)
    dataset, given = settings.choices["dataset"], settings.tree["dataset"]
    in_order, kind = settings.traits.model.reads_in_order, settings.traits.dataset.kind
    shape = {
        "image": (
            given.get("image_size", 28),
            given.get("image_size", 28),
            1 if dataset == "mnist" else 3,
        ),
        "table": (COLUMNS.get(dataset),),
        "text": (given["maxlen"] if in_order else given["max_tokens"],)
        if "max_tokens" in given
        else (),
        "series": (round(given["lookback"] / given["step"]), COLUMNS.get(dataset))
        if "lookback" in given
        else (),
    }[kind]
    assert settings.traits.dataset.problem
    problem = settings.problem(settings.traits.dataset.problem)
    outputs = CLASSES.get(dataset, 1)
    facts = Facts(
        input_shape=shape,
        outputs=outputs,
        last_activation=problem.last_activation,
        prior=np.full(outputs, 1 / outputs, "float32"),
        spread=np.ones(1, "float32") if problem.type == "regression" else None,
        max_tokens=given["max_tokens"] if kind == "text" and in_order else 0,
        last_value=(np.array([1]), np.zeros(1), np.ones(1)) if kind == "series" else None,
    )
    return settings.builder("model")(facts, settings.regularizer)


def test_every_experiment_is_counted():
    assert sorted(PARAMETERS) == OPTIONS["experiment"]


@pytest.mark.long
@pytest.mark.parametrize("experiment", PARAMETERS)
def test_the_parameters_are_those_of_the_book(experiment):
    model = built(experiment)
    trained = sum(int(np.prod(weight.shape)) for weight in model.trainable_weights)
    assert model.count_params() == PARAMETERS[experiment]
    assert trained == TRAINED.get(experiment, PARAMETERS[experiment])
    keras.utils.clear_session()
