"""Builds the working parts from the settings, for worker and command line."""

import os

from pydantic import ValidationError

from optimizers.errors import InvalidInput
from service.settings import Settings

QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else LiteLLM fetches its price list when imported
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",  # a server that is down must not hold a run up
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
}
"""Keeps libraries from contacting anybody but the model's own endpoint."""


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
        found = error.errors()[0]
        name = "CONCORD_" + "_".join(str(part) for part in found["loc"]).upper()
        raise InvalidInput(f"{name}={found.get('input')!s:.100}: {found['msg']}") from error
