"""Pausing, resuming and cancelling jobs. No worker takes one here, so that each stays where it was put."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.service.ui.conftest import Opener, Site
from tests.service.ui.jobs import upload_example


@pytest.fixture
def site(chromium: str, open_site: Opener) -> Site:
    """A service of its own, without a worker."""
    del chromium  # where there is none, no service is needed
    return open_site()


@pytest.fixture(params=["evaluate", "optimize"])
def waiting(request: pytest.FixtureRequest, site: Site, page: Page) -> Page:
    """The page of an evaluation, and of a run, that waits for a worker."""
    dataset = upload_example(site)
    if request.param == "evaluate":
        job = site.post("/evaluations", {"dataset_id": dataset}, expect=202)["id"]
        page.goto(f"#/datasets/{dataset}/evaluate/{job}")
    else:
        site.post("/runs", {"dataset_id": dataset, "budget": {"max_calls": 300}}, expect=202)
        page.goto(f"#/datasets/{dataset}/optimize")
    return page


def test_a_job_is_paused_resumed_and_cancelled(waiting: Page) -> None:
    job = waiting.get_by_label("Progress and controls")
    expect(job).to_contain_text("Queued")
    job.get_by_role("button", name="Pause").click()
    expect(job.get_by_text("Paused", exact=True)).to_be_visible()
    job.get_by_role("button", name="Resume").click()
    expect(job).to_contain_text("Queued")
    job.get_by_role("button", name="Cancel").click()
    waiting.get_by_role("dialog").get_by_role("button", name="Let it go on").click()
    expect(job).to_contain_text("Queued")
    job.get_by_role("button", name="Cancel").click()
    waiting.get_by_role("dialog").get_by_role("button", name=re.compile("^Cancel the")).click()
    expect(job.get_by_text("Cancelled", exact=True)).to_be_visible()
    job.get_by_role("button", name="Try again").click()
    expect(job).to_contain_text("Queued")


def test_an_order_from_elsewhere_is_seen(site: Site, waiting: Page) -> None:
    kind = "evaluations" if "/evaluate/" in waiting.url else "runs"
    job = site.get(f"/{kind}")["items"][0]["id"]
    panel = waiting.get_by_label("Progress and controls")
    expect(panel).to_contain_text("Queued")
    site.post(f"/{kind}/{job}/cancel")
    expect(panel.get_by_text("Cancelled", exact=True)).to_be_visible()
