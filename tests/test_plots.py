import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.legend import Legend
from matplotlib.table import Cell
from matplotlib.text import Text
from PIL import Image

from goldilocks import formatting
from goldilocks.diagnosis.verdicts import VERDICTS
from goldilocks.plots import (
    confusion,
    curves,
    images,
    overlays,
    predictions,
    scale,
    style,
    tables,
    weights,
)

EPOCHS = np.arange(1, 21)
IMDB = {
    "loss": list(0.55 * np.exp(-EPOCHS / 4)),
    "val_loss": [0.38, 0.30, 0.2749, *np.linspace(0.28, 0.7257, 17)],
    "accuracy": list(1 - 0.25 * np.exp(-EPOCHS / 4)),
    "val_accuracy": [0.85, 0.88, 0.8903, *np.linspace(0.889, 0.8655, 17)],
}
BASELINE = {"loss": 0.6931, "accuracy": 0.5}


def texts(figure):
    cells = [cell.get_text() for cell in figure.findobj(Cell)]
    return [text.get_text() for text in [*figure.findobj(Text), *cells] if text.get_text()]


def text_of(figure):
    return "\n".join(texts(figure))


def learn(history, **changed):
    settings = {
        "metrics": ["accuracy"],
        "best_epoch": 3,
        "verdict": "overfit",
        "reason": "It rose.",
        "title": "imdb",
    }
    return curves.learning_curves(history, **{**settings, "baseline": BASELINE, **changed})


def long_lines(axes):
    return [line for line in axes.lines if len(line.get_xdata()) > 2]


@pytest.fixture
def drawn(tmp_path):
    """Save a figure, which draws all of it with warnings as errors, and give the picture."""

    def draw(figure):
        with Image.open(style.save(figure, tmp_path / "new" / "figure.png")) as picture:
            return np.asarray(picture.convert("RGB"))

    return draw


def test_a_monitored_metric_that_is_not_the_first_has_a_panel_too():
    values = {"val_auc": [0.5, 0.7, 0.6], "val_loss": [1.0, 0.8, 0.9]}
    figure = learn({"loss": [1.0, 0.9, 0.8], **values}, metrics=["auc", "loss"])
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "auc"]
    figure = learn(
        {"loss": [1.0, 0.9, 0.8], "val_mae": [3, 2, 1], **values}, metrics=["mae", "auc"]
    )
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "mae", "auc"]


def test_learning_curves_show_verdict_reason_and_best_epoch(drawn):
    figure = learn(IMDB)
    badge = next(text for text in figure.findobj(Text) if text.get_text() == "overfit")
    assert to_hex(badge.get_bbox_patch().get_facecolor()) == VERDICTS["overfit"].color.lower()
    assert "It rose." in texts(figure)
    loss, accuracy = figure.axes
    assert [len(long_lines(axes)) for axes in figure.axes] == [2, 2]
    assert list(long_lines(loss)[0].get_xdata())[:2] == [1, 2]
    assert loss.get_title(loc="left") == "loss: validation 0.2749 at best epoch 3"
    assert accuracy.get_title(loc="left") == "accuracy: validation 0.8903 at best epoch 3"
    dot = next(line for line in loss.lines if len(line.get_xdata()) == 1)
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (3, 0.2749)
    assert any(list(line.get_xdata()) == [3, 3] for line in loss.lines), (
        "a vertical line at the best epoch"
    )
    assert drawn(figure).shape[1] == style.WIDTH


def test_a_near_baseline_is_a_line_and_a_far_one_is_a_note():
    near, far = learn(IMDB).axes
    assert any(list(line.get_ydata()) == [0.6931, 0.6931] for line in near.lines)
    assert "baseline\n0.6931" in texts(near)
    assert far.get_ylim()[0] > 0.7, "the baseline of 0.5 does not squash the accuracy"
    assert "baseline\n0.5\n↓ far below" in texts(far)


