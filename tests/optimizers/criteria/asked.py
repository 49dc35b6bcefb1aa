"""A model that answers from a list, for tests of what is asked and read."""

import json
from collections.abc import Callable, Sequence

from optimizers.types import Message

Answers = str | Sequence[str] | Callable[[str], str]


class Asked:
    """Answers questions in turn (the last answer again and again), or by what is asked; keeps them."""

    def __init__(self, answers: Answers) -> None:
        self._answers = [answers] if isinstance(answers, str) else answers
        self.questions: list[str] = []
        self.samples: list[int] = []

    async def __call__(self, messages: tuple[Message, ...], sample: int) -> str:
        text = "\n".join(message.content for message in messages)
        self.questions.append(text)
        self.samples.append(sample)
        if callable(self._answers):
            return self._answers(text)
        return self._answers[min(len(self.questions), len(self._answers)) - 1]


def criteria(*items: object) -> str:
    return json.dumps({"criteria": items})
