"""The endpoints of named judges: parse, call one action, return."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from optimizers.artifact import from_json
from optimizers.errors import RunStopped
from optimizers.types import Label
from service.db import transaction
from service.dependencies import EngineDep, SessionDep, SettingsDep
from service.idempotency import OnceDep, Reply
from service.judge_file import judge_file
from service.judges import actions, agreement, samples, store, traffic, views, watch
from service.judges import rate as rates
from service.judges.schemas import (
    AgreementOnDataset,
    Batch,
    JudgeOut,
    JudgeRemoved,
    JudgeSummary,
    MonitorOut,
    NewSample,
    NewVersion,
    OnDataset,
    Promotion,
    RateOut,
    SampleOut,
    Since,
    TrafficOut,
    TrafficRemoved,
    VerdictsOut,
    VersionOut,
)
from service.judges.sources import require_models
from service.judging import JudgingDep
from service.paging import Page, PageDep
from service.problems import problem_response
from service.runs.schemas import Format

router = APIRouter(tags=["judges"])

MAX_NUMBER = 2**31 - 1
"""What a column of whole numbers can hold."""

VersionQuery = Annotated[
    int | None, Query(ge=1, le=MAX_NUMBER, description="The champion unless one is named.")
]


# --- names, versions, champion ----------------------------------------------------------------------


@router.post("/judges", status_code=201, response_model=VersionOut)
def keep_judge(asked: NewVersion, session: SessionDep, settings: SettingsDep, once: OnceDep) -> Response:
    """Keep a judge under a name. The first makes the name, each further one is a new version; a file that
    is a version already stays that one. No version is in use before it is promoted."""

    def act() -> Reply:
        version = actions.keep(session, asked, settings)
        body = views.shown(store.get(session, asked.name), version).model_dump(mode="json")
        location = f"/api/judges/{asked.name}/versions/{version.number}"
        return Reply(status=201, body=body, headers={"Location": location})

    return once(asked.model_dump(mode="json", exclude_unset=True, by_alias=True), act)


@router.get("/judges")
def list_judges(session: SessionDep, request: PageDep) -> Page[JudgeSummary]:
    """Judges by name, each with its champion and whether its agreement has fallen."""
    return views.page(session, request)


@router.get("/judges/{name}")
def get_judge(name: str, session: SessionDep) -> JudgeOut:
    """One judge with its versions and promotions."""
    return views.one(session, name)


@router.delete("/judges/{name}")
def delete_judge(name: str, session: SessionDep) -> JudgeRemoved:
    """Remove a judge with its versions and its traffic. Rows that were drawn into a dataset stay there."""
    return actions.delete(session, name)


@router.get("/judges/{name}/versions/{version}")
def get_version(
    name: str,
    version: Annotated[int, Path(ge=1, le=MAX_NUMBER)],
    session: SessionDep,
    format: Annotated[Format, Query(description="The form of the judge.")] = Format.JSON,  # noqa: A002  # the interface's word
) -> Response:
    """A version as a file that works without this service."""
    return judge_file(store.version(session, store.get(session, name), version).artifact, format)


@router.post("/judges/{name}/champion")
def promote_version(name: str, asked: Promotion, session: SessionDep) -> JudgeOut:
    """Put a version in use. It asks for a run of this service whose report says `improved`, and no test rows
    on which the champion is shown to be better; or for a person's word (`because` and `by`)."""
    actions.promote(session, name, asked)
    return views.one(session, name)


# --- in use -----------------------------------------------------------------------------------------


