"""Takes a dataset's runs out of MLflow: their files, traces and prompts, and the runs themselves.

MLflow marks runs and experiments as deleted and shows them no more; `mlflow gc` frees their rows
(parameters, metrics, tags). What holds people's texts, files and traces, is really gone.
"""

from mlflow import MlflowClient
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from experiments.tracking.store import find_runs, mlflow_errors, require_alive, slug

FAR_FUTURE_MS = 2**53
_GONE = "RESOURCE_DOES_NOT_EXIST"


def remove_dataset(tracking_uri: str, dataset_id: str) -> int:
    """Remove the runs on a dataset; how many there were. Doing it again removes what has come since.

    Raises:
        TrackingUnavailable: MLflow is down; try again later.
        TrackingRejected: MLflow refuses it.
    """
    require_alive(tracking_uri)
    removed = 0
    with mlflow_errors():
        client = MlflowClient(tracking_uri=tracking_uri, registry_uri=tracking_uri)
        mine = f"tags.`concord.dataset_id` = '{slug_like(dataset_id)}'"
        for experiment in client.search_experiments(view_type=ViewType.ACTIVE_ONLY, filter_string=mine):
            removed += _remove_runs(client, tracking_uri, experiment.experiment_id)
            client.delete_traces(experiment.experiment_id, max_timestamp_millis=FAR_FUTURE_MS)
            _remove_prompts(client, dataset_id)
            client.delete_experiment(experiment.experiment_id)
    return removed


def slug_like(dataset_id: str) -> str:
    """The id, which cannot leave its quotes in MLflow's filter language."""
    return "".join(letter for letter in dataset_id if letter.isalnum() or letter in "_-.:")


def _remove_runs(client: MlflowClient, tracking_uri: str, experiment_id: str) -> int:
    runs = find_runs(client, experiment_id, {})
    for run in runs:
        files = get_artifact_repository(run.info.artifact_uri, tracking_uri=tracking_uri)
        for file in files.list_artifacts():
            files.delete_artifacts(file.path)
        client.delete_run(run.info.run_id)
    return len(runs)


def _remove_prompts(client: MlflowClient, dataset_id: str) -> None:
    """The dataset's prompt by its id, which ends the name: the dataset may have been renamed."""
    for prompt in client.search_prompts(filter_string=f"name LIKE '%-{slug(dataset_id)}'"):
        try:
            client.delete_prompt(prompt.name)
        except MlflowException as error:
            if error.error_code != _GONE:
                raise
