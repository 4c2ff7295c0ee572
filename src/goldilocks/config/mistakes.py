"""Everything wrong with a command line that Hydra cannot compose; Hydra names the first alone."""

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from goldilocks.config import synonyms
from goldilocks.config.checks import config_errors, foreign_keys, value_errors
from goldilocks.config.composition import compose, composed
from goldilocks.config.line import Typed, python_value, read_line
from goldilocks.config.options import files_of
from goldilocks.config.settings import COMPOSED, GROUPS, Settings, leaves, search_path
from goldilocks.config.synonyms import Meanings
from goldilocks.config.words import LISTED, is_flag


def errors_in(arguments: Sequence[str], conf: Path, config: str) -> list[str]:
    """Return everything wrong with a command line that Hydra could not compose.

    Args:
        arguments: As typed.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    folders = search_path(arguments)
    files = files_of(conf, config, folders)
    line, unreadable = read_line(arguments, files, config)
    errors = [*unreadable, *(mistake for typed in line for mistake in typed.mistakes)]
    right = [typed for typed in line if not typed.mistakes]
    errors += [typed.answer for typed in right if typed.word.reason and not typed.is_key]

    # The words that choose options, and those that set keys, of a sweep with the first value; and
    # the groups of which it is not known which option was meant.
    chosen = [typed for typed in right if typed.name in GROUPS]
    keys = [typed for typed in right if typed.is_key]
    groups = {typed.name: f"{typed.name}={typed.values[0]}" for typed in chosen if typed.values}
    swept = {typed.name for typed in chosen if typed.override.is_sweep_override()}
    unclear = {typed.name for typed in line if typed.mistakes} & set(GROUPS)
    is_sweep = bool(swept) and not unclear

    def settings(*words: str) -> Settings:
        cfg = compose([*folders, *words], conf, config)
        return composed(cfg, cfg.hydra)

    meanings = Meanings(files, files.keys(COMPOSED), {typed.name for typed in line})
    try:
        present = leaves(settings(*groups.values()).tree)
        meanings = dataclasses.replace(meanings, present=present)
        shared = None
        if is_sweep:  # What all its jobs share, which Hydra composes first.
            words = [word for group, word in groups.items() if group not in swept]
            shared = leaves(settings(*words).tree)
        errors += _key_errors(keys, meanings, shared)
        checkable = [typed for typed in keys if typed.values and meanings.knows(typed.name)]
        added = [f"++{typed.name}={typed.values[0]}" for typed in checkable]
        checked = settings(*groups.values(), *added)
    except (HydraException, OmegaConfBaseException):
        # What is left is what Hydra said, and the caller has that.
        return errors or [typed.answer for typed in keys if typed.word.reason]

    # Without the options that were meant, whether the groups go together cannot be told.
    if unclear or unreadable:
        return [*errors, *value_errors(checked.tree, checked.defaults())]
    if not is_sweep:
        errors += foreign_keys(checked)
    return errors + config_errors(checked)


def _key_errors(
    keys: Sequence[Typed], meanings: Meanings, shared: synonyms.Keys | None
) -> Iterator[str]:
    """Yield what is wrong with the names of keys, and with the form of what is right.

    Args:
        keys: Words that set keys.
        meanings: Of what does not exist.
        shared: The keys that all jobs of a sweep of options have; None of any other command.
    """
    for typed in sorted(keys, key=lambda typed: typed.name):
        name = typed.name
        if not meanings.knows(name):
            reason = "is not a key of this configuration"
            start = (
                f"{typed.word.typed} {typed.word.reason}"
                if typed.word.reason
                else f"{name} {reason}"
            )
            yield f"{start}; {_instead_of_key(typed, meanings)}"
        elif typed.word.reason:
            yield typed.answer
        elif shared is not None and typed.word.meant[0] != "+" and not synonyms.has(shared, name):
            yield (
                f"{name} is not a key of every option of this sweep; give it to all its jobs: "
                f"++{typed.word.meant}."
            )


def _instead_of_key(typed: Typed, meanings: Meanings) -> str:
    """Return what to type in place of a key that does not exist."""
    name = typed.name
    if sentence := synonyms.absent("keys", name):
        return f"{sentence}."
    answers = meanings.of_key(name, [python_value(name, value) for value in typed.values])
    switches = [answer for answer in answers if answer.partition("=")[0] in GROUPS]
    if switches and any(map(synonyms.is_false, typed.values)):
        return f"leave it out; it is off without {switches[0]}."
    if answers:
        return f"type {', or '.join(answers)}."
    if similar := meanings.nearest_key(name):
        return f"did you mean {similar}?"
    if is_flag(typed.word.typed):
        return f"expected KEY=VALUE, or one of {', '.join(LISTED)}."
    group = name.partition(".")[0]
    keys = [key for key in meanings.present if key.startswith(f"{group}.")]
    keys = keys or list(dict.fromkeys(key.split(".")[0] for key in meanings.present))
    return f"expected one of {', '.join(keys)}."
