"""A door before a database server, which a test can shut: an outage without touching the server."""

import contextlib
import socket
import threading
from collections.abc import Iterator


class Door:
    """Passes connections on to `server`; while shut, it drops those that are there and takes none."""

    def __init__(self, server: tuple[str, int]) -> None:
        self._server = server
        self._open = threading.Event()
        self._open.set()
        self._sockets: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def shut(self) -> None:
        self._open.clear()
        for each in list(self._sockets):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def reopen(self) -> None:
        self._open.set()

    def close(self) -> None:
        self._listener.close()
        self.shut()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self._open.is_set():
                client.close()
                continue
            server = socket.create_connection(self._server)
            for one, other in ((client, server), (server, client)):
                self._sockets.add(one)
                threading.Thread(target=self._pump, args=(one, other), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                sink.sendall(data)
        for each in (source, sink):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._sockets.discard(source)


@contextlib.contextmanager
def door_before(host: str, port: int) -> Iterator[Door]:
    door = Door((host, port))
    try:
        yield door
    finally:
        door.close()
