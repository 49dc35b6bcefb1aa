from optimizers.strategies.choices import Chosen, Tried, suggest
from optimizers.types import Candidate, Evaluation, Trial

CHOICES = {"instruction": range(3), "demonstrations": range(2)}


def tried(chosen: Chosen, kappa: float | None, *, complete: bool = True) -> Tried:
    evaluation = Evaluation(candidate_id="x", outcomes={})
    trial = Trial(number=0, candidate=Candidate(), evaluation=evaluation, kappa=kappa, complete=complete)
    return Tried(chosen=chosen, trial=trial)


def all_suggestions(seed: int) -> list[Chosen]:
    found: list[Tried] = []
    while (chosen := suggest(CHOICES, found, seed=seed)) is not None:
        found.append(tried(chosen, 0.1 * len(found), complete=len(found) % 2 == 0))
    return [t.chosen for t in found]


def test_every_combination_comes_once_and_then_none() -> None:
    found = all_suggestions(seed=1)
    assert len(found) == 6
    assert len({tuple(sorted(chosen.items())) for chosen in found}) == 6


def test_the_same_seed_suggests_the_same() -> None:
    assert all_suggestions(seed=3) == all_suggestions(seed=3)


def test_seeds_differ() -> None:
    assert len({str(all_suggestions(seed=seed)) for seed in range(5)}) > 1


def test_an_undefined_kappa_is_no_evidence_and_no_fault() -> None:
    found = [tried({"instruction": 0, "demonstrations": 0}, None)]
    assert suggest(CHOICES, found, seed=0) is not None


def test_what_worked_is_suggested_more_often_than_what_did_not() -> None:
    choices = {"instruction": range(2), "set": range(40)}
    found = [tried({"instruction": i % 2, "set": i}, 0.8 if i % 2 else 0.1) for i in range(20)]
    picks = [suggest(choices, found, seed=seed) for seed in range(40)]
    assert sum(pick is not None and pick["instruction"] == 1 for pick in picks) > 24
