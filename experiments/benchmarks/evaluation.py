"""Our evaluator beside others on the same stand-in: calls per second, CPU time, memory.

The stand-in is a process of its own that answers at once or after 200 ms; each measurement of a client is a
process of its own too, so that CPU time and memory are its alone. All have the same machine.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from experiments.benchmarks.judging_clients import Setting, judge_all_rows, opened, rows
from optimizers.lm.collector import calm_collector

LATENCIES_MS = (200, 0)
CONCURRENT = (16, 64, 128, 256)
CLIENTS = ("aiohttp", "concord", "dspy_native", "dspy_litellm")
ROUNDS = 15
"""Calls of each place where a call takes 200 ms."""
REPEATS = 3
"""Measurements of each client there, in turn; the one with the median rate counts: a few seconds on a machine
that others use say little by themselves."""
CALLS_AT_ONCE = {"aiohttp": 10_000, "concord": 10_000, "dspy_native": 3_000, "dspy_litellm": 1_000}
GENAI_ROWS = 16
MEMORY_ROWS = 100_000
MEMORY_MARKS = (0, 10_000, 25_000, 50_000, 75_000, 100_000)
MEMORY_BATCH = 2_500
MEMORY_CONCURRENT = 64
TIMEOUT_S = 180.0
TRIES = 3
"""A client that loses a reply waits for ever: then it is measured anew."""
MIB = 1024 * 1024


def measure(database_url: str | None) -> dict[str, Any]:
    """All that is said above. The database is no part of it: the ledger is that of `concord optimize`."""
    del database_url
    found: dict[str, Any] = {
        "setting": {
            "latencies_of_the_stand_in_ms": str(LATENCIES_MS),
            "concurrent_calls": str(CONCURRENT),
            "calls_at_200_ms": f"{ROUNDS} for each concurrent call, the median of {REPEATS} measurements",
            "calls_at_0_ms": str(CALLS_AT_ONCE),
        },
        "judgements": [],
    }
    for latency_ms in LATENCIES_MS:
        with stand_in(latency_ms) as api_base:
            for concurrent in CONCURRENT:
                found["judgements"] += _side_by_side(api_base, latency_ms, concurrent)
    with stand_in(0) as api_base:
        found["mlflow_genai"] = _run(
            Setting(client="mlflow_genai", api_base=api_base, concurrent=16, calls=GENAI_ROWS)
        ) | {"rows": GENAI_ROWS}
        found["memory_of_100_000_rows"] = _memory(api_base)
    return found


@contextmanager
def stand_in(latency_ms: float) -> Iterator[str]:
    """A stand-in that answers after so long; its address."""
    command = [sys.executable, "-m", "experiments.benchmarks.lean_server", str(latency_ms)]
    with subprocess.Popen(  # noqa: S603  # our own module
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}/v1"
        finally:
            server.stdin.close()


def _side_by_side(api_base: str, latency_ms: int, concurrent: int) -> list[dict[str, Any]]:
    found: dict[str, list[dict[str, Any]]] = {client: [] for client in CLIENTS}
    for _ in range(REPEATS if latency_ms else 1):
        for client, measured in found.items():
            calls = ROUNDS * concurrent if latency_ms else CALLS_AT_ONCE[client]
            setting = Setting(client=client, api_base=api_base, concurrent=concurrent, calls=calls)
            load = round(os.getloadavg()[0], 1)
            measured.append(_run(setting) | {"load_average": load})
    table = {client: sorted(own, key=_rate)[len(own) // 2] for client, own in found.items()}
    named = {"latency_ms": latency_ms, "concurrent": concurrent}
    return [
        named | {"client": client} | row | {"of_aiohttp": round(_rate(row) / _rate(table["aiohttp"]), 3)}
        for client, row in table.items()
    ]


def _rate(measured: dict[str, Any]) -> float:
    return float(measured["calls_per_second"])


def _run(setting: Setting) -> dict[str, Any]:
    """One client, alone in its process.

    Raises:
        RuntimeError: it fails, or does not end however often it is tried.
    """
    for _ in range(TRIES):
        with suppress(subprocess.TimeoutExpired):
            return _run_once(setting)
    raise RuntimeError(f"{setting} did not end within {TIMEOUT_S:g} s in any of {TRIES} tries")


def _run_once(setting: Setting) -> dict[str, Any]:
    text = json.dumps(asdict(setting))
    quiet = {
        "LITELLM_LOCAL_MODEL_COST_MAP": "true",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "LITELLM_LOG": "ERROR",
    }
    done = subprocess.run(  # noqa: S603  # our own module
        [sys.executable, "-m", "experiments.benchmarks.judging_clients", text],
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        env=os.environ | quiet,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{setting} failed: {done.stderr[-2000:]}")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _memory(api_base: str) -> list[dict[str, Any]]:
    """Resident memory of this process while it judges 100,000 rows in batches, none of which it keeps."""
    setting = Setting(client="concord", api_base=api_base, concurrent=MEMORY_CONCURRENT, calls=MEMORY_ROWS)
    table, started = [], time.monotonic()
    with opened(setting) as (session, loop):
        judge_all_rows(setting, session, loop, rows(MEMORY_CONCURRENT, "warm"), seen=False)
        calm_collector()
        for judged in range(0, MEMORY_ROWS + 1, MEMORY_BATCH):
            if judged in MEMORY_MARKS:
                after_s = round(time.monotonic() - started, 1)
                table.append({"rows_judged": judged, "after_s": after_s, "resident_mib": _resident_mib()})
            if judged < MEMORY_ROWS:
                judge_all_rows(setting, session, loop, rows(MEMORY_BATCH, f"batch-{judged}"), seen=True)
    return table


def _resident_mib() -> float:
    """Resident memory by the kernel's word (Linux)."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1)
