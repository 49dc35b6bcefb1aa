"""What every format gives back, and what several of them need."""

import json
from dataclasses import dataclass

from optimizers.artifact import Artifact, Rule
from optimizers.calls import Call
from optimizers.errors import InvalidInput


@dataclass(frozen=True, kw_only=True, slots=True)
class Export:
    """A judge in another tool's format: the file's text, its name and its media type."""

    text: str
    filename: str
    media_type: str


def json_file(value: object, filename: str) -> Export:
    """`value` as an indented JSON file."""
    text = json.dumps(value, ensure_ascii=False, indent=2, allow_nan=False) + "\n"
    return Export(text=text, filename=filename, media_type="application/json")


def only_call(artifact: Artifact, format_name: str) -> Call:
    """The judge's one prompt.

    Raises:
        InvalidInput: it has several, which this format cannot hold, or a check, or a rule over its evidence.
    """
    if len(artifact.calls) == 1 and not artifact.prompts:
        raise InvalidInput(f"format {format_name!r} holds a prompt, and this judge is a code check")
    if len(artifact.calls) == 1 and artifact.rule is Rule.LEARNED:
        raise InvalidInput(f"format {format_name!r} holds a prompt, and this judge weighs its answer")
    if len(artifact.calls) > 1:
        raise InvalidInput(
            f"format {format_name!r} holds one prompt, and this judge has {len(artifact.calls)}; "
            "format 'json' holds them all"
        )
    return artifact.call
