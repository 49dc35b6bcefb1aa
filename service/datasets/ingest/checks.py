"""What only shows when rows are seen together: ids that come twice, pairs that contradict themselves."""

from collections.abc import Iterator
from dataclasses import dataclass

from optimizers.errors import RowProblem
from optimizers.types import Label
from service.datasets.ingest.rows import Row, shown


@dataclass(frozen=True, kw_only=True, slots=True)
class _Seen:
    line: int
    label: Label


class CrossChecks:
    """Remembers a short hash of every id and every labelled pair (about 300 bytes a row)."""

    def __init__(self) -> None:
        self._ids: dict[str, int] = {}
        self._pairs: dict[bytes, _Seen] = {}
        self._contradicted: set[bytes] = set()

    def check(self, row: Row) -> Iterator[RowProblem]:
        """What `row` has against the rows before it.

        Of two rows that contradict each other neither can be trusted: the first is reported too,
        once, so that the outcome does not depend on the order of rows.
        """
        yield from self._check_id(row)
        yield from self._check_pair(row)

    def _check_id(self, row: Row) -> Iterator[RowProblem]:
        first = self._ids.setdefault(row.example.id, row.line)
        if first != row.line:
            yield RowProblem(
                line=row.line,
                column="id",
                value=shown(row.example.id),
                message=f"the id is already used on line {first}",
                allowed="an id once (rows without ids are named by their content)",
            )

    def _check_pair(self, row: Row) -> Iterator[RowProblem]:
        label = row.decision.label
        if label is None:
            return
        pair = bytes.fromhex(row.pair_hash)[:16]
        first = self._pairs.setdefault(pair, _Seen(line=row.line, label=label))
        if first.label is label and pair not in self._contradicted:
            return
        if pair not in self._contradicted:
            self._contradicted.add(pair)
            yield _contradiction(first, other_line=row.line)
        yield _contradiction(_Seen(line=row.line, label=label), other_line=first.line)


def _contradiction(row: _Seen, other_line: int) -> RowProblem:
    return RowProblem(
        line=row.line,
        column="label",
        value=row.label.value,
        message=f"the same input and output has contradicting labels (see line {other_line})",
        allowed="one label for one pair of input and output",
    )
