"""Keys, tokens and patience, without a server."""

from datetime import UTC, datetime, timedelta

import anyio
import anyio.lowlevel
import pytest
from pydantic import SecretStr
from starlette.datastructures import Headers

from service.errors import TooManyGuesses, Unauthenticated
from service.session.door import COOKIE, Door
from service.session.patience import Patience
from service.session.tokens import AGE_S, Keys

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


def _door(patience: Patience, clock: Clock | None = None) -> Door:
    return Door(Keys([SecretStr("one"), SecretStr("two")]), patience, clock or Clock())


def _cookie(token: str) -> Headers:
    return Headers({"cookie": f"theme=dark; {COOKIE}={token}"})


def test_a_session_ends_after_a_week() -> None:
    clock = Clock()
    door = _door(Patience(hold_s=0), clock)
    token = anyio.run(door.sign_in, "two")
    clock.at = START + timedelta(seconds=AGE_S - 1)
    assert door.is_signed_in(_cookie(token))
    clock.at = START + timedelta(seconds=AGE_S)
    assert not door.is_signed_in(_cookie(token))


def test_a_token_whose_end_was_put_off_is_not_taken() -> None:
    door = _door(Patience(hold_s=0))
    version, expires, nonce, signature = anyio.run(door.sign_in, "one").split(".")
    assert not door.is_signed_in(_cookie(f"{version}.{int(expires) + 1}.{nonce}.{signature}"))


def test_no_two_sessions_have_one_token() -> None:
    door = _door(Patience(hold_s=0))
    assert anyio.run(door.sign_in, "one") != anyio.run(door.sign_in, "one")


def test_keys_of_any_characters_work() -> None:
    keys = Keys([SecretStr("ключ\udcff")])
    assert keys.admits(keys.token("ключ\udcff", now_s=0), now_s=1)


def test_wrong_keys_wait_in_line_and_right_ones_pass() -> None:
    async def scene() -> list[str]:
        door, left = _door(Patience(hold_s=0.05, at_once=1)), []

        async def wrong(name: str) -> None:
            with pytest.raises(Unauthenticated):
                await door.require_key("wrong")
            left.append(name)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(wrong, "first")
            tasks.start_soon(wrong, "second")
            await anyio.lowlevel.checkpoint()
            await door.require_key("one")
            left.append("right")
        return left

    assert anyio.run(scene) == ["right", "first", "second"]


def test_no_key_is_looked_at_while_the_line_is_full() -> None:
    async def scene() -> None:
        door = _door(Patience(hold_s=60, at_once=1, most_waiting=2))
        token = await door.sign_in("one")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(door.require_key, "wrong")
            tasks.start_soon(door.require_key, "wrong")
            await anyio.lowlevel.checkpoint()
            for key in ("one", "wrong"):
                with pytest.raises(TooManyGuesses):
                    await door.require_key(key)
            assert door.is_signed_in(_cookie(token))
            tasks.cancel_scope.cancel()
        await door.require_key("one")

    anyio.run(scene)
