"""Learning in context: a small linear model over what is noticed, fitted to the prompt's own examples.

Rules set where the weights start, demonstrations move them: logistic regression with a Gaussian prior
(Bishop, Pattern Recognition and Machine Learning, 2006, 4.5), whose mean is what the rules say. Shown
neither, the model is lenient.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.offline.measures import Pair
from optimizers.offline.rules import Rules, read_rules
from optimizers.offline.senses import POSITION, SENSES, Sense, named, sensed
from optimizers.types import Label

Array = NDArray[np.float64]

LENIENCY = -1.8
"""The score at the start, in log odds of fail."""

UNHEEDED, MINDED, SPARED = 0.2, 0.8, 0.0
"""Weights of a sense at the start: that no rule speaks of, that a rule minds, that a rule spares."""

HINTED = 0.1
"""What each failed demonstration whose rationale speaks of a sense adds, up to the weight of a rule."""

PHRASE = 2.4
"""What a phrase of a rule that the output has adds to the score."""

_SPREAD_START, _SPREAD_RISE, _SPREAD_LINE, _SPREAD_WORDS = 4.0, 0.05, 0.2, 0.1
_STEPS = 30


@dataclass(frozen=True, kw_only=True)
class Shown:
    """A demonstration."""

    pair: Pair
    label: Label
    rationale: str = ""


@dataclass(frozen=True, kw_only=True)
class Decision:
    """The probability of fail, and the senses that speak for it, the strongest first."""

    fail_probability: float
    reasons: tuple[Sense, ...]


class Learner:
    """What one prompt teaches. Fitted once, then asked about many rows; it does not change."""

    def __init__(self, instruction: str, shown: Sequence[Shown]) -> None:
        self._rules = read_rules(instruction)
        self._words = WordMemory(shown)
        start = _start(self._rules, shown)
        spread = np.repeat([_SPREAD_RISE, _SPREAD_LINE], len(SENSES))
        variances = np.concatenate([[_SPREAD_START], spread, [_SPREAD_WORDS]])
        rows = [_features(sensed(s.pair), self._words.margin(s.pair, but=i)) for i, s in enumerate(shown)]
        truth = np.array([s.label is Label.FAIL for s in shown], dtype=np.float64)
        self._weights = _fitted(np.array(rows).reshape(len(rows), len(start)), truth, start, 1.0 / variances)

    def decide(self, pair: Pair) -> Decision:
        """Judge one pair."""
        noticed = sensed(pair)
        score = float(_features(noticed, self._words.margin(pair)) @ self._weights)
        score += PHRASE * sum(p.direction * p.found(pair.output) for p in self._rules.phrases)
        probability = 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, score))))
        return Decision(fail_probability=probability, reasons=self._reasons(noticed))

    def _reasons(self, noticed: Array) -> tuple[Sense, ...]:
        rise, line = self._weights[1 : 1 + len(SENSES)], self._weights[1 + len(SENSES) : -1]
        effect = np.maximum(noticed, 0) * rise + noticed * line
        order = np.argsort(-effect, kind="stable")
        return tuple(SENSES[i] for i in order if effect[i] > 0.1 and SENSES[i].remark)


def _start(rules: Rules, shown: Sequence[Shown]) -> Array:
    """The weights before any demonstration: those of the rises come from rules and rationales."""
    rises = np.full(len(SENSES), UNHEEDED)
    for demonstration in shown:
        if demonstration.label is Label.FAIL:
            for sense in named(demonstration.rationale):
                at = [POSITION[name] for name in (sense.name, *sense.companions)]
                rises[at] = np.minimum(rises[at] + HINTED, MINDED)
    rises[list(rules.minded)] = MINDED
    rises[list(rules.spared)] = SPARED
    return np.concatenate([[LENIENCY + rules.strictness], rises, np.zeros(len(SENSES) + 1)])


def _features(noticed: Array, margin: float) -> Array:
    """A constant, what lies above the usual, what lies on either side of it, likeness of words."""
    return np.concatenate([[1.0], np.maximum(noticed, 0.0), noticed, [margin]])


def _fitted(rows: Array, truth: Array, start: Array, precision: Array) -> Array:
    """The most probable weights, by Newton's method with halved steps."""
    weights = start.copy()
    if not len(rows):
        return weights

    def loss(at: Array) -> float:
        score = rows @ at
        return float(np.logaddexp(0.0, score).sum() - truth @ score + 0.5 * precision @ (at - start) ** 2)

    for _ in range(_STEPS):
        p = 1.0 / (1.0 + np.exp(-rows @ weights))
        slope = rows.T @ (p - truth) + precision * (weights - start)
        step = np.linalg.solve((rows * (p * (1 - p))[:, None]).T @ rows + np.diag(precision), slope)
        before, share = loss(weights), 1.0
        while loss(weights - share * step) > before and share > 1e-4:
            share /= 2
        weights = weights - share * step
        if np.abs(share * step).max() < 1e-8:
            break
    return weights


class WordMemory:
    """The words of the demonstrations' outputs: TF-IDF, compared by cosine."""

    def __init__(self, shown: Sequence[Shown]) -> None:
        texts = [Counter(s.pair.output.content) for s in shown]
        seen = Counter(word for text in texts for word in text)
        self._rarity = {word: 1.0 + math.log((1 + len(texts)) / (1 + n)) for word, n in seen.items()}
        self._labels = [s.label for s in shown]
        self._vectors = [self._vector(text) for text in texts]

    def _vector(self, counts: Mapping[str, int]) -> dict[str, float]:
        weights = {w: (1 + math.log(n)) * self._rarity[w] for w, n in counts.items() if w in self._rarity}
        norm = math.sqrt(sum(v * v for v in weights.values())) or 1.0
        return {word: value / norm for word, value in weights.items()}

    def margin(self, pair: Pair, but: int | None = None) -> float:
        """How much more the output is like the nearest failed ones than like the nearest passed ones.

        In [-3, 3]. `but` leaves one demonstration out, so that none is compared with itself.
        """
        own = self._vector(Counter(pair.output.content))
        likeness: dict[Label, list[float]] = {label: [] for label in Label}
        for index, (vector, label) in enumerate(zip(self._vectors, self._labels, strict=True)):
            if index != but:
                likeness[label].append(sum(value * vector.get(word, 0.0) for word, value in own.items()))
        near = {label: sum(sorted(found)[-3:]) / 3 for label, found in likeness.items()}
        return max(-3.0, min(3.0, 10 * (near[Label.FAIL] - near[Label.PASS])))
