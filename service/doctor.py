"""`concord doctor`: what is configured, reachable and missing. Keys are named, never shown."""

import os
import platform
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import metadata
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import SQLAlchemyError

from optimizers.errors import ConcordError, InvalidInput
from service.db import open_engine, transaction
from service.schema import is_current
from service.settings import Settings, is_loopback
from service.up import MLFLOW_HOST, answers, claim_port, reachable

LITTLE_BYTES = 100 * 1024 * 1024
SPARE_BYTES = 2 * 1024 * 1024 * 1024

KEY_OF_PROVIDER: Mapping[str, tuple[str, ...]] = {
    "anthropic": ("ANTHROPIC_API_KEY",),
    "azure": ("AZURE_API_KEY",),
    "cohere": ("COHERE_API_KEY",),
    "deepseek": ("DEEPSEEK_API_KEY",),
    "gemini": ("GEMINI_API_KEY", "GOOGLE_API_KEY"),
    "groq": ("GROQ_API_KEY",),
    "mistral": ("MISTRAL_API_KEY",),
    "openai": ("OPENAI_API_KEY",),
    "openrouter": ("OPENROUTER_API_KEY",),
    "together_ai": ("TOGETHER_API_KEY", "TOGETHERAI_API_KEY"),
    "xai": ("XAI_API_KEY",),
}
"""By the model's prefix: the variables of which one must be set."""


