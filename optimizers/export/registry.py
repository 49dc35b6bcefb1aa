"""The formats by name."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from optimizers.artifact import Artifact
from optimizers.errors import InvalidInput
from optimizers.export.dspy_program import dspy_program
from optimizers.export.messages import messages
from optimizers.export.mlflow_prompt import mlflow_prompt
from optimizers.export.promptfoo import promptfoo
from optimizers.export.text import text
from optimizers.export.values import Export


def _json(artifact: Artifact) -> Export:
    return Export(text=artifact.to_json(), filename="judge.json", media_type="application/json")


@dataclass(frozen=True, kw_only=True)
class Form:
    """A format: how it is made, and what it is, in one sentence."""

    make: Callable[[Artifact], Export]
    summary: str


FORMATS: Mapping[str, Form] = MappingProxyType(
    {
        "text": Form(make=text, summary="The prompt as a person reads it."),
        "messages": Form(
            make=messages,
            summary="Chat messages with places for input and output, and how to read the verdict: for code "
            "of any language.",
        ),
        "json": Form(
            make=_json,
            summary="The whole judge as one file: prompt, settings, evidence and where it comes from.",
        ),
        "dspy": Form(make=dspy_program, summary="The state of a DSPy program, as JSON."),
        "mlflow": Form(make=mlflow_prompt, summary="A chat prompt for MLflow's prompt registry."),
        "promptfoo": Form(
            make=promptfoo, summary="A promptfoo configuration that runs the judge over labelled rows."
        ),
    }
)
"""In the order in which they are offered."""


def export(artifact: Artifact, format_name: str) -> Export:
    """The judge in another format.

    Raises:
        InvalidInput: there is no such format, or it cannot hold this judge.
    """
    if format_name not in FORMATS:
        raise InvalidInput(f"format must be one of {', '.join(FORMATS)}, got {format_name!r}")
    return FORMATS[format_name].make(artifact)
