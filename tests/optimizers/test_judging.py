"""Filling the matrix: what is asked for together."""

import asyncio
from typing import cast

from optimizers.judging import Judging
from optimizers.lm import BackgroundLoop, Session
from optimizers.types import Candidate, Decoding, Example, Label, LabelledExample, ModelAnswer, ModelRef

ROWS = [
    LabelledExample(example=Example(id=f"r{n}", input="", output=str(n)), label=Label.PASS) for n in range(8)
]


class Together:
    """Answers the first batch one by one, and the second only once all its four rows are asked."""

    def __init__(self, abreast: int) -> None:
        self.abreast = abreast
        self.asked = 0
        self.all_there = asyncio.Event()

    def require(self, calls: int) -> None:
        pass

    async def ask(self, _: object) -> ModelAnswer:
        self.asked += 1
        if self.asked == 8:
            self.all_there.set()
        if self.asked > 4:
            await asyncio.wait_for(self.all_there.wait(), timeout=10)
        return ModelAnswer(text='{"rationale": "", "verdict": "pass"}')


def test_no_row_is_sent_ahead_to_a_model_that_has_answered() -> None:
    with BackgroundLoop() as loop:
        session = cast("Session", Together(abreast=4))
        judging = Judging("Polite.", ModelRef(name="m"), Decoding(), session, loop)
        judging.fill([(Candidate(), ROWS[:4])], lambda *_: None)
        judging.fill([(Candidate(), ROWS[4:])], lambda *_: None)
        assert judging.missing(Candidate(), ROWS) == 0


class Crowded(Together):
    """Counts how many questions are open at a time."""

    def __init__(self, abreast: int) -> None:
        super().__init__(abreast)
        self.open = self.most = 0

    async def ask(self, _: object) -> ModelAnswer:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.005)
        self.open -= 1
        return ModelAnswer(text='{"rationale": "", "verdict": "pass"}')


def test_batches_that_are_under_way_together_share_what_is_asked_at_a_time() -> None:
    with BackgroundLoop() as loop:
        model = Crowded(abreast=3)
        session = cast("Session", model)
        judging = Judging("Polite.", ModelRef(name="m"), Decoding(), session, loop)
        judging.fill([(Candidate(instruction=f"Judge {n}."), ROWS) for n in range(5)], lambda *_: None)
        assert (model.most, judging.judged) == (3, 40)
