"""Many networks of one shape as one program of JAX.

Keras's own layers, losses, metrics and optimizers are called without their state (`stateless_call`,
`stateless_update_state`, `stateless_apply`), of all members at once by `jax.vmap`, for one batch
after another in a loop of XLA's. It runs in a process with JAX and without TensorFlow, which
`training.jax_process` starts.
"""

from __future__ import annotations

import importlib
import time
import timeit
from typing import Any

import jax
import keras
import numpy as np
import psutil
from jax import numpy as jnp

from goldilocks.evaluation.losses import loss_function, training_metrics
from goldilocks.training.program_spec import Arrays, Epoch, ProgramSpec, rescaling_layers

GIB = 2**30

# Of all members, or within `vmap` of one: the network's variables, and the optimizer's.
Weights = tuple[Arrays, Arrays]
Variables = tuple[Arrays, Arrays, Arrays]
# And the sum of the losses, and the variables of each metric.
Carry = tuple[Variables, jax.Array, list[Arrays]]
# Units, features, targets, and what rows weigh in the loss.
Constants = tuple[Arrays, jax.Array, jax.Array, jax.Array | None]


class Program:
    """Trains all members, an epoch at a time.

    Attributes:
        variables: Trainable, other, and the optimizer's, each (streams, members, ...).
        best: The trainable and the other variables of each member's best epoch.
    """

    def platform(self) -> str:
        """Return where programs run: "cpu", or what JAX calls an accelerator."""
        return jax.default_backend()

    def load(self, spec: ProgramSpec) -> None:
        """Build the network and its optimizer, and bring all arrays to the device."""
        for module in spec.modules:
            importlib.import_module(module)
        self.model = keras.models.model_from_json(spec.model)
        self.optimizer = keras.optimizers.deserialize(spec.optimizer)
        self.optimizer.build(self.model.trainable_variables)
        self.loss = loss_function(spec.problem)
        self.metrics = training_metrics(spec.problem, self.model.output_shape[-1])
        if spec.has_data_loss:
            self.metrics.append(keras.metrics.MeanMetricWrapper(self.loss, name="data_loss"))
        for metric in self.metrics:
            if isinstance(metric, keras.metrics.Mean):
                continue
            # Others may make variables when they first see a batch.
            outputs = np.zeros((1, *self.model.output_shape[1:]), "float32")
            metric.update_state(np.zeros_like(spec.targets[:1]), outputs)
            metric.reset_state()
        self.scaled = rescaling_layers(self.model)
        self.even = spec.even

        constants = spec.units, spec.features, spec.targets, spec.weights
        self.constants = jax.device_put(constants)
        self.validation = jax.device_put(spec.validation)
        others = [  # The states of random layers are of another type in TensorFlow.
            values.astype(variable.dtype)
            for values, variable in zip(
                spec.non_trainable, self.model.non_trainable_variables, strict=True
            )
        ]
        self.variables = jax.device_put(
            (spec.trainable, others, self._optimizers(spec.learning_rates))
        )
        self.previous = self.best = self.variables[:2]
        self._train = jax.jit(self._train_batches)
        self._predict = jax.jit(self._predict_batches)
        self._better = jax.jit(_better)

    def _optimizers(self, learning_rates: np.ndarray) -> Arrays:
        """Return the first variables of all optimizers, which differ in the learning rate alone."""
        arrays: Arrays = []
        for variable in self.optimizer.variables:
            value = np.asarray(variable)
            first = np.broadcast_to(value, (*learning_rates.shape, *value.shape))
            arrays.append(learning_rates if variable.path.endswith("/learning_rate") else first)
        return arrays

    def probe(self, rows: np.ndarray) -> float:
        """Compile, and return about how many seconds an epoch takes; no variable changes.

        Args:
            rows: As of `epoch`; two of the batches are timed.

        Raises:
            MemoryError: There is no room for what a batch of all members takes.
        """
        training, batches = (self.variables, self.constants, rows), rows.shape[1]
        predicting = self.variables[:2], self.constants, self.validation
        self._train = _compiled(self._train, *training, batches)
        few = min(2, batches)
        nothing, some = (_seconds(self._train, *training, count) for count in (0, few))
        seconds = nothing + (some - nothing) * batches / few
        if self.validation.size:
            self._predict = _compiled(self._predict, *predicting)
            seconds += _seconds(self._predict, *predicting)
        return seconds

    def epoch(self, rows: np.ndarray, improved: np.ndarray | None) -> Epoch:
        """Train every member on its batches, and predict its validation rows.

        Which members have improved is known an epoch late: while this process trains one, the other
        scores the predictions of the one before.

        Args:
            rows: Of each batch, int32 (streams, batches, batch size); -1 where there is none.
            improved: Which members had their best epoch so far in the last but one, bool (streams,
                members); None where there was none.
        """
        began = time.perf_counter()
        self._keep(improved, self.previous)
        self.previous = self.variables[:2]
        self.variables, logs = self._train(self.variables, self.constants, rows, rows.shape[1])
        predictions, penalties = np.zeros((0,)), np.zeros((0,))
        if self.validation.size:
            predicted = self._predict(self.variables[:2], self.constants, self.validation)
            predictions, penalties = jax.device_get(predicted)
        logs = {name: np.ravel(values) for name, values in jax.device_get(logs).items()}
        return Epoch(logs, np.ravel(penalties), predictions, time.perf_counter() - began)

    def weights(
        self, before_last: np.ndarray | None, last: np.ndarray | None
    ) -> tuple[Arrays, Arrays]:
        """Return the trainable and the other variables of each member's best epoch.

        Args:
            before_last: Which members had it in the last epoch but one, as `improved` of `epoch`.
            last: Which of them had it in the last epoch.
        """
        self._keep(before_last, self.previous)
        self._keep(last, self.variables[:2])
        return jax.device_get(self.best)

    def state(self, before_last: np.ndarray | None, last: np.ndarray | None) -> Arrays:
        """Return the variables of all members, then their best weights; arguments as of `weights`.

        No epoch after it needs to know who had improved before.
        """
        return jax.tree.leaves((jax.device_get(self.variables), self.weights(before_last, last)))

    def resume(self, members: tuple[np.ndarray, ...], states: Arrays) -> None:
        """Go on with the states of some members.

        Args:
            members: The stream of each, and its number there, int64 (n,).
            states: As `state` returned them, each (n, ...).
        """
        first, structure = jax.tree.flatten((self.variables, self.best))
        resumed = [
            values.at[members].set(state) for values, state in zip(first, states, strict=True)
        ]
        self.variables, self.best = jax.tree.unflatten(structure, resumed)
        self.previous = self.variables[:2]

    def _keep(self, improved: np.ndarray | None, weights: Weights) -> None:
        """Take the weights of members that have improved as the best so far."""
        if improved is not None:
            self.best = self._better(improved, weights, self.best)

    def _train_batches(
        self, variables: Variables, constants: Constants, rows: jax.Array, batches: int
    ):
        """Return the variables after an epoch, and the loss and the metrics of its batches."""
        units, features, targets, weights = constants
        members = rows.shape[0], jax.tree.leaves(variables)[0].shape[1]
        totals = [
            [
                jnp.broadcast_to(np.asarray(variable), (*members, *variable.shape))
                for variable in variables
            ]
            for variables in (metric.variables for metric in self.metrics)
        ]
        losses = jnp.zeros(members)
        # Over the streams, and within each over the members that share its batches.
        step = jax.vmap(jax.vmap(self._step, in_axes=(0, 0, None)), in_axes=(0, 0, 0))

        def train(number: jax.Array, carry: Carry):
            batch = rows[:, number]
            is_row = (batch >= 0).astype("float32")
            weight = is_row
            if weights is not None:
                weight = is_row * weights[batch]
            return step(carry, units, (features[batch], targets[batch], weight, is_row))

        variables, losses, totals = jax.lax.fori_loop(
            0, batches, train, (variables, losses, totals)
        )
        counted = (rows >= 0).sum(axis=(1, 2))
        logs = {"loss": losses / counted[:, None]}
        for metric, variables_of_metric in zip(self.metrics, totals, strict=True):
            logs[metric.name] = jax.vmap(jax.vmap(metric.stateless_result))(variables_of_metric)
        return variables, logs

    def _step(self, carry: Carry, units: Arrays, batch: tuple[jax.Array, ...]):
        """Train one member on one batch."""
        (trainable, others, optimizer), losses, totals = carry
        x, y, weight, is_row = batch
        rows = is_row.sum()

        def objective(trainable: Arrays):
            predictions, updated, penalties = self._call(trainable, others, units, x, training=True)
            # As Keras means them: over the rows, whatever these weigh.
            data_loss = (self.loss(y, predictions) * weight).sum() / jnp.maximum(rows, 1)
            return data_loss + penalties, (predictions, updated)

        gradient = jax.value_and_grad(objective, has_aux=True)
        (loss, (predictions, updated)), gradients = gradient(trainable)
        applied, moved = self.optimizer.stateless_apply(optimizer, gradients, trainable)
        after = applied, updated, moved
        if not self.even:  # A stream with fewer batches stays as it is.
            after = jax.tree.map(
                lambda new, old: jnp.where(rows > 0, new, old),
                after,
                (trainable, others, optimizer),
            )
        counted = [
            metric.stateless_update_state(values, y, predictions, sample_weight=is_row)
            for metric, values in zip(self.metrics, totals, strict=True)
        ]
        return after, losses + loss * rows, counted

    def _call(
        self, trainable: Arrays, others: Arrays, units: Arrays, x: jax.Array, *, training: bool
    ):
        """Return one member's predictions, its other variables after them, and its penalties."""
        for number, layer in enumerate(self.scaled):
            layer.scale, layer.offset = units[2 * number : 2 * number + 2]
        x = x.astype(self.model.inputs[0].dtype)
        predictions, updated, penalties = self.model.stateless_call(
            trainable, others, x, training=training, return_losses=True
        )
        return predictions, updated, sum(penalties, jnp.zeros(()))

    def _predict_batches(self, weights: Weights, constants: Constants, rows: jax.Array):
        """Return predictions, (members, rows, outputs), and penalties, (streams, members)."""
        units, features, _, _ = constants

        def one(trainable: Arrays, others: Arrays, units: Arrays, x: jax.Array):
            predictions, _, penalties = self._call(trainable, others, units, x, training=False)
            return predictions, penalties

        trainable, others = weights
        every = jax.vmap(jax.vmap(one, in_axes=(0, 0, 0, None)))
        predictions, penalties = jax.lax.map(
            lambda batch: every(trainable, others, units, features[batch]),
            jnp.moveaxis(rows, 1, 0),
        )
        # (batches, streams, members, batch size, outputs) -> (all members, all rows, outputs)
        outputs = predictions.shape[-1]
        predictions = jnp.moveaxis(predictions, 0, 2)
        count = predictions.shape[0] * predictions.shape[1]
        return predictions.reshape(count, -1, outputs), penalties[0]


def _better(improved: jax.Array, weights: Weights, best: Weights):
    """Return the weights of members that have improved, and the best so far of the others."""

    def choose(new: jax.Array, old: jax.Array):
        return jnp.where(improved.reshape(improved.shape + (1,) * (new.ndim - 2)), new, old)

    return jax.tree.map(choose, weights, best)


def _compiled(function: Any, *arguments: Any) -> Any:
    """Return a function compiled for such arguments, if there is room for what it takes meanwhile.

    Raises:
        MemoryError: There is none.
    """
    compiled = function.lower(*arguments).compile()
    needed = compiled.memory_analysis().temp_size_in_bytes
    available = psutil.virtual_memory().available
    if needed > available:
        raise MemoryError(
            f"a batch of all takes {needed / GIB:.1f} GiB, and {available / GIB:.1f} GiB of memory "
            "are available"
        )
    return compiled


def _seconds(function: Any, *arguments: Any) -> float:
    """Return the seconds of a call: the fewest of two, for the first one also warms up."""

    def call() -> None:
        jax.block_until_ready(function(*arguments))

    return min(timeit.repeat(call, number=1, repeat=2))
