"""Traits -> the drawn head of a cat or a dog, for `faces`.

There is one way to draw a head; a species is only a distribution of traits. `ATYPICAL` says how
often a group of traits is borrowed from the other species, and so how hard the pictures are: a cat
with hanging ears, a dog with slit pupils.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import ImageDraw

# Probability that a group of traits comes from the other species; tuned until the convnet of
# chapter 6 overfits 2,000 pictures as it does photographs. The muzzle is what a person looks at
# when in doubt, so it lies least often.
ATYPICAL = {
    "ears": 0.16,
    "muzzle": 0.06,
    "eyes": 0.18,
    "shape": 0.25,
    "coat": 0.3,
    "whiskers": 0.15,
    "tongue": 0.1,
}


def palette(colours: str) -> np.ndarray:
    """Return RGB float (n, 3), 0 to 255, of n hexadecimal colours."""
    return np.frombuffer(bytes.fromhex(colours), np.uint8).reshape(-1, 3).astype(float)


# Coats of cats and dogs alike: black, grey, white, cream, ginger, tan, brown, dark brown,
# blue-grey.
COATS = palette("262324 807e7e e4e0da d6bc94 ce803c b07e4e 7a5234 4a3426 606874")
EARS = ["pointed", "folded", "hanging"]
MARKINGS = ["plain", "stripes", "mask", "blaze", "patches", "points"]
PINK, BLACK = np.array([206, 138, 132]), np.array([44, 36, 36])  # Of noses.
GLINT = np.array([250, 250, 250])
ANGLES = np.linspace(0, 2 * np.pi, 28, endpoint=False)
CIRCLE = np.stack([np.cos(ANGLES), np.sin(ANGLES)], axis=1)


@dataclass(frozen=True, kw_only=True)
class Species:
    """How the traits of a species are distributed.

    Attributes:
        ears: Probability of each of `EARS`.
        shape: Ranges of the half axes of the skull, its cheeks and its taper, in head radii.
        eyes: Ranges of the numbers of `Traits.eyes`.
        pupil: Range of the pupil's width over the iris's.
        irises: Colours, RGB float (n, 3).
        iris: Probability of each of them; None where all are equally probable.
        muzzle: Ranges of the numbers of `Traits.muzzle`.
        pink_nose: Probability.
        whiskers: Probability.
        tongue: Probability that it shows.
        markings: Probability of each of `MARKINGS`.
    """

    ears: list[float]
    shape: dict[str, tuple[float, float]]
    eyes: list[tuple[float, float]]
    pupil: tuple[float, float]
    irises: np.ndarray
    iris: list[float] | None
    muzzle: list[tuple[float, float]]
    pink_nose: float
    whiskers: float
    tongue: float
    markings: list[float]


CAT = Species(
    ears=[0.86, 0.11, 0.03],
    shape={
        "width": (0.94, 1.14),
        "height": (0.82, 0.98),
        "cheeks": (0.04, 0.22),
        "taper": (0.15, 0.45),
    },
    eyes=[(0.36, 0.5), (-0.16, 0.02), (0.17, 0.25), (0.13, 0.22), (0.05, 0.4)],
    pupil=(0.15, 0.75),
    irises=palette(
        "96b446 ceb03c 6ea0be c4802c 789660"
    ),  # Green, yellow, blue, copper, dull green.
    iris=None,
    muzzle=[(0.05, 0.3), (0.3, 0.42), (0.07, 0.12)],
    pink_nose=0.5,
    whiskers=0.85,
    tongue=0.02,
    markings=[0.28, 0.36, 0.06, 0.1, 0.1, 0.1],
)
DOG = Species(
    ears=[0.12, 0.28, 0.6],
    shape={
        "width": (0.78, 0.98),
        "height": (0.92, 1.12),
        "cheeks": (0, 0.08),
        "taper": (0.1, 0.4),
    },
    eyes=[(0.32, 0.44), (-0.26, -0.08), (0.11, 0.17), (0.1, 0.16), (-0.1, 0.2)],
    pupil=(0.55, 0.9),
    irises=palette("54341e 3c261a 704624 966430 88a8c4"),  # Browns, amber, blue.
    iris=[0.35, 0.3, 0.2, 0.1, 0.05],
    muzzle=[(0.45, 1.05), (0.3, 0.46), (0.14, 0.22)],
    pink_nose=0.12,
    whiskers=0.15,
    tongue=0.4,
    markings=[0.3, 0.05, 0.2, 0.2, 0.22, 0.03],
)


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What one animal looks like; lengths in head radii, colours RGB float (3,), 0 to 255.

    Attributes:
        ears: One of `EARS`.
        ear: Length, width and outward lean of the ears, and rounds of smoothing of their tips
            (int).
        width, height, cheeks, taper: Half axes of the skull, bulge of the cheeks, narrowing towards
            the chin.
        muzzle: Length and half width of the muzzle, and half width of the nose.
        eyes: Distance from the middle, height on the face (negative is up), half width, half
            height, slant in radians.
        pupil: Width of the pupil over the iris's, 0.15 (slit) to 0.9; 0 where the eyes are shut.
        whiskers: Length; 0 for none.
        tongue: Length; 0 for none.
        markings: One of `MARKINGS`.
        coat, second, iris, nose: Colours.
    """

    ears: str
    ear: tuple[float, float, float, int]
    width: float
    height: float
    cheeks: float
    taper: float
    muzzle: tuple[float, ...]
    eyes: tuple[float, ...]
    pupil: float
    whiskers: float
    tongue: float
    markings: str
    coat: np.ndarray
    second: np.ndarray
    iris: np.ndarray
    nose: np.ndarray


