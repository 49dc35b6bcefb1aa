"""The endpoints of runs: parse, call one action, return."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict
from typing import Annotated

from fastapi import APIRouter, Body, Depends, FastAPI, Query, Response
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from experiments.report_markdown import report_markdown
from optimizers.artifact import from_json
from optimizers.errors import RunStopped
from optimizers.export import export
from optimizers.report import Report
from optimizers.types import Example
from service.datasets.snapshots import snapshot
from service.db import transaction
from service.dependencies import EngineDep, SessionDep, SettingsDep
from service.idempotency import OnceDep, Reply
from service.jobs import dependencies as jobs
from service.jobs import store, streams
from service.jobs.dependencies import SenderDep
from service.judge_file import judge_file
from service.judging import Judging, JudgingDep
from service.paging import Page, PageDep
from service.problems import problem_response
from service.runs import actions, comparison, trials, views
from service.runs.schemas import (
    ComparisonOut,
    EstimateOut,
    Format,
    Judged,
    JudgeRequest,
    NewRun,
    ReportFormat,
    Resume,
    RunOut,
    TrialOut,
    VerdictOut,
)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    async with jobs.lifespan(app):
        app.state.judging = Judging(app.state.settings)
        try:
            yield
        finally:
            await run_in_threadpool(app.state.judging.close)


router = APIRouter(tags=["runs"], lifespan=_lifespan)


# --- starting ---------------------------------------------------------------------------------------


@router.post("/runs", status_code=202, response_model=RunOut)
def start_run(
    asked: NewRun, session: SessionDep, sender: SenderDep, settings: SettingsDep, once: OnceDep
) -> Response:
    """Optimize a judge's prompt on the dataset's present labels. A worker does it; poll or stream it."""

    def act() -> Reply:
        run_id = actions.start(session, sender, asked, settings)
        body = views.one(session, run_id).model_dump(mode="json")
        return Reply(status=202, body=body, headers={"Location": f"/api/runs/{run_id}"})

    return once(asked.model_dump(mode="json", exclude_unset=True), act)


@router.post("/runs/estimate")
def estimate_run(asked: NewRun, engine: EngineDep, settings: SettingsDep) -> EstimateOut:
    """What the run would take, at most; nothing is asked of a model and nothing is spent."""
    from experiments.estimate import estimate  # noqa: PLC0415  # renders prompts, so it loads DSPy

    spec = actions.specify(asked, "estimate", settings)
    with transaction(engine) as session:
        taken = snapshot(session, asked.dataset_id)
        session.rollback()  # who only asks has settled nothing: the split can still be set
    return EstimateOut.model_validate(estimate(spec, taken, settings.pricing))


# --- looking ----------------------------------------------------------------------------------------


@router.get("/runs")
def list_runs(
    session: SessionDep, request: PageDep, dataset_id: Annotated[str | None, Query()] = None
) -> Page[RunOut]:
    """Runs, newest first."""
    return views.page(session, request, dataset_id=dataset_id)


@router.get("/runs/compare")
def compare_runs(
    session: SessionDep,
    a: Annotated[str, Query(description="A run.")],
    b: Annotated[str, Query(description="Another one.")],
) -> ComparisonOut:
    """Two runs side by side, and how their winners differ on the test rows that both have measured."""
    return comparison.side_by_side(session, a, b)


@router.get("/runs/{run_id}")
def get_run(run_id: str, session: SessionDep) -> RunOut:
    """One run: where it is, the best so far, what it took, where MLflow shows it."""
    return views.one(session, run_id)


@router.get("/runs/{run_id}/trials")
def list_trials(run_id: str, session: SessionDep, request: PageDep) -> Page[TrialOut]:
    """Its candidates, measured on dev."""
    return trials.page(session, run_id, request)


def _existing(run_id: str, engine: EngineDep) -> str:
    with transaction(engine, read_only=True) as session:
        store.get(session, actions.KIND, run_id)
    return run_id


@router.get("/runs/{run_id}/events", response_class=EventSourceResponse)
async def stream_run(
    run_id: Annotated[str, Depends(_existing)], engine: EngineDep, last: streams.LastEventDep
) -> AsyncIterator[ServerSentEvent]:
    """What happens, as it happens: `status`, `trial` and `progress` events, until the run has ended."""
    async for event in streams.events(engine, actions.KIND, run_id, last):
        yield event


# --- steering ---------------------------------------------------------------------------------------


@router.post("/runs/{run_id}/cancel")
def cancel_run(run_id: str, session: SessionDep) -> RunOut:
    """End it. No new model call starts within a second of this; what was answered is kept."""
    actions.cancel(session, run_id)
    return views.one(session, run_id)


@router.post("/runs/{run_id}/pause")
def pause_run(run_id: str, session: SessionDep) -> RunOut:
    """Let it wait; a worker is free for others meanwhile."""
    actions.pause(session, run_id)
    return views.one(session, run_id)


@router.post("/runs/{run_id}/resume")
def resume_run(
    run_id: str,
    session: SessionDep,
    sender: SenderDep,
    settings: SettingsDep,
    change: Annotated[Resume | None, Body()] = None,
) -> RunOut:
    """Go on. Only what was in flight is paid again; `spend_cap` replaces the cap that it had."""
    actions.resume(session, sender, run_id, change or Resume(), settings)
    return views.one(session, run_id)


@router.post("/runs/{run_id}/retry")
def retry_run(run_id: str, session: SessionDep, sender: SenderDep) -> RunOut:
    """Begin a failed or cancelled run anew; what was answered is not paid again."""
    actions.retry(session, sender, run_id)
    return views.one(session, run_id)


# --- results ----------------------------------------------------------------------------------------

FormatQuery = Annotated[Format, Query(description="The form of the judge.")]


@router.get("/runs/{run_id}/best")
def get_best(
    run_id: str,
    session: SessionDep,
    format: FormatQuery = Format.JSON,  # noqa: A002  # the interface's word
) -> Response:
    """The winning judge as a file that works without this service."""
    return judge_file(views.result(session, run_id).artifact, format)


@router.get("/datasets/{dataset_id}/best")
def get_dataset_best(
    dataset_id: str,
    session: SessionDep,
    format: FormatQuery = Format.JSON,  # noqa: A002  # the interface's word
) -> Response:
    """The best judge over the dataset's runs: a measured improvement first, then the highest kappa."""
    return judge_file(views.best_of_dataset(session, dataset_id).artifact, format)


