"""Choosing assertions on some rows and reporting them on others: one door to all rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from optimizers.criteria.best_kappa import PRICE, best_kappa
from optimizers.criteria.evalgen import evalgen
from optimizers.criteria.matrix import AssertionMatrix
from optimizers.criteria.measures import AlignmentMeasures, measures
from optimizers.criteria.rules import ALPHA, TAU, SelectionRule
from optimizers.criteria.spade import observed_subsumption, spade_coverage, spade_subsumption
from optimizers.errors import InvalidInput


@dataclass(frozen=True, kw_only=True)
class SelectionRequest:
    """What is to be chosen from, and how.

    `criteria` names each criterion's assertions (EvalGen needs them), `subsumes` pairs of which the
    first fails whatever the second does (without: what the selection rows show), `prices` what each
    assertion costs in units of kappa. `alpha` and `tau` are in [0, 1].
    """

    rule: SelectionRule = SelectionRule.KAPPA
    alpha: float = ALPHA
    tau: float = TAU
    criteria: Mapping[str, Sequence[str]] | None = None
    subsumes: Iterable[tuple[str, str]] | None = None
    prices: Mapping[str, float] | None = None
    price: float = PRICE


@dataclass(frozen=True, kw_only=True, slots=True)
class SelectedSet:
    """A chosen set of assertions (any of them failing fails an output), its measures on the rows that it
    was chosen on, and on rows that it was not; `report` is `None` where there are no such rows."""

    rule: SelectionRule
    assertions: tuple[str, ...]
    selection: AlignmentMeasures
    report: AlignmentMeasures | None


def select(
    matrix: AssertionMatrix,
    request: SelectionRequest,
    *,
    selection_rows: Iterable[str],
    report_rows: Iterable[str],
) -> SelectedSet:
    """Choose assertions by the labels of `selection_rows` alone, and measure them on `report_rows`.

    Raises:
        InvalidInput: a row is in both, or in neither part of the matrix; a value is out of range.
        SelectionInfeasible: no set meets the bounds of SPADE's programmes.
    """
    chosen_on, reported_on = set(selection_rows), set(report_rows)
    shared = sorted(chosen_on & reported_on)
    if shared:
        raise InvalidInput(
            f"selection_rows and report_rows must share no row, got {shared[0]!r} in both: a set that is "
            "measured on the rows that it was chosen on looks better than it is"
        )
    own = matrix.restricted(chosen_on)
    assertions = _RULES[request.rule](own, request)
    return SelectedSet(
        rule=request.rule,
        assertions=assertions,
        selection=measures(own.confusion(assertions)),
        report=measures(matrix.restricted(reported_on).confusion(assertions)) if reported_on else None,
    )


def _kappa(matrix: AssertionMatrix, request: SelectionRequest) -> tuple[str, ...]:
    return best_kappa(matrix, prices=request.prices, price=request.price)


def _evalgen(matrix: AssertionMatrix, request: SelectionRequest) -> tuple[str, ...]:
    if request.criteria is None:
        raise InvalidInput("criteria must name the assertions of each criterion for EvalGen's rule, got None")
    return evalgen(matrix, request.criteria, tau=request.tau, prices=request.prices)


def _spade_coverage(matrix: AssertionMatrix, request: SelectionRequest) -> tuple[str, ...]:
    return spade_coverage(matrix, alpha=request.alpha, tau=request.tau)


def _spade_subsumption(matrix: AssertionMatrix, request: SelectionRequest) -> tuple[str, ...]:
    pairs = observed_subsumption(matrix) if request.subsumes is None else request.subsumes
    return spade_subsumption(matrix, alpha=request.alpha, tau=request.tau, subsumes=pairs)


_RULES: Mapping[SelectionRule, Callable[[AssertionMatrix, SelectionRequest], tuple[str, ...]]] = {
    SelectionRule.KAPPA: _kappa,
    SelectionRule.EVALGEN: _evalgen,
    SelectionRule.SPADE_COVERAGE: _spade_coverage,
    SelectionRule.SPADE_SUBSUMPTION: _spade_subsumption,
}
