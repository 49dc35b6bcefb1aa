"""Several processes on one ledger and one account, and processes that are killed."""

import json
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from experiments.standin import StandIn
from service.composition import open_ledger
from service.db import open_engine
from service.schema import migrate
from service.settings import Settings
from tests.service.ledger.conftest import break_connections

Start = Callable[..., "subprocess.Popen[str]"]
SCRIPT = Path(__file__).parent / "asking_worker.py"
LIVENESS_S = 240.0


@pytest.fixture
def settings(tmp_path: Path, ready_database_url: str) -> Settings:
    """A service on each of the two databases."""
    engine = open_engine(ready_database_url)
    migrate(engine)
    engine.dispose()
    return Settings(home=tmp_path, database_url=ready_database_url)


@pytest.fixture
def start(settings: Settings, server: StandIn) -> Iterator[Start]:
    """Starts a process that asks."""
    started: list[subprocess.Popen[str]] = []

    def start(**wanted: Any) -> "subprocess.Popen[str]":
        usual = {"account": "run", "first": 0, "calls": 40, "cap": 1_000, "limits": "", "at_once": 4}
        place = {"home": str(settings.home), "database_url": settings.database, "api_base": server.api_base}
        command = [sys.executable, str(SCRIPT), json.dumps(usual | place | wanted)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def paid(process: "subprocess.Popen[str]") -> int:
    output, _ = process.communicate(timeout=LIVENESS_S)
    assert process.returncode == 0
    return int(output.split()[-1])


def until_received(server: StandIn, calls: int) -> None:
    deadline = time.monotonic() + LIVENESS_S
    while server.received < calls:
        assert time.monotonic() < deadline, f"{server.received} of {calls} calls came"
        time.sleep(0.005)


def total(settings: Settings) -> int:
    ledger = open_ledger(settings)
    try:
        return ledger.spend.total_now("run").calls
    finally:
        ledger.close()


def test_two_processes_share_the_work_and_ask_nothing_twice(start: Start, server: StandIn) -> None:
    server.faults.latency_ms = 20
    workers = [start(account=f"run-{n}") for n in range(2)]
    assert sum(paid(worker) for worker in workers) == server.received == 40


def test_killed_processes_pay_again_only_for_what_was_in_flight(
    start: Start, server: StandIn, settings: Settings
) -> None:
    server.faults.latency_ms = 30
    for _ in range(3):
        workers = [start(calls=80) for _ in range(2)]
        until_received(server, server.received + 8)
        for worker in workers:
            worker.kill()
            worker.wait()
    paid(start(calls=80))
    assert len(Counter(call.body_hash for call in server.log)) == 80
    assert server.received - 80 <= 6 * 4  # at most what six kills found in flight
    assert total(settings) >= server.received  # unknown fates stay charged


def test_a_cap_on_one_account_holds_for_many_processes_kills_and_broken_connections(
    start: Start, server: StandIn, settings: Settings
) -> None:
    server.faults.latency_ms = 10
    cap = 90
    for round_ in range(3):  # each asks its own questions: nothing but the cap holds them back
        workers = [start(first=1_000 * n + 100 * round_, calls=60, cap=cap) for n in range(3)]
        until_received(server, min(server.received + 10, cap - 30))
        if settings.database.startswith("postgresql"):
            break_connections(settings.database)
        for worker in workers[: 3 if round_ < 1 else 1]:
            worker.kill()
            worker.wait()
        for worker in workers:
            worker.wait(timeout=LIVENESS_S)
    assert cap // 2 < server.received <= total(settings) <= cap


def test_two_processes_keep_to_one_rate_together(start: Start, server: StandIn) -> None:
    per_minute = 600  # a burst of 10, then one each 60/591 s
    limits = f"{server.api_base}={per_minute}rpm"
    workers = [start(account=f"run-{n}", first=100 * n, calls=25, limits=limits) for n in range(2)]
    assert sum(paid(worker) for worker in workers) == server.received == 50
    arrivals = sorted(call.at for call in server.log)
    assert arrivals[-1] - arrivals[0] >= 0.9 * (50 - 10) * 60 / 591
    in_a_second = max(sum(start <= at < start + 1 for at in arrivals) for start in arrivals)
    assert in_a_second <= 10 + 10 + 4  # the burst, a second's worth, and the unevenness of a busy machine


@pytest.mark.parametrize("ready_database_url", ["postgresql"], indirect=True)
def test_a_process_that_was_frozen_and_wakes_asks_nothing_that_was_answered_meanwhile(
    start: Start, server: StandIn
) -> None:
    server.faults.latency_ms = 50
    frozen = start()
    until_received(server, 8)
    frozen.send_signal(signal.SIGSTOP)
    paid(start())
    assert len({call.body_hash for call in server.log}) == 40
    frozen.send_signal(signal.SIGCONT)
    paid(frozen)
    assert server.received <= 40 + 4  # what was in flight when it froze
