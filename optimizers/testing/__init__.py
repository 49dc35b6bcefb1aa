"""Shipped contracts for plug-ins, a scripted model, and a small world to search in."""

from optimizers.testing.language_model import LanguageModelContract
from optimizers.testing.ledger import AccountsContract, LanesContract, LedgerContract, LedgerStorage
from optimizers.testing.metric import MetricContract
from optimizers.testing.sampler import SamplerContract
from optimizers.testing.scripted import ScriptedModel
from optimizers.testing.strategy import StrategyContract
from optimizers.testing.world import JudgeWorld

__all__ = [
    "AccountsContract",
    "JudgeWorld",
    "LanesContract",
    "LanguageModelContract",
    "LedgerContract",
    "LedgerStorage",
    "MetricContract",
    "SamplerContract",
    "ScriptedModel",
    "StrategyContract",
]
