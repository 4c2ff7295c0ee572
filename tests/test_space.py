import re

import pytest
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra

from composition import CONF
from goldilocks.search.space import Interval
from goldilocks.sweep.syntax import read


@pytest.fixture
def loader():
    with initialize_config_dir(str(CONF), version_base="1.3"):
        yield GlobalHydra.instance().config_loader()


@pytest.fixture
def reading(loader):
    """Reads overrides as a search does, and gives the space and what is wrong."""

    def spanned(*sweeps, when=(), seed=0, grid=False):
        return read(sweeps, when=dict(when), seed=seed, grid=grid, loader=loader)

    return spanned


@pytest.fixture
def space(reading):
    def spanned(*sweeps, **how):
        result, errors = reading(*sweeps, **how)
        assert errors == []
        return result

    return spanned


def texts(space, key):
    return next(parameter for parameter in space.parameters if parameter.key == key).ends


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("a=1,2,3", ["1", "2", "3"]),
        ("a=choice(relu,tanh)", ["relu", "tanh"]),
        ("a=range(1,5)", ["1", "2", "3", "4"]),
        ("a=range(0,1,0.25)", ["0.0", "0.25", "0.5", "0.75"]),
        ("a=sort(3,1,2)", ["1", "2", "3"]),
        ("a=[64,4],[4]", ["[64,4]", "[4]"]),
        ("a=true,null", ["True", "null"]),
        ("a=4,4,8", ["4", "8"]),
        ("a='x y',z", ["'x y'", "z"]),
        ("a=7", ["7"]),
        ("regularizer=glob(l*)", ["l1", "l1_l2", "l2", "l2_dropout"]),
    ],
)
def test_lists_are_read_as_hydra_reads_them(space, typed, values):
    searched = space(typed)
    assert searched.parameters[0].ends == values
    assert bool(searched.searched) == (len(values) > 1)


@pytest.mark.parametrize(
    ("typed", "values"),
    [
        ("a=interval(0.0001,0.1)", Interval(0.0001, 0.1, False)),
        ("a=interval(1,8)", Interval(1.0, 8.0, False)),
        ("a=int(interval(1,8))", Interval(1, 8, False)),
        ("a=tag(log,interval(1e-4,1e-1))", Interval(1e-4, 1e-1, True)),
        ("a=tag(log,int(interval(4,512)))", Interval(4, 512, True)),
    ],
)
def test_intervals_are_whole_or_not_and_on_a_log_scale_or_not(space, typed, values):
    [parameter] = space(typed).parameters
    assert parameter.values == values
    assert parameter.values.whole == isinstance(values.low, int) == ("int(" in typed)


def test_values_of_an_interval_can_be_read_and_stay_inside():
    assert Interval(1e-4, 1e-1, True).text(0.00316227766) == "0.00316228"
    assert Interval(0.0, 0.1234567, False).text(0.1234567) == "0.1234567"
    assert Interval(4, 512, True).text(64) == "64"
    assert (
        Interval(4.0, 64.0, False).text(4.0) == "4.0"
    )  # No whole number: the check of a key that wants one sees it.


def test_shuffling_depends_on_the_seed_alone(space):
    first, again, other = (space("a=shuffle(range(0,20))", seed=seed) for seed in (1, 1, 2))
    assert texts(first, "a") == texts(again, "a") != texts(other, "a")
    assert sorted(texts(first, "a"), key=int) == [str(number) for number in range(20)]


def test_the_grid_is_hydras_own(space):
    searched = space("+b=1,2", "a=x", "c=range(0,3)")
    assert [searched.overrides(point) for point in searched.grid()] == [
        [f"+b={b}", "a=x", f"c={c}"] for b in (1, 2) for c in (0, 1, 2)
    ]


def test_of_two_overrides_for_a_key_the_later_counts(space):
    assert [
        space("a=1,2", "b=1", "a=3").overrides(point)
        for point in space("a=1,2", "b=1", "a=3").grid()
    ] == [["a=3", "b=1"]]


