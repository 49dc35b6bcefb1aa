"""The endpoints of suggestions: parse, call one action, return."""

from fastapi import APIRouter, Response

from optimizers.errors import RunStopped
from service.criteria import suggestions
from service.criteria.assertion_schemas import AssertionsSuggested
from service.criteria.checking import ChecksDep
from service.criteria.criteria_api import CriterionId
from service.criteria.schemas import CriteriaSuggested, SuggestAssertions, SuggestCriteria
from service.db import transaction
from service.dependencies import EngineDep, SettingsDep
from service.judging import JudgingDep
from service.problems import problem_response

router = APIRouter()


@router.post("/datasets/{dataset_id}/criteria/suggest", response_model=CriteriaSuggested)
def suggest_criteria(
    dataset_id: str, asked: SuggestCriteria, engine: EngineDep, settings: SettingsDep, judging: JudgingDep
) -> CriteriaSuggested | Response:
    """Have a model suggest criteria: from the task's prompt, from labels and critiques (grade first), or from
    how a prompt was changed. Nothing is stored: post those that you like. What the dataset has, or has
    retired, does not come again."""
    with transaction(engine, read_only=True) as session:
        found = suggestions.material(session, dataset_id, asked)
    try:
        return suggestions.suggest_criteria(judging, found, asked, settings)
    except RunStopped as stop:  # the provider is out of service: control flow within a run, a 503 here
        return problem_response(stop)


@router.post(
    "/datasets/{dataset_id}/criteria/{criterion_id}/assertions/suggest",
    status_code=201,
    response_model=AssertionsSuggested,
)
def suggest_assertions(  # what it works with is its parameters
    dataset_id: str,
    criterion_id: CriterionId,
    asked: SuggestAssertions,
    engine: EngineDep,
    settings: SettingsDep,
    judging: JudgingDep,
    checks: ChecksDep,
) -> AssertionsSuggested | Response:
    """Have a model write assertions for a criterion. They are stored; what cannot be used is told with its
    reason. Which of them agree with people is not the model's to say: ask them, and see the card."""
    model = suggestions.proposer(asked, settings)
    with transaction(engine, read_only=True) as session:
        criterion = suggestions.criterion_of(session, dataset_id, criterion_id)
    try:
        written, usage = suggestions.write_assertions(judging, checks, criterion, asked, model)
    except RunStopped as stop:  # as above
        return problem_response(stop)
    with transaction(engine) as session:
        return suggestions.store_assertions(session, criterion, written, model, usage)
