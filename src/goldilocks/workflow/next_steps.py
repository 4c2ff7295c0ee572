"""What to try next, from what the steps of a workflow found."""

import math

from goldilocks.report.workflow.results import Results
from goldilocks.run import next_moves
from goldilocks.run.context import RunContext
from goldilocks.workflow import prose
from goldilocks.workflow.candidate import Candidate
from goldilocks.workflow.context import Context


def next_steps(context: Context, results: Results) -> list[str]:
    """Return commands with their reasons, and sentences that name keys."""
    kind, tried = context.dataset.kind, {context.chosen.choices["model"]}
    if results.scale:
        last = results.scale.trained[-1]
        tried.add(context.settings_of(Candidate(last.name, last.overrides)).choices["model"])
    others = {
        name: traits.suggested[kind]
        for name, traits in context.settings.models().items()
        if name not in tried and kind in traits.suggested
    }
    sentences = prose.sentences(
        "next_steps",
        tune=results.tune,
        final=results.final,
        budget=context.budget,
        counts_runs=math.isinf(context.budget.seconds),
        others=others,
    )
    return [*_moves(context, results), *sentences]


def _moves(context: Context, results: Results) -> list[str]:
    """Return the moves from the winner, or from the small model where the workflow ended there."""
    trained = results.power.small
    if results.tune:
        trained = results.tune.winner
    settings = context.settings_of(Candidate(trained.name, trained.overrides))
    run = context.store.get_run(trained.run_ids[0])
    rows = max(1, round(results.problem.final_rows - results.problem.train_rows))
    run_context = RunContext(settings, context.store, context.dataset, context.problem)
    moves = run_context.moves(run.metrics, run.tags, rows=rows)
    return [
        f"{move.reason}: {next_moves.command(settings, move.changes)}"
        for move in moves
        if move.changes and "final" not in move.changes  # The workflow's own is done.
    ]
