"""A version against a dataset's labels, on rows that it was not built from."""

from dataclasses import replace
from typing import Any

from experiments.standin import CRITERION
from optimizers.types import Candidate, Demonstration, Failure
from service.db import transaction
from service.evaluations.tables import VerdictRow
from service.jobs.states import Status
from service.jobs.tables import JobRow
from tests.service.judges.conftest import GOOD, ROWS, TRAFFIC, House, shown


def _measured(house: House, name: str, dataset_id: str, *, expect: int = 200) -> dict[str, Any]:
    return house.post(f"/judges/{name}/agreement", {"dataset_id": dataset_id}, expect=expect)


def _append(house: House, dataset_id: str, rows: Any) -> None:
    examples = [shown(row) | {"label": row.label.value} for row in rows]
    house.post(f"/datasets/{dataset_id}/examples", {"examples": examples}, expect=201)


def test_on_its_own_dataset_a_judge_is_measured_on_its_test_rows_for_nothing(house: House) -> None:
    dataset_id = house.in_use("own")
    paid = len(house.standin.calls)
    found = _measured(house, "own", dataset_id)
    parts = house.get(f"/datasets/{dataset_id}")["parts"]
    assert (found["n"], found["built_from"]) == (parts["test"], parts["train"] + parts["dev"])
    kept = house.get("/judges/own")["versions"][0]["measured"]
    assert (found["kappa"], found["confusion"]) == (kept["kappa"], kept["confusion"])
    assert found["bound"] <= kept["kappa"]["low"]
    assert found["usage"]["cached_calls"] == found["usage"]["calls"] == found["n"]
    assert len(house.standin.calls) == paid


def test_rows_that_were_labelled_later_count_whatever_part_they_get(house: House) -> None:
    dataset_id = house.in_use("later")
    before = _measured(house, "later", dataset_id)["n"]
    _append(house, dataset_id, TRAFFIC[:30])
    house.post("/runs", {"dataset_id": dataset_id}, expect=202)  # gives them their parts
    assert _measured(house, "later", dataset_id)["n"] == before + 30


def test_rows_that_it_was_built_from_do_not_count_in_another_dataset_either(house: House) -> None:
    house.in_use("copied")
    copied = house.dataset([*ROWS, *TRAFFIC[:10]])
    found = _measured(house, "copied", copied)
    assert found["built_from"] > 0
    assert found["n"] == len(ROWS) + 10 - found["built_from"]


def test_rows_that_verdicts_picked_do_not_count(house: House) -> None:
    dataset_id = house.in_use("picked")
    examples = [shown(row) for row in TRAFFIC[:4]]
    house.post(f"/datasets/{dataset_id}/examples", {"examples": examples}, expect=201)
    for row in examples:
        path = f"/datasets/{dataset_id}/examples/{row['id']}/labels/ann"
        house.api.put(path, json={"label": "pass", "picked_by": "disagreement"})
    assert _measured(house, "picked", dataset_id)["picked"] == 4


def test_too_few_rows_are_refused_with_what_is_missing(house: House) -> None:
    house.in_use("few")
    refused = _measured(house, "few", house.dataset(TRAFFIC[:15]), expect=409)
    assert (refused["code"], refused["missing"]) == ("not_enough_labels", {"labels": 5})


def test_a_file_that_was_built_elsewhere_is_measured_with_a_warning(house: House) -> None:
    shot = ROWS[0]
    solved = Demonstration(example_id="x", input=shot.input, output=shot.output, label=shot.label)
    foreign = house.artifact(replace(GOOD, demonstrations=(solved,)), provenance={"snapshot": "elsewhere"})
    house.keep("foreign", artifact=foreign.to_plain())
    body = {"dataset_id": house.dataset(), "version": 1}
    found = house.post("/judges/foreign/agreement", body)
    assert (found["n"], found["built_from"]) == (len(ROWS) - 1, 1)
    assert "not known here" in found["warnings"][0]


def test_an_unknown_dataset_is_not_found(house: House) -> None:
    house.in_use("lost")
    assert _measured(house, "lost", "ds_none", expect=404)["kind"] == "dataset"


# --- the judge of an evaluation ---------------------------------------------------------------------


def _evaluated(house: House, dataset_id: str, judge: dict[str, Any], candidate: Candidate) -> str:
    """An evaluation as a worker leaves it."""
    started = house.post("/evaluations", {"dataset_id": dataset_id, "judge": judge}, expect=202)
    examples = [row.labelled.example for row in ROWS]
    outcomes = house.app.state.judging.judge(house.artifact(candidate), examples).outcomes
    with transaction(house.app.state.engine) as session:
        for number, row in enumerate(ROWS, start=1):
            outcome = outcomes[row.id]
            assert not isinstance(outcome, Failure)
            session.add(
                VerdictRow(
                    evaluation_id=started["id"],
                    number=number,
                    example_id=row.id,
                    label=row.label,
                    verdict=outcome.label,
                )
            )
        session.get_one(JobRow, started["id"]).status = Status.SUCCEEDED
    return str(started["id"])


def test_the_judge_of_an_evaluation_is_kept_with_what_it_measured(house: House) -> None:
    dataset_id = house.dataset()
    model = {"model": "openai/simulated", "api_base": house.standin.api_base}
    judge = model | {"instruction": GOOD.instruction}
    kept = house.keep("evaluated", evaluation_id=_evaluated(house, dataset_id, judge, GOOD))
    assert (kept["source"], kept["dataset_id"], kept["conclusion"]) == ("evaluation", dataset_id, None)
    # Nobody searched for this judge, so all labelled rows count.
    assert (kept["measured"]["by"], kept["measured"]["n"]) == ("evaluation", len(ROWS))
    artifact = house.get("/judges/evaluated/versions/1")
    assert (artifact["criterion"], artifact["calls"][0]["model"]["name"]) == (CRITERION, "openai/simulated")


def test_of_a_run_winners_evaluation_only_rows_that_it_was_not_built_from_count(house: House) -> None:
    dataset_id = house.dataset()
    run_id = house.run(dataset_id)
    evaluation_id = _evaluated(house, dataset_id, {"run_id": run_id}, GOOD)
    kept = house.keep("winner", evaluation_id=evaluation_id)
    assert kept["measured"]["n"] == house.get(f"/datasets/{dataset_id}")["parts"]["test"]
    assert kept["conclusion"] == "improved"


def test_an_evaluation_that_has_not_succeeded_is_no_judge(house: House) -> None:
    model = {"model": "openai/simulated", "api_base": house.standin.api_base}
    body = {"dataset_id": house.dataset(), "judge": model}
    evaluation_id = house.post("/evaluations", body, expect=202)["id"]
    assert "queued" in house.keep("hasty", evaluation_id=evaluation_id, expect=409)["detail"]
