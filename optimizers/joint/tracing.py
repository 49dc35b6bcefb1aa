"""Which criterion mends or breaks which verdict: group testing on train rows.

Criteria are tried in groups: where a group changes a row's verdict, half of it is tried on that row, and
so on until one criterion is left that changes the verdict by itself. A row takes about log2(group) calls,
rows that nothing changes take one for each group, and rows of one group are judged together. Of criteria
that say the same only the first gets the credit. A placebo stands before them, so that luck gives none.

Source: Dorfman, The Detection of Defective Members of Large Populations (1943); binary splitting after
Hwang, A Method for Detecting All Defective Members in a Population by Group Testing (1972).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from optimizers.joint.criteria import PLACEBO
from optimizers.types import Candidate, Evaluation, Label, LabelledExample
from optimizers.workbench import Workbench

GROUP = 16
"""Criteria that are tried together at first: as many as fit into one prompt."""

Group = tuple[str, ...]
Toggled = Callable[[Group], Candidate]
"""The judge with the criteria of a group added, or taken away where it has them."""


@dataclass(kw_only=True)
class Traced:
    """Rows whose verdicts a criterion changes by itself: to the people's label, or away from it."""

    mended: list[LabelledExample] = field(default_factory=list)
    broken: list[LabelledExample] = field(default_factory=list)


def trace(
    bench: Workbench,
    toggled: Toggled,
    criteria: Sequence[str],
    rows: Sequence[LabelledExample],
    *,
    reserve: int,
) -> dict[str, Traced]:
    """What each of `criteria` does to the verdicts on `rows`, those tried first that stand first.

    Ends early, with what is known, where the next step would leave fewer than `reserve` calls.
    """
    tracer = _Tracer(bench, toggled, rows, reserve)
    for at in range(0, len(criteria), GROUP):
        tracer.try_group((PLACEBO, *criteria[at : at + GROUP]))
    tracer.split()
    found = {line: Traced() for line in (PLACEBO, *criteria)}
    for row, line in tracer.settled:
        (found[line].mended if tracer.was_wrong(row) else found[line].broken).append(row)
    del found[PLACEBO]
    return found


class _Tracer:
    """The rows on their way: from untouched over suspects to one criterion."""

    def __init__(
        self, bench: Workbench, toggled: Toggled, rows: Sequence[LabelledExample], reserve: int
    ) -> None:
        self._bench = bench
        self._reserve = reserve
        self._toggled = toggled
        self._before: Mapping[str, Label | None] = {}
        self._untouched: list[LabelledExample] = []
        self._suspects: dict[str, tuple[LabelledExample, Group, bool]] = {}
        self.settled: list[tuple[LabelledExample, str]] = []
        if self._affords([((), rows)]):
            self._before = _judged(bench.evaluate(toggled(()), rows))
            self._untouched = list(rows)

    def was_wrong(self, row: LabelledExample) -> bool:
        """Whether the judge as it stands differs from people on `row`."""
        return self._before[row.id] is not row.label

    def try_group(self, group: Group) -> None:
        """Try a whole group on the rows that no other has changed."""
        if not self._untouched or not self._affords([(group, self._untouched)]):
            return
        after = _judged(self._bench.evaluate(self._toggled(group), self._untouched))
        changed = [row for row in self._untouched if self._changes(row, after)]
        self._untouched = [row for row in self._untouched if not self._changes(row, after)]
        self._suspects |= {row.id: (row, group, True) for row in changed}

    def split(self) -> None:
        """Halve the suspects of each row until one is left that was seen to change it."""
        self._settle()
        while self._suspects:
            tests: dict[Group, list[LabelledExample]] = {}
            for row, group, _ in self._suspects.values():
                tests.setdefault(_first_half(group), []).append(row)
            if not self._affords(list(tests.items())):
                return
            found = self._bench.evaluate_pairs([(self._toggled(g), rows) for g, rows in tests.items()])
            for (half, rows), evaluation in zip(tests.items(), found, strict=True):
                self._narrow(half, rows, _judged(evaluation))
            self._settle()

    def _narrow(
        self, half: Group, rows: Sequence[LabelledExample], after: Mapping[str, Label | None]
    ) -> None:
        for row in rows:
            _, group, _ = self._suspects[row.id]
            rest = group[len(half) :]
            if self._changes(row, after):
                self._suspects[row.id] = (row, half, True)
            elif rest:
                self._suspects[row.id] = (row, rest, False)
            else:  # the group changed it, no single criterion does
                del self._suspects[row.id]

    def _settle(self) -> None:
        for row, group, was_seen in list(self._suspects.values()):
            if len(group) == 1 and was_seen:
                self.settled.append((row, group[0]))
                del self._suspects[row.id]

    def _changes(self, row: LabelledExample, after: Mapping[str, Label | None]) -> bool:
        """Whether the verdict is another one; one that cannot be read, before or after, says nothing."""
        verdicts = (self._before[row.id], after[row.id])
        return None not in verdicts and verdicts[0] is not verdicts[1]

    def _affords(self, tests: Sequence[tuple[Group, Sequence[LabelledExample]]]) -> bool:
        missing = sum(self._bench.missing(self._toggled(group), rows) for group, rows in tests)
        return self._bench.affordable(missing + self._reserve)


def _first_half(group: Group) -> Group:
    return group[: (len(group) + 1) // 2]


def _judged(found: Evaluation) -> dict[str, Label | None]:
    return dict(zip(found.outcomes, found.judged(list(found.outcomes)), strict=True))
