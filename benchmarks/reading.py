"""How long a table of 1,000,000 rows and 20 columns takes to be read, beside `pandas.read_csv`.

Each step has a process of its own, in turns, on one file that is in the file cache; imports are not
counted. `pandas.read_csv(path)` has its default engine. Seconds are those of the clock and those of
the processors; memory is the most that a process held.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

ROWS = 1_000_000
REPEATS = 5
BEGIN = """
import resource, sys, time
from pathlib import Path
import pandas as pd
from goldilocks.dataset import cell_keys
from goldilocks.dataset.readers import features, files
from goldilocks.dataset.readers.reading import ReadingOptions
path = Path(sys.argv[1])
files.read_cells(Path(sys.argv[2]), header=None)
began, used = time.perf_counter(), time.process_time()
"""
END = """
most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(time.perf_counter() - began, time.process_time() - used, most)
"""
CELLS = "cells = files.read_cells(path, header=None)\n"
STEPS = {
    "pandas.read_csv": "pd.read_csv(path)",
    "reading": CELLS + "features.prepare(cells.frame, path, ReadingOptions())",
    "reading and keys of cells": CELLS
    + "features.prepare(cells.frame, path, ReadingOptions()); cell_keys.of_frame(cells.frame)",
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
                measured[name].append(list(map(float, done.stdout.split()[-3:])))

    base = np.array(measured["pandas.read_csv"])
    for name, values in measured.items():
        clock, processors, memory = np.median(values, axis=0)
        ratios = np.median(np.array(values) / base, axis=0)
        print(
            f"{name:22} {clock:.2f} s ({ratios[0]:.1f} times pandas), of processors "
            f"{processors:.2f} s ({ratios[1]:.1f} times), {memory:.0f} MiB"
        )


if __name__ == "__main__":
    main()
