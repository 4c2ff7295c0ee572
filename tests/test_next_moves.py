"""Moves as commands: what is pasted is a configuration, and the one that was meant."""

import dataclasses
import itertools
import json
import shlex
from types import SimpleNamespace

import pytest

from composition import NEEDED, checked
from goldilocks.config.literals import for_hydra
from goldilocks.config.words import with_search_path
from goldilocks.diagnosis.directions import HELPS
from goldilocks.errors import StoreError
from goldilocks.problem import standard
from goldilocks.run import next_moves
from goldilocks.tracking.null import NullStore
from goldilocks.tracking.query import StoredRun, written

METRICS = {
    "best_epoch": 4.0,
    "epochs": 20.0,
    "loss": 0.2,
    "best_val_loss": 0.5,
    "baseline/val_loss": 1.0,
    "baseline/val_accuracy": 0.5,
}
TAGS = {"verdict": "overfit", "beats_baseline": "true"}


def context(settings, runs=()):
    """What moves ask of a run's context, with a store that has some runs."""
    return SimpleNamespace(
        settings=settings,
        store=SimpleNamespace(search=lambda text, newest: list(runs)),
        dataset=SimpleNamespace(digest="ab" * 32),
        problem=dataclasses.replace(standard("binary"), metrics=("accuracy",)),
    )


def answered(**answers):
    """What a run has logged, with probabilities of its verdict."""
    probabilities = {**dict.fromkeys(HELPS, 0.05), **answers}
    return METRICS | {f"verdict/p_{name}": p for name, p in probabilities.items()}


def proposed(here, metrics, tags=TAGS):
    moves = next_moves.propose(
        *(here.settings, here.problem, metrics, tags),
        rows=500,
        store=here.store,
        digest=here.dataset.digest,
    )
    return next_moves.lines(here.settings, moves).splitlines()


def commands(settings, metrics, tags=TAGS, runs=()):
    return proposed(context(settings, runs), metrics, tags)


def pasted(line):
    """The settings that a line comes to, as a shell without comments gives it to the program."""
    words = shlex.split(line)
    assert words[0].endswith("python")
    assert words[1] == "train.py"
    return checked(*for_hydra(with_search_path(words[2:])))


def stored(settings, metrics, tags=TAGS, **more):
    """A finished run of a configuration, as the store has it."""
    params = {key: written(value) for key, value in settings.flat.items()}
    tags = {"role": settings.role, **tags}
    return StoredRun("0" * 32, settings.name, "FINISHED", params, tags, metrics, (), **more)


DATA = {
    **{name: (f"dataset={name}",) for name in ("boston", "mnist", "imdb", "jena", "catsdogs")},
    **{name: (f"dataset={name}", *words) for name, words in NEEDED.items()},
}
MODELS = [
    *[("boston", "mlp"), ("mnist", "mlp"), ("mnist", "convnet"), ("imdb", "mlp")],
    *[("imdb", "embedding"), ("imdb", "rnn"), ("imdb", "conv1d"), ("imdb", "conv_rnn")],
    *[("jena", "mlp"), ("jena", "rnn"), ("catsdogs", "convnet"), ("catsdogs", "pretrained")],
    *[("images", "convnet"), ("texts", "embedding"), ("series", "conv1d"), ("table", "mlp")],
]
WORDS = itertools.cycle(["overfit", "underfit", "unsure", "no_power", "diverged"])
REGULARIZERS = itertools.cycle(["none", "dropout", "early_stopping"])


@pytest.mark.parametrize(
    ("data", "model", "word", "regularizer"),
    [(*names, next(WORDS), next(REGULARIZERS)) for names in MODELS],
)
def test_every_command_is_accepted_and_is_new(data, model, word, regularizer):
    settings = checked(*DATA[data], f"model={model}", f"regularizer={regularizer}")
    metrics = METRICS
    if word not in ("no_power", "diverged"):
        metrics = answered(go_on=0.95, regularize=0.92, enlarge=0.91)
    lines = commands(settings, metrics, TAGS | {"verdict": word})
    assert 1 <= len(lines) <= 3
    configurations = [pasted(line).flat for line in lines]
    assert settings.flat not in configurations
    assert len({json.dumps(flat) for flat in configurations}) == len(lines)


