"""Verdicts on hand-written curves, properties that hold for every curve, and a simulator with known
truth.
"""

import math
import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import yaml

from goldilocks.diagnosis import Verdict, judge
from goldilocks.diagnosis.verdicts import VERDICTS

BLOCK = yaml.safe_load((Path(__file__).parents[1] / "conf" / "config.yaml").read_text())[
    "diagnosis"
]
BINARY = {"loss": 0.6931, "accuracy": 0.5}
MNIST = {"loss": 2.3026, "accuracy": 0.1135}
REUTERS = {"loss": 2.40, "accuracy": 0.36}
BOSTON = {"loss": 84.4, "mae": 6.6}
CIFAR = {"loss": 2.3026, "accuracy": 0.1}


def curve(train, val, score, metric="accuracy"):
    return {"loss": train, "val_loss": val, metric: score, f"val_{metric}": score}


def verdict(history, baseline, rows, metric="accuracy", **more) -> Verdict:
    higher = metric in ("accuracy", "auc")
    return judge(
        history, metric=metric, higher=higher, baseline=baseline, rows=rows, **more, **BLOCK
    )


def falling(start, floor, decay, epochs):
    """An exponential fall, one value an epoch."""
    return floor + (start - floor) * np.exp(-np.arange(epochs) / decay)


def noisy(values, sigma, seed=0):
    return np.asarray(values) + np.random.default_rng(seed).normal(0, sigma, len(values))


def spread(points, epochs):
    """Straight lines through (epoch, value) points, one value an epoch."""
    at, values = zip(*points, strict=True)
    return np.interp(np.arange(1, epochs + 1), at, values)


# Book, chapter 3 and 4, by the numbers of reference/book-results.md: the points named there, and
# lines between them.
IMDB_VAL = [0.3800, 0.3005, 0.2749, 0.2832, 0.2841, 0.3074, 0.3128, 0.3861, 0.3637, 0.3843]
IMDB_VAL += [0.4157, 0.4507, 0.4697, 0.5026, 0.5342, 0.5706, 0.6250, 0.6791, 0.6800, 0.7257]
IMDB_TRAIN = [0.5085, 0.3011, 0.2184, 0.1749, 0.1269, 0.1150, 0.0930, 0.0806, 0.0661, 0.0561]
IMDB_TRAIN += [0.0439, 0.0381, 0.0300, 0.0247, 0.0175, 0.0149, 0.0110, 0.0070, 0.0060, 0.0042]
IMDB_SCORE = [0.8683, 0.8897, 0.8903, 0.8843, 0.8861, 0.8812, 0.8837, 0.8656, 0.8785, 0.8792]
IMDB_SCORE += [0.8778, 0.8692, 0.8727, 0.8707, 0.8691, 0.8684, 0.8660, 0.8655, 0.8660, 0.8655]
SMALL_VAL = spread([(1, 0.55), (3, 0.40), (6, 0.29), (9, 0.277), (14, 0.31), (20, 0.372)], 20)
SMALL_TRAIN = spread([(1, 0.60), (3, 0.42), (6, 0.24), (9, 0.17), (20, 0.06)], 20)
LARGE_VAL = spread([(1, 0.34), (2, 0.30), (6, 0.55), (13, 1.11), (20, 0.854)], 20)
SCRATCH_VAL = noisy(spread([(1, 0.68), (12, 0.5526), (30, 1.057)], 30), 0.02)
SCRATCH_TRAIN = spread([(1, 0.69), (12, 0.42), (30, 0.03)], 30)
AUGMENTED_VAL = noisy(0.33 + 0.36 * np.exp(-np.arange(100) / 25), 0.03)
AUGMENTED_TRAIN = noisy(0.32 + 0.37 * np.exp(-np.arange(100) / 25), 0.008, 1)
NOISE = np.random.default_rng(3).normal(0, 1, (4, 100))

