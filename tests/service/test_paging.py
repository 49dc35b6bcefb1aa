"""Pages: one envelope, one opaque cursor."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.errors import CursorInvalid
from service.paging import Cursor, PageRequest, decode_cursor, encode_cursor, page_of


@given(st.lists(st.one_of(st.text(), st.integers(-(10**15), 10**15)), min_size=1, max_size=3).map(tuple))
def test_a_cursor_comes_back_as_it_went(key: Cursor) -> None:
    assert decode_cursor(encode_cursor(key)) == key


@pytest.mark.parametrize("text", ["", "x", "%%%", "bnVsbA", "W251bGxd", "W1tdXQ", "W3RydWVd", "é"])
def test_what_we_did_not_issue_is_refused(text: str) -> None:
    with pytest.raises(CursorInvalid):
        decode_cursor(text)


def test_a_cursor_of_another_list_is_refused() -> None:
    request = PageRequest(after=("2026", "ds_1"))
    assert request.after_like(str, str) == ("2026", "ds_1")
    with pytest.raises(CursorInvalid):
        request.after_like(int)


def test_the_last_page_has_no_next() -> None:
    page = page_of([1, 2], PageRequest(limit=2), key=lambda n: (n,), show=str)
    assert (page.items, page.next) == (["1", "2"], None)


def test_the_row_too_many_only_tells_that_there_is_more() -> None:
    page = page_of([1, 2, 3], PageRequest(limit=2), key=lambda n: (n,), show=str)
    assert page.items == ["1", "2"]
    assert page.next is not None
    assert decode_cursor(page.next) == (2,)
