"""The ledger in a SQLite file: its contract, several processes, and what happens when the disk refuses."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.errors import StorageFailed
from optimizers.lm.answer_json import from_ledger
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.spend import Charge
from optimizers.protocols import Claim
from optimizers.testing import AccountsContract, LanesContract, LedgerContract
from optimizers.testing.ledger import ANSWER, question
from optimizers.types import Budget, ModelAnswer


class SqliteStorage:
    """A file, with a clock that stands still until it is moved."""

    def __init__(self, path: Path, opened: ExitStack) -> None:
        self.now = 1_000.0
        self._path = path
        self._opened = opened

    def open(self) -> SqliteLedger:
        ledger = SqliteLedger(self._path, clock=lambda: self.now)
        self._opened.callback(ledger.close)
        return ledger

    def let_pass(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[SqliteStorage]:
    with ExitStack() as opened:
        yield SqliteStorage(tmp_path / "l.db", opened)


class TestSqliteLedger(LedgerContract):
    """Answers and claims."""


class TestSqliteAccounts(AccountsContract):
    """Accounts."""


class TestSqliteLanes(LanesContract):
    """Provider limits."""


_CLAIM_ALL = """
import asyncio, sys
from optimizers.lm.ledger import SqliteLedger
from optimizers.protocols import Claim
from optimizers.types import Message, ModelRef, ModelRequest

async def main(path, holder):
    ledger = SqliteLedger(path)
    messages = [(Message(role="user", content=str(n)),) for n in range(200)]
    requests = [ModelRequest(model=ModelRef(name="m"), messages=m) for m in messages]
    claims = await asyncio.gather(*(ledger.claim(r, holder=holder, lease_s=60) for r in requests))
    print(*(c.key for c in claims if isinstance(c, Claim)))
    ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


def test_processes_never_hold_the_same_claim(tmp_path: Path) -> None:
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", _CLAIM_ALL, str(tmp_path / "l.db"), f"worker-{n}"],
            stdout=subprocess.PIPE,
            text=True,
        )
        for n in range(3)
    ]
    outputs = [worker.communicate(timeout=240)[0].split() for worker in workers]
    assert all(worker.returncode == 0 for worker in workers)
    claimed = [key for output in outputs for key in output]
    assert len(claimed) == len(set(claimed)) == 200


