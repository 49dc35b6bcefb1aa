import asyncio
import json
import random
from collections.abc import Callable

from experiments.standin.rows import WorldRow
from experiments.worlds import SimulatedJudge, WorldTransport
from experiments.worlds.proposing import MOST_NEW, Insight, propose
from optimizers.checks import CheckRunner
from optimizers.criteria.asking import Ask, ask_through
from optimizers.criteria.assertions import CHECK, PROMPT, write
from optimizers.criteria.suggesting import from_labels, from_prompt
from optimizers.types import Decoding, Label, Message, ModelAnswer, ModelRef, ModelRequest

WorldOf = Callable[..., SimulatedJudge]


def fails(world: SimulatedJudge, kind: str, n: int) -> list[WorldRow]:
    return [row for row in world.rows if row.kind == kind and row.label is Label.FAIL][:n]


def named(world: SimulatedJudge, lines: tuple[str, ...]) -> set[str]:
    text = "\n".join(lines).lower()
    terms = (*world.file.terms.kinds, *world.file.terms.distractions)
    return {term.id for term in terms if any(phrase in text for phrase in term.phrases)}


def test_a_kind_that_is_shown_is_named_sometimes_and_more_often_in_more_rows(world_of: WorldOf) -> None:
    world = world_of("named")
    kind = world.file.terms.kinds[0].id
    counts = []
    for n in (1, 4):
        shown = tuple(fails(world, kind, n))
        answers = [world.propose(f"request {number}", shown) for number in range(200)]
        counts.append(sum(kind in named(world, answer.rules) for answer in answers))
    assert 40 < counts[0] < 110
    assert 130 < counts[1] < 190


def test_a_kind_that_is_not_shown_is_not_named(world_of: WorldOf) -> None:
    world = world_of("named")
    first, second = (term.id for term in world.file.terms.kinds[:2])
    answers = [world.propose(f"request {n}", tuple(fails(world, first, 3))) for n in range(100)]
    assert not [answer for answer in answers if second in named(world, answer.rules)]


def test_a_hint_is_as_good_as_a_row(world_of: WorldOf) -> None:
    world = world_of("named")
    term = world.file.terms.kinds[0]
    answers = [world.propose(f"{term.hints[0].lower()} {n}", ()) for n in range(200)]
    assert 35 < sum(term.id in named(world, answer.rules) for answer in answers) < 90


def test_what_the_request_names_is_mostly_kept(world_of: WorldOf) -> None:
    world = world_of("named")
    kinds = {term.id for term in world.file.terms.kinds}
    text = "; ".join(term.phrases[0] for term in world.file.terms.kinds)
    kept = [len(named(world, world.propose(f"{text} {n}", ()).rules) & kinds) for n in range(50)]
    assert 0.8 < sum(kept) / (50 * len(kinds)) < 1.0


def test_an_answer_adds_at_most_six_lines_that_name_something(world_of: WorldOf) -> None:
    world = world_of("named")
    all_rows = tuple(row for row in world.rows if row.kind)
    sure = Insight(seen=1.0, waffle=1.0, general=0.0, strictness=0.0)
    found = propose(world.file.terms, sure, "", all_rows, random.Random(1), "")
    assert len(found.rules) == MOST_NEW


def test_an_answer_is_written_in_the_form_that_is_asked_for(world_of: WorldOf) -> None:
    world = world_of("named")
    rows = [{"task_input": row.input, "task_output": row.output} for row in world.rows if row.kind][:12]
    asked = f'{json.dumps(rows)}\nAnswer with a JSON object: {{"criteria": ["...", "..."]}}'
    request = ModelRequest(
        model=ModelRef(name="openai/simulated"),
        messages=(Message(role="user", content=asked),),
        decoding=Decoding(response_format='{"type":"json_object"}'),
    )
    transport = WorldTransport(world)
    answer = asyncio.run(transport.complete(request))
    assert named(world, tuple(json.loads(answer.text)["criteria"]))
    assert (transport.judged, transport.proposed) == (0, 1)


class Session:
    """A world's model as whoever suggests criteria is given it."""

    def __init__(self, world: SimulatedJudge) -> None:
        self.transport = WorldTransport(world)

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        return await self.transport.complete(request)


def asking(world: SimulatedJudge) -> Ask:
    return ask_through(Session(world), ModelRef(name="openai/simulated"))


async def test_a_prompt_alone_makes_it_guess_kinds_and_distractions(world_of: WorldOf) -> None:
    world = world_of("named")
    ask = asking(world)
    found = await asyncio.gather(*(from_prompt(f"Task {i}.", ask=ask, n=20) for i in range(20)))
    guessed = [named(world, (one.text,)) for answer in found for one in answer]
    kinds = {term.id for term in world.file.terms.kinds}
    assert sum(bool(ids & kinds) for ids in guessed) > 20
    assert sum(bool(ids - kinds) for ids in guessed) > 20


async def test_labels_make_it_suggest_the_kinds_that_it_is_shown(world_of: WorldOf) -> None:
    world = world_of("named")
    rows = [row.labelled for row in world.rows]
    found = await from_labels(rows, world.file.criterion, ask=asking(world), n=20)
    kinds = {term.id for term in world.file.terms.kinds}
    assert len(named(world, tuple(one.text for one in found)) & kinds) >= len(kinds) // 2
    assert all(one.example_ids for one in found)
    assert not any(one.name.startswith("Fail") for one in found)


async def test_a_criterion_is_worded_in_several_ways_and_found_by_the_judge(world_of: WorldOf) -> None:
    world = world_of("named")
    term = world.file.terms.kinds[0]
    found = await write(f"The output has no {term.phrases[0]}.", ask=asking(world), n=3, kinds=[PROMPT])
    assert len({one.text for one in found.assertions}) == 3
    assert all(named(world, (one.text.lower(),)) == {term.id} for one in found.assertions)


async def test_its_checks_are_checks_and_sometimes_none(world_of: WorldOf) -> None:
    runner = CheckRunner()
    ask = asking(world_of("named"))
    found = [await write(f"Criterion {i}.", ask=ask, kinds=[CHECK], checks=runner) for i in range(12)]
    runner.close()
    assert {bool(one.assertions) for one in found} == {True, False}
    assert not any(one.refused for one in found)
