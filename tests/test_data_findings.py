import json

import pytest

from goldilocks.errors import StoreError
from goldilocks.report import data_findings
from goldilocks.tracking.null import NullStore
from stored_runs import a_run


class Logged(NullStore):
    """A store whose runs have a `data.json` with the given findings; of others it has none."""

    def __init__(self, findings):
        self.findings, self.asked = findings, []

    def read_artifact(self, run_id, path):
        self.asked.append(run_id)
        if run_id not in self.findings:
            raise StoreError("the run logged none")
        findings = [
            {"code": code, "sentence": text} for code, text in self.findings[run_id].items()
        ]
        return json.dumps({"findings": findings}).encode()


def runs(**codes):
    return [a_run(run_id, 1.0, tags={"findings": text}) for run_id, text in codes.items()]


def test_a_finding_is_said_in_the_sentence_of_a_run_which_is_read_once():
    store = Logged({"a": {"D301": "Left out 'id'."}, "b": {}})
    assert data_findings.lines(store, runs(a="D301", b="D301")) == ["D301 Left out 'id'."]
    assert store.asked == ["a"]


@pytest.mark.parametrize("findings", [{}, {"b": {"D305": "In an order."}}])
def test_a_finding_without_its_sentence_is_its_code(findings):
    lines = data_findings.lines(Logged(findings), runs(a="D301", b="D301,D305"))
    assert lines == ["D301", f"D305 {findings.get('b', {}).get('D305', '')}".strip()]


def test_without_findings_nothing_is_read():
    store = Logged({})
    assert data_findings.lines(store, runs(a="")) == []
    assert store.asked == []
