"""JSON in a text, and whether it fits a JSON Schema. Nothing is ever fetched, and no pattern runs away."""

import json
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator, ValidationError, validators
from jsonschema.exceptions import SchemaError
from referencing import Registry

from optimizers.errors import InvalidInput
from optimizers.patterns import guarded

# What JSON Schema calls a value is anything that JSON can say.
Json = Any


def fits_schema(text: str, schema: str) -> bool:
    """Whether `text` is JSON that fits `schema` (draft 2020-12, as JSON text).

    Raises:
        InvalidInput: the schema is not one.
    """
    validator = _validator(schema)
    try:
        value = json.loads(text)
    except ValueError:
        return False
    return bool(validator.is_valid(value))


@lru_cache(maxsize=32)
def _validator(schema: str) -> Draft202012Validator:
    try:
        plain = json.loads(schema)
        _Guarded.check_schema(plain)
    except ValueError as error:
        raise InvalidInput(f"the schema is not JSON: {error}") from None
    except SchemaError as error:
        raise InvalidInput(f"the schema is not a JSON Schema: {error.message}") from None
    # An empty registry: a reference to an address outside is an error, not a request.
    return _Guarded(plain, registry=Registry())


def _pattern(_: Json, pattern: str, value: Json, __: Json) -> Iterator[ValidationError]:
    if isinstance(value, str) and guarded(pattern).first(value) is None:
        yield ValidationError(f"{value[:80]!r} does not match {pattern!r}")


def _pattern_properties(
    validator: Json, patterns: Mapping[str, Json], value: Json, _: Json
) -> Iterator[ValidationError]:
    if not isinstance(value, dict):
        return
    for pattern, schema in patterns.items():
        own = guarded(pattern)
        for name, item in value.items():
            if own.first(name) is not None:
                yield from validator.descend(item, schema, path=name, schema_path=pattern)


_Guarded = validators.extend(
    Draft202012Validator, {"pattern": _pattern, "patternProperties": _pattern_properties}
)
