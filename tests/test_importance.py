import numpy as np

from goldilocks.interpret.importance import importance

ROWS = 400


def table():
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=ROWS) for name in ("noise", "told", "other")}


def test_the_one_column_that_tells_something_is_found():
    rows = table()
    truth = 3 * rows["told"]
    found = importance(
        lambda given: float(np.mean((3 * given["told"] - truth) ** 2)),
        rows,
        list(rows),
        repeats=10,
        seed=0,
    )
    assert found[0].column == "told"
    assert abs(found[0].mean - 2 * np.var(truth)) < 0.15 * 2 * np.var(
        truth
    )  # Of two independent draws.
    assert 0 < found[0].std < found[0].mean / 4
    assert [(each.mean, each.std) for each in found[1:]] == [(0, 0), (0, 0)]


def test_the_whole_past_of_a_column_is_exchanged_between_windows():
    windows = np.random.default_rng(0).normal(size=(50, 6, 3)).astype("float32")
    seen = []

    def loss(given):
        seen.append(given.copy())
        return float(np.abs(given[:, :, 2] - windows[:, :, 2]).mean())

    found = importance(loss, windows, ("a", "b", "target"), repeats=2, seed=0)
    assert found[0].column == "target"
    shuffled = seen[1]
    np.testing.assert_array_equal(shuffled[..., 1:], windows[..., 1:])
    pasts = {row.tobytes() for row in windows[..., 0].copy()}
    assert {row.tobytes() for row in shuffled[..., 0].copy()} == pasts
    assert not np.array_equal(shuffled[..., 0], windows[..., 0])


def test_the_rows_are_left_as_they_were_and_the_seed_decides():
    rows = table()
    before = {name: values.copy() for name, values in rows.items()}

    def loss(given):
        return float(np.mean((given["told"] - before["told"]) ** 2))

    first = importance(loss, rows, list(rows), repeats=3, seed=5)
    assert first == importance(loss, rows, list(rows), repeats=3, seed=5)
    assert first != importance(loss, rows, list(rows), repeats=3, seed=6)
    assert all((before[name] == rows[name]).all() for name in rows)
