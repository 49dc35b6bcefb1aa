"""Which of two judges is right more often, from the rows on which one of them is right alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from optimizers.types import Label


@dataclass(frozen=True, kw_only=True, slots=True)
class McNemar:
    """Rows on which `a`, or `b`, alone agrees with people, and the two-sided p-value of their being alike."""

    only_a: int
    only_b: int
    p_value: float


def mcnemar(truth: Sequence[Label], a: Sequence[Label | None], b: Sequence[Label | None]) -> McNemar:
    """The exact test on parallel sequences; no verdict (`None`) is never right.

    `p_value` is 1 where no row tells the two apart. Rows are taken as independent.

    Raises:
        ValueError: the sequences have different lengths.

    Source: McNemar, Note on the sampling error of the difference between correlated proportions or
    percentages (1947), in its exact form.
    """
    right = [(one is label, other is label) for label, one, other in zip(truth, a, b, strict=True)]
    only_a, only_b = right.count((True, False)), right.count((False, True))
    return McNemar(only_a=only_a, only_b=only_b, p_value=_two_sided(only_a, only_b))


def _two_sided(few: int, many: int) -> float:
    """Of a fair coin's `few + many` throws: how likely is a split at least as uneven."""
    n = few + many
    ways = tail = 1
    for k in range(min(few, many)):
        ways = ways * (n - k) // (k + 1)
        tail += ways
    return min(1.0, 2 * tail / (1 << n))
