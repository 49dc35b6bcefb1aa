"""A small world with a known better prompt: rows, people's labels, and the model that judges them.

Outputs are short replies; some hold a word that people object to, one word for each kind of defect.
The model as a judge is lenient: it knows the first kind by itself and learns of another only when the
instruction names its word or a demonstration that was failed shows it. A few rows it always gets
wrong. As a proposer it names the words in the failed replies that it is shown, now and then missing
one. It answers in whatever fields and format a prompt of Concord or DSPy asks for. All of it is a
function of the prompt: no state, no chance.
"""

import hashlib
import json
import re
from dataclasses import dataclass

from optimizers.types import Example, Label, LabelledExample, Message, ModelRequest, Part, Snapshot, Split

KINDS = ("guarantee", "password", "whatever", "asap")
"""The words that people object to, one a kind of defect. The judge knows the first by itself."""

CRITERION = "The reply is one that a careful support team would send."

_TOPICS = ("an invoice", "a parcel", "a login", "a refund", "an outage", "a contract", "a licence")
_REPLIES = (
    "We have looked into {topic} and will write again by {day}.",
    "Thank you for writing about {topic}; here is what to do by {day}.",
    "The matter of {topic} is settled as of {day}.",
)
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
_DEFECTS = {
    "guarantee": "This is a guarantee without exception.",
    "password": "Please send us your password first.",
    "whatever": "Then again, whatever.",
    "asap": "Answer asap or we close the case.",
}
_FIELD = re.compile(r"`(?:\[\[ ## )?(\w+)(?: ## \]\])?`")
_WORD = re.compile(r"[a-z]+")


@dataclass(frozen=True, kw_only=True)
class JudgeWorld:
    """A world of `train` + `dev` + `test` rows.

    `fail_share` is the share of rows with a defect, `stubborn` the share of rows that the judge gets
    wrong whatever its prompt. Both are in [0, 1].
    """

    train: int = 60
    dev: int = 60
    test: int = 60
    fail_share: float = 0.5
    stubborn: float = 0.06

    def snapshot(self) -> Snapshot:
        """The rows with labels, critiques and parts."""
        sizes = ((Part.TRAIN, self.train), (Part.DEV, self.dev), (Part.TEST, self.test))
        parts = [part for part, size in sizes for _ in range(size)]
        rows = tuple(self._row(number) for number in range(len(parts)))
        split = Split(parts={row.id: part for row, part in zip(rows, parts, strict=True)})
        return Snapshot(dataset_id="world", name="A small world", criterion=CRITERION, rows=rows, split=split)

    def _row(self, number: int) -> LabelledExample:
        topic = _TOPICS[number % len(_TOPICS)]
        reply = _REPLIES[number % len(_REPLIES)].format(topic=topic, day=_DAYS[number % len(_DAYS)])
        # Every so-many-th row is bad, and the kinds take turns.
        bad = int((number + 1) * self.fail_share) > int(number * self.fail_share)
        kind = KINDS[int(number * self.fail_share) % len(KINDS)]
        return LabelledExample(
            example=Example(
                id=f"row-{number:04}",
                input=f"Case {number}: a question about {topic}.",
                output=f"Re {number}. {reply} {_DEFECTS[kind]}" if bad else f"Re {number}. {reply}",
            ),
            label=Label.FAIL if bad else Label.PASS,
            critique=f"One does not write '{kind}' to a customer." if bad else None,
        )

    def answer(self, request: ModelRequest) -> str:
        """What the world's model says to `request`."""
        fields = _asked_fields(request.messages)
        last = request.messages[-1].content
        if "verdict" in fields:
            values = self._judge(request.messages)
        else:
            values = dict.fromkeys(fields, self._propose("\n".join(m.content for m in request.messages)))
        if "[[ ## " in last.rpartition("Respond with")[2]:
            body = "\n\n".join(f"[[ ## {name} ## ]]\n{values[name]}" for name in fields)
            return f"{body}\n\n[[ ## completed ## ]]"
        return json.dumps({name: values[name] for name in fields})

    def _judge(self, messages: tuple[Message, ...]) -> dict[str, str]:
        row = messages[-1].content.partition("Respond with")[0]
        known = {KINDS[0], *_taught(messages)}
        found = [kind for kind in KINDS if kind in known and kind in _words(row)]
        fails = bool(found)
        if _draw(_output(row)) < self.stubborn:
            fails = not fails
        return {
            "rationale": f"The reply says {', '.join(found)}." if found else "Nothing objectionable.",
            "verdict": "fail" if fails else "pass",
            "fail_probability": "0.9" if fails else "0.1",
        }

    def _propose(self, text: str) -> str:
        """Name the words that the text shows; one in four is missed, by text and word."""
        named = [kind for kind in KINDS if kind in _words(text) and _draw(kind + text) >= 0.25]
        if not named:
            return "Judge the reply with care and common sense."
        return "Fail a reply that contains " + " or ".join(named) + "; pass it otherwise."


def _asked_fields(messages: tuple[Message, ...]) -> tuple[str, ...]:
    """The fields that a prompt wants: as DSPy's adapters ask for them, or as a JSON object shows them."""
    asked = messages[-1].content.rpartition("Respond with")
    if asked[1]:
        return tuple(name for name in dict.fromkeys(_FIELD.findall(asked[2])) if name != "completed")
    return tuple(re.findall(r'\{"(\w+)": "\.\.\."\}', messages[0].content)) or ("text",)


def _taught(messages: tuple[Message, ...]) -> set[str]:
    """The words that an instruction names, or that a reply shown as failed contains."""
    taught = _words(messages[0].content)
    for shown, verdict in zip(messages[1:-1:2], messages[2:-1:2], strict=False):
        if '"fail"' in verdict.content:
            taught |= _words(shown.content)
    return taught


def _output(row: str) -> str:
    """The judged reply alone, so that what is stubborn does not depend on the prompt around it."""
    return row[row.find("Re ") :].partition("\n")[0]


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.casefold()))


def _draw(text: str) -> float:
    """A number in [0, 1) that depends on `text` alone."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") / 2**32
