"""Code checks: expressions over a row's input and output, as data, evaluated where they can do no harm."""

from optimizers.checks.reference import FUNCTIONS, FunctionNote
from optimizers.checks.runner import CheckRunner

__all__ = ["FUNCTIONS", "CheckRunner", "FunctionNote"]
