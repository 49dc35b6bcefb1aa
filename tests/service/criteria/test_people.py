"""How people agree, whether each labels as they used to, and whose labels are suspect."""

from datetime import UTC, datetime, timedelta
from secrets import randbelow

from sqlalchemy import Engine, update

from service.datasets.tables import LabelRow
from service.db import transaction
from tests.service.criteria.conftest import Api
from tests.service.datasets.judging import evaluate, run


def test_each_pair_and_all_together_are_compared(api: Api) -> None:
    api.label("ffpppp")
    api.label("fpppp", "ben")
    found = api.get("/people")
    assert found["people"] == [{"name": "anna", "rows": 6}, {"name": "ben", "rows": 5}]
    pair = found["pairs"][0]
    assert (pair["annotators"], pair["disagreed"], pair["enough"]) == (["anna", "ben"], ["r1"], False)
    # 4 of 5 agree; by chance (2 * 1 + 3 * 4) / 25 = 0.56: (0.8 - 0.56) / 0.44
    assert round(pair["kappa"]["value"], 4) == 0.5455
    assert (found["alpha"]["n"], found["enough"]) == (5, False)


def test_who_labels_differently_later_on_has_changed(api: Api, engine: Engine) -> None:
    data = Api(api.client, rows=60)
    data.label("f" * 4 + "p" * 26 + "f" * 24 + "p" * 6)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with transaction(engine) as session:
        for k in range(60):
            of_row = (LabelRow.dataset_id == data.dataset) & (LabelRow.example_id == f"r{k}")
            change = update(LabelRow).where(of_row).values(created_at=start + timedelta(minutes=k))  # type: ignore[arg-type]  # SQLModel types columns as their values
            session.execute(change)
    drift = data.get("/people")["drift"][0]
    assert (drift["annotator"], drift["status"]) == ("anna", "changed")
    assert (drift["halves"]["early"]["value"], drift["halves"]["late"]["value"]) == (4 / 30, 24 / 30)


def test_labels_of_a_file_have_no_time(api: Api) -> None:
    rows = [
        {"id": f"r{k}", "input": f"q{k}", "output": "a", "labels": {"anna": "fail" if k > 30 else "pass"}}
        for k in range(60)
    ]
    dataset = api.create(*rows)
    found = api.send("GET", f"/datasets/{dataset}/people")
    assert found["people"] == [{"name": "anna", "rows": 60}]
    assert found["drift"] == []


def test_a_second_look_at_a_doubtful_label_tells_nothing_of_the_person(api: Api) -> None:
    data = Api(api.client, rows=12)
    data.label("p" * 12)
    data.label("f" * 12, picked_by="doubt")
    drift = data.get("/people")["drift"][0]
    assert (drift["repeats"], drift["status"]) == (None, "too few labels")


def test_nobody_has_labelled_anything(api: Api) -> None:
    found = api.get("/people")
    assert (found["people"], found["pairs"], found["alpha"]["value"]) == ([], [], None)


# --- suspects ---------------------------------------------------------------------------------------

TRUTH = "ffppp" * 16
WRONG = {"r0", "r2"}


def _labelled_with_two_mistakes(api: Api) -> Api:
    turned = [{"f": "p", "p": "f"}[w] if f"r{k}" in WRONG else w for k, w in enumerate(TRUTH)]
    return api.filled("".join(turned))


def test_labels_that_good_judges_contradict_are_suspects(api: Api, engine: Engine) -> None:
    data = _labelled_with_two_mistakes(api)
    said = {f"r{k}": word for k, word in enumerate(TRUTH)}
    number = randbelow(10**6)
    ids = [evaluate(engine, data.dataset, number + k, said) for k in range(2)]
    found = data.get("/suspects")
    assert {one["example_id"] for one in found["suspects"]} == WRONG
    assert sorted(found["witnesses"]) == sorted(ids)
    first = found["suspects"][0]
    assert (first["annotator"], first["asked"], len(first["contradicted_by"])) == (None, 2, 2)
    assert (found["looked_at"], found["why_none"]) == (80, None)


def test_a_run_s_candidates_can_be_asked_alone(api: Api, engine: Engine) -> None:
    data = _labelled_with_two_mistakes(api)
    said = {f"r{k}": word for k, word in enumerate(TRUTH)}
    run(engine, data.dataset, [said, said])
    found = data.get("/suspects", run_id="run_1")
    assert {one["example_id"] for one in found["suspects"]} == WRONG
    assert data.get("/suspects", run_id="run_no", expect=404)["kind"] == "run"
    assert api.get("/suspects", run_id="run_1", expect=404)["kind"] == "run"
    data.send("DELETE", data.at)


def test_it_is_said_why_there_are_no_suspects(api: Api) -> None:
    assert "2 are needed" in api.get("/suspects")["why_none"]
