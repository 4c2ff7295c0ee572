import math
import os
import sys

import pytest

from goldilocks import console
from goldilocks.jobs.progress import Progress
from goldilocks.jobs.records import JobRecord


def finished(number, value, seconds=10.0):
    return JobRecord(
        number, name=f"units={number}", status="finished", value=value, seconds=seconds
    )


def test_without_a_terminal_each_finished_job_prints_a_line(capsys):
    progress = Progress(total=4, slots=2, measure="val_mae", higher_is_better=False)
    with progress.live:
        progress.start()
        progress.start()
        progress.end(finished(0, 0.25))
        progress.start()
        progress.end(
            JobRecord(1, name="units=1", status="failed", reason="the disk is full", seconds=30.0)
        )
        progress.end(finished(2, 0.125))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "1 of 4 done, about 15 s left, lowest val_mae 0.25 (units=0)",
        "job 1 (units=1) failed: the disk is full",
        "2 of 4 done, about 20 s left, 1 failed, lowest val_mae 0.25 (units=0)",
        "3 of 4 done, about 8 s left, 1 failed, lowest val_mae 0.125 (units=2)",
    ]


def test_a_job_without_a_name_is_named_by_its_number(capsys):
    progress = Progress(total=1, slots=1, measure="val_loss", higher_is_better=False)
    with progress.live:
        progress.end(JobRecord(0, status="failed", reason="no reason", seconds=1.0))
    assert capsys.readouterr().err.startswith("job 0 failed: no reason\n1 of 1 done, 1 failed\n")


@pytest.mark.parametrize(("higher", "best", "word"), [(False, 1, "lowest"), (True, 2, "highest")])
def test_the_best_is_the_lowest_or_the_highest(higher, best, word):
    progress = Progress(total=None, slots=1, measure="val_mae", higher_is_better=higher)
    for record in (
        finished(0, math.nan),
        finished(1, 0.5),
        finished(2, 0.75),
        finished(3, math.nan),
    ):
        progress.start()
        progress.end(record)
    assert progress.line.endswith(f"{word} val_mae {0.5 if best == 1 else 0.75} (units={best})")
    assert progress.line.startswith(f"4 done, {word}")


def test_on_a_terminal_failures_stand_above_one_line(capsys, monkeypatch):
    monkeypatch.setattr("goldilocks.jobs.progress.draws_progress", lambda: True)
    monkeypatch.setenv("COLUMNS", "32")
    progress = Progress(total=2, slots=1, measure="val_mae", higher_is_better=False)
    with progress.live:
        progress.start()
        progress.end(
            JobRecord(0, name="a=[1,2]", status="failed", reason="the disk is full", seconds=1.0)
        )
        progress.start()
        progress.end(finished(1, 0.5))
    output = capsys.readouterr().err
    assert output.count("job 0 (a=[1,2]) failed: the disk is full") == 1
    assert output.index("failed: the disk is full") < output.index("1 of 2 done, ")
    assert "2 of 2 done, 1 failed, lowest v…\n" in output  # One line, however narrow the terminal.


def test_a_sweep_goes_on_where_nobody_reads(monkeypatch):
    read, write = os.pipe()
    os.close(read)
    monkeypatch.setattr(console._Lasting, "lost", False)
    with os.fdopen(write, "w") as nobody:
        monkeypatch.setattr(sys, "stderr", nobody)
        with console.surviving():
            progress = Progress(total=2, slots=1, measure="val_mae", higher_is_better=False)
            with progress.live:
                for record in (finished(0, 0.5), JobRecord(1, status="failed", seconds=1.0)):
                    progress.start()
                    progress.end(record)
            assert console.output_was_lost()


def test_jobs_that_are_not_compared_have_no_lowest_value():
    progress = Progress(total=1, slots=1, measure="", higher_is_better=False)
    progress.end(finished(0, 0.5))
    assert progress.line == "1 of 1 done"
