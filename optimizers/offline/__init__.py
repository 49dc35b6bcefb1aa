"""The offline model: a demonstration that reads nothing but its prompt, not a language model."""

from optimizers.offline.model import OFFLINE_LABEL, OFFLINE_NAME, OfflineModel

__all__ = ["OFFLINE_LABEL", "OFFLINE_NAME", "OfflineModel"]