def test_the_data_loss_is_the_main_line_and_the_penalty_dashed(drawn):
    total = {key: [value + 0.1 for value in IMDB[key]] for key in ("loss", "val_loss")}
    history = {**IMDB, **total, "data_loss": IMDB["loss"], "val_data_loss": IMDB["val_loss"]}
    figure = learn(history)
    loss = figure.axes[0]
    dashed = [line for line in long_lines(loss) if line.get_linestyle() == "--"]
    assert len(long_lines(loss)) == 4
    assert [line.get_ydata()[2] for line in dashed] == [history["loss"][2], history["val_loss"][2]]
    assert all(line.get_linewidth() < 1.5 for line in dashed)
    assert loss.get_title(loc="left").startswith("loss: validation 0.2749")
    assert {"train, as minimized", "validation, as minimized"} <= set(texts(figure))
    drawn(figure)


def test_exploded_loss_does_not_hide_the_rest(drawn):
    history = {
        "loss": [0.69, 0.71, 5, 1e3, 1e12, np.inf, np.nan],
        "val_loss": [0.7, 0.8, 9, 3e4, 1e15, np.nan, np.nan],
        "accuracy": [0.5] * 7,
        "val_accuracy": [0.5] * 7,
    }
    figure = learn(history, verdict="diverged", best_epoch=1)
    loss = figure.axes[0]
    assert loss.get_yscale() == "log"
    assert loss.get_ylim()[1] < 1e5
    assert "NaN or infinite\nfirst in epoch 6" in text_of(loss)
    assert "some values lie\noutside the axis" in text_of(loss)
    drawn(figure)


@pytest.mark.parametrize(
    ("history", "words"),
    [({}, "no epoch was finished"), ({"loss": [np.nan], "val_loss": [np.inf]}, "no finite value")],
)
def test_an_empty_panel_says_why(history, words, drawn):
    figure = learn(history, best_epoch=None, verdict=None, reason=None)
    assert words in text_of(figure)
    drawn(figure)


def test_one_epoch_has_markers(drawn):
    figure = learn({key: values[:1] for key, values in IMDB.items()}, best_epoch=1)
    assert all(
        line.get_marker() == "o" for line in figure.axes[0].lines if len(line.get_xdata()) == 1
    )
    low, high = figure.axes[0].get_xlim()
    assert [tick for tick in figure.axes[0].get_xticks() if low <= tick <= high] == [1]
    drawn(figure)


def test_final_run_has_only_train(drawn):
    figure = learn(
        {key: IMDB[key] for key in ("loss", "accuracy")}, best_epoch=None, verdict=None, reason=None
    )
    assert [len(long_lines(axes)) for axes in figure.axes] == [1, 1]
    assert "validation" not in text_of(figure)
    drawn(figure)


def test_without_a_metric_the_loss_has_the_whole_width():
    assert len(learn({"loss": [1.0, 0.5]}, metrics=["mae"], best_epoch=None).axes) == 1


def test_dead_network_keeps_its_baseline_on_the_axis():
    dead = {"loss": [0.693147, 0.6931471], "val_loss": [0.6931472, 0.6931473]}
    assert "baseline\n0.6931" in texts(learn(dead, best_epoch=1, baseline={"loss": 0.69314}))


def test_odd_texts_can_be_drawn(drawn):
    figure = learn(
        IMDB, title="price in k$ to k$, 日本 \n" + "x" * 300, reason="costs $1 or $2 " * 99
    )
    assert "□□" in text_of(figure)
    assert "…" in text_of(figure)
    drawn(figure)


def test_fractions_have_a_linear_scale_and_a_bad_start_a_logarithmic_one():
    rising = scale.scale_of([np.linspace(0.001, 0.8, 30)])
    falling = scale.scale_of([np.array([580.0, 80, *[10.0] * 30])])
    assert rising is not None
    assert falling is not None
    assert (rising.log, falling.log) == (False, True)
    assert scale.scale_of([np.array([np.nan])]) is None


