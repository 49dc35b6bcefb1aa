"""The environment's proxies: which one counts, and what goes to it."""

import asyncio
from pathlib import Path

import pytest
from dspy._vendor.lm15.transports import ConnectError

from optimizers.lm.transports.connections import Connections
from optimizers.lm.transports.proxies import proxy_for

from .test_connections import OK, Server, post, serving


@pytest.fixture
def no_exceptions(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


async def through_proxy(url: str) -> bytes:
    away = Server(OK)
    away.url = url
    connections = Connections(connect_timeout_s=1, timeout_s=5, max_connections=1, trust_env=True)
    try:
        return await post(away, connections)
    finally:
        await connections.aclose()


@pytest.mark.usefixtures("no_exceptions")
async def test_a_proxy_of_the_environment_is_used_where_it_counts(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("default login me password hunter2\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    async with serving(OK) as (proxy, _):
        monkeypatch.setenv("HTTP_PROXY", proxy.url.removesuffix("/v1").replace("//", "//user:word@"))
        assert await through_proxy("http://models.invalid/v1") == b"fine"
        head = proxy.requests[0]
        assert head.startswith(b"POST http://models.invalid/v1 HTTP/1.1\r\n")
        assert b"\r\nProxy-Authorization: Basic dXNlcjp3b3Jk\r\n" in head
        assert b"\r\nAuthorization" not in head  # what ~/.netrc says is nobody's key


@pytest.mark.usefixtures("no_exceptions")
async def test_a_proxy_that_refuses_is_told_apart_without_its_password(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1", 0) as listening:
        port = listening.sockets[0].getsockname()[1]
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:hunter2@127.0.0.1:{port}")
        with pytest.raises(ConnectError, match="the proxy refused: 407 Who are you") as refused:
            await through_proxy("https://models.invalid/v1")
        assert "hunter2" not in str(refused.value)


@pytest.mark.usefixtures("no_exceptions")
@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, None),
        ({"http_proxy": "proxy:3128"}, "http://proxy:3128"),
        ({"http_proxy": "me:hunter2@proxy:3128"}, "http://me:hunter2@proxy:3128"),
        ({"all_proxy": "https://proxy"}, "https://proxy"),
        ({"https_proxy": "http://proxy"}, None),
        ({"http_proxy": "http://proxy", "no_proxy": "models.invalid"}, None),
    ],
)
def test_the_environments_proxy_is_found(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], expected: str | None
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert proxy_for("http://models.invalid/v1") == expected


@pytest.mark.usefixtures("no_exceptions")
async def test_a_proxy_that_does_not_speak_http_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "socks5://me:hunter2@proxy")
    with pytest.raises(ConnectError, match=r"must be http:// or https://, got socks5://$"):
        await through_proxy("http://models.invalid/v1")
