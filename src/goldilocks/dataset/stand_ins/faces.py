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

from dataclasses import replace

import joblib
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
        rows: Number of pictures, at least 0.
        size: Height and width in pixels, at least 16.
        seed: Any integer from 0.

    Returns:
        Images, uint8 (rows, size, size, 3), RGB, 0 to 255; and labels, float32 (rows,), 0.0 = cat,
        1.0 = dog.

    Raises:
        ValueError: The size is below 16.
    """
    if size < 16:
        raise ValueError(
            f"size is {size}; drawing faces takes a whole number from 16. Use size=16."
        )

    pictures = (joblib.delayed(_picture)(seed, row % 2, row // 2, size) for row in range(rows))
    # One after the other where starting processes would take longer than the drawing. They are not
    # kept: the training that follows needs their memory.
    parallel = joblib.Parallel(
        n_jobs=-1 if rows > IN_PROCESS else 1,
        batch_size=CHUNK,
        return_as="generator",
        idle_worker_timeout=5,
    )
    images = np.empty((rows, size, size, 3), np.uint8)
    for row, picture in enumerate(parallel(pictures)):
        images[row] = picture
    return images, (np.arange(rows) % 2).astype(np.float32)


def _picture(seed: int, label: int, index: int, size: int) -> np.ndarray:
    rng = np.random.default_rng([seed, label, index])
    side = size * OVERSAMPLING
    look = heads.traits(bool(label), rng)
    image = Image.new("RGB", (side, side))
    # In pixels from the corner of the picture.
    frame = heads.Pen(
        canvas=ImageDraw.Draw(image), origin=np.zeros(2), turn=np.eye(2), yaw=0, nod=0
    )
    _background(frame, side, rng)

    angle = np.deg2rad(np.clip(rng.normal(0, 18), -40, 40))
    radius = side * np.exp(rng.uniform(np.log(0.24), np.log(0.44)))
    turn = radius * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    origin = side * (0.5 + np.clip(rng.normal(0, 0.08, 2), -0.25, 0.25))
    pen = replace(
        frame,
        origin=origin,
        turn=turn,
        yaw=rng.uniform(-0.45, 0.45),
        nod=rng.uniform(-0.15, 0.2),
    )
    heads.paint(pen, look, rng)

    _foreground(frame, side, origin, radius, rng)
    return _photograph(image, size, rng)


def _colour(rng: np.random.Generator) -> np.ndarray:
    """Draw a colour of a thing: as often the colour of a coat as any other."""
    if rng.random() < 0.5:
        return heads.COATS[rng.integers(len(heads.COATS))] + rng.uniform(-20, 20, 3)
    any_colour = rng.uniform(20, 235, 3)
    return any_colour.mean() + (any_colour - any_colour.mean()) * rng.uniform(0.1, 0.9)


def _background(pen: heads.Pen, side: int, rng: np.random.Generator) -> None:
    top, bottom = _colour(rng), _colour(rng)
    bands = 24
    for band in range(bands):
        box = (0, side * band / bands, side, side * (band + 1) / bands)
        pen.canvas.rectangle(box, fill=heads.rgb(top + (bottom - top) * band / bands))

    kind = rng.choice(["clutter", "grass", "tiles", "bokeh"])
    if kind == "grass":
        green = np.array([70, 110, 50]) * rng.uniform(0.6, 1.5) + rng.uniform(-20, 20, 3)
        for x, y, lean in rng.uniform((0, 0, -0.06), (1, 1.1, 0.06), (90, 3)) * side:
            blade = [(x, y), (x + lean, y - 0.12 * side)]
            pen.line(blade, green * rng.uniform(0.6, 1.4), side // 100)
    elif kind == "tiles":
        step, other = side * rng.uniform(0.08, 0.3), _colour(rng)
        slant, width = rng.uniform(-0.5, 0.5) * side, side * rng.uniform(0.005, 0.04)
        for offset in np.arange(-side, 2 * side, step):
            pen.line([(offset, 0), (offset + slant, side)], other, width)
            pen.line([(0, offset), (side, offset - slant)], other, width)
    elif kind == "bokeh":
        for x, y, r in rng.uniform((0, 0, 0.02), (1, 1, 0.12), (20, 3)) * side:
            pen.canvas.ellipse((x - r, y - r, x + r, y + r), fill=heads.rgb(_colour(rng)))

    for _ in range(rng.integers(0, 8)):
        _thing(pen, rng.uniform(0, side, 2), side * rng.uniform(0.05, 0.25), rng)


def _thing(pen: heads.Pen, middle: np.ndarray, radius: float, rng: np.random.Generator) -> None:
    """Draw something of no meaning, which may look like a part of a face."""
    corners = int(rng.choice([2, 3, 3, 4, 12]))
    angle = rng.uniform(0, 2 * np.pi) + np.arange(corners) * 2 * np.pi / corners
    points = middle + radius * heads.circle(angle) * rng.uniform(0.5, 1.2, (corners, 2))
    colour = _colour(rng)
    if corners == 2:
        pen.line(points, colour, radius * rng.uniform(0.1, 0.4))
    else:
        pen.fill(points, colour)


def _foreground(
    pen: heads.Pen,
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
            _thing(pen, middle, radius * rng.uniform(0.2, 0.6), rng)
    elif kind < 0.46:
        colour, step = _colour(rng), side * rng.uniform(0.12, 0.3)
        slant = rng.uniform(-0.4, 0.4) * side
        width = side * rng.uniform(0.01, 0.05)
        for offset in np.arange(-side + rng.uniform(0, step), 2 * side, step):
            pen.line([(offset, 0), (offset + slant, side)], colour, width)


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
