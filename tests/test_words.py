import pytest

from goldilocks.config.words import read, split, with_search_path


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["seed=1", "-m", "model=mlp"], ["seed=1", "model=mlp"]),
        (["--epochs", "5"], ["epochs=5"]),
        (["--batch-size=32", "--no-shuffle", "--final"], ["batch_size=32", "shuffle=false", "final=true"]),
        (["--lr", "0.1", "seed=1"], ["lr=0.1", "seed=1"]),
        (["\N{EN DASH}epochs", "5"], ["epochs=5"]),
        (["dataset", "=", "mnist"], ["dataset=mnist"]),
        (["dataset=", "mnist"], ["dataset=mnist"]),
        (["dataset", "=mnist"], ["dataset=mnist"]),
        (["dataset.file", "=", "houses (1).csv"], ["dataset.file=houses (1).csv"]),
        (["trainer.epochs = 5"], ["trainer.epochs=5"]),
        (["model:mlp", "trainer.epochs: 5", "seed==1"], ["model=mlp", "trainer.epochs=5", "seed=1"]),
        (["model", "mlp", "seed", "3"], ["model=mlp", "seed=3"]),
        (["mlp"], ["model=mlp"]),
        (["seed=1,", "model=mlp;"], ["seed=1", "model=mlp"]),
        # What has a meaning as it is stays.
        (["dataset.target=a:b", "dataset.target==x", "dataset.file= x.csv"],) * 2,
        (["tracking.uri=http://localhost:5000", "seed="],) * 2,
        (["dataset.subset=", "model=mlp"],) * 2,
        (["model", "optimizer"],) * 2,
    ],
)  # fmt: skip
def test_words_are_read_as_they_are_meant(arguments, meant):
    words = read(arguments, {"mlp": "model=mlp"})
    assert [word.meant for word in words] == meant
    assert all(bool(word.reason) == (word.typed != word.meant) for word in words)


def test_hydras_flags_are_told_from_words_wherever_they_stand():
    typed = ["seed=1", "-m", "--cfg", "job", "--config-dir=x", "--epochs", "model=mlp"]
    assert split(typed) == (
        ["-m", "--cfg", "job", "--config-dir=x"],
        ["seed=1", "--epochs", "model=mlp"],
    )


def test_a_folder_of_options_becomes_a_key():
    assert with_search_path(["-cd", "/x", "seed=1"]) == ["seed=1", "hydra.searchpath=['file:///x']"]
