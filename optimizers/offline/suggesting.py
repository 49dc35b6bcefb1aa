"""Criteria and assertions by the offline model: from words that it knows, in what the question quotes.

It quotes instructions of a prompt that outputs can be checked for, names what it notices in failed cases,
and writes code only for what a criterion says in so many words.
"""

import re
from collections.abc import Iterator, Sequence

from optimizers.criteria import questions
from optimizers.criteria.categories import DeltaCategory, category_of
from optimizers.offline.cases import cases
from optimizers.offline.checking import checks_for
from optimizers.offline.proposer import ENOUGH, Proposer
from optimizers.offline.senses import POSITION, SPOKEN_OF, Sense, named
from optimizers.types import Label, Message

_ASKED = re.compile(r'JSON object: \{"(criteria|instructions|checks)": \[[^\n]*\Z')
_NUMBER = re.compile(r"up to (\d{1,3}) (?:criteria|instructions|checks)[^\n]*\Z")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|\n+")
_MARK = re.compile(r"^(?:[-*•+]|\(?\d{1,2}[.)])\s+")
_QUOTED = re.compile(r"[\"“]([^\"“”\n]{2,80})[\"”]")

_GENERAL = ("neglected", "unsupported", "length")
"""Senses that concern the outputs of any prompt."""

_LONGEST_QUOTE = 400
_SHORTEST_SENTENCE = 3

Item = dict[str, object]


def suggestions(messages: Sequence[Message]) -> dict[str, Sequence[object]] | None:
    """The answer, where the last message ends by asking for criteria, instructions or checks."""
    text = messages[-1].content
    found = _ASKED.search(text)
    if found is None:
        return None
    number = _NUMBER.search(text)
    n = int(number[1]) if number else 1
    if found[1] == "criteria":
        known = set(_listed(_section(text, questions.KNOWN_HEADING)))
        items = (item for item in _criteria(text, messages) if item["criterion"] not in known)
        return {"criteria": [*items][:n]}
    if "# What is wrong" in text:
        return {"checks": []}  # it writes no check that it could mend
    criterion = _section(text, questions.CRITERION_HEADING)
    written = checks_for(criterion) if found[1] == "checks" else _instructions(criterion)
    return {found[1]: [*dict.fromkeys(written)][:n]}


def _section(text: str, heading: str) -> str:
    """What stands under the heading, up to the next one or the question."""
    _, found, rest = text.partition(f"{heading}\n")
    return re.split(r"\n\n(?:# |State up to|Write up to)", rest)[0].strip() if found else ""


def _listed(section: str) -> list[str]:
    return [line.removeprefix("- ") for line in section.splitlines() if line.startswith("- ")]


# --- criteria -------------------------------------------------------------------------------------------


def _criteria(text: str, messages: Sequence[Message]) -> Iterator[Item]:
    changes = _section(text, questions.CHANGES_HEADING)
    prompt = _section(text, questions.PROMPT_HEADING)
    if changes:
        added = [line.removeprefix("+ ") for line in changes.splitlines() if line.startswith("+ ")]
        yield from _of_sentences(added)
    elif prompt:
        own = _of_sentences(_SENTENCE.split(prompt))
        stated = {item["criterion"] for item in own}
        general = (_wish(sense) for sense in SPOKEN_OF if sense.name in _GENERAL)
        yield from (*own, *(item for item in general if item["criterion"] not in stated))
    else:
        yield from _of_cases(messages)


def _of_sentences(sentences: Sequence[str]) -> list[Item]:
    """What sentences ask of outputs, quoted; then what the others speak of. Each once."""
    quoted: dict[object, Item] = {}
    spoken: dict[object, Item] = {}
    for sentence in (_MARK.sub("", one.strip())[:_LONGEST_QUOTE] for one in sentences):
        if len(sentence.split()) < _SHORTEST_SENTENCE:
            continue
        category = category_of(sentence)
        why: Item = {"why": sentence, "category": category.value}
        if category in {DeltaCategory.OTHER, DeltaCategory.WORKFLOW_DESCRIPTION}:
            for sense in named(sentence):
                spoken.setdefault(sense.name, _wish(sense) | why)
        else:
            text = f"The output keeps to this instruction: {sentence}"
            title = category.value.replace("_", " ").capitalize()
            quoted.setdefault(sentence, {"name": title, "criterion": text, **why})
    return [*quoted.values(), *spoken.values()]


def _of_cases(messages: Sequence[Message]) -> Iterator[Item]:
    """A criterion for each sense for which the cases speak, by falling evidence."""
    found = cases(messages)
    proposer = Proposer(found, "", "")
    each, total = proposer.evidence_of_each(), proposer.evidence()
    for sense in sorted(SPOKEN_OF, key=lambda sense: -total[POSITION[sense.name]]):
        place = POSITION[sense.name]
        if total[place] < ENOUGH:
            return
        own = [
            case
            for case, shown in zip(found, each[:, place], strict=True)
            if shown and case.label is Label.FAIL
        ]
        said = next(
            (case.words for case in own if case.words), f"In {len(own)} failed outputs {sense.remark}."
        )
        numbers = [case.number for case in own if case.number is not None]
        yield _wish(sense) | {"why": said[:_LONGEST_QUOTE], "cases": numbers}


def _wish(sense: Sense) -> Item:
    return {"name": sense.title, "criterion": sense.wish}


# --- assertions -----------------------------------------------------------------------------------------


def _instructions(criterion: str) -> Iterator[str]:
    """The criterion as rule lines: as it stands, strictly, and leniently."""
    lines = [sense.rule for sense in named(criterion)]
    if quoted := _QUOTED.findall(criterion):
        phrases = " or ".join(f'"{phrase}"' for phrase in quoted)
        if category_of(criterion) is DeltaCategory.EXCLUSION:
            lines.append(f"Fail an output that says {phrases}.")
    rules = "\n".join(f"- {line}" for line in lines)
    for tone in ("", "Be strict: when in doubt, fail. ", "When in doubt, pass. "):
        yield f"{tone}Fail an output that does not meet this criterion: {criterion}\n{rules}".strip()
