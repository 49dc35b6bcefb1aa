from optimizers.selection import prompt_tokens, ranked, winner
from optimizers.types import Candidate, Evaluation, Label, Trial, Usage, Verdict


def trial(number: int, kappa: float | None, *, tokens: int = 100, complete: bool = True) -> Trial:
    verdict = Verdict(label=Label.PASS, usage=Usage(calls=1, prompt_tokens=tokens))
    candidate = Candidate(instruction=f"number {number}")
    return Trial(
        number=number,
        candidate=candidate,
        evaluation=Evaluation(candidate_id=candidate.id, outcomes={"a": verdict}),
        kappa=kappa,
        complete=complete,
    )


def numbers(trials: list[Trial]) -> list[int]:
    return [t.number for t in ranked(trials)]


def test_the_highest_kappa_wins() -> None:
    assert numbers([trial(0, 0.2), trial(1, 0.7), trial(2, -0.1)]) == [1, 0, 2]


def test_a_candidate_that_a_race_dropped_cannot_win() -> None:
    assert numbers([trial(0, 0.2), trial(1, 0.9, complete=False)]) == [0]


def test_among_equals_fewer_prompt_tokens_win() -> None:
    assert numbers([trial(0, 0.5, tokens=90), trial(1, 0.5, tokens=80)]) == [1, 0]


def test_among_equals_of_one_price_the_earlier_wins() -> None:
    assert numbers([trial(2, 0.5), trial(1, 0.5)]) == [1, 2]


def test_an_undefined_kappa_comes_last_and_tokens_do_not_count_there() -> None:
    assert numbers([trial(0, None, tokens=90), trial(1, None, tokens=10), trial(2, -0.9)]) == [2, 0, 1]


def test_sums_that_differ_by_rounding_alone_are_equal() -> None:
    assert numbers([trial(0, 0.1 + 0.2, tokens=9), trial(1, 0.3, tokens=8)]) == [1, 0]


def test_without_a_complete_trial_nobody_wins() -> None:
    assert winner([trial(0, 0.5, complete=False)]) is None


def test_prompt_tokens_are_the_mean_per_judgement() -> None:
    outcomes = {i: Verdict(label=Label.PASS, usage=Usage(prompt_tokens=n)) for i, n in (("a", 10), ("b", 20))}
    assert prompt_tokens(Evaluation(candidate_id="x", outcomes=outcomes)) == 15
    assert prompt_tokens(Evaluation(candidate_id="x", outcomes={})) == 0
