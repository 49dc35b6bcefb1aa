"""Datasets as a whole: listed, counted, changed, removed, exported."""

import csv
import io
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from service.datasets.snapshots import snapshot
from service.db import transaction
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.tables import JobRow
from tests.service.datasets.conftest import Api


def _rows(n: int, **more: Any) -> list[dict[str, Any]]:
    return [{"id": f"r{k}", "input": f"q{k}", "output": f"a{k}", "label": k % 2, **more} for k in range(n)]


def test_datasets_are_listed_newest_first_page_by_page(api: Api) -> None:
    ids = [api.create(name=f"d{n}")["id"] for n in range(5)]
    listed, cursor = [], None
    while True:
        page = api.client.get(
            "/api/datasets", params={"limit": 2} | ({"cursor": cursor} if cursor else {})
        ).json()
        listed += [item["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert listed == ids[::-1]


def test_a_cursor_of_another_list_is_refused(api: Api) -> None:
    dataset = api.create(*_rows(3))["id"]
    cursor = api.client.get(f"/api/datasets/{dataset}/examples", params={"limit": 1}).json()["next"]
    response = api.client.get("/api/datasets", params={"cursor": cursor})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")


def test_rows_are_paged_in_the_order_of_their_arrival(api: Api) -> None:
    dataset = api.create(*_rows(5))["id"]
    path = f"/api/datasets/{dataset}/examples"
    first = api.client.get(path, params={"limit": 3}).json()
    second = api.client.get(path, params={"limit": 3, "cursor": first["next"]}).json()
    assert [e["id"] for e in first["items"] + second["items"]] == ["r0", "r1", "r2", "r3", "r4"]
    assert second["next"] is None


def test_rows_are_filtered(api: Api) -> None:
    tied = {"id": "t", "input": "x", "output": "y", "labels": {"a": 1, "b": 0}}
    bare = {"id": "u", "input": "v", "output": "w"}
    dataset = api.create(*_rows(4), tied, bare)["id"]
    found = {
        str(filters): [e["id"] for e in api.examples(dataset, **filters)]
        for filters in ({"labelled": True}, {"labelled": False}, {"label": "fail"}, {"label": "tie"})
    }
    assert list(found.values()) == [["r0", "r1", "r2", "r3"], ["t", "u"], ["r0", "r2"], ["t"]]


def test_disagreement_with_an_unknown_evaluation_is_not_found(api: Api) -> None:
    dataset = api.create(*_rows(1))["id"]
    response = api.client.get(f"/api/datasets/{dataset}/examples", params={"disagrees_with": "ev_no"})
    assert (response.status_code, response.json()["kind"]) == (404, "evaluation")


def test_disagreement_follows_the_labels(api: Api, engine: Engine) -> None:
    rows = [{"id": f"r{k}", "input": f"q{k}", "output": "o", "label": k % 2} for k in range(4)]
    dataset = api.create(*rows)["id"]
    with transaction(engine) as session:
        session.add(JobRow(id="ev_1", kind="evaluation", dataset_id=dataset, status="succeeded"))
        session.flush()
        session.add(EvaluationRow(id="ev_1", dataset_id=dataset, model="offline", judge={}, last_row=99))
        session.flush()
        for number, verdict in enumerate(["fail", "fail", "pass", None]):
            session.add(
                VerdictRow(evaluation_id="ev_1", number=number, example_id=f"r{number}", verdict=verdict)
            )
    assert [e["id"] for e in api.examples(dataset, disagrees_with="ev_1")] == ["r1", "r2", "r3"]
    api.label(dataset, "r2", "anna", "pass")
    assert [e["id"] for e in api.examples(dataset, disagrees_with="ev_1")] == ["r1", "r3"]


def test_everything_is_counted(api: Api) -> None:
    tied = {"input": "x", "output": "y", "labels": {"anna": 1, "ben": 0}}
    body = api.dataset(api.create(*_rows(6, group="one"), tied)["id"])
    assert (body["examples"], body["labelled"], body["unlabelled"], body["tied"]) == (7, 6, 0, 1)
    assert (body["classes"], body["groups"]) == ({"pass": 3, "fail": 3}, 2)
    assert body["annotators"] == [{"name": "anna", "labels": 1}, {"name": "ben", "labels": 1}]


def test_people_s_agreement_is_that_of_the_pair_that_shares_most_rows(api: Api) -> None:
    # anna and ben share 24 rows: both pass 10, both fail 10, differ on 2 + 2.
    # observed 20/24, by chance 1/2, kappa (5/6 - 1/2) / (1/2) = 2/3
    cells = [(1, 1)] * 10 + [(0, 0)] * 10 + [(1, 0)] * 2 + [(0, 1)] * 2
    labels = [*({"anna": a, "ben": b} for a, b in cells), {"anna": 1, "carl": 0}]
    rows = [{"input": f"q{n}", "output": "o", "labels": said} for n, said in enumerate(labels)]
    agreement = api.create(*rows)["agreement"]
    assert (agreement["ceiling"]["annotators"], agreement["ceiling"]["n"]) == (["anna", "ben"], 24)
    assert agreement["ceiling"]["kappa"] == pytest.approx(2 / 3)
    assert [p["n"] for p in agreement["pairs"]] == [24, 1]


def test_one_annotator_agrees_with_nobody(api: Api) -> None:
    assert api.create({"input": "a", "output": "b", "labels": {"anna": 1}})["agreement"] is None


@pytest.mark.parametrize(
    ("n", "unlocks", "missing"),
    [
        (0, "evaluate", {"labels": 20}),
        (19, "evaluate", {"labels": 1}),
        (20, "optimize", {"labels": 30}),
        (99, "narrower intervals", {"labels": 1}),
        (100, "a dependable test", {"labels": 300}),
    ],
)
def test_the_next_milestone_says_what_is_missing(
    api: Api, n: int, unlocks: str, missing: dict[str, int]
) -> None:
    milestone = api.create(*_rows(n))["next_milestone"]
    assert (milestone["unlocks"], milestone["missing"]) == (unlocks, missing)


def test_all_milestones_say_what_they_unlock_and_whether_they_are_reached(api: Api) -> None:
    milestones = api.create(*_rows(60))["milestones"]
    assert [(m["labels"], m["unlocks"], m["reached"], m["missing"]) for m in milestones] == [
        (20, "evaluate", True, {}),
        (50, "optimize", True, {}),
        (100, "narrower intervals", False, {"labels": 40}),
        (400, "a dependable test", False, {"labels": 340}),
    ]


def test_one_class_alone_does_not_unlock_a_run(api: Api) -> None:
    body = api.create(*[row | {"label": 1} for row in _rows(60)])
    assert body["next_milestone"]["missing"] == {"fail": 10}
    assert "all 60 labels are pass" in body["warnings"][0]


def test_a_group_that_holds_half_the_data_is_warned_of(api: Api) -> None:
    rows = [row | ({"group": "big"} if k < 10 else {}) for k, row in enumerate(_rows(20))]
    assert "one group holds 10 of 20 rows (50%)" in api.create(*rows)["warnings"][0]


def test_a_dataset_is_renamed_and_its_criterion_restated(api: Api) -> None:
    dataset = api.create()["id"]
    body = api.client.patch(f"/api/datasets/{dataset}", json={"name": "new", "criterion": "Short."}).json()
    assert (body["name"], body["criterion"]) == ("new", "Short.")


def test_the_split_can_be_set_until_it_is_settled(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(30))["id"]
    halves = {"split": {"train": 0.5, "dev": 0.5, "test": 0.0}}
    assert api.client.patch(f"/api/datasets/{dataset}", json=halves).json()["split"] == halves["split"]
    with transaction(engine) as session:
        snapshot(session, dataset)
    assert api.client.patch(f"/api/datasets/{dataset}", json=halves).status_code == 200
    other = {"split": {"train": 0.4, "dev": 0.3, "test": 0.3}}
    assert api.client.patch(f"/api/datasets/{dataset}", json=other).status_code == 409


def test_parts_are_counted_once_they_are_settled(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(30))["id"]
    assert api.dataset(dataset)["parts"] == {"train": 0, "dev": 0, "test": 0}
    with transaction(engine) as session:
        snapshot(session, dataset)
    parts = api.dataset(dataset)["parts"]
    assert (sum(parts.values()), min(parts.values()) >= 8) == (30, True)


def test_a_removed_dataset_is_gone_with_its_rows(api: Api) -> None:
    dataset = api.create({**_rows(1)[0], "labels": {"anna": 1}})["id"]
    removed = api.client.delete(f"/api/datasets/{dataset}").json()
    nothing = {"snapshots": 0, "runs": 0, "evaluations": 0, "to_follow": []}
    assert removed == {"id": dataset, "examples": 1} | nothing
    assert api.client.get(f"/api/datasets/{dataset}").status_code == 404
    assert api.client.get(f"/api/datasets/{dataset}/examples").status_code == 404
    assert api.client.delete(f"/api/datasets/{dataset}").status_code == 404


def test_a_dataset_that_is_worked_on_stays(api: Api, engine: Engine) -> None:
    dataset = api.create(*_rows(1))["id"]
    at = datetime.now(UTC)
    with transaction(engine) as session:
        session.add(JobRow(id="run_1", kind="run", dataset_id=dataset, status="running", created_at=at))
    response = api.client.delete(f"/api/datasets/{dataset}")
    assert (response.status_code, "run_1" in response.json()["detail"]) == (409, True)


HARD: list[dict[str, Any]] = [
    {
        "id": "1",
        "input": 'say "hi",\r\nnow;\t|',
        "output": " =1+1 ",
        "label": 1,
        "critique": "ä\nö",
        "group": "g",
    },
    {"id": "a/b", "input": "", "output": "\u2028\x0b👋", "labels": {"anna": 1, "ben": 0, "carl, jr.": 0}},
    {"id": "x", "input": "\ufeffq", "output": "z\rz", "group": "g 1"},
]


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_what_is_exported_can_be_uploaded_again(api: Api, form: str) -> None:
    dataset = api.create(*HARD)["id"]
    exported = api.client.get(f"/api/datasets/{dataset}/export", params={"format": form})
    again = api.upload(exported.content, f"again.{form}").json()
    keys = ("id", "input", "output", "label", "critique", "group")
    before, after = api.examples(dataset), api.examples(again["id"])
    assert [[e[k] for k in keys] for e in before] == [[e[k] for k in keys] for e in after]
    assert [{a: n["label"] for a, n in e["labels"].items()} for e in before] == [
        {a: n["label"] for a, n in e["labels"].items()} for e in after
    ]


def test_an_export_is_a_file_of_its_kind(api: Api) -> None:
    dataset = api.create(*_rows(3))["id"]
    as_csv = api.client.get(f"/api/datasets/{dataset}/export")
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{dataset}.csv"' in as_csv.headers["content-disposition"]
    assert [row["label"] for row in csv.DictReader(io.StringIO(as_csv.text))] == ["fail", "pass", "fail"]
    as_jsonl = api.client.get(f"/api/datasets/{dataset}/export", params={"format": "jsonl"})
    assert [json.loads(line)["id"] for line in as_jsonl.text.splitlines()] == ["r0", "r1", "r2"]


def test_a_long_export_is_complete(api: Api) -> None:
    dataset = api.create(*_rows(1234))["id"]
    exported = api.client.get(f"/api/datasets/{dataset}/export", params={"format": "jsonl"})
    assert len(exported.text.splitlines()) == 1234


def test_nothing_cannot_be_exported(api: Api) -> None:
    assert api.client.get("/api/datasets/ds_no/export").status_code == 404
