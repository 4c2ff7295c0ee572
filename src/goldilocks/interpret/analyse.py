"""A logged run -> figures of what its network has learned, logged into the run: chapter 7."""

import dataclasses
import itertools
import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import yaml

from goldilocks import backend, console
from goldilocks.backend import keras
from goldilocks.config import renamed
from goldilocks.config.checks import path_errors, value_errors
from goldilocks.config.settings import COMPOSED, builder, leaves
from goldilocks.dataset import Dataset
from goldilocks.dataset.readers import pixels
from goldilocks.dataset.readers.content import UnreadableFile
from goldilocks.errors import AnalysisError, ConfigError, DataError
from goldilocks.formatting import counted
from goldilocks.interpret import gradcam
from goldilocks.interpret.figures import (
    Figures,
    Subject,
    figures,
    network_figures,
    sample,
)
from goldilocks.model import weights_file
from goldilocks.model.pretrained import NETWORKS
from goldilocks.model.transfer import split
from goldilocks.plots import images, style
from goldilocks.problem import resolve
from goldilocks.protocol import Split
from goldilocks.run import seen_rows
from goldilocks.tracking import inputs
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.store import MlflowStore

FOLDER = "analysis"  # of the artifacts
ROWS = 1000  # validation rows that are used, at most
TOP = 3  # classes of a published network that are named


def run(
    store: MlflowStore, run_id: str, *, layer: str | None, image: Path | None, words: Sequence[str]
) -> list[str]:
    """Draw what the network of a logged run has learned, and log the figures under `analysis/`.

    Only validation rows are read; of a final run, which has none, those that it would have had.

    Args:
        store: Where the run is.
        run_id: The whole ID.
        layer: Of images: the one layer to show; None: several.
        image: Of images: a file to use in place of validation rows.
        words: Of texts: words whose nearest neighbours to show.

    Returns:
        The names of the figures.

    Raises:
        StoreError: There is no such run, or it logged no model or configuration.
        ConfigError: Its configuration is not one of this version.
        DataError: Its data is no longer there or has changed, or the image cannot be read.
        AnalysisError: There is no such layer.
        ModelError: The model is no encoder with a network behind it.
    """
    backend.find_devices()
    logged = store.get_run(run_id)
    tree = _config(store, logged)
    model = store.load_model(run_id)
    dataset: Dataset = builder(tree, "dataset")()
    digest = logged.tags.get("dataset.digest")
    if digest != dataset.digest:
        raise DataError(
            f"dataset={dataset.name} has the digest {dataset.digest[:12]}, and the run "
            f"{logged.name} was trained on {str(digest)[:12]}; expected the same data "
            f"({dataset.location}). Put back the files of that time, or train again."
        )

    rows = sample(_split(tree, dataset, logged).validation, ROWS)
    if logged.tags.get("role") == "final":
        console.note(
            "  a final run has trained on its validation rows: it knows what is shown here."
        )
    encoder, network = split(model)
    subject = Subject(
        name=logged.name,
        model=model,
        encoder=encoder,
        network=network,
        dataset=dataset,
        problem=dataclasses.replace(
            resolve(dataset.problem, **tree["problem"]),
            scale=tuple(json.loads(logged.tags.get("problem.scale", "[]"))),
            thresholds=inputs.of(store, run_id).thresholds,
        ),
        rows=rows,
    )
    pixels = None
    if image is not None:
        pixels = _pixels(image, model.input_shape[1:], dataset.kind)
        for line in seen_rows.warning(store, run_id, [seen_rows.of_image(image, pixels)]):
            console.note(line)

    console.note(f"{logged.name}: {model.name}, {len(rows)} validation rows")
    with tempfile.TemporaryDirectory() as folder:
        names = _save(figures(subject, layer=layer, image=pixels, words=words), Path(folder))
        if names:
            store.log_artifacts(run_id, Path(folder), FOLDER)
    console.result(
        f"logged    {counted(len(names), 'figure')} of {logged.name} "
        f"under {FOLDER}/ of run {run_id}"
    )
    return names


