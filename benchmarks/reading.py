"""How long a table of 1,000,000 rows and 20 columns takes to be read, beside `pandas.read_csv(path)`.

All run in turns on one file, which is in memory by then. Memory is the most that a process held.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 1_000_000
REPEATS = 2
BEGIN = """
import resource, sys, time
from pathlib import Path
import pandas as pd
from goldilocks.dataset.readers import features, files
from goldilocks.dataset.readers.reading import ReadingOptions
path = Path(sys.argv[1])
files.read_cells(Path(sys.argv[2]), header=None)
began = time.perf_counter()
"""
END = """
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""
CELLS = "cells = files.read_cells(path, header=None)\n"
STEPS = {
    "pandas.read_csv": "pd.read_csv(path)",
    "reading": CELLS + "features.prepare(cells.frame, path, ReadingOptions())",
    "reading and raw keys": CELLS
    + "features.prepare(cells.frame, path, ReadingOptions()); cells.raw_keys()",
    "goldilocks data": "from goldilocks import cli\n"
    "import contextlib, io\n"
    "with contextlib.redirect_stdout(io.StringIO()):\n"
    "    assert not cli.main(['data', str(path), 'dataset.target=y'])",
}


def write(path):
    """Write 13 columns of decimals, 4 of whole numbers, 2 of words and a target, 116 MB."""
    generator = np.random.default_rng(0)
    columns = {f"x{at}": generator.normal(size=ROWS).round(3) for at in range(12)}
    columns |= {f"n{at}": generator.integers(0, 1000, ROWS) for at in range(4)}
    columns |= {f"k{at}": generator.choice(["flat", "house", "loft"], ROWS) for at in range(2)}
    columns["share"] = generator.uniform(0, 1, ROWS).round(4)
    columns["y"] = generator.normal(size=ROWS).round(3)
    pd.DataFrame(columns).to_csv(path, index=False)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GOLDILOCKS_CACHE"] = folder
        path, small = Path(folder) / "rows.csv", Path(folder) / "small.csv"
        small.write_text("a,b\n" + "1,x\n" * 100)
        write(path)
        measured = {name: [] for name in STEPS}
        for _ in range(REPEATS):
            for name, step in STEPS.items():
                command = [sys.executable, "-c", BEGIN + step + END, str(path), str(small)]
                done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
                measured[name].append(list(map(float, done.stdout.split()[-2:])))

    base = [seconds for seconds, _ in measured["pandas.read_csv"]]
    for name, values in measured.items():
        seconds = [first for first, _ in values]
        ratios = [mine / theirs for mine, theirs in zip(seconds, base, strict=True)]
        print(
            f"{name:22} median {statistics.median(seconds):.2f} s, "
            f"{statistics.median(ratios):.1f} times pandas, "
            f"{max(second for _, second in values):.0f} MiB"
        )


if __name__ == "__main__":
    main()
