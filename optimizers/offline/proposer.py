"""Writing instructions, rationales and descriptions from the cases that a prompt shows.

What people say about a case, and what is noticed about its texts, is evidence for a sense; a sense
with enough of it becomes a rule line. Words that failed outputs share become a line of their own.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence

import numpy as np

from optimizers.offline.cases import Case
from optimizers.offline.measures import Pair
from optimizers.offline.senses import POSITION, SENSES, SPOKEN_OF, Sense, named, sensed
from optimizers.offline.text import Text
from optimizers.types import Label

SAID, NOTICED = 1.0, 0.5
"""Evidence of one case for a sense: that people name it, that the texts show it."""

ENOUGH = 1.0
OVERLOOKED = 0.15
"""The chance that a proposal leaves out a line, so that proposals differ."""

_OPENING = "Decide whether the output, as a response to the input, is one that people would pass."
_KEPT_LINE = re.compile(r"^\s*(?:[-*•]|\d+[.)])\s+((?:Fail|Do not fail)\b[^\n.]{5,300}\.?)", re.MULTILINE)
_MOST_LINES = 14
_SHARED_BY, _SHARED_WORDS = 3, 3


class Proposer:
    """What one prompt shows. `seed` tells apart proposals from the same cases."""

    def __init__(self, cases: Sequence[Case], prompt: str, seed: str) -> None:
        self._cases = cases
        self._prompt = prompt
        self._seed = seed
        self._pairs = [Pair(Text(case.input), Text(case.output)) for case in cases]

    def instruction(self) -> str:
        """An instruction: the rule lines of the prompt, and those that its cases speak for."""
        fresh = self._rules()
        kept = fresh[:1] + [line for line in fresh[1:] if self._draw(line) >= OVERLOOKED]
        lines = list(dict.fromkeys([*_lines_in(self._prompt), *kept, *self._shared_words()]))
        return "\n".join([_OPENING, *(f"- {line}" for line in lines[:_MOST_LINES])])

    def rationale(self) -> str:
        """Why the first case was decided as it was."""
        if not self._cases:
            return "Nothing in the output speaks against it."
        case = self._cases[0]
        return case.words or explain(case.label, _most_noticed(self._pairs[0]))

    def description(self) -> str:
        """What the cases have in common, with the rule lines that follow."""
        failed = sum(case.label is Label.FAIL for case in self._cases)
        count = (
            f"Of {len(self._cases)} examples people failed {failed}."
            if self._cases
            else "No examples are shown."
        )
        lines = dict.fromkeys([*_lines_in(self._prompt), *self._rules()])
        return "\n".join(
            [f"Outputs are judged beside their inputs. {count}", *(f"- {line}" for line in lines)]
        )

    def _draw(self, line: str) -> float:
        return (
            int.from_bytes(
                hashlib.sha256(f"{self._seed}/{line}".encode("utf-8", "surrogatepass")).digest()[:4], "big"
            )
            / 2**32
        )

    def _rules(self) -> list[str]:
        """Rule lines by falling evidence; then what is not to be failed."""
        evidence = self.evidence()
        order = sorted(SPOKEN_OF, key=lambda sense: -evidence[POSITION[sense.name]])
        minded = [s.rule for s in order if evidence[POSITION[s.name]] >= ENOUGH]
        spared = [
            f"Do not fail an output only because {s.remark}."
            for s in order
            if evidence[POSITION[s.name]] <= -ENOUGH
        ]
        return minded + spared

    def evidence(self) -> np.ndarray:
        """Shape (senses,): for each, what speaks for minding it, less what speaks against."""
        total = np.zeros(len(SENSES))
        for case, own in zip(self._cases, self.evidence_of_each(), strict=True):
            total += own if case.label is Label.FAIL else -own
        return total

    def evidence_of_each(self) -> np.ndarray:
        """Shape (cases, senses): how much each case shows of a sense, or people say of it, whatever its
        label."""
        found = np.zeros((len(self._cases), len(SENSES)))
        for number, (case, pair) in enumerate(zip(self._cases, self._pairs, strict=True)):
            found[number] = NOTICED * (sensed(pair) > 1.0)
            if case.label is Label.FAIL:
                found[number, [POSITION[sense.name] for sense in named(case.words)]] += SAID
        return found

    def _shared_words(self) -> list[str]:
        """A line on words that many failed outputs share and no passed one has."""
        failed = [p.output.vocabulary - p.input.vocabulary for c, p in self._labelled(Label.FAIL)]
        passed = frozenset[str]().union(*(p.output.vocabulary for _, p in self._labelled(Label.PASS)))
        counts = Counter(word for words in failed for word in words - passed)
        least = max(_SHARED_BY, len(failed) * 2 // 5)
        found = sorted((word for word, n in counts.items() if n >= least), key=lambda w: (-counts[w], w))
        spelt = " or ".join(f'"{self._spelt(word)}"' for word in found[:_SHARED_WORDS])
        return [f"Fail an output that says {spelt}."] if spelt else []

    def _labelled(self, label: Label) -> list[tuple[Case, Pair]]:
        pairs = zip(self._cases, self._pairs, strict=True)
        return [(case, pair) for case, pair in pairs if case.label is label]

    def _spelt(self, stem: str) -> str:
        """The word of a failed output that has this stem."""
        words = (w for _, p in self._labelled(Label.FAIL) for w in p.output.words if w.startswith(stem))
        return next(words, stem)


def _lines_in(prompt: str) -> list[str]:
    """The rule lines that a prompt shows, from an earlier instruction or description."""
    return list(dict.fromkeys(line.strip() for line in _KEPT_LINE.findall(prompt)))


def _most_noticed(pair: Pair) -> tuple[Sense, ...]:
    found = sensed(pair)
    return tuple(SENSES[i] for i in np.argsort(-found, kind="stable") if found[i] > 0 and SENSES[i].remark)


def explain(label: Label, reasons: Sequence[Sense]) -> str:
    """A rationale: what speaks against the output, as far as it counts."""
    remarks = " and ".join(sense.remark for sense in reasons[:2])
    if label is Label.FAIL:
        return (
            f"Against the output: {remarks}." if remarks else "The output is like those that people failed."
        )
    return (
        f"It could be objected that {remarks}, but that does not suffice."
        if remarks
        else ("Nothing in the output speaks against it.")
    )
