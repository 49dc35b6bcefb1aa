import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest

from optimizers.errors import (
    AuthenticationFailed,
    InvalidInput,
    ModelNotFound,
    PauseReason,
    ProviderUnavailable,
    RequestRejected,
    RunCancelled,
    RunPaused,
)
from optimizers.evaluate import PromptedJudge, evaluate, judge_all
from optimizers.reading import REJECTED
from optimizers.rendering import render
from optimizers.template import PromptTemplate, verbatim_template
from optimizers.types import (
    Candidate,
    DecisionRule,
    Evaluation,
    Example,
    Failure,
    FailureKind,
    Label,
    Message,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Outcome,
    Usage,
    VerbatimPrompt,
    Verdict,
)

MODEL = ModelRef(name="test/model")
TEMPLATE = verbatim_template(VerbatimPrompt(messages=(Message(role="user", content="{{output}}"),)))


def rows(count: int) -> list[Example]:
    return [Example(id=f"r{i}", input="", output=str(i)) for i in range(count)]


def says(label: str) -> ModelAnswer:
    return ModelAnswer(text=f'{{"verdict": "{label}"}}', prompt_tokens=10, cost_usd=0.1)


async def by_parity(row: int) -> ModelAnswer:
    return says("fail" if row % 2 else "pass")


@dataclass
class Scripted:
    """A language model that does for row n what its script says, and counts."""

    script: Callable[[int], Awaitable[ModelAnswer]] = by_parity
    asked: list[int] = field(default_factory=list)
    active: int = 0
    most_active: int = 0
    cancelled: int = 0

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        row = int(request.messages[0].content)
        self.asked.append(row)
        self.active += 1
        self.most_active = max(self.most_active, self.active)
        try:
            return await self.script(row)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.active -= 1


async def run(lm: Scripted, count: int, template: PromptTemplate = TEMPLATE, **options: object) -> Evaluation:
    defaults: dict[str, object] = {"candidate_id": "c", "model": MODEL, "abreast": 4}
    return await evaluate(template, rows(count), lm, **defaults | options)  # type: ignore[arg-type]


def failing(error: BaseException, *at: int) -> Callable[[int], Awaitable[ModelAnswer]]:
    async def script(row: int) -> ModelAnswer:
        await asyncio.sleep(0)
        if row in at:
            raise error
        return await by_parity(row)

    return script


async def test_outcomes_stand_in_row_order_whatever_arrives_first() -> None:
    async def late_first(row: int) -> ModelAnswer:
        await asyncio.sleep(0.02 if row == 1 else 0)
        return await by_parity(row)

    result = await run(Scripted(late_first), 9)
    assert list(result.outcomes) == [f"r{i}" for i in range(9)]
    assert result.judged(["r1", "r2"]) == (Label.FAIL, Label.PASS)


async def test_the_usage_is_the_sum_in_row_order() -> None:
    result = await run(Scripted(), 3)
    assert result.usage == Usage(calls=3, prompt_tokens=30, cost_usd=0.1 + 0.1 + 0.1)


async def test_no_more_rows_than_abreast_are_under_way() -> None:
    async def slow(row: int) -> ModelAnswer:
        await asyncio.sleep(0.001)
        return await by_parity(row)

    lm = Scripted(slow)
    await run(lm, 40, abreast=7)
    assert lm.most_active == 7
    assert sorted(lm.asked) == list(range(40))


async def test_no_rows_are_no_calls() -> None:
    lm = Scripted()
    assert (await run(lm, 0)).outcomes == {}
    assert lm.asked == []


@pytest.mark.parametrize("error", [AuthenticationFailed("wrong key"), ModelNotFound("no such model")])
async def test_a_wrong_key_costs_one_call(error: Exception) -> None:
    lm = Scripted(failing(error, *range(100)))
    with pytest.raises(type(error)):
        await run(lm, 100)
    assert lm.asked == [0]


async def test_an_order_to_stop_ends_the_others_at_once() -> None:
    async def script(row: int) -> ModelAnswer:
        if row == 3:
            raise RunCancelled
        await asyncio.sleep(0 if row == 0 else 60)
        return await by_parity(row)

    lm = Scripted(script)
    with pytest.raises(RunCancelled):
        await asyncio.wait_for(run(lm, 1000), timeout=10)
    assert lm.asked == [0, 1, 2, 3]
    assert lm.cancelled == 2
    assert lm.active == 0


async def test_cancelling_the_evaluation_cancels_its_calls() -> None:
    all_there = asyncio.Event()

    async def script(row: int) -> ModelAnswer:
        if row == 4:
            all_there.set()
        await asyncio.sleep(0 if row == 0 else 60)
        return await by_parity(row)

    lm = Scripted(script)
    task = asyncio.create_task(run(lm, 1000))
    await all_there.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert lm.cancelled == 4
    assert lm.active == 0


async def test_a_row_that_the_provider_failed_on_pauses_once_the_rest_is_answered() -> None:
    lm = Scripted(failing(ProviderUnavailable("503"), 5, 9))
    with pytest.raises(RunPaused) as raised:
        await run(lm, 30)
    assert raised.value.reason is PauseReason.PROVIDER
    assert "2 of 30 rows" in raised.value.message
    assert "(28 are answered and kept); last: 503" in raised.value.message
    assert len(lm.asked) == 30


