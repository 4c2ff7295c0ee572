"""The parent run of a sweep: opened before its first job, closed with a comparison of its runs."""

import contextlib
import functools
import importlib.util
import shlex
import shutil
import tempfile
import threading
from collections.abc import Generator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pandas
from filelock import FileLock, Timeout
from omegaconf import DictConfig

from goldilocks import console
from goldilocks.config import invocation
from goldilocks.config.composition import typed_overrides
from goldilocks.config.literals import plainest
from goldilocks.config.settings import (
    PARENT_FILE,
    Settings,
    hash_of,
    key_of,
    search_path,
    words_of,
)
from goldilocks.errors import ConfigError, JobError
from goldilocks.formatting import ID_LENGTH, counted, name_of
from goldilocks.jobs import records
from goldilocks.jobs.records import JobRecord
from goldilocks.run import shares
from goldilocks.search.options import RESULTS
from goldilocks.sweep.expand import VARIED, equals, varied
from goldilocks.sweep.plan import measure_of
from goldilocks.tracking import Store, Tracker, provenance, query, repair
from goldilocks.tracking.query import StoredRun

RECORDS = "jobs.json"  # the artifact of the parent run with the records of all jobs


@contextlib.contextmanager
def parent_run(config: DictConfig, jobs: Sequence[Settings]) -> Generator[tuple[Path, int | None]]:
    """Open the parent run of a sweep, whose folder is locked, and compare its runs in the end.

    Its ID is in a file that every job reads. Of a command that was typed before, it is the same run
    again, unless `force`.

    Args:
        config: The sweep's own, as Hydra gives it to callbacks.
        jobs: All of them; of a search, its sample jobs.

    Yields:
        The folder of the sweep, and how many jobs it has; None of a search.

    Raises:
        ConfigError: The folder cannot be used.
    """
    choices, overrides = config.hydra.runtime.choices, typed_overrides(config.hydra)
    count = None if choices["hydra/sweeper"] == "search" else len(jobs)

    store: Store = jobs[0].builder("tracking")()
    for line in store.repair():
        console.note(line)
    sweep_dir = Path(config.hydra.sweep.dir).absolute()
    typed = [word for word in config.hydra.overrides.hydra if not word.startswith("hydra.mode=")]
    command = invocation.command("train", ["-m", *typed, *overrides])

    with _lock(sweep_dir):
        fingerprint = hash_of([*typed, *overrides, provenance.digest(jobs[0].packages)])
        before = None if jobs[0].tree["force"] else query.find_run(store, fingerprint)
        opened = store.start_run(
            _name(jobs, overrides),
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            resume=before.run_id if before else None,
        )
        # It fails where a job did not finish.
        with contextlib.suppress(JobError), opened as tracker:
            run_id = tracker.run_id
            tracker.describe(f"```\n{command}\n```")
            (sweep_dir / PARENT_FILE).write_text(run_id)
            if tracker.page_command:
                console.note(f"see it    {tracker.page_command}")
            # What the end needs is imported while jobs run; it draws with matplotlib.
            imports = functools.partial(importlib.import_module, "goldilocks.sweep.next_command")
            threading.Thread(target=imports, daemon=True).start()
            for names in equals(jobs) if count else ():
                console.warning(
                    f"These jobs are one training, which is done once: {'; '.join(names)}. A key "
                    "that is typed stands above the same key of an option: leave out one of them."
                )
            alike = shares.program_size(jobs)
            if alike and choices["hydra/launcher"] == "local" and importlib.util.find_spec("jax"):
                console.note(
                    f"{alike} of these jobs differ in seed and learning rate alone, and could be "
                    f"one program (docs/population.md): {command} trainer=population"
                )
            VARIED[sweep_dir] = varied(jobs)
            yield sweep_dir, count

            # Hydra has written it, with the command line as it was typed.
            for file in sweep_dir.glob("multirun.yaml"):
                file.write_text(console.without_passwords(file.read_text(encoding="utf-8")))
            job_records = records.read_all(sweep_dir)
            search = measure_of(config) if count is None else ""
            runs = _runs(store, job_records, run_id if search else None)
            folders = search_path(config.hydra.overrides.hydra)
            text = _conclude(
                *(tracker, store, runs, job_records, sweep_dir, command, folders), search=search
            )
            console.answer(run_id=run_id, uri=store.uri)
            if run_id:  # Without tracking there is nothing to compare.
                compare = shlex.join([invocation.path("goldilocks"), "report", run_id[:ID_LENGTH]])
                console.result(
                    f"\n{text}\nlogged    parent run {run_id}\n"
                    f"see it    {tracker.page_command}\ncompare   {compare}"
                )

            total = max(count or 0, len(job_records))
            unfinished = total - sum(record.status == "finished" for record in job_records)
            if unfinished:
                raise JobError(f"{unfinished} of {counted(total, 'job')} did not finish")


