"""How a request was answered, for those who tell of it: the log and the metrics."""

from starlette.types import Message, Send


class Answered:
    """Passes a response on to `send` and keeps its status; 500 until a response has begun."""

    def __init__(self, send: Send) -> None:
        self.status = 500
        self._send = send

    async def send(self, message: Message) -> None:
        """Pass one message on."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
        await self._send(message)
