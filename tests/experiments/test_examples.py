"""The example dataset is what its README says."""

import csv
import re
from collections import Counter

import pytest

from experiments.examples import (
    SUPPORT_DESK_BASELINE,
    SUPPORT_DESK_CRITERION,
    support_desk_defects_path,
    support_desk_path,
)
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label

Row = dict[str, str]
COLUMNS = ["id", "input", "output", "label", "critique", "annotator_mira", "annotator_teo", "group"]
LABELS = {"1": Label.PASS, "0": Label.FAIL}


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    with support_desk_path().open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def defects() -> dict[str, str]:
    with support_desk_defects_path().open(encoding="utf-8", newline="") as file:
        return {row["id"]: row["defect"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def readme() -> dict[str, str]:
    """The first two cells of each line of the README's tables."""
    text = support_desk_path().with_name("README.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([^|]+) \| ([\d.]+) \|", text, re.MULTILINE)
    return {name.strip("` "): value for name, value in lines}


def test_the_columns_are_those_of_the_readme(rows: list[Row]) -> None:
    assert list(rows[0]) == COLUMNS
    assert all(None not in row.values() for row in rows)


def test_the_lines_end_as_rfc_4180_wants(rows: list[Row]) -> None:
    data = support_desk_path().read_bytes()
    assert data.startswith(b"id,input,")
    assert data.count(b"\r\n") == len(rows) + 1


def test_there_are_at_least_240_replies_of_which_55_to_60_percent_pass(rows: list[Row]) -> None:
    assert len(rows) >= 240
    assert {row["label"] for row in rows} == {"0", "1"}
    assert 0.55 <= sum(row["label"] == "1" for row in rows) / len(rows) <= 0.60


def test_ids_and_texts_are_distinct_and_filled(rows: list[Row]) -> None:
    for column in ("id", "output"):
        values = [row[column] for row in rows]
        assert all(value.strip() for value in values)
        assert len({" ".join(value.casefold().split()) for value in values}) == len(values)
    assert all(row["input"].startswith("Customer: ") and "\n\nDesk sheet: " in row["input"] for row in rows)


def test_replies_to_one_message_share_a_group_and_others_have_none(rows: list[Row]) -> None:
    sizes = Counter(row["input"] for row in rows)
    assert all(bool(row["group"]) == (sizes[row["input"]] > 1) for row in rows)
    named = {row["group"]: row["input"] for row in rows if row["group"]}
    assert all(named[row["group"]] == row["input"] for row in rows if row["group"])
    assert len(set(named.values())) == len(named)


def test_the_readmes_counts_are_right(rows: list[Row], readme: dict[str, str]) -> None:
    sizes = Counter(row["input"] for row in rows)
    counts = {
        "replies": len(rows),
        "pass": sum(row["label"] == "1" for row in rows),
        "fail": sum(row["label"] == "0" for row in rows),
        "customers' messages": len(sizes),
        "messages with several replies": sum(size > 1 for size in sizes.values()),
        "replies with a critique": sum(bool(row["critique"]) for row in rows),
    }
    assert {name: readme[name] for name in counts} == {name: str(n) for name, n in counts.items()}


def test_the_readmes_agreement_between_annotators_is_right(rows: list[Row], readme: dict[str, str]) -> None:
    both = [(LABELS[r["annotator_mira"]], LABELS[r["annotator_teo"]]) for r in rows if r["annotator_teo"]]
    kappa = cohen_kappa(confusion([mira for mira, _ in both], [teo for _, teo in both]))
    assert kappa is not None
    assert 0.7 <= kappa <= 0.8
    assert readme["Cohen's kappa between them"] == f"{kappa:.2f}"
    assert readme["replies that both annotators read"] == str(len(both))
    assert readme["of these, labelled alike"] == str(sum(mira is teo for mira, teo in both))


def test_the_label_is_one_that_an_annotator_gave(rows: list[Row]) -> None:
    assert all(row["label"] in (row["annotator_mira"], row["annotator_teo"]) for row in rows)
    assert any(row["label"] != row["annotator_mira"] for row in rows)


def test_every_failed_reply_has_a_defect_of_the_readmes_kinds(
    rows: list[Row], defects: dict[str, str], readme: dict[str, str]
) -> None:
    assert set(defects) == {row["id"] for row in rows if row["label"] == "0"}
    counts = Counter(defects.values())
    assert {kind: readme[kind] for kind in counts} == {kind: str(n) for kind, n in counts.items()}
    assert min(counts.values()) >= 10


def test_nearly_every_failed_reply_has_a_critique(rows: list[Row]) -> None:
    failed = [row for row in rows if row["label"] == "0"]
    assert sum(bool(row["critique"]) for row in failed) > 0.9 * len(failed)


def test_neither_length_nor_exclamation_marks_give_the_label_away(rows: list[Row]) -> None:
    loud = {v: [("!" in row["output"]) for row in rows if row["label"] == v] for v in "01"}
    words = {v: [len(row["output"].split()) for row in rows if row["label"] == v] for v in "01"}
    assert abs(sum(loud["0"]) / len(loud["0"]) - sum(loud["1"]) / len(loud["1"])) < 0.1
    assert abs(sum(words["0"]) / len(words["0"]) - sum(words["1"]) / len(words["1"])) < 10


def test_the_texts_beside_the_data_are_there() -> None:
    assert SUPPORT_DESK_CRITERION.count("\n- ") >= 5
    assert "friendly" in SUPPORT_DESK_BASELINE
