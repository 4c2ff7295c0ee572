"""Stored runs -> the page of a study: what was measured, what the book has, and whether what must hold does.

`experiments/<study>/study.yaml` is written by a person: the question, the book's numbers, and the
relations between variants that must hold. `write` puts README.md, results.csv and a picture beside
it.
"""

from collections.abc import Sequence
from pathlib import Path

from goldilocks.config.command_line import experiment
from goldilocks.errors import ConfigError
from goldilocks.plots import overlays, style
from goldilocks.study import measured, page, plan
from goldilocks.study.measured import Measured
from goldilocks.study.plan import Study
from goldilocks.tracking import Store

# Losses of one measure: of classes as whole numbers, as vectors, or as the problem has it.
SAME_LOSS = {"sparse_categorical_crossentropy": "auto", "categorical_crossentropy": "auto"}


def write(name: str, store: Store, root: Path) -> Path:
    """Write a study's page from the runs in a store; the same runs give the same bytes.

    A variant is measured by the newest finished run of its experiment and by those that differ from
    it in their seed alone. Other data, or data of another source, has tables of its own.

    Args:
        name: Of the study: a folder of `experiments/` with a study.yaml.
        store: Where the runs are.
        root: The folder that holds `experiments/` and `conf/`.

    Returns:
        The page, `experiments/<name>/README.md`. Beside it, results.csv has every number in full,
        and for each data a `val_loss*.png` has the curves.

    Raises:
        ConfigError: There is no such study, its study.yaml or an experiment's config is wrong, or
            nothing was run.
    """
    study = plan.load(name, root)
    files = {
        variant: experiment(f"{name}_{variant}", root / "conf").flat for variant in study.variants
    }
    groups = measured.measure(study, files, store.runs_of(name))
    folder = root / "experiments" / name
    if not groups:
        raise ConfigError(
            f"this store has no finished run of the study {name}, so {folder} stays as it is. "
            "Expected runs of "
            f"`{study.command.strip().splitlines()[0]}` in the MLflow experiment that is looked "
            "into."
        )
    for old in folder.glob("val_loss*.png"):
        old.unlink()
    pictures = []
    for number, (data, variants) in enumerate(groups.items(), 1):
        suffix = f"_{number}" if len(groups) > 1 else ""
        pictures.append(
            _draw(study, data.source, variants, store, folder / f"val_loss{suffix}.png")
        )
    measured.table(groups).to_csv(folder / "results.csv", index=False)
    readme = folder / "README.md"
    readme.write_text(page.text(study, groups, pictures))
    return readme


def _draw(
    study: Study, source: str, variants: Sequence[Measured], store: Store, file: Path
) -> page.Picture | None:
    """Draw the mean validation loss of each variant, without its penalty, where the losses are of one measure."""
    losses = {each.variant: SAME_LOSS.get(each.loss, each.loss) for each in variants}
    usual = max(losses.values(), key=list(losses.values()).count)
    curves = {}
    for each in variants:
        name = "val_data_loss" if "best_val_data_loss" in each.values else "val_loss"
        histories = [
            history for run in each.trainings if (history := store.history(run.run_id, name))
        ]
        if histories and losses[each.variant] == usual:
            epochs = zip(*histories, strict=False)  # As many as the shortest has.
            curves[each.variant] = [sum(values) / len(values) for values in epochs]
    if not curves:
        return None
    title = f"{study.title}, {source.replace('_', '-')}"
    style.save(
        overlays.overlay(curves, ylabel="val_loss, without penalty", title=title, best=None), file
    )
    return page.Picture(file.name, tuple(name for name, loss in losses.items() if loss != usual))
