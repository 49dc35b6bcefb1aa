"""Between a request and a world: find the file's rows in a prompt, and write the world's answer."""

import hashlib
import json
import re
from functools import lru_cache

from experiments.standin.chat import ChatRequest, Field, Form, write_answer
from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Judgement, Prompt, Proposal, World

_GAPS = re.compile(r"\\[nrt\"']|\W+")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


def _plain(text: str) -> str:
    """Words only, so that quoting and escaping (repr, JSON, Markdown) hide no row."""
    if "\\u" in text:
        text = _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)
    return _GAPS.sub(" ", text).strip()


class Dialogue:
    """Answers chat requests on behalf of a world.

    A judge request asks for the field `verdict` and has exactly one row under judgement: the last
    of the file's rows in its final message. Every other request is a proposer's.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._rows = [(row, _plain(row.input), _plain(row.output)) for row in world.rows]
        # A row's message and a prompt's head recur in many requests: reading them once is enough.
        self._under_judgement = lru_cache(maxsize=8192)(self._find_last)
        self._shown = lru_cache(maxsize=2048)(self._find_all)
        self._prompts = lru_cache(maxsize=2048)(self._read_prompt)

    def answer(self, request: ChatRequest) -> tuple[str, str]:
        """Who was asked (`judge` or `proposer`), and the answer's text."""
        if request.asks_for("verdict"):
            row = self._under_judgement(request.final)
            if row is not None:
                judgement = self._world.judge(row, self._prompt(request, row))
                return "judge", _write_judgement(request, judgement)
        text = request.text
        return "proposer", _write_proposal(request, self._world.propose(text.lower(), self._find_all(text)))

    def _prompt(self, request: ChatRequest, row: WorldRow) -> Prompt:
        rest = request.final.replace(row.output, " ").replace(row.input, " ")
        return self._prompts("\n\n".join(text for _, text in request.messages[:-1]), rest)

    def _read_prompt(self, head: str, rest: str) -> Prompt:
        shown = (*self._shown(head), *self._shown(rest))
        digest = hashlib.blake2b(f"{head}\x1f{rest}".encode("utf-8", "surrogatepass"), digest_size=16)
        return Prompt(text=f"{head}\n{rest}".lower(), shown=shown, digest=digest.hexdigest())

    def _find_all(self, text: str) -> tuple[WorldRow, ...]:
        plain = _plain(text)
        return tuple(row for row, asked, said in self._rows if said in plain and asked in plain)

    def _find_last(self, text: str) -> WorldRow | None:
        plain = _plain(text)
        found = [(plain.rfind(said), len(said), row) for row, asked, said in self._rows if asked in plain]
        found = [place for place in found if place[0] >= 0]
        return max(found, key=lambda place: place[:2])[2] if found else None


def _write_judgement(request: ChatRequest, judgement: Judgement) -> str:
    verdict = "fail" if judgement.fails else "pass"
    if not judgement.readable:
        return f"Let me think about this one. {judgement.rationale} I would say {verdict}."

    def value(field: Field) -> object:
        if field.name == "verdict":
            return verdict
        if "probability" in field.name or field.type in {"float", "int"}:
            return judgement.fail_probability
        return judgement.rationale

    return write_answer(request, verdict, value)


def _write_proposal(request: ChatRequest, proposal: Proposal) -> str:
    lines = "\n".join(f"- {rule}" for rule in proposal.rules)
    instruction = f"Judge whether the reply settles the request.\n{lines}".strip()

    def value(field: Field) -> object:
        kind = field.type.lower()
        if kind.startswith(("list", "array", "tuple")):
            return list(proposal.rules)
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
