"""The spend cap under concurrency and failures, over restarts: never more is paid."""

import asyncio
from collections.abc import Callable

import pytest

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import PauseReason, ProviderUnavailable, RunPaused
from optimizers.lm import Gateway, Price, Pricing, Session
from optimizers.types import Budget, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]
PRICES = Pricing({"openai/simulated": Price(prompt_usd_per_million=100.0, completion_usd_per_million=400.0)})


async def ask_all(session: Session, questions: list[ModelRequest]) -> list[object]:
    return list(await asyncio.gather(*(session.ask(q) for q in questions), return_exceptions=True))


def reached_the_cap(results: list[object]) -> int:
    return sum(isinstance(r, RunPaused) and r.reason is PauseReason.SPEND_CAP for r in results)


async def test_the_cap_on_calls_is_exact_with_64_at_once(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    session = make_gateway(max_concurrency=64).session("run", Budget(), Budget(max_calls=30))
    results = await ask_all(session, [request_for(n) for n in range(64)])
    assert reached_the_cap(results) == 34
    assert server.received == session.paid.calls == 30


async def test_the_cap_holds_with_64_at_once_and_failures_of_all_kinds(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    kinds = (FaultKind.SERVER_ERROR, FaultKind.CUT_BODY, FaultKind.RATE_LIMITED, FaultKind.DOWN)
    server.faults.add(*(Fault(kind=kind, rate=0.15, retry_after_s=0.01) for kind in kinds))
    gateway = make_gateway(max_concurrency=64, circuit_failures=1_000)
    session = gateway.session("run", Budget(), Budget(max_calls=100))
    results = await ask_all(session, [request_for(n) for n in range(200)])
    limited = sum(call.outcome == FaultKind.RATE_LIMITED for call in server.log)
    assert reached_the_cap(results) > 0
    assert server.received - limited <= session.paid.calls <= 100


@pytest.mark.parametrize("cap", [Budget(max_cost_usd=0.15), Budget(max_tokens=900)], ids=repr)
async def test_a_cap_on_money_or_tokens_is_used_up_but_not_exceeded(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, cap: Budget
) -> None:
    session = make_gateway(pricing=PRICES, max_concurrency=64).session("run", Budget(), cap)
    results = await ask_all(session, [request_for(n) for n in range(100)])
    assert reached_the_cap(results) > 0
    assert session.paid.cost_usd is not None
    used = (
        session.paid.cost_usd
        if cap.max_cost_usd
        else session.paid.prompt_tokens + session.paid.completion_tokens
    )
    limit = cap.max_cost_usd or cap.max_tokens or 0
    assert limit * 0.6 < used <= limit


async def test_the_cap_survives_a_restart(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    cap = Budget(max_calls=3)
    await ask_all(make_gateway().session("run", Budget(), cap), [request_for(n) for n in range(2)])
    again = make_gateway().session("run", Budget(), cap)
    assert again.paid.calls == 2
    results = await ask_all(again, [request_for(n) for n in range(10)])
    assert reached_the_cap(results) == 7
    assert len(server.calls) == 3


async def test_a_higher_cap_lets_a_paused_run_go_on_without_paying_twice(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    questions = [request_for(n) for n in range(5)]
    await ask_all(make_gateway().session("run", Budget(), Budget(max_calls=3)), questions)
    results = await ask_all(make_gateway().session("run", Budget(), Budget(max_calls=5)), questions)
    assert reached_the_cap(results) == 0
    assert len(server.calls) == 5
    assert server.paid_twice == 0


async def test_attempts_whose_fate_is_unknown_use_up_the_cap(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    session = make_gateway(timeout_s=0.1).session("run", Budget(), Budget(max_calls=2))
    with pytest.raises(RunPaused):
        await session.ask(request_for())
    assert server.received == 2


async def test_refunded_attempts_do_not_use_up_the_cap(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=0.0))
    session = make_gateway().session("run", Budget(), Budget(max_calls=1))
    with pytest.raises(ProviderUnavailable):
        await session.ask(request_for())
    server.faults.clear()
    assert (await session.ask(request_for())).text


async def test_hits_need_no_room_under_the_cap(make_gateway: MakeGateway, request_for: MakeRequest) -> None:
    session = make_gateway().session("run", Budget(), Budget(max_calls=1))
    await session.ask(request_for())
    assert all([(await session.ask(request_for())).cached for _ in range(5)])
