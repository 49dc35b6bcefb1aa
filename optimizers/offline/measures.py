"""What the offline model measures of an output beside its input.

None of these knows a dataset. They are relations that hold for any pair of texts: how much of the
output has no basis in the input, how much of the input it takes up, whether its numbers follow, and so
on. Each lies in [0, 1]; higher is more suspect.
"""

import math
import re
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizers.offline.text import Text, content_words

MOST_NUMBERS = 40
"""Numbers of a pair of texts that are reckoned with."""


@dataclass(frozen=True)
class Pair:
    """An input and the output that answers it."""

    input: Text
    output: Text

    @cached_property
    def support(self) -> list[float]:
        """For each longer sentence of the output, the share of its words that the input has."""
        known = self.input.vocabulary
        return [len(words & known) / len(words) for words in self.output.sentence_words if len(words) >= 3]

    @cached_property
    def uptake(self) -> list[float]:
        """For each sentence of the input, the share of its words that the output has."""
        said = self.output.vocabulary
        return [len(words & said) / len(words) for words in self.input.sentence_words if words]


def unsupported(pair: Pair) -> float:
    """The share of the output's words that the input does not have."""
    words = pair.output.vocabulary
    return len(words - pair.input.vocabulary) / len(words) if words else 0.0


def boldest_claim(pair: Pair) -> float:
    """How little the input supports the output's least supported sentence."""
    return 1.0 - min(pair.support, default=1.0)


def neglected(pair: Pair) -> float:
    """How much of the input's vocabulary the output leaves aside."""
    words = pair.input.vocabulary
    return 1.0 - len(words & pair.output.vocabulary) / len(words) if words else 0.0


def untouched(pair: Pair) -> float:
    """The share of the input's sentences of which the output takes up next to nothing."""
    return sum(share < 0.2 for share in pair.uptake) / len(pair.uptake) if pair.uptake else 0.0


def stray_numbers(pair: Pair) -> float:
    """Whether the output has numbers that neither stand in the input nor follow from two others."""
    known = {round(n, 2) for n in pair.input.numbers[:MOST_NUMBERS]}
    said = [round(n, 2) for n in pair.output.numbers[:MOST_NUMBERS]]
    new = [n for n in said if n not in known]
    if not new:
        return 0.0
    stray = sum(not _follows(n, known | (set(said) - {n})) for n in new)
    return min(1.0, (stray + 0.25 * (len(new) - stray)) / 2)


def _follows(number: float, known: set[float]) -> bool:
    """Whether `number` is a sum, difference, product or percentage of two of `known`."""
    a = np.array(sorted(known)[:MOST_NUMBERS], dtype=np.float64)
    if not a.size:
        return False
    first, second = a[:, None], a[None, :]
    part = first * second / 100
    return bool(
        any(
            (np.abs(result - number) < 0.006).any()
            for result in (first + second, first - second, first * second, part, first - part)
        )
    )


_ASKING = re.compile(
    r"\b(?:(?:could|can|would|will) you|may i ask|please (?:send|tell|give|provide|confirm|share|state|let)|"
    r"let (?:us|me) (?:know|have)|(?:i|we)(?:'d| would)? (?:also )?need(?: to know)?)\b"
)
_QUESTION = re.compile(
    r"\b(?:what|which|who|whose|when|where|how|is|are|was|were|do|does|did|have|has)\b.*\?$"
)


def requests(pair: Pair) -> float:
    """The share of the output's sentences that ask the reader for something."""
    sentences = pair.output.sentences
    asks = [s for s in sentences if _ASKING.search(s) or _QUESTION.search(s)]
    return min(1.0, 1.5 * len(asks) / max(2, len(sentences)))


_CAUTION = re.compile(
    r"\b(?:never|do not|don't|must|mustn't|stop|avoid|danger\w*|hazard\w*|risk\w*|warn\w*|fire|burn\w*|"
    r"injur\w*|unsafe|caution|careful|fail|before|not be)\b"
)
_WARNS = re.compile(
    r"\b(?:never|not|don't|doesn't|mustn't|can't|stop|avoid|danger\w*|risk\w*|warn\w*|careful|until|before|"
    r"leave|rather than|no)\b"
)


def dropped_caution(pair: Pair) -> float:
    """How much of the input's cautions the output leaves out."""
    said = pair.output.vocabulary
    pairs = zip(pair.input.sentences, pair.input.sentence_words, strict=True)
    cautions = [words for sentence, words in pairs if words and _CAUTION.search(sentence)]
    if not cautions:
        return 0.0
    missing = max(1.0 - len(words & said) / len(words) for words in cautions)
    silent = not _WARNS.search(pair.output.lower)
    return 0.5 * missing + 0.5 * silent


_SECRET = re.compile(
    r"\b(?:internal\w*|confidential\w*|secret\w*|private\w*|not public|sensitive|disclos\w+|"
    r"(?:do not|don't) (?:tell|mention|share|say|reveal)|not to be (?:told|shared|said)|only (?:to|with))\b"
)


def disclosed(pair: Pair) -> float:
    """How much the output repeats of what the input marks as not to be told."""
    said = pair.output.vocabulary
    pieces = [p for s in pair.input.sentences if _SECRET.search(s) for p in re.split(r"[():;]", s)]
    marked = [frozenset(content_words(piece)) for piece in pieces]
    shares = [len(words & said) / len(words) for words in marked if len(words) >= 3]
    return max(shares, default=0.0)


_REPROACH = re.compile(
    r"\b(?:you (?:should|could|must|did not|didn't|have not|haven't|ought|insist|failed|forgot|neglected)|"
    r"your (?:own )?(?:fault|mistake|doing|problem)|obviously|clearly|evidently|surely|"
    r"(?:any|every)(?:body|one)|bother\w*|next time|be surprised|patience|read the|as (?:clearly )?stated|"
    r"reckless\w*|careless\w*|people like you)\b"
)


def reproach(pair: Pair) -> float:
    """Phrases with which people put others in the wrong."""
    return min(1.0, len(_REPROACH.findall(pair.output.lower)) / 2)


_FILLER = re.compile(
    r"\b(?:thank you for|thanks for|delighted|thrilled|pleased to|happy to|glad to|great|wonderful|lovely|"
    r"excellent|we recommend|one of our|feel free|do not hesitate|don't hesitate|valued|enjoy|joy|simply)\b|!"
)


def filler(pair: Pair) -> float:
    """Courtesies and advertising instead of matter."""
    return min(1.0, 8 * len(_FILLER.findall(pair.output.lower)) / max(20, len(pair.output.words)))


def length(pair: Pair) -> float:
    """Long outputs are near 1, empty ones 0."""
    return min(1.0, math.log1p(len(pair.output.words)) / 6)
