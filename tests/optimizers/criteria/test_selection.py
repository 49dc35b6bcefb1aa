from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from optimizers.criteria.best_kappa import best_kappa
from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.matrix import AssertionMatrix, matrix_of
from optimizers.criteria.measures import alignment, measures
from optimizers.criteria.rules import SelectionRule
from optimizers.criteria.selection import SelectionRequest, select
from optimizers.criteria.spade import observed_subsumption, spade_coverage, spade_subsumption
from optimizers.errors import InvalidInput, SelectionInfeasible
from optimizers.kappa import Confusion, cohen_kappa
from optimizers.types import Evaluation, Failure, FailureKind, Label, Verdict
from tests.optimizers.criteria.matrices import SEEDS, drawn, every_set, matrix

# A pipeline that writes product descriptions, judged on ten of them: five bad (too long, no price, rude,
# too long and no price, invented a discount), five good. `strict` fails all bad ones and four good ones.
PRODUCTS = matrix(
    "bbbbbggggg",
    length="x..x......",
    price=".x.x.x....",
    tone="..x.......",
    long_or_pricey="xx.x.x....",
    facts="....x.xx..",
    strict="xxxxxxxxx.",
)


def test_the_published_style_example_has_its_known_optimum() -> None:
    # Coverage 0.8 takes four of five bad rows; F 0.2 allows one of five good ones. No single assertion
    # does (long_or_pricey catches 3/5); length, price and tone do, and so do long_or_pricey and tone.
    assert spade_coverage(PRODUCTS, alpha=0.8, tau=0.2) == ("tone", "long_or_pricey")
    # All five bad rows take `strict` alone (F 4/5), or three with `facts` (F 3/5).
    assert spade_coverage(PRODUCTS, alpha=1.0, tau=0.8) == ("strict",)
    assert spade_coverage(PRODUCTS, alpha=1.0, tau=0.6) == ("tone", "long_or_pricey", "facts")


def test_subsumption_keeps_what_no_chosen_assertion_stands_for() -> None:
    pairs = [("long_or_pricey", "length"), ("long_or_pricey", "price"), ("strict", "facts")]
    # Chosen tone and long_or_pricey (2) lose facts and strict (2): 4. With facts instead of its loss the
    # count is the same, but F would be 3/5.
    found = spade_subsumption(PRODUCTS, alpha=0.8, tau=0.2, subsumes=pairs)
    assert found == ("tone", "long_or_pricey")
    # Without any pair each lost one counts as much as each chosen one: the most coverage decides.
    alone = spade_subsumption(PRODUCTS, alpha=0.4, tau=0.2, subsumes=[])
    assert measures(PRODUCTS.confusion(alone)).coverage == 0.8


def test_the_best_kappa_of_the_example_is_known() -> None:
    # tone + long_or_pricey: tp 4, fp 1, fn 1, tn 4: (0.8 - 0.5) / 0.5 = 0.6. Adding length or price
    # changes nothing but the price. Exchanging long_or_pricey for length (tp 3, fp 0): 0.6 as well, so
    # with price (tp 4, fp 1) there is no gain; facts costs more than it catches.
    chosen = best_kappa(PRODUCTS, price=0.01)
    assert cohen_kappa(PRODUCTS.confusion(chosen)) == pytest.approx(0.6)
    assert len(chosen) == 2
    assert best_kappa(PRODUCTS, price=0.5) == ()
    dear = {"tone": 0.2}
    assert "tone" not in best_kappa(PRODUCTS, prices=dear, price=0.001)


def test_what_cannot_be_met_is_named_with_what_can_be_had() -> None:
    with pytest.raises(SelectionInfeasible, match=r"of at least 0\.6") as strict:
        spade_coverage(PRODUCTS, alpha=1.0, tau=0.2)
    assert (strict.value.bound, strict.value.reachable) == ("false_failure_rate", 0.6)
    without = matrix("bbg", one="x..", other="x.x")
    with pytest.raises(SelectionInfeasible, match=r"reaches at most 0\.5") as low:
        spade_coverage(without, alpha=0.9, tau=0.5)
    assert (low.value.bound, low.value.reachable) == ("coverage", 0.5)


def test_evalgen_takes_the_most_coverage_within_the_threshold() -> None:
    criteria = {
        "format": ["length", "price", "long_or_pricey"],
        "facts": ["facts", "strict"],
        "tone": ["tone"],
    }
    # format: long_or_pricey catches 3/5 with F 1/5. facts has F 2/5 and strict 4/5: neither keeps to 0.25.
    assert evalgen(PRODUCTS, criteria, tau=0.25) == ("long_or_pricey", "tone")
    assert evalgen(PRODUCTS, criteria, tau=0.0) == ("length", "tone")
    assert evalgen(PRODUCTS, criteria, tau=1.0) == ("strict", "long_or_pricey", "tone")


