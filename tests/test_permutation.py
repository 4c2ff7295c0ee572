import numpy as np

from goldilocks.interpret.permutation import permutation_importance

ROWS = 400


def table():
    rng = np.random.default_rng(1)
    return {name: rng.normal(size=ROWS) for name in ("noise", "signal", "other")}


def test_the_only_informative_column_comes_first():
    rows = table()
    truth = 3 * rows["signal"]
    columns = permutation_importance(
        lambda inputs: float(np.mean((3 * inputs["signal"] - truth) ** 2)),
        rows,
        repeats=10,
        seed=0,
    )
    assert columns.index[0] == "signal"
    mean, std, least = columns.loc["signal"]
    assert abs(mean - 2 * np.var(truth)) < 0.15 * 2 * np.var(truth)  # Of two independent draws.
    assert 0 < std < mean / 4
    assert 0 < least < mean
    assert (columns[1:] == 0).all(axis=None)


def test_windows_exchange_the_whole_past_of_a_column():
    rng = np.random.default_rng(0)
    windows = {name: rng.normal(size=(50, 6)).astype("float32") for name in ("a", "b", "target")}
    seen = []

    def loss(inputs):
        seen.append(inputs)
        return float(np.abs(inputs["target"] - windows["target"]).mean())

    columns = permutation_importance(loss, windows, repeats=2, seed=0)
    assert columns.index[0] == "target"
    shuffled = seen[1]
    for name in ("b", "target"):
        np.testing.assert_array_equal(shuffled[name], windows[name])
    pasts = {row.tobytes() for row in windows["a"]}
    assert {row.tobytes() for row in shuffled["a"]} == pasts
    assert not np.array_equal(shuffled["a"], windows["a"])


def test_the_rows_do_not_change_and_the_seed_fixes_the_shuffles():
    rows = table()
    before = {name: values.copy() for name, values in rows.items()}

    def loss(inputs):
        return float(np.mean((inputs["signal"] - before["signal"]) ** 2))

    first = permutation_importance(loss, rows, repeats=3, seed=5)
    assert first.equals(permutation_importance(loss, rows, repeats=3, seed=5))
    assert not first.equals(permutation_importance(loss, rows, repeats=3, seed=6))
    assert all((before[name] == rows[name]).all() for name in rows)
