"""`concord optimize --from`: a run on a file that starts from an earlier run's judge."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from experiments.standin import CRITERION, StandIn
from optimizers.artifact import Artifact, artifact_of, from_json
from optimizers.rendering import render
from optimizers.types import Candidate, Message, ModelRef, VerbatimPrompt

Concord = Callable[..., "subprocess.CompletedProcess[str]"]


def optimize(standin: StandIn, out: str, *more: object) -> list[object]:
    model = ["--model", "openai/simulated", "--api-base", standin.api_base, "--ledger", "paid.db"]
    return ["optimize", "rows.csv", "--criterion", CRITERION, *model, "--max-calls", 260, "--out", out, *more]


def judge_in(folder: Path, name: str) -> Artifact:
    return from_json((folder / name).read_text(encoding="utf-8"))


def named(judge: Artifact) -> object:
    configuration = judge.provenance["configuration"]
    assert isinstance(configuration, dict)
    return configuration.get("earlier_runs")


def test_a_run_names_the_judge_that_it_started_from_by_its_content(
    concord: Concord, standin: StandIn, rows_csv: Path, tmp_path: Path
) -> None:
    first = concord(*optimize(standin, "first.json"))
    assert first.returncode == 0, first.stderr
    started = concord(*optimize(standin, "second.json", "--seed", 1, "--from", "first.json"))
    assert started.returncode == 0, started.stderr
    judge = judge_in(tmp_path, "first.json")
    assert named(judge) is None
    assert named(judge_in(tmp_path, "second.json")) == [f"judge-{judge.digest[:12]}"]
    asked = standin.received
    assert concord(*optimize(standin, "again.json", "--seed", 1, "--from", "first.json")).returncode == 0
    assert standin.received == asked


def test_a_strategy_that_takes_nothing_over_refuses_a_start(
    concord: Concord, standin: StandIn, saved: Path
) -> None:
    done = concord(*optimize(standin, "out.json", "--strategy", "gepa", "--from", "best.json"))
    assert done.returncode == 2
    assert "--from is for the strategy joint, criteria, got 'gepa'" in done.stderr
    assert standin.received == 0


def test_a_judge_of_one_s_own_words_is_no_start(
    concord: Concord, standin: StandIn, rows_csv: Path, tmp_path: Path
) -> None:
    own = Candidate(verbatim=VerbatimPrompt(messages=(Message(role="user", content="{{input}} {{output}}"),)))
    model = ModelRef(name="openai/simulated")
    judge = artifact_of(own, CRITERION, render(own, CRITERION), model, report={}, provenance={})
    (tmp_path / "own.json").write_text(judge.to_json(), encoding="utf-8")
    done = concord(*optimize(standin, "out.json", "--from", "own.json"))
    assert done.returncode == 2
    assert "--from must be a judge with an instruction or solved examples, got own.json" in done.stderr
    assert standin.received == 0
