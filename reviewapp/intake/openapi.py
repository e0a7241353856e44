"""What the API description says of `POST /items`, made from the same types that read the request."""

from typing import Any, Final

import msgspec

from reviewapp.intake.incoming import MOST_ITEMS, IncomingItem
from reviewapp.intake.rules import ItemState


def inlined(schema: Any, parts: dict[str, Any]) -> Any:
    """`schema` with every `$ref` replaced by the part it names, and without the titles of Python classes."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            return inlined(parts[schema["$ref"].rpartition("/")[2]], parts)
        return {key: inlined(value, parts) for key, value in schema.items() if key != "title"}
    if isinstance(schema, list):
        return [inlined(each, parts) for each in schema]
    return schema


def _item_schema() -> dict[str, Any]:
    (schema,), parts = msgspec.json.schema_components((IncomingItem,), ref_template="#/{name}")
    found: dict[str, Any] = inlined(schema, parts)
    return found


def _object(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_ITEM: Final = _item_schema()
_RECEIVED: Final = _object(
    id={"type": "string", "format": "uuid"},
    external_id={"type": "string"},
    state={"type": "string", "enum": [str(state) for state in ItemState]},
    created={"type": "boolean"},
)
_ERROR: Final = _object(index={"type": "integer"}, code={"type": "string"}, message={"type": "string"})
_BATCH: Final = {
    "type": "object",
    "required": ["items"],
    "additionalProperties": False,
    "properties": {"items": {"type": "array", "items": _ITEM, "maxItems": MOST_ITEMS}},
}


def _refusal(when: str) -> dict[str, Any]:
    body = _object(error=_object(code={"type": "string"}, message={"type": "string"}, details={}))
    return {"description": when, "content": {"application/json": {"schema": body}}}


RECEIVE: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "Idempotency-Key",
            "in": "header",
            "required": False,
            "schema": {"type": "string", "maxLength": 255},
            "description": "The same key with the same body gives the first answer again, for 48 hours.",
        }
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"anyOf": [_ITEM, _BATCH]}}},
    },
    "responses": {
        202: {
            "description": "Stored",
            "content": {
                "application/json": {
                    "schema": _object(
                        items={"type": "array", "items": _RECEIVED}, errors={"type": "array", "items": _ERROR}
                    )
                }
            },
        },
        400: _refusal("The body is not JSON, or not a request"),
        401: _refusal("No live key"),
        403: _refusal("The key lacks the scope `ingest`"),
        413: _refusal("More than 16 MB, or more than 1,000 items"),
        422: _refusal("The item cannot be taken, or the Idempotency-Key was used for another body"),
        429: _refusal("Over the quota of the key, or the backlog is too old; see Retry-After"),
        503: _refusal("The database is away; see Retry-After"),
    },
}
