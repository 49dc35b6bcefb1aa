"""The contract with DBOS: what this service relies on, some of it not public."""

import base64
import logging
import pickle
import queue
import threading
from collections.abc import Iterator

import pytest
from dbos._serialization import DefaultSerializer
from sqlalchemy import text

from service.db import transaction
from service.jobs import engine as jobs
from service.jobs.engine import JOBS_VERSION, Receiver, Sending, take_over, workflow_id
from tests.service.jobs.conftest import Shop

KIND = "count"


@pytest.fixture
def receiver(shop: Shop) -> Iterator[Receiver]:
    receiver = Receiver(shop.url, "me", (KIND,), concurrency=1)
    yield receiver
    receiver.stop()


def test_a_job_is_sent_when_its_transaction_commits(shop: Shop, receiver: Receiver) -> None:
    with transaction(shop.engine) as session:
        shop.sender.send(session, kind=KIND, job_id="a", dispatch=1)
    assert receiver.states(["a.1"]) == {"a.1": Sending(status="ENQUEUED", version=JOBS_VERSION)}


def test_a_job_is_not_sent_when_its_transaction_fails(shop: Shop, receiver: Receiver) -> None:
    def fail() -> None:
        with transaction(shop.engine) as session:
            shop.sender.send(session, kind=KIND, job_id="a", dispatch=1)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert receiver.states(["a.1"]) == {}


def test_a_job_reaches_the_worker(shop: Shop, receiver: Receiver) -> None:
    arrived: queue.Queue[tuple[str, int]] = queue.Queue()
    receiver.start(lambda job_id, dispatch: arrived.put((job_id, dispatch)))
    with transaction(shop.engine) as session:
        shop.sender.send(session, kind=KIND, job_id="a", dispatch=7)
    assert arrived.get(timeout=30) == ("a", 7)


def test_its_own_words_go_the_way_of_all_logs(
    receiver: Receiver, shop: Shop, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.start(lambda *_: None)
    logger = logging.getLogger("dbos")
    logger.warning("a word")
    assert [record.message for record in caplog.records if record.name == "dbos"] == ["a word"]
    assert logger.handlers == []


def test_the_job_of_a_dead_worker_is_taken_over(shop: Shop, receiver: Receiver) -> None:
    with transaction(shop.engine) as session:
        shop.sender.send(session, kind=KIND, job_id="a", dispatch=1)
    schema = "dbos." if shop.url.startswith("postgresql") else ""
    with shop.engine.begin() as connection:  # as a worker leaves it that is killed
        connection.execute(
            text(f"UPDATE {schema}workflow_status SET status = 'PENDING', executor_id = 'dead'")
        )
    arrived = threading.Event()
    receiver.start(lambda *_: arrived.set())
    assert receiver.executors_at_work() == {"dead"}
    assert not arrived.wait(0.5)  # DBOS by itself does not
    take_over(["dead"])
    assert arrived.wait(30)


def test_migrating_twice_is_no_error(shop: Shop) -> None:
    jobs.migrate(shop.url)


def test_a_workflow_is_named_by_job_and_dispatch() -> None:
    assert workflow_id("run_1", 2) == "run_1.2"


def test_pickles_are_neither_written_nor_read(shop: Shop) -> None:
    serializer = DefaultSerializer()
    with pytest.raises(TypeError, match="JSON"):
        serializer.serialize([1])
    with pytest.raises(TypeError, match="JSON"):
        serializer.deserialize(base64.b64encode(pickle.dumps([1])).decode())
