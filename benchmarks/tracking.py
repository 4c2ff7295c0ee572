"""What tracking costs: the same training with a store and as a bare `model.fit`, in alternation.

Both train the same model on the same batches for the same steps, in one process, after a warm-up. The tracked one has
the recorder, the best epoch's weights and a SQLite store; the bare one has nothing.
"""

import math
import os
import statistics
import tempfile
import time

import case

REPEATS = 7
CASES = {
    "mnist convnet, epochs of about a second": [
        "dataset=mnist", "dataset.source=stand_in", "trainer.epochs=8", "trainer.batch_size=64",
    ],
    "boston mlp, epochs of about 20 milliseconds": [
        "dataset=boston", "dataset.source=stand_in", "trainer.epochs=100", "trainer.batch_size=16",
    ],
}  # fmt: skip


def tracked(given, job, store) -> float:
    """Seconds of a training whose every epoch goes to a store, from the first step to the store's last answer."""
    with store.run("benchmark", parent=None, params={}, tags={}) as tracker:
        began = time.perf_counter()
        given.builder("trainer")(job, [], tracker.epoch)
        return time.perf_counter() - began


def bare(given, job) -> float:
    """Seconds of Keras's `fit` with nothing around it."""
    from goldilocks.training import batches, fit

    trainer = given.tree["trainer"]
    size, epochs = trainer["batch_size"], trainer["epochs"]
    began = time.perf_counter()
    rows, common = job.split.train, (job.dataset, job.encoder)
    training = batches.training(*common, rows, job.targets, batch_size=size, seed=0, augment=None)
    validation = batches.evaluation(*common, job.split.validation, job.targets, batch_size=max(size, 128))
    steps = -(-len(rows) // size)
    numbers = size * math.prod(job.model.input_shape[1:])
    job.model.compile(
        optimizer=job.optimizer(steps * epochs),
        loss=job.problem.loss,
        metrics=list(job.problem.metrics),
        steps_per_execution=fit._steps_at_once(steps, fit.NUMBERS_PER_EXECUTION // numbers),
        jit_compile=False,
    )
    job.model.fit(training, validation_data=validation, epochs=epochs, steps_per_epoch=steps, verbose=0, shuffle=False)
    return time.perf_counter() - began


def main():
    folder = tempfile.mkdtemp()
    os.chdir(folder)
    for name, overrides in CASES.items():
        given = case.settings(*overrides)
        store = given.builder("tracking")()
        ratios, times = [], []
        tracked(given, case.job(given), store)
        bare(given, case.job(given))
        for repeat in range(REPEATS):
            first, second = case.job(given), case.job(given)
            if repeat % 2:
                with_store, without = tracked(given, first, store), bare(given, second)
            else:
                without, with_store = bare(given, first), tracked(given, second, store)
            ratios.append(with_store / without)
            times.append(without)
        print(
            f"{name}: tracked / bare = {statistics.median(ratios):.3f} (from {min(ratios):.3f} to {max(ratios):.3f}, "
            f"{REPEATS} pairs of {statistics.median(times):.1f} s)"
        )
        log_model(given, store)


def log_model(given, store):
    """Seconds of logging the model with its signature and input example."""
    from goldilocks.dataset import encoding

    job = case.job(given)
    complete = encoding.attach(job.encoder, job.model)
    example = encoding.raw(job.dataset, job.split.validation[:2])
    seconds = []
    with store.run("benchmark", parent=None, params={}, tags={}) as tracker:
        for _ in range(5):
            began = time.perf_counter()
            tracker.model(complete, example)
            seconds.append(time.perf_counter() - began)
    print(f"  logging the model: median {statistics.median(seconds):.3f} s, first {seconds[0]:.3f} s of {len(seconds)}")


if __name__ == "__main__":
    main()
