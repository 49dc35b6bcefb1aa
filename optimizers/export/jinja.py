"""A template's messages in the language of Jinja2, which Nunjucks shares."""

import re

from optimizers.template import Hole, PromptTemplate

_SPECIAL = re.compile(r"\{[{%#]|\{\Z|\{?\r|\{?\n\Z")


def jinja_messages(template: PromptTemplate) -> list[dict[str, str]]:
    """The messages with `{{ input }}` and `{{ output }}`, which one rendering fills.

    The prompt's own words come out as they are: braces, carriage returns and a last line's end, which
    the language would interpret, are written as its strings.
    """
    return [
        {"role": message.role, "content": "".join(map(_segment, segments))}
        for message, segments in zip(template.messages, template.segments, strict=True)
    ]


def _segment(segment: str | Hole) -> str:
    if isinstance(segment, Hole):
        return f"{{{{ {segment.slot} }}}}"
    return literal(segment)


def literal(text: str) -> str:
    """`text` such that rendering gives it back."""
    return _SPECIAL.sub(lambda found: f"{{{{ {_quoted(found.group())} }}}}", text)


def _quoted(text: str) -> str:
    return "'" + text.replace("\r", "\\r").replace("\n", "\\n") + "'"
