"""The statistics of a large search: 200 candidates on 400 rows, with 2,000 bootstrap draws."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from optimizers.calibration import fit_threshold
from optimizers.intervals import DRAWS, agreement, paired_gain, selection_corrected
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label

CANDIDATES = 200
ROWS = 400
SEED = 20


def measure(database_url: str | None) -> dict[str, Any]:
    """Seconds of each statistic, and of all of them together. No database has a part in it."""
    del database_url
    rng = np.random.default_rng(SEED)
    truth = [Label.FAIL if chance < 0.4 else Label.PASS for chance in rng.random(ROWS)]
    groups = [f"group-{number}" for number in range(ROWS)]
    judged = {f"candidate-{n:03}": _judge(truth, n, rng) for n in range(CANDIDATES)}
    probabilities = [_probabilities(truth, rng) for _ in range(CANDIDATES)]
    first, last = judged["candidate-000"], judged[f"candidate-{CANDIDATES - 1:03}"]
    work: dict[str, Callable[[], object]] = {
        "kappa of each candidate": lambda: [
            cohen_kappa(confusion(truth, given)) for given in judged.values()
        ],
        "threshold of each candidate": lambda: [fit_threshold(truth, given) for given in probabilities],
        "agreement of the baseline, with its interval": lambda: agreement(truth, first, groups, rng=rng),
        "agreement of the winner, with its interval": lambda: agreement(truth, last, groups, rng=rng),
        "paired gain, with interval and p-value": lambda: paired_gain(truth, first, last, groups, rng=rng),
        "correction for the choice among all": lambda: selection_corrected(truth, judged, groups, rng=rng),
    }
    table = [{"statistic": name, **_timed(run)} for name, run in work.items()]
    total = {name: round(sum(float(row[name]) for row in table), 3) for name in ("wall_s", "cpu_s")}
    return {
        "setting": {"candidates": CANDIDATES, "rows": ROWS, "bootstrap_draws": DRAWS},
        "statistics": table,
        "together": total,
    }


def _timed(run: Callable[[], object]) -> dict[str, Any]:
    wall, cpu = time.perf_counter(), time.process_time()
    run()
    return {
        "wall_s": round(time.perf_counter() - wall, 4),
        "cpu_s": round(time.process_time() - cpu, 4),
    }


def _judge(truth: list[Label], number: int, rng: np.random.Generator) -> list[Label | None]:
    """Right more often the higher its number; one answer in fifty has no verdict."""
    other = {Label.FAIL: Label.PASS, Label.PASS: Label.FAIL}
    right = 0.6 + 0.3 * number / CANDIDATES
    chances = rng.random(len(truth))
    return [
        None if chance < 0.02 else label if chance < right else other[label]
        for label, chance in zip(truth, chances, strict=True)
    ]


def _probabilities(truth: list[Label], rng: np.random.Generator) -> list[float]:
    centres = np.array([0.7 if label is Label.FAIL else 0.3 for label in truth])
    return [float(p) for p in np.clip(rng.normal(centres, 0.25), 0.0, 1.0)]
