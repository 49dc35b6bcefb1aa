from itertools import permutations

from experiments.worlds.prompts import LENIENT, STRICT
from experiments.worlds.vocabulary import GENERAL, PHRASINGS, TERMS, VAGUE, draw_terms


def test_no_phrase_is_part_of_another_criterions_phrases_or_of_a_hint() -> None:
    for one, other in permutations(TERMS, 2):
        assert not [p for p in one.phrases for text in other.phrases if p in text]
    hints = [hint.lower() for term in TERMS for hint in term.hints]
    assert not [p for term in TERMS for p in term.phrases for hint in hints if p in hint]


def test_hints_are_one_criterions_alone() -> None:
    hints = [hint for term in TERMS for hint in term.hints]
    assert len(hints) == len(set(hints))
    assert set(hints).isdisjoint(VAGUE)


def test_lines_that_name_nothing_name_nothing() -> None:
    texts = " ".join((*GENERAL, *PHRASINGS, *VAGUE, *STRICT, *LENIENT)).lower()
    assert not [p for term in TERMS for p in term.phrases if p in texts]


def test_phrases_are_lower_case() -> None:
    assert all(phrase == phrase.lower() for term in TERMS for phrase in term.phrases)


def test_each_seed_draws_its_own_kinds() -> None:
    draws = [draw_terms(seed) for seed in range(20)]
    assert draw_terms(3) == draws[3]
    assert len({draw.kinds for draw in draws}) == 20
    assert {len(draw.kinds) for draw in draws} <= set(range(6, 11))
    assert all(len(draw.distractions) == 12 for draw in draws)
    assert all(set(draw.kinds).isdisjoint(draw.distractions) for draw in draws)


def test_what_is_a_defect_in_one_world_distracts_in_another() -> None:
    draws = [draw_terms(seed) for seed in range(20)]
    kinds = {term for draw in draws for term in draw.kinds}
    assert kinds & {term for draw in draws for term in draw.distractions}


def test_a_criterion_that_the_file_names_is_not_drawn() -> None:
    named = " ".join(term.phrases[0] for term in TERMS[:8]).upper()
    drawn = draw_terms(1, taken=named)
    assert {term.id for term in (*drawn.kinds, *drawn.distractions)}.isdisjoint(t.id for t in TERMS[:8])
