"""A judge as a response: a file that works without this service, in one of its forms."""

from fastapi import Response

from optimizers.artifact import from_json
from optimizers.export import export
from service.runs.schemas import Format


def judge_file(artifact: str, form: Format) -> Response:
    """The judge in the form that was asked for; `artifact` is its JSON file."""
    made = export(from_json(artifact), form.value)
    name = f'inline; filename="{made.filename}"'
    return Response(made.text, media_type=made.media_type, headers={"Content-Disposition": name})