@router.post("/judges/{name}/verdicts", response_model=VerdictsOut)
def judge_batch(
    name: str, asked: Batch, engine: EngineDep, settings: SettingsDep, judging: JudgingDep
) -> VerdictsOut | Response:
    """Verdicts of the champion on a batch of rows, which are kept as traffic unless `keep` is false."""
    with transaction(engine, read_only=True) as session:
        judge = store.get(session, name)
        version = store.in_use(session, judge, asked.version)
    artifact = from_json(version.artifact)
    require_models(artifact, settings)
    try:
        found = judging.judge(artifact, traffic.examples_of(asked), account=judge.id)
    except RunStopped as stop:  # the provider is out of service: control flow within a run, a 503 here
        return problem_response(stop)
    kept = 0
    if asked.keep:
        with transaction(engine) as session:
            kept = traffic.keep(session, version, asked, found)
    return traffic.told(judge, version, asked, found, kept)


@router.get("/judges/{name}/traffic")
def list_traffic(
    name: str,
    session: SessionDep,
    request: PageDep,
    since: Annotated[Since | None, Query(description="Only rows that were kept since then.")] = None,
    version: Annotated[
        int | None, Query(ge=1, le=MAX_NUMBER, description="Only rows that this version judged.")
    ] = None,
    verdict: Annotated[Label | None, Query(description="Only rows with this verdict.")] = None,
) -> Page[TrafficOut]:
    """Rows that were kept with what the judge said of them, the latest first."""
    wanted = traffic.Wanted(version=version, since=since, verdict=verdict)
    return traffic.page(session, store.get(session, name), wanted, request)


@router.delete("/judges/{name}/traffic")
def forget_traffic(
    name: str,
    session: SessionDep,
    before: Annotated[Since, Query(description="Rows that were kept before this moment.")],
) -> TrafficRemoved:
    """Remove old traffic, but for rows that were drawn into a sample: the monitor reads those."""
    judge = store.get(session, name, lock=True)
    return TrafficRemoved(removed=traffic.forget(session, judge, before))


@router.get("/judges/{name}/rate")
def get_rate(
    name: str,
    session: SessionDep,
    since: Annotated[Since | None, Query(description="Only traffic that was kept since then.")] = None,
    version: VersionQuery = None,
) -> RateOut:
    """How often kept traffic that nobody has labelled passes, corrected for the judge's known errors. Refused
    where the judge tells bad from good no better than chance."""
    judge = store.get(session, name)
    return rates.rate(session, judge, store.in_use(session, judge, version), since)


@router.post("/judges/{name}/samples", status_code=201)
def draw_sample(name: str, asked: NewSample, session: SessionDep) -> SampleOut:
    """Put a random sample of the traffic into the judge's dataset, for people to label."""
    judge = store.get(session, name, lock=True)
    version = store.in_use(session, judge, asked.version)
    drawn = samples.draw(session, judge, version, asked)
    return SampleOut(
        judge=judge.name,
        version=version.number,
        sample=drawn.sample.number,
        seed=asked.seed,
        n=drawn.sample.n,
        left=drawn.left,
        dataset_id=drawn.dataset_id,
        example_ids=list(drawn.example_ids),
    )


@router.get("/judges/{name}/monitor")
def get_monitor(
    name: str,
    session: SessionDep,
    version: VersionQuery = None,
    bound: Annotated[
        float | None,
        Query(gt=0, lt=1, description="A kappa; the lower limit of what was measured unless given."),
    ] = None,
) -> MonitorOut:
    """Whether the judge's agreement with people has fallen, by the labelled samples of its traffic."""
    judge = store.get(session, name)
    return watch.look(session, judge, store.in_use(session, judge, version), bound)


@router.post("/judges/{name}/agreement", response_model=AgreementOnDataset)
def measure_agreement(
    name: str, asked: OnDataset, engine: EngineDep, settings: SettingsDep, judging: JudgingDep
) -> AgreementOnDataset | Response:
    """The champion's agreement with a dataset's labels, on rows that it was not built from. What it has
    answered before costs nothing."""
    with transaction(engine, read_only=True) as session:
        question = agreement.prepare(session, name, asked)
    require_models(question.artifact, settings)
    try:
        found = judging.judge(question.artifact, question.examples, account=question.judge.id)
    except RunStopped as stop:
        return problem_response(stop)
    return agreement.told(question, found)
