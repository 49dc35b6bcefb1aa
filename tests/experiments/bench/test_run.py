"""The whole benchmark on invented rows, through the command."""

import json
from pathlib import Path

import httpx
import pytest
from typer.testing import CliRunner

from experiments.bench.relay import Relay
from experiments.bench.run import Plan, run
from experiments.standin import StandIn
from experiments.worlds import SimulatedJudge
from service.cli.root import app

QUESTION = {"model": "simulated", "messages": [{"role": "user", "content": "Hello"}]}


def plan(data: Path, out: Path, *peers: str) -> Plan:
    return Plan(data=data, out=out, files=["invented"], peers=peers, budgets=[120], seeds=1, jobs=1)


def test_what_is_there_is_not_measured_again(data: Path, tmp_path: Path) -> None:
    told: list[str] = []
    run(plan(data, tmp_path, "baseline"), told.append)
    first = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "results").iterdir()}
    report = run(plan(data, tmp_path, "baseline", "labeled_fewshot_8"), told.append)
    again = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "results").iterdir()}
    assert len(told) == 2
    assert {name: again[name] for name in first} == first
    assert len(again) == 2
    assert "labeled_fewshot_8" in report.read_text()


def test_the_command_measures_and_reports(data: Path, tmp_path: Path) -> None:
    options = ["--data", str(data), "--out", str(tmp_path), "--file", "invented", "--seeds", "1"]
    chosen = ["--peers", "baseline,instruction_search", "--budgets", "120", "--jobs", "1"]
    result = CliRunner().invoke(app, ["bench", "strategies", *options, *chosen])
    assert result.exit_code == 0, result.output
    summary = json.loads((tmp_path / "summary.json").read_text())
    lines = {line["entry"]: line for line in summary["lines"]}
    assert lines["instruction_search@120"]["calls"] <= 120
    assert lines["baseline"]["calls"] == 0
    assert not [line for line in lines.values() if line["failed"]]


def test_an_unknown_peer_is_refused_before_anything_is_asked(data: Path, tmp_path: Path) -> None:
    options = ["--data", str(data), "--out", str(tmp_path / "new"), "--file", "invented", "--peers", "nobody"]
    result = CliRunner().invoke(app, ["bench", "strategies", *options])
    assert result.exit_code == 2
    assert not (tmp_path / "new").exists()


def test_a_real_model_is_asked_through_a_relay_that_counts(
    data: Path, world: SimulatedJudge, tmp_path: Path
) -> None:
    with StandIn(world) as server:
        whole = Plan(
            data=data,
            out=tmp_path,
            files=["invented"],
            peers=["baseline", "instruction_search"],
            budgets=[120],
            seeds=1,
            jobs=1,
            model="openai/stand-in",
            api_base=server.api_base,
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("OPENAI_API_KEY", "none")
            run(whole, lambda _: None)
    summary = json.loads((tmp_path / "summary.json").read_text())
    lines = {line["entry"]: line for line in summary["lines"]}
    assert summary["simulated"] is False
    assert summary["reachable"] is None
    assert 30 <= lines["instruction_search@120"]["calls"] <= 120
    assert not [line for line in lines.values() if line["failed"]]


def test_a_relay_passes_on_and_counts_whole_answers(world: SimulatedJudge) -> None:
    with StandIn(world) as server, Relay(server.api_base) as relay:
        good = httpx.post(f"{relay.api_base}/chat/completions", json=QUESTION)
        bad = httpx.post(f"{relay.api_base}/chat/completions", json={"messages": 3})
        models = httpx.get(f"{relay.api_base}/models")
        assert good.json()["choices"][0]["message"]["content"]
        assert bad.status_code == 400
        assert models.json()["data"][0]["id"] == "simulated"
        assert relay.calls == len(server.calls) == 1


def test_a_model_that_cannot_be_reached_is_a_server_error() -> None:
    with Relay("http://127.0.0.1:9") as relay:
        answer = httpx.post(f"{relay.api_base}/chat/completions", json=QUESTION)
    assert answer.status_code == 500
    assert relay.calls == 0
