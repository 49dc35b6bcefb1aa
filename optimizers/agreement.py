"""How far people agree with each other, over any number of annotators and with gaps.

`optimizers.kappa.human_agreement` is the report's short form; here every number has its interval.
A judge cannot be expected to agree with people more than they do among themselves.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizers.intervals import DRAWS, Array, Estimate, bootstrap_kappa, percentile_interval
from optimizers.kappa import MIN_SHARED_ROWS
from optimizers.types import Label, LabelledExample


@dataclass(frozen=True, kw_only=True, slots=True)
class PairKappa:
    """Cohen's kappa of two annotators on the rows that both labelled, with its interval.

    `enough` is whether they share `MIN_SHARED_ROWS` rows; `disagreed` are the ids of rows on which
    they differ, sorted.
    """

    annotators: tuple[str, str]
    kappa: Estimate
    enough: bool
    disagreed: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PeopleAgreement:
    """Agreement of all annotators.

    `alpha` is Krippendorff's, over all rows that two or more people labelled; `annotators` gives how
    many rows each labelled. `pairs` come with most shared rows first.
    """

    annotators: Mapping[str, int]
    pairs: tuple[PairKappa, ...]
    alpha: Estimate
    enough: bool


def people_agreement(
    rows: Sequence[LabelledExample], *, seed: int = 0, draws: int = DRAWS
) -> PeopleAgreement:
    """Cohen's kappa of each pair and Krippendorff's alpha of all annotators of `rows`.

    Intervals resample groups of rows. `enough` is false below `MIN_SHARED_ROWS` rows with two labels.
    """
    groups = {row.id: row.example.group_key for row in rows}
    given: dict[str, dict[str, Label]] = {}
    for row in rows:
        for note in row.annotations:
            given.setdefault(note.annotator, {})[row.id] = note.label
    names = sorted(given)
    pairs = [
        _pair((a, b), given[a], given[b], groups, np.random.default_rng([seed, number]), draws)
        for number, (a, b) in enumerate(itertools.combinations(names, 2))
        if given[a].keys() & given[b].keys()
    ]
    units = [[given[name][row.id] for name in names if row.id in given[name]] for row in rows]
    rng = np.random.default_rng([seed, len(names)])
    alpha = krippendorff_alpha(units, [groups[row.id] for row in rows], rng=rng, draws=draws)
    return PeopleAgreement(
        annotators={name: len(given[name]) for name in names},
        pairs=tuple(sorted(pairs, key=lambda pair: (-pair.kappa.n, pair.annotators))),
        alpha=alpha,
        enough=alpha.n >= MIN_SHARED_ROWS,
    )


def _pair(
    names: tuple[str, str],
    first: Mapping[str, Label],
    second: Mapping[str, Label],
    groups: Mapping[str, str],
    rng: np.random.Generator,
    draws: int,
) -> PairKappa:
    shared = sorted(first.keys() & second.keys())
    said, answered = [first[i] for i in shared], [second[i] for i in shared]
    return PairKappa(
        annotators=names,
        kappa=bootstrap_kappa(said, answered, [groups[i] for i in shared], rng=rng, draws=draws),
        enough=len(shared) >= MIN_SHARED_ROWS,
        disagreed=tuple(i for i in shared if first[i] is not second[i]),
    )


def krippendorff_alpha(
    units: Sequence[Sequence[Label]], groups: Sequence[str], *, rng: np.random.Generator, draws: int = DRAWS
) -> Estimate:
    """Krippendorff's alpha for nominal data, at most 1, higher is better; 0 is agreement by chance.

    `units` holds, for each row, the labels that it got, from as many people as there were; rows with
    fewer than two say nothing and are left out (`n` counts the others). `groups` is parallel. The
    interval resamples groups. Undefined without a pair of labels, and where all labels are the same.

    Raises:
        ValueError: the sequences have different lengths.

    Source: Krippendorff, Computing Krippendorff's Alpha-Reliability (2011), section C; the interval:
    Zapf, Castell, Morawietz and Karch, Measuring inter-rater reliability for nominal data (2016).
    """
    pairable = [(labels, group) for labels, group in zip(units, groups, strict=True) if len(labels) > 1]
    if not pairable:
        undefined = "no row has labels of two people"
        return Estimate(value=None, low=None, high=None, n=0, undefined=undefined)
    counts = _counts_by_group(pairable)
    value = float(_alphas(counts.sum(axis=0, keepdims=True))[0])
    if np.isnan(value):
        undefined = f"all labels are {pairable[0][0][0].value}"
        return Estimate(value=None, low=None, high=None, n=len(pairable), undefined=undefined)
    share = np.full(len(counts), 1 / len(counts))
    low, high = percentile_interval(_alphas(rng.multinomial(len(counts), share, size=draws) @ counts))
    return Estimate(value=value, low=low, high=high, n=len(pairable))


def _counts_by_group(units: Sequence[tuple[Sequence[Label], str]]) -> Array:
    """Shape (groups, 3): labels of fail, labels of pass, and disagreeing pairs as alpha weighs them."""
    place = {name: i for i, name in enumerate(sorted({group for _, group in units}))}
    counts = np.zeros((len(place), 3))
    for labels, group in units:
        fails = sum(label is Label.FAIL for label in labels)
        passes = len(labels) - fails
        counts[place[group]] += fails, passes, fails * passes / (len(labels) - 1)
    return counts


def _alphas(sums: Array) -> Array:
    """Alpha of each row of counts, NaN where it is undefined."""
    fails, passes, disagreeing = sums.T
    with np.errstate(divide="ignore", invalid="ignore"):
        values = 1 - (fails + passes - 1) * disagreeing / (fails * passes)
    return np.where(fails * passes == 0, np.nan, values)
