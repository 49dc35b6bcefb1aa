"""The simulated worlds, and that DSPy's own prompts are understood."""

from collections.abc import Sequence

import dspy
import pytest

from experiments.standin import CRITERION, Character, KnownBetterPrompt, NullWorld, World, WorldRow, make_rows
from experiments.standin.chat import read_request
from experiments.standin.dialogue import Dialogue
from experiments.standin.rows import DISTRACTIONS, KINDS
from optimizers.types import Label

ROWS = make_rows(seed=5, rows=200)
BEST = "\n".join(kind.rule for kind in KINDS)
ADAPTERS = [dspy.ChatAdapter(), dspy.JSONAdapter()]


class Judging(dspy.Signature):  # type: ignore[misc]  # DSPy is untyped
    criterion: str = dspy.InputField()
    input: str = dspy.InputField()
    output: str = dspy.InputField()
    rationale: str = dspy.OutputField()
    verdict: str = dspy.OutputField()
    fail_probability: float = dspy.OutputField()


def failed(
    world: World,
    instruction: str = "Judge the reply.",
    shown: Sequence[WorldRow] = (),
    adapter: dspy.Adapter = ADAPTERS[1],
) -> set[str]:
    """The ids of the rows that the judge fails under a prompt."""
    signature = Judging.with_instructions(instruction)
    dialogue = Dialogue(world)
    demos = [
        {
            "criterion": CRITERION,
            "input": r.input,
            "output": r.output,
            "verdict": r.label.value,
            "rationale": ".",
        }
        for r in shown
    ]
    fails = set()
    for row in world.rows:
        inputs = {"criterion": CRITERION, "input": row.input, "output": row.output}
        role, text = dialogue.answer(read_request({"messages": adapter.format(signature, demos, inputs)}))
        assert role == "judge"
        read = adapter.parse(signature, text)
        assert (read["fail_probability"] > 0.5) == (read["verdict"] == "fail")
        if read["verdict"] == "fail":
            fails.add(row.id)
    return fails


def bad(rows: Sequence[WorldRow] = ROWS) -> set[str]:
    return {row.id for row in rows if row.kind}


def test_rows_are_distinct_and_the_same_for_the_same_seed() -> None:
    assert make_rows(seed=5, rows=200) == ROWS
    assert len({(row.input, row.output) for row in ROWS}) == 200
    assert sum(row.label is Label.FAIL for row in ROWS) == 80


def test_no_row_names_a_kind_of_defect() -> None:
    texts = [f"{row.input} {row.output}".lower() for row in ROWS]
    assert not [kind.id for kind in (*KINDS, *DISTRACTIONS) for text in texts if kind.named_in(text)]


def test_label_noise_flips_labels_but_not_defects() -> None:
    noisy = make_rows(seed=5, rows=400, label_noise=0.2)
    flipped = [row for row in noisy if (row.label is Label.FAIL) != (row.kind is not None)]
    assert 40 < len(flipped) < 120


def test_the_judge_is_lenient_by_default_and_good_under_the_best_prompt() -> None:
    world = KnownBetterPrompt(ROWS)
    assert len(failed(world) & bad()) < 0.35 * len(bad())
    assert len(failed(world, BEST) & bad()) > 0.85 * len(bad())


def test_naming_one_kind_catches_that_kind_and_loses_nothing() -> None:
    world = KnownBetterPrompt(ROWS)
    before, after = failed(world), failed(world, KINDS[0].rule)
    gained = after - before
    assert before <= after
    assert gained
    assert {row.kind for row in ROWS if row.id in gained} == {KINDS[0].id}


def test_a_demonstration_of_a_kind_catches_it() -> None:
    shown = next(row for row in ROWS if row.kind == "wrong_day")
    gained = failed(KnownBetterPrompt(ROWS), shown=[shown]) - failed(KnownBetterPrompt(ROWS))
    assert {row.kind for row in ROWS if row.id in gained} == {"wrong_day"}


