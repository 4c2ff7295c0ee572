import json
import math
import re
import shlex
from fnmatch import fnmatch
from pathlib import Path

import pandas as pd
import pytest

import chapter
import measured
import pages
from composition import OPTIONS, ROOT
from goldilocks.errors import ConfigError, StoreError
from goldilocks.tracking import local
from goldilocks.tracking.query import StoredRun
from goldilocks.tracking.selection import select
from measured import Statistic

CHAPTERS = sorted(file.parent.name for file in (ROOT / "experiments").glob("*/chapter.yaml"))
PLAN = """
title: Two sizes
chapter: "2"
question: Which size
  is right?
command: python train.py -m 'experiment=glob(mnist_*)'
variants: {dense: a dense network, convnet: a convnet}
published:
  dense: [{measure: best_val_loss, value: 0.25, epoch: 3, source: NB}]
relations:
  - {left: convnet, measure: best_val_loss, is: less, right: dense, says: the convnet does better}
  - {left: convnet, measure: best_epoch, is: greater, right: dense, by: 5, says: and is done much later}
  - {left: dense, measure: last_error, is: equal, right: 0.3, by: 0.001, says: three in ten are wrong}
original: The same.
notes: [A note.]
"""


class FakeStore:
    """A store with these runs, as they started; a curve falls to a run's last loss."""

    def __init__(self, *runs: StoredRun) -> None:
        self.runs = runs
        self.histories_read: list[tuple[str, str]] = []

    def search(self, text: str, *, everywhere: bool = False) -> list[StoredRun]:
        if everywhere:
            return [run for run in self.runs if run.parent and f"'{run.parent}'" in text]
        return [run for run in self.runs if run.params["experiment"].startswith("mnist_")]

    def histories(self, run_ids, names):
        [name] = names
        self.histories_read += [(run_id, name) for run_id in run_ids]
        return {
            run.run_id: {name: [(1, 1.0), (2, run.metrics[name])]} if name in run.metrics else {}
            for run in self.runs
            if run.run_id in run_ids
        }

    def read_artifact(self, run_id, path):
        if any(run.tags.get("mlflow.parentRunId") == run_id for run in self.runs):
            raise StoreError(f"the run {run_id} logged no {path}")  # Its folds or repeats did.
        if path.endswith("packages.txt"):
            return b"absl==2.0\nKeras==3.15.1\n"
        machine = {"python": "3.11.7", "platform": "Linux-6", "processor": "x86_64", "cores": "2"}
        return json.dumps(machine | {"commit": "c" * 40, "dirty": run_id == "old"}).encode()


def a_run(
    variant,
    loss,
    *,
    seed=0,
    source="stand_in",
    digest="d" * 64,
    run_id=None,
    tags=None,
    params=None,
    **metrics,
):
    numbers = {
        "val_loss": loss + 0.5,
        "best_val_loss": loss,
        "best_val_accuracy": 0.8,
        "val_accuracy": 0.7,
    }
    numbers |= {
        "best_epoch": 3.0,
        "loss": 0.25,
        "best_loss": 0.5,
        "accuracy": 0.95,
        "best_accuracy": 0.9,
    }
    numbers |= {
        "epochs": 4.0,
        "train_seconds": 10.0,
        "parameters": 12.0,
        "verdict/gap": 1.0,
        **metrics,
    }
    marks = {
        "dataset.source": source,
        "dataset.digest": digest,
        "verdict": "overfit",
        "role": "plain",
        "git.commit": "c",
    }
    return StoredRun(
        run_id or f"{variant}-{loss}-{seed}",
        variant,
        "FINISHED",
        {
            "experiment": f"mnist_{variant}",
            "seed": str(seed),
            "trainer.epochs": "5",
            **(params or {}),
        },
        {**marks, **(tags or {})},
        numbers,
        (),
    )


@pytest.fixture
def root(tmp_path):
    (tmp_path / "experiments" / "mnist").mkdir(parents=True)
    (tmp_path / "experiments" / "mnist" / "chapter.yaml").write_text(PLAN)
    (tmp_path / "conf").symlink_to(ROOT / "conf")
    return tmp_path


