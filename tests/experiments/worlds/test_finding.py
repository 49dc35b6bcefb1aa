import json

from experiments.standin.finding import RowFinder
from experiments.standin.rows import WorldRow
from optimizers.types import Label

QUESTION = "Who built the mill?\nReference answer(s): Ada Brook"


def row(number: int, output: str, asked: str = QUESTION) -> WorldRow:
    return WorldRow(id=f"r{number}", input=asked, output=output, label=Label.PASS)


def found(rows: list[WorldRow], text: str) -> list[str]:
    return [row.id for row in RowFinder(rows).all_in(text)]


def shown(row: WorldRow) -> str:
    return f"[[ ## task_input ## ]]\n{row.input}\n\n[[ ## task_output ## ]]\n{row.output}\n\nNow answer."


def test_an_output_that_the_input_quotes_is_not_found_there() -> None:
    rows = [row(0, "Ada Brook"), row(1, "Somebody else did")]
    assert found(rows, shown(rows[1])) == ["r1"]


def test_a_short_output_is_not_found_within_a_longer_one() -> None:
    rows = [row(0, "1977"), row(1, "in 1977"), row(2, "in 1977, or so")]
    for one in rows:
        assert found(rows, shown(one)) == [one.id]
        assert RowFinder(rows).last_in(shown(one)) == one


def test_rows_are_found_in_json_and_in_python_values() -> None:
    rows = [row(0, 'He said "no".\nThen he left.'), row(1, "A caf\u00e9, perhaps")]
    values = [{"task_input": r.input, "task_output": r.output} for r in rows]
    assert found(rows, json.dumps(values)) == ["r0", "r1"]
    assert found(rows, repr(values)) == ["r0", "r1"]


def test_a_row_that_was_cut_is_found_by_its_beginning() -> None:
    words = " ".join(f"word{n}" for n in range(300))
    rows = [row(0, f"first {words}", asked=f"long {words}"), row(1, f"second {words}", asked=f"long {words}")]
    text = json.dumps({"input": f"long {words}"[:900] + "...", "output": f"second {words}"[:600] + "..."})
    assert found(rows, text) == ["r1"]


def test_the_last_row_is_the_one_under_judgement() -> None:
    rows = [row(0, "A first answer", asked="One?"), row(1, "A second answer", asked="Two?")]
    text = f"{shown(rows[1])}\n{shown(rows[0])}"
    assert RowFinder(rows).last_in(text) == rows[0]


def test_a_text_without_rows_shows_none() -> None:
    rows = [row(0, "Ada Brook")]
    assert found(rows, "Ada Brook is a name.") == []
    assert RowFinder(rows).last_in("Ada Brook is a name.") is None
