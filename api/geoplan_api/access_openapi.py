"""The part of the definition of the API that tells of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.access import PUBLIC, needs_keys
from geoplan_api.errors import PROBLEM
from geoplan_api.schemas import ref

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.settings import Settings

REFUSED = (401, 403, 429)


def add_keys(definition: dict[str, Any], settings: Settings, words: Callable[..., str]) -> None:
    """Add to a definition how a key is sent, and what is answered without one."""
    content = {PROBLEM: {"schema": ref("problem")}}
    components = definition["components"]
    components["responses"] |= {
        str(status): {"description": words(f"answer.{status}"), "content": content}
        for status in REFUSED
    }
    refused = {
        str(status): {"$ref": f"#/components/responses/{status}"}
        for status in (REFUSED if needs_keys(settings) else (403,))
    }
    for methods in definition["paths"].values():
        for operation in methods.values():
            operation["responses"] = dict(sorted({**operation["responses"], **refused}.items()))
    if not needs_keys(settings):
        return
    components["securitySchemes"] = _schemes(settings, words)
    definition["security"] = [{name: []} for name in components["securitySchemes"]]
    for path in PUBLIC:
        definition["paths"][path]["get"]["security"] = [{}, *definition["security"]]


def _schemes(settings: Settings, words: Callable[..., str]) -> dict[str, Any]:
    told = {"description": words("security.key")}
    schemes: dict[str, Any] = {
        "bearer": {"type": "http", "scheme": "bearer", **told},
        "header": {"type": "apiKey", "in": "header", "name": "X-API-Key", **told},
    }
    if settings.url_token:
        schemes["token"] = {"type": "apiKey", "in": "query", "name": "token", **told}
    return schemes
