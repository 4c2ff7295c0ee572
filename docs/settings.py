"""Write docs/settings.md from the files of options and their rules: python docs/settings.py."""

from collections.abc import Iterator
from pathlib import Path

from goldilocks.config import explained
from goldilocks.config.composition import compose, plain
from goldilocks.config.options import OptionFiles
from goldilocks.config.settings import COMPOSED

ROOT = Path(__file__).parents[1]
PARTS = ("seed", "final", "force", "inner_validation", "own", "problem", "findings", "diagnosis")
HYDRA = {"hydra/launcher": ["local"], "hydra/sweeper": ["combinations", "search"]}
HEAD = """# Settings

Every key that can be typed, as `python train.py --help GROUP=OPTION` shows it: its default, what
it means, what it accepts. `python docs/settings.py` writes this page from `conf/` and
`src/goldilocks/config/rules.yaml`, and a test says when it is stale. An option that starts from
another one, as `regularizer=l2` does from `none`, lists the keys that it changes."""


def page() -> str:
    """Return the page in Markdown."""
    files = OptionFiles((ROOT / "conf",))
    tree = plain(compose([], ROOT / "conf", "workflow"))
    lines = [HEAD, "", "## For every run", ""]
    parts = [explained.part(ROOT / "conf", name, tree) for name in ("budget", *PARTS)]
    lines += _table([setting for part in parts for setting in part.settings])
    for group in (*COMPOSED, *HYDRA):
        lines += ["", f"## {group}"]
        for name in HYDRA.get(group, files.names(group)):
            own = files.own_keys(group, name)
            option = explained.option(files, group, name, files.read(group, name))
            lines += ["", f"### `{option.title}`", "", "  \n".join(map(_cell, option.lines))]
            changed = [one for one in option.settings if one.key.rpartition(".")[2] in own]
            lines += ["", *_table(changed)] if changed else []
    return "\n".join(lines) + "\n"


def _table(settings: list[explained.Setting]) -> Iterator[str]:
    yield "| key | default | meaning | accepts |"
    yield "|---|---|---|---|"
    for key, value, comment, expected in settings:
        yield f"| `{key}` | `{value}` | {_cell(comment)} | {_cell(expected)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


if __name__ == "__main__":
    (ROOT / "docs" / "settings.md").write_text(page(), encoding="utf-8")
