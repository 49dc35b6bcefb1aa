"""An instruction as a set of criteria: lines that are added, dropped, rephrased and credited one by one."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

from optimizers.strategies.answers import sendable, texts_of
from optimizers.wording import DEFAULT_INSTRUCTION

PLACEBO = "Take all of the output into account."
"""Says nothing: what credit it gets when criteria are traced is luck. No criterion may be it."""

SHORTEST_CRITERION = 10
LONGEST_CRITERION = 600
_MOST_LINES = 12
"""Lines taken from one answer: what a careful reader of a few cases can have to say."""

_ALIKE = 0.6
"""Shared content words (Jaccard) from which on two lines count as one criterion in other words."""

_BULLET = re.compile(r"^\s*(?:[-*\u2022\u2013]|\(?\d{1,2}[.):])\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_WORD = re.compile(r"[^\W_]+")
_COMMONPLACES = (
    frozenset(("answer", "check", "contain", "criterion", "decide", "defect", "ensure", "evaluate", "fail"))
    | frozenset(("failed", "fails", "find", "flag", "issue", "judge", "look", "occur", "occurs", "output"))
    | frozenset(("outputs", "pass", "passed", "passes", "people", "problem", "reject", "reply", "response"))
    | frozenset(("responses", "show", "shows", "sort", "task", "text", "verdict", "watch"))
)
"""What any criterion may say, whatever it is about."""

_STEM = 6


def criteria_in(answer: str) -> tuple[str, ...]:
    """The criteria that a proposer's answer states, one a line, in its order; none from an empty one.

    Understood are a JSON object with the text or a list, fenced or amid prose, and plain text. Of a
    text with list items only those count; of one without, each line, and of a single long line each
    sentence.
    """
    lines = [line for text in texts_of(answer, "instruction") for line in _lines(text)]
    usable = (line for line in dict.fromkeys(lines) if SHORTEST_CRITERION <= len(line) <= LONGEST_CRITERION)
    return tuple(line for line in usable if len(line.split()) >= 3 and line != PLACEBO)[:_MOST_LINES]


def _lines(text: str) -> list[str]:
    lines = [line.strip() for line in sendable(text).splitlines() if line.strip()]
    items = [_BULLET.sub("", line).strip() for line in lines if _BULLET.match(line)]
    if items:
        return items
    if len(lines) == 1 and len(lines[0]) > LONGEST_CRITERION:
        return _SENTENCE.split(lines[0])
    return lines


def content_words(text: str) -> frozenset[str]:
    """The words that carry a criterion's meaning, cut to six letters so that their forms are one."""
    words = (word.casefold() for word in _WORD.findall(text))
    return frozenset(
        word[:_STEM] for word in words if word not in ENGLISH_STOP_WORDS and word not in _COMMONPLACES
    )


def alike(one: str, other: str) -> bool:
    """Whether two lines say the same: most of their content words are shared."""
    a, b = content_words(one), content_words(other)
    return len(a & b) >= _ALIKE * len(a | b)


@dataclass(kw_only=True)
class Known:
    """A criterion and how many answers named it."""

    text: str
    support: int = 1


@dataclass
class CriteriaPool:
    """Every criterion that was proposed, each once, with its support."""

    known: list[Known] = field(default_factory=list)

    def add(self, lines: Iterable[str]) -> tuple[str, ...]:
        """Take in the lines of one answer; those that say something new, in order."""
        fresh = []
        named: set[int] = set()
        for line in lines:
            number = next((i for i, known in enumerate(self.known) if alike(known.text, line)), None)
            if number is None:
                self.known.append(Known(text=line))
                named.add(len(self.known) - 1)
                fresh.append(line)
            elif number not in named:
                named.add(number)
                self.known[number].support += 1
        return tuple(fresh)

    def best(self, n: int) -> tuple[str, ...]:
        """The `n` criteria that most answers named, of equal ones those that came first."""
        ranked = sorted(self.known, key=lambda known: -known.support)
        return tuple(known.text for known in ranked[:n])


def stated_in(instruction: str) -> tuple[str, ...]:
    """The criteria of an instruction that `instruction_with` wrote, or that lists some otherwise."""
    lines = (line.strip() for line in instruction.splitlines())
    items = tuple(_BULLET.sub("", line).strip() for line in lines if _BULLET.match(line))
    return tuple(
        item for item in dict.fromkeys(items) if SHORTEST_CRITERION <= len(item) <= LONGEST_CRITERION
    )


def instruction_with(head: str, criteria: Sequence[str], *, reasoning: bool) -> str:
    """The instruction that states `criteria` in numbered lines after `head`; `head` alone without any."""
    if not criteria:
        return head
    cite = " Name the number of the one that decides in the rationale." if reasoning else ""
    lines = "\n".join(f"{number}. {line}" for number, line in enumerate(criteria, start=1))
    start = head or DEFAULT_INSTRUCTION
    return f"{start}\n\nPeople go by these criteria, and any one can decide.{cite}\n{lines}"
