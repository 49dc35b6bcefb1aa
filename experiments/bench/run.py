"""Runs the benchmark: its cases in processes of their own, then the report."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from experiments.bench.design import cases, entries
from experiments.bench.measure import Job, measure
from experiments.bench.report import write_report
from experiments.bench.results import ResultFolder


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is measured. `model` is a real one, or `None` for simulated worlds."""

    data: Path
    out: Path
    files: Sequence[str]
    peers: Sequence[str]
    budgets: Sequence[int]
    seeds: int = 3
    jobs: int = 2
    threads: int = 4
    model: str | None = None
    api_base: str | None = None


def run(plan: Plan, tell: Callable[[str], None]) -> Path:
    """Measure what is not there yet and write the report; its path.

    Raises:
        ValueError: a file or a peer is unknown. Nothing has been measured then.
    """
    wanted = entries(plan.peers, plan.budgets)
    jobs = [
        Job(
            case=case,
            entries=wanted,
            data=plan.data,
            out=plan.out,
            model=plan.model,
            api_base=plan.api_base,
            threads=plan.threads,
        )
        for case in cases(plan.data, plan.files, plan.seeds, worlds=plan.model is None)
    ]
    ResultFolder(plan.out)
    _measure(jobs, plan.jobs, tell)
    return write_report(plan.out)


def _measure(jobs: Sequence[Job], at_once: int, tell: Callable[[str], None]) -> None:
    # A fresh process a case: what peers leave behind in their libraries ends with it.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(at_once, mp_context=context, max_tasks_per_child=1) as pool:
        waiting = {pool.submit(measure, job): job for job in jobs}
        for number, done in enumerate(as_completed(waiting), 1):
            done.result()
            tell(f"{number} of {len(jobs)}: {waiting[done].case.name}")
