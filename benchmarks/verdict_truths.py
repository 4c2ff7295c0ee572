"""The table of truths: `python benchmarks/verdict_truths.py [SETTINGS] [PROCESSES]`.

Run: it trains what `verdict_truths.csv.gz` lacks, and can be stopped and run again.
Takes: about 4 s a setting on a core (1,260 settings: 45 minutes on 2 cores)
Expect: a line for each curve: of a setting whose rate is constant after all, half and a quarter of
    its epochs, each of another seed; of others after all.

Each setting is trained from several seeds, for twice the epochs, with four times the units and with
more regularization. What that does to the loss of rows which the curve does not show says what the
run truly was.
"""

from __future__ import annotations

import csv
import dataclasses
import gzip
import io
import multiprocessing
import os
import sys
import time
from pathlib import Path

os.environ["KERAS_BACKEND"] = "jax"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false --xla_backend_optimization_level=1"

import numpy as np
from verdict_networks import Data, Setting, Trained, data_of, draw, row_losses, row_metrics, train

FILE = Path(__file__).with_name("verdict_truths.csv.gz")
PART = FILE.with_suffix(".part")
SETTINGS = 1260
EACH = 20  # settings of a process, which then makes room
OPERATIONS = 1.5e11  # that all networks of a setting may take
SHORTEST = 3  # epochs of a curve
# "More regularization": l2, dropout; added to what the run has.
PENALTIES = ((0.001, 0.0), (0.01, 0.0), (0.0, 0.5))


def affordable(setting: Setting, data: Data) -> Setting:
    """Return the setting for fewer epochs where its networks would take too long."""
    inputs = int(np.prod(data.x.shape[1:])) * (16 if data.x.dtype.kind == "i" else 1)
    units = 4 * setting.units
    weights = inputs * units + (setting.layers - 1) * units**2 + units * data.outputs
    if setting.architecture in ("conv", "conv1d"):
        weights = inputs * (9 * units + (setting.layers > 1) * 9 * units**2 / 2)
    if setting.architecture == "rnn":
        weights = data.x.shape[1] * 4 * (units + 16) * units
    epochs = OPERATIONS / (6 * weights * data.counts[0] * setting.seeds)
    return dataclasses.replace(setting, epochs=max(SHORTEST, min(setting.epochs, int(epochs))))


