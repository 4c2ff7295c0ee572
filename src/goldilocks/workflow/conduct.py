"""The universal workflow, from its first step to the last one whose gate opens."""

from __future__ import annotations

import dataclasses
import shlex
import shutil
import time
from collections.abc import Callable
from importlib.util import find_spec

from goldilocks import backend  # isort: skip  First: it is quiet.
from goldilocks import console
from goldilocks.config import invocation
from goldilocks.config.settings import Settings, hash_of, key_of
from goldilocks.encoding.targets import standardized
from goldilocks.formatting import name_of
from goldilocks.jobs.resources import Room
from goldilocks.report.workflow import log, text
from goldilocks.report.workflow.results import (
    BaselineResult,
    FinalResult,
    PowerResult,
    ProblemResult,
    RegisterResult,
    Result,
    Results,
    ScaleResult,
    TuneResult,
    WorkflowReport,
    read_report,
)
from goldilocks.tracking import provenance, query
from goldilocks.tracking.journal import FOLDER
from goldilocks.tracking.store import MlflowStore
from goldilocks.workflow import budget
from goldilocks.workflow.context import Context
from goldilocks.workflow.next_steps import next_steps
from goldilocks.workflow.references import BASELINE
from goldilocks.workflow.resume import load, save
from goldilocks.workflow.steps import baseline, define, final, power, register, scale, tune

POPULATION = "trainer=population"


def conduct(settings: Settings, room: Room) -> None:
    """Take a data set from nothing to one tested model.

    Args:
        settings: The settings of `workflow.py`, which `refused.check` has passed.
        room: The slots in which its trainings run.

    Raises:
        StoreError: If the store cannot be used.
        DataError: If the data cannot be used.
        SplitError: If the rows cannot be split.
        JobError: If a training failed that a step needs.
    """
    # This process compares predictions; all memory of the GPUs is for its trainings.
    backend.find_devices()
    backend.tf.config.set_visible_devices([], "GPU")

    store: MlflowStore = settings.builder("tracking")()
    for line in store.repair():
        console.note(line)
    settings, dataset = define.in_time(settings, settings.builder("dataset")())
    problem = settings.problem(dataset.problem)
    # The same overrides, budget, data and code make the same workflow: it is reused or resumed.
    typed = tuple(
        override
        for override in settings.overrides
        if not override.startswith(("budget=", "force="))
    )
    code = provenance.digest(settings.packages)
    fingerprint = hash_of([sorted(typed), settings.tree["budget"], dataset.digest, code])

    with store.lock(fingerprint):
        stored = query.find_run(store, fingerprint, finished=not settings.tree["force"])
        if stored is not None and stored.status == "FINISHED":
            _show_finished(store, stored.run_id)
            console.answer(run_id=stored.run_id, uri=store.uri)
            return

        folder = FOLDER / "workflows" / fingerprint
        if stored is None:
            # A workflow whose run was deleted from the store may have left its results here.
            shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True, exist_ok=True)
        base = _base(settings, typed)
        context = Context(
            settings=settings,
            base=base,
            together=settings.traits.trainer.together or POPULATION in base,
            store=store,
            dataset=dataset,
            problem=problem,
            budget=budget.read(settings.tree["budget"], folder),
            room=room,
            folder=folder,
        )
        opened = store.start_run(
            name_of(["workflow", *settings.name.split(" ")]),
            parent=None,
            params=settings.flat,
            tags=context.tags
            | {
                "role": "workflow",
                "fingerprint": fingerprint,
                "mlflow.source.name": "workflow.py",
            },
            resume=stored and stored.run_id,
        )
        with opened as tracker:
            context.run_id = tracker.run_id
            console.note(f"see it    {tracker.page_command}")
            log.log(_report(context, _do_steps(context)), tracker)

        console.answer(run_id=tracker.run_id, uri=store.uri)
        page = shlex.join([invocation.path("goldilocks"), "report", tracker.run_id])
        console.result(
            f"\nlogged    {tracker.where}\npage      {page}\nsee it    {tracker.page_command}"
        )


def _base(settings: Settings, typed: tuple[str, ...]) -> tuple[str, ...]:
    """Return the overrides of all trainings: folds of small networks are one program, with JAX."""
    if settings.traits.model.together and "trainer" not in map(key_of, typed) and find_spec("jax"):
        return (*typed, POPULATION)
    return typed


