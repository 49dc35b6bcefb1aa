"""The state of one joint search: what is known, what was tried, and the moves that are left."""

import math
from collections.abc import Mapping, Sequence
from itertools import accumulate

from optimizers.errors import BudgetExhausted
from optimizers.joint.asking import Case, Question, question
from optimizers.joint.criteria import CriteriaPool, criteria_in
from optimizers.joint.demonstrating import demonstrations, pairs, spread
from optimizers.joint.ideas import Idea
from optimizers.joint.likeness import Likeness
from optimizers.joint.plan import Plan, carried_over
from optimizers.joint.racing import duel, halve
from optimizers.joint.showing import bunches, contrast
from optimizers.joint.thresholds import worthwhile_threshold
from optimizers.joint.tracing import GROUP, Traced, trace
from optimizers.selection import ranked
from optimizers.strategies.choices import Tried, suggest
from optimizers.strategies.demonstrations import balanced, eligible, rationales_for
from optimizers.types import Candidate, Demonstration, Evaluation, Label, LabelledExample, Trial
from optimizers.workbench import Workbench

CORE = 8
"""Criteria of a first candidate: those that most answers named."""

MOST = 16
"""Criteria of the longest candidate."""

MOST_TRACED = 32
"""Proposed criteria that are traced: those that most answers named."""

SHARE_TRACED = 0.35
CALLS_OF_SPLITTING = 2.2
"""What tracing may take of the budget; and what a row takes about, beside one call for each group."""

FEW, MANY = 3, 12
"""Demonstrations of each class in a small and in a large set."""

LONGEST_SHOWN = 32_000
"""Characters of all demonstrations of a set together: they are paid for with every judgement."""

FIELD_LOOKS = (0.2, 0.5)
"""Shares of dev after which the first field is halved; the first look alone where the budget is tight."""

ENTRANTS, FINALISTS = 4, 2
"""Candidates of the first field, and those of them that may judge all of dev."""

MOST_EARLIER = 2
"""Winners of earlier runs that enter the first field."""

TIGHT = 5
"""Whole trials below which a budget is tight."""

QUESTIONS = range(2, 17)
CALLS_PER_QUESTION = 24
"""One question of the warm start for so many calls of the budget, within `QUESTIONS`."""

MISTAKE_ROWS = 100
MOST_WRONG, MOST_RIGHT = 16, 8
"""Rows of each class that are traced: judged wrongly, and rightly."""

MISTAKE_QUESTIONS = 6
COMBINATIONS = 2


