"""Builds the working parts from the settings, for worker and command line."""

import os

QUIET = {
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",  # else LiteLLM fetches its price list when imported
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_ENABLE_ASYNC_LOGGING": "false",
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
