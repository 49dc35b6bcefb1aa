"""Strategies side by side: Concord's and its peers', on the same rows and the same model."""

from experiments.bench.design import BUDGETS, DEFAULT_PEERS, FILES
from experiments.bench.report import write_report
from experiments.bench.run import Plan, run

__all__ = ["BUDGETS", "DEFAULT_PEERS", "FILES", "Plan", "run", "write_report"]
