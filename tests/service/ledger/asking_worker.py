"""A process that asks the stand-in questions through a gateway over the service's ledger.

`python asking_worker.py '{"home": ..., "database_url": ..., "api_base": ..., "account": ..., "first": 0,
"calls": 40, "cap": 1000, "limits": "", "at_once": 4}'` asks, and says how many it paid for.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from optimizers.errors import PauseReason, RunPaused
from optimizers.lm import Gateway, GatewaySettings, Routes
from optimizers.lm.provider_limits import ProviderLimits, parse_limits
from optimizers.types import Budget, Message, ModelRef, ModelRequest
from service.composition import open_ledger
from service.settings import Settings


async def ask(wanted: dict[str, Any]) -> None:
    ledger = open_ledger(Settings(home=Path(wanted["home"]), database_url=wanted["database_url"]))
    rate = ProviderLimits(parse_limits(wanted["limits"]), ledger.lanes)
    settings = GatewaySettings(max_concurrency=wanted["at_once"], lease_s=1.0)
    gateway = Gateway(ledger, Routes({}), settings=settings, rate=rate)
    session = gateway.session(wanted["account"], Budget(), Budget(max_calls=wanted["cap"]))
    model = ModelRef(name="openai/simulated", api_base=wanted["api_base"])
    numbers = range(wanted["first"], wanted["first"] + wanted["calls"])
    messages = [(Message(role="user", content=f"Reply {n}."),) for n in numbers]
    questions = [ModelRequest(model=model, messages=m) for m in messages]
    asked = await asyncio.gather(*(session.ask(q) for q in questions), return_exceptions=True)
    for answer in asked:
        if isinstance(answer, RunPaused) and answer.reason is PauseReason.SPEND_CAP:
            continue
        if isinstance(answer, BaseException):
            raise answer
    sys.stdout.write(f"{session.paid.calls}\n")
    await gateway.aclose()
    ledger.close()


if __name__ == "__main__":
    asyncio.run(ask(json.loads(sys.argv[1])))
