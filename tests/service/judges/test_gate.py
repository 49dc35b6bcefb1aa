"""`concord gate` in a build: its exit codes, its sentence, and which rows it counts."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from experiments.standin import CRITERION, write_csv
from optimizers.artifact import Artifact
from optimizers.splits import Fractions
from optimizers.types import Part, Snapshot
from service.cli.files import read_file, snapshot_of
from service.cli.root import app
from tests.service.judges.conftest import GOOD, POOR, ROWS, TRAFFIC, House

Gate = Callable[..., Result]
NOBODY = "http://127.0.0.1:9"


def _invoke(*arguments: object) -> Result:
    with capture_logs():  # the service's, which runs in this process
        return CliRunner().invoke(app, ["gate", *map(str, arguments)])


@pytest.fixture
def gate(house: House) -> Gate:
    """Runs `concord gate` with arguments, at the service."""
    url = str(house.api.base_url).removesuffix("/api/")
    return lambda *arguments: _invoke(*arguments, "--url", url)


# --- on the server ----------------------------------------------------------------------------------


def test_a_champion_at_its_measured_level_passes_and_pays_nothing(house: House, gate: Gate) -> None:
    dataset_id = house.in_use("steady")
    paid = len(house.standin.calls)
    found = gate("steady", "--dataset", dataset_id)
    assert found.exit_code == 0, found.output
    assert found.stdout.startswith("Kappa of version 1 of steady on ")
    assert len(house.standin.calls) == paid


def test_a_champion_below_the_bound_fails_the_build_with_a_sentence(house: House, gate: Gate) -> None:
    dataset_id = house.in_use("weak", POOR)
    found = gate("weak", "--dataset", dataset_id, "--min-kappa", 0.5)
    assert found.exit_code == 1
    assert found.stdout.endswith("below the least kappa, 0.500.\n")


def test_the_lower_limit_can_be_what_counts(house: House, gate: Gate) -> None:
    dataset_id = house.in_use("limited")
    kappa = json.loads(gate("limited", "--dataset", dataset_id, "--json").stdout)["kappa"]
    between = (kappa["low"] + kappa["value"]) / 2
    assert gate("limited", "--dataset", dataset_id, "--min-kappa", between).exit_code == 0
    below = gate("limited", "--dataset", dataset_id, "--min-low", between)
    assert (below.exit_code, "its lower limit is below" in below.stdout) == (1, True)


def test_the_json_says_whether_it_passed_and_on_which_rows(house: House, gate: Gate) -> None:
    dataset_id = house.in_use("told")
    told = json.loads(gate("told", "--dataset", dataset_id, "--min-kappa", 0.2, "--json").stdout)
    parts = house.get(f"/datasets/{dataset_id}")["parts"]
    assert (told["passed"], told["version"], told["rows"]) == (True, 1, dataset_id)
    assert (told["n"], told["built_from"]) == (parts["test"], parts["train"] + parts["dev"])
    assert told["bounds"] == {"kappa": 0.2, "low": None}


def test_without_any_bound_the_call_is_wrong(house: House, gate: Gate) -> None:
    house.in_use("boundless", test=0)
    found = gate("boundless", "--dataset", house.dataset(TRAFFIC[:60]))
    assert (found.exit_code, "--min-kappa or --min-low is missing" in found.stderr) == (2, True)


def test_labels_of_one_class_pass_no_gate(house: House, gate: Gate) -> None:
    house.in_use("one-sided")
    same = house.dataset([row for row in TRAFFIC if row.label == "pass"][:40])
    found = gate("one-sided", "--dataset", same, "--min-kappa", 0)
    assert (found.exit_code, "40 pass and 0 fail" in found.stderr) == (2, True)


def test_what_is_not_there_is_a_wrong_call(house: House, gate: Gate) -> None:
    assert gate("nobody", "--dataset", "ds_none", "--min-kappa", 0.1).exit_code == 2
    house.in_use("lonely")
    assert gate("lonely", "--dataset", "ds_none", "--min-kappa", 0.1).exit_code == 2
    assert gate("lonely").exit_code == 2
    assert gate("lonely", "--dataset", "d", "--min-kappa", 1.5).exit_code == 2


def test_a_server_that_does_not_answer_is_no_measurement() -> None:
    found = _invoke("x", "--dataset", "d", "--url", NOBODY, "--min-kappa", 0.1)
    assert (found.exit_code, "no answer from" in found.stderr) == (3, True)


# --- a file -----------------------------------------------------------------------------------------


def _write(tmp_path: Path, artifact: Artifact) -> Path:
    path = tmp_path / "judge.json"
    path.write_text(artifact.to_json(), encoding="utf-8")
    return path


def _snapshot(labels: Path) -> Snapshot:
    return snapshot_of(read_file(labels), name="labels", criterion=CRITERION, fractions=Fractions())


def test_a_judge_file_is_measured_on_the_test_rows_of_its_own_labels(house: House, tmp_path: Path) -> None:
    labels = write_csv(ROWS, tmp_path / "labels.csv")
    snapshot = _snapshot(labels)
    judge = _write(tmp_path, house.artifact(GOOD, provenance={"snapshot": snapshot.digest}))
    found = _invoke(judge, labels, "--min-kappa", 0.3, "--json")
    assert found.exit_code == 0, found.output
    told = json.loads(found.stdout)
    assert told["n"] == len(snapshot.part(Part.TEST))
    assert told["warnings"] == []
    paid = len(house.standin.calls)
    assert _invoke(judge, labels, "--min-kappa", 0.3).exit_code == 0
    assert len(house.standin.calls) == paid


def test_a_judge_file_below_the_bound_fails_the_build(house: House, tmp_path: Path) -> None:
    judge = _write(tmp_path, house.artifact(POOR))
    labels = write_csv(ROWS[:60], tmp_path / "labels.csv")
    found = _invoke(judge, labels, "--min-kappa", 0.5)
    assert (found.exit_code, "below the least kappa" in found.stdout) == (1, True)


def test_other_labels_are_all_counted_with_a_warning(house: House, tmp_path: Path) -> None:
    judge = _write(tmp_path, house.artifact(GOOD, provenance={"snapshot": "elsewhere"}))
    labels = write_csv(TRAFFIC[:40], tmp_path / "labels.csv")
    found = _invoke(judge, labels, "--min-kappa", 0.3, "--json")
    assert json.loads(found.stdout)["n"] == 40
    assert "may flatter it" in found.stderr


def test_a_provider_that_refuses_the_key_is_no_measurement(house: House, tmp_path: Path) -> None:
    judge = _write(tmp_path, house.artifact(GOOD))
    labels = write_csv(TRAFFIC[60:100], tmp_path / "labels.csv")
    house.standin.faults.accepted_key = "sk-another"
    try:
        found = _invoke(judge, labels, "--min-kappa", 0.3)
    finally:
        house.standin.faults.accepted_key = None
    assert found.exit_code == 3, found.output


def test_what_is_no_judge_file_or_too_few_labels_is_a_wrong_call(house: House, tmp_path: Path) -> None:
    few = write_csv(TRAFFIC[:10], tmp_path / "few.csv")
    judge = _write(tmp_path, house.artifact(GOOD))
    assert _invoke(judge, few, "--min-kappa", 0.1).exit_code == 2
    assert _invoke(few, few, "--min-kappa", 0.1).exit_code == 2
    assert _invoke(tmp_path / "none.json", few, "--min-kappa", 0.1).exit_code == 2
    assert _invoke(judge, tmp_path / "none.csv").exit_code == 2