def traits(dog: bool, rng: np.random.Generator) -> Traits:
    """Draw the traits of one cat or dog; each group may be borrowed from the other species."""
    uniform = rng.uniform
    species = {}
    for group, chance in ATYPICAL.items():
        borrowed = rng.random() < chance
        species[group] = DOG if dog != borrowed else CAT

    ears = str(rng.choice(EARS, p=species["ears"].ears))
    shape = {name: uniform(*ends) for name, ends in species["shape"].shape.items()}
    eyes = tuple(uniform(*ends) for ends in species["eyes"].eyes)
    pupil = uniform(*species["eyes"].pupil)
    iris = rng.choice(species["eyes"].irises, p=species["eyes"].iris)
    if rng.random() < 0.08:
        pupil = 0.0

    coats = COATS[rng.choice(len(COATS), size=2, replace=False)]
    coat, second = coats * uniform(0.85, 1.12, (2, 1)) + uniform(-10, 10, (2, 3))
    pink = rng.random() < species["muzzle"].pink_nose
    ear = (
        uniform(0.55, 0.95),
        uniform(0.4, 0.62),
        uniform(-0.1, 0.4),
        int(rng.integers(0, 3)),
    )
    muzzle = tuple(uniform(*ends) for ends in species["muzzle"].muzzle)
    whiskers = float(rng.random() < species["whiskers"].whiskers) * uniform(0.6, 1.3)
    tongue = float(rng.random() < species["tongue"].tongue) * uniform(0.25, 0.6)
    return Traits(
        **shape,
        ears=ears,
        ear=ear,
        muzzle=muzzle,
        eyes=eyes,
        pupil=pupil,
        whiskers=whiskers,
        tongue=tongue,
        markings=str(rng.choice(MARKINGS, p=species["coat"].markings)),
        coat=coat,
        second=second,
        iris=iris * uniform(0.8, 1.15),
        nose=PINK * uniform(0.8, 1.1) if pink else BLACK * uniform(0.6, 1.6),
    )


