"""Instruction search: propose from mistakes, choose with Optuna, race, and propose again from the best.

A round judges the best candidate on train rows, shows the proposer its false passes and false fails,
and adds the new instructions to the menu beside sets of solved examples. Each new instruction races
once with what is best so far; then Optuna's TPE picks further combinations. Dev rows decide, and are
never shown.
"""

from dataclasses import dataclass, field

from optimizers.selection import ranked
from optimizers.strategies import options
from optimizers.strategies.choices import Chosen, Tried, suggest
from optimizers.strategies.demonstrations import balanced, eligible, solve
from optimizers.strategies.proposals import mistakes, propose
from optimizers.strategies.racing import DEFAULT_ALPHA, DEFAULT_BLOCK, Race
from optimizers.strategies.starting import start
from optimizers.types import Candidate, Demonstration, LabelledExample
from optimizers.workbench import Workbench

_MISTAKES_SHOWN = 5
"""False passes, and false fails, that one proposal sees: enough to see a kind, few enough to read."""

_HARD_SETS = 2
"""The first sets prefer rows that the judge gets wrong; the others are drawn from all."""


@dataclass
class Menu:
    """What there is to choose from, and what was tried of it. Grows by the round."""

    base: Candidate
    instructions: list[str]
    sets: list[tuple[Demonstration, ...]]
    tried: list[Tried] = field(default_factory=list)

    @property
    def choices(self) -> dict[str, range]:
        """Instructions and sets by number."""
        return {"instruction": range(len(self.instructions)), "demonstrations": range(len(self.sets))}

    def candidate(self, chosen: Chosen) -> Candidate:
        """The judge that a combination stands for."""
        return self.base.with_(
            instruction=self.instructions[int(str(chosen["instruction"]))],
            demonstrations=self.sets[int(str(chosen["demonstrations"]))],
        )

    def seen(self, chosen: Chosen) -> bool:
        """Whether a combination was tried."""
        return any(t.chosen == chosen for t in self.tried)


