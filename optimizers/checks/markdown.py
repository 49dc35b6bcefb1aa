"""The structure of a Markdown text, by a CommonMark parser."""

from collections.abc import Iterator
from functools import lru_cache

from markdown_it import MarkdownIt
from markdown_it.token import Token

_PARSER = MarkdownIt("commonmark").enable("table")


def headings(text: str) -> list[str]:
    """The texts of the headings, in order."""
    tokens = _parsed(text)
    return [_words(tokens[i + 1]) for i, token in enumerate(tokens) if token.type == "heading_open"]


def list_items(text: str) -> list[str]:
    """The texts of the list items, nested ones as well; of each its first line."""
    tokens = _parsed(text)
    starts = [i for i, token in enumerate(tokens) if token.type == "list_item_open"]
    return [_first_words(tokens, start) for start in starts]


def code_blocks(text: str) -> list[str]:
    """What stands in the code blocks, in order."""
    return [token.content for token in _parsed(text) if token.type in ("fence", "code_block")]


def links(text: str) -> list[str]:
    """The addresses of the links, in order."""
    children = (child for token in _parsed(text) for child in token.children or ())
    return [str(child.attrGet("href")) for child in children if child.type == "link_open"]


def tables(text: str) -> int:
    """How many tables there are."""
    return sum(1 for token in _parsed(text) if token.type == "table_open")


@lru_cache(maxsize=8)  # several questions about one text follow each other
def _parsed(text: str) -> tuple[Token, ...]:
    return tuple(_PARSER.parse(text))


def _first_words(tokens: tuple[Token, ...], start: int) -> str:
    following = tokens[start + 1 : start + 3]
    return next((_words(token) for token in following if token.type == "inline"), "")


def _words(inline: Token) -> str:
    return "".join(_texts(inline.children or [])).strip()


def _texts(children: list[Token]) -> Iterator[str]:
    for child in children:
        if child.type in ("text", "code_inline"):
            yield child.content
        elif child.type in ("softbreak", "hardbreak"):
            yield " "
