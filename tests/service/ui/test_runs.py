"""Runs on the page: the list, a run's report, what can be taken away, trying its judge, two side by side."""

import json
import time
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from experiments.examples import SUPPORT_DESK_BASELINE, SUPPORT_DESK_CRITERION, support_desk_path
from tests.service.ui.conftest import Accessible, Site, Watch

DONE_S = 480.0
AT_REST = ("succeeded", "failed", "cancelled", "paused")
WIDTHS = (420, 900, 1500)


@pytest.fixture(scope="module")
def example(working_site: Site) -> str:
    """Our example as a dataset; its id."""
    return upload(working_site, "support-desk")


def upload(site: Site, name: str) -> str:
    response = site.api.post(
        "/api/datasets",
        data={"name": name, "criterion": SUPPORT_DESK_CRITERION},
        files={"file": ("support_desk.csv", support_desk_path().read_bytes())},
    )
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def start(site: Site, dataset_id: str, **options: Any) -> str:
    body = {"dataset_id": dataset_id, "instruction": SUPPORT_DESK_BASELINE, "model": "offline"} | options
    return str(site.post("/runs", body, expect=202)["id"])


def at_rest(site: Site, run_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + DONE_S
    while (run := site.get(f"/runs/{run_id}"))["status"] not in AT_REST:
        assert time.monotonic() < deadline, run
        time.sleep(0.1)
    return run


@pytest.fixture(scope="module")
def improved(shared_site: Site, example: str) -> str:
    """A run whose report says `improved`: the instruction was rewritten."""
    run_id = start(shared_site, example, strategy="instruction_search", budget={"max_calls": 400})
    assert at_rest(shared_site, run_id)["conclusion"] == "improved"
    return run_id


@pytest.fixture(scope="module")
def idle(shared_site: Site, example: str, improved: str) -> str:
    """A run that found nothing better than it started from."""
    run_id = start(shared_site, example, strategy="bootstrap_fewshot", seed=3, budget={"max_calls": 300})
    assert at_rest(shared_site, run_id)["conclusion"] == "not shown"
    return run_id


@pytest.fixture(scope="module")
def capped(shared_site: Site, example: str) -> str:
    """A run that has reached its spend cap."""
    options = {"strategy": "instruction_search", "seed": 5, "max_age_s": 0}
    run_id = start(shared_site, example, **options, budget={"max_calls": 300}, spend_cap={"max_calls": 90})
    assert at_rest(shared_site, run_id)["pause_reason"] == "spend_cap"
    return run_id


@pytest.fixture
def at_the_report(page: Page, improved: str) -> Page:
    page.goto(f"#/runs/{improved}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Improved")
    return page


# --- the report ---------------------------------------------------------------------------------------


def test_a_report_begins_with_its_conclusion_in_a_plain_sentence(
    at_the_report: Page, site: Site, improved: str
) -> None:
    test = site.get(f"/runs/{improved}/report")["test"]
    before, after = (test[name]["kappa"]["value"] for name in ("baseline", "best"))
    conclusion = at_the_report.get_by_role("region", name="Conclusion")
    expect(conclusion).to_contain_text(
        f"On {test['best']['n']} rows that nothing was tuned on, agreement with people rose from "
        f"{before:.2f} to {after:.2f}."
    )
    expect(conclusion).to_contain_text(f"a gain of +{test['gain']['value']:.2f}")
    expect(conclusion).to_contain_text("Use the best prompt.")


def test_a_report_shows_what_the_conclusion_rests_on(at_the_report: Page, site: Site, improved: str) -> None:
    report = site.get(f"/runs/{improved}/report")
    axis = at_the_report.get_by_role("region", name="Agreement with people")
    for row, found in {
        "Starting prompt": report["test"]["baseline"]["kappa"],
        "A cheap classifier": report["supervised_baseline"]["agreement"]["kappa"],
        "corrected for the choice": report["dev"]["selection_corrected"],
    }.items():
        line = axis.get_by_role("row").filter(has_text=row).first
        expect(line).to_contain_text(f"{found['value']:.2f} ({found['low']:.2f} to {found['high']:.2f})")
    expect(axis).to_contain_text(
        f"People agree with each other at {report['human_agreement']['ceiling']['kappa']:.2f}"
    )
    expect(axis).to_contain_text(f"same verdict on {report['repeatability']['same']} of")


def test_counts_are_told_in_plain_words(at_the_report: Page, site: Site, improved: str) -> None:
    counts = site.get(f"/runs/{improved}/report")["test"]["best"]["confusion"]
    bad, good = counts["tp"] + counts["fn"], counts["fp"] + counts["tn"]
    practice = at_the_report.get_by_role("region", name="What it means in use")
    expect(practice.get_by_role("row").filter(has_text="Bad outputs that it catches")).to_contain_text(
        f"{counts['tp']} of {bad}"
    )
    expect(practice.get_by_role("row").filter(has_text="fails by mistake")).to_contain_text(
        f"{counts['fp']} of {good}"
    )
    table = practice.get_by_role("table", name="Best prompt")
    expect(table.get_by_role("row", name="People: fail")).to_contain_text(f"{counts['tp']} agree")


def test_warnings_of_the_report_are_on_the_page(at_the_report: Page, site: Site, improved: str) -> None:
    warnings = site.get(f"/runs/{improved}/report")["warnings"]
    assert warnings
    for warning in warnings:
        expect(at_the_report.locator("main")).to_contain_text(warning[1:])
    expect(at_the_report.get_by_text("Demonstration, not a language model")).to_be_visible()


def test_a_report_marks_what_changed_in_the_instruction(
    at_the_report: Page, site: Site, improved: str
) -> None:
    found = site.get(f"/runs/{improved}/best")["candidate"]["instruction"]
    judge = at_the_report.get_by_role("region", name="The best prompt", exact=True)
    difference = judge.locator("p.diff")
    kept = difference.evaluate(
        "p => [...p.childNodes].filter(n => n.nodeName !== 'DEL').map(n => n.textContent).join('')"
    )
    left = difference.evaluate(
        "p => [...p.childNodes].filter(n => n.nodeName !== 'INS').map(n => n.textContent).join('')"
    )
    assert "".join(left.split()) == "".join(SUPPORT_DESK_BASELINE.split())  # spaces alone are not marked
    assert "".join(kept.split()) == "".join(found.split())


def test_a_run_that_found_nothing_better_says_so_and_what_to_do(page: Page, idle: str, example: str) -> None:
    page.goto(f"#/runs/{idle}")
    conclusion = page.get_by_role("region", name="Conclusion")
    expect(conclusion).to_contain_text("No prompt did better than the one that you started from.")
    expect(conclusion).to_contain_text("Keep the prompt that you started from.")
    expect(conclusion.get_by_role("link", name="Label more rows")).to_have_attribute(
        "href", f"#/datasets/{example}/label"
    )


def test_one_sees_where_the_judge_disagrees(at_the_report: Page, example: str) -> None:
    at_the_report.get_by_role("button", name="See where it disagrees").click()
    at_the_report.get_by_role("dialog").get_by_role("button", name="Judge them").click()
    at_the_report.wait_for_url(f"**/#/datasets/{example}/evaluate/**")


# --- taking it away -----------------------------------------------------------------------------------


def test_the_prompt_can_be_copied(
    at_the_report: Page, context: BrowserContext, site: Site, improved: str
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    conclusion = at_the_report.get_by_role("region", name="Conclusion")
    conclusion.get_by_role("button", name="Copy the prompt").click()
    expect(conclusion.get_by_role("button", name="Copied")).to_be_visible()
    prompt = site.api.get(f"/api/runs/{improved}/best", params={"format": "text"}).text
    assert at_the_report.evaluate("navigator.clipboard.readText()") == prompt


def test_the_prompt_can_be_copied_where_the_browser_has_no_clipboard_for_the_page(
    page: Page, context: BrowserContext, improved: str
) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    read = "navigator.clipboard.readText()"
    page.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new DOMException('no'))")
    page.goto(f"#/runs/{improved}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    page.keyboard.press("c")
    expect(page.get_by_role("region", name="Messages", exact=True)).to_contain_text("The prompt is copied")
    assert page.evaluate(read).startswith("--- system ---")


def test_each_export_is_downloaded_as_the_api_gives_it(
    at_the_report: Page, site: Site, improved: str
) -> None:
    for format_ in site.api.get("/api/formats").json():
        given = site.api.get(f"/api/runs/{improved}/best", params={"format": format_["name"]})
        name = given.headers["content-disposition"].split('"')[1]
        at_the_report.get_by_text(format_["summary"]).wait_for()
        with at_the_report.expect_download() as started:
            at_the_report.get_by_role("link", name=f"Download {name}", exact=True).click()
        text = started.value.path().read_text(encoding="utf-8")
        assert started.value.suggested_filename == name
        assert text == given.text
        if name.endswith(".json"):
            json.loads(text)


def test_the_report_is_downloaded_as_markdown_and_json(
    at_the_report: Page, site: Site, improved: str
) -> None:
    found = {}
    for name in ("report.md", "report.json"):
        with at_the_report.expect_download() as started:
            at_the_report.get_by_role("link", name=f"Download {name}", exact=True).click()
        found[name] = started.value.path().read_text(encoding="utf-8")
    assert found["report.md"].startswith("# Improved\n")
    assert json.loads(found["report.json"]) == site.get(f"/runs/{improved}/report")


# --- trying the judge ---------------------------------------------------------------------------------


def test_the_judge_can_be_tried_on_a_pasted_output(at_the_report: Page, site: Site, improved: str) -> None:
    row = {"input": "Customer: Where is my parcel?", "output": "You should have read the mail. It is lost."}
    trying = at_the_report.get_by_role("region", name="Try it")
    trying.get_by_label("Input").fill(row["input"])
    trying.get_by_label("Output to judge").fill(row["output"])
    trying.get_by_label("Output to judge").press("Control+Enter")
    said = site.post(f"/runs/{improved}/judge", {"examples": [row]})["verdicts"][0]["verdict"]
    expect(trying.get_by_text("The judge says", exact=True).locator("..")).to_contain_text(
        said, ignore_case=True
    )


def test_a_row_of_the_dataset_shows_what_people_say(at_the_report: Page) -> None:
    trying = at_the_report.get_by_role("region", name="Try it")
    trying.get_by_role("button", name="Fill in a row").click()
    expect(trying.get_by_label("Output to judge")).not_to_have_value("")
    trying.get_by_role("button", name="Judge it").click()
    expect(trying.get_by_text("The judge says", exact=True)).to_be_visible()
    expect(trying.get_by_text("People say")).to_be_visible()


# --- runs that have not succeeded ---------------------------------------------------------------------


def test_a_run_at_its_cap_goes_on_with_a_higher_one(page: Page, site: Site, example: str) -> None:
    options = {"strategy": "bootstrap_fewshot", "seed": 8, "max_age_s": 0}
    run_id = start(site, example, **options, budget={"max_calls": 260}, spend_cap={"max_calls": 90})
    at_rest(site, run_id)
    page.goto(f"#/runs/{run_id}")
    expect(page.get_by_role("heading", level=1)).to_have_text("Paused")
    expect(page.locator("main")).to_contain_text("the spend cap is reached", ignore_case=True)
    expect(page.get_by_role("button", name="Resume", exact=True)).to_have_count(0)
    page.get_by_label("Most calls").fill("1000")
    page.get_by_role("button", name="Resume with this cap").click()
    expect(page.get_by_role("region", name="Conclusion")).to_be_visible(timeout=DONE_S * 1000)


def test_a_cancelled_run_can_be_begun_anew(page: Page, site: Site, example: str) -> None:
    run_id = start(site, example, strategy="bootstrap_fewshot", budget={"max_calls": 300})
    site.post(f"/runs/{run_id}/pause")
    site.post(f"/runs/{run_id}/cancel")
    at_rest(site, run_id)
    page.goto(f"#/runs/{run_id}")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("region", name="Conclusion")).to_be_visible(timeout=DONE_S * 1000)


def test_a_run_that_is_not_there_is_told(page: Page, watch: Watch) -> None:
    watch.expect("404")
    page.goto("#/runs/run_nothing")
    expect(page.get_by_role("alert").filter(has_text="run_nothing")).to_be_visible()


# --- the list, and two of it --------------------------------------------------------------------------


def test_the_list_shows_outcome_and_cost_of_each_run(
    page: Page, site: Site, improved: str, idle: str
) -> None:
    page.goto("#/runs")
    run = site.get(f"/runs/{improved}")
    line = page.locator("tr").filter(has=page.locator(f"a[href='#/runs/{improved}']"))
    expect(line).to_contain_text("Improved")
    expect(line).to_contain_text(f"{run['test']['baseline']['value']:.2f} →")
    expect(line).to_contain_text(f"{run['test']['best']['value']:.2f} ({run['test']['best']['low']:.2f} to")
    expect(line).to_contain_text("support-desk")
    expect(line.locator("td.calls")).to_have_text(str(run["spend"]["calls"]))
    line.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Improved")


def test_a_dataset_s_own_runs_stand_under_its_tab(
    page: Page, site: Site, example: str, improved: str
) -> None:
    other = start(site, upload(site, "another"), budget={"max_calls": 300})
    site.post(f"/runs/{other}/cancel")
    page.goto(f"#/runs?dataset={example}")
    expect(
        page.get_by_role("navigation", name="This dataset").get_by_role("link", name="Runs")
    ).to_have_attribute("aria-current", "page")
    expect(page.locator(f"a[href='#/runs/{improved}']")).to_be_visible()
    expect(page.locator(f"a[href='#/runs/{other}']")).to_have_count(0)


def test_a_dataset_without_runs_says_how_to_start_one(page: Page, site: Site) -> None:
    dataset_id = site.dataset(rows=20)
    page.goto(f"#/runs?dataset={dataset_id}")
    start_one = page.get_by_role("link", name="Start the first run")
    expect(start_one).to_have_attribute("href", f"#/datasets/{dataset_id}/optimize")


def test_older_runs_are_a_page_away(page: Page, site: Site) -> None:
    site.stop("worker")  # they shall only be listed
    try:
        many = site.dataset(rows=80)
        for _ in range(51):
            site.post(f"/runs/{start(site, many, budget={'max_calls': 300})}/cancel")
        page.goto(f"#/runs?dataset={many}")
        lines = page.locator("table.runs tbody tr")
        expect(lines).to_have_count(50)
        page.get_by_role("button", name="Show older runs").click()
        expect(lines.nth(50)).to_be_visible()
    finally:
        site.start_worker()


def test_a_run_in_the_list_moves_while_one_looks(page: Page, site: Site, example: str) -> None:
    site.stop("worker")
    try:
        run_id = start(site, example, budget={"max_calls": 300})
        page.goto("#/runs")
        line = page.locator("tr").filter(has=page.locator(f"a[href='#/runs/{run_id}']"))
        expect(line).to_contain_text("Queued")
        site.post(f"/runs/{run_id}/cancel")
        expect(line).to_contain_text("Cancelled")
    finally:
        site.start_worker()


def test_two_runs_are_chosen_by_keyboard_and_compared(
    page: Page, site: Site, example: str, improved: str, idle: str
) -> None:
    page.goto(f"#/runs?dataset={example}")
    for run_id in (improved, idle):
        box = (
            page.locator("tr").filter(has=page.locator(f"a[href='#/runs/{run_id}']")).get_by_role("checkbox")
        )
        box.focus()
        page.keyboard.press("Space")
    page.get_by_role("link", name="Compare the two").focus()
    page.keyboard.press("Enter")
    found = site.get("/runs/compare", a=improved, b=idle)
    verdict = page.get_by_role("region", name="Which is better")
    expect(verdict.get_by_role("heading")).to_have_text("A agrees better with people")
    expect(verdict).to_contain_text(f"On {found['rows']['shared']} test rows that both were measured on")
    expect(verdict).to_contain_text(f"a difference of \N{MINUS SIGN}{-found['difference']['value']:.2f}")
    settings = page.get_by_role("region", name="What was set differently")
    expect(settings.get_by_role("row", name="Strategy")).to_contain_text("bootstrap_fewshot")
    page.get_by_role("link", name="Swap A and B").click()
    expect(verdict.get_by_role("heading")).to_have_text("B agrees better with people")


def test_two_prompts_can_be_read_side_by_side(page: Page, improved: str, idle: str) -> None:
    page.goto(f"#/runs/compare?a={improved}&b={idle}")
    prompts = page.get_by_role("region", name="How the prompts differ")
    prompts.get_by_label("Side by side").check()
    expect(prompts.get_by_role("region")).to_have_count(2)
    expect(prompts.locator("del").first).to_be_visible()


def test_runs_that_cannot_be_compared_say_why(page: Page, site: Site, improved: str, capped: str) -> None:
    page.goto(f"#/runs/compare?a={improved}&b={capped}")
    expect(page.get_by_text(f"{capped} is paused", exact=False)).to_be_visible()


def test_judges_lists_the_best_of_each_dataset(
    page: Page, site: Site, example: str, improved: str, idle: str
) -> None:
    page.goto("#/judges")
    card = page.get_by_role("listitem").filter(has=page.get_by_role("link", name="support-desk", exact=True))
    expect(card.get_by_role("link", name="See its report")).to_have_attribute("href", f"#/runs/{improved}")
    expect(card).to_contain_text("Improved")


# --- for everybody ------------------------------------------------------------------------------------


def visit(page: Page, address: str) -> None:
    """From elsewhere, so that nothing of the screen before is taken for this one's."""
    page.goto("about:blank")
    page.goto(f"#{address}")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    expect(page.locator(".loading")).to_have_count(0)


@pytest.fixture
def addresses(example: str, improved: str, idle: str, capped: str) -> dict[str, str]:
    return {
        "list": "/runs",
        "tab": f"/runs?dataset={example}&a={improved}",
        "improved": f"/runs/{improved}",
        "idle": f"/runs/{idle}",
        "paused": f"/runs/{capped}",
        "compare": f"/runs/compare?a={improved}&b={idle}",
        "nothing to compare": "/runs/compare",
        "judges": "/judges",
    }


def test_no_screen_of_runs_has_an_accessibility_violation(
    page: Page, accessible: Accessible, addresses: dict[str, str]
) -> None:
    for address in addresses.values():
        visit(page, address)
        for summary in page.locator("summary").all():
            summary.click()
        accessible(page)


def test_no_screen_of_runs_is_wider_than_its_window(page: Page, addresses: dict[str, str]) -> None:
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        for name, address in addresses.items():
            visit(page, address)
            assert page.evaluate(over) <= 0, f"{name} at {width} px"


def test_the_judge_is_tried_by_keyboard_alone(at_the_report: Page) -> None:
    at_the_report.keyboard.press("t")
    expect(at_the_report.get_by_label("Input")).to_be_focused()
    at_the_report.keyboard.type("Customer: Is it waterproof?")
    at_the_report.keyboard.press("Tab")
    at_the_report.keyboard.type("Yes, up to 3 metres.")
    at_the_report.keyboard.press("Tab")
    at_the_report.keyboard.press("Enter")
    expect(at_the_report.get_by_text("The judge says", exact=True)).to_be_visible()
