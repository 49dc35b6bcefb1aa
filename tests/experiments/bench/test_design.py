from collections import Counter
from pathlib import Path

import pytest

from experiments.bench.design import BUDGETS, DEFAULT_PEERS, FILES, cases, entries
from experiments.worlds import MECHANISMS


@pytest.fixture
def files(tmp_path: Path) -> Path:
    for name in FILES:
        (tmp_path / f"{name}.csv").touch()
    return tmp_path


def test_every_file_has_every_seed_and_the_mechanisms_take_turns(files: Path) -> None:
    found = cases(files, FILES, 3, worlds=True)
    assert len(found) == 18
    assert {(case.file, case.seed) for case in found} == {(name, s) for name in FILES for s in range(3)}
    counts = Counter(case.mechanism for case in found)
    assert set(counts) == set(MECHANISMS)
    assert max(counts.values()) - min(counts.values()) <= 1
    assert all(len({c.mechanism for c in found if c.file == name}) == 3 for name in FILES)


def test_a_real_model_has_no_mechanism(files: Path) -> None:
    assert {case.mechanism for case in cases(files, FILES[:2], 1, worlds=False)} == {""}


def test_a_file_that_is_not_there_is_named(files: Path) -> None:
    with pytest.raises(ValueError, match=r"no file other\.csv"):
        cases(files, ["other"], 1, worlds=True)


def test_a_budget_is_only_for_those_who_can_use_it() -> None:
    found = entries(["baseline", "dspy_gepa", "instruction_search"], [200, 400])
    assert found == (
        ("baseline", None),
        ("dspy_gepa", 400),
        ("instruction_search", 200),
        ("instruction_search", 400),
    )


def test_the_default_peers_exist() -> None:
    assert entries(DEFAULT_PEERS, BUDGETS)


def test_an_unknown_peer_is_named() -> None:
    with pytest.raises(ValueError, match="got 'nobody'"):
        entries(["nobody"], [400])
