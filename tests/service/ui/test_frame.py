"""The frame of the page: what is served, under which headers, and how one gets about."""

import httpx
import pytest
from playwright.sync_api import Page, expect

from service.ui.page import FOLDER
from tests.service.ui.conftest import Accessible, Site, Watch

SCREENS = ("/datasets", "/datasets/new", "/runs", "/judges", "/nowhere")


def test_the_page_may_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    headers = client.get("/").headers
    policy = headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"


def test_the_frame_is_asked_for_anew_and_its_files_are_kept(client: httpx.Client) -> None:
    index = client.get("/")
    script = next(line for line in index.text.splitlines() if "main.js" in line).split('"')[3]
    file = client.get(f"/{script}")
    assert index.headers["cache-control"] == "no-cache"
    assert client.get("/", headers={"If-None-Match": index.headers["etag"]}).status_code == 304
    assert file.headers["content-type"].startswith("text/javascript")
    assert "immutable" in file.headers["cache-control"]


def test_a_file_of_another_build_is_not_kept(client: httpx.Client) -> None:
    assert client.get("/ui/0123456789abcdef/main.js").headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("name", ["index.htm", "..%2Fpage.py", "%2E%2E/page.py", "kit/", "%00"])
def test_only_the_page_s_own_files_are_served(client: httpx.Client, name: str) -> None:
    response = client.get(f"/ui/x/{name}")
    assert response.status_code == 404
    assert response.json()["code"] == "not_found"


def test_no_file_holds_inline_script_or_style() -> None:
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    assert "style=" not in text
    assert "<style" not in text
    assert all(line.endswith("></script>") for line in text.splitlines() if "<script" in line)


@pytest.mark.parametrize("path", SCREENS)
def test_a_screen_has_no_accessibility_violation(page: Page, accessible: Accessible, path: str) -> None:
    page.goto(f"#{path}")
    expect(page.locator("main h1, main h2").first).to_be_visible()
    accessible(page)


def test_the_colours_can_be_chosen_and_stay(page: Page) -> None:
    page.emulate_media(color_scheme="light")
    page.goto("")
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    light = page.evaluate(paper)
    for _ in range(2):
        page.get_by_role("button", name="Colours").click()
    assert page.evaluate(paper) != light
    page.reload()
    assert page.evaluate(paper) != light


def test_a_question_mark_lists_the_keys(page: Page) -> None:
    page.goto("")
    page.get_by_role("button", name="Keys of this page").wait_for()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_an_unknown_dataset_is_told_with_its_id(page: Page, watch: Watch) -> None:
    watch.expect("404")
    page.goto("#/datasets/nothing")
    expect(page.get_by_role("alert").filter(has_text="nothing")).to_be_visible()


def test_a_dataset_has_its_tabs(page: Page, site: Site) -> None:
    page.goto(f"#/datasets/{site.dataset(rows=20)}")
    tabs = page.get_by_role("navigation", name="This dataset")
    expect(tabs.get_by_role("link")).to_have_count(6)
    tabs.get_by_role("link", name="Label").click()
    expect(tabs.get_by_role("link", name="Label")).to_have_attribute("aria-current", "page")


def test_texts_never_become_markup(page: Page, site: Site) -> None:
    name = "<img src=x onerror=alert(1)>"
    page.goto(f"#/datasets/{site.dataset(rows=20, name=name)}")
    expect(page.get_by_role("heading", name=name)).to_be_visible()
