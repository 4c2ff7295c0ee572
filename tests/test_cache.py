import multiprocessing
import os
import time
import warnings

import numpy as np
import pytest

from goldilocks.dataset.sources import cache as sources
from goldilocks.errors import SourceUnavailable


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GOLDILOCKS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(sources, "_UNREACHABLE", set())
    return tmp_path / "cache"


def unreachable():
    raise SourceUnavailable("The server is away.")


def choose(source, original=lambda: "the original", name="mnist"):
    return sources.choose(source, name=name, original=original, stand_in=lambda: "the stand-in")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("auto", "the original"), ("original", "the original"), ("stand_in", "the stand-in")],
)
def test_the_source_that_was_asked_for(source, expected):
    assert choose(source) == expected


def test_a_stand_in_never_asks_for_the_original():
    assert choose("stand_in", original=unreachable) == "the stand-in"


def test_source_original_is_never_replaced():
    with pytest.raises(SourceUnavailable, match="The server is away"):
        choose("original", original=unreachable)


def test_auto_warns_once_and_tries_once():
    tries = []

    def original():
        tries.append(1)
        return unreachable()

    with pytest.warns(
        UserWarning, match=r"dataset=mnist: The server is away\. Using the stand-in"
    ) as warned:
        assert choose("auto", original) == "the stand-in"
    assert len(warned) == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert choose("auto", original) == "the stand-in"
    assert len(tries) == 1
    assert choose("auto", name="boston") == "the original", (
        "another data set is asked for all the same"
    )


def test_an_error_of_another_kind_is_not_taken_for_a_missing_network():
    def broken():
        raise ValueError("a bug")

    with pytest.raises(ValueError, match="a bug"):
        choose("auto", original=broken)


def test_arrays_are_prepared_once_and_mapped_read_only():
    built = []

    def build():
        built.append(1)
        return {"x": np.arange(6).reshape(2, 3), "y": np.array([0.5])}

    first = sources.prepared({"size": 3, "digest": "a"}, build)
    again = sources.prepared({"digest": "a", "size": 3}, build)  # The same key in another order.
    assert built == [1]
    for found in (first, again):
        assert set(found) == {"x", "y"}
        assert isinstance(found["x"], np.memmap)
        np.testing.assert_array_equal(found["x"], [[0, 1, 2], [3, 4, 5]])
        with pytest.raises(ValueError, match="read-only"):
            found["x"][0, 0] = 7
    sources.prepared({"size": 4, "digest": "a"}, build)
    assert built == [1, 1]


def test_a_build_that_fails_leaves_nothing(cache):
    def half():
        yield "x", np.arange(3)
        raise KeyboardInterrupt

    class Half(dict):
        def items(self):
            return half()

    for error, build in ((KeyboardInterrupt, Half), (ZeroDivisionError, lambda: 1 / 0)):
        with pytest.raises(error):
            sources.prepared({"digest": "b"}, build)
        assert list((cache / "prepared").iterdir()) == []
    assert sources.prepared({"digest": "b"}, lambda: {"x": np.arange(4)})["x"].tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_objects_are_never_pickled(cache):
    with pytest.raises(ValueError, match="allow_pickle"):
        sources.prepared({"digest": "c"}, lambda: {"x": np.array([{}])})
    assert list((cache / "prepared").iterdir()) == []


def prepare(number, barrier, results):
    """In another process: both build, because each starts before the other has finished."""

    def build():
        barrier.wait(timeout=60)
        time.sleep(0.2 * number)
        return {"x": np.full(1000, number)}

    found = sources.prepared({"digest": "d"}, build)["x"]
    results.put((os.getpid(), set(found.tolist())))


def test_two_processes_at_once_get_the_same_arrays(cache):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [
        context.Process(target=prepare, args=(number, barrier, results)) for number in range(2)
    ]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len({pid for pid, _ in found}) == 2
    assert found[0][1] == found[1][1]
    assert len(list((cache / "prepared").iterdir())) == 1


def test_the_digest_tells_apart_what_differs():
    array = np.arange(6)
    different = [
        (array,),
        (array.reshape(2, 3),),
        (array.astype("int32"),),
        (array[::-1],),
        (array, array),
        ("012345",),
    ]
    assert len({sources.digest(*parts) for parts in different}) == len(different)
    assert sources.digest(array[::2]) == sources.digest(array[::2].copy())
    assert sources.digest("ä", "b") == sources.digest("äb")


def test_the_cache_is_where_the_environment_says(cache, monkeypatch):
    assert sources.cache_dir() == cache
    monkeypatch.setenv("GOLDILOCKS_CACHE", "")
    assert sources.cache_dir().name == "goldilocks"
