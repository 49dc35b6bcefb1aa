"""Choosing a set in one world, in each way, with one budget; and measuring it on rows that nobody chose."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType

from experiments.selection.pool import people_assertions
from experiments.worlds import MECHANISMS, SimulatedJudge, make_world_file, read_labelled
from experiments.worlds.cases import Case
from experiments.worlds.reachable import MODEL
from experiments.worlds.transport import WorldTransport
from optimizers.criteria.matrix import AssertionMatrix, matrix_of
from optimizers.criteria.measures import measures
from optimizers.criteria.rules import SelectionRule
from optimizers.criteria.selection import SelectionRequest, select
from optimizers.errors import BudgetExhausted, SelectionInfeasible
from optimizers.kappa import Confusion
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.protocols import Problem
from optimizers.strategies.registry import create
from optimizers.types import Assertion, Budget, Candidate, LabelledExample, Part
from optimizers.workbench import Workbench

ALLOWED = 1.1
"""The budget, in calls, as a multiple of what it takes to ask all assertions about all rows to choose on."""


@dataclass(frozen=True, kw_only=True)
class Measured:
    """A set chosen in one way: its measures on the world's test rows, the calls that choosing it took, and
    those that it takes a row. A way that finds no set passes everything, as it would in use."""

    case: Case
    way: str
    alignment: float
    kappa: float
    calls: int
    calls_per_row: int


@dataclass(frozen=True, kw_only=True)
class Found:
    """A judge and the calls that finding it took."""

    candidate: Candidate | None
    calls: int


Finder = Callable[["_Room"], Found]


@dataclass(frozen=True, kw_only=True)
class _Room:
    """A world with its assertions, and the budget."""

    world: SimulatedJudge
    assertions: tuple[Assertion, ...]
    budget: int
    seed: int
    ledger: Path

    @contextmanager
    def bench(self, *, calls: int | None) -> Iterator[Workbench]:
        """A workbench on the world's train and dev rows, with a budget of `calls`."""
        snapshot = self.world.file.snapshot
        problem = Problem(
            criterion=snapshot.criterion,
            train=snapshot.part(Part.TRAIN),
            dev=snapshot.part(Part.DEV),
            baseline=Candidate(),
            seed=self.seed,
            assertions=self.assertions,
        )
        book = SqliteLedger(self.ledger)
        try:
            with BackgroundLoop() as loop:
                gateway = Gateway(book, lambda _: WorldTransport(self.world))
                session = gateway.session("selection", Budget(max_calls=calls))
                yield Workbench(problem, judge_model=MODEL, proposer_model=MODEL, session=session, loop=loop)
                loop.run(gateway.aclose())
        finally:
            book.close()


def measure_case(data: Path, case: Case) -> list[Measured]:
    """Each way's set in one world, all with one budget and the same assertions from people."""
    world = MECHANISMS[case.mechanism](make_world_file(read_labelled(data / f"{case.file}.csv"), case.seed))
    assertions = people_assertions(world.file)
    rows = sum(len(world.file.snapshot.part(part)) for part in (Part.TRAIN, Part.DEV))
    with TemporaryDirectory() as folder:
        room = _Room(
            world=world,
            assertions=assertions,
            budget=round(ALLOWED * len(assertions) * rows),
            seed=case.seed,
            ledger=Path(folder) / "ledger",
        )
        return [_measured(room, case, way, find(room)) for way, find in WAYS.items()]


def _measured(room: _Room, case: Case, way: str, found: Found) -> Measured:
    test = room.world.file.snapshot.part(Part.TEST)
    own = measures(_on(room, found.candidate, test))
    return Measured(
        case=case,
        way=way,
        alignment=own.alignment or 0.0,
        kappa=own.kappa or 0.0,
        calls=found.calls,
        calls_per_row=found.candidate.calls_per_row if found.candidate is not None else 0,
    )


def _on(room: _Room, candidate: Candidate | None, rows: Sequence[LabelledExample]) -> Confusion:
    if candidate is None:
        bad = sum(row.label.value == "fail" for row in rows)
        return Confusion(fn=bad, tn=len(rows) - bad)
    with room.bench(calls=None) as bench:
        return bench.confusion(bench.evaluate(candidate, rows), rows)


# --- ways -----------------------------------------------------------------------------------------------


def criteria(room: _Room) -> Found:
    """The strategy: people's assertions, its own, and the way to choose that does best in cross-fitting."""
    with room.bench(calls=room.budget) as bench:
        with suppress(BudgetExhausted):
            create("criteria").run(bench)
        assert bench.best is not None
        return Found(candidate=bench.best.candidate, calls=bench.usage.calls)


def by_rule(rule: SelectionRule) -> Finder:
    """All of people's assertions asked about all rows, and a set chosen by `rule` on all of them."""

    def find(room: _Room) -> Found:
        with room.bench(calls=room.budget) as bench:
            rows = (*bench.problem.train, *bench.problem.dev)
            matrix = _matrix(bench, room.assertions, rows)
            named = {each.id: each for each in room.assertions}
            request = SelectionRequest(rule=rule, criteria=_criteria(room.assertions))
            try:
                chosen = select(matrix, request, selection_rows=matrix.rows, report_rows=()).assertions
            except SelectionInfeasible:
                chosen = ()
            found = Candidate(assertions=tuple(named[name] for name in chosen)) if chosen else None
            return Found(candidate=found, calls=bench.usage.calls)

    return find


def _matrix(
    bench: Workbench, assertions: Sequence[Assertion], rows: Sequence[LabelledExample]
) -> AssertionMatrix:
    found = bench.evaluate_each([Candidate(assertions=(each,)) for each in assertions], rows)
    evaluations = {each.id: own for each, own in zip(assertions, found, strict=True)}
    return matrix_of(evaluations, {row.id: row.label for row in rows})


def _criteria(assertions: Sequence[Assertion]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for each in assertions:
        found.setdefault(each.criterion, []).append(each.id)
    return found


OURS = "criteria"
WAYS: Mapping[str, Finder] = MappingProxyType(
    {
        OURS: criteria,
        "EvalGen's rule": by_rule(SelectionRule.EVALGEN),
        "SPADE, coverage": by_rule(SelectionRule.SPADE_COVERAGE),
        "SPADE, subsumption": by_rule(SelectionRule.SPADE_SUBSUMPTION),
    }
)
"""By the name that the report gives them. Each has a budget of its own, which counts what the ledger that
they share has answered before."""
