"""Who may ask: holders of an API key, browsers that are signed in, or, without keys, this machine alone."""

from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.dependencies import READING_METHODS
from service.errors import Forbidden, ServiceError, Unauthenticated
from service.problems import problem_response
from service.session.door import Door
from service.settings import is_loopback

API = "/api/"
PROTECTED = (API, "/metrics")
SESSION = "/api/session"
OPEN_PATHS = frozenset({"/api/health", "/api/ready", "/api/openapi.json", SESSION})
SCHEME = "bearer "


class Guard:
    """ASGI middleware before everything else.

    With keys, `/api/` and `/metrics` want `Authorization: Bearer <key>`; for `/api/` the cookie of a
    sign-in will do. A browser sends a cookie whoever made it ask, so a request with one that changes
    something must come from our own page. Without keys the service listens on loopback, where any web
    page that a browser has open could reach it: a Host that is not ours (DNS rebinding) and an Origin
    that is not our own (cross-site requests) are refused.
    """

    def __init__(self, app: ASGIApp, *, door: Door, host: str, allowed_hosts: Sequence[str]) -> None:
        self._app = app
        self._door = door
        self._names = {name.lower() for name in (host, *allowed_hosts)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer with the reason why not."""
        if scope["type"] == "http":
            try:
                await self._check(scope, Headers(scope=scope))
            except ServiceError as error:
                await problem_response(error)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _check(self, scope: Scope, headers: Headers) -> None:
        path: str = scope["path"]
        if not self._door.is_locked:
            self._check_host(headers.get("host", ""))
            self._check_origin(headers)
        elif path == SESSION:
            _require_our_page_of_browsers(scope, headers)
        elif path.startswith(PROTECTED) and path not in OPEN_PATHS:
            await self._check_shown(scope, headers)

    async def _check_shown(self, scope: Scope, headers: Headers) -> None:
        authorization = headers.get("authorization", "")
        if authorization.lower().startswith(SCHEME):
            await self._door.require_key(authorization[len(SCHEME) :].strip())
        elif scope["path"].startswith(API) and self._door.is_signed_in(headers):
            _require_our_page(scope, headers)
        else:
            raise Unauthenticated(
                "send an API key of this service as 'Authorization: Bearer <key>', or sign in with one"
            )

    def _check_host(self, host: str) -> None:
        name = _without_port(host)
        if not (is_loopback(name) or name.lower() in self._names):
            raise Forbidden(
                f"Host {host[:100]!r} is not a name of this service; without API keys only loopback names "
                "and CONCORD_ALLOWED_HOSTS are"
            )

    def _check_origin(self, headers: Headers) -> None:
        origin = headers.get("origin")
        if origin is not None and not _is_our_origin(headers):
            raise Forbidden(f"requests from the web page {origin[:100]!r} are refused; only our own may ask")


def _require_our_page_of_browsers(scope: Scope, headers: Headers) -> None:
    """Signing in and out needs no cookie; what no browser sends comes from no other page."""
    if "origin" in headers or "sec-fetch-site" in headers:
        _require_our_page(scope, headers)


def _require_our_page(scope: Scope, headers: Headers) -> None:
    """Of requests that change something. Browsers that send Sec-Fetch-Site cannot be made to lie there, and
    it is right behind proxies that change the Host."""
    if scope["method"] in READING_METHODS:
        return
    site = headers.get("sec-fetch-site")
    ours = _is_our_origin(headers) if site is None else site == "same-origin"
    if not ours:
        raise Forbidden(
            "a request with a cookie that changes something must come from this service's own page"
        )


def _is_our_origin(headers: Headers) -> bool:
    return urlsplit(headers.get("origin", "")).netloc.lower() == headers.get("host", "").lower() != ""


def _without_port(host: str) -> str:
    """`localhost:8000` -> `localhost`; `[::1]:8000` -> `::1`."""
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0]
