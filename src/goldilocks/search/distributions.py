"""Parameters of a space as Optuna's distributions, and the values that its samplers suggest."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from goldilocks.search.space import Interval, Parameter, Space


def distribution(parameter: Parameter) -> BaseDistribution:
    """Return what Optuna chooses from: numbers if neighbours are alike, else categories."""
    values = parameter.values
    if isinstance(values, Interval):
        if values.whole:
            return IntDistribution(int(values.low), int(values.high), log=values.log)
        return FloatDistribution(values.low, values.high, log=values.log)
    if not values.even:
        return CategoricalDistribution(parameter.ends)

    first, second, last = (Decimal(parameter.ends[index]) for index in (0, 1, -1))
    if first == int(first) and second == int(second):
        return IntDistribution(int(first), int(last), step=int(second - first))
    return FloatDistribution(float(first), float(last), step=float(second - first))


def suggest(trial: optuna.Trial, name: str, choices: BaseDistribution) -> Any:
    """Return the value that the sampler gives a parameter."""
    # What all of Optuna's `suggest_*` call, each with the one distribution that it makes.
    return trial._suggest(name, choices)  # pyright: ignore[reportPrivateUsage]


def suggest_text(trial: optuna.Trial, parameter: Parameter) -> str:
    """Return the value of a parameter as it stands on a command line."""
    if not parameter.searched:
        return parameter.ends[0]

    value = suggest(trial, parameter.key, distribution(parameter))
    if isinstance(value, str):
        return value
    if isinstance(parameter.values, Interval):
        return parameter.values.text(value)
    return min(parameter.ends, key=lambda text: abs(float(text) - value))


def trial_params(space: Space, point: Mapping[str, str]) -> dict[str, Any]:
    """Return a point as Optuna stores it."""
    params: dict[str, Any] = {}
    for parameter in space.searched:
        if parameter.key not in point:
            continue
        choices, text = distribution(parameter), point[parameter.key]
        if isinstance(choices, CategoricalDistribution):
            params[parameter.key] = text
        else:
            params[parameter.key] = choices.to_external_repr(float(text))
    return params
