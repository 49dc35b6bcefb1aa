"""Commands as a user types them: in a process of their own, in a folder of their own."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.spec import judge_decoding
from experiments.standin import CRITERION, KnownBetterPrompt, StandIn, WorldRow, make_rows, write_csv
from experiments.standin.rows import KINDS
from optimizers.artifact import artifact_of
from optimizers.rendering import render
from optimizers.types import Candidate, ModelRef
from service.up import own_command

Concord = Callable[..., "subprocess.CompletedProcess[str]"]


def clean_environment(**more: str) -> dict[str, str]:
    """The developer's own settings and keys have no say."""
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith("CONCORD_") and not k.endswith("_API_KEY")
    }
    return kept | {"COLUMNS": "200"} | more


@pytest.fixture
def concord(tmp_path: Path) -> Concord:
    """Runs `concord` with arguments in `tmp_path`."""

    def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            own_command(*map(str, arguments)),
            cwd=tmp_path,
            env=clean_environment(**environment),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    return run


@pytest.fixture(scope="session")
def world_rows() -> tuple[WorldRow, ...]:
    return make_rows(seed=3, rows=100)


@pytest.fixture(scope="session")
def saved_judge(world_rows: tuple[WorldRow, ...]) -> Iterator[str]:
    """A judge file, and the stand-in that serves its model as long as tests run."""
    with StandIn(KnownBetterPrompt(world_rows)) as server:
        model = ModelRef(name="openai/simulated", api_base=server.api_base)
        candidate = Candidate(instruction="\n".join(kind.rule for kind in KINDS))
        template = render(candidate, CRITERION, judge_decoding(model))
        yield artifact_of(candidate, CRITERION, template, model, report={}, provenance={}).to_json()


@pytest.fixture
def saved(tmp_path: Path, rows_csv: Path, saved_judge: str) -> Path:
    """`best.json` beside `rows.csv`."""
    path = tmp_path / "best.json"
    path.write_text(saved_judge, encoding="utf-8")
    return path


@pytest.fixture
def standin(world_rows: tuple[WorldRow, ...]) -> Iterator[StandIn]:
    with StandIn(KnownBetterPrompt(world_rows)) as server:
        yield server


@pytest.fixture
def rows_csv(tmp_path: Path, world_rows: tuple[WorldRow, ...]) -> Path:
    return write_csv(world_rows, tmp_path / "rows.csv")
