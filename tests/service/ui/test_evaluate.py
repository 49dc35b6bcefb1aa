"""Evaluate: a judge's verdicts beside people's labels, and the card that says how far the two agree."""

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.service.ui.conftest import Accessible, Site
from tests.service.ui.jobs import evaluated, optimized, upload_example

ROWS = 261
DONE_MS = 120_000
pytestmark = pytest.mark.usefixtures("as_ana")


@pytest.fixture
def desk(working_site: Site) -> str:
    """The example dataset; its id."""
    return upload_example(working_site)


@pytest.fixture
def judged(working_site: Site, desk: str) -> str:
    """An evaluation of the example that has ended; its id."""
    instruction = "Fail a reply that promises what the desk sheet does not say."
    return evaluated(working_site, desk, judge={"instruction": instruction})


def cell(page: Page, name: str) -> Locator:
    return page.locator(f'[data-cell="{name}"] button')


def confusion(site: Site, evaluation: str) -> dict[str, Any]:
    found: dict[str, Any] = site.get(f"/evaluations/{evaluation}/agreement")["confusion"]
    return found


def test_an_evaluation_streams_to_its_card(working_site: Site, desk: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/evaluate")
    page.get_by_role("button", name=f"Evaluate {ROWS} rows").click()
    expect(page).to_have_url(re.compile(r"/evaluate/eval_\w+$"))
    expect(page.get_by_label("Progress and controls").get_by_text("Done")).to_be_visible(timeout=DONE_MS)
    found = working_site.get(f"/evaluations/{page.url.rsplit('/', 1)[1]}/agreement")
    card = page.get_by_role("region", name="Agreement with people")
    expect(card.locator(".kappa-value")).to_have_text(f"{found['kappa']['value']:.2f}")
    expect(card).to_contain_text(f"on {ROWS} labelled rows")
    expect(card).to_contain_text(f"mira and teo, on {found['human_agreement']['ceiling']['n']} rows")
    expect(card).to_contain_text("A cheap classifier")
    for name in ("tp", "fp", "fn", "tn"):
        expect(cell(page, name)).to_contain_text(str(found["confusion"][name]))


def test_each_row_says_by_word_whether_judge_and_people_agree(desk: str, judged: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    rows = page.locator(".verdict")
    expect(rows).to_have_count(50)
    for row in rows.all():
        said, people, judge = row.locator(".badge").all_inner_texts()
        assert said == ("Agree" if people == judge else "Mismatch")
    page.get_by_role("button", name="Show more rows").click()
    expect(rows).to_have_count(100)


def test_a_cell_of_the_table_filters_the_list(working_site: Site, desk: str, judged: str, page: Page) -> None:
    wrongly_failed = confusion(working_site, judged)["fp"]
    assert 0 < wrongly_failed <= 50
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    cell(page, "fp").click()
    expect(cell(page, "fp")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(".verdict")).to_have_count(wrongly_failed)
    assert all("Mismatch" in text for text in page.locator(".verdict-button").all_inner_texts())
    page.get_by_role("button", name="Wrongly failed only").click()
    expect(cell(page, "fp")).to_have_attribute("aria-pressed", "false")
    expect(page.locator(".verdict")).to_have_count(50)


def test_a_changed_label_moves_the_card(working_site: Site, desk: str, judged: str, page: Page) -> None:
    before = confusion(working_site, judged)
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    cell(page, "fn").click()
    row = page.locator(".verdict").first
    row.get_by_role("button").click()
    row.get_by_role("radio", name="Pass").check(force=True)
    row.get_by_label("Why? In your words").fill("It was fine after all.")
    row.get_by_role("button", name="Save the label").click()
    expect(row).to_contain_text("The label is Pass, and the judge agrees")
    expect(row.locator(".verdict-button")).to_contain_text("Agree")
    expect(cell(page, "fn")).to_contain_text(str(before["fn"] - 1))
    expect(cell(page, "tn")).to_contain_text(str(before["tn"] + 1))
    expect(page.get_by_text("1 label changed since the rows were judged")).to_be_visible()
    row.get_by_text("History of this label").click()
    history = row.locator("details ol").get_by_role("listitem")
    expect(history.filter(has_text="The file")).to_contain_text("Fail")
    expect(history.filter(has_text="Ana")).to_contain_text("It was fine after all.")


def test_a_label_from_another_tab_moves_the_card_too(
    working_site: Site, desk: str, judged: str, page: Page
) -> None:
    before = confusion(working_site, judged)
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    expect(cell(page, "fn")).to_contain_text(str(before["fn"]))
    missed = working_site.get(f"/evaluations/{judged}/verdicts", cell="fn", limit=1)["items"][0]
    path = f"/api/datasets/{desk}/examples/{missed['example_id']}/labels/mira"
    assert working_site.api.put(path, json={"label": "pass", "adjudicates": True}).status_code == 200
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(cell(page, "fn")).to_contain_text(str(before["fn"] - 1))


def test_keys_lead_from_mismatch_to_mismatch(desk: str, judged: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    expect(page.locator(".verdict").first).to_be_visible()
    focused = page.locator(".verdict-button:focus")
    page.keyboard.press("d")
    expect(focused).to_contain_text("Mismatch")
    page.keyboard.press("Enter")
    opened = page.locator(".verdict", has=focused)
    expect(opened.get_by_role("heading", name="The judge")).to_be_visible()
    page.keyboard.press("Escape")
    expect(focused).to_have_attribute("aria-expanded", "false")
    first = focused.inner_text()
    page.keyboard.press("d")
    expect(focused).not_to_have_text(first)
    expect(focused).to_contain_text("Mismatch")


def test_an_instruction_of_one_s_own_is_judged_with(working_site: Site, desk: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/evaluate")
    page.get_by_role("radio", name="An instruction of your own").check()
    page.get_by_role("button", name=re.compile("^Evaluate")).click()
    expect(page.get_by_text("Write the instruction that the judge should follow.")).to_be_visible()
    page.get_by_label("Instruction", exact=True).fill("Fail a reply that is rude.")
    page.get_by_role("button", name=re.compile("^Evaluate")).click()
    expect(page.get_by_role("heading", name="An instruction of one's own")).to_be_visible()
    stored = working_site.get(f"/evaluations/{page.url.rsplit('/', 1)[1]}")
    assert stored["judge"]["instruction"] == "Fail a reply that is rude."


def test_earlier_evaluations_are_listed(working_site: Site, desk: str, judged: str, page: Page) -> None:
    kappa = working_site.get(f"/evaluations/{judged}")["agreement"]["kappa"]["value"]
    page.goto(f"#/datasets/{desk}/evaluate")
    earlier = page.get_by_role("region", name="Earlier evaluations").get_by_role("listitem")
    expect(earlier).to_have_count(1)
    expect(earlier).to_contain_text(f"kappa {kappa:.2f}")
    earlier.get_by_role("link").click()
    expect(page).to_have_url(re.compile(judged))


def test_too_few_labels_are_explained_and_counted(site: Site, page: Page, accessible: Accessible) -> None:
    dataset = site.dataset(rows=7)
    page.goto(f"#/datasets/{dataset}/evaluate")
    expect(page.get_by_role("heading", name="13 more labels to go")).to_be_visible()
    expect(page.get_by_role("link", name="Label 13 more rows")).to_be_visible()
    expect(page.get_by_role("button", name=re.compile("^Evaluate"))).to_be_hidden()
    accessible(page)


def test_a_verdict_is_hidden_until_its_row_is_labelled(working_site: Site, page: Page) -> None:
    labelled = [{"id": f"l{n}", "input": "in", "output": f"out {n}", "label": "pass"} for n in range(20)]
    bare = {"id": "bare", "input": "in", "output": "nobody has labelled this"}
    dataset = working_site.dataset(examples=[*labelled, bare])
    evaluation = evaluated(working_site, dataset, rows="all")
    page.goto(f"#/datasets/{dataset}/evaluate/{evaluation}")
    row = page.locator(".verdict", has_text="nobody has labelled this")
    expect(row).to_contain_text("Hidden")
    row.get_by_role("button").click()
    expect(row).to_contain_text("shown when the row is labelled")
    row.get_by_role("radio", name="Fail").check(force=True)
    row.get_by_role("button", name="Save the label").click()
    expect(row).not_to_contain_text("Hidden")
    expect(row.locator(".verdict-button")).to_contain_text(re.compile("Agree|Mismatch"))


def test_rows_that_a_judge_was_tuned_on_are_left_out_at_first(
    working_site: Site, desk: str, page: Page
) -> None:
    run = optimized(working_site, desk, strategy="bootstrap_fewshot", budget={"max_calls": 330})
    evaluation = evaluated(working_site, desk, judge={"run_id": run})
    new = working_site.get(f"/evaluations/{evaluation}/agreement", part="test")["n"]
    assert 0 < new < ROWS
    page.goto(f"#/datasets/{desk}/evaluate/{evaluation}")
    card = page.get_by_role("region", name="Agreement with people")
    expect(card).to_contain_text(f"on {new} labelled rows")
    expect(page.get_by_text(f"A run has found this judge with {ROWS - new} rows")).to_be_visible()
    page.get_by_role("radio", name="All rows").check(force=True)
    expect(card).to_contain_text(f"on {ROWS} labelled rows")


def test_the_screens_have_no_accessibility_violation(
    desk: str, judged: str, page: Page, accessible: Accessible
) -> None:
    page.goto(f"#/datasets/{desk}/evaluate")
    expect(page.get_by_role("button", name=re.compile("^Evaluate"))).to_be_visible()
    accessible(page)
    page.goto(f"#/datasets/{desk}/evaluate/{judged}")
    row = page.locator(".verdict").first
    row.get_by_role("button").click()
    row.get_by_text("History of this label").click()
    expect(row.get_by_role("listitem").first).to_be_visible()
    accessible(page)
