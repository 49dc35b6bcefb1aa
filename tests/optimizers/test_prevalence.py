import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from optimizers.errors import CorrectionRefused, InvalidInput, NotEnoughLabels
from optimizers.kappa import Confusion
from optimizers.prevalence import Traffic, corrected_rate

GOOD_JUDGE = Confusion(tp=40, fn=10, fp=5, tn=95)


def test_the_correction_by_hand() -> None:
    # Se = 40/50 = .8, Sp = 95/100 = .95, apparent 200/1000 = .2: (.2 + .95 - 1) / (.8 + .95 - 1) = .2
    found = corrected_rate(GOOD_JUDGE, Traffic(failed=200, passed=800))
    assert found.fail_rate.value == pytest.approx(0.2)
    assert found.pass_rate.value == pytest.approx(0.8)
    assert found.separation.value == pytest.approx(0.75)
    assert not found.clipped
    assert found.warnings == ()


def test_the_interval_by_hand() -> None:
    # Lang and Reiczigel with z = 1.96, n = 1003.84, p = 201.92/1003.84 = .20115, se = 41/52, sp = 96/102:
    # rate = .14232/.72964 = .19505; variances p(1-p)/n = 1.6007e-4, se 3.2071e-3, sp 5.4280e-4;
    # error = sqrt(1.6007e-4 + .03805 * 3.2071e-3 + .64794 * 5.4280e-4) / .72964 = .03450;
    # shift = 2 * 3.8415 * (.19505 * 3.2071e-3 - .80495 * 5.4280e-4) = .00145
    found = corrected_rate(GOOD_JUDGE, Traffic(failed=200, passed=800)).fail_rate
    assert found.low == pytest.approx(0.19505 + 0.00145 - 1.96 * 0.03450, abs=3e-4)
    assert found.high == pytest.approx(0.19505 + 0.00145 + 1.96 * 0.03450, abs=3e-4)


