"""Where the candidates of a dataset disagree: the rows whose labels teach most.

What counts is each judge's verdict on a row: of the dataset's latest evaluations, one for each judge that
they had, and of the latest candidates of its runs. A row's disagreement is the entropy of its verdicts; of
two classes that is the order of the smaller class's share.
"""

from collections import Counter
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlmodel import Session, col

from optimizers.types import Label, canonical_json
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.tables import JobRow
from service.runs.stored import labels_of
from service.runs.tables import RunRow, TrialRow

MAX_EVALUATIONS = 30
MAX_TRIALS = 100
"""The latest, of all runs together: older candidates are of prompts that were left behind."""
ENOUGH_VERDICTS = 2


@dataclass(frozen=True, kw_only=True)
class Verdicts:
    """How many judges pass and fail each row, by its id, and how many judges there are."""

    passes: Counter[str] = field(default_factory=Counter)
    fails: Counter[str] = field(default_factory=Counter)
    judges: int = 0

    def disagreement(self, example_id: str) -> tuple[float, int]:
        """The smaller class's share in [0, 0.5], and the number of verdicts; a sort key, larger is more."""
        n_pass, n_fail = self.passes[example_id], self.fails[example_id]
        n = n_pass + n_fail
        return (min(n_pass, n_fail) / n if n else 0.0), n

    def compared(self, example_id: str) -> bool:
        """Whether several judges have decided the row."""
        return self.passes[example_id] + self.fails[example_id] >= ENOUGH_VERDICTS

    @property
    def disagreed_on(self) -> int:
        """Rows on which not all say the same."""
        return len(self.passes.keys() & self.fails.keys())

    @property
    def why_not(self) -> str | None:
        """Why nothing can be ordered by disagreement; `None` where it can."""
        if not self.judges:
            return "no judge has given a verdict on these rows yet: evaluate all rows with two judges"
        if not any(map(self.compared, self.passes.keys() | self.fails.keys())):
            return "no row has verdicts of two judges yet: evaluate all rows with one more judge"
        if not self.disagreed_on:
            return "the judges that have been tried agree on every row"
        return None


def verdicts(session: Session, dataset_id: str) -> Verdicts:
    """What judges have said about a dataset's rows."""
    counts = {label.value: Counter[str]() for label in Label}
    asked = _latest_evaluations(session, dataset_id)
    kinds = (col(VerdictRow.example_id), col(VerdictRow.verdict))
    counted = select(*kinds, func.count()).where(
        col(VerdictRow.evaluation_id).in_(asked), col(VerdictRow.verdict).is_not(None)
    )
    for example_id, verdict, n in session.execute(counted.group_by(*kinds)):
        counts[verdict][example_id] += n
    candidates = _latest_candidates(session, dataset_id)
    for outcomes in candidates:
        said = labels_of(outcomes)
        for word, of_word in counts.items():
            of_word.update([example_id for example_id, label in said.items() if label == word])
    judges = len(asked) + len(candidates) if any(counts.values()) else 0
    return Verdicts(passes=counts[Label.PASS.value], fails=counts[Label.FAIL.value], judges=judges)


def _latest_evaluations(session: Session, dataset_id: str) -> list[str]:
    """One of each judge: a judge that is asked again says the same again."""
    query = (
        select(col(EvaluationRow.id), col(EvaluationRow.model), col(EvaluationRow.judge))
        .join(JobRow, col(JobRow.id) == col(EvaluationRow.id))
        .where(col(EvaluationRow.dataset_id) == dataset_id)
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
        .limit(MAX_EVALUATIONS)
    )
    latest: dict[str, str] = {}
    for evaluation_id, model, judge in session.execute(query):
        latest.setdefault(canonical_json([model, judge]), evaluation_id)
    return list(latest.values())


def _latest_candidates(session: Session, dataset_id: str) -> list[bytes]:
    """The outcomes of each candidate's latest trial."""
    query = (
        select(col(TrialRow.candidate_id), col(TrialRow.outcomes))
        .join(RunRow, col(RunRow.id) == col(TrialRow.run_id))
        .where(col(RunRow.dataset_id) == dataset_id)
        .order_by(col(TrialRow.created_at).desc(), col(TrialRow.run_id), col(TrialRow.number).desc())
        .limit(MAX_TRIALS)
    )
    latest: dict[str, bytes] = {}
    for candidate_id, outcomes in session.execute(query):
        latest.setdefault(candidate_id, outcomes)
    return list(latest.values())
