import tracemalloc
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.intervals import (
    Estimate,
    agreement,
    agreement_of_groups,
    bootstrap_kappa,
    paired_gain,
    paired_gain_of_groups,
    selection_corrected,
)
from optimizers.kappa import Confusion, cohen_kappa, confusion
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def noisy(truth: Sequence[Label], error: float, rng: np.random.Generator) -> list[Label]:
    other = {P: F, F: P}
    return [other[label] if rng.random() < error else label for label in truth]


def balanced(n: int) -> list[Label]:
    return [P, F] * (n // 2)


def singles(n: int) -> list[str]:
    return [f"g{i}" for i in range(n)]


def test_the_interval_holds_the_value_and_narrows_with_rows() -> None:
    def width(n: int) -> float:
        found = bootstrap_kappa(
            balanced(n), noisy(balanced(n), 0.2, generator()), singles(n), rng=generator()
        )
        assert found.value is not None
        assert found.low is not None
        assert found.high is not None
        assert found.low < found.value < found.high
        return found.high - found.low

    assert width(1600) < 0.6 * width(200)


def test_the_interval_covers_the_true_kappa_about_95_times_in_100() -> None:
    # A judge that errs on 20 % of balanced rows has an expected kappa of .6.
    truth, rng = balanced(150), generator(1)
    found = [
        bootstrap_kappa(truth, noisy(truth, 0.2, rng), singles(150), rng=rng, draws=400) for _ in range(300)
    ]
    covered = sum(covers(one, 0.6) for one in found) / len(found)
    assert 0.90 <= covered <= 0.98


def covers(found: Estimate, value: float) -> bool:
    return found.low is not None and found.high is not None and found.low <= value <= found.high


def test_rows_of_one_group_are_not_independent_evidence() -> None:
    truth, judged = balanced(200), noisy(balanced(200), 0.2, generator())
    alone = bootstrap_kappa(truth, judged, singles(200), rng=generator())
    copied = bootstrap_kappa(truth * 5, judged * 5, singles(200) * 5, rng=generator())
    assert copied.low == pytest.approx(alone.low, abs=0.02)
    assert copied.high == pytest.approx(alone.high, abs=0.02)


def test_an_undefined_kappa_says_why() -> None:
    found = bootstrap_kappa([P, P], [P, P], ["a", "b"], rng=generator())
    assert found == Estimate(
        value=None, low=None, high=None, n=2, undefined="all rows are labelled pass and judged the same"
    )
    assert bootstrap_kappa([], [], [], rng=generator()).undefined == "no rows"


def test_a_clear_gain_has_an_interval_above_zero_and_a_small_p() -> None:
    truth, rng = balanced(200), generator(2)
    found = paired_gain(truth, noisy(truth, 0.4, rng), noisy(truth, 0.05, rng), singles(200), rng=rng)
    assert found.low is not None
    assert found.p_value is not None
    assert found.low > 0
    assert found.p_value < 0.01


def test_equal_judges_gain_nothing() -> None:
    truth = balanced(100)
    judged = noisy(truth, 0.3, generator())
    found = paired_gain(truth, judged, judged, singles(100), rng=generator())
    assert (found.value, found.low, found.high, found.p_value) == (0, 0, 0, 1)


def test_judges_that_are_equally_good_are_seldom_told_apart() -> None:
    truth, rng = balanced(120), generator(3)
    found = [
        paired_gain(truth, noisy(truth, 0.25, rng), noisy(truth, 0.25, rng), singles(120), rng=rng, draws=400)
        for _ in range(300)
    ]
    assert sum(one.low is not None and one.low > 0 for one in found) / 300 <= 0.05
    assert 0.02 <= sum(one.p_value is not None and one.p_value <= 0.05 for one in found) / 300 <= 0.09


def test_the_same_seed_gives_the_same_numbers() -> None:
    truth = balanced(80)
    judged = noisy(truth, 0.3, generator())
    first, second = (agreement(truth, judged, singles(80), rng=generator(7)) for _ in range(2))
    assert first == second


def test_the_best_of_many_useless_judges_is_worth_nothing() -> None:
    truth, rng = balanced(100), generator(4)
    coins = {f"c{i:02}": noisy(truth, 0.5, rng) for i in range(40)}
    naive = max(
        agreement(truth, j, singles(100), rng=generator(), draws=10).kappa.value or 0 for j in coins.values()
    )
    honest = selection_corrected(truth, coins, singles(100), rng=generator())
    assert naive > 0.15
    assert honest.value is not None
    assert honest.value < 0.6 * naive
    assert honest.low is not None
    assert honest.low <= 0


def test_the_correction_leaves_a_judge_that_stands_alone_as_it_is() -> None:
    truth = balanced(200)
    judged = noisy(truth, 0.1, generator(5))
    measured = bootstrap_kappa(truth, judged, singles(200), rng=generator())
    honest = selection_corrected(truth, {"only": judged}, singles(200), rng=generator())
    assert honest.value == pytest.approx(measured.value, abs=0.02)


def test_unanswered_rows_lower_kappa_and_are_counted() -> None:
    truth: list[Label] = balanced(40)
    judged: list[Label | None] = [*truth[:30], *[None] * 10]
    found = agreement(truth, judged, singles(40), rng=generator())
    assert found.unparseable == 10
    assert found.answered_kappa == 1
    assert found.kappa.value is not None
    assert found.kappa.value < 0.8


def test_memory_is_bounded_however_many_groups_there_are() -> None:
    truth, groups = balanced(40_000), singles(40_000)
    judged = noisy(truth, 0.2, generator(1))
    tracemalloc.start()
    try:
        selection_corrected(truth, {"a": judged}, groups, rng=generator(), draws=300)
        paired_gain(truth, judged, judged, groups, rng=generator(), draws=300)
        peak_mb = tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
    assert peak_mb < 200  # a block takes about 100; all draws at once would take 300


def test_groups_in_any_order_give_the_agreement_of_their_rows() -> None:
    truth = balanced(300)
    judged = [*noisy(truth[:290], 0.2, generator()), *[None] * 10]
    names = [f"g{row // 3}" for row in range(300)]
    tables = [confusion(truth[row : row + 3], judged[row : row + 3]) for row in range(0, 300, 3)]
    by_rows = agreement(truth, judged, names, rng=generator())
    by_groups = agreement_of_groups(tables, rng=generator())
    assert agreement_of_groups(reversed(tables), rng=generator()) == by_groups
    assert (by_groups.confusion, by_groups.matthews, by_groups.n) == (
        by_rows.confusion,
        by_rows.matthews,
        300,
    )
    assert by_groups.kappa.value == by_rows.kappa.value
    # The draws differ, their distribution does not.
    assert by_groups.kappa.low == pytest.approx(by_rows.kappa.low, abs=0.02)
    assert by_groups.kappa.high == pytest.approx(by_rows.kappa.high, abs=0.02)


def test_groups_without_agreement_say_why() -> None:
    found = agreement_of_groups([Confusion(tn=2), Confusion(tn=1)], rng=generator())
    assert found.kappa.undefined == "all rows are labelled pass and judged the same"
    assert agreement_of_groups([], rng=generator()).kappa.undefined == "no rows"


def test_groups_in_any_order_give_the_gain_of_their_rows() -> None:
    truth, rng = balanced(300), generator(3)
    before, after = noisy(truth, 0.3, rng), noisy(truth, 0.2, rng)
    names = [f"g{row // 3}" for row in range(300)]
    pairs = [
        (confusion(truth[r : r + 3], before[r : r + 3]), confusion(truth[r : r + 3], after[r : r + 3]))
        for r in range(0, 300, 3)
    ]
    by_rows = paired_gain(truth, before, after, names, rng=generator())
    by_groups = paired_gain_of_groups(pairs, rng=generator())
    assert paired_gain_of_groups(reversed(pairs), rng=generator()) == by_groups
    assert by_groups.value == by_rows.value
    # The draws differ, their distribution does not.
    assert by_groups.low == pytest.approx(by_rows.low, abs=0.03)
    assert by_groups.high == pytest.approx(by_rows.high, abs=0.03)
    assert by_groups.p_value == pytest.approx(by_rows.p_value, abs=0.03)


def test_a_judge_gains_nothing_over_itself() -> None:
    table = Confusion(tp=3, fp=1, fn=1, tn=5)
    found = paired_gain_of_groups([(table, table)] * 9, rng=generator())
    assert (found.value, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)


def test_a_gain_without_groups_says_why() -> None:
    assert paired_gain_of_groups([], rng=generator()).undefined == "no rows"


# --- many judges at once, against the plain formula ---------------------------------------------------------


def plain_selection(
    truth: Sequence[Label], judged: dict[str, list[Label | None]], groups: Sequence[str], draws: int
) -> list[float]:
    """Each draw by itself, row by row: the winner on the drawn groups, measured on the others."""
    names, rng = sorted(set(groups)), generator()
    found = []
    for times in rng.multinomial(len(names), [1 / len(names)] * len(names), size=draws):
        drawn = dict(zip(names, times, strict=True))
        best, best_kappa = None, -np.inf
        for name in sorted(judged):
            rows = [
                (t, j)
                for t, j, group in zip(truth, judged[name], groups, strict=True)
                for _ in range(int(drawn[group]))
            ]
            kappa = cohen_kappa(confusion([t for t, _ in rows], [j for _, j in rows]))
            if best is None or (kappa is not None and kappa > best_kappa + 1e-12):
                best, best_kappa = name, -np.inf if kappa is None else kappa
        assert best is not None
        rows = [(t, j) for t, j, group in zip(truth, judged[best], groups, strict=True) if drawn[group] == 0]
        kappa = cohen_kappa(confusion([t for t, _ in rows], [j for _, j in rows]))
        if kappa is not None:
            found.append(kappa)
    return found


LABELS = st.sampled_from([P, F])
VERDICTS = st.sampled_from([P, F, None])


@st.composite
def matrices(draw: st.DrawFn) -> tuple[list[Label], dict[str, list[Label | None]], list[str]]:
    rows = draw(st.integers(4, 14))
    truth = draw(st.lists(LABELS, min_size=rows, max_size=rows))
    groups = draw(st.lists(st.sampled_from("abcdef"), min_size=rows, max_size=rows))
    judged = st.lists(VERDICTS, min_size=rows, max_size=rows)
    return truth, draw(st.dictionaries(st.sampled_from("xyz"), judged, min_size=1)), groups


@settings(deadline=None, max_examples=60)
@given(matrices())
def test_all_candidates_at_once_are_chosen_and_measured_as_one_by_one(
    matrix: tuple[list[Label], dict[str, list[Label | None]], list[str]],
) -> None:
    truth, judged, groups = matrix
    estimate = selection_corrected(truth, judged, groups, rng=generator(), draws=20)
    plain = plain_selection(truth, judged, groups, draws=20) if len(set(groups)) > 1 else []
    assert estimate.value == (pytest.approx(np.mean(plain)) if plain else None)
    if plain:
        assert (estimate.low, estimate.high) == pytest.approx(tuple(np.quantile(plain, [0.025, 0.975])))


def test_rows_that_do_not_match_are_refused() -> None:
    for judged, groups in (([P], ["a", "b"]), ([P, F], ["a"])):
        with pytest.raises(ValueError, match="of one length"):
            selection_corrected([P, F], {"x": judged}, groups, rng=generator())
