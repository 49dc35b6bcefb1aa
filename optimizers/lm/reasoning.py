"""OpenAI's models that think before they answer: they take no temperature, and thinking uses up tokens."""

import re

LEAST_COMPLETION_TOKENS = 16_000
"""What such a model is given at least: with less it may think without ever answering. DSPy demands it."""

# DSPy's own rule for the same purpose (dspy.clients.lm).
_NAMES = re.compile(
    r"(?:o[1345](?:-(?:mini|nano|pro))?(?:-\d{4}-\d{2}-\d{2})?|gpt-5(?:\.\d+)*(?!-chat)(?:-.*)?)",
    re.IGNORECASE,
)


def thinks_first(model_name: str) -> bool:
    """Whether `model_name`, with or without its provider, is one of them."""
    return _NAMES.fullmatch(model_name.rpartition("/")[2]) is not None
