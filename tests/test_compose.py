"""`docker-compose.yml`, as far as a machine without a container engine can check it."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from service.settings import Settings
from service.up import own_command
from tests.own_postgres import own_postgres

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("build")}
FIXED = {"CONCORD_PORT", "CONCORD_MLFLOW_PORT"}
"""Within a container they are what the image's ports are."""
OF_THE_API = {"CONCORD_HOST", "CONCORD_API_KEYS"}


def test_the_parts_are_there() -> None:
    assert COMPOSE["services"].keys() == {"api", "worker", "postgres", "mlflow", "ollama"}
    assert COMPOSE["services"]["ollama"]["profiles"] == ["local-model"]


def test_every_command_exists() -> None:
    from typer.main import get_command

    from service.cli.root import app

    known = get_command(app).commands  # type: ignore[attr-defined]  # a group has commands
    for service in OURS.values():
        program, command, *_ = service["command"]
        assert program == "concord"
        assert command in known


def test_every_variable_is_a_setting() -> None:
    known = {f"CONCORD_{name.upper()}" for name in Settings.model_fields}
    for service in OURS.values():
        ours = {name for name in service["environment"] if name.startswith("CONCORD_")}
        assert ours <= known


def test_every_setting_of_api_and_worker_can_be_given() -> None:
    wanted = {f"CONCORD_{name.upper()}" for name in Settings.model_fields} - FIXED
    assert wanted <= OURS["api"]["environment"].keys()
    assert wanted - OF_THE_API <= OURS["worker"]["environment"].keys()


@pytest.mark.parametrize("name", OURS)
def test_the_environment_makes_settings_that_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [variable for variable in os.environ if variable.startswith("CONCORD_")]:
        monkeypatch.delenv(variable)
    for variable, value in environment_of(OURS[name]).items():
        monkeypatch.setenv(variable, value)
    settings = Settings()
    settings.require_safe_exposure()
    assert settings.home == Path("/data")
    assert settings.global_concurrency is None
    assert settings.database.startswith(
        "sqlite" if name == "mlflow" else "postgresql://concord:concord@postgres:5432/"
    )


def environment_of(service: dict[str, Any]) -> dict[str, str]:
    """As the engine makes it where the shell has a key and nothing else."""
    given = {"CONCORD_API_KEYS": "a-key"}

    def fill(found: re.Match[str]) -> str:
        name, default = found[1], found[2]
        return given[name] if default is None else given.get(name, default)

    pattern = re.compile(r"\$\{(\w+)(?::-([^}]*)|:\?[^}]*)\}")
    environment = {name: pattern.sub(fill, value) for name, value in service["environment"].items() if value}
    assert "$" not in "".join(environment.values())
    return environment


# --- health checks, by hand -------------------------------------------------------------------------


def is_healthy(command: list[str], **variables: str) -> bool:
    done = subprocess.run(
        command, env=os.environ | variables, timeout=120, check=False, capture_output=True, cwd="/"
    )
    return done.returncode == 0


def until(enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 240
    while not enough():
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_the_api_is_healthy_once_it_can_work(tmp_path: Path, unused_tcp_port: int) -> None:
    kind, program, *arguments = COMPOSE["services"]["api"]["healthcheck"]["test"]
    assert (kind, program) == ("CMD", "python")
    assert ":8000" in arguments[-1]
    check = [sys.executable, *(part.replace(":8000", f":{unused_tcp_port}") for part in arguments)]
    assert not is_healthy(check)
    with own_postgres() as server:
        own = {"CONCORD_HOME": str(tmp_path), "CONCORD_DATABASE_URL": server.url, "CONCORD_HOST": "127.0.0.1"}
        environment = os.environ | environment_of(OURS["api"]) | own
        api = subprocess.Popen(own_command("api", "--port", str(unused_tcp_port)), env=environment, cwd="/")
        try:
            until(lambda: is_healthy(check))
            server.stop()
            until(lambda: not is_healthy(check))
            server.start()
            until(lambda: is_healthy(check))
        finally:
            api.kill()
            api.wait()


def test_postgresql_is_healthy_while_it_runs() -> None:
    kind, check = COMPOSE["services"]["postgres"]["healthcheck"]["test"]
    assert kind == "CMD-SHELL"
    with own_postgres() as server:
        place = {
            "PATH": f"{server.programs}{os.pathsep}{os.environ['PATH']}",
            "PGHOST": "127.0.0.1",
            "PGPORT": str(server.port),
        }
        assert is_healthy(["sh", "-c", check], **place)
        server.stop()
        assert not is_healthy(["sh", "-c", check], **place)


def test_the_api_is_not_open_without_keys() -> None:
    environment = COMPOSE["services"]["api"]["environment"]
    assert environment["CONCORD_HOST"] == "0.0.0.0"
    assert environment["CONCORD_API_KEYS"].startswith("${CONCORD_API_KEYS:?")


def test_nothing_is_published_beyond_this_host() -> None:
    ports = [port for service in COMPOSE["services"].values() for port in service.get("ports", [])]
    assert ports
    assert all(re.fullmatch(r"127\.0\.0\.1:\d+:\d+", port) for port in ports)


def test_every_volume_is_declared() -> None:
    used = {v.split(":")[0] for service in COMPOSE["services"].values() for v in service.get("volumes", [])}
    assert used == COMPOSE["volumes"].keys()