def _runs(
    store: Store, job_records: Sequence[JobRecord], search: str | None
) -> Sequence[StoredRun]:
    """Return the runs of a sweep's jobs with their losses; what is left of failed ones is recorded.

    Args:
        store: Where they are.
        job_records: Of all jobs.
        search: ID of the parent run of a search; None of another sweep.
    """
    for record in job_records:
        if record.run_id and record.status == "failed":
            repair.record_reason(record.run_id, record.reason)
    for line in store.repair():  # Runs of jobs whose process is gone.
        console.note(line)

    runs = query.several(store, [record.run_id for record in job_records if record.run_id])
    if search:
        # A search that goes on has jobs of its own; its earlier trials have runs below the same
        # parent.
        runs = [*query.children(store, store.get_run(search)), *runs]
    return query.with_losses(store, list({run.run_id: run for run in runs}.values()))


def _conclude(
    tracker: Tracker,
    store: Store,
    runs: Sequence[StoredRun],
    job_records: Sequence[JobRecord],
    sweep_dir: Path,
    command: str,
    folders: Sequence[str],
    *,
    search: str,
) -> str:
    """Log the comparison of a sweep's runs, and what became of its jobs.

    Args:
        tracker: Of the parent run.
        store: Has the runs.
        runs: Of the jobs.
        job_records: Of all jobs.
        sweep_dir: The folder of the sweep.
        command: As typed.
        folders: The overrides of each job that its record does not have.
        search: What a search compares its trials by; "" of another sweep.

    Returns:
        What is printed of it.
    """
    from goldilocks.report import conclusion, data_findings, sweep
    from goldilocks.sweep import next_command, winner

    overrides = {record.run_id: [*folders, *record.overrides] for record in job_records}
    rank_by = search.replace("data_loss", "loss")
    sections = next_command.sections_of(store, runs, rank_by=rank_by)
    commands = next_command.commands(sections, overrides, store)
    remarks = conclusion.of_sections(sections, commands)
    remarks += [("findings", text) for text in data_findings.lines(store, runs)]

    trials: dict[str, int] = {}
    if search:
        below = [run for run in runs if run.parent == tracker.run_id and "trial" in run.tags]
        trials = {run.run_id: int(run.tags["trial"]) for run in below}
        trials |= {record.run_id: record.number for record in job_records}

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        compared = sweep.compare(runs, folder, title="The runs of this sweep", trials=trials)
        compared = replace(compared, blocks=(*compared.blocks, *_failures(job_records)))
        records.write_json(folder / RECORDS, [asdict(record) for record in job_records])
        first, view = winner.log(tracker, store, sections, folder)
        paragraphs = conclusion.paragraphs(remarks, winner=first[:1])
        again = f"**Do it again**\n\n```\n{command}\n```"
        shown = [*paragraphs, again, compared.markdown, *first[1:]]
        tracker.describe("\n\n".join(shown))
        tracker.files(folder)
    if (sweep_dir / RESULTS).is_dir():
        tracker.files(sweep_dir / RESULTS, RESULTS)
    reused = [run.run_id for run in runs if run.parent != tracker.run_id]
    tracker.tags(query.reused_tags(reused) | conclusion.tags(commands, rank_by))
    if view:
        remarks.append(("table", view))
    if search:  # It has said itself which trial is best.
        remarks = [(word, text) for word, text in remarks if word != "best"]
    return "\n".join([compared.text, "", *conclusion.lines(remarks)])


def _name(jobs: Sequence[Settings], overrides: Sequence[str]) -> str:
    """Return the name of a sweep: its data set, and the words by which its jobs differ."""
    keys = varied(jobs)
    shown = [plainest(word, sweeps=True) for word in overrides if key_of(word) in keys]
    typed = set(map(key_of, overrides))
    options = [key.rpartition(".")[2] for key in keys if key not in typed]  # Of a search's file.
    return name_of([jobs[0].data_label, *words_of([], shown), *options])


def _failures(job_records: Sequence[JobRecord]) -> tuple[str | pandas.DataFrame, ...]:
    """Return a table of the jobs that did not finish, with their reasons; () if there is none."""
    failed = [record for record in job_records if record.status != "finished"]
    if not failed:
        return ()

    rows = [(record.number, record.name, record.reason or "did not end") for record in failed]
    table = pandas.DataFrame(rows, columns=["job", "name", "reason"])
    count = counted(len(failed), "job")
    return f"**{count} did not finish.** The same command again runs what is left, no more.", table


def _lock(folder: Path) -> contextlib.AbstractContextManager[object]:
    """Make the folder of a sweep, without the records of an earlier one, and lock it.

    Raises:
        ConfigError: A running sweep uses the folder, or it cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / "running.lock").acquire(timeout=0)
        shutil.rmtree(folder / records.FOLDER, ignore_errors=True)
        (folder / PARENT_FILE).touch()
    except Timeout as error:
        raise ConfigError(
            f"hydra.sweep.dir={folder} is the folder of a sweep that is running; start this one "
            "again, or use another folder."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"hydra.sweep.dir={folder} cannot be written: {error}. Use another."
        ) from error
    return lock
