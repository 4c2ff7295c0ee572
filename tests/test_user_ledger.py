import os
import stat
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from goldilocks.dataset.overlap import Kept
from goldilocks.errors import StoreError
from goldilocks.tracking import ledger, user_ledger

KEPT = Kept(np.arange(6, dtype=np.uint64).reshape(3, 2), 30)
TAGS = {ledger.DIGEST: "rows", ledger.KIND: "table", "configuration": "mine"}


def test_a_run_counts_while_it_is_under_way_and_ever_after_it_was_evaluated():
    book, run = user_ledger.of_person(), user_ledger.entry("a", "boston", TAGS)
    with book.claim(run, KEPT):
        [listed] = book.runs()
        assert not ledger.evaluated_at(listed)
    assert book.runs() == []

    with book.claim(run, KEPT):
        book.record("a", {})
    [listed] = book.runs()
    first = ledger.evaluated_at(listed)
    book.record("a", {"test_mae": 2.0})
    [listed] = book.runs()
    assert ledger.evaluated_at(listed) == first != ""
    assert (listed.run_id, listed.name, listed.metrics) == ("a", "boston", {"test_mae": 2.0})
    assert listed.tags.items() > TAGS.items()
    kept = book.kept(listed)
    assert kept.keys.tolist() == KEPT.keys.tolist()
    assert kept.rows == 30


def test_a_run_that_goes_on_stays_evaluated():
    book, run = user_ledger.of_person(), user_ledger.entry("a", "boston", TAGS)
    with book.claim(run, KEPT):
        book.record("a", {"test_mae": 2.0})
    with book.claim(run, KEPT):
        pass
    assert [listed.metrics for listed in book.runs()] == [{"test_mae": 2.0}]


@pytest.mark.long
def test_the_claim_of_a_process_that_was_killed_ends_with_it():
    program = (
        "import os; from test_user_ledger import *\n"
        "book = user_ledger.of_person()\n"
        "with book.claim(user_ledger.entry('a', 'boston', TAGS), KEPT):\n"
        "    print(len(book.runs())); os._exit(9)"
    )
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"import sys; sys.stdout.reconfigure(line_buffering=True); {program}",
        ],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (9, "1\n"), done.stderr
    assert user_ledger.of_person().runs() == []


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_nobody_else_reads_the_file_and_its_secret():
    book = user_ledger.of_person()
    assert len(book.secret) == user_ledger.SECRET_BYTES
    for file in (book.file, book.file.with_suffix(".key")):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert user_ledger.of_person() == book


def test_a_file_that_cannot_be_read_is_named_with_what_to_type(monkeypatch, tmp_path):
    (tmp_path / "ledger.db").write_text("no database " * 100)
    monkeypatch.setenv("GOLDILOCKS_LEDGER", str(tmp_path / "ledger.db"))
    with pytest.raises(StoreError, match=r"the test ledger .*GOLDILOCKS_LEDGER=FILE names another"):
        user_ledger.of_person().runs()


def test_damaged_keys_are_an_error():
    with pytest.raises(StoreError, match="are damaged"):
        ledger.unpacked(b"damage")