def test_overlay_dots_the_minimum_and_names_the_best_first(drawn):
    figure = overlays.overlay(
        {"small": [3, 2, 1.5], "_big": [1.2, 2, 3]}, ylabel="val_loss", title="capacity", best={}
    )
    dots = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 1]
    assert {(dot.get_xdata()[0], dot.get_ydata()[0]) for dot in dots} == {(3, 1.5), (1, 1.2)}
    assert [text.get_text() for text in figure.findobj(Legend)[0].texts] == [
        "_big: 1.2, epoch 1",
        "small: 1.5, epoch 3",
    ]
    drawn(figure)


def test_overlay_dots_the_epochs_that_are_named(drawn):
    figure = overlays.overlay(
        {"a": [1, 2, 3], "b": [4, 5, 9]}, ylabel="x", title="t", best={"a": 2}
    )
    assert [text.get_text() for text in figure.findobj(Legend)[0].texts] == [
        "a: 2, epoch 2",
        "b: 4, epoch 1",
    ]
    drawn(figure)


def test_twelve_curves_differ_and_of_fifty_most_are_grey(drawn):
    def sweep(count):
        return {f"run {n}": np.linspace(1, 0.5 + n / 100, 9) for n in range(count)}

    twelve = overlays.overlay(sweep(12), ylabel="val_loss", title="12", best={})
    strokes = {(line.get_color(), line.get_linestyle()) for line in long_lines(twelve.axes[0])}
    assert len(strokes) == 12
    fifty = overlays.overlay(sweep(50), ylabel="val_loss", title="50", best={})
    grey = [line for line in long_lines(fifty.axes[0]) if line.get_color() == style.FAINT]
    assert len(grey) == 40
    labels = [text.get_text() for text in fifty.findobj(Legend)[0].texts]
    assert (len(labels), labels[0], labels[-1]) == (11, "run 0: 0.5, epoch 9", "40 other runs")
    drawn(twelve)
    drawn(fifty)


def test_a_run_that_exploded_does_not_squash_a_sweep(drawn):
    runs = {f"run {n}": [0.7, 0.5, 0.4 + n / 50] for n in range(9)}
    figure = overlays.overlay(
        {**runs, "bad": [1, 1e9], "nan": [np.nan]}, ylabel="val_loss", title="t", best={}
    )
    assert figure.axes[0].get_ylim()[1] < 2
    assert "some values lie outside the axis" in texts(figure)
    assert "nan: no finite value" in texts(figure)
    drawn(figure)


def test_smoothed_is_the_books_moving_average(drawn):
    figure = overlays.smoothed([9] * 10 + [2, 3, np.nan, 4], ylabel="val_mae (k$)", title="t")
    bold = max(figure.axes[0].lines, key=lambda line: line.get_linewidth())
    assert list(bold.get_xdata()) == [11, 12, 13, 14]
    assert bold.get_ydata() == pytest.approx([2, 2.1, 2.1, 2.29])
    assert "t, first 10 epochs left out" in texts(figure)
    drawn(figure)


@pytest.mark.long
@pytest.mark.parametrize("n", [1, 2, 10, 46, 80])
def test_confusion_matrix_of_any_size(n, drawn):
    counts = np.diag(np.full(n, 7)) + np.eye(n, k=1, dtype=int)
    figure = confusion.confusion_matrix(
        counts, [f"a class with quite a long name, number {i} $ 猫" for i in range(n)]
    )
    assert f"Confusion matrix: {7 * n} of {counts.sum()} right" in text_of(figure)
    assert "fraction of the true class" in text_of(figure)
    picture = drawn(figure)
    assert picture[:, :4].min() == picture[-4:].min() == 255, "nothing is cut at the edges"


