"""The winner in MLflow's prompt registry."""

import json

from mlflow import MlflowClient
from mlflow.entities.model_registry import PromptVersion
from mlflow.exceptions import MlflowException
from mlflow.prompt.constants import PROMPT_ASSOCIATED_RUN_IDS_TAG_KEY, PROMPT_EXPERIMENT_IDS_TAG_KEY

from experiments.tracking.record import RunRecord
from experiments.tracking.store import slug

LINKED_PROMPTS = "mlflow.linkedPrompts"
"""The tag by which MLflow's page finds a run's prompts."""

TEXT_LIMIT_CHARS = 100_000
"""MLflow's limit on a prompt's text."""


def prompt_name(record: RunRecord) -> str:
    """One registered prompt a dataset; each of its runs adds a version."""
    return f"{slug(record.dataset.name)[:80]}-{slug(record.dataset.dataset_id)}"


def run_alias(record: RunRecord) -> str:
    """The alias of the version that a run's winner is; MLflow itself keeps `latest` on the newest."""
    return f"run-{slug(record.run_id)}"


def register_winner(
    client: MlflowClient, record: RunRecord, experiment_id: str, run_id: str
) -> dict[str, str]:
    """Register the winner as a chat prompt, once a run, linked to its MLflow run.

    Returns the tags that link the MLflow run to the version; none where there is no prompt, or it is
    longer than MLflow can hold. (`link_prompt_version_to_run` is not used: it writes to the process's
    default store, wherever the client points.)
    """
    if record.prompt is None or _too_long(record):
        return {}
    name, alias = prompt_name(record), run_alias(record)
    version = _registered(client, name, record.run_id)
    if version is None:
        created = client.register_prompt(
            name,
            [dict(message) for message in record.prompt.template],
            commit_message=_message(record),
            tags=_tags(record, experiment_id, run_id),
            response_format=None
            if record.prompt.response_format is None
            else dict(record.prompt.response_format),
            model_config=dict(record.prompt.model_config),
        )
        version = int(created.version)
    client.set_prompt_alias(name, alias, version)
    return {
        "concord.prompt": f"prompts:/{name}/{version}",
        LINKED_PROMPTS: json.dumps([{"name": name, "version": str(version)}]),
    }


def _registered(client: MlflowClient, name: str, run_id: str) -> int | None:
    """The version that the run registered before, perhaps without getting as far as its alias."""
    for address in (f"prompts:/{name}@run-{slug(run_id)}", f"prompts:/{name}@latest"):
        found = _load(client, address)
        if found is not None and found.tags.get("concord.run_id") == run_id:
            return int(found.version)
    return None


def _load(client: MlflowClient, address: str) -> PromptVersion | None:
    try:
        return client.load_prompt(address, allow_missing=True, cache_ttl_seconds=0)
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return None
        raise


def _too_long(record: RunRecord) -> bool:
    prompt = record.prompt
    return prompt is not None and sum(len(m["content"]) for m in prompt.template) > TEXT_LIMIT_CHARS * 0.9


def _message(record: RunRecord) -> str:
    conclusion = record.report.conclusion.value if record.report else "no report"
    return f"Winner of run {record.run_id}: {conclusion}"


def _tags(record: RunRecord, experiment_id: str, run_id: str) -> dict[str, str]:
    tags = {
        "concord.run_id": record.run_id,
        "concord.dataset_id": record.dataset.dataset_id,
        "concord.artifact_digest": record.artifact_digest or "",
        PROMPT_EXPERIMENT_IDS_TAG_KEY: f",{experiment_id},",
        PROMPT_ASSOCIATED_RUN_IDS_TAG_KEY: run_id,
    }
    if record.report is not None:
        tags |= {
            "concord.conclusion": record.report.conclusion.value,
            "concord.recommended": record.report.recommended.value,
            "concord.provenance": record.report.provenance.value,
        }
    return tags
