"""What the language of checks offers, in words: for people who write checks, and for proposers."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class FunctionNote:
    """A function of the language: how it is called, what it gives, and an example of a check."""

    name: str
    call: str
    gives: str
    example: str


FUNCTIONS: tuple[FunctionNote, ...] = (
    FunctionNote(name="size", call="size(text)", gives="characters", example="size(output) <= 500"),
    FunctionNote(name="words", call="words(text)", gives="number of words", example="words(output) <= 120"),
    FunctionNote(
        name="sentences",
        call="sentences(text)",
        gives="number of sentences",
        example="sentences(output) <= 5",
    ),
    FunctionNote(name="lines", call="lines(text)", gives="number of lines", example="lines(output) > 1"),
    FunctionNote(
        name="paragraphs",
        call="paragraphs(text)",
        gives="number of paragraphs",
        example="paragraphs(output) <= 3",
    ),
    FunctionNote(
        name="contains", call="text.contains(part)", gives="true or false", example='output.contains("@")'
    ),
    FunctionNote(
        name="containsAny",
        call="containsAny(text, [parts])",
        gives="true or false",
        example='!containsAny(output, ["TODO", "???"])',
    ),
    FunctionNote(
        name="containsAll",
        call="containsAll(text, [parts])",
        gives="true or false",
        example='containsAll(output, ["{", "}"])',
    ),
    FunctionNote(
        name="startsWith",
        call="text.startsWith(part)",
        gives="true or false",
        example='output.startsWith("Dear")',
    ),
    FunctionNote(
        name="endsWith",
        call="text.endsWith(part)",
        gives="true or false",
        example='trim(output).endsWith(".")',
    ),
    FunctionNote(
        name="mentions",
        call="mentions(text, phrase)",
        gives="true or false: whole words, whatever their case",
        example='!mentions(output, "as an AI")',
    ),
    FunctionNote(
        name="mentionsAny",
        call="mentionsAny(text, [phrases])",
        gives="true or false",
        example='mentionsAny(output, ["sorry", "apologize"])',
    ),
    FunctionNote(
        name="mentionsAll",
        call="mentionsAll(text, [phrases])",
        gives="true or false",
        example='mentionsAll(output, ["name", "date"])',
    ),
    FunctionNote(
        name="matches",
        call="text.matches(pattern)",
        gives="true or false: a regular expression (RE2) matches somewhere",
        example=r'output.matches(r"^[A-Z]")',
    ),
    FunctionNote(
        name="count",
        call="count(text, pattern)",
        gives="number of matches of a regular expression",
        example=r'count(output, r"https?://") <= 2',
    ),
    FunctionNote(
        name="fold",
        call="fold(text)",
        gives="the text without differences of case",
        example='fold(output).contains("error")',
    ),
    FunctionNote(
        name="trim",
        call="trim(text)",
        gives="the text without white space at its ends",
        example='trim(output) != ""',
    ),
    FunctionNote(
        name="overlap",
        call="overlap(text, source)",
        gives="share of the text's words that stand in the source, 0.0 to 1.0",
        example="overlap(output, input) >= 0.3",
    ),
    FunctionNote(
        name="numbers",
        call="numbers(text)",
        gives="list of the numbers in the text",
        example="size(numbers(output)) > 0",
    ),
    FunctionNote(
        name="newNumbers",
        call="newNumbers(text, source)",
        gives="list of the numbers that are not in the source",
        example="size(newNumbers(output, input)) == 0",
    ),
    FunctionNote(name="isJson", call="isJson(text)", gives="true or false", example="isJson(output)"),
    FunctionNote(
        name="json",
        call="json(text)",
        gives="the value that the JSON text says; an error where it is none",
        example="isJson(output) && size(json(output).items) > 0",
    ),
    FunctionNote(
        name="fitsSchema",
        call="fitsSchema(text, {schema})",
        gives="true or false: JSON that fits the JSON Schema",
        example='fitsSchema(output, {"type": "object", "required": ["answer"]})',
    ),
    FunctionNote(
        name="headings",
        call="headings(text)",
        gives="list of Markdown headings",
        example='"Summary" in headings(output)',
    ),
    FunctionNote(
        name="listItems",
        call="listItems(text)",
        gives="list of Markdown list items",
        example="size(listItems(output)) >= 3",
    ),
    FunctionNote(
        name="codeBlocks",
        call="codeBlocks(text)",
        gives="list of Markdown code blocks",
        example="size(codeBlocks(output)) == 1",
    ),
    FunctionNote(
        name="links",
        call="links(text)",
        gives="list of the addresses of Markdown links",
        example='links(output).all(a, a.startsWith("https://"))',
    ),
    FunctionNote(
        name="tables", call="tables(text)", gives="number of Markdown tables", example="tables(output) == 0"
    ),
)
"""Texts are `input` and `output`; results combine with `&&`, `||`, `!`, `? :`, comparisons, `in`, and for
lists `all`, `exists`, `filter` and `map`. A check is true where the output meets the criterion."""