def _show_finished(store: MlflowStore, run_id: str) -> None:
    """Print the steps of a finished workflow."""
    for number, step in enumerate(read_report(store, run_id).results.steps, 1):
        console.result(text.step_lines(step, number))
    console.result(
        f"\nthis workflow has been finished before, run {run_id}; force=true begins anew"
    )


def _do_steps(context: Context) -> Results:
    """Do the steps in order, each with the results it needs; stop where a gate stays shut."""
    problem_result = _do_step(context, 1, "problem", ProblemResult, lambda: define.step(context))
    # From here on, every training uses the problem that the first step chose.
    context.base += problem_result.overrides
    if context.settings.tree["force"]:
        context.base += ("force=true",)
    settings = context.settings_of(BASELINE)
    context.problem = settings.problem(context.dataset.problem)
    if settings.standardizes:
        splits = settings.builder("protocol")(context.dataset)
        context.problem = standardized(context.problem, context.dataset, splits)
    context.more_rows = problem_result.final_rows / problem_result.train_rows

    baseline_result = _do_step(
        context, 2, "baseline", BaselineResult, lambda: baseline.step(context)
    )
    power_result = _do_step(
        context,
        3,
        "power",
        PowerResult,
        lambda: power.step(context, problem_result, baseline_result),
    )
    context.seed_error = power_result.seed_error
    context.seeds_measured = len(power_result.small.run_ids)
    results = Results(problem=problem_result, baseline=baseline_result, power=power_result)
    if not power_result.report.passed:
        return results

    if any(word.startswith("model=") for word in power_result.overrides):
        # What was typed of the usual model's regularizer may not be for this one.
        context.base = tuple(
            word for word in context.base if not key_of(word).startswith(("model.", "regularizer."))
        )
    context.base += power_result.overrides

    scale_result = _do_step(context, 4, "scale", ScaleResult, lambda: scale.step(context))
    tune_result = _do_step(
        context,
        5,
        "tune",
        TuneResult,
        lambda: tune.step(context, baseline_result, power_result, scale_result),
    )
    final_result = _do_step(
        context,
        6,
        "final",
        FinalResult,
        lambda: final.step(context, problem_result, baseline_result, tune_result),
    )
    results = dataclasses.replace(results, scale=scale_result, tune=tune_result, final=final_result)

    score = final_result.score
    if score is None:  # The test rows were not evaluated: there is no model to register.
        return results

    register_result = _do_step(
        context, 7, "register", RegisterResult, lambda: register.step(context, score)
    )
    return dataclasses.replace(results, register=register_result)


def _do_step(
    context: Context, number: int, name: str, kind: type[Result], step: Callable[[], Result]
) -> Result:
    """Do a step in a run of its own, or load its result if an earlier process finished it."""
    folder = context.budget.folder
    if (finished := load(kind, name, folder)) is not None:
        report = finished.report
        console.result(f"\n{number}. {report.title} (done before)\n   {report.decision}")
        return finished

    began = time.monotonic()
    fingerprint = hash_of([context.run_id, name])
    interrupted = query.find_run(context.store, fingerprint, finished=False)
    opened = context.store.start_run(
        f"{number} {name}",
        parent=context.run_id,
        params={},
        tags={
            "role": "step",
            "step": name,
            "fingerprint": fingerprint,
            "mlflow.source.name": "workflow.py",
        },
        resume=interrupted and interrupted.run_id,
    )
    with opened as tracker:
        context.step_id, context.folder = tracker.run_id, folder / name
        context.failures.clear()
        result = step()
        report = dataclasses.replace(
            result.report, seconds=time.monotonic() - began, run_id=tracker.run_id
        )
        result = dataclasses.replace(result, report=report)
        tracker.tags({"passed": str(report.passed).lower()})
        tracker.describe(text.step_markdown(report, number))

    context.budget.keep()
    save(result, folder)
    console.result(text.step_lines(report, number))
    return result


def _report(context: Context, results: Results) -> WorkflowReport:
    """Return what the page, the description and the metrics of the workflow are made of."""
    dataset, settings = context.dataset, context.settings
    return WorkflowReport(
        name=settings.name,
        command=invocation.command("workflow", settings.overrides),
        data=f"{dataset.source.replace('_', '-')}: {dataset.location}",
        digest=dataset.digest,
        results=results,
        seconds=context.budget.seconds_spent,
        runs=context.budget.runs_spent,
        next_steps=tuple(next_steps(context, results)),
    )
