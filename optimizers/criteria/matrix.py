"""The verdict matrix of assertions: which assertion fails which row, beside people's labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from optimizers.errors import InvalidInput
from optimizers.kappa import Confusion
from optimizers.types import Evaluation, Label, Verdict

Flags = NDArray[np.bool_]


@dataclass(frozen=True, kw_only=True)
class AssertionMatrix:
    """Verdicts of assertions on labelled rows.

    `fails` and `unknown` have the shape (assertions, rows): the assertion fails the row; it has no
    verdict on it. No cell is both. `bad` has the shape (rows,): people failed the row.

    Raises:
        InvalidInput: shapes do not fit, ids repeat, or a cell is both.
    """

    assertions: tuple[str, ...]
    rows: tuple[str, ...]
    fails: Flags
    unknown: Flags
    bad: Flags

    def __post_init__(self) -> None:
        shape = (len(self.assertions), len(self.rows))
        if self.fails.shape != shape or self.unknown.shape != shape or self.bad.shape != shape[1:]:
            raise InvalidInput(
                f"fails and unknown must have the shape {shape} and bad {shape[1:]}, got "
                f"{self.fails.shape}, {self.unknown.shape} and {self.bad.shape}"
            )
        for name, ids in (("assertions", self.assertions), ("rows", self.rows)):
            if len(set(ids)) < len(ids):
                raise InvalidInput(f"{name} must not repeat, got {_repeated(ids)!r} twice")
        if (self.fails & self.unknown).any():
            raise InvalidInput("fails and unknown must not both be true of a cell")

    @cached_property
    def n_bad(self) -> int:
        """Rows that people failed."""
        return int(self.bad.sum())

    @cached_property
    def n_good(self) -> int:
        """Rows that people passed."""
        return len(self.rows) - self.n_bad

    def indices(self, assertions: Iterable[str]) -> list[int]:
        """Where `assertions` stand.

        Raises:
            InvalidInput: one is not in the matrix.
        """
        wanted = list(assertions)
        missing = [name for name in wanted if name not in self._places]
        if missing:
            raise InvalidInput(f"assertion must be in the matrix, got {missing[0]!r}")
        return [self._places[name] for name in wanted]

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.assertions)}

    def restricted(self, rows: Iterable[str]) -> "AssertionMatrix":
        """The same assertions on `rows` only, in the matrix's order.

        Raises:
            InvalidInput: one is not in the matrix.
        """
        wanted = set(rows)
        unknown_rows = sorted(wanted - set(self.rows))
        if unknown_rows:
            raise InvalidInput(f"row must be in the matrix, got {unknown_rows[0]!r}")
        kept = np.array([row in wanted for row in self.rows], dtype=bool)
        return AssertionMatrix(
            assertions=self.assertions,
            rows=tuple(row for row in self.rows if row in wanted),
            fails=self.fails[:, kept],
            unknown=self.unknown[:, kept],
            bad=self.bad[kept],
        )

    def judged(self, assertions: Iterable[str]) -> tuple[Label | None, ...]:
        """What the set says of each row: a fail if any member fails it; no verdict where none does and a
        member has none; a pass otherwise. The empty set passes all."""
        own = self.indices(assertions)
        failed, unsure = self.fails[own].any(axis=0), self.unknown[own].any(axis=0)
        words = np.where(failed, 0, np.where(unsure, 1, 2))
        return tuple((Label.FAIL, None, Label.PASS)[word] for word in words)

    def confusion(self, assertions: Iterable[str]) -> Confusion:
        """The set's verdicts against the labels."""
        own = self.indices(assertions)
        failed = self.fails[own].any(axis=0)
        unsure = self.unknown[own].any(axis=0) & ~failed
        passed = ~failed & ~unsure
        return Confusion(
            tp=int((failed & self.bad).sum()),
            fp=int((failed & ~self.bad).sum()),
            fn=int((passed & self.bad).sum()),
            tn=int((passed & ~self.bad).sum()),
            unparseable_bad=int((unsure & self.bad).sum()),
            unparseable_good=int((unsure & ~self.bad).sum()),
        )


def matrix_of(evaluations: Mapping[str, Evaluation], labels: Mapping[str, Label]) -> AssertionMatrix:
    """The matrix of evaluations by assertion id on the rows that `labels` names, both in order of their
    ids, so that no result depends on the order in which they came. A row that an evaluation lacks is
    unknown to it.
    """
    assertions, rows = sorted(evaluations), sorted(labels)
    judged = [[_judged(evaluations[name], row) for row in rows] for name in assertions]
    shape = (len(assertions), len(rows))
    return AssertionMatrix(
        assertions=tuple(assertions),
        rows=tuple(rows),
        fails=_flags([[cell is Label.FAIL for cell in line] for line in judged], shape),
        unknown=_flags([[cell is None for cell in line] for line in judged], shape),
        bad=np.array([labels[row] is Label.FAIL for row in rows], dtype=bool),
    )


def _judged(evaluation: Evaluation, row: str) -> Label | None:
    outcome = evaluation.outcomes.get(row)
    return outcome.label if isinstance(outcome, Verdict) else None


def _flags(values: Sequence[Sequence[bool]], shape: tuple[int, int]) -> Flags:
    return np.array(values, dtype=bool).reshape(shape)


def _repeated(ids: Sequence[str]) -> str:
    seen: set[str] = set()
    return next(name for name in ids if name in seen or seen.add(name))  # type: ignore[func-returns-value]
