"""The best kappa that a prompt is known to reach in a world.

It is found by building prompts with the world's secrets and reading the best threshold off the test
rows. So it is a lower bound of what an optimum would reach in this world, not an upper one; on the
other hand no strategy sees the test rows, and none is owed all of it.
"""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from experiments.standin.rows import WorldRow
from experiments.worlds.mechanisms import Attention, SimulatedJudge
from experiments.worlds.prompts import LENIENT, STRICT
from experiments.worlds.transport import WorldTransport
from optimizers.calibration import fit_threshold
from optimizers.evaluate import evaluate
from optimizers.lm.loop import BackgroundLoop
from optimizers.protocols import Transport
from optimizers.rendering import render
from optimizers.types import (
    Candidate,
    Demonstration,
    Label,
    LabelledExample,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Part,
    Verdict,
)

MODEL = ModelRef(name="openai/simulated")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reachable:
    """A prompt built with the secrets, and its kappa on the test rows with the best threshold."""

    kappa: float
    candidate: Candidate


class Straight:
    """A transport as a language model: no ledger, no budget."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`."""
        return await self._transport.complete(request)


def best_reachable(world: SimulatedJudge, loop: BackgroundLoop) -> Reachable:
    """Try the prompts that the secrets suggest. `loop` must not be the caller's own."""
    test = world.file.snapshot.part(Part.TEST)
    model = Straight(WorldTransport(world))
    tried = (
        Reachable(kappa=_kappa(world, candidate, test, model, loop), candidate=candidate)
        for candidate in _candidates(world)
    )
    return max(tried, key=lambda found: found.kappa)


def _kappa(
    world: SimulatedJudge,
    candidate: Candidate,
    test: Sequence[LabelledExample],
    model: Straight,
    loop: BackgroundLoop,
) -> float:
    template = render(candidate, world.file.criterion)
    examples = [row.example for row in test]
    found = loop.run(evaluate(template, examples, model, candidate_id=candidate.id, model=MODEL))
    outcomes = [found.outcomes[row.id] for row in test]
    said = [outcome.fail_probability if isinstance(outcome, Verdict) else None for outcome in outcomes]
    best = fit_threshold([row.label for row in test], said)
    return best.kappa if best is not None else 0.0


def _candidates(world: SimulatedJudge) -> Iterator[Candidate]:
    shown: list[tuple[Demonstration, ...]] = [(), _demonstrations(world, 8), _demonstrations(world, 16)]
    words = ("", f"{STRICT[0]}.", f"{LENIENT[0]}.")
    for kinds, demos, reasoning in itertools.product(_kinds(world), shown, (True, False)):
        for word in words if not demos else words[:1]:
            lines = [f"- Fail an output with this problem: {phrase}." for phrase in kinds]
            instruction = "\n".join(
                ["Decide whether the output meets the criterion.", *lines, *([word] if word else [])]
            )
            yield Candidate(
                instruction=instruction, demonstrations=demos, reasoning=reasoning, probability=True
            )


def _kinds(world: SimulatedJudge) -> list[list[str]]:
    """Sets of lines: all kinds, all that are not touchy, the six most frequent, none."""
    terms = world.file.terms.kinds
    touchy = world.touchy if isinstance(world, Attention) else frozenset()
    all_named = [" / ".join(term.phrases) for term in terms]
    calm = [" / ".join(term.phrases) for term in terms if term.id not in touchy]
    sets = [all_named, calm, all_named[:6], []]
    return [chosen for place, chosen in enumerate(sets) if chosen not in sets[:place]]


def _demonstrations(world: SimulatedJudge, n: int) -> tuple[Demonstration, ...]:
    """`n` train rows, half of each class, of as many kinds as possible, fails with their kind's hint."""
    parts = world.file.split.parts
    train = [row for row in world.rows if parts[row.id] is Part.TRAIN]
    fails = [row for row in train if row.kind and row.label is Label.FAIL]
    passes = [row for row in train if not row.kind and row.label is Label.PASS]
    chosen = [*_one_of_each(fails, n // 2), *passes[: n // 2]]
    return tuple(_demonstration(world, row) for row in sorted(chosen, key=lambda row: row.id))


def _one_of_each(rows: Sequence[WorldRow], n: int) -> list[WorldRow]:
    """Rows in turns of their kinds."""
    turns: dict[str, int] = {}
    ranked = []
    for row in rows:
        turn = turns[str(row.kind)] = turns.get(str(row.kind), -1) + 1
        ranked.append((turn, row.id, row))
    return [row for _, _, row in sorted(ranked)[:n]]


def _demonstration(world: SimulatedJudge, row: WorldRow) -> Demonstration:
    hint = next((term.hints[0] for term in world.file.terms.kinds if term.id == row.kind), None)
    return Demonstration(
        example_id=row.id, input=row.input, output=row.output, label=row.label, rationale=hint or "Fine."
    )
