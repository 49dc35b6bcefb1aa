"""The state of one joint search: what was tried, who is the champion, and the moves against it."""

from collections.abc import Callable
from dataclasses import replace

from optimizers.errors import BudgetExhausted
from optimizers.joint.demonstrating import Demonstrating
from optimizers.joint.earning import around_mistakes, earning
from optimizers.joint.ideas import Idea
from optimizers.joint.likeness import Likeness
from optimizers.joint.plan import Plan, carried_over
from optimizers.joint.proposing import MISTAKE_QUESTIONS, Proposing
from optimizers.joint.racing import duel, halve
from optimizers.joint.sizes import FEW, MANY, Sizes
from optimizers.joint.thresholds import worthwhile_threshold
from optimizers.joint.tracing import Group
from optimizers.selection import ranked
from optimizers.strategies.choices import Tried, suggest
from optimizers.strategies.demonstrations import balanced, eligible
from optimizers.types import Candidate, Demonstration, Evaluation, LabelledExample, Trial
from optimizers.workbench import Workbench

CORE = 8
"""Criteria of a first candidate: those that most answers named."""

MOST = 16
"""Criteria of the longest candidate, where they are not traced."""

MOST_TRACED = 32
"""Proposed criteria that are traced: those that most answers named."""

FINALISTS = 2
"""Of the first field, those that may judge all of dev."""

MOST_EARLIER = 2
"""Winners of earlier runs that enter the first field."""

MOST_ROWS = 2000
"""Train rows that a search looks at: more say nothing new, and are slow to compare with each other."""

MISTAKE_ROWS = 100
"""Train rows that the champion judges in a round, to find its mistakes."""

COMBINATIONS = 2
"""Combinations of what is known that a round tries."""

_LONGEST = 10_000
"""Calls: what a search without a budget is reckoned to last."""


