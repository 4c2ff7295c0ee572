"""The jobs of a sweep: their overrides, and their settings, checked before the first one starts."""

import copy
from collections import Counter, defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path

from hydra._internal.core_plugins.basic_sweeper import BasicSweeper
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, OverrideType, RangeSweep
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from goldilocks.config.command_line import composition_errors
from goldilocks.config.composition import settled, typed_overrides
from goldilocks.config.literals import as_typed
from goldilocks.config.settings import (
    GROUPS,
    Settings,
    as_word,
    key_of,
    search_path,
    words_of,
)
from goldilocks.errors import ConfigError
from goldilocks.formatting import name_of
from goldilocks.problem import PROBLEMS, SAME_LOSS
from goldilocks.sweep.plan import measured, plan

# The settings of the jobs of this process: the launcher asks for those that were checked before.
CHECKED: dict[tuple[Path | str, ...], Settings] = {}
# The keys by which the jobs of a sweep of this process differ, by its folder.
VARIED: dict[Path, Sequence[str]] = {}
LOSSES = ("loss", "data_loss", "val_loss", "val_data_loss")
MOST_JOBS = 100_000  # of one range: Hydra lists its values before anything else


def jobs_of(config: DictConfig) -> list[Settings]:
    """Return the checked settings of every job of a sweep; of a search, of its sample jobs.

    Raises:
        ConfigError: The sweep or a job is wrong; the message lists all mistakes.
    """
    folders = search_path(config.hydra.overrides.hydra)
    if config.hydra.runtime.choices["hydra/sweeper"] != "search":
        jobs = combinations(typed_overrides(config.hydra))
        return settings_of([[*folders, *job] for job in jobs])

    planned = plan(config, GlobalHydra.instance().config_loader())
    settings = settings_of([[*folders, *job] for job in planned.space.samples()])
    check_measure(settings, planned.measure)
    return settings


def combinations(sweep: list[str]) -> list[list[str]]:
    """Return the overrides of every job of a sweep that does not search, in their order.

    Raises:
        ConfigError: There is none, or a range is too long.
    """
    parser = OverridesParser.create(GlobalHydra.instance().config_loader())
    overrides = parser.parse_overrides(sweep)
    for override in overrides:
        span = override.value()
        if isinstance(span, RangeSweep) and _is_long(span):
            raise ConfigError(
                f"{override.input_line} has more than {MOST_JOBS:,} values, each a run; expected "
                f"fewer, and nothing was run. Take larger steps: {override.key_or_group}=range("
                "START,STOP,STEP)."
            )
    jobs = BasicSweeper.split_arguments(overrides, None)[0]
    if not jobs:
        raise ConfigError(
            f"{' '.join(sweep)} names no run: nothing under conf/ fits the pattern. Check its "
            "spelling."
        )
    return jobs


def varied(jobs: Sequence[Settings]) -> list[str]:
    """Return the typed keys by which the jobs of a sweep differ; none of a single job."""
    counts = Counter(word for job in jobs for word in job.overrides)
    return list(dict.fromkeys(key_of(word) for word in counts if counts[word] < len(jobs)))


def job_name(overrides: Sequence[str], keys: Collection[str]) -> str:
    """Return a job's values of the keys by which the jobs of its sweep differ; "" without any."""
    return name_of(words_of(overrides, [word for word in overrides if key_of(word) in keys]))


def equals(jobs: Sequence[Settings]) -> list[list[str]]:
    """Return the names of jobs that would be one training, a list for each such training."""
    keys, names = varied(jobs), defaultdict[str, list[str]](list)
    for job in jobs:
        names[job.fingerprint("", "", "")].append(job_name(job.overrides, keys))
    return [alike for alike in names.values() if len(alike) > 1]


def _is_long(span: RangeSweep) -> bool:
    """Whether a range has more values than a sweep may; one by steps of 0 never ends."""
    start, stop, step = (float(part or 0) for part in (span.start, span.stop, span.step))
    return abs(stop - start) > MOST_JOBS * abs(step)


