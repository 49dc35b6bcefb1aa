"""What every metric of a set keeps to, whatever it measures."""

# ruff: noqa: D102  # the class lists its tests by number

import itertools
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from optimizers.kappa import Confusion, confusion
from optimizers.types import Label

Metric = Callable[[Confusion], float | None]


@dataclass(frozen=True, kw_only=True)
class MetricUnderTest:
    """A metric, its range, and its value for a judge that agrees with people everywhere."""

    name: str
    metric: Metric
    low: float
    high: float
    best: float


class MetricContract:
    """Invariants of a set-level metric.

    A test class derives from it and gives a fixture `under_test` (a `MetricUnderTest`), one line for
    each metric:

    1. undefined on the empty set;
    2. a finite number in its range, or `None`, on every set;
    3. at its best for a judge that agrees with people everywhere, wherever it is defined there;
    4. no judge is better than that;
    5. a judge that agrees everywhere gains nothing by dodging a row;
    6. the order of the rows does not matter, nor how often the set is repeated.
    """

    def test_1_an_empty_set_has_no_value(self, under_test: MetricUnderTest) -> None:
        assert under_test.metric(Confusion()) is None

    def test_2_a_value_is_a_finite_number_in_its_range_or_none(self, under_test: MetricUnderTest) -> None:
        for cells in _small_sets():
            value = under_test.metric(cells)
            if value is not None:
                assert math.isfinite(value), cells
                assert under_test.low - 1e-12 <= value <= under_test.high + 1e-12, cells

    def test_3_a_judge_that_agrees_everywhere_is_at_its_best(self, under_test: MetricUnderTest) -> None:
        for bad, good in itertools.product(range(4), repeat=2):
            value = under_test.metric(Confusion(tp=bad, tn=good))
            assert value is None or math.isclose(value, under_test.best), (bad, good)

    def test_4_no_judge_is_better_than_that(self, under_test: MetricUnderTest) -> None:
        for cells in _small_sets():
            value = under_test.metric(cells)
            assert value is None or _loss(under_test, value) >= -1e-12, cells

    def test_5_dodging_a_row_gains_nothing(self, under_test: MetricUnderTest) -> None:
        for dodged in (
            Confusion(tp=3, tn=4, unparseable_bad=1),
            Confusion(tp=4, tn=3, unparseable_good=1),
        ):
            value = under_test.metric(dodged)
            assert value is None or _loss(under_test, value) >= 0, dodged

    def test_6_order_and_repetition_do_not_matter(self, under_test: MetricUnderTest) -> None:
        rows = [(t, j) for t in Label for j in (*Label, None)] + [(Label.FAIL, Label.FAIL)] * 3
        value = under_test.metric(_counted(rows))
        shuffled = Random(0).sample(rows, len(rows))  # noqa: S311  # not for secrets
        assert under_test.metric(_counted(shuffled)) == value
        repeated = under_test.metric(_counted(rows * 5))
        assert value is not None
        assert repeated is not None
        assert math.isclose(repeated, value)


def _loss(under_test: MetricUnderTest, value: float) -> float:
    """How far `value` is from the best, in the metric's own direction."""
    falls = under_test.best == under_test.low
    return value - under_test.best if falls else under_test.best - value


def _small_sets() -> Iterator[Confusion]:
    for tp, fp, fn, tn, bad, good in itertools.product(range(3), repeat=6):
        yield Confusion(tp=tp, fp=fp, fn=fn, tn=tn, unparseable_bad=bad, unparseable_good=good)


def _counted(rows: list[tuple[Label, Label | None]]) -> Confusion:
    return confusion([truth for truth, _ in rows], [judged for _, judged in rows])
