"""The command `concord`."""

from service.cli.root import main

__all__ = ["main"]
