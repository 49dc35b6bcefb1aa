"""The stream of a job's events."""

import asyncio

from service.db import transaction
from service.jobs import store, streams
from tests.service.jobs.conftest import Shop


async def test_a_stream_ends_when_its_job_is_deleted(sqlite_shop: Shop) -> None:
    job_id = sqlite_shop.submit(5)
    stream = streams.events(sqlite_shop.engine, "count", job_id, 0)
    assert (await anext(stream)).event == "status"
    with transaction(sqlite_shop.engine) as session:
        session.delete(store.get(session, "count", job_id))
    async with asyncio.timeout(30):
        assert [event.event async for event in stream] == ["progress"]
