"""From a labelled file to what a world knows: hidden kinds of defect, critiques, labels with noise."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.decomposition import TruncatedSVD
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.preprocessing import normalize

from experiments.standin.rows import WorldRow
from experiments.worlds.files import LabelledFile, parted, take
from experiments.worlds.vocabulary import VAGUE, Draw, draw_terms
from optimizers.types import Label, LabelledExample, Snapshot, Split

_TOPICS = 24  # dimensions of the texts' space


@dataclass(frozen=True, kw_only=True, slots=True)
class Making:
    """How a world is made of a file. Shares are in [0, 1].

    A failing row's kind follows its content with probability `by_content`, and else chance alone.
    `critiques` of the failing rows get a critique (a file's own critique is kept and added to);
    `vague` of these say nothing about the kind. `label_noise` of all labels are flipped.
    """

    rows: int = 500
    by_content: float = 0.6
    critiques: float = 0.6
    vague: float = 0.25
    label_noise: float = 0.04


@dataclass(frozen=True, kw_only=True)
class WorldFile:
    """A labelled file with its secrets.

    `nature` is, for every row, the kind of defect that its texts resemble, whether or not it has it.
    `vectors` are the texts as unit vectors of their topics, in the order of `rows`.
    """

    name: str
    seed: int
    criterion: str
    terms: Draw
    rows: tuple[WorldRow, ...]
    groups: dict[str, str]
    nature: dict[str, str]
    vectors: NDArray[np.float64]
    split: Split

    @cached_property
    def snapshot(self) -> Snapshot:
        """The rows as a dataset, without their secrets."""
        return Snapshot(
            dataset_id=f"{self.name}-{self.seed}",
            name=f"{self.name} (simulated)",
            criterion=self.criterion,
            rows=tuple(sorted(map(self._labelled, self.rows), key=lambda row: row.id)),
            split=self.split,
        )

    def _labelled(self, row: WorldRow) -> LabelledExample:
        known = row.labelled
        return replace(known, example=replace(known.example, group=self.groups[row.id]))


def make_world_file(file: LabelledFile, seed: int, making: Making | None = None) -> WorldFile:
    """Take rows of `file` and give them secrets. The same for the same seed."""
    how = making or Making()
    chosen = take(file.rows, how.rows, seed)
    terms = draw_terms(f"{file.name}/{seed}", taken=file.criterion)
    vectors = _vectors(chosen, seed)
    kinds, nature = _kinds(chosen, vectors, terms, how, seed)
    rng = random.Random(f"labels/{file.name}/{seed}")  # noqa: S311  # an experiment, not security
    rows = [_world_row(row, kinds.get(row.id), terms, how, rng) for row in chosen]
    return WorldFile(
        name=file.name,
        seed=seed,
        criterion=file.criterion,
        terms=terms,
        rows=tuple(rows),
        groups={row.id: row.example.group_key for row in chosen},
        nature=nature,
        vectors=vectors,
        split=parted([replace(r, label=w.label) for r, w in zip(chosen, rows, strict=True)], seed),
    )


def _vectors(rows: Sequence[LabelledExample], seed: int) -> NDArray[np.float64]:
    """TF-IDF of the outputs (which differ within a group) and of the inputs, reduced to topics."""
    parts = []
    for texts in ([row.example.output for row in rows], [row.example.input for row in rows]):
        if len(set(texts)) < 2:
            continue
        found = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), max_features=6000).fit_transform(texts)
        topics = min(_TOPICS, found.shape[1] - 1, len(rows) - 1)
        parts.append(normalize(TruncatedSVD(topics, random_state=seed).fit_transform(found)))
    vectors: NDArray[np.float64] = normalize(np.hstack(parts))
    return vectors


def _kinds(
    rows: Sequence[LabelledExample], vectors: NDArray[np.float64], terms: Draw, how: Making, seed: int
) -> tuple[dict[str, str], dict[str, str]]:
    """The kind of each failing row, and the one that each row's content resembles."""
    names = [term.id for term in terms.kinds]
    fails = [place for place, row in enumerate(rows) if row.label is Label.FAIL]
    clusters = KMeans(len(names), n_init=3, random_state=seed).fit(vectors[fails])
    by_size = np.argsort(-np.bincount(clusters.labels_, minlength=len(names)), kind="stable")
    named = {int(cluster): names[rank] for rank, cluster in enumerate(by_size)}
    nature = {row.id: named[int(c)] for row, c in zip(rows, clusters.predict(vectors), strict=True)}
    rng = random.Random(f"kinds/{seed}")  # noqa: S311  # an experiment, not security
    uneven = [1 / (rank + 1) for rank in range(len(names))]
    kinds = {}
    for place in fails:
        row_id = rows[place].id
        chance = rng.choices(names, uneven)[0]
        kinds[row_id] = nature[row_id] if rng.random() < how.by_content else chance
    return kinds, nature


def _world_row(
    row: LabelledExample, kind: str | None, terms: Draw, how: Making, rng: random.Random
) -> WorldRow:
    flipped = rng.random() < how.label_noise
    fails = (kind is not None) != flipped
    said = _critique(kind, terms, how, rng) if fails else None
    own = row.critique if kind is not None and fails else None
    return WorldRow(
        id=row.id,
        input=row.example.input,
        output=row.example.output,
        label=Label.FAIL if fails else Label.PASS,
        critique=" ".join(text for text in (own, said) if text) or None,
        kind=kind,
    )


def _critique(kind: str | None, terms: Draw, how: Making, rng: random.Random) -> str | None:
    if rng.random() >= how.critiques:
        return None
    hints = next((term.hints for term in terms.kinds if term.id == kind), VAGUE)
    return rng.choice(VAGUE if rng.random() < how.vague else hints)
