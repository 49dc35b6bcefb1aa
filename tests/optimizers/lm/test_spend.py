"""Accounts: reserved before, settled after, never beyond the cap."""

import asyncio
from pathlib import Path

import pytest

from optimizers.errors import PauseReason, RunPaused
from optimizers.lm.charge import Account
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.spend import Charge
from optimizers.types import Budget, Usage

MOST = Charge(prompt_tokens=100, completion_tokens=50, cost_usd=0.003)
REAL = Charge(prompt_tokens=40, completion_tokens=10, cost_usd=0.001)


async def test_a_reservation_is_charged_in_full_until_it_is_settled(ledger: SqliteLedger) -> None:
    reservation, total = await ledger.spend.reserve("run", MOST, None)
    assert reservation is not None
    assert total == Usage(calls=1, prompt_tokens=100, completion_tokens=50, cost_usd=0.003)
    settled = await ledger.spend.settle(reservation, REAL)
    assert settled == Usage(calls=1, prompt_tokens=40, completion_tokens=10, cost_usd=0.001)


async def test_a_refund_leaves_nothing(ledger: SqliteLedger) -> None:
    reservation, _ = await ledger.spend.reserve("run", MOST, None)
    assert reservation is not None
    assert await ledger.spend.refund(reservation) == Usage()


async def test_a_reservation_is_closed_once(ledger: SqliteLedger) -> None:
    reservation, _ = await ledger.spend.reserve("run", MOST, None)
    assert reservation is not None
    await ledger.spend.settle(reservation, REAL)
    assert (await ledger.spend.refund(reservation)).calls == 1


async def test_what_was_never_settled_stays_charged_after_a_restart(tmp_path: Path) -> None:
    killed = SqliteLedger(tmp_path / "l.db")
    await killed.spend.reserve("run", MOST, None)
    killed.close()
    again = SqliteLedger(tmp_path / "l.db")
    assert again.spend.total_now("run").cost_usd == 0.003
    again.close()


@pytest.mark.parametrize(
    "cap", [Budget(max_calls=3), Budget(max_tokens=450), Budget(max_cost_usd=0.009)], ids=repr
)
async def test_concurrent_reservations_never_exceed_the_cap(ledger: SqliteLedger, cap: Budget) -> None:
    made = await asyncio.gather(*(ledger.spend.reserve("run", MOST, cap) for _ in range(64)))
    assert sum(reservation is not None for reservation, _ in made) == 3


async def test_accounts_do_not_mix(ledger: SqliteLedger) -> None:
    await ledger.spend.reserve("one", MOST, None)
    assert ledger.spend.total_now("two") == Usage()


async def test_a_call_without_a_price_makes_the_total_unknown(ledger: SqliteLedger) -> None:
    unpriced = Charge(prompt_tokens=1, completion_tokens=1, cost_usd=None)
    _, total = await ledger.spend.reserve("run", unpriced, None)
    assert total.cost_usd is None


async def test_ten_thousand_small_prices_add_up_exactly(ledger: SqliteLedger) -> None:
    small = Charge(prompt_tokens=0, completion_tokens=0, cost_usd=0.000_000_1)
    made = await asyncio.gather(*(ledger.spend.reserve("run", small, None) for _ in range(10_000)))
    assert max(total.cost_usd or 0 for _, total in made) == 0.001


async def test_the_cap_waits_for_calls_in_flight_that_may_turn_out_cheaper(ledger: SqliteLedger) -> None:
    account, cap = Account("run", ledger.spend), Budget(max_tokens=200)
    first = await account.reserve(MOST, cap)
    second = asyncio.create_task(account.reserve(MOST, cap))
    await asyncio.sleep(0.05)
    assert not second.done()
    await account.settle(first, REAL)
    assert (await second).charge == MOST
    assert account.paid.prompt_tokens == 140


async def test_the_cap_is_reached_when_nothing_is_in_flight(ledger: SqliteLedger) -> None:
    account, cap = Account("run", ledger.spend), Budget(max_calls=1)
    await account.settle(await account.reserve(MOST, cap), REAL)
    with pytest.raises(RunPaused, match="1 calls, 50 tokens") as stopped:
        await account.reserve(MOST, cap)
    assert stopped.value.reason is PauseReason.SPEND_CAP
