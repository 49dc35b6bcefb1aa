"""Cancel and pause: every wait ends at once, and what is paid for is kept."""

import asyncio
import threading
import time
from collections.abc import Callable

import pytest

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import PauseReason, RunCancelled, RunPaused
from optimizers.lm import Gateway, Routes, RunControl, SqliteLedger
from optimizers.protocols import Claim
from optimizers.types import Budget, ModelAnswer, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]


async def cancelled_within_a_second(control: RunControl, *asked: "asyncio.Task[object]") -> None:
    await asyncio.sleep(0.1)
    started = time.monotonic()
    threading.Thread(target=control.cancel).start()
    results = await asyncio.gather(*asked, return_exceptions=True)
    assert time.monotonic() - started < 1.0
    assert all(isinstance(result, RunCancelled) for result in results)


async def test_a_cancel_ends_calls_in_flight_and_those_that_wait_for_a_place(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    control = RunControl()
    session = make_gateway(max_concurrency=4).session("run", Budget(), control=control)
    asked = [asyncio.ensure_future(session.ask(request_for(n))) for n in range(20)]
    async with asyncio.timeout(30):  # the client's first import takes its time
        while server.received < 4:  # noqa: ASYNC110  # the server runs in a thread of its own
            await asyncio.sleep(0.01)
    await cancelled_within_a_second(control, *asked)
    assert server.received == 4


async def test_a_run_has_no_more_calls_open_than_it_may_however_many_it_asks(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    control = RunControl()
    gateway = make_gateway(max_concurrency=64)
    session = gateway.session("run", Budget(), control=control, max_in_flight=3)
    asked = [asyncio.ensure_future(session.ask(request_for(n))) for n in range(20)]
    async with asyncio.timeout(30):
        while session.paid.calls < session.abreast or server.received < 3:  # noqa: ASYNC110  # see above
            await asyncio.sleep(0.01)
    await cancelled_within_a_second(control, *asked)
    await gateway.aclose()
    assert server.received == session.paid.calls == 3  # what had not left was given back


async def test_a_reservation_that_was_being_written_for_a_call_nobody_wants_is_given_back(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    gateway = make_gateway()
    session = gateway.session("run", Budget())
    for wait_s in (0.0, 0.001, 0.002, 0.003, 0.004, 0.005, 0.006):  # somewhere on the way to the provider
        asked = asyncio.ensure_future(session.ask(request_for(f"after {wait_s}")))
        await asyncio.sleep(wait_s)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
    await gateway.aclose()
    assert session.paid.calls == server.received


async def test_a_cancel_ends_the_wait_for_a_retry(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, retry_after_s=3600))
    control = RunControl()
    gateway = make_gateway(retry={"longest_retry_after_s": 60})
    session = gateway.session("run", Budget(), control=control)
    await cancelled_within_a_second(control, asyncio.ensure_future(session.ask(request_for())))


async def test_a_cancel_ends_the_wait_for_another_workers_claim(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    await ledger.claim(request_for(), holder="another worker", lease_s=60)
    control = RunControl()
    session = make_gateway().session("run", Budget(), control=control)
    await cancelled_within_a_second(control, asyncio.ensure_future(session.ask(request_for())))
    assert server.received == 0


async def test_after_a_cancel_no_call_is_made(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    control = RunControl()
    session = make_gateway().session("run", Budget(), control=control)
    control.cancel()
    with pytest.raises(RunCancelled):
        await session.ask(request_for())
    assert server.received == 0


async def test_an_answer_that_arrives_after_the_cancel_is_kept(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    server.faults.latency_ms = 300
    control, gateway = RunControl(), make_gateway()
    session = gateway.session("run", Budget(), control=control)
    await cancelled_within_a_second(control, asyncio.ensure_future(session.ask(request_for())))
    await gateway.aclose()
    assert await ledger.count() == len(server.calls) == session.paid.calls == 1


async def test_an_asker_that_goes_away_leaves_a_paid_call_to_end(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn, ledger: SqliteLedger
) -> None:
    server.faults.latency_ms = 200
    gateway = make_gateway()
    asked = asyncio.ensure_future(gateway.session("run", Budget()).ask(request_for()))
    async with asyncio.timeout(30):  # the client's first import takes its time
        while server.received < 1:  # noqa: ASYNC110  # the server runs in a thread of its own
            await asyncio.sleep(0.01)
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    await gateway.aclose()
    assert await ledger.count() == 1


async def test_another_run_takes_over_a_question_whose_asker_was_cancelled(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR, calls=frozenset({1})))
    gateway = make_gateway(retry={"first_backoff_s": 60, "longest_backoff_s": 60})
    control = RunControl()
    first = asyncio.ensure_future(gateway.session("one", Budget(), control=control).ask(request_for()))
    await asyncio.sleep(0.1)
    second = asyncio.ensure_future(gateway.session("two", Budget()).ask(request_for()))
    await cancelled_within_a_second(control, first)
    assert (await asyncio.wait_for(second, timeout=5)).text
    assert server.received == 2


async def test_a_pause_ends_calls_in_flight_and_says_why(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    session = make_gateway().session("run", Budget())
    asked = asyncio.ensure_future(session.ask(request_for()))
    await asyncio.sleep(0.1)
    session.pause(PauseReason.BY_HAND, "lunch")
    with pytest.raises(RunPaused, match="lunch"):
        await asyncio.wait_for(asked, timeout=1)


async def test_closing_does_not_wait_for_ever(
    make_gateway: MakeGateway, request_for: MakeRequest, server: StandIn
) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    gateway = make_gateway(timeout_s=60, linger_s=0.2)
    session = gateway.session("run", Budget())
    asked = asyncio.ensure_future(session.ask(request_for()))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(gateway.aclose(), timeout=5)
    with pytest.raises(asyncio.CancelledError):
        await asked
    assert session.paid.calls == 1  # its fate is unknown


class SlowLedger(SqliteLedger):
    """Its claims are written at once, and known to be a while later."""

    async def claim(
        self, request: ModelRequest, *, holder: str, lease_s: float, max_age_s: float | None = None
    ) -> Claim | ModelAnswer | None:
        claimed = await super().claim(request, holder=holder, lease_s=lease_s, max_age_s=max_age_s)
        await asyncio.sleep(0.3)
        return claimed


async def test_a_cancel_while_a_claim_is_written_leaves_no_claim_behind(
    request_for: MakeRequest, ledger: SqliteLedger, key: str
) -> None:
    slow, control = SlowLedger(ledger.path), RunControl()
    gateway = Gateway(slow, Routes({"OPENAI_API_KEY": key}))
    asked = asyncio.ensure_future(gateway.session("run", Budget(), control=control).ask(request_for()))
    await cancelled_within_a_second(control, asked)
    await gateway.aclose()
    slow.close()
    claimed = await ledger.claim(request_for(), holder="the worker that resumes", lease_s=60)
    assert isinstance(claimed, Claim)
