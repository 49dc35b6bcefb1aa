"""The one way to the models: ledger, budget, spend cap, retries, limits, transports.

`engine` is not listed: it imports DSPy.
"""

from optimizers.lm.control import RunControl
from optimizers.lm.gateway import Gateway, GatewaySettings
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.pricing import Price, Pricing, model_facts
from optimizers.lm.retry import RetryPolicy
from optimizers.lm.session import Session
from optimizers.lm.transports import Routes

__all__ = [
    "BackgroundLoop",
    "Gateway",
    "GatewaySettings",
    "Price",
    "Pricing",
    "RetryPolicy",
    "Routes",
    "RunControl",
    "Session",
    "SqliteLedger",
    "model_facts",
]
