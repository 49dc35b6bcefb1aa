"""How alike rows are, by their words: what to show together, and what stands close to what."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer

from optimizers.types import LabelledExample


class Likeness:
    """TF-IDF cosine between `rows`, by critique where people wrote one and by output.

    `similarity` has shape (rows, rows), in [0, 1].
    """

    def __init__(self, rows: Sequence[LabelledExample]) -> None:
        self.rows = tuple(rows)
        self._place = {row.id: i for i, row in enumerate(rows)}
        self._vectors = _vectors([_said(row) for row in rows])
        self.similarity = self._vectors @ self._vectors.T

    def clusters(self, rows: Sequence[LabelledExample], n: int, seed: int) -> list[list[LabelledExample]]:
        """`rows` in at most `n` bunches of alike ones, the largest first; each in the rows' order."""
        if n >= len(rows) or n <= 1:
            return [[row] for row in rows] if n > 1 else [list(rows)]
        vectors = self._vectors[[self._place[row.id] for row in rows]]
        n = min(n, len(np.unique(vectors, axis=0)))  # K-means warns where there are fewer kinds than asked
        found = KMeans(n_clusters=n, random_state=seed, n_init=4).fit_predict(vectors)
        bunches: dict[int, list[LabelledExample]] = {}
        for row, number in zip(rows, found, strict=True):
            bunches.setdefault(int(number), []).append(row)
        return sorted(bunches.values(), key=lambda bunch: (-len(bunch), bunch[0].id))

    def nearest(
        self, row: LabelledExample, among: Sequence[LabelledExample], n: int
    ) -> list[LabelledExample]:
        """The `n` rows most like `row`, rows of its own group first."""
        alike = self.similarity[self._place[row.id]]
        group = row.example.group_key
        return sorted(
            (other for other in among if other.id != row.id),
            key=lambda o: (o.example.group_key != group, -round(float(alike[self._place[o.id]]), 9), o.id),
        )[:n]


def _said(row: LabelledExample) -> str:
    return f"{row.critique} {row.critique}\n{row.example.output}" if row.critique else row.example.output


def _vectors(texts: Sequence[str]) -> NDArray[np.float64]:
    """Shape (texts, features), rows of length 1, or all zero where no text has a word."""
    try:
        found = TfidfVectorizer(sublinear_tf=True, stop_words="english", max_features=4000).fit_transform(
            texts
        )
    except ValueError:  # not a single word
        return np.zeros((len(texts), 1))
    return np.asarray(found.toarray(), dtype=np.float64)