def test_confusion_cells_hold_count_and_percentage_of_the_row(drawn):
    figure = confusion.confusion_matrix(np.array([[3, 1], [0, 0]]), ["cat", "dog"])
    assert {"3\n75 %", "1\n25 %"} <= set(texts(figure))
    assert figure.axes[0].collections[0].get_array().tolist() == [[0.75, 0.25], [0, 0]]
    drawn(figure)


@pytest.mark.parametrize("n", [2, 30, 70])
def test_the_confusion_of_labels_of_any_number(n, drawn):
    labels = [f"label {index}" for index in range(n)]
    figure = confusion.label_confusion(np.tile([[5, 1], [0, 2]], (n, 1, 1)), labels)
    words = set(texts(figure))
    assert {"has it,\npredicted", "has it not,\nnot predicted"} <= words
    assert ("label 1" in words) == (n < 70)
    assert f"Confusion of labels: {7 * n} of {8 * n} right (87.5 %)" in words
    picture = drawn(figure)
    assert picture[:, :4].min() == picture[-4:].min() == 255, "nothing is cut at the edges"


def test_what_has_a_label_stands_before_what_has_it_not():
    figure = confusion.label_confusion(np.array([[[5, 1], [3, 2]]]), ["red"])
    cells = [text.get_text().split("\n")[0] for text in figure.axes[0].texts]
    assert cells == ["2", "3", "1", "5"]


def test_predicted_against_true(drawn):
    true = np.linspace(5, 50, 102)
    figure = predictions.predicted_against_true(
        true, [*(true[1:] + 1), np.nan], unit="k$", name="price"
    )
    assert "101 rows; 1 more are NaN or infinite and not drawn" in texts(figure)
    assert figure.axes[0].get_xlabel() == r"true price (k\$)"
    assert figure.axes[0].get_xlim() == figure.axes[0].get_ylim()
    assert sum(bar.get_height() for bar in figure.axes[1].patches) == 101
    drawn(figure)


def test_many_predictions_are_counted_in_cells(drawn):
    true = np.random.default_rng(0).normal(10, 8, 100_000)
    figure = predictions.predicted_against_true(
        true, true + 1e3 * (true > 45), unit="", name="temperature"
    )
    assert "rows per cell (log scale)" in text_of(figure)
    assert figure.axes[0].get_ylim()[1] < 100, (
        "a few far rows do not press the others into one cell"
    )
    drawn(figure)


def test_without_a_finite_prediction_the_figure_says_so(drawn):
    figure = predictions.predicted_against_true(np.zeros(2), np.full(2, np.nan), unit="", name="x")
    assert "There is no finite prediction to draw." in texts(figure)
    drawn(predictions.predicted_against_true(np.ones(1), np.ones(1), unit="", name="x"))


def test_worst_rows_is_a_table(drawn):
    columns = {"CRIM": [0.05, 13.9], "town": ["Boston", "a very long name of a town indeed"]}
    frame = pd.DataFrame({**columns, **{f"x{n}": [1, 2] for n in range(8)}}, index=[446, 57])
    figure = tables.worst_rows(frame, ["35.1", "9"], ["20.04", "30"], title="the worst", unit="k$")
    assert {"446", "35.1", "20.04", "0.05", "Boston", r"true (k\$)"} <= set(texts(figure))
    assert "2 more columns are not shown" in texts(figure)
    drawn(figure)
    drawn(tables.worst_rows(frame, ["died", "lived"], ["lived", "died"], title="classes"))


def test_a_text_has_two_lines_and_a_column_may_have_any_name(drawn):
    frame = pd.DataFrame({"row": ["good " * 99, "bad"]}, index=[7, 8])
    figure = tables.worst_rows(frame, ["pos"] * 2, ["neg 0.98", "neg 0.9"], title="t")
    assert texts(figure).count("row") == 2
    assert {"7", "pos", "neg 0.98", "bad"} <= set(texts(figure))
    assert any(text.endswith(" …") and text.count("\n") == 1 for text in texts(figure))
    drawn(figure)


