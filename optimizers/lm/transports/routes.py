"""Which transport reaches a model: the offline model, DSPy's native client, or LiteLLM where it must.

The clients take seconds to import, so each is imported when a model first needs it.
"""

# ruff: noqa: PLC0415  # see above

import threading
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from urllib.parse import urlsplit

from optimizers.errors import InvalidInput, ModelNotFound
from optimizers.lm.pricing import OFFLINE
from optimizers.protocols import Transport
from optimizers.types import ModelRef

Keys = Mapping[str, str] | Callable[[str], str | None]
"""Providers' keys by the usual name of their variable (`OPENAI_API_KEY`), or what finds one by it."""


class Routes:
    """Finds a model's transport; one for each provider and address. Holds the keys and shows none.

    `timeout_s` bounds each wait for the network, `max_connections` the connections of one transport.
    """

    def __init__(self, keys: Keys, *, timeout_s: float = 120.0, max_connections: int = 256) -> None:
        self._keys: Callable[[str], str | None] = keys if callable(keys) else keys.get
        self._timeout_s = timeout_s
        self._max_connections = max_connections
        self._lock = threading.Lock()
        self._known: dict[tuple[str, str | None], Transport] = {}

    def __call__(self, model: ModelRef) -> Transport:
        """The transport of `model`, without a call.

        Raises:
            AuthenticationFailed: its provider's key is missing; the message names the variable.
            ModelNotFound: nothing reaches it.
            InvalidInput: its address is none, or holds a password.
        """
        lane = model.name.partition("/")[0], model.api_base
        with self._lock:
            if lane not in self._known:
                _check_address(model.api_base)
                self._known[lane] = self._made(model)
            return self._known[lane]

    def _made(self, model: ModelRef) -> Transport:
        if model.name == OFFLINE:
            from optimizers.offline import OfflineModel

            return OfflineModel()
        from optimizers.lm.transports.native import NativeTransport, reaches

        if reaches(model):
            return NativeTransport(
                model, self._keys, timeout_s=self._timeout_s, max_connections=self._max_connections
            )
        if "/" not in model.name or model.api_base is not None or find_spec("litellm") is None:
            raise ModelNotFound(_unreachable(model))
        from optimizers.lm.transports.litellm import LitellmTransport

        return LitellmTransport(model, self._keys, timeout_s=self._timeout_s)


def _check_address(api_base: str | None) -> None:
    """Addresses are stored with answers and shown, so no credential may hide in one."""
    if api_base is None:
        return
    parts = urlsplit(api_base)
    if parts.username is not None or parts.password is not None:
        raise InvalidInput("api_base must hold no user or password; keys have variables of their own")
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInput(f"api_base must be like 'http://host:port/v1', got {api_base!r}")


def _unreachable(model: ModelRef) -> str:
    if model.api_base is not None:
        name = model.name.rpartition("/")[2]
        return (
            f"no transport reaches {model.name!r} at {model.api_base}; write 'openai/{name}' for an "
            "OpenAI-compatible address"
        )
    return (
        f"no transport reaches {model.name!r}; write provider/model as in 'openai/gpt-4o-mini', 'offline', "
        "or install concord-judge[litellm] for further providers"
    )
