"""DSPy's own native client (lm15) as a transport: OpenAI and compatible servers, Anthropic, Gemini, Groq,
OpenRouter, DeepSeek, xAI, Moonshot, Ollama, vLLM."""

import ipaddress
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

# DSPy's engines import from here too; it exports these nowhere else.
from dspy._vendor.lm15.registry import lookup
from dspy._vendor.lm15.router import LITELLM_PROVIDER_PREFIXES
from dspy._vendor.lm15.transports import TransportError as NetworkError
from dspy._vendor.lm15.transports import TransportRequest
from dspy.lm15 import (
    AsyncLMRouter,
    LM15Error,
    NotConfiguredError,
    RouterConfig,
    TransportError,
)

from optimizers.errors import AuthenticationFailed, ModelNotFound, ProviderUnavailable, RequestRejected
from optimizers.lm.transports.connections import Connections
from optimizers.lm.transports.conversation import answer, question
from optimizers.lm.transports.failures import Redacted, failure
from optimizers.lm.transports.forms import Form, Overheard, form_of, overhear, plain_answer, played
from optimizers.types import ModelAnswer, ModelRef, ModelRequest

PLACEHOLDER_KEY = "none"
"""Sent to an address of its own when no key is configured: local servers ask for none."""

_RECKONED = frozenset({"anthropic", "gemini", "vertex", "vertex-express", "xai"})
"""Providers whose counts of tokens leave out what DSPy adds to them."""

_MOST_FORMS = 256


def reaches(model: ModelRef) -> bool:
    """Whether the native client knows the model's provider."""
    try:
        _provider(model)
    except ModelNotFound:
        return False
    return True


