"""What the measurements come to: means, the gap closed, and differences on the same cases."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.bench.peers.registry import peers
from experiments.bench.results import Case, Ground, Measured

DRAWS = 10_000
BASELINE = "baseline"
REFERENCES = ("joint@400", "joint@1200")
"""Entries that the others are compared with, where they were measured."""


@dataclass(frozen=True, kw_only=True)
class Line:
    """One peer (with its budget) over its cases.

    `kappa` is the mean on test rows, `gap_closed` the share of the way from the baseline to the best
    reachable, of the sums over the cases (`None` without a reachable best). `by_mechanism` holds mean
    kappas. `failed` are cases in which it broke; they count as 0.
    """

    entry: str
    peer: str
    budget: int | None
    cases: int
    kappa: float
    calls: float
    gap_closed: float | None
    worse_than_baseline: int
    unparseable: int
    failed: int
    wall_s: float
    cpu_s: float
    by_mechanism: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Difference:
    """`reference` less `entry`, paired by case: the mean, and a 95 % bootstrap interval over cases."""

    reference: str
    entry: str
    cases: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, kw_only=True)
class Summary:
    """All that a report says."""

    simulated: bool
    model: str
    cases: Sequence[Ground]
    baseline: float | None
    reachable: float | None
    lines: Sequence[Line]
    differences: Sequence[Difference]


def summarize(grounds: Mapping[Case, Ground], measured: Sequence[Measured]) -> Summary:
    """Sum up. Cases that an entry has not been measured on are left out for it, and counted.

    Raises:
        ValueError: nothing has been measured, or simulated and real results are mixed.
    """
    if not grounds or not measured:
        raise ValueError("nothing has been measured")
    if len({ground.simulated for ground in grounds.values()}) > 1:
        raise ValueError("results of simulated worlds and of a real model must not share a folder")
    kappas: dict[str, dict[Case, float]] = defaultdict(dict)
    groups: dict[str, list[Measured]] = defaultdict(list)
    order = {name: place for place, name in enumerate(peers())}
    for one in sorted(measured, key=lambda one: (order.get(one.peer, len(order)), one.budget or 0)):
        kappas[one.entry][one.case] = one.kappa(grounds[one.case].truth)
        groups[one.entry].append(one)
    known = [ground.reachable for ground in grounds.values() if ground.reachable is not None]
    base = kappas.get(BASELINE, {})
    return Summary(
        simulated=all(ground.simulated for ground in grounds.values()),
        model=next(iter(grounds.values())).model,
        cases=list(grounds.values()),
        baseline=float(np.mean(list(base.values()))) if base else None,
        reachable=float(np.mean(known)) if known else None,
        lines=[_line(group, kappas[entry], base, grounds) for entry, group in groups.items()],
        differences=[
            _difference(reference, entry, kappas)
            for reference in REFERENCES
            if reference in kappas
            for entry in groups
            if entry != reference and kappas[reference].keys() & kappas[entry].keys()
        ],
    )


def _line(
    group: Sequence[Measured],
    kappas: Mapping[Case, float],
    base: Mapping[Case, float],
    grounds: Mapping[Case, Ground],
) -> Line:
    by_mechanism: dict[str, list[float]] = defaultdict(list)
    for case, kappa in kappas.items():
        by_mechanism[case.mechanism].append(kappa)
    return Line(
        entry=group[0].entry,
        peer=group[0].peer,
        budget=group[0].budget,
        cases=len(group),
        kappa=float(np.mean(list(kappas.values()))),
        calls=float(np.mean([one.calls for one in group])),
        gap_closed=_gap_closed(kappas, base, grounds),
        worse_than_baseline=sum(kappa < base.get(case, kappa) for case, kappa in kappas.items()),
        unparseable=sum(one.confusion(grounds[one.case].truth).unparseable for one in group),
        failed=sum(one.error is not None for one in group),
        wall_s=float(np.mean([one.wall_s for one in group])),
        cpu_s=float(np.mean([one.cpu_s for one in group])),
        by_mechanism={name: float(np.mean(found)) for name, found in sorted(by_mechanism.items())},
    )


def _gap_closed(
    kappas: Mapping[Case, float], base: Mapping[Case, float], grounds: Mapping[Case, Ground]
) -> float | None:
    """Of the sums, so that a case with hardly any gap does not rule the mean."""
    gained = whole = 0.0
    for case, kappa in kappas.items():
        reachable = grounds[case].reachable
        if reachable is not None and case in base:
            gained += kappa - base[case]
            whole += reachable - base[case]
    return gained / whole if whole > 0 else None


def _difference(reference: str, entry: str, kappas: Mapping[str, Mapping[Case, float]]) -> Difference:
    shared = [case for case in kappas[reference] if case in kappas[entry]]
    pairs = np.array([kappas[reference][case] - kappas[entry][case] for case in shared])
    rng = np.random.default_rng(0)
    means = pairs[rng.integers(0, pairs.size, (DRAWS, pairs.size))].mean(axis=1)
    low, high = np.quantile(means, [0.025, 0.975])
    return Difference(
        reference=reference,
        entry=entry,
        cases=len(shared),
        value=float(pairs.mean()),
        low=float(low),
        high=float(high),
    )
