"""The interface's description, committed beside the code: a change of it shows in review."""

import json
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from service.problems import MEDIA_TYPE

COMMITTED = Path(__file__).parent / "openapi.json"


def install(app: FastAPI) -> None:
    """Serve the description with errors under their own media type."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _describe(app)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]  # FastAPI's documented way to extend it


def _describe(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    for path in document["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                content = response.get("content", {})
                if status == "4XX" and "application/json" in content:
                    content[MEDIA_TYPE] = content.pop("application/json")
    return document


def as_text(app: FastAPI) -> str:
    """The description as it is committed: sorted, so that only real changes show."""
    return json.dumps(app.openapi(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