def test_a_command_keeps_what_was_typed_and_quotes_it(tmp_path):
    file = tmp_path / "houses (1), o'clock.csv"
    file.touch()
    typed = for_hydra(
        [
            *("dataset=table", f"dataset.file={file}", "dataset.target=median price, k$"),
            *("trainer.epochs=20", "force=true", "++trainer.batch_size=64"),
        ]
    )
    settings = checked(*typed)
    [line] = commands(settings, answered(go_on=0.93), TAGS | {"verdict": "underfit"})
    assert line.endswith("trainer.epochs=40   # p = 0.93 that more epochs help")
    changed = pasted(line)
    assert "force=true" not in line
    differences = {key for key in settings.flat if settings.flat[key] != changed.flat[key]}
    assert differences == {"trainer.epochs", "force"}


def test_a_command_keeps_a_folder_of_own_options(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "mine.yaml").write_text("defaults:\n  - mlp\n  - _self_\nunits: 32\n")
    words = with_search_path(["dataset=boston", "model=mine", "--config-dir", str(tmp_path)])
    settings = checked(*words)
    [line] = commands(settings, answered(enlarge=0.93), TAGS | {"verdict": "underfit"})
    assert pasted(line).tree["model"]["units"] == 64
    assert str(tmp_path) in line


def test_a_broken_regularizer_of_ones_own_ends_no_advice(tmp_path):
    (tmp_path / "regularizer").mkdir()
    (tmp_path / "regularizer" / "mine.yaml").write_text("l2: [")
    words = with_search_path(["dataset=imdb", "--config-dir", str(tmp_path)])
    [first, *_] = commands(checked(*words), answered(regularize=0.95))
    assert "regularizer=dropout   #" in first


def test_the_final_command_has_the_best_epoch_and_the_chosen_threshold():
    tags = TAGS | {"verdict": "balanced", "thresholds": "[0.12]"}
    settings = checked("dataset=imdb", "problem.threshold=auto", "trainer.repeats=3")
    [line] = commands(settings, answered(), tags)
    assert (
        "train.py dataset=imdb trainer.epochs=4 problem.threshold=0.12 "
        "final=true   # balanced: take this one, val_loss 0.5"
    ) in line
    assert pasted(line).role == "final"
    [line] = commands(settings, answered(), tags | {"thresholds": "[0.12,0.5]"})
    assert "'problem.threshold=[0.12,0.5]'" in line
    scheduled = checked("dataset=imdb", "optimizer.schedule=cosine")
    [line] = commands(scheduled, answered(), TAGS | {"verdict": "balanced"})
    assert "trainer.epochs" not in line


def test_the_final_command_has_no_probes():
    settings = checked("dataset=imdb", "diagnosis.probes=1")
    [line] = commands(settings, answered(), TAGS | {"verdict": "balanced"})
    assert pasted(line).tree["diagnosis"]["probes"] == 0
    assert pasted(line).role == "final"


def test_a_probe_is_proposed_where_it_is_accepted():
    unsure, metrics = TAGS | {"verdict": "unsure"}, answered(go_on=0.5)
    lines = commands(checked("dataset=boston"), metrics, unsure)
    assert "diagnosis.probes=1   # a probe answers whether more epochs help" in lines[-1]
    for words in (["trainer.repeats=3"], ["protocol=kfold"]):
        lines = commands(checked("dataset=boston", *words), metrics, unsure)
        assert lines
        assert not any("diagnosis.probes" in line for line in lines)


def test_probes_of_a_recipe_are_switched_off(tmp_path):
    (tmp_path / "experiment").mkdir()
    recipe = (
        "# @package _global_\ndefaults:\n  - override /dataset: boston\ndiagnosis: {probes: 1}\n"
    )
    (tmp_path / "experiment" / "probing.yaml").write_text(recipe)
    words = with_search_path(["experiment=probing", "--config-dir", str(tmp_path)])
    [line] = commands(checked(*words), answered(), TAGS | {"verdict": "balanced"})
    final = pasted(line)
    assert final.role == "final"
    assert final.tree["diagnosis"]["probes"] == 0


def test_what_the_model_refuses_is_not_proposed():
    tags = TAGS | {"verdict": "underfit"}
    [line] = commands(checked("dataset=jena", "model=rnn"), answered(enlarge=0.95), tags)
    assert "model.units=64 model.layers=2" in line
    one_layer = checked("dataset=jena", "model=rnn", "model.activation=[tanh]")
    [line] = commands(one_layer, answered(enlarge=0.95), tags)
    assert "model.layers" not in line


