import csv
import json
from pathlib import Path

import numpy as np
import pytest

from experiments.sampling.__main__ import main
from experiments.sampling.curves import LABELS, Curve, picked
from experiments.sampling.learners import LEARNERS, any_fail_set
from experiments.sampling.pool import AssertionPool, assertion_pool
from experiments.sampling.report import write_report
from experiments.sampling.summary import needed_labels, summarize
from experiments.standin import make_rows
from experiments.worlds import MECHANISMS, make_world_file, read_labelled
from experiments.worlds.cases import Case
from optimizers.sampling import LearningOrder, RandomOrder
from optimizers.types import Label, Verdict


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one labelled file of 300 invented rows."""
    folder = tmp_path_factory.mktemp("data")
    with (folder / "invented.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label"])
        for row in make_rows(seed=2, rows=300):
            writer.writerow([row.id, row.input, row.output, int(row.label is Label.PASS)])
    return folder


@pytest.fixture(scope="module")
def pool(data: Path) -> AssertionPool:
    return assertion_pool(MECHANISMS["named"](make_world_file(read_labelled(data / "invented.csv"), 1)))


def test_every_assertion_judges_every_row_and_no_labelled_row_measures(
    pool: AssertionPool,
) -> None:
    assert set(pool.to_label).isdisjoint(pool.held_out)
    assert {*pool.to_label, *pool.held_out} == pool.labels.keys()
    assert all(said.keys() == pool.labels.keys() for said in pool.outcomes.values())
    assert {name for names in pool.criteria.values() for name in names} == pool.outcomes.keys()


def test_an_assertion_that_matters_fails_more_bad_rows_than_good_ones(
    pool: AssertionPool,
) -> None:
    first = pool.outcomes[next(iter(pool.criteria.values()))[0]]
    shares = {}
    for label in Label:
        of = [first[row] for row, own in pool.labels.items() if own is label]
        shares[label] = np.mean([isinstance(one, Verdict) and one.label is Label.FAIL for one in of])
    assert shares[Label.FAIL] > shares[Label.PASS] + 0.1


@pytest.mark.parametrize("learner", LEARNERS.values(), ids=list(LEARNERS))
def test_more_labels_make_no_worse_a_judge(pool: AssertionPool, learner: object) -> None:
    assert callable(learner)
    assert -0.3 < learner(pool, pool.to_label[:10]) < learner(pool, pool.to_label) + 0.15
    assert learner(pool, pool.to_label) > 0.2


def test_labels_of_one_class_make_no_judge(pool: AssertionPool) -> None:
    passes = [row for row in pool.to_label if pool.labels[row] is Label.PASS]
    assert any_fail_set(pool, passes) == 0
    assert LEARNERS["learned rule"](pool, passes) == 0


def test_rows_are_picked_once_each_and_the_same_again(pool: AssertionPool) -> None:
    first = picked(pool, LearningOrder(), seed=3)
    assert len(set(first)) == len(first) == LABELS[-1]
    assert first == picked(pool, LearningOrder(), seed=3)
    assert picked(pool, RandomOrder(), seed=3) != picked(pool, RandomOrder(), seed=4)


def curve(file: str, sampler: str, kappas: list[float]) -> Curve:
    case = Case(file=file, seed=0, mechanism="named")
    return Curve(case=case, sampler=sampler, learner="rule", kappas=tuple(kappas))


def test_labels_needed_lie_on_the_line_between_two_measurements() -> None:
    rising = np.arange(len(LABELS), dtype=np.float64)
    assert needed_labels(rising, 1.5) == 25  # half-way between 20 and 30 labels
    assert needed_labels(rising, 0.0) == 10
    assert needed_labels(rising, 99) == float("inf")


def test_gains_are_paired_by_world() -> None:
    base = [0.1 * i for i in range(len(LABELS))]
    found = summarize(
        [
            curve("a", "random", base),
            curve("b", "random", [k + 0.4 for k in base]),
            curve("a", "spread", [k + 0.1 for k in base]),
            curve("b", "spread", [k + 0.5 for k in base]),
        ]
    )
    spread = next(line for line in found if line.sampler == "spread")
    assert (spread.gain.value, spread.gain.low, spread.gain.high) == pytest.approx((0.1, 0.1, 0.1))
    assert spread.needed.value == 80  # one step of the grid before 100
    assert spread.worlds == 2


def test_what_never_gets_there_is_said_to_need_more_than_was_measured(tmp_path: Path) -> None:
    base = [0.1 * i for i in range(len(LABELS))]
    path = write_report(tmp_path, [curve("a", "random", base), curve("a", "spread", [0.0] * len(LABELS))])
    assert "over 150 (over 150 to over 150)" in path.read_text(encoding="utf-8")


def test_the_report_says_what_the_default_order_saves_or_that_nothing_is_shown(tmp_path: Path) -> None:
    base = [0.1 * i for i in range(len(LABELS))]
    reference = [curve("a", "random", base), curve("b", "random", base)]
    for own, words in ((0.1, "needs 80 (80 to 80)"), (-0.1, "is not shown to need fewer: 120 (120 to 120)")):
        shifted = [k + own for k in base]
        better = [curve(name, "learning", shifted) for name in ("a", "b")]
        path = write_report(tmp_path, [*reference, *better])
        assert f"at 100 labels `learning` {words}." in path.read_text(encoding="utf-8")
    plain = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert [line["needed"]["value"] for line in plain["lines"]] == [100, 120]
    assert (tmp_path / "kappa_by_labels.png").stat().st_size > 1000


def test_other_worlds_are_not_compared() -> None:
    with pytest.raises(ValueError, match="different worlds"):
        summarize([curve("a", "random", [0.0] * 10), curve("b", "spread", [0.0] * 10)])
    with pytest.raises(ValueError, match="random order has not been measured"):
        summarize([curve("a", "spread", [0.0] * 10)])


def test_the_command_writes_a_report_that_says_simulated(data: Path, tmp_path: Path) -> None:
    options = [
        "--files",
        "invented",
        "--seeds",
        "1",
        "--mechanisms",
        "named",
        "--samplers",
        "random",
        "learning",
    ]
    path = main(["--data", str(data), "--out", str(tmp_path), *options])
    text = path.read_text(encoding="utf-8")
    assert "**simulated**" in text
    assert "| learning |" in text
    plain = json.loads((tmp_path / "curves.json").read_text(encoding="utf-8"))
    assert plain["simulated"] is True
    assert len(plain["curves"]) == 2 * len(LEARNERS)
