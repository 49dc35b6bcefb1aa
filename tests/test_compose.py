"""`docker-compose.yml`, as far as a machine without a container engine can check it."""

import re
from pathlib import Path
from typing import Any

import yaml

from service.settings import Settings

ROOT = Path(__file__).parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
OURS = {name: service for name, service in COMPOSE["services"].items() if service.get("build")}


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
