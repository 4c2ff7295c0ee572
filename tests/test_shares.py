import pytest
from omegaconf import OmegaConf

from composition import composed
from goldilocks.config.composition import settled
from goldilocks.run.shares import program_size


def sweep(*words, dataset="boston", seeds=range(8)):
    """The settings of a job for each seed."""
    words = (f"dataset={dataset}", *words)
    cfg = composed(*words)
    jobs = [OmegaConf.merge(cfg, {"seed": seed}) for seed in seeds]
    return [settled(job, hydra=job.hydra, overrides=words) for job in jobs]


@pytest.mark.parametrize(
    ("jobs", "size"),
    [
        (sweep(), 8),
        (sweep(seeds=range(7)), 0),
        (sweep("optimizer.learning_rate=0.1") + sweep("optimizer.learning_rate=0.01"), 16),
        (sweep("model.units=4", seeds=range(4)) + sweep("model.units=8", seeds=range(4)), 0),
        (sweep("optimizer.schedule=cosine"), 0),
        (sweep("trainer=population"), 0),
        (sweep("trainer=fit"), 0),  # A person has chosen.
        (sweep("trainer.steps_per_epoch=5"), 0),
        (sweep("model=convnet", dataset="mnist"), 0),
    ],
)
def test_a_sweep_could_be_a_program_where_many_networks_differ_in_seed_and_rate_alone(jobs, size):
    assert program_size(jobs) == size
