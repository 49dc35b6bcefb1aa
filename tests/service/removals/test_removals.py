"""Deleting a dataset reaches the ledger and MLflow, though one of them may be away for a while."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from sqlmodel import select

from experiments.tracking import TrackingUnavailable
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest
from service.composition import open_ledger
from service.datasets import removal
from service.datasets.tables import DatasetRow
from service.db import open_engine, transaction
from service.jobs.tables import JobRow
from service.removals.tables import RemovalRow
from service.removals.worker import Removals
from service.schema import migrate
from service.settings import Settings


@dataclass
class MlflowStub:
    """MLflow's side of a removal: it may be down, and notes what it was asked for."""

    is_down: bool = False
    removed: list[str] = field(default_factory=list)

    def __call__(self, dataset_id: str) -> int:
        if self.is_down:
            raise TrackingUnavailable("MLflow does not answer")
        self.removed.append(dataset_id)
        return 1


@dataclass
class Place:
    settings: Settings
    engine: Engine
    mlflow: MlflowStub
    removals: Removals

    def dataset(self, dataset_id: str, *job_ids: str, status: str = "succeeded") -> None:
        with transaction(self.engine) as session:
            session.add(
                DatasetRow(
                    id=dataset_id, name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3
                )
            )
            session.flush()
            for job_id in job_ids:
                session.add(JobRow(id=job_id, kind="run", dataset_id=dataset_id, status=status))

    def answer(self, question: str, *accounts: str) -> None:
        """A paid answer of long ago that these accounts used."""

        async def store() -> None:
            with closing(open_ledger(self.settings)) as ledger:
                asked = ModelRequest(
                    model=ModelRef(name="m"),
                    messages=(Message(role="user", content=question),),
                    decoding=Decoding(),
                )
                await ledger.commit(asked, ModelAnswer(text="pass", created_at=1.0))
                for account in accounts:
                    await ledger.uses.note(account, [asked.key])

        asyncio.run(store())

    def answers(self) -> int:
        async def count() -> int:
            with closing(open_ledger(self.settings)) as ledger:
                return await ledger.count()

        return asyncio.run(count())

    def delete(self, dataset_id: str) -> list[str]:
        with transaction(self.engine) as session:
            return removal.delete(session, dataset_id).to_follow

    def remove_all(self) -> None:
        with self.engine.begin() as connection:  # as if the wait were over
            connection.execute(text("UPDATE concord_removals SET held_until = 0"))
        while self.removals.remove_one():
            pass

    def pending(self) -> list[str]:
        with transaction(self.engine, read_only=True) as session:
            return [row.kind for row in session.exec(select(RemovalRow)).all()]


@pytest.fixture
def place(ready_database_url: str, tmp_path: Path) -> Iterator[Place]:
    settings = Settings(home=tmp_path, database_url=ready_database_url)
    engine = open_engine(settings.database)
    migrate(engine)
    mlflow = MlflowStub()
    yield Place(settings=settings, engine=engine, mlflow=mlflow, removals=Removals(engine, settings, mlflow))
    engine.dispose()


def test_what_only_the_deleted_dataset_used_goes(place: Place) -> None:
    place.dataset("gone", "run_1", "run_2")
    place.dataset("kept", "run_3")
    place.answer("own", "run_1")
    place.answer("shared among its own runs", "run_1", "run_2")
    place.answer("shared with another dataset", "run_2", "run_3")
    assert place.delete("gone") == ["ledger", "mlflow"]
    place.remove_all()
    assert place.answers() == 1
    assert place.mlflow.removed == ["gone"]
    assert place.pending() == []


def test_mlflow_is_told_when_it_is_back(place: Place) -> None:
    place.dataset("gone", "run_1")
    place.mlflow.is_down = True
    place.delete("gone")
    place.remove_all()
    assert place.pending() == ["mlflow"]
    place.mlflow.is_down = False
    place.remove_all()
    assert (place.mlflow.removed, place.pending()) == (["gone"], [])


def test_a_removal_waits_for_what_was_under_way(place: Place) -> None:
    place.dataset("gone", "run_1")
    place.delete("gone")
    assert place.removals.remove_one() is False
    assert place.pending() == ["ledger", "mlflow"]


def test_retention_spares_what_jobs_in_progress_used(place: Place) -> None:
    place.dataset("a", "run_ended")
    place.dataset("b", "run_paused", status="paused")
    place.answer("of an ended run", "run_ended")
    place.answer("of a paused run", "run_paused")
    place.answer("of both", "run_ended", "run_paused")
    assert place.removals.let_old_answers_go(-1.0) == 1
    assert place.answers() == 2
