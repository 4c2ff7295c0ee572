"""Many runs of one `-m` call under one parent run."""

from pathlib import Path

PARENT_FILE = "parent_run_id"


def parent_of(sweep_dir: Path | None) -> str | None:
    """The ID of the parent run of a sweep, which any process that shares its folder can read; None without one."""
    file = sweep_dir / PARENT_FILE if sweep_dir else None
    return (file.read_text() or None) if file and file.is_file() else None
