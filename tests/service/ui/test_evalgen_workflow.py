"""From outputs without labels to a judge in use whose pass rate is known: criteria, assertions and labels
that grow together (EvalGen's workflow), in one sitting and with the offline model."""

import csv
import io
import re
from dataclasses import dataclass, field
from functools import cached_property

import pytest
from playwright.sync_api import Locator, Page, expect

from experiments.examples import SUPPORT_DESK_CRITERION, support_desk_path
from tests.service.ui.conftest import Site, Watch
from tests.service.ui.test_datasets import drop
from tests.service.ui.test_label import labels_of, saved

pytestmark = pytest.mark.usefixtures("as_ana")

PROMPT = """You answer for the support desk. Answer what the customer asked and be friendly.
Use at most 80 words. Never promise a refund or a date that the desk sheet does not give."""
GRADED = 20
JUDGED = 60
NAME = "graded-desk"
DONE_MS = 240_000
SOON_MS = 60_000


def example_rows() -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(support_desk_path().read_text(encoding="utf-8"))))


def without_labels(rows: list[dict[str, str]]) -> str:
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(["id", "input", "output"])
    writer.writerows([row["id"], row["input"], row["output"]] for row in rows)
    return file.getvalue()


@dataclass
class Sitting:
    """One person's way through the page, step by step; `dataset` is theirs once it is stored."""

    page: Page
    site: Site
    dataset: str = ""
    run: str = ""
    rows: list[dict[str, str]] = field(default_factory=example_rows)

    @cached_property
    def truth(self) -> dict[str, str]:
        """What the people say whose labels the example has."""
        return {row["id"]: "pass" if row["label"] == "1" else "fail" for row in self.rows}

    def upload(self) -> None:
        self.page.goto("#/datasets/new")
        self.page.get_by_role("heading", name="New dataset").wait_for()
        drop(self.page, "main", "replies.csv", without_labels(self.rows))
        self.page.get_by_label("When should an output pass?").fill(SUPPORT_DESK_CRITERION)
        self.page.get_by_role("button", name="Store the dataset").click()
        expect(self.page.get_by_role("heading", name="replies")).to_be_visible()
        self.dataset = self.page.url.rpartition("/")[2]

    def suggest_criteria(self) -> None:
        self.part("Criteria")
        self.page.get_by_role("button", name="Suggest criteria").click()
        self.page.get_by_label("The prompt that makes the outputs").fill(PROMPT)
        self.page.get_by_role("button", name="Suggest", exact=True).click()
        self.page.get_by_role("button", name="Add all").click(timeout=DONE_MS)
        expect(self.page.locator(".suggestion")).to_have_count(0)

    def have_assertions_written(self) -> None:
        for criterion in self.criteria():
            item = self.item(criterion)
            item.get_by_text("Assertions: none yet").click()
            item.get_by_role("button", name="Let a model write some").click()
            self.page.get_by_role("button", name="Let it write").click()
            expect(item.locator(".assertion").first).to_be_visible(timeout=DONE_MS)

    def run_assertions(self) -> None:
        self.part("Criteria")
        self.page.get_by_role("button", name="Run the assertions").click()
        expect(self.page.get_by_label("Progress and controls")).to_be_visible()

    def see_them_done(self) -> None:
        self.part("Criteria")
        done = self.page.get_by_label("Progress and controls").get_by_text("Done")
        expect(done).to_be_visible(timeout=DONE_MS)

    def grade(self, n: int) -> None:
        self.page.goto(f"#/datasets/{self.dataset}/label?order=random")
        for _ in range(n):
            row = self.press()
            expect(self.page.locator("#row-title")).not_to_contain_text(row)
        saved(self.page)

    def press(self) -> str:
        """The label of the row on the screen, by its key; the row's id."""
        expect(self.page.locator(".pane").first).not_to_contain_text("Loading")
        self.page.wait_for_timeout(60)  # a press in the same blink as the text counts for nothing
        row = str(self.page.locator("#row-title").text_content()).split(" · ")[1]
        self.page.keyboard.press("p" if self.truth[row] == "pass" else "f")
        return row

    def see_the_card(self) -> None:
        self.part("Report card")
        whole = self.page.get_by_role("row").filter(has_text="All criteria together")
        expect(whole).to_be_visible(timeout=SOON_MS)

    def restate(self, criterion: dict[str, str]) -> None:
        self.part("Criteria")
        self.page.get_by_role("button", name=f"Edit: {criterion['name']}").click()
        text = self.page.get_by_label("What a good output does")
        text.fill(f"{criterion['text']} It leaves nothing out.")
        self.page.get_by_role("button", name="Save the change").click()
        self.page.get_by_role("button", name="See the labels in doubt").click()

    def look_again(self) -> str:
        """Gives one doubtful label again; the row's id."""
        older = self.page.get_by_text("given before the change, and nothing else speaks against")
        link = self.page.get_by_role("link", name=re.compile("^Look again at"))
        expect(older.or_(link).first).to_be_visible(timeout=SOON_MS)
        if older.is_visible():
            older.click()
        link.last.click()
        expect(self.page.get_by_text("A criterion has changed since these labels were given")).to_be_visible()
        row = self.press()
        saved(self.page)
        return row

    def label_the_rest(self) -> None:
        """By the API: pressing 200 keys more would show nothing new."""
        labelled = labels_of(self.site, self.dataset)
        for row in self.truth.keys() - labelled.keys():
            path = f"/api/datasets/{self.dataset}/examples/{row}/labels/Ana"
            body = {"label": self.truth[row], "picked_by": "order"}
            assert self.site.api.put(path, json=body).status_code == 200

    def choose_a_set(self) -> None:
        self.part("Best set")
        self.page.get_by_role("radio", name="Best of each criterion").check()
        self.page.get_by_label("Fails wrongly at most").fill("1")
        self.page.get_by_role("button", name="Choose the set").click()

    def optimize(self) -> None:
        self.page.get_by_role("link", name="Optimize with these criteria").click(timeout=SOON_MS)
        expect(self.page.get_by_role("radio", name="Criteria and assertions")).to_be_checked()
        self.page.get_by_role("radio", name="Own limit").check(force=True)
        self.page.get_by_label("Model calls at most").fill("1500")
        self.page.get_by_role("button", name="Start the run").click()
        expect(self.page).to_have_url(re.compile(r"\?run=run_\w+$"))
        self.run = self.page.url.rpartition("=")[2]
        done = self.page.get_by_label("Progress and controls").get_by_text("Done")
        expect(done).to_be_visible(timeout=DONE_MS)

    def put_in_use(self) -> None:
        self.page.goto("#/judges")
        self.page.get_by_role("button", name="Keep a judge under a name").click()
        self.page.get_by_role("textbox", name="Name").fill(NAME)
        self.page.get_by_label("Best judge of the run").select_option(self.run)
        self.page.get_by_role("button", name="Keep it").click()
        self.page.get_by_role("button", name="Put version 1 in use").click()
        why = self.page.get_by_label("Why is it to be used all the same?")
        in_use = self.page.get_by_text("Version 1 is in use.")
        expect(why.or_(in_use).first).to_be_visible()
        if why.is_visible():  # the run does not say improved
            why.fill("The way is to be shown to its end.")
            self.page.get_by_role("button", name="Put it in use").click()
        expect(in_use).to_be_visible()

    def judge_a_batch(self) -> None:
        batch = without_labels(self.rows[:JUDGED])
        self.page.get_by_label("Rows", exact=True).first.fill(batch)
        self.page.get_by_role("button", name="Judge them").click()
        expect(self.page.get_by_text(f"{JUDGED} rows added to the traffic.")).to_be_visible(timeout=DONE_MS)

    def criteria(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self.site.get(f"/datasets/{self.dataset}/criteria")["items"]
        return found

    def doubted(self, criterion: dict[str, str]) -> set[str]:
        found = self.site.get(f"/datasets/{self.dataset}/doubts", criterion=criterion["id"])["doubts"]
        return {doubt["example_id"] for doubt in found}

    def item(self, criterion: dict[str, str]) -> Locator:
        heading = self.page.get_by_role("heading", name=criterion["name"], exact=True)
        return self.page.locator(".criterion-item").filter(has=heading)

    def part(self, name: str) -> None:
        tabs = self.page.get_by_role("navigation", name="This dataset")
        tabs.get_by_role("link", name="Criteria").click()
        parts = self.page.get_by_role("navigation", name="Parts of this screen")
        parts.get_by_role("link", name=name).click()
        expect(parts.get_by_role("link", name=name)).to_have_attribute("aria-current", "page")


@pytest.mark.timeout(900)
def test_criteria_assertions_and_labels_grow_together_into_a_judge_in_use(
    page: Page, working_site: Site, watch: Watch
) -> None:
    watch.expect("409")  # where the run's judge is not shown to be better, or no better than chance
    sitting = Sitting(page=page, site=working_site)

    sitting.upload()
    sitting.suggest_criteria()
    first, *others = sitting.criteria()
    assert others
    sitting.have_assertions_written()

    sitting.run_assertions()
    sitting.grade(GRADED)
    assert len(labels_of(working_site, sitting.dataset)) == GRADED
    sitting.see_them_done()
    sitting.see_the_card()

    sitting.restate(first)
    before = sitting.doubted(first)
    row = sitting.look_again()
    assert sitting.doubted(first) == before - {row}

    sitting.label_the_rest()
    sitting.run_assertions()
    sitting.see_them_done()
    sitting.choose_a_set()
    sitting.optimize()

    sitting.put_in_use()
    sitting.judge_a_batch()
    rate = working_site.api.get(f"/api/judges/{NAME}/rate")
    told = page.get_by_role("region", name="How often outputs pass")
    corrected = f"Of {JUDGED} rows that nobody has labelled, about"
    expect(told).to_contain_text(corrected if rate.status_code == 200 else "It cannot be corrected")
