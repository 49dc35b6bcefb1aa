"""Several processes on one ledger, and processes that are killed."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from experiments.standin import StandIn
from optimizers.lm.ledger import SqliteLedger

WORKER = """
import asyncio, sys
from pathlib import Path
from optimizers.lm import Gateway, GatewaySettings, Routes, SqliteLedger
from optimizers.types import Budget, Message, ModelRef, ModelRequest

async def main(path, api_base, account, calls):
    ledger = SqliteLedger(Path(path))
    gateway = Gateway(ledger, Routes({}), settings=GatewaySettings(max_concurrency=4, lease_s=1.0))
    session = gateway.session(account, Budget(), Budget(max_calls=1_000))
    model = ModelRef(name="openai/simulated", api_base=api_base)
    messages = [(Message(role="user", content=f"Reply {n}."),) for n in range(int(calls))]
    questions = [ModelRequest(model=model, messages=m) for m in messages]
    print("ready", flush=True)
    await asyncio.gather(*(session.ask(question) for question in questions))
    print(session.paid.calls, flush=True)
    await gateway.aclose()
    ledger.close()

asyncio.run(main(*sys.argv[1:]))
"""


def worker(ledger: Path, server: StandIn, account: str, calls: int) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", WORKER, str(ledger), server.api_base, account, str(calls)],
        stdout=subprocess.PIPE,
        text=True,
    )


def test_two_processes_share_the_work_and_ask_nothing_twice(tmp_path: Path, server: StandIn) -> None:
    server.faults.latency_ms = 20
    workers = [worker(tmp_path / "l.db", server, f"run-{n}", 40) for n in range(2)]
    outputs = [process.communicate(timeout=60)[0].split() for process in workers]
    assert [process.returncode for process in workers] == [0, 0]
    assert sum(int(output[-1]) for output in outputs) == len(server.calls) == server.received == 40


@pytest.mark.timeout(90)
def test_a_killed_run_pays_again_only_for_what_was_in_flight(tmp_path: Path, server: StandIn) -> None:
    server.faults.latency_ms = 40
    path = tmp_path / "l.db"
    for kill in range(3):
        process = worker(path, server, "run", 60)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        enough = len(server.calls) + 8
        deadline = time.monotonic() + 30
        while len(server.calls) < enough and time.monotonic() < deadline:
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        assert len(server.calls) >= enough, f"nothing happened before kill {kill}"
    assert worker(path, server, "run", 60).wait(timeout=60) == 0
    asked = Counter(call.body_hash for call in server.log)
    assert len(asked) == 60
    assert server.received - 60 <= 3 * 4  # at most what three kills found in flight
    ledger = SqliteLedger(path)
    assert ledger.spend.total_now("run").calls >= server.received  # unknown fates stay charged
    ledger.close()
