"""Invented labelled rows: a boat-hire office's requests and replies, some with a hidden defect.

All names, boats and prices are made up. A row's text never contains the words by which a kind of
defect is named, so that a judge in a simulated world can learn them only from its prompt.
"""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optimizers.types import Example, Label, LabelledExample

CRITERION = "The reply settles what the customer of the boat hire asked for."


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """A kind of defect (or a distraction): its rule as a proposer writes it, and the phrases that name it."""

    id: str
    rule: str
    phrases: tuple[str, ...]

    def named_in(self, text: str) -> bool:
        """Whether lower-case `text` names it."""
        return any(phrase in text for phrase in self.phrases)


KINDS = (
    Kind(
        id="wrong_amount",
        rule="Fail a reply that confirms a wrong amount: another number than the customer asked for.",
        phrases=("wrong amount", "wrong number", "amount differs", "number differs", "wrong quantity"),
    ),
    Kind(
        id="wrong_day",
        rule="Fail a reply that books the wrong day.",
        phrases=("wrong day", "wrong date", "different day", "day differs"),
    ),
    Kind(
        id="wrong_person",
        rule="Fail a reply that addresses the wrong person.",
        phrases=("wrong person", "wrong name", "name differs", "different name"),
    ),
    Kind(
        id="open_question",
        rule="Fail a reply that leaves a question unanswered.",
        phrases=("unanswered", "leaves a question open", "ignores the question", "incomplete answer"),
    ),
    Kind(
        id="unrequested_charge",
        rule="Fail a reply that adds an unrequested charge.",
        phrases=("unrequested charge", "unrequested extra", "extra that nobody asked for", "hidden fee"),
    ),
    Kind(
        id="dismissive",
        rule="Fail a reply with a dismissive tone.",
        phrases=("dismissive", "condescending", "impolite", "rude"),
    ),
)

