"""The options by which a command finds the server."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with

import os
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.client import ConcordClient

Server = Annotated[str, typer.Option("--server", envvar="CONCORD_URL", help="Address of the Concord server.")]
Key = Annotated[
    str | None,
    typer.Option("--key", envvar="CONCORD_API_KEY", show_default=False, help="An API key of the server."),
]
DEFAULT_SERVER = f"http://127.0.0.1:{os.environ.get('CONCORD_PORT') or 8000}"
"""Where `concord up` with the same settings listens."""


def connect(server: str, key: str | None, *, timeout_s: float = 60.0) -> "ConcordClient":
    """A client for the server, which waits so long for its next bytes."""
    from service.client import ConcordClient

    url = server if "://" in server else f"http://{server}"
    return ConcordClient(url, api_key=key, timeout_s=timeout_s)


def pairs(values: list[str] | None, option: str) -> dict[str, str]:
    """`["a=b"]` as `{"a": "b"}`.

    Raises: typer.BadParameter, for a value without an equals sign.
    """
    found = {}
    for value in values or []:
        name, equals, meaning = value.partition("=")
        if not equals or not name or not meaning:
            raise typer.BadParameter(f"{value!r} must look like NAME=VALUE", param_hint=option)
        found[name.strip()] = meaning.strip()
    return found
