"""A sweep and a search whose workers are killed again and again, and whose parent is killed twice.

    python benchmarks/kill_sweep.py [sweep] [search] [--jobs 60] [--kills 60]
    python benchmarks/kill_sweep.py population --jobs 64 --kills 3

Workers and the parent die by kill -9 at random moments; after each death of the parent, and after
each end of the command, the same command is typed again. Once there were enough kills, it is typed
in peace until it ends well. Then each job must be there once: one FINISHED run with each metric of
a step once and one READY model, below one parent, nothing else in the store, no journal left, and
nothing to repair. It ends with 1 where that is not so.

The networks of a population are one process's: it is killed after a random line of those that it
prints of its epochs and its runs. Their weights must be those of a command that nothing has killed.
"""

import argparse
import collections
import contextlib
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import kill_campaign
import optuna
import psutil

PARENTS = 2  # kills of the command itself
TRIES = 4  # of the command in peace
SECONDS = (0.05, 1.5)  # between two looks at who could be killed
ROLES = {"population": ("repeat", "plain")}  # of jobs and their parent; others are of a sweep


def arguments(case: str, jobs: int) -> list[str]:
    """Return what is typed after `python train.py`."""
    if case == "sweep":
        return ["-m", *kill_campaign.TINY, f"seed=range({jobs})"]
    if case == "population":
        return [
            *kill_campaign.TINY[:4],
            *("trainer=population", "trainer.epochs=60", "trainer.checkpoint_seconds=0"),
            f"trainer.repeats={jobs}",
        ]
    return [
        *("-m", *kill_campaign.TINY, "hydra/sweeper=search", "hydra.sweeper.sampler=random"),
        *(f"hydra.sweeper.trials={jobs}", "optimizer=adam", "hydra.sweeper.study=tries"),
        "optimizer.learning_rate=interval(0.001,0.1)",
    ]


def start(case: str, jobs: int, log: Path) -> subprocess.Popen:
    """Start the command in the working folder."""
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, str(kill_campaign.ROOT / "train.py"), *arguments(case, jobs)],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            env={**os.environ, "GOLDILOCKS_CACHE": str(log.parent / "cache")},
        )


def workers(command: subprocess.Popen) -> list[psutil.Process]:
    """Return the processes of jobs: children of the server that they are forked from."""
    with contextlib.suppress(psutil.NoSuchProcess):
        servers = psutil.Process(command.pid).children()
        return [worker for server in servers for worker in server.children()]
    return []


def finished() -> int:
    """Return how many runs of jobs are finished in the store."""
    with contextlib.suppress(sqlite3.Error):
        store = sqlite3.connect("file:mlflow.db?mode=ro", uri=True)
        with contextlib.closing(store):
            return store.execute("SELECT count(*) FROM runs WHERE status = 'FINISHED'").fetchone()[
                0
            ]
    return 0


def kill(case: str, jobs: int, kills: int, log: Path) -> tuple[int, int, int]:
    """Return how many workers and parents were killed, and how many commands that took."""
    dice, killed, parents, commands = random.Random(0), 0, 0, 0
    while killed < kills or parents < PARENTS:
        command, commands = start(case, jobs, log), commands + 1
        while command.poll() is None and (killed < kills or parents < PARENTS):
            time.sleep(dice.uniform(*SECONDS))
            # As many kills as jobs, all along the way.
            living = workers(command)
            if not living or killed * jobs > (finished() + 1) * kills:
                continue
            with contextlib.suppress(psutil.NoSuchProcess):
                dice.choice(living).kill()
                killed += 1
            if killed >= kills * (parents + 1) / (PARENTS + 1) and parents < PARENTS:
                command.kill()
                parents += 1
        command.wait()
        print(f"  {case}: {killed} kills, {finished()} runs finished", flush=True)
    return killed, parents, commands


def kill_population(members: int, kills: int, log: Path) -> tuple[int, int, int]:
    """Return what `kill` does, after a command in peace in a folder of its own."""
    peace = log.parent / "peace"
    peace.mkdir()
    shutil.copy("rows.csv", peace)
    with contextlib.chdir(peace):
        start("population", members, peace / "log").wait()
    dice = random.Random(members)
    numbers = sorted(dice.sample(range(1, len(progress(peace / "log"))), kills))
    for number in numbers:
        command = start("population", members, log)
        while command.poll() is None and len(progress(log)) < number:
            time.sleep(0.005)
        command.kill()
        command.wait()
        print(f"  population: killed after {progress(log)[-1]!r}", flush=True)
    return 0, kills, kills


def progress(log: Path) -> list[str]:
    """Return the beginnings of the lines on epochs, and on runs that are logged."""
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return [
        line[:12]
        for line in lines
        if line.startswith(("epoch ", "seed ")) and "trained before" not in line
    ]


