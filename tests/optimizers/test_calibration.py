import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.calibration import fit_threshold
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label

P, F = Label.PASS, Label.FAIL


def test_a_separable_set_is_cut_in_the_middle() -> None:
    found = fit_threshold([P, P, F, F], [0.1, 0.3, 0.7, 0.9])
    assert found is not None
    assert found.value == pytest.approx(0.5)
    assert found.kappa == 1


def test_a_lenient_judge_gets_a_low_threshold() -> None:
    found = fit_threshold([P, P, F, F], [0.02, 0.04, 0.10, 0.12])
    assert found is not None
    assert found.value == pytest.approx(0.07)


def test_rows_without_a_probability_count_against_it() -> None:
    found = fit_threshold([P, P, F, F, F, P], [0.1, 0.3, 0.7, 0.9, None, None])
    assert found is not None
    assert found.kappa < 1


def test_one_class_has_no_threshold() -> None:
    assert fit_threshold([], []) is None
    assert fit_threshold([P, F], [None, None]) is None


def test_a_probability_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        fit_threshold([P], [1.4])


rows = st.lists(
    st.tuples(st.sampled_from([P, F]), st.one_of(st.none(), st.floats(0, 1))), min_size=1, max_size=40
)


@given(rows)
def test_no_other_threshold_does_better(data: list[tuple[Label, float | None]]) -> None:
    truth, probabilities = [label for label, _ in data], [p for _, p in data]
    found = fit_threshold(truth, probabilities)

    def kappa_at(threshold: float) -> float | None:
        judged = [None if p is None else (F if p >= threshold else P) for p in probabilities]
        return cohen_kappa(confusion(truth, judged))

    if found is not None:
        assert kappa_at(found.value) == pytest.approx(found.kappa)
        others = [kappa_at(t) for t in (0.0, *(p for p in probabilities if p is not None))]
        assert all(k is None or k <= found.kappa + 1e-9 for k in others)