class NativeTransport:
    """One provider at one address. `keys` finds a key by its variable's name.

    Raises:
        AuthenticationFailed: the provider's key is missing; the message names the variable.
        ModelNotFound: the client does not know the provider.
    """

    def __init__(
        self,
        model: ModelRef,
        keys: Callable[[str], str | None],
        *,
        timeout_s: float = 120.0,
        max_connections: int = 256,
    ) -> None:
        self._http = Connections(
            connect_timeout_s=min(10.0, timeout_s),
            timeout_s=timeout_s,
            max_connections=max_connections,
            trust_env=not _is_loopback(model.api_base),  # a proxy cannot reach this machine's own servers
        )
        self._provider = provider = _provider(model)
        key = _key(provider, model, keys)
        self._redacted = Redacted(key)
        self._router = AsyncLMRouter(
            RouterConfig(
                env=_Variables(keys),
                transport=Overheard(self._http),
                api_keys={provider: key} if key is not None else None,
                base_urls={provider: _address(provider, model.api_base)} if model.api_base else None,
            )
        )
        self._needs_client = _is_hosted(provider) or provider in _RECKONED
        self._forms: dict[object, Form] = {}
        self._clients: dict[str, tuple[Any, str]] = {}
        self._client(model)

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` with one call.

        Raises: AuthenticationFailed, ModelNotFound, RequestRejected, ProviderUnavailable.
        """
        client, wire_model = self._client(request.model)
        try:
            form = self._form(wire_model, request)
            if form is not None:
                return await self._by_form(form, client, wire_model, request)
            with overhear() as heard:
                found = await self._by_client(client, wire_model, request)
            self._keep_form(wire_model, request, heard.sent)
            return found
        except LM15Error as error:
            raise failure(error, request.model.name, self._redacted) from None
        except (TypeError, ValueError, KeyError, AttributeError, IndexError) as error:
            message = f"{request.model.name}: the reply has an unknown form: {error}"
            raise ProviderUnavailable(self._redacted(message)) from None

    async def _by_client(self, client: Any, wire_model: str, request: ModelRequest) -> ModelAnswer:
        try:
            asked = question(request, wire_model)
        except (LM15Error, TypeError, ValueError) as error:
            raise self._impossible(request, error) from None
        return answer(await client.complete(asked), self._provider)

    def _impossible(self, request: ModelRequest, error: Exception) -> RequestRejected:
        return RequestRejected(self._redacted(f"{request.model.name} cannot be asked this: {error}"))

    async def _by_form(self, form: Form, client: Any, wire_model: str, request: ModelRequest) -> ModelAnswer:
        try:
            filled = form.fill(request.messages)
        except TypeError as error:
            raise self._impossible(request, error) from None
        try:
            async with self._http.stream(filled) as response:
                body = await response.read()
        except NetworkError as error:
            raise TransportError(str(error)) from error
        found = plain_answer(body) if response.status == 200 and not _has_schema(request) else None
        if found is not None:
            return found
        with overhear(played(response, body)):
            return await self._by_client(client, wire_model, request)

    def _form(self, wire_model: str, request: ModelRequest) -> Form | None:
        if not all(message.content for message in request.messages):  # the client may leave them out
            return None
        return self._forms.get(_kind(wire_model, request))

    def _keep_form(self, wire_model: str, request: ModelRequest, sent: Sequence[TransportRequest]) -> None:
        """Requests of this kind need the client no more, unless it signs each or reckons their tokens."""
        if len(sent) != 1 or self._needs_client:
            return
        form = form_of(sent[0], request.messages)
        if form is not None:
            if len(self._forms) >= _MOST_FORMS:
                self._forms.clear()
            self._forms[_kind(wire_model, request)] = form

    async def aclose(self) -> None:
        """Close all connections."""
        await self._router.aclose()
        await self._http.aclose()

    def _client(self, model: ModelRef) -> tuple[Any, str]:  # lm15 has no public type for its clients
        if model.name not in self._clients:
            route = self._router.resolve_openai_chat(_routed(model))
            try:
                client = self._router.lm(f"{route.provider}:{route.model}")
            except NotConfiguredError as error:
                raise AuthenticationFailed(self._redacted(f"{model.name}: {error}")) from None
            self._clients[model.name] = client, route.model
        return self._clients[model.name]


def _kind(wire_model: str, request: ModelRequest) -> object:
    return wire_model, request.decoding, tuple(message.role for message in request.messages)


def _has_schema(request: ModelRequest) -> bool:
    """Whether the client may read the answer's JSON itself, and write it anew."""
    return "json_schema" in (request.decoding.response_format or "")


def _is_hosted(provider: str) -> bool:
    """Whether a cloud serves it, which wants each request signed."""
    definition = lookup(provider)
    return definition is not None and bool(definition.hosted)


def _routed(model: ModelRef) -> str:
    """The client's `provider:model` for a name that DSPy writes `provider/model`."""
    prefix, separator, rest = model.name.partition("/")
    if separator and rest and prefix in LITELLM_PROVIDER_PREFIXES:
        return f"{LITELLM_PROVIDER_PREFIXES[prefix]}:{rest}"
    return model.name


def _provider(model: ModelRef) -> str:
    try:
        return str(AsyncLMRouter(RouterConfig(env={})).resolve_openai_chat(_routed(model)).provider)
    except LM15Error as error:
        raise ModelNotFound(f"no transport reaches {model.name!r}: {error}") from None


class _Variables(Mapping[str, str]):
    """The keys as the client wants them: like an environment, but only what it asks for by name."""

    def __init__(self, keys: Callable[[str], str | None]) -> None:
        self._keys = keys

    def __getitem__(self, name: str) -> str:
        value = self._keys(name)
        if not value:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 0


def _key(provider: str, model: ModelRef, keys: Callable[[str], str | None]) -> str | None:
    """The provider's key; `None` where the client knows what to do without."""
    definition = lookup(provider)
    assert definition is not None
    found = next((key for name in definition.env_keys if (key := keys(name))), None)
    if found is not None or definition.placeholder_key is not None or definition.hosted:
        return found
    if model.api_base is not None:
        return PLACEHOLDER_KEY
    variables = " or ".join(definition.env_keys) or "its own sign-in"
    raise AuthenticationFailed(f"no key is configured for {model.name!r}: set {variables}")


def _address(provider: str, api_base: str) -> str:
    """The address as the client wants it; Ollama's is usually written without its `/v1`."""
    address = api_base.rstrip("/")
    return f"{address}/v1" if provider == "ollama" and not urlsplit(address).path else address


def _is_loopback(api_base: str | None) -> bool:
    host = urlsplit(api_base).hostname if api_base is not None else None
    if host is None or host == "localhost":
        return host is not None
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
