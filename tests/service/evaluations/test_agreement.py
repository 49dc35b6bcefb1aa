"""The alignment card and the verdicts beside the labels of now, on stored verdicts; no worker is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import col

from optimizers.kappa import cohen_kappa
from optimizers.kappa import confusion as confusion_of
from optimizers.types import Label
from service.app import create_app
from service.datasets.tables import ExampleRow
from service.db import transaction
from service.evaluations import classifier
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.settings import Settings
from tests.service.conftest import serve

ID = "eval_1"
LABELS = ["fail"] * 12 + ["pass"] * 12
SAID = ["fail"] * 9 + ["pass"] * 2 + [None] + ["pass"] * 8 + ["fail"] * 3 + [None]


@pytest.fixture
def app(tmp_path: Path, ready_database_url: str) -> FastAPI:
    return create_app(Settings(home=tmp_path / "home", database_url=ready_database_url))


@pytest.fixture
def api(app: FastAPI) -> Iterator[httpx.Client]:
    with serve(app) as url, httpx.Client(base_url=f"{url}/api", timeout=60) as client:
        yield client


@pytest.fixture
def dataset_id(app: FastAPI, api: httpx.Client) -> str:
    """Twenty-four labelled rows and one without a label, all but two of which are judged."""
    rows: list[dict[str, Any]] = [
        {"id": f"r{n}", "input": f"question {n}", "output": f"answer {n}", "label": label, "critique": "why"}
        for n, label in enumerate(LABELS)
    ]
    rows.append({"id": "bare", "input": "question", "output": "answer"})
    body = {"name": "d", "criterion": "It answers.", "examples": rows}
    created = api.post("/datasets", json=body)
    assert created.status_code == 201, created.text
    _judge(app, str(created.json()["id"]))
    return str(created.json()["id"])


def _judge(app: FastAPI, dataset_id: str) -> None:
    """As a worker leaves it that is in the middle of it: the last row is not judged yet."""
    with transaction(app.state.engine) as session:
        session.add(JobRow(id=ID, kind="evaluation", dataset_id=dataset_id, status=Status.RUNNING))
        session.flush()
        judge = {"source": "instruction", "instruction": "Judge."}
        session.add(EvaluationRow(id=ID, dataset_id=dataset_id, model="m", judge=judge, last_row=99))
        session.flush()
        rows = session.scalars(
            select(ExampleRow)
            .where(col(ExampleRow.dataset_id) == dataset_id)
            .order_by(col(ExampleRow.number))
        ).all()
        for row, said in zip(rows, [*SAID[:-1], None, "fail"], strict=True):
            if row.example_id != "r23":
                session.add(_verdict(row, said))


def _verdict(row: ExampleRow, said: str | None) -> VerdictRow:
    assert row.number is not None
    return VerdictRow(
        evaluation_id=ID,
        number=row.number,
        example_id=row.example_id,
        label=row.label,
        verdict=said,
        rationale="because",
        failure=None if said else "refused",
    )


def _card(api: httpx.Client) -> dict[str, Any]:
    response = api.get(f"/evaluations/{ID}/agreement")
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def _rows(api: httpx.Client, **query: str) -> list[dict[str, Any]]:
    response = api.get(f"/evaluations/{ID}/verdicts", params={"limit": "500"} | query)
    assert response.status_code == 200, response.text
    found: list[dict[str, Any]] = response.json()["items"]
    return found


def _relabel(api: httpx.Client, dataset_id: str, example_id: str, label: str, critique: str = "") -> None:
    path = f"/datasets/{dataset_id}/examples/{example_id}/labels/ann"
    response = api.put(path, json={"label": label, "critique": critique})
    assert response.status_code == 200, response.text


def test_the_card_is_of_the_rows_judged_so_far(api: httpx.Client, dataset_id: str) -> None:
    found = _card(api)
    assert dataset_id
    # 12 bad: 9 caught, 2 missed, 1 refused. 11 good: 8 passed, 3 failed.
    assert found["confusion"] == {
        "tp": 9,
        "fp": 3,
        "fn": 2,
        "tn": 8,
        "unparseable_bad": 1,
        "unparseable_good": 0,
    }
    assert (found["judged"], found["n"], found["n_labelled"], found["unparseable"]) == (24, 23, 24, 1)
    assert found["failures"] == {"refused": 1}
    assert found["as_of"] == {"changed": 0, "added": 0, "withdrawn": 0, "not_judged": 1}
    table = confusion_of([Label(x) for x in LABELS[:23]], [Label(x) if x else None for x in SAID[:23]])
    assert found["kappa"]["value"] == pytest.approx(cohen_kappa(table))
    assert found["recall"] == found["coverage"]
    assert found["coverage"]["value"] == pytest.approx(9 / 12)
    assert found["precision"]["value"] == pytest.approx(9 / 12)
    assert found["f1"]["value"] == pytest.approx(18 / 24)
    assert found["false_failure_rate"]["value"] == pytest.approx(3 / 11)
    assert found["accuracy"]["value"] == pytest.approx(17 / 23)
    for name in ("kappa", "coverage", "precision", "f1", "false_failure_rate", "accuracy"):
        assert found[name]["low"] < found[name]["value"] < found[name]["high"]
    assert found["supervised_baseline"] is None
    assert found["human_agreement"] is None


def test_the_card_follows_when_labels_change(api: httpx.Client, dataset_id: str) -> None:
    _relabel(api, dataset_id, "r0", "pass")  # a caught one that was none
    _relabel(api, dataset_id, "bare", "fail")  # judged before anybody had labelled it
    found = _card(api)
    assert (found["confusion"]["tp"], found["confusion"]["fp"]) == (9, 4)
    assert found["as_of"] == {"changed": 1, "added": 1, "withdrawn": 0, "not_judged": 1}
    _relabel(api, dataset_id, "r0", "fail")
    assert api.delete(f"/datasets/{dataset_id}/examples/bare/labels/ann").status_code == 200
    assert _card(api)["as_of"] == {"changed": 0, "added": 0, "withdrawn": 0, "not_judged": 1}


def test_the_stored_agreement_stays_as_it_was(api: httpx.Client, dataset_id: str) -> None:
    before = api.get(f"/evaluations/{ID}").json()
    _relabel(api, dataset_id, "r0", "pass")
    assert api.get(f"/evaluations/{ID}").json() == before


@pytest.mark.parametrize(
    ("cell", "n"), [("tp", 9), ("fp", 3), ("fn", 2), ("tn", 8), ("unparseable", 1), ("failure", 1)]
)
def test_a_cell_of_the_card_filters_the_rows(api: httpx.Client, dataset_id: str, cell: str, n: int) -> None:
    assert dataset_id
    rows = _rows(api, cell=cell)
    assert len(rows) == n
    assert {row["cell"] for row in rows} == {"unparseable" if cell == "failure" else cell}


def test_cells_and_agreement_go_by_the_labels_of_now(api: httpx.Client, dataset_id: str) -> None:
    _relabel(api, dataset_id, "r9", "pass", critique="It does answer.")  # a miss that was none
    assert [row["example_id"] for row in _rows(api, cell="fn")] == ["r10"]
    row = next(row for row in _rows(api, agrees="true") if row["example_id"] == "r9")
    assert (row["label"], row["cell"], row["agrees"]) == ("pass", "tn", True)
    assert (row["label_changed"], row["label_when_judged"]) == (True, "fail")
    assert row["critique"] == "It does answer."


def test_a_row_carries_its_texts_and_both_sides_words(api: httpx.Client, dataset_id: str) -> None:
    assert dataset_id
    row = _rows(api)[1]
    assert row == {
        "example_id": "r1",
        "input": "question 1",
        "output": "answer 1",
        "label": "fail",
        "critique": "why",
        "label_changed": False,
        "label_when_judged": None,
        "verdict": "fail",
        "agrees": True,
        "cell": "tp",
        "fail_probability": None,
        "rationale": "because",
        "failure": None,
        "message": None,
    }
    assert _rows(api)[-1]["cell"] is None  # nobody has labelled it


def test_filtered_rows_come_in_pages(api: httpx.Client, dataset_id: str) -> None:
    assert dataset_id
    query: dict[str, str] = {"cell": "tp", "limit": "4"}
    found: list[str] = []
    while True:
        page = api.get(f"/evaluations/{ID}/verdicts", params=query).json()
        found += [row["example_id"] for row in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert found == [f"r{n}" for n in range(9)]


def test_people_are_compared_with_each_other_on_the_card(api: httpx.Client, dataset_id: str) -> None:
    for n in range(24):
        for annotator, label in (("ann", LABELS[n]), ("bob", LABELS[0 if n < 16 else n])):
            path = f"/datasets/{dataset_id}/examples/r{n}/labels/{annotator}"
            api.put(path, json={"label": label, "adjudicates": False})
    people = _card(api)["human_agreement"]
    # 20 of 24 alike; by chance (12 * 16 + 12 * 8) / 24^2 = 1/2: (5/6 - 1/2) / (1/2) = 2/3.
    assert people["ceiling"]["annotators"] == ["ann", "bob"]
    assert people["ceiling"]["kappa"] == pytest.approx(2 / 3)


def test_the_classifier_is_measured_on_the_rows_that_it_has_seen(
    app: FastAPI, api: httpx.Client, dataset_id: str
) -> None:
    with transaction(app.state.engine) as session:
        rows = classifier.sample(session, session.get_one(EvaluationRow, ID))
        assert [row.id for row in rows.values()] != []
        said = {number: Label.FAIL if row.id != "r20" else Label.PASS for number, row in rows.items()}
        classifier.store(session, ID, said)
    card = _card(api)
    found = card["supervised_baseline"]
    # It fails all but one good row: 13 of 23 right, by chance (12 * 22 + 11 * 1) / 23^2.
    chance = (12 * 22 + 11) / 23**2
    assert found["n"] == 23
    assert found["kappa"]["value"] == pytest.approx((13 / 23 - chance) / (1 - chance))
    assert found["judge_gain"]["value"] == pytest.approx(
        _card(api)["kappa"]["value"] - found["kappa"]["value"]
    )
    assert found["judge_gain"]["low"] < found["judge_gain"]["value"] < found["judge_gain"]["high"]
    _relabel(api, dataset_id, "r20", "fail")
    assert _card(api)["supervised_baseline"]["kappa"]["value"] < found["kappa"]["value"]


def test_rows_that_a_judge_was_tuned_on_are_counted_and_can_be_left_out(
    app: FastAPI, api: httpx.Client, dataset_id: str
) -> None:
    with transaction(app.state.engine) as session:
        rows = session.scalars(select(ExampleRow).where(col(ExampleRow.label).is_not(None))).all()
        for row in rows:
            number = int(row.example_id.removeprefix("r"))
            row.part = ["train", "dev", "test", "test"][number % 4]
    assert _card(api)["searched"] == 0  # the judge is an instruction that somebody wrote
    with transaction(app.state.engine) as session:
        provenance = {"run_id": "run_1", "dataset_id": dataset_id}
        judge = {"source": "run_id", "artifact": {"provenance": provenance, "digest": "d"}}
        session.get_one(EvaluationRow, ID).judge = judge
    card = _card(api)
    assert (card["n"], card["searched"]) == (23, 12)
    tested = api.get(f"/evaluations/{ID}/agreement", params={"part": "test"}).json()
    assert (tested["n"], tested["n_labelled"], tested["searched"]) == (11, 12, 0)
    assert tested["confusion"]["tp"] == len(_rows(api, part="test", cell="tp")) == 4


def test_the_judge_is_told_as_it_was_asked_for(api: httpx.Client, dataset_id: str) -> None:
    found = api.get("/evaluations", params={"dataset_id": dataset_id}).json()["items"][0]
    assert found["judge"] == {
        "source": "instruction",
        "model": "m",
        "instruction": "Judge.",
        "run_id": None,
        "artifact_digest": None,
    }
    assert found["rows"] == "labelled"


def test_an_unknown_evaluation_and_an_unknown_cell_are_refused(api: httpx.Client, dataset_id: str) -> None:
    assert dataset_id
    assert api.get("/evaluations/eval_none/agreement").status_code == 404
    assert api.get("/evaluations/eval_none/verdicts", params={"cell": "tp"}).status_code == 404
    assert api.get(f"/evaluations/{ID}/verdicts", params={"cell": "tq"}).status_code == 422
