"""What all screens share, by itself: differences, numbers, addresses."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

LOAD = """
async (name) => {
  const main = document.querySelector("script[type=module]").src;
  window.kit = await import(new URL(`kit/${name}.js`, main));
}
"""
Parts = list[dict[str, str]]


def kit(page: Page, name: str) -> None:
    page.goto("")
    page.evaluate(LOAD, name)


def diff(page: Page, before: str, after: str) -> Parts:
    parts: Parts = page.evaluate("([a, b]) => kit.diffWords(a, b)", [before, after])
    return parts


@pytest.fixture
def diff_page(page: Page) -> Page:
    kit(page, "diff")
    return page


WORDS = st.lists(st.sampled_from(["a", "b", "red", " ", "  ", "\n", ".", "é"]), max_size=14).map("".join)


@given(before=WORDS, after=WORDS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
def test_a_difference_holds_both_texts(diff_page: Page, before: str, after: str) -> None:
    parts = diff(diff_page, before, after)
    assert "".join(p["text"] for p in parts if p["kind"] != "new") == before
    assert "".join(p["text"] for p in parts if p["kind"] != "gone") == after


def test_words_that_change_side_by_side_are_one_change(diff_page: Page) -> None:
    assert diff(diff_page, "the red house", "the very blue house") == [
        {"kind": "same", "text": "the "},
        {"kind": "gone", "text": "red"},
        {"kind": "new", "text": "very blue"},
        {"kind": "same", "text": " house"},
    ]


def test_long_texts_keep_the_lines_that_they_share(diff_page: Page) -> None:
    shared = [f"line {i} stays as it is" for i in range(40)]
    before = "\n".join(f"{line}\n" + " ".join(f"a{i}{j}" for j in range(60)) for i, line in enumerate(shared))
    after = "\n".join(f"{line}\n" + " ".join(f"b{i}{j}" for j in range(60)) for i, line in enumerate(shared))
    parts = diff(diff_page, before, after)
    kept = "".join(part["text"] for part in parts if part["kind"] == "same")
    assert all(line in kept for line in shared)


def test_long_texts_without_anything_in_common_are_replaced_as_a_whole(diff_page: Page) -> None:
    before = " ".join(f"a{i}" for i in range(3000))
    after = "\n".join(f"b{i}" for i in range(3000))
    assert [part["kind"] for part in diff(diff_page, before, after)] == ["gone", "new"]


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        ("kit.number(1234.5678, 2)", "1,234.57"),
        ("kit.number(-0.001, 2)", "0.00"),
        ("kit.number(null)", "\N{EN DASH}"),
        ("kit.signed(0.18)", "+0.18"),
        ("kit.signed(-0.18)", "\N{MINUS SIGN}0.18"),
        ("kit.count(1, 'row')", "1 row"),
        ("kit.count(5000, 'row')", "5,000 rows"),
        ("kit.percent(0.123)", "12 %"),
        ("kit.estimate({value: 0.4512, low: 0.271, high: 0.62})", "0.45 (0.27 to 0.62)"),
        ("kit.estimate({value: null})", "\N{EN DASH}"),
        ("kit.money(0.00123)", "$0.0012"),
        ("kit.money(12.3)", "$12.30"),
        ("kit.duration(0.25)", "250 ms"),
        ("kit.duration(75)", "1 min 15 s"),
        ("kit.duration(3700)", "1 h 1 min"),
        ("kit.tokens(12345)", "12.3 k tokens"),
        ("kit.bytes(2048)", "2 KB"),
        ("kit.ago('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:05:00Z'))", "5 minutes ago"),
    ],
)
def test_numbers_read_as_people_write_them(page: Page, call: str, shown: str) -> None:
    kit(page, "format")
    assert page.evaluate(call) == shown


@pytest.mark.parametrize(
    ("call", "found"),
    [
        ("kit.at`/datasets/${'a/b c'}/label`", "/datasets/a%2Fb%20c/label"),
        ("kit.href('/runs', {dataset: 'd', none: null, empty: ''})", "#/runs?dataset=d"),
        ("kit.search({id: ['a', 'b']})", "?id=a&id=b"),
        ("kit.match('/datasets/{id}/label', '/datasets/a%2Fb/label')", {"id": "a/b"}),
        ("kit.match('/datasets/{id}', '/datasets/a/label')", None),
    ],
)
def test_addresses_escape_what_they_hold(page: Page, call: str, found: Any) -> None:
    kit(page, "paths")
    assert page.evaluate(call) == found
