"""The ledger's database goes away, comes back, breaks connections, or refuses."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

import psycopg
import pytest
from sqlalchemy import make_url

from optimizers.errors import StorageFailed
from optimizers.lm.spend import Charge
from optimizers.protocols import Claim
from optimizers.testing.ledger import ANSWER, question
from optimizers.types import Message, ModelRef, ModelRequest
from service.ledger.connection import Operation
from service.ledger.line import Line
from service.ledger.store import DatabaseLedger
from tests.service.ledger.conftest import PostgresStorage, break_connections

CHARGE = Charge(prompt_tokens=1, completion_tokens=1, cost_usd=0.5)
SLOWLY: Operation[None] = Operation(statements=(("SELECT pg_sleep(0.5)", {}),), read=lambda _: None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def at(port: int, url: str) -> str:
    return make_url(url).set(host="127.0.0.1", port=port).render_as_string(hide_password=False)


@asynccontextmanager
async def forwarding(port: int, url: str) -> AsyncIterator[None]:
    """`port` leads to the database of `url`."""
    target = make_url(url)

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
        writer.close()

    async def forward(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(target.host, target.port)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer), return_exceptions=True)

    server = await asyncio.start_server(forward, "127.0.0.1", port)
    try:
        yield
    finally:
        server.close()


CALLS: dict[str, Callable[[DatabaseLedger], Awaitable[object]]] = {
    "lookup": lambda ledger: ledger.lookup(["key"]),
    "claim": lambda ledger: ledger.claim(question(), holder="one", lease_s=10),
    "commit": lambda ledger: ledger.commit(question(), ANSWER),
    "reserve": lambda ledger: ledger.spend.reserve("run", CHARGE, None),
}


@pytest.mark.parametrize("call", CALLS)
async def test_a_database_that_stays_away_is_a_storage_failure(storage: PostgresStorage, call: str) -> None:
    ledger = DatabaseLedger(at(free_port(), storage.url), patience_s=0.2)
    with pytest.raises(StorageFailed, match="away"):
        await asyncio.wait_for(CALLS[call](ledger), timeout=10)
    ledger.close()


def test_so_it_is_for_who_reads_an_account(storage: PostgresStorage) -> None:
    ledger = DatabaseLedger(at(free_port(), storage.url), patience_s=0.2)
    with pytest.raises(StorageFailed, match="away"):
        ledger.spend.total_now("run")
    ledger.close()


async def test_a_database_that_comes_back_in_time_is_waited_for(storage: PostgresStorage) -> None:
    port = free_port()
    ledger = DatabaseLedger(at(port, storage.url), patience_s=30)
    waiting = asyncio.create_task(ledger.commit(question(), ANSWER))
    await asyncio.sleep(0.3)
    assert not waiting.done()
    async with forwarding(port, storage.url):
        assert await asyncio.wait_for(waiting, timeout=20) == ANSWER
        await asyncio.to_thread(ledger.close)


async def test_a_closed_ledger_does_not_wait_for_a_database_that_is_away(storage: PostgresStorage) -> None:
    ledger = DatabaseLedger(at(free_port(), storage.url), patience_s=3_600)
    waiting = asyncio.create_task(ledger.commit(question(), ANSWER))
    await asyncio.sleep(0.1)
    await asyncio.wait_for(asyncio.to_thread(ledger.close), timeout=20)
    with pytest.raises(StorageFailed, match="away"):
        await waiting


async def test_a_broken_connection_is_made_anew(storage: PostgresStorage) -> None:
    ledger = storage.open()
    await ledger.commit(question(), ANSWER)
    await ledger.lookup([question().key])
    break_connections(storage.url)
    assert isinstance(await ledger.claim(question(1), holder="one", lease_s=10), Claim)
    assert await ledger.lookup([question().key]) == {question().key: ANSWER}


async def test_a_connection_that_breaks_under_way_loses_nothing_and_frees_nothing(
    storage: PostgresStorage,
) -> None:
    ledger = storage.open()
    line: Line = ledger._durable
    first = asyncio.create_task(line.do(SLOWLY))
    await asyncio.sleep(0.1)
    rest = asyncio.gather(
        ledger.commit(question(), ANSWER), ledger.spend.reserve("run", CHARGE, None), line.do(SLOWLY)
    )
    await first
    await asyncio.sleep(0.2)
    await asyncio.to_thread(break_connections, storage.url)
    assert (await rest)[0] == ANSWER
    assert ledger.spend.total_now("run").calls >= 1


async def test_one_operation_that_is_refused_harms_no_other_in_its_group(storage: PostgresStorage) -> None:
    ledger = storage.open()
    unstorable = ModelRequest(model=ModelRef(name="m\x00"), messages=(Message(role="user", content="?"),))
    slow = asyncio.create_task(ledger._durable.do(SLOWLY))  # so that the rest becomes one group
    commits = [ledger.commit(question(n), ANSWER) for n in range(5)]
    done = await asyncio.gather(*commits, ledger.commit(unstorable, ANSWER), return_exceptions=True)
    await slow
    assert isinstance(done[-1], StorageFailed)
    assert await ledger.count() == 5


async def test_a_database_without_the_tables_is_a_storage_failure(postgres_url: str) -> None:
    ledger = DatabaseLedger(postgres_url)
    with pytest.raises(StorageFailed, match="concord_ledger_answers"):
        await ledger.lookup(["key"])
    ledger.close()


async def test_a_worker_frozen_in_a_transaction_holds_up_the_others_for_seconds(
    storage: PostgresStorage,
) -> None:
    ledger, frozen = storage.open(), storage.open()
    await ledger.spend.reserve("run", CHARGE, None)
    await frozen.spend.reserve("run", CHARGE, None)
    stuck = frozen._durable._connection._connection
    assert stuck is not None
    with suppress(psycopg.OperationalError), stuck.pipeline():  # as an operation does it
        stuck.execute("BEGIN")
        stuck.execute("SELECT * FROM concord_ledger_accounts FOR UPDATE")
        _, total = await asyncio.wait_for(ledger.spend.reserve("run", CHARGE, None), timeout=14)
    assert total.calls == 3
    _, total = await frozen.spend.reserve("run", CHARGE, None)  # it wakes without a connection
    assert total.calls == 4
