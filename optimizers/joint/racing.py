"""Races on a few rows first: a field of candidates is halved, and a challenger meets the champion.

Both decide on rows that all runners have seen. What the unseen rows would bring is projected by strata:
within the rows of one label on which the reference judge decided one way, the seen share stands for
the rest (Cochran, Sampling Techniques, 1977, chapter 5). A challenger first judges the rows that the
champion gets wrong: one that mends none of them cannot win, and has cost a few calls.
"""

import math
from collections.abc import Sequence

from optimizers.kappa import Confusion, cohen_kappa
from optimizers.strategies.racing import cannot_win, disagreement
from optimizers.types import Candidate, Evaluation, Label, LabelledExample, Trial, Verdict
from optimizers.workbench import Workbench

LEAST_BLOCK = 12
_LOOKS = 4
"""Looks at a challenger on the rows that the champion gets right; rows between two are judged together."""

_FINE = 10_000
"""Kappa does not change with the scale of its counts; fractions are kept to a ten-thousandth."""

Rows = Sequence[LabelledExample]
Cell = tuple[Label, Label | None]


# --- projection -----------------------------------------------------------------------------------------


def projected_kappa(seen: Evaluation, reference: Evaluation, rows: Rows, *, sigmas: float = 0.0) -> float:
    """Kappa on `rows` of a judge that is known on those in `seen`; -1 where it is undefined.

    `reference` is a judge that is known on all of `rows`; where a stratum has not been seen at all, its
    verdicts stand for the judge's. With `sigmas` the judge gets the benefit of the doubt: its errors in
    a stratum that was seen in part are fewer by so many of their standard deviations (Poisson).
    """
    cells: dict[Cell, float] = {}
    for (label, theirs), members in _strata(reference, rows).items():
        known = [row.id for row in members if row.id in seen.outcomes]
        ours = seen.judged(known) if known else (theirs,)
        doubt = sigmas if len(known) < len(members) else 0.0
        for verdict, share in _shares(label, ours, doubt).items():
            cells[label, verdict] = cells.get((label, verdict), 0.0) + share * len(members)
    kappa = cohen_kappa(_confusion(cells))
    return -1.0 if kappa is None else kappa


def _shares(label: Label, judged: Sequence[Label | None], sigmas: float) -> dict[Label | None, float]:
    wrong = sum(verdict is not label for verdict in judged)
    kept = max(0.0, 1 - sigmas / math.sqrt(wrong)) if wrong else 0.0
    shares = {v: judged.count(v) / len(judged) * kept for v in (*Label, None) if v is not label}
    return shares | {label: 1.0 - sum(shares.values())}


def _strata(reference: Evaluation, rows: Rows) -> dict[Cell, list[LabelledExample]]:
    found: dict[Cell, list[LabelledExample]] = {}
    for row, theirs in zip(rows, reference.judged([row.id for row in rows]), strict=True):
        found.setdefault((row.label, theirs), []).append(row)
    return found


def _confusion(cells: dict[Cell, float]) -> Confusion:
    counts = {cell: round(count * _FINE) for cell, count in cells.items()}
    return Confusion(
        tp=counts.get((Label.FAIL, Label.FAIL), 0),
        fp=counts.get((Label.PASS, Label.FAIL), 0),
        fn=counts.get((Label.FAIL, Label.PASS), 0),
        tn=counts.get((Label.PASS, Label.PASS), 0),
        unparseable_bad=counts.get((Label.FAIL, None), 0),
        unparseable_good=counts.get((Label.PASS, None), 0),
    )


# --- a field --------------------------------------------------------------------------------------------


