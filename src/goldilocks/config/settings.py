"""A composed config -> settings: checked, resolved, flat, fingerprinted.

Only `config` and the plugins of `sweep` know Hydra and OmegaConf; all else sees plain values.
"""

import dataclasses
import functools
import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.utils import get_method

from goldilocks.config import invocation, own, traits
from goldilocks.config.literals import plainest
from goldilocks.config.options import OptionFiles, Tree
from goldilocks.config.regularizer import Regularizer
from goldilocks.config.rules import rule_of
from goldilocks.config.traits import ModelTraits, Traits
from goldilocks.errors import ConfigError
from goldilocks.formatting import name_of
from goldilocks.problem import AUTO_MONITOR, Problem, check_monitor, resolve

# The groups of which every configuration has an option, and the overlay `experiment`.
COMPOSED = ("dataset", "model", "optimizer", "regularizer", "protocol", "trainer", "tracking")
GROUPS = (*COMPOSED, "experiment")

# Keys that say where and whether to run, not what: two runs that differ in nothing else give the
# same result.
WITHOUT_EFFECT = (
    *("tracking.", "findings.", "dataset.dir", "dataset.file", "dataset.cache_gib", "force"),
    "own",  # The source of the packages that are used is part of the code's digest.
    # Which rows are in the parts is in the digest of the data.
    *("dataset.validation_dir", "dataset.test_dir", "dataset.validation_file", "dataset.test_file"),
    # A probe is a run of its own.
    *("trainer.checkpoint_seconds", "diagnosis.probes"),
)

# Beginnings of overrides that are not in the name of a run.
UNNAMED = (
    *("tracking", "hydra", "dataset.dir=", "dataset.file=", "dataset.validation_"),
    *("dataset.test_", "budget=", "experiment=", "final=", "force=", "findings."),
    *("diagnosis.", "own="),
)

# Keys that make no other configuration: they decide what chance brings to the same one.
SEEDS = ("seed", "trainer.repeats")

# Beginnings of keys in which a final run may differ from the run whose choices it takes over.
OF_FINAL = (
    *SEEDS,
    *("final", "protocol", "inner_validation", "trainer.epochs", "trainer.monitor"),
    *("regularizer.patience", "optimizer.ema_momentum", "problem.threshold"),
)

# Keys of a group that are no arguments of its builder: they are about whole trainings, and `run`
# reads them.
NOT_ARGUMENTS = ("trainer.repeats", "model.init_from")

# In the folder of a sweep, the ID of its parent run: any process that shares the folder can read
# it.
PARENT_FILE = "parent_run_id"


