"""Suggestions of a model, over a real socket: criteria that are not stored, assertions that are."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from service.app import create_app
from service.settings import Settings
from tests.service.conftest import serve
from tests.service.criteria.answering import Answering, answering
from tests.service.criteria.conftest import Api


@pytest.fixture(scope="module")
def _suggesting(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[httpx.Client, Answering]]:
    with pytest.MonkeyPatch.context() as environment, answering() as model:
        environment.setenv("OPENAI_API_KEY", "sk-of-a-test")
        settings = Settings(
            home=tmp_path_factory.mktemp("home"), api_bases=(model.api_base,), model="openai/told"
        )
        with serve(create_app(settings)) as url, httpx.Client(base_url=url, timeout=60) as client:
            yield client, model


@pytest.fixture
def model(_suggesting: tuple[httpx.Client, Answering]) -> Answering:
    told = _suggesting[1]
    told.answers, told.asked = {}, []
    return told


@pytest.fixture
def api(_suggesting: tuple[httpx.Client, Answering]) -> Api:
    return Api(_suggesting[0])


def _suggest(api: Api, model: Answering, *, expect: int = 200, **asked: Any) -> dict[str, Any]:
    body = {"api_base": model.api_base} | asked
    found: dict[str, Any] = api.post("/criteria/suggest", body, expect=expect)
    return found


def _criteria(*texts: str, **more: Any) -> dict[str, Any]:
    return {
        "criteria": [
            {"name": text.split()[-1], "criterion": text, "why": "it says so"} | more for text in texts
        ]
    }


SHORT, POLITE = "The reply has at most fifty words", "The reply is polite to the customer"


def test_criteria_are_suggested_from_a_prompt_and_not_stored(api: Api, model: Answering) -> None:
    model.answers = {"Answer in fifty words": _criteria(SHORT, POLITE)}
    found = _suggest(api, model, source="prompt", prompt="Answer in fifty words, politely. One.")
    assert [one["text"].rstrip(".") for one in found["suggestions"]] == [SHORT, POLITE]
    assert (found["suggestions"][0]["why"], found["model"]) == ("it says so", "openai/told")
    assert (found["usage"]["calls"], found["usage"]["prompt_tokens"]) == (1, 10)
    assert api.names() == []


def test_what_the_dataset_has_is_not_suggested_again(api: Api, model: Answering) -> None:
    cid = api.criterion(SHORT)["id"]
    api.send("POST", f"{api.at}/criteria/{cid}/retire")
    model.answers = {"politely": _criteria(SHORT, POLITE)}
    found = _suggest(api, model, source="prompt", prompt="Answer politely. Two.")
    assert [one["text"].rstrip(".") for one in found["suggestions"]] == [POLITE]
    assert SHORT in model.asked[0]


def test_the_same_question_costs_nothing_and_another_sample_is_another_question(
    api: Api, model: Answering
) -> None:
    model.answers = {"": _criteria(POLITE)}

    def calls(sample: int) -> dict[str, Any]:
        prompt = "Answer politely. Three."
        usage: dict[str, Any] = _suggest(api, model, source="prompt", prompt=prompt, sample=sample)["usage"]
        return usage

    assert [calls(sample)["cached_calls"] for sample in (0, 0, 1)] == [0, 1, 0]
    assert len(model.asked) == 2


def test_criteria_are_drawn_from_labels_and_critiques_but_not_from_test_rows(
    api: Api, model: Answering
) -> None:
    data = api.filled("fp" * 30)
    data.send("PUT", f"{data.at}/examples/r0/labels/anna", {"label": "fail", "critique": "so rude"})
    model.answers = {"decision": _criteria(POLITE, cases=[1, 2])}
    found = _suggest(data, model, source="labels")["suggestions"]
    assert found[0]["text"].rstrip(".") == POLITE
    assert found[0]["example_ids"]
    shown = {f"r{k}" for k in range(60) if any(f'"q{k}"' in question for question in model.asked)}
    assert 12 <= len(shown) <= 24  # those of train


def test_criteria_are_found_in_a_prompt_s_history_each_with_its_category(api: Api, model: Answering) -> None:
    model.answers = {"+ Be polite": _criteria(POLITE, category="qualitative_assessment")}
    found = _suggest(api, model, source="history", prompts=["Answer.", "Answer. Be polite to the customer."])
    assert [one["category"] for one in found["suggestions"]] == ["qualitative_assessment"]


def test_without_a_failed_row_there_is_nothing_to_draw_from(api: Api, model: Answering) -> None:
    assert "failed no row" in _suggest(api, model, source="labels", expect=409)["detail"]


def test_nonsense_is_told_and_is_no_suggestion(api: Api, model: Answering) -> None:
    refused = _suggest(api, model, source="prompt", prompt="Four.", expect=502)
    assert (refused["code"], len(model.asked)) == ("answer_unusable", 2)
    assert "I cannot say" in refused["detail"]


@pytest.mark.parametrize(
    "asked",
    [{"source": "prompt"}, {"source": "history", "prompts": ["one"]}, {"source": "labels", "n": 0}, {}],
)
def test_a_source_needs_what_it_draws_from(api: Api, model: Answering, asked: dict[str, Any]) -> None:
    _suggest(api, model, expect=422, **asked)
    foreign = {"source": "prompt", "prompt": "p", "api_base": "http://169.254.169.254/v1"}
    assert "api_base" in api.post("/criteria/suggest", foreign, expect=422)["detail"]


# --- assertions -------------------------------------------------------------------------------------


def _write(api: Api, model: Answering, cid: str, *, expect: int = 201, **asked: Any) -> dict[str, Any]:
    body = {"api_base": model.api_base} | asked
    found: dict[str, Any] = api.post(f"/criteria/{cid}/assertions/suggest", body, expect=expect)
    return found


def test_assertions_are_written_stored_and_refused_with_reasons(api: Api, model: Answering) -> None:
    cid = api.criterion("At most fifty words, five.")["id"]
    model.answers = {
        "Mend it": {"checks": ["wrods(output) <= 50"]},
        "instructions": {"instructions": ["Count the words and fail more than fifty.", "no"]},
        "checks": {"checks": ["words(output) <= 50", "word(output) <= 50"]},
    }
    found = _write(api, model, cid)
    assert [(one["kind"], one["text"], one["source"]) for one in found["assertions"]] == [
        ("prompt", "Count the words and fail more than fifty.", "suggested"),
        ("check", "words(output) <= 50", "suggested"),
    ]
    reasons = {one["text"]: one["reason"] for one in found["refused"]}
    assert "line 1, column 6" in reasons["wrods(output) <= 50"]
    assert "12 to" in reasons["no"]
    assert len(api.get("/assertions")["items"]) == 2
    assert _write(api, model, cid)["assertions"] == []  # it has these now


def test_only_the_wanted_kind_is_written(api: Api, model: Answering) -> None:
    cid = api.criterion("At most fifty words, six.")["id"]
    model.answers = {"checks": {"checks": ["words(output) <= 50"]}}
    assert [one["kind"] for one in _write(api, model, cid, kinds=["check"])["assertions"]] == ["check"]
    assert len(model.asked) == 1


def test_for_a_retired_criterion_nothing_is_written(api: Api, model: Answering) -> None:
    cid = api.criterion()["id"]
    api.send("POST", f"{api.at}/criteria/{cid}/retire")
    assert "restore" in _write(api, model, cid, expect=409)["detail"]
    assert model.asked == []