def written(root, *runs):
    return pages.write("mnist", FakeStore(*runs), root, force=True).read_text()


def row(text, start):
    [line] = [line for line in text.splitlines() if line.startswith(f"| {start} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_has_the_question_the_results_and_the_published_numbers(root):
    text = written(root, a_run("dense", 0.3), a_run("convnet", 0.2))
    assert text.startswith("<!-- Written by `python experiments/pages.py mnist`")
    assert "# Two sizes\n\nChapter 2. Which size is right?" in text
    assert (
        "    python train.py -m 'experiment=glob(mnist_*)'\n    python experiments/pages.py mnist"
        in text
    )
    assert "## Measured on stand_in, digest dddddddddddd\n" in text
    assert [line for line in text.splitlines() if line.startswith("| variant | what")] == [
        "| variant | what it is | parameters | best_epoch | best_val_loss | best_val_accuracy | "
        "last_loss "
        "| last_val_loss | seconds_per_epoch | verdict | n |"
    ]
    assert row(text, "dense | a dense network")[2:] == [
        "12",
        "3",
        "0.3",
        "0.8",
        "0.25",
        "0.8",
        "2.5",
        "overfit",
        "1",
    ]
    assert "| dense | best_val_loss | 0.25 (epoch 3) | 0.3 | NB |" in text
    assert "NB: printed in the notebooks" in text
    assert "- **overfit** (stopping earlier or regularization would help): dense, convnet." in text
    assert "## The original data\n\nThe same.\n\n## Notes\n\n- A note.\n" in text
    assert "Not run" not in text


@pytest.mark.long
def test_relations_hold_or_do_not_with_both_numbers(root):
    text = written(root, a_run("dense", 0.3), a_run("convnet", 0.2, best_epoch=8.0))
    assert row(text, "the convnet does better")[2:] == [
        "convnet: 0.2",
        "less",
        "dense: 0.3",
        "holds",
    ]
    assert row(text, "and is done much later")[2:] == [
        "convnet: 8",
        "greater by 5",
        "dense: 3",
        "does not hold",
    ]
    assert row(text, "three in ten are wrong")[2:] == [
        "dense: 0.3",
        "equal by 0.001",
        "0.3",
        "holds",
    ]
    assert "### What must hold: 2 of the 3 that were measured, by more than the spread" in text
    text = written(root, a_run("dense", 0.2), a_run("convnet", 0.3, best_epoch=8.1))
    assert row(text, "the convnet does better")[-1] == "does not hold"
    assert row(text, "and is done much later")[-1] == "holds"
    text = written(root, a_run("dense", 0.2), a_run("convnet", math.nan))
    assert row(text, "the convnet does better")[2:] == [
        "convnet: nan",
        "less",
        "dense: 0.2",
        "does not hold",
    ]


@pytest.mark.long
def test_a_second_test_evaluation_has_a_warning(root):
    tested = {"test_loss": 0.5, "test_loss_low": 0.4, "test_loss_high": 0.6}
    first, second, earlier_version = (
        written(root, a_run("convnet", 0.3, **tested, **number))
        for number in ({"test_evaluations": 1.0}, {"test_evaluations": 2.0}, {"test_looks": 2.0})
    )
    assert "optimistic" not in first
    assert "convnet: test evaluation 2 on these rows: optimistic" in second
    assert "convnet: test evaluation 2 on these rows: optimistic" in earlier_version
    assert "| test_loss |" in second
    assert "test_evaluations |" not in second
    assert "test_loss_low |" not in second


def test_a_variant_without_a_run_is_listed_and_its_relations_are_not_measured(root):
    text = written(root, a_run("dense", 0.3))
    assert "Not run: `convnet` (a convnet)." in text
    assert row(text, "the convnet does better")[2:] == [
        "convnet: not run",
        "less",
        "dense: 0.3",
        "not measured",
    ]


def test_seeds_are_grouped_and_the_newest_of_each_counts(root):
    runs = [a_run("dense", 9.0, seed=1, run_id="old")]
    runs += [a_run("dense", loss, seed=seed) for seed, loss in enumerate((0.1, 0.2, 0.6))]
    text = written(root, *runs, a_run("convnet", 0.25))
    cells = row(text, "dense | a dense network")
    assert cells[2:6] == ["12", "3", "0.3 ± 0.26", "0.8"], "no spread of what is the same"
    assert cells[-2:] == ["overfit", "3 seeds"]
    assert row(text, "the convnet does better")[-1] == "within the spread"
    assert "### What must hold: 1 of the 3" in text
    table = pd.read_csv(root / "experiments" / "mnist" / "results.csv")
    [loss] = table[(table["variant"] == "dense") & (table["measure"] == "best_val_loss")].to_dict(
        "records"
    )
    assert loss["mean"] == pytest.approx(0.3)
    assert loss["std"] == pytest.approx(0.0700**0.5)  # ((0.2)^2 + (0.1)^2 + (0.3)^2) / 2
    assert (loss["trainings"], loss["runs"]) == (3, "dense-0.1-0 dense-0.2-1 dense-0.6-2")


def test_a_page_says_where_its_runs_came_from(root):
    text = written(root, a_run("dense", 0.3, seed=1, run_id="old"), a_run("dense", 0.2))
    assert (
        "Run at the commits cccccccc, cccccccc + changes with seeds 0, 1 on 2 cores, x86_64, Linux; "
        "Python 3.11.7, keras 3.15.1."
    ) in text
    [commit] = set(pd.read_csv(root / "experiments" / "mnist" / "results.csv")["commit"])
    assert commit == f"{'c' * 40} {'c' * 40}+changes"


def test_differences_of_variants_are_compared(root):
    plan = root / "experiments" / "mnist" / "chapter.yaml"
    more = (
        "  - {left: dense - convnet, measure: best_val_loss, is: less, right: 0.3, says: they are near}\n"
        "original"
    )
    plan.write_text(PLAN.replace("original", more, 1))
    runs = [a_run("dense", 0.4 + seed / 100, seed=seed) for seed in range(2)]
    text = written(root, *runs, a_run("convnet", 0.2))
    assert row(text, "they are near")[2:] == ["dense - convnet: 0.205", "less", "0.3", "holds"]
    plan.write_text(PLAN.replace("left: dense,", "left: dense - convex,", 1))
    with pytest.raises(ConfigError, match="names convex"):
        written(root, *runs)


def test_folders_of_a_machine_are_not_named_and_the_chapter_says_what_they_hold(root):
    plan = root / "experiments" / "mnist" / "chapter.yaml"
    plan.write_text(PLAN + 'data: {dddd: "digits of our own"}\n')
    text = written(root, a_run("dense", 0.3, params={"dataset.dir": "/home/me/digits"}))
    assert "The data is digits of our own." in text
    assert "/home/me" not in text


def test_other_data_has_a_section_of_its_own(root):
    runs = [a_run("dense", 0.3), a_run("convnet", 0.2), a_run("dense", 0.1, source="original")]
    text = written(root, *runs, a_run("dense", 0.7, digest="e" * 64))
    heads = re.findall(r"## Measured on (.*)", text)
    assert heads == [
        "original, digest dddddddddddd",
        "stand_in, digest dddddddddddd",
        "stand_in, digest eeeeeeeeeeee",
    ]
    assert [
        line.split("|")[5].strip()
        for line in text.splitlines()
        if line.startswith("| dense | a dense")
    ] == [
        "0.1",
        "0.3",
        "0.7",
    ]
    assert sorted(file.name for file in (root / "experiments" / "mnist").glob("*.png")) == [
        f"val_loss_{number}.png" for number in (1, 2, 3)
    ]
    written(root, *runs[:2])
    assert [file.name for file in (root / "experiments" / "mnist").glob("*.png")] == [
        "val_loss.png"
    ]


def test_a_run_with_other_settings_counts_only_where_there_is_none_as_configured_and_is_marked(
    root,
):
    short = a_run("dense", 0.9, params={"trainer.epochs": "2"})
    text = written(root, a_run("dense", 0.3), short)
    assert row(text, "dense | a dense network")[4] == "0.3"
    text = written(root, short)
    assert row(text, "dense | a dense network (run with trainer.epochs=2)")[4] == "0.9"


def test_unfinished_runs_and_those_of_other_chapters_do_not_count_and_the_page_stays(root):
    failed = a_run("dense", 0.1)
    failed = StoredRun("failed", "dense", "FAILED", failed.params, failed.tags, failed.metrics, ())
    strange = a_run("dense", 0.1, params={"experiment": "mnist_other"})
    before = written(root, a_run("dense", 0.3))
    with pytest.raises(
        ConfigError, match=r"no finished run of the chapter mnist, so .+mnist stays as it is"
    ):
        written(root, failed, strange)
    assert (root / "experiments" / "mnist" / "README.md").read_text() == before
    assert (root / "experiments" / "mnist" / "val_loss.png").is_file()


@pytest.mark.parametrize(
    ("whole", "part", "over"), [("folds", "fold", "folds"), ("repeats", "repeat", "seeds")]
)
def test_the_trainings_below_a_parent_are_its_spread(root, whole, part, over):
    parent = a_run(
        "dense", 7.0, run_id="parent", tags={"role": whole}, trainings=2.0, best_val_loss_std=0.5
    )
    below = [
        a_run("dense", loss, seed=seed, tags={"role": part, "mlflow.parentRunId": "parent"})
        for seed, loss in enumerate((0.2, 0.4))
    ]
    cells = row(written(root, parent, *below), "dense | a dense network")
    assert cells[4] == "7 ± 0.5"
    assert cells[-1] == f"2 {over}"
    alone = row(written(root, parent), "dense | a dense network")
    assert alone[4] == "7 ± 0.5"


def test_several_parents_of_folds_count_once_each():
    folds = {
        f"p{seed}": [
            a_run(
                "dense",
                loss,
                tags={"role": "fold", "mlflow.parentRunId": f"p{seed}"},
                run_id=f"{seed}{loss}",
            )
            for loss in (seed, seed + 2.0)
        ]
        for seed in (0, 1)
    }
    parents = [
        a_run("dense", 0.0, seed=seed, run_id=f"p{seed}", tags={"role": "folds"}) for seed in (0, 1)
    ]
    mnist = chapter.Chapter("mnist", "", "", "", "", {"dense": ""}, {}, (), {}, "", ())
    runs = [*parents, *folds["p0"], *folds["p1"]]
    [[dense]] = measured.measure(mnist, {"dense": {}}, runs).values()
    assert dense.values["best_val_loss"] == Statistic(1.5, pytest.approx(0.5**0.5), 2)
    assert (len(dense.trainings), dense.over) == (4, "seeds")


def test_the_same_runs_give_the_same_bytes(root):
    folder = root / "experiments" / "mnist"
    runs = [a_run("dense", 0.3), a_run("dense", 0.4, seed=1), a_run("convnet", 0.2)]
    written(root, *runs)
    first = {file.name: file.read_bytes() for file in folder.iterdir()}
    written(root, *runs)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == first
    assert set(first) == {"README.md", "results.csv", "chapter.yaml", "val_loss.png"}


def test_the_numbers_of_a_run():
    numbers = measured.values(a_run("dense", 0.3))
    assert "verdict/gap" not in numbers
    assert (numbers["last_loss"], numbers["last_val_loss"], numbers["seconds_per_epoch"]) == (
        0.25,
        0.8,
        2.5,
    )
    assert numbers["gap"] == pytest.approx(0.55)
    assert numbers["accuracy_gap"] == pytest.approx(0.25)
    assert numbers["fall"] == pytest.approx(0.1)
    assert numbers["last_error"] == pytest.approx(0.3)
    penalized = {
        "data_loss": 0.2,
        "best_data_loss": 0.2,
        "val_data_loss": 0.5,
        "best_val_data_loss": 0.4,
    }
    assert measured.values(a_run("dense", 0.3, **penalized))["gap"] == pytest.approx(0.3)


def test_relations_and_figures_are_without_the_penalty(root):
    text = PLAN.replace("measure: best_val_loss, is: less", "measure: best_val_data_loss, is: less")
    (root / "experiments" / "mnist" / "chapter.yaml").write_text(text)
    penalized = {"val_data_loss": 0.15, "best_val_data_loss": 0.1}
    store = FakeStore(a_run("dense", 0.2), a_run("convnet", 0.3, **penalized))
    text = pages.write("mnist", store, root, force=True).read_text()
    assert row(text, "the convnet does better")[2:] == [
        "convnet: 0.1",
        "less",
        "dense: 0.2",
        "holds",
    ]
    assert store.histories_read == [("dense-0.2-0", "val_loss"), ("convnet-0.3-0", "val_data_loss")]


def tables(text):
    return [
        [line.split("|")[1].strip() for line in table.splitlines()[2:]]
        for table in re.findall(r"^\| variant \| what it is \|.*\n(?:\|.*\n)+", text, re.MULTILINE)
    ]


@pytest.mark.long
def test_runs_that_may_not_be_compared_have_tables_and_figures_of_their_own(root):
    dense = a_run("dense", 0.3)
    for params in (
        {"problem.loss": "mse"},
        {"problem.metrics": '["auc"]'},
        {"protocol": "kfold"},
    ):
        text = written(root, dense, a_run("convnet", 0.2, params=params))
        assert tables(text) == [["dense"], ["convnet"]]
        assert "![val_loss of the variants](val_loss_1.png)" in text
        assert "![val_loss of the variants](val_loss_2.png)" in text
        assert row(text, "the convnet does better")[-1] == "holds", "relations reach across"

    final = a_run("convnet", 0.2, params={"final": "true"})
    text = written(root, dense, final)
    assert tables(text) == [["dense"], ["convnet"]]
    assert "**final runs**\n\n| variant" in text


def test_one_loss_under_three_names_has_one_table(root):
    problem = {"problem": "multiclass"}
    runs = [
        a_run("dense", 0.3, tags=problem, params={"problem.loss": "auto"}),
        a_run("convnet", 0.2, tags=problem, params={"problem.loss": "categorical_crossentropy"}),
    ]
    assert tables(written(root, *runs)) == [["dense", "convnet"]]


@pytest.mark.long
def test_a_page_with_more_trainings_is_replaced_by_force_alone(root):
    seeds = [a_run("dense", 0.3, seed=seed) for seed in (0, 1, 2)]
    page = root / "experiments" / "mnist" / "README.md"
    before = written(root, *seeds, a_run("convnet", 0.2))
    fewer = FakeStore(seeds[0])
    with pytest.raises(
        ConfigError,
        match=r"dense on stand_in has 3, now 1; convnet on stand_in has 1, now none\. Nothing was "
        r"written\. Run what is missing, or add --force",
    ):
        pages.write("mnist", fewer, root, force=False)
    assert page.read_text() == before
    assert (page.parent / "val_loss.png").is_file()

    pages.write("mnist", FakeStore(*seeds, a_run("convnet", 0.1)), root, force=False)
    assert page.read_text() != before
    pages.write("mnist", fewer, root, force=True)
    assert "Not run: `convnet`" in page.read_text()


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("title: Two sizes\n", "", "has chapter, .*; expected exactly the keys title, "),
        (
            "left: dense",
            "left: tiny",
            "'three in ten are wrong' names tiny; expected one of dense, convnet",
        ),
        (
            "is: equal",
            "is: about",
            "'three in ten are wrong' is about; expected one of greater, less, equal",
        ),
        (
            "measure: last_error",
            "measure: luck",
            "luck is not a measure; expected best_, last_ or test_ and a metric",
        ),
        ("source: NB", "source: me", "me is not a source of numbers; expected one of NB,"),
        ("  dense: [", "  tiny: [", "published has tiny; expected one of dense, convnet"),
        ("value: 0.25", "value: low", "cannot be read .*could not convert string"),
        ("by: 5", "margin: 5", "cannot be read .*a relation has margin"),
        ("[A note.]", "[A note.", "is not YAML"),
    ],
)
def test_a_wrong_chapter_is_refused_in_a_sentence(root, old, new, sentence):
    assert old in PLAN
    (root / "experiments" / "mnist" / "chapter.yaml").write_text(PLAN.replace(old, new))
    with pytest.raises(ConfigError, match=rf"chapter\.yaml (.|\n)*{sentence}"):
        chapter.load("mnist", root)