class Search:
    """One search. `base` is the judge that plans start from."""

    def __init__(self, bench: Workbench, base: Candidate, ideas: frozenset[Idea]) -> None:
        self.bench = bench
        self.base = base
        self.ideas = ideas
        self.rows = eligible(bench.problem)
        self.likeness = Likeness(self.rows)
        self.pool = CriteriaPool()
        self.plans: dict[str, Plan] = {}
        self.criteria_sets: list[tuple[str, ...]] = [()]
        self.demonstration_sets: list[tuple[Demonstration, ...]] = [()]
        self.tried: list[Tried] = []
        self.room = bench.room(10_000)
        self._rationales: dict[str, str] = {}

    # --- what is best ---------------------------------------------------------------------------------

    @property
    def champion(self) -> Trial:
        """The best complete trial that a plan stands for, or the base's own."""
        known = [t for t in ranked(self.bench.trials) if t.candidate.id in self.plans or self._is_base(t)]
        return known[0]

    def _is_base(self, trial: Trial) -> bool:
        return trial.candidate.id == self.base.id

    def plan_of(self, trial: Trial) -> Plan:
        """The plan that a trial stands for."""
        return self.plans.get(trial.candidate.id, Plan(reasoning=self.base.reasoning))

    def _candidate(self, plan: Plan) -> Candidate:
        candidate = plan.candidate(self.base, probability=Idea.THRESHOLD in self.ideas)
        self.plans.setdefault(candidate.id, plan)
        return candidate

    # --- the opening ----------------------------------------------------------------------------------

    def open(self) -> None:
        """Criteria from people's labels and words alone, then a first field of candidates."""
        for plan in self._earlier_plans():
            self.pool.add(plan.criteria)
        if Idea.WARM_START in self.ideas and Idea.CRITERIA in self.ideas:
            self._learn_from_labels()
            self._keep_what_earns()
        self._draw_demonstrations()
        plans = dict.fromkeys((*self._earlier_plans(), *self._first_plans()))
        entrants = [self._candidate(plan) for plan in plans]
        if not entrants:
            return
        shares = self._looks if Idea.RACING in self.ideas else ()
        left = halve(self.bench, entrants, self.champion.evaluation, shares)
        for candidate in left[:FINALISTS]:
            if self.bench.affordable(self.bench.missing(candidate)):
                self._complete(self.plans[candidate.id], "first field")
        for candidate in entrants:
            if self.bench.trial_of(candidate) is None and self._seen(candidate):
                self._note(self.plans[candidate.id], self.bench.record(candidate, self.base, "first field"))

    @property
    def _is_tight(self) -> bool:
        """Whether the budget pays for few whole trials only."""
        return self.room < TIGHT * len(self.bench.problem.dev)

    @property
    def _looks(self) -> tuple[float, ...]:
        return FIELD_LOOKS[:1] if self._is_tight else FIELD_LOOKS

    @property
    def _field_calls(self) -> int:
        """Calls that the first field takes: a look at each entrant, and one whole trial."""
        others = self._entrants - 1
        return math.ceil(len(self.bench.problem.dev) * (1 + others * FIELD_LOOKS[0])) + others

    @property
    def _entrants(self) -> int:
        return ENTRANTS - self._is_tight

    def _keep_what_earns(self) -> None:
        """Trace the proposed criteria on a sample of train; keep those that mend more than they break."""
        lines = self.pool.best(MOST_TRACED)
        if Idea.CREDIT not in self.ideas or not lines:
            self.criteria_sets.append(self.pool.best(CORE))
            return
        most: float = self.bench.room(self.room) - self._field_calls
        if not self._is_tight:
            most = min(most, SHARE_TRACED * self.room)
        groups = math.ceil(len(lines) / GROUP)
        rows = self._sample(int(max(0.0, most) / (1 + groups + CALLS_OF_SPLITTING)))
        kept = self._earning(Plan(reasoning=self.base.reasoning), lines, rows, _weights(rows))
        self.criteria_sets += [kept] if kept else []

    def _sample(self, n: int) -> tuple[LabelledExample, ...]:
        """About `n` train rows of which two thirds are of the class that the base gets wrong more often."""
        share = min(0.67, max(0.33, self._share_of_false_passes()))
        rng = self.bench.rng("traced")
        picked: list[LabelledExample] = []
        for label, part in ((Label.FAIL, share), (Label.PASS, 1 - share)):
            own = [row for row in self.rows if row.label is label]
            picked += spread(own, max(2, round(n * part)), self.likeness, rng)
        return tuple(picked)

    def _earning(
        self, plan: Plan, lines: Sequence[str], rows: Sequence[LabelledExample], weights: Mapping[str, float]
    ) -> tuple[str, ...]:
        """Those of `lines` that mend more than they break, the most useful first. `weights` say by row id
        how much of balanced accuracy a row stands for."""
        traced = trace(
            self.bench,
            lambda group: self._candidate(plan.toggled(group)),
            lines,
            rows,
            reserve=self._field_calls,
        )
        worth = {line: _gain(found, weights) for line, found in traced.items()}
        earning = [line for line in lines if worth[line] > 0]
        return tuple(sorted(earning, key=lambda line: -worth[line]))

    def _earlier_plans(self) -> list[Plan]:
        """What the winners of earlier runs come to with today's labels; see `carried_over`."""
        if Idea.EARLIER not in self.ideas:
            return []
        found = [
            carried_over(candidate, self.rows) for candidate in self.bench.problem.earlier[:MOST_EARLIER]
        ]
        return [plan for plan in found if plan is not None and plan != Plan()]

    def _first_plans(self) -> list[Plan]:
        criteria = self.criteria_sets[-1]
        few, many = ([*self.demonstration_sets[1:], (), ()])[:2]
        plans = [
            Plan(criteria=criteria, demonstrations=many),
            Plan(criteria=criteria),
            Plan(demonstrations=many),
            Plan(criteria=criteria, demonstrations=few),
        ]
        plans = plans[: self._entrants]
        return [plan for plan in dict.fromkeys(plans) if plan != Plan()]

    # --- rounds ---------------------------------------------------------------------------------------

    def improve(self, turn: int) -> bool:
        """One round of moves; false once nothing new is left to try, or the budget is used up."""
        before = (len(self.tried), self.champion.kappa)
        try:
            self._learn_from_mistakes(turn)
            self._vary_demonstrations(turn)
            self._combine()
        except BudgetExhausted:
            return False
        return len(self.tried) > before[0]

    def _learn_from_mistakes(self, turn: int) -> None:
        """Change the champion's criteria by what mends its verdicts on train: others added, some dropped."""
        if Idea.CRITERIA not in self.ideas:
            return
        plan = self.plan_of(self.champion)
        rows = self._mistake_rows(plan, turn)
        fresh = self._ask_about_mistakes(plan, rows, turn)
        if Idea.CREDIT not in self.ideas:
            if fresh:
                self._challenge(
                    plan.with_(criteria=(*plan.criteria, *fresh)[-MOST:]), "criteria from mistakes"
                )
            return
        known = self.bench.known(self._candidate(plan), rows)
        traced, weights = self._around_mistakes(
            known, [row for row in rows if row.id in known.outcomes], turn
        )
        others = [line for line in self.pool.best(len(self.pool.known)) if line not in plan.criteria]
        lines = list(dict.fromkeys((*fresh, *others)))[:MOST_TRACED]
        more = self._earning(plan, lines, traced, weights) if lines else ()
        fewer = self._earning(plan, plan.criteria, traced, weights) if plan.criteria else ()
        for changed, origin in (((*more, *fewer), "criteria exchanged"), (more, "criteria added")):
            if changed and self._challenge(plan.toggled(changed), origin):
                return

    def _around_mistakes(
        self, known: Evaluation, rows: Sequence[LabelledExample], turn: int
    ) -> tuple[list[LabelledExample], dict[str, float]]:
        """The rows that were judged wrongly beside a sample of the others, and what each stands for."""
        rng = self.bench.rng(f"around mistakes {turn}")
        picked: list[LabelledExample] = []
        weights: dict[str, float] = {}
        for label in Label:
            own = [row for row in rows if row.label is label]
            wrong = [row for row in own if known.judged([row.id])[0] is not label]
            right = [row for row in own if row not in wrong]
            for members, most in ((wrong, MOST_WRONG), (right, MOST_RIGHT)):
                drawn = [members[int(i)] for i in rng.permutation(len(members))[:most]]
                picked += drawn
                weights |= {row.id: len(members) / len(drawn) / len(own) for row in drawn}
        return picked, weights

    def _mistake_rows(self, plan: Plan, turn: int) -> tuple[LabelledExample, ...]:
        """Train rows that the plan does not show, another draw each turn."""
        shown = {demo.example_id for demo in plan.demonstrations}
        open_rows = [row for row in self.rows if row.id not in shown]
        return balanced(open_rows, MISTAKE_ROWS, self.bench.rng("mistakes"), turn)

    def _vary_demonstrations(self, turn: int) -> None:
        if Idea.DEMONSTRATIONS not in self.ideas:
            return
        rows = self._demonstration_rows(FEW if turn % 2 else MANY, f"round {turn}", hard=True)
        shown = self._shown(rows)
        if shown and shown not in self.demonstration_sets:
            self.demonstration_sets.append(shown)
            self._challenge(self.plan_of(self.champion).with_(demonstrations=shown), "other demonstrations")

    def _combine(self) -> None:
        """Combinations that Optuna's sampler finds promising."""
        choices = {
            "criteria": range(len(self.criteria_sets)),
            "demonstrations": range(len(self.demonstration_sets)),
            "reasoning": (True, False) if Idea.REASONING in self.ideas else (self.base.reasoning,),
        }
        for _ in range(COMBINATIONS):
            chosen = suggest(choices, self.tried, seed=self.bench.seed("joint"))
            if chosen is None:
                return
            plan = Plan(
                criteria=self.criteria_sets[int(str(chosen["criteria"]))],
                demonstrations=self.demonstration_sets[int(str(chosen["demonstrations"]))],
                reasoning=bool(chosen["reasoning"]),
                threshold=self.plan_of(self.champion).threshold,
            )
            self._challenge(plan, "combination")

    # --- trials ---------------------------------------------------------------------------------------

    def _challenge(self, plan: Plan, origin: str) -> bool:
        """Let a plan meet the champion; whether it won."""
        champion, candidate = self.champion, self._candidate(plan)
        if self.bench.trial_of(candidate) is not None:
            return False
        if not self.bench.affordable(self.bench.missing(candidate)):
            raise BudgetExhausted("no room for a whole trial")
        if Idea.RACING in self.ideas:
            duel(self.bench, candidate, champion)
        else:
            self.bench.evaluate(candidate)
        if self.bench.missing(candidate) == 0:
            self._complete(plan, origin)
        else:
            self._note(plan, self.bench.record(candidate, champion.candidate, origin))
        return self.champion.candidate.id != champion.candidate.id

    def _complete(self, plan: Plan, origin: str) -> None:
        """The plan's trial on all of dev, and that of the threshold which suits it, if one does."""
        trial = self.bench.measure(self._candidate(plan), self.champion.candidate, origin)
        self._note(plan, trial)
        if Idea.THRESHOLD in self.ideas:
            written = self._candidate(plan.with_(threshold=None))
            found = worthwhile_threshold(self.bench.known(written), self.bench.problem.dev)
            self.bench.measure(self._candidate(plan.with_(threshold=found)), trial.candidate, "threshold")

    def _note(self, plan: Plan, trial: Trial) -> None:
        if plan.criteria not in self.criteria_sets:
            self.criteria_sets.append(plan.criteria)
        if plan.demonstrations not in self.demonstration_sets:
            self.demonstration_sets.append(plan.demonstrations)
        chosen = {
            "criteria": self.criteria_sets.index(plan.criteria),
            "demonstrations": self.demonstration_sets.index(plan.demonstrations),
            "reasoning": plan.reasoning,
        }
        self.tried.append(Tried(chosen=chosen, trial=trial))

    def _seen(self, candidate: Candidate) -> bool:
        return self.bench.missing(candidate) < len(self.bench.problem.dev)

    # --- proposals ------------------------------------------------------------------------------------

    def _learn_from_labels(self) -> None:
        n = min(max(self.room // CALLS_PER_QUESTION, QUESTIONS.start), QUESTIONS[-1])
        about_fails = round(n * self._share_of_false_passes())
        cases = {label: [Case(row=row) for row in self.rows if row.label is label] for label in Label}
        self._ask(cases, {Label.FAIL: about_fails, Label.PASS: n - about_fails}, "labels")

    def _share_of_false_passes(self) -> float:
        """How much of the questions goes to what is failed by people: by the base's errors on dev."""
        found = self.bench.confusion(self.champion.evaluation, self.bench.problem.dev)
        return min(0.9, max(0.3, (found.fn + 1) / (found.fn + found.fp + 2)))

    def _ask_about_mistakes(self, plan: Plan, rows: Sequence[LabelledExample], turn: int) -> tuple[str, ...]:
        candidate = self._candidate(plan)
        if not self.bench.affordable(self.bench.missing(candidate, rows) + MISTAKE_QUESTIONS):
            return ()
        found = self.bench.evaluate(candidate, rows)
        wrong = [row for row in rows if found.judged([row.id])[0] is not row.label]
        cases = {
            label: [Case(row=row, outcome=found.outcomes[row.id]) for row in wrong if row.label is label]
            for label in Label
        }
        total = len(wrong)
        if not total:
            return ()
        n = min(MISTAKE_QUESTIONS, 1 + total // 2)
        about_fails = round(n * len(cases[Label.FAIL]) / total)
        return self._ask(cases, {Label.FAIL: about_fails, Label.PASS: n - about_fails}, f"mistakes {turn}")

    def _ask(self, cases: dict[Label, list[Case]], counts: dict[Label, int], name: str) -> tuple[str, ...]:
        """Ask so many questions about the cases of each label; the criteria that are new."""
        rng = self.bench.rng(name)
        clustered = Idea.CLUSTERS in self.ideas
        asked = []
        for label, n in counts.items():
            by_id = {case.row.id: case for case in cases[label]}
            others = [row for row in self.rows if row.label is not label]
            focus = [case.row for case in cases[label]]
            for bunch in bunches(focus, n, self.likeness, rng, clustered=clustered):
                beside = contrast(bunch, others, self.likeness)
                own = tuple(by_id[row.id] for row in bunch)
                other = tuple(Case(row=row) for row in beside)
                failed, passed = (own, other) if label is Label.FAIL else (other, own)
                asked.append(Question(failed=failed, passed=passed))
        if not asked or not self.bench.affordable(len(asked)):
            return ()
        critiques = Idea.CRITIQUES in self.ideas
        messages = [question(self.bench.problem.criterion, each, critiques=critiques) for each in asked]
        answers = self.bench.ask_proposer_each(messages)
        return tuple(line for answer in answers for line in self.pool.add(criteria_in(answer)))

    # --- demonstrations -------------------------------------------------------------------------------

    def _draw_demonstrations(self) -> None:
        if Idea.DEMONSTRATIONS not in self.ideas:
            return
        many = self._demonstration_rows(MANY, "first", hard=False)
        few = many[: 2 * FEW]
        self._write_rationales(many)
        self.demonstration_sets += [self._shown(few), self._shown(many)]

    def _demonstration_rows(self, n: int, name: str, *, hard: bool) -> tuple[LabelledExample, ...]:
        """`n` rows of each class, the classes in turn; with `hard` from the champion's mistakes first."""
        rows: Sequence[LabelledExample] = self.rows
        if hard:
            known = self.bench.known(self.champion.candidate, self.rows)
            wrong = [
                r for r in self.rows if r.id in known.outcomes and known.judged([r.id])[0] is not r.label
            ]
            rows = wrong if len(wrong) >= n else self.rows
        failed = [row for row in rows if row.label is Label.FAIL] or [
            r for r in self.rows if r.label is Label.FAIL
        ]
        passed = [row for row in self.rows if row.label is Label.PASS]
        if not failed or not passed:
            return ()
        contrasting = Idea.CONTRAST in self.ideas
        return pairs(
            failed, passed, n, self.likeness, self.bench.rng(f"shown {name}"), contrasting=contrasting
        )

    def _shown(self, rows: Sequence[LabelledExample]) -> tuple[Demonstration, ...]:
        return demonstrations(_fitting(rows, LONGEST_SHOWN), self._rationales)

    def _write_rationales(self, rows: Sequence[LabelledExample]) -> None:
        """People's critiques where they wrote any; else what the proposer writes for the label."""
        with_words = Idea.CRITIQUES in self.ideas
        self._rationales |= {row.id: row.critique for row in rows if with_words and row.critique}
        lacking = [row for row in rows if row.id not in self._rationales]
        if not self._is_tight and self.bench.affordable(len(lacking) + self._field_calls):
            self._rationales |= rationales_for(self.bench, lacking)


def _fitting(rows: Sequence[LabelledExample], characters: int) -> Sequence[LabelledExample]:
    """The first of `rows` whose texts together have at most so many characters, in whole pairs."""
    lengths = accumulate(len(row.example.input) + len(row.example.output) for row in rows)
    n = sum(length <= characters for length in lengths)
    return rows[: n - n % 2]


def _weights(rows: Sequence[LabelledExample]) -> dict[str, float]:
    """What each of `rows` stands for in balanced accuracy."""
    sizes = {label: sum(row.label is label for row in rows) for label in Label}
    return {row.id: 1 / sizes[row.label] for row in rows}


def _gain(found: Traced, weights: Mapping[str, float]) -> float:
    """Balanced accuracy, times two, that a criterion brings by itself."""
    gained, lost = (sum(weights[row.id] for row in rows) for rows in (found.mended, found.broken))
    return gained - lost
