"""What tracking costs: the same training with a store, without one, and as a bare `model.fit`, in
turns.

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


def tracked(settings, spec, *, store) -> float:
    """Return the seconds of a training whose every epoch goes to a store, from the first step to
    the store's last answer.
    """
    with store.start_run("benchmark", parent=None, params={}, tags={}, resume=None) as tracker:
        began = time.perf_counter()
        settings.builder("trainer")(spec, [], tracker.epoch, tracker.checkpoint)
        return time.perf_counter() - began


def untracked(settings, spec) -> float:
    """Return the seconds of the same training whose epochs go nowhere."""
    began = time.perf_counter()
    settings.builder("trainer")(spec, [], lambda number, values: None, None)
    return time.perf_counter() - began


def bare(settings, spec) -> float:
    """Return the seconds of Keras's `fit` with nothing around it."""
    from goldilocks.training import batches, fit

    trainer = settings.tree["trainer"]
    size, epochs = trainer["batch_size"], trainer["epochs"]
    began = time.perf_counter()
    rows, common = spec.split.train, (spec.dataset, spec.encoder)
    training = batches.training(
        *common,
        rows,
        spec.targets,
        batch_size=size,
        shuffle=True,
        seed=0,
        augment=None,
        batches_done=0,
    )
    validation = batches.evaluation(*common, spec.split.validation, spec.targets)
    steps = -(-len(rows) // size)
    numbers = size * math.prod(spec.model.input_shape[1:])
    spec.model.compile(
        optimizer=spec.optimizer(steps * epochs),
        loss=spec.problem.loss,
        metrics=list(spec.problem.metrics),
        steps_per_execution=fit.largest_divisor(steps, fit.NUMBERS_PER_EXECUTION // numbers),
        jit_compile=False,
    )
    spec.model.fit(
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
        settings = case.settings_of(*overrides)
        store = settings.builder("tracking")()
        arms = {
            "tracked": functools.partial(tracked, settings, store=store),
            "without a store": functools.partial(untracked, settings),
            "bare": functools.partial(bare, settings),
        }
        seconds = {arm: [] for arm in arms}
        for repeat in range(REPEATS + 1):
            for arm, run in list(arms.items())[:: 1 if repeat % 2 else -1]:
                spent = run(case.fit_spec(settings))
                if repeat:  # The first turn warms up.
                    seconds[arm].append(spent)
        print(f"{name}, {REPEATS} turns of {statistics.median(seconds['bare']):.1f} s:")
        for arm in ("without a store", "bare"):
            ratios = [
                one / other for one, other in zip(seconds["tracked"], seconds[arm], strict=True)
            ]
            spread = f"from {min(ratios):.3f} to {max(ratios):.3f}"
            print(f"  tracked / {arm}: median {statistics.median(ratios):.3f}, {spread}")
        log_model(settings, store)


def log_model(settings, store):
    """Return the seconds of logging the model with its signature and input example."""
    from goldilocks.encoding import encoder

    spec = case.fit_spec(settings)
    complete = encoder.attach(spec.encoder, spec.model)
    example = encoder.raw(spec.dataset, spec.split.validation[:2])
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
