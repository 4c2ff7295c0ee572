"""The pages in a browser: no script fails, all figures are drawn, keys reach everything."""

import pytest

import chromium
from test_html_report import RUNS, page

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(chromium.PROGRAM is None, reason="Chromium is not installed"),
]


@pytest.fixture
def report(tmp_path):
    """The address of a report of two variants."""
    file = tmp_path / "report.html"
    file.write_text(page(RUNS), encoding="utf-8")
    return file.as_uri()


def drawn(browser):
    """Scroll through the page, and return whether each figure has a canvas with something on it."""
    browser.run(
        """(async () => { for (let y = 0; y < document.body.scrollHeight; y += 300) {
        scrollTo(0, y); await new Promise(done => setTimeout(done, 100)); } })()"""
    )
    return browser.run(
        """[...document.querySelectorAll("[data-figure]")].map((figure) => {
        const canvas = figure.querySelector("canvas");
        const pixels = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.some((value) => value > 0); })"""
    )


@pytest.mark.parametrize("width", [1400, 400])
def test_a_report_is_drawn_and_fits(report, width):
    with chromium.Page(report, width=width) as browser:
        assert drawn(browser) == [True, True]
        assert browser.run("document.documentElement.scrollWidth") <= width
        assert not browser.problems


def test_keys_reach_headings_check_boxes_and_curves(report):
    with chromium.Page(report, width=1400) as browser:
        drawn(browser)
        reached, readout = set(), ""
        for _ in range(200):
            browser.press("Tab")
            name = browser.run(
                "(e => e.className === 'canvas' ? 'canvas' : e.tagName + (e.type ?? ''))"
                "(document.activeElement)"
            )
            if name == "canvas":
                browser.press("ArrowRight")
                readout = browser.run("document.querySelector('.readout').textContent")
            reached.add(name)
        assert {"BUTTONbutton", "INPUTcheckbox", "canvas", "A", "SUMMARY"} <= reached
        assert readout.startswith("epoch ")
        assert "model.units=4" in readout


def test_a_check_box_hides_a_variant(report):
    with chromium.Page(report, width=1400) as browser:
        drawn(browser)
        count = """(() => { const canvas = document.querySelector("[data-figure] canvas");
            return canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
                .reduce((sum, value) => sum + value, 0); })()"""
        before = browser.run(count)
        browser.run("document.querySelector('.legend input').click()")
        browser.wait(0.2)
        assert browser.run(count) < before
        assert not browser.problems


def test_a_heading_sorts_its_table(report):
    with chromium.Page(report, width=1400) as browser:
        first = "document.querySelector('table.sortable tbody td.setting').textContent"
        assert browser.run(first) == "64"
        browser.run("document.querySelectorAll('table.sortable th button')[0].click()")
        assert browser.run(first) == "4"
