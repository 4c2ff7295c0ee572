"""The drawn stand-in for the cats-and-dogs photographs: faces of cats and dogs.

Source: drawn by this module and `heads` from a seed; nothing is downloaded.
Licence: Goldilocks's own (MIT), since nobody else's work is in it.
Counts and balance: as many rows as asked for; classes alternate, so half are cats (0) and half dogs
    (1).
Shape: uint8 (rows, size, size, 3), RGB, 0 to 255, drawn at that size.
Checksum: `Dataset.digest` of `catsdogs`, of pixels and labels.

What varies in both classes alike: colours, pose (in-plane turn up to 40 degrees, yaw, nod), size,
position (faces may leave the frame), background and clutter, things in front, light, contrast,
colour cast, blur and noise. What tells the classes apart: ears, muzzle and nose, eyes and pupils,
whiskers, tongue, markings, shape of the skull; each is borrowed from the other species in a
fraction of the animals (`heads.ATYPICAL`). What it is for: showing on any machine that a small
convnet overfits 2,000 pictures, and what helps against it. Accuracies on it say nothing about
photographs.
"""

import multiprocessing
import os
import warnings
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from goldilocks.dataset.stand_ins import heads

CHUNK = 100  # Rows per task: 6.8 MB at size 150, a second or so of work.
IN_PROCESS = 300  # Starting processes costs about half a second, as much as drawing this many rows.
# Pillow draws without anti-aliasing; drawing twice as large and reducing gives it.
OVERSAMPLING = 2


