"""Serve a simulated OpenAI-compatible model, `openai/simulated`, that judges the rows of an invented
world.

    python -m experiments.standin --port 8100 --rows 200 --write-rows rows.csv

Faults are switched while it runs; each PUT replaces all, `{}` ends them, GET /log lists the calls:

    curl -X PUT http://127.0.0.1:8100/faults -d '{"latency_ms": 20, "faults": [
        {"kind": "rate_limited", "rate": 0.05, "retry_after_s": 0.5}, {"kind": "down", "from_call": 300}]}'
"""

import argparse
import asyncio
import signal
from pathlib import Path

from experiments.standin.faults import FaultKind, Faults
from experiments.standin.rows import make_rows, write_csv
from experiments.standin.server import StandIn
from experiments.standin.worlds import WORLDS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.standin",
        description=__doc__,
        epilog=f"kinds of fault: {', '.join(FaultKind)}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--port", type=int, default=8100, help="port on 127.0.0.1 (0 takes a free one)")
    parser.add_argument("--world", choices=sorted(WORLDS), default="known_better_prompt")
    parser.add_argument("--rows", type=int, default=200, help="how many rows the world knows")
    parser.add_argument("--seed", type=int, default=0, help="of the rows and the world")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="added to each answer")
    parser.add_argument("--write-rows", type=Path, help="write the world's labelled file here")
    return parser.parse_args()


async def _serve(server: StandIn) -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, server.request_stop)
    await server.serve(lambda: print(f"simulated model at {server.api_base}", flush=True))  # noqa: T201


def main() -> None:
    """Serve until a signal."""
    given = _arguments()
    rows = make_rows(seed=given.seed, rows=given.rows)
    if given.write_rows:
        write_csv(rows, given.write_rows)
    world = WORLDS[given.world](rows, given.seed)
    server = StandIn(world, faults=Faults(latency_ms=given.latency_ms), port=given.port)
    asyncio.run(_serve(server))


if __name__ == "__main__":
    main()
