"""A judge under a name: put in use, asked about a batch, its pass rate, and whether it still agrees."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.service.ui.conftest import Accessible, Site, Watch
from tests.service.ui.jobs import optimized, upload_example

pytestmark = [pytest.mark.usefixtures("as_ana"), pytest.mark.timeout(300)]

BATCH = 'id,input,output\n1,"Customer: Hi, is it waterproof?","Yes, to 3 metres."\n2,Where is it?,No idea.\n'


@pytest.fixture(scope="module")
def example(shared_site: Site) -> str:
    """The example dataset; its id."""
    return upload_example(shared_site)


@pytest.fixture(scope="module")
def found(working_site: Site, example: str) -> str:
    """A run on the example that has ended; its id."""
    return optimized(working_site, example, strategy="bootstrap_fewshot", budget={"max_calls": 500})


@pytest.fixture(scope="module")
def in_use(shared_site: Site, example: str, found: str) -> str:
    """A judge in use, with traffic of which nothing has a label; its name. Tests leave it as it is."""
    keep(shared_site, "watched", found)
    rows = shared_site.get(f"/datasets/{example}/examples", limit=30)["items"]
    batch = [{key: row[key] for key in ("id", "input", "output")} for row in rows]
    shared_site.post("/judges/watched/verdicts", {"examples": batch})
    return "watched"


def keep(site: Site, name: str, run: str, *, promoted: bool = True) -> None:
    site.post("/judges", {"name": name, "from": {"run_id": run}}, expect=201)
    if promoted:
        word = {"version": 1, "because": "It is to be tried.", "by": "Ana"}
        site.post(f"/judges/{name}/champion", word)


def test_a_run_s_judge_is_kept_under_a_name(page: Page, site: Site, found: str) -> None:
    page.goto("#/judges")
    page.get_by_role("button", name="Keep a judge under a name").click()
    page.get_by_role("textbox", name="Name").fill("kept by hand")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_text("A name begins with a letter or a digit, and has no spaces.")).to_be_visible()
    page.get_by_role("textbox", name="Name").fill("kept-by-hand")
    page.get_by_role("button", name="Keep it").click()
    expect(page.get_by_role("heading", name="kept-by-hand")).to_be_visible()
    expect(page.get_by_text("No version is in use yet")).to_be_visible()
    [version] = site.get("/judges/kept-by-hand")["versions"]
    assert version["run_id"] == found


def test_what_is_not_shown_to_be_better_is_promoted_by_somebody_s_word(
    page: Page, working_site: Site, example: str, watch: Watch
) -> None:
    watch.expect("409")
    same = optimized(working_site, example, strategy="instruction_search", budget={"max_calls": 240})
    keep(working_site, "by-word", same, promoted=False)
    page.goto("#/judges/by-word")
    page.get_by_role("button", name="Put version 1 in use").click()
    expect(page.get_by_text("Nothing shows that it is better")).to_be_visible()
    page.get_by_role("button", name="Put it in use").click()
    expect(page.get_by_text("A reason and a name are needed")).to_be_visible()
    page.get_by_label("Why is it to be used all the same?").fill("We need one today.")
    page.get_by_role("button", name="Put it in use").click()
    expect(page.get_by_text("Version 1 is in use.")).to_be_visible()
    [promotion] = working_site.get("/judges/by-word")["promotions"]
    assert (promotion["because"], promotion["by"]) == ("We need one today.", "Ana")


def test_a_pasted_batch_is_judged_and_kept(page: Page, site: Site, found: str) -> None:
    keep(site, "batches", found)
    page.goto("#/judges/batches")
    page.get_by_label("Rows", exact=True).first.fill(BATCH)
    page.get_by_role("button", name="Judge them").click()
    expect(page.get_by_text("2 rows added to the traffic.")).to_be_visible(timeout=120_000)
    expect(page.get_by_role("list", name="Verdicts").get_by_role("listitem")).to_have_count(2)
    assert site.get("/judges/batches")["traffic"] == 2


@pytest.mark.parametrize(
    ("batch", "told"),
    [
        ("", "There is nothing to judge yet."),
        ('{"input": "x"}', "Line 1 has no text named “output”."),
        ('{"output": "x"}\n{"output', "Line 2 is not JSON"),
    ],
)
def test_a_batch_that_cannot_be_read_is_told(page: Page, in_use: str, batch: str, told: str) -> None:
    page.goto(f"#/judges/{in_use}")
    page.get_by_label("Rows", exact=True).first.fill(batch)
    page.get_by_role("button", name="Judge them").click()
    expect(page.get_by_role("alert").filter(has_text=told)).to_be_visible()


def test_the_pass_rate_is_told_with_its_interval_in_a_sentence(page: Page, site: Site, in_use: str) -> None:
    rate = site.get(f"/judges/{in_use}/rate")
    page.goto(f"#/judges/{in_use}")
    sentence = page.get_by_text(re.compile(r"^Of \d+ rows that nobody has labelled, about \d+ % pass"))
    expect(sentence).to_contain_text(f"Of {rate['n']} rows")
    expect(sentence).to_contain_text("with a 95 % interval of")
    expect(sentence).to_contain_text(f"The judge itself passes {rate['passed']} of them")


def test_a_sample_of_the_traffic_is_drawn_for_labelling(page: Page, site: Site, found: str) -> None:
    keep(site, "sampled", found)
    batch = [{"id": f"t{i}", "input": f"question {i}", "output": f"answer {i}"} for i in range(6)]
    site.post("/judges/sampled/verdicts", {"examples": batch})
    page.goto("#/judges/sampled")
    page.get_by_role("spinbutton", name="Rows").fill("4")
    page.get_by_role("button", name="Draw a sample").click()
    expect(page.get_by_text("4 rows are in the dataset now")).to_be_visible()
    expect(page.get_by_text("Sample 1: 0 of 4 rows labelled")).to_be_visible()
    page.get_by_role("link", name="Label them").click()
    expect(page.get_by_text("Sample 1 of sampled (4 rows)")).to_be_visible()
    expect(page.locator(".rows [role=option]:visible")).to_have_count(4)


@pytest.mark.parametrize("address", ["/judges", "/judges/watched"])
def test_no_screen_of_judges_has_an_accessibility_violation_or_is_too_wide(
    page: Page, in_use: str, accessible: Accessible, address: str
) -> None:
    page.goto(f"#{address}")
    page.get_by_role("heading", level=1).wait_for()
    expect(page.locator(".loading")).to_have_count(0)
    for summary in page.locator("summary").all():
        summary.click()
    accessible(page)
    page.set_viewport_size({"width": 420, "height": 800})
    over = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(over) <= 0
