"""The definition of the API (OpenAPI 3.0), as it is for the plan being served.

Each layer's ``/items`` stands as a path of its own, because the properties that can be asked
for differ.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geoplan
from geoplan.rules.pack import pack_names
from geoplan.store.cql2 import LANGUAGES, MAX_BYTES
from geoplan_api.access_openapi import add_keys
from geoplan_api.editing_openapi import add_edits, headers_of_edits, problems_of_edits
from geoplan_api.errors import PROBLEM
from geoplan_api.item_files import ITEM_FILES
from geoplan_api.links import items_path
from geoplan_api.negotiation import (
    GEOJSON,
    GEOJSON_ALONE,
    GEOJSONSEQ,
    HTML,
    JSON,
    JSONFG,
    OPENAPI,
    PROMETHEUS,
    SCHEMA,
    Offer,
)
from geoplan_api.openapi_jobs import RUNNING, job_paths
from geoplan_api.openapi_maps import limits, map_parameters, map_paths
from geoplan_api.openapi_tiles import tile_parameters, tile_paths
from geoplan_api.query import DEFAULT_LIMIT, MAX_LIMIT, column_schema, queryable
from geoplan_api.references import CRS84, URIS
from geoplan_api.rules import DEMANDS, FILTERS, SEVERITIES
from geoplan_api.schemas import BINARY, SCHEMAS, TEXT, Schema, ref
from geoplan_api.words import word

if TYPE_CHECKING:
    from geoplan.model import Lang, Layer
    from geoplan_api.links import Links
    from geoplan_api.service import Service

PROCESS_IDS = (
    "layers",
    "overlap",
    "coverage",
    "overlap-matrix",
    "clearance",
    "nearest",
    "site-check",
    "check",
    "diff",
    "legal-zones",
    "chainage",
    "locate",
    "station",
    "along",
    "zonal-statistics",
    "zonal-classes",
    "profile",
    "slope",
    "aspect",
    "hillshade",
    "cog",
    "map",
    "figure",
    "report",
    "quality",
)
"""Ids of the processes; a test holds them to `geoplan.processes`, which is slow to import."""

_ANYWHERE = (400, 405, 406, 421, 500, 503)


def definition(service: Service, lang: Lang, links: Links) -> dict[str, Any]:
    """Return the OpenAPI document of a plan."""
    plan = service.catalogue.plan
    words = _Words(lang)
    document = {
        "openapi": "3.0.3",
        "info": {
            "title": plan.title.to(lang),
            "description": (plan.note or plan.title).to(lang),
            "version": geoplan.__version__,
            "x-OGC-limits": limits(),
        },
        "servers": [{"url": links.base}],
        "paths": _paths(service, words),
        "components": {
            "schemas": SCHEMAS,
            "parameters": _shared_parameters(words, service),
            "responses": {**_problems(words), **problems_of_edits(words)},
        },
    }
    add_keys(document, service.settings, words)
    return document


class _Words:
    """Phrases in one language."""

    def __init__(self, lang: Lang) -> None:
        self.lang = lang

    def __call__(self, key: str, **values: object) -> str:
        return word(key, self.lang, **values)


def _paths(service: Service, words: _Words) -> dict[str, Any]:
    html, json = (HTML,), (JSON,)
    paths = {
        "/": _get(words, "landing", {JSON: ref("landingPage"), HTML: TEXT}, (JSON, HTML)),
        "/conformance": _get(
            words, "conformance", {JSON: ref("confClasses"), HTML: TEXT}, (JSON, HTML)
        ),
        "/openapi.json": _get(words, "definition", {OPENAPI: {"type": "object"}}, (OPENAPI,)),
        "/api": _get(words, "documentation", {HTML: TEXT}, html),
        "/health": _get(words, "health", {JSON: ref("health")}, json),
        "/metrics": _get(words, "metrics", {PROMETHEUS: TEXT}, (PROMETHEUS,)),
        **_maps(words),
        **map_paths(words, _get),
        "/rules": _rules(words),
        "/rules/{ruleId}": _get(
            words, "rule", {JSON: ref("rule"), HTML: TEXT}, (JSON, HTML), ("ruleId", "pack")
        ),
        **_collections(words),
        "/functions": _get(words, "functions", {JSON: ref("functions"), HTML: TEXT}, (JSON, HTML)),
        "/processes": _get(
            words,
            "processes",
            {JSON: ref("processList"), HTML: TEXT},
            (JSON, HTML),
            ("limit", "after"),
        ),
        "/processes/{processId}": _get(
            words, "process", {JSON: ref("process"), HTML: TEXT}, (JSON, HTML), ("processId",)
        ),
        **job_paths(words, _responses, _parameter),
    }
    paths |= tile_paths(words, _get)
    for layer in service.catalogue.values():
        paths[items_path(layer.id)] = {"get": _items(service, layer, words)}
    if service.settings.editing:
        add_edits(paths, list(service.catalogue), words)
    return paths


def _collections(words: _Words) -> dict[str, Any]:
    both = (JSON, HTML)
    return {
        "/collections": _get(words, "collections", {JSON: ref("collections"), HTML: TEXT}, both),
        "/collections/{collectionId}": _get(
            words, "collection", {JSON: ref("collection"), HTML: TEXT}, both, ("collectionId",)
        ),
        "/collections/{collectionId}/items/{featureId}": _get(
            words,
            "item",
            {GEOJSON: ref("feature"), HTML: TEXT, JSONFG: ref("feature")},
            (GEOJSON, HTML, JSONFG),
            ("collectionId", "featureId", "crs", "properties"),
        ),
        **{
            f"/collections/{{collectionId}}/{name}": _get(
                words,
                name,
                {SCHEMA: ref("jsonSchema"), HTML: TEXT},
                (SCHEMA, HTML),
                ("collectionId",),
            )
            for name in ("queryables", "sortables", "schema")
        },
    }


def _get(
    words: _Words,
    name: str,
    answers: dict[Offer, Schema],
    offers: tuple[Offer, ...],
    shared: tuple[str, ...] = (),
    statuses: tuple[int, ...] = _ANYWHERE,
) -> dict[str, Any]:
    if shared:
        statuses = (*statuses, 404)
    parameters = [_shared(parameter) for parameter in shared]
    return {
        "get": {
            "operationId": name,
            "summary": words(f"operation.{name}"),
            "parameters": [*parameters, _f(words, offers)],
            "responses": _responses(words, answers, statuses),
        }
    }


def _maps(words: _Words) -> dict[str, Any]:
    shared = ("check", "packs", "on")
    return {
        "/embed": _get(words, "embed", {HTML: TEXT}, (HTML,), shared),
        "/oembed": _oembed(words),
    }


def _oembed(words: _Words) -> dict[str, Any]:
    operation = _get(words, "oembed", {JSON: ref("oembed")}, (), statuses=(*_ANYWHERE, 404))
    own: list[tuple[str, Schema]] = [
        ("url", {"type": "string", "format": "uri"}),
        ("maxwidth", {"type": "integer", "minimum": 1, "maximum": 4000}),
        ("maxheight", {"type": "integer", "minimum": 1, "maximum": 4000}),
        ("format", {"type": "string", "enum": ["json"]}),
    ]
    operation["get"]["parameters"] = [
        _parameter("query", name, schema, words(f"parameter.oembed-{name}")) for name, schema in own
    ]
    return operation


def _rules(words: _Words) -> dict[str, Any]:
    """Describe the list of rules: a pack that is named may not be there, or not be readable."""
    answers = {JSON: ref("rules"), HTML: TEXT}
    operation = _get(words, "rules", answers, (JSON, HTML))
    operation["get"]["parameters"] += [_shared(name) for name in FILTERS]
    return operation


def _items(service: Service, layer: Layer, words: _Words) -> dict[str, Any]:
    columns = queryable(service.catalogue.table(layer.id).columns)
    filters = [
        _parameter("query", column.name, column_schema(column), words("parameter.column"))
        for column in columns
    ]
    names = [column.name for column in columns]
    shared = [
        _shared(name)
        for name in (
            *("bbox", "bbox-crs", "crs", "datetime", "filter", "filter-lang", "filter-crs"),
            *("limit", "after"),
        )
    ]
    lists = [
        _parameter("query", "sortby", _list_of(names, ("", "+", "-")), words("parameter.sortby")),
        # an empty one asks for none
        _parameter(
            "query", "properties", _list_of([*names, ""], ("",)), words("parameter.properties")
        ),
    ]
    collection = ref("featureCollection")
    answers = {
        GEOJSON: collection,
        HTML: TEXT,
        JSONFG: collection,
        GEOJSON_ALONE: collection,
        GEOJSONSEQ: TEXT,
        **dict.fromkeys(ITEM_FILES, BINARY),
    }
    return {
        "operationId": f"items.{layer.id}",
        "summary": words("operation.items", title=layer.title.to(words.lang)),
        "parameters": [*shared, *lists, _f(words, tuple(answers)), *filters],
        "responses": _responses(words, answers, (*_ANYWHERE, 422)),
    }


def _list_of(names: list[str], signs: tuple[str, ...]) -> Schema:
    values = [sign + name for name in names for sign in signs]
    return {"type": "array", "minItems": 1, "items": {"type": "string", "enum": values}}


def _responses(
    words: _Words, answers: dict[Offer, Schema], statuses: tuple[int, ...]
) -> dict[str, Any]:
    content = {offer.media_type: {"schema": schema} for offer, schema in answers.items()}
    problems = {
        str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(statuses)
    }
    return {"200": {"description": words("answer.ok"), "content": content}, **problems}


def _problems(words: _Words) -> dict[str, Any]:
    content = {PROBLEM: {"schema": ref("problem")}, HTML.media_type: {"schema": TEXT}}
    return {
        str(status): {"description": words(f"answer.{status}"), "content": content}
        for status in RUNNING
    }


def _f(words: _Words, offers: tuple[Offer, ...]) -> dict[str, Any]:
    schema = {"type": "string", "enum": [offer.f for offer in offers]}
    return _parameter("query", "f", schema, words("parameter.f"))


def _shared(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}


def _shared_parameters(words: _Words, service: Service) -> dict[str, Any]:
    layers, rasters = list(service.catalogue), list(service.catalogue.rasters)
    schemas: dict[str, tuple[str, Schema]] = {
        **{name: ("query", schema) for name, schema in _of_features().items()},
        "collectionId": ("path", {"type": "string", "enum": layers}),
        "featureId": ("path", TEXT),
        "processId": ("path", {"type": "string", "enum": list(PROCESS_IDS)}),
        "ruleId": ("path", TEXT),
        **{name: ("query", schema) for name, schema in _of_rules(service).items()},
        **tile_parameters(layers, rasters),
        **map_parameters(),
    }
    described = {
        name: _parameter(where, name, schema, words(f"parameter.{name}"))
        for name, (where, schema) in schemas.items()
    }
    for name in (*FILTERS, "check", "packs"):
        described[name]["allowEmptyValue"] = True  # what a form sends where nothing was filled in
    return described | headers_of_edits(words)


def _of_features() -> dict[str, Schema]:
    bbox = {
        "type": "array",
        "minItems": 4,
        "maxItems": 6,
        "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
        "items": {"type": "number"},
    }
    crs = {"type": "string", "format": "uri", "enum": list(URIS), "default": CRS84}
    return {
        "bbox": bbox,
        "bbox-crs": crs,
        "crs": crs,
        "properties": {"type": "array", "items": TEXT},
        "datetime": TEXT,
        "filter": {"type": "string", "maxLength": MAX_BYTES},
        "filter-lang": {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
        "filter-crs": crs,
        "limit": {
            "type": "integer",
            "minimum": 1,
            "maximum": MAX_LIMIT,
            "default": DEFAULT_LIMIT,
        },
        "after": TEXT,
    }


def _of_rules(service: Service) -> dict[str, Schema]:
    pack = {"type": "string", "enum": pack_names(service.catalogue.directory / "rules")}
    return {
        **dict.fromkeys(FILTERS, TEXT),
        "pack": pack,
        "check": {"type": "boolean", "default": False},
        "packs": {"type": "array", "items": pack},
        "severity": {"type": "string", "enum": list(SEVERITIES)},
        "demand": {"type": "string", "enum": list(DEMANDS)},
        "on": {"type": "string", "format": "date"},
    }


def _parameter(where: str, name: str, schema: Schema, description: str) -> dict[str, Any]:
    style = {"style": "form", "explode": False} if where == "query" else {}
    return {
        "name": name,
        "in": where,
        "required": where == "path",
        "description": description,
        **style,
        "schema": schema,
    }
