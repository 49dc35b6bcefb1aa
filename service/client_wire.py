"""HTTP as the client speaks it: errors as exceptions, pages, server-sent events, careful repetition."""

import json
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

import httpx

from service.client_errors import Refused, Unreachable
from service.client_models import Event, Json

ATTEMPTS = 3
"""How often a request is sent whose connection breaks, where sending it twice is harmless."""

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class Wire:
    """Requests to one server's `/api`."""

    def __init__(self, url: str, *, api_key: str | None, timeout_s: float) -> None:
        headers = {"authorization": f"Bearer {api_key}"} if api_key else {}
        timeout = httpx.Timeout(timeout_s, connect=5.0)
        self._http = httpx.Client(
            base_url=f"{url.rstrip('/')}/api/",
            headers=headers,
            timeout=timeout,
            trust_env=httpx.URL(url).host not in _LOOPBACK,  # a proxy cannot reach this machine for us
        )
        self._url = url

    def close(self) -> None:
        """Release the connections."""
        self._http.close()

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at `path`."""
        return as_object(self.send("GET", path))

    def post(self, path: str, body: Json | None = None) -> dict[str, Any]:
        """Send JSON, receive a JSON object."""
        return as_object(self.send("POST", path, json=body))

    def pages(self, path: str, filters: Mapping[str, Any] | None = None) -> Iterator[dict[str, Any]]:
        """All items of a list, page by page."""
        params = dict(filters or {})
        while True:
            page = as_object(self.send("GET", path, params=params))
            yield from page["items"]
            if not page.get("next"):
                return
            params["cursor"] = page["next"]

    def send(self, method: str, path: str, **options: Any) -> httpx.Response:
        """One request, sent again on a broken connection where that is harmless.

        Raises: Refused, Unreachable.
        """
        request = self._http.build_request(method, path, **options)
        harmless = method in {"GET", "PUT", "DELETE"} or "idempotency-key" in request.headers
        for attempt in range(1, ATTEMPTS + 1):
            try:
                return self._dispatch(request)
            except Unreachable:
                if not harmless or attempt == ATTEMPTS:
                    raise
                time.sleep(0.2 * attempt)
        raise AssertionError("unreachable: the loop returns or raises")

    def pieces(self, path: str, params: Mapping[str, str]) -> Iterator[bytes]:
        """A large body, as it comes."""
        response = self._dispatch(self._http.build_request("GET", path, params=params), stream=True)
        try:
            yield from response.iter_bytes()
        finally:
            response.close()

    def _dispatch(self, request: httpx.Request, *, stream: bool = False) -> httpx.Response:
        try:
            response = self._http.send(request, stream=stream)
            if response.is_error:
                response.read()
        except httpx.TransportError as error:
            reason = str(error) or type(error).__name__
            raise Unreachable(f"no answer from {self._url} ({reason}); is `concord up` running?") from error
        if response.is_error:
            raise Refused(response.status_code, _problem(response))
        return response

    def events(self, path: str, after: str | None) -> Iterator[Event]:
        """One stream of server-sent events, after the event with the id `after`.

        Raises: Refused; Unreachable, also when the stream breaks.
        """
        headers = {"accept": "text/event-stream"} | ({"last-event-id": after} if after else {})
        request = self._http.build_request("GET", path, headers=headers)
        response = self._dispatch(request, stream=True)
        try:
            yield from parse_events(response.iter_lines())
        except httpx.TransportError as error:
            raise Unreachable(f"the stream from {self._url} broke: {error}") from error
        finally:
            response.close()


def parse_events(lines: Iterable[str]) -> Iterator[Event]:
    """Server-sent events (WHATWG HTML, section 9.2) whose data is JSON; comments are skipped."""
    event_id, kind, data = None, "message", list[str]()
    for line in lines:
        if not line:
            if data:
                yield Event(id=event_id, kind=kind, data=json.loads("\n".join(data)))
            kind, data = "message", []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        match name:
            case "id":
                event_id = value
            case "event":
                kind = value
            case "data":
                data.append(value)


def _problem(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        page = "text/html" in response.headers.get("content-type", "")
        return {"detail": f"{response.url} is not Concord's API" if page else response.text[:200]}
    return body if isinstance(body, dict) else {"detail": str(body)[:200]}


def as_object(response: httpx.Response) -> dict[str, Any]:
    """The body as a JSON object; an empty one where there is no body."""
    found = response.json() if response.content else {}
    assert isinstance(found, dict)
    return found


def as_items(found: Any) -> list[dict[str, Any]]:
    """A list, or the items of a page."""
    return list(found["items"] if isinstance(found, dict) else found)


def given(**values: Any) -> dict[str, Any]:
    """Those that are not `None`."""
    return {name: value for name, value in values.items() if value is not None}


def path_part(text: str) -> str:
    """One segment of a path, whatever an example's id or a person's name contains."""
    return quote(text, safe="")
