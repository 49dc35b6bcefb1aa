"""Labelling row after row: nothing lands on a row that was not on the screen, and nothing gets lost."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.service.ui.conftest import Accessible, Site

pytestmark = pytest.mark.usefixtures("as_ana")

DELAY_MS = 80
APART_MS = 60
INTERACTIVE_MS = 6_000
"""Generous: other tests run beside this one. A benchmark holds the page to 1.5 s."""

NOTE_PRESSES = """
window.presses = [];
document.addEventListener("keydown", (event) => {
  const [, id] = document.getElementById("row-title").textContent.split(" · ");
  window.presses.push([event.key, id]);
}, true);
"""


def open_label(page: Page, dataset: str, query: str = "") -> None:
    page.goto(f"#/datasets/{dataset}/label{query}")
    expect(page.locator(".pane").first).not_to_contain_text("Loading")
    page.wait_for_timeout(50)  # a press in the same blink as the text counts for nothing


def saved(page: Page) -> None:
    expect(page.locator(".saving")).to_have_attribute("data-state", "saved")


def labels_of(site: Site, dataset: str, annotator: str = "Ana") -> dict[str, str]:
    items = site.get(f"/datasets/{dataset}/examples", limit=500)["items"]
    return {row["id"]: row["labels"][annotator]["label"] for row in items if annotator in row["labels"]}


def row_of(site: Site, dataset: str, example: str) -> dict[str, Any]:
    return site.get(f"/datasets/{dataset}/examples/{example}")


def current(page: Page) -> str:
    return str(page.locator("#row-title").text_content()).split(" · ")[1]


@pytest.fixture
def slow_link(context: BrowserContext) -> Callable[[Page], None]:
    """Answers take 80 ms longer from now on."""

    def slow(page: Page) -> None:
        link = {"offline": False, "latency": DELAY_MS, "downloadThroughput": -1, "uploadThroughput": -1}
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.send("Network.emulateNetworkConditions", link)

    return slow


def test_quick_labels_on_a_slow_link_land_on_the_row_that_was_on_screen(
    page: Page, site: Site, slow_link: Callable[[Page], None]
) -> None:
    dataset = site.dataset(rows=80, labelled=False)
    slow_link(page)
    open_label(page, dataset)
    page.evaluate(NOTE_PRESSES)
    keys = random.Random(5).choices("pf", k=20)
    for key in keys:
        page.keyboard.press(key)
        page.wait_for_timeout(APART_MS)
    saved(page)
    presses = page.evaluate("presses")
    assert [key for key, _ in presses] == keys
    expected = {example: "pass" if key == "p" else "fail" for key, example in presses}
    assert len(expected) == 20
    assert labels_of(site, dataset) == expected


def test_a_press_counts_for_no_row_that_is_not_there_yet(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    page.route("**/examples?*", lambda _: None)  # its texts never come
    page.goto(f"#/datasets/{dataset}/label")
    page.locator("#row-title").wait_for()
    page.keyboard.press("p")
    expect(page.locator("#assertive")).to_contain_text("Not labelled")
    assert labels_of(site, dataset) == {}
    page.unroute_all()


def test_a_key_that_bounces_labels_one_row(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    press = "document.dispatchEvent(new KeyboardEvent('keydown', {key: 'p', bubbles: true}))"
    page.evaluate(f"{press}; {press}")
    saved(page)
    assert len(labels_of(site, dataset)) == 1


def test_held_keys_modifiers_and_digits_label_nothing(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    for key in ("Control+p", "Alt+f", "1", "0"):
        page.keyboard.press(key)
    repeat = "new KeyboardEvent('keydown', {key: 'p', bubbles: true, repeat: true})"
    page.evaluate(f"document.dispatchEvent({repeat})")
    saved(page)
    assert labels_of(site, dataset) == {}


def test_undo_takes_the_last_label_back_and_returns(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    page.keyboard.press("f")
    expect(page.locator("#row-title")).not_to_contain_text(first)
    page.keyboard.press("Backspace")
    expect(page.locator("#row-title")).to_contain_text(first)
    saved(page)
    assert labels_of(site, dataset) == {}


def test_undo_gives_a_changed_label_back(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    for key in ("f", "k", "p", "u"):
        page.keyboard.press(key)
        page.wait_for_timeout(50)
    saved(page)
    assert labels_of(site, dataset) == {first: "fail"}


def test_skipped_rows_come_again_at_the_end(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    page.keyboard.press("s")
    expect(page.locator("#row-title")).not_to_contain_text(first)
    saved(page)
    worklist = site.get(f"/datasets/{dataset}/worklist", annotator="Ana")
    assert worklist["rows"][-1]["id"] == first
    page.get_by_label("Which rows").select_option("skip")
    expect(page.locator("#row-title")).to_contain_text(first)


def test_a_flagged_row_is_found_again(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    page.keyboard.press("j")
    flagged = current(page)
    page.wait_for_timeout(50)
    page.keyboard.press("x")
    saved(page)
    page.goto(f"#/datasets/{dataset}/label?show=flag")
    expect(page.locator("#row-title")).to_contain_text(flagged)
    assert site.get(f"/datasets/{dataset}")["marked"]["flag"] == 1


def test_a_note_goes_with_the_label_by_keyboard_alone(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    page.keyboard.press("n")
    page.keyboard.type("pretends to know: p f s")
    page.keyboard.press("Escape")
    page.keyboard.press("f")
    saved(page)
    own = row_of(site, dataset, first)["labels"]["Ana"]
    assert own == {"label": "fail", "critique": "pretends to know: p f s"}


def test_a_note_can_follow_its_label(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    page.keyboard.press("p")
    page.keyboard.press("k")
    page.keyboard.press("n")
    page.keyboard.type("kind")
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    saved(page)
    assert row_of(site, dataset, first)["labels"]["Ana"]["critique"] == "kind"


def test_what_others_say_is_hidden_until_one_has_labelled(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    first = site.get(f"/datasets/{dataset}/examples")["items"][0]["id"]
    said = {"label": "fail", "critique": "Ben's secret"}
    site.api.put(f"/api/datasets/{dataset}/examples/{first}/labels/Ben", json=said).raise_for_status()
    with page.expect_response("**/examples?*") as response:
        open_label(page, dataset, f"?row={first}")
    assert "secret" not in response.value.text()
    page.keyboard.press("p")
    page.keyboard.press("k")
    others = page.get_by_role("region", name="What others say")
    expect(others).to_contain_text("Ben's secret")
    others.get_by_role("button", name="Let my label count").click()
    saved(page)
    assert row_of(site, dataset, first)["label"] == "pass"


def test_rows_that_others_see_differently_are_found_once_they_are_labelled(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    ids = [row["id"] for row in site.get(f"/datasets/{dataset}/examples")["items"]]
    for example, label in ((ids[0], "pass"), (ids[1], "fail"), (ids[5], "fail")):
        path = f"/api/datasets/{dataset}/examples/{example}/labels/Ben"
        site.api.put(path, json={"label": label}).raise_for_status()
    open_label(page, dataset, f"?row={ids[0]}")
    for row in ids[:2]:
        page.get_by_role("option", name=row).click()
        page.wait_for_timeout(APART_MS)
        page.keyboard.press("p")
    saved(page)
    page.keyboard.press("d")
    expect(page.locator("#row-title")).to_contain_text(ids[1])
    expect(page.get_by_role("region", name="What others say")).to_contain_text("differs from yours")


def test_the_last_label_leads_on(page: Page, site: Site) -> None:
    dataset = site.dataset(examples=[{"input": "a", "output": "b"}, {"input": "c", "output": "d"}])
    open_label(page, dataset)
    for key in ("p", "f"):
        page.keyboard.press(key)
        page.wait_for_timeout(APART_MS)
    expect(page.get_by_text("Every row here has your label", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="See how a judge agrees with you")).to_be_visible()


def test_how_a_row_came_up_goes_with_its_label(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset, "?order=random")
    first = current(page)
    page.keyboard.press("p")
    saved(page)
    assert row_of(site, dataset, first)["picked_by"] == "random"


def test_an_order_that_cannot_be_had_says_why(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    page.get_by_role("radio", name="Judges disagree").check()
    expect(page.locator(".label-top .notice")).to_be_visible()


def test_a_milestone_says_what_it_unlocks(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=40, labelled=False)
    open_label(page, dataset)
    for i in range(20):
        page.keyboard.press("pf"[i % 2])
        page.wait_for_timeout(APART_MS)
    expect(page.get_by_role("region", name="Messages")).to_contain_text("20 labels: you can now")


def test_the_filter_and_the_list_go_with_the_labels(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    first = current(page)
    page.keyboard.press("f")
    rows = page.get_by_label("Which rows")
    expect(rows.locator("option[value=fail]")).to_have_text("Labelled fail (1)")
    rows.select_option("fail")
    expect(page.get_by_role("option", name=first)).to_contain_text("Fail")
    expect(page.get_by_role("listbox", name="Rows").get_by_role("option")).to_have_count(1)


def test_five_thousand_rows_are_ready_at_once(page: Page, site: Site) -> None:
    examples = [{"id": f"e{i}", "input": f"question {i}", "output": "answer " * 20} for i in range(5000)]
    dataset = site.dataset(examples=examples)
    open_label(page, dataset)
    expect(page.locator("#row-4999")).to_be_attached()
    took = page.evaluate("performance.getEntriesByName('label-interactive')[0].startTime")
    assert took < INTERACTIVE_MS
    page.keyboard.press("p")
    saved(page)
    assert labels_of(site, dataset) == {"e0": "pass"}


def test_eight_tabs_work_side_by_side(context: BrowserContext, site: Site) -> None:
    dataset = site.dataset(rows=20, labelled=False)
    ids = [row["id"] for row in site.get(f"/datasets/{dataset}/examples")["items"]][:8]
    tabs = [context.new_page() for _ in ids]
    for tab, example in zip(tabs, ids, strict=True):
        open_label(tab, dataset, f"?row={example}")
    for tab in tabs:
        tab.keyboard.press("p")
    for tab in tabs:
        saved(tab)
        expect(tab.locator("option[value=pass]")).to_have_text("Labelled pass (8)")
    assert labels_of(site, dataset) == dict.fromkeys(ids, "pass")


def test_labels_of_a_row_that_is_gone_are_told_with_its_name(page: Page, site: Site, watch: Any) -> None:
    watch.expect("404")
    dataset = site.dataset(rows=20, labelled=False)
    open_label(page, dataset)
    gone = current(page)
    site.api.delete(f"/api/datasets/{dataset}").raise_for_status()
    page.keyboard.press("p")
    expect(page.get_by_role("region", name="Messages")).to_contain_text(gone)
    saved(page)


def test_differences_are_marked_on_demand(page: Page, site: Site) -> None:
    examples = [{"input": "the red house", "output": "the blue house"} for _ in range(1)]
    dataset = site.dataset(examples=examples)
    open_label(page, dataset)
    expect(page.locator(".pane ins, .pane del")).to_have_count(0)
    page.keyboard.press("m")
    expect(page.locator(".pane del")).to_have_text("red")
    expect(page.locator(".pane ins")).to_have_text("blue")


@pytest.mark.parametrize("width", [420, 1280])
def test_the_screen_has_no_accessibility_violation(
    page: Page, site: Site, accessible: Accessible, width: int
) -> None:
    dataset = site.dataset(rows=20)
    page.set_viewport_size({"width": width, "height": 800})
    open_label(page, dataset)
    accessible(page)
    page.keyboard.press("p")
    page.keyboard.press("k")
    page.get_by_role("region", name="What others say").wait_for()
    page.keyboard.press("x")
    page.keyboard.press("m")
    accessible(page)
    page.keyboard.press("?")
    accessible(page)
