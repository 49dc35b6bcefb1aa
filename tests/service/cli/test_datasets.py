"""`concord datasets` against an API process."""

from pathlib import Path

from tests.service.cli.conftest import Concord


def test_a_file_is_looked_at_before_it_is_uploaded(concord: Concord, base_url: str, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("question,reply,annotator_mira\na,b,1\nc,d,0\n", encoding="utf-8")
    found = concord("datasets", "inspect", "rows.csv", CONCORD_URL=base_url)
    assert found.returncode == 0, found.stderr
    assert {"question\tinput", "reply\toutput", "annotator_mira\tlabels of mira"} <= set(
        found.stdout.splitlines()
    )
    turned = concord(
        "datasets", "inspect", "rows.csv", "--label", "1=fail", "--label", "0=pass", CONCORD_URL=base_url
    )
    assert "1\tfail\t1" in turned.stdout.splitlines()
    assert concord("datasets", "list", CONCORD_URL=base_url).stdout.splitlines() == ["id\tname\tcriterion"]


def test_a_file_that_would_be_refused_is_told_line_by_line(
    concord: Concord, base_url: str, tmp_path: Path
) -> None:
    (tmp_path / "rows.csv").write_text("question,reply,label\na,b,1\nc,,0\n", encoding="utf-8")
    found = concord("datasets", "inspect", "rows.csv", CONCORD_URL=base_url)
    assert found.returncode == 1
    assert "line 3, column 'reply', value '': the output is empty" in found.stderr
    assert "1 problem; the file would be refused" in found.stderr


def test_the_example_is_one_command_away(concord: Concord, base_url: str) -> None:
    made = concord("datasets", "example", CONCORD_URL=base_url)
    assert made.returncode == 0, made.stderr
    assert "examples: 261" in made.stdout.splitlines()