CURVES = [
    ("imdb 16-16, 20 epochs", "overfit", curve(IMDB_TRAIN, IMDB_VAL, IMDB_SCORE), BINARY, 10_000),
    ("imdb 16-16, 10 epochs", "overfit", curve(IMDB_TRAIN[:10], IMDB_VAL[:10], IMDB_SCORE[:10]), BINARY, 10_000),
    ("imdb 16-16, stopped at 4", "balanced", curve(IMDB_TRAIN[:4], IMDB_VAL[:4], IMDB_SCORE[:4]), BINARY, 10_000),
    ("imdb 16-16, 2 epochs", "underfit", curve(IMDB_TRAIN[:2], IMDB_VAL[:2], IMDB_SCORE[:2]), BINARY, 10_000),
    ("imdb 16-16, 1 epoch", "underfit", curve(IMDB_TRAIN[:1], IMDB_VAL[:1], IMDB_SCORE[:1]), BINARY, 10_000),
    ("imdb 4-4", "overfit", curve(SMALL_TRAIN, SMALL_VAL, IMDB_SCORE), BINARY, 10_000),
    ("imdb 4-4, 6 epochs", "underfit", curve(SMALL_TRAIN[:6], SMALL_VAL[:6], IMDB_SCORE[:6]), BINARY, 10_000),
    ("imdb 512-512, falls again", "overfit", curve(IMDB_TRAIN, LARGE_VAL, IMDB_SCORE), BINARY, 10_000),
    (
        "imdb dropout, training loss above validation loss",
        "balanced",
        curve([0.62, 0.50, 0.41, 0.36, 0.33, 0.31, 0.30, 0.295], [0.49, 0.37, 0.31, 0.288, 0.28, 0.277, 0.278, 0.277],
              [0.80, 0.86, 0.88, 0.885, 0.888, 0.889, 0.889, 0.889]),
        BINARY,
        10_000,
    ),
    (
        "reuters 64-64",
        "overfit",
        curve(spread([(1, 2.53), (5, 0.70), (9, 0.28), (20, 0.11)], 20),
              noisy(spread([(1, 1.71), (4, 1.02), (9, 0.8912), (20, 1.071)], 20), 0.012), [0.8] * 20),
        REUTERS,
        1000,
    ),
    (
        "reuters 64-4",
        "overfit",
        curve(falling(3.2, 0.75, 6, 20), noisy(spread([(1, 2.6), (6, 1.3112), (20, 1.7296)], 20), 0.02), [0.7] * 20),
        REUTERS,
        1000,
    ),
    (
        "boston, 4 folds, stopped at its best",
        "balanced",
        curve(falling(190, 8.0, 5, 80), noisy(falling(160, 10.5, 5, 80), 0.7), noisy(falling(9, 2.4, 5, 80), 0.1),
              "mae"),
        BOSTON,
        404,
    ),
    (
        "boston, 500 epochs",
        "overfit",
        curve(falling(190, 2.0, 30, 500),
              noisy(spread([(1, 160), (20, 14), (50, 10.5), (170, 13.5), (500, 13.5)], 500), 0.8),
              [2.6] * 500, "mae"),
        BOSTON,
        404,
    ),
    (
        "boston, 3 epochs",
        "underfit",
        curve([150, 60, 30], [90, 40, 22], [7.0, 4.5, 3.4], "mae"),
        BOSTON,
        404,
    ),
    ("catsdogs from scratch", "overfit", curve(SCRATCH_TRAIN, SCRATCH_VAL, noisy([0.72] * 30, 0.01)), BINARY, 1000),
    (
        "catsdogs augmented, 30 of 100 epochs",
        "underfit",
        curve(AUGMENTED_TRAIN[:30], AUGMENTED_VAL[:30], spread([(1, 0.55), (30, 0.76)], 30)),
        BINARY,
        1000,
    ),
    (
        "catsdogs on vgg features, a gap from the start",
        "overfit",
        curve(falling(0.60, 0.08, 6, 30), noisy(falling(0.45, 0.24, 3, 30), 0.004), [0.90] * 30),
        BINARY,
        1000,
    ),
    ("stuck at chance", "no_power", curve(0.6931 + 0.0004 * NOISE[0, :20], 0.6935 + 0.0007 * NOISE[1, :20],
                                          0.5 + 0.012 * NOISE[2, :20]), BINARY, 1000),
    ("by heart", "no_power", curve(falling(0.7, 0.01, 5, 20), 0.69 + 0.1 * np.arange(20) + 0.01 * NOISE[1, :20],
                                   0.5 + 0.014 * NOISE[2, :20]), BINARY, 1000),
    ("cifar-10, raw pixels", "no_power", curve(14.506 + 0.003 * NOISE[0, :6], [14.506] * 6, [0.1] * 6), CIFAR, 10_000),
    ("jena dense, never under persistence", "no_power", curve(falling(0.6, 0.18, 4, 20),
     spread([(1, 0.31), (2, 0.2994), (20, 0.3545)], 20), spread([(1, 0.31), (2, 0.2994), (20, 0.3545)], 20), "mae"),
     {"loss": 0.2897, "mae": 0.2897}, 98_432),
    ("jena gru", "overfit", curve(falling(0.31, 0.19, 9, 20), spread([(1, 0.28), (6, 0.2644), (20, 0.3034)], 20),
     spread([(1, 0.28), (6, 0.2644), (20, 0.3034)], 20), "mae"), {"loss": 0.2897, "mae": 0.2897}, 98_432),
    (
        "mnist convnet",
        "balanced",
        curve([0.172, 0.047, 0.033, 0.024, 0.019], [0.052, 0.036, 0.031, 0.029, 0.029],
              [0.983, 0.988, 0.990, 0.991, 0.991]),
        MNIST,
        10_000,
    ),
    ("linear model at rest", "underfit", curve(falling(0.68, 0.52, 4, 40), noisy(falling(0.67, 0.53, 4, 40), 0.004),
                                               [0.74] * 40), BINARY, 5000),
    ("rest in heavy noise", "balanced", curve(falling(0.6, 0.22, 5, 60), noisy(falling(0.55, 0.25, 5, 60), 0.04),
                                              [0.89] * 60), BINARY, 500),
    ("one spike at rest", "balanced", curve(falling(0.6, 0.22, 3, 30),
     [*falling(0.55, 0.25, 3, 20), 0.9, *[0.25] * 9], [0.89] * 30), BINARY, 2000),
    ("not a number", "diverged", curve([0.6, 0.5, np.nan], [0.6, 0.55, np.nan], [0.6, 0.7, 0.5]), BINARY, 1000),
    ("infinite", "diverged", curve([0.6, 0.5, 0.4], [0.6, 0.55, np.inf], [0.6, 0.7, 0.7]), BINARY, 1000),
    ("explodes", "diverged", curve([0.6, 0.4, 30, 900, 4e4, 8e5], [0.6, 0.5, 60, 800, 5e4, 9e5],
                                   [0.7, 0.8, *[0.5] * 4]), BINARY, 1000),
    ("explodes beyond all squares", "diverged", curve([0.6, 0.4, 1e150, 1e200, 1e200], [0.6, 0.5, 1e160, 1e200, 1e200],
                                   [0.7, 0.8, *[0.5] * 3]), BINARY, 1000),
    ("a steep start, then a clear rise", "overfit", curve([0.98, 0.27, 0.14, 0.11, 0.10],
                                   [0.979, 0.236, 0.244, 0.267, 0.293], [0.9] * 5), BINARY, 1000),
    ("both losses rise", "underfit", curve([0.50, 0.36, 0.33, 0.34, 0.38, 0.41, 0.42, 0.43],
                                   [0.48, 0.37, 0.35, 0.36, 0.40, 0.43, 0.44, 0.45], [0.85] * 8), BINARY, 5000),
    ("two epochs, flat", "underfit", curve([0.5, 0.4], [0.40, 0.40], [0.8, 0.8]), BINARY, 1000),
    ("two epochs, the second much worse", "overfit", curve([0.5, 0.3], [0.33, 0.45], [0.85, 0.80]), BINARY, 10_000),
    ("three epochs, at rest", "balanced", curve([0.30, 0.27, 0.26], [0.281, 0.279, 0.279], [0.88] * 3), BINARY, 5000),
    ("early stopping, a little past the best", "balanced",
     curve([0.60, 0.45, 0.36, 0.31, 0.29, 0.28, 0.27, 0.26, 0.25],
           [0.52, 0.40, 0.34, 0.317, 0.311, 0.308, 0.312, 0.310, 0.313], [0.87] * 9), BINARY, 1000),
    ("one epoch at chance", "no_power", curve([0.70], [0.692], [0.51]), BINARY, 1000),
    ("jena gru with dropout: no gap left", "underfit", curve(falling(0.33, 0.272, 6, 40),
     noisy(falling(0.29, 0.262, 5, 40), 0.001), noisy(falling(0.29, 0.262, 5, 40), 0.001), "mae"),
     {"loss": 0.2897, "mae": 0.2897}, 98_432),
    ("falls back to chance", "diverged", curve([0.5, 0.35, 0.69, 0.693, 0.693], [0.45, 0.38, 0.693, 0.693, 0.693],
                                               [0.8, 0.85, 0.5, 0.5, 0.5]), BINARY, 1000),
    ("a steep fall in few epochs", "underfit", curve([1.4, 1.2, 0.9, 0.5, 0.1], [0.68, 0.66, 0.60, 0.50, 0.35],
                                                     [0.55, 0.6, 0.7, 0.8, 0.85]), BINARY, 2000),
    ("training loss falls on, validation loss is at rest", "balanced",
     curve(falling(0.6, 0.25, 15, 60), falling(0.6, 0.3, 6, 60), [0.88] * 60), BINARY, 2000),
    ("diverged two epochs before the end", "diverged", curve([0.68, 0.60, 0.36, 0.70, 0.71],
                                                             [0.67, 0.60, 0.45, 0.72, 0.73], [0.6, 0.7, 0.8, 0.5, 0.5]),
     BINARY, 1000),
    ("a late fall that has come to rest", "balanced",
     curve(spread([(1, 0.69), (8, 0.68), (12, 0.32), (20, 0.29)], 20),
           spread([(1, 0.69), (10, 0.68), (14, 0.32), (15, 0.3), (20, 0.3)], 20), [0.88] * 20), BINARY, 5000),
    ("a gap at a high level", "overfit", curve(falling(0.7, 0.38, 3, 20), falling(0.7, 0.56, 2, 20), [0.7] * 20),
     BINARY, 5000),
    ("loss rises but accuracy has power", "overfit", curve(falling(0.6, 0.01, 3, 10), 0.72 + 0.06 * np.arange(10),
                                                           spread([(1, 0.55), (10, 0.66)], 10)), BINARY, 1000),
]  # fmt: skip


