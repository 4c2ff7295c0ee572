"""The pages in a browser: no script fails, all figures are drawn, keys reach everything."""

import itertools

import pytest

import chromium
from goldilocks.evaluation.family import Difference
from stored_runs import a_run, folds
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
        cut = "[...document.querySelectorAll('.scroll')].some(e => e.scrollWidth > e.clientWidth)"
        assert width < 1400 or not browser.run(cut)
        assert not browser.problems


def test_words_of_a_difference_are_not_cut_however_long(tmp_path, monkeypatch):
    words = 2 * "on other rows as well; one seed cannot tell whether with other seeds; "
    monkeypatch.setattr(Difference, "words", words)
    file = tmp_path / "report.html"
    file.write_text(page(RUNS), encoding="utf-8")
    with chromium.Page(file.as_uri(), width=1400) as browser:
        assert words.strip() in browser.run("document.body.textContent")
        frames = "[...document.querySelectorAll('.scroll')]"
        assert browser.run(f"{frames}.every(e => e.scrollWidth <= e.clientWidth)")


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
        assert "units=4" in readout


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


def test_parts_stay_below_their_run_however_a_table_is_sorted(tmp_path):
    eight, of_eight = folds("8", [3.0, 1.0, 2.0])
    four, of_four = folds("4", [6.0, 4.0, 5.0])
    file = tmp_path / "folds.html"
    file.write_text(page([*eight, *four], of_eight | of_four))
    with chromium.Page(file.as_uri(), width=1400) as browser:
        table = "[...document.querySelectorAll('table.sortable')].at(-1)"
        shown = f"[...{table}.tBodies[0].rows].map((row) => row.cells[0].textContent).join()"
        heading = f"{table}.querySelectorAll('th button')[4].click()"
        browser.run(heading)
        ascending = browser.run(shown).replace("run ", "")
        assert ascending == "8,└ 8.2,└ 8.3,└ 8.1,4,└ 4.2,└ 4.3,└ 4.1"
        browser.run(heading)
        descending = browser.run(shown).replace("run ", "")
        assert descending == "4,└ 4.1,└ 4.3,└ 4.2,8,└ 8.1,└ 8.3,└ 8.2"


@pytest.mark.parametrize(("width", "cut"), [(1400, False), (400, True)])
def test_a_table_of_two_settings_and_repeats_fits_a_usual_window(tmp_path, width, cut):
    runs = []
    for number, (units, regularizer) in enumerate(itertools.product(("4", "64"), ("none", "l2"))):
        params = {"model.units": units, "regularizer": regularizer}
        above = {"role": "plain", "verdict": "underfit", "beats_baseline": "true"}
        runs.append(a_run(f"{number}", 1.0 + number, params=params, tags=above))
        for seed, verdict in enumerate(("no_power", "unsure", "underfit")):
            runs.append(
                a_run(
                    f"{number}.{seed}",
                    1.0 + number + seed / 7,
                    params={**params, "seed": f"{seed}"},
                    metrics={"baseline/val_mae": 1.0 / 3 + number, "best_epoch": number + seed},
                    tags={
                        "role": "repeat",
                        "mlflow.parentRunId": f"{number}",
                        "verdict": verdict,
                        "beats_baseline": "false",
                    },
                )
            )
    file = tmp_path / "repeats.html"
    file.write_text(page(runs))
    with chromium.Page(file.as_uri(), width=width) as browser:
        frame = "document.querySelector('.scroll[aria-label=variants]')"
        assert browser.run(f"{frame}.scrollWidth > {frame}.clientWidth") is cut
        assert "gradient" in browser.run(f"getComputedStyle({frame}).backgroundImage")
