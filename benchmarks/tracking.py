"""What tracking costs: the same training with a store, without one, and as a bare `model.fit`, in turns.

All three train the same model on the same batches for the same steps, in one process, after a
warm-up. The first two keep the history and the best epoch's weights; the bare one has nothing
around it.
"""

import functools
import math
import os
import statistics
import tempfile
import time

import case

REPEATS = 6
CASES = {
    "mnist convnet, epochs of about a second": [
        "dataset=mnist", "dataset.source=stand_in", "trainer.epochs=5", "trainer.batch_size=64",
    ],
    "boston mlp, epochs of about 20 milliseconds": [
        "dataset=boston", "dataset.source=stand_in", "trainer.epochs=60", "trainer.batch_size=16",
    ],
}  # fmt: skip


def tracked(given, job, *, store) -> float:
    """Seconds of a training whose every epoch goes to a store, from the first step to the store's last answer."""
    with store.start_run("benchmark", parent=None, params={}, tags={}, resume=None) as tracker:
        began = time.perf_counter()
        given.builder("trainer")(job, [], tracker.epoch, tracker.checkpoint)
        return time.perf_counter() - began


def untracked(given, job) -> float:
    """Seconds of the same training whose epochs go nowhere."""
    began = time.perf_counter()
    given.builder("trainer")(job, [], lambda number, values: None, None)
    return time.perf_counter() - began


def bare(given, job) -> float:
    """Seconds of Keras's `fit` with nothing around it."""
    from goldilocks.training import batches, fit

    trainer = given.tree["trainer"]
    size, epochs = trainer["batch_size"], trainer["epochs"]
    began = time.perf_counter()
    rows, common = job.split.train, (job.dataset, job.encoder)
    training = batches.training(
        *common,
        rows,
        job.targets,
        batch_size=size,
        shuffle=True,
        seed=0,
        augment=None,
        batches_done=0,
    )
    validation = batches.evaluation(
        *common, job.split.validation, job.targets, batch_size=max(size, 128)
    )
    steps = -(-len(rows) // size)
    numbers = size * math.prod(job.model.input_shape[1:])
    job.model.compile(
        optimizer=job.optimizer(steps * epochs),
        loss=job.problem.loss,
        metrics=list(job.problem.metrics),
        steps_per_execution=fit.largest_divisor(steps, fit.NUMBERS_PER_EXECUTION // numbers),
        jit_compile=False,
    )
    job.model.fit(
        training,
        validation_data=validation,
        epochs=epochs,
        steps_per_epoch=steps,
        verbose=0,
        shuffle=False,
    )
    return time.perf_counter() - began


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    for name, overrides in CASES.items():
        given = case.settings(*overrides)
        store = given.builder("tracking")()
        arms = {
            "tracked": functools.partial(tracked, given, store=store),
            "without a store": functools.partial(untracked, given),
            "bare": functools.partial(bare, given),
        }
        seconds = {arm: [] for arm in arms}
        for repeat in range(REPEATS + 1):
            for arm, run in list(arms.items())[:: 1 if repeat % 2 else -1]:
                spent = run(case.job(given))
                if repeat:  # The first turn warms up.
                    seconds[arm].append(spent)
        print(f"{name}, {REPEATS} turns of {statistics.median(seconds['bare']):.1f} s:")
        for arm in ("without a store", "bare"):
            ratios = [
                one / other for one, other in zip(seconds["tracked"], seconds[arm], strict=True)
            ]
            spread = f"from {min(ratios):.3f} to {max(ratios):.3f}"
            print(f"  tracked / {arm}: median {statistics.median(ratios):.3f}, {spread}")
        log_model(given, store)


def log_model(given, store):
    """Seconds of logging the model with its signature and input example."""
    from goldilocks.encoding import encoder

    job = case.job(given)
    complete = encoder.attach(job.encoder, job.model)
    example = encoder.raw(job.dataset, job.split.validation[:2])
    seconds = []
    with store.start_run("benchmark", parent=None, params={}, tags={}, resume=None) as tracker:
        for _ in range(5):
            began = time.perf_counter()
            tracker.model(complete, example)
            seconds.append(time.perf_counter() - began)
    print(
        f"  logging the model: median {statistics.median(seconds):.3f} s, first {seconds[0]:.3f} s "
        f"of {len(seconds)}"
    )


if __name__ == "__main__":
    main()
