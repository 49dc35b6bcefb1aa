"""The memory of two workers over an evaluation of 100,000 rows."""

import os
import time
from pathlib import Path
from typing import Any

from experiments.benchmarks.deployment import Deployment, deployed

ROWS = 100_000
WORKERS = 2
CONCURRENT_CALLS = 32
MIB = 1024 * 1024
LOOK_S = 1.0
MARKS = 10
PAGE_LIMIT = 500


def measure(database_url: str | None) -> dict[str, Any]:
    """Resident memory at every tenth of the rows and at the end, and how quick a page of verdicts is."""
    with deployed(database_url, workers=WORKERS, concurrent_calls=CONCURRENT_CALLS, latency_ms=0.0) as (
        deployment,
        pids,
    ):
        dataset_id = deployment.upload(ROWS)
        started = time.monotonic()
        evaluation_id = deployment.evaluate(dataset_id, "Decide.")
        table = _watch(deployment, evaluation_id, pids, started)
        pages = _pages(deployment, evaluation_id)
        found = deployment.look(evaluation_id)
    return {
        "setting": {"rows": ROWS, "workers": WORKERS, "concurrent_calls_of_a_worker": CONCURRENT_CALLS},
        "resident_memory": table,
        "pages_of_verdicts": pages,
        "result": {"judged": found["judged"], "kappa": str(found["agreement"]["kappa"])},
    }


def _watch(
    deployment: Deployment, evaluation_id: str, pids: list[int], started: float
) -> list[dict[str, Any]]:
    table: list[dict[str, Any]] = []
    highest = [0.0] * len(pids)
    while True:
        found = deployment.look(evaluation_id)
        now = [_resident_mib(pid) for pid in pids]
        highest = [max(pair) for pair in zip(highest, now, strict=True)]
        over = found["status"] not in {"queued", "running"}
        if over or found["judged"] * MARKS >= ROWS * len(table):
            row = {"rows_judged": found["judged"], "after_s": round(time.monotonic() - started)}
            names = [f"worker_{number}_mib" for number in range(1, len(pids) + 1)]
            tops = [f"worker_{number}_highest_mib" for number in range(1, len(pids) + 1)]
            table.append(row | dict(zip(names, now, strict=True)) | dict(zip(tops, highest, strict=True)))
        if over:
            if found["status"] != "succeeded":
                raise RuntimeError(f"{evaluation_id} is {found['status']}: {found['cause']}")
            return table
        time.sleep(LOOK_S)


def _pages(deployment: Deployment, evaluation_id: str) -> dict[str, float]:
    """Seconds of the first page and of the slowest one, from the first verdict to the last."""
    cursor, took, rows = None, [], 0
    while True:
        began = time.monotonic()
        params = {"limit": PAGE_LIMIT} | ({"cursor": cursor} if cursor else {})
        page = deployment.api.get(f"/evaluations/{evaluation_id}/verdicts", params=params)
        found = page.raise_for_status().json()
        took.append(1000 * (time.monotonic() - began))
        rows, cursor = rows + len(found["items"]), found["next"]
        if cursor is None:
            return {
                "rows_of_a_page": PAGE_LIMIT,
                "rows": rows,
                "first_ms": round(took[0], 1),
                "median_ms": round(sorted(took)[len(took) // 2], 1),
                "slowest_ms": round(max(took), 1),
            }


def _resident_mib(pid: int) -> float:
    """Resident memory by the kernel's word (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / MIB, 1)
