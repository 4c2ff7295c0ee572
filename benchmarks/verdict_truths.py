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
from verdict_networks import (
    GROUP,
    Data,
    Setting,
    Trained,
    affordable,
    data_of,
    draw,
    lengths_of,
    row_losses,
    row_metrics,
    train,
)

FILE = Path(__file__).with_name("verdict_truths.csv.gz")
PART = FILE.with_suffix(".part")
SETTINGS = 1260
EARLIER = 30  # epochs, at most, after which rows held back are predicted
EACH = 8  # groups of a process, which then makes room
# "More regularization": l2, dropout; added to what the run has.
PENALTIES = ((0.001, 0.0), (0.01, 0.0), (0.0, 0.5))


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


def measured(group: int) -> list[dict[str, object]]:
    """Return the lines of a group of settings."""
    began = time.monotonic()
    settings = [draw(number) for number in range(GROUP * group, GROUP * group + GROUP)]
    datas = [data_of(setting) for setting in settings]
    settings = affordable(settings, datas)
    lengths, epochs = lengths_of(settings[0]), settings[0].epochs
    doubled = {2 * length for length in lengths}
    some = {round(epoch) for epoch in np.geomspace(1, epochs, EARLIER)} | set(lengths)
    every, own = set(range(1, epochs + 1)), [[(one.l2, one.dropout)] for one in settings]
    more = [[(one.l2 + l2, max(one.dropout, rate)) for l2, rate in PENALTIES] for one in settings]
    if settings[0].schedule == "constant":
        run = longer = train(
            settings, datas, size=1, epochs=epochs, until=2 * epochs, penalties=own,
            watched=every | doubled, held=some | doubled,
        )  # fmt: skip
    else:
        run = train(
            settings,
            datas,
            size=1,
            epochs=epochs,
            until=epochs,
            penalties=own,
            watched=every,
            held=some,
        )
        longer = train(
            settings, datas, size=1, epochs=2 * epochs, until=2 * epochs, penalties=own,
            watched=doubled, held=doubled,
        )  # fmt: skip
    ends = {"epochs": epochs, "until": epochs, "watched": set(lengths), "held": set(lengths)}
    larger = train(settings, datas, size=4, penalties=own, **ends)
    calmer = train(settings, datas, size=1, penalties=more, **ends)
    with np.errstate(all="ignore"):
        lines = [
            line(setting, data, length, seed, *results)
            for setting, data, *results in zip(
                settings, datas, run, longer, larger, calmer, strict=True
            )
            for seed, length in enumerate(lengths)
        ]
    seconds = round((time.monotonic() - began) / GROUP, 1)
    return [one | {"seconds": seconds} for one in lines]


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
    base_loss, base_metric = baseline(setting, data)
    split = data.counts[1]
    end = run.held[epochs][:, 0]
    some = [epoch for epoch in sorted(run.held) if epoch <= epochs]
    earlier = np.stack([run.held[epoch][:, 0] for epoch in some], axis=1)
    best = best_of(earlier)
    loss = run.loss[seed, 0, :epochs]
    val_loss, val_metric = (
        np.array([values[epoch][seed, 0] for epoch in range(1, epochs + 1)])
        for values in (run.val_loss, run.val_metric)
    )

    # The power of this run is that of the best of the epochs that were evaluated.
    sign = -1 if setting.kind == "regression" else 1
    at = np.array(some) - 1
    best_loss = np.nan_to_num(val_loss[at], nan=np.inf).argmin()
    best_metric = np.nan_to_num(sign * val_metric[at], nan=-np.inf).argmax()
    gained = base_loss[split:] - earlier[seed, best_loss]
    scored = sign * (run.held_metric[some[best_metric]][seed, 0] - base_metric[split:])
    root = np.sqrt(len(gained))
    changes = {
        "power": (gained.mean(), gained.std(ddof=1) / root),
        "power_metric": (scored.mean(), scored.std(ddof=1) / root),
        "stop_earlier": improvement(end, best),
        "go_on": improvement(end, longer.held[2 * epochs][:, 0]),
        "regularize": improvement(end, best_of(calmer.held[epochs])),
        "enlarge": improvement(end, larger.held[epochs][:, 0]),
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
        "held_best": float(best.mean()),
        "held_end": float(end.mean()),
    }
    for name, (mean, error) in changes.items():
        values |= {name: mean, f"{name}_error": error}
    curves = {"loss": loss, "val_loss": val_loss, "val_metric": val_metric}
    values |= {name: " ".join(f"{value:.5g}" for value in curve) for name, curve in curves.items()}
    return {
        name: f"{value:.5g}" if isinstance(value, float) else value
        for name, value in values.items()
    }


def attempt(group: int) -> list[dict[str, object]]:
    """Return the lines of a group; none where its training fails, which is said."""
    try:
        return measured(group)
    except (ValueError, MemoryError) as error:
        print(f"group {group}: {error}", flush=True)
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
    done = {int(str(one["number"])) // GROUP for one in lines}
    missing = [group for group in range(count // GROUP) if group not in done]
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
