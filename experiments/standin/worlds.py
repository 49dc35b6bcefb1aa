"""Simulated worlds: how a stand-in answers as a judge and as a proposer.

A world knows a labelled file with each failing row's hidden kind of defect. It reads nothing else
but the prompt. Numbers from a world are simulated, and reports on them say so.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Protocol

from experiments.standin.rows import DISTRACTIONS, KINDS, Kind, WorldRow


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Prompt:
    """A judge's prompt without the row under judgement. Compared by identity: it is a cache's key.

    `text` is its lower-case text: `instruction` the system messages and what stands around the row,
    `examples` the messages between. `shown` are the file's rows in it (demonstrations). `reasoning` is
    whether an explanation is asked for. `digest` names all of it. `sample` tells answers to one
    request apart, where chance has a say; it is empty at temperature 0.
    """

    text: str
    shown: tuple[WorldRow, ...]
    digest: str
    instruction: str = ""
    examples: str = ""
    reasoning: bool = True
    sample: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Judgement:
    """A world's verdict. `fail_probability` in [0, 1] is above one half exactly where it fails the row.

    `readable` is false where the model forgets the format.
    """

    fail_probability: float
    rationale: str
    readable: bool = True

    @property
    def fails(self) -> bool:
        """Whether the row fails."""
        return self.fail_probability > 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What a proposer has to say: rule lines for a judge under an opening sentence, and why."""

    rules: tuple[str, ...]
    explanation: str
    opening: str = "Judge whether the reply settles the request."


class World(Protocol):
    """How a model answers. Both methods are functions of their arguments alone."""

    @property
    def rows(self) -> tuple[WorldRow, ...]:
        """The labelled file."""
        ...

    def judge(self, row: WorldRow, prompt: Prompt) -> Judgement:
        """Judge `row` under `prompt`."""
        ...

    def propose(self, text: str, shown: tuple[WorldRow, ...]) -> Proposal:
        """Answer any other request, given its lower-case text and the file's rows in it."""
        ...


def draw(*parts: object) -> float:
    """A number in [0, 1), uniform over the parts and the same for the same parts."""
    text = "\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.blake2b(text, digest_size=7).digest()) / 2**56


@dataclass(frozen=True, kw_only=True, slots=True)
class Character:
    """How good the model of `KnownBetterPrompt` is: probabilities, each in [0, 1].

    A bad row is failed with probability `lenient` by default, `shown` where a demonstration shows
    its kind, `named` where the prompt names it. A good row is failed with probability `strict`.
    Each irrelevant rule adds `distraction` to the second kind of error and takes it from the catch.
    A proposer names a kind that it is shown with probability `insight`, and each distraction with
    probability `waffle`. `unreadable` is the share of answers out of format.
    """

    lenient: float = 0.2
    shown: float = 0.75
    named: float = 0.93
    strict: float = 0.04
    distraction: float = 0.02
    insight: float = 0.8
    waffle: float = 0.15
    unreadable: float = 0.0


