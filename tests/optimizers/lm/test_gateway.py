"""The whole gateway against a real socket: what is asked, what is paid, what is kept."""

import asyncio
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import (
    AuthenticationFailed,
    BudgetExhausted,
    InvalidInput,
    ModelNotFound,
    PriceUnknown,
    StorageFailed,
)
from optimizers.lm import Gateway, Price, Pricing, Session, SqliteLedger
from optimizers.testing import LanguageModelContract
from optimizers.types import Budget, Message, ModelAnswer, ModelRef, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]
PRICE = Price(prompt_usd_per_million=1_000.0, completion_usd_per_million=2_000.0)


class TestSession(LanguageModelContract):
    @pytest.fixture
    def language_model(self, make_gateway: MakeGateway) -> Session:
        return make_gateway().session("run", Budget())

    @pytest.fixture
    def model_ref(self, server: StandIn) -> ModelRef:
        return ModelRef(name="openai/simulated", api_base=server.api_base)


async def test_an_answer_is_paid_once_and_then_costs_nothing(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    session = make_gateway().session("run", Budget())
    first, second = await session.ask(request_for()), await session.ask(request_for())
    assert (first.cached, second.cached) == (False, True)
    assert replace(second, cached=False) == first
    assert len(server.calls) == session.paid.calls == 1
    assert session.usage.calls == 2


async def test_the_ledgers_count_is_the_servers_own(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    gateway = make_gateway()
    for name in ("one", "two", "one"):
        session = gateway.session(name, Budget())
        await asyncio.gather(*(session.ask(request_for(n % 60)) for n in range(100)))
    assert await ledger.count() == len(server.calls) == server.received == 60
    assert gateway.session("one", Budget()).paid.calls + gateway.session("two", Budget()).paid.calls == 60


async def test_the_recorded_price_counts_whoever_paid(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    gateway = make_gateway(pricing=Pricing({"openai/simulated": PRICE}))
    payer, heir = gateway.session("payer", Budget()), gateway.session("heir", Budget())
    paid = await payer.ask(request_for())
    await heir.ask(request_for())
    assert paid.cost_usd == PRICE.cost_usd(paid.prompt_tokens, paid.completion_tokens)
    assert heir.usage.cost_usd == payer.usage.cost_usd == paid.cost_usd
    assert heir.paid.calls == 0
    assert payer.paid.cost_usd == pytest.approx(paid.cost_usd, abs=1e-12)


async def test_one_question_from_many_at_once_is_asked_once(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.latency_ms = 50
    gateway = make_gateway()
    sessions = [gateway.session(f"run-{n % 3}", Budget()) for n in range(30)]
    answers = await asyncio.gather(*(session.ask(request_for()) for session in sessions))
    assert len({answer.text for answer in answers}) == 1
    assert sum(not answer.cached for answer in answers) == 1
    assert server.received == 1


@pytest.mark.timeout(10)
async def test_a_question_asked_at_the_moment_at_which_its_answer_lands_is_answered(
    make_gateway: MakeGateway,
    request_for: MakeRequest,
    ledger: SqliteLedger,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gateway, stored, landing, store = make_gateway(), asyncio.Event(), asyncio.Event(), ledger.commit

    async def commit(*arguments: Any, **options: Any) -> ModelAnswer:
        answer = await store(*arguments, **options)
        stored.set()
        await landing.wait()
        return answer

    async def ask_then() -> ModelAnswer:
        await landing.wait()
        return await gateway.session("second", Budget()).ask(request_for())

    monkeypatch.setattr(ledger, "commit", commit)
    first = asyncio.create_task(gateway.session("first", Budget()).ask(request_for()))
    await stored.wait()
    second = asyncio.create_task(ask_then())
    await asyncio.sleep(0)  # it waits behind the first
    landing.set()
    assert (await second).text == (await first).text


async def test_two_gateways_on_one_ledger_ask_once(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.latency_ms = 50
    sessions = [make_gateway().session(f"run-{n}", Budget()) for n in range(2)]
    await asyncio.gather(*(session.ask(request_for(n)) for n in range(20) for session in sessions))
    assert server.received == 20


async def test_a_claim_is_kept_alive_for_as_long_as_the_call_takes(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.latency_ms = 900
    sessions = [make_gateway(lease_s=0.3).session(f"run-{n}", Budget()) for n in range(2)]
    await asyncio.gather(*(session.ask(request_for()) for session in sessions))
    assert server.received == 1


async def test_a_claim_of_a_dead_worker_is_taken_over(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    await ledger.claim(request_for(), holder="dead", lease_s=0.2)
    answer = await asyncio.wait_for(make_gateway().session("run", Budget()).ask(request_for()), timeout=10)
    assert not answer.cached
    assert server.received == 1


async def test_samples_are_questions_of_their_own(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    session = make_gateway().session("run", Budget())
    for sample in (0, 1, 2, 1):
        await session.ask(request_for(sample=sample))
    assert server.received == 3


async def test_an_old_answer_is_asked_anew_for_who_wants_a_fresh_one(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    gateway = make_gateway()
    await gateway.session("run", Budget()).ask(request_for())
    await asyncio.sleep(0.02)
    assert not (await gateway.session("new", Budget(), max_age_s=0.01).ask(request_for())).cached
    assert (await gateway.session("run", Budget(), max_age_s=60).ask(request_for())).cached
    assert server.received == 2


async def test_an_answer_of_the_session_itself_is_never_too_old(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    session = make_gateway().session("run", Budget(), max_age_s=0)
    await session.ask(request_for())
    await asyncio.sleep(0.05)
    assert (await session.ask(request_for())).cached
    assert server.received == 1


async def test_tokens_are_estimated_where_the_provider_reports_none(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.usage = False
    session = make_gateway().session("run", Budget())
    answer = await session.ask(request_for(max_tokens=500))
    assert 10 < answer.prompt_tokens < 40
    assert answer.completion_tokens == -(-len(answer.text) // 4)
    assert session.paid.completion_tokens == 500  # what was really paid stays at its most


async def test_a_refusal_is_an_answer(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.REFUSAL))
    answer = await make_gateway().session("run", Budget()).ask(request_for())
    assert (answer.finish_reason, answer.text) == ("refusal", "I cannot help with that.")


async def test_no_key_is_ever_in_the_ledger(
    make_gateway: MakeGateway, request_for: MakeRequest, ledger: SqliteLedger, key: str
) -> None:
    await make_gateway().session("run", Budget()).ask(request_for())
    with sqlite3.connect(ledger.path) as connection:
        text = "\n".join(connection.iterdump())
    assert request_for().key in text
    assert key not in text


# --- budget -------------------------------------------------------------------------------------------


async def test_the_call_beyond_the_budget_is_not_made(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    session = make_gateway().session("run", Budget(max_calls=2))
    await session.ask(request_for(1))
    await session.ask(request_for(1))
    with pytest.raises(BudgetExhausted):
        await session.ask(request_for(2))
    assert server.received == 1


async def test_a_repeated_run_stops_at_the_same_call(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    async def run() -> int:
        session = make_gateway().session("run", Budget(max_tokens=200))
        for number in range(50):
            try:
                await session.ask(request_for(number))
            except BudgetExhausted:
                return number
        raise AssertionError("the budget never ended")

    first, paid = await run(), server.received
    assert await run() == first
    assert server.received == paid


async def test_a_dollar_limit_without_a_price_is_refused_at_once(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    gateway, limit = make_gateway(), Budget(max_cost_usd=1.0)
    with pytest.raises(PriceUnknown, match="openai/simulated"):
        gateway.session("run", limit, models=[request_for().model])
    with pytest.raises(PriceUnknown):
        await gateway.session("run", Budget(), limit).ask(request_for())
    assert server.received == 0


# --- before any call ------------------------------------------------------------------------------------


def test_a_missing_key_is_found_without_a_call(make_gateway: MakeGateway) -> None:
    with pytest.raises(AuthenticationFailed, match=r"'anthropic/claude-sonnet-4-5': set ANTHROPIC_API_KEY"):
        make_gateway().check(ModelRef(name="anthropic/claude-sonnet-4-5"))


def test_an_unknown_model_is_found_without_a_call(make_gateway: MakeGateway) -> None:
    with pytest.raises(ModelNotFound, match="no transport reaches 'nonsense'"):
        make_gateway().check(ModelRef(name="nonsense"))


def test_a_model_that_can_be_asked_passes(make_gateway: MakeGateway, request_for: MakeRequest) -> None:
    make_gateway().check(request_for().model)


async def test_a_text_that_is_no_unicode_is_refused(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    broken = replace(request_for(), messages=(Message(role="user", content="\ud800"),))
    with pytest.raises(InvalidInput, match="not valid Unicode"):
        await make_gateway().session("run", Budget()).ask(broken)


# --- the disk ---------------------------------------------------------------------------------------------


async def test_an_answer_that_the_disk_refuses_is_kept_until_it_takes_it(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    session = make_gateway().session("run", Budget())
    await session.ask(request_for(0))
    await ledger._file.write(lambda c: c.execute("CREATE TRIGGER full BEFORE INSERT ON answers BEGIN SELECT RAISE(ABORT, 'disk is full'); END").close())  # fmt: skip  # noqa: E501
    with pytest.raises(StorageFailed, match="disk is full"):
        await session.ask(request_for(1))
    assert (await session.ask(request_for(0))).cached
    await ledger._file.write(lambda c: c.execute("DROP TRIGGER full").close())
    assert (await session.ask(request_for(1))).cached
    assert len(server.calls) == await ledger.count() == 2


async def test_a_gateway_belongs_to_one_event_loop(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    session = make_gateway().session("run", Budget())
    await session.ask(request_for())
    with pytest.raises(RuntimeError, match="one event loop"):
        await asyncio.to_thread(lambda: asyncio.run(session.ask(request_for())))