async def test_a_full_disk_is_a_storage_failure_and_loses_nothing(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db")
    await ledger.commit(question(), ANSWER)
    await ledger._file.read(lambda c: c.execute("PRAGMA max_page_count = 1").fetchall())
    big = replace(ANSWER, text="x" * 100_000)
    with pytest.raises(StorageFailed, match="full"):
        await ledger.commit(question(1), big)
    assert await ledger.lookup([question().key, question(1).key]) == {question().key: ANSWER}
    await ledger._file.read(lambda c: c.execute("PRAGMA max_page_count = 1000000").fetchall())
    assert await ledger.commit(question(1), big) == big
    ledger.close()


async def test_one_operation_that_fails_harms_no_other_in_its_group(ledger: SqliteLedger) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO no_such_table VALUES (1)")

    commits = [ledger.commit(question(n), ANSWER) for n in range(5)]
    done = await asyncio.gather(*commits, ledger._file.write(broken), return_exceptions=True)
    assert isinstance(done[-1], StorageFailed)
    assert await ledger.count() == 5


async def test_all_who_wait_for_a_ledger_that_another_holds_are_told_at_once(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db")
    await ledger._file.read(lambda c: c.execute("PRAGMA busy_timeout = 200").fetchall())
    other = sqlite3.connect(tmp_path / "l.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    started = time.perf_counter()
    commits = (ledger.commit(question(n), ANSWER) for n in range(100))
    done = await asyncio.gather(*commits, return_exceptions=True)
    assert all(isinstance(failed, StorageFailed) for failed in done)
    assert time.perf_counter() - started < 10.0  # one after the other they would take twice that
    other.close()
    assert await ledger.commit(question(), ANSWER) == ANSWER
    ledger.close()


async def test_a_roll_back_that_fails_does_not_end_the_ledgers_thread(ledger: SqliteLedger) -> None:
    def broken(connection: sqlite3.Connection) -> None:
        connection.set_authorizer(lambda action, *_: int(action == sqlite3.SQLITE_TRANSACTION))
        raise sqlite3.OperationalError("disk I/O error")

    with pytest.raises(StorageFailed, match="disk I/O error"):
        await asyncio.wait_for(ledger._file.write(broken), timeout=10)
    assert await asyncio.wait_for(ledger.count(), timeout=10) == 0


def test_a_path_that_cannot_be_made_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StorageFailed, match="cannot be opened"):
        SqliteLedger(tmp_path / "file" / "l.db")


def test_a_file_that_is_no_ledger_is_a_storage_failure(tmp_path: Path) -> None:
    (tmp_path / "l.db").write_text("this is not SQLite, and long enough to be told apart " * 20)
    with pytest.raises(StorageFailed, match="not a database"):
        SqliteLedger(tmp_path / "l.db")


async def test_looking_up_many_keys_is_one_quick_trip(ledger: SqliteLedger) -> None:
    requests = [question(n) for n in range(2_000)]
    await asyncio.gather(*(ledger.commit(request, ANSWER) for request in requests))
    keys = [request.key for request in requests] * 10
    started = time.perf_counter()
    assert len(await ledger.lookup(keys)) == 2_000
    assert time.perf_counter() - started < 2.0  # 10,000 a second; several times that is usual


def test_a_request_is_hashed_once_however_often_its_key_is_wanted() -> None:
    request = question()
    assert request.key is request.key
    assert request == question()


# --- what waits together shares its statements, and is done as if one after the other -----------------------


async def test_of_many_who_claim_one_question_at_once_one_gets_it(ledger: SqliteLedger) -> None:
    wishes = [ledger.claim(question(), holder=f"holder-{n}", lease_s=60) for n in range(50)]
    found = await asyncio.gather(*wishes)
    assert [claim is not None for claim in found] == [True] + [False] * 49


async def test_a_claim_given_back_while_it_is_being_written_is_free_again(ledger: SqliteLedger) -> None:
    first = ledger.claim(question(), holder="a", lease_s=60)
    back = ledger.release(Claim(key=question().key, holder="a", expires_at=0.0))
    second = ledger.claim(question(), holder="b", lease_s=60)
    found = await asyncio.gather(first, back, second)
    assert [isinstance(claim, Claim) for claim in found] == [True, False, True]


async def test_of_many_answers_at_once_the_first_counts_for_all(ledger: SqliteLedger) -> None:
    answers = [replace(ANSWER, text=str(n)) for n in range(20)]
    counted = await asyncio.gather(*(ledger.commit(question(), answer) for answer in answers))
    assert {answer.text for answer in counted} == {"0"}
    assert await ledger.lookup([question().key]) == {question().key: answers[0]}


async def test_an_answer_that_is_there_is_found_without_a_write(tmp_path: Path, ledger: SqliteLedger) -> None:
    await ledger.commit(question(), ANSWER)
    other = sqlite3.connect(ledger.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")  # nobody else can write now
    found = await asyncio.wait_for(ledger.claim(question(), holder="a", lease_s=60), timeout=5)
    assert found == ANSWER
    other.close()


async def test_reservations_and_settlements_at_once_add_up(ledger: SqliteLedger) -> None:
    most = Charge(prompt_tokens=100, completion_tokens=10, cost_usd=0.01)
    real = Charge(prompt_tokens=60, completion_tokens=5, cost_usd=0.002)
    cap = Budget(max_calls=30)
    made = await asyncio.gather(*(ledger.spend.reserve("run", most, cap) for _ in range(40)))
    open_ones = [reservation for reservation, _ in made if reservation is not None]
    assert len({reservation.id for reservation in open_ones}) == len(open_ones) == 30
    kept, settled, refunded = open_ones[:10], open_ones[10:20], open_ones[20:]
    await asyncio.gather(
        *(ledger.spend.keep(each) for each in kept),
        *(ledger.spend.settle(each, real) for each in [*settled, *settled]),  # the second changes nothing
        *(ledger.spend.refund(each) for each in refunded),
        *(ledger.spend.reserve("another run", most, None) for _ in range(3)),
    )
    total = ledger.spend.total_now("run")
    assert (total.calls, total.prompt_tokens, total.completion_tokens) == (20, 1_600, 150)
    assert total.cost_usd == 0.12
    assert ledger.spend.total_now("another run").calls == 3


async def test_one_of_many_that_cannot_be_stored_harms_no_other(ledger: SqliteLedger) -> None:
    commits = [ledger.commit(question(n), ANSWER) for n in range(5)]
    undated = ledger.commit(question(9), replace(ANSWER, created_at=float("nan")))
    done = await asyncio.gather(*commits, undated, return_exceptions=True)
    assert isinstance(done[-1], StorageFailed)
    assert await ledger.count() == 5


def test_an_answer_from_the_ledger_is_the_same_but_for_where_it_came_from() -> None:
    answer = ModelAnswer(
        text="t",
        finish_reason="length",
        rejected="r",
        prompt_tokens=1,
        completion_tokens=2,
        cost_usd=0.3,
        latency_ms=4.0,
        logprobs=(("t", -0.5),),
        created_at=6.0,
    )
    found = from_ledger(answer)
    names = [name for name in ModelAnswer.__slots__ if getattr(found, name) != getattr(answer, name)]
    assert names == ["cached"]
    assert found.cached
