"""Connections over real sockets: kept, replaced, and given up when the server misbehaves."""

import asyncio
import gzip
import os
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from dspy._vendor.lm15.transports import ConnectError, TransportError, TransportRequest

from optimizers.lm.transports.connections import Connections

ZIPPED = gzip.compress(b"fine", mtime=0)
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfine"


class Server:
    """Answers each request with the next of `replies`, the last one for ever; `None` closes."""

    def __init__(self, *replies: bytes | None) -> None:
        self.replies = list(replies)
        self.opened = 0
        self.requests: list[bytes] = []
        self.url = ""
        self.close_after = False
        self.writers: list[asyncio.StreamWriter] = []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self.writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
                self.requests.append(head + await reader.readexactly(length))
                reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
                if reply is None:
                    break
                writer.write(reply)
                if self.close_after:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()


@asynccontextmanager
async def serving(
    *replies: bytes | None, most: int = 4, timeout_s: float = 5.0
) -> AsyncIterator[tuple[Server, Connections]]:
    server = Server(*replies)
    listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
    connections = Connections(
        connect_timeout_s=1.0, timeout_s=timeout_s, max_connections=most, trust_env=False
    )
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
    try:
        yield server, connections
    finally:
        await connections.aclose()
        for writer in server.writers:
            writer.close()
        listening.close()


async def post(server: Server, connections: Connections, body: bytes = b"{}") -> bytes:
    request = TransportRequest(method="POST", url=server.url, headers=[("X-Key", "k")], body=body)
    async with connections.stream(request) as response:
        return bytes(await response.read())


async def test_calls_one_after_the_other_share_a_connection() -> None:
    async with serving(OK) as (server, connections):
        assert [await post(server, connections, b"%d" % n) for n in range(3)] == [b"fine"] * 3
        assert server.opened == 1
        assert [request[-1:] for request in server.requests] == [b"0", b"1", b"2"]
        assert all(b"X-Key: k\r\n" in request for request in server.requests)


async def test_no_more_connections_than_allowed_are_open() -> None:
    async with serving(OK, most=2) as (server, connections):
        assert await asyncio.gather(*(post(server, connections) for _ in range(20))) == [b"fine"] * 20
        assert server.opened <= 2


async def test_who_waits_too_long_for_a_connection_is_told() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n", most=1, timeout_s=0.2) as (server, connections):
        done = await asyncio.gather(*(post(server, connections) for _ in range(2)), return_exceptions=True)
        assert all(isinstance(error, TransportError) for error in done)
        assert [isinstance(error, ConnectError) for error in done].count(True) == 1  # it was never sent
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    "reply",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nfi\r\n2\r\nne\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK,
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n" + OK,
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(ZIPPED) + ZIPPED,
    ],
)
async def test_other_ways_to_answer_are_understood_and_keep_the_connection(reply: bytes) -> None:
    async with serving(reply) as (server, connections):
        assert [await post(server, connections) for _ in range(2)] == [b"fine"] * 2
        assert server.opened == 1


async def test_a_body_without_a_length_ends_with_the_connection() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n\r\nfine") as (server, connections):
        server.close_after = True
        assert [await post(server, connections) for _ in range(2)] == [b"fine"] * 2
        assert server.opened == 2


async def test_a_connection_that_the_server_closed_is_replaced() -> None:
    async with serving(OK) as (server, connections):
        server.close_after = True
        for _ in range(3):
            assert await post(server, connections) == b"fine"
            await asyncio.sleep(0.05)
        assert server.opened == 3


async def test_a_reply_with_more_than_was_promised_is_the_last_on_its_connection() -> None:
    async with serving(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged", OK) as (
        server,
        connections,
    ):
        assert [await post(server, connections) for _ in range(2)] == [b"fine"] * 2
        assert server.opened == 2


def is_open_whether_it_was_sent(error: Exception) -> bool:
    return not isinstance(error, ConnectError)


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (None, "disconnected"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nfine", "not completed"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\nfine", "no valid reply"),
        (b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nfine", "gzip"),
        (b"nonsense\r\n\r\n", "no valid reply"),
    ],
)
async def test_what_is_no_whole_reply_is_an_error_and_the_next_call_is_not_harmed(
    reply: bytes | None, message: str
) -> None:
    async with serving(reply, OK, most=1) as (server, connections):
        server.close_after = True
        with pytest.raises(TransportError, match=message, check=is_open_whether_it_was_sent):
            await post(server, connections)
        assert await post(server, connections) == b"fine"


async def test_a_server_that_falls_silent_is_given_up() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\nfi", OK, timeout_s=0.2, most=1) as (
        server,
        connections,
    ):
        with pytest.raises(TransportError, match="Timeout", check=is_open_whether_it_was_sent):
            await post(server, connections)
        assert await post(server, connections) == b"fine"


