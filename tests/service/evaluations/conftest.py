"""The whole service of the runs' tests."""

from tests.service.runs.conftest import calm, service

__all__ = ["calm", "service"]
