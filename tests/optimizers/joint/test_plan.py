from dataclasses import replace

from optimizers.joint.criteria import stated_in
from optimizers.joint.plan import Plan, carried_over
from optimizers.types import Candidate, DecisionRule, Demonstration, Label, Message, VerbatimPrompt
from tests.optimizers.joint.conftest import row

RUDE = "A reply that insults the customer fails."
LATE = "A refund must be promised within ten days."
ROWS = [row("a", "Go away.", Label.FAIL), row("b", "Here is your refund.")]
DEMOS = tuple(
    Demonstration(example_id=each.id, input=each.example.input, output=each.example.output, label=each.label)
    for each in ROWS
)
PLAN = Plan(criteria=(RUDE, LATE), demonstrations=DEMOS, reasoning=False, threshold=0.3)
BASE = Candidate(instruction="Judge the reply.")


def test_a_plan_s_candidate_says_all_that_it_decides() -> None:
    candidate = PLAN.candidate(BASE, probability=True)
    assert candidate.instruction.startswith("Judge the reply.")
    assert stated_in(candidate.instruction) == (RUDE, LATE)
    assert (candidate.demonstrations, candidate.reasoning, candidate.probability) == (DEMOS, False, True)
    assert candidate.decision == DecisionRule(threshold=0.3)


def test_a_toggled_line_is_added_or_taken_away_and_the_same_again_undoes_it() -> None:
    plan = Plan(criteria=(RUDE,))
    assert plan.toggled((LATE, RUDE)).criteria == (LATE,)
    assert plan.toggled((LATE,)).toggled((LATE,)) == plan


def test_an_earlier_winner_comes_back_as_the_plan_that_it_was() -> None:
    assert carried_over(PLAN.candidate(BASE, probability=True), ROWS, BASE) == PLAN


def test_an_earlier_demonstration_whose_label_was_corrected_since_is_not_shown() -> None:
    winner = PLAN.candidate(BASE, probability=True)
    corrected = [replace(ROWS[0], label=Label.PASS), ROWS[1]]
    found = carried_over(winner, corrected, BASE)
    assert found is not None
    assert found.demonstrations == DEMOS[1:]
    assert found.criteria == PLAN.criteria


def test_an_earlier_demonstration_whose_row_is_gone_or_reads_otherwise_is_not_shown() -> None:
    winner = PLAN.candidate(BASE, probability=True)
    reworded = replace(ROWS[1], example=replace(ROWS[1].example, output="No refund."))
    found = carried_over(winner, [reworded], BASE)
    assert found is not None
    assert found.demonstrations == ()


def test_a_threshold_without_a_probability_to_hold_against_it_is_left() -> None:
    found = carried_over(PLAN.candidate(BASE, probability=False), ROWS, BASE)
    assert found is not None
    assert found.threshold is None


def test_a_verbatim_prompt_has_no_parts_to_take_over() -> None:
    own = VerbatimPrompt(messages=(Message(role="user", content="{{input}} {{output}}"),))
    assert carried_over(Candidate(verbatim=own), ROWS, BASE) is None


def test_what_the_base_states_anyway_is_not_stated_twice() -> None:
    base = Candidate(instruction="Fail if:\n- the answer invents facts\n- the tone is rude")
    winner = Plan(criteria=("It promises too much.",)).candidate(base, probability=False)
    found = carried_over(winner, ROWS, base)
    assert found is not None
    assert found.criteria == ("It promises too much.",)
