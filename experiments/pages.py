"""Write the pages of chapters: what was measured, beside the book's numbers.

    python experiments/pages.py imdb

A person writes `experiments/<chapter>/chapter.yaml`: the question, the book's numbers, and the
relations between variants that must hold. This program reads it and the runs in the store, and
writes README.md, results.csv and figures into the same folder.
"""

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd
from hydra import compose, initialize_config_dir

import chapter
import measured
import origin
import page_text
from chapter import Chapter
from goldilocks import console
from goldilocks.config.command_line import composition_errors, stopping
from goldilocks.config.composition import settled
from goldilocks.config.settings import Settings
from goldilocks.errors import ConfigError
from goldilocks.plots import overlays, style
from goldilocks.report.grouping import Basis
from goldilocks.tracking import Store, local, query
from measured import Measured, Tables

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENT = "goldilocks"  # the MLflow experiment of conf/tracking/local.yaml


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the pages of the chapters that are named on the command line.

    Args:
        arguments: As typed; None: those of the process.
    """
    parser = argparse.ArgumentParser(
        description="Write the pages of chapters from the runs in a store."
    )
    parser.add_argument("chapters", nargs="+", metavar="CHAPTER", help="a folder of experiments/")
    parser.add_argument("--uri", help="of the store; default: MLFLOW_TRACKING_URI, or mlflow.db")
    parser.add_argument(
        "--force", action="store_true", help="replace a page even if it has more seeds or variants"
    )
    typed = parser.parse_args(arguments)

    with stopping():
        store = local.open_existing(uri=typed.uri, experiment=EXPERIMENT)
        for name in typed.chapters:
            console.result(str(write(name, store, ROOT, force=typed.force)))


def recipe(name: str, conf: Path) -> Settings:
    """Return the checked settings of a recipe as it stands, without a command line.

    Raises:
        ConfigError: There is no such recipe, or anything in it is wrong; the message lists all of
            it.
    """
    overrides = [f"experiment={name}"]
    with (
        composition_errors(overrides, conf, "config"),
        initialize_config_dir(str(conf.resolve()), version_base="1.3"),
    ):
        cfg = compose("config", overrides, return_hydra_config=True)
    return settled(cfg, hydra=cfg.hydra, overrides=overrides)


def write(name: str, store: Store, root: Path, *, force: bool) -> Path:
    """Write a chapter's page from the runs in a store; the same runs give the same bytes.

    A variant is measured by the newest finished run of its recipe and by those that differ from it
    in their seed alone. Runs that may not be compared are in tables of their own.

    Args:
        name: Of the chapter: a folder of `experiments/` with a chapter.yaml.
        store: Where the runs are.
        root: The folder that holds `experiments/` and `conf/`.
        force: Whether a page with more seeds or variants may be replaced.

    Returns:
        The page, `experiments/<name>/README.md`. Beside it, results.csv has every number in full,
        and a `val_loss*.png` the curves of each table that has any.

    Raises:
        ConfigError: There is no such chapter, its chapter.yaml or a recipe is wrong, nothing was
            run, or the page would lose results without `force`.
    """
    plan = chapter.load(name, root)
    recipes = {
        variant: recipe(f"{name}_{variant}", root / "conf").flat for variant in plan.variants
    }
    tables = measured.measure(plan, recipes, query.of_study(store, name))
    folder = root / "experiments" / name
    if not tables:
        raise ConfigError(
            f"this store has no finished run of the chapter {name}, so {folder} stays as it is. "
            f"Expected runs of `{plan.command.splitlines()[0]}` in the MLflow experiment "
            f"{EXPERIMENT}; run it first, or name another store: --uri."
        )

    origins = {
        run.run_id: origin.of(run, store)
        for members in tables.values()
        for variant in members
        for run in variant.runs
    }
    results = measured.table(tables, origins)
    if not force:
        _refuse_loss(folder / "results.csv", results)

    for old in folder.glob("val_loss*.png"):
        old.unlink()
    figures = _draw(plan, tables, store, folder)
    results.to_csv(folder / "results.csv", index=False)
    page = folder / "README.md"
    page.write_text(page_text.text(plan, tables, figures, origins))
    return page


def _refuse_loss(file: Path, results: pd.DataFrame) -> None:
    """Raise ConfigError if the results in a file have more trainings of a variant than new ones."""
    if not file.is_file():
        return

    counts = _trainings(results)
    lost = []
    for (source, variant), count in _trainings(pd.read_csv(file)).items():
        remaining = counts.get((source, variant), 0)
        if remaining < count:
            lost.append(f"{variant} on {source} has {count}, now {remaining or 'none'}")
    if lost:
        raise ConfigError(
            f"{file} has more trainings than this store: {'; '.join(lost)}. Nothing was written. "
            "Run what is missing, or add --force to replace the page."
        )


def _trainings(results: pd.DataFrame) -> dict[tuple[str, str], int]:
    """Return the number of trainings by source and variant."""
    counts: dict[tuple[str, str], int] = {}
    columns = (results["source"], results["variant"], results["trainings"])
    for source, variant, count in zip(*columns, strict=True):
        key = (str(source), str(variant))
        counts[key] = max(counts.get(key, 0), int(count))
    return counts


def _draw(plan: Chapter, tables: Tables, store: Store, folder: Path) -> dict[Basis, str]:
    """Draw the mean validation loss of the variants of each table; return the files' names."""
    all_curves = {basis: _curves(variants, store) for basis, variants in tables.items()}
    drawn = {basis: curves for basis, curves in all_curves.items() if curves}

    names = {}
    for number, (basis, curves) in enumerate(drawn.items(), 1):
        names[basis] = f"val_loss_{number}.png" if len(drawn) > 1 else "val_loss.png"
        title = f"{plan.title}, {basis.source.replace('_', '-')}"
        ylabel = "val_loss, without penalty"
        figure = overlays.overlay(curves, ylabel=ylabel, title=title, best={})
        style.save(figure, folder / names[basis])
    return names


def _curves(variants: Sequence[Measured], store: Store) -> Mapping[str, Sequence[float]]:
    """Return the mean validation loss of each variant that has one, without penalty."""
    curves = {}
    for variant in variants:
        name = "val_data_loss" if "best_val_data_loss" in variant.values else "val_loss"
        stored = store.histories([run.run_id for run in variant.trainings], [name])
        histories = [curve[name] for curve in stored.values() if name in curve]
        if histories:
            epochs = zip(*histories, strict=False)  # as many as the shortest has
            curves[variant.name] = [
                sum(value for _, value in points) / len(points) for points in epochs
            ]
    return curves


if __name__ == "__main__":
    main()