def test_a_smoke_run_leads_to_a_training():
    [line] = commands(checked("dataset=boston", "trainer=smoke"), answered())
    assert "train.py dataset=boston trainer=fit   # a smoke run shows" in line


def test_a_part_of_the_rows_deserves_no_final_run():
    settings = checked("dataset=boston", "trainer.steps_per_epoch=5")
    [line] = commands(settings, answered(), TAGS | {"verdict": "balanced"})
    assert line == "# balanced. The best is boston mlp steps_per_epoch=5: balanced"


def test_what_the_store_has_is_not_proposed_again():
    settings = checked("dataset=boston", "trainer.epochs=20")
    dropout = checked("dataset=boston", "trainer.epochs=20", "regularizer=dropout")
    before = stored(settings, answered(regularize=0.95))
    worse = answered() | {"best_val_loss": 0.6}
    [first, *_] = commands(dropout, worse, runs=[before])
    assert "trainer.epochs=20 regularizer=l2   # from the best so far" in first
    pasted(first)

    again = stored(dropout, worse)
    [first, *_] = commands(settings, answered(regularize=0.95), runs=[before, again])
    assert "regularizer=l2 " in first


@pytest.mark.parametrize(
    ("other", "tags", "counts"),
    [
        ((), {}, True),
        (("seed=7",), {}, True),
        (("trainer=population",), {}, True),
        (("protocol.seed=1",), {}, False),
        (("dataset.subset=100",), {}, False),
        (("problem.loss=mae",), {}, False),
        ((), {"role": "fold"}, False),
        ((), {"pruned": "true"}, False),
    ],
)
def test_only_runs_on_the_same_rows_count(other, tags, counts):
    settings = checked("dataset=boston", "trainer.epochs=20")
    longer = checked("dataset=boston", "trainer.epochs=40", *other)
    run = stored(longer, answered(), TAGS | tags)
    tags = TAGS | {"verdict": "underfit"}
    runs = [stored(settings, METRICS, tags), run]
    lines = commands(settings, answered(go_on=0.95), tags, runs)
    assert ("trainer.epochs=40" not in lines[0]) == counts


def test_a_job_of_a_sweep_does_not_read_the_others():
    settings = dataclasses.replace(checked("dataset=boston"), job=3)
    run = stored(checked("dataset=boston", "regularizer=dropout"), answered())
    [first, *_] = commands(settings, answered(regularize=0.95), runs=[run])
    assert "regularizer=dropout" in first


def test_class_weights_are_tested_by_another_measure():
    settings = checked("dataset=imdb", "problem.class_weight=balanced")
    weighted = context(settings)
    weighted.problem = dataclasses.replace(weighted.problem, class_weight="balanced")
    tags = TAGS | {"verdict": "no_power"}
    line = proposed(weighted, METRICS, tags)[0]
    assert "problem.metrics=[auc,accuracy]" in line
    assert pasted(line).tree["problem"]["metrics"] == ["auc", "accuracy"]


def test_a_store_that_cannot_be_read_ends_no_training():
    def search(text, newest):
        raise StoreError("the server is gone")

    here = context(checked("dataset=boston"))
    here.store.search = search
    assert proposed(here, answered(regularize=0.95), TAGS)


def test_without_tracking_there_are_moves():
    here = context(checked("dataset=boston", "tracking=none"))
    here.store = NullStore()
    assert "regularizer=dropout" in proposed(here, answered(regularize=0.95))[0]


def test_an_option_stands_for_the_values_that_it_has():
    metrics = answered(regularize=0.95)
    numbers = context(checked("dataset=boston", "regularizer.l2=0.01"))
    numbers.problem = dataclasses.replace(numbers.problem, type="regression")
    [first, *_] = proposed(numbers, metrics)
    assert "train.py dataset=boston regularizer.l2=0.01 regularizer.dropout=0.2   #" in first
    l2 = checked("dataset=imdb", "regularizer=l2", "model.units=64", "diagnosis.probes=1")
    [first, *_] = commands(l2, metrics)
    assert "train.py dataset=imdb model.units=64 regularizer=l2_dropout   #" in first
    recipe = checked("experiment=imdb_l2")
    [first, *_] = commands(recipe, metrics)
    assert "train.py experiment=imdb_l2 regularizer.dropout=0.5   #" in first
