"""Parameters of a space as Optuna's distributions, and the values that its samplers suggest."""

from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from goldilocks.search.space import Interval, Parameter


def distribution(parameter: Parameter) -> BaseDistribution:
    """Return what Optuna chooses from: numbers of an interval, else categories."""
    values = parameter.values
    if not isinstance(values, Interval):
        return CategoricalDistribution(values)
    if values.whole:
        return IntDistribution(int(values.low), int(values.high), log=values.log)
    return FloatDistribution(values.low, values.high, log=values.log)


def suggest(trial: optuna.Trial, name: str, choices: BaseDistribution) -> Any:
    """Return the value that the sampler gives a parameter."""
    # What all of Optuna's `suggest_*` call, each with the one distribution that it makes.
    return trial._suggest(name, choices)  # pyright: ignore[reportPrivateUsage]


def suggest_text(trial: optuna.Trial, parameter: Parameter) -> str:
    """Return the value of a parameter as it stands on a command line."""
    if not parameter.searched:
        return parameter.ends[0]

    value = suggest(trial, parameter.key, distribution(parameter))
    if isinstance(parameter.values, Interval):
        return parameter.values.text(value)
    return value
