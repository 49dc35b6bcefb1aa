"""How OpenAPI is told of a body that is JSON, or a file with fields beside it."""

from typing import Any

from pydantic import BaseModel


def two_bodies(body: type[BaseModel], form: type[BaseModel]) -> dict[str, Any]:
    """The `openapi_extra` of an endpoint that takes `body` as JSON, or `form` with a part `file`."""
    fields = inlined(form)
    fields["properties"] |= {"file": {"type": "string", "format": "binary", "title": "CSV, JSONL or Parquet"}}
    fields["required"] = ["file"]
    content = {"multipart/form-data": {"schema": fields}, "application/json": {"schema": inlined(body)}}
    return {"requestBody": {"required": True, "content": content}}


def inlined(model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema without references: outside its own document they would lead nowhere."""
    schema = model.model_json_schema()
    definitions = schema.pop("$defs", {})

    def resolve(value: Any) -> Any:  # JSON of any shape
        if isinstance(value, dict):
            if "$ref" in value:
                return resolve(definitions[value["$ref"].rpartition("/")[2]])
            return {key: resolve(part) for key, part in value.items()}
        return [resolve(part) for part in value] if isinstance(value, list) else value

    resolved: dict[str, Any] = resolve(schema)
    return resolved
