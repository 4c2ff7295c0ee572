"""What a workflow ends with: the moves of its winner, and what it alone knows."""

import math
from types import SimpleNamespace

from composition import checked
from goldilocks.workflow.next_steps import next_steps
from test_next_moves import METRICS, TAGS, answered, context, stored


def steps(metrics, tags, *, tune=None, final=None):
    """What to try after a workflow whose winner, or small model, has logged this."""
    settings = checked("dataset=boston", "trainer.epochs=20")
    run = stored(settings, metrics, tags)
    here = context(settings, [run])
    here.store.get_run = lambda run_id: run
    here.dataset.kind = "table"
    here.settings_of, here.chosen = lambda candidate: settings, settings
    here.budget = SimpleNamespace(seconds=math.inf, runs=10)
    small = SimpleNamespace(name="units=16", overrides=(), run_ids=["0" * 32])
    results = SimpleNamespace(
        problem=SimpleNamespace(train_rows=300, final_rows=400),
        power=SimpleNamespace(small=small),
        scale=None,
        tune=tune and SimpleNamespace(winner=small, ended_by="budget"),
        final=final,
    )
    return next_steps(here, results)


def test_without_power_the_moves_of_the_small_model_come_first():
    sentences = steps(METRICS | {"loss": 1.0}, TAGS | {"verdict": "no_power"})
    assert sentences[0].startswith("no power, and training loss 1 is still high: ")
    assert sentences[0].endswith("train.py dataset=boston trainer.epochs=40")
    assert sentences[1].startswith("no power: another learning rate: ")
    assert sentences[1].endswith(
        "train.py dataset=boston trainer.epochs=20 optimizer.learning_rate=0.01"
    )
    assert "gather more" in sentences[-1]


def test_the_final_run_of_a_workflow_is_its_own():
    final = SimpleNamespace(report=SimpleNamespace(passed=True))
    sentences = steps(answered(), TAGS | {"verdict": "balanced"}, tune=True, final=final)
    assert not any("train.py" in sentence for sentence in sentences)
    assert "budget=20runs would let it try more" in sentences[-1]
    sentences = steps(answered(go_on=0.95), TAGS, tune=True, final=final)
    assert sentences[0].startswith("p = 0.95 that more epochs help: ")
