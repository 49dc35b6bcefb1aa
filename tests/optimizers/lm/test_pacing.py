"""Provider limits in the gateway: who waits, what a wait holds, and what ends it."""

import asyncio
from collections.abc import Callable

import pytest

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import ProviderUnavailable, RunCancelled, StorageFailed
from optimizers.lm import Gateway, RunControl
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.provider_limits import ProviderLimits, parse_limits
from optimizers.lm.tokens import expected_tokens
from optimizers.testing.ledger import ANSWER
from optimizers.types import Budget, ModelRef, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]


class Rate:
    """Lets calls wait as long as it is told, and notes their tokens."""

    def __init__(self, *waits_s: float) -> None:
        self.tokens: list[int] = []
        self.asked = asyncio.Event()
        self._waits_s = list(waits_s)

    def lane(self, model: ModelRef) -> str:
        return "lane"

    async def acquire(self, lane: str, tokens: int) -> float:
        self.tokens.append(tokens)
        self.asked.set()
        return self._waits_s.pop(0) if self._waits_s else 0.0


class BrokenRate(Rate):
    async def acquire(self, lane: str, tokens: int) -> float:
        raise StorageFailed("the book is gone")


async def test_a_call_that_waits_for_its_turn_holds_no_place(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    rate = Rate(60.0)
    gateway = make_gateway(rate=rate)
    waiting = asyncio.create_task(gateway.session("run", Budget()).ask(request_for()))
    await asyncio.wait_for(rate.asked.wait(), timeout=10)
    await asyncio.sleep(0.02)
    assert [limiter.in_flight for limiter in gateway._limiters.values()] == [0]
    waiting.cancel()


async def test_cancel_ends_the_wait_at_once_and_nothing_is_sent(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    rate, control = Rate(60.0), RunControl()
    gateway = make_gateway(rate=rate)
    session = gateway.session("run", Budget(), control=control)
    asked = [asyncio.create_task(session.ask(request_for(n))) for n in range(3)]
    await asyncio.wait_for(rate.asked.wait(), timeout=10)
    control.cancel()
    done = await asyncio.wait_for(asyncio.gather(*asked, return_exceptions=True), timeout=5)
    assert all(isinstance(outcome, RunCancelled) for outcome in done)
    await gateway.aclose()
    assert server.received == session.paid.calls == 0


async def test_only_the_first_in_the_queue_has_booked(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    rate, control = Rate(60.0), RunControl()
    session = make_gateway(rate=rate).session("run", Budget(), control=control)
    asked = [asyncio.create_task(session.ask(request_for(n))) for n in range(5)]
    await asyncio.wait_for(rate.asked.wait(), timeout=10)
    await asyncio.sleep(0.02)
    assert len(rate.tokens) == 1
    control.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def test_every_attempt_takes_a_turn(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR, to_call=2, from_call=1))
    rate = Rate()
    await make_gateway(rate=rate).session("run", Budget()).ask(request_for())
    assert len(rate.tokens) == server.received == 3


async def test_a_429_still_halves_the_concurrency(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=0.0))
    gateway = make_gateway(rate=Rate(), max_concurrency=8, retry={"max_attempts": 1})
    with pytest.raises(ProviderUnavailable):
        await gateway.session("run", Budget()).ask(request_for())
    assert [limiter.limit for limiter in gateway._limiters.values()] == [4]


async def test_answers_that_were_shorter_than_expected_give_their_tokens_back(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    rate = Rate()
    session = make_gateway(rate=rate).session("run", Budget())
    expected = expected_tokens(request_for(1))
    answer = await session.ask(request_for(1))
    await session.ask(request_for(2))
    taken = answer.prompt_tokens + answer.completion_tokens
    assert rate.tokens == [expected, expected - (expected - taken)]


async def test_a_hit_takes_no_turn(make_gateway: MakeGateway, request_for: MakeRequest) -> None:
    rate = Rate()
    session = make_gateway(rate=rate).session("run", Budget())
    await session.ask(request_for())
    await session.ask(request_for())
    assert len(rate.tokens) == 1


async def test_a_book_that_fails_is_a_storage_failure(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    with pytest.raises(StorageFailed, match="the book is gone"):
        await make_gateway(rate=BrokenRate()).session("run", Budget()).ask(request_for())
    assert server.received == 0


async def test_two_gateways_on_one_file_keep_to_one_rate(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    limits = parse_limits(f"{server.api_base}=600rpm")
    gateways = [make_gateway(rate=ProviderLimits(limits, ledger.lanes)) for _ in range(2)]
    sessions = [gateway.session("run", Budget()) for gateway in gateways]
    await asyncio.gather(*(sessions[n % 2].ask(request_for(n)) for n in range(20)))
    arrivals = sorted(call.at for call in server.log)
    assert arrivals[-1] - arrivals[0] >= 0.9 * (20 - 10) * 60 / 591


async def test_what_another_worker_answered_during_the_wait_is_not_asked_again(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    class SlowRate(Rate):
        async def acquire(self, lane: str, tokens: int) -> float:
            await ledger.commit(request_for(), ANSWER)  # by somebody who took our claim for a dead one's
            return 0.15

    gateway = make_gateway(rate=SlowRate(), lease_s=0.2)
    answer = await gateway.session("run", Budget()).ask(request_for())
    assert (answer.text, answer.cached) == (ANSWER.text, True)
    assert server.received == 0