async def test_a_provider_that_is_down_is_not_asked_for_every_row() -> None:
    lm = Scripted(failing(ProviderUnavailable("down"), *range(200, 10_000)))
    with pytest.raises(RunPaused):
        await run(lm, 10_000)
    assert len(lm.asked) <= 200 + 8 + 4


async def test_a_provider_that_is_down_from_the_start_is_asked_once() -> None:
    lm = Scripted(failing(ProviderUnavailable("down"), *range(100)))
    with pytest.raises(RunPaused):
        await run(lm, 100)
    assert lm.asked == [0]


async def test_without_a_canary_no_row_waits_for_the_first() -> None:
    started = asyncio.Event()

    async def script(row: int) -> ModelAnswer:
        if row == 3:
            started.set()
        await asyncio.wait_for(started.wait(), timeout=10)
        return await by_parity(row)

    result = await run(Scripted(script), 4, canary=False)
    assert len(result.outcomes) == 4


async def test_a_call_that_was_cancelled_from_within_is_no_silent_gap() -> None:
    with pytest.raises(asyncio.CancelledError):
        await run(Scripted(failing(asyncio.CancelledError(), 7)), 30)


async def test_five_rows_that_are_all_rejected_are_a_wrong_request() -> None:
    async def rejected(row: int) -> ModelAnswer:
        return ModelAnswer(text="", rejected="unknown parameter")

    with pytest.raises(RequestRejected, match=r"all of the first 5 rows .*unknown parameter"):
        await run(Scripted(rejected), 5)
    four = await run(Scripted(rejected), 4)
    assert {o.kind for o in four.outcomes.values() if isinstance(o, Failure)} == {FailureKind.REFUSED}


async def test_a_wrong_request_is_not_sent_for_every_row() -> None:
    async def rejected(row: int) -> ModelAnswer:
        await asyncio.sleep(0)
        return ModelAnswer(text="", rejected="unknown parameter")

    lm = Scripted(rejected)
    with pytest.raises(RequestRejected, match="all of the first 50 rows"):
        await run(lm, 10_000)
    assert sorted(lm.asked) == list(range(50))


async def test_a_model_that_refuses_every_row_is_an_outcome() -> None:
    async def refused(row: int) -> ModelAnswer:
        return ModelAnswer(text="", finish_reason="refusal")

    result = await run(Scripted(refused), 6)
    assert result.judged(["r0", "r5"]) == (None, None)


async def test_unparseable_and_rejected_rows_are_typed() -> None:
    async def mixed(row: int) -> ModelAnswer:
        answers = {1: ModelAnswer(text="hm"), 2: ModelAnswer(text="", rejected="too long")}
        return answers.get(row) or await by_parity(row)

    result = await run(Scripted(mixed), 6)
    kinds = {i: o.kind for i, o in result.outcomes.items() if isinstance(o, Failure)}
    assert kinds == {"r1": FailureKind.UNPARSEABLE, "r2": FailureKind.REFUSED}


async def test_a_row_that_cannot_be_sent_is_refused_before_any_call() -> None:
    lm = Scripted()
    bad = [*rows(3), Example(id="bad", input="\ud800", output="")]
    with pytest.raises(InvalidInput, match="'bad'"):
        await evaluate(TEMPLATE, bad, lm, candidate_id="c", model=MODEL)
    assert lm.asked == []


async def test_a_repeated_id_is_refused() -> None:
    with pytest.raises(InvalidInput, match="'r0' twice"):
        await evaluate(TEMPLATE, rows(1) * 2, Scripted(), candidate_id="c", model=MODEL)


async def test_progress_ends_with_all_rows_and_never_goes_back() -> None:
    told: list[tuple[int, int, int]] = []
    await run(Scripted(), 500, on_progress=lambda done, total, usage: told.append((done, total, usage.calls)))
    assert told[0] == (1, 500, 1)
    assert told[-1] == (500, 500, 500)
    assert told == sorted(told)
    assert len(told) < 100


async def test_answers_that_come_without_a_wait_leave_others_their_turn() -> None:
    task = asyncio.create_task(run(Scripted(), 100_000))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_single_row_is_judged_by_its_rule() -> None:
    async def unsure(row: int) -> ModelAnswer:
        return ModelAnswer(text='{"rationale": "?", "verdict": "pass", "fail_probability": 0.4}')

    template = render(Candidate(probability=True), "")
    lm = _AnyRow(await unsure(0))
    judge = PromptedJudge(template=template, model=MODEL, lm=lm, decision=DecisionRule(threshold=0.4))
    outcome = await judge.judge(rows(1)[0])
    assert outcome == Verdict(label=Label.FAIL, fail_probability=0.4, rationale="?")


@dataclass
class _AnyRow:
    answer: ModelAnswer

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        return self.answer


async def test_without_probes_a_rejected_row_is_an_outcome_wherever_it_stands() -> None:
    async def judge(_: Example) -> Outcome:
        return Failure(kind=FailureKind.REFUSED, message=f"{REJECTED}: too long")

    examples = [Example(id=str(row), input="", output="") for row in range(60)]
    found = await judge_all(judge, examples, probes=0)
    assert {o.kind for o in found.values() if isinstance(o, Failure)} == {FailureKind.REFUSED}
