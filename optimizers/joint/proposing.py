"""Criteria from a proposer: read from people's labels and words alone, or from a judge's mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from optimizers.joint.asking import Case, Question, question
from optimizers.joint.criteria import CriteriaPool, criteria_in
from optimizers.joint.ideas import Idea
from optimizers.joint.likeness import Likeness
from optimizers.joint.showing import bunches, contrast
from optimizers.types import Evaluation, Label, LabelledExample
from optimizers.workbench import Workbench

MISTAKE_QUESTIONS = 6
"""Questions about mistakes at most; two mistakes are worth one."""

Cases = Mapping[Label, Sequence[Case]]


class Proposing:
    """Asks for criteria about train rows, and keeps all that were named in `pool`."""

    def __init__(
        self,
        bench: Workbench,
        rows: Sequence[LabelledExample],
        likeness: Likeness,
        ideas: frozenset[Idea],
    ) -> None:
        self.pool = CriteriaPool()
        self._bench = bench
        self._rows = rows
        self._likeness = likeness
        self._ideas = ideas

    def from_labels(self, n: int, share_of_fails: float) -> tuple[str, ...]:
        """New criteria from `n` questions, `share_of_fails` of them about what people failed."""
        cases = {label: [Case(row=row) for row in self._rows if row.label is label] for label in Label}
        return self._ask(cases, _divided(n, share_of_fails), Question(), "labels")

    def from_mistakes(
        self, known: Sequence[str], found: Evaluation, rows: Sequence[LabelledExample], turn: int
    ) -> tuple[str, ...]:
        """New criteria from what a judge with the criteria `known` got wrong on `rows`, as `found` has it;
        `turn` tells rounds apart."""
        wrong = [row for row in rows if found.judged([row.id])[0] is not row.label]
        if not wrong:
            return ()
        cases = {
            label: [Case(row=row, outcome=found.outcomes[row.id]) for row in wrong if row.label is label]
            for label in Label
        }
        n = min(MISTAKE_QUESTIONS, 1 + len(wrong) // 2)
        about = Question(known=tuple(known), confusion=self._bench.confusion(found, rows))
        counts = _divided(n, len(cases[Label.FAIL]) / len(wrong))
        return self._ask(cases, counts, about, f"mistakes {turn}")

    def _ask(self, cases: Cases, counts: Mapping[Label, int], about: Question, name: str) -> tuple[str, ...]:
        """Ask so many questions about the cases of each label, together, each `about` the same judge; the
        criteria that are new."""
        rng = self._bench.rng(name)
        asked: list[Question] = []
        for label, n in counts.items():
            by_id = {case.row.id: case for case in cases[label]}
            others = [row for row in self._rows if row.label is not label]
            focus = [case.row for case in cases[label]]
            for bunch in bunches(focus, n, self._likeness, rng, clustered=Idea.CLUSTERS in self._ideas):
                own = tuple(by_id[row.id] for row in bunch)
                beside = tuple(Case(row=row) for row in contrast(bunch, others, self._likeness))
                failed, passed = (own, beside) if label is Label.FAIL else (beside, own)
                asked.append(replace(about, failed=failed, passed=passed))
        asked = list(dict.fromkeys(asked))  # few rows can be bunched in few ways
        if not asked or not self._bench.affordable(len(asked)):
            return ()
        criterion = self._bench.problem.criterion
        answers = self._bench.ask_proposer_each([question(criterion, each) for each in asked])
        return tuple(line for answer in answers for line in self.pool.add(criteria_in(answer)))


def _divided(n: int, share_of_fails: float) -> dict[Label, int]:
    about_fails = round(n * share_of_fails)
    return {Label.FAIL: about_fails, Label.PASS: n - about_fails}
