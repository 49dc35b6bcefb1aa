"""Dollars as whole numbers of 10**-12 dollars: sums then do not depend on the order of arrival."""

PICO = 10**12


def to_pico(usd: float) -> int:
    """US dollars to picodollars, to the nearest."""
    return round(usd * PICO)


def to_usd(pico: int) -> float:
    """Picodollars to US dollars."""
    return pico / PICO
