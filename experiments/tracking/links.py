"""Addresses of MLflow's pages. Without `workflowType` its page hides runs that hold no models."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

_WORKFLOW = {"workflowType": "machine_learning"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Links:
    """Where a person looks at a run. `None` where the tracking store has no page.

    `run`: the run itself; `trials`: charts over its trials; `compare`: the run beside the other runs
    of its dataset, `None` while there is no other; `experiment`: all runs of its dataset.
    """

    experiment_id: str
    mlflow_run_id: str
    run: str | None
    trials: str | None
    compare: str | None
    experiment: str | None


def links(ui_url: str | None, experiment_id: str, run_id: str, others: Sequence[str] = ()) -> Links:
    """The links of one run; `others` are the MLflow ids of runs to compare it with."""
    if ui_url is None:
        return Links(
            experiment_id=experiment_id,
            mlflow_run_id=run_id,
            run=None,
            trials=None,
            compare=None,
            experiment=None,
        )
    return Links(
        experiment_id=experiment_id,
        mlflow_run_id=run_id,
        run=run_url(ui_url, experiment_id, run_id),
        trials=charts_url(ui_url, experiment_id, f"tags.`mlflow.parentRunId` = '{run_id}'"),
        compare=compare_url(ui_url, experiment_id, [run_id, *others]) if others else None,
        experiment=charts_url(ui_url, experiment_id, "tags.`concord.kind` = 'run'"),
    )


def run_url(ui_url: str, experiment_id: str, run_id: str) -> str:
    """The page of one run."""
    return f"{ui_url.rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}?{urlencode(_WORKFLOW)}"


def charts_url(ui_url: str, experiment_id: str, search: str) -> str:
    """Charts over the runs that `search` (MLflow's filter language) finds."""
    query = _WORKFLOW | {"compareRunsMode": "CHART", "searchFilter": search}
    return f"{ui_url.rstrip('/')}/#/experiments/{experiment_id}/runs?{urlencode(query, quote_via=quote)}"


def compare_url(ui_url: str, experiment_id: str, run_ids: Sequence[str]) -> str:
    """Runs side by side: parameters, metrics, curves."""
    query = {"runs": json.dumps(list(run_ids)), "experiments": json.dumps([experiment_id])}
    return f"{ui_url.rstrip('/')}/#/compare-runs?{urlencode(query, quote_via=quote)}"
