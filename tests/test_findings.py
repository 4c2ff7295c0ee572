"""Findings: each is raised when its fault is planted, and not in clean data."""

import numpy as np
import pytest

from goldilocks.dataset import Dataset, findings
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.dataset.findings import Finding
from goldilocks.dataset.readers.features import Reading
from goldilocks.errors import DataError

RANDOM = np.random.default_rng(0)


def a_dataset(**facts):
    given = {
        "name": "table",
        "kind": "table",
        "problem": "binary",
        "x": None,
        "y": np.arange(40) % 2.0,
        "classes": ("no", "yes"),
        "source": "original",
        "location": "",
        "digest": "",
    }
    return Dataset(**{**given, **facts})


def found(dataset, code):
    evidence = Evidence(dataset, np.arange(0))
    return [finding.sentence for finding in findings.find(evidence) if finding.code == code]


def test_columns_that_are_left_out_are_named_with_the_reason():
    readings = {"a": Reading(kind="number"), "b": Reading(kind="number", left_out="it is empty")}
    assert found(a_dataset(readings=readings), "D301") == ["Left out the column 'b': it is empty."]


def test_classes_that_differ_in_capital_letters_are_one_finding():
    [sentence] = found(a_dataset(classes=("No", "Yes", "no")), "D402")
    assert "'No', 'no' differ" in sentence
    assert "dataset.ignore_case=true" in sentence


def test_a_class_named_like_a_missing_value_is_found():
    [sentence] = found(a_dataset(classes=("None", "mild")), "D403")
    assert "dataset.missing=None" in sentence


def test_errors_stop_a_training_until_they_are_muted():
    error = Finding("D201", "error", "a check", "The column 'b' is the target.")
    with pytest.raises(DataError, match=r"column 'b' is the target.+findings.mute=\[D201\]"):
        findings.refuse([error])
    findings.refuse(findings.unmuted([error], ["D201"]))


def test_codes_are_given_once():
    codes = [check.code for check in findings.CHECKS]
    assert sorted(set(codes)) == codes
