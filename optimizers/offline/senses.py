"""What the offline model can notice, and the words in which people and rule lines speak of it."""

import re
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizers.offline import measures
from optimizers.offline.measures import Pair

FARTHEST = 3.0
"""How far from the usual a measure counts at most, in its own scale."""


@dataclass(frozen=True, kw_only=True)
class Sense:
    """One measure, and how it is spoken of.

    `usual` is what an unremarkable pair shows, `scale` how much above it is suspect. `cues` finds the
    sense in words, `rule` is the line that the model writes about it, `wish` the same as a criterion,
    under a short `title`, `remark` how it explains a verdict. `companions` are other senses that mean the
    same by another measure.
    """

    name: str
    measure: Callable[[Pair], float]
    usual: float
    scale: float = 0.25
    cues: tuple[str, ...] = ()
    title: str = ""
    wish: str = ""
    rule: str = ""
    remark: str = ""
    companions: tuple[str, ...] = ()

    @property
    def pattern(self) -> re.Pattern[str]:
        """Finds the sense in words, at the beginning of a word."""
        return re.compile(r"\b(?:" + "|".join(self.cues) + ")", re.IGNORECASE)


SENSES: tuple[Sense, ...] = (
    Sense(
        name="unsupported",
        measure=measures.unsupported,
        usual=0.5,
        cues=(
            r"invent",
            r"ma(?:de|kes?|king) (?:it |this |that |things )?up",
            r"fabricat",
            r"hallucinat",
            r"(?:un)?supported",
            r"faithful",
            r"ground",
            r"no basis",
            r"baseless",
            r"unfounded",
            r"promis",
            r"guarantee",
            r"claim",
            r"contradict",
            r"exists?\b",
            r"there (?:is|are) no\b",
        ),
        title="Nothing invented",
        wish="The output invents, promises and claims nothing for which the input gives no basis.",
        rule="Fail an output that invents, promises or claims something for which the input gives no basis.",
        remark="much of it has no basis in the input",
        companions=("boldest_claim",),
    ),
    Sense(name="boldest_claim", measure=measures.boldest_claim, usual=0.75, scale=0.3),
    Sense(
        name="neglected",
        measure=measures.neglected,
        usual=0.75,
        scale=0.12,
        cues=(
            r"(?:un)?answer",
            r"question",
            r"respond",
            r"ask(?:s|ed)? (?:whether|which|where|about|if|two|three)",
            r"ignor",
            r"off.topic",
            r"(?:ir)?relevan",
            r"beside the point",
            r"missing",
            r"incomplete",
            r"lea(?:ves?|ving) out",
            r"left out",
            r"skip",
            r"no(?:t a| word|t one)",
            r"does(?:n't| not) say",
            r"unhelpful",
        ),
        title="Answers the question",
        wish="The output answers what was asked and leaves out nothing that matters in the input.",
        rule="Fail an output that does not answer what was asked or leaves out what matters in the input.",
        remark="it leaves aside much of what the input asks and says",
        companions=("untouched",),
    ),
    Sense(name="untouched", measure=measures.untouched, usual=0.45),
    Sense(
        name="stray_numbers",
        measure=measures.stray_numbers,
        usual=0.1,
        cues=(
            r"number",
            r"sums?\b",
            r"dates?\b",
            r"figure",
            r"amount",
            r"prices?\b",
            r"arithmetic",
            r"calculat",
            r"(?:mis)?count",
            r"percent",
            r"total",
            r"multipl",
            r"adds? up",
            r"\d[\d.,]* ?(?:[x*/+] ?\d|% of)",
        ),
        title="Right numbers",
        wish="Every sum, date and number in the output is in the input or follows from it.",
        rule="Fail an output with a sum, date or number that neither is in the input nor follows from it.",
        remark="it has a number that does not follow from the input",
    ),
    Sense(
        name="requests",
        measure=measures.requests,
        usual=0.1,
        cues=(
            r"already (?:given|gives|said|told|stated|provided|known)",
            r"asks? (?:again|for (?:what|something|information|things|details))",
            r"(?:is|are|was|were|stands?) (?:all |both )?(?:there|in the)\b",
            r"again\b",
            r"repeat",
            r"(?:gave|given|wrote|said) (?:it|this|that|both)\b",
        ),
        title="Asks for nothing known",
        wish="The output asks for nothing that the input already gives.",
        rule="Fail an output that asks for something that the input already gives.",
        remark="it asks for things although the input may hold them",
    ),
    Sense(
        name="dropped_caution",
        measure=measures.dropped_caution,
        usual=0.35,
        scale=0.35,
        cues=(
            r"(?:un)?safe",
            r"danger",
            r"hazard",
            r"warn",
            r"risk",
            r"hurt",
            r"harm",
            r"injur",
            r"fire\b",
            r"cautio",
            r"stop",
            r"never",
        ),
        title="Keeps warnings",
        wish="The output keeps every warning and safety step which the input contains.",
        rule="Fail an output that leaves out a warning or safety step which the input contains.",
        remark="it leaves out a caution of the input",
    ),
    Sense(
        name="disclosed",
        measure=measures.disclosed,
        usual=0.1,
        cues=(
            r"internal",
            r"confidential",
            r"priva",
            r"leak",
            r"disclos",
            r"reveal",
            r"secret",
            r"another customer",
            r"other (?:people|customer|person)",
            r"somebody else",
            r"stranger",
            r"hands? out",
            r"gives? away",
            r"personal data",
            r"consent",
        ),
        title="Keeps secrets",
        wish="The output reveals nothing that is internal or private, nor data of somebody else.",
        rule="Fail an output that reveals what is internal or private, or data of somebody else.",
        remark="it repeats what the input marks as not to be told",
    ),
    Sense(
        name="reproach",
        measure=measures.reproach,
        usual=0.1,
        cues=(
            r"blam",
            r"lectur",
            r"belittl",
            r"(?:im)?polite",
            r"rude",
            r"snide",
            r"sneer",
            r"insult",
            r"tone\b",
            r"condescend",
            r"patroni",
            r"tells? off",
            r"accus",
            r"mock",
            r"offen[cds]",
            r"(?:dis)?respect",
            r"arrogan",
            r"toxic",
            r"aggressive",
        ),
        title="Respectful tone",
        wish="The output does not blame, lecture or belittle the person it speaks to.",
        rule="Fail an output that blames, lectures or belittles the person it speaks to.",
        remark="it puts the reader in the wrong",
    ),
    Sense(
        name="filler",
        measure=measures.filler,
        usual=0.15,
        cues=(
            r"advert",
            r"template",
            r"boilerplate",
            r"vague",
            r"generic",
            r"filler",
            r"fluff",
            r"flatter",
            r"courtes",
            r"marketing",
            r"padding",
            r"sycophan",
        ),
        title="No filler",
        wish="The output offers no courtesies or advertising instead of an answer.",
        rule="Fail an output that offers courtesies or advertising instead of an answer.",
        remark="it is courtesy more than matter",
    ),
    Sense(
        name="length",
        measure=measures.length,
        usual=0.6,
        scale=0.2,
        cues=(r"too long", r"longer than", r"length", r"verbose", r"wordy", r"rambl", r"long-winded"),
        title="Not too long",
        wish="The output is not too long: it is no longer than it needs to be.",
        rule="Fail an output that is much longer than it needs to be.",
        remark="it is long",
    ),
)

POSITION = {sense.name: index for index, sense in enumerate(SENSES)}
SPOKEN_OF = tuple(sense for sense in SENSES if sense.cues)
_PATTERNS = tuple((sense, sense.pattern) for sense in SPOKEN_OF)


def named(words: str) -> tuple[Sense, ...]:
    """The senses that `words` speak of."""
    return tuple(sense for sense, pattern in _PATTERNS if pattern.search(words))


def sensed(pair: Pair) -> NDArray[np.float64]:
    """Shape (senses,): how far each measure lies above the usual, in its scale, in [-3, 3]."""
    found = [(sense.measure(pair) - sense.usual) / sense.scale for sense in SENSES]
    return np.clip(np.array(found, dtype=np.float64), -FARTHEST, FARTHEST)
