"""Nothing contacts anybody but the model's own endpoint, in a process without any settings."""

import os
import subprocess
import sys
from importlib.util import find_spec

import pytest

from experiments.standin import StandIn

_AUDIT = """
import sys

contacted = set()

def hook(event, args):
    if event == "socket.connect":
        contacted.add(str(args[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        contacted.add(str(args[0]))
    elif event == "urllib.Request":
        contacted.add(str(args[0]))

sys.addaudithook(hook)
"""

_DSPY_THROUGH_THE_GATEWAY = """
import tempfile
from pathlib import Path
import dspy
from optimizers.lm import BackgroundLoop, Gateway, Routes, SqliteLedger
from optimizers.lm.engine import dspy_lm
from optimizers.types import Budget, Decoding, ModelRef

api_base = sys.argv[1]
ledger = SqliteLedger(Path(tempfile.mkdtemp()) / "ledger.db")
with BackgroundLoop() as loop:
    gateway = Gateway(ledger, Routes({}))
    session = gateway.session("run", Budget(max_calls=100))
    lm = dspy_lm(session, loop, ModelRef(name="openai/simulated", api_base=api_base), Decoding())
    with dspy.context(lm=lm):
        rows = [dspy.Example(reply=f"Reply {n}.").with_inputs("reply") for n in range(8)]
        run = dspy.Evaluate(devset=rows, metric=lambda *_: 1, num_threads=2, display_progress=False)
        run(dspy.ChainOfThought("reply -> verdict"))
    gateway.pricing.price(ModelRef(name="openai/gpt-4o-mini"))
    loop.run(gateway.aclose())
    assert session.usage.calls == 8
"""

_LITELLM = """
import asyncio
from optimizers.lm import Routes
from optimizers.types import Message, ModelRef, ModelRequest

async def main():
    model = ModelRef(name="cerebras/simulated")
    transport = Routes({"CEREBRAS_API_KEY": "sk-cerebras-12345678"})(model)
    assert "litellm" not in sys.modules
    messages = (Message(role="user", content="Hi"),)
    answer = await transport.complete(ModelRequest(model=model, messages=messages))
    assert answer.text and answer.prompt_tokens > 0, answer
    await transport.aclose()

asyncio.run(main())
"""


def contacts(program: str, server: StandIn, **variables: str) -> set[str]:
    report = "\nprint('contacted', *sorted(contacted), sep='\\n')\n"
    kept = {name: value for name, value in os.environ.items() if "LITELLM" not in name}
    done = subprocess.run(
        [sys.executable, "-c", _AUDIT + program + report, server.api_base],
        env=kept | variables,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.partition("contacted\n")[2].split("\n")) - {""}


def only_the_endpoint(server: StandIn) -> set[str]:
    port = int(server.api_base.rpartition(":")[2].partition("/")[0])
    return {"127.0.0.1", str(("127.0.0.1", port))}


def test_dspy_through_the_gateway_contacts_the_endpoint_alone(server: StandIn) -> None:
    found = contacts(_DSPY_THROUGH_THE_GATEWAY, server)
    assert found
    assert found <= only_the_endpoint(server)
    assert server.received == 8


def test_litellm_contacts_the_endpoint_alone(server: StandIn) -> None:
    if find_spec("litellm") is None:
        pytest.skip("LiteLLM is not installed")
    found = contacts(_LITELLM, server, CEREBRAS_API_BASE=server.api_base)
    assert found
    assert found <= only_the_endpoint(server)
    assert server.received == 1
