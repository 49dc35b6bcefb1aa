"""What a browser keeps in the place of a key: a signed token that expires, and dies with its key.

Nothing is stored here: whoever verifies a token tries the keys of now.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence

from pydantic import SecretStr

AGE_S = 7 * 24 * 3600
"""How long a sign-in lasts: a week of labelling."""

_VERSION = "1"
_NONCE_BYTES = 12


class Keys:
    """The API keys of a service; without any, everybody is let in."""

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        texts = [key.get_secret_value() for key in keys]
        self._hashes = [_hash(text) for text in texts]
        self._signing = [_stretched(text) for text in texts]

    @property
    def required(self) -> bool:
        """Whether there are any."""
        return bool(self._hashes)

    def opens(self, key: str) -> bool:
        """Whether `key` is one of them."""
        shown = _hash(key)
        # Every key is compared, each in constant time: how long it takes tells nothing.
        return sum([hmac.compare_digest(shown, known) for known in self._hashes]) > 0

    def token(self, key: str, *, now_s: float) -> str:
        """A token for who has shown `key`, one of them, at this POSIX time."""
        claim = f"{_VERSION}.{int(now_s) + AGE_S}.{secrets.token_urlsafe(_NONCE_BYTES)}"
        return f"{claim}.{_signature(self._signing[self._hashes.index(_hash(key))], claim)}"

    def admits(self, token: str, *, now_s: float) -> bool:
        """Whether `token` was made with one of the keys, and has not expired."""
        claim, _, shown = token.rpartition(".")
        known = [_signature(key, claim) for key in self._signing]
        if not sum([hmac.compare_digest(_bytes(shown), _bytes(one)) for one in known]):
            return False
        version, expires, _ = claim.split(".")  # it was signed here, so it has this form
        return version == _VERSION and now_s < int(expires)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _hash(key: str) -> bytes:
    return hashlib.sha256(_bytes(key)).digest()


def _stretched(key: str) -> bytes:
    """What signs tokens. A token that leaks must not make guessing a short key cheap: 16 MiB and some
    30 ms each."""
    return hashlib.scrypt(_bytes(key), salt=b"concord session", n=2**14, r=8, p=1, dklen=32)


def _signature(key: bytes, claim: str) -> str:
    return base64.urlsafe_b64encode(hmac.digest(key, _bytes(claim), "sha256")).decode().rstrip("=")
