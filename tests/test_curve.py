"""Statistics of one curve, on values that can be checked by hand."""

import numpy as np
import pytest

from goldilocks.diagnosis.curve import gain_ahead, running_median


def test_a_spike_is_no_part_of_the_course_in_the_last_epoch_either():
    assert running_median(np.array([1, 1, 9, 1, 1.0])).tolist() == [1, 1, 1, 1, 1]
    assert running_median(np.array([1, 1, 1, 1, 9.0])).tolist() == [1, 1, 1, 1, 1]
    assert running_median(np.array([1, 1, 1, 1, -9.0])).tolist() == [1, 1, 1, 1, 1]


@pytest.mark.parametrize(
    "curve", [[3.0, 1.0, 0.5, 0.3], [0.3, 0.5, 1.0, 1.8], [4.0, 3.0, 2.0, 1.0], [2.0, 1.0], [1.0]]
)
def test_a_course_that_goes_on_keeps_its_last_value(curve):
    assert running_median(np.array(curve)).tolist() == curve


@pytest.mark.parametrize("ahead", [1, 3, 8, 50])
def test_a_forecast_gain_is_at_most_the_fall_over_as_many_last_epochs(ahead):
    for seed in range(50):
        steps = np.random.default_rng(seed).normal(-0.2, 1, 20)
        curve = 10 + np.cumsum(steps)
        fallen = curve[max(0, 19 - ahead)] - curve[-1]
        assert 0 <= gain_ahead(curve, ahead) <= max(0.0, fallen)


def test_a_fall_that_slows_down_has_little_left():
    gain = gain_ahead(0.3 + np.exp(-np.arange(20) / 4), 10)
    assert gain == pytest.approx(np.exp(-19 / 4) * (1 - np.exp(-10 / 4)), rel=0.05)
