"""What people type who know other libraries -> what is typed here; `synonyms.yaml` is the table."""

import functools
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from goldilocks.config.options import OptionFiles
from goldilocks.config.rules import NAMED, Rule, rule_of
from goldilocks.config.settings import COMPOSED, GROUPS
from goldilocks.errors import nearest
from goldilocks.formatting import argument, shell

Keys = Collection[str]

# How the constants of YAML are typed by people; "auto" is null where a key has no auto.
CONSTANTS: Mapping[bool | None, Sequence[str]] = {
    None: ("none", "null", "nil", "nan", "auto"),
    True: ("true", "yes", "on", "1", "y"),
    False: ("false", "no", "off", "0", "n"),
}
TABLES = (".csv", ".tsv", ".txt", ".gz", ".zip", ".xlsx", ".parquet")
TO_FILL = ("FILE", "FOLDER", "NAME")  # in the table, what a person has to fill in


def comparable(word: str) -> str:
    """Return a word without what people write in different ways.

    >>> comparable("Batch-Size") == comparable("batch_size")
    True
    """
    return re.sub(r"[-_ ]", "", word.lower())


def is_false(value: object) -> bool:
    """Whether a value is one of those by which people say no."""
    return comparable(str(value)) in CONSTANTS[False]


def has(keys: Keys, name: str) -> bool:
    """Whether a key, or a group of them, is among keys."""
    return any(key == name or key.startswith(f"{name}.") for key in keys)


@functools.cache
def _table() -> Mapping[str, Any]:
    text = Path(__file__).with_name("synonyms.yaml").read_bytes()
    return yaml.load(text, Loader=yaml.CSafeLoader)


@functools.cache
def _meant(part: str, group: str = "") -> Mapping[str, Sequence[str]]:
    """Return, of a part of the table, what to type by the word that people type."""
    rows = _table()[part]
    if group:
        rows = rows.get(group, {})
    by_word: dict[str, list[str]] = {}
    for meant, words in rows.items():
        for word in words:
            by_word.setdefault(comparable(word), []).append(meant)
    return by_word


def absent(group: str, word: str) -> str | None:
    """Return what to say of something that is not here; None of all else.

    Args:
        group: Of which the word would be an option; "keys" of a key.
        word: As typed.
    """
    [*answers] = _meant("absent", group).get(comparable(word.rpartition(".")[2]), ())
    return answers[0] if answers else None


def mended(key: str, rule: Rule, value: object) -> list[object]:
    """Return the value that was meant by one which a key may not have, in a list; else none.

    Args:
        key: A dotted key.
        rule: Its rule.
        value: As typed: "mae" for [mae], "None" for null, "swish" for silu, 5.0 for 5.
    """
    text = comparable(str(value))
    candidates: list[object] = [value, *_meant("values", key).get(text, ())]
    candidates += [word for word in rule.words if comparable(word) == text]
    candidates += [[candidate] for candidate in candidates]
    candidates += [constant for constant, words in CONSTANTS.items() if text in words]
    if isinstance(value, list):
        one = Rule("", lambda element: rule.allows([element]), words=rule.words)
        elements = [mended(key, one, element) for element in value]
        candidates.append([element for meant in elements for element in meant])
        candidates += value if len(value) == 1 else []
    if re.fullmatch(r"-?\d{1,15}(\.0*)?", str(value)):
        candidates.append(int(float(str(value))))
    return next(([candidate] for candidate in candidates if rule.allows(candidate)), [])


def typed(key: str, *values: object) -> str:
    """Return a key and its value, or several of a sweep, as they are typed in a shell.

    >>> typed("final", True), typed("dataset.subset", None), typed("seed", 0, 1)
    ('final=true', 'dataset.subset=null', 'seed=0,1')
    >>> print(typed("problem.metrics", ["mae"]))
    'problem.metrics=[mae]'
    """
    if len(values) == 1 and isinstance(values[0], str):
        return argument(key, values[0])
    return shell(f"{key}={','.join(map(text_of, values))}")


def text_of(value: object) -> str:
    """Return a value as Hydra writes it."""
    if isinstance(value, list):
        return f"[{','.join(map(text_of, value))}]"
    if value is None or isinstance(value, bool):
        return json.dumps(value)
    return str(value)


