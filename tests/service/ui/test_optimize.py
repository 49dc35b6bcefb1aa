"""Optimize: what a run would take, and the run as it goes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.service.ui.conftest import Accessible, Site
from tests.service.ui.jobs import optimized, upload_example

NEEDED_CALLS = 235
"""79 rows that choose, judged with the prompt to beat, and 78 test rows, judged twice."""
FIRST_ESTIMATE_MS = 120_000
"""The API's process imports DSPy for it."""
CALLS = re.compile(r"^[\d,]+model calls$")


@pytest.fixture
def desk(working_site: Site) -> str:
    """The example dataset; its id."""
    return upload_example(working_site)


@pytest.fixture(scope="module")
def searched(working_site: Site) -> tuple[str, str]:
    """The ids of a dataset and of a run on it that has ended."""
    dataset = upload_example(working_site)
    budget = {"max_calls": NEEDED_CALLS + 200}
    return dataset, optimized(working_site, dataset, strategy="instruction_search", budget=budget)


def test_the_estimate_follows_the_form(desk: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/optimize")
    takes = page.get_by_role("complementary", name="What it would take")
    expect(takes).to_contain_text(f"{NEEDED_CALLS + 400}model calls", timeout=FIRST_ESTIMATE_MS)
    expect(takes).to_contain_text("Learn104")
    expect(takes).to_contain_text("Choose79")
    expect(takes).to_contain_text("Measure78")
    page.get_by_role("radio", name="Quick").check(force=True)
    expect(takes).to_contain_text(f"{NEEDED_CALLS + 200}model calls")
    page.get_by_role("radio", name="Own limit").check(force=True)
    page.get_by_label("Model calls at most").fill("300")
    expect(takes).to_contain_text("300model calls")
    expect(takes).to_contain_text("The limit on calls ends the search.")


def test_a_limit_that_leaves_no_room_is_told_before_anything_starts(desk: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/optimize")
    expect(page.get_by_text("model calls", exact=True).locator("..")).to_have_text(
        CALLS, timeout=FIRST_ESTIMATE_MS
    )
    page.get_by_role("radio", name="Own limit").check(force=True)
    page.get_by_label("Model calls at most").fill("100")
    page.get_by_role("button", name="Start the run").click()
    expect(page.get_by_text(f"Measuring alone takes {NEEDED_CALLS} calls")).to_be_visible()


def test_each_strategy_is_told_in_one_sentence(working_site: Site, desk: str, page: Page) -> None:
    strategies = working_site.api.get("/api/strategies").json()
    page.goto(f"#/datasets/{desk}/optimize")
    choices = page.get_by_role("group", name="How to search").get_by_role("radio")
    expect(choices).to_have_count(len(strategies))
    for strategy in strategies:
        expect(page.get_by_text(strategy["summary"])).to_be_visible()


def test_a_run_shows_its_trials_as_it_goes_and_ends_with_a_way_to_its_report(desk: str, page: Page) -> None:
    page.goto(f"#/datasets/{desk}/optimize")
    page.get_by_role("radio", name="Own limit").check(force=True)
    page.get_by_label("Model calls at most").fill("420")
    page.get_by_role("button", name="Start the run").click()
    expect(page).to_have_url(re.compile(r"\?run=run_\w+$"))
    expect(page.locator(".trial-chart .dot").first).to_be_visible(timeout=60_000)
    expect(page.get_by_label("Progress and controls").get_by_text("Done")).to_be_visible(timeout=120_000)
    run = page.url.rsplit("=", 1)[1]
    expect(page.get_by_role("link", name="Read the report")).to_have_attribute("href", f"#/runs/{run}")


def test_every_trial_is_a_dot_and_a_line_of_the_table(
    working_site: Site, searched: tuple[str, str], page: Page
) -> None:
    dataset, run = searched
    trials = working_site.get(f"/runs/{run}/trials")["items"]
    page.goto(f"#/datasets/{dataset}/optimize?run={run}")
    expect(page.locator(".trial-chart .dot")).to_have_count(len(trials))
    rows = page.get_by_role("region", name="Table of trials").locator("tbody tr")
    expect(rows).to_have_count(len(trials))
    baseline = trials[0]
    expect(rows.last).to_contain_text("The prompt to beat")
    expect(page.locator(".trial-chart .rule-label")).to_have_text(f"Prompt to beat {baseline['kappa']:.2f}")
    best = max((t for t in trials if t["complete"]), key=lambda t: t["kappa"])
    expect(rows.filter(has_text="Best so far")).to_contain_text(f"{best['kappa']:.2f}")


def test_a_candidate_is_shown_with_what_changed_against_its_parent(
    working_site: Site, searched: tuple[str, str], page: Page
) -> None:
    dataset, run = searched
    trials = working_site.get(f"/runs/{run}/trials")["items"]
    changed = next(
        trial
        for trial in trials
        if trial["parent"] is not None and trial["instruction"] != trials[trial["parent"]]["instruction"]
    )
    page.goto(f"#/datasets/{dataset}/optimize?run={run}")
    page.get_by_role("button", name=f"Show trial {changed['number']}", exact=True).click()
    candidate = page.get_by_role("region", name="The candidate")
    text = candidate.get_by_role("region", name="Instruction with its changes")
    expect(text.locator("ins").first).to_be_visible()
    kept_and_new = text.evaluate(
        "box => [...box.childNodes].filter(n => n.nodeName !== 'DEL').map(n => n.textContent).join('')"
    )
    assert kept_and_new == changed["instruction"]
    candidate.get_by_text("Prompt", exact=True).click()
    expect(candidate.get_by_role("region", name="Whole prompt")).to_have_text(changed["prompt"])


def test_a_dot_chooses_its_candidate(searched: tuple[str, str], page: Page) -> None:
    dataset, run = searched
    page.goto(f"#/datasets/{dataset}/optimize?run={run}")
    page.locator(".trial-chart .dot").first.click()
    expect(page.get_by_role("heading", name="Trial 0, the prompt to beat")).to_be_visible()
    expect(page.get_by_role("button", name="Show trial 0", exact=True)).to_have_attribute(
        "aria-pressed", "true"
    )


def test_too_few_labels_are_explained_and_counted(site: Site, page: Page, accessible: Accessible) -> None:
    labels = ["pass"] * 30 + ["fail"] * 3
    examples = [{"id": str(n), "input": "in", "output": str(n), "label": one} for n, one in enumerate(labels)]
    page.goto(f"#/datasets/{site.dataset(examples=examples)}/optimize")
    missing = page.get_by_role("heading", name="Missing: 17 more labels, 7 more labelled fail")
    expect(missing).to_be_visible()
    expect(page.get_by_role("link", name="Evaluate a judge meanwhile")).to_be_visible()
    expect(page.get_by_role("button", name="Start the run")).to_be_hidden()
    accessible(page)


def test_the_screens_have_no_accessibility_violation(
    desk: str, searched: tuple[str, str], page: Page, accessible: Accessible
) -> None:
    page.goto(f"#/datasets/{desk}/optimize")
    expect(page.get_by_text("model calls", exact=True).locator("..")).to_have_text(
        CALLS, timeout=FIRST_ESTIMATE_MS
    )
    page.get_by_text("More settings").click()
    accessible(page)
    dataset, run = searched
    page.goto(f"#/datasets/{dataset}/optimize?run={run}")
    expect(page.locator(".trial-chart .dot").first).to_be_visible()
    accessible(page)
