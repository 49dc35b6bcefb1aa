"""Plain JSON values, read with care: what is missing or of another kind is named by its path."""

import json
from collections.abc import Mapping
from typing import NoReturn, TypeVar, overload

from optimizers.errors import ArtifactInvalid

T = TypeVar("T")
_MISSING = object()


class PlainObject:
    """A JSON object at `path`. `take` reads a field and its kind, or says what is wrong."""

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, Mapping):
            raise ArtifactInvalid(f"{path} must be an object, got {_short(value)}")
        self._value = value
        self._path = path

    @overload
    def take(self, name: str, kind: type[T]) -> T: ...

    @overload
    def take(self, name: str, kind: type[T], default: T | None) -> T | None: ...

    def take(self, name: str, kind: type[T], default: object = _MISSING) -> object:
        """The field `name` of type `kind`; `default` where it is absent or null.

        Raises:
            ArtifactInvalid: it is missing without a default, or of another kind.
        """
        value = self._value.get(name)
        if value is None and default is not _MISSING:
            return default
        if kind is float and isinstance(value, int) and not isinstance(value, bool):
            return float(value)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            found = _short(value) if name in self._value else "nothing"
            raise ArtifactInvalid(
                f"{self._path}.{name} must be {_NAMES.get(kind, kind.__name__)}, got {found}"
            )
        return value

    def object(self, name: str) -> "PlainObject":
        """The object in the field `name`."""
        return PlainObject(self._value.get(name), f"{self._path}.{name}")

    def objects(self, name: str) -> list["PlainObject"]:
        """The objects in the list in the field `name`."""
        items = self.take(name, list)
        return [PlainObject(item, f"{self._path}.{name}[{i}]") for i, item in enumerate(items)]

    def has(self, name: str) -> bool:
        """Whether the field is there and not null."""
        return self._value.get(name) is not None

    def refuse(self, name: str, allowed: str) -> NoReturn:
        """Say that the field's value is not `allowed`.

        Raises:
            ArtifactInvalid: always.
        """
        raise ArtifactInvalid(f"{self._path}.{name} must be {allowed}, got {_short(self._value.get(name))}")


_NAMES: Mapping[type, str] = {
    str: "a text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    dict: "an object",
    bool: "true or false",
}


def parse(text: str | bytes) -> object:
    """JSON text as plain values.

    Raises:
        ArtifactInvalid: it is not JSON, or holds NaN or an infinite number, or is nested too deeply.
    """
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ArtifactInvalid("the file is nested too deeply") from None
    except ValueError as error:
        raise ArtifactInvalid(f"the file is not JSON: {error}") from None


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
