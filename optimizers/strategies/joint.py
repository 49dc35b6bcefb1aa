"""Joint search over criteria, demonstrations, reasoning and threshold: the default strategy.

It opens with criteria that a proposer reads from people's labels and words alone, so that the first
candidates already know what people object to; a small field of candidates is halved on shared rows; and
then moves are tried one by one against the champion, each on the champion's mistakes first.
"""

from collections.abc import Sequence

from optimizers.joint.ideas import switched_on
from optimizers.joint.search import Search
from optimizers.strategies import options
from optimizers.strategies.starting import start
from optimizers.workbench import Workbench


class Joint:
    """Searches criteria, demonstrations, reasoning and threshold together.

    Args:
        rounds: rounds of moves at most; the budget, or a lack of new ideas, may end the search earlier.
        patience: rounds in a row without a better champion after which a further one is not worth its price.
        without: ideas to leave out, by name; see `optimizers.joint.ideas`.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "joint"
    shown_rows = 12
    """Demonstrations in a typical candidate's prompt: some candidates show twice as many, some none."""

    def __init__(self, *, rounds: int = 12, patience: int = 3, without: Sequence[str] = ()) -> None:
        self.rounds = options.whole_number("rounds", rounds, low=0, high=1000)
        self.patience = options.whole_number("patience", patience, low=1, high=1000)
        self.ideas = switched_on(without)

    def most_calls(self, train: int, dev: int) -> int:
        """About how many calls a search without a budget takes at most, the baseline's on dev left out.

        The opening and each round judge the train rows about once and dev about three times: criteria are
        traced on some rows in several steps, and most challengers are dropped before they have seen dev.
        """
        return (1 + self.rounds) * (train + 3 * dev)

    def run(self, bench: Workbench) -> None:
        """The opening, then rounds of moves until budget, rounds, patience or ideas end."""
        search = Search(bench, start(bench), self.ideas)
        search.open()
        idle = 0
        for turn in range(self.rounds):
            champion = search.champion.candidate
            if not search.improve(turn):
                return
            idle = 0 if search.champion.candidate != champion else idle + 1
            if idle == self.patience:
                return
