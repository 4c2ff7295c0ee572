"""Runs -> the findings on their data, in the sentences that the runs have logged."""

import json
from collections.abc import Sequence

from goldilocks.errors import StoreError
from goldilocks.run import data_summary
from goldilocks.tracking import Store, query
from goldilocks.tracking.query import StoredRun


def lines(store: Store, runs: Sequence[StoredRun]) -> list[str]:
    """Return a line for each finding on the data of runs, with the sentence of the first such run.

    A finding whose sentence the store does not have is its code alone.

    Args:
        store: Has the runs, and their artifact `data.json`.
        runs: Of one data set; of several, each finding is said of the first that has it.
    """
    sentences: dict[str, str] = {}
    for run in runs:
        codes = set(query.findings([run]))
        if codes <= sentences.keys():
            continue
        try:
            stored = json.loads(store.read_artifact(run.run_id, data_summary.FILE))
        except StoreError:
            continue
        for finding in stored["findings"]:
            sentences.setdefault(finding["code"], finding["sentence"])
    return [f"{code} {sentences.get(code, '')}".strip() for code in query.findings(runs)]
