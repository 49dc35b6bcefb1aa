"""A stand-in for a provider that costs almost nothing itself: one fixed chat completion, after a wait.

`python -m experiments.benchmarks.lean_server LATENCY_MS` prints its port and serves on loopback until its
standard input closes.
"""

import asyncio
import json
import sys

_ANSWER = {
    "id": "fixed",
    "object": "chat.completion",
    "created": 0,
    "model": "lean",
    "choices": [
        {
            "index": 0,
            "finish_reason": "stop",
            "message": {
                "role": "assistant",
                "content": '{"rationale": "The reply answers what was asked.", "verdict": "pass"}',
            },
        }
    ],
    "usage": {"prompt_tokens": 400, "completion_tokens": 20, "total_tokens": 420},
}
_BODY = json.dumps(_ANSWER).encode()
_REPLY = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
    len(_BODY),
    _BODY,
)
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class LeanServer(asyncio.Protocol):
    """One connection: requests one after the other, each read to its end by its Content-Length."""

    def __init__(self, latency_s: float) -> None:
        self._latency_s = latency_s
        self._loop = asyncio.get_running_loop()
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each request that is complete."""
        self._received += data
        while (end := _end_of_request(self._received)) is not None:
            self._received = self._received[end:]
            if self._latency_s:
                self._loop.call_later(self._latency_s, self._reply)
            else:
                self._reply()

    def _reply(self) -> None:
        assert self._transport is not None
        if not self._transport.is_closing():
            self._transport.write(_REPLY)


def _end_of_request(received: bytes) -> int | None:
    head = received.find(_HEAD_END)
    if head < 0:
        return None
    lowered = received[:head].lower()
    at = lowered.find(_LENGTH)
    length = int(lowered[at + len(_LENGTH) :].split(b"\r\n", 1)[0]) if at >= 0 else 0
    end = head + len(_HEAD_END) + length
    return end if len(received) >= end else None


async def _serve(latency_s: float) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: LeanServer(latency_s), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(_serve(float(sys.argv[1]) / 1000))
