"""A judge in the formats of other tools."""

from optimizers.export.registry import FORMATS, export
from optimizers.export.values import Export

__all__ = ["FORMATS", "Export", "export"]
