from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.standin import NullWorld, StandIn, make_rows
from optimizers.lm import Gateway, GatewaySettings, Pricing, RetryPolicy, Routes, SqliteLedger
from optimizers.protocols import RateLimit
from optimizers.types import Decoding, Message, ModelRef, ModelRequest

MakeGateway = Callable[..., Gateway]
MakeRequest = Callable[..., ModelRequest]

KEY = "sk-secret-key-1234567890"
_QUICK = GatewaySettings(
    timeout_s=5.0,
    retry=RetryPolicy(
        max_attempts=3, first_backoff_s=0.01, longest_backoff_s=0.05, longest_retry_after_s=0.1
    ),
    lease_s=3.0,
    claim_poll_s=0.01,
    linger_s=1.0,
)


@pytest.fixture
def key() -> str:
    return KEY


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(NullWorld(make_rows(seed=1, rows=20))) as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


@pytest.fixture
async def make_gateway(ledger: SqliteLedger) -> AsyncIterator[MakeGateway]:
    made: list[Gateway] = []

    def make(
        *,
        pricing: Pricing | None = None,
        retry: dict[str, float] | None = None,
        rate: RateLimit | None = None,
        **changes: object,
    ) -> Gateway:
        policy = replace(_QUICK.retry, **(retry or {}))  # type: ignore[arg-type]
        settings = replace(_QUICK, retry=policy, **changes)  # type: ignore[arg-type]
        routes = Routes({"OPENAI_API_KEY": KEY}, timeout_s=settings.timeout_s)
        made.append(Gateway(ledger, routes, pricing=pricing, settings=settings, rate=rate))
        return made[-1]

    yield make
    for gateway in made:
        await gateway.aclose()


@pytest.fixture
def request_for(server: StandIn) -> MakeRequest:
    """The `number`-th question to the stand-in; the same number is the same question."""

    def make(number: int = 0, *, sample: int = 0, max_tokens: int = 100) -> ModelRequest:
        return ModelRequest(
            model=ModelRef(name="openai/simulated", api_base=server.api_base),
            messages=(
                Message(role="system", content='Judge. Answer in JSON with "rationale" and "verdict".'),
                Message(role="user", content=f"Reply number {number}."),
            ),
            decoding=Decoding(max_tokens=max_tokens),
            sample=sample,
        )

    return make
