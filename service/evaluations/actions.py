"""What can be done with evaluations: each action is one function within the request's transaction."""

from dataclasses import asdict
from secrets import token_hex
from typing import Any

from sqlalchemy import func, select
from sqlmodel import Session, col

from optimizers.artifact import Artifact, from_json, from_plain
from optimizers.splits import require_labels_to_evaluate
from optimizers.template import verbatim_template
from optimizers.types import Label, ModelRef
from service.catalog.choice import choose_model
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow
from service.evaluations import shards
from service.evaluations.schemas import SOURCES, JudgeIn, NewEvaluation
from service.evaluations.tables import EvaluationRow
from service.jobs import dispatch, store
from service.jobs.engine import Sender
from service.runs import views as runs
from service.settings import Settings

KIND = "evaluation"


def start(session: Session, sender: Sender, asked: NewEvaluation, settings: Settings) -> str:
    """Store an evaluation and send it to the workers; its id.

    Raises:
        NotFound: there is no such dataset or run.
        NotEnoughLabels: the dataset has fewer than 20, and it is not forced.
        InvalidInput, ModelNotFound, ArtifactInvalid, PriceUnknown: the judge cannot be used.
    """
    dataset = get_dataset(session, asked.dataset_id)
    judge, model = _resolved(session, asked.judge, dataset.criterion, settings)
    if not asked.force:
        require_labels_to_evaluate(_labels(session, asked.dataset_id))
    cap = asked.spend_cap.value() if asked.spend_cap else None
    settings.pricing.require([model], cap)
    evaluation_id = f"eval_{token_hex(12)}"
    dispatch.submit(
        session,
        sender,
        job_id=evaluation_id,
        kind=KIND,
        dataset_id=asked.dataset_id,
        priority=asked.priority,
    )
    session.add(
        EvaluationRow(
            id=evaluation_id,
            dataset_id=asked.dataset_id,
            model=model.name,
            judge=judge,
            only_labelled=asked.rows == "labelled",
            last_row=_last_row(session, asked.dataset_id),
            spend_cap=asdict(cap) if cap else None,
        )
    )
    session.flush()
    return evaluation_id


def cancel(session: Session, evaluation_id: str) -> None:
    """End an evaluation with its shards; see `dispatch.cancel`."""
    dispatch.cancel(session, store.get(session, KIND, evaluation_id, lock=True))
    shards.stop(session, evaluation_id, dispatch.cancel)


def pause(session: Session, evaluation_id: str) -> None:
    """Let an evaluation wait with its shards; see `dispatch.pause`."""
    dispatch.pause(session, store.get(session, KIND, evaluation_id, lock=True))
    shards.stop(session, evaluation_id, dispatch.pause)


def resume(session: Session, sender: Sender, evaluation_id: str) -> None:
    """Go on with an evaluation, whose job sends its shards again; see `dispatch.resume`."""
    dispatch.resume(session, sender, store.get(session, KIND, evaluation_id, lock=True))


def retry(session: Session, sender: Sender, evaluation_id: str) -> None:
    """Begin a failed or cancelled evaluation anew; see `dispatch.retry`."""
    dispatch.retry(session, sender, store.get(session, KIND, evaluation_id, lock=True))


# --- the judge --------------------------------------------------------------------------------------


def _resolved(
    session: Session, asked: JudgeIn, criterion: str, settings: Settings
) -> tuple[dict[str, Any], ModelRef]:
    """The judge as it is stored, and the first model that it asks."""
    source = next((name for name in SOURCES if getattr(asked, name) is not None), "instruction")
    stored: dict[str, Any] = {"source": source, "reasoning": asked.reasoning}
    if source in {"artifact", "run_id"}:
        artifact = _artifact(session, asked)
        model = _override(asked, artifact, settings)
        stored |= {"artifact": artifact.to_plain(), "model": asdict(model) if model else None}
        return stored, model or artifact.model
    model = choose_model(asked.model, asked.api_base, settings)
    if asked.prompt is not None:
        verbatim_template(asked.prompt.value())
        stored["prompt"] = asdict(asked.prompt.value())
    words = {"instruction": asked.instruction or "", "criterion": criterion}
    return stored | words | {"model": asdict(model)}, model


def _artifact(session: Session, asked: JudgeIn) -> Artifact:
    if asked.run_id is not None:
        return from_json(runs.result(session, asked.run_id).artifact)
    return from_plain(asked.artifact)


def _override(asked: JudgeIn, artifact: Artifact, settings: Settings) -> ModelRef | None:
    """The model to ask instead of the file's. Without one, the file's own must be allowed: a file from
    elsewhere could name any address."""
    if asked.model is not None or asked.api_base is not None:
        return choose_model(asked.model or artifact.model.name, asked.api_base, settings)
    for call in artifact.prompts:
        choose_model(call.model.name, call.model.api_base, settings)
    return None


# --- the rows ---------------------------------------------------------------------------------------


def _labels(session: Session, dataset_id: str) -> list[Label]:
    statement = select(col(ExampleRow.label)).where(
        col(ExampleRow.dataset_id) == dataset_id, col(ExampleRow.label).is_not(None)
    )
    return [Label(label) for label in session.scalars(statement) if label]


def _last_row(session: Session, dataset_id: str) -> int:
    statement = select(func.max(col(ExampleRow.number))).where(col(ExampleRow.dataset_id) == dataset_id)
    return session.scalar(statement) or 0
