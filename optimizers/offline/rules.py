"""Reading an instruction: its rule lines, what each speaks of, and in which direction.

Only lines that say what to fail, or what not to fail, are rules. "The reply answers the question" is
a wish, and a lenient reader does not act on wishes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from optimizers.offline.senses import POSITION, named
from optimizers.offline.text import Text, content_words

_BULLET = re.compile(r"^\s*(?:[-*•]|\(?\d{1,2}[.)])\s+")
_FAILS = re.compile(r"\b(?:fail(?:s|ed|ing)?|reject(?:s|ed|ing)?)\b", re.IGNORECASE)
_PASSES = re.compile(r"\bpass(?:es|ed|ing)?\b", re.IGNORECASE)
_SPARES = re.compile(
    r"\b(?:do not|don't|never|not to|rather than|no reason to) (?:fail|reject)|"
    r"\bstill pass|\bpass(?:es)? even|"
    r"\b(?:is|are) (?:fine|acceptable|no defects?|not a defect)\b",
    re.IGNORECASE,
)
_LENIENT = re.compile(
    r"\b(?:fail|reject)\b[^.]{0,40}\bonly (?:if|when|where)\b|\bonly (?:fail|reject)\b|\bmost \w+ are fine\b|"
    r"\blenien|\bif in doubt,? pass|\bwhen in doubt,? pass|\bgenerous",
    re.IGNORECASE,
)
_STRICT = re.compile(
    r"\b(?:be|very) strict|\b(?:if|when) in doubt,? fail|\bany one of|\beven one\b|"
    r"\bhowever (?:polite|friendly|small)",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“„`]([^\"“”„`\n]{2,80})[\"”“`]")
_MENTIONS = re.compile(r"\b(?:contain|mention|say|use|include|with the word|speak)", re.IGNORECASE)
_MACHINERY = frozenset(
    content_words(
        "output outputs reply replies answer answers response responses text fail fails failed reject pass "
        "passes verdict judge judging otherwise contain contains mention mentions says say uses use includes "
        "include word words speaks input task criterion anything something instead merely because"
    )
)


@dataclass(frozen=True, kw_only=True)
class Phrase:
    """Words of a rule that are looked for in the output. `any_of`: one suffices."""

    words: frozenset[str]
    any_of: bool
    direction: int

    def found(self, output: Text) -> float:
        """How much of the phrase the output has, in [0, 1]."""
        share = len(self.words & output.vocabulary) / len(self.words)
        return float(share > 0) if self.any_of else share


@dataclass(kw_only=True)
class Rules:
    """What an instruction says: senses to act on, senses to leave alone, phrases, and strictness.

    `strictness` is above 0 for a strict reader and below for a lenient one.
    """

    minded: set[int] = field(default_factory=set)
    spared: set[int] = field(default_factory=set)
    phrases: list[Phrase] = field(default_factory=list)
    strictness: float = 0.0

    def add(self, line: str, direction: int) -> None:
        """Take in one rule line; `direction` is 1 for fail and -1 for what is not to be failed."""
        positions = {p for sense in named(line) for p in _with_companions(sense.name, sense.companions)}
        (self.minded if direction > 0 else self.spared).update(positions)
        quoted = [frozenset(content_words(q)) for q in _QUOTED.findall(line)]
        self.phrases += [Phrase(words=q, any_of=False, direction=direction) for q in quoted if q]
        words = frozenset(content_words(line)) - _MACHINERY
        if words and not quoted and not positions and _MENTIONS.search(line):
            self.phrases.append(Phrase(words=words, any_of=True, direction=direction))


def _with_companions(name: str, companions: tuple[str, ...]) -> Iterator[int]:
    return (POSITION[n] for n in (name, *companions))


def read_rules(instruction: str) -> Rules:
    """The rules in `instruction`."""
    rules = Rules()
    for line, direction in rule_lines(instruction):
        rules.add(line, direction)
    rules.strictness = 0.2 * (bool(_STRICT.search(instruction)) - bool(_LENIENT.search(instruction)))
    rules.minded -= rules.spared
    return rules


def rule_lines(instruction: str) -> Iterator[tuple[str, int]]:
    """Each rule line of `instruction`, with 1 for fail and -1 for what is not to be failed.

    Bullets under a line such as "Fail an output if:" belong to it.
    """
    heading = 0
    for line in instruction.splitlines():
        is_bullet = bool(_BULLET.match(line))
        heading = heading if is_bullet else 0
        for sentence in re.split(r"(?<=[.;!?])\s+", _BULLET.sub("", line)):
            direction = _direction(sentence)
            if direction == 0 and is_bullet:
                direction = heading
            if direction:
                yield sentence.strip(), direction
        if line.rstrip().endswith(":") and not is_bullet:
            heading = _direction(line)


def _direction(sentence: str) -> int:
    if _SPARES.search(sentence):
        return -1
    if _LENIENT.search(sentence):
        return 0
    return 1 if _FAILS.search(sentence) and not _PASSES.search(sentence) else 0