def halve(
    bench: Workbench, entrants: Sequence[Candidate], reference: Evaluation, shares: Sequence[float]
) -> list[Candidate]:
    """The entrants that are left after a look at each of `shares` of dev, the most promising first.

    All that are left judge the same rows, together; after a look the better half stays. Where the budget
    cannot pay a look and one whole trial after it, the last entrants leave unseen.
    """
    alive = list(entrants)
    rows = stratified_order(bench, reference)
    for share in shares:
        seen = rows[: max(LEAST_BLOCK, math.ceil(share * len(rows)))]
        alive = _payable(bench, alive, seen)
        if len(alive) < 2:
            break
        found = bench.evaluate_each(alive, seen)
        worth = [projected_kappa(each, reference, bench.problem.dev) for each in found]
        order = sorted(range(len(alive)), key=lambda i: (-round(worth[i], 9), i))
        alive = [alive[i] for i in order[: (len(alive) + 1) // 2]]
    return alive


def _payable(bench: Workbench, entrants: list[Candidate], seen: Rows) -> list[Candidate]:
    rest = len(bench.problem.dev) - len(seen)
    while len(entrants) > 1 and not bench.affordable(sum(bench.missing(e, seen) for e in entrants) + rest):
        entrants = entrants[:-1]
    return entrants


def stratified_order(bench: Workbench, reference: Evaluation) -> tuple[LabelledExample, ...]:
    """Dev rows in a seeded order of which each beginning holds its share of every stratum."""
    dev = bench.problem.dev
    chance = {row.id: int(c) for row, c in zip(dev, bench.rng("field").permutation(len(dev)), strict=True)}
    place: dict[str, float] = {}
    for members in _strata(reference, dev).values():
        drawn = sorted(members, key=lambda row: chance[row.id])
        place |= {row.id: (rank + 0.5) / len(drawn) for rank, row in enumerate(drawn)}
    return tuple(sorted(dev, key=lambda row: (place[row.id], row.id)))


# --- a duel ---------------------------------------------------------------------------------------------


def duel(bench: Workbench, challenger: Candidate, champion: Trial) -> None:
    """Let `challenger` judge dev until it is through, or can or will not beat `champion`.

    Raises:
        BudgetExhausted: in between; what was judged is kept.
    """
    wrong, right = _by_success(bench, champion)
    rows = (*wrong, *right)
    block = max(LEAST_BLOCK, math.ceil(len(right) / _LOOKS))
    first = len(wrong) if len(wrong) >= LEAST_BLOCK // 2 else len(wrong) + block
    for end in range(min(first, len(rows)), len(rows) + block, block):
        seen = bench.evaluate(challenger, rows[:end])
        if end < len(rows) and (cannot_win(seen, champion, rows) or _trails(seen, champion, rows)):
            return


def _trails(seen: Evaluation, champion: Trial, rows: Rows) -> bool:
    """Whether it stays behind even if its errors on the rest are one standard deviation fewer."""
    hoped = projected_kappa(seen, champion.evaluation, rows, sigmas=1.0)
    return champion.kappa is not None and hoped <= champion.kappa


def _by_success(bench: Workbench, champion: Trial) -> tuple[Rows, Rows]:
    """Dev rows that the champion gets wrong, and those that it gets right, the shakiest first: those on
    which candidates disagree, then those whose probability is close to the threshold."""
    dev = bench.problem.dev
    differs = disagreement(bench)
    chance = bench.rng("duel").permutation(len(dev))
    place = {row.id: (-differs[i], _margin(champion, row), int(chance[i])) for i, row in enumerate(dev)}
    judged = champion.evaluation.judged([row.id for row in dev])
    wrong = [row for row, verdict in zip(dev, judged, strict=True) if verdict is not row.label]
    right = [row for row, verdict in zip(dev, judged, strict=True) if verdict is row.label]
    return tuple(sorted(wrong, key=lambda row: place[row.id])), tuple(
        sorted(right, key=lambda r: place[r.id])
    )


def _margin(champion: Trial, row: LabelledExample) -> float:
    outcome = champion.evaluation.outcomes[row.id]
    if not isinstance(outcome, Verdict) or outcome.fail_probability is None:
        return 1.0
    threshold = champion.candidate.decision.threshold
    return abs(outcome.fail_probability - (0.5 if threshold is None else threshold))
