"""Checks of a strategy's options: each message names the option, its value and what is allowed."""

from optimizers.errors import InvalidInput


def whole_number(name: str, value: object, *, low: int, high: int) -> int:
    """`value` if it is an integer in [low, high].

    Raises:
        InvalidInput: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidInput(f"{name} must be a whole number from {low} to {high}, got {value!r}")
    return value


def share(name: str, value: object, *, low: float = 0.0, high: float = 1.0) -> float:
    """`value` as a float if it is a number in [low, high].

    Raises:
        InvalidInput: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise InvalidInput(f"{name} must be in [{low:g}, {high:g}], got {value!r}")
    return float(value)


def switch(name: str, value: object) -> bool:
    """`value` if it is true or false.

    Raises:
        InvalidInput: it is not.
    """
    if not isinstance(value, bool):
        raise InvalidInput(f"{name} must be true or false, got {value!r}")
    return value
