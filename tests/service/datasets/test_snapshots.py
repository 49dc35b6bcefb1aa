"""Snapshots: immutable, named by their content, with parts that never move."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlmodel import Session

from optimizers.splits import Fractions
from optimizers.types import Annotation, Label, Part, Snapshot
from service.datasets import actions
from service.datasets.ingest import BodyUpload, Limits
from service.datasets.labelling import put_label
from service.datasets.schemas import NewLabel
from service.datasets.snapshots import load_snapshot, snapshot
from service.db import transaction
from service.errors import NotFound

Rows = list[dict[str, object]]


def _rows(start: int, stop: int) -> Rows:
    return [{"id": f"r{k}", "input": f"q{k}", "output": f"a{k}", "label": k % 2} for k in range(start, stop)]


def _inspected(rows: Rows) -> actions.Inspected:
    upload = BodyUpload(rows)
    return actions.look_at(upload, label_mapping=None, columns=None, on_error="refuse", limits=Limits())


def _create(session: Session, rows: Rows) -> str:
    stored = actions.create(
        session, _inspected(rows), name="n", criterion="c", label_mapping=None, fractions=Fractions()
    )
    return stored.dataset.id


def _append(session: Session, dataset_id: str, rows: Rows) -> None:
    actions.append(session, dataset_id, _inspected(rows))


def test_a_snapshot_holds_the_labelled_rows_with_their_parts(engine: Engine) -> None:
    with transaction(engine) as session:
        bare: Rows = [{"id": "u", "input": "x", "output": "y"}]
        taken = snapshot(session, _create(session, _rows(0, 100) + bare))
    assert [len(taken.part(part)) for part in Part] == [40, 30, 30]
    assert [row.id for row in taken.rows] == sorted(f"r{k}" for k in range(100))


def test_it_comes_back_as_it_was_taken(engine: Engine) -> None:
    row: dict[str, object] = {"id": "x", "input": "é", "output": "👋", "label": 0, "critique": "no"}
    row |= {"group": "g", "labels": {"anna": 1}}
    with transaction(engine) as session:
        taken = snapshot(session, _create(session, [*_rows(0, 10), row]))
    with transaction(engine, read_only=True) as session:
        loaded = load_snapshot(session, taken.digest)
    assert (loaded, loaded.digest) == (taken, taken.digest)
    (x,) = [row for row in loaded.rows if row.id == "x"]
    assert x.annotations == (Annotation(annotator="anna", label=Label.PASS),)


def test_it_does_not_change_with_its_dataset(engine: Engine) -> None:
    with transaction(engine) as session:
        dataset = _create(session, _rows(0, 30))
        before = snapshot(session, dataset)
        put_label(session, dataset, "r0", "anna", NewLabel(label=Label.PASS))
        after = snapshot(session, dataset)
        assert before.digest != after.digest
        assert load_snapshot(session, before.digest) == before


def test_the_same_state_is_the_same_snapshot(engine: Engine) -> None:
    with transaction(engine) as session:
        dataset = _create(session, _rows(0, 30))
        digests = {snapshot(session, dataset).digest for _ in range(3)}
        assert len(digests) == 1
        assert session.connection().execute(text("SELECT count(*) FROM concord_snapshots")).scalar() == 1


def test_appended_rows_move_none_that_are_there(engine: Engine) -> None:
    with transaction(engine) as session:
        dataset = _create(session, _rows(0, 60))
        before = snapshot(session, dataset)
        _append(session, dataset, _rows(60, 100))
        after = snapshot(session, dataset)
    assert {id_: after.split.parts[id_] for id_ in before.split.parts} == before.split.parts
    assert len(after.rows) == 100


def test_parts_depend_neither_on_order_nor_on_how_rows_were_sent(engine: Engine) -> None:
    rows = _rows(0, 80)
    shuffled = random.Random(1).sample(rows, len(rows))
    with transaction(engine) as session:
        at_once = snapshot(session, _create(session, rows))
        dataset = _create(session, shuffled[:30])
        _append(session, dataset, shuffled[30:])
        in_pieces = snapshot(session, dataset)
    assert at_once.split == in_pieces.split
    assert at_once.digest == in_pieces.digest


def test_datasets_of_one_content_share_a_digest_and_keep_their_names(engine: Engine) -> None:
    with transaction(engine) as session:
        one, two = (snapshot(session, _create(session, _rows(0, 30))) for _ in range(2))
        assert one.digest == two.digest
        assert load_snapshot(session, two.digest, dataset_id=two.dataset_id).dataset_id == two.dataset_id


def test_a_row_picked_for_disagreement_never_tests(engine: Engine) -> None:
    with transaction(engine) as session:
        bare: Rows = [{"id": f"u{k}", "input": f"x{k}", "output": "y"} for k in range(40)]
        dataset = _create(session, _rows(0, 40) + bare)
        for k in range(40):
            said = NewLabel(label=list(Label)[k % 2], picked_by="disagreement")
            put_label(session, dataset, f"u{k}", "anna", said)
        taken = snapshot(session, dataset)
    assert not any(row.id.startswith("u") for row in taken.part(Part.TEST))


def test_snapshots_taken_at_the_same_moment_agree(engine: Engine) -> None:
    with transaction(engine) as session:
        dataset = _create(session, _rows(0, 60))

    def take(_: int) -> Snapshot:
        with transaction(engine) as session:
            return snapshot(session, dataset)

    with ThreadPoolExecutor(5) as pool:
        assert len({taken.digest for taken in pool.map(take, range(5))}) == 1


def test_what_is_not_there_is_not_found(engine: Engine) -> None:
    with transaction(engine) as session:
        with pytest.raises(NotFound, match="snapshot"):
            load_snapshot(session, "0" * 64)
        with pytest.raises(NotFound, match="dataset"):
            snapshot(session, "ds_no")
