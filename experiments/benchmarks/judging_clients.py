"""One way to have rows judged, alone in its process: `python -m experiments.benchmarks.judging_clients`.

Reads the setting as JSON from the command line and prints what it took as JSON: calls per second, CPU time of
the process, and its highest resident memory. Every client sends the same prompts to the same server.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aiohttp
import dspy

from experiments.benchmarks.genai_client import judge_by_genai
from optimizers.evaluate import PROBE_ROWS, evaluate
from optimizers.judge import program_of
from optimizers.lm import Gateway, GatewaySettings, Routes, Session, SqliteLedger
from optimizers.lm.collector import calm_collector
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.provider_limits import ProviderLimits
from optimizers.rendering import render
from optimizers.template import PromptTemplate
from optimizers.types import Budget, Candidate, Decoding, Example, ModelRef

CRITERION = "The reply answers what the customer asked, politely, and promises nothing that is not certain."
INSTRUCTION = " ".join([CRITERION, "Read the reply to its end before you decide."] * 6)
DECODING = Decoding()
MODEL = "lean"


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """`calls` rows are judged, so many `concurrent` ones at once, at `api_base`."""

    client: str
    api_base: str
    concurrent: int
    calls: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """What it took, once warm. `ledger_hits_per_second` where the client has a ledger."""

    calls_per_second: float
    cpu_ms_per_judgement: float
    peak_rss_mib: float
    ledger_hits_per_second: float | None = None
    cpu_ms_per_ledger_hit: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Took:
    """Wall clock and CPU time of some work, in seconds."""

    wall_s: float
    cpu_s: float


def rows(calls: int, name: str = "row") -> list[Example]:
    """Rows of some 600 characters, all different."""
    ticket, reply = "My parcel has not arrived yet. " * 10, "We have looked into it for you. " * 8
    return [
        Example(id=f"{name}-{n}", input=f"Ticket {name} {n}. {ticket}", output=reply) for n in range(calls)
    ]


def template() -> PromptTemplate:
    """The prompt that all clients send."""
    return render(Candidate(instruction=INSTRUCTION), CRITERION, DECODING)


@contextmanager
def timed(into: list[Took]) -> Iterator[None]:
    """Append to `into` what the block takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    into.append(Took(wall_s=time.perf_counter() - wall, cpu_s=time.process_time() - cpu))


def measured(calls: int, took: Sequence[Took]) -> Measured:
    """As figures; a second one is of the same calls from the ledger."""
    first = took[0]
    hits = took[1] if len(took) > 1 else None
    return Measured(
        calls_per_second=round(calls / first.wall_s, 1),
        cpu_ms_per_judgement=round(1000 * first.cpu_s / calls, 3),
        peak_rss_mib=_peak_rss_mib(),
        ledger_hits_per_second=round(calls / hits.wall_s, 1) if hits else None,
        cpu_ms_per_ledger_hit=round(1000 * hits.cpu_s / calls, 3) if hits else None,
    )


def _peak_rss_mib() -> float:
    """By the kernel's word (Linux). `getrusage` would count what the parent had when it started us."""
    status = Path("/proc/self/status").read_text().splitlines()
    return round(next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) / 1024, 1)


# --- the clients --------------------------------------------------------------------------------------------


@contextmanager
def opened(setting: Setting) -> Iterator[tuple[Session, BackgroundLoop]]:
    """The whole gateway with a ledger in a file, as `concord optimize` has it."""
    with tempfile.TemporaryDirectory(prefix="concord-benchmark-") as folder, BackgroundLoop() as loop:
        ledger = SqliteLedger(Path(folder) / "ledger.db")
        gateway = Gateway(
            ledger,
            Routes({}, max_connections=2 * setting.concurrent),
            settings=GatewaySettings(max_concurrency=setting.concurrent),
            rate=ProviderLimits({}, ledger.lanes),
            uses=ledger.uses,
        )
        yield gateway.session("benchmark", Budget(), max_in_flight=setting.concurrent), loop
        loop.run(gateway.aclose())
        ledger.close()


def judge_all_rows(
    setting: Setting, session: Session, loop: BackgroundLoop, examples: Sequence[Example], *, seen: bool
) -> None:
    """Judge `examples` by our evaluator; a row without a verdict ends it. Once the model was `seen` to accept
    the prompt, no row goes ahead of the others, as in the later batches of an evaluation."""
    found = loop.run(
        evaluate(
            template(),
            examples,
            session,
            candidate_id="benchmark",
            model=ModelRef(name=f"openai/{MODEL}", api_base=setting.api_base),
            abreast=session.abreast,
            canary=not seen,
            probes=0 if seen else PROBE_ROWS,
            on_progress=lambda *_: None,
        )
    )
    if None in found.judged([example.id for example in examples]):
        raise RuntimeError("a row has no verdict")


