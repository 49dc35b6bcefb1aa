import pytest

from optimizers.errors import InvalidInput
from optimizers.joint.ideas import Idea, switched_on
from optimizers.strategies import create


def test_all_ideas_are_on_but_those_named() -> None:
    assert switched_on(()) == frozenset(Idea)
    assert switched_on(["racing", "earlier"]) == frozenset(Idea) - {Idea.RACING, Idea.EARLIER}


@pytest.mark.parametrize("without", [["magic"], ["racing", "magic"], "racing"])
def test_what_is_no_list_of_ideas_is_refused_with_those_that_there_are(without: object) -> None:
    with pytest.raises(InvalidInput, match=r"without must be a list of warm_start, .*, got "):
        create("joint", {"without": without})
