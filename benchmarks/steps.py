"""What choosing `steps_per_execution` gains on a small model: an epoch with Keras's 1, and with
ours.
"""

import statistics

import case

REPEATS, SKIPPED = 5, 2  # the first epochs compile


def epoch_seconds(*overrides: str) -> float:
    """Return the median seconds of an epoch, without those that compile."""
    settings = case.settings_of(
        "dataset=boston",
        "dataset.source=stand_in",
        "trainer.epochs=12",
        "trainer.batch_size=1",
        *overrides,
    )
    spec = case.fit_spec(settings)
    result = settings.builder("trainer")(spec, [], lambda number, values: None, None)
    return statistics.median(result.history["seconds"][SKIPPED:])


def main():
    pairs = [
        (epoch_seconds("trainer.steps_per_execution=1"), epoch_seconds()) for _ in range(REPEATS)
    ]
    ratios = [one / auto for one, auto in pairs]
    print(
        f"boston mlp, batch 1, 303 steps: epoch {pairs[0][0]:.3f} s with 1, {pairs[0][1]:.3f} s "
        "with auto; "
        f"ratio {statistics.median(ratios):.2f} (from {min(ratios):.2f} to {max(ratios):.2f}, "
        f"{REPEATS} pairs)"
    )


if __name__ == "__main__":
    main()
