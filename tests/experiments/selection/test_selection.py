"""The experiment on ways to choose a set: what it measures, and what it says of it."""

import csv
import json
from pathlib import Path

import pytest

from experiments.selection.__main__ import main
from experiments.selection.measuring import ALLOWED, OURS, WAYS, Measured, measure_case
from experiments.selection.pool import DISTRACTIONS, WORDINGS, people_assertions
from experiments.selection.report import write_report
from experiments.selection.summary import summarize
from experiments.standin import make_rows
from experiments.worlds import make_world_file, read_labelled
from experiments.worlds.cases import Case
from optimizers.types import Label, Part


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one labelled file of 120 invented rows."""
    folder = tmp_path_factory.mktemp("data")
    with (folder / "invented.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label"])
        for row in make_rows(seed=2, rows=120):
            writer.writerow([row.id, row.input, row.output, int(row.label is Label.PASS)])
    return folder


def test_people_bring_what_matters_and_some_things_that_do_not(data: Path) -> None:
    file = make_world_file(read_labelled(data / "invented.csv"), 0)
    found = people_assertions(file)
    assert len(found) == WORDINGS * (len(file.terms.kinds) + DISTRACTIONS)
    assert len({each.id for each in found}) == len({(each.criterion, each.text) for each in found})
    assert len({each.criterion for each in found}) * WORDINGS == len(found)


def test_every_way_keeps_to_the_budget_and_is_measured_on_the_same_world(data: Path) -> None:
    case = Case(file="invented", seed=0, mechanism="named")
    found = measure_case(data, case)
    file = make_world_file(read_labelled(data / "invented.csv"), 0)
    rows = sum(len(file.snapshot.part(part)) for part in (Part.TRAIN, Part.DEV))
    everything = len(people_assertions(file)) * rows
    assert [each.way for each in found] == list(WAYS)
    assert all(each.calls <= round(ALLOWED * everything) for each in found)
    assert {each.calls for each in found if each.way != OURS} == {everything}
    assert all(-1 <= each.kappa <= 1 and 0 <= each.alignment <= 1 for each in found)


def measured(way: str, file: str, seed: int, kappa: float) -> Measured:
    case = Case(file=file, seed=seed, mechanism="named")
    return Measured(case=case, way=way, alignment=kappa, kappa=kappa, calls=10, calls_per_row=2)


def test_differences_are_paired_by_world() -> None:
    # Ours is 0.1 better in every world, however much the worlds themselves differ.
    found = [
        measured(way, file, seed, base + gain)
        for file, base in (("a", 0.1), ("b", 0.8))
        for seed in (1, 2)
        for way, gain in ((OURS, 0.1), ("other", 0.0))
    ]
    ours, other = summarize(found)
    assert ours.kappa_gain is None
    assert other.kappa_gain is not None
    assert (other.kappa_gain.value, other.kappa_gain.low) == pytest.approx((0.1, 0.1))
    assert other.worse_in == 0


def test_ways_measured_in_different_worlds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different worlds"):
        summarize([measured(OURS, "a", 1, 0.5), measured("other", "b", 1, 0.5)])


def test_the_report_says_that_it_is_simulated_and_holds_every_number(tmp_path: Path) -> None:
    found = [measured(way, "a", seed, 0.5) for seed in (1, 2) for way in (OURS, "other")]
    report = write_report(tmp_path / "out", found).read_text()
    assert "**simulated**" in report
    assert "+0.000 (+0.000 to +0.000)" in report
    plain = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert plain["simulated"] is True
    assert len(plain["measured"]) == 4


def test_the_command_measures_and_reports(data: Path, tmp_path: Path) -> None:
    given = ["--data", str(data), "--out", str(tmp_path), "--files", "invented", "--seeds", "1"]
    assert main([*given, "--mechanisms", "calibration"]).read_text().startswith("# Which set of assertions")