async def test_a_request_that_a_kept_connection_lost_is_not_sent_again() -> None:
    async with serving(OK, None, OK) as (server, connections):
        assert await post(server, connections) == b"fine"
        with pytest.raises(TransportError, check=is_open_whether_it_was_sent):
            await post(server, connections, b"paid")
        assert [request[-4:] for request in server.requests].count(b"paid") == 1


async def test_a_kept_connection_may_rest_for_longer_than_an_answer_may_take() -> None:
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n" + b"x" * 300_000
    async with serving(long, timeout_s=0.2) as (server, connections):
        for _ in range(2):
            assert len(await post(server, connections)) == 300_000
            await asyncio.sleep(0.4)
        assert server.opened == 1


async def test_no_redirect_is_followed_and_no_cookie_kept() -> None:
    moved = b"HTTP/1.1 307 Away\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nContent-Length: 4\r\n\r\nmove"
    async with serving(moved) as (server, connections):
        assert [await post(server, connections) for _ in range(2)] == [b"move"] * 2
        assert (len(server.requests), server.opened) == (2, 1)
        assert not any(b"elsewhere" in request or b"Cookie" in request for request in server.requests)


async def test_an_address_goes_over_the_wire_as_it_is_written() -> None:
    async with serving(OK) as (server, connections):
        server.url += "/model%3A0/caf%c3%a9?alt=a%2Fb"
        await post(server, connections)
        assert server.requests[0].startswith(b"POST /v1/model%3A0/caf%c3%a9?alt=a%2Fb HTTP/1.1\r\n")


async def test_a_header_that_cannot_be_sent_is_told_apart_and_not_shown() -> None:
    async with serving(OK) as (server, connections):
        request = TransportRequest(
            method="POST", url=server.url, headers=[("X-Key", "secret\nX: y")], body=b"1"
        )
        with pytest.raises(ConnectError) as refused:
            async with connections.stream(request):
                pass
        assert "secret" not in str(refused.value)
        assert not server.requests
        assert await post(server, connections) == b"fine"


def test_it_serves_another_event_loop_when_the_first_is_closed() -> None:
    connections = Connections(connect_timeout_s=1, timeout_s=5, max_connections=1, trust_env=False)

    async def ask() -> bytes:
        server = Server(OK)
        listening = await asyncio.start_server(server.handle, "127.0.0.1", 0)
        server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}/v1"
        try:
            return await post(server, connections)
        finally:
            listening.close()

    assert [asyncio.run(ask()) for _ in range(2)] == [b"fine"] * 2
    asyncio.run(connections.aclose())


async def test_a_cancelled_call_gives_its_place_back_and_not_its_connection() -> None:
    async with serving(b"HTTP/1.1 200 OK\r\n", OK, most=1) as (server, connections):
        asked = asyncio.ensure_future(post(server, connections))
        await asyncio.sleep(0.1)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asyncio.wait_for(asked, timeout=1)
        assert await post(server, connections) == b"fine"
        assert server.opened == 2


async def test_a_server_that_is_not_there_is_told_apart() -> None:
    async with serving(OK) as (server, connections):
        server.url = "http://127.0.0.1:1/v1"
        with pytest.raises(ConnectError, match=r"Cannot connect to host 127\.0\.0\.1:1 "):
            await post(server, connections)


async def test_nothing_is_sent_once_it_is_closed() -> None:
    async with serving(OK) as (server, connections):
        await connections.aclose()
        with pytest.raises(TransportError, match="closed"):
            await post(server, connections)
        assert not server.requests


# --- TLS ----------------------------------------------------------------------------------------------------


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost that signs itself, with its key, in one file."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    written = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    path = tmp_path / "localhost.pem"
    path.write_bytes(written + signed.public_bytes(serialization.Encoding.PEM))
    return path


_ASK_TWICE = """
import asyncio
import sys
from tests.optimizers.lm.test_connections import Connections, Server, post

async def main():
    server = Server()
    server.url = sys.argv[1]
    connections = Connections(connect_timeout_s=5, timeout_s=5, max_connections=1, trust_env=False)
    print(await post(server, connections), await post(server, connections))
    await connections.aclose()

asyncio.run(main())
"""


async def over_tls(certificate: Path, **variables: str) -> tuple[Server, str]:
    """Two calls by a process of its own, as certificates are read when it starts, and what it said."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(OK)
    async with await asyncio.start_server(server.handle, "127.0.0.1", 0, ssl=context) as listening:
        client = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _ASK_TWICE),
            f"https://localhost:{listening.sockets[0].getsockname()[1]}/v1",
            env=os.environ | variables,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(client.communicate(), timeout=240)
    return server, said.decode()


async def test_a_server_is_trusted_by_its_certificate_alone(certificate: Path) -> None:
    server, said = await over_tls(certificate)
    assert "ConnectError: Cannot connect" in said
    assert "certificate verify failed" in said
    assert not server.requests
    server, said = await over_tls(certificate, SSL_CERT_FILE=str(certificate))
    assert said == "b'fine' b'fine'\n"
    assert (len(server.requests), server.opened) == (2, 1)
