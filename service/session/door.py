"""Who is let in: by a key, or by what signing in with one gave."""

from collections.abc import Callable
from datetime import datetime

from starlette.datastructures import Headers
from starlette.requests import cookie_parser

from service.clock import now
from service.errors import Unauthenticated
from service.session.patience import Patience
from service.session.tokens import Keys

COOKIE = "concord_session"


class Door:
    """Checks keys and cookies. One stands before the whole API of a process."""

    def __init__(
        self, keys: Keys, patience: Patience | None = None, clock: Callable[[], datetime] = now
    ) -> None:
        self._keys = keys
        self._patience = patience or Patience()
        self._clock = clock

    @property
    def is_locked(self) -> bool:
        """Whether a key is needed at all."""
        return self._keys.required

    async def require_key(self, key: str) -> None:
        """Return for a right key, at once.

        Raises:
            Unauthenticated: it is wrong; that takes a while.
            TooManyGuesses: too many wrong ones wait to be told so.
        """
        self._patience.require_room()
        if not self._keys.opens(key):
            await self._patience.hold()
            raise Unauthenticated("the API key is not one of this service's")

    async def sign_in(self, key: str) -> str:
        """A cookie's value for who shows a right key. Raises as `require_key`."""
        await self.require_key(key)
        return self._keys.token(key, now_s=self._clock().timestamp())

    def is_signed_in(self, headers: Headers) -> bool:
        """Whether the request carries the cookie of somebody who is signed in."""
        token = cookie_parser(headers.get("cookie", "")).get(COOKIE)
        return token is not None and self._keys.admits(token, now_s=self._clock().timestamp())
