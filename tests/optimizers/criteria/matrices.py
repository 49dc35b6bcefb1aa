"""Matrices for tests: from letters, or drawn."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.criteria.matrix import AssertionMatrix

SEEDS = range(200)


def matrix(labels: str, **verdicts: str) -> AssertionMatrix:
    """`labels` as one letter a row, `b` for bad and `g` for good; for each assertion `x` where it fails
    the row, `.` where it passes it, `?` where it has no verdict."""
    cells = np.array([list(line) for line in verdicts.values()]).reshape(len(verdicts), len(labels))
    return AssertionMatrix(
        assertions=tuple(verdicts),
        rows=tuple(f"row {n}" for n in range(len(labels))),
        fails=cells == "x",
        unknown=cells == "?",
        bad=np.array([letter == "b" for letter in labels]),
    )


def drawn(seed: int, *, unknown: bool = True) -> AssertionMatrix:
    """Up to 12 assertions on up to 40 rows of both labels; each with a hit rate of its own."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, 13)), int(rng.integers(4, 41))
    bad = rng.random(n) < rng.uniform(0.2, 0.8)
    bad[:2] = (True, False)
    hits, misses = rng.uniform(0, 0.7, m), rng.uniform(0, 0.3, m)
    fails = rng.random((m, n)) < np.where(bad, hits[:, None], misses[:, None])
    silent = (
        (rng.random((m, n)) < rng.choice([0.0, 0.1])) & ~fails if unknown else np.zeros((m, n), dtype=bool)
    )
    return AssertionMatrix(
        assertions=tuple(f"a{j:02}" for j in range(m)),
        rows=tuple(f"r{i:02}" for i in range(n)),
        fails=fails,
        unknown=silent,
        bad=bad,
    )


@dataclass(frozen=True, kw_only=True)
class Every:
    """All sets of a matrix's assertions: row `s` has the members of the set whose number is `s` in binary,
    and the counts of its confusion table."""

    members: NDArray[np.bool_]
    tp: NDArray[np.int64]
    fp: NDArray[np.int64]
    unknown_bad: NDArray[np.int64]
    unknown_good: NDArray[np.int64]


def every_set(m: AssertionMatrix) -> Every:
    """All sets of assertions, counted one by one."""
    count = len(m.assertions)
    members = (np.arange(2**count)[:, None] >> np.arange(count)) & 1 == 1
    fails = (members.astype(int) @ m.fails.astype(int)) > 0
    unsure = ((members.astype(int) @ m.unknown.astype(int)) > 0) & ~fails
    return Every(
        members=members,
        tp=fails[:, m.bad].sum(axis=1),
        fp=fails[:, ~m.bad].sum(axis=1),
        unknown_bad=unsure[:, m.bad].sum(axis=1),
        unknown_good=unsure[:, ~m.bad].sum(axis=1),
    )
