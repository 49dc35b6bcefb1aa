"""Which cases are measured: each file with each seed once, the mechanisms in turn."""

from collections.abc import Sequence
from pathlib import Path

from experiments.bench.peers.registry import peers
from experiments.bench.results import Case
from experiments.worlds import MECHANISMS

FILES = ("fib", "llmbar_pointwise", "openqa_nq301", "evouna_nq", "defacto", "summedits_sales_email")
"""The files of the default design."""

BUDGETS = (200, 400, 800, 1200, 1600)
DEFAULT_PEERS = (
    "baseline",
    "labeled_fewshot_8",
    "labeled_fewshot_16",
    "random_search",
    "mipro_light",
    "mipro_medium",
    "dspy_gepa",
    "simba",
    "reanchor",
    "mlflow_alignment",
    "joint",
)


def cases(data: Path, files: Sequence[str], seeds: int, *, worlds: bool) -> list[Case]:
    """Each file with each of `seeds` seeds. In worlds the mechanism rotates over both, so that each
    occurs as often as any other, give or take one, and meets different files.

    Raises:
        ValueError: a file is not in `data`.
    """
    missing = [name for name in files if not (data / f"{name}.csv").is_file()]
    if missing:
        raise ValueError(f"{data} has no file {missing[0]}.csv")
    turn = list(MECHANISMS)
    return [
        Case(file=name, seed=seed, mechanism=turn[(seeds * place + seed) % len(turn)] if worlds else "")
        for place, name in enumerate(files)
        for seed in range(seeds)
    ]


def entries(names: Sequence[str], budgets: Sequence[int]) -> tuple[tuple[str, int | None], ...]:
    """Each of the peers `names`, with each budget that it can use where it takes one.

    Raises:
        ValueError: no such peer.
    """
    known = peers()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise ValueError(f"peers are {', '.join(known)}, got {unknown[0]!r}")
    found: list[tuple[str, int | None]] = []
    for name in names:
        least = known[name].least_calls
        found += [(name, None)] if least is None else [(name, b) for b in budgets if b >= least]
    return tuple(found)
