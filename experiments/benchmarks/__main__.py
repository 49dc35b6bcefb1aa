"""`python -m experiments.benchmarks NAME [--database-url postgresql://...]`."""

import argparse
import os
import platform
from collections.abc import Callable, Mapping
from typing import Any

from experiments.benchmarks import evaluation, labelling, memory, statistics, workers
from experiments.benchmarks.report import write

BENCHMARKS: Mapping[str, Callable[[str | None], dict[str, Any]]] = {
    "evaluation": evaluation.measure,
    "labelling": labelling.measure,
    "memory": memory.measure,
    "statistics": statistics.measure,
    "workers": workers.measure,
}


def _machine() -> dict[str, Any]:
    """The size of the machine, and how busy it was with other things when the measurement began."""
    return {
        "cpus": os.cpu_count(),
        "load_average_before": [round(load, 1) for load in os.getloadavg()],
        "python": platform.python_version(),
    }


def main() -> None:
    """Measure, and write what came out."""
    parser = argparse.ArgumentParser(prog="python -m experiments.benchmarks", description=__doc__)
    parser.add_argument("benchmark", choices=sorted(BENCHMARKS))
    parser.add_argument("--database-url", help="an empty PostgreSQL database; SQLite without it")
    given = parser.parse_args()
    kind = "postgresql" if given.database_url else "sqlite"
    found = {"machine": _machine(), "database": kind}
    found |= BENCHMARKS[given.benchmark](given.database_url)
    write(f"{given.benchmark}-{kind}", found)


if __name__ == "__main__":
    main()
