"""Traits -> the drawn head of a cat or a dog, for `faces`.

There is one way to draw a head; a species is only a distribution of traits, in species.yaml. There
`atypical` says how often a group of traits is borrowed from the other species, and so how hard the
pictures are: a cat with hanging ears, a dog with slit pupils.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from importlib import resources
from typing import Any

import numpy as np
import yaml
from numpy.typing import ArrayLike
from PIL import ImageDraw

SPECIES: dict[str, Any] = yaml.safe_load(
    resources.files("goldilocks.dataset.stand_ins").joinpath("species.yaml").read_text("utf-8")
)
COATS = np.array(SPECIES["coats"])
PINK, BLACK = np.array([206, 138, 132]), np.array([44, 36, 36])  # Of noses.
GLINT, RIM = (250, 250, 250), np.array([28, 22, 22])  # Of eyes.


@dataclass(frozen=True, kw_only=True)
class Traits:
    """What one animal looks like; lengths in head radii, colours RGB float (3,), 0 to 255.

    Attributes:
        ears: "pointed", "folded" or "hanging".
        ear: Length, width and outward lean of the ears.
        rounds: How often the tips of the ears are smoothed.
        width, height, cheeks, taper: Half axes of the skull, bulge of the cheeks, narrowing towards
            the chin.
        muzzle: Length and half width of the muzzle, and half width of the nose.
        eyes: Distance from the middle, height on the face (negative is up), half width, half
            height, slant in radians.
        pupil: Width of the pupil over the iris's, 0.15 (slit) to 0.9; 0 where the eyes are shut.
        whiskers: Length; 0 for none.
        tongue: Length; 0 for none.
        markings: "plain", "stripes", "mask", "blaze", "patches" or "points".
        coat, second, iris, nose: Colours.
    """

    ears: str
    ear: np.ndarray
    rounds: int
    width: float
    height: float
    cheeks: float
    taper: float
    muzzle: np.ndarray
    eyes: np.ndarray
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
    # Of each group of traits, what its species has.
    traits = {}
    for group, chance in SPECIES["atypical"].items():
        borrowed = rng.random() < chance
        traits[group] = SPECIES["dog" if dog != borrowed else "cat"][group]

    ears = _chosen(traits["ears"], rng)
    width, height, cheeks, taper = _uniform(traits["shape"], rng)
    eyes = _uniform(traits["eyes"]["ranges"], rng)
    pupil = rng.uniform(*traits["eyes"]["pupil"])
    iris = rng.choice(traits["eyes"]["irises"], p=traits["eyes"]["probabilities"])
    if rng.random() < 0.08:
        pupil = 0.0

    coats = COATS[rng.choice(len(COATS), size=2, replace=False)]
    coat, second = coats * rng.uniform(0.85, 1.12, (2, 1)) + rng.uniform(-10, 10, (2, 3))
    pink = rng.random() < traits["muzzle"]["pink_nose"]
    return Traits(
        ears=ears,
        ear=_uniform([(0.55, 0.95), (0.4, 0.62), (-0.1, 0.4)], rng),
        rounds=int(rng.integers(0, 3)),
        width=width,
        height=height,
        cheeks=cheeks,
        taper=taper,
        muzzle=_uniform(traits["muzzle"]["ranges"], rng),
        eyes=eyes,
        pupil=pupil,
        whiskers=(rng.random() < traits["whiskers"]) * rng.uniform(0.6, 1.3),
        tongue=(rng.random() < traits["tongue"]) * rng.uniform(0.25, 0.6),
        markings=_chosen(traits["coat"], rng),
        coat=coat,
        second=second,
        iris=iris * rng.uniform(0.8, 1.15),
        nose=PINK * rng.uniform(0.8, 1.1) if pink else BLACK * rng.uniform(0.6, 1.6),
    )


def _uniform(ranges: ArrayLike, rng: np.random.Generator) -> np.ndarray:
    return rng.uniform(*np.transpose(ranges))


def _chosen(probabilities: dict[str, float], rng: np.random.Generator) -> str:
    return str(rng.choice(list(probabilities), p=list(probabilities.values())))


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

    def halves(self) -> tuple["Pen", "Pen"]:
        """Return a pen that mirrors what it draws, left to right, and this one."""
        return replace(self, turn=self.turn * (-1, 1), yaw=-self.yaw), self

    def place(self, points: ArrayLike, depth: float) -> list[tuple[float, float]]:
        """Return the canvas positions of points (n, 2), `depth` radii in front of the head."""
        turned = np.multiply(points, (1 - 0.25 * abs(self.yaw), 1))
        turned = turned + np.array([self.yaw, self.nod]) * depth
        return list(map(tuple, (turned @ self.turn.T + self.origin).tolist()))

    def fill(self, points: ArrayLike, colour: Iterable[float], depth: float = 0) -> None:
        """Draw a filled polygon with corners `points` (n, 2)."""
        self.canvas.polygon(self.place(points, depth), fill=rgb(colour))

    def blob(
        self,
        x: float,
        y: float,
        a: float,
        b: float,
        colour: Iterable[float],
        depth: float = 0,
        tilt: float = 0,
    ) -> None:
        """Draw a filled ellipse about (x, y) with half axes `a`, `b`, turned by `tilt` radians."""
        cos, sin = np.cos(tilt), np.sin(tilt)
        self.fill(CIRCLE * (a, b) @ np.array([[cos, sin], [-sin, cos]]) + (x, y), colour, depth)

    def line(
        self, points: ArrayLike, colour: Iterable[float], width: float, depth: float = 0
    ) -> None:
        """Draw a line through `points` (n, 2), `width` radii wide and at least one pixel."""
        thickness = max(1, round(width * float(np.hypot(*self.turn[0]))))
        self.canvas.line(self.place(points, depth), fill=rgb(colour), width=thickness)


def rgb(colour: Iterable[float]) -> tuple[int, ...]:
    """Return a colour as Pillow takes it."""
    return tuple(min(255, max(0, int(value))) for value in colour)


def circle(angles: np.ndarray) -> np.ndarray:
    """Return the points of the unit circle at angles (n,), (n, 2)."""
    return np.stack([np.cos(angles), np.sin(angles)], axis=1)


CIRCLE = circle(np.linspace(0, 2 * np.pi, 28, endpoint=False))


def smooth(points: ArrayLike, rounds: int) -> np.ndarray:
    """Return a closed polygon (n, 2) with its corners cut, `rounds` times (Chaikin 1974)."""
    corners = np.asarray(points)
    for _ in range(rounds):
        after = np.roll(corners, -1, axis=0)
        cut = [0.75 * corners + 0.25 * after, 0.25 * corners + 0.75 * after]
        corners = np.stack(cut, axis=1).reshape(-1, 2)
    return corners


def paint(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    """Draw the body, the head and all that is on it, back to front."""
    pen.blob(rng.uniform(-0.4, 0.4), 2.1, rng.uniform(0.9, 1.4), 1.5, look.coat * 0.88, -0.3)
    if rng.random() < 0.4:
        pen.blob(0, 1.7, 0.5, 0.9, look.second, -0.2)
    if rng.random() < 0.25:
        pen.line([(-0.8, 0.95), (0, 1.25), (0.8, 0.95)], rng.uniform(20, 230, 3), 0.16, -0.1)

    if look.ears != "hanging":
        _ears(pen, look, rng)
    skull = _skull(look, rng)
    pen.fill(skull, look.coat * 0.72)
    pen.fill(skull * 0.93 - (0.0, 0.03), look.coat)
    pen.fill(skull * (0.66, 0.6) - (0.0, 0.2), look.coat * 0.9 + 14, 0.1)
    _markings(pen, look, rng)
    _fur(pen, look, rng)

    if look.ears == "hanging":
        _ears(pen, look, rng)
    _eyes(pen, look)
    _muzzle(pen, look, rng)
    if look.whiskers:
        _whiskers(pen, look, rng)


def _skull(look: Traits, rng: np.random.Generator) -> np.ndarray:
    angle = np.linspace(0, 2 * np.pi, 72, endpoint=False)
    y = np.sin(angle)
    cheeks = look.cheeks * np.exp(-(((y - 0.45) / 0.3) ** 2))
    outline = circle(angle) * (look.width, look.height)
    outline[:, 0] *= 1 + cheeks - look.taper * np.clip(y - 0.3, 0, 1)
    return outline * (1 + rng.normal(0, rng.uniform(0.005, 0.03), (72, 1)))


def _ears(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    long, wide, lean = look.ear
    x, y = look.width, look.height
    tone = look.second
    if look.markings not in ("points", "patches"):
        tone = look.coat * rng.uniform(0.6, 1.0)
    for half in pen.halves():
        uneven = long * rng.uniform(0.88, 1.1)
        if look.ears == "hanging":
            top = y * rng.uniform(-0.8, -0.6)
            flap = [
                (0.5 * x, top),
                (0.95 * x, top + 0.08 * y),
                (x + 0.3 + lean / 3, top + 0.6),
                (x + 0.22, top + 0.8 + uneven),
                (x - 0.08, top + 0.75 + uneven),
                (0.86 * x, top + 0.6),
            ]
            outline = smooth(flap, 3)
            half.fill(outline, tone * 0.62, 0.1)
            half.fill(_shrunk(outline, 0.86), tone * 0.82, 0.1)
            continue

        middle = 0.62 * x
        left = np.array([middle - wide / 2, -0.72 * y])
        right = np.array([middle + wide / 2 + 0.08, -0.42 * y])
        tip = np.array([middle + lean, -0.65 * y - uneven])
        below = (0, 0.3)
        if look.ears == "pointed":
            outline = [left + below, left, tip, right, right + below]
            half.fill(smooth(outline, look.rounds), tone, -0.2)
            half.fill(_shrunk(np.array([left, tip, right]), 0.62), tone * 0.5 + (110, 75, 70), -0.2)
        else:
            along = rng.uniform(0.45, 0.65)
            inner, outer = left + (tip - left) * along, right + (tip - right) * along
            half.fill([left + below, inner, outer, right + below], tone, -0.2)
            drop = (0.12 + lean / 2, uneven * rng.uniform(0.35, 0.6))
            flap = [inner - 0.04, np.add(outer, (0.1, -0.02)), (inner + outer) / 2 + drop]
            half.fill(smooth(flap, look.rounds), tone * 0.7, 0.1)


def _shrunk(points: np.ndarray, factor: float) -> np.ndarray:
    middle = points.mean(axis=0)
    return (points - middle) * factor + middle


def _markings(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    x, y = look.width, look.height
    if look.markings == "stripes":
        stripe = look.coat * 0.5
        for at in (-0.3, -0.1, 0.1, 0.3):
            pen.line([(at * 1.3, -0.88 * y), (at * 0.8, -0.45 * y)], stripe, 0.08, 0.1)
        for half in pen.halves():
            for at in rng.uniform(0, 0.5, 3):
                half.line([(0.93 * x, at), (0.6 * x, at + 0.06)], stripe, 0.07)
    elif look.markings == "mask":
        pen.blob(0, 0.3, 0.62 * x, 0.55, look.second, 0.2)
    elif look.markings == "blaze":
        pen.fill(_mirrored([(0.08, -0.9), (0.22, 0.2), (0.45, 0.7)]), look.second, 0.15)
    elif look.markings == "points":
        pen.blob(0, 0.25, 0.42, 0.5, look.coat * 0.45, 0.2)
    elif look.markings == "patches":
        side = rng.choice([-1, 1])
        a, b, tilt = _uniform([(0.3, 0.45), (0.3, 0.5), (-0.5, 0.5)], rng)
        pen.blob(side * 0.42, -0.2, a, b, look.second, 0.1, tilt)
        tilt = rng.uniform(-0.8, 0.8)
        pen.blob(-side * 0.5, -0.55 * y, 0.3, 0.22, look.second, 0, tilt)


def _mirrored(right: ArrayLike) -> np.ndarray:
    """Return a polygon that is its own mirror image, from the corners of its right half."""
    corners = np.asarray(right)
    return np.concatenate([corners, corners[::-1] * (-1, 1)])


def _fur(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    count = 90  # Hairs.
    angle, radius = rng.uniform(0, 2 * np.pi, count), np.sqrt(rng.uniform(0.1, 1.05, count))
    start = circle(angle) * (look.width, look.height) * radius[:, None] * 0.97
    end = start * (1 + rng.uniform(0.06, 0.2, (count, 1))) + rng.normal(0, 0.03, (count, 2))
    shades = [look.coat * tone for tone in (0.7, 0.85, 1.12, 1.25)]
    chosen = rng.integers(len(shades), size=count).tolist()
    for hair, shade in zip(np.stack([start, end], axis=1), chosen, strict=True):
        pen.line(hair, shades[shade], 0.025)


def _eyes(pen: Pen, look: Traits) -> None:
    x, y, a, b, slant = look.eyes
    for half in pen.halves():
        if not look.pupil:
            half.line([(x - a, y), (x, y + 0.5 * b), (x + a, y - 0.1)], RIM, 0.06, 0.2)
            continue

        half.blob(x, y, a * 1.18, b * 1.2, RIM, 0.2, -slant)
        half.blob(x, y, a, b, look.iris, 0.2, -slant)
        half.blob(x, y, min(a, b) * look.pupil, b * 0.94, RIM * 0.4, 0.22)
    if look.pupil:
        for middle in (-x, x):  # The light comes from one side.
            pen.blob(middle - 0.25 * a, y - 0.35 * b, 0.2 * a, 0.2 * a, GLINT, 0.22)


def _muzzle(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    long, wide, nose = look.muzzle
    depth = 0.25 + 0.5 * long
    tone = look.coat * 0.8 + 50
    if look.markings in ("mask", "blaze"):
        tone = look.second
    elif rng.random() < 0.4:
        tone = look.coat
    tip = 0.16 + 0.36 * long
    jaw = tip + 0.3 + 0.14 * long

    if long > 0.35:
        bridge = _mirrored([(0.17, -0.2), (wide, tip), (wide, jaw)])
        pen.fill(smooth(bridge, 2), tone * 0.86, depth / 2)
    pen.blob(0, jaw, wide * 0.6, 0.16 + 0.1 * long, tone * 0.82, depth * 0.8)
    if look.tongue:
        half = look.tongue / 2
        pen.blob(0, jaw + half, 0.16, half + 0.1, (214, 104, 112), depth)
        pen.line([(0, jaw), (0, jaw + 0.7 * look.tongue)], (170, 70, 84), 0.03, depth)

    mouth = [(0, 0.1), (0, 0.2), (wide * 0.4, 0.3), (wide * 0.85, 0.24)]
    for half in pen.halves():
        y = tip + 0.15 + 0.05 * long
        half.blob(wide * 0.48, y, wide * 0.56, 0.17 + 0.07 * long, tone, depth, 0.2)
        half.line(np.add(mouth, (0, tip)), (60, 38, 36), 0.035, depth)

    height = nose * rng.uniform(0.65, 0.85)
    corners = np.array([(-1, -height), (1, -height), (0.8, 0), (0, height), (-0.8, 0)])
    triangle = corners * (nose, 1) + (0, tip)
    pen.fill(smooth(triangle, 1 + (long > 0.35)) * 1.1 - (0, 0.1 * tip), look.nose, depth)
    pen.blob(-nose * 0.3, tip - height * 0.6, nose * 0.22, nose * 0.12, look.nose + 60, depth)


def _whiskers(pen: Pen, look: Traits, rng: np.random.Generator) -> None:
    long, wide, _ = look.muzzle
    y = 0.3 + 0.36 * long
    colour = (70, 66, 62)
    if look.coat.mean() < 170 or rng.random() < 0.5:
        colour = (245, 245, 240)

    start, end = wide * 0.5, wide * 0.5 + look.whiskers
    for half in pen.halves():
        for rise in rng.uniform(-0.4, 0.3, 4):
            hair = [(start, 0.1 * rise), ((start + end) / 2, 0.4 * rise), (end, rise + 0.1)]
            half.line(np.add(hair, (0, y)), colour, 0.018, 0.3)
