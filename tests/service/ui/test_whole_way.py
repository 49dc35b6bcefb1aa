"""From a dropped file to the prompt in the clipboard: what a person does, in one sitting."""

import re

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from experiments.examples import SUPPORT_DESK_CRITERION, support_desk_path
from tests.service.ui.conftest import Accessible, Site
from tests.service.ui.test_datasets import drop
from tests.service.ui.test_label import open_label, saved

pytestmark = pytest.mark.usefixtures("as_ana")

DONE_MS = 150_000


def test_a_dropped_file_becomes_a_judge_whose_prompt_is_copied(
    page: Page, context: BrowserContext, working_site: Site, accessible: Accessible
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])

    page.goto("#/datasets/new")
    page.get_by_role("heading", name="New dataset").wait_for()
    drop(page, "main", "support_desk.csv", support_desk_path().read_text(encoding="utf-8"))
    expect(page.get_by_text("All 261 rows can be used")).to_be_visible()
    page.get_by_label("When should an output pass?").fill(SUPPORT_DESK_CRITERION)
    accessible(page)
    page.get_by_role("button", name="Store the dataset").click()
    expect(page.get_by_role("heading", name="support_desk")).to_be_visible()
    dataset = page.url.rpartition("/")[2]

    open_label(page, dataset)
    title = page.locator("#row-title")
    for key in "pf":
        before = title.inner_text()
        page.keyboard.press(key)
        expect(title).not_to_have_text(before)
        page.wait_for_timeout(60)  # a press in the same blink as the text counts for nothing
    saved(page)
    assert {"name": "Ana", "labels": 2} in working_site.get(f"/datasets/{dataset}")["annotators"]

    page.get_by_role("link", name="Evaluate", exact=True).click()
    page.get_by_role("button", name="Evaluate 261 rows").click()
    controls = page.get_by_label("Progress and controls")
    expect(controls.get_by_text("Done")).to_be_visible(timeout=DONE_MS)
    expect(page.get_by_role("region", name="Agreement with people")).to_contain_text("261 labelled rows")

    page.get_by_role("link", name="Optimize", exact=True).click()
    page.get_by_role("radio", name=re.compile("Solved examples")).check(force=True)
    page.get_by_role("radio", name="Own limit").check(force=True)
    page.get_by_label("Model calls at most").fill("700")
    page.get_by_role("button", name="Start the run").click()
    expect(controls.get_by_text("Done")).to_be_visible(timeout=DONE_MS)
    page.get_by_role("link", name="Read the report").click()

    page.get_by_role("button", name="Copy the prompt").first.click()
    expect(page.get_by_role("button", name="Copied").first).to_be_visible()
    run = page.url.rpartition("/")[2]
    prompt = working_site.api.get(f"/api/runs/{run}/best", params={"format": "text"}).text
    assert page.evaluate("navigator.clipboard.readText()") == prompt
