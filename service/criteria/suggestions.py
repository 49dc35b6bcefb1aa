"""Suggestions by a model, within a request: criteria, and assertions for one. The core's suggesting is
imported here alone, and when somebody asks."""

from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from sqlmodel import Session, col, select

from experiments.spec import proposer_decoding
from optimizers.checks import CheckRunner
from optimizers.types import Annotation, Example, Label, LabelledExample, ModelRef, Part, Usage
from service.catalog.choice import choose_model
from service.criteria import assertions, store, views
from service.criteria.assertion_schemas import AssertionsSuggested, NewAssertion, RefusedAssertion
from service.criteria.labelled import labelled_rows
from service.criteria.schemas import (
    CriteriaSuggested,
    SuggestAssertions,
    SuggestCriteria,
    SuggestedCriterionOut,
)
from service.criteria.statistics_schemas import spend_of
from service.criteria.tables import CriterionRow
from service.datasets.store import get_dataset
from service.datasets.tables import ID_MAX_CHARS, ExampleRow
from service.errors import Conflict
from service.judging import Judging
from service.settings import Settings

if TYPE_CHECKING:
    from optimizers.criteria.assertions import Written
    from optimizers.criteria.reading import SuggestedCriterion
    from optimizers.lm.gateway import Session as Asking
    from optimizers.types import Message

    Ask = Callable[[tuple[Message, ...], int], Awaitable[str]]

T = TypeVar("T")

MOST_ROWS = 500
"""Labelled rows that suggestions are drawn from, at most."""

FEW_FAILS = 8
"""Failed rows of train below which those of dev are shown too: nothing can be seen in so few."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What criteria are suggested from: what the dataset has, and, where it is asked for, labelled rows."""

    criterion: str
    existing: Sequence[str]
    rows: Sequence[LabelledExample]


# --- criteria ---------------------------------------------------------------------------------------


def material(session: Session, dataset_id: str, asked: SuggestCriteria) -> Material:
    """Read it. Criteria that were retired are not suggested again either.

    Raises:
        NotFound: there is no such dataset.
        Conflict: criteria are wanted from labels, and people have failed no row that may be shown.
    """
    dataset = get_dataset(session, dataset_id)
    existing = [row.text for row in store.criteria_of(session, dataset_id, retired=True)]
    rows = _shown_rows(session, dataset_id) if asked.source == "labels" else []
    return Material(criterion=dataset.criterion, existing=existing, rows=rows)


def suggest_criteria(
    judging: Judging, found: Material, asked: SuggestCriteria, settings: Settings
) -> CriteriaSuggested:
    """Criteria that the dataset does not have; nothing is stored. Call it outside of any transaction.

    Raises:
        InvalidInput, ModelNotFound: the model cannot be asked.
        AnswerUnusable, ProviderError: it did not answer so that anything can be read.
        RunStopped: the provider is out of service.
    """
    model = _model(asked.model, asked.api_base, settings)
    suggested, usage = _conversed(judging, model, lambda ask: _criteria(found, asked, ask))
    return CriteriaSuggested(
        suggestions=[
            SuggestedCriterionOut(
                name=one.name[:ID_MAX_CHARS],
                text=one.text,
                why=one.why,
                category=one.category.value if one.category else None,
                example_ids=list(one.example_ids),
            )
            for one in suggested
        ],
        model=model.name,
        usage=spend_of(usage),
    )


async def _criteria(found: Material, asked: SuggestCriteria, ask: "Ask") -> "tuple[SuggestedCriterion, ...]":
    from optimizers.criteria.prompt_history import from_history  # noqa: PLC0415  # as the module says
    from optimizers.criteria.suggesting import from_labels, from_prompt  # noqa: PLC0415

    n, existing, sample = asked.n, found.existing, asked.sample
    if asked.source == "labels":
        return await from_labels(found.rows, found.criterion, ask=ask, n=n, existing=existing, sample=sample)
    if asked.source == "history":
        return await from_history(asked.prompts or (), ask=ask, n=n, existing=existing, sample=sample)
    return await from_prompt(asked.prompt or "", ask=ask, n=n, existing=existing, sample=sample)


