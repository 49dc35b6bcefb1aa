"""Signing in on the page, where the service wants a key: the key itself never stays in the browser."""

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.service.ui.conftest import KEY, Accessible, Site, Watch


@pytest.fixture
def site(locked_site: Site) -> Site:
    """The pages of this module are those of a service that wants a key."""
    return locked_site


@pytest.fixture(autouse=True)
def _refusals_belong_to_it(watch: Watch) -> None:
    watch.expect("401")


def sign_in(page: Page, key: str = KEY) -> None:
    page.get_by_label("API key").fill(key)
    page.get_by_role("button", name="Sign in").click()


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(page: Page, site: Site) -> None:
    dataset_id = site.dataset(rows=20)
    page.goto(f"#/datasets/{dataset_id}")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("heading", name="world")).to_be_visible()
    assert page.url.endswith(f"#/datasets/{dataset_id}")


def test_a_wrong_key_is_told_and_a_right_one_taken(page: Page) -> None:
    page.goto("#/runs")
    sign_in(page, "another-key")
    expect(page.get_by_role("alert").filter(has_text="not one of the service's")).to_be_visible()
    expect(page.get_by_label("API key")).to_be_focused()
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def test_the_browser_keeps_a_sign_in_and_not_the_key(page: Page, context: BrowserContext) -> None:
    page.goto("#/runs")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    kept = page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    assert KEY not in kept + str(context.cookies())
    assert [cookie["httpOnly"] for cookie in context.cookies()] == [True]
    page.reload()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def test_who_signs_out_has_to_sign_in_again(page: Page) -> None:
    page.goto("#/runs")
    sign_in(page)
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_sign_in_that_expires_leads_back_to_where_one_was(page: Page, context: BrowserContext) -> None:
    page.goto("#/runs")
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")
    page.get_by_role("link", name="Judges").click()
    expect(page.get_by_role("heading", name="No judge yet")).to_be_visible()
    context.clear_cookies()
    page.get_by_role("link", name="Runs").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    sign_in(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs")


def test_events_come_through_the_sign_in(page: Page, site: Site) -> None:
    body = {"dataset_id": site.dataset(rows=80), "model": "offline", "budget": {"max_calls": 400}}
    run_id = site.post("/runs", body, expect=202)["id"]
    page.goto(f"#/runs/{run_id}")
    with page.expect_response(f"**/runs/{run_id}/events*") as stream:
        sign_in(page)
    assert stream.value.ok
    expect(page.get_by_role("heading", level=1)).to_have_text("Waiting to start")
    site.post(f"/runs/{run_id}/cancel")
    expect(page.get_by_role("heading", level=1)).to_have_text("Cancelled")


def test_another_web_page_cannot_use_the_sign_in(page: Page, context: BrowserContext, site: Site) -> None:
    page.goto("#/runs")
    sign_in(page)
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    dataset_id = site.dataset(rows=20)
    cookies = "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in context.cookies())
    address = f"{site.url}api/datasets/{dataset_id}"
    for origin in ("http://evil.example", "null"):
        refused = httpx.delete(address, headers={"Cookie": cookies, "Origin": origin})
        assert refused.status_code == 403, refused.text
    assert httpx.get(address, headers={"Cookie": cookies}).status_code == 200


def test_after_signing_in_one_never_lands_elsewhere(page: Page, site: Site) -> None:
    page.goto("#/signin?then=https://evil.example/")
    sign_in(page)
    page.wait_for_url("**/#/datasets")
    assert page.url.startswith(site.url)


def test_the_sign_in_has_no_accessibility_violation(page: Page, accessible: Accessible) -> None:
    page.goto("#/runs")
    sign_in(page, "another-key")
    expect(page.get_by_role("alert").filter(has_text="not one of")).to_be_visible()
    accessible(page)
