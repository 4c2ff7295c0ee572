"""Findings: each is raised when its fault is planted, and not in clean data."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from composition import FILES, ROOT
from goldilocks import cli
from goldilocks.config.rules import rules_of
from goldilocks.config.settings import leaves
from goldilocks.dataset import Dataset, Vectorization, findings, table
from goldilocks.dataset.checks.evidence import Evidence
from goldilocks.dataset.findings import Finding
from goldilocks.dataset.sources import packing
from goldilocks.errors import DataError
from goldilocks.protocol import holdout

ROWS = 400


def clean():
    """A usual table: numbers, words, a target of numbers and one of classes."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(50, 10, (ROWS, 4)).round(1), columns=list("abcd"))
    frame["city"] = rng.choice(["Bonn", "Ulm", "Kiel"], ROWS)
    frame["price"] = (3 * frame.a - 2 * frame.b + rng.normal(0, 20, ROWS)).round(1)
    frame["sick"] = np.where(frame.a + frame.c + rng.normal(0, 15, ROWS) > 100, "yes", "no")
    return frame


@pytest.fixture
def load(tmp_path):
    defaults = leaves(FILES.read("dataset", "table"))

    def load(frame, target="price", **options):
        frame.to_csv(tmp_path / "table.csv", index=False)
        given = {key: value for key, value in defaults.items() if key != "defaults"}
        other = {"price": "sick", "sick": "price"}.get(target, "none")
        given |= {"file": str(tmp_path / "table.csv"), "target": target}
        if other in frame:
            given["drop"] = [other]
        return table.load(**{**given, **options})

    return load


def found(dataset, metric="accuracy"):
    """The findings by their codes, several sentences joined."""
    [split] = holdout.split(dataset, validation=0.25, test=0.25, seed=0)
    evidence = Evidence(
        dataset=dataset,
        train=split.train,
        validation=split.validation,
        test=split.test,
        metric=metric,
    )
    sentences = {}
    for finding in findings.find(evidence):
        sentences[finding.code] = sentences.get(finding.code, "") + finding.sentence
    return sentences


def texts(x, labels):
    x, y = packing.column(list(x)), np.asarray(labels, np.float32)
    return Dataset(
        name="texts",
        kind="text",
        problem="binary",
        x=x,
        y=y,
        classes=("neg", "pos"),
        source="original",
        location="",
        digest="",
        vectorization=Vectorization(
            encoding="auto",
            hashing=False,
            token="word",
            max_tokens=100,
            maxlen=10,
            truncating="pre",
            padding="pre",
            reverse=False,
        ),
    )


@pytest.mark.parametrize("target", ["price", "sick"])
def test_a_clean_table_has_no_finding(load, target):
    assert found(load(clean(), target)) == {}


def test_equal_rows_are_counted_with_an_example(load):
    frame = pd.concat([clean(), clean()[:30]])
    assert re.search(
        r"^30 of 430 rows repeat an earlier one, such as row 401 and row 1\.",
        found(load(frame))["D101"],
    )


def test_copies_with_two_labels_are_named(load):
    again = clean()[:20]
    again["sick"] = again.sick.map({"yes": "no", "no": "yes"})
    sentence = found(load(pd.concat([clean(), again]), "sick"))["D102"]
    assert sentence.startswith("20 contents of rows have different labels: row ")
    assert re.search(r"is '(yes|no)' and row 4\d\d is '(yes|no)'", sentence)


def test_rows_of_few_values_may_be_equal_by_chance(load):
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(3, size=(ROWS, 5)), columns=list("vwxyz"))
    frame["sick"] = rng.choice(["yes", "no"], ROWS)
    sentences = found(load(frame, "sick"))
    assert "No model can tell them apart" in sentences["D103"]
    assert "D102" not in sentences


def test_texts_with_two_labels_are_counted():
    lines = [f"film {row} was {'good' if row % 2 else 'bad'}" for row in range(100)]
    labels = [row % 2 for row in range(100)]
    twice = texts(lines + lines[:30], labels + [1 - label for label in labels[:30]])
    assert found(twice)["D102"].startswith(
        "30 texts have different labels: row 1 ('film 0 was bad') is"
    )


def test_a_class_enlarged_by_repeating_its_rows_is_named(load):
    frame = clean()
    few = frame[frame.sick == "yes"][:40]
    frame = pd.concat([frame[frame.sick == "no"], few, few, few])
    assert "'yes' stand 3 times each" in found(load(frame, "sick"))["D105"]


