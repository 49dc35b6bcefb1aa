"""What kind of instruction a sentence of a prompt is: SPADE's eight categories, by rules.

Source: Shankar et al., SPADE: Synthesizing Data Quality Assertions for Large Language Model Pipelines
(VLDB 2024), section 2, in the form in which its published implementation asks for them. The paper calls
some of them otherwise (response format, quantity, qualitative criteria); such names are understood.
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class DeltaCategory(StrEnum):
    """What an instruction that was added to a prompt asks of outputs."""

    PRESENTATION_FORMAT = "presentation_format"
    EXAMPLE_DEMONSTRATION = "example_demonstration"
    WORKFLOW_DESCRIPTION = "workflow_description"
    COUNT = "count"
    INCLUSION = "inclusion"
    EXCLUSION = "exclusion"
    QUALITATIVE_ASSESSMENT = "qualitative_assessment"
    OTHER = "other"


MEANINGS: Mapping[DeltaCategory, str] = MappingProxyType(
    {
        DeltaCategory.PRESENTATION_FORMAT: "the form of the output, such as JSON, a table or a list",
        DeltaCategory.EXAMPLE_DEMONSTRATION: "an example of a good output, whose structure is to be kept",
        DeltaCategory.WORKFLOW_DESCRIPTION: "steps to go through, which leave traces in the output",
        DeltaCategory.COUNT: "a number of things: at least, at most or exactly so many",
        DeltaCategory.INCLUSION: "something that every output must contain or say",
        DeltaCategory.EXCLUSION: "something that no output may contain or say",
        DeltaCategory.QUALITATIVE_ASSESSMENT: "a quality, such as tone, style, clarity or length",
        DeltaCategory.OTHER: "anything else that outputs can be checked for, such as correctness",
    }
)

_NUMBER = r"(?:\d+|one|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|fifty|hundred)"
_THINGS = (
    r"(?:words?|characters?|letters?|sentences?|paragraphs?|lines?|items?|points?|bullets?|examples?|"
    r"questions?|options?|steps?|sections?|headings?|entries|keys?|tags?|emojis?|links?|times?)"
)

_EXAMPLE = (
    r"\bfor example\b|\be\.g\.|\bexamples? (?:output|response|answer|of)|\bexample:|"
    r"\bsample (?:output|response|answer)"
)
_COUNT = (
    r"\b(?:at (?:most|least)|no (?:more|fewer|less) than|up to|exactly|fewer than|less than|more than|"
    r"between|maximum|minimum|limit(?:ed)? to|under|within|only)\b"
    rf"[^.\n]{{0,30}}\b{_NUMBER}\b|\b{_NUMBER}(?:\s*(?:-|to|or)\s*{_NUMBER})?[ -]+(?:\w+ )?{_THINGS}\b"
)
_FORMAT = (
    r"\b(?:json|xml|yaml|csv|html|markdown|table|bullet(?:ed)?(?: points?| list)?s?|numbered list|list of|"
    r"(?:comma|tab).separated|headings?|headline|format(?:ted|ting)?|code blocks?|plain text|single line|"
    r"line breaks?)\b"
)
_EXCLUSION = (
    r"\b(?:do not|don't|never|avoid|without|must not|should not|shouldn't|may not|cannot|refrain|exclude|"
    r"leave out|omit|no longer)\b|^no \w+"
)
_INCLUSION = (
    r"\b(?:include|mention|contain|cite|quote|refer to|name the|state (?:the|that|which)|"
    r"always (?:say|add|end|begin|start|give|thank)|(?:end|begin|start) with|"
    r"(?:add|give|provide) (?:an?|the))\b"
)
_QUALITY = (
    r"\b(?:tone|style|concise|brief|short|clear|polite|friendly|professional|formal|informal|simple|"
    r"detailed|accura|specific|helpful|engaging|natural|creative|relevant|respectful|empath|neutral|"
    r"easy to|readab|plain language|warm)\w*"
)
_WORKFLOW = (
    r"\b(?:first|then|next|finally|step|after that|before you|once you|you (?:are|will be) given|"
    r"(?:read|use|consider|compare|look at|based on) (?:the|this|these))\b"
)

_RULES: tuple[tuple[DeltaCategory, re.Pattern[str]], ...] = tuple(
    (category, re.compile(pattern, re.IGNORECASE))
    for category, pattern in (
        (DeltaCategory.EXAMPLE_DEMONSTRATION, _EXAMPLE),
        (DeltaCategory.COUNT, _COUNT),
        (DeltaCategory.PRESENTATION_FORMAT, _FORMAT),
        (DeltaCategory.EXCLUSION, _EXCLUSION),
        (DeltaCategory.INCLUSION, _INCLUSION),
        (DeltaCategory.QUALITATIVE_ASSESSMENT, _QUALITY),
        (DeltaCategory.WORKFLOW_DESCRIPTION, _WORKFLOW),
    )
)
"""The first that fits counts: what is more particular comes first."""

_NAMES: tuple[tuple[str, DeltaCategory], ...] = (
    ("format", DeltaCategory.PRESENTATION_FORMAT),
    ("presentation", DeltaCategory.PRESENTATION_FORMAT),
    ("example", DeltaCategory.EXAMPLE_DEMONSTRATION),
    ("workflow", DeltaCategory.WORKFLOW_DESCRIPTION),
    ("count", DeltaCategory.COUNT),
    ("quantity", DeltaCategory.COUNT),
    ("inclusion", DeltaCategory.INCLUSION),
    ("exclusion", DeltaCategory.EXCLUSION),
    ("qualitative", DeltaCategory.QUALITATIVE_ASSESSMENT),
    ("other", DeltaCategory.OTHER),
)


def category_of(sentence: str) -> DeltaCategory:
    """The category of an instruction, by the words that such instructions have; `OTHER` without any."""
    found = (category for category, pattern in _RULES if pattern.search(sentence))
    return next(found, DeltaCategory.OTHER)


def category_named(name: object) -> DeltaCategory | None:
    """The category that a model means by `name`; `None` where it names none of them."""
    words = " ".join(re.findall(r"[a-z]+", name.casefold())) if isinstance(name, str) else ""
    if len(words.split()) > 4:  # a sentence is no name
        return None
    return next((category for key, category in _NAMES if key in words), None)
