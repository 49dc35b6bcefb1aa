"""Group testing on the lab's world, whose judge learns a kind of defect by its word in the instruction."""

import json
from dataclasses import replace
from pathlib import Path

from optimizers.joint.criteria import instruction_with
from optimizers.joint.tracing import trace
from optimizers.testing.lab import Lab, Table
from optimizers.testing.world import KINDS
from optimizers.types import Candidate, Label, LabelledExample, ModelRequest
from tests.optimizers.joint.conftest import WORLD

USEFUL = {kind: f"Nobody may write {kind} to a customer." for kind in KINDS[1:]}
USELESS = tuple(f"The colour of page {n} must be blue throughout." for n in range(9))
CRITERIA = (*USELESS[:4], *USEFUL.values(), *USELESS[4:])


def stating(group: tuple[str, ...]) -> Candidate:
    return Candidate(instruction=instruction_with("", group, reasoning=True))


def of_kind(rows: tuple[LabelledExample, ...], kind: str) -> list[LabelledExample]:
    return [row for row in rows if kind in row.example.output]


def test_the_criterion_that_mends_a_row_is_found_and_no_other(table: Table) -> None:
    rows = table.bench.problem.train
    found = trace(table.bench, stating, CRITERIA, rows, reserve=0)
    assert list(found) == list(CRITERIA)
    for kind, line in USEFUL.items():
        assert sorted(found[line].mended, key=lambda row: row.id) == of_kind(rows, kind) != []
    assert not [line for line in USELESS if found[line].mended]
    assert not [line for line, traced in found.items() if traced.broken]


def test_a_criterion_that_people_do_not_hold_breaks_verdicts(table: Table) -> None:
    kind = KINDS[1]
    # The same rows, labelled as if nobody minded.
    tolerant = tuple(replace(row, label=Label.PASS) for row in table.bench.problem.train)
    found = trace(table.bench, stating, (USELESS[0], USEFUL[kind]), tolerant, reserve=0)
    assert found[USEFUL[kind]].broken == of_kind(tolerant, kind) != []
    assert not found[USEFUL[kind]].mended
    assert not found[USELESS[0]].broken


def test_of_criteria_that_say_the_same_only_one_gets_the_credit_for_a_row(table: Table) -> None:
    rows = table.bench.problem.train
    kind = KINDS[1]
    same = tuple(f"Way {n}: nobody may write {kind} to a customer." for n in range(3))
    found = trace(table.bench, stating, (USELESS[0], *same), rows, reserve=0)
    credited = [row.id for line in same for row in found[line].mended]
    assert sorted(credited) == [row.id for row in of_kind(rows, kind)]
    assert not found[USELESS[0]].mended


def test_a_criterion_can_be_traced_by_taking_it_away(table: Table) -> None:
    rows = table.bench.problem.train
    whole = (USELESS[0], *USEFUL.values())
    found = trace(
        table.bench, lambda group: stating(tuple(line for line in whole if line not in group)), whole, rows,
        reserve=0,
    )  # fmt: skip
    for kind, line in USEFUL.items():
        assert sorted(found[line].broken, key=lambda row: row.id) == of_kind(rows, kind)
    assert not found[USELESS[0]].broken


def test_a_verdict_that_any_change_of_the_prompt_tips_makes_no_criterion_look_useful(tmp_path: Path) -> None:
    changed = stating(USELESS[:1]).instruction.splitlines()[-2]  # what stands before any criteria

    def fickle(request: ModelRequest) -> str:
        verdict = "fail" if changed in request.messages[0].content else "pass"
        return json.dumps({"rationale": "r", "verdict": verdict})

    with Lab(ledger=tmp_path / "ledger", world=WORLD, script=fickle).bench(calls=None) as table:
        rows = table.bench.problem.train
        found = trace(table.bench, stating, USELESS, rows, reserve=0)
        assert table.model.calls > 2 * len(rows)  # verdicts did change, and were traced
    most = max(len(traced.mended) for traced in found.values())
    assert most <= len(rows) / len(USELESS)


def test_it_takes_few_calls_where_nothing_changes_a_verdict(table: Table) -> None:
    rows = table.bench.problem.train
    trace(table.bench, stating, USELESS, rows, reserve=0)
    assert table.model.calls == 2 * len(rows)  # as it stands, and with all of them at once


def test_it_stops_where_the_next_step_would_touch_the_reserve(tmp_path: Path) -> None:
    rows = len(WORLD.snapshot().rows) // 2
    for calls in (0, 30, rows, 2 * rows, 2 * rows + 10, 2 * rows + 30):
        with Lab(ledger=tmp_path / str(calls), world=WORLD).bench(calls=calls + 25) as table:
            found = trace(table.bench, stating, CRITERIA, table.bench.problem.train, reserve=25)
            assert table.model.calls <= calls
        assert list(found) == list(CRITERIA)


def test_without_room_for_anything_nothing_is_known(tmp_path: Path) -> None:
    with Lab(ledger=tmp_path / "ledger", world=WORLD).bench(calls=5) as table:
        found = trace(table.bench, stating, CRITERIA, table.bench.problem.train, reserve=0)
        assert table.model.calls == 0
    assert not any(traced.mended or traced.broken for traced in found.values())
