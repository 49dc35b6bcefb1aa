"""What shows when rows are seen together, and what is listed."""

import io
import tracemalloc

import pytest

from optimizers.errors import DatasetRejected
from service.datasets.ingest import FileUpload, Limits, Reading, inspect, usable_rows
from service.errors import MediaUnsupported, TooLarge
from tests.service.datasets.conftest import Files


def test_an_id_that_comes_twice_names_its_first_line(files: Files) -> None:
    (problem,) = files.problems(b"id,input,output\nr1,a,b\nr2,c,d\nr1,e,f\n")
    assert (problem.line, problem.column, problem.value) == (4, "id", "r1")
    assert "line 2" in problem.message


def test_rows_without_ids_are_named_by_their_content(files: Files) -> None:
    one, two = files.rows(b"input,output\na,b\nc,d\n")
    two_again, one_again = files.rows(b"input,output\nc,d\na,b\n")
    assert (one.example.id, two.example.id) == (one_again.example.id, two_again.example.id)


def test_the_same_content_twice_without_ids_is_a_duplicate(files: Files) -> None:
    (problem,) = files.problems(b"input,output,label\na,b,1\na,b,1\n")
    assert (problem.line, problem.column) == (3, "id")


def test_an_empty_id_is_refused(files: Files) -> None:
    (problem,) = files.problems(b"id,input,output\n,a,b\n")
    assert problem.message == "the id is empty"


def test_contradicting_labels_of_one_pair_are_refused_on_every_line(files: Files) -> None:
    problems = files.problems(b"id,input,output,label\n1,a,b,1\n2,c,d,1\n3,a,b,0\n4,a,b,1\n")
    assert [(p.line, p.column, p.value) for p in problems] == [
        (2, "label", "pass"),
        (4, "label", "fail"),
        (5, "label", "pass"),
    ]


def test_the_same_pair_may_come_twice_with_one_label(files: Files) -> None:
    assert files.inspect(b"id,input,output,label\n1,a,b,1\n2,a,b,1\n3,a,b,\n").n_rows == 3


def test_people_may_differ_on_one_row(files: Files) -> None:
    assert files.inspect(b"input,output,annotator_1,annotator_2\na,b,1,0\n").n_rows == 1


def test_all_that_is_wrong_with_a_row_is_told(files: Files) -> None:
    problems = files.problems(b"input,output,label,annotator_1\na,,meh,perhaps\n")
    assert [p.column for p in problems] == ["output", "annotator_1", "label"]


def test_the_first_hundred_are_listed_and_all_are_counted() -> None:
    rows = b"".join(b"a%d,,1\n" % n for n in range(350))
    with pytest.raises(DatasetRejected) as caught:
        inspect(FileUpload(io.BytesIO(b"input,output,label\n" + rows), "r.csv"), Reading())
    assert caught.value.total == 350
    assert [p.line for p in caught.value.problems] == list(range(2, 102))


def test_skipping_keeps_the_rest(files: Files) -> None:
    content = b"id,input,output,label\n1,a,b,1\n2,c,,1\n3,e,f,meh\n4,a,b,0\n5,g,h,0\n"
    found = files.inspect(content, skip=True)
    assert (found.n_rows, sorted(found.refused.lines)) == (1, [2, 3, 4, 5])
    upload = FileUpload(io.BytesIO(content), "r.csv")
    assert [row.example.id for row in usable_rows(upload, Reading(), found.refused)] == ["5"]


def test_skipping_everything_is_a_refusal(files: Files) -> None:
    with pytest.raises(DatasetRejected):
        files.inspect(b"input,output\na,\nb,\n", skip=True)


def test_what_was_understood_is_told(files: Files) -> None:
    found = files.inspect(b"prompt;response;verdict;annotator_anna;source\na;b;1.0;0;x\nc;d;0;1;x\n")
    understood = found.understood
    assert (understood.format, understood.encoding, understood.delimiter) == ("csv", "utf-8", ";")
    assert understood.columns == {"input": "prompt", "output": "response", "label": "verdict"}
    assert (understood.annotators, understood.ignored) == ({"anna": "annotator_anna"}, ("source",))
    assert understood.labels == {"0": {"means": "fail", "rows": 1}, "1": {"means": "pass", "rows": 1}}


def test_a_criterion_column_counts_if_it_says_one_thing(files: Files) -> None:
    assert files.inspect(b"input,output,criterion\na,b,polite\nc,d,polite\n").criterion == "polite"
    assert files.inspect(b"input,output,criterion\na,b,polite\nc,d,short\n").criterion is None


def test_too_many_rows_are_refused(files: Files) -> None:
    with pytest.raises(TooLarge, match="more than 2 rows"):
        files.inspect(b"input,output\na,b\nc,d\ne,f\n", reading=Reading(limits=Limits(max_rows=2)))


def test_too_much_text_is_refused(files: Files) -> None:
    with pytest.raises(TooLarge, match="characters"):
        files.inspect(b"input,output\na,bbbb\nc,dddd\n", reading=Reading(limits=Limits(max_chars=8)))


@pytest.mark.parametrize(
    ("content", "name", "words"),
    [
        (b"PK\x03\x04", "rows.xlsx", "Excel"),
        (b"\x1f\x8b\x08", "rows.csv.gz", "gzip"),
        (b"%PDF-1.7", "rows.csv", "PDF"),
    ],
)
def test_other_kinds_of_files_are_refused_by_name(
    files: Files, content: bytes, name: str, words: str
) -> None:
    with pytest.raises(MediaUnsupported, match=words):
        files.inspect(content, name)


def test_memory_does_not_grow_with_the_length_of_texts() -> None:
    """20,000 rows of 2,000 characters are 40 MB; what is kept are hashes."""
    row = "question {n}," + "x" * 2000 + "{n},1\n"
    content = ("input,output,label\n" + "".join(row.format(n=n) for n in range(20_000))).encode()
    upload = FileUpload(io.BytesIO(content), "rows.csv")
    tracemalloc.start()
    found = inspect(upload, Reading())
    stored = sum(1 for _ in usable_rows(upload, Reading(), found.refused))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert stored == 20_000
    assert peak < 20 * 1024 * 1024
