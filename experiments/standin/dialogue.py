"""Between a request and a world: find the file's rows in a prompt, and write the world's answer."""

import hashlib
import json
import re
from dataclasses import replace
from functools import lru_cache

from experiments.standin.chat import ChatRequest, Field, Form, write_answer
from experiments.standin.finding import RowFinder
from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Judgement, Prompt, Proposal, World

_VERDICTS = ("verdict", "result")
"""What judges call their decision: Concord and most others, and MLflow's judges."""


class Dialogue:
    """Answers chat requests on behalf of a world.

    A judge request asks for the field `verdict` (or `result`) and has exactly one row under judgement:
    the last of the file's rows in its final message. Every other request is a proposer's.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        finder = RowFinder(world.rows)
        # A row's message and a prompt's head recur in many requests: reading them once is enough.
        self._under_judgement = lru_cache(maxsize=8192)(finder.last_in)
        self._shown = lru_cache(maxsize=2048)(finder.all_in)
        self._prompts = lru_cache(maxsize=2048)(self._read_prompt)

    def answer(self, request: ChatRequest) -> tuple[str, str]:
        """Who was asked (`judge` or `proposer`), and the answer's text."""
        if any(request.asks_for(name) for name in _VERDICTS):
            row = self._under_judgement(request.final)
            if row is not None:
                prompt = self._prompt(request, row)
                prompt = replace(prompt, sample=request.sample) if request.sample else prompt
                judgement = self._world.judge(row, prompt)
                return "judge", _write_judgement(request, judgement)
        text = request.text
        told = f"{text.lower()}\x1f{request.sample}" if request.sample else text.lower()
        return "proposer", _write_proposal(request, self._world.propose(told, self._shown(text)))

    def _prompt(self, request: ChatRequest, row: WorldRow) -> Prompt:
        rest = request.final.replace(row.output, " ").replace(row.input, " ")
        reasoning = any(re.search("rational|reason", field.name) for field in request.fields)
        return self._prompts(request.messages[:-1], rest, reasoning)

    def _read_prompt(self, head: tuple[tuple[str, str], ...], rest: str, reasoning: bool) -> Prompt:
        system = "\n\n".join(text for role, text in head if role == "system")
        examples = "\n\n".join(text for role, text in head if role != "system")
        shown = (*self._shown(system), *self._shown(examples), *self._shown(rest))
        named = "\x1f".join((system, examples, rest, str(reasoning)))
        digest = hashlib.blake2b(named.encode("utf-8", "surrogatepass"), digest_size=16)
        return Prompt(
            text=f"{system}\n{examples}\n{rest}".lower(),
            instruction=f"{system}\n{rest}".lower(),
            examples=examples.lower(),
            shown=shown,
            reasoning=reasoning,
            digest=digest.hexdigest(),
        )


def _write_judgement(request: ChatRequest, judgement: Judgement) -> str:
    verdict = "fail" if judgement.fails else "pass"
    if not judgement.readable:
        return f"Let me think about this one. {judgement.rationale} I would say {verdict}."

    def value(field: Field) -> object:
        if field.name in _VERDICTS:
            return _evidence(judgement) if "Evidence" in field.type or field.parts else verdict
        if "probability" in field.name or field.type in {"float", "int"}:
            return judgement.fail_probability
        return judgement.rationale

    return write_answer(request, verdict, value)


def _evidence(judgement: Judgement) -> dict[str, object]:
    """A verdict as DSPy's decision outputs want it: how probable each option is."""
    fail = judgement.fail_probability
    return {
        "probabilities": {"pass": round(1 - fail, 4), "fail": fail},
        "confidence": round(max(fail, 1 - fail), 4),
    }


_MODULES = re.compile(r"module_names.{0,20}?(\[[^\]]*\])", re.DOTALL)
_IDS = re.compile(r'"(?:id|case)": (\d+)')
_KERNEL = re.compile(r"(?:.*: )?([^:.?]+?)(?: - fail)?[.?]", re.DOTALL)


def _modules(request: ChatRequest) -> list[str]:
    """The modules for which advice is asked, by the names that the request gives them."""
    found = _MODULES.findall(request.final)
    return re.findall(r"\w+", found[-1]) if found else []


def _entry(rule: str, field: Field, request: ChatRequest) -> object:
    """A rule as text, or as an object with the parts that are asked for: text, and ids of examples."""
    if not field.parts:
        return rule
    ids = [int(number) for number in _IDS.findall(request.text)[:3]]
    kernel = _KERNEL.match(rule)
    short = kernel[1].strip() if kernel else rule
    texts = {"name": short[:1].upper() + short[1:]}
    return {name: ids if kind == "list" else texts.get(name, rule) for name, kind in field.parts}


def _write_proposal(request: ChatRequest, proposal: Proposal) -> str:
    lines = "\n".join(f"- {rule}" for rule in proposal.rules)
    instruction = f"{proposal.opening}\n{lines}".strip()

    def value(field: Field) -> object:
        kind = field.type.lower()
        if kind.startswith(("list", "array", "tuple")):
            return [_entry(rule, field, request) for rule in proposal.rules]
        if kind.startswith("dict"):
            return dict.fromkeys(_modules(request), lines)
        if kind in {"float", "int", "bool"}:
            return {"float": 0.5, "int": 1, "bool": True}[kind]
        if kind.startswith("literal"):
            return re.split(r"[\[\]',\" ]+", field.type)[1]
        wants_rules = re.search(r"instruction|prompt|rule|criteri|guid|checklist", field.name)
        return instruction if wants_rules else proposal.explanation

    plain = f"```\n{instruction}\n```" if "```" in request.final else instruction
    if request.form is Form.JSON and not request.fields:
        return json.dumps({"instruction": instruction})  # JSON was asked for without naming a field
    return write_answer(request, plain, value)
