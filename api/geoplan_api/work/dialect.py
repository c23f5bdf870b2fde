"""JSON Schema as OpenAPI 3.0 has it, which is what OGC API - Processes describes inputs in."""

from __future__ import annotations

from typing import Any

_NULL = {"type": "null"}


def openapi(schema: Any) -> Any:
    """Return a schema of JSON Schema 2020-12 in the words of OpenAPI 3.0.

    Null becomes ``nullable`` and is no default, a constant an enumeration, a bound that is not
    reached a bound with a flag, a tuple an array of what its places may hold.

    Examples
    --------
    >>> openapi({"anyOf": [{"type": "string"}, {"type": "null"}], "default": None})
    {'type': 'string', 'nullable': True}
    >>> openapi({"type": "number", "exclusiveMinimum": 0})
    {'type': 'number', 'exclusiveMinimum': True, 'minimum': 0}
    """
    if isinstance(schema, list):
        return [openapi(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {key: value if key == "enum" else openapi(value) for key, value in schema.items()}
    return _flagged(_tuples(_constants(_nullable(found))))


def _nullable(schema: dict[str, Any]) -> dict[str, Any]:
    if "default" in schema and schema["default"] is None:
        schema = {key: value for key, value in schema.items() if key != "default"}
    choices = schema.get("anyOf")
    if not isinstance(choices, list) or _NULL not in choices:
        return schema
    rest = {key: value for key, value in schema.items() if key != "anyOf"}
    left = [one for one in choices if one != _NULL]
    return {**(left[0] if len(left) == 1 else {"anyOf": left}), **rest, "nullable": True}


def _constants(schema: dict[str, Any]) -> dict[str, Any]:
    if "const" not in schema:
        return schema
    rest = {key: value for key, value in schema.items() if key != "const"}
    return {**rest, "enum": [schema["const"]]}


def _tuples(schema: dict[str, Any]) -> dict[str, Any]:
    places = schema.get("prefixItems")
    if not isinstance(places, list):
        return schema
    rest = {key: value for key, value in schema.items() if key != "prefixItems"}
    kinds = [one for number, one in enumerate(places) if one not in places[:number]]
    return {**rest, "items": kinds[0] if len(kinds) == 1 else {"anyOf": kinds}}


def _flagged(schema: dict[str, Any]) -> dict[str, Any]:
    for bound in ("minimum", "maximum"):
        flag = f"exclusive{bound.capitalize()}"
        if isinstance(schema.get(flag), int | float) and not isinstance(schema[flag], bool):
            schema = {**schema, bound: schema[flag], flag: True}
    return schema