@dataclass(frozen=True, kw_only=True)
class Pen:
    """Draws shapes in the frame of the head.

    Its origin is between the eyes, y points downwards, and the unit is one head radius.

    Attributes:
        canvas: Where it draws.
        origin: The head's middle on the canvas, pixels (2,).
        turn: Rotation and scale, (2, 2), pixels per head radius.
        yaw: How far something one radius in front of the face moves sideways, radii.
        nod: The same, downwards.
    """

    canvas: ImageDraw.ImageDraw
    origin: np.ndarray
    turn: np.ndarray
    yaw: float
    nod: float

    def place(self, points: np.ndarray, depth: float) -> list[tuple[float, float]]:
        """Return the canvas positions of points (n, 2), `depth` radii in front of the head."""
        turned = points * (1 - 0.25 * abs(self.yaw), 1) + np.array([self.yaw, self.nod]) * depth
        return list(map(tuple, (turned @ self.turn.T + self.origin).tolist()))

    def fill(self, points: np.ndarray, colour: np.ndarray, depth: float = 0.0) -> None:
        """Draw a filled polygon with corners `points` (n, 2)."""
        self.canvas.polygon(self.place(points, depth), fill=rgb(colour))

    def blob(
        self,
        x: float,
        y: float,
        a: float,
        b: float,
        colour: np.ndarray,
        depth: float = 0,
        tilt: float = 0,
    ) -> None:
        """Draw a filled ellipse about (x, y) with half axes `a`, `b`, turned by `tilt` radians."""
        cos, sin = np.cos(tilt), np.sin(tilt)
        self.fill(CIRCLE * (a, b) @ np.array([[cos, sin], [-sin, cos]]) + (x, y), colour, depth)

    def line(
        self, points: Sequence[Sequence[float]], colour: np.ndarray, width: float, depth: float = 0
    ) -> None:
        """Draw a line through `points` (n, 2), `width` radii wide and at least one pixel."""
        self.canvas.line(
            self.place(np.asarray(points), depth), fill=rgb(colour), width=self.pixels(width)
        )

    def pixels(self, width: float) -> int:
        """Return the width of a line on the canvas, pixels."""
        return max(1, round(width * float(np.hypot(*self.turn[0]))))


def rgb(colour: np.ndarray) -> tuple[int, int, int]:
    """Return a colour as Pillow takes it."""
    red, green, blue = colour.tolist()
    return min(255, max(0, int(red))), min(255, max(0, int(green))), min(255, max(0, int(blue)))


def smooth(points: np.ndarray, rounds: int) -> np.ndarray:
    """Return a closed polygon (n, 2) with its corners cut, `rounds` times (Chaikin 1974)."""
    for _ in range(rounds):
        after = np.roll(points, -1, axis=0)
        cut = [0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after]
        points = np.stack(cut, axis=1).reshape(-1, 2)
    return points


