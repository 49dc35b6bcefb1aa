"""How a request reaches its provider. The clients themselves are imported when one is first needed."""

from optimizers.lm.transports.routes import Keys, Routes

__all__ = ["Keys", "Routes"]
