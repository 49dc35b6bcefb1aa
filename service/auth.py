"""Who may ask: holders of an API key, or, where none is set, this machine alone."""

import hashlib
import hmac
from collections.abc import Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.errors import Forbidden, ServiceError, Unauthenticated
from service.problems import problem_response
from service.settings import is_loopback

PROTECTED = ("/api/", "/metrics")
OPEN_PATHS = frozenset({"/api/health", "/api/ready", "/api/openapi.json"})
SCHEME = "bearer "


class Guard:
    """ASGI middleware before everything else.

    With keys, `/api/` and `/metrics` want `Authorization: Bearer <key>`. Without keys the service listens on
    loopback, where any web page that a browser has open could reach it: a Host that is not ours
    (DNS rebinding) and an Origin that is not our own (cross-site requests) are refused.
    """

    def __init__(
        self, app: ASGIApp, *, api_keys: Sequence[SecretStr], host: str, allowed_hosts: Sequence[str]
    ) -> None:
        self._app = app
        self._key_hashes = [_hash(key.get_secret_value()) for key in api_keys]
        self._names = {name.lower() for name in (host, *allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with the reason why not."""
        if scope["type"] == "http":
            try:
                self._check(scope["path"], Headers(scope=scope))
            except ServiceError as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, path: str, headers: Headers) -> None:
        if not self._key_hashes:
            self._check_host(headers.get("host", ""))
            self._check_origin(headers)
        elif path.startswith(PROTECTED) and path not in OPEN_PATHS:
            self._check_key(headers.get("authorization", ""))

    def _check_key(self, authorization: str) -> None:
        if not authorization.lower().startswith(SCHEME):
            raise Unauthenticated("send an API key of this service as 'Authorization: Bearer <key>'")
        shown = _hash(authorization[len(SCHEME) :].strip())
        # Every key is compared, each in constant time: how long it takes tells nothing.
        if not sum([hmac.compare_digest(shown, known) for known in self._key_hashes]):
            raise Unauthenticated("the API key is not one of this service's")

    def _check_host(self, host: str) -> None:
        name = _without_port(host)
        if not (is_loopback(name) or name.lower() in self._names):
            raise Forbidden(
                f"Host {host[:100]!r} is not a name of this service; without API keys only loopback names "
                "and CONCORD_ALLOWED_HOSTS are"
            )

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower():
            raise Forbidden(f"requests from the web page {origin[:100]!r} are refused; only our own may ask")


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogateescape")).digest()


def _without_port(host: str) -> str:
    """`localhost:8000` -> `localhost`; `[::1]:8000` -> `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
