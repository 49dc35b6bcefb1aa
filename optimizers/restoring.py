"""Values of the domain to plain JSON values, and back by their type hints.

For values that Concord itself wrote. What others write is read with `optimizers.plain`, which says by
path what is wrong with it.
"""

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import StrEnum
from typing import TypeVar, Union, cast, get_args, get_origin, get_type_hints

T = TypeVar("T")


def to_plain(value: object) -> object:
    """`value` as JSON has it: objects for dataclasses, lists for tuples, plain texts for enums."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {name: to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    return value.value if isinstance(value, StrEnum) else value


def restore(kind: type[T], value: object) -> T:
    """What `to_plain` made of a `kind`. Keys that `kind` does not have are ignored.

    Raises:
        TypeError, ValueError: a key is missing, or a value is of another kind.
    """
    return cast("T", _restore(kind, value))


def _restore(kind: object, value: object) -> object:
    origin = get_origin(kind)
    if origin in {Union, types.UnionType}:
        present = next(k for k in get_args(kind) if k is not type(None))
        return None if value is None else _restore(present, value)
    if origin is tuple:
        return _restore_tuple(get_args(kind), value)
    if not isinstance(kind, type):
        return value  # a mapping of plain values, or a literal
    if is_dataclass(kind):
        return _restore_fields(kind, value)
    return _restore_scalar(kind, value)


def _restore_scalar(kind: type, value: object) -> object:
    if issubclass(kind, StrEnum):
        return kind(str(value))
    if kind is float and isinstance(value, int):
        return float(value)
    if kind in {str, int, float, bool} and not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {value!r}")
    return value


def _restore_fields(kind: type, value: object) -> object:
    if not isinstance(value, Mapping):
        raise TypeError(f"{kind.__name__} must be an object, got {value!r}")
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.name in value]
    return kind(**{name: _restore(hints[name], value[name]) for name in names})


def _restore_tuple(items: tuple[object, ...], value: object) -> tuple[object, ...]:
    if not isinstance(value, list | tuple):
        raise TypeError(f"expected a list, got {value!r}")
    if len(items) == 2 and items[1] is Ellipsis:
        return tuple(_restore(items[0], item) for item in value)
    return tuple(_restore(kind, item) for kind, item in zip(items, value, strict=True))
