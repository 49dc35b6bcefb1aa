"""Measurements over many worlds: which ones, and in how many processes."""

import argparse
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from multiprocessing import get_context
from pathlib import Path

from experiments.worlds.mechanisms import MECHANISMS

SEEDS = (2, 3, 4)
"""Worlds of seeds 0 and 1 serve while what is measured is made."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A world, and the seed by which all chance in it is drawn."""

    file: str
    seed: int
    mechanism: str

    @property
    def cluster(self) -> str:
        """Worlds of one file and seed share their rows: they are drawn together."""
        return f"{self.file}/{self.seed}"


def crossed(files: Sequence[str], seeds: Sequence[int], mechanisms: Sequence[str]) -> list[Case]:
    """A world of each mechanism for each file and seed."""
    return [Case(file=f, seed=s, mechanism=m) for f, s, m in product(files, seeds, mechanisms)]


def parser_of(module: str, described: str | None, files: Sequence[str]) -> argparse.ArgumentParser:
    """The command line of `python -m module`: where the labelled files are, and which worlds they become."""
    parser = argparse.ArgumentParser(
        prog=f"python -m {module}",
        description=described,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled files")
    parser.add_argument("--out", type=Path, required=True, help="folder of the report")
    parser.add_argument("--files", nargs="*", default=list(files), help="names of files")
    parser.add_argument("--mechanisms", nargs="*", choices=sorted(MECHANISMS), default=list(MECHANISMS))
    parser.add_argument("--seeds", type=int, nargs="*", default=list(SEEDS))
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    return parser


def processes(jobs: int) -> ProcessPoolExecutor:
    """So many processes, which begin afresh: a fork would share threads and open files."""
    return ProcessPoolExecutor(jobs, mp_context=get_context("spawn"))
