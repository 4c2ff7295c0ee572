import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from composition import CONF, checked
from goldilocks.errors import ConfigError
from goldilocks.sweep.expand import combinations, equals, job_name, settings_of, varied

JOBS = [
    ("dataset=boston", "seed=3"),
    ("dataset=boston", "optimizer.learning_rate=1e-2", "seed=4"),
    ("seed=5", "optimizer.learning_rate=0.5", "dataset=boston", "optimizer=sgd"),
    ("dataset=mnist", "model=mlp", "model.units=[8,4]", "regularizer=l2", "regularizer.l2=0.5"),
    (
        "dataset=imdb",
        "problem.class_weight={neg: 2}",
        "problem.metrics=[auc,accuracy]",
        "final=true",
    ),
    ("experiment=boston_kfold100", "trainer.epochs=2", "protocol.k=3"),
    ("dataset=mnist", "trainer.batch_size=${trainer.epochs}", "trainer.epochs=7"),
]


@pytest.fixture
def loader():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.mark.parametrize("job", JOBS, ids=" ".join)
def test_a_job_whose_keys_are_set_one_by_one_is_what_hydra_composes(loader, job):
    # Two jobs of the same options: the second must not see what the first has set.
    other = [*job, "seed=77", "trainer.epochs=9"]
    first, settings = settings_of([other, list(job)])
    assert first.tree["trainer"]["epochs"] == 9
    GlobalHydra.instance().clear()
    assert settings == checked(*job)


def test_a_key_that_is_none_is_explained_as_for_a_single_job(loader):
    with pytest.raises(
        ConfigError,
        match=r"seed=1.*\n.*trainer\.epoch is not a key of this configuration; type trainer\.epochs=1",
    ):
        settings_of([["dataset=boston", "seed=1"], ["dataset=boston", "seed=1", "trainer.epoch=1"]])


def test_a_sweep_of_many_values_is_composed_in_its_order(loader):
    jobs = combinations(["dataset=boston", "seed=2,1", "model.units=4,8"])
    settings = settings_of(jobs)
    assert [(job.tree["seed"], job.tree["model"]["units"]) for job in settings] == [
        (2, 4),
        (2, 8),
        (1, 4),
        (1, 8),
    ]


def test_a_job_is_named_by_what_the_jobs_differ_in(loader):
    shared = ("dataset=boston", "trainer.epochs=2")
    jobs = settings_of(
        [
            [*shared, "regularizer=none", "model.units=8"],
            [*shared, "regularizer=l2", "model.units=8"],
            [*shared, "regularizer=l2", "model.units=[16,4]"],
        ]
    )
    keys = varied(jobs)
    assert keys == ["regularizer", "model.units"]
    names = [job_name(job.overrides, keys) for job in jobs]
    assert names == ["regularizer=none units=8", "l2 units=8", "l2 units=[16,4]"]
    assert varied(jobs[:1]) == []
    assert job_name(jobs[0].overrides, []) == ""


def test_keys_of_the_same_last_word_keep_their_groups():
    words = ["model.dropout=0.1", "regularizer.dropout=0.5", "seed=2"]
    assert job_name(words, ["model.dropout", "regularizer.dropout", "seed"]) == " ".join(words)


def test_jobs_that_are_one_training_are_told(loader):
    words = ["dataset=boston", "regularizer=none,l2", "regularizer.l2=0.1,0.2"]
    jobs = settings_of(combinations(words))
    assert equals(jobs) == [
        ["regularizer=none l2=0.1", "l2=0.1"],
        ["regularizer=none l2=0.2", "l2=0.2"],
    ]
    assert equals(settings_of(combinations(["dataset=boston", "regularizer=none,l2"]))) == []
