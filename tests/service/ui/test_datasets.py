"""From a file to a dataset, and what a dataset's page does with it."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.service.ui.conftest import Accessible, Site, Watch

ROWS = "id,input,output,label\n" + "".join(f"r{i},question {i},answer {i},{i % 2}\n" for i in range(24))


@pytest.fixture
def rows_csv(tmp_path: Path) -> Path:
    path = tmp_path / "replies.csv"
    path.write_text(ROWS, encoding="utf-8")
    return path


def choose(page: Page, file: Path) -> None:
    page.goto("#/datasets/new")
    page.locator("main input[type=file]").set_input_files(file)
    expect(page.get_by_role("heading", name="Columns and first rows")).to_be_visible()


def drop(page: Page, selector: str, name: str, text: str) -> None:
    """A file let fall on an element, as a browser tells of it."""
    data = page.evaluate_handle(
        """([name, text]) => {
            const data = new DataTransfer();
            data.items.add(new File([text], name, {type: "text/csv"}));
            return data;
        }""",
        [name, text],
    )
    page.dispatch_event(selector, "drop", {"dataTransfer": data})


def test_a_file_becomes_a_dataset(page: Page, site: Site, rows_csv: Path) -> None:
    choose(page, rows_csv)
    expect(page.get_by_text("All 24 rows can be used")).to_be_visible()
    page.get_by_label("When should an output pass?").fill("It passes when it answers.\n\n- kindly")
    page.get_by_role("button", name="Store the dataset").click()
    expect(page.get_by_role("heading", name="replies")).to_be_visible()
    dataset = site.get(f"/datasets/{page.url.rpartition('/')[2]}")
    assert dataset["criterion"] == "It passes when it answers.\n\n- kindly"
    assert dataset["classes"] == {"pass": 12, "fail": 12}


def test_a_file_may_be_dropped_on_the_list(page: Page, site: Site) -> None:
    site.dataset(rows=20)
    page.goto("#/datasets")
    page.locator(".dataset-item").first.wait_for()
    drop(page, "main", "dropped.csv", ROWS)
    expect(page.get_by_text("dropped.csv", exact=True)).to_be_visible()
    expect(page.get_by_text("All 24 rows can be used")).to_be_visible()


def test_one_may_mean_fail(page: Page, site: Site, rows_csv: Path) -> None:
    choose(page, rows_csv)
    page.get_by_label("1 means fail in this file").check()
    expect(page.get_by_role("group", name="What 1 means").get_by_label("Fail")).to_be_checked()
    page.get_by_label("When should an output pass?").fill("It answers.")
    page.get_by_role("button", name="Store the dataset").click()
    expect(page.get_by_role("heading", name="replies")).to_be_visible()
    first = site.get(f"/datasets/{page.url.rpartition('/')[2]}/examples")["items"][1]
    assert (first["id"], first["label"]) == ("r1", "fail")


def test_the_criterion_stays_while_columns_are_assigned(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "odd.csv"
    path.write_text("was asked,was said,gut\nq,a,1\nq2,a2,0\n", encoding="utf-8")
    choose(page, path)
    expect(page.get_by_role("button", name="Store")).to_be_disabled()
    page.get_by_label("When should an output pass?").fill("It answers.")
    page.get_by_label("Part of column was asked").select_option("input")
    page.get_by_label("Part of column was said").select_option("output")
    expect(page.get_by_text("All 2 rows can be used")).to_be_visible()
    expect(page.get_by_label("When should an output pass?")).to_have_value("It answers.")
    expect(page.get_by_role("button", name="Store the dataset")).to_be_enabled()


def test_refused_rows_are_listed_with_reasons_and_may_be_left_out(
    page: Page, tmp_path: Path, accessible: Accessible
) -> None:
    path = tmp_path / "some.csv"
    path.write_text("input,output,label\nq,a,1\nq2,,0\nq3,a3,maybe\n", encoding="utf-8")
    choose(page, path)
    refused = page.get_by_role("region", name="Rows that cannot be used")
    expect(refused.get_by_role("row")).to_have_count(3)
    accessible(page)
    page.get_by_label("When should an output pass?").fill("It answers.")
    page.get_by_role("button", name="Store the 1 usable rows").click()
    expect(page.get_by_role("heading", name="some")).to_be_visible()


def test_nothing_is_stored_without_a_criterion(page: Page, rows_csv: Path) -> None:
    choose(page, rows_csv)
    page.get_by_role("button", name="Store the dataset").click()
    expect(page.get_by_role("alert").filter(has_text="Say what pass means")).to_be_visible()
    expect(page.get_by_label("When should an output pass?")).to_be_focused()


def test_a_file_of_another_kind_is_told_and_another_may_follow(
    page: Page, tmp_path: Path, rows_csv: Path, watch: Watch
) -> None:
    watch.expect("422|415")
    path = tmp_path / "picture.csv"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x00")
    page.goto("#/datasets/new")
    page.locator("main input[type=file]").set_input_files(path)
    expect(page.get_by_role("alert").first).to_be_visible()
    page.locator("main input[type=file]").last.set_input_files(rows_csv)
    expect(page.get_by_text("All 24 rows can be used")).to_be_visible()


def test_the_example_is_one_click_away(page: Page, accessible: Accessible) -> None:
    page.goto("#/datasets/new")
    accessible(page)
    page.get_by_role("button", name="Try our example").click()
    expect(page.get_by_role("heading", name="Support desk (example)")).to_be_visible()
    expect(page.get_by_role("heading", name="Search for a better judge")).to_be_visible()
    accessible(page)


def test_the_list_says_what_each_dataset_needs_next(page: Page, site: Site, accessible: Accessible) -> None:
    site.dataset(rows=30, labelled=False, name="fresh")
    page.goto("#/datasets")
    expect(page.get_by_role("link", name="Label: fresh")).to_be_visible()
    accessible(page)


def test_the_criterion_can_be_rewritten(page: Page, site: Site, accessible: Accessible) -> None:
    dataset = site.dataset(rows=20)
    page.goto(f"#/datasets/{dataset}")
    card = page.get_by_role("region", name="What pass means")
    card.get_by_role("button", name="Edit").click()
    accessible(page)
    card.get_by_role("textbox").fill("Something else.")
    card.get_by_role("button", name="Save").click()
    expect(card.get_by_text("Something else.")).to_be_visible()
    assert site.get(f"/datasets/{dataset}")["criterion"] == "Something else."


def test_a_dataset_is_deleted_only_when_that_is_confirmed(page: Page, site: Site) -> None:
    dataset = site.dataset(rows=20, name="to go")
    page.goto(f"#/datasets/{dataset}")
    page.get_by_role("button", name="Delete the dataset").click()
    page.get_by_role("button", name="Cancel").click()
    assert site.get(f"/datasets/{dataset}")["name"] == "to go"
    page.get_by_role("button", name="Delete the dataset").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Datasets", level=1)).to_be_visible()
    assert site.api.get(f"/api/datasets/{dataset}").status_code == 404


def test_rows_can_be_taken_away_and_more_can_be_added(page: Page, site: Site, rows_csv: Path) -> None:
    dataset = site.dataset(rows=20)
    page.goto(f"#/datasets/{dataset}")
    with page.expect_download() as download:
        page.get_by_role("link", name="Export CSV").click()
    assert len(Path(download.value.path()).read_text(encoding="utf-8").splitlines()) > 20
    page.get_by_label("Add rows from a file").set_input_files(rows_csv)
    expect(page.get_by_role("heading", name="44 rows")).to_be_visible()