@pytest.mark.parametrize("noise", [0, 0.02])
def test_nearly_equal_rows_are_counted(load, noise):
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(rng.normal(size=(ROWS, 12))).add_prefix("x").assign(price=range(ROWS))
    near = frame[:50].copy()
    near["x3"] = rng.normal(size=50)
    near[["x5", "x7"]] += rng.normal(0, noise, (50, 2))
    sentence = found(load(pd.concat([frame, near]), problem="regression"))["D104"]
    assert re.search(r"^50 pairs of rows are nearly the same, [23]\d of them in", sentence)


@pytest.mark.parametrize(
    ("target", "name", "fault"),
    [
        ("price", "result", lambda frame: frame.price),
        ("price", "cents", lambda frame: frame.price * -100 + 7),
        ("price", "dollars", lambda frame: (frame.price * 1.0837).round(1)),
        ("sick", "diagnosis", lambda frame: frame.sick.map({"yes": "J10", "no": "Z00"})),
        ("sick", "code", lambda frame: frame.sick.map({"yes": 4, "no": 2})),
    ],
)
def test_a_copy_of_the_target_is_an_error(load, target, name, fault):
    frame = clean()
    sentence = found(load(frame.assign(**{name: fault(frame)}), target))["D201"]
    assert sentence.startswith(f"The column {name!r} is a")
    assert sentence.endswith(f"Leave it out: dataset.drop={name}.")


@pytest.mark.long
def test_one_column_that_says_it_all_is_named_where_the_others_do_not(load):
    frame, rng = clean(), np.random.default_rng(1)
    known = {
        "price": frame.assign(paid=np.exp(frame.price / 100).round(3)),
        "sick": frame.assign(dose=((frame.sick == "yes") * 5 + rng.normal(0, 1, ROWS)).round(2)),
    }
    assert (
        "The column 'paid' alone tells the target 'price' (R2 0.99"
        in (found(load(known["price"]))["D202"])
    )
    assert (
        "'dose' alone tells the target 'sick' (area under the ROC curve "
        in (found(load(known["sick"], "sick"))["D202"])
    )
    told_twice = known["sick"].assign(pills=known["sick"].dose + rng.normal(0, 0.1, ROWS).round(2))
    assert "D202" not in found(load(told_twice, "sick"))


def test_missing_values_that_tell_the_target_are_named(load):
    frame, rng = clean(), np.random.default_rng(1)
    frame["died"] = np.where(frame.sick == "yes", rng.normal(70, 9, ROWS).round(1), np.nan)
    assert "Whether 'died' is missing" in found(load(frame, "sick"))["D203"]
    frame["died"] = np.where(rng.random(ROWS) < 0.5, frame.a, np.nan)
    assert "D203" not in found(load(frame, "sick"))


def test_test_targets_are_not_read_by_what_is_fitted(load):
    dataset = load(clean().assign(result=clean().price))
    rows = np.arange(ROWS)
    test = rows[200:]
    y = dataset.y.copy()
    y[test] = 0
    evidence = Evidence(
        dataset=replace(dataset, y=y), train=rows[:150], validation=rows[150:200], test=test
    )
    assert "D201" in {finding.code for finding in findings.find(evidence)}


def test_columns_that_are_no_input_are_named_with_the_key_that_keeps_them(load):
    frame = clean().assign(number=range(ROWS), name=[f"N{row}" for row in range(ROWS)], state="on")
    sentence = found(load(frame))["D301"]
    assert "Left out 'number': it counts the rows; dataset.keep=number keeps it." in sentence
    assert "Left out 'name': its 400 texts name the rows; dataset.keep=name keeps it." in sentence
    assert "Left out 'state': it is 'on' in every row." in sentence


def test_numbers_that_name_rows_are_named(load):
    ids = np.random.default_rng(0).choice(10**6, ROWS, replace=False)
    assert "dataset.drop=customerId" in found(load(clean().assign(customerId=ids)))["D302"]
    assert "D302" not in found(load(clean().assign(income=ids)))
    copied = clean().assign(customerId=ids)
    assert "D302" in found(load(pd.concat([copied, copied[:20]], ignore_index=True)))


