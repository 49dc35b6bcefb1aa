"""How alike rows are, by their words: what to show together, and what stands close to what."""

from collections.abc import Sequence

from scipy.sparse import csr_matrix
from sklearn.cluster import KMeans
from sklearn.feature_extraction.text import TfidfVectorizer
from threadpoolctl import threadpool_limits

from optimizers.types import LabelledExample


class Likeness:
    """TF-IDF cosine between `rows`, by critique where people wrote one and by output."""

    def __init__(self, rows: Sequence[LabelledExample]) -> None:
        self.rows = tuple(rows)
        self._place = {row.id: i for i, row in enumerate(rows)}
        self._vectors = _vectors([_said(row) for row in rows])

    def clusters(self, rows: Sequence[LabelledExample], n: int, seed: int) -> list[list[LabelledExample]]:
        """`rows` in at most `n` bunches of alike ones, the largest first; each in the rows' order."""
        if n >= len(rows) or n <= 1:
            return [[row] for row in rows] if n > 1 else [list(rows)]
        vectors = self._vectors[[self._place[row.id] for row in rows]]
        distinct = {(vector.indices.tobytes(), vector.data.tobytes()) for vector in vectors}
        n = min(n, len(distinct))  # K-means warns where there are fewer kinds than asked for
        with threadpool_limits(1):  # what several threads add up depends on how many there are
            found = KMeans(n_clusters=n, random_state=seed, n_init=4).fit_predict(vectors)
        bunches: dict[int, list[LabelledExample]] = {}
        for row, number in zip(rows, found, strict=True):
            bunches.setdefault(int(number), []).append(row)
        return sorted(bunches.values(), key=lambda bunch: (-len(bunch), bunch[0].id))

    def nearest(
        self, row: LabelledExample, among: Sequence[LabelledExample], n: int
    ) -> list[LabelledExample]:
        """The `n` rows most like `row`, rows of its own group first."""
        alike = (self._vectors @ self._vectors[self._place[row.id]].T).toarray().ravel()
        group = row.example.group_key
        return sorted(
            (other for other in among if other.id != row.id),
            key=lambda o: (o.example.group_key != group, -round(float(alike[self._place[o.id]]), 9), o.id),
        )[:n]


def _said(row: LabelledExample) -> str:
    return f"{row.critique} {row.critique}\n{row.example.output}" if row.critique else row.example.output


def _vectors(texts: Sequence[str]) -> csr_matrix:
    """Shape (texts, features), rows of length 1, or all zero where no text has a word."""
    try:
        found = TfidfVectorizer(sublinear_tf=True, stop_words="english", max_features=4000).fit_transform(
            texts
        )
    except ValueError:  # not a single word
        return csr_matrix((len(texts), 1))
    return csr_matrix(found)