def test_evalgen_breaks_ties_by_false_failures_then_price_then_id() -> None:
    tied = matrix("bbgg", c="x...", a="x...", b=".xx.")
    assert evalgen(tied, {"one": ["b", "c"]}, tau=1.0) == ("c",)
    assert evalgen(tied, {"one": ["c", "a"]}, tau=1.0) == ("a",)
    assert evalgen(tied, {"one": ["c", "a"]}, tau=1.0, prices={"a": 0.1}) == ("c",)
    assert evalgen(tied, {"one": []}, tau=1.0) == ()


def test_alignment_is_the_harmonic_mean_of_coverage_and_spared_good_outputs() -> None:
    assert alignment(0.5, 0.25) == pytest.approx(2 * 0.5 * 0.75 / 1.25)
    assert alignment(0.0, 1.0) == 0.0
    assert alignment(None, 0.1) is None
    whole = measures(Confusion(tp=3, fn=1, fp=1, tn=3))
    assert (whole.coverage, whole.false_failure_rate, whole.alignment) == (0.75, 0.25, 0.75)


# --- against brute force ------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_spade_coverage_is_optimal(seed: int) -> None:
    m, (alpha, tau) = drawn(seed), _bounds(seed)
    best = _least(m, alpha, tau, every_set(m).members.sum(axis=1))
    if best is None:
        with pytest.raises(SelectionInfeasible):
            spade_coverage(m, alpha=alpha, tau=tau)
        return
    found = spade_coverage(m, alpha=alpha, tau=tau)
    assert (len(found), *_missed(m, found)) == best


@pytest.mark.parametrize("seed", SEEDS)
def test_spade_subsumption_is_optimal(seed: int) -> None:
    m, (alpha, tau) = drawn(seed), _bounds(seed)
    rng, count = np.random.default_rng(seed + 1), len(m.assertions)
    subsumes = (rng.random((count, count)) < 0.2) | np.eye(count, dtype=bool)
    pairs = [(m.assertions[a], m.assertions[b]) for a, b in np.argwhere(subsumes) if a != b]

    def weight(members: NDArray[np.bool_]) -> NDArray[np.int64]:
        kept = (members.astype(int) @ subsumes.astype(int)) > 0
        total: NDArray[np.int64] = members.sum(axis=-1) + count - kept.sum(axis=-1)
        return total

    best = _least(m, alpha, tau, weight(every_set(m).members))
    if best is None:
        with pytest.raises(SelectionInfeasible):
            spade_subsumption(m, alpha=alpha, tau=tau, subsumes=pairs)
        return
    found = spade_subsumption(m, alpha=alpha, tau=tau, subsumes=pairs)
    chosen = np.isin(m.assertions, found)
    assert (int(weight(chosen)), *_missed(m, found)) == best


@pytest.mark.parametrize("seed", SEEDS)
def test_the_best_kappa_is_optimal(seed: int) -> None:
    m, rng = drawn(seed), np.random.default_rng(seed + 2)
    prices = rng.uniform(0, 0.1, len(m.assertions)).round(6)
    sets, n, b, g = every_set(m), len(m.rows), m.n_bad, m.n_good
    # By the definition: observed agreement, and agreement by chance, over three categories.
    failed = sets.tp + sets.fp
    passed = n - failed - sets.unknown_bad - sets.unknown_good
    observed = (sets.tp + g - sets.fp - sets.unknown_good) / n
    chance = (b * failed + g * passed) / n**2
    worth = (observed - chance) / (1 - chance) - sets.members @ prices

    found = best_kappa(m, prices=dict(zip(m.assertions, prices.tolist(), strict=True)))
    number = int(np.isin(m.assertions, found) @ 2 ** np.arange(len(prices)))
    assert worth[number] == pytest.approx(worth.max(), abs=1e-9)


def _bounds(seed: int) -> tuple[float, float]:
    rng = np.random.default_rng(seed + 3)
    return round(float(rng.uniform(0.2, 1)), 2), round(float(rng.uniform(0, 0.5)), 2)


def _least(
    m: AssertionMatrix, alpha: float, tau: float, weight: NDArray[np.int64]
) -> tuple[int, int, int] | None:
    """The least weight of a set within the bounds; of those the least missed, then the least failed."""
    sets = every_set(m)
    fits = (sets.tp >= alpha * m.n_bad - 1e-9) & (sets.fp <= tau * m.n_good + 1e-9)
    keys = zip(weight[fits].tolist(), (-sets.tp[fits]).tolist(), sets.fp[fits].tolist(), strict=True)
    return min(keys, default=None)


def _missed(m: AssertionMatrix, chosen: tuple[str, ...]) -> tuple[int, int]:
    c = m.confusion(chosen)
    return -c.tp, c.fp