def lengths_of(setting: Setting) -> list[int]:
    """Return the epochs after which the run is judged, the longest first."""
    fractions = (1, 2, 4) if setting.schedule == "constant" else (1,)
    lengths = [setting.epochs // fraction for fraction in fractions]
    return [length for length in dict.fromkeys(lengths) if length >= SHORTEST]


def improvement(before: np.ndarray, after: np.ndarray) -> tuple[float, float]:
    """Return by how much the loss of the same rows (seeds, rows) fell, and its standard error over
    seeds and rows.
    """
    fell = np.asarray(before, float) - np.asarray(after, float)
    over_seeds = fell.mean(axis=1).std(ddof=1) / np.sqrt(len(fell))
    over_rows = fell.mean(axis=0).std(ddof=1) / np.sqrt(fell.shape[1])
    return float(fell.mean()), float(np.hypot(over_seeds, over_rows))


def best_of(losses: np.ndarray) -> np.ndarray:
    """Return the rows' losses (seeds, rows) of the choice that is best for all other seeds.

    Args:
        losses: Of held rows, (seeds, choices, rows); chance of a seed chooses nothing for it.
    """
    means = np.nan_to_num(losses.mean(axis=2), nan=1e30, posinf=1e30)
    others = means.sum(axis=0) - means
    return losses[np.arange(len(losses)), others.argmin(axis=1)]


def baseline(setting: Setting, data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return the loss and the metric of every row of the curve and held back, where the mean, or
    the frequencies of the classes, of the training rows is all that is predicted.
    """
    train_rows, *_ = data.parts
    rest = data.y[data.counts[0] :]
    prior = data.y[train_rows].mean(axis=0)
    if setting.kind == "multiclass":
        prior = np.bincount(data.y[train_rows], minlength=data.outputs) / data.counts[0]
    outputs = np.tile(prior, (len(rest), 1))
    return row_losses(setting, outputs, rest), row_metrics(setting, outputs, rest)


def measured(number: int) -> list[dict[str, object]]:
    """Return the lines of a setting."""
    began = time.monotonic()
    setting = draw(number)
    data = data_of(setting)
    setting = affordable(setting, data)
    own = [(setting.l2, setting.dropout)]
    more = [(setting.l2 + l2, max(setting.dropout, rate)) for l2, rate in PENALTIES]
    lengths, epochs = lengths_of(setting), setting.epochs
    doubled = {2 * length for length in lengths}
    every = set(range(1, epochs + 1))
    once = setting.schedule == "constant"

    def trained(penalties: list[tuple[float, float]], size: int, until: int, watched: set[int]):
        return train(
            setting,
            data,
            units=size * setting.units,
            epochs=until,
            penalties=penalties,
            watched=watched,
        )

    run = trained(own, 1, 2 * epochs if once else epochs, every | (doubled if once else set()))
    longer = run if once else trained(own, 1, 2 * epochs, doubled)
    larger = trained(own, 4, epochs, set(lengths))
    calmer = trained(more, 1, epochs, set(lengths))
    with np.errstate(all="ignore"):
        lines = [
            line(setting, data, length, seed, run, longer, larger, calmer)
            for seed, length in enumerate(lengths)
        ]
    return [one | {"seconds": round(time.monotonic() - began, 1)} for one in lines]


def line(
    setting: Setting,
    data: Data,
    epochs: int,
    seed: int,
    run: Trained,
    longer: Trained,
    larger: Trained,
    calmer: Trained,
) -> dict[str, object]:
    """Return a line of the table: the curve of a seed, and what each intervention brought."""
    _, val_rows, held_rows = data.parts
    y_val, y_held = data.y[val_rows], data.y[held_rows]
    base_loss, base_metric = baseline(setting, data)
    split = data.counts[1]

    def held(trained: Trained, epoch: int, penalty: int = 0) -> np.ndarray:
        return row_losses(setting, trained.held[epoch][:, penalty], y_held)

    end = held(run, epochs)
    earlier = np.stack([held(run, epoch) for epoch in range(1, epochs + 1)], axis=1)
    best = best_of(earlier)
    calmed = np.stack([held(calmer, epochs, each) for each in range(len(PENALTIES))], axis=1)
    val = [run.val[epoch][seed, 0] for epoch in range(1, epochs + 1)]
    loss = run.loss[seed, 0, :epochs]
    val_loss = np.array([row_losses(setting, outputs, y_val).mean() for outputs in val])
    val_metric = np.array([row_metrics(setting, outputs, y_val).mean() for outputs in val])

    # The power of this run is that of its own best epochs.
    sign = -1 if setting.kind == "regression" else 1
    best_loss = np.nan_to_num(val_loss, nan=np.inf).argmin()
    best_metric = np.nan_to_num(sign * val_metric, nan=-np.inf).argmax()
    outputs = run.held[best_metric + 1][seed, 0]
    gained = base_loss[split:] - earlier[seed, best_loss]
    scored = sign * (row_metrics(setting, outputs, y_held) - base_metric[split:])
    root = np.sqrt(len(y_held))

    changes = {
        "power": (gained.mean(), gained.std(ddof=1) / root),
        "power_metric": (scored.mean(), scored.std(ddof=1) / root),
        "stop_earlier": improvement(end, best),
        "go_on": improvement(end, held(longer, 2 * epochs)),
        "regularize": improvement(end, best_of(calmed)),
        "enlarge": improvement(end, held(larger, epochs)),
    }
    train_count, val_count, held_count = data.counts
    values: dict[str, object] = dataclasses.asdict(setting) | {
        "rows": train_count,
        "val_rows": val_count,
        "held_rows": held_count,
        "length": epochs,
        "kind": setting.kind,
        "base_loss": base_loss[:split].mean(),
        "base_metric": base_metric[:split].mean(),
        "held_base": base_loss[split:].mean(),
        "held_best": best.mean(),
        "held_end": end.mean(),
    }
    for name, (mean, error) in changes.items():
        values |= {name: mean, f"{name}_error": error}
    curves = {"loss": loss, "val_loss": val_loss, "val_metric": val_metric}
    values |= {name: " ".join(f"{value:.5g}" for value in curve) for name, curve in curves.items()}
    return {
        name: f"{value:.5g}" if isinstance(value, float) else value
        for name, value in values.items()
    }


def attempt(number: int) -> list[dict[str, object]]:
    """Return the lines of a setting; none where its training fails, which is said."""
    try:
        return measured(number)
    except (ValueError, MemoryError) as error:
        print(f"{number}: {error}", flush=True)
        return []


def read(path: Path) -> list[dict[str, str]]:
    """Return the lines of a table, packed or not."""
    if not path.exists():
        return []
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return list(csv.DictReader(io.StringIO(content.decode())))


def main() -> None:
    """Train what is missing, and pack the table."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else SETTINGS
    processes = int(sys.argv[2]) if len(sys.argv) > 2 else 2
    lines: list[dict[str, object]] = [*read(FILE), *read(PART)]
    done = {int(str(one["number"])) for one in lines}
    missing = [number for number in range(count) if number not in done]
    context = multiprocessing.get_context("spawn")
    with (
        context.Pool(processes, maxtasksperchild=EACH) as pool,
        PART.open("a", newline="") as file,
    ):
        for position, found in enumerate(pool.imap_unordered(attempt, missing)):
            for one in found:
                writer = csv.DictWriter(file, list(one), lineterminator="\n")
                if not file.tell():
                    writer.writeheader()
                writer.writerow(one)
            file.flush()
            lines += found
            if found:
                last = found[0]
                print(
                    f"{position + 1}/{len(missing)} {last['number']} {last['family']} "
                    f"{last['seconds']} s",
                    flush=True,
                )

    lines.sort(key=lambda one: (int(str(one["number"])), -int(str(one["length"]))))
    text = io.StringIO()
    writer = csv.DictWriter(text, list(lines[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    FILE.write_bytes(gzip.compress(text.getvalue().encode(), mtime=0))
    PART.unlink()


if __name__ == "__main__":
    main()
