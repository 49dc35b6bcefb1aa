"""Which worlds a measurement goes through."""

from experiments.worlds.cases import Case, crossed


def test_each_file_meets_each_mechanism_with_each_seed() -> None:
    found = crossed(["a", "b"], [1, 2, 3], ["named", "attention"])
    assert len(found) == len(set(found)) == 12
    assert Case(file="b", seed=3, mechanism="named") in found
