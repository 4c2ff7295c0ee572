"""The parent run of a sweep: opened before its first job, closed with a comparison of its runs."""

import hashlib
import json
import shlex
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas

from goldilocks import console
from goldilocks.errors import JobError
from goldilocks.formatting import markdown
from goldilocks.jobs import records
from goldilocks.jobs.records import JobRecord
from goldilocks.search.options import RESULTS
from goldilocks.tracking import Store, provenance, query, repair
from goldilocks.tracking.selection import PARENT

RECORDS = "jobs.json"  # the artifact of the parent run with the records of all jobs


class ParentRun:
    """The open parent run of a sweep.

    Attributes:
        run_id: Its ID; "" without tracking.
    """

    def __init__(self, store: Store, name: str, command: str, *, force: bool):
        """Open the run; of a command that was typed before, the same one again, unless `force`."""
        identity = json.dumps([command, provenance.code().digest])
        fingerprint = hashlib.sha256(identity.encode()).hexdigest()[:32]
        before = None if force else query.find_run(store, fingerprint)
        self.store, self.command = store, command
        self.opened = store.start_run(
            name,
            parent=None,
            params={},
            tags={"role": "sweep", "fingerprint": fingerprint, "mlflow.source.name": "train.py"},
            resume=before.run_id if before else None,
        )
        self.tracker = self.opened.__enter__()
        self.tracker.describe(f"```\n{command}\n```")
        self.run_id: str = self.tracker.run_id

    def close(self, sweep_dir: Path, jobs: int | None) -> None:
        """Compare the runs of the sweep, log what became of its jobs, and end the run.

        Args:
            sweep_dir: The folder of the sweep.
            jobs: How many there are; None of a search.
        """
        from goldilocks.report import sweep  # With matplotlib, which no job waits for.

        job_records = records.read_all(sweep_dir)
        for record in job_records:
            if record.run_id and record.status == "failed":
                repair.record_reason(record.run_id, record.reason)
        for line in self.store.repair():  # Runs of jobs whose process is gone.
            console.note(line)

        run_ids = [record.run_id for record in job_records if record.run_id]
        runs = query.several(self.store, run_ids)
        if jobs is None and self.run_id:
            # A search that goes on has jobs of its own; its earlier trials have runs below the
            # same parent.
            runs = [*query.children(self.store, self.store.get_run(self.run_id)), *runs]
        by_id = {run.run_id: run for run in runs}
        runs = query.with_losses(self.store, list(by_id.values()))

        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            comparison = sweep.compare(runs, folder, title="The runs of this sweep")
            comparison += _failures(job_records)
            (folder / RECORDS).write_text(records.to_json(job_records))
            self.tracker.describe(f"```\n{self.command}\n```\n\n{comparison}")
            self.tracker.files(folder)
        if (sweep_dir / RESULTS).is_dir():
            self.tracker.files(sweep_dir / RESULTS, RESULTS)
        reused = [run.run_id for run in runs if run.tags.get(PARENT) != self.run_id]
        self.tracker.tags(query.reused_tags(reused))

        self._end(job_records, jobs)
        if self.run_id:  # Without tracking there is nothing to compare.
            compare = shlex.join([provenance.program("goldilocks"), "report", self.run_id])
            console.result(
                f"\n{comparison}\n\nlogged    parent run {self.run_id}\n"
                f"see it    {self.store.ui_command}\ncompare   {compare}"
            )

    def _end(self, job_records: Sequence[JobRecord], jobs: int | None) -> None:
        """End the run, as failed if any job did not finish."""
        total = max(jobs or 0, len(job_records))
        unfinished = total - sum(record.status == "finished" for record in job_records)
        if unfinished:
            error = JobError(f"{unfinished} of {total} jobs did not finish")
            self.opened.__exit__(JobError, error, None)
        else:
            self.opened.__exit__(None, None, None)


def _failures(job_records: Sequence[JobRecord]) -> str:
    """Return a table of the jobs that did not finish, with their reasons; "" if there is none."""
    failed = [record for record in job_records if record.status != "finished"]
    if not failed:
        return ""

    rows = [(record.number, record.name, record.reason or "did not end") for record in failed]
    table = pandas.DataFrame(rows, columns=["job", "name", "reason"])
    count = "1 job" if len(failed) == 1 else f"{len(failed)} jobs"
    return (
        f"\n\n**{count} did not finish.** The same command again runs what is left and nothing "
        f"else.\n\n{markdown(table)}"
    )
