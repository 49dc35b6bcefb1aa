"""The endpoints of datasets: parse, call one action, return."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from starlette.concurrency import run_in_threadpool

from experiments.examples import SUPPORT_DESK_CRITERION, support_desk_path
from optimizers.splits import Fractions
from service.datasets import actions, examples, inspecting, labelling, labelling_api, removal, store, views
from service.datasets.bodies import two_bodies
from service.datasets.counts import count
from service.datasets.export import MEDIA_TYPES, ExportFormat, export
from service.datasets.ingest import FileUpload, Limits
from service.datasets.inspection_schemas import DatasetInspected, InspectDataset, InspectDatasetForm
from service.datasets.queries import FiltersDep, IdsQuery, ViewerDep
from service.datasets.schemas import (
    DatasetChange,
    DatasetCreated,
    DatasetDetail,
    DatasetRemoved,
    DatasetSummary,
    ExampleDetail,
    MoreExamples,
    MoreExamplesForm,
    NewDataset,
    NewDatasetForm,
)
from service.datasets.tables import ID_MAX_CHARS
from service.datasets.uploads import Received, receive
from service.dependencies import EngineDep, SessionDep, SettingsDep
from service.idempotency import Once, OnceDep, Reply
from service.paging import Page, PageDep
from service.settings import Settings

router = APIRouter(tags=["datasets"])
router.include_router(labelling_api.router)

EXAMPLE_NAME = "Support desk (example)"


@router.post(
    "/datasets",
    status_code=201,
    response_model=DatasetCreated,
    openapi_extra=two_bodies(NewDataset, NewDatasetForm),
)
async def create_dataset(
    request: Request, session: SessionDep, once: OnceDep, settings: SettingsDep
) -> Response:
    """Make a dataset of a file (CSV, JSONL, Parquet) or of rows in a JSON body.

    Unusable rows refuse the whole upload, with line, column, value and what is allowed; with
    `on_error=skip` the others are stored and the refused ones listed.
    """
    max_bytes = settings.upload_max_bytes
    async with receive(request, NewDataset, NewDatasetForm, upload_max_bytes=max_bytes) as received:
        return await run_in_threadpool(_create, session, once, settings, received)


def _create(
    session: SessionDep, once: Once, settings: Settings, received: Received[NewDataset | NewDatasetForm]
) -> JSONResponse:
    sent = received.fields
    fractions = sent.split.fractions()
    inspected = actions.look_at(
        received.upload,
        label_mapping=sent.label_mapping,
        columns=sent.columns,
        on_error=sent.on_error,
        limits=_limits(settings),
    )
    criterion = actions.require_criterion(sent.criterion, inspected)

    def act() -> Reply:
        stored = actions.create(
            session,
            inspected,
            name=sent.name or _plain_name(received.stem),
            criterion=criterion,
            label_mapping=sent.label_mapping,
            fractions=fractions,
        )
        return _reply(session, stored)

    return once(received.digest, act)


@router.post(
    "/datasets/inspect",
    response_model=DatasetInspected,
    openapi_extra=two_bodies(InspectDataset, InspectDatasetForm),
)
async def inspect_dataset(request: Request, settings: SettingsDep) -> DatasetInspected:
    """See how a file or rows would be understood, before anything is stored: columns and their roles, the
    first rows, what each label means, unusable rows. Send `label_mapping` or `columns` to look again.

    What is wrong with rows or columns is a part of the answer; only an upload of which nothing can be read is
    refused.
    """
    max_bytes = settings.upload_max_bytes
    async with receive(request, InspectDataset, InspectDatasetForm, upload_max_bytes=max_bytes) as received:
        return await run_in_threadpool(_inspect, settings, received)


def _inspect(settings: Settings, received: Received[InspectDataset | InspectDatasetForm]) -> DatasetInspected:
    sent = received.fields
    return inspecting.look(
        received.upload,
        label_mapping=sent.label_mapping,
        columns=sent.columns,
        limits=_limits(settings),
    )


@router.post("/datasets/example", status_code=201, response_model=DatasetCreated)
def create_example_dataset(session: SessionDep, once: OnceDep, settings: SettingsDep) -> Response:
    """Make a dataset of the example that ships with Concord: replies of an invented support desk, labelled
    by two people."""
    with support_desk_path().open("rb") as file:
        inspected = actions.look_at(
            FileUpload(file, support_desk_path().name),
            label_mapping=None,
            columns=None,
            on_error="refuse",
            limits=_limits(settings),
        )

        def act() -> Reply:
            stored = actions.create(
                session,
                inspected,
                name=EXAMPLE_NAME,
                criterion=SUPPORT_DESK_CRITERION,
                label_mapping=None,
                fractions=Fractions(),
            )
            return _reply(session, stored)

        return once("example", act)


def _plain_name(stem: str | None) -> str:
    """A file's name as the name of a dataset."""
    return " ".join((stem or "").split()).replace("\x00", "")[:ID_MAX_CHARS] or "dataset"


