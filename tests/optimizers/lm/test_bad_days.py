"""Everything that a provider does wrong, against a real socket."""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import replace

import pytest

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import AuthenticationFailed, ModelNotFound, ProviderUnavailable
from optimizers.lm import Gateway, SqliteLedger
from optimizers.types import Budget, Decoding, ModelRef, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]


async def test_an_hour_of_retry_after_does_not_hang(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=3600))
    session = make_gateway().session("run", Budget())
    with pytest.raises(ProviderUnavailable, match="429") as trouble:
        await asyncio.wait_for(session.ask(request_for()), timeout=10)
    assert trouble.value.rate_limited
    assert server.received == 3
    assert session.paid.calls == 0


async def test_a_short_429_is_waited_for(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, calls=frozenset({1, 2}), retry_after_s=0.05))
    session = make_gateway().session("run", Budget())
    assert (await session.ask(request_for())).text
    assert session.paid.calls == len(server.calls) == 1


@pytest.mark.parametrize(
    "kind",
    [
        FaultKind.SERVER_ERROR,
        FaultKind.CUT_BODY,
        FaultKind.EMPTY_BODY,
        FaultKind.INVALID_JSON,
        FaultKind.DOWN,
    ],
)
async def test_a_transient_failure_is_tried_again_and_stays_charged(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, kind: FaultKind
) -> None:
    server.faults.add(Fault(kind=kind, calls=frozenset({1})))
    session = make_gateway().session("run", Budget())
    assert (await session.ask(request_for())).text
    assert server.received == session.paid.calls == 2
    assert session.usage.calls == 1


async def test_a_failure_after_all_retries_is_no_answer(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR))
    session = make_gateway().session("run", Budget())
    with pytest.raises(ProviderUnavailable, match="HTTP 500"):
        await session.ask(request_for())
    server.faults.clear()
    assert (await session.ask(request_for())).text
    assert await ledger.count() == session.usage.calls == 1


async def test_a_hang_ends_with_the_timeout(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG, calls=frozenset({1})))
    session = make_gateway(timeout_s=0.2).session("run", Budget())
    assert (await asyncio.wait_for(session.ask(request_for()), timeout=10)).text
    assert session.paid.calls == 2  # nobody knows whether the first one was charged


async def test_a_wrong_key_is_said_at_once_and_shown_to_nobody(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, key: str
) -> None:
    server.faults.accepted_key = "another"
    session = make_gateway().session("run", Budget())
    with pytest.raises(AuthenticationFailed, match="Incorrect API key") as refused:
        await session.ask(request_for())
    assert server.received == 1
    assert key not in str(refused.value)
    assert session.paid.calls == 0


async def test_a_refused_connection_costs_nothing(
    make_gateway: MakeGateway, request_for: MakeRequest
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = ModelRef(name="openai/simulated", api_base=f"http://127.0.0.1:{taken.getsockname()[1]}/v1")
        session = make_gateway().session("run", Budget())
        with pytest.raises(ProviderUnavailable) as trouble:
            await session.ask(replace(request_for(), model=model))
    assert not trouble.value.charged
    assert session.paid.calls == 0


async def test_an_address_that_serves_no_models_is_named(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    model = ModelRef(name="openai/simulated", api_base=server.api_base + "/wrong")
    with pytest.raises(ModelNotFound, match="no such address"):
        await make_gateway().session("run", Budget()).ask(replace(request_for(), model=model))


async def test_a_rejected_request_is_an_answer_that_costs_nothing(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    impossible = replace(request_for(), decoding=Decoding(temperature=7.0))
    session = make_gateway().session("run", Budget())
    answer, again = await session.ask(impossible), await session.ask(impossible)
    assert answer.rejected is not None
    assert re.search("temperature must be in", answer.rejected)
    assert again.cached
    assert (await ledger.count(), session.paid.calls, session.usage.cost_usd) == (1, 0, 0.0)


async def test_a_provider_that_is_down_is_not_asked_by_every_row(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=21))
    session = make_gateway(circuit_failures=5).session("run", Budget())
    for number in range(20):
        await session.ask(request_for(number))
    for number in range(20, 200):
        with pytest.raises(ProviderUnavailable):
            await session.ask(request_for(number))
    assert server.received == 20 + 5 * 3


async def test_a_resumed_run_asks_a_recovered_provider_at_once(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    gateway = make_gateway(circuit_failures=1)
    server.faults.add(Fault(kind=FaultKind.DOWN))
    with pytest.raises(ProviderUnavailable):
        await gateway.session("run", Budget()).ask(request_for())
    server.faults.clear()
    assert (await gateway.session("run", Budget()).ask(request_for())).text


async def test_a_429_lowers_the_concurrency_for_all(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, to_call=8, from_call=1, retry_after_s=0.01))
    gateway = make_gateway(max_concurrency=16, retry={"max_attempts": 10})
    session = gateway.session("run", Budget())
    await asyncio.gather(*(session.ask(request_for(n)) for n in range(40)))
    assert len(server.calls) == session.paid.calls == 40
    assert all(1 <= limiter.limit < 16 for limiter in gateway._limiters.values())
