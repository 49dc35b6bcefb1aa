"""How fast kappa rises with each label, by what is labelled next, in simulated worlds.

    python -m experiments.sampling --data DIR --out DIR

Each labelled file (CSV) becomes a world of each mechanism, for each seed. Writes report.md
with a picture, summary.json and curves.json.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from experiments.bench.design import FILES
from experiments.sampling.curves import ORDERS, Case, curves
from experiments.sampling.report import write_report
from experiments.worlds import MECHANISMS

SEEDS = (2, 3, 4)
"""Worlds of seeds 0 and 1 served while the samplers were made."""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.sampling",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--files", nargs="*", default=list(FILES), help="names of files")
    parser.add_argument("--mechanisms", nargs="*", choices=sorted(MECHANISMS), default=list(MECHANISMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--samplers", nargs="*", choices=sorted(ORDERS), default=list(ORDERS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args(given)


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure, and write the report; its path."""
    given = _arguments(arguments)
    cases = [
        Case(file=file, seed=seed, mechanism=mechanism)
        for file in given.files
        for seed in given.seeds
        for mechanism in given.mechanisms
    ]
    measure = partial(curves, given.data, samplers=given.samplers)
    found = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.jobs, mp_context=context) as pool:
        for case, own in zip(cases, pool.map(measure, cases), strict=True):
            found += own
            print(f"{case.cluster} {case.mechanism} (simulated)", flush=True)  # noqa: T201
    return write_report(given.out, found)


if __name__ == "__main__":
    main()
