from dataclasses import replace

import pytest

from goldilocks.plots.capacity_curve import ModelSize, capacity_curve, overfit_from
from goldilocks.plots.style import save


def size(weights, verdict, train=0.5, validation=0.6, best=0.55):
    return ModelSize(
        name=f"units={weights}",
        weights=weights,
        train_loss=train,
        val_loss=validation,
        best_val_loss=best,
        verdict=verdict,
    )


def test_the_border_lies_before_the_first_size_that_overfits():
    sizes = [
        size(100, "underfit"),
        size(10_000, "overfit"),
        size(1, "underfit"),
        size(10**6, "balanced"),
    ]
    assert overfit_from(sizes) == pytest.approx(1000)


@pytest.mark.parametrize("verdicts", [["underfit", "balanced"], ["overfit", "overfit"]])
def test_without_two_sides_there_is_no_border(verdicts):
    assert (
        overfit_from([size(10**power, verdict) for power, verdict in enumerate(verdicts, 1)])
        is None
    )


@pytest.mark.parametrize("last", [None, 0.001, 30.0])
def test_every_capacity_curve_can_be_drawn(tmp_path, last):
    sizes = [size(10, "underfit"), size(1000, "overfit", train=last, validation=last, best=0.4)]
    winner = replace(size(500, "balanced", best=0.35), name="units=100 $dropout$")
    figure = capacity_curve(sizes, winner, baseline=1.0, ylabel="loss", title="boston mlp")
    assert save(figure, tmp_path / "frontier.png").stat().st_size > 10_000
    figure = capacity_curve(sizes[:1], winner, baseline=1.0, ylabel="loss", title="one size")
    assert len(figure.axes) == 1
