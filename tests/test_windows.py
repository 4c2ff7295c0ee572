import numpy as np
import pytest

from goldilocks.dataset.readers.windows import Windows

# Ten points of two columns: 0, 1, ... 9 and 100, 101, ... 109.
VALUES = np.stack([np.arange(10.0), np.arange(100.0, 110.0)], axis=1).astype("float32")


def windows(lookback=4, step=1, delay=2, target=(0,), values=VALUES, **more):
    return Windows(values, ("a", "b"), target, lookback, step, delay, **more)


def test_a_window_sees_its_span_and_predicts_so_many_points_after_it():
    found = windows()
    assert len(found) == 5
    assert found.seen([0, 4])[:, :, 0].tolist() == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert found.seen([0])[0, :, 1].tolist() == [100, 101, 102, 103]
    assert found.targets.tolist() == [5, 6, 7, 8, 9]


def test_another_target_is_another_column():
    assert windows(target=(1,)).targets.tolist() == [105, 106, 107, 108, 109]


def test_several_targets_at_several_points_are_outputs_point_by_point():
    found = windows(target=(0, 1), horizon=3)
    assert len(found) == 3
    assert found.targets.tolist()[0] == [5, 105, 6, 106, 7, 107]
    assert found.predicted(np.array([2])).tolist() == [[7, 8, 9]]
    assert windows(horizon=2).targets.tolist() == [[5, 6], [6, 7], [7, 8], [8, 9]]


def test_a_longer_horizon_reaches_further_so_that_parts_stay_apart():
    found = windows(lookback=3, delay=2, horizon=3)
    overlap = found.overlap(purge=True)
    assert found.outputs == 3
    assert (found.reach, overlap, found.overlap(purge=False)) == (6, 6, 2)
    kept = found.before(np.arange(3), np.array([3]), overlap)
    assert kept.tolist() == []
    series = windows(values=np.arange(40.0).reshape(20, 2), lookback=3, delay=2, horizon=3)
    kept = series.before(np.arange(10), np.array([10]), series.overlap(purge=True))
    assert series.predicted(kept).max() < series.starts[10]


def test_no_window_predicts_a_point_of_its_horizon_that_was_not_observed():
    observed = np.ones(10, bool)
    observed[7] = False
    assert windows(2, 1, 1, observed=observed, horizon=2).starts.tolist() == [0, 1, 2, 3, 6]


@pytest.mark.parametrize(
    ("lookback", "step", "seen"), [(4, 2, [1, 3]), (5, 2, [0, 2, 4]), (5, 3, [1, 4]), (3, 9, [2])]
)
def test_steps_are_counted_back_from_the_last_point(lookback, step, seen):
    assert windows(lookback, step, delay=1).seen([0])[0, :, 0].tolist() == seen


@pytest.mark.parametrize(
    ("lookback", "delay", "count"), [(9, 1, 1), (10, 1, 0), (12, 5, 0), (1, 1, 9)]
)
def test_a_series_has_as_many_windows_as_fit(lookback, delay, count):
    found = windows(lookback, 1, delay)
    assert len(found) == count
    if count:
        assert len(found.targets) == count


def test_no_window_spans_or_crosses_a_break_or_predicts_what_was_not_observed():
    values = VALUES.copy()
    values[5] = np.nan
    observed = np.ones(10, bool)
    observed[8] = False
    broken = windows(lookback=2, delay=1, values=values)
    assert broken.starts.tolist() == [0, 1, 2, 6, 7]
    assert broken.seen([3])[0, :, 0].tolist() == [6, 7]
    assert broken.targets.tolist() == [2, 3, 4, 8, 9]
    assert broken.points(np.array([2, 3]))[:, 0].tolist() == [2, 3, 6, 7]
    assert broken.before(np.arange(5), np.array([3]), 2).tolist() == [0, 1, 2]
    half = windows(2, 1, 1, values=values, observed=observed)
    assert half.starts.tolist() == [0, 1, 2, 7]


def test_a_window_crosses_a_gap_of_one_column_that_lies_after_what_it_sees():
    values = VALUES.copy()
    values[5, 1] = np.nan
    assert windows(lookback=2, delay=2, values=values).starts.tolist() == [0, 1, 2, 3, 6]


def test_the_points_of_windows_are_those_in_their_spans_once():
    found = windows(lookback=3, delay=1)
    assert found.points(np.array([0, 1]))[:, 0].tolist() == [0, 1, 2, 3]
    assert found.points(np.array([0, 5]))[:, 0].tolist() == [0, 1, 2, 5, 6, 7]


@pytest.mark.parametrize("seed", range(20))
def test_windows_are_those_that_a_plain_loop_over_time_finds(seed):
    rng = np.random.default_rng(seed)
    lookback, step, delay, points = (int(number) for number in rng.integers(1, [12, 5, 8, 60]))
    values = rng.normal(size=(points, 2)).astype("float32")
    found = windows(lookback, step, delay, target=(1,), values=values)
    row = 0
    for now in range(
        lookback - 1, points - delay
    ):  # The last point seen; its future is known as well.
        seen = [values[now - back] for back in range(0, lookback, step)][::-1]
        assert np.array_equal(found.seen([row])[0], seen)
        assert found.targets[row] == values[now + delay, 1]
        row += 1
    assert len(found) == len(found.targets) == row


def test_windows_overlap_rows_apart_share_nothing_and_one_row_nearer_they_do():
    found = windows(lookback=3, step=1, delay=2)
    for overlap, known in ((found.lookback - 1, 3), (found.lookback + found.delay - 1, 5)):
        spans = [
            set(range(row, row + known)) for row in range(len(found))
        ]  # With purge up to the target.
        seen = [set(found.seen([row])[0, :, 0].astype(int)) for row in range(len(found))]
        for row in range(len(found) - overlap):
            assert spans[row] & seen[row + overlap]
            assert row + overlap + 1 >= len(found) or not spans[row] & seen[row + overlap + 1]


def test_windows_that_are_overlap_rows_apart_share_no_point_and_no_target():
    found = windows(lookback=3, step=1, delay=2)
    overlap = found.lookback + found.delay - 1
    for row in range(len(found) - overlap - 1):
        known = {*found.seen([row])[0, :, 0].tolist(), float(found.targets[row])}
        later = row + overlap + 1
        assert known.isdisjoint(found.seen([later])[0, :, 0].tolist())
