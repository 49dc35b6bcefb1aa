"""What assertions have said of rows: written once for each assertion, model and row, and read from there."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Table, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import Session, col

from optimizers.types import Failure, FailureKind, Label, ModelRef, Outcome, Verdict, digest
from service.clock import now
from service.criteria.assertion_schemas import AssertionVerdict
from service.criteria.tables import AssertionRow, AssertionRunRow, AssertionVerdictRow
from service.datasets.tables import ExampleRow
from service.jobs.tables import JobRow
from service.paging import Page, PageRequest, page_of

_VERDICTS: Table = AssertionVerdictRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables

NO_MODEL = ""
"""The key of checks, which ask no model."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """The model whose verdicts count beside those of checks. `name` is `None` where there are none."""

    name: str | None
    key: str


def key_of(model: ModelRef) -> str:
    """What tells models apart in the table."""
    return digest([model.name, model.api_base])[:16]


def asked_model(session: Session, dataset_id: str, name: str | None, api_base: str | None = None) -> Asked:
    """The model of the latest assertion run on the dataset: of any, or of those that asked the one named."""
    query = (
        select(col(AssertionRunRow.model), col(AssertionRunRow.model_key))
        .join(JobRow, col(JobRow.id) == col(AssertionRunRow.id))
        .where(col(AssertionRunRow.dataset_id) == dataset_id, col(AssertionRunRow.model).is_not(None))
        .order_by(col(JobRow.created_at).desc(), col(JobRow.id).desc())
    )
    if name is not None:
        query = query.where(col(AssertionRunRow.model) == name)
    if api_base is not None:
        query = query.where(col(AssertionRunRow.api_base) == api_base)
    found = session.execute(query.limit(1)).first()
    return Asked(name=found[0], key=found[1]) if found else Asked(name=name, key=NO_MODEL)


def outcomes(
    session: Session, assertions: Sequence[AssertionRow], asked: Asked
) -> dict[str, dict[str, Outcome]]:
    """What each of `assertions` says of the rows that it was asked about, by its id and theirs."""
    found: dict[str, dict[str, Outcome]] = {row.id: {} for row in assertions}
    table = _VERDICTS.c
    query = select(
        table.assertion_id, table.example_id, table.verdict, table.fail_probability, table.failure
    ).where(table.assertion_id.in_(found), table.model_key.in_({NO_MODEL, asked.key}))
    for assertion_id, example_id, verdict, probability, failure in session.connection().execute(query):
        found[assertion_id][example_id] = (
            Failure(kind=FailureKind(failure), message="")
            if verdict is None
            else Verdict(label=Label(verdict), fail_probability=probability)
        )
    return found


def label_of(outcome: Outcome) -> Label | None:
    """The verdict alone; `None` for a failure."""
    return outcome.label if isinstance(outcome, Verdict) else None


def labels_of(outcomes_: Mapping[str, Outcome]) -> dict[str, Label | None]:
    """The verdicts alone, by row."""
    return {example_id: label_of(outcome) for example_id, outcome in outcomes_.items()}


def there(session: Session, assertion_id: str, model_key: str, example_ids: Sequence[str]) -> set[str]:
    """Those of `example_ids` on which the assertion has been asked."""
    table = _VERDICTS.c
    query = select(table.example_id).where(
        table.assertion_id == assertion_id,
        table.model_key == model_key,
        table.example_id.in_(example_ids),
    )
    return set(session.connection().execute(query).scalars())


def store(
    session: Session, assertion_id: str, model: ModelRef | None, outcomes_: Mapping[str, Outcome]
) -> None:
    """Write what an assertion said; what is there already stays."""
    key, name, at = (key_of(model), model.name, now()) if model else (NO_MODEL, None, now())
    values = [
        {"assertion_id": assertion_id, "model_key": key, "model": name, "example_id": example_id}
        | {"created_at": at}
        | _cells(outcome)
        for example_id, outcome in outcomes_.items()
    ]
    if values:
        is_postgres = session.get_bind().dialect.name == "postgresql"
        insert = postgresql.insert if is_postgres else sqlite.insert
        session.connection().execute(insert(_VERDICTS).on_conflict_do_nothing(), values)


def _cells(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Failure):
        return {
            "verdict": None,
            "fail_probability": None,
            "rationale": None,
            "failure": outcome.kind.value,
            "message": _storable(outcome.message),
        }
    return {
        "verdict": outcome.label.value,
        "fail_probability": outcome.fail_probability,
        "rationale": _storable(outcome.rationale),
        "failure": None,
        "message": None,
    }


def _storable(text: str | None) -> str | None:
    """A model's words without what no database can hold."""
    if text is None:
        return None
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()


def page(
    session: Session, assertion: AssertionRow, request: PageRequest, ids: Sequence[str] | None
) -> Page[AssertionVerdict]:
    """What an assertion says row by row; of several models, the one that was asked last."""
    verdict, example = AssertionVerdictRow, ExampleRow
    query = (
        select(verdict, example)
        .join(
            example,
            (col(example.dataset_id) == assertion.dataset_id)
            & (col(example.example_id) == col(verdict.example_id)),
        )
        .where(
            col(verdict.assertion_id) == assertion.id, col(verdict.model_key) == _last_key(session, assertion)
        )
    )
    if ids is not None:
        rows = session.execute(query.where(col(verdict.example_id).in_(ids))).all()
        found = {row[0].example_id: _shown(row[0], row[1]) for row in rows}
        return Page(items=[found[example_id] for example_id in ids if example_id in found])
    after = request.after_like(str)
    if after is not None:
        query = query.where(col(verdict.example_id) > after[0])
    rows = session.execute(query.order_by(col(verdict.example_id)).limit(request.limit + 1)).all()
    return page_of(rows, request, lambda row: (row[0].example_id,), lambda row: _shown(row[0], row[1]))


def _last_key(session: Session, assertion: AssertionRow) -> str:
    table = _VERDICTS.c
    query = select(table.model_key).where(table.assertion_id == assertion.id)
    last = session.connection().execute(query.order_by(table.created_at.desc()).limit(1)).scalar()
    return last or NO_MODEL


def _shown(row: AssertionVerdictRow, example: ExampleRow) -> AssertionVerdict:
    return AssertionVerdict.model_validate(row.model_dump() | {"label": example.label, "at": row.created_at})


def failing(outcomes_: Iterable[Mapping[str, Outcome]]) -> set[str]:
    """The rows that any of them fails."""
    return {
        example_id
        for said in outcomes_
        for example_id, outcome in said.items()
        if label_of(outcome) is Label.FAIL
    }
