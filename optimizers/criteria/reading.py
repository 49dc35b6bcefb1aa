"""Reading suggested criteria and drafts of assertions out of whatever form a model answers in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from optimizers.criteria.categories import DeltaCategory, category_named
from optimizers.joint.criteria import LONGEST_CRITERION, SHORTEST_CRITERION, alike, stated_in
from optimizers.strategies.answers import clipped, sendable, texts_of, values_of

LONGEST_NAME = 60
LONGEST_WHY = 400

_TEXT_KEYS = (
    "criterion",
    "text",
    "description",
    "concept",
    "instruction",
    "check",
    "expression",
    "assertion",
)
_WHY_KEYS = ("why", "source", "reason", "rationale")
_NAME_WORDS = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class SuggestedCriterion:
    """A criterion that a model suggests; nothing is stored of it until a person takes it.

    `why` is what it rests on: words of the prompt, or what cases show. `example_ids` are the rows that the
    model named for it, `category` what SPADE calls it where it comes from a prompt's history.
    """

    name: str
    text: str
    why: str = ""
    example_ids: tuple[str, ...] = ()
    category: DeltaCategory | None = None


def suggestions_in(answer: str, example_ids: Sequence[str] = ()) -> tuple[SuggestedCriterion, ...] | None:
    """The criteria that an answer states, in its order; none if it says that there are none.

    `example_ids` are the rows that the question showed as cases 1, 2 and so on. Understood are lists of
    objects or of texts under any name, fenced or amid prose, and plain text with list items. `None` where
    nothing of the kind is there: sentences alone may as well be a refusal.
    """
    items = _items(answer, "criteria")
    if items is None:
        items = [item for text in texts_of(answer, "criteria") for item in stated_in(text)]
        return tuple(one for item in items if (one := _suggestion(item, ())) is not None) or None
    found = tuple(one for item in items if (one := _suggestion(item, example_ids)) is not None)
    return found if found or not items else None


def texts_in(answer: str, name: str) -> tuple[str, ...] | None:
    """The texts that an answer lists under `name`, each once; none if it lists none.

    `None` where nothing of the kind is there: prose, or items that hold no text.
    """
    items = _items(answer, name)
    if items is None:
        return None
    texts = tuple(dict.fromkeys(text for item in items if (text := _text(item))))
    return texts if texts or not any(items) else None


def merged(
    answers: Sequence[Sequence[SuggestedCriterion]], existing: Sequence[str], n: int
) -> tuple[SuggestedCriterion, ...]:
    """At most `n` of what several answers suggest, without what says the same as another or as one of
    `existing`: those that most answers name first, else in the order given."""
    kept: list[tuple[SuggestedCriterion, set[int]]] = []
    for number, answer in enumerate(answers):
        for one in answer:
            if any(alike(one.text, known) for known in existing):
                continue
            place = next((i for i, (other, _) in enumerate(kept) if alike(one.text, other.text)), None)
            if place is None:
                kept.append((one, {number}))
            else:
                first, named_by = kept[place]
                kept[place] = (_together(first, one), named_by | {number})
    ranked = sorted(kept, key=lambda item: -len(item[1]))
    return tuple(one for one, _ in ranked[:n])


def _together(first: SuggestedCriterion, other: SuggestedCriterion) -> SuggestedCriterion:
    return SuggestedCriterion(
        name=first.name,
        text=first.text,
        why=first.why or other.why,
        example_ids=tuple(dict.fromkeys((*first.example_ids, *other.example_ids))),
        category=first.category or other.category,
    )


def _items(answer: str, name: str) -> list[object] | None:
    """The items that the answer lists under `name`, or else under any name; `None` where it lists nothing."""
    values = values_of(answer)
    for value in values:
        if isinstance(value, list):
            return value
        held = value.get(name) if isinstance(value, Mapping) else None
        if isinstance(held, list):
            return held
        if isinstance(held, str):
            return [held]
    own: list[object] = [value for value in values if _text(value)]
    if own:  # objects one after another, without a list around them
        return own
    inner = (held for value in values if isinstance(value, Mapping) for held in value.values())
    return next((held for held in inner if isinstance(held, list)), None)


def _suggestion(item: object, example_ids: Sequence[str]) -> SuggestedCriterion | None:
    text = _one_line(_text(item))
    if not SHORTEST_CRITERION <= len(text) <= LONGEST_CRITERION or len(text.split()) < 3:
        return None
    fields = item if isinstance(item, Mapping) else {}
    name = _one_line(_first(fields, ("name", "title", "shortname")))
    return SuggestedCriterion(
        name=name if name and len(name) <= LONGEST_NAME and name != text else _short(text),
        text=text,
        why=clipped(_one_line(_first(fields, _WHY_KEYS)), LONGEST_WHY),
        example_ids=_named_rows(fields.get("cases"), example_ids),
        category=category_named(fields.get("category")),
    )


def _text(item: object) -> str:
    """An item's text, whatever its field is called."""
    if isinstance(item, str):
        return sendable(item).strip()
    return _first(item, _TEXT_KEYS) if isinstance(item, Mapping) else ""


def _first(fields: Mapping[str, object], keys: Sequence[str]) -> str:
    found = (value for key in keys if isinstance(value := fields.get(key), str))
    return sendable(next(found, "")).strip()


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _named_rows(cases: object, example_ids: Sequence[str]) -> tuple[str, ...]:
    """The rows that stand behind the numbers of cases; numbers that were not shown name none."""
    listed = cases if isinstance(cases, list) else [cases]
    numbers = (int(found[0]) for case in listed if (found := re.findall(r"\d{1,4}", str(case))))
    return tuple(dict.fromkeys(example_ids[n - 1] for n in numbers if 0 < n <= len(example_ids)))


def _short(text: str) -> str:
    """A name for want of a better one: the first words of the text."""
    words = re.sub(r"^(?:the|an?) (?:output|response|reply|answer) ", "", text, flags=re.IGNORECASE).split()
    name = " ".join(words[:_NAME_WORDS]).rstrip(".,;:")
    return clipped(name[0].upper() + name[1:], LONGEST_NAME)