@dataclass(frozen=True)
class Settings:
    """A configuration, which `composition.settled` has checked.

    Attributes:
        tree: The resolved configuration, plain containers all through, without traits.
        stated: The traits in the composed configuration, by config group.
        choices: The option chosen in each config group.
        files: The files of all options.
        overrides: The overrides of this run, as typed.
        sweep_dir: The folder of the sweep that this run belongs to; None for a run of its own.
        job: Its number in the sweep, from 0; None for a run of its own.
    """

    tree: Tree
    stated: Tree
    choices: Mapping[str, str]
    files: OptionFiles
    overrides: tuple[str, ...] = ()
    sweep_dir: Path | None = None
    job: int | None = None

    @functools.cached_property
    def traits(self) -> Traits:
        """What the chosen options state about themselves, once `config_errors` found no mistake."""
        parts: dict[str, Any] = {g: kind(**self.stated[g]) for g, kind in traits.GROUPS.items()}
        return Traits(**parts)

    def defaults(self) -> dict[str, Any]:
        """Return every key of the chosen options with its default, by its dotted name."""
        groups = [group for group in self.choices if group != "experiment"]
        return leaves({group: self.files.read(group, self.choices[group]) for group in groups})

    @property
    def flat(self) -> dict[str, Any]:
        """Every leaf by its dotted key, with the options chosen under their groups' names."""
        return {**self.choices, **leaves(self.tree)}

    @property
    def data_name(self) -> str:
        """The data set's option, with the name of a person's own folder: "images-catsdogs"."""
        words, node = [self.choices["dataset"]], self.tree["dataset"]
        if path := node.get("dir") or node.get("file"):
            words.append(Path(str(path)).expanduser().resolve().stem)
        return re.sub(r"[^\w.-]+", "-", "-".join(words))

    @property
    def data_label(self) -> str:
        """The data set in a run's name: its option, or a person's own folder: "catsdogs"."""
        return self.data_name.removeprefix(f"{self.choices['dataset']}-")

    @property
    def name(self) -> str:
        """A name that a person can read, of about 60 characters: "boston mlp l2 units=4"."""
        hidden = UNNAMED
        if "experiment" in self.choices:
            words = [self.choices["experiment"]]
        else:
            # A workflow chooses its model, unless that was typed.
            groups, typed = ("model", "regularizer"), set(map(key_of, self.overrides))
            named = [group for group in groups if "budget" not in self.tree or group in typed]
            chosen = [f"{group}={self.choices[group]}" for group in named]
            words = [self.data_label, *words_of([*chosen, *self.overrides], chosen)]
            words = [word for word in words if word != "regularizer=none"]
            hidden += ("dataset=", "model=", "regularizer=")
        if self.tree["final"]:
            words.append("final")
        shown = [text for text in self.overrides if not text.lstrip("+~").startswith(hidden)]
        return name_of([*words, *words_of(self.overrides, shown)])

    @property
    def parent(self) -> str | None:
        """ID of the parent run of the run's sweep; None without a sweep, or without tracking."""
        if self.sweep_dir is None:
            return None
        return (self.sweep_dir / PARENT_FILE).read_text() or None

    @property
    def role(self) -> str:
        """What the run is for: "final", "baseline", "regularized" or "plain"."""
        if self.tree["final"]:
            return "final"
        if self.traits.model.baseline:
            return "baseline"
        return "regularized" if any(self.tree["regularizer"].values()) else "plain"

    @property
    def command(self) -> str:
        """The command that does this run again."""
        return invocation.command("train", self.overrides)

    def changed(self, values: Tree) -> "Settings":
        """Return the settings with other values of some dotted keys, as if they had been typed.

        They are not checked.
        """
        tree = dict(self.tree)
        for key, value in values.items():
            group, _, name = key.rpartition(".")
            if group:
                value = {**tree[group], name: value}
            tree[group or name] = value
        others = [word for word in self.overrides if key_of(word) not in values]
        typed = [f"{key}={as_word(value)}" for key, value in values.items()]
        return dataclasses.replace(self, tree=tree, overrides=(*others, *typed))

    @property
    def regularizer(self) -> Regularizer:
        """The config group `regularizer` as a value."""
        return Regularizer(**self.tree["regularizer"])

    def problem(self, data_problem: str) -> Problem:
        """Return the problem of the run.

        Args:
            data_problem: The problem type of the data set, once it is loaded.

        Raises:
            ProblemError: The problem type, the last activation, the loss and the metrics do not go
                together, or the monitored value will not be logged.
        """
        problem = resolve(data_problem, **self.tree["problem"], own_metrics=own.metrics(self.tree))
        check_monitor(problem, self.monitor, data_loss=self.has_data_loss)
        return problem

    @property
    def has_data_loss(self) -> bool:
        """Whether training rows have penalties or class weights in their loss, beside the data."""
        return self.regularizer.penalizes or self.tree["problem"]["class_weight"] != "none"

    @property
    def monitor(self) -> str:
        """The value of validation rows that decides the best epoch, and that runs are compared by.

        A penalty is no error: unless another was typed, it is the loss without penalties.
        """
        if self.tree["trainer"]["monitor"] != AUTO_MONITOR:
            return self.tree["trainer"]["monitor"]
        return "val_data_loss" if self.has_data_loss else "val_loss"

    @property
    def packages(self) -> Sequence[str]:
        """The person's own packages, if the run has a metric of them."""
        return self.tree["own"] if own.paths(self.tree) else ()

    @property
    def standardizes(self) -> bool:
        """Whether the loss of a regression shall be of targets in their deviations."""
        standardize = self.tree["problem"]["standardize"]
        return self.traits.dataset.standardize if standardize == "auto" else standardize

    @property
    def mute(self) -> list[str]:
        """The codes of findings that are not shown: what was typed, and what has been done."""
        done = ["D407"] if self.tree["problem"]["log_target"] else []
        return [*self.tree["findings"]["mute"], *done]

    @property
    def chooses_threshold(self) -> bool:
        """Whether the thresholds of classes or labels are chosen on validation rows."""
        threshold, cost = self.tree["problem"]["threshold"], self.tree["problem"]["cost"]
        return threshold == "auto" or (threshold is None and cost is not None)

    def models(self) -> dict[str, ModelTraits]:
        """Return the traits of every model, chosen or not."""
        names = self.files.names("model")
        return {name: ModelTraits(**self.files.traits("model", name)) for name in names}

    def builder(self, group: str) -> Callable[..., Any]:
        """Return the function behind the option of a config group, with its keys filled in."""
        tree = self.tree
        if group == "trainer":
            tree = {**tree, group: {**tree[group], "monitor": self.monitor}}
        return builder(tree, group)

    def fingerprint(self, data_digest: str, code_digest: str, part: str) -> str:
        """Return the hash that identifies a result: effective settings, data, code and fold."""
        return hash_of([deciding(self.flat), data_digest, code_digest, part])

    def configuration(self, data_digest: str, own_digest: str) -> str:
        """Return the hash that identifies a choice, the same for all seeds and versions of ours.

        Args:
            data_digest: `Dataset.digest`.
            own_digest: Of the person's own packages; "" where it calls none.
        """
        chosen = {key: value for key, value in deciding(self.flat).items() if key not in SEEDS}
        return hash_of([chosen, data_digest, own_digest])

    def candidate(self, data_digest: str) -> str:
        """Return the hash that a final run shares with those which validated its choices."""
        chosen = {
            key: value for key, value in deciding(self.flat).items() if not key.startswith(OF_FINAL)
        }
        return hash_of([chosen, data_digest])


