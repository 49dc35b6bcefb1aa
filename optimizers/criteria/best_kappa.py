"""Our own objective: the set with the best kappa, less what its assertions cost.

Kappa of a set is a ratio N / D of two linear functions of its confusion counts. A set of price P beats the
best worth w known so far exactly if N - w D - P D > 0. All but P D is linear, and where D is at least d,
P D is at least P d: so one integer programme either finds a set that may be better or proves that none
with D >= d is. Beginning with a set found by local search, sets are tried in turn (Dinkelbach's method),
and the range of D is split where the bound is not exact (branch and bound), until nothing is left.

Source: Dinkelbach, On Nonlinear Fractional Programming (1967).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from optimizers.criteria.matrix import AssertionMatrix
from optimizers.criteria.program import Bound, Linear, Program
from optimizers.errors import InvalidInput
from optimizers.kappa import cohen_kappa

PRICE = 0.01
"""Kappa that an assertion must add to be worth having, where nothing else is said."""

_UNIT = 1e-6
"""Prices are whole multiples of it, so that sums of them compare exactly."""

_EQUAL = 1e-12


def best_kappa(
    matrix: AssertionMatrix, *, prices: Mapping[str, float] | None = None, price: float = PRICE
) -> tuple[str, ...]:
    """The assertions whose any-fail set has the most kappa less the sum of its members' prices.

    `prices` are in units of kappa, at least 0, rounded to a millionth; `price` is that of an assertion
    which `prices` leaves out. The empty set is worth 0, so a set that is chosen has a kappa above its
    price. Rows without a verdict count as a third category, as everywhere.

    Raises:
        InvalidInput: a price is below 0, or all rows have one label, so that kappa says nothing.
    """
    if not matrix.n_bad or not matrix.n_good:
        raise InvalidInput("the rows to select on must have both labels")
    return _Search(matrix, _units(matrix, prices or {}, price)).run()


def climbed_kappa(
    matrix: AssertionMatrix, *, prices: Mapping[str, float] | None = None, price: float = PRICE
) -> tuple[str, ...]:
    """A good set for the same objective in a small part of the time: none that is one addition, removal or
    exchange away is better. For where many sets are chosen, to compare how. Raises as `best_kappa`."""
    if not matrix.n_bad or not matrix.n_good:
        raise InvalidInput("the rows to select on must have both labels")
    return _Search(matrix, _units(matrix, prices or {}, price)).climb()


def _units(matrix: AssertionMatrix, prices: Mapping[str, float], price: float) -> tuple[int, ...]:
    own = {name: prices.get(name, price) for name in matrix.assertions}
    for name, value in own.items():
        if not 0 <= value < float("inf"):
            raise InvalidInput(f"price of {name} must be 0 or more, got {value!r}")
    return tuple(round(value / _UNIT) for value in own.values())


@dataclass(frozen=True, kw_only=True)
class _Found:
    """A choice with its kappa and its price in units."""

    chosen: tuple[int, ...]
    kappa: float
    price: int

    @property
    def worth(self) -> float:
        return self.kappa - self.price * _UNIT


class _Search:
    """Branch and bound over the denominator of kappa."""

    def __init__(self, matrix: AssertionMatrix, prices: tuple[int, ...]) -> None:
        self._matrix = matrix
        self._prices = prices
        self._program = Program(matrix)
        self._price = self._program.chosen(prices) * _UNIT
        self._numerator, self._denominator, self._constant = self._kappa_terms()

    def climb(self) -> tuple[str, ...]:
        return self._names(self._climbed(self._found(())).chosen)

    def run(self) -> tuple[str, ...]:
        best = self._climbed(self._found(()))
        n, least = len(self._matrix.rows), min(self._matrix.n_bad, self._matrix.n_good)
        ranges = [(n * least, n * n)]
        while ranges:
            low, high = ranges.pop()
            found = self._promising(best, low, high)
            if found is None:
                continue
            d = self._denominator_of(found)
            best = max(best, self._climbed(found), key=lambda each: round(each.worth, 12))
            if d > low:
                ranges.append((low, d - 1))
            ranges.append((d, high))
        return self._names(best.chosen)

    def _promising(self, best: _Found, low: int, high: int) -> _Found | None:
        """A set with its denominator in the range that the bound does not show to be worth no more than
        `best`; `None` where there is none."""
        gain = self._numerator - best.worth * self._denominator - low * self._price
        within: Bound = (self._denominator, low - self._constant, high - self._constant)
        chosen = self._program.minimize(-gain, [within])
        if chosen is None:
            return None
        found = self._found(chosen)
        d = self._denominator_of(found)
        value = found.kappa * d - best.worth * d - low * found.price * _UNIT
        return found if value > _EQUAL * d and (d > low or found.worth > best.worth + _EQUAL) else None

    def _climbed(self, found: _Found) -> _Found:
        """The best that single additions, removals and exchanges lead to."""
        while True:
            steps = (self._found(chosen) for chosen in self._neighbours(found.chosen))
            better = max(steps, key=lambda each: round(each.worth, 12), default=found)
            if better.worth <= found.worth + _EQUAL:
                return found
            found = better

    def _neighbours(self, chosen: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
        others = [j for j in range(self._program.m) if j not in chosen]
        for j in others:
            yield tuple(sorted((*chosen, j)))
        for i in chosen:
            rest = tuple(j for j in chosen if j != i)
            yield rest
            for j in others:
                yield tuple(sorted((*rest, j)))

    def _kappa_terms(self) -> tuple[Linear, Linear, int]:
        """The coefficients of N and D, and the constant of D; that of N is 0.

        With b bad and g good of n rows, f = tp + fp failed and u without a verdict:
        chance = b f + g (n - f - u), N = n (tp + g - fp - u_good) - chance, D = n n - chance.
        """
        program, b, g = self._program, self._matrix.n_bad, self._matrix.n_good
        unknown = program.unknown_bad + program.unknown_good
        chance = (b - g) * (program.tp + program.fp) - g * unknown
        agreed = program.tp - program.fp - program.unknown_good
        return (b + g) * agreed - chance, -chance, (b + g) * b

    def _denominator_of(self, found: _Found) -> int:
        c = self._matrix.confusion(self._names(found.chosen))
        return c.n**2 - c.bad * (c.tp + c.fp) - c.good * (c.fn + c.tn)

    def _found(self, chosen: tuple[int, ...]) -> _Found:
        kappa = cohen_kappa(self._matrix.confusion(self._names(chosen)))
        assert kappa is not None  # both labels are there
        return _Found(chosen=chosen, kappa=kappa, price=sum(self._prices[j] for j in chosen))

    def _names(self, chosen: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(self._matrix.assertions[j] for j in chosen)
