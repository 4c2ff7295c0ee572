import numpy as np
import pytest

from goldilocks.evaluation import jackknife, measures
from goldilocks.evaluation.intervals import standard_error
from goldilocks.problem import standard

REGRESSION = standard("regression")


def a_case(rows, seed=0):
    random = np.random.default_rng(seed)
    truth = random.normal(size=(rows, 1))
    return truth, truth + random.normal(0, 0.5, (rows, 1))


def test_of_a_mean_over_rows_the_values_are_the_means_of_blocks():
    truth, predictions = a_case(250)
    block = jackknife.blocks(None, 250)
    mae = measures.get("mae")
    values = jackknife.row_values(mae, REGRESSION, truth, predictions, None, block)
    errors = np.abs(truth - predictions)[:, 0]
    expected = (np.bincount(block, errors) / np.bincount(block))[block]
    assert values == pytest.approx(expected)
    assert values.mean() == pytest.approx(mae.score(REGRESSION, truth, predictions))


def test_a_block_holds_whole_clusters_and_there_are_few_blocks():
    clusters = np.arange(3000) // 5
    block = jackknife.blocks(clusters, 3000)
    assert all(len(set(block[clusters == cluster])) == 1 for cluster in range(600))
    assert len(set(block)) == jackknife.BLOCKS
    assert len(set(jackknife.blocks(None, 30))) == 30


@pytest.mark.long
def test_the_error_is_the_deviation_of_the_score_over_samples():
    r2, scores, errors = measures.get("r2_score"), [], []
    for seed in range(80):
        truth, predictions = a_case(200, seed)
        block = jackknife.blocks(None, 200)
        values = jackknife.row_values(r2, REGRESSION, truth, predictions, None, block)
        scores.append(r2.score(REGRESSION, truth, predictions))
        errors.append(standard_error(values, block)[0])
    assert np.mean(errors) == pytest.approx(np.std(scores), rel=0.2)