@router.get("/runs/{run_id}/report")
def get_report(
    run_id: str,
    session: SessionDep,
    format: Annotated[ReportFormat, Query()] = ReportFormat.JSON,  # noqa: A002  # the interface's word
) -> Response:
    """The evidence: baseline and winner on rows that nothing was tuned on, with intervals."""
    found = views.result(session, run_id)
    if format is ReportFormat.JSON:
        return JSONResponse(found.report)
    prompt = export(from_json(found.artifact), "text").text
    text = report_markdown(Report.from_dict(found.report), prompt=prompt)
    return Response(text, media_type="text/markdown; charset=utf-8")


@router.post("/runs/{run_id}/judge", response_model=Judged)
def judge(run_id: str, asked: JudgeRequest, engine: EngineDep, judging: JudgingDep) -> Judged | Response:
    """Verdicts of the run's best judge on rows of your own."""
    with transaction(engine, read_only=True) as session:
        artifact = from_json(views.result(session, run_id).artifact)
    examples = [
        Example(id=str(place), input=row.input, output=row.output) for place, row in enumerate(asked.examples)
    ]
    try:
        found = judging.judge(artifact, examples)
    except RunStopped as stop:  # the provider is out of service: control flow within a run, a 503 here
        return problem_response(stop)
    verdicts = [
        VerdictOut.of(row.id or str(place), found.outcomes[str(place)])
        for place, row in enumerate(asked.examples)
    ]
    return Judged(artifact_digest=artifact.digest, verdicts=verdicts, usage=asdict(found.usage))