@pytest.mark.parametrize(
    ("expected", "history", "baseline", "rows"), [c[1:] for c in CURVES], ids=[c[0] for c in CURVES]
)
def test_hand_written_curves_get_their_verdict(expected, history, baseline, rows):
    metric = "mae" if "mae" in baseline else "accuracy"
    result = verdict(history, baseline, rows, metric)
    assert result.name == expected, (result.reason, result.evidence)


def named(name):
    return next(row[2:] for row in CURVES if row[0] == name)


@pytest.mark.parametrize("row", CURVES, ids=[row[0] for row in CURVES])
@pytest.mark.parametrize("factor", [1e-4, 1e4])
def test_the_unit_of_the_loss_changes_nothing(row, factor):
    _, expected, history, baseline, rows = row
    losses = {"loss", "val_loss", "mae", "val_mae"}
    scaled = {
        name: np.asarray(curve) * (factor if name in losses else 1)
        for name, curve in history.items()
    }
    unit = {name: value * (factor if name in losses else 1) for name, value in baseline.items()}
    assert verdict(scaled, unit, rows, "mae" if "mae" in baseline else "accuracy").name == expected


@pytest.mark.parametrize("row", CURVES, ids=[row[0] for row in CURVES])
def test_a_value_that_is_not_finite_is_diverged(row):
    history, baseline, rows = row[2:]
    for bad in (np.nan, np.inf):
        broken = {name: [*curve, bad] for name, curve in history.items()}
        result = verdict(broken, baseline, rows, "mae" if "mae" in baseline else "accuracy")
        assert result.name == "diverged"
        assert result.evidence["first_bad_epoch"] <= result.evidence["epochs"]