# --- laws ---------------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.data())
def test_another_assertion_never_lowers_coverage_nor_false_failures(seed: int, data: st.DataObject) -> None:
    m = drawn(seed)
    chosen = data.draw(st.lists(st.sampled_from(m.assertions), unique=True))
    another = data.draw(st.sampled_from(m.assertions))
    before, after = m.confusion(chosen), m.confusion([*chosen, another])
    assert after.tp >= before.tp
    assert after.fp >= before.fp


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.randoms())
def test_no_measure_depends_on_the_order_of_rows_or_members(seed: int, random: Random) -> None:
    m = drawn(seed)
    order = list(range(len(m.rows)))
    random.shuffle(order)
    turned = AssertionMatrix(
        assertions=m.assertions,
        rows=tuple(m.rows[i] for i in order),
        fails=m.fails[:, order],
        unknown=m.unknown[:, order],
        bad=m.bad[order],
    )
    assert turned.confusion(reversed(m.assertions)) == m.confusion(m.assertions)
    assert best_kappa(turned) == best_kappa(m)


@given(st.integers(0, 10_000))
def test_the_counts_of_a_set_are_those_of_its_verdicts(seed: int) -> None:
    m = drawn(seed)
    judged = m.judged(m.assertions[:3])
    c = m.confusion(m.assertions[:3])
    bad = [label for label, is_bad in zip(judged, m.bad, strict=True) if is_bad]
    assert (c.tp, c.fn, c.unparseable_bad) == tuple(bad.count(x) for x in (Label.FAIL, Label.PASS, None))
    assert c.n == len(m.rows)


def test_what_rows_show_of_subsumption() -> None:
    seen = matrix("bbbg", wide="xxx.", narrow="xx..", rare="x...", other="..xx")
    assert observed_subsumption(seen) == {("wide", "narrow")}
    assert ("wide", "rare") in observed_subsumption(seen, least=1)


# --- one door -----------------------------------------------------------------------------------------


def test_selection_and_report_never_share_rows() -> None:
    with pytest.raises(InvalidInput, match="'row 3' in both"):
        select(PRODUCTS, SelectionRequest(), selection_rows=PRODUCTS.rows[:4], report_rows=PRODUCTS.rows[3:])


@pytest.mark.parametrize("rule", SelectionRule)
def test_a_set_is_chosen_by_the_labels_of_the_selection_rows_alone(rule: SelectionRule) -> None:
    m = drawn(7, unknown=False)
    chosen_on, reported_on = m.rows[::2], m.rows[1::2]
    request = SelectionRequest(rule=rule, alpha=0.1, tau=0.9, criteria={"all": m.assertions})
    first = select(m, request, selection_rows=chosen_on, report_rows=reported_on)
    lied = AssertionMatrix(
        assertions=m.assertions,
        rows=m.rows,
        fails=m.fails,
        unknown=m.unknown,
        bad=np.array([b != (row in reported_on) for row, b in zip(m.rows, m.bad, strict=True)]),
    )
    second = select(lied, request, selection_rows=chosen_on, report_rows=reported_on)
    assert second.assertions == first.assertions
    assert second.selection == first.selection
    assert second.report != first.report
    assert first.report is not None
    assert first.report.confusion.n == len(reported_on)


def test_without_report_rows_there_is_no_report() -> None:
    found = select(PRODUCTS, SelectionRequest(), selection_rows=PRODUCTS.rows, report_rows=())
    assert found.report is None


def test_the_matrix_of_evaluations_is_in_order_of_ids() -> None:
    good, bad = Verdict(label=Label.PASS), Verdict(label=Label.FAIL)
    broken = Failure(kind=FailureKind.CHECK, message="no value")
    found = matrix_of(
        {
            "two": Evaluation(candidate_id="two", outcomes={"r2": bad, "r1": broken}),
            "one": Evaluation(candidate_id="one", outcomes={"r1": good}),
        },
        {"r2": Label.FAIL, "r1": Label.PASS},
    )
    assert (found.assertions, found.rows) == (("one", "two"), ("r1", "r2"))
    assert found.fails.tolist() == [[False, False], [False, True]]
    assert found.unknown.tolist() == [[False, True], [True, False]]
    assert found.judged(["two"]) == (None, Label.FAIL)


def test_a_matrix_that_contradicts_itself_is_refused() -> None:
    with pytest.raises(InvalidInput, match="twice"):
        AssertionMatrix(
            assertions=("a", "a"),
            rows=("r",),
            fails=np.zeros((2, 1), dtype=bool),
            unknown=np.zeros((2, 1), dtype=bool),
            bad=np.zeros(1, dtype=bool),
        )
    with pytest.raises(InvalidInput, match="both labels"):
        best_kappa(matrix("bb", a="x."))
    with pytest.raises(InvalidInput, match="price of a"):
        best_kappa(matrix("bg", a="x."), prices={"a": -1})
