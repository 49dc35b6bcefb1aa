"""Four ways in which a simulated judge depends on its prompt. All are lenient or strict by themselves.

Each gives the *evidence* for a fail: log-odds as the model feels them, to which noise is added. The
noise of a row is mostly one number, whatever the prompt, as at temperature 0; a smaller part changes
with every word of the prompt. None of this describes a real model: numbers from it are simulated.
"""

import math
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from statistics import NormalDist

import numpy as np

from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Judgement, Prompt, Proposal, draw
from experiments.worlds.making import WorldFile
from experiments.worlds.prompts import LENIENT, STRICT, Reading, read_prompt
from experiments.worlds.proposing import Insight, explain, propose
from optimizers.types import Label

_NORMAL = NormalDist()
_FICKLE = 0.35
"""The part of the noise (standard deviations) that depends on the prompt."""

_KEPT = 4096  # prompts of which the reading is kept

_WARM = 0.5
"""What is added, in standard deviations, from one answer to the next at a temperature above 0."""


class SimulatedJudge(ABC):
    """A world on a labelled file. `unreadable` is the share of answers out of format, in [0, 1]."""

    mechanism: str
    unreadable = 0.015

    def __init__(self, file: WorldFile) -> None:
        self.file = file
        self.rows = file.rows
        self._seed = f"{self.mechanism}/{file.name}/{file.seed}"
        self._readings: dict[str, Reading] = {}
        self._steady = {row.id: self._normal("row", row.id) for row in file.rows}

    @abstractmethod
    def evidence(self, row: WorldRow, reading: Reading) -> float:
        """Log-odds of a fail as the model feels them, without noise."""

    def judge(self, row: WorldRow, prompt: Prompt) -> Judgement:
        """Evidence and noise, and now and then an answer out of format."""
        reading = self._read(prompt)
        noise = math.sqrt(1 - _FICKLE**2) * self._steady[row.id]
        noise += _FICKLE * self._normal("prompt", row.id, prompt.digest)
        if prompt.sample:
            noise += _WARM * self._normal("sample", row.id, prompt.digest, prompt.sample)
        felt = self.evidence(row, reading) + noise
        said = round(1 / (1 + math.exp(-1.5 * felt)), 2)
        # Models speak in round numbers, but not of one half: the verdict must follow from them.
        said = min(0.99, max(0.51, said)) if felt > 0 else max(0.01, min(0.49, said))
        return Judgement(
            fail_probability=said,
            rationale=self._reason(row, reading, fails=felt > 0),
            readable=draw(self._seed, "form", row.id, prompt.digest) >= self.unreadable,
        )

    def propose(self, text: str, shown: tuple[WorldRow, ...]) -> Proposal:
        """See `proposing`."""
        rng = random.Random(f"{self._seed}/propose/{text}")  # noqa: S311  # an experiment, not security
        return propose(self.file.terms, Insight(), text, shown, rng, self.advice(shown, rng))

    def advice(self, shown: tuple[WorldRow, ...], rng: random.Random) -> str:
        """Words on strictness that the model would write after seeing these rows."""
        fails = sum(row.label is Label.FAIL for row in shown)
        words = STRICT if fails * 2 >= len(shown) else LENIENT
        return f"{rng.choice(words).capitalize()}."

    def _read(self, prompt: Prompt) -> Reading:
        if prompt.digest not in self._readings:
            if len(self._readings) >= _KEPT:
                self._readings.clear()
            self._readings[prompt.digest] = read_prompt(prompt, self.file.terms, self._seed)
        return self._readings[prompt.digest]

    def _normal(self, *parts: object) -> float:
        return _NORMAL.inv_cdf(min(1 - 1e-9, max(1e-9, draw(self._seed, *parts))))

    def _reason(self, row: WorldRow, reading: Reading, *, fails: bool) -> str:
        if not fails:
            return "I see nothing that speaks against the output."
        if row.kind in reading.named or row.kind in reading.failed_kinds:
            rng = random.Random(f"{self._seed}/reason/{row.id}")  # noqa: S311  # an experiment
            return explain(self.file.terms, row, rng)
        return "The output does not seem right."


class Named(SimulatedJudge):
    """Lenient; it finds what its instruction names.

    A demonstration of a kind, shown as a fail, helps less. Irrelevant criteria cost on both sides;
    demonstrations that lean to one class bias all verdicts to it.
    """

    mechanism = "named"

    def evidence(self, row: WorldRow, reading: Reading) -> float:
        """See the class."""
        bias = 0.8 * reading.skew + 0.1 * reading.stricter
        lost = 0.15 * len(reading.distractions)
        if row.kind is None:
            return -1.75 + lost + bias
        named = -1.0 + 2.7 * reading.named.get(row.kind, 0.0)
        shown = -0.3 if row.kind in reading.failed_kinds else -1.0
        return max(named, shown) - lost + bias


