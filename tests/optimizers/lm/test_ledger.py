"""The ledger's file: answers, claims, and what happens when the disk refuses."""

import asyncio
import sqlite3
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.errors import StorageFailed
from optimizers.lm.ledger import SqliteLedger
from optimizers.protocols import Claim
from optimizers.types import Message, ModelAnswer, ModelRef, ModelRequest

ANSWER = ModelAnswer(
    text='{"verdict": "päss"}',
    finish_reason="length",
    prompt_tokens=12,
    completion_tokens=3,
    cost_usd=0.000_012_5,
    latency_ms=41.5,
    logprobs=(("pass", -0.1), (" ", -2.0)),
    created_at=1_000.0,
)


class Clock:
    def __init__(self) -> None:
        self.now = 1_000.0

    def __call__(self) -> float:
        return self.now


def question(number: int = 0) -> ModelRequest:
    return ModelRequest(
        model=ModelRef(name="openai/m"), messages=(Message(role="user", content=f"Question {number}"),)
    )


async def claimed(ledger: SqliteLedger, request: ModelRequest, holder: str) -> Claim:
    claim = await ledger.claim(request, holder=holder, lease_s=10)
    assert isinstance(claim, Claim)
    return claim


async def test_a_committed_answer_comes_back_whole(ledger: SqliteLedger) -> None:
    await ledger.commit(question(), ANSWER)
    assert await ledger.lookup([question().key]) == {question().key: ANSWER}


async def test_an_unknown_key_is_not_found(ledger: SqliteLedger) -> None:
    assert await ledger.lookup([question().key]) == {}


async def test_the_first_commit_counts(ledger: SqliteLedger) -> None:
    await ledger.commit(question(), ANSWER)
    second = await ledger.commit(question(), replace(ANSWER, text="another"))
    assert second == ANSWER
    assert await ledger.count() == 1


async def test_an_answer_survives_reopening(tmp_path: Path) -> None:
    first = SqliteLedger(tmp_path / "l.db")
    await first.commit(question(), ANSWER)
    first.close()
    second = SqliteLedger(tmp_path / "l.db")
    assert await second.lookup([question().key]) == {question().key: ANSWER}
    second.close()


async def test_only_one_holder_gets_a_claim(ledger: SqliteLedger) -> None:
    await claimed(ledger, question(), "one")
    assert await ledger.claim(question(), holder="two", lease_s=10) is None


async def test_a_claim_on_an_answered_question_is_its_answer(ledger: SqliteLedger) -> None:
    await ledger.commit(question(), ANSWER)
    assert await ledger.claim(question(), holder="one", lease_s=10) == ANSWER


async def test_a_claim_is_taken_over_when_its_lease_has_run_out(tmp_path: Path) -> None:
    clock = Clock()
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    await claimed(ledger, question(), "dead")
    clock.now += 9.9
    assert await ledger.claim(question(), holder="live", lease_s=10) is None
    clock.now += 0.2
    await claimed(ledger, question(), "live")
    ledger.close()


async def test_a_renewed_claim_outlives_its_first_lease_and_a_lost_one_is_not_renewed(tmp_path: Path) -> None:
    clock = Clock()
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    await claimed(ledger, question(), "slow")
    clock.now += 9
    await ledger.renew([question().key], holder="slow", lease_s=10)
    clock.now += 9.5
    assert await ledger.claim(question(), holder="live", lease_s=10) is None
    clock.now += 1
    await claimed(ledger, question(), "live")
    await ledger.renew([question().key], holder="slow", lease_s=1_000)
    clock.now += 11
    await claimed(ledger, question(), "third")
    ledger.close()


async def test_a_released_claim_is_free(ledger: SqliteLedger) -> None:
    await ledger.release(await claimed(ledger, question(), "one"))
    await claimed(ledger, question(), "two")


async def test_a_lost_claim_releases_nothing(tmp_path: Path) -> None:
    clock = Clock()
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    lost = await claimed(ledger, question(), "frozen")
    clock.now += 11
    await claimed(ledger, question(), "live")
    await ledger.release(lost)
    assert await ledger.claim(question(), holder="third", lease_s=10) is None
    ledger.close()


async def test_a_late_answer_is_kept(tmp_path: Path) -> None:
    clock = Clock()
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    await claimed(ledger, question(), "slow")
    clock.now += 11
    await claimed(ledger, question(), "quick")
    assert await ledger.commit(question(), ANSWER) == ANSWER
    assert await ledger.claim(question(), holder="quick", lease_s=10) == ANSWER
    ledger.close()


async def test_an_old_answer_does_not_count_for_who_wants_a_fresh_one(tmp_path: Path) -> None:
    clock = Clock()
    ledger = SqliteLedger(tmp_path / "l.db", clock=clock)
    await ledger.commit(question(), ANSWER)
    clock.now += 60
    assert await ledger.lookup([question().key], max_age_s=59) == {}
    assert question().key in await ledger.lookup([question().key], max_age_s=61)
    fresh = replace(ANSWER, text="fresh", created_at=clock.now)
    assert await ledger.commit(question(), fresh, max_age_s=59) == fresh
    ledger.close()


async def test_concurrent_claims_of_one_question_give_one(ledger: SqliteLedger) -> None:
    claims = await asyncio.gather(*(ledger.claim(question(), holder=f"h{n}", lease_s=10) for n in range(50)))
    assert sum(claim is not None for claim in claims) == 1


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
    outputs = [worker.communicate(timeout=60)[0].split() for worker in workers]
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


async def test_a_closed_ledger_refuses(tmp_path: Path) -> None:
    ledger = SqliteLedger(tmp_path / "l.db")
    ledger.close()
    ledger.close()
    with pytest.raises(StorageFailed, match="closed"):
        await ledger.lookup(["key"])


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
