"""Run every command of docs/blueprint.yaml and write docs/blueprint.md: python docs/blueprint.py.

The commands run one after the other in a new folder with the files that they name, on the
stand-ins. A command that fails, or does not print what it shall show, leaves the page as it is;
with a FOLDER as its argument it runs in that, and goes on with what was printed there before.
"""

import hashlib
import os
import re
import shlex
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

import example_files
import yaml

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "blueprint.md"
MOST = 170  # characters of a cell
HEAD = """# What the book says, what to type, and what it prints

`python docs/blueprint.py` ran these commands, in this order, on the stand-ins and on the tables of
`docs/example_files.py`, and wrote this page from `docs/blueprint.yaml`. Most have fewer epochs than
the chapters, whose own numbers stand in [experiments](../experiments/README.md).
"""


def printed(command: str, folder: Path) -> str:
    """Return what a command prints, both streams together; it runs once in a folder."""
    kept = folder / "printed" / f"{hashlib.sha256(command.encode()).hexdigest()[:16]}.txt"
    if kept.exists():
        return kept.read_text("utf-8")
    program, *words = shlex.split(command)
    if program == "goldilocks":
        words = ["-c", "from goldilocks.cli import main; main()", *words]
    else:
        words = [str(ROOT / words[0]), *words[1:]]
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=os.environ | {"GOLDILOCKS_LEDGER": str(folder / "ledger.jsonl")},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        return f"ended with {done.returncode}\n"
    kept.parent.mkdir(exist_ok=True)
    kept.write_text(done.stdout, "utf-8")
    return done.stdout


def main() -> None:
    """Run the commands and write the page."""
    parts = yaml.safe_load(PAGE.with_suffix(".yaml").read_text("utf-8"))
    lines, empty = [HEAD], list[str]()
    with tempfile.TemporaryDirectory() as name:
        folder, output, command = Path(*sys.argv[1:] or [name]).absolute(), "", ""
        example_files.write(folder)
        for part in parts:
            lines += [f"## {part['part']}\n", "| it says | type | it prints |", "|---|---|---|"]
            for row in part["rows"]:
                if not row.get("same"):
                    command = row["command"]
                    output = printed(command, folder)
                match = re.search(row["shows"], output)
                if match is None:
                    empty.append(f"{command}\ndoes not print {row['shows']!r}:\n{output}")
                    continue
                shown = textwrap.shorten(match[match.lastindex or 0], MOST, placeholder=" ...")
                shown = shown.replace("|", "\\|")
                typed = "(the same)" if row.get("same") else f"`{command}`"
                lines.append(f"| {row['says']} | {typed} | {shown} |")
                print(f"{row['says']}: {shown}", flush=True)
            lines.append("")
    if empty:
        raise SystemExit("\n\n".join(empty))
    PAGE.write_text("\n".join(lines).rstrip() + "\n", "utf-8")


if __name__ == "__main__":
    main()