def test_nearly_constant_and_nearly_empty_columns_are_named(load):
    frame = clean().assign(almost=[8.0, *[7.0] * 399], comment=[4.5] * 9 + [None] * 391)
    sentence = found(load(frame))["D303"]
    assert "'almost' is 7.0 in 399 of 400 rows" in sentence
    assert "'comment' is empty in 391 of 400 rows" in sentence


@pytest.mark.long
def test_a_column_of_subjects_is_named_by_its_name_its_codes_or_its_rows(load):
    rng = np.random.default_rng(1)
    subject = rng.integers(60, size=ROWS)
    height = rng.normal(170, 9, 60)[subject].round(1)
    for frame in (
        clean().assign(patientId=subject),
        clean().assign(w=[f"P{number:03}" for number in subject]),
        clean().assign(w=subject, height=height),
        clean().assign(w=rng.permutation(10**4)[subject], height=height),
    ):
        name = frame.columns[frame.columns.isin(["w", "patientId"])][0]
        assert f"dataset.group={name}" in found(load(frame))["D304"]

    quantity = clean().assign(age=subject, pulse=subject + rng.normal(0, 5, ROWS).round(1))
    assert "D304" not in found(load(quantity))
    assert "D304" not in found(load(clean().assign(patient=subject), group="patient"))


def test_dates_in_a_table_are_said(load):
    days = pd.date_range("2020-01-01", periods=40).strftime("%Y-%m-%d").tolist() * 10
    assert found(load(clean().assign(sold=days)))["D305"].startswith("'sold' holds dates")


@pytest.mark.parametrize(("factor", "count"), [(100, 1), (10, 3), (0.1, 3), (1000, 5)])
def test_values_in_another_unit_are_named(load, factor, count):
    height = np.random.default_rng(0).normal(1.75, 0.1, ROWS).round(3)
    height[7 : 7 + count] *= factor
    sentence = found(load(clean().assign(height=height)))["D306"]
    assert f"{count} of 400 values of 'height'" in sentence
    assert f"are about {factor:g} times the others" in sentence


def test_skewed_numbers_are_not_taken_for_other_units(load):
    rng = np.random.default_rng(0)
    skewed = {
        "income": rng.lognormal(10, 1, ROWS),
        "share": rng.random(ROWS),
        "gap": rng.exponential(size=ROWS),
    }
    assert "D306" not in found(load(clean().assign(**skewed)))


def test_more_categories_than_rows_can_carry_are_named(load):
    streets = np.random.default_rng(0).choice(
        [f"{a}{b} road" for a in "abcdefghij" for b in "klmnopqrstuv"], ROWS
    )
    assert "dataset.drop=street" in found(load(clean().assign(street=streets)))["D307"]


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["1,5", "1.55", "2", "2.5"], "its numbers are written in different ways, such as '1"),
        ([f"{number / 8:.3f}{'%' * (number % 2)}" for number in range(40)], "different units"),
        (["2x3", *map(str, range(1, 40))], "10 of its 400 values are no numbers, such as '2x3'"),
    ],
)
def test_numbers_that_become_words_are_named(load, cells, reason):
    sentence = found(load(clean().assign(mixed=(cells * ROWS)[:ROWS])))["D308"]
    assert f"'mixed' is read as categories, because {reason}" in sentence.replace(
        "its numbers have different", "different"
    )


def test_a_rare_class_and_a_metric_that_hides_it_are_named(load):
    frame = clean()
    rare = pd.concat([frame[frame.sick == "no"], frame[frame.sick == "yes"][:8]])
    sentences = found(load(rare, "sick"))
    assert "The rarest class 'yes' has" in sentences["D401"]
    assert "'yes' has 4 to train, 2 to validate and 2 to test" in sentences["D404"]
    assert "problem.metrics=[auc,accuracy]" in sentences["D405"]
    assert "D405" not in found(load(rare, "sick"), metric="auc")


def test_an_error_in_per_cent_of_nothing_is_named(load):
    sentences = found(load(clean()), metric="mean_absolute_percentage_error")
    assert "problem.metrics=[mae]" in sentences["D405"]


