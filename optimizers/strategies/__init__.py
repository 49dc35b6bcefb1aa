"""The ways to find candidates, one file each, behind a light registry."""

from optimizers.strategies.registry import STRATEGIES, create, describe, names

__all__ = ["STRATEGIES", "create", "describe", "names"]
