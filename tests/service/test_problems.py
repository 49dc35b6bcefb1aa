"""Problem details: every error has its row, its body, and leaks nothing."""

import inspect
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError

from optimizers import errors as core
from service import errors as ours
from service.problems import KINDS, MEDIA_TYPE, kind_of, problem_response

Serving = Callable[[FastAPI], AbstractContextManager[str]]


def _public_errors() -> list[type[BaseException]]:
    found = [*vars(core).values(), *vars(ours).values()]
    return [e for e in found if inspect.isclass(e) and issubclass(e, BaseException)]


def test_every_public_error_is_on_the_table() -> None:
    assert set(_public_errors()) == set(KINDS)


def test_statuses_are_those_of_errors() -> None:
    assert all(400 <= kind.status < 600 for kind in KINDS.values())


def test_an_error_that_is_not_on_the_table_takes_its_nearest_base() -> None:
    class Sub(core.PriceUnknown):
        pass

    assert kind_of(Sub("no price")) == KINDS[core.PriceUnknown]
    assert kind_of(ZeroDivisionError()).status == 500


def test_a_rejected_dataset_lists_its_problems() -> None:
    row = core.RowProblem(line=3, column="label", value="meh", message="unknown", allowed="pass, fail")
    body = httpx.Response(422, content=bytes(problem_response(core.DatasetRejected([row], 7)).body)).json()
    assert body["problems"] == [
        {"line": 3, "column": "label", "value": "meh", "message": "unknown", "allowed": "pass, fail"}
    ]
    assert body["total"] == 7


def test_too_few_labels_say_how_many_are_missing() -> None:
    response = problem_response(core.NotEnoughLabels("more", {"labels": 12, "fail": 3}))
    assert response.status_code == 409
    assert httpx.Response(409, content=bytes(response.body)).json()["missing"] == {"labels": 12, "fail": 3}


def test_a_refused_correction_shows_the_judges_rates() -> None:
    response = problem_response(core.CorrectionRefused(0.4, 0.5, 20, 30))
    body = httpx.Response(409, content=bytes(response.body)).json()
    assert (body["sensitivity"], body["specificity"]) == (0.4, 0.5)
    assert body["labelled"] == {"fail": 20, "pass": 30}


def test_an_unavailable_provider_passes_its_advice_on() -> None:
    response = problem_response(core.ProviderUnavailable("busy", retry_after_s=7.2))
    assert (response.status_code, response.headers["retry-after"]) == (503, "7")


def _raising(app: FastAPI, error: Exception) -> FastAPI:
    async def fail() -> None:
        raise error

    app.add_api_route("/api/fail", fail)
    return app


def test_an_unhandled_error_leaks_nothing(app: FastAPI, serving: Serving) -> None:
    with serving(_raising(app, RuntimeError("password=hunter2"))) as url:
        response = httpx.get(f"{url}/api/fail")
    assert response.status_code == 500
    assert response.headers["content-type"] == MEDIA_TYPE
    assert "hunter2" not in response.text


def test_a_full_disk_is_a_clear_status(app: FastAPI, serving: Serving) -> None:
    full = OperationalError("INSERT ...", {"text": "secret row"}, sqlite3.OperationalError("disk is full"))
    with serving(_raising(app, full)) as url:
        response = httpx.get(f"{url}/api/fail")
    assert (response.status_code, response.json()["code"]) == (503, "storage_failed")
    assert "secret row" not in response.text


def test_an_unknown_path_is_a_problem_too(client: httpx.Client) -> None:
    response = client.get("/api/nowhere")
    assert response.status_code == 404
    assert response.headers["content-type"] == MEDIA_TYPE
    assert response.json()["status"] == 404


def test_an_unknown_id_is_named(client: httpx.Client) -> None:
    body = client.get("/api/datasets/ds_nobody").json()
    assert (body["code"], body["kind"], body["id"]) == ("not_found", "dataset", "ds_nobody")


def test_a_wrong_method_is_a_problem_too(client: httpx.Client) -> None:
    response = client.put("/api/datasets")
    assert response.status_code == 405
    assert response.headers["allow"]


def test_a_request_that_does_not_fit_names_each_field(client: httpx.Client) -> None:
    response = client.get("/api/datasets", params={"limit": "many"})
    assert response.status_code == 422
    assert response.json()["errors"][0]["field"] == "query.limit"


def test_a_body_that_is_not_json_is_told_with_its_place(client: httpx.Client) -> None:
    answer = client.post("/api/runs", content="{not json", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    said = answer.json()["detail"]
    assert said == "body: this is not JSON: Expecting property name enclosed in double quotes at character 1"


@pytest.mark.parametrize("path", ["/api/datasets/%00", "/api/datasets/x/examples/%00/labels/%00"])
def test_a_nul_in_a_path_is_no_server_error(client: httpx.Client, path: str) -> None:
    assert client.get(path).status_code in (404, 422)
