import re
import shlex

import pytest
import yaml

from composition import CONF, FILES, ROOT, checked
from goldilocks.config.literals import for_hydra
from goldilocks.config.mistakes import errors_in
from goldilocks.config.rules import rule_of
from goldilocks.config.settings import COMPOSED, GROUPS
from goldilocks.config.synonyms import comparable, mended
from goldilocks.config.words import LISTED, split

TABLE = yaml.safe_load((ROOT / "src/goldilocks/config/synonyms.yaml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("lr=0.01", "type optimizer.learning_rate=0.01."),
        ("optimizer.lr=0.01", "type optimizer.learning_rate=0.01."),
        ("dropout=0.5", "type regularizer.dropout=0.5."),
        ("regularizer.rate=0.3", "type regularizer.dropout=0.3."),
        ("loss=mse", "type problem.loss=mse."),
        ("trainer.early_stopping=true", "type regularizer=early_stopping."),
        ("early_stopping=false", "leave it out; it is off without regularizer=early_stopping."),
        ("early_stopping=5", "type regularizer.patience=5."),
        ("model=cnn", "type model=convnet."),
        ("model=dense", "type model=mlp."),
        ("model=resnet", "type model=pretrained model.base=resnet50."),
        ("model=MLP", "type model=mlp."),
        ("model=lstm", "type model=rnn model.cell=lstm."),
        ("model=bert", "there are no transformers; use "),
        ("model=knn", "models are neural networks; type python workflow.py"),
        ("dataset=houses.csv", "type dataset=table dataset.file=houses.csv dataset.target=NAME."),
        ("dataset=houses.csv target=price", "type dataset=table dataset.file=houses.csv."),
        ("'dataset=~/photos'", "type dataset=images 'dataset.dir=~/photos'."),
        ("dataset=csv", "type dataset=table dataset.file=FILE dataset.target=NAME."),
        ("dataset=cifar10", "type dataset=images dataset.dir=FOLDER."),
        ("file=houses.csv", "type dataset=table dataset.file=houses.csv dataset.target=NAME."),
        ("dataset=table file=houses.csv label=y", "type dataset.file=houses.csv."),
        ("dataset.path=houses.csv", "type dataset=table dataset.file=houses.csv dataset.target"),
        ("target=price", "type dataset=table dataset.file=FILE dataset.target=price."),
        ("experiment=imdb", "type -m 'experiment=glob(imdb_*)' for all, or one of imdb_1layer, "),
        ("problem.metrics=mae", "Type 'problem.metrics=[mae]'."),
        ("metrics=acc", "type 'problem.metrics=[accuracy]'."),
        ("'optimizer=[adam,sgd]'", "For a run of each, type: train.py -m optimizer=adam,sgd."),
        ("seed=[0,1]", "For a run of each, type: train.py -m seed=0,1."),
        ("--epochs 5", "--epochs 5 is not a flag; type trainer.epochs=5."),
        ("--model cnn", "type model=convnet."),
        ("--lr=abc", "type optimizer.learning_rate=VALUE, a number above 0."),
        ("--foo", "expected KEY=VALUE, or one of --help, --multirun, "),
        ("dataset = catsdogs", "dataset = catsdogs has blanks around =; type dataset=catsdogs."),
        ("'lr = 0.1'", "lr = 0.1 has blanks around =; type optimizer.learning_rate=0.1."),
        ("dataset.file = 'houses (1).csv' dataset=table", "type 'dataset.file=houses (1).csv'."),
        ("'model.units=(64,32)'", "type 'model.units=[64,32]'."),
        ("model:mlp", "type model=mlp."),
        ("mlp", "type model=mlp."),
        ("lstm", "type model=rnn model.cell=lstm."),
        ("-m lr=0.1,0.01", "type optimizer.learning_rate=0.1,0.01."),
        ("momentum=0.9 optimizer=adam", "type optimizer.momentum=0.9 with optimizer=rmsprop or "),
        ("optimizer=adam optimizer.nesterov=true", "leave it out, or choose optimizer=sgd."),
        ("final=yes", "Type final=true."),
        ("trainer.epochs=5.0", "Type trainer.epochs=5."),
        ("dataset.subset=None", "Type dataset.subset=null."),
        ("problem.loss=MSELoss", "Type problem.loss=mse."),
        ("model.activation=swish", "Type model.activation=silu."),
        ("optimizer.rh=0.9", "did you mean optimizer.rho?"),
        ("trainer.lerning_rate=0.1", "did you mean optimizer.learning_rate?"),
        ("use_gpu=true", "TensorFlow uses a GPU where it finds one; leave it out."),
    ],
)  # fmt: skip
def test_what_people_type_is_answered_with_what_to_type(typed, answer):
    flags, words = split(shlex.split(typed))
    errors = errors_in(for_hydra([*flags, *words]), CONF, "config")
    if not errors:  # Hydra can compose it, and no run can use it.
        with pytest.raises(Exception, match=re.escape(answer)):
            checked(*words)
        return
    assert [error for error in errors if answer in error], errors
    assert not [error for error in errors if "did you mean" in error.lower()] or "did you" in answer


def test_optimizer_learning_rate_1_is_taken_as_a_real_number():
    assert checked("optimizer.learning_rate=1").tree["optimizer"]["learning_rate"] == 1.0


@pytest.mark.parametrize("part", ["keys", "options"])
def test_all_that_the_table_has_typed_exists(part):
    rows = [TABLE["keys"]] if part == "keys" else TABLE["options"].values()
    words = {word for row in rows for meant in row for word in meant.split(" ")} - {"DATA"}
    for word in words - set(LISTED) - {"-m"}:
        key, _, value = word.partition("=")
        if key in GROUPS:
            assert value == "VALUE" or value in FILES.names(key), word
        elif not key.startswith("hydra"):
            assert key in FILES.keys(COMPOSED) or rule_of(key), word
            assert value in ("VALUE", "FILE", "FOLDER", "NAME") or mended(
                key, rule_of(key), value
            ), word


def test_no_word_of_the_table_is_a_name_of_its_own():
    """Else the table would never be asked."""
    for group, row in {**TABLE["options"], **TABLE["absent"]}.items():
        words = {comparable(word) for listed in row.values() for word in listed}
        assert words.isdisjoint(map(comparable, FILES.names(group))), group


def test_values_of_the_table_are_those_that_their_keys_may_have():
    for key, row in TABLE["values"].items():
        rule = rule_of(key)
        for value, words in row.items():
            for word in words:
                [meant] = mended(key, rule, word)
                assert meant in (value, [value], word, True, None, False), (key, word)