def concord(setting: Setting) -> Measured:
    """Our evaluator; and once more, from its ledger."""
    took: list[Took] = []
    with opened(setting) as (session, loop):
        judge_all_rows(setting, session, loop, rows(setting.concurrent, "warm"), seen=False)
        calm_collector()
        for _ in range(2):
            with timed(took):
                judge_all_rows(setting, session, loop, rows(setting.calls), seen=True)
    return measured(setting.calls, took)


def bare_aiohttp(setting: Setting) -> Measured:
    """Requests and nothing else: no ledger, no retries, no verdicts."""
    return asyncio.run(_bare(setting))


async def _bare(setting: Setting) -> Measured:
    took: list[Took] = []
    filled = template()
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=setting.concurrent)) as http:

        async def ask(queue: Iterator[Example]) -> None:
            for example in queue:
                messages = [{"role": m.role, "content": m.content} for m in filled.fill(example)]
                body = {
                    "model": MODEL,
                    "messages": messages,
                    "temperature": DECODING.temperature,
                    "max_tokens": DECODING.max_tokens,
                }
                async with http.post(f"{setting.api_base}/chat/completions", json=body) as response:
                    reply = await response.json()
                json.loads(reply["choices"][0]["message"]["content"])

        async def ask_all(examples: Sequence[Example]) -> None:
            queue = iter(examples)
            await asyncio.gather(*(ask(queue) for _ in range(setting.concurrent)))

        await ask_all(rows(setting.concurrent, "warm"))
        with timed(took):
            await ask_all(rows(setting.calls))
    return measured(setting.calls, took)


def dspy_native(setting: Setting) -> Measured:
    """DSPy's `Evaluate` over its own client."""
    return _dspy(setting, "lm15")


def dspy_litellm(setting: Setting) -> Measured:
    """DSPy's `Evaluate` over LiteLLM."""
    return _dspy(setting, "litellm")


def _dspy(setting: Setting, engine: str) -> Measured:
    took: list[Took] = []
    program = program_of(Candidate(instruction=INSTRUCTION), CRITERION)
    lm = dspy.LM(
        f"openai/{MODEL}",
        api_base=setting.api_base,
        api_key="none",
        cache=False,
        num_retries=0,
        temperature=DECODING.temperature,
        max_tokens=DECODING.max_tokens,
        engine=engine,
    )
    with dspy.context(lm=lm, disable_history=True, trace=None):
        _dspy_evaluate(program, rows(setting.concurrent, "warm"), setting.concurrent)
        examples = rows(setting.calls)
        with timed(took):
            _dspy_evaluate(program, examples, setting.concurrent)
    return measured(setting.calls, took)


LEAST_JUDGED_PERCENT = 99.0
"""A client that gives up on a row where its connection fails is still measured; one that fails is not."""


def _dspy_evaluate(program: dspy.Module, examples: Sequence[Example], threads: int) -> None:
    devset = [
        dspy.Example(task_input=example.input, task_output=example.output).with_inputs(
            "task_input", "task_output"
        )
        for example in examples
    ]
    found = dspy.Evaluate(
        devset=devset, metric=_passes, num_threads=threads, display_progress=False, provide_traceback=False
    )(program)
    if found.score < LEAST_JUDGED_PERCENT:
        raise RuntimeError(f"DSPy gave verdicts to {found.score} % of the rows")


def _passes(_example: dspy.Example, prediction: dspy.Prediction, _trace: object = None) -> bool:
    return bool(prediction.verdict == "pass")


def mlflow_genai(setting: Setting) -> Measured:
    """MLflow's `genai.evaluate` with one scorer, tracked in a file of its own."""
    took: list[Took] = []
    url = f"{setting.api_base}/chat/completions"
    filled = template()
    bodies = [
        {
            "model": MODEL,
            "messages": [{"role": m.role, "content": m.content} for m in filled.fill(example)],
            "temperature": DECODING.temperature,
            "max_tokens": DECODING.max_tokens,
        }
        for example in rows(setting.calls)
    ]
    with tempfile.TemporaryDirectory(prefix="concord-benchmark-") as folder:
        os.environ["MLFLOW_GENAI_EVAL_MAX_WORKERS"] = str(setting.concurrent)
        with timed(took):
            judge_by_genai(Path(folder), url, bodies)
    return measured(setting.calls, took)


CLIENTS: Mapping[str, Callable[[Setting], Measured]] = {
    "aiohttp": bare_aiohttp,
    "concord": concord,
    "dspy_litellm": dspy_litellm,
    "dspy_native": dspy_native,
    "mlflow_genai": mlflow_genai,
}


def main(argument: str) -> dict[str, Any]:
    """Measure the setting that `argument` holds."""
    setting = Setting(**json.loads(argument))
    return asdict(CLIENTS[setting.client](setting))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(sys.argv[1])) + "\n")