def test_a_published_interval_is_reproduced() -> None:
    # asht::prevSeSp for 54 fails of 167, with 12 of 17 bad rows failed and 21 of 23 good ones passed.
    found = corrected_rate(Confusion(tp=12, fn=5, fp=2, tn=21), Traffic(failed=54, passed=113)).fail_rate
    assert found.value == pytest.approx(0.382, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((0.146, 0.612), abs=5e-4)


def test_both_samples_widen_the_interval() -> None:
    def width(labelled: Confusion, traffic: Traffic) -> float:
        found = corrected_rate(labelled, traffic).fail_rate
        assert found.low is not None
        assert found.high is not None
        return found.high - found.low

    large = Confusion(tp=4000, fn=1000, fp=500, tn=9500)
    little_traffic, much_traffic = Traffic(failed=20, passed=80), Traffic(failed=20_000, passed=80_000)
    assert width(GOOD_JUDGE, much_traffic) > 2 * width(large, much_traffic)
    assert width(large, little_traffic) > 2 * width(large, much_traffic)


def test_a_judge_no_better_than_chance_is_refused_with_its_numbers() -> None:
    with pytest.raises(CorrectionRefused, match=r"0\.400 \(of 10 bad rows\) \+ 0\.600 \(of 20") as refusal:
        corrected_rate(Confusion(tp=4, fn=6, fp=8, tn=12), Traffic(failed=5, passed=5))
    assert (refusal.value.sensitivity, refusal.value.specificity) == (0.4, 0.6)
    assert (refusal.value.bad, refusal.value.good) == (10, 20)


def test_a_judge_that_may_be_no_better_than_chance_comes_with_a_warning() -> None:
    found = corrected_rate(Confusion(tp=6, fn=4, fp=8, tn=12), Traffic(failed=50, passed=50))
    assert any("do not exclude" in warning for warning in found.warnings)


def test_a_rate_outside_0_to_1_is_cut_and_said() -> None:
    found = corrected_rate(GOOD_JUDGE, Traffic(failed=10, passed=990))
    assert found.fail_rate.value == 0
    assert found.clipped
    assert found.unclipped == pytest.approx((0.01 - 0.05) / 0.75)
    assert any("cut to [0, 1]" in warning for warning in found.warnings)


def test_rows_without_a_verdict_count_as_not_failed_in_both_samples() -> None:
    # Of the bad rows 40/60 are failed, 10 of them unanswered; traffic of that kind: 10 % bad.
    labelled = Confusion(tp=40, fn=10, unparseable_bad=10, tn=90, unparseable_good=10)
    found = corrected_rate(labelled, Traffic(failed=40, passed=460, unanswered=100))
    assert found.sensitivity.value == pytest.approx(40 / 60)
    assert found.specificity.value == 1
    assert found.fail_rate.value == pytest.approx((40 / 600) / (40 / 60))
    assert found.unanswered == 100


def test_traffic_that_the_judge_dodges_more_often_than_labelled_rows_is_told() -> None:
    found = corrected_rate(GOOD_JUDGE, Traffic(failed=100, passed=500, unanswered=400))
    assert any("treats the two samples differently" in warning for warning in found.warnings)


def test_what_is_missing_is_named() -> None:
    with pytest.raises(NotEnoughLabels) as refusal:
        corrected_rate(Confusion(fp=1, tn=9), Traffic(failed=1, passed=1))
    assert refusal.value.missing == {"fail": 1}
    with pytest.raises(InvalidInput, match="at least one row"):
        corrected_rate(GOOD_JUDGE, Traffic(failed=0, passed=0))
    with pytest.raises(InvalidInput, match=r"traffic\.passed must be 0 or more, got -1"):
        Traffic(failed=0, passed=-1)


def test_so_few_labels_that_nothing_is_excluded_give_the_whole_range() -> None:
    found = corrected_rate(Confusion(tp=1, fp=99, tn=1), Traffic(failed=50, passed=50)).fail_rate
    assert (found.low, found.high) == (0, 1)


counts = st.integers(0, 60)


@settings(deadline=None)
@given(counts, counts, counts, counts, counts, counts)
def test_the_estimate_lies_in_its_interval_and_the_rates_add_up(
    tp: int, fn: int, fp: int, tn: int, failed: int, passed: int
) -> None:
    assume(tp * (fp + tn) > fp * (tp + fn) and failed + passed > 0 and fp + tn > 0)
    found = corrected_rate(Confusion(tp=tp, fn=fn, fp=fp, tn=tn), Traffic(failed=failed, passed=passed))
    fail, ok = found.fail_rate, found.pass_rate
    assert fail.low is not None
    assert fail.value is not None
    assert fail.high is not None
    assert ok.value is not None
    assert 0 <= fail.low <= fail.value <= fail.high <= 1
    assert fail.value + ok.value == pytest.approx(1)
    assert (ok.low, ok.high) == (1 - fail.high, 1 - fail.low)


@pytest.mark.parametrize("rate", [0.02, 0.1, 0.5])
@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.6, 0.7), (0.8, 0.95), (0.95, 0.99)])
@pytest.mark.parametrize("labels", [20, 100])
def test_the_interval_covers_the_true_rate(
    rate: float, sensitivity: float, specificity: float, labels: int
) -> None:
    rng = np.random.default_rng(11)
    covered = tried = 0
    for _ in range(400):
        tp, tn = rng.binomial(labels, [sensitivity, specificity])
        failed = rng.binomial(300, rate * sensitivity + (1 - rate) * (1 - specificity))
        if tp + tn <= labels:
            continue
        judge = Confusion(tp=int(tp), fn=labels - int(tp), fp=labels - int(tn), tn=int(tn))
        found = corrected_rate(judge, Traffic(failed=int(failed), passed=300 - int(failed))).fail_rate
        assert found.low is not None
        assert found.high is not None
        tried += 1
        covered += found.low <= rate <= found.high
    # Nominal is .95; with 400 draws a true .95 stays above .92 with probability .998.
    assert covered / tried >= 0.92
