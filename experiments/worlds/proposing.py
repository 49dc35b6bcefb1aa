"""The proposer of a simulated world: the same model, asked to write rules instead of verdicts.

Asked for criteria of a task's prompt, which shows no rows, it guesses. Asked for assertions it words what
the criterion names, in several ways and tones; its checks in code are distractions, since no code finds the
kinds of defect of these worlds.
"""

import random
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Proposal
from experiments.worlds.prompts import LENIENT, STRICT, is_hinted
from experiments.worlds.vocabulary import GENERAL, PHRASINGS, VAGUE, Draw, Term
from optimizers.criteria import questions
from optimizers.types import Label

MOST_NEW = 6
"""Lines that one answer adds to those that it was shown."""

_OPENING = "Decide whether the output, as a response to the input, meets the criterion."


@dataclass(frozen=True, kw_only=True, slots=True)
class Insight:
    """How good a proposer is: probabilities, each in [0, 1].

    It sees a kind in one shown row with probability `seen`, in more rows more often, and with
    `hinted` more where people's words hint at it. A criterion that the request names already is kept
    with probability `kept`, a distraction that it does not name added with `waffle`, a line that says
    nothing with `general`, words on strictness with `strictness`. Where it guesses, it names each kind with
    probability `guessed` and each distraction with `fancied`, which is also how often it writes a check.
    """

    seen: float = 0.35
    hinted: float = 0.3
    kept: float = 0.9
    waffle: float = 0.05
    general: float = 0.3
    strictness: float = 0.25
    guessed: float = 0.35
    fancied: float = 0.3


_GUESS = questions.PROMPT_HEADING.lower()
_ONE_CRITERION = questions.CRITERION_HEADING.lower()
_CHECKS = re.compile(r'"checks": \[[^\n]*\Z')
_NUMBER = re.compile(r"up to (\d{1,2}) instructions[^\n]*\Z")
_IDLE_CHECKS = ("words(output) <= 60", "sentences(output) > 1", "size(newNumbers(output, input)) == 0")


def propose(
    terms: Draw, insight: Insight, text: str, shown: Sequence[WorldRow], rng: random.Random, strict: str
) -> Proposal:
    """Answer the request with lower-case `text` that shows the rows `shown`.

    `strict` is the line on strictness that would help, as far as the model can tell.
    """
    if _CHECKS.search(text):
        checks = tuple(check for check in _IDLE_CHECKS if rng.random() < insight.fancied)
        return Proposal(rules=checks, explanation="Checks.", opening=_OPENING)
    if _ONE_CRITERION in text:
        return Proposal(rules=_worded(terms, text, rng), explanation="Instructions.", opening=_OPENING)
    rows = Counter(row.kind for row in shown if row.kind)
    kept = [t for t in (*terms.kinds, *terms.distractions) if _names(t, text) and rng.random() < insight.kept]
    new = [t for t in terms.kinds if t not in kept and _sees(t, text, rows[t.id], insight, rng)]
    waffle = insight.waffle
    if _GUESS in text and not shown:
        new += [t for t in terms.kinds if t not in (*kept, *new) and rng.random() < insight.guessed]
        waffle = insight.fancied
    new += [t for t in terms.distractions if t not in kept and rng.random() < waffle]
    rng.shuffle(new)
    lines = [_line(term, rng) for term in (*kept, *new[:MOST_NEW])]
    if rng.random() < insight.general:
        lines.append(rng.choice(GENERAL))
    if strict and rng.random() < insight.strictness:
        lines.append(strict)
    return Proposal(
        rules=tuple(lines), explanation=_explain(terms, shown, (*kept, *new), rng), opening=_OPENING
    )


def _worded(terms: Draw, text: str, rng: random.Random) -> tuple[str, ...]:
    """Instructions for the one criterion that the text states: its phrases in other tones, in turn."""
    asked = _NUMBER.search(text)
    named = [term for term in (*terms.kinds, *terms.distractions) if _names(term, text)]
    if not named:
        return (rng.choice(GENERAL),)
    tones = ("", f" {rng.choice(STRICT).capitalize()}.", f" {rng.choice(LENIENT).capitalize()}.")
    phrases = rng.sample(named[0].phrases, len(named[0].phrases))
    drafts = [
        (phrases[i % len(phrases)], tones[i % len(tones)]) for i in range(int(asked[1]) if asked else 1)
    ]
    return tuple(f"Fail an output with this problem: {phrase}.{tone}" for phrase, tone in drafts)


def _names(term: Term, text: str) -> bool:
    return any(phrase in text for phrase in term.phrases)


def _sees(term: Term, text: str, rows: int, insight: Insight, rng: random.Random) -> bool:
    if not rows and not is_hinted(term, text):
        return False
    miss = (1 - insight.seen) ** min(rows, 4)
    if is_hinted(term, text):
        miss *= 1 - insight.hinted
    return rng.random() < 1 - miss


def _line(term: Term, rng: random.Random) -> str:
    line = rng.choice(PHRASINGS).format(phrase=rng.choice(term.phrases))
    return line[0].upper() + line[1:]


def _explain(terms: Draw, shown: Sequence[WorldRow], seen: Sequence[Term], rng: random.Random) -> str:
    """Why the only row shown has its label, or what the bad rows have in common."""
    if len(shown) == 1:
        return explain(terms, shown[0], rng)
    named = "; ".join(rng.choice(term.phrases) for term in seen)
    return f"What the bad outputs have in common: {named}." if named else "Outputs of a language system."


def explain(terms: Draw, row: WorldRow, rng: random.Random) -> str:
    """Why `row` has its label: mostly right where it fails."""
    if row.label is Label.PASS:
        return "The output does what the criterion asks for."
    term = next((term for term in terms.kinds if term.id == row.kind), None)
    return rng.choice(VAGUE if term is None or rng.random() < 0.3 else term.hints)
