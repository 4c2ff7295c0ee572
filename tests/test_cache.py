import errno
import multiprocessing
import os
import signal
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

from goldilocks.dataset.sources import cache as sources
from goldilocks.errors import DataError, SourceUnavailable


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


def test_without_a_connection_the_warning_is_one_short_line_without_an_address(monkeypatch):
    def offline():
        raise SourceUnavailable("Could not download https://host/file.", offline=True)

    monkeypatch.setattr(sources, "_UNREACHABLE", set())
    text = "^offline: dataset=mnist uses its stand-in .dataset.source=original says why.$"
    with pytest.warns(UserWarning, match=text):
        assert choose("auto", offline) == "the stand-in"


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


def prepare(barrier, results):
    """In another process: both want the arrays at once."""

    def build():
        time.sleep(0.2)
        return {"x": np.full(1000, os.getpid())}

    barrier.wait(timeout=60)
    results.put((os.getpid(), set(sources.prepared({"digest": "d"}, build)["x"].tolist())))


def test_of_two_processes_at_once_one_builds(cache):
    context = multiprocessing.get_context("spawn")
    barrier, results = context.Barrier(2), context.Queue()
    workers = [context.Process(target=prepare, args=(barrier, results)) for _ in range(2)]
    for worker in workers:
        worker.start()
    found = [results.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
        assert worker.exitcode == 0
    assert len({pid for pid, _ in found}) == 2
    assert found[0][1] == found[1][1]
    assert len(list((cache / "prepared").iterdir())) == 1


def flip(file):
    content = bytearray(file.read_bytes())
    content[-1] ^= 1
    file.write_bytes(content)


def cut(file):
    file.write_bytes(file.read_bytes()[:-1])


@pytest.mark.parametrize("damage", [flip, cut, Path.unlink, lambda file: file.write_bytes(b"")])
@pytest.mark.parametrize("name", ["x.npy", "y.npy", "checksums.json"])
def test_what_is_damaged_is_made_again(cache, damage, name):
    def build():
        return {"x": np.arange(1000), "y": np.array([0.5])}

    sources.prepared({"digest": "e"}, build)
    damage(next((cache / "prepared").glob(f"*/{name}")))
    for _ in range(2):
        arrays = sources.prepared({"digest": "e"}, build)
        assert arrays["x"].tolist() == list(range(1000))
        assert arrays["y"].tolist() == [0.5]
        build = None  # The second time it is read.
    assert len(list((cache / "prepared").iterdir())) == 1


def test_arrays_that_are_in_use_stay_when_they_are_made_again(cache):
    first = sources.prepared({"digest": "f"}, lambda: {"x": np.arange(1000)})["x"]
    (cache / "prepared").joinpath(next(os.walk(cache / "prepared"))[1][0], "x.npy").unlink()
    sources.prepared({"digest": "f"}, lambda: {"x": np.arange(1000)})
    assert first.sum() == 499_500


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def test_what_a_killed_process_left_goes_with_the_next_one(cache):
    context = multiprocessing.get_context("fork")
    worker = context.Process(target=sources.prepared, args=({"digest": "g"}, die))
    worker.start()
    worker.join()
    assert {file.suffix for file in (cache / "prepared").iterdir()} == {".building", ".lock"}
    sources.prepared({"digest": "h"}, lambda: {"x": np.arange(3)})
    assert [file.suffix for file in (cache / "prepared").iterdir()] == [""]


def test_what_another_process_is_making_is_left_alone(cache):
    def build():
        sources.prepared({"digest": "inner"}, lambda: {"x": np.arange(4)})
        return {"x": np.arange(3)}

    assert len(sources.prepared({"digest": "outer"}, build)["x"]) == 3


def test_a_full_cache_names_itself(cache, monkeypatch):
    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(DataError, match=rf"{cache} could not be written: .*No space .*GOLDILOCKS_"):
        sources.prepared({"digest": "i"}, lambda: {"x": np.arange(3)})
    assert list((cache / "prepared").iterdir()) == []


def test_a_cache_that_cannot_be_made_names_itself(cache):
    cache.write_text("a file")
    with pytest.raises(DataError, match=rf"{cache} could not be written: .*another folder"):
        sources.prepared({"digest": "j"}, lambda: {"x": np.arange(3)})


def test_an_error_while_building_is_not_blamed_on_the_cache():
    def build():
        raise PermissionError("/home/me/pictures")

    with pytest.raises(PermissionError, match="pictures"):
        sources.prepared({"digest": "k"}, build)


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
