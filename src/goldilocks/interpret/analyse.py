"""A logged run -> what its network has learned, drawn and logged into the run: chapter 7."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import yaml
from PIL import Image, UnidentifiedImageError

from goldilocks import console
from goldilocks.config import renamed
from goldilocks.config.checks import config_errors
from goldilocks.config.settings import GROUPS, Settings
from goldilocks.dataset import Dataset
from goldilocks.errors import AnalysisError, ConfigError, DataError
from goldilocks.interpret import figures as insights
from goldilocks.interpret import gradcam
from goldilocks.interpret.layer_graph import split
from goldilocks.model import weights_file
from goldilocks.model.pretrained import NETWORKS
from goldilocks.plots import style
from goldilocks.problem import resolve
from goldilocks.protocol import Split
from goldilocks.tracking import Store
from goldilocks.tracking.query import StoredRun

FOLDER = "analysis"  # of the artifacts
ROWS = 1000  # validation rows that are looked at, at most
TOP = 3  # classes of a published network that are named


def run(
    store: Store, run_id: str, *, layer: str | None, image: Path | None, asked: Sequence[str]
) -> list[str]:
    """Look into the network of a logged run, and log the figures into it, under `analysis/`.

    Validation rows alone are looked at; of a final run, which has none, those that it would have
    had.

    Args:
        store: Where the run is.
        run_id: The whole ID.
        layer: Of images: the one layer to show; None: several.
        image: Of images: a file to look at in place of validation rows.
        asked: Of texts: words whose neighbours are shown.

    Returns:
        The names of the figures.

    Raises:
        StoreError: There is no such run, or it logged no model or configuration.
        ConfigError: Its configuration is not one of this version.
        DataError: Its data is no longer there or has changed, or the image cannot be read.
        AnalysisError: There is no such layer.
    """
    logged = store.get_run(run_id)
    settings = _settings(store, logged)
    model = store.load_model(run_id)
    dataset = settings.builder("dataset")()
    _check_digest(dataset, logged)
    rows = _split(settings, dataset, logged).validation
    if logged.tags.get("role") == "final":
        console.note(
            "  a final run has trained on its validation rows: it knows what is shown here."
        )
    if len(rows) > ROWS:
        rows = np.sort(np.random.default_rng(0).choice(rows, size=ROWS, replace=False))
    encoder, network = split(model)
    subject = insights.Subject(
        name=logged.name,
        model=model,
        encoder=encoder,
        network=network,
        dataset=dataset,
        problem=resolve(dataset.problem, **settings.tree["problem"]),
        rows=rows,
    )
    given = None if image is None else _pixels(image, model.input_shape[1:], dataset.kind)
    console.note(f"{logged.name}: {model.name}, {len(rows)} validation rows")
    with tempfile.TemporaryDirectory() as folder:
        names = _save(
            insights.figures(subject, layer=layer, image=given, asked=asked), Path(folder)
        )
        if names:
            store.log_artifacts(run_id, Path(folder), FOLDER)
    console.result(
        f"logged    {len(names)} figures of {logged.name} under {FOLDER}/ of run {run_id}"
    )
    return names


def network(
    name: str, image: Path, folder: Path, *, weights: str | None, layer: str | None
) -> list[str]:
    """Look into a network of `keras.applications` with one image, and write the figures into a folder.

    Args:
        name: Such as "vgg16", with or without underscores.
        image: A file.
        folder: Where to; made if it is not there.
        weights: "imagenet" (downloaded by Keras) or None: not trained at all.
        layer: The one layer to show; None: several, and the heat map of the last convolution.

    Returns:
        The names of the figures.

    Raises:
        AnalysisError: There is no such network or layer.
        ModelError: The weights cannot be downloaded.
        DataError: The image cannot be read.
    """
    known = {each.replace("_", ""): each for each in NETWORKS}
    short = name.lower().replace("_", "").replace("-", "")
    if short not in known:
        raise AnalysisError(
            f"{name} is neither the ID of a run (32 letters and digits) nor a network of "
            "keras.applications; expected "
            f"such an ID, or one of {', '.join(sorted(NETWORKS))}."
        )
    chosen = NETWORKS[known[short]]
    with weights_file.explained(known[short]):
        made = chosen.make(weights=weights)
    inputs = keras.Input(made.input_shape[1:], name="pixels")
    model = keras.Model(inputs, made(chosen.module.preprocess_input(inputs)), name=known[short])
    pixels = _pixels(image, made.input_shape[1:], "image")
    predicted = keras.ops.convert_to_numpy(
        model(pixels[np.newaxis].astype("float32"), training=False)
    )
    order = np.argsort(-predicted[0], kind="stable")[:TOP]
    names = (
        _class_names(chosen.module, predicted, order)
        if weights
        else [f"class {label}" for label in order]
    )
    for label, said in zip(order, names, strict=True):
        console.note(f"  {predicted[0, label]:.3f} {said}")
    heats = gradcam.heat_maps(model, pixels[np.newaxis].astype("float32"), layer=layer)
    caption = f"{image.name}: said {names[0]} {heats[0].probability:.2f}"

    def drawn() -> insights.Figures:
        title = f"Where it looks ({model.name})"
        yield "grad_cam", insights.draw_heats(pixels[np.newaxis], heats, [caption], title=title)
        yield from insights.of_network(model, pixels, name=model.name, layer=layer)

    saved = _save(drawn(), folder)
    console.result(f"written   {len(saved)} figures of {model.name} into {folder}")
    return saved


def _save(figures: insights.Figures, folder: Path) -> list[str]:
    names = []
    for name, figure in figures:
        style.save(figure, folder / f"{name}.png")
        console.note(f"  {name}.png")
        names.append(name)
    return names


def _settings(store: Store, logged: StoredRun) -> Settings:
    """The settings of a run; its data comes from the source that it came from then."""
    with tempfile.TemporaryDirectory() as folder:
        text = store.download_artifact(logged.run_id, "config.yaml", Path(folder)).read_text()
    tree = renamed.tree(yaml.safe_load(text))
    choices = {group: logged.params[group] for group in GROUPS if group in logged.params}
    source = logged.tags.get("dataset.source")
    if (
        tree.get("dataset", {}).get("source") == "auto"
        and source
        and not tree["dataset"].get("dir")
    ):
        tree["dataset"]["source"] = source
    missing = [
        group
        for group in GROUPS
        if group != "experiment" and not (group in choices and group in tree)
    ]
    errors = [f"{group} is missing." for group in missing] or config_errors(tree, choices)
    if errors:
        raise ConfigError(
            f"the configuration of the run {logged.run_id} ({logged.name}) cannot be used here: "
            f"{' '.join(errors)} "
            "Expected a run of this version of the program, with its data where it was."
        )
    return Settings(tree, choices, (), None)


def _check_digest(dataset: Dataset, logged: StoredRun) -> None:
    then = logged.tags.get("dataset.digest")
    if then != dataset.digest:
        raise DataError(
            f"dataset={dataset.name} has the digest {dataset.digest[:12]}, and the run "
            f"{logged.name} was trained on "
            f"{str(then)[:12]}; expected the same data ({dataset.location}). Put back the files of "
            "that time, or train "
            "again."
        )


def _split(settings: Settings, dataset: Dataset, logged: StoredRun) -> Split:
    """The split of a run; of a fold, that fold's."""
    splits = settings.builder("protocol")(dataset)
    return splits[int(logged.tags.get("fold", len(splits))) - 1]


def _pixels(file: Path, shape: tuple[int | None, ...], kind: str) -> np.ndarray:
    """An image file in the size that a model takes, uint8 (height, width, channels)."""
    if kind != "image":
        raise DataError(
            f"--image is {file}, but the run was trained on {kind}s, not on images; leave --image "
            "out."
        )
    height, width, channels = shape
    try:
        with Image.open(file) as picture:
            fitting = picture.convert("L" if channels == 1 else "RGB").resize(
                (int(width or 0), int(height or 0))
            )
    except (OSError, UnidentifiedImageError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
        raise DataError(
            f"--image is {file}, which cannot be read: {reason}. Expected a JPEG or PNG file."
        ) from error
    return np.asarray(fitting).reshape(fitting.height, fitting.width, -1)


def _class_names(module: Any, predicted: np.ndarray, order: np.ndarray) -> list[str]:
    """The names of the likeliest classes, which Keras downloads; their numbers where it cannot."""
    try:
        return [
            name.replace("_", " ")
            for _, name, _ in module.decode_predictions(predicted, top=len(order))[0]
        ]
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        console.note(
            f"  the names of the classes cannot be had ({str(error).splitlines()[0]}): numbers."
        )
        return [f"class {label}" for label in order]
