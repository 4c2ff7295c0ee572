"""How noisy rows are beside seeds, on the six data sets: `python benchmarks/ratio.py [NAME ...]`.

Two small networks on the stand-in of each data set, each with five seeds on the same rows. Of the
primary metric and of the loss it prints

- seeds: the standard deviation of a score from seed to seed, pooled over both networks;
- rows: the standard error of a score by the choice of the validation rows, of the mean over seeds;
- between: the same of the difference of the two networks, divided by the root of 2. What a row does
  to both cancels out, so this is what a comparison has to do with: "row:seed" of
  `benchmarks/comparisons.py` is between / seeds.
"""

import math
import sys

import numpy as np
from case import settings_of

from goldilocks.evaluation.differences import clusters_of, row_scores
from goldilocks.evaluation.intervals import standard_error
from goldilocks.run.context import Shared
from goldilocks.run.run import plan
from goldilocks.run.train import prepare
from goldilocks.training.predict import predict

SEEDS = 5
MLP = ("model=mlp model.layers=1 model.units=8", "model=mlp model.layers=1 model.units=32")
NETWORKS = {  # what both have, and what each has
    "boston": ("protocol=holdout trainer.epochs=40", MLP),
    "imdb": ("trainer.epochs=3 trainer.batch_size=512", MLP),
    "mnist": ("dataset.subset=2000 trainer.epochs=5 trainer.batch_size=128", MLP),
    "reuters": ("dataset.subset=2000 trainer.epochs=8 trainer.batch_size=128", MLP),
    "catsdogs": (
        "dataset.image_size=32 dataset.subset=1000 trainer.epochs=4 trainer.batch_size=64 "
        "model=convnet model.units=16",
        ("model.filters=[4,8]", "model.filters=[8,16]"),
    ),
    "jena": ("trainer.epochs=2 trainer.batch_size=128", MLP),
}


def trained(name: str, words: str, shared: Shared) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return for each measure the values of rows, (seeds, rows), and the clusters of the rows."""
    typed = [f"dataset={name}", "dataset.source=stand_in", "tracking=none", *words.split()]
    settings = settings_of(*typed, f"trainer.repeats={SEEDS}")
    context, specs, _ = plan(settings, shared)
    values: dict[str, list[np.ndarray]] = {}
    clusters = np.array(())
    for spec in specs:
        fit_spec = prepare(context, spec, {})
        result = spec.settings.builder("trainer")(fit_spec, [], lambda number, values: None, None)
        rows = result.validation
        predicted = predict(fit_spec.encoder, fit_spec.model, context.dataset, rows)
        for measure in dict.fromkeys([context.problem.metric, "loss"]):
            of_rows = row_scores(context.problem, context.dataset, rows, predicted, measure)
            values.setdefault(measure, []).append(of_rows)
        found = clusters_of(context.problem, context.dataset, rows, context.problem.metric)
        clusters = rows if found is None else found
    return {measure: np.stack(each) for measure, each in values.items()}, clusters


def row(name: str, measure: str, values: list[np.ndarray], clusters: np.ndarray) -> str:
    """Return a row of the table; values of two networks, each (seeds, rows)."""
    of_seeds = math.sqrt(np.mean([each.mean(axis=1).var(ddof=1) for each in values]))
    means = [each.mean(axis=0) for each in values]
    of_rows = math.sqrt(np.mean([standard_error(mean, clusters)[0] ** 2 for mean in means]))
    between = standard_error(means[0] - means[1], clusters)[0] / math.sqrt(2)
    scores = " / ".join(f"{each.mean():.4g}" for each in means)
    return (
        f"| {name} | {measure} | {len(means[0]):,} | {scores} | {of_seeds:.2g} | {of_rows:.2g} | "
        f"{between:.2g} | {of_rows / of_seeds:.1f} | {between / of_seeds:.1f} |"
    )


def main(names: list[str]) -> None:
    print("| data | measure | rows | scores | seeds | rows | between | rows:seed | between:seed |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names or NETWORKS:
        both, each = NETWORKS[name]
        shared = Shared()
        networks = [trained(name, f"{both} {words}", shared) for words in each]
        for measure in networks[0][0]:
            values = [network[measure] for network, _ in networks]
            print(row(name, measure, values, networks[0][1]), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
