"""Many small networks -> histories: trained as one program of JAX, with the numbers of `fit`.

A small network's training is overhead: Python and TensorFlow take far longer over a batch than its
arithmetic. One program for all of them pays that once. Members of a program are networks of one
shape; they may differ in seed, rows and constant learning rate, and all else makes another program.
"""

from __future__ import annotations

import json
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np

from goldilocks import console
from goldilocks.training.callbacks import validation_values
from goldilocks.training.fit import (
    FitResult,
    FitSpec,
    early_stopping,
    has_data_loss,
    validation_rows,
)
from goldilocks.training.interruption import Interruption, TrainingInterrupted
from goldilocks.training.jax_process import JaxProcess, ProgramError
from goldilocks.training.obstacles import convolves, faster_by_fit, obstacle, too_large
from goldilocks.training.program_checkpoint import ProgramCheckpoints
from goldilocks.training.program_spec import Epoch
from goldilocks.training.streams import Member, Streams, arrange, program_spec


def train(
    process: JaxProcess,
    specs: Sequence[FitSpec],
    identities: Sequence[str],
    callbacks: Callable[[int], Sequence[keras.callbacks.Callback]],
    progress: keras.callbacks.Callback,
    checkpoints: ProgramCheckpoints,
    asked_to_end: Interruption,
    fit: Callable[..., FitResult],
    /,
    *,
    epochs: int,
    batch_size: int,
    steps_per_epoch: int | None,
    validation_steps: int | None,
    shuffle: bool,
    monitor: str,
) -> list[FitResult | None]:
    """Train networks together, and leave each with the weights of its best epoch.

    Args:
        process: With JAX.
        specs: What is trained; each model is changed in place.
        identities: Of each training, by which it is found after a kill.
        callbacks: Returns Keras callbacks of a training, by its position, that see its epochs and
            may stop it.
        progress: Sees every epoch of a program, with the means of its members.
        checkpoints: Have the states of trainings that were interrupted.
        asked_to_end: Whether to end after this epoch.
        fit: Trains a network by itself, with its keys filled in; it is timed where a program takes
            long.
        epochs: As of `fit`, and so are the rest.
        batch_size: Rows of a batch.
        steps_per_epoch: Batches of an epoch; None for every training row once.
        validation_steps: Batches of each validation.
        shuffle: Whether each epoch has the training rows in another order.
        monitor: Name of the history whose best epoch counts.

    Returns:
        A result for each training; None of those that `fit` must train, for a reason that is said.

    Raises:
        TrainingInterrupted: A training was asked to end before its last epoch.
    """
    results: list[FitResult | None] = [None] * len(specs)
    groups: dict[str, list[int]] = defaultdict(list)
    obstacles = Counter[str]()
    for index, spec in enumerate(specs):
        groups[_shape(spec)].append(index)

    for indices in groups.values():
        if reason := obstacle(specs[indices[0]], steps_per_epoch):
            obstacles[reason] += len(indices)
            continue
        members: list[Member] = []
        for index in indices:
            spec = specs[index]
            rows = validation_rows(spec.split.validation, validation_steps, batch_size)
            stopping = early_stopping(spec, monitor=monitor, epochs=epochs) if len(rows) else None
            member = Member(
                spec=spec,
                validation=rows,
                stopping=stopping,
                callbacks=callbacks(index),
                identity=identities[index],
            )
            members.append(member)
        checkpoints.restore(members)
        for member in members:
            if member.ended:
                member.assign(member.state[-len(member.weights) :])

        rest: list[Member] = []
        if running := [member for member in members if not member.ended]:
            streams = arrange(running, batch_size=batch_size, shuffle=shuffle)
            try:
                _load(process, streams, fit, epochs=epochs)
                _train_program(process, streams, progress, checkpoints, asked_to_end, epochs=epochs)
            except ProgramError as error:
                rest = running
                obstacles[str(error)] += len(rest)
        for index, member in zip(indices, members, strict=True):
            if member not in rest:
                results[index] = _result(member, monitor)

    for reason, count in obstacles.items():
        console.note(f"fit trains {count} of {len(specs)} networks, one by one: {reason}")
    return results


def _shape(spec: FitSpec) -> str:
    """Return what all members of a program have in common, as a text."""
    optimizer = spec.optimizer(1)
    options = optimizer.get_config()
    rate = options.pop("learning_rate")
    del options["name"]
    model = json.loads(spec.model.to_json(), object_hook=_without_values)
    shared = (
        model,
        optimizer.__class__.__name__,
        options,
        isinstance(rate, float),
        spec.regularizer.augments,
        repr(spec.problem),
        has_data_loss(spec),
        spec.class_weight is None,
    )
    return json.dumps(shared, sort_keys=True, default=str)


def _without_values(node: dict[str, Any]) -> dict[str, Any]:
    """Return a part of a network's configuration without what members may differ in."""
    if node.get("class_name") == "Rescaling":
        node = {**node, "config": None}
    return {key: value for key, value in node.items() if not key.endswith("_initializer")}


def _load(
    process: JaxProcess, streams: Streams, fit: Callable[..., FitResult], *, epochs: int
) -> None:
    """Build a program, and go on with members that resume.

    Raises:
        ProgramError: JAX cannot train them, they are too large, or `fit` is faster.
    """
    reason = too_large(streams)
    if convolves(streams.flat[0].spec.model) and process.call("platform") == "cpu":
        reason = "convolutions of many networks at once are slow on a CPU, and JAX has no GPU"
    if not reason:
        rows = streams.training_rows(1)
        process.call("load", program_spec(streams))
        seconds: float = process.call("probe", rows) * epochs
        if not any(member.epochs_done for member in streams.flat):
            reason = faster_by_fit(streams, seconds, fit, epochs=epochs)
    if reason:
        raise ProgramError(reason)
    _resume(process, streams)