def _reply(session: SessionDep, stored: actions.Stored) -> Reply:
    body = views.created(session, stored).model_dump(mode="json")
    return Reply(status=201, body=body, headers={"Location": f"/api/datasets/{stored.dataset.id}"})


def _limits(settings: Settings) -> Limits:
    return Limits(
        max_rows=settings.upload_max_rows,
        max_chars=2 * settings.upload_max_bytes,
        cell_max_chars=settings.cell_max_chars,
    )


@router.get("/datasets")
def list_datasets(session: SessionDep, request: PageDep) -> Page[DatasetSummary]:
    """Datasets with their counts, newest first."""
    return views.page(session, request)


@router.get("/datasets/{dataset_id}")
def get_dataset(dataset_id: str, session: SessionDep) -> DatasetDetail:
    """One dataset: counts by class, annotators and how they agree, what the next labels unlock."""
    return views.detail(session, store.get_dataset(session, dataset_id))


@router.patch("/datasets/{dataset_id}")
def change_dataset(dataset_id: str, change: DatasetChange, session: SessionDep) -> DatasetDetail:
    """Change name, criterion, or, before the dataset is first used, the split."""
    return views.detail(session, actions.change(session, dataset_id, change))


@router.delete("/datasets/{dataset_id}")
def delete_dataset(dataset_id: str, session: SessionDep) -> DatasetRemoved:
    """Remove a dataset with its labels, snapshots, evaluations and runs; 409 while work is under way.
    Answers in the ledger that they alone used, and their runs in MLflow, follow within seconds, or when
    MLflow is back."""
    return removal.delete(session, dataset_id)


# --- examples ---------------------------------------------------------------------------------------


@router.get("/datasets/{dataset_id}/examples")
def list_examples(
    dataset_id: str,
    session: SessionDep,
    request: PageDep,
    filters: FiltersDep,
    viewer: ViewerDep,
    ids: IdsQuery = None,
) -> Page[examples.AnyExample]:
    """Rows in the order of their arrival, with the label that counts and what each annotator says; or the
    rows with these ids, with the verdicts of the latest evaluations."""
    if ids is None:
        return examples.page(session, dataset_id, filters, request, viewer)
    examples.require_no_filter(filters)
    return examples.by_ids(session, dataset_id, ids, viewer)


@router.post(
    "/datasets/{dataset_id}/examples",
    status_code=201,
    response_model=DatasetCreated,
    openapi_extra=two_bodies(MoreExamples, MoreExamplesForm),
)
async def append_examples(
    dataset_id: str, request: Request, session: SessionDep, once: OnceDep, settings: SettingsDep
) -> Response:
    """Add rows; those that are there are neither moved nor changed."""
    max_bytes = settings.upload_max_bytes
    async with receive(request, MoreExamples, MoreExamplesForm, upload_max_bytes=max_bytes) as received:
        return await run_in_threadpool(_append, dataset_id, session, once, settings, received)


def _append(
    dataset_id: str,
    session: SessionDep,
    once: Once,
    settings: Settings,
    received: Received[MoreExamples | MoreExamplesForm],
) -> JSONResponse:
    label_mapping = store.get_dataset(session, dataset_id).label_mapping
    session.rollback()  # no lock is held while the file is looked at
    inspected = actions.look_at(
        received.upload,
        label_mapping=label_mapping,
        columns=received.fields.columns,
        on_error=received.fields.on_error,
        limits=_limits(settings),
    )
    return once(received.digest, lambda: _reply(session, actions.append(session, dataset_id, inspected)))


@router.get("/datasets/{dataset_id}/examples/{example_id:path}")
def get_example(dataset_id: str, example_id: labelling_api.ExampleId, session: SessionDep) -> ExampleDetail:
    """One row with the history of its labels."""
    return examples.detail(labelling.told(session, dataset_id, example_id))


@router.get(
    "/datasets/{dataset_id}/export",
    response_class=StreamingResponse,
    responses={200: {"content": {media: {} for media in MEDIA_TYPES.values()}}},
)
def export_dataset(
    dataset_id: str,
    session: SessionDep,
    engine: EngineDep,
    format: Annotated[ExportFormat, Query()] = "csv",  # noqa: A002  # the interface's word
) -> StreamingResponse:
    """All rows as a file that can be uploaded again."""
    store.get_dataset(session, dataset_id)
    counts = count(session, [dataset_id]).get(dataset_id)
    annotators = list(counts.annotators) if counts else []
    name = f'attachment; filename="{dataset_id}.{format}"'
    pieces = export(engine, dataset_id, format, annotators)
    return StreamingResponse(pieces, media_type=MEDIA_TYPES[format], headers={"Content-Disposition": name})
