"""`mlflow`: the arguments of `mlflow.genai.register_prompt` for a chat prompt."""

from optimizers.artifact import Artifact
from optimizers.calls import Call
from optimizers.export.jinja import jinja_messages
from optimizers.export.values import Export, json_file, only_call

BY_JINJA = "{% raw %}{% endraw %}"
"""Renders to nothing. MLflow renders a prompt with such a tag by Jinja2, in one pass; otherwise it
replaces one variable after the other and so fills placeholders that stand in a row's own text."""


def mlflow_prompt(artifact: Artifact) -> Export:
    """`template`, `response_format`, `model_config` and `tags`, named as MLflow's arguments."""
    call = only_call(artifact, "mlflow")
    chat = jinja_messages(call.template)
    chat[0]["content"] = BY_JINJA + chat[0]["content"]
    arguments: dict[str, object] = {
        "template": chat,
        "model_config": model_config(call),
        "tags": {"concord.digest": artifact.digest},
    }
    if call.template.response.json_schema is not None:
        arguments["response_format"] = call.template.response.json_schema
    return json_file(arguments, "judge.mlflow.json")


def model_config(call: Call) -> dict[str, object]:
    """Model and decoding under the names of MLflow's `PromptModelConfig`."""
    provider, _, name = call.model.name.rpartition("/")
    decoding = dict(call.to_plain()["decoding"])  # type: ignore[call-overload]  # it is a mapping
    config: dict[str, object] = {"model_name": name, **decoding}
    if provider:
        config["provider"] = provider
    if "stop" in config:
        config["stop_sequences"] = config.pop("stop")
    if call.model.api_base is not None:
        config["api_base"] = call.model.api_base
    if call.decision.threshold is not None:
        config["fail_threshold"] = call.decision.threshold
    return config