def network(
    name: str, image: Path, folder: Path, *, weights: str | None, layer: str | None
) -> list[str]:
    """Draw what a network of `keras.applications` sees in one image, into a folder.

    Args:
        name: Such as "vgg16", with or without underscores.
        image: A file.
        folder: For the figures; made if it does not exist.
        weights: "imagenet" (downloaded by Keras) or None: not trained at all.
        layer: The one layer to show; None: several, and the heat map of the last convolution.

    Returns:
        The names of the figures.

    Raises:
        AnalysisError: There is no such network or layer.
        ModelError: The weights cannot be downloaded.
        DataError: The image cannot be read.
    """
    backend.find_devices()
    names = {network.replace("_", ""): network for network in NETWORKS}
    full_name = names.get(name.lower().replace("_", "").replace("-", ""))
    if full_name is None:
        raise AnalysisError(
            f"{name} is neither the ID of a run (or its beginning, or last) nor a network of "
            f"keras.applications; expected such an ID, or one of {', '.join(sorted(NETWORKS))}."
        )

    make, module = NETWORKS[full_name]
    with weights_file.explained(full_name):
        published = make(weights=weights)
    inputs = keras.Input(published.input_shape[1:], name="pixels")
    model = keras.Model(inputs, published(module.preprocess_input(inputs)), name=full_name)
    pixels = _pixels(image, published.input_shape[1:], "image")
    batch = pixels[np.newaxis].astype("float32")

    predicted = keras.ops.convert_to_numpy(model(batch, training=False))
    classes = {f"class {label}": predicted[0, label] for label in np.argsort(-predicted[0])[:TOP]}
    if weights:
        classes = _class_names(module, predicted) or classes
    for class_name, probability in classes.items():
        console.note(f"  {probability:.3f} {class_name}")

    [heat] = gradcam.heat_maps(model, batch, layer=layer)
    caption = f"{image.name}: said {next(iter(classes))} {heat.probability:.2f}"
    title = f"Where it looks ({model.name})"
    looks = images.heat_maps(
        pixels[np.newaxis], [heat.heat], [caption], layer=heat.layer, title=title
    )
    others = network_figures(model, pixels, name=model.name, layer=layer)
    saved = _save(itertools.chain([("grad_cam", looks)], others), folder)
    console.result(f"written   {counted(len(saved), 'figure')} of {model.name} into {folder}")
    return saved


def _save(drawn: Figures, folder: Path) -> list[str]:
    names = []
    for name, figure in drawn:
        style.save(figure, folder / f"{name}.png")
        console.note(f"  {name}.png")
        names.append(name)
    return names


def _config(store: MlflowStore, logged: StoredRun) -> dict[str, Any]:
    """Return the configuration of a run, with the source that its data came from."""
    tree = renamed.tree(yaml.safe_load(store.read_artifact(logged.run_id, "config.yaml")))

    source = logged.tags.get("dataset.source")
    dataset = tree.get("dataset", {})
    if source and dataset.get("source") == "auto" and not dataset.get("dir"):
        dataset["source"] = source

    groups = logged.params.keys() & tree.keys()
    errors = [f"{group} is missing." for group in COMPOSED if group not in groups]
    # A key without a rule belongs to a part of the person's own, which took it when it trained.
    if errors := errors or [*value_errors(tree, leaves(tree)), *path_errors(tree)]:
        raise ConfigError(
            f"the configuration of the run {logged.run_id} ({logged.name}) cannot be used here: "
            f"{' '.join(errors)} Expected a run of this version of the program, with its data "
            "where it was."
        )
    return tree


def _split(tree: Mapping[str, Any], dataset: Dataset, logged: StoredRun) -> Split:
    """Return the split of a run; of a fold, that fold's."""
    splits = builder(tree, "protocol")(dataset)
    return splits[int(logged.tags.get("fold", len(splits))) - 1]


def _pixels(file: Path, shape: tuple[int | None, ...], kind: str) -> np.ndarray:
    """Read an image file in the size that a model takes, uint8 (height, width, channels)."""
    if kind != "image":
        raise DataError(
            f"--image is {file}, but the run was trained on {kind}s, not on images; leave --image "
            "out."
        )
    height, width, channels = (int(size or 0) for size in shape)
    try:
        image = pixels.decode(file, (height, width), levels=None).pixels
    except UnreadableFile as error:
        raise DataError(
            f"--image is {file}, which cannot be read: {error}. Expected a JPEG or PNG file."
        ) from error
    if channels == 1:
        return pixels.gray(image)
    return image


def _class_names(module: ModuleType, predicted: np.ndarray) -> dict[str, float]:
    """Return the likeliest classes by the names that Keras downloads; none if it cannot."""
    try:
        [classes] = module.decode_predictions(predicted, top=TOP)
    except Exception as error:  # Keras raises a bare Exception when a download fails.
        console.note(
            f"  the names of the classes cannot be had ({str(error).splitlines()[0]}): numbers."
        )
        return {}
    return {name.replace("_", " "): probability for _, name, probability in classes}
