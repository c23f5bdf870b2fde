"""What a collection's features hold and what can be asked of them, as JSON Schema (Part 5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan.store.cql2 import FUNCTIONS
from geoplan.store.kinds import kind_of
from geoplan_api.conditional import not_modified, weak_tag
from geoplan_api.deps import lang_of, layer_of, offered, service_of, view_of
from geoplan_api.document_page import document_page
from geoplan_api.filtering import filterable
from geoplan_api.geojson import dumps
from geoplan_api.links import COLLECTIONS, FUNCTIONS_PATH, Links, collection_path
from geoplan_api.negotiation import HTML, JSON, SCHEMA
from geoplan_api.query import queryable
from geoplan_api.respond import html_response, text_response
from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoplan.model import Lang, Layer
    from geoplan.schema import Field, LayerSchema
    from geoplan.store import Column
    from geoplan.store.table_now import TableNow
    from geoplan_api.frame import Crumb
    from geoplan_api.negotiation import Offer

router = APIRouter()

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_UCUM = {"ha": "har", "km²": "km2", "m²": "m2", **dict.fromkeys(("m", "mm", "km", "km/h", "a"))}
_UCUM |= dict.fromkeys(("kV", "MPa"))
"""Units as UCUM writes them, where otherwise than we do; what is not here has no such code."""
_FORMATS = {"date": "date", "timestamp": "date-time"}


async def queryables(request: Request) -> Response:
    """List what a filter can ask for (Part 3)."""

    def properties(table: TableNow, schema: LayerSchema, lang: Lang) -> dict[str, Any]:
        columns = filterable(table)
        return _ordered([_geometry(table), *_described(table, columns, schema, lang)])

    return _answer(request, "queryables", properties)


async def sortables(request: Request) -> Response:
    """List what features can be sorted by."""

    def properties(table: TableNow, schema: LayerSchema, lang: Lang) -> dict[str, Any]:
        return _ordered(_described(table, queryable(table.columns), schema, lang))

    return _answer(request, "sortables", properties)


async def schema(request: Request) -> Response:
    """Describe what features hold."""

    def properties(table: TableNow, schema: LayerSchema, lang: Lang) -> dict[str, Any]:
        columns = [table.id_column, *table.columns]
        return _ordered([_geometry(table), *_described(table, columns, schema, lang)])

    return _answer(request, "schema", properties)


async def functions(request: Request) -> Response:
    """List the functions that a filter may use beyond those of CQL2."""
    lang, offer = lang_of(request), offered(request, JSON, HTML)
    listed = [
        {
            "name": name,
            "description": function.zh if lang == "zh" else function.en,
            "arguments": [{"type": _types(kinds)} for kinds in function.arguments],
            "returns": _types((function.returns,)),
        }
        for name, function in FUNCTIONS.items()
    ]
    return _written(request, {"functions": listed}, "functions", offer)


def _types(kinds: tuple[str, ...]) -> list[str]:
    """Return kinds by the names that the standard has for them in its list of functions."""
    named = ("datetime" if kind in ("date", "timestamp") else kind for kind in kinds)
    return list(dict.fromkeys(named))


def _answer(request: Request, name: str, properties: Any) -> Response:
    service, layer, lang = service_of(request), layer_of(request), lang_of(request)
    offer = offered(request, SCHEMA, HTML)
    table = service.tables[layer.id].look()
    tag = weak_tag(table.version, str(request.url), lang, offer.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    described = properties(table, service.catalogue.schema(layer), lang)
    document = _document(f"{Links(request).base}{collection_path(layer.id)}/{name}", layer, lang)
    document |= {"properties": described, "additionalProperties": False}
    above = [
        (word("link.data", lang), COLLECTIONS),
        (layer.title.to(lang), collection_path(layer.id)),
    ]
    return _written(request, document, name, offer, above, tag)


def _written(
    request: Request,
    document: dict[str, Any],
    name: str,
    offer: Offer,
    above: Sequence[Crumb] = (),
    tag: str | None = None,
) -> Response:
    lang = lang_of(request)
    if offer is not HTML:
        headers = {} if tag is None else {"ETag": tag}
        return text_response(dumps(document), offer.media_type, lang, **headers)
    title = word(f"link.{name}", lang)
    other = JSON if name == "functions" else SCHEMA
    links = Links(request).alternates(offer, (other,), lang)
    page = document_page(view_of(request), title, {**document, "links": links}, above)
    return html_response(page, lang, tag=tag)


def _document(address: str, layer: Layer, lang: Lang) -> dict[str, Any]:
    return {"$schema": DIALECT, "$id": address, "type": "object", "title": layer.title.to(lang)}


def _ordered(described: list[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    return {
        name: {**one, "x-ogc-propertySeq": place}
        for place, (name, one) in enumerate(described, start=1)
    }


def _geometry(table: TableNow) -> tuple[str, dict[str, Any]]:
    declared = table.shape.geometry_type.lower()
    format_ = "geometry-any" if declared == "geometry" else f"geometry-{declared}"
    return table.shape.geometry, {"format": format_, "x-ogc-role": "primary-geometry"}


def _described(
    table: TableNow, columns: list[Column], schema: LayerSchema, lang: Lang
) -> list[tuple[str, dict[str, Any]]]:
    found = []
    for column in columns:
        one = _typed(column)
        field = schema.field(column.name)
        if field is not None:
            one |= _meaning(field, lang)
        if column == table.id_column:
            one["x-ogc-role"] = "id"
        found.append((column.name, one))
    return found


def _typed(column: Column) -> dict[str, Any]:
    kind = kind_of(column)
    if kind == "bytes":
        return {"type": "string", "contentEncoding": "base64"}
    if kind in _FORMATS:
        return {"type": "string", "format": _FORMATS[kind]}
    return {"type": kind}


def _meaning(field: Field, lang: Lang) -> dict[str, Any]:
    """Return what the schema of a kind says of a column: its name, unit, domain and role."""
    found: dict[str, Any] = {"title": field.label.to(lang)}
    if field.unit is not None:
        if field.unit in _UCUM:
            found["x-ogc-unit"] = _UCUM[field.unit] or field.unit
        else:
            found["description"] = field.unit
    if field.values and not (field.open or field.multiple):
        found["oneOf"] = [
            {"const": value.code, "title": value.label.to(lang)} for value in field.values
        ]
    limits = {"minimum": field.minimum, "maximum": field.maximum, "maxLength": field.length}
    found |= {name: limit for name, limit in limits.items() if limit is not None}
    if field.role is not None:
        found["x-ogc-role"] = field.role
    return found


_READ = ["GET", "HEAD"]
for _name, _route in (("queryables", queryables), ("sortables", sortables), ("schema", schema)):
    router.add_route(f"{collection_path('{collection_id}')}/{_name}", _route, methods=_READ)
router.add_route(FUNCTIONS_PATH, functions, methods=_READ)
