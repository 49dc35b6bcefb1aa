"""Labels that are pressed while the server is away."""

import pytest
from playwright.sync_api import Page, expect

from tests.service.ui.conftest import Opener, Site, Watch
from tests.service.ui.test_label import labels_of, open_label, saved

pytestmark = pytest.mark.usefixtures("as_ana")


@pytest.fixture
def site(open_site: Opener, chromium: str) -> Site:
    """One that may be stopped."""
    return open_site()


@pytest.fixture
def three_kept(page: Page, site: Site, watch: Watch) -> str:
    """A dataset with three labels that were pressed while the server was down; its id."""
    watch.expect("ERR_CONNECTION_REFUSED|ERR_CONNECTION_RESET|ERR_EMPTY_RESPONSE")
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    site.stop("api")
    for key in ("p", "f", "p"):
        page.keyboard.press(key)
        page.wait_for_timeout(60)
    expect(page.locator(".saving")).to_contain_text("3 changes kept here")
    return dataset


def test_labels_pressed_while_the_server_is_down_are_saved_after_its_return(
    page: Page, site: Site, three_kept: str
) -> None:
    site.start_api()
    page.get_by_role("button", name="Try now").click()
    saved(page)
    assert list(labels_of(site, three_kept).values()) == ["pass", "fail", "pass"]


def test_they_are_kept_over_a_reload(page: Page, site: Site, three_kept: str) -> None:
    page.goto("about:blank")
    site.start_api()
    open_label(page, three_kept)
    saved(page)
    expect(page.locator("option[value=pass]")).to_have_text("Labelled pass (2)")
    assert list(labels_of(site, three_kept).values()) == ["pass", "fail", "pass"]


def test_another_tab_takes_over_what_a_closed_one_left(page: Page, site: Site, three_kept: str) -> None:
    context = page.context
    page.close()
    site.start_api()
    other = context.new_page()
    other.goto("#/datasets")  # any screen will do
    expect(other.get_by_role("heading", name="Datasets")).to_be_visible()
    kept = "Object.keys(localStorage).filter((name) => name.startsWith('concord.outbox.'))"
    while other.evaluate(kept):  # bounded by the test's own time limit
        other.wait_for_timeout(100)
    assert list(labels_of(site, three_kept).values()) == ["pass", "fail", "pass"]
