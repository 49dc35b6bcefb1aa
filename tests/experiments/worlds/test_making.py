from collections import Counter
from pathlib import Path

import pytest

from experiments.worlds import LabelledFile, Making, make_world_file, read_labelled
from experiments.worlds.files import snapshot
from optimizers.types import Label, Part


def test_the_same_seed_makes_the_same_world(invented: LabelledFile) -> None:
    one, two = make_world_file(invented, 3), make_world_file(invented, 3)
    assert one.rows == two.rows
    assert one.split == two.split
    assert make_world_file(invented, 4).terms != one.terms


def test_a_row_has_a_kind_exactly_where_the_file_fails_it(invented: LabelledFile) -> None:
    labels = {row.id: row.label for row in invented.rows}
    world = make_world_file(invented, 1)
    assert all((row.kind is not None) == (labels[row.id] is Label.FAIL) for row in world.rows)


def test_a_few_labels_are_flipped(invented: LabelledFile) -> None:
    world = make_world_file(invented, 1, Making(label_noise=0.1))
    flipped = [row for row in world.rows if (row.kind is not None) != (row.label is Label.FAIL)]
    assert 0.05 * 400 < len(flipped) < 0.16 * 400


def test_kinds_are_uneven_and_follow_the_content_in_part(invented: LabelledFile) -> None:
    world = make_world_file(invented, 1)
    counts = Counter(row.kind for row in world.rows if row.kind).most_common()
    assert counts[0][1] > 2 * counts[-1][1]
    alike = [world.nature[row.id] == row.kind for row in world.rows if row.kind]
    assert 0.55 < sum(alike) / len(alike) < 0.9


def test_critiques_hint_at_the_kind_without_naming_it(invented: LabelledFile) -> None:
    world = make_world_file(invented, 1)
    hints = {term.id: term.hints for term in world.terms.kinds}
    fails = [row for row in world.rows if row.kind and row.label is Label.FAIL]
    told = [row for row in fails if row.critique]
    assert 0.45 < len(told) / len(fails) < 0.75
    right = [row for row in told if row.critique in hints[str(row.kind)]]
    assert 0.6 < len(right) / len(told) < 0.9
    phrases = [phrase for term in world.terms.kinds for phrase in term.phrases]
    assert not [row for row in told for phrase in phrases if phrase in str(row.critique).lower()]


def test_a_files_own_critique_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    lines = [f"q{n},a{n} text number {n},{n % 2},{'' if n % 2 else 'Own words.'}" for n in range(120)]
    path.write_text("\n".join(["input,output,label,feedback", *lines]))
    world = make_world_file(read_labelled(path), 0, Making(label_noise=0.0))
    assert all(str(row.critique).startswith("Own words.") for row in world.rows if row.kind)


def test_groups_stay_whole_and_classes_in_proportion(invented: LabelledFile) -> None:
    world = make_world_file(invented, 2)
    parts: dict[str, set[Part]] = {}
    for row in world.snapshot.rows:
        parts.setdefault(row.example.group_key, set()).add(world.split.parts[row.id])
    assert all(len(found) == 1 for found in parts.values())
    sizes = {part: len(world.snapshot.part(part)) for part in Part}
    assert abs(sizes[Part.TRAIN] - 80) <= 4
    assert abs(sizes[Part.TEST] - 240) <= 6
    for part in Part:
        fails = sum(row.label is Label.FAIL for row in world.snapshot.part(part))
        assert 0.36 < fails / sizes[part] < 0.48


def test_other_seeds_give_other_parts(invented: LabelledFile) -> None:
    assert snapshot(invented, rows=400, seed=0).split != snapshot(invented, rows=400, seed=1).split


@pytest.mark.parametrize(
    ("text", "said"),
    [("input,output\na,b\n", "no column label"), ("input,output,label\na,b,yes\n", "0 or 1, got 'yes'")],
)
def test_a_file_that_is_not_labelled_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=said):
        read_labelled(path)
