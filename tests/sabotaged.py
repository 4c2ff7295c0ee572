"""train.py, but for four of its jobs: one is killed, one raises, one never ends, one takes all the
memory it can get.

What a job does is decided by its seed; with a file `repaired` in the working folder all jobs train
in peace."""

import os
import signal
import sys
import time
from pathlib import Path

import hydra

from goldilocks.config import command_line, composition
from goldilocks.tracking.tracker import JournalTracker

CONF = Path(__file__).parent.parent / "conf"


def kill():
    os.kill(os.getpid(), signal.SIGKILL)


def fail():
    raise RuntimeError("the power went")


def hang():
    time.sleep(10_000)


def swell():
    blocks = []
    while True:
        blocks.append(bytearray(os.urandom(1 << 20) * 64))
        time.sleep(0.05)


SABOTAGE = {3: kill, 5: fail, 7: hang, 9: swell}


@hydra.main(version_base="1.3", config_path=str(CONF), config_name="config")
def main(cfg) -> float:
    with command_line.sentences():
        settings = composition.settle(cfg)
        from goldilocks.run.run import run

        harm = SABOTAGE.get(settings.tree["seed"])
        if harm is not None and not Path("repaired").exists():
            epoch = JournalTracker.epoch

            def harmed(self, number, values):
                epoch(self, number, values)
                if number == 3:
                    harm()

            JournalTracker.epoch = harmed
        return run(settings)


if __name__ == "__main__":
    sys.argv[0] = "train.py"
    command_line.launch(main, CONF, "config")
