import re
from pathlib import Path

import pytest

from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.report.html import style_sheet

ROOT = Path(__file__).parent.parent


def test_the_colours_differ_on_white_and_on_dark_paper():
    assert len({verdict.color for verdict in VERDICTS.values()}) == len(VERDICTS)
    assert len({verdict.dark_color for verdict in VERDICTS.values()}) == len(VERDICTS)


def test_the_colours_carry_white_letters():
    for verdict in VERDICTS.values():
        channels = [int(verdict.color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (((value + 0.055) / 1.055) ** 2.4 for value in channels)
        luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
        assert 1.05 / (luminance + 0.05) >= 4.5  # WCAG 2.1, level AA


def test_the_docs_have_the_same_meanings():
    table = [f"| `{name}` | {verdict.meaning} |" for name, verdict in VERDICTS.items()]
    assert "\n".join(table) in (ROOT / "docs" / "verdict.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("file", ["README.md", "docs/words.md"])
def test_the_docs_name_the_same_verdicts(file):
    text = (ROOT / file).read_text(encoding="utf-8")
    (line,) = (line for line in text.splitlines() if "`no_power`" in line)
    assert re.findall(r"`(\w+)`", line) == list(VERDICTS)


def test_pages_colour_each_verdict():
    style = style_sheet()
    for name, verdict in VERDICTS.items():
        colors = f"light-dark({verdict.color}, {verdict.dark_color})"
        assert f".{name}::before {{ background: {colors}; }}" in style
