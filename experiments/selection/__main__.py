"""Which set of assertions agrees best with people, by how it is chosen, in simulated worlds.

    python -m experiments.selection --data DIR --out DIR

Each labelled file (CSV) becomes a world for each seed, the mechanisms in turn. Writes report.md and
summary.json.
"""

import argparse
import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from experiments.bench.design import FILES
from experiments.selection.measuring import Case, Measured, measure_case
from experiments.selection.report import write_report
from experiments.worlds import MECHANISMS

SEEDS = (2, 3, 4)
"""Worlds of seeds 0 and 1 served while the strategy was made."""


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.selection",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--files", nargs="*", default=list(FILES), help="names of files")
    parser.add_argument("--mechanisms", nargs="*", choices=sorted(MECHANISMS), default=list(MECHANISMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser.parse_args(given)


def cases(files: Sequence[str], seeds: Sequence[int], mechanisms: Sequence[str]) -> list[Case]:
    """Each file with each seed; the mechanisms rotate over both, so that each meets different files."""
    return [
        Case(file=file, seed=seed, mechanism=mechanisms[(len(seeds) * place + turn) % len(mechanisms)])
        for turn, seed in enumerate(seeds)
        for place, file in enumerate(files)
    ]


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure, and write the report after each case, so that what is there can be read; its path."""
    given = _arguments(arguments)
    found: list[Measured] = []
    context = multiprocessing.get_context("spawn")
    todo = cases(given.files, given.seeds, given.mechanisms)
    with ProcessPoolExecutor(given.jobs, mp_context=context) as pool:
        for own in pool.map(partial(measure_case, given.data), todo):
            found += own
            path = write_report(given.out, found)
            said = ", ".join(f"{each.way} {each.kappa:.2f}" for each in own)
            print(f"{own[0].case.file}/{own[0].case.seed} {own[0].case.mechanism}: {said}", flush=True)  # noqa: T201
    return path


if __name__ == "__main__":
    main()
