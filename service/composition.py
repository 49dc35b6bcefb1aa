"""Builds the working parts from the settings, for worker and command line."""

import hashlib
import os
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pydantic import ValidationError
from sqlalchemy import make_url

from optimizers.errors import InvalidInput
from optimizers.lm.collector import calm_collector
from optimizers.lm.gateway import Gateway, GatewaySettings
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.provider_limits import ProviderLimits, parse_limits
from optimizers.lm.retry import RetryPolicy
from optimizers.lm.transports import Routes
from optimizers.types import Budget, Decoding, Message, ModelRef, ModelRequest
from service.ledger.store import DatabaseLedger
from service.metrics.counters import CALLS
from service.settings import Settings

SIMULATED = "simulated"
"""The stand-in's only model, as its list of models names it."""

QUIET = {
    "DO_NOT_TRACK": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else LiteLLM fetches its price list when imported
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",  # a server that is down must not hold anything up
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "15",
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
}
"""Keeps libraries quiet, and from contacting anybody but the model's own endpoint."""


def quiet_environment() -> None:
    """Set what DSPy, LiteLLM and MLflow read when they are imported; call it before that.

    What the user has set stays.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)


def read_settings(**given: object) -> Settings:
    """The settings of this process: those `given` that are not `None`, then the environment.

    Raises:
        InvalidInput: a variable's value is not allowed; the message names it.
    """
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]  # pydantic checks them
    except ValidationError as error:
        found = error.errors(include_input=False)[0]  # the value may be a key
        name = "CONCORD_" + "_".join(str(part) for part in found["loc"]).upper()
        raise InvalidInput(f"{name} is not usable: {found['msg'].removeprefix('Value error, ')}") from error


def model_ref(name: str, api_base: str | None = None) -> ModelRef:
    """A model by name; an address belongs to models that are served somewhere."""
    return ModelRef(name=name, api_base=None if name == "offline" else api_base)


def is_simulated(model: str) -> bool:
    """Whether a model is the stand-in's: reports on it must say so."""
    return model.rpartition("/")[2] == SIMULATED


def ledger_path(home: Path) -> Path:
    """Where the service keeps its paid answers."""
    return home / "ledger.db"


@contextmanager
def open_gateway(
    ledger: Path | None, settings: GatewaySettings | None = None
) -> Iterator[tuple[Gateway, BackgroundLoop]]:
    """The way to the models, with the loop that it works on; keys come from the environment.

    Without a `ledger` the answers are kept as long as the gateway is open.

    Raises:
        StorageFailed: the ledger's file cannot be opened.
    """
    with (
        tempfile.TemporaryDirectory(prefix="concord-") as folder,
        closing(SqliteLedger(ledger or Path(folder) / "ledger.db")) as answers,
        _gateway_over(answers, settings or GatewaySettings(), read_settings().provider_limits) as parts,
    ):
        yield parts


@contextmanager
def open_service_gateway(
    settings: Settings, calls: GatewaySettings | None = None
) -> Iterator[tuple[Gateway, BackgroundLoop]]:
    """The service's way to the models: its ledger, its limits; keys come from the environment.

    Raises:
        StorageFailed: the ledger's file cannot be opened.
    """
    with (
        closing(open_ledger(settings)) as answers,
        _gateway_over(answers, calls or GatewaySettings(), settings.provider_limits) as parts,
    ):
        yield parts


def open_ledger(settings: Settings) -> SqliteLedger | DatabaseLedger:
    """The service's ledger: in its database where that is PostgreSQL, which workers on other hosts reach
    too; else in a file of its own, whose many small writes then wait for nobody else's.

    Raises:
        StorageFailed: the ledger's file cannot be opened.
    """
    if make_url(settings.database).get_backend_name() == "sqlite":
        return SqliteLedger(ledger_path(settings.home))
    return DatabaseLedger(settings.database)


@contextmanager
def _gateway_over(
    answers: SqliteLedger | DatabaseLedger, settings: GatewaySettings, limits: str
) -> Iterator[tuple[Gateway, BackgroundLoop]]:
    quiet_environment()
    route = Routes(os.environ, timeout_s=settings.timeout_s, max_connections=2 * settings.max_concurrency)
    rate = ProviderLimits(parse_limits(limits), answers.lanes, key_mark=key_mark)
    calm_collector()
    with BackgroundLoop() as loop:
        gateway = Gateway(
            answers,
            route,
            pricing=read_settings().pricing,
            settings=settings,
            rate=rate,
            counter=CALLS,
            uses=answers.uses,
        )
        try:
            yield gateway, loop
        finally:
            loop.run(gateway.aclose())


def key_mark(model: ModelRef) -> str:
    """Tells a provider's keys apart in the book of limits: 32 bits of a hash, which nobody can turn back
    into a key. Empty where the provider's usual variable is not set."""
    key = os.environ.get(f"{model.name.partition('/')[0].upper()}_API_KEY", "")
    return hashlib.sha256(b"concord lane:" + key.encode()).hexdigest()[:8] if key else ""


def ask_briefly(model: str) -> str:
    """What `model` says to one short request, sent once.

    Raises:
        ProviderError: it does not answer.
    """
    once = GatewaySettings(timeout_s=30.0, retry=RetryPolicy(max_attempts=1))
    question = Message(role="user", content="Answer with the one word: ready")
    request = ModelRequest(
        model=model_ref(model), messages=(question,), decoding=Decoding(temperature=None, max_tokens=64)
    )
    with open_gateway(None, once) as (gateway, loop):
        return loop.run(gateway.session("doctor", Budget()).ask(request)).text
