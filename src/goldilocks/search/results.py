"""What a search has found: a summary in words, and a table of its trials."""

import math
from collections import Counter

import optuna
import pandas
from optuna.trial import FrozenTrial, TrialState

from goldilocks.config import invocation
from goldilocks.formatting import counted, number

# Fewer different values do not show which parameter matters.
FEWEST_FOR_IMPORTANCES = 2


def summary(study: optuna.Study, *, measure: str) -> str:
    """Return how many trials there were, and the best one with the command that runs it."""
    trials = study.get_trials(deepcopy=False)
    counts = Counter(trial.state for trial in trials)
    complete, pruned = counts[TrialState.COMPLETE], counts[TrialState.PRUNED]
    ended = [t.params for t in trials if t.state in (TrialState.COMPLETE, TrialState.PRUNED)]
    failed = sum(t.state == TrialState.FAIL and t.params not in ended for t in trials)
    line = (
        f"searched  {counted(len(trials), 'trial')}: {complete} finished, {pruned} "
        f"pruned, {failed} failed"
    )
    if repeated := counts[TrialState.FAIL] - failed:
        line += f", {repeated} failed or cut off and done again"
    lines = [f"{line}; {counted(sum(map(_epochs, trials)), 'epoch')} trained"]

    if complete:
        best = study.best_trial
        command = invocation.command("train", best.user_attrs["overrides"])
        value = number(study.best_value, digits=6)
        lines.append(f"best      {measure} {value} in trial {best.number}: {command}")
    else:
        lines.append("best      no trial has finished")
    if distinct_values(study) < FEWEST_FOR_IMPORTANCES:
        lines.append(
            f"          importances need {FEWEST_FOR_IMPORTANCES} finished trials that differ, and "
            "are not drawn"
        )
    return "\n".join(lines)


def table(study: optuna.Study, *, measure: str) -> pandas.DataFrame:
    """Return a row per trial: number, state, value, parameters, epochs, seconds and overrides."""
    trials = study.get_trials(deepcopy=False)
    if not trials:
        return pandas.DataFrame()

    frame = study.trials_dataframe(attrs=("number", "state", "value", "params", "duration"))
    frame["state"] = frame["state"].str.lower()
    frame["epochs"] = [_epochs(trial) for trial in trials]
    frame["seconds"] = pandas.to_timedelta(frame.pop("duration")).dt.total_seconds()
    frame["overrides"] = [" ".join(trial.user_attrs.get("overrides", [])) for trial in trials]
    frame.columns = [name.removeprefix("params_") for name in frame]
    return frame.rename(columns={"number": "trial", "value": measure})


def distinct_values(study: optuna.Study) -> int:
    """Return how many different values the finished trials have, without those of diverged runs."""
    complete = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    return len({t.value for t in complete if t.value is not None and math.isfinite(t.value)})


def _epochs(trial: FrozenTrial) -> int:
    """Return the total number of epochs; for an unfinished job, the epochs it reported."""
    return trial.user_attrs.get("epochs", trial.last_step or 0)