def test_the_data_loss_replaces_the_loss_with_penalties():
    history, baseline, rows = named("imdb 16-16, 20 epochs")
    penalized = {f"{part}data_loss": history[f"{part}loss"] for part in ("", "val_")} | history
    penalized |= {
        name: np.asarray(history[name]) + falling(3, 0.1, 4, 20) for name in ("loss", "val_loss")
    }
    assert verdict(penalized, baseline, rows) == verdict(history, baseline, rows)


def test_a_metric_has_a_direction():
    history, baseline, rows = named("stuck at chance")
    good = history | {"val_accuracy": np.full(20, 0.7)}
    assert verdict(good, baseline, rows).evidence["metric_power"] > 10
    good = good | {"val_mae": np.full(20, 0.7)}
    assert verdict(good, {"loss": 0.6931, "mae": 0.5}, rows, "mae").evidence["metric_power"] < -10
    assert verdict(good, baseline, rows, "loss").name == "no_power"


def test_more_validation_rows_give_more_power():
    history, baseline = {"loss": [0.69], "val_loss": [0.68], "val_accuracy": [0.54]}, BINARY
    assert [verdict(history, baseline, rows).name for rows in (100, 10_000)] == [
        "no_power",
        "underfit",
    ]


def test_the_noise_of_the_curve_outweighs_the_assumption():
    noises = []
    for seed in range(20):
        history = curve(
            falling(0.6, 0.22, 5, 60), noisy(falling(0.55, 0.25, 5, 60), 0.04, seed), [0.89] * 60
        )
        noises.append(verdict(history, BINARY, 500).evidence["noise"])
    assert np.mean(noises) == pytest.approx(0.04, rel=0.1)