@pytest.mark.long
def test_a_skewed_target_is_told_where_its_logarithm_is_predicted_better(load):
    frame = clean().drop(columns="sick")
    noise = np.random.default_rng(0).normal(0, 0.3, ROWS)
    frame["price"] = np.exp((frame.a - frame.b) / 10 + noise)
    sentence = found(load(frame), metric="mae")["D407"]
    assert "Trees that learn its logarithm miss by" in sentence
    assert "Try problem.log_target=true" in sentence
    assert "D407" not in found(load(frame), metric="mean_absolute_percentage")
    below = frame.assign(price=frame.price - 1)
    sums = frame.assign(price=10 + ((frame.a - 50) / 10) ** 2 + noise)
    for other in (clean().drop(columns="sick"), below, sums):
        assert "D407" not in found(load(other), metric="mae")


def test_labels_spelled_in_two_ways_and_words_for_missing_are_named(load):
    frame = clean()
    frame["sick"] = frame.sick.where(np.arange(ROWS) % 3 > 0, frame.sick.str.upper())
    assert "'YES', 'yes' differ in capital letters" in found(load(frame, "sick"))["D402"]
    frame["sick"] = clean().sick.replace("no", "None")
    sentence = found(load(frame, "sick"))["D403"]
    assert re.search(r"^\d+ rows have the target 'None'.+; dataset\.missing=None leaves", sentence)


def test_labels_are_named_labels(load):
    tags = ["red|None", "red|Big", "big|None", "big"] * (ROWS // 8) + ["big|Big"] * (ROWS // 2)
    tags[:4] = ["red|x"] * 4
    frame = clean().drop(columns=["price", "sick"]).assign(tags=tags)
    sentences = found(load(frame, "tags"))
    assert "The rarest label 'x' has" in sentences["D401"]
    assert (
        "'Big', 'big' differ in capital letters alone, and are taken for different labels"
        in (sentences["D402"])
    )
    assert "taken for a label; dataset.drop_classes=None leaves it out." in sentences["D403"]
    assert "or leave a label out: dataset.drop_classes=x." in sentences["D404"]
    tags = ["red|x"] * 6 + ["red|big"] * 5 + [""] * (ROWS - 11)
    hidden = load(frame.assign(tags=tags), "tags", problem="multilabel")
    assert "Always saying what most rows have is" in found(hidden)["D405"]


def test_texts_without_blanks_are_tokens_of_characters():
    lines = [f"這部電影非常好看我很喜歡它{row}" for row in range(60)]
    assert "dataset.token=character" in found(texts(lines, [row % 2 for row in range(60)]))["D406"]


def test_errors_stop_a_workflow_until_they_are_muted(tmp_path, monkeypatch, capsys):
    error = Finding("D201", "error", "a check", "The column 'b' is the target.")
    with pytest.raises(DataError, match=r"column 'b' is the target.+findings.mute=\[D201\]"):
        findings.refuse([error])
    findings.refuse([])

    monkeypatch.chdir(tmp_path)
    frame = clean().assign(result=clean().price)
    frame.to_csv("houses.csv", index=False)
    typed = ["data", "houses.csv", "dataset.target=price"]
    cli.main(typed)
    assert "D201 error: The column 'result' is" in capsys.readouterr().out
    cli.main([*typed, "findings.mute=[D201]", "--json"])
    assert "D201" not in {each["code"] for each in json.loads(capsys.readouterr().out)["findings"]}


def test_they_are_found_once_for_the_same_data(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clean().to_csv("houses.csv", index=False)
    cli.main(["data", "houses.csv", "dataset.target=price"])
    monkeypatch.setattr(findings, "find", lambda evidence: pytest.fail("found again"))
    cli.main(["data", "houses.csv", "dataset.target=price", "--rows", "3"])


def test_warnings_are_printed_and_notes_counted_beyond_three():
    notes = [Finding(f"D30{number}", "note", "a check", "A note.") for number in range(5)]
    lines = findings.lines([Finding("D104", "warning", "a check", "Look."), *notes])
    assert lines[0] == "D104 warning: Look."
    assert len(lines) == 5
    assert "2 more notes (D303,D304)" in lines[-1]


def test_codes_are_given_once_and_are_those_that_can_be_muted_and_that_are_documented():
    codes = [check.code for check in findings.CHECKS]
    assert sorted(set(codes)) == codes
    rule = rules_of("configuration")["findings.mute"]
    assert rule.allows(codes)
    assert rule.expected == f"a list of some of {', '.join(codes)}"
    table = re.findall(
        r"^\| (D\d+) \| (\w+) \| (.+?) \|", (ROOT / "docs/findings.md").read_text(), re.M
    )
    assert table == [(check.code, check.severity, check.name) for check in findings.CHECKS]
