"""Calls per second by the number of workers, the wait before a job starts, and what a call costs us."""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from experiments.benchmarks.deployment import Deployment, deployed
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.spend import Charge
from optimizers.types import Message, ModelAnswer, ModelRef, ModelRequest

LATENCY_MS = 500.0
CONCURRENT_CALLS = 32
WORKERS = (1, 2, 4)
ROWS = 4_800
STARTS = 60
FREE_ROWS = 3_000
LEDGER_CALLS = 5_000


def measure(database_url: str | None) -> dict[str, Any]:
    """All that is said above, on one kind of database."""
    found: dict[str, Any] = {
        "setting": {
            "latency_of_the_simulated_model_ms": LATENCY_MS,
            "concurrent_calls_of_a_worker": CONCURRENT_CALLS,
            "rows_of_the_evaluation": ROWS,
        },
        "calls_per_second": [_throughput(database_url, number) for number in WORKERS],
    }
    first = found["calls_per_second"][0]["calls_per_second"]
    for row in found["calls_per_second"]:
        row["times_one_worker"] = round(row["calls_per_second"] / first, 2)
    with deployed(database_url, workers=1, concurrent_calls=CONCURRENT_CALLS, latency_ms=0.0) as (
        deployment,
        _,
    ):
        found["enqueue_to_start"] = _starts(deployment)
        found["without_model_latency"] = _free(deployment)
    if database_url is None:
        found["ledger_per_call"] = asyncio.run(_ledger())
    return found


def _throughput(database_url: str | None, workers: int) -> dict[str, Any]:
    """Calls per second between the tenth and the ninetieth percent of the arrivals, when all workers
    are at it; and over the whole evaluation with its planning, its end and its statistics."""
    with deployed(
        database_url, workers=workers, concurrent_calls=CONCURRENT_CALLS, latency_ms=LATENCY_MS
    ) as (deployment, _):
        dataset_id, before = deployment.upload(ROWS), len(deployment.arrivals())
        started = time.monotonic()
        found = deployment.until_succeeded(deployment.evaluate(dataset_id, "Decide."))
        whole_s = time.monotonic() - started
        arrivals = deployment.arrivals()[before:]
    if found["judged"] != ROWS or len(arrivals) != ROWS:
        raise RuntimeError(f"{found['judged']} of {ROWS} rows judged in {len(arrivals)} calls")
    tenth = ROWS // 10
    steady_s = arrivals[-tenth] - arrivals[tenth]
    return {
        "workers": workers,
        "calls_per_second": round((ROWS - 2 * tenth) / steady_s, 1),
        "ceiling": workers * CONCURRENT_CALLS / (LATENCY_MS / 1000),
        "whole_evaluation_s": round(whole_s, 1),
        "calls_per_second_whole": round(ROWS / whole_s, 1),
    }


def _starts(deployment: Deployment) -> dict[str, float]:
    """From a stored request to the worker's claim, one job after the other."""
    dataset_id = deployment.upload(1)
    waits = []
    for number in range(STARTS):
        found = deployment.until_succeeded(deployment.evaluate(dataset_id, f"Start {number}."), look_s=0.03)
        waits.append(1000 * (_moment(found["started_at"]) - _moment(found["created_at"])))
    return {"jobs": STARTS, "p50_ms": _quantile(waits, 50), "p95_ms": _quantile(waits, 95)}


def _free(deployment: Deployment) -> dict[str, float]:
    """Everything that one worker does for a row, with a model that answers at once; and again with all
    answers in the ledger."""
    dataset_id = deployment.upload(FREE_ROWS)
    took = []
    for _ in range(2):
        started = time.monotonic()
        deployment.until_succeeded(deployment.evaluate(dataset_id, "At once."))
        took.append(1000 * (time.monotonic() - started) / FREE_ROWS)
    return {
        "rows": FREE_ROWS,
        "ms_per_row": round(took[0], 2),
        "ms_per_row_from_the_ledger": round(took[1], 2),
    }


async def _ledger() -> dict[str, float]:
    """One paid call's way through the SQLite ledger: look up, claim, reserve, settle, commit."""
    with tempfile.TemporaryDirectory(prefix="concord-benchmark-") as folder:
        ledger = SqliteLedger(Path(folder) / "ledger.db")
        model, numbers, waits = ModelRef(name="openai/simulated"), itertools.count(), []

        async def pay() -> None:
            while (number := next(numbers)) < LEDGER_CALLS:
                question = Message(role="user", content=f"Ticket {number}. " + 200 * "word ")
                request = ModelRequest(model=model, messages=(question,))
                began = time.monotonic()
                await _pay(ledger, request)
                waits.append(1000 * (time.monotonic() - began))

        started = time.monotonic()
        await asyncio.gather(*(pay() for _ in range(CONCURRENT_CALLS)))
        took_s = time.monotonic() - started
        ledger.close()
    return {
        "calls": LEDGER_CALLS,
        "ms_of_work_per_call": round(1000 * took_s / LEDGER_CALLS, 3),
        "wait_p50_ms": _quantile(waits, 50),
        "wait_p95_ms": _quantile(waits, 95),
    }


async def _pay(ledger: SqliteLedger, request: ModelRequest) -> None:
    await ledger.lookup([request.key])
    await ledger.claim(request, holder="benchmark", lease_s=10.0)
    reservation, _ = await ledger.spend.reserve("benchmark", _CHARGE, None)
    assert reservation is not None
    await ledger.spend.settle(reservation, _CHARGE)
    await ledger.commit(request, ModelAnswer(text='{"verdict": "pass"}'))


_CHARGE = Charge(prompt_tokens=300, completion_tokens=30, cost_usd=0.0001)


def _moment(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _quantile(values: Sequence[float], percent: int) -> float:
    return round(statistics.quantiles(values, n=100)[percent - 1], 1)
