"""Options that a workflow cannot have, refused before anything slow is imported."""

from goldilocks.config.settings import Settings, key_of, listed
from goldilocks.errors import ConfigError
from goldilocks.problem import AUTO_MONITOR
from goldilocks.protocol import INNER

# What the workflow itself decides: typed, it would be decided twice.
OWN = (
    *("final", INNER, "trainer.repeats", "trainer.monitor", "regularizer.patience"),
    "diagnosis.probes",
)


def check(settings: Settings) -> None:
    """Refuse what the workflow itself decides, and a workflow without a store.

    Raises:
        ConfigError: If there is any of these; the message lists them all.
    """
    typed = set(map(key_of, settings.overrides))
    if settings.tree["trainer"]["monitor"] != AUTO_MONITOR:  # By an option of one's own.
        typed.add("trainer.monitor")
    errors = [
        f"{key} is given; workflow.py decides it: leave it out." for key in OWN if key in typed
    ]

    if settings.choices["tracking"] == "none":
        errors.append(
            "tracking=none keeps no run, and a workflow compares runs; expected tracking=local or "
            "server."
        )
    if settings.traits.model.baseline:
        errors.append(
            f"model={settings.choices['model']} is trained by every workflow beside a model; name "
            "another one."
        )
    if "experiment" in typed:
        errors.append(
            "experiment is given; it is one run, ready-made: name the dataset= and the model= that "
            "it has."
        )

    if errors:
        raise ConfigError(listed(errors))
