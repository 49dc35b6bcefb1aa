"""A tracking store as the projection needs it: alive or not, found or made, one kind of error."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from mlflow import MlflowClient
from mlflow.entities import Run, ViewType
from mlflow.exceptions import MlflowException, RestException

from experiments.tracking.errors import TrackingRejected, TrackingUnavailable
from experiments.tracking.record import DatasetInfo

ALIVE_TIMEOUT_S = 3.0
_RETRYABLE_STATUS = {408, 425, 429}
_RETRYABLE_CODES = {
    "INTERNAL_ERROR",
    "TEMPORARILY_UNAVAILABLE",
    "REQUEST_LIMIT_EXCEEDED",
    "DEADLINE_EXCEEDED",
}
_SAFE_VALUE = re.compile(r"[\w.:-]+")


def is_remote(tracking_uri: str) -> bool:
    """Whether the store is a server, reached over HTTP."""
    return tracking_uri.startswith(("http://", "https://"))


def artifact_folder(tracking_uri: str, given: Path | None) -> Path | None:
    """Where artifacts of a local store go: MLflow's own choice would be the working directory.

    `None` leaves it to the store: to a server, or to a folder store, which keeps them in itself.
    """
    if is_remote(tracking_uri):
        return None
    if given is None and tracking_uri.startswith("sqlite:///"):
        return Path(tracking_uri.removeprefix("sqlite:///")).absolute().with_suffix(".artifacts")
    return given


def require_alive(tracking_uri: str) -> None:
    """Ask the server for any answer at all, so that a dead one costs seconds and no retries.

    Raises:
        TrackingUnavailable: nothing answered within 3 s.
    """
    if not is_remote(tracking_uri):
        return
    try:
        httpx.get(f"{tracking_uri.rstrip('/')}/health", timeout=ALIVE_TIMEOUT_S)
    except httpx.HTTPError as error:
        raise TrackingUnavailable(f"MLflow does not answer at {_public(tracking_uri)}: {error}") from error


def _public(uri: str) -> str:
    return re.sub(r"//[^/@]*@", "//", uri)


@contextmanager
def mlflow_errors() -> Iterator[None]:
    """Turn everything that MLflow's client raises into a tracking error.

    Raises:
        TrackingUnavailable: worth another try later.
        TrackingRejected: MLflow understood, and refused.
    """
    try:
        yield
    except RestException as error:
        status = error.get_http_status_code()
        kind = TrackingUnavailable if status >= 500 or status in _RETRYABLE_STATUS else TrackingRejected
        raise kind(str(error)) from error
    except MlflowException as error:
        kind = TrackingUnavailable if error.error_code in _RETRYABLE_CODES else TrackingRejected
        raise kind(str(error)) from error
    except OSError as error:  # the family of what requests raises, and of full disks
        raise TrackingUnavailable(f"{type(error).__name__}: {error}") from error


def find_or_create_experiment(client: MlflowClient, dataset: DatasetInfo, artifact_root: Path | None) -> str:
    """The id of the dataset's experiment, brought back if somebody deleted it."""
    name = f"{dataset.name[:200]} [{dataset.dataset_id}]"
    found = client.get_experiment_by_name(name)
    if found is None:
        location = None if artifact_root is None else (artifact_root / slug(dataset.dataset_id)).as_uri()
        created: str = client.create_experiment(
            name,
            artifact_location=location,
            tags={
                "concord.dataset_id": dataset.dataset_id,
                "mlflow.experimentKind": "custom_model_development",
            },
        )
        return created
    if found.lifecycle_stage == "deleted":
        client.restore_experiment(found.experiment_id)
    experiment_id: str = found.experiment_id
    return experiment_id


def find_runs(
    client: MlflowClient, experiment_id: str, tags: Mapping[str, str], limit: int | None = None
) -> list[Run]:
    """The active runs that carry all of `tags`, newest first."""
    search = " and ".join(f"tags.`{name}` = '{_safe(value)}'" for name, value in tags.items())
    found: list[Run] = []
    token: str | None = None
    while True:
        page = client.search_runs(
            [experiment_id],
            search,
            run_view_type=ViewType.ACTIVE_ONLY,
            max_results=min(limit or 1_000, 1_000),
            page_token=token,
        )
        found.extend(page)
        token = page.token
        if not token or (limit is not None and len(found) >= limit):
            return found[:limit]


def _safe(value: str) -> str:
    """A value that MLflow's filter language cannot misread.

    Raises:
        TrackingRejected: it holds quotes or spaces.
    """
    if not _SAFE_VALUE.fullmatch(value):
        raise TrackingRejected(f"an id must hold letters, digits and . : _ - alone, got {value!r}")
    return value


def slug(text: str) -> str:
    """Lower-case letters, digits and hyphens: fit for a path, a prompt's name or an alias."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "unnamed"