def test_a_conditional_key_appears_only_where_its_condition_holds(space):
    searched = space(
        "regularizer.dropout=0.2,0.5",
        "regularizer=none,dropout,l2_dropout",
        "regularizer.l2=1e-3,1e-2",
        when={
            "regularizer.dropout": "regularizer=dropout|l2_dropout",
            "regularizer.l2": "regularizer=l2_dropout",
        },
    )
    jobs = [tuple(searched.overrides(point)) for point in searched.grid()]
    assert len(jobs) == len(set(jobs)) == 1 + 2 + 2 * 2
    assert ("regularizer=none",) in jobs
    assert ("regularizer.dropout=0.5", "regularizer=dropout") in jobs
    assert ("regularizer.dropout=0.2", "regularizer=l2_dropout", "regularizer.l2=0.01") in jobs


def test_conditions_may_depend_on_each_other(space):
    searched = space("c=1,2", "b=0.001,x", "a=true,false", when={"b": "a=true", "c": "b=1e-3"})
    jobs = {tuple(searched.overrides(point)) for point in searched.grid()}
    assert jobs == {
        ("a=False",),
        ("b=x", "a=True"),
        ("c=1", "b=0.001", "a=True"),
        ("c=2", "b=0.001", "a=True"),
    }


def test_samples_show_every_choice_and_both_ends(space):
    searched = space(
        "dataset=boston",
        "model.units=int(interval(4,64))",
        "regularizer=none,l2,dropout",
        "regularizer.dropout=interval(0.1,0.9)",
        when={"regularizer.dropout": "regularizer=dropout"},
    )
    assert searched.samples() == [
        ["dataset=boston", "model.units=4", "regularizer=none"],
        ["dataset=boston", "model.units=64", "regularizer=none"],
        ["dataset=boston", "model.units=4", "regularizer=l2"],
        ["dataset=boston", "model.units=4", "regularizer=dropout", "regularizer.dropout=0.1"],
        ["dataset=boston", "model.units=4", "regularizer=dropout", "regularizer.dropout=0.9"],
    ]


def test_without_a_parameter_there_is_one_job(space):
    assert space().samples() == [[]]
    assert list(space().grid()) == [{}]


@pytest.mark.parametrize(
    ("sweeps", "how", "message"),
    [
        (["a=range(5,1)"], {}, r"a=range\(5,1\) has no value; expected at least one"),
        (["a=range(1,5,0)"], {}, r"a=range\(1,5,0\) has no value"),
        (["dataset=glob(zebra*)"], {}, r"dataset=glob\(zebra\*\) has no value"),
        (["a=interval(2,1)"], {}, "is from 2 to 1; expected finite numbers, the smaller first"),
        (["a=interval(0,inf)"], {}, "from 0 to inf; expected finite numbers"),
        (["a=tag(log,interval(0,1))"], {}, "on a log scale from 0; expected a lower end above 0"),
        (["a=tag(cubic,interval(0,1))"], {}, "has the tag cubic; expected log"),
        (["a=tag(log,range(1,5))"], {}, "has the tag log; expected log, of an interval, or none"),
        (["a=interval(0,1)"], {"grid": True}, "sampler=grid tries every value; expected a list"),
        (["a=int(interval(0,1"], {}, "cannot be read"),
        (["a=1,2"], {"when": {"b": "a=1"}}, "b is not given; expected one of a"),
        (["a=1,2"], {"when": {"a": "c=1"}}, "c is not given; expected one of a"),
        (["a=1,2", "b=1,2"], {"when": {"b": "a=3|1"}}, "a is never 3; expected 1 or 2"),
        (
            ["a=1,2", "b=1,2"],
            {"when": {"b": "a"}},
            "expected another key and its value, as in b: other=value",
        ),
        (
            ["a=interval(0,1)", "b=1,2"],
            {"when": {"b": "a=1"}},
            "a is an interval; expected a key with a list",
        ),
        (
            ["a=1,2", "b=1,2"],
            {"when": {"b": "a=1", "a": "b=1"}},
            "goes in a circle: a, b wait for each other",
        ),
    ],
)
def test_each_mistake_is_a_sentence(reading, sweeps, how, message):
    [error] = reading(*sweeps, **how)[1]
    assert re.search(message, error), error
    assert error.endswith(".")


def test_all_mistakes_are_found_at_once(reading):
    errors = reading("a=interval(2,1)", "b=range(3,1)", when={"y": "a=1"})[1]
    assert len(errors) == 3
