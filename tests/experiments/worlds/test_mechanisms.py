"""What helps and what hurts in each mechanism, measured on all rows with prompts as Concord sends them."""

from collections.abc import Callable, Iterable, Sequence

import pytest

from experiments.standin.rows import WorldRow
from experiments.worlds import MECHANISMS, SimulatedJudge, WorldTransport
from experiments.worlds.mechanisms import Attention, Calibration
from experiments.worlds.reachable import MODEL, Straight
from optimizers.calibration import fit_threshold
from optimizers.evaluate import evaluate
from optimizers.kappa import cohen_kappa, confusion
from optimizers.lm.loop import BackgroundLoop
from optimizers.rendering import render
from optimizers.types import Candidate, Demonstration, Evaluation, Label, Verdict

WorldOf = Callable[..., SimulatedJudge]

EACH = pytest.mark.parametrize("mechanism", list(MECHANISMS))


def judged(world: SimulatedJudge, candidate: Candidate) -> Evaluation:
    rows = world.file.snapshot.rows
    template = render(candidate, world.file.criterion)
    model = Straight(WorldTransport(world))
    with BackgroundLoop() as loop:
        examples = [row.example for row in rows]
        return loop.run(evaluate(template, examples, model, candidate_id="c", model=MODEL))


def kappa(world: SimulatedJudge, candidate: Candidate) -> float:
    rows = world.file.snapshot.rows
    said = judged(world, candidate).judged([row.id for row in rows])
    found = cohen_kappa(confusion([row.label for row in rows], said))
    assert found is not None
    return found


def thresholded(world: SimulatedJudge, candidate: Candidate) -> float:
    rows, found = world.file.snapshot.rows, judged(world, candidate)
    outcomes = [found.outcomes[row.id] for row in rows]
    said = [o.fail_probability if isinstance(o, Verdict) else None for o in outcomes]
    best = fit_threshold([row.label for row in rows], said)
    assert best is not None
    return best.kappa


def naming(world: SimulatedJudge, *, distractions: int = 0) -> str:
    terms = (*world.file.terms.kinds, *world.file.terms.distractions[:distractions])
    return "\n".join(f"- Fail it for this: {term.phrases[0]}." for term in terms)


def demonstrations(rows: Iterable[WorldRow]) -> tuple[Demonstration, ...]:
    return tuple(
        Demonstration(example_id=r.id, input=r.input, output=r.output, label=r.label, rationale=r.critique)
        for r in rows
    )


def drawn(world: SimulatedJudge, label: Label, n: int) -> Sequence[WorldRow]:
    right = [row for row in world.rows if row.label is label and (row.kind is None) == (label is Label.PASS)]
    return right[:: max(1, len(right) // n)][:n]


@EACH
def test_naming_all_kinds_is_better_than_the_baseline(mechanism: str, world_of: WorldOf) -> None:
    world = world_of(mechanism)
    named = Candidate(instruction=naming(world), reasoning=False)
    assert kappa(world, named) > kappa(world, Candidate(reasoning=False)) + 0.03


@EACH
def test_distractions_do_not_help(mechanism: str, world_of: WorldOf) -> None:
    world = world_of(mechanism)
    calm, distracted = (naming(world, distractions=n) for n in (0, 10))
    found = [thresholded(world, Candidate(instruction=text, probability=True)) for text in (calm, distracted)]
    assert found[1] <= found[0] + 0.02


@EACH
def test_demonstrations_of_one_class_bias_the_verdicts_to_it(mechanism: str, world_of: WorldOf) -> None:
    world = world_of(mechanism)
    shares = []
    for fails, passes in ((0, 8), (4, 4), (8, 0)):
        shown = [
            *drawn(world, Label.FAIL, fails or 1)[:fails],
            *drawn(world, Label.PASS, passes or 1)[:passes],
        ]
        outcomes = judged(world, Candidate(demonstrations=demonstrations(shown))).outcomes.values()
        shares.append(sum(isinstance(o, Verdict) and o.label is Label.FAIL for o in outcomes))
    assert shares[0] < shares[1] < shares[2]


@EACH
def test_answers_follow_from_the_prompt_and_a_few_are_unreadable(mechanism: str, world_of: WorldOf) -> None:
    world = world_of(mechanism)
    candidate = Candidate(instruction=naming(world), probability=True)
    one, two = judged(world, candidate), judged(MECHANISMS[mechanism](world.file), candidate)
    assert one.outcomes == two.outcomes
    unreadable = sum(not isinstance(outcome, Verdict) for outcome in one.outcomes.values())
    assert 0 < unreadable < 0.04 * len(one.outcomes)


@EACH
def test_most_of_a_rows_noise_is_the_same_under_a_prompt_that_says_nothing_new(
    mechanism: str, world_of: WorldOf
) -> None:
    world = world_of(mechanism)
    ids = [row.id for row in world.rows]
    one, two = (
        judged(world, Candidate(instruction=f"{words} whether it meets the criterion.")).judged(ids)
        for words in ("Decide", "Please say")
    )
    changed = sum(a != b for a, b in zip(one, two, strict=True))
    assert 0 < changed < 0.2 * len(ids)


def test_balanced_demonstrations_are_worth_most_in_context(world_of: WorldOf) -> None:
    world = world_of("in_context")
    shown = demonstrations([*drawn(world, Label.FAIL, 8), *drawn(world, Label.PASS, 8)])
    gained = thresholded(world, Candidate(demonstrations=shown, probability=True))
    assert gained > thresholded(world, Candidate(instruction=naming(world), probability=True))


def test_a_threshold_is_worth_most_where_the_line_is_drawn_in_the_wrong_place(
    world_of: WorldOf,
) -> None:
    world = world_of("calibration")
    plain = Candidate(probability=True)
    assert thresholded(world, plain) > kappa(world, plain) + 0.15
    assert kappa(world, Candidate(instruction=naming(world))) < thresholded(world, plain)


def test_words_on_strictness_move_the_line(world_of: WorldOf) -> None:
    world = world_of("calibration")
    assert isinstance(world, Calibration)
    right, wrong = ("be lenient", "be strict") if world.bias > 0 else ("be strict", "be lenient")
    assert kappa(world, Candidate(instruction=f"Judge, and {right}.")) > kappa(
        world, Candidate(instruction=f"Judge, and {wrong}.")
    )


def test_late_criteria_are_heeded_less(world_of: WorldOf) -> None:
    world = world_of("attention")
    late = "\n".join([*(f"- Mind point {n} of the list." for n in range(12)), naming(world)])
    assert kappa(world, Candidate(instruction=late)) < kappa(world, Candidate(instruction=naming(world)))


def test_naming_a_touchy_kind_fails_good_rows_that_resemble_it(world_of: WorldOf) -> None:
    made = [world_of("attention", seed) for seed in range(6)]
    world = next(world for world in made if isinstance(world, Attention) and world.touchy)
    assert isinstance(world, Attention)
    touchy = [term for term in world.file.terms.kinds if term.id in world.touchy]
    named = Candidate(instruction="\n".join(f"- Fail it for {term.phrases[0]}." for term in touchy))
    like = [r.id for r in world.rows if r.kind is None and world.file.nature[r.id] in world.touchy]
    before, after = (judged(world, c).judged(like).count(Label.FAIL) for c in (Candidate(), named))
    assert after > before
