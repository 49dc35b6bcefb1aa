"""A deleted dataset leaves MLflow: its runs, files, traces and prompts."""

from collections.abc import Callable
from typing import Any

import pytest

from experiments.tracking import RunRecord, TrackingUnavailable
from experiments.tracking.projection import Projector
from experiments.tracking.removal import remove_dataset
from tests.experiments.tracking.conftest import Store

Make = Callable[..., RunRecord]


def test_runs_files_traces_and_prompts_go_and_other_datasets_stay(
    record: Make, store: Store, projector: Projector, mlflow_server: Any
) -> None:
    gone = projector.project(record("run-gone", "ds-gone"))
    kept = projector.project(record("run-kept", "ds-kept"))
    assert remove_dataset(mlflow_server.url, "ds-gone") == 4
    assert store.client.search_runs([gone.experiment_id]) == []
    assert list(store.client.list_artifacts(gone.mlflow_run_id)) == []
    assert len(store.client.search_traces(locations=[gone.experiment_id])) == 0
    assert [p.name for p in store.client.search_prompts() if "ds-gone" in p.name] == []
    assert len(store.client.search_runs([kept.experiment_id])) == 4
    assert store.prompt("prompts:/support-desk-ds-kept@run-run-kept") is not None


def test_removing_again_finds_nothing(record: Make, projector: Projector, mlflow_server: Any) -> None:
    projector.project(record("run-twice", "ds-twice"))
    assert remove_dataset(mlflow_server.url, "ds-twice") == 4
    assert remove_dataset(mlflow_server.url, "ds-twice") == 0


def test_a_server_that_is_down_is_tried_again_later() -> None:
    with pytest.raises(TrackingUnavailable):
        remove_dataset("http://127.0.0.1:9", "ds")
