"""Intervals and paired comparisons of set metrics, resampled by group.

Rows of one group (one input, one customer) are not independent: the bootstrap and the permutation
test draw whole groups. Everything is vectorised over draws; a draw is a vector of group counts,
and all metrics are linear or rational in the counts of a confusion table.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields

import numpy as np
from numpy.typing import NDArray

from optimizers import kappa as metrics
from optimizers.kappa import Confusion, confusion
from optimizers.types import Label

Array = NDArray[np.float64]

_CELLS = tuple(field.name for field in fields(Confusion))

DRAWS = 2_000
LEVEL = 0.95
_CHUNK_CELLS = 2_000_000
"""Upper bound on the cells of one (draws x groups) block, so that memory stays flat."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Estimate:
    """A value with its interval at `level`. All `None` where it is undefined, and `undefined` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    level: float = LEVEL
    undefined: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gain:
    """Difference of two kappas on the same rows (second minus first), with interval and p-value.

    `p_value` is two-sided, of the hypothesis that the two judges are exchangeable.
    """

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    undefined: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Agreement:
    """How a judge agrees with people on a set: every number of the report's table."""

    kappa: Estimate
    answered_kappa: float | None
    matthews: float | None
    accuracy: float | None
    precision: float | None
    recall: float | None
    f1: float | None
    coverage: float | None
    false_failure_rate: float | None
    confusion: Confusion
    unparseable: int
    n: int