def weights() -> dict[str, str]:
    """Return the hashes of the weights of all runs in the working folder, by their names."""
    with contextlib.closing(sqlite3.connect("mlflow.db")) as store:
        return dict(
            store.execute(
                "SELECT r.name, t.value FROM runs r JOIN tags t ON t.run_uuid = r.run_uuid "
                "WHERE t.key = 'weights'"
            )
        )


def faults(case: str, jobs: int) -> list[str]:
    """Return what is not as it should be after the command has ended well."""
    role, parent = ROLES.get(case, ("plain", "sweep"))
    with contextlib.closing(sqlite3.connect("mlflow.db")) as store:
        runs = store.execute("SELECT run_uuid, status FROM runs").fetchall()
        roles = dict(store.execute("SELECT run_uuid, value FROM tags WHERE key = 'role'"))
        fingerprints = store.execute("SELECT value FROM tags WHERE key = 'fingerprint'").fetchall()
        metrics = store.execute("SELECT run_uuid, key, step FROM metrics").fetchall()
        models = store.execute("SELECT source_run_id, status FROM logged_models").fetchall()

    wrong = []
    counts = collections.Counter((roles.get(run, "?"), status) for run, status in runs)
    expected = {(role, "FINISHED"): jobs, (parent, "FINISHED"): 1}
    if counts != expected:
        wrong.append(f"runs: {dict(counts)}, expected {expected}")
    if len(set(fingerprints)) != len(runs):
        wrong.append(f"{len(runs)} runs of {len(set(fingerprints))} fingerprints")
    if twice := [key for key, count in collections.Counter(metrics).items() if count > 1]:
        wrong.append(f"metrics logged twice: {len(twice)}, such as {twice[0]}")
    lengths = collections.Counter(run for run, _, _ in metrics)
    if len({lengths[run] for run, _ in runs if roles.get(run) == role}) != 1:
        wrong.append("some runs have fewer metrics than others")
    if sorted(models) != sorted(
        (run, kill_campaign.READY) for run, _ in runs if roles.get(run) == role
    ):
        wrong.append(f"models: {collections.Counter(status for _, status in models)}")
    if left := sorted(path.name for path in Path(".goldilocks/runs").iterdir()):
        wrong.append(f"journals are left: {left[:3]}")
    if case == "population":
        now = weights()
        with contextlib.chdir("peace"):
            differ = [name for name, value in weights().items() if now.get(name) != value]
        if len(now) != jobs or differ:
            wrong.append(f"weights of {len(now)} runs, those of {len(differ)} differ from peace")
    if case == "search":
        storage = optuna.storages.journal.JournalFileBackend("search/tries.log")
        study = optuna.load_study(
            study_name="tries", storage=optuna.storages.JournalStorage(storage)
        )
        states = collections.Counter(trial.state.name for trial in study.trials)
        if states["COMPLETE"] != jobs or states["RUNNING"]:
            wrong.append(f"trials: {dict(states)}")
    repair = subprocess.run(
        [sys.executable, "-c", "from goldilocks import cli; cli.main(['repair'])"],
        capture_output=True,
        text=True,
    )
    if repair.stdout != kill_campaign.NOTHING:
        wrong.append(f"repair: {repair.stdout}{repair.stderr}")
    return wrong


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cases", nargs="*", default=["sweep", "search"], metavar="CASE")
    parser.add_argument("--jobs", type=int, default=60)
    parser.add_argument("--kills", type=int, default=60)
    args = parser.parse_args()
    os.environ.pop("MLFLOW_TRACKING_URI", None)  # Each case has a store of its own.
    bad = False
    for case in args.cases:
        folder = Path(tempfile.mkdtemp(prefix=f"kill-{case}-"))
        os.chdir(folder)
        kill_campaign.write_data(folder)
        log = folder / "log"
        if case == "population":
            killed, parents, commands = kill_population(args.jobs, args.kills, log)
        else:
            killed, parents, commands = kill(case, args.jobs, args.kills, log)
        tries = 0
        while tries < TRIES and start(case, args.jobs, log).wait():
            tries += 1
        wrong = faults(case, args.jobs)
        for fault in wrong:
            print(f"  {case}: {fault} ({folder})")
        print(
            f"{case}: {args.jobs} jobs, {killed} workers and {parents} parents killed in "
            f"{commands} commands, then {tries + 1} in peace; {len(wrong)} faults",
            flush=True,
        )
        bad = bad or bool(wrong)
        if not wrong:
            os.chdir("/")
            shutil.rmtree(folder)
    sys.exit(bad)


if __name__ == "__main__":
    main()