class Search:
    """One search. `base` is the judge that plans start from."""

    def __init__(self, bench: Workbench, base: Candidate, ideas: frozenset[Idea]) -> None:
        self._bench = bench
        self._base = base
        self._ideas = ideas
        self._rows = _learnable(bench, ideas)
        self._likeness = Likeness(self._rows)
        self._sizes = Sizes(room=bench.room(_LONGEST), dev=len(bench.problem.dev))
        self._proposing = Proposing(bench, self._rows, self._likeness, ideas)
        self._demonstrating = Demonstrating(bench, self._rows, self._likeness, ideas)
        self._plans: dict[str, Plan] = {}
        self._criteria_sets: list[tuple[str, ...]] = [()]
        self._demonstration_sets: list[tuple[Demonstration, ...]] = [()]
        self._tried: list[Tried] = []

    # --- who is best ----------------------------------------------------------------------------------

    @property
    def champion(self) -> Trial:
        """The best complete trial that a plan stands for; the base's, or the baseline's, before any."""
        complete = ranked(self._bench.trials)
        own = (t for t in complete if t.candidate.id in {*self._plans, self._base.id})
        return next(own, complete[0])

    def _plan_of(self, trial: Trial) -> Plan:
        return self._plans.get(trial.candidate.id, Plan(reasoning=self._base.reasoning))

    def _candidate(self, plan: Plan) -> Candidate:
        candidate = plan.candidate(self._base, probability=Idea.THRESHOLD in self._ideas)
        self._plans.setdefault(candidate.id, plan)
        return candidate

    def _toggling(self, plan: Plan) -> Callable[[Group], Candidate]:
        return lambda group: self._candidate(plan.toggled(group))

    # --- the opening ----------------------------------------------------------------------------------

    def open(self) -> None:
        """Criteria from people's labels and words alone, then a first field of candidates."""
        earlier = self._earlier_plans()
        for plan in earlier:
            self._proposing.pool.add(plan.criteria)
        if Idea.WARM_START in self._ideas and Idea.CRITERIA in self._ideas:
            self._proposing.from_labels(self._sizes.questions, self._share_of_false_passes())
        plans = dict.fromkeys((*earlier, *self._first_plans()))
        self._run_field([self._candidate(plan) for plan in plans])

    def _earlier_plans(self) -> list[Plan]:
        """What the winners of earlier runs come to with today's labels; see `carried_over`."""
        earlier = self._bench.problem.earlier[:MOST_EARLIER] if Idea.EARLIER in self._ideas else ()
        found = [carried_over(candidate, self._rows, self._base) for candidate in earlier]
        return [plan for plan in found if plan is not None and plan != Plan()]

    def _share_of_false_passes(self) -> float:
        """How much attention goes to what people failed, by the champion's errors on dev."""
        found = self._bench.confusion(self.champion.evaluation, self._bench.problem.dev)
        return min(0.9, max(0.3, (found.fn + 1) / (found.fn + found.fp + 2)))

    def _first_plans(self) -> list[Plan]:
        """The criteria that most answers named, and examples of many kinds, together and alone."""
        rows = self._demonstrating.draw(MANY, "first")
        if not self._sizes.is_tight:
            self._demonstrating.write_rationales(rows, reserve=self._sizes.field)
        criteria = self._proposing.pool.best(CORE)
        few, many = self._demonstrating.shown(rows[: 2 * FEW]), self._demonstrating.shown(rows)
        self._offer(criteria, few)
        self._offer(criteria, many)
        plans = (
            Plan(criteria=criteria, demonstrations=many),
            Plan(criteria=criteria),
            Plan(demonstrations=many),
            Plan(criteria=criteria, demonstrations=few),
        )
        return [plan for plan in plans[: self._sizes.entrants] if plan != Plan()]

    def _run_field(self, entrants: list[Candidate]) -> None:
        """Halve the field on shared rows; the best of it judge all of dev."""
        if not entrants:
            return
        finalists = entrants
        if Idea.RACING in self._ideas:
            finalists = halve(self._bench, entrants, self.champion.evaluation, self._sizes.looks)[:FINALISTS]
        for candidate in finalists:
            if self._bench.affordable(self._bench.missing(candidate)):
                self._complete(self._plans[candidate.id], "first field")
        for candidate in entrants:
            was_seen = self._bench.missing(candidate) < len(self._bench.problem.dev)
            if was_seen and self._bench.trial_of(candidate) is None:
                trial = self._bench.record(candidate, self._base, "first field")
                self._note(self._plans[candidate.id], trial)

    # --- rounds ---------------------------------------------------------------------------------------

    def improve(self, turn: int) -> bool:
        """One round of moves; false once nothing new is left to try, or the budget is used up."""
        before = len(self._tried)
        try:
            found = self._judge_train(turn)
            if Idea.CRITERIA in self._ideas and found is not None:
                self._learn_from_mistakes(found, turn)
            self._vary_demonstrations(found, turn)
            self._combine()
        except BudgetExhausted:
            return False
        return len(self._tried) > before

    def _judge_train(self, turn: int) -> Evaluation | None:
        """The champion on train rows that it does not show; `None` where that is too dear.

        A judge that is shown a row with its label is right on it, whatever its criteria.
        """
        plan = self._plan_of(self.champion)
        shown = {demo.example_id for demo in plan.demonstrations}
        hidden = [row for row in self._rows if row.id not in shown]
        rows = balanced(hidden, MISTAKE_ROWS, self._bench.rng("mistakes"), turn)
        candidate = self._candidate(plan)
        if not self._bench.affordable(self._bench.missing(candidate, rows) + MISTAKE_QUESTIONS):
            return None
        return self._bench.evaluate(candidate, rows)

    def _learn_from_mistakes(self, found: Evaluation, turn: int) -> None:
        """Change the champion's criteria by what mends its verdicts on train: some added, some dropped."""
        plan = self._plan_of(self.champion)
        rows = [row for row in self._rows if row.id in found.outcomes]
        fresh = self._proposing.from_mistakes(plan.criteria, found, rows, turn)
        if Idea.CREDIT not in self._ideas:
            if fresh:
                self._challenge(plan.with_(criteria=(*plan.criteria, *fresh)[-MOST:]), "criteria added")
            return
        others = (line for line in self._proposing.pool.best(_LONGEST) if line not in plan.criteria)
        lines = tuple(dict.fromkeys((*fresh, *others)))[:MOST_TRACED]
        sample = around_mistakes(found, rows, self._bench.rng(f"around mistakes {turn}"))
        more, fewer = (
            earning(self._bench, self._toggling(plan), some, sample, reserve=self._sizes.field)
            for some in (lines, plan.criteria)
        )
        for changed, origin in (((*more, *fewer), "criteria exchanged"), (more, "criteria added")):
            if changed and self._challenge(plan.toggled(changed), origin):
                return

    def _vary_demonstrations(self, found: Evaluation | None, turn: int) -> None:
        """The champion with another set, drawn from what was judged wrongly."""
        rows = self._demonstrating.draw(FEW if turn % 2 else MANY, f"round {turn}", found)
        shown = self._demonstrating.shown(rows)
        if shown and shown not in self._demonstration_sets:
            self._challenge(self._plan_of(self.champion).with_(demonstrations=shown), "other demonstrations")

    def _combine(self) -> None:
        """Combinations of what is known that Optuna's sampler finds promising."""
        choices = {
            "criteria": range(len(self._criteria_sets)),
            "demonstrations": range(len(self._demonstration_sets)),
            "reasoning": (True, False) if Idea.REASONING in self._ideas else (self._base.reasoning,),
        }
        for _ in range(COMBINATIONS):
            chosen = suggest(choices, self._tried, seed=self._bench.seed("joint"))
            if chosen is None:
                return
            plan = Plan(
                criteria=self._criteria_sets[int(str(chosen["criteria"]))],
                demonstrations=self._demonstration_sets[int(str(chosen["demonstrations"]))],
                reasoning=bool(chosen["reasoning"]),
                threshold=self._plan_of(self.champion).threshold,
            )
            self._challenge(plan, "combination")

    # --- trials ---------------------------------------------------------------------------------------

    def _challenge(self, plan: Plan, origin: str) -> bool:
        """Let a plan meet the champion; whether it won.

        Raises:
            BudgetExhausted: there is no room for a whole trial.
        """
        champion, candidate = self.champion, self._candidate(plan)
        known = self._bench.trial_of(candidate)
        if known is not None:
            self._note(plan, known)
            return False
        if not self._bench.affordable(self._bench.missing(candidate)):
            raise BudgetExhausted("no room for a whole trial")
        if Idea.RACING in self._ideas:
            duel(self._bench, candidate, champion)
        else:
            self._bench.evaluate(candidate)
        if self._bench.missing(candidate) == 0:
            self._complete(plan, origin)
        else:
            self._note(plan, self._bench.record(candidate, champion.candidate, origin))
        return self.champion.candidate.id != champion.candidate.id

    def _complete(self, plan: Plan, origin: str) -> None:
        """The plan's trial on all of dev, and that of the threshold which suits it, if one does."""
        trial = self._bench.measure(self._candidate(plan), self.champion.candidate, origin)
        self._note(plan, trial)
        if Idea.THRESHOLD in self._ideas:
            written = self._bench.known(self._candidate(plan.with_(threshold=None)))
            found = worthwhile_threshold(written, self._bench.problem.dev)
            self._bench.measure(self._candidate(plan.with_(threshold=found)), trial.candidate, "threshold")

    def _offer(self, criteria: tuple[str, ...], shown: tuple[Demonstration, ...]) -> None:
        """Put both on the menu that combinations are made from."""
        if criteria not in self._criteria_sets:
            self._criteria_sets.append(criteria)
        if shown not in self._demonstration_sets:
            self._demonstration_sets.append(shown)

    def _note(self, plan: Plan, trial: Trial) -> None:
        """Remember what was tried, as a combination of what is on the menu."""
        self._offer(plan.criteria, plan.demonstrations)
        chosen = {
            "criteria": self._criteria_sets.index(plan.criteria),
            "demonstrations": self._demonstration_sets.index(plan.demonstrations),
            "reasoning": plan.reasoning,
        }
        self._tried.append(Tried(chosen=chosen, trial=trial))


def _learnable(bench: Workbench, ideas: frozenset[Idea]) -> tuple[LabelledExample, ...]:
    """The train rows that the search learns from: those that repeat nothing of dev, at most `MOST_ROWS`."""
    rows = eligible(bench.problem)
    if len(rows) > MOST_ROWS:
        rows = balanced(rows, MOST_ROWS, bench.rng("learnable"))
    return rows if Idea.CRITIQUES in ideas else tuple(replace(row, critique=None) for row in rows)