class InContext(SimulatedJudge):
    """A learner from demonstrations: the labels of rows like the one in hand, weighed by likeness.

    Likeness is half that of the texts and half that of what the model feels about them. Rationales
    make a demonstration count for more, named kinds help moderately.
    """

    mechanism = "in_context"

    def __init__(self, file: WorldFile) -> None:
        super().__init__(file)
        self._place = {row.id: place for place, row in enumerate(file.rows)}

    def evidence(self, row: WorldRow, reading: Reading) -> float:
        """A vote of the demonstrations against a lenient prior."""
        bias = 0.1 * reading.stricter + 0.1 * len(reading.distractions) * (1 if row.kind is None else -1)
        known = 1.1 * reading.named.get(row.kind, 0.0) if row.kind else 0.0
        signal = -0.9 if row.kind is None else -0.4 + known
        vote, weight = self._vote(row, reading)
        return signal + bias + 2.6 * vote * weight / (weight + 2.0)

    def _vote(self, row: WorldRow, reading: Reading) -> tuple[float, float]:
        """The weighted mean of the labels shown (fail is 1, pass -1), and the sum of the weights."""
        shown = [other for other in reading.prompt.shown if other.id != row.id]
        if not shown:
            return 0.0, 0.0
        weights = np.array([self._weight(row, other, reading) for other in shown])
        labels = np.array([1.0 if other.label is Label.FAIL else -1.0 for other in shown])
        total = float(weights.sum())
        return float(weights @ labels) / total, total

    def _weight(self, row: WorldRow, other: WorldRow, reading: Reading) -> float:
        texts = float(self.file.vectors[self._place[row.id]] @ self.file.vectors[self._place[other.id]])
        # Two sound rows are alike in being sound, less so than two that share a defect.
        felt = 0.0 if row.kind != other.kind else (1.0 if row.kind else 0.6)
        explained = 1.5 if other.kind in reading.explained else 1.0
        return explained * math.exp(2.5 * (0.5 * texts + 0.5 * felt)) / 4


class Calibration(SimulatedJudge):
    """It feels well what is good, and draws the line in the wrong place.

    Too lenient or too strict, by the seed. Words on strictness move the line, and so do
    demonstrations that lean to one class; naming a kind helps little. A threshold on its
    probability, which it tells when it is asked for one, repairs most.
    """

    mechanism = "calibration"

    def __init__(self, file: WorldFile) -> None:
        super().__init__(file)
        strict = draw(self._seed, "side") < 0.5
        self.bias = (1 if strict else -1) * (1.1 + 0.6 * draw(self._seed, "bias"))

    def evidence(self, row: WorldRow, reading: Reading) -> float:
        """Signal, bias and what moves it."""
        moved = 0.45 * max(-3, min(3, reading.stricter)) + 0.5 * reading.skew
        moved += 0.12 * len(reading.distractions)
        if row.kind is None:
            return -1.25 + self.bias + moved
        known = 0.4 * reading.named.get(row.kind, 0.0) + (0.15 if row.kind in reading.failed_kinds else 0.0)
        return 1.0 + known + self.bias + moved

    def advice(self, shown: tuple[WorldRow, ...], rng: random.Random) -> str:
        """It mostly sees on which side it errs when it is shown rows of that side."""
        wronged = Label.PASS if self.bias > 0 else Label.FAIL
        sees = rng.random() < (0.8 if any(row.label is wronged for row in shown) else 0.5)
        return f"{rng.choice(LENIENT if sees == (self.bias > 0) else STRICT).capitalize()}."


class Attention(SimulatedJudge):
    """It has attention for some six criteria; later ones count less, and long prompts lower all.

    Reasoning helps with some kinds and hurts with others. A few kinds are touchy: naming them makes
    the judge see them in good rows that resemble them.
    """

    mechanism = "attention"
    full = 6

    def __init__(self, file: WorldFile) -> None:
        super().__init__(file)
        kinds = [term.id for term in file.terms.kinds]
        self._thinking = {kind: 0.6 if draw(self._seed, "think", kind) < 0.55 else -0.5 for kind in kinds}
        self.touchy = frozenset(kind for kind in kinds if draw(self._seed, "touchy", kind) < 0.3)

    def evidence(self, row: WorldRow, reading: Reading) -> float:
        """What attention is left for the row's kind."""
        focus = 1 / (1 + max(0, len(reading.prompt.text) - 6_000) / 30_000)
        bias = 0.5 * reading.skew + 0.1 * reading.stricter
        if row.kind is None:
            like = self.file.nature[row.id]
            alarmed = 0.9 * self._heeded(like, reading) if like in self.touchy else 0.0
            return -1.6 * focus + alarmed + bias + 0.06 * len(reading.distractions)
        shown = 0.5 if row.kind in reading.failed_kinds else 0.0
        thought = self._thinking[row.kind] if reading.prompt.reasoning else 0.0
        gain: float = 2.8 * self._heeded(row.kind, reading) + shown + thought
        return -1.1 + focus * gain + bias

    def _heeded(self, kind: str, reading: Reading) -> float:
        """How far the instruction's words on `kind` are heeded, in [0, 1]."""
        if kind not in reading.named:
            return 0.0
        late = max(0, reading.place[kind] - self.full + 1)
        return reading.named[kind] * float(0.7**late)


MECHANISMS: Mapping[str, type[SimulatedJudge]] = {
    kind.mechanism: kind for kind in (Named, InContext, Calibration, Attention)
}
"""By name."""