def _shown_rows(session: Session, dataset_id: str) -> list[LabelledExample]:
    """Labelled rows whose texts a model may be shown: those of train, and of dev while there are few; never
    of test."""
    labelled = labelled_rows(session, dataset_id)
    labels = labelled.of(Part.TRAIN)
    if sum(label is Label.FAIL for label in labels.values()) < FEW_FAILS:
        labels = labelled.of(Part.TRAIN, Part.DEV)
    if Label.FAIL not in labels.values():
        raise Conflict(
            f"people have failed no row of {dataset_id} that may be shown to a model (test rows may not): "
            "label some that are bad first"
        )
    # All failed rows come before passed ones: those say what is wrong.
    kept = sorted(labels, key=lambda i: (labels[i] is Label.PASS, i))[:MOST_ROWS]
    return [_example(row) for row in _texts(session, dataset_id, kept)]


def _texts(session: Session, dataset_id: str, ids: Sequence[str]) -> Sequence[ExampleRow]:
    query = select(ExampleRow).where(ExampleRow.dataset_id == dataset_id, col(ExampleRow.example_id).in_(ids))
    return session.exec(query).all()


def _example(row: ExampleRow) -> LabelledExample:
    label = Label(row.label or "")
    said = (Annotation(annotator="", label=label, critique=row.critique),) if row.critique else ()
    return LabelledExample(
        example=Example(id=row.example_id, input=row.input, output=row.output, group=row.group_name),
        label=label,
        critique=row.critique,
        annotations=said,
    )


# --- assertions -------------------------------------------------------------------------------------


def criterion_of(session: Session, dataset_id: str, criterion_id: str) -> CriterionRow:
    """The criterion that assertions are wanted for.

    Raises:
        NotFound: there is no such dataset or criterion.
        Conflict: it is retired.
    """
    row = store.get_criterion(session, dataset_id, criterion_id)
    if row.retired_at is not None:
        raise Conflict(f"{criterion_id} is retired; restore it to add assertions to it")
    return row


def write_assertions(
    judging: Judging, checks: CheckRunner, criterion: CriterionRow, asked: SuggestAssertions, model: ModelRef
) -> "tuple[Written, Usage]":
    """What a model writes for a criterion, its checks verified. Call it outside of any transaction.

    Raises: as `suggest_criteria`; ChecksUnavailable.
    """

    async def written(ask: "Ask") -> "Written":
        from optimizers.criteria.assertions import write  # noqa: PLC0415  # as the module says

        return await write(
            criterion.text, ask=ask, n=asked.n, kinds=asked.kinds, checks=checks, sample=asked.sample
        )

    return _conversed(judging, model, written)


def store_assertions(
    session: Session, criterion: CriterionRow, written: "Written", model: ModelRef, usage: Usage
) -> AssertionsSuggested:
    """Store what was written and the criterion does not have yet.

    Raises:
        Conflict: the criterion was retired, or has another text now.
    """
    now = criterion_of(session, criterion.dataset_id, criterion.id)
    if now.text != criterion.text:
        raise Conflict(f"{criterion.id} was changed while assertions were written for it: ask again")
    live = store.assertions_of(session, now.dataset_id, criterion_id=now.id)
    there = {(row.kind, row.text) for row in live}
    rows = [
        assertions.create(
            session,
            now.dataset_id,
            NewAssertion.model_validate({"criterion_id": now.id, "kind": draft.kind, "text": draft.text}),
            source="suggested",
        )
        for draft in written.assertions
        if (draft.kind, draft.text) not in there
    ]
    return AssertionsSuggested(
        assertions=views.assertions(session, rows),
        refused=[RefusedAssertion(text=one.text, reason=one.reason) for one in written.refused],
        model=model.name,
        usage=spend_of(usage),
    )


# --- asking -----------------------------------------------------------------------------------------


def _model(name: str | None, api_base: str | None, settings: Settings) -> ModelRef:
    """The proposer's model, where the request names none."""
    return choose_model(name or settings.proposer, api_base, settings)


def proposer(asked: SuggestAssertions, settings: Settings) -> ModelRef:
    """The model that is to write. Raises as `choose_model`."""
    return _model(asked.model, asked.api_base, settings)


def _conversed(
    judging: Judging, model: ModelRef, work: "Callable[[Ask], Coroutine[Any, Any, T]]"
) -> tuple[T, Usage]:
    def begin(asking: "Asking") -> Coroutine[Any, Any, T]:
        from optimizers.criteria.asking import ask_through  # noqa: PLC0415  # loads DSPy

        return work(ask_through(asking, model, proposer_decoding(model)))

    return judging.converse(begin)
