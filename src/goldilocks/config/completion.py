"""Tab completion of train.py and workflow.py in bash: `eval "$(python train.py -sc install=bash)"`.

The shell asks the program itself for what may follow; files and folders it lists on its own.
"""

import os
import re
import shlex
from collections.abc import Collection, Sequence
from pathlib import Path

from hydra.errors import HydraException
from omegaconf.errors import OmegaConfBaseException

from goldilocks.config.composition import compose, composed
from goldilocks.config.conflicts import FILES, FOLDERS
from goldilocks.config.explained import OF_HYDRA
from goldilocks.config.options import files_of
from goldilocks.config.rules import rule_of
from goldilocks.config.settings import COMPOSED, GROUPS, leaves, search_path
from goldilocks.config.words import LISTED, split, with_search_path
from goldilocks.errors import UserError

SCRIPT = """\
_goldilocks_complete() {
    local line=${COMP_LINE:0:COMP_POINT} word=${COMP_WORDS[COMP_CWORD]} program=() part start
    for part in "${COMP_WORDS[@]}"; do
        program+=("${part/#\\~/$HOME}")
        [[ $part == *train.py || $part == *workflow.py ]] && break
    done
    grep -qs goldilocks "${program[${#program[@]} - 1]}" || return
    [[ $word == = ]] && word=
    start=${line##*[[:space:]]}
    start=${start%"$word"}
    compopt -o nospace
    COMPREPLY=()
    while IFS= read -r part; do
        case $part in
            :files) compopt -o filenames +o nospace; part=-f ;;
            :folders) compopt -o filenames; part=-d ;;
            *) COMPREPLY+=("${part#"$start"}"); continue ;;
        esac
        while IFS= read -r part; do
            COMPREPLY+=("${word%"${word##*=}"}$part")
        done < <(compgen $part -- "${word##*=}")
    done < <(COMP_LINE=$line "${program[@]}" -sc query=bash 2>/dev/null)
}
complete -o bashdefault -o default -F _goldilocks_complete python python3 train.py workflow.py
"""


def answer(words: Sequence[str], conf: Path, config: str) -> str | None:
    """Return what `--shell-completion` prints; None of another shell, which Hydra answers.

    Args:
        words: Beside the flag: `install=bash` or `query=bash`.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    if list(words) == ["install=bash"]:
        return SCRIPT
    if list(words) != ["query=bash"]:
        return None
    line = os.environ.get("COMP_LINE", "")
    try:
        typed = shlex.split(line)
    except ValueError:  # A quote is open.
        typed = line.split()
    programs = [n for n, word in enumerate(typed) if word.endswith(("train.py", "workflow.py"))]
    typed = typed[programs[0] + 1 :] if programs else []
    last = ""
    if typed and not line[-1].isspace():
        last = typed.pop()
    return "\n".join(choices(typed, last, conf, config))


def choices(before: Sequence[str], last: str, conf: Path, config: str) -> list[str]:
    """Return the words that the last one may become, or what the shell shall list in their place.

    Args:
        before: The words before it.
        last: What is typed of it.
        conf: The folder of the configuration.
        config: Its name, "config" or "workflow".
    """
    if before[-1:] in (["--config-dir"], ["-cd"]):
        return [":folders"]
    words = with_search_path(before)
    overrides = [word for word in split(words)[1] if "=" in word]
    files = files_of(conf, config, search_path(words))
    key, equals, _ = last.partition("=")
    group, _, name = key.partition(".")
    if equals and group == "dataset" and name in FOLDERS:
        return [":folders"]
    if equals and group == "dataset" and name in FILES:
        return [":files"]

    if last.startswith("-"):
        candidates = [f"{flag} " for flag in LISTED]
    elif equals:
        several = re.compile(r".*[=,\[]", re.DOTALL).match(last)
        head = several[0] if several else last
        rule = rule_of(key)
        values = files.names(key) or (rule.words if rule else ())
        candidates = [f"{head}{value}" for value in values]
    else:
        keys = _keys(overrides, conf, config) or files.keys(COMPOSED)
        candidates = [f"{group}=" for group in (*GROUPS, *OF_HYDRA)]
        if "." not in last:  # A group at a time.
            keys = {key.partition(".")[0] + "." * ("." in key) for key in keys}
        candidates += [key if key.endswith(".") else f"{key}=" for key in keys]
    return sorted({candidate for candidate in candidates if candidate.startswith(last)})


def _keys(overrides: Sequence[str], conf: Path, config: str) -> Collection[str]:
    """Return the keys of the configuration that is typed so far; none if it cannot be composed."""
    try:
        cfg = compose(overrides, conf, config)
        return leaves(composed(cfg, cfg.hydra).tree)
    except (HydraException, OmegaConfBaseException, UserError):
        return ()
