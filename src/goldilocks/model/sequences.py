"""The layers that models of texts and series share: embeddings, recurrences, convolutions."""

import keras

from goldilocks.errors import ModelError
from goldilocks.model import Facts, Regularizer, vectors
from goldilocks.model.layers import changes, penalty

CELLS = {"simple": keras.layers.SimpleRNN, "lstm": keras.layers.LSTM, "gru": keras.layers.GRU}


def sequence_input(
    facts: Facts, output_dim: int, source: str | None, trainable: bool
) -> tuple[keras.KerasTensor, keras.KerasTensor]:
    """Return the input of a model that reads in order, and what its first layer sees.

    Texts: int32 (batch, length), and the words' vectors. Words without a pretrained vector, padding
    and unknown words start at zero. Series: the input, and the
    changes in it where they are predicted; the other arguments have no effect.

    Args:
        facts: Shape of the features, and the vocabulary if they are word indices.
        output_dim: Size of each word's vector.
        source: Of the word vectors, as `vectors.load` takes it; None: learned from scratch.
        trainable: Whether training changes the word vectors.

    Returns:
        The input, and float32 (batch, time steps, columns).

    Raises:
        ModelError: The features have no order, there are pretrained vectors but no words, or none
            of the words has a vector.
        SourceUnavailable: The stand-in's vectors cannot be fetched.
    """
    if not facts.max_tokens:
        if source is not None:
            raise ModelError(
                f"model.vectors is {source}, but the features are numbers {facts.input_shape}, not "
                "words; expected model.vectors=null, or texts with dataset.encoding=sequence."
            )
        if len(facts.input_shape) != 2:
            raise ModelError(
                f"The features have the shape {facts.input_shape}; a model that reads in order "
                "expects (time steps, columns), or word indices (dataset.encoding=sequence)."
            )
        inputs = keras.Input(facts.input_shape)
        return inputs, changes(inputs, facts)

    inputs = keras.Input(facts.input_shape, dtype="int32")
    # Pretrained vectors do not replace the initializer: it draws a seed, and the layers above shall
    # start the same.
    embedding = keras.layers.Embedding(
        facts.max_tokens, output_dim, trainable=trainable, name="embedding"
    )
    x = embedding(inputs)
    if source is not None:
        start = keras.ops.convert_to_numpy(embedding.embeddings) * 0
        start[: len(facts.vocabulary)] = vectors.load(source, facts.vocabulary, output_dim).matrix
        embedding.set_weights([start])
    return inputs, x


def recurrent(
    x: keras.KerasTensor,
    regularizer: Regularizer,
    *,
    cell: str,
    units: int,
    activation: str,
    bidirectional: bool = False,
    return_sequences: bool = False,
) -> keras.KerasTensor:
    """Add a recurrent layer.

    Args:
        x: float32 (batch, time steps, columns).
        regularizer: l1 and l2 act on both kernels, of the input and of the state; dropout on the
            input, and recurrent dropout on the state, each with one mask for all time steps.
        cell: "simple", "lstm" or "gru".
        units: Of its state.
        activation: Keras name.
        bidirectional: Whether a second layer of as many units reads backwards; the two outputs are
            concatenated.
        return_sequences: Whether to return the state after every time step, or only the last.

    Returns:
        float32 (batch, units), or (batch, time steps, units) with `return_sequences`; twice the
        units if bidirectional.
    """
    layer = CELLS[cell](
        units,
        activation=activation,
        dropout=regularizer.dropout,
        recurrent_dropout=regularizer.recurrent_dropout,
        kernel_regularizer=penalty(regularizer),
        recurrent_regularizer=penalty(regularizer),
        return_sequences=return_sequences,
    )
    if bidirectional:
        layer = keras.layers.Bidirectional(layer)
    return layer(x)


def convolutions(
    x: keras.KerasTensor,
    regularizer: Regularizer,
    filters: list[int],
    kernel_size: int,
    pool_size: int,
    activation: str,
) -> keras.KerasTensor:
    """Add convolutions along time (valid), with a max pooling between two of them.

    Args:
        x: float32 (batch, time steps, columns).
        regularizer: l1 and l2 act on the kernels.
        filters: Of each convolution, from the first.
        kernel_size: Time steps that a convolution spans.
        pool_size: Time steps that a pooling spans.
        activation: Keras name.

    Returns:
        float32 (batch, fewer time steps, the last of `filters`).

    Raises:
        ModelError: The input is too short.
    """
    length, needed = x.shape[1], kernel_size  # The last convolution leaves one time step.
    for _ in filters[1:]:
        needed = needed * pool_size + kernel_size - 1

    if length < needed:
        raise ModelError(
            f"The input has {length} time steps; {len(filters)} convolutions over {kernel_size} "
            f"(model.filters={filters}, model.kernel_size) with poolings over {pool_size} "
            f"(model.pool_size) between them need at least {needed}. List fewer filters, use a "
            "smaller kernel_size or pool_size, or longer inputs (dataset.maxlen of texts, "
            "dataset.lookback of series)."
        )

    for number, count in enumerate(filters):
        if number > 0:
            x = keras.layers.MaxPooling1D(pool_size)(x)
        convolution = keras.layers.Conv1D(
            count, kernel_size, activation=activation, kernel_regularizer=penalty(regularizer)
        )
        x = convolution(x)
    return x
