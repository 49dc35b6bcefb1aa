"""What a simulated judge gets out of a prompt: the criteria that it names, and the rows that it shows."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from experiments.standin.worlds import Prompt, draw
from experiments.worlds.vocabulary import Draw, Term
from optimizers.types import Label

_LINES = re.compile(r"\n+|(?<=[.;!?])\s+")
_LISTED = re.compile(r"\s*(?:[-*\u2022]|\d+[.)])\s+(?!`)")  # DSPy lists its fields in back quotes


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Reading:
    """A prompt as read, compared by identity.

    `named` gives, for each criterion that the instruction names, how well its words name it, in
    (0, 1], and `place` its place among the criteria, counted from 0. `explained` are the kinds that
    the demonstrations' rationales name or hint at. `stricter` is the balance of words that ask for
    strictness (above 0) or leniency.
    """

    prompt: Prompt
    named: Mapping[str, float]
    place: Mapping[str, int]
    distractions: tuple[str, ...]
    explained: frozenset[str]
    stricter: int

    @property
    def fail_share(self) -> float:
        """The share of fails among the demonstrations; one half without any."""
        shown = self.prompt.shown
        return sum(row.label is Label.FAIL for row in shown) / len(shown) if shown else 0.5

    @property
    def skew(self) -> float:
        """How far the demonstrations lean to fail, in [-1, 1]; a few lean less than many."""
        return 2 * (self.fail_share - 0.5) * min(1.0, len(self.prompt.shown) / 6)

    @property
    def failed_kinds(self) -> frozenset[str]:
        """Kinds of which a demonstration is shown as a fail."""
        shown = self.prompt.shown
        return frozenset(row.kind for row in shown if row.kind and row.label is Label.FAIL)


STRICT = (
    "be strict",
    "when in doubt, fail",
    "if in doubt, fail",
    "any doubt",
    "fail whenever",
    "even a small",
    "no tolerance",
    "err on the side of fail",
)
LENIENT = (
    "be lenient",
    "when in doubt, pass",
    "if in doubt, pass",
    "benefit of the doubt",
    "minor flaws",
    "only if it is clear",
    "clear-cut",
    "err on the side of pass",
)
"""Words that make a judge stricter or more lenient, lower-case."""


def read_prompt(prompt: Prompt, terms: Draw, seed: object) -> Reading:
    """Read `prompt` with the eyes of a world of these terms."""
    text = prompt.instruction or prompt.text
    known = {term.id: _best_phrase(term, text, seed) for term in (*terms.kinds, *terms.distractions)}
    named = {key: strength for key, strength in known.items() if strength > 0}
    return Reading(
        prompt=prompt,
        named=named,
        place=_places(text, {t.id: t for t in (*terms.kinds, *terms.distractions) if t.id in named}),
        distractions=tuple(term.id for term in terms.distractions if term.id in named),
        explained=frozenset(term.id for term in terms.kinds if is_hinted(term, prompt.examples)),
        stricter=sum(words in text for words in STRICT) - sum(words in text for words in LENIENT),
    )


def is_hinted(term: Term, text: str) -> bool:
    """Whether lower-case `text` names `term` or holds one of its hints."""
    return any(p in text for p in term.phrases) or any(h.lower() in text for h in term.hints)


def _best_phrase(term: Term, text: str, seed: object) -> float:
    """How well `text` names `term`: some of its phrases say more to the model than others."""
    heard = [0.8 + 0.2 * draw(seed, "phrase", phrase) for phrase in term.phrases if phrase in text]
    return max(heard, default=0.0)


def _places(text: str, terms: Mapping[str, Term]) -> dict[str, int]:
    """The place of each of `terms` among the lines that are criteria: listed ones and those that name
    something."""
    places: dict[str, int] = {}
    count = 0
    for line in _LINES.split(text):
        here = [key for key, term in terms.items() if any(phrase in line for phrase in term.phrases)]
        for key in here:
            places.setdefault(key, count)
            count += 1
        count += not here and _LISTED.match(line) is not None
    return {key: places.get(key, count) for key in terms}
