"""From the native client's errors to ours, without anybody's key."""

# DSPy exports this one nowhere else; it tells a connection that never opened.
from dspy._vendor.lm15.transports import ConnectError
from dspy.lm15 import (
    AuthError,
    BillingError,
    CapabilityError,
    ConfigurationError,
    InvalidRequestError,
    LM15Error,
    RateLimitError,
    TransportError,
    UnsupportedModelError,
)

from optimizers.errors import (
    AuthenticationFailed,
    ModelNotFound,
    ProviderError,
    ProviderUnavailable,
    RequestRejected,
)

_LONGEST_MESSAGE = 1_000
_ADVICE = "\n\n  "  # what the client adds for its own users stands behind this
_ABSENT = frozenset({404, 405, 410})  # nothing answers at this address, or under this model's name
_TRANSIENT = frozenset({408, 409, 425, 429})


class Redacted:
    """Takes a key out of a text, where a provider has echoed it."""

    def __init__(self, key: str | None) -> None:
        self._key = key

    def __call__(self, text: str) -> str:
        """The text without the key, and of a bearable length."""
        if self._key and len(self._key) >= 8:
            text = text.replace(self._key, "[key]")
        return text[:_LONGEST_MESSAGE]


def failure(error: LM15Error, model: str, redacted: Redacted) -> ProviderError:
    """Our error for one of the native client's."""
    status = f" (HTTP {error.status})" if error.status is not None else ""
    message = redacted(f"{model}: {error.message.partition(_ADVICE)[0].strip() or error.code}{status}")
    if isinstance(error, AuthError | BillingError | ConfigurationError):
        return AuthenticationFailed(message)
    if isinstance(error, UnsupportedModelError) or error.status in _ABSENT:
        return ModelNotFound(message)
    if isinstance(error, RateLimitError) or error.status == 429:
        return ProviderUnavailable(message, retry_after_s=error.retry_after, rate_limited=True, charged=False)
    if isinstance(error, TransportError):
        return ProviderUnavailable(message, charged=not isinstance(error.__cause__, ConnectError))
    if _never_answered(error):
        return RequestRejected(message)
    return ProviderUnavailable(message, retry_after_s=error.retry_after)


def _never_answered(error: LM15Error) -> bool:
    if error.status in _TRANSIENT:
        return False
    if isinstance(error, InvalidRequestError | CapabilityError):
        return True
    return error.status is not None and 400 <= error.status < 500
