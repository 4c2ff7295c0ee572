"""The universal workflow from the first step to the last one whose gate opens; stopped, it goes on where it was."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shlex
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from goldilocks import (
    backend,  # noqa: F401  First: it is quiet.
    console,
)
from goldilocks.config.settings import Settings
from goldilocks.jobs.resources import Room
from goldilocks.problem import resolve
from goldilocks.report.workflow import log, story
from goldilocks.tracking import Store, provenance
from goldilocks.tracking.journal import FOLDER
from goldilocks.workflow import budget
from goldilocks.workflow.runner import Runner
from goldilocks.workflow.state import Flow
from goldilocks.workflow.step import Step, save, saved
from goldilocks.workflow.steps import baseline, define, final, power, register, scale, tune

STEPS: dict[str, Callable[[Flow, str, Path], Step]] = {
    "problem": define.step,
    "baseline": baseline.step,
    "power": power.step,
    "scale": scale.step,
    "tune": tune.step,
    "final": final.step,
    "register": register.step,
}


def conduct(settings: Settings, room: Room) -> None:
    """Take a data set from nothing to one tested model.

    Args:
        settings: Of `workflow.py`, checked by `refused.check` as well.
        room: For its trainings.

    Raises:
        StoreError: The store cannot be used.
        DataError: The data cannot be used.
        SplitError: The rows cannot be split.
        JobError: No training of a step came to its end.
    """
    store: Store = settings.builder("tracking")()
    for line in store.repair():
        console.note(line)
    dataset = settings.builder("dataset")()
    problem = resolve(dataset.problem, **settings.tree["problem"])
    typed = tuple(word for word in settings.overrides if not word.startswith(("budget=", "force=")))
    command = shlex.join([provenance.program("python"), "workflow.py", *settings.overrides])
    known = json.dumps(
        [sorted(typed), settings.tree["budget"], dataset.digest, provenance.code().digest]
    )
    fingerprint = hashlib.sha256(known.encode()).hexdigest()[:32]
    with store.lock(fingerprint):
        before = store.find_run(fingerprint, finished=not settings.tree["force"])
        if before is not None and before.status == "FINISHED":
            _retell(store, before.run_id)
            console.result(
                f"\nthis workflow has been finished before, run {before.run_id}; force=true begins "
                "anew"
            )
            return
        folder = FOLDER / "workflows" / fingerprint
        if before is None:
            shutil.rmtree(folder, ignore_errors=True)  # Of one whose run has been deleted.
        folder.mkdir(parents=True, exist_ok=True)
        tags = {
            "role": "workflow",
            "fingerprint": fingerprint,
            "dataset.digest": dataset.digest,
            "dataset.source": dataset.source,
            "problem": problem.type,
            "mlflow.source.name": "workflow.py",
        }
        opened = store.start_run(
            f"workflow {settings.name}",
            parent=None,
            params=settings.flat,
            tags=tags | provenance.tags(),
            resume=before.run_id if before else None,
        )
        with opened as tracker:
            spent = budget.read(settings.tree["budget"], folder)
            runner = Runner(typed, store, spent, settings.tree["trainer"]["monitor"], room)
            flow = Flow(settings, typed, store, dataset, problem, spent, folder, [], runner)
            for name, function in STEPS.items():
                step = _done(flow, name, function, tracker.run_id)
                flow.steps.append(step)
                if name == "problem":
                    _settle(flow)
                if not step.passed:
                    break
            log.tell(flow, tracker, command)
        see = shlex.join([provenance.program("goldilocks"), "report", tracker.run_id])
        console.result(
            f"\nlogged    {tracker.where}\npage      {see}\nsee it    {store.ui_command}"
        )


def _retell(store: Store, run_id: str) -> None:
    """Print the steps of a finished workflow."""
    with tempfile.TemporaryDirectory() as folder:
        told = json.loads(store.download_artifact(run_id, story.FILE, Path(folder)).read_text())
    for number, step in enumerate(told["steps"], 1):
        console.result(story.step_lines(Step(**step), number))


def _settle(flow: Flow) -> None:
    """Have all runs share what the first step has chosen."""
    chosen = flow.found("problem")["overrides"]
    flow.runner.base = (
        *flow.typed,
        *chosen,
        *(["force=true"] if flow.settings.tree["force"] else []),
    )
    metrics = next((word for word in chosen if word.startswith("problem.metrics=")), None)
    if metrics:
        names = metrics.partition("=")[2].strip("[]").split(",")
        flow.problem = resolve(
            flow.dataset.problem, **{**flow.settings.tree["problem"], "metrics": names}
        )


def _done(flow: Flow, name: str, function: Callable[[Flow, str, Path], Step], parent: str) -> Step:
    """A step, by an earlier process or now."""
    if (found := saved(flow.folder, name)) is not None:
        console.result(f"\n{len(flow.steps) + 1}. {found.title} (done before)\n   {found.decision}")
        return found
    began, number = time.monotonic(), len(flow.steps) + 1
    fingerprint = hashlib.sha256(f"{parent} {name}".encode()).hexdigest()[:32]
    before = flow.store.find_run(fingerprint)
    opened = flow.store.start_run(
        f"{number} {name}",
        parent=parent,
        params={},
        tags={
            "role": "step",
            "step": name,
            "fingerprint": fingerprint,
            "mlflow.source.name": "workflow.py",
        },
        resume=before.run_id if before is not None and before.status != "FINISHED" else None,
    )
    with opened as tracker:
        flow.runner.failures.clear()
        step = function(flow, tracker.run_id, flow.folder / name)
        step = dataclasses.replace(step, seconds=time.monotonic() - began, run_id=tracker.run_id)
        tracker.tags({"passed": str(step.passed).lower()})
        tracker.describe(story.step_markdown(step, number))
    flow.budget.keep()
    save(flow.folder, step)
    console.result(story.step_lines(step, number))
    return step
