"""The circuit: open after failures in a row, closed by one success."""

import pytest

from optimizers.errors import ProviderUnavailable
from optimizers.lm.circuit import Circuit


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def circuit(clock: Clock) -> Circuit:
    return Circuit(most_failures=3, cooldown_s=30, clock=clock)


async def fail(circuit: Circuit, times: int = 1) -> None:
    for _ in range(times):
        with pytest.raises(ProviderUnavailable, match=r"^down$"):
            async with circuit.watch():
                raise ProviderUnavailable("down")


async def succeed(circuit: Circuit) -> None:
    async with circuit.watch():
        pass


async def test_it_opens_after_failures_in_a_row(circuit: Circuit) -> None:
    await fail(circuit, 3)
    with pytest.raises(ProviderUnavailable, match=r"3 requests in a row failed.*last: down") as refused:
        await succeed(circuit)
    assert not refused.value.charged


async def test_a_success_between_failures_keeps_it_closed(circuit: Circuit) -> None:
    await fail(circuit, 2)
    await succeed(circuit)
    await fail(circuit, 2)
    await succeed(circuit)


async def test_after_the_cooldown_one_request_is_let_through(circuit: Circuit, clock: Clock) -> None:
    await fail(circuit, 3)
    clock.now = 31
    async with circuit.watch():
        with pytest.raises(ProviderUnavailable, match="not asked again yet"):
            await succeed(circuit)
    await succeed(circuit)


async def test_a_failed_probe_starts_the_cooldown_anew(circuit: Circuit, clock: Clock) -> None:
    await fail(circuit, 3)
    clock.now = 31
    await fail(circuit)
    clock.now = 60
    with pytest.raises(ProviderUnavailable, match="not asked again yet"):
        await succeed(circuit)
