"""Answers go with the last who used them, or when long unused; on both kinds of ledger."""

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizers.lm.ledger import SqliteLedger
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest
from service.ledger.store import DatabaseLedger

DAY_S = 86_400.0
Ledger = SqliteLedger | DatabaseLedger


@pytest.fixture(params=["sqlite", "postgresql"])
def ledger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Ledger]:
    made: Ledger
    if request.param == "sqlite":
        made = SqliteLedger(tmp_path / "ledger.db")
    else:
        made = DatabaseLedger(request.getfixturevalue("emptied_postgres_url"))
    yield made
    made.close()


async def _answered(ledger: Ledger, text: str, *accounts: str, age_s: float = 0.0) -> str:
    """A question's key, its answer stored so long ago and used by these accounts now."""
    asked = ModelRequest(
        model=ModelRef(name="m"), messages=(Message(role="user", content=text),), decoding=Decoding()
    )
    await ledger.commit(asked, ModelAnswer(text="pass", created_at=time.time() - age_s))
    for account in accounts:
        await ledger.uses.note(account, [asked.key])
    return asked.key


async def test_an_account_s_own_answers_go_and_shared_ones_stay(ledger: Ledger) -> None:
    own = await _answered(ledger, "own", "a")
    shared = await _answered(ledger, "shared", "a", "b")
    other = await _answered(ledger, "other", "b")
    assert await ledger.uses.forget("a") == 1
    assert set(await ledger.lookup([own, shared, other])) == {shared, other}
    assert await ledger.uses.forget("a") == 0
    assert await ledger.uses.forget("b") == 2


async def test_what_is_old_and_unused_expires(ledger: Ledger) -> None:
    forgotten = await _answered(ledger, "forgotten", age_s=40 * DAY_S)
    used = await _answered(ledger, "used", "a", age_s=40 * DAY_S)
    new = await _answered(ledger, "new")
    assert await ledger.uses.expire(30 * DAY_S, but_of=[]) == 1
    assert set(await ledger.lookup([forgotten, used, new])) == {used, new}


async def test_what_a_run_in_progress_used_never_expires(ledger: Ledger) -> None:
    mine = await _answered(ledger, "mine", "in progress", age_s=1.0)
    ended = await _answered(ledger, "ended", "ended", age_s=1.0)
    await asyncio.sleep(0.05)
    assert await ledger.uses.expire(0.01, but_of=["in progress"]) == 1
    assert set(await ledger.lookup([mine, ended])) == {mine}