class Mark(Enum):
    """What a finding means. `MISSING`: something does not work until it is put right."""

    OK = "ok"
    NOTE = "note"
    MISSING = "missing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    """One thing that was looked at."""

    what: str
    mark: Mark
    detail: str


def ok(what: str, detail: str) -> Finding:
    """Nothing to do."""
    return Finding(what=what, mark=Mark.OK, detail=detail)


def note(what: str, detail: str) -> Finding:
    """Good to know."""
    return Finding(what=what, mark=Mark.NOTE, detail=detail)


def missing(what: str, detail: str) -> Finding:
    """Needs to be put right."""
    return Finding(what=what, mark=Mark.MISSING, detail=detail)


Probe = Callable[[str], str]
"""Asks a model one short thing; returns what it says. Raises ConcordError."""


def examine(
    settings: Settings,
    *,
    environment: Mapping[str, str] | None = None,
    probe: Probe | None = None,
) -> tuple[Finding, ...]:
    """Look at everything. No other host is asked but the database's, and, with `probe`, the model's."""
    variables = os.environ if environment is None else environment
    findings = [
        _python(),
        *_packages(),
        _home(settings.home),
        _disk(settings.home),
        _database(settings),
        _exposure(settings),
        _api_port(settings),
        _mlflow(settings),
        *_models(settings, variables),
        _keys(variables),
    ]
    if probe is not None:
        findings.append(_probed(settings.model, probe))
    return tuple(findings)


def _python() -> Finding:
    return ok("Python", f"{platform.python_version()} at {sys.executable}")


def _packages() -> Iterator[Finding]:
    names = ("concord-judge", "dspy", "mlflow", "dbos", "fastapi", "optuna", "scikit-learn")
    for name in names:
        try:
            yield ok(name, metadata.version(name))
        except metadata.PackageNotFoundError:
            yield missing(name, "not installed")
    try:
        yield ok("litellm", f"{metadata.version('litellm')} (optional)")
    except metadata.PackageNotFoundError:
        yield note("litellm", "not installed; only needed for providers that DSPy does not reach itself")
    yield ok("SQLite", sqlite3.sqlite_version)


def _home(home: Path) -> Finding:
    """A folder that is not there yet is fine where it can be made."""
    nearest = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    try:
        with tempfile.TemporaryFile(dir=nearest):
            pass
    except OSError as error:
        return missing("Data folder", f"{home.absolute()} cannot be written to: {error.strerror}")
    state = "" if home.exists() else " (made at the first start)"
    return ok("Data folder", f"{home.absolute()}{state}")


def _disk(home: Path) -> Finding:
    nearest = next(folder for folder in (home.absolute(), *home.absolute().parents) if folder.exists())
    free = shutil.disk_usage(nearest).free
    detail = f"{free / 1024**3:.1f} GiB free"
    if free < LITTLE_BYTES:
        return missing("Disk", f"{detail}; runs pause when the disk is full")
    return ok("Disk", detail) if free >= SPARE_BYTES else note("Disk", f"{detail}; that is little")


def _database(settings: Settings) -> Finding:
    url = make_url(settings.database)
    shown = url.render_as_string(hide_password=True)
    is_file = url.get_backend_name() == "sqlite" and url.database not in {None, "", ":memory:"}
    if is_file and not Path(str(url.database)).exists():
        return ok("Database", f"{shown} (made at the first start)")
    engine = open_engine(settings.database)
    try:
        with transaction(engine, read_only=True) as session:
            current = is_current(session.connection())
    except (SQLAlchemyError, OSError) as error:
        reason = str(getattr(error, "orig", error)).strip().splitlines()
        return missing(
            "Database", f"{shown} cannot be reached: {reason[0] if reason else type(error).__name__}"
        )
    finally:
        engine.dispose()
    if not current:
        return note("Database", f"{shown} has another version's schema; the next start migrates it")
    return ok("Database", f"{shown}, migrated")


def _exposure(settings: Settings) -> Finding:
    try:
        settings.require_safe_exposure()
    except InvalidInput as error:
        return missing("Exposure", str(error))
    keys = f"{len(settings.api_keys)} API key(s) set" if settings.api_keys else "no API keys, none needed"
    return ok("Exposure", f"listens on {settings.host}; {keys}")


def _api_port(settings: Settings) -> Finding:
    url = f"http://{reachable(settings.host)}:{settings.port}"
    if answers(f"{url}/api/health", timeout_s=2):
        return ok("API", f"runs at {url}")
    return _port("API", settings.host, settings.port, "CONCORD_PORT")


def _mlflow(settings: Settings) -> Finding:
    if settings.mlflow_uri is None:
        if answers(f"http://{MLFLOW_HOST}:{settings.mlflow_port}/health", timeout_s=2):
            return ok("MLflow", f"runs at http://{MLFLOW_HOST}:{settings.mlflow_port}")
        return _port("MLflow", MLFLOW_HOST, settings.mlflow_port, "CONCORD_MLFLOW_PORT")
    parts = urlsplit(settings.mlflow_uri)
    shown = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    if not is_loopback(parts.hostname or ""):
        return note("MLflow", f"{shown}; not asked, since it is on another host")
    if answers(f"{settings.mlflow_uri.rstrip('/')}/health", timeout_s=2):
        return ok("MLflow", f"runs at {shown}")
    return missing("MLflow", f"{shown} does not answer; runs go on and are recorded there later")


def _port(what: str, host: str, port: int, variable: str) -> Finding:
    try:
        claim_port(host, port, variable, what)
    except InvalidInput as error:
        return missing(what, str(error))
    return ok(what, f"not running; port {port} is free")


def _models(settings: Settings, variables: Mapping[str, str]) -> Iterator[Finding]:
    names = {"Model": settings.model, "Proposer's model": settings.proposer}
    for what, model in names.items():
        yield _model(what, model, variables)
    if settings.api_bases:
        yield ok("Addresses that requests may name", ", ".join(settings.api_bases))


def _model(what: str, model: str, variables: Mapping[str, str]) -> Finding:
    if model == "offline":
        return note(
            what, "offline, a demonstration and not a language model; set CONCORD_MODEL for a real one"
        )
    wanted = KEY_OF_PROVIDER.get(model.partition("/")[0])
    if wanted is None:
        return ok(what, model)
    found = [name for name in wanted if variables.get(name)]
    if not found:
        return missing(what, f"{model} needs {' or '.join(wanted)} in the environment")
    return ok(what, f"{model}, with {found[0]}")


def _keys(variables: Mapping[str, str]) -> Finding:
    names = sorted(name for name, value in variables.items() if name.endswith("_API_KEY") and value)
    return ok("Provider keys", ", ".join(names)) if names else note("Provider keys", "none set")


def _probed(model: str, probe: Probe) -> Finding:
    try:
        answer = probe(model)
    except ConcordError as error:
        return missing("Model's answer", f"{model}: {error}")
    return ok("Model's answer", f"{model} says {answer[:60]!r}")


def needs_attention(findings: Sequence[Finding]) -> bool:
    """Whether something needed is missing."""
    return any(finding.mark is Mark.MISSING for finding in findings)