DISTRACTIONS = (
    Kind(id="spelling", rule="Fail a reply that uses American spelling.", phrases=("american spelling",)),
    Kind(id="brevity", rule="Fail a reply of more than two sentences.", phrases=("more than two sentences",)),
    Kind(id="greeting", rule="Fail a reply without a greeting line.", phrases=("greeting line",)),
    Kind(id="exclamation", rule="Fail a reply with an exclamation mark.", phrases=("exclamation mark",)),
    Kind(id="signature", rule="Fail a reply without a signature.", phrases=("without a signature",)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class WorldRow:
    """A labelled row and what only its world knows: the kind of defect, `None` for a good output.

    `label` is a person's, and may be wrong where the rows were made with label noise.
    """

    id: str
    input: str
    output: str
    label: Label
    critique: str | None = None
    kind: str | None = None

    @property
    def labelled(self) -> LabelledExample:
        """The row without its secret."""
        example = Example(id=self.id, input=self.input, output=self.output)
        return LabelledExample(example=example, label=self.label, critique=self.critique)


_NAMES = [
    "Abena",
    "Birk",
    "Calla",
    "Dovid",
    "Elska",
    "Fenno",
    "Gwilym",
    "Hesper",
    "Imre",
    "Jorun",
    "Kasimir",
    "Lunete",
    "Marwa",
    "Nils",
    "Oriel",
    "Pavo",
    "Quilla",
    "Rasmus",
    "Sunniva",
    "Tycho",
    "Ulla",
    "Vesna",
    "Wendel",
    "Xaver",
    "Yara",
    "Zoltan",
]
_BOATS = (
    "rowing boats",
    "canoes",
    "sailing dinghies",
    "pedal boats",
    "kayaks",
    "punts",
    "rafts",
    "skiffs",
    "electric launches",
    "catamarans",
    "coracles",
    "houseboats",
)
_DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
_PLACES = (
    "the mill pier",
    "the lower lock",
    "the island jetty",
    "the old ford",
    "the reed bay",
    "the weir steps",
)
_ASKED = (
    "{name} here. I would like {count} {boats} on {day} from {place}. {question}",
    "Could you set aside {count} {boats} for {day} at {place}? The booking is for {name}. {question}",
    "My name is {name} and our club needs {count} {boats} on {day}, starting at {place}. {question}",
    "Please reserve {count} {boats} under {name}, {day}, {place}. {question}",
    "{day} at {place}: are {count} {boats} free? I am {name}. {question}",
    "We are a family around {name} and hope for {count} {boats} on {day} near {place}. {question}",
)
_REPLIED = (
    "{name}, we hold {count} {boats} for you on {day} at {place}. {answer}",
    "Thank you, {name}. On {day} there will be {count} {boats} waiting at {place}. {answer}",
    "Booked: {count} {boats}, {day}, {place}, for {name}. {answer}",
    "Good news for {name}: {count} {boats} are yours on {day}. Come to {place}. {answer}",
    "{answer} Your {count} {boats} are ready on {day} at {place}, {name}.",
)
_QUESTIONS = (
    ("Do you lend life jackets for children?", "Life jackets in small sizes are lent for nothing."),
    ("May we bring a dog?", "A dog is welcome on board."),
    ("Until when must we be back?", "Please be back by {hour} in the evening."),
    ("Is there a place to leave bicycles?", "Bicycles can stand behind the boat shed."),
    ("What does an hour cost?", "An hour costs {price} crowns."),
    ("What happens if it rains?", "If it rains you choose another date for nothing."),
    ("Can we pay by card?", "Cards are taken at the hut."),
    ("Is swimming allowed on the way?", "Swimming is allowed beyond the yellow buoys."),
)
_CHARGES = (
    "We also put a picnic hamper for {price} crowns on your bill.",
    "A guide for {price} crowns comes with it.",
    "Your card was charged {price} crowns for the photo package.",
    "The sunset cruise for {price} crowns is now part of your booking.",
)
_DISMISSALS = (
    "Anybody can read this on the board, you know.",
    "Next time look it up before you write.",
    "I do not have all day for this.",
    "Honestly, what did you expect.",
    "Some people manage without asking.",
)
_CRITIQUES = {
    "wrong_amount": ("They asked for {count}, the reply has a wrong amount.", "Wrong number of boats."),
    "wrong_day": ("It is booked for the wrong day.", "The day differs from the request."),
    "wrong_person": ("This addresses the wrong person.", "Wrong name in the reply."),
    "open_question": ("The question stays unanswered.", "An incomplete answer: nothing on what they asked."),
    "unrequested_charge": (
        "Puts an unrequested charge on the bill.",
        "A hidden fee for something nobody wanted.",
    ),
    "dismissive": ("Dismissive towards a customer.", "The tone is rude."),
}


def make_rows(
    *, seed: int, rows: int, fail_share: float = 0.4, critique_share: float = 0.6, label_noise: float = 0.0
) -> tuple[WorldRow, ...]:
    """`rows` distinct rows, the same for the same arguments.

    `fail_share` of them have a defect, the kinds in turn; `critique_share` of the fails have a
    critique; each label is flipped with probability `label_noise`. All three are in [0, 1].
    """
    rng = random.Random(f"standin-rows-{seed}")  # noqa: S311  # invented data, not security
    defects = [KINDS[n % len(KINDS)].id for n in range(round(rows * fail_share))]
    plan: list[str | None] = [*defects, *[None] * (rows - len(defects))]
    rng.shuffle(plan)
    made: dict[tuple[str, str], WorldRow] = {}
    while len(made) < rows:
        row = _make_row(len(made), plan[len(made)], rng, critique_share, label_noise)
        made.setdefault((row.input, row.output), row)
    return tuple(made.values())


def _make_row(
    number: int, kind: str | None, rng: random.Random, critique_share: float, label_noise: float
) -> WorldRow:
    facts: dict[str, object] = {
        "name": rng.choice(_NAMES),
        "count": rng.randint(2, 60),
        "boats": rng.choice(_BOATS),
        "day": rng.choice(_DAYS),
        "place": rng.choice(_PLACES),
    }
    question, answer = rng.choice(_QUESTIONS)
    answer = answer.format(hour=rng.randint(5, 9), price=rng.randint(6, 40))
    asked = rng.choice(_ASKED).format(question=question, **facts)
    fails = (kind is not None) != (rng.random() < label_noise)
    critique = rng.choice(_CRITIQUES[kind]).format(**facts) if kind and fails else None
    return WorldRow(
        id=f"row-{number:05d}",
        input=asked,
        output=_reply(kind, facts, answer, rng),
        label=Label.FAIL if fails else Label.PASS,
        critique=critique if rng.random() < critique_share else None,
        kind=kind,
    )


def _reply(kind: str | None, facts: dict[str, object], answer: str, rng: random.Random) -> str:
    said = dict(facts)
    match kind:
        case "wrong_amount":
            said["count"] = rng.choice([n for n in range(2, 61) if n != facts["count"]])
        case "wrong_day":
            said["day"] = rng.choice([day for day in _DAYS if day != facts["day"]])
        case "wrong_person":
            said["name"] = rng.choice([name for name in _NAMES if name != facts["name"]])
        case "open_question":
            answer = rng.choice(("See you then.", "We look forward to it.", "The water is calm these days."))
        case "unrequested_charge":
            answer += " " + rng.choice(_CHARGES).format(price=rng.randint(30, 200))
        case "dismissive":
            answer += " " + rng.choice(_DISMISSALS)
    return rng.choice(_REPLIED).format(answer=answer, **said).strip()


def write_csv(rows: Sequence[WorldRow], path: Path) -> Path:
    """Write `rows` as a labelled file (id, input, output, label, critique), without their secrets."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label", "critique"])
        writer.writerows([r.id, r.input, r.output, r.label.value, r.critique or ""] for r in rows)
    return path
