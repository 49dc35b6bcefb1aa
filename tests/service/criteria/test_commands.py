"""`concord criteria`, `assertions`, `card` and `select`, as they are typed, against a service."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from service.app import create_app
from service.settings import Settings
from service.up import own_command
from tests.service.cli.conftest import clean_environment
from tests.service.conftest import serve
from tests.service.criteria.conftest import Api, say

Result = subprocess.CompletedProcess[str]
Concord = Callable[..., Result]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Settings, httpx.Client]]:
    """On one database: what is typed does not depend on it."""
    settings = Settings(home=tmp_path_factory.mktemp("home"))
    with serve(create_app(settings)) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield settings, client


@pytest.fixture
def concord(served: tuple[Settings, httpx.Client], tmp_path: Path) -> Concord:
    """Runs `concord` with arguments, at the service."""

    def run(*arguments: object) -> Result:
        environment = clean_environment(CONCORD_URL=str(served[1].base_url))
        command = own_command(*map(str, arguments))
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=100, check=False
        )

    return run


def _id(result: Result) -> str:
    assert result.returncode == 0, result.stderr
    return result.stdout.strip()


def test_a_criterion_is_added_restated_and_retired(api: Api, concord: Concord) -> None:
    cid = _id(concord("criteria", "add", api.dataset, "It is short.", "--author", "anna"))
    api.label("fp")
    edited = concord(
        "criteria", "edit", api.dataset, cid, "--text", "At most 50 words.", "--note", "how short?"
    )
    assert f"{cid}, version 2" in edited.stdout
    assert "r0\tfail\t0.05\tlabelled before the change" in edited.stdout
    shown = concord("criteria", "show", api.dataset, cid).stdout
    assert "how short?" in shown
    assert "\tcreated\t1\tanna\tIt is short." in shown
    assert _id(concord("criteria", "retire", api.dataset, cid)) == cid
    assert cid not in concord("criteria", "list", api.dataset).stdout
    assert (
        f"{cid}\tIt is short\t2\t0\tretired" in concord("criteria", "list", api.dataset, "--retired").stdout
    )
    assert _id(concord("criteria", "restore", api.dataset, cid)) == cid


def test_assertions_are_added_and_bad_checks_refused(api: Api, concord: Concord) -> None:
    cid = _id(concord("criteria", "add", api.dataset, "It is short."))
    own = _id(concord("assertions", "add", api.dataset, cid, "words(output) <= 50", "--kind", "check"))
    prompt = _id(concord("assertions", "add", api.dataset, cid))
    refused = concord("assertions", "add", api.dataset, cid, "wrods(output) <= 50", "--kind", "check")
    assert refused.returncode == 1
    assert "line 1, column 6" in refused.stderr
    listed = concord("assertions", "list", api.dataset).stdout
    assert f"{own}\t{cid}\tcheck\t0\t\twords(output) <= 50" in listed
    assert _id(concord("assertions", "retire", api.dataset, prompt)) == prompt
    assert (
        f"{prompt}\t{cid}\tprompt\t0\tretired" in concord("assertions", "list", api.dataset, "--all").stdout
    )
    assert "words(text)\tnumber of words" in concord("assertions", "functions").stdout


def test_the_card_and_the_chosen_set_are_shown(api: Api, engine: Engine, concord: Concord) -> None:
    words = "fp" * 30
    data = api.filled(words)
    cid = _id(concord("criteria", "add", data.dataset, "It is short."))
    own = _id(concord("assertions", "add", data.dataset, cid, "true", "--kind", "check"))
    assert "It is short\t0\t" in concord("card", data.dataset).stdout
    say(engine, own, words)
    assert "It is short\t60\t30\t1.00 (0.89 to 1.00)" in concord("card", data.dataset, "--all").stdout
    assert json.loads(concord("card", data.dataset, "--json").stdout)["n_labelled"] == 18
    chosen = concord("select", data.dataset, "--rule", "evalgen")
    assert f"{own}\tIt is short\tcheck\ttrue" in chosen.stdout
    assert "on 18 others: coverage 1.00" in chosen.stderr
    assert json.loads(concord("select", data.dataset, "--json").stdout)["rule"] == "kappa"


def test_a_run_of_assertions_is_started_listed_and_cancelled(api: Api, concord: Concord) -> None:
    api.label("fp")
    api.assertion(api.criterion()["id"])
    run_id = _id(concord("assertions", "run", api.dataset))
    assert (
        f"{run_id}\tqueued\t0\t\t{api.dataset}"
        in concord("assertions", "runs", "--dataset", api.dataset).stdout
    )
    assert _id(concord("assertions", "cancel", run_id)) == "cancelled"
    assert _id(concord("assertions", "resume", run_id)) == "queued"
    api.send("POST", f"/assertion-runs/{run_id}/cancel")


def test_suggestions_need_the_files_that_they_are_drawn_from(
    api: Api, concord: Concord, tmp_path: Path
) -> None:
    (tmp_path / "prompt.txt").write_text("Answer politely.", encoding="utf-8")
    wrong = concord(
        "criteria", "suggest", api.dataset, "--from", "history", "--prompt", tmp_path / "prompt.txt"
    )
    assert (wrong.returncode, "two files or more" in wrong.stderr) == (2, True)
    assert concord("criteria", "suggest", api.dataset, "--from", "prompt").returncode == 2
