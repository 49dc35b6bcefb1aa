"""Sums over small tables, with the arithmetic beside them."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.bench.report import write_report
from experiments.bench.results import Case, Ground, Measured, ResultFolder
from experiments.bench.summary import summarize

TRUTH = {f"r{n}": "fail" if n < 5 else "pass" for n in range(10)}
CASES = [Case(file="one", seed=0, mechanism="named"), Case(file="two", seed=0, mechanism="attention")]


def ground(case: Case, reachable: float | None = 1.0) -> Ground:
    return Ground(
        case=case,
        simulated=True,
        model="openai/simulated",
        truth=TRUTH,
        sizes="4/4/10",
        reachable=reachable,
    )


def found(case: Case, peer: str, wrong: int, budget: int | None = None, calls: int = 100) -> Measured:
    """Kappa on five fails and five passes with as many errors on each side: 1 - 0.4 * `wrong`."""
    flipped = {f"r{n}" for n in range(wrong)} | {f"r{5 + n}" for n in range(wrong)}
    other = {"pass": "fail", "fail": "pass"}
    return Measured(
        case=case,
        peer=peer,
        budget=budget,
        simulated=True,
        calls=calls,
        proposals=3,
        wall_s=2.0,
        cpu_s=1.0,
        verdicts={row: other[label] if row in flipped else label for row, label in TRUTH.items()},
    )


MEASURED = [
    found(CASES[0], "baseline", 2, calls=0),  # kappa 0.2
    found(CASES[1], "baseline", 1, calls=0),  # 0.6
    found(CASES[0], "joint", 0, 400),  # 1.0
    found(CASES[1], "joint", 1, 400),  # 0.6
    found(CASES[0], "simba", 2),  # 0.2
    found(CASES[1], "simba", 2),  # 0.2: below the baseline
]
GROUNDS = {case: ground(case) for case in CASES}


def test_means_and_the_gap_closed_are_those_of_the_sums() -> None:
    lines = {line.entry: line for line in summarize(GROUNDS, MEASURED).lines}
    assert lines["joint@400"].kappa == pytest.approx(0.8)
    # gained 0.8 + 0.0 of a gap of 0.8 + 0.4
    assert lines["joint@400"].gap_closed == pytest.approx(0.8 / 1.2)
    assert lines["baseline"].gap_closed == pytest.approx(0.0)
    assert lines["simba"].gap_closed == pytest.approx(-0.4 / 1.2)
    assert lines["simba"].worse_than_baseline == 1
    assert lines["joint@400"].by_mechanism == {
        "attention": pytest.approx(0.6),
        "named": pytest.approx(1.0),
    }


def test_differences_are_paired_by_case() -> None:
    differences = {d.entry: d for d in summarize(GROUNDS, MEASURED).differences}
    assert set(differences) == {"baseline", "simba"}
    # 0.8 and 0.0 over the baseline: the mean is 0.4, and a bootstrap of two cases spans both
    assert differences["baseline"].value == pytest.approx(0.4)
    assert (differences["baseline"].low, differences["baseline"].high) == pytest.approx((0.0, 0.8))


def test_a_row_without_a_verdict_is_a_third_category() -> None:
    one = found(CASES[0], "joint", 0, 400)
    silent = replace(one, verdicts={**one.verdicts, "r0": None})
    # observed 9/10, by chance (5 * 4 + 5 * 5) / 100 = 0.45
    assert silent.kappa(TRUTH) == pytest.approx((0.9 - 0.45) / 0.55)
    assert silent.confusion(TRUTH).unparseable == 1


def test_a_peer_that_broke_counts_as_zero_and_is_told() -> None:
    broken = replace(found(CASES[0], "simba", 0), verdicts={}, error="ValueError: no")
    line = summarize(GROUNDS, [broken]).lines[0]
    assert line.kappa == 0.0
    assert line.failed == 1


def test_simulated_and_real_results_do_not_mix() -> None:
    real = replace(ground(CASES[1], None), simulated=False)
    with pytest.raises(ValueError, match="must not share a folder"):
        summarize({CASES[0]: ground(CASES[0]), CASES[1]: real}, MEASURED)


def test_results_come_back_as_they_were_written(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    folder.add_ground(ground(CASES[0]))
    folder.add(MEASURED[2])
    assert folder.has(CASES[0], "joint@400")
    assert not folder.has(CASES[0], "joint@800")
    again = ResultFolder(tmp_path)
    assert again.measured() == [MEASURED[2]]
    assert again.grounds() == {CASES[0]: ground(CASES[0])}


def test_everything_in_a_report_says_that_it_is_simulated(tmp_path: Path) -> None:
    folder = ResultFolder(tmp_path)
    for case in CASES:
        folder.add_ground(ground(case))
    for one in MEASURED:
        folder.add(one)
    text = write_report(tmp_path).read_text()
    assert "**simulated**" in text
    assert "| joint | 400 | 0.800 | 67% | 100 |" in text
    assert json.loads((tmp_path / "summary.json").read_text())["simulated"] is True
    verdicts = json.loads((tmp_path / "verdicts.json").read_text())
    assert verdicts["simulated"] is True
    assert verdicts["cases"]["one-named-0"]["people"] == "FFFFFPPPPP"
    assert verdicts["cases"]["one-named-0"]["judges"]["simba"] == "PPFFFFFPPP"
    assert (tmp_path / "kappa_by_calls.png").read_bytes()[:4] == b"\x89PNG"