def settings_of(jobs: Sequence[list[str]]) -> list[Settings]:
    """Return the checked settings of jobs, given their overrides.

    Raises:
        ConfigError: A job is wrong; the message lists all wrong jobs with their errors.
    """
    loader = GlobalHydra.instance().config_loader()
    [conf] = [Path(source.path) for source in loader.get_sources() if source.provider == "main"]
    composed: dict[tuple[str, ...], DictConfig] = {}
    errors: list[str] = []
    for overrides in jobs:
        key = conf, *overrides
        if key in CHECKED:
            continue
        try:
            with composition_errors(overrides, conf, "config"):
                cfg = _composed(loader, overrides, composed)
                CHECKED[key] = settled(cfg, hydra=cfg.hydra, overrides=overrides)
        except ConfigError as error:
            errors.append(f"In {as_typed(overrides)}, {error}")

    if errors:
        raise ConfigError("\n".join(errors))
    return [CHECKED[conf, *overrides] for overrides in jobs]


def _composed(
    loader: ConfigLoader, overrides: Sequence[str], composed: dict[tuple[str, ...], DictConfig]
) -> DictConfig:
    """Return the configuration of a job, which Hydra takes 40 ms to compose.

    Hydra composes what the options of the groups make, once for all jobs that have these options,
    and then sets one key after another, as is done here for each job.

    Args:
        loader: Hydra's.
        overrides: Of the job.
        composed: What is composed already, by the overrides that it has; more is added.
    """
    parsed = OverridesParser.create(loader).parse_overrides(list(overrides))
    shared = tuple(str(override.input_line) for override in parsed if not _sets_key(override))
    if shared not in composed:
        composed[shared] = loader.load_configuration("config", list(shared), run_mode=RunMode.RUN)

    cfg = copy.deepcopy(composed[shared])
    for override in filter(_sets_key, parsed):
        try:
            OmegaConf.update(cfg, override.key_or_group, override.value(), merge=True)
        except OmegaConfBaseException:  # Hydra says what is wrong with it.
            return loader.load_configuration("config", list(overrides), run_mode=RunMode.RUN)
    return cfg


def _sets_key(override: Override) -> bool:
    """Whether an override sets one of our keys, and neither chooses an option nor adds a key."""
    key = override.key_or_group
    is_group = key in GROUPS or key.startswith(("hydra/", "hydra."))
    return override.type == OverrideType.CHANGE and not is_group


def check_measure(jobs: Sequence[Settings], measure: str) -> None:
    """Refuse a search whose jobs would be compared by different values.

    Raises:
        ConfigError: A searched option, such as an experiment, changes what is monitored, or the
            losses are of different kinds.
    """
    others = sorted({measured(job.tree["trainer"]["monitor"]) for job in jobs} - {measure})
    if others:
        raise ConfigError(
            f"trainer.monitor is {' and '.join(others)} in jobs of this search, which compares "
            f"{measure}; say which is meant for all of them: trainer.monitor={others[0]}."
        )
    if measure not in LOSSES:
        return
    kinds = {
        "problem.loss": {_loss(job) for job in jobs},
        "problem.log_target": {as_word(job.flat["problem.log_target"]) for job in jobs},
        "problem.standardize": {as_word(job.standardizes) for job in jobs},
    }
    for key, values in kinds.items():
        if len(values) > 1:
            raise ConfigError(
                f"{key} is {' and '.join(sorted(values))} in jobs of this search, which compares "
                f"{measure}, and their losses are of different kinds; expected a metric that all "
                "of them have, trainer.monitor=val_NAME of one in problem.metrics."
            )


def _loss(job: Settings) -> str:
    """Return the loss of a job; `auto` where only its data tells."""
    loss, problem = job.flat["problem.loss"], job.traits.dataset.problem
    if loss == "auto" and problem:
        loss = PROBLEMS[problem].losses[0]
    return SAME_LOSS.get(loss, loss)
