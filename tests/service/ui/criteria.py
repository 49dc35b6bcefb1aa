"""Criteria and assertions that are there already, for tests that begin after them."""

from typing import Any

from tests.service.ui.conftest import Site
from tests.service.ui.jobs import finished

TONE = "The reply is friendly."
SHORT = "The reply has at most 40 words."


def criterion(site: Site, dataset: str, text: str = TONE, **fields: Any) -> str:
    """A criterion's id."""
    body = {"text": text} | fields
    return str(site.post(f"/datasets/{dataset}/criteria", body, expect=201)["id"])


def assertion(site: Site, dataset: str, criterion_id: str, check: str | None = None) -> str:
    """An assertion's id: a check, or the criterion asked as it stands."""
    kind = {"kind": "prompt", "text": ""} if check is None else {"kind": "check", "text": check}
    body = {"criterion_id": criterion_id} | kind
    return str(site.post(f"/datasets/{dataset}/assertions", body, expect=201)["id"])


def asked(site: Site, dataset: str, rows: str = "labelled") -> str:
    """The id of an assertion run that has succeeded."""
    return finished(site, "assertion-runs", {"dataset_id": dataset, "rows": rows})
