"""The look that all figures share: sizes, colours, texts that can be drawn, and saving as PNG."""

import io
import textwrap
from functools import cache
from pathlib import Path
from typing import Any

from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from goldilocks import formatting
from goldilocks.diagnosis.verdicts import VERDICTS

DPI = 100
WIDTH = 1150  # pixels; the artifact viewer of the MLflow UI shows this unscaled on a common screen
MARGIN = 24  # pixels, left of titles

# Okabe and Ito (2008), "Color Universal Design", without yellow, which is too faint on white.
PALETTE = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
TRAIN, VALIDATION = PALETTE[0], PALETTE[1]
INK, QUIET, FAINT = "#222222", "#666666", "#C4C4C4"
TITLE, TEXT, SMALL = 13.0, 10.0, 9.0  # points

NOTE: dict[str, Any] = {"color": QUIET, "fontsize": SMALL}
BROKEN = VERDICTS["diverged"].color  # of values that are NaN, infinite, or outside the axis


@cache
def _glyphs() -> frozenset[int]:
    """Return the code points that the font which comes with matplotlib can draw."""
    return frozenset(font_manager.get_font(font_manager.findfont("DejaVu Sans")).get_charmap())


def shortened(text: str, limit: int) -> str:
    """Return `text` on one line with at most `limit` characters, its middle left out."""
    return formatting.cut(" ".join(str(text).split()), limit)


def plain(text: str, limit: int = 1000) -> str:
    r"""Return `text` as matplotlib can draw it: `shortened`, without mathematics ("$" escaped).

    Characters that the font lacks become "□".
    """
    drawable = ["□" if ord(c) not in _glyphs() else c for c in shortened(text, limit)]
    return "".join(drawable).replace("$", r"\$")


def lines_of(text: str | None, *, width: int = 150, most: int = 4) -> list[str]:
    """Wrap a text to `width` characters and at most `most` lines; "…" ends one that was cut."""
    return textwrap.wrap(plain(text or "", 10_000), width, max_lines=most, placeholder=" …")


def png(figure: Figure) -> bytes:
    """Return `figure` as a PNG at 100 dots per inch."""
    buffer = io.BytesIO()
    FigureCanvasAgg(figure).print_png(buffer, pil_kwargs={"compress_level": 1})
    return buffer.getvalue()


def save(figure: Figure, path: str | Path) -> Path:
    """Write `figure` as a PNG, and return its path; make missing folders."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(figure))
    return path