def agreement(
    truth: Sequence[Label],
    judged: Sequence[Label | None],
    groups: Sequence[str],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Agreement:
    """All set metrics of `judged` against `truth`, kappa with its interval.

    The three sequences are parallel; `groups` names each row's group.

    Raises:
        ValueError: the sequences have different lengths.
    """
    return _agreement(confusion(truth, judged), bootstrap_kappa(truth, judged, groups, rng=rng, draws=draws))


def agreement_of_groups(
    groups: Iterable[Confusion], *, rng: np.random.Generator, draws: int = DRAWS
) -> Agreement:
    """The same from the table of each group, in any order: for sets too large to hold.

    Groups with one table are drawn together: how often any of `k` such groups is drawn is multinomial
    as well. Memory and time grow with the number of different tables, not of groups.
    """
    counted = Counter(groups)
    tables = sorted(counted, key=astuple)
    cells = np.array([astuple(table) for table in tables], dtype=np.float64).reshape(-1, 6)
    counts = np.array([counted[table] for table in tables], dtype=np.float64)
    table = _table(counts @ cells)
    value = metrics.cohen_kappa(table)
    if value is None:
        undefined = _why_undefined(_labels_of(table))
        return _agreement(table, Estimate(value=None, low=None, high=None, n=table.n, undefined=undefined))
    low, high = percentile_interval(_kappas(_resampled(cells, rng, draws, counts)))
    return _agreement(table, Estimate(value=value, low=low, high=high, n=table.n))


def _agreement(table: Confusion, kappa: Estimate) -> Agreement:
    return Agreement(
        kappa=kappa,
        answered_kappa=metrics.cohen_kappa(table.answered),
        matthews=metrics.matthews(table),
        accuracy=metrics.accuracy(table),
        precision=metrics.precision(table),
        recall=metrics.coverage(table),
        f1=metrics.f1(table),
        coverage=metrics.coverage(table),
        false_failure_rate=metrics.false_failure_rate(table),
        confusion=table,
        unparseable=table.unparseable,
        n=table.n,
    )


def bootstrap_kappa(
    truth: Sequence[Label],
    judged: Sequence[Label | None],
    groups: Sequence[str],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """Kappa with a percentile interval of the cluster bootstrap.

    Draws in which kappa is undefined (one class only) are left out.

    Source: Davison and Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
    """
    value = metrics.cohen_kappa(confusion(truth, judged))
    if value is None:
        return Estimate(value=None, low=None, high=None, n=len(truth), undefined=_why_undefined(truth))
    cells = _cells_by_group(truth, judged, groups)
    resampled = _kappas(_resampled(cells, rng, draws))
    low, high = percentile_interval(resampled)
    return Estimate(value=value, low=low, high=high, n=len(truth))


def bootstrap(
    truth: Sequence[Label],
    judged: Sequence[Label | None],
    groups: Sequence[str],
    metric: Callable[[Confusion], float | None],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """Any metric of a confusion table with a percentile interval of the cluster bootstrap.

    `metric` is asked once for each table that was drawn, so that one like `alignment` needs no second,
    vectorised form. Draws in which it is undefined are left out. For kappa take `bootstrap_kappa`.

    Raises:
        ValueError: the sequences have different lengths.
    """
    value = metric(confusion(truth, judged))
    if value is None:
        return Estimate(value=None, low=None, high=None, n=len(truth), undefined=_why_undefined(truth))
    tables, times = np.unique(
        _resampled(_cells_by_group(truth, judged, groups), rng, draws), axis=0, return_counts=True
    )
    found = [metric(Confusion(**dict(zip(_CELLS, map(int, table), strict=True)))) for table in tables]
    values = np.repeat(np.array([np.nan if one is None else one for one in found]), times)
    low, high = percentile_interval(values)
    return Estimate(value=value, low=low, high=high, n=len(truth))


def paired_gain(
    truth: Sequence[Label],
    judged_before: Sequence[Label | None],
    judged_after: Sequence[Label | None],
    groups: Sequence[str],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Gain:
    """Kappa of `judged_after` minus kappa of `judged_before`, on the same rows.

    The interval resamples groups, the same ones for both judges. The p-value swaps the two
    judges' verdicts in whole groups at random; it counts the observed difference among the draws
    (Phipson and Smyth, Permutation p-values should never be zero, 2010).
    """
    before = metrics.cohen_kappa(confusion(truth, judged_before))
    after = metrics.cohen_kappa(confusion(truth, judged_after))
    if before is None or after is None:
        return Gain(value=None, low=None, high=None, p_value=None, undefined=_why_undefined(truth))
    both = np.concatenate(
        [_cells_by_group(truth, judged_before, groups), _cells_by_group(truth, judged_after, groups)], axis=1
    )
    resampled = _resampled(both, rng, draws)
    differences = _kappas(resampled[:, 6:]) - _kappas(resampled[:, :6])
    low, high = percentile_interval(differences)
    p_value = _swap_p_value(both, after - before, rng, draws)
    return Gain(value=after - before, low=low, high=high, p_value=p_value)


def paired_gain_of_groups(
    groups: Iterable[tuple[Confusion, Confusion]], *, rng: np.random.Generator, draws: int = DRAWS
) -> Gain:
    """The same from each group's tables before and after, in any order; see `agreement_of_groups`."""
    counted = Counter(groups)
    pairs = sorted(counted, key=lambda pair: (astuple(pair[0]), astuple(pair[1])))
    both = np.array([astuple(a) + astuple(b) for a, b in pairs], dtype=np.float64).reshape(-1, 12)
    counts = np.array([counted[pair] for pair in pairs], dtype=np.int64)
    before, after = (_table(sums) for sums in np.split(counts @ both, 2))
    values = metrics.cohen_kappa(before), metrics.cohen_kappa(after)
    if values[0] is None or values[1] is None:
        undefined = _why_undefined(_labels_of(before))
        return Gain(value=None, low=None, high=None, p_value=None, undefined=undefined)
    observed = values[1] - values[0]
    resampled = _resampled(both, rng, draws, counts.astype(np.float64))
    low, high = percentile_interval(_kappas(resampled[:, 6:]) - _kappas(resampled[:, :6]))
    # Of k like groups, how many are swapped is binomial.
    swapped = rng.binomial(counts, 0.5, size=(draws, len(pairs))) @ (both[:, 6:] - both[:, :6])
    p_value = _extreme_share(both.T @ counts, swapped, observed)
    return Gain(value=observed, low=low, high=high, p_value=p_value)


def selection_corrected(
    truth: Sequence[Label],
    judged_by_candidate: Mapping[str, Sequence[Label | None]],
    groups: Sequence[str],
    *,
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Estimate:
    """What the winner's kappa on these rows is worth, once the choice among many is accounted for.

    In each draw of groups the candidate with the best kappa on the drawn groups is chosen, and
    measured on the groups that were not drawn. The estimate is the mean over the draws, the
    interval their percentiles. No new verdicts are needed.

    Source: bootstrap bias-corrected cross-validation, Tsamardinos, Greasidou and Borboudakis,
    Bootstrapping the out-of-sample predictions for efficient and accurate cross-validation (2018).
    """
    names = sorted(judged_by_candidate)
    rows = _Rows(truth, groups)
    cells = [rows.cells(judged_by_candidate[name]) for name in names]
    n_groups = cells[0].shape[0] if cells else 0
    if n_groups < 2:
        return Estimate(value=None, low=None, high=None, n=len(truth), undefined="fewer than two groups")
    share, table = np.full(n_groups, 1 / n_groups), _Table(cells)
    honest = np.concatenate(
        [
            _winners_outside(rng.multinomial(n_groups, share, size=size).astype(np.float64), table)
            for size in _blocks(draws, max(n_groups, table.width))
        ]
    )
    honest = honest[~np.isnan(honest)]
    if honest.size == 0:
        return Estimate(value=None, low=None, high=None, n=len(truth), undefined=_why_undefined(truth))
    low, high = percentile_interval(honest)
    return Estimate(value=float(honest.mean()), low=low, high=high, n=len(truth))


def _table(sums: Array) -> Confusion:
    return Confusion(**dict(zip(_CELLS, map(int, sums), strict=True)))


def _labels_of(table: Confusion) -> list[Label]:
    """One label of each class that the table has."""
    return [Label.FAIL] * min(table.bad, 1) + [Label.PASS] * min(table.good, 1)


# --- the arithmetic ---------------------------------------------------------------------------------


class _Rows:
    """Labels and groups as numbers, counted once for any number of judges."""

    def __init__(self, truth: Sequence[Label], groups: Sequence[str]) -> None:
        index = {name: i for i, name in enumerate(sorted(set(groups)))}
        self._groups = len(index)
        places = [6 * index[name] for name in groups]
        if len(places) != len(truth):
            raise ValueError(f"truth and groups must be of one length, got {len(truth)} and {len(places)}")
        self._good = [label is not Label.FAIL for label in truth]
        self._places = np.array(places, dtype=np.int64) + np.array(self._good, dtype=np.int64)

    def cells(self, judged: Sequence[Label | None]) -> Array:
        """Counts of shape (groups, 6): tp, fp, fn, tn, unparseable bad, unparseable good."""
        if len(judged) != len(self._good):
            raise ValueError(
                f"truth and judged must be of one length, got {len(self._good)} and {len(judged)}"
            )
        given = [0 if label is Label.FAIL else 4 if label is None else 2 for label in judged]
        places = self._places + np.array(given, dtype=np.int64)
        return np.bincount(places, minlength=6 * self._groups).reshape(-1, 6).astype(np.float64)


def _cells_by_group(truth: Sequence[Label], judged: Sequence[Label | None], groups: Sequence[str]) -> Array:
    return _Rows(truth, groups).cells(judged)


class _Table:
    """What kappa needs of many judges on the same groups, side by side, so that all draws of all judges are
    one product of matrices. Counts are whole numbers far below 2**53: sums are exact in any order."""

    def __init__(self, cells: Sequence[Array]) -> None:
        stacked = np.stack(cells, axis=1)  # groups, judges, 6
        tp, fp, fn, tn, unparseable_bad, _ = np.moveaxis(stacked, 2, 0)
        self.width = 3 * len(cells)
        self._judged = np.concatenate([tp + tn, tp + fp, fn + tn], axis=1)
        self._truth = np.stack([(tp + fn + unparseable_bad)[:, 0], stacked[:, 0].sum(axis=1)], axis=1)

    def kappas(self, drawn: Array) -> Array:
        """Kappas of shape (draws, judges) for `drawn`, how often each group counts: (draws, groups)."""
        agreed, failed, passed = np.split(drawn @ self._judged, 3, axis=1)
        bad, n = np.split(drawn @ self._truth, 2, axis=1)
        return _kappa(agreed, bad * failed + (n - bad) * passed, n)


def _blocks(draws: int, n_groups: int) -> Iterator[int]:
    """`draws` in blocks, such that one of (block x groups) cells stays within bounds."""
    block = max(1, _CHUNK_CELLS // n_groups)
    for start in range(0, draws, block):
        yield min(block, draws - start)


def _winners_outside(drawn: Array, table: _Table) -> Array:
    """Of each draw of groups: the kappa, on the groups left out, of the candidate that wins on it."""
    inside, outside = table.kappas(drawn), table.kappas((drawn == 0).astype(np.float64))
    chosen = np.argmax(np.nan_to_num(inside, nan=-np.inf), axis=1)
    winners: Array = outside[np.arange(len(drawn)), chosen]
    return winners


def _resampled(cells: Array, rng: np.random.Generator, draws: int, counts: Array | None = None) -> Array:
    """Sums of shape (draws, columns) over groups drawn with replacement. `counts` says how many groups
    each row of `cells` stands for; one, unless given."""
    n_groups = cells.shape[0] if counts is None else int(counts.sum())
    share = np.full(n_groups, 1 / n_groups) if counts is None else counts / n_groups
    blocks = _blocks(draws, cells.shape[0])
    sums = [rng.multinomial(n_groups, share, size=size) @ cells for size in blocks]
    return np.concatenate(sums)


def _kappas(sums: Array) -> Array:
    """Cohen's kappa of each row of counts (draws, 6), NaN where it is undefined."""
    tp, fp, fn, tn, unparseable_bad, unparseable_good = sums.T
    bad, good = tp + fn + unparseable_bad, fp + tn + unparseable_good
    return _kappa(tp + tn, bad * (tp + fp) + good * (tn + fn), bad + good)


def _kappa(agreed: Array, chance: Array, n: Array) -> Array:
    """Kappa of `agreed` rows out of `n`, where chance alone agrees on `chance / n`."""
    with np.errstate(divide="ignore", invalid="ignore"):
        observed, by_chance = agreed / n, chance / n**2
        values = (observed - by_chance) / (1 - by_chance)
    return np.where(by_chance == 1, np.nan, values)


def percentile_interval(values: Array) -> tuple[float | None, float | None]:
    """The middle `LEVEL` of the draws `values`, NaN left out; `None` where nothing is left."""
    values = values[~np.isnan(values)]
    if values.size == 0:
        return None, None
    tail = (1 - LEVEL) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def _swap_p_value(both: Array, observed: float, rng: np.random.Generator, draws: int) -> float:
    """Two-sided p of `observed` when the two judges' verdicts are swapped in whole groups."""
    first, second = both[:, :6], both[:, 6:]
    n_groups = both.shape[0]
    swapped = [
        rng.integers(0, 2, size=(size, n_groups)) @ (second - first) for size in _blocks(draws, n_groups)
    ]
    return _extreme_share(both.sum(axis=0), np.concatenate(swapped), observed)


def _extreme_share(sums: Array, swapped: Array, observed: float) -> float:
    """The share of draws whose difference is as large as `observed`, which counts as one. `sums` are over
    both judges' cells, `swapped` what each draw adds to the first judge's and takes from the second's."""
    one, other = sums[:6] + swapped, sums[6:] - swapped
    differences = _kappas(other) - _kappas(one)
    # A tolerance, since equal differences may differ in their last bit.
    extreme = np.sum(np.abs(differences) >= abs(observed) - 1e-12)
    return float((extreme + 1) / (len(swapped) + 1))


def _why_undefined(truth: Sequence[Label]) -> str:
    if not truth:
        return "no rows"
    return f"all rows are labelled {truth[0].value} and judged the same"