@dataclass(frozen=True)
class Meanings:
    """What words that mean nothing here may stand for.

    Attributes:
        files: The files of all options.
        present: The keys of the configuration that is composed, by their dotted names.
        typed: The keys and groups that are typed.
    """

    files: OptionFiles
    present: Keys
    typed: Keys

    @functools.cached_property
    def keys(self) -> Keys:
        """The keys of the configuration, and those of all options."""
        return {*self.present, *self.files.keys(COMPOSED)}

    def knows(self, name: str) -> bool:
        """Whether a key, or a group of them, exists in the configuration or in any option."""
        return has(self.keys, name)

    def of_key(self, name: str, values: Sequence[object]) -> list[str]:
        """Return what may be meant by a key that does not exist, as words to type.

        Args:
            name: The key as typed.
            values: Its value, as Hydra reads it; in a sweep several, or none that is known.
        """
        last, table = comparable(name.rpartition(".")[2]), _meant("keys")
        templates = [*table.get(comparable(name), table.get(last, ()))]
        same = [key for key in self.keys if comparable(key.rpartition(".")[2]) == last]
        same = [key for key in same if key in self.present] or sorted(same)
        if "DATA" in templates and not set(same) & set(self.present):
            same = []
        same = [key for key in same if not f" {' '.join(templates)}".count(f" {key}=VALUE")]
        templates += [f"{key}=VALUE" for key in same if key != "optimizer.name"]
        templates += [f"{group}=VALUE" for group in GROUPS if comparable(group) == last]
        templates = list(dict.fromkeys(templates))

        answers = [self._filled(template, values) for template in templates]
        fitting = [answer for answer in dict.fromkeys(answers) if answer]
        if fitting:
            return fitting
        return self.of_name(last) or [self._expected(template) for template in templates]

    def of_option(self, group: str, name: str) -> list[str]:
        """Return what may be meant by an option that does not exist, as words to type."""
        names = self.files.names(group)
        same = [option for option in names if comparable(option) == comparable(name)]
        if same:
            return [f"{group}={same[0]}"]
        if group == "dataset" and re.search(r"[./\\~ ]", name):
            return [self._own_data(name)]
        variants = [option for option in names if option.startswith(f"{name}_")]
        if group == "experiment" and variants:
            return [f"-m 'experiment=glob({name}_*)' for all, or one of {', '.join(variants)}"]
        answers = _meant("options", group).get(comparable(name), ())
        return [self._trimmed(answer) for answer in answers]

    def of_name(self, name: str) -> list[str]:
        """Return what may be meant by a word without a value, as words to type."""
        if name in TO_FILL or not re.fullmatch(r"[\w./\\~-]+", name):
            return []
        if Path(name).suffix.lower() in TABLES or Path(name).expanduser().is_dir():
            return [self._own_data(name)]
        return [answer for group in COMPOSED[1:] for answer in self.of_option(group, name)]

    def nearest_key(self, name: str) -> str | None:
        """Return the key or group that is spelled most like one that does not exist, if any is."""
        group, _, last = name.rpartition(".")
        within = {key.rpartition(".")[2]: key for key in self.keys if key.startswith(f"{group}.")}
        if not group:
            within = dict.fromkeys([*GROUPS, *(key.partition(".")[0] for key in self.present)])
            within = {key: key for key in within}
        anywhere = {key.rpartition(".")[2]: key for key in [*self.keys, *self.present]}
        for names in (within, anywhere):
            if similar := nearest(last, names):
                return names[similar]
        return None

    def _filled(self, template: str, values: Sequence[object]) -> str:
        """Return a row of the table with the values; "" if its key may not have them."""
        *first, last = template.split(" ")
        key, _, placeholder = last.partition("=")
        if template == "DATA":
            return self._own_data(str(values[0])) if values else ""
        if placeholder != "VALUE":
            return template
        if key in GROUPS:
            names = self.files.names(key)
            options = [
                f"{key}={v}" if v in names else "".join(self.of_option(key, str(v))[:1])
                for v in values
            ]
            return options[0] if len(options) == 1 else ""

        rule = rule_of(key) or NAMED["text"]
        meant = [one for value in values for one in mended(key, rule, value)]
        if not meant or len(meant) < len(values):
            return ""
        answer = " ".join([*first, typed(key, *meant)])
        owners = [] if first or key in self.present else self.files.owners(key)
        if "dataset=table" in owners:
            return self._trimmed(f"dataset=table dataset.file=FILE {answer}")
        return f"{answer} with {' or '.join(owners)}" if owners else answer

    def _expected(self, template: str) -> str:
        """Return a row of the table with what its key may be."""
        rule = rule_of(template.rpartition(" ")[2].partition("=")[0])
        if rule is None:
            return template
        return f"{template}, {rule.expected}"

    def _own_data(self, path: str) -> str:
        """Return what to type to train with a file or a folder of one's own."""
        target = Path(path).expanduser()
        if "dataset" in self.typed and "dataset.file" in self.present and not target.is_dir():
            return argument("dataset.file", path)
        if not target.is_dir() and target.suffix:
            return self._trimmed(
                f"dataset=table {argument('dataset.file', path)} dataset.target=NAME"
            )
        texts = any(target.glob("*/*.txt"))
        option = "texts" if texts else "images"
        return f"dataset={option} {argument('dataset.dir', path)}"

    def _trimmed(self, answer: str) -> str:
        """Return words to type without those that are to be filled in and are typed already."""
        lasts = {comparable(key.rpartition(".")[2]) for key in self.typed}
        table = _meant("keys")
        typed = {template for last in lasts for template in table.get(last, ())}
        has_file = "dataset.file" in self.typed or "DATA" in typed
        filled = {*self.typed, *(template.partition("=")[0] for template in typed)}
        filled |= {"dataset.target"} if "target" in lasts else set()
        words: list[str] = []
        for word in answer.split(" "):
            key, _, value = word.partition("=")
            if value in TO_FILL and (key in filled or (key == "dataset.file" and has_file)):
                continue
            words.append(word)
        return " ".join(words)
