"""Builds the working parts from the settings, for worker and command line."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import ValidationError

from optimizers.errors import InvalidInput
from optimizers.lm.gateway import Gateway, GatewaySettings
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.retry import RetryPolicy
from optimizers.lm.transports import Routes
from optimizers.types import Budget, Decoding, Message, ModelRef, ModelRequest
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
    quiet_environment()
    chosen = settings or GatewaySettings()
    with tempfile.TemporaryDirectory(prefix="concord-") as folder, BackgroundLoop() as loop:
        answers = SqliteLedger(ledger or Path(folder) / "ledger.db")
        route = Routes(os.environ, timeout_s=chosen.timeout_s, max_connections=2 * chosen.max_concurrency)
        gateway = Gateway(answers, route, pricing=read_settings().pricing, settings=chosen)
        try:
            yield gateway, loop
        finally:
            loop.run(gateway.aclose())
            answers.close()


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
