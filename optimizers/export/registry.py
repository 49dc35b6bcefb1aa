"""The formats by name."""

from collections.abc import Callable, Mapping
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


FORMATS: Mapping[str, Callable[[Artifact], Export]] = MappingProxyType(
    {
        "dspy": dspy_program,
        "json": _json,
        "messages": messages,
        "mlflow": mlflow_prompt,
        "promptfoo": promptfoo,
        "text": text,
    }
)


def export(artifact: Artifact, format_name: str) -> Export:
    """The judge in another format.

    Raises:
        InvalidInput: there is no such format, or it cannot hold this judge.
    """
    if format_name not in FORMATS:
        raise InvalidInput(f"format must be one of {', '.join(FORMATS)}, got {format_name!r}")
    return FORMATS[format_name](artifact)
