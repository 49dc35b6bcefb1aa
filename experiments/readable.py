"""Numbers and tables as a person reads them: intervals in words, undefined and unknown said so."""

from collections.abc import Sequence

from optimizers.intervals import Estimate

UNDEFINED = "undefined"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def estimate(found: Estimate) -> str:
    """A value with its interval, or why it is undefined."""
    if found.value is None:
        return f"{UNDEFINED} ({found.undefined})" if found.undefined else UNDEFINED
    return interval(found.value, found.low, found.high)


def interval(value: float | None, low: float | None, high: float | None, *, signed: bool = False) -> str:
    """`0.66 (0.50 to 0.80)`; `signed` writes a plus before what is above 0."""
    if value is None:
        return UNDEFINED
    sign = "+" if signed else ""
    if low is None or high is None:
        return f"{value:{sign}.2f}"
    return f"{value:{sign}.2f} ({low:{sign}.2f} to {high:{sign}.2f})"


def p_value(value: float | None) -> str:
    """A p-value with two digits that count."""
    return UNDEFINED if value is None else f"{value:.2g}"


def number(value: float | None) -> str:
    """A number with two decimals."""
    return UNDEFINED if value is None else f"{value:.2f}"


def share(value: float | None) -> str:
    """A share in [0, 1] as a percentage."""
    return UNDEFINED if value is None else f"{value:.0%}"


def amount(value: float | None, unit: str = "") -> str:
    """A whole number with thousands apart, and its unit."""
    return "unknown" if value is None else f"{value:,.0f}{unit}"


def dollars(value: float | None, *, times: int = 1) -> str:
    """US dollars, small amounts with two digits that count; `times` as many."""
    if value is None:
        return "unknown"
    total = value * times
    return f"${total:,.2f}" if total >= 0.01 or total == 0 else f"${total:.2g}"