def hash_of(value: Any) -> str:
    """Return a hash of what JSON can hold, 32 digits."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def builder(tree: Tree, group: str) -> Callable[..., Any]:
    """Return the function behind the option of a config group, with its keys filled in.

    Args:
        tree: As in `Settings`.
        group: A config group with a `_target_`.

    Raises:
        ConfigError: The target is no function of goldilocks.
    """
    node = {
        key: value for key, value in tree[group].items() if f"{group}.{key}" not in NOT_ARGUMENTS
    }
    target = node.pop("_target_")
    function = get_method(target) if target.startswith("goldilocks.") else None
    # By its own name: goldilocks.config.command_line.os.system begins with goldilocks, and is
    # os.system.
    if function is None or f"{function.__module__}.{function.__qualname__}" != target:
        raise ConfigError(f"{group}._target_ is {target}; expected a function of goldilocks.")
    return functools.partial(function, **node)


def leaves(tree: Tree, prefix: str = "") -> dict[str, Any]:
    """Return every leaf of a configuration by its dotted key; a list, or a value, is one leaf.

    `_target_` and traits are no keys that a person gives, and left out.
    """
    flat: dict[str, Any] = {}
    for key, value in tree.items():
        if key in ("_target_", "traits"):
            continue
        if isinstance(value, Mapping) and rule_of(f"{prefix}{key}") is None:
            flat |= leaves(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


def deciding(flat: Tree) -> dict[str, Any]:
    """Return, of settings by their dotted names, those that can change a result."""
    effective = {key: value for key, value in flat.items() if not key.startswith(WITHOUT_EFFECT)}
    # The names of these options are other words for what their keys say, or for nothing.
    for group in ("tracking", "experiment", "regularizer"):
        effective.pop(group, None)
    return effective


def key_of(override: str) -> str:
    """Return the key, or the group, of an override as typed."""
    return override.lstrip("+~").partition("=")[0]


def words_of(overrides: Sequence[str], shown: Sequence[str]) -> list[str]:
    """Return some of the overrides of a run as the words of a name.

    An option stands for its group, and a key without it. An option is left out beside the key that
    it is named after.

    >>> words_of([], ["model=mlp", "regularizer=none", "model.units=8", "seed=1"])
    ['mlp', 'regularizer=none', 'units=8', 'seed=1']
    >>> words_of(["regularizer.l2=0.1"], ["regularizer=l2", "regularizer.l2=0.1"])
    ['l2=0.1']
    """
    keys = {key_of(override) for override in overrides}
    names = [_last(key_of(override)) for override in shown]
    words: list[str] = []
    for override in shown:
        key, _, value = plainest(override).lstrip("+~").partition("=")
        if key in GROUPS and f"{key}.{value}" in keys:
            continue
        if names.count(_last(key)) == 1:
            key = _last(key)
        if key not in GROUPS or value == "none" or "," in value:
            value = f"{key}={value}"
        words.append(value)
    return words


def _last(key: str) -> str:
    """Return a key without its group."""
    return key.partition(".")[2] or key


def as_word(value: Any) -> str:
    """Return a word, a number, a flag, null or a list of them as it is typed."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))


def search_path(overrides: Sequence[str]) -> list[str]:
    """Return those overrides of Hydra that add folders of a person's own options."""
    return [override for override in overrides if override.startswith("hydra.searchpath=")]


def removed(override: str) -> str:
    """Return the sentence for an override that removes a key or a group."""
    return f"{override} removes what a run needs; give it a value."


def listed(errors: Sequence[str]) -> str:
    """Return numbered errors in one message, which says that nothing was run."""
    count = "an error" if len(errors) == 1 else f"{len(errors)} errors"
    lines = [f"  {number}. {error}" for number, error in enumerate(errors, 1)]
    return "\n".join([f"the configuration has {count}; nothing was run.", *lines])
