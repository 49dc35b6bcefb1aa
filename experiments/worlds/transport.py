"""A world as a model within the process: no sockets, for quick experiments."""

from dataclasses import replace

from experiments.standin.chat import ChatRequest, read_request
from experiments.standin.dialogue import Dialogue
from experiments.standin.worlds import World
from optimizers.plain import parse
from optimizers.types import ModelAnswer, ModelRequest


class WorldTransport:
    """A `Transport` that answers for a world. `judged` and `proposed` count what was asked."""

    def __init__(self, world: World) -> None:
        self._dialogue = Dialogue(world)
        self.judged = 0
        self.proposed = 0

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`; tokens are four characters each, as a rule of thumb."""
        role, text = self._dialogue.answer(_chat(request))
        if role == "judge":
            self.judged += 1
        else:
            self.proposed += 1
        prompt = sum(len(message.content) for message in request.messages) // 4
        return ModelAnswer(text=text, prompt_tokens=prompt, completion_tokens=len(text) // 4 + 1)

    async def aclose(self) -> None:
        """Nothing is open."""


def _chat(request: ModelRequest) -> ChatRequest:
    messages = [{"role": m.role, "content": m.content} for m in request.messages]
    form = request.decoding.response_format
    asked = read_request({"messages": messages} | ({"response_format": parse(form)} if form else {}))
    return replace(asked, sample=str(request.sample)) if request.decoding.temperature else asked
