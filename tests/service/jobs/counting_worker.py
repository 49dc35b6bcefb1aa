"""A worker whose jobs count: `counting_worker.py DATABASE_URL LOGS HOME LEASE_S CONCURRENCY GLOBAL`.

Job `<steps>-<anything>` does so many steps and logs each in a file of its name. Like a run with its
ledger, it does not do again what its log already has. `<steps>` 0 fails, 13 is unlucky: it kills.
"""

import os
import signal
import sys
import threading
import time
from functools import partial
from pathlib import Path

from optimizers.errors import InvalidInput, StorageFailed
from optimizers.types import Usage
from service.db import open_engine
from service.jobs import store
from service.jobs.attempts import Attempt
from service.jobs.performer import Publish
from service.jobs.worker import Worker

STEP_S = 0.02


def count(attempt: Attempt, logs: Path) -> Publish:
    steps = int(attempt.job_id.partition("-")[0])
    if steps == 0:
        raise InvalidInput("steps must be 1 or more, got 0")
    if steps == 1:
        raise StorageFailed("the disk is full")
    if steps == 13:
        os.kill(os.getpid(), signal.SIGKILL)
    log = logs / attempt.job_id
    done = len(log.read_text().splitlines()) if log.exists() else 0
    for step in range(done, steps):
        attempt.control.check()
        time.sleep(STEP_S)
        with log.open("a") as opened:
            opened.write(f"{step} {os.getpid()}\n")
        attempt.progress("count", step + 1, steps, Usage(calls=step + 1))
    data = {"pid": os.getpid()}
    return partial(store.add_event, job_id=attempt.job_id, kind="result", data=data)


def main() -> None:
    url, logs, home, lease_s, concurrency, global_concurrency = sys.argv[1:]
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    worker = Worker(
        open_engine(url),
        url,
        {"count": partial(count, logs=Path(logs))},
        concurrency=int(concurrency),
        global_concurrency=int(global_concurrency) or None,
        lease_s=float(lease_s),
        life_signs=Path(home) / "workers",
    )
    worker.start()
    (Path(home) / f"started-{os.getpid()}").touch()
    stop.wait()
    worker.stop()


if __name__ == "__main__":
    main()
