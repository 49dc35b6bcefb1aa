import numpy as np
import pytest

from optimizers.errors import InvalidInput
from optimizers.intervals import agreement
from optimizers.monitor import MonitorStatus, TrafficSample, measured_bound, monitor
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL


def drawn(
    rng: np.random.Generator, rows: int, sensitivity: float, specificity: float, name: str = "week"
) -> TrafficSample:
    bad = rng.random(rows) < 0.4
    failed = np.where(bad, rng.random(rows) < sensitivity, rng.random(rows) >= specificity)
    return TrafficSample(
        name=name,
        truth=tuple(F if one else P for one in bad),
        judged=tuple(F if one else P for one in failed),
        groups=tuple(f"{name}-{i}" for i in range(rows)),
    )


def test_the_evidence_of_one_pair_by_hand() -> None:
    # Rows (F, F) and (P, F); bound .5. Agreement (1 + 0) / 2; by chance (label 1 = verdict 2: 1, label 2 =
    # verdict 1: 0) / 2 = .5. X = .5 - .5 - .5 * .5 = -.25; stakes 2 * (.1, .2, .35, .5, .7), so the bets are
    # 1 + .5 * (.1, .2, .35, .5, .7) and their mean 1.185. Started with weight 1/2: .5 * 1.185 + .5 = 1.0925.
    sample = TrafficSample(name="one", truth=(F, P), judged=(F, F), groups=("a", "b"))
    assert monitor([sample], 0.5).evidence == pytest.approx(1.0925)


def test_a_judge_that_agrees_with_nobody_has_fallen() -> None:
    rng = np.random.default_rng(1)
    good = [drawn(rng, 40, 0.9, 0.95, f"week {i}") for i in range(4)]
    bad = [drawn(rng, 40, 0.4, 0.6, f"week {i}") for i in range(4, 8)]
    assert monitor(good, 0.6).status is MonitorStatus.OK
    found = monitor([*good, *bad], 0.6)
    assert found.status is MonitorStatus.FALLEN
    assert found.fallen_at in {"week 4", "week 5", "week 6"}
    assert found.evidence >= found.alarm_at
    assert [look.name for look in found.looks] == [f"week {i}" for i in range(8)]


def test_an_alarm_stays() -> None:
    rng = np.random.default_rng(1)
    bad = [drawn(rng, 60, 0.3, 0.5, f"bad {i}") for i in range(3)]
    good = [drawn(rng, 60, 0.99, 0.99, f"good {i}") for i in range(6)]
    found = monitor([*bad, *good], 0.6)
    assert found.status is MonitorStatus.FALLEN
    assert found.looks[-1].evidence < found.alarm_at


def test_few_labels_say_so() -> None:
    rng = np.random.default_rng(0)
    assert monitor([drawn(rng, 19, 0.9, 0.95)], 0.6).status is MonitorStatus.TOO_FEW
    assert monitor([], 0.6).status is MonitorStatus.TOO_FEW


def test_a_judge_that_gives_no_verdict_any_more_has_fallen() -> None:
    dead = TrafficSample(
        name="dead", truth=(F, P) * 20, judged=(None,) * 40, groups=tuple(str(i) for i in range(40))
    )
    assert monitor([dead], 0.5).status is MonitorStatus.FALLEN


def test_copies_of_a_row_are_no_further_evidence() -> None:
    once = TrafficSample(name="a", truth=(F, P, F, P), judged=(P, F, P, P), groups=("1", "2", "3", "4"))
    often = TrafficSample(name="a", truth=once.truth * 9, judged=once.judged * 9, groups=once.groups * 9)
    assert monitor([often], 0.5).evidence == pytest.approx(monitor([once], 0.5).evidence)


@pytest.mark.parametrize("sensitivity", [0.75, 0.95])
def test_a_judge_at_its_bound_seldom_gives_a_false_alarm(sensitivity: float) -> None:
    # Base rate .4; kappa by arithmetic from the cells' probabilities. Each watch looks ten times.
    specificity = 0.9
    failed = 0.4 * sensitivity + 0.6 * (1 - specificity)
    agreed = 0.4 * sensitivity + 0.6 * specificity
    by_chance = 0.4 * failed + 0.6 * (1 - failed)
    kappa = (agreed - by_chance) / (1 - by_chance)
    rng = np.random.default_rng(3)
    alarms = 0
    for _ in range(120):
        weeks = [drawn(rng, 20, sensitivity, specificity, str(i)) for i in range(10)]
        alarms += monitor(weeks, kappa, alpha=0.1, draws=2).status is MonitorStatus.FALLEN
    # The chance is at most .1 each; 120 draws of .1 exceed 20 with probability .01.
    assert alarms <= 20


def test_the_bound_is_the_lower_limit_of_what_was_measured() -> None:
    rng = np.random.default_rng(0)
    sample = drawn(rng, 200, 0.85, 0.9)
    measured = agreement(sample.truth, sample.judged, sample.groups, rng=rng)
    low = measured.kappa.low
    assert low is not None
    assert low - 0.02 < measured_bound(measured) <= low


def test_a_perfect_measurement_leaves_room_for_an_error() -> None:
    labels, groups = [F, P] * 20, [str(i) for i in range(40)]
    measured = agreement(labels, labels, groups, rng=np.random.default_rng(0))
    assert measured.kappa.low == 1
    # Wilson's lower limit of 40 of 40 is 1 / (1 + 3.8415 / 40) = .9124; (.9124 - .5) / .5
    assert measured_bound(measured) == pytest.approx((0.9124 - 0.5) / 0.5, abs=2e-4)


def test_there_is_no_bound_for_a_judge_that_was_no_better_than_chance() -> None:
    labels, groups = [F, P] * 20, [str(i) for i in range(40)]
    measured = agreement(labels, [F, F, P, P] * 10, groups, rng=np.random.default_rng(0))
    with pytest.raises(InvalidInput, match="lower limit above 0"):
        measured_bound(measured)


def test_values_out_of_range_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"bound must be in \(0, 1\), got 1"):
        monitor([], 1)
    with pytest.raises(InvalidInput, match="one length"):
        TrafficSample(name="a", truth=(F,), judged=(), groups=())
