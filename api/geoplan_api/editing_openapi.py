"""The part of the definition of the API that is there when features can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.editing import FEATURE, PATCH
from geoplan_api.errors import PROBLEM
from geoplan_api.links import items_path
from geoplan_api.references import CRS84, URIS
from geoplan_api.schemas import TEXT, ref

if TYPE_CHECKING:
    from collections.abc import Callable

_ANY = (400, 404, 405, 412, 421, 422, 428, 500, 503, 507)
_WITH_BODY = (*_ANY, 408, 413, 415)
_OF_EDITS = (412, 428)
_ITEM = "/collections/{collectionId}/items/{featureId}"


def add_edits(paths: dict[str, Any], layers: list[str], words: Callable[..., str]) -> None:
    """Add the operations that change features to the paths that read them."""
    for layer in layers:
        paths[items_path(layer)]["post"] = {
            "operationId": f"create.{layer}",
            **_operation(words, "create", 201, FEATURE, ("Content-Crs",)),
        }
    shared = ("collectionId", "featureId", "If-Match")
    for method, name, kinds in (("put", "replace", FEATURE), ("patch", "update", PATCH)):
        parameters = (*shared, "Content-Crs")
        paths[_ITEM][method] = {
            "operationId": name,
            **_operation(words, name, 204, kinds, parameters),
        }
    paths[_ITEM]["delete"] = {
        "operationId": "delete",
        **_operation(words, "delete", 204, (), shared),
    }


def _operation(
    words: Callable[..., str],
    name: str,
    success: int,
    kinds: tuple[str, ...],
    parameters: tuple[str, ...],
) -> dict[str, Any]:
    headers = {"ETag": {"schema": TEXT}} if kinds else {}
    if success == 201:
        headers["Location"] = {"schema": {"type": "string", "format": "uri"}}
    done: dict[str, Any] = {"description": words("answer.ok")}
    if headers:
        done["headers"] = headers
    refused = sorted(_WITH_BODY if kinds else _ANY)
    operation: dict[str, Any] = {
        "summary": words(f"operation.{name}"),
        "parameters": [{"$ref": f"#/components/parameters/{one}"} for one in parameters],
        "responses": {
            str(success): done,
            **{str(one): {"$ref": f"#/components/responses/{one}"} for one in refused},
        },
    }
    if kinds:
        schema = ref("featurePatch" if kinds == PATCH else "newFeature")
        content = {kind: {"schema": schema} for kind in kinds}
        operation["requestBody"] = {"required": True, "content": content}
    return operation


def problems_of_edits(words: Callable[..., str]) -> dict[str, Any]:
    """Return the answers that only edits have."""
    content = {PROBLEM: {"schema": ref("problem")}, "text/html": {"schema": TEXT}}
    return {
        str(status): {"description": words(f"answer.{status}"), "content": content}
        for status in _OF_EDITS
    }


def headers_of_edits(words: Callable[..., str]) -> dict[str, Any]:
    """Return the headers that only edits take."""
    schemas = {
        "If-Match": TEXT,
        "Content-Crs": {"type": "string", "enum": [f"<{uri}>" for uri in URIS],
                        "default": f"<{CRS84}>"},
    }  # fmt: skip
    return {
        name: {
            "name": name,
            "in": "header",
            "required": False,
            "description": words(f"parameter.{name}"),
            "schema": schema,
        }
        for name, schema in schemas.items()
    }