def test_evidence_is_flat_numbers_with_the_same_names():
    verdicts = [
        verdict(row[2], row[3], row[4], "mae" if "mae" in row[3] else "accuracy") for row in CURVES
    ]
    full = [one for one in verdicts if "first_bad_epoch" not in one.evidence]
    assert len({tuple(one.evidence) for one in full}) == 1
    assert all(type(value) in (int, float) for one in verdicts for value in one.evidence.values())
    assert {one.name for one in verdicts} == set(VERDICTS)


@pytest.mark.parametrize(
    ("name", "reason", "next_move"),
    [
        (
            "imdb 16-16, 20 epochs",
            r"best \(0\.2749 at epoch 3 of 20\) validation loss rose by 0\.398 from a level of "
            r"0\.2832",
            r"trainer\.epochs=3 .*=dropout",
        ),
        (
            "imdb 16-16, 1 epoch",
            r"curve of 1 epoch is too short to tell more",
            r"trainer\.epochs=10\.",
        ),
        ("imdb 4-4, 6 epochs", r"still falls, by 0\.\d+ more", r"trainer\.epochs=12"),
        (
            "catsdogs on vgg features, a gap from the start",
            r"far above training loss",
            r"regularizer=augmentation",
        ),
        (
            "stuck at chance",
            r"Neither validation loss .*baseline 0\.6931.* 1000 val",
            r"optimizer\.learning_rate",
        ),
        ("by heart", r"Neither", r"training rows but not new ones: check the labels"),
        ("both losses rise", r"rose together after 0\.35 at epoch 3 of 8", r"regularizer\.l2"),
        ("linear model at rest", r"at a high level", r"larger model\.units"),
        (
            "mnist convnet",
            r"stopped improving, without a wide gap",
            r"final=true with trainer\.epochs=4",
        ),
        ("not a number", r"epoch 3 of 3 is not a finite", r"lower|missing"),
        ("falls back to chance", r"Training loss rose from 0\.35 and stays up", r"learning_rate"),
    ],
)
def test_sentences_name_numbers_and_config_keys(name, reason, next_move):
    history, baseline, rows = named(name)
    result = verdict(history, baseline, rows)
    assert re.search(reason, result.reason), result.reason
    assert re.search(next_move, result.next_move), result.next_move


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"baseline": {"loss": 0.7}}, r"baseline\['accuracy'\] is None; a finite number is needed"),
        ({"baseline": {"loss": 0.0, "accuracy": 0.5}}, r"baseline\['loss'\] is 0\.0"),
        ({"rows": 0}, r"rows is 0; .*at least one validation row"),
        ({"history": {"loss": [1.0]}}, r"holds loss; val_loss, val_accuracy is missing"),
        ({"history": {"loss": [], "val_loss": [], "val_accuracy": []}}, r"one value an epoch"),
        (
            {"history": {"loss": [1, 2], "val_loss": [1], "val_accuracy": [1]}},
            r"'loss': 2, 'val_loss': 1",
        ),
    ],
)
def test_unusable_input_is_refused(change, message):
    history, baseline, rows = named("mnist convnet")
    good = {"history": history, "metric": "accuracy", "baseline": baseline, "rows": rows}
    good["higher"] = True
    with pytest.raises(ValueError, match=message):
        judge(**good | change, **BLOCK)


