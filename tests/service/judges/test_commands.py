"""`concord judges`, as it is typed, against a service over a real socket."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner, Result

from experiments.standin import write_csv
from service.cli.root import app
from service.client import ConcordClient
from service.client_errors import Refused
from tests.service.judges.conftest import POOR, TRAFFIC, House

Concord = Callable[..., Result]


@pytest.fixture
def concord(house: House) -> Concord:
    """Runs `concord` with arguments, at the service."""

    def run(*arguments: object) -> Result:
        server = str(house.api.base_url).removesuffix("/api/")
        with capture_logs():  # the service's, which runs in this process
            return CliRunner().invoke(app, [*map(str, arguments), "--server", server])

    return run


@pytest.fixture
def traffic_csv(tmp_path: Path) -> Path:
    return write_csv(TRAFFIC[:30], tmp_path / "traffic.csv")


def test_a_judge_is_created_promoted_and_listed(house: House, concord: Concord) -> None:
    run_id = house.run(house.dataset())
    assert concord("judges", "create", "desk", "--run", run_id).stdout == "desk, version 1\n"
    assert concord("judges", "promote", "desk", 1).stdout == "the champion of desk is version 1\n"
    listed = concord("judges", "list").stdout
    assert "desk\t1\t1\t" in listed
    assert "too few" in listed
    assert "improved" in concord("judges", "show", "desk").stdout


def test_a_promotion_that_nobody_speaks_for_is_refused(house: House, concord: Concord) -> None:
    concord("judges", "create", "poor", "--run", house.run(house.dataset(), POOR))
    refused = concord("judges", "promote", "poor", 1)
    assert isinstance(refused.exception, Refused)
    assert "`because`" in str(refused.exception)
    assert concord("judges", "promote", "poor", 1, "--because", "a try", "--by", "ann").exit_code == 0


def test_an_exported_version_can_be_kept_again(house: House, concord: Concord, tmp_path: Path) -> None:
    house.in_use("origin")
    file = tmp_path / "judge.json"
    assert concord("judges", "export", "origin", "--out", file).exit_code == 0
    assert concord("judges", "create", "origin", "--file", file).stdout == "origin, version 1\n"
    assert concord("judges", "create", "copy", "--file", file).stdout == "copy, version 1\n"


def test_a_file_is_judged_and_its_rate_and_sample_are_told(
    house: House, concord: Concord, traffic_csv: Path
) -> None:
    house.in_use("used")
    judged = concord("judges", "judge", "used", traffic_csv)
    lines = list(csv.DictReader(io.StringIO(judged.stdout)))
    assert [line["id"] for line in lines] == [row.id for row in TRAFFIC[:30]]
    assert {line["verdict"] for line in lines} == {"pass", "fail"}
    assert concord("judges", "rate", "used").stdout.startswith("pass rate 0.")
    assert json.loads(concord("judges", "rate", "used", "--json").stdout)["n"] == 30
    assert len(concord("judges", "sample", "used", "-n", 5).stdout.splitlines()) == 5


def test_kept_rows_are_saved_as_a_table(
    house: House, concord: Concord, traffic_csv: Path, tmp_path: Path
) -> None:
    house.in_use("saved")
    judged = list(csv.DictReader(io.StringIO(concord("judges", "judge", "saved", traffic_csv).stdout)))
    out = tmp_path / "failed.csv"
    concord("judges", "traffic", "saved", "--verdict", "fail", "--out", out)
    failed = list(csv.DictReader(out.open(encoding="utf-8")))
    assert {row["id"] for row in failed} == {row["id"] for row in judged if row["verdict"] == "fail"}
    assert {row["input"] for row in failed} <= {row.input for row in TRAFFIC}


def test_what_is_not_to_be_kept_is_judged_all_the_same(
    house: House, concord: Concord, traffic_csv: Path
) -> None:
    house.in_use("private")
    assert concord("judges", "judge", "private", traffic_csv, "--no-keep").exit_code == 0
    assert house.get("/judges/private")["traffic"] == 0


def test_a_monitor_leaves_with_one_when_agreement_has_fallen(house: House, concord: Concord) -> None:
    dataset_id = house.in_use("watched")
    house.judge("watched", TRAFFIC[:80])
    quiet = concord("judges", "monitor", "watched")
    assert (quiet.exit_code, "too few labels" in quiet.stdout) == (0, True)
    drawn = house.post("/judges/watched/samples", {"n": 60}, expect=201)["example_ids"]
    house.label(dataset_id, drawn, wrong=True)
    fallen = concord("judges", "monitor", "watched")
    assert (fallen.exit_code, "agreement has fallen (sample 1)" in fallen.stdout) == (1, True)


def test_two_sources_are_one_too_many(concord: Concord) -> None:
    assert concord("judges", "create", "x", "--run", "a", "--evaluation", "b").exit_code == 2


def test_a_deleted_judge_is_gone(house: House, concord: Concord) -> None:
    house.in_use("short-lived")
    assert "versions: 1" in concord("judges", "delete", "short-lived", "--yes").stdout
    assert isinstance(concord("judges", "show", "short-lived").exception, Refused)


def test_the_client_speaks_of_named_judges(house: House) -> None:
    dataset_id = house.dataset()
    with ConcordClient(str(house.api.base_url).removesuffix("/api/")) as client:
        kept = client.judges.keep("python", {"run_id": house.run(dataset_id)}, note="by client")
        assert (kept.version, kept.conclusion) == (1, "improved")
        assert client.judges.promote("python", 1)["champion"] == 1
        said = client.judges.judge("python", [{"input": TRAFFIC[0].input, "output": TRAFFIC[0].output}])
        assert said[0].verdict in {"pass", "fail"}
        assert client.judges.agreement("python", dataset_id)["n"] > 20
        named = next(judge for judge in client.judges.list() if judge.name == "python")
        assert (named.champion, named.versions, named.traffic) == (1, 1, 1)
        assert '"concord.judge"' in client.judges.artifact("python", 1)