def draw(rows: int, *, size: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw pictures of cats and dogs, and return them with their labels.

    Row `r` shows animal `r // 2` of class `r % 2`, and depends on nothing but `seed`, `r` and
    `size`: asking for more rows does not change the earlier ones, and neither does the number of
    processes.

    Args:
        rows: Number of pictures.
        size: Height and width in pixels, at least 16.
        seed: Any integer from 0.

    Returns:
        Images, uint8 (rows, size, size, 3), RGB, 0 to 255; and labels, float32 (rows,), 0.0 = cat,
        1.0 = dog.

    Raises:
        ValueError: An argument is out of its range.
    """
    for name, value, least in (("rows", rows, 0), ("size", size, 16), ("seed", seed, 0)):
        if value < least:
            raise ValueError(
                f"{name} is {value}; drawing faces takes a whole number from {least}. Use "
                f"{name}={least}."
            )

    images = np.empty((rows, size, size, 3), np.uint8)
    starts = range(0, rows, CHUNK)
    for start, chunk in zip(starts, _chunks(starts, rows, size, seed), strict=True):
        images[start : start + CHUNK] = chunk
    return images, (np.arange(rows) % 2).astype(np.float32)


def _chunks(starts: range, rows: int, size: int, seed: int) -> Iterator[np.ndarray]:
    jobs = [(start, min(start + CHUNK, rows), size, seed) for start in starts]
    processes = min(_cores(), len(jobs))
    # A daemon, such as a worker of a `multiprocessing.Pool`, may not start processes.
    if rows <= IN_PROCESS or processes == 1 or multiprocessing.current_process().daemon:
        yield from map(_chunk, jobs)
        return

    # Never fork: the caller may have imported TensorFlow, whose threads a forked child would find
    # dead, holding locks.
    drawn = 0
    try:
        with ProcessPoolExecutor(
            processes, mp_context=multiprocessing.get_context("spawn")
        ) as pool:
            for chunk in pool.map(_chunk, jobs):
                yield chunk
                drawn += 1
    except BrokenProcessPool:
        warnings.warn(
            f"The processes that draw faces ended after {drawn} of {len(jobs)} parts; this one "
            "draws the rest, more slowly. They need memory, and a calling script that keeps its "
            'work under `if __name__ == "__main__":`.',
            stacklevel=3,
        )
        yield from map(_chunk, jobs[drawn:])


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):  # Not on every operating system.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _chunk(job: tuple[int, int, int, int]) -> np.ndarray:
    start, stop, size, seed = job
    return np.stack([_picture(seed, row % 2, row // 2, size) for row in range(start, stop)])


def _picture(seed: int, label: int, index: int, size: int) -> np.ndarray:
    rng = np.random.default_rng([seed, label, index])
    side = size * OVERSAMPLING
    look = heads.traits(bool(label), rng)
    image = Image.new("RGB", (side, side))
    canvas = ImageDraw.Draw(image)
    _background(canvas, side, rng)

    angle = np.deg2rad(np.clip(rng.normal(0, 18), -40, 40))
    radius = side * np.exp(rng.uniform(np.log(0.24), np.log(0.44)))
    turn = radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    origin = side * (0.5 + np.clip(rng.normal(0, 0.08, 2), -0.25, 0.25))
    pen = heads.Pen(
        canvas=canvas,
        origin=origin,
        turn=turn,
        yaw=rng.uniform(-0.45, 0.45),
        nod=rng.uniform(-0.15, 0.2),
    )
    heads.paint(pen, look, rng)

    _foreground(canvas, side, origin, radius, rng)
    return _photograph(image, size, rng)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour of a thing: as often the colour of a coat as any other."""
    if rng.random() < 0.5:
        return heads.COATS[rng.integers(len(heads.COATS))] + rng.uniform(-20, 20, 3)
    any_colour = rng.uniform(20, 235, 3)
    return any_colour.mean() + (any_colour - any_colour.mean()) * rng.uniform(0.1, 0.9)


def _background(canvas: ImageDraw.ImageDraw, side: int, rng: np.random.Generator) -> None:
    top, bottom = _colour(rng), _colour(rng)
    bands = 24
    for band in range(bands):
        box = (0, side * band / bands, side, side * (band + 1) / bands)
        canvas.rectangle(box, fill=heads.rgb(top + (bottom - top) * band / bands))

    kind = rng.choice(["clutter", "grass", "tiles", "bokeh"])
    if kind == "grass":
        green = np.array([70, 110, 50]) * rng.uniform(0.6, 1.5) + rng.uniform(-20, 20, 3)
        for x, y, lean in rng.uniform((0, 0, -0.06), (1, 1.1, 0.06), (90, 3)) * side:
            width = max(1, side // 100)
            blade = (x, y, x + lean, y - 0.12 * side)
            canvas.line(blade, fill=heads.rgb(green * rng.uniform(0.6, 1.4)), width=width)
    elif kind == "tiles":
        step, other = side * rng.uniform(0.08, 0.3), heads.rgb(_colour(rng))
        slant, width = rng.uniform(-0.5, 0.5) * side, max(1, round(side * rng.uniform(0.005, 0.04)))
        for offset in np.arange(-side, 2 * side, step):
            canvas.line((offset, 0, offset + slant, side), fill=other, width=width)
            canvas.line((0, offset, side, offset - slant), fill=other, width=width)
    elif kind == "bokeh":
        for x, y, r in rng.uniform((0, 0, 0.02), (1, 1, 0.12), (20, 3)) * side:
            canvas.ellipse((x - r, y - r, x + r, y + r), fill=heads.rgb(_colour(rng)))

    for _ in range(rng.integers(0, 8)):
        _thing(canvas, rng.uniform(0, side, 2), side * rng.uniform(0.05, 0.25), rng)


def _thing(
    canvas: ImageDraw.ImageDraw, middle: np.ndarray, radius: float, rng: np.random.Generator
) -> None:
    """Draw something of no meaning, which may look like a part of a face."""
    corners = int(rng.choice([2, 3, 3, 4, 12]))
    angle = rng.uniform(0, 2 * np.pi) + np.arange(corners) * 2 * np.pi / corners
    spokes = radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = middle + spokes * rng.uniform(0.5, 1.2, (corners, 2))
    outline, colour = list(map(tuple, points.tolist())), heads.rgb(_colour(rng))
    if corners == 2:
        canvas.line(outline, fill=colour, width=max(1, round(radius * rng.uniform(0.1, 0.4))))
    else:
        canvas.polygon(outline, fill=colour)


def _foreground(
    canvas: ImageDraw.ImageDraw,
    side: int,
    origin: np.ndarray,
    radius: float,
    rng: np.random.Generator,
) -> None:
    """Draw what is in front of the animal: nothing, a few things, or the bars of a fence."""
    kind = rng.random()
    if kind < 0.36:
        for _ in range(rng.integers(1, 4)):
            middle = origin + rng.normal(0, 0.7 * radius, 2)
            _thing(canvas, middle, radius * rng.uniform(0.2, 0.6), rng)
    elif kind < 0.46:
        colour, step = heads.rgb(_colour(rng)), side * rng.uniform(0.12, 0.3)
        slant = rng.uniform(-0.4, 0.4) * side
        width = max(1, round(side * rng.uniform(0.01, 0.05)))
        for offset in np.arange(-side + rng.uniform(0, step), 2 * side, step):
            canvas.line((offset, 0, offset + slant, side), fill=colour, width=width)


def _photograph(image: Image.Image, size: int, rng: np.random.Generator) -> np.ndarray:
    """Return what a camera makes of it, uint8 (size, size, 3).

    It adds blur, uneven light, a colour cast and noise.
    """
    small = image.reduce(OVERSAMPLING)
    if rng.random() >= 0.5:
        small = small.filter(ImageFilter.GaussianBlur(size * rng.uniform(0.002, 0.016)))
    pixels = np.asarray(small, np.float32) - 128
    along = np.linspace(-1, 1, size, dtype=np.float32)
    slope = rng.uniform(-0.35, 0.35, 2)
    light = 1 + slope[0] * along[:, None] + slope[1] * along[None, :]

    grey = pixels.mean(axis=2, keepdims=True)
    pixels = grey + (pixels - grey) * np.float32(rng.uniform(0, 1.1))
    contrast = np.float32(rng.uniform(0.5, 1.1))
    pixels = pixels * contrast + 128 + rng.uniform(-35, 35) + rng.uniform(-15, 15, 3)
    pixels = pixels * light[:, :, None]

    grain = rng.uniform(1, 12)
    pixels = pixels + grain * rng.standard_normal((size, size, 3), np.float32)
    return np.clip(pixels, 0, 255).astype(np.uint8)
