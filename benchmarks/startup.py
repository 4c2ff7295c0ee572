"""How long a person waits for help or for a config error, beside what importing TensorFlow alone
would take.
"""

import statistics
import subprocess
import sys
import time
from pathlib import Path

REPEATS = 7
TRAIN = str(Path(__file__).parents[1] / "train.py")
COMMANDS = {
    "--help": [TRAIN, "--help"],
    "config error": [TRAIN, "model=mpl", "trainer.epochs=-1"],
    "import tensorflow": ["-c", "import tensorflow"],
}


def main():
    seconds = {name: [] for name in COMMANDS}
    for _ in range(REPEATS):
        for name, command in COMMANDS.items():
            began = time.perf_counter()
            subprocess.run([sys.executable, *command], capture_output=True)
            seconds[name].append(time.perf_counter() - began)
    for name, values in seconds.items():
        print(
            f"{name:18} median {statistics.median(values):.2f} s, lowest {min(values):.2f} s of "
            f"{REPEATS}"
        )


if __name__ == "__main__":
    main()