def test_irrelevant_rules_fail_good_rows() -> None:
    world = KnownBetterPrompt(ROWS)
    noise = "\n".join(kind.rule for kind in DISTRACTIONS)
    assert len(failed(world, f"{BEST}\n{noise}") - bad()) > len(failed(world, BEST) - bad())


def test_both_adapters_get_the_same_verdicts() -> None:
    world = KnownBetterPrompt(ROWS[:50])
    assert failed(world, BEST, adapter=ADAPTERS[0]) == failed(world, BEST, adapter=ADAPTERS[1])


def test_in_the_null_world_the_best_prompt_is_no_better() -> None:
    world = NullWorld(make_rows(seed=8, rows=1000))
    for instruction in ("Judge the reply.", BEST):
        caught = failed(world, instruction)
        assert 0.55 < len(caught & bad(world.rows)) / len(bad(world.rows)) < 0.75
        assert 0.14 < len(caught - bad(world.rows)) / 600 < 0.26
    assert failed(world) != failed(world, BEST)
    assert failed(world) == failed(world)


def test_unreadable_answers_come_at_their_share() -> None:
    world = KnownBetterPrompt(ROWS, character=Character(unreadable=0.3))
    dialogue = Dialogue(world)
    texts = [dialogue.answer(read_request({"messages": asked(row)}))[1] for row in ROWS]
    assert 35 < sum(not text.startswith("{") for text in texts) < 85


def asked(row: WorldRow) -> list[dict[str, str]]:
    user = (
        f'Is this fine? Question: {row.input}\nReply: {row.output}\nAnswer with JSON: {{"verdict": "pass"}}'
    )
    return [{"role": "user", "content": user}]


def test_a_prompt_of_the_users_own_with_everything_in_one_message_is_understood() -> None:
    role, text = Dialogue(KnownBetterPrompt(ROWS)).answer(read_request({"messages": asked(ROWS[7])}))
    assert (role, text[:11]) == ("judge", '{"verdict":')


def test_a_plain_proposer_gets_lines_that_name_the_kinds_it_shows() -> None:
    world = KnownBetterPrompt(ROWS, character=Character(insight=1.0, waffle=0.0))
    shown = [next(row for row in ROWS if row.kind == kind.id) for kind in KINDS[:2]]
    rows = "\n".join(f"Request: {row.input!r} Reply: {row.output!r}, verdict should be fail" for row in shown)
    message = {"role": "user", "content": f"Write a better instruction. The judge's errors:\n{rows}"}
    role, text = Dialogue(world).answer(read_request({"messages": [message]}))
    assert role == "proposer"
    assert [kind.id for kind in KINDS if kind.named_in(text.lower())] == [kind.id for kind in KINDS[:2]]


class Proposing(dspy.Signature):  # type: ignore[misc]  # DSPy is untyped
    examples: list[dict[str, str]] = dspy.InputField()
    observations: str = dspy.OutputField()
    rules: list[str] = dspy.OutputField()
    proposed_instruction: str = dspy.OutputField()


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_a_dspy_proposer_gets_every_field_that_it_asks_for(adapter: dspy.Adapter) -> None:
    row = next(row for row in ROWS if row.kind == "dismissive")
    examples = [{"input": row.input, "output": row.output, "verdict": "pass"}]
    messages = adapter.format(Proposing, [], {"examples": examples})
    world = KnownBetterPrompt(ROWS, character=Character(insight=1.0, waffle=0.0))
    role, text = Dialogue(world).answer(read_request({"messages": messages}))
    read = adapter.parse(Proposing, text)
    assert role == "proposer"
    assert read["rules"] == ["Fail a reply with a dismissive tone."]
    assert "dismissive" in read["proposed_instruction"]


def test_a_json_schema_says_which_fields_are_wanted() -> None:
    schema = {"properties": {"verdict": {"type": "string"}, "fail_probability": {"type": "number"}}}
    response_format = {"type": "json_schema", "json_schema": {"name": "j", "schema": schema}}
    request = read_request(
        {"messages": [{"role": "user", "content": "x"}], "response_format": response_format}
    )
    assert [(field.name, field.type) for field in request.fields] == [
        ("verdict", "str"),
        ("fail_probability", "float"),
    ]