def test_an_unknown_chapter_is_refused_with_the_nearest(root):
    with pytest.raises(
        ConfigError,
        match=r"there is no chapter minst; expected one of mnist\. Did you mean mnist\?",
    ):
        pages.write("minst", FakeStore(), root, force=False)


def test_a_recipe_is_composed_without_a_command_line():
    assert pages.recipe("imdb_small", ROOT / "conf").flat["model.units"] == 4
    with pytest.raises(
        ConfigError, match=r"experiment=imdb_smal: imdb_smal is not .* Did you mean imdb_small\?"
    ):
        pages.recipe("imdb_smal", ROOT / "conf")


def test_every_recipe_belongs_to_a_chapter_and_every_variant_has_a_recipe():
    variants = {
        f"{name}_{variant}" for name in CHAPTERS for variant in chapter.load(name, ROOT).variants
    }
    assert variants == set(OPTIONS["experiment"])
    folders = {path.name for path in (ROOT / "experiments").iterdir() if path.is_dir()}
    assert folders - {"__pycache__", "text"} == set(CHAPTERS)  # `text` has a program, no recipes.


@pytest.mark.parametrize("name", CHAPTERS)
def test_our_chapters_are_valid_and_their_commands_run_their_variants(name):
    read = chapter.load(name, ROOT)
    assert read.relations
    assert read.notes
    named = set()
    for line in read.command.splitlines():
        words = shlex.split(line)
        assert words[:2] == ["python", "train.py"]
        [chosen] = [
            word.removeprefix("experiment=") for word in words if word.startswith("experiment=")
        ]
        for pattern in chosen.removeprefix("glob(").removesuffix(")").split(","):
            named |= {option for option in OPTIONS["experiment"] if fnmatch(option, pattern)}
    assert named == {f"{name}_{variant}" for variant in read.variants}