def paint(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    """Draw the body, the head and all that is on it, back to front."""
    dark, light = look.coat * 0.72, look.coat * 0.8 + 50
    pen.blob(rng.uniform(-0.4, 0.4), 2.1, rng.uniform(0.9, 1.4), 1.5, look.coat * 0.88, -0.3)
    if rng.random() < 0.4:
        pen.blob(0, 1.7, 0.5, 0.9, look.second, -0.2)
    if rng.random() < 0.25:
        pen.line([(-0.8, 0.95), (0, 1.25), (0.8, 0.95)], rng.uniform(20, 230, 3), 0.16, -0.1)

    if look.ears != "hanging":
        _ears(pen, look, rng)
    skull = _skull(look, rng)
    pen.fill(skull, dark)
    pen.fill(skull * 0.93 - (0.0, 0.03), look.coat)
    pen.fill(skull * (0.66, 0.6) - (0.0, 0.2), look.coat * 0.9 + 14, 0.1)
    _markings(pen, look, rng)
    _fur(pen, look, rng)

    if look.ears == "hanging":
        _ears(pen, look, rng)
    _eyes(pen, look)
    _muzzle(pen, look, light, rng)
    if look.whiskers:
        _whiskers(pen, look, rng)


def _skull(look: Traits, rng: np.random.Generator) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    x, y = np.cos(angle), np.sin(angle)
    cheeks = look.cheeks * np.exp(-(((y - 0.45) / 0.3) ** 2))
    bulge = 1 + cheeks - look.taper * np.clip(y - 0.3, 0, 1)
    ragged = 1 + rng.normal(0, rng.uniform(0.005, 0.03), 72)
    return np.stack([look.width * x * bulge, look.height * y], axis=1) * ragged[:, None]


def _ears(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    long, wide, lean, rounds = look.ear
    tone = look.second
    if look.markings not in ("points", "patches"):
        tone = look.coat * rng.uniform(0.6, 1.0)
    inner = tone * 0.5 + np.array([110, 75, 70])
    for side in (-1, 1):
        x, y = look.width, look.height
        uneven = long * rng.uniform(0.88, 1.1)
        if look.ears == "hanging":
            top = rng.uniform(-0.8, -0.6)
            flap = [
                (0.5 * x, top * y),
                (0.95 * x, (top + 0.08) * y),
                (x + 0.3 + lean / 3, top * y + 0.6),
                (x + 0.22, top * y + 0.8 + uneven),
                (x - 0.08, top * y + 0.75 + uneven),
                (0.86 * x, top * y + 0.6),
            ]
            points = smooth(np.array(flap), 3)
            pen.fill(points * (side, 1), tone * 0.62, 0.1)
            middle = points.mean(0)
            smaller = (points - middle) * 0.86 * (side, 1) + middle * (side, 1)
            pen.fill(smaller, tone * 0.82, 0.1)
            continue

        base = np.array([(0.62 * x - wide / 2, -0.72 * y), (0.62 * x + wide / 2 + 0.08, -0.42 * y)])
        tip = np.array([0.62 * x + lean, -0.65 * y - uneven])
        roots = base + np.array([0, 0.3])
        if look.ears == "pointed":
            points = smooth(np.array([roots[0], base[0], tip, base[1], roots[1]]), rounds)
            pen.fill(points * (side, 1), tone, -0.2)
            middle = (base[0] + base[1] + tip) / 3
            smaller = (np.array([base[0], tip, base[1]]) - middle) * 0.62 + middle
            pen.fill(smaller * (side, 1), inner, -0.2)
        else:
            fold = base + (tip - base) * rng.uniform(0.45, 0.65)
            pen.fill(np.array([roots[0], *fold, roots[1]]) * (side, 1), tone, -0.2)
            drop = fold.mean(0) + np.array([0.12 + lean / 2, uneven * rng.uniform(0.35, 0.6)])
            flap = np.array([fold[0] + (-0.04, -0.04), fold[1] + (0.1, -0.02), drop])
            pen.fill(smooth(flap, rounds) * (side, 1), tone * 0.7, 0.1)


def _markings(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    second = look.second
    if look.markings == "plain":
        return

    if look.markings == "stripes":
        stripe = look.coat * 0.5
        for x in (-0.3, -0.1, 0.1, 0.3):
            ends = [(x * 1.3, -0.88 * look.height), (x * 0.8, -0.45 * look.height)]
            pen.line(ends, stripe, 0.08, 0.1)
        for side in (-1, 1):
            for y in rng.uniform(0, 0.5, 3):
                ends = [(side * 0.93 * look.width, y), (side * 0.6 * look.width, y + 0.06)]
                pen.line(ends, stripe, 0.07)
    elif look.markings == "mask":
        pen.blob(0, 0.3, 0.62 * look.width, 0.55, second, 0.2)
    elif look.markings == "blaze":
        corners = [
            (-0.08, -0.9),
            (0.08, -0.9),
            (0.22, 0.2),
            (0.45, 0.7),
            (-0.45, 0.7),
            (-0.22, 0.2),
        ]
        pen.fill(np.array(corners), second, 0.15)
    elif look.markings == "points":
        pen.blob(0, 0.25, 0.42, 0.5, look.coat * 0.45, 0.2)
    else:  # Patches.
        side = rng.choice([-1, 1])
        a, b, tilt = rng.uniform(0.3, 0.45), rng.uniform(0.3, 0.5), rng.uniform(-0.5, 0.5)
        pen.blob(side * 0.42, -0.2, a, b, second, 0.1, tilt)
        pen.blob(-side * 0.5, -0.55 * look.height, 0.3, 0.22, second, 0, rng.uniform(-0.8, 0.8))


def _fur(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    count = 90  # Hairs.
    angle, radius = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0.1, 1.05, count))
    outline = np.stack([look.width * np.cos(angle), look.height * np.sin(angle)], 1)
    start = outline * radius[:, None] * 0.97
    end = start * (1 + rng.uniform(0.06, 0.2, (count, 1))) + rng.normal(0, 0.03, (count, 2))
    shades = [rgb(look.coat * tone) for tone in (0.7, 0.85, 1.12, 1.25)]
    chosen = rng.integers(len(shades), size=count).tolist()
    width = pen.pixels(0.025)

    # All at once: one by one, the hairs would take as long as the rest of the head.
    roots, tips = pen.place(start, 0), pen.place(end, 0)
    for root, tip, shade in zip(roots, tips, chosen, strict=True):
        pen.canvas.line((root, tip), fill=shades[shade], width=width)


def _eyes(pen: Pen, look: Traits) -> None:
    x, y, a, b, slant = look.eyes
    rim = np.array([28, 22, 22])
    for side in (-1, 1):
        if not look.pupil:
            lid = [(side * (x - a), y), (side * x, y + 0.5 * b), (side * (x + a), y - 0.1)]
            pen.line(lid, rim, 0.06, 0.2)
            continue

        tilt = -side * slant
        pen.blob(side * x, y, a * 1.18, b * 1.2, rim, 0.2, tilt)
        pen.blob(side * x, y, a, b, look.iris, 0.2, tilt)
        pen.blob(side * x, y, min(a, b) * look.pupil, b * 0.94, rim * 0.4, 0.22)
        pen.blob(side * x - 0.25 * a, y - 0.35 * b, 0.2 * a, 0.2 * a, GLINT, 0.22)


def _muzzle(pen: Pen, look: Traits, light: np.ndarray, rng: np.random.Generator) -> None:
    long, wide, nose = look.muzzle
    depth = 0.25 + 0.5 * long
    tone = light
    if look.markings in ("mask", "blaze"):
        tone = look.second
    elif rng.random() < 0.4:
        tone = look.coat
    mouth = np.array([60, 38, 36])
    tip = 0.16 + 0.36 * long
    jaw = tip + 0.3 + 0.14 * long

    if long > 0.35:
        bridge = [(-0.17, -0.2), (0.17, -0.2), (wide, tip), (wide, jaw), (-wide, jaw), (-wide, tip)]
        pen.fill(smooth(np.array(bridge), 2), tone * 0.86, depth / 2)
    pen.blob(0, jaw, wide * 0.6, 0.16 + 0.1 * long, tone * 0.82, depth * 0.8)
    if look.tongue:
        half = look.tongue / 2
        pen.blob(0, jaw + half, 0.16, half + 0.1, np.array([214, 104, 112]), depth)
        pen.line([(0, jaw), (0, jaw + 0.7 * look.tongue)], np.array([170, 70, 84]), 0.03, depth)

    for side in (-1, 1):
        x, y = side * wide * 0.48, tip + 0.15 + 0.05 * long
        pen.blob(x, y, wide * 0.56, 0.17 + 0.07 * long, tone, depth, side * 0.2)
        corner = [
            (0, tip + 0.1),
            (0, tip + 0.2),
            (side * wide * 0.4, tip + 0.3),
            (side * wide * 0.85, tip + 0.24),
        ]
        pen.line(corner, mouth, 0.035, depth)

    height = nose * rng.uniform(0.65, 0.85)
    triangle = [
        (-nose, tip - height),
        (nose, tip - height),
        (nose * 0.8, tip),
        (0, tip + height),
        (-nose * 0.8, tip),
    ]
    pen.fill(smooth(np.array(triangle), 1 + (long > 0.35)) * 1.1 - (0, 0.1 * tip), look.nose, depth)
    pen.blob(-nose * 0.3, tip - height * 0.6, nose * 0.22, nose * 0.12, look.nose + 60, depth)


def _whiskers(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    long, wide, _ = look.muzzle
    y = 0.3 + 0.36 * long
    colour = np.array([70, 66, 62])
    if look.coat.mean() < 170 or rng.random() < 0.5:
        colour = np.array([245, 245, 240])

    for side in (-1, 1):
        for rise in rng.uniform(-0.4, 0.3, 4):
            start, end = side * wide * 0.5, side * (wide * 0.5 + look.whiskers)
            middle = ((start + end) / 2, y + 0.4 * rise)
            pen.line([(start, y + 0.1 * rise), middle, (end, y + rise + 0.1)], colour, 0.018, 0.3)