@pytest.mark.parametrize("channels", [1, 3])
def test_images_keep_their_colours_and_shape(channels, drawn):
    white = np.full((2, 50, 100, channels), 250, np.uint8)
    figure = images.gallery(white, ["left", "a label longer than its line is"], title="t")
    assert {"left", "a label longe... its line is"} <= set(texts(figure))
    area = (drawn(figure) == 250).all(axis=2).sum()
    assert area == pytest.approx(2 * images.CELL * images.CELL / 2, rel=0.01)


def test_a_label_may_have_two_lines(drawn):
    pictures = np.zeros((2, 8, 8, 3), np.uint8)
    long = "norwegian_forest_cat_of_the_far_north"
    labels = ["true cat\nsaid dog 0.98", f"true cat\nsaid {long} 0.90"]
    figure = images.gallery(pictures, labels, title="worst")
    assert "true cat\nsaid dog 0.98" in texts(figure)
    assert any(
        text.startswith("true cat\nsaid norweg") and text.endswith(" 0.90")
        for text in texts(figure)
    )
    drawn(figure)


def test_weight_histograms(drawn):
    rng = np.random.default_rng(0)
    kernel = rng.normal(1, 0.1, (40, 40))
    kernel[:20] = 0
    figure = weights.weight_histograms(
        {
            "dense/kernel": kernel,
            "dense/bias": np.zeros(4),
            "bad/bias": np.full(3, np.nan),
            "scalar": np.float32(2),
        }
    )
    assert {"dense/kernel", "dense/bias", "bad/bias", "scalar", "100 % NaN or infinite"} <= set(
        texts(figure)
    )
    assert "zeros 50 %" in text_of(figure)
    assert "mean 0, std 0, zeros 100 %" in text_of(figure)
    drawn(figure)
    assert "no weights" in text_of(weights.weight_histograms({}))


def test_of_many_weights_the_largest_are_shown(drawn):
    figure = weights.weight_histograms({f"layer_{n}/kernel": np.ones(1 + n) for n in range(30)})
    assert "the 24 largest of 30 variables" in texts(figure)
    assert "layer_6/kernel" in texts(figure)
    assert "layer_5/kernel" not in texts(figure)
    large = weights.weight_histograms({"embedding": np.ones(200_000, np.float32)})
    assert "100,000 drawn at random, seed 0" in text_of(large)
    drawn(figure)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.27494, "0.2749"),
        (12310, "12,310"),
        (1.23e9, "1.2e+09"),
        (0.0, "0"),
        (np.nan, "nan"),
        (-np.inf, "-inf"),
    ],
)
def test_number(value, text):
    assert formatting.number(value) == text


@pytest.mark.long
def test_threads_may_draw_at_once(tmp_path):
    def draw(n):
        return style.save(learn(IMDB), tmp_path / f"{n}.png").read_bytes()

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(draw, range(8)))) == 1


@pytest.mark.long
def test_pyplot_and_tensorflow_are_never_imported():
    code = (
        "import sys; from goldilocks.plots import confusion, curves, images, overlays, "
        "predictions, weights;"
        "sys.exit('matplotlib.pyplot' in sys.modules or 'tensorflow' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_worst_of_several_runs_does_not_press_the_others_flat():
    curves = {
        "good": [0.40, 0.30, 0.25],
        "better": [0.42, 0.28, 0.24],
        "worst": [0.95, 0.93, 0.92],
    }
    figure = overlays.overlay(curves, ylabel="val_loss", title="Runs", best={})
    [axes] = figure.axes
    assert axes.get_ylim()[1] < 0.5
    assert "some values lie outside the axis" in texts(figure)
    pair = {name: curves[name] for name in ("good", "worst")}
    [axes] = overlays.overlay(pair, ylabel="val_loss", title="Runs", best={}).axes
    assert axes.get_ylim()[1] > 0.9