def test_the_index_of_experiments_lists_every_chapter():
    text = (Path(ROOT) / "experiments" / "README.md").read_text()
    assert {name for name in CHAPTERS if f"[{name}]({name}/" in text} == set(CHAPTERS)


@pytest.mark.long
def test_the_store_finds_the_runs_of_a_chapter_and_their_curves(folder):
    store = local.connect(uri=None, experiment="tries")
    for name in ("mnist_dense", "mnistxdense", "imdb_small"):
        with store.start_run(
            name, parent=None, params={"experiment": name}, tags={"role": "plain"}, resume=None
        ) as tracker:
            for epoch in range(1, 13):
                tracker.epoch(epoch, {"val_loss": 1 / epoch})
    [run] = select(store, ["mnist"]).runs
    assert (run.name, run.status, run.params["experiment"]) == (
        "mnist_dense",
        "FINISHED",
        "mnist_dense",
    )
    assert run.metrics["val_loss"] == 1 / 12
    assert list(run.val_loss) == []
    curves = store.histories([run.run_id], ["val_loss", "nothing"])[run.run_id]
    assert curves == {"val_loss": [(epoch, 1 / epoch) for epoch in range(1, 13)]}


def test_a_folder_without_chapters_has_a_sentence(tmp_path):
    with pytest.raises(
        ConfigError,
        match=r"there is no chapter in .+experiments\.",
    ):
        chapter.load("mnist", tmp_path)
