"""The optimizers of the config group `optimizer`, each with its learning-rate schedule."""

import math

import keras

LEAST_DECAY = 1e-3  # Nothing falls to 0 by a constant factor.


def build(
    steps: int,
    /,
    *,
    name: str,
    learning_rate: float,
    schedule: str,
    decay_to: float,
    warmup: float,
    clipnorm: float | None,
    ema_momentum: float | None,
    **arguments: float | bool,
) -> keras.optimizers.Optimizer:
    """Build a Keras optimizer.

    Args:
        steps: Number of training steps (batches) of the whole run, which the schedule spans.
        name: Keras name: rmsprop, adam, adamw, sgd or nadam.
        learning_rate: The highest learning rate.
        schedule: How it falls after the warm-up: constant, cosine, linear or exponential.
        decay_to: Fraction of `learning_rate` that the schedule ends at.
        warmup: Fraction of `steps` over which it rises linearly from 0.
        clipnorm: Longest gradient of each weight, or None.
        ema_momentum: Momentum of the exponential moving average of the weights that `fit` validates
            and leaves in the model; None for the weights themselves.
        **arguments: The optimizer's own arguments, by their Keras names.
    """
    warmup_steps = round(steps * warmup)
    rate: float | keras.optimizers.schedules.LearningRateSchedule = learning_rate
    if schedule != "constant" or warmup_steps:
        rate = Schedule(learning_rate, schedule, decay_to, warmup_steps, steps)

    config = {"learning_rate": rate, "clipnorm": clipnorm, **arguments}
    if ema_momentum is not None:
        config |= {"use_ema": True, "ema_momentum": ema_momentum}
    return keras.optimizers.get({"class_name": name, "config": config})


class Schedule(keras.optimizers.schedules.LearningRateSchedule):
    """A linear rise, then a fall of a named shape; Keras has warm-up for the cosine alone.

    With t from 0 to 1 after the warm-up and f = `decay_to`, the learning rate is multiplied by: 1
    (constant), f + (1 - f) (1 + cos(pi t)) / 2 (cosine; Loshchilov & Hutter 2017), f + (1 - f) (1 -
    t) (linear), or max(f, 0.001)^t (exponential).

    Args:
        learning_rate: The highest learning rate.
        shape: constant, cosine, linear or exponential.
        decay_to: Fraction of `learning_rate` at the end.
        warmup_steps: Number of steps of the rise.
        steps: Number of all steps.
    """

    def __init__(
        self, learning_rate: float, shape: str, decay_to: float, warmup_steps: int, steps: int
    ):
        self.learning_rate, self.shape, self.decay_to = learning_rate, shape, decay_to
        self.warmup_steps, self.steps = warmup_steps, steps

    def __call__(self, step: keras.KerasTensor) -> keras.KerasTensor:
        """Return the learning rate at a step, float32 scalar."""
        step = keras.ops.cast(step, "float32")
        decay_steps = max(self.steps - self.warmup_steps, 1)
        t = keras.ops.clip((step - self.warmup_steps) / decay_steps, 0.0, 1.0)
        rise = keras.ops.minimum((step + 1) / max(self.warmup_steps, 1), 1.0)
        return self.learning_rate * rise * self._factor(t)

    def get_config(self) -> dict[str, float | int | str]:
        """Return the arguments of `__init__`."""
        return dict(vars(self))

    def _factor(self, t: keras.KerasTensor) -> keras.KerasTensor:
        """Return the factor of the learning rate at a time `t` after the warm-up, 0 to 1."""
        end = self.decay_to
        if self.shape == "cosine":
            return end + (1 - end) * (1 + keras.ops.cos(math.pi * t)) / 2
        if self.shape == "linear":
            return end + (1 - end) * (1 - t)
        if self.shape == "exponential":
            return keras.ops.power(max(end, LEAST_DECAY), t)
        return keras.ops.ones_like(t)