class KnownBetterPrompt:
    """A world with a known better prompt: the one that names every kind of defect and nothing else.

    The noise of a row is one number, whatever the prompt: a prompt that names more kinds fails
    no fewer bad rows.
    """

    def __init__(
        self, rows: tuple[WorldRow, ...], *, seed: int = 0, character: Character | None = None
    ) -> None:
        self.rows = rows
        self._seed = seed
        self._character = character or Character()

    def judge(self, row: WorldRow, prompt: Prompt) -> Judgement:
        """See `Character`."""
        named, shown, distractions = _reading(prompt)
        chance = self._chance(row, named, shown, distractions)
        noise = draw(self._seed, "row", row.input, row.output)
        character = self._character
        unreadable = draw(self._seed, "form", row.id, prompt.digest) < character.unreadable
        known = row.kind in named or row.kind in shown
        # Monotone in both, and above one half exactly where the noise is below the chance.
        probability = min(0.99, max(0.01, 0.5 + (chance - noise) / 2))
        return Judgement(
            fail_probability=round(probability, 3) if abs(probability - 0.5) > 0.001 else probability,
            rationale=_reason(row.kind if known else None, fails=probability > 0.5),
            readable=not unreadable,
        )

    def _chance(
        self, row: WorldRow, named: frozenset[str], shown: frozenset[str], distractions: int
    ) -> float:
        character = self._character
        lost = character.distraction * distractions
        if row.kind is None:
            return min(0.5, character.strict + lost)
        if row.kind in named:
            return max(character.lenient, character.named - lost)
        return max(character.lenient, (character.shown if row.kind in shown else character.lenient) - lost)

    def propose(self, text: str, shown: tuple[WorldRow, ...]) -> Proposal:
        """Name kinds that the request shows or names, sometimes, and a distraction now and then."""
        kinds = {row.kind for row in shown if row.kind}
        token = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        character = self._character

        def sees(kind: Kind) -> bool:
            there = kind.id in kinds or kind.named_in(text)
            return there and draw(self._seed, "insight", kind.id, token) < character.insight

        named = [kind for kind in KINDS if sees(kind)]
        waffle = [k for k in DISTRACTIONS if draw(self._seed, "waffle", k.id, token) < character.waffle]
        lines = tuple(kind.rule for kind in (*named, *waffle))
        return Proposal(rules=lines, explanation=_explanation(shown, named))


class NullWorld:
    """A world where no prompt is better than another.

    A bad row is failed with probability `recall`, a good one with `false_failure_rate`, drawn
    afresh for each pair of row and prompt.
    """

    def __init__(
        self,
        rows: tuple[WorldRow, ...],
        *,
        seed: int = 0,
        recall: float = 0.65,
        false_failure_rate: float = 0.2,
    ) -> None:
        self.rows = rows
        self._seed = seed
        self._recall = recall
        self._false_failure_rate = false_failure_rate

    def judge(self, row: WorldRow, prompt: Prompt) -> Judgement:
        """The prompt only seeds the noise."""
        chance = self._false_failure_rate if row.kind is None else self._recall
        noise = draw(self._seed, "row", row.input, row.output, prompt.digest)
        probability = min(0.99, max(0.01, 0.5 + (chance - noise) / 2))
        return Judgement(fail_probability=probability, rationale=_reason(None, fails=probability > 0.5))

    def propose(self, text: str, shown: tuple[WorldRow, ...]) -> Proposal:
        """Rules picked by chance, whatever the request shows."""
        rules = (*KINDS, *DISTRACTIONS)
        picked = tuple(kind.rule for kind in rules if draw(self._seed, "rule", kind.id, text) < 0.4)
        return Proposal(rules=picked, explanation=_explanation(shown, []))


@lru_cache(maxsize=4096)
def _reading(prompt: Prompt) -> tuple[frozenset[str], frozenset[str], int]:
    """The kinds that a prompt names, those that it shows, and how many distractions it names."""
    named = frozenset(kind.id for kind in KINDS if kind.named_in(prompt.text))
    shown = frozenset(row.kind for row in prompt.shown if row.kind)
    return named, shown, sum(kind.named_in(prompt.text) for kind in DISTRACTIONS)


def _reason(kind: str | None, *, fails: bool) -> str:
    if not fails:
        return "The reply settles the request."
    if kind is None:
        return "Something about the reply is off."
    return next(k.rule for k in KINDS if k.id == kind).removeprefix("Fail ").capitalize()


def _explanation(shown: tuple[WorldRow, ...], named: list[Kind]) -> str:
    if len(shown) == 1:
        return _reason(shown[0].kind, fails=shown[0].kind is not None)
    if named:
        return "What the bad replies have in common: " + "; ".join(kind.phrases[0] for kind in named) + "."
    return "Requests to a boat hire and the replies of its office."


WORLDS: Mapping[str, Callable[[tuple[WorldRow, ...], int], World]] = {
    "known_better_prompt": lambda rows, seed: KnownBetterPrompt(rows, seed=seed),
    "null": lambda rows, seed: NullWorld(rows, seed=seed),
}