def _train_program(
    process: JaxProcess,
    streams: Streams,
    progress: keras.callbacks.Callback,
    checkpoints: ProgramCheckpoints,
    asked_to_end: Interruption,
    *,
    epochs: int,
) -> None:
    """Train all members; their models get the weights of their best epochs.

    The program trains an epoch while this process scores the predictions of the one before; not
    where its state after that one is to be kept.

    Raises:
        ProgramError: JAX cannot train them.
        TrainingInterrupted: They were asked to end before the last epoch.
    """
    members = streams.flat
    weights = members[0].spec.model.count_params()
    console.note(f"{len(members)} networks of {weights:,} weights as one program; means of all:")
    progress.set_params({"epochs": epochs})
    progress.on_train_begin()
    before_last: np.ndarray | None = None
    last: np.ndarray | None = None
    _send(process, streams, 1, None)
    epochs_done = min(member.epochs_done for member in members)
    for epoch in range(1, epochs - epochs_done + 1):
        progress.on_epoch_begin(epochs_done + epoch - 1)
        done: Epoch = process.receive()
        is_kept = bool(asked_to_end.number) or checkpoints.is_due
        before_last, sent = last, epochs_done + epoch < epochs and not is_kept
        if sent:
            _send(process, streams, epoch + 1, before_last)
        for number, member in enumerate(members):
            if not member.stop_training:
                _end_epoch(member, epoch, done, number, epochs=epochs)
        last = np.reshape([_is_best(member, epoch) for member in members], streams.shape)
        progress.on_epoch_end(epochs_done + epoch - 1, _means(members, epoch))
        if all(member.stop_training for member in members):
            if sent:  # One epoch more than anyone needs is under way.
                process.receive()
                before_last, last = last, None
            break

        if is_kept:
            with checkpoints.schedule.saving():
                is_saved = checkpoints.save(members, process.call("state", before_last, last))
            if asked_to_end.number:
                console.note(_interruption(members, epochs, is_saved=is_saved))
                raise TrainingInterrupted
            _send(process, streams, epoch + 1, None)
            last = None

    trainable, others = process.call("weights", before_last, last)
    checkpoints.save(members, [*trainable, *others])
    for number, member in enumerate(members):
        position = np.unravel_index(number, streams.shape)
        member.assign([values[position] for values in (*trainable, *others)])


def _resume(process: JaxProcess, streams: Streams) -> None:
    """Bring the states of members that resume to the program."""
    states = {
        number: member.state for number, member in enumerate(streams.flat) if member.epochs_done
    }
    if states:
        positions = np.unravel_index(list(states), streams.shape)
        process.call("resume", positions, list(map(np.stack, zip(*states.values(), strict=True))))


def _interruption(members: Sequence[Member], epochs: int, *, is_saved: bool) -> str:
    """Return a sentence on how far members came that were asked to end."""
    done = [len(member.history["loss"]) for member in members if not member.stop_training]
    reached = " to ".join(dict.fromkeys([str(min(done)), str(max(done))]))
    sequel = "; the same command goes on with them" if is_saved else ""
    return f"{len(done)} trainings were interrupted after epoch {reached} of {epochs}{sequel}"


def _send(process: JaxProcess, streams: Streams, epoch: int, improved: np.ndarray | None) -> None:
    """Let the program train an epoch."""
    process.send("epoch", streams.training_rows(epoch), improved)


def _end_epoch(member: Member, epoch: int, done: Epoch, number: int, *, epochs: int) -> None:
    """Record an epoch of a member, and stop its training where it has come to its end."""
    spec, rows = member.spec, member.validation
    logs = {name: float(values[number]) for name, values in done.logs.items()}
    if not math.isfinite(logs["loss"]):
        member.stop_training = True
    if len(rows):
        penalties = float(done.penalties[number]) if has_data_loss(spec) else None
        logs |= validation_values(
            spec.problem,
            spec.targets[rows],
            done.predictions[number, : len(rows)],
            spec.dataset.queries(rows),
            penalties,
        )

    values = logs | {
        "learning_rate": member.learning_rate,
        "seconds": done.seconds / len(done.logs["loss"]),  # its part of the program's
    }
    for name, value in values.items():
        member.history.setdefault(name, []).append(value)
    index = member.epochs_done + epoch - 1
    if member.stopping is not None:
        member.stopping.on_epoch_end(index, logs)
    member.stop_training = member.ended = member.stop_training or index + 1 == epochs
    for callback in member.callbacks:
        callback.on_epoch_end(index, logs)


def _means(members: Sequence[Member], epoch: int) -> dict[str, float]:
    """Return the means of an epoch, of the members that have trained it."""
    histories = [member.history for member in members if _has_trained(member, epoch)]
    return {
        name: float(np.mean([history[name][-1] for history in histories])) for name in histories[0]
    }


def _is_best(member: Member, epoch: int) -> bool:
    """Whether an epoch that was just recorded is a member's best so far."""
    if not _has_trained(member, epoch):
        return False
    return member.stopping is None or member.stopping.best_epoch == member.epochs_done + epoch - 1


def _has_trained(member: Member, epoch: int) -> bool:
    return len(member.history["loss"]) == member.epochs_done + epoch


def _result(member: Member, monitor: str) -> FitResult:
    """Return the record of a member's training."""
    best_epoch, monitored = len(member.history["loss"]), None
    if member.stopping is not None:
        best_epoch, monitored = member.stopping.best_epoch + 1, monitor
    return FitResult(
        history=member.history,
        best_epoch=best_epoch,
        monitor=monitored,
        seconds=sum(member.history["seconds"]),
        validation=member.validation,
    )