# The simulator: what makes the truth is drawn first, then the curves; no threshold of the verdict
# is read here.
LENGTHS = (5, 8, 12, 20, 40, 100)
NOISES = (0.005, 0.015, 0.04)  # epoch-to-epoch noise of validation loss, as a fraction of its best


def fall(rng, start, floor, decay, epochs):
    """A fall by a random law: an exponential, a power law, or two exponentials."""
    x = np.arange(epochs) / decay
    law = rng.integers(3)
    shape = (np.exp(-x), (1 + x / 2) ** -2.0, 0.7 * np.exp(-1.5 * x) + 0.3 * np.exp(-0.7 * x))[law]
    return floor + (start - floor) * shape


def simulate(kind, epochs, noise, rng):
    """Curves whose verdict is known: history, baseline, rows; all losses in a random unit."""
    unit = 10 ** rng.uniform(-2, 3)
    rows = int(rng.choice([300, 1000, 5000, 20_000]))
    base, start = 1.0, rng.uniform(0.8, 1.3)
    floor = rng.uniform(0.08, 0.42)
    quick = rng.uniform(0.06, 0.12) * epochs
    rest = np.arange(epochs)
    if kind == "balanced":
        val = fall(rng, start, floor, quick / 2, epochs)
        train = fall(rng, start, floor * rng.uniform(0.65, 1.1), quick / 2, epochs)
    elif kind == "underfit, still falling":
        while True:
            floor, slow = rng.uniform(0.08, 0.5), rng.uniform(0.3, 1.5) * epochs
            val = fall(np.random.default_rng(1), start, floor, slow, 2 * epochs)
            if (
                val[epochs - 1] < 0.75
                and val[epochs - 1] - val[3 * epochs // 2] > max(6 * noise, 0.08) * val[epochs - 1]
            ):
                break
        val = val[:epochs]
        train = val * rng.uniform(0.85, 1.1)
    elif kind == "underfit, too small":
        floor = rng.uniform(0.6, 0.8)
        val = fall(rng, start, floor, quick / 2, epochs)
        train = fall(rng, start, floor * rng.uniform(0.92, 1.02), quick / 2, epochs)
    elif kind == "overfit, rising":
        while True:
            turn = max(1, rng.uniform(0.1, 0.5) * epochs)
            by = max(8 * noise, 0.12) * rng.uniform(1, 5)
            past = np.clip((rest - turn) / max(epochs - 1 - turn, 1), 0, None)
            val = fall(rng, start, floor, turn / 5, epochs) + floor * by * past ** rng.choice(
                [0.7, 1.0, 1.5]
            )
            if val[-1] - val.min() > max(6 * noise, 0.08) * val.min():
                break
        train = fall(rng, start, floor * rng.uniform(0, 0.6), turn / 2, epochs)
    elif kind == "overfit, wide gap":
        floor = rng.uniform(0.35, 0.75)
        val = fall(rng, start, floor, quick / 2, epochs)
        train = fall(rng, start, floor * rng.uniform(0, 0.3), quick, epochs)
    elif kind == "no_power":
        memory = rng.random() < 0.5
        val = 1 + np.abs(rng.normal(0, 0.01)) + (rng.uniform(0, 0.1) * rest if memory else 0 * rest)
        train = fall(rng, 1, rng.uniform(0, 0.8), quick * 2, epochs) if memory else np.ones(epochs)
        noise = noise / 4 if not memory else noise
    else:
        at = rng.integers(max(1, epochs // 3), max(2, epochs - 2))
        val = fall(rng, start, floor, quick, epochs)
        train = val * 0.95
        blow = rng.random() < 0.5
        after = (
            np.exp(rng.uniform(0.5, 2) * (1 + rest[at:] - at))
            if blow
            else np.full(epochs - at, np.nan)
        )
        val, train = np.append(val[:at], after), np.append(train[:at], after)
    low = np.nanmin(val)
    right = 0.5 + 0.5 * np.clip(1 - val / base, 0, 1) * 0.8
    val = val + rng.normal(0, noise * low, epochs) * (1 + (rng.random(epochs) < 0.03) * 3)
    train = np.abs(train + rng.normal(0, noise * low / 3, epochs))
    right = (
        right
        + rng.normal(0, 0.5 / np.sqrt(rows)) * (kind == "no_power")
        + rng.normal(0, 0.003, epochs)
    )
    history = {
        "loss": train * unit,
        "val_loss": val * unit,
        "accuracy": right,
        "val_accuracy": right,
    }
    return history, {"loss": unit, "accuracy": 0.5}, rows


KINDS = (
    "no_power", "underfit, still falling", "underfit, too small", "overfit, rising", "overfit, "
                                                                                     "wide gap", "balanced",
    "diverged",
)  # fmt: skip


def confusion(repeats, seed=0):
    """How often each kind of simulated curve gets each verdict: {(kind, verdict): count}, and by
    length and noise.
    """
    counts, wrong = Counter(), Counter()
    for kind in KINDS:
        for epochs in LENGTHS:
            for noise in NOISES:
                for repeat in range(repeats):
                    rng = np.random.default_rng(
                        [seed, KINDS.index(kind), epochs, int(noise * 1000), repeat]
                    )
                    history, baseline, rows = simulate(kind, epochs, noise, rng)
                    result = verdict(history, baseline, rows).name
                    counts[kind, result] += 1
                    if result != kind.split(",")[0]:
                        wrong[kind, epochs, noise] += 1
    return counts, wrong


def test_simulated_curves_get_their_verdict():
    counts, wrong = confusion(repeats=4)
    assert 1 - wrong.total() / counts.total() >= 0.95, (counts, wrong)


# The table of docs/verdict.md, from a seed that no threshold was set with: `python
# tests/test_diagnosis.py`.
if __name__ == "__main__":
    counts, wrong = confusion(repeats=40, seed=2026)
    print(f"{'truth':26}" + "".join(f"{name:>10}" for name in VERDICTS))
    for kind in KINDS:
        print(f"{kind:26}" + "".join(f"{counts[kind, name]:10}" for name in VERDICTS))
    print(f"right: {1 - wrong.total() / counts.total():.2%} of {counts.total()}")
    for (kind, epochs, noise), count in wrong.most_common(12):
        print(f"wrong {count:3} of 40: {kind}, {epochs} epochs, noise {noise}")


def test_power_is_tested_by_the_errors_under_the_null_where_they_are_given():
    losses = [0.2] * 8  # of 2 % positive: no better than their frequency
    history = {"loss": losses, "val_loss": losses, "val_auc": [0.58, 0.62, 0.63, 0.62] * 2}
    given = {"baseline": {"loss": 0.2, "auc": 0.5}, "rows": 400, "metric": "auc"}
    assert verdict(history, **given).name != "no_power"  # as if it were a share of 400 rows
    assert verdict(history, **given, null_errors={"auc": 0.08}).name == "no_power"
    assert verdict(history, **given, null_errors={"auc": 0.02}).name != "no_power"

    lower = history | {"val_loss": [0.19, 0.18, 0.175, 0.175] * 2}
    beside = {"auc": math.inf, "loss": 0.001}
    assert verdict(lower, **given, null_errors=beside).name != "no_power"  # The loss decides.
    beside["loss"] = 0.1
    assert verdict(lower, **given, null_errors=beside).name == "no_power"