class InstructionSearch:
    """Rewrites the instruction from the judge's mistakes.

    Args:
        rounds: rounds of proposals at most; the budget may end the search earlier.
        proposals: instructions asked for in a round.
        combinations: further combinations with sets of solved examples that a round tries.
        train_rows: train rows that the best candidate judges in a round, to find its mistakes.
        sets: sets of solved examples to choose from, besides none.
        per_class: solved examples of each class in a set.
        block: dev rows between two looks at a race at least.
        alpha: level of a race's test at each look.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "instruction_search"

    def __init__(
        self,
        *,
        rounds: int = 6,
        proposals: int = 4,
        combinations: int = 3,
        train_rows: int = 32,
        sets: int = 3,
        per_class: int = 3,
        block: int = DEFAULT_BLOCK,
        alpha: float = DEFAULT_ALPHA,
    ) -> None:
        self.rounds = options.whole_number("rounds", rounds, low=1, high=1000)
        self.proposals = options.whole_number("proposals", proposals, low=1, high=100)
        self.combinations = options.whole_number("combinations", combinations, low=0, high=1000)
        self.train_rows = options.whole_number("train_rows", train_rows, low=2, high=10_000)
        self.sets = options.whole_number("sets", sets, low=0, high=100)
        self.per_class = options.whole_number("per_class", per_class, low=1, high=32)
        self.race = Race(
            block=options.whole_number("block", block, low=1, high=10_000),
            alpha=options.share("alpha", alpha),
        )

    def run(self, bench: Workbench) -> None:
        """Rounds of proposing and racing until the budget, the rounds or the ideas end."""
        base = start(bench)
        menu = Menu(base=base, instructions=[base.instruction], sets=[base.demonstrations])
        if bench.trial_of(base) is not None:
            menu.tried.append(Tried(chosen=_FIRST, trial=bench.measure(base)))
        for turn in range(self.rounds):
            if not self._affords_a_round(bench):
                return
            parent = _parent(bench, base)
            fresh = self._propose(bench, menu, parent, turn)
            if turn == 0:
                menu.sets += self._solved_sets(bench, base)
            before = len(menu.tried)
            if not self._compare(bench, menu, fresh) or len(menu.tried) == before:
                return

    def _affords_a_round(self, bench: Workbench) -> bool:
        """A look at train, the questions, and at least one complete trial."""
        return bench.affordable(self.train_rows + self.proposals + len(bench.problem.dev))

    def _propose(self, bench: Workbench, menu: Menu, parent: Candidate, turn: int) -> list[int]:
        """Add new instructions to the menu; return their numbers."""
        shown = {demonstration.example_id for demonstration in parent.demonstrations}
        # A judge that is shown a row with its label is right on it, whatever its instruction.
        rows = tuple(row for row in self._train_rows(bench, turn) if row.id not in shown)
        wrong = mistakes(bench, bench.evaluate(parent, rows), rows)
        if not wrong:
            return []
        fresh = propose(
            bench, parent, wrong, menu.instructions, n=self.proposals, shown=_MISTAKES_SHOWN, turn=turn
        )
        menu.instructions += fresh
        return list(range(len(menu.instructions) - len(fresh), len(menu.instructions)))

    def _train_rows(self, bench: Workbench, turn: int) -> tuple[LabelledExample, ...]:
        return balanced(eligible(bench.problem), self.train_rows, bench.rng("train"), turn)

    def _solved_sets(self, bench: Workbench, base: Candidate) -> list[tuple[Demonstration, ...]]:
        """Sets of solved examples from the train rows that were judged in the first round."""
        rows = self._train_rows(bench, 0)
        # The judgements are there already unless the base gives no rationale.
        needed = bench.missing(base.with_(reasoning=True), rows) + 2 * self.per_class
        if not self.sets or not rows or not bench.affordable(needed + len(bench.problem.dev)):
            return []
        pool = solve(bench, base.with_(reasoning=True), rows, most_elicited=self.per_class)
        drawn = (
            pool.draw(self.per_class, bench.rng(f"set/{n}"), hard_first=n < _HARD_SETS)
            for n in range(self.sets)
        )
        return [demos for demos in dict.fromkeys(drawn) if demos]

    def _compare(self, bench: Workbench, menu: Menu, fresh: list[int]) -> bool:
        """Race each new instruction, then further combinations; false once the budget is used up."""
        companion = _best_chosen(menu)["demonstrations"]
        forced = [{"instruction": number, "demonstrations": companion} for number in fresh]
        return all(self._try(bench, menu, chosen) for chosen in forced) and all(
            self._try(bench, menu, suggest(menu.choices, menu.tried, seed=bench.seed("menu")))
            for _ in range(self.combinations)
        )

    def _try(self, bench: Workbench, menu: Menu, chosen: Chosen | None) -> bool:
        """Race a combination that was not tried; false if the budget cannot see it through."""
        if chosen is None or menu.seen(chosen):
            return True
        candidate = menu.candidate(chosen)
        if not bench.affordable(bench.missing(candidate)):
            return False
        origin = f"instruction {chosen['instruction']}, {_examples(chosen)}"
        trial = self.race.run(bench, candidate, _parent(bench, menu.base), origin)
        menu.tried.append(Tried(chosen=dict(chosen), trial=trial))
        return True


def _examples(chosen: Chosen) -> str:
    return f"example set {chosen['demonstrations']}" if chosen["demonstrations"] else "no examples"


_FIRST: Chosen = {"instruction": 0, "demonstrations": 0}


def _parent(bench: Workbench, base: Candidate) -> Candidate:
    """The best candidate that can be edited."""
    editable = (t.candidate for t in ranked(bench.trials) if t.candidate.verbatim is None)
    return next(editable, base)


def _best_chosen(menu: Menu) -> Chosen:
    """The combination of the best complete trial on the menu; the first where there is none."""
    by_id = {t.trial.candidate.id: t.chosen for t in menu.tried}
    best = ranked(t.trial for t in menu.tried)
    return by_id[best[0].candidate.id] if best else _FIRST
