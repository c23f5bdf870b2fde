"""Editing features (OGC API - Features, Part 4): create, replace, update, delete.

Routes that are there only when the service was started to edit. Each answers when the edit is on
disk, and not before.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import orjson
from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan.editing import Rules, draft_of, merged
from geoplan.editing.geometry import Place, Shape
from geoplan.errors import FeatureChanged, FeatureNotFound
from geoplan.model import Bbox
from geoplan.store import edit
from geoplan_api.bodies import parse, read_body
from geoplan_api.conditional import NONE_HELD, matched, none_match
from geoplan_api.deps import feature_id_of, layer_of, service_of
from geoplan_api.errors import PreconditionRequired
from geoplan_api.geojson import feature_texts
from geoplan_api.links import Links, item_path, items_path
from geoplan_api.permission import require
from geoplan_api.query import single
from geoplan_api.references import CRS84, Reference, reference
from geoplan_api.ways import degrees, way_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.model import Layer
    from geoplan.store.edit import Draft, Versions, Written
    from geoplan.store.table_now import ServedRow, TableNow
    from geoplan_api.service import Service

router = APIRouter()
FEATURE = ("application/geo+json", "application/json")
PATCH = ("application/merge-patch+json",)
CONFORMANCE = tuple(
    f"http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/{name}"
    for name in ("create-replace-delete", "update", "optimistic-locking-etags")
)
"""Classes of which every requirement has a test in tests/service/test_editing.py."""
_TRIES = 5
_SMALL = 100_000
T = TypeVar("T")


async def create(request: Request) -> Response:
    """Add a feature to a layer."""
    who, service, layer = _asked(request)
    body, crs = await _sent(request, FEATURE)
    draft = await _judged(body, lambda: draft_of(parse(body), _rules(service, layer, crs)))
    write = partial(edit.insert, service.editors[layer.id], layer, draft, who)
    written = await to_thread.run_sync(write)
    location = Links(request).base + item_path(layer.id, written.id)
    return Response(status_code=201, headers={"Location": location, "ETag": _tag(written.version)})


async def replace(request: Request) -> Response:
    """Replace a feature as a whole."""
    who, service, layer = _asked(request)
    feature_id, versions = _aimed(request, layer)
    body, crs = await _sent(request, FEATURE)
    _present(service, layer, feature_id)

    def judge() -> Draft:
        return draft_of(parse(body), _rules(service, layer, crs), feature_id=feature_id)

    draft, file = await _judged(body, judge), service.editors[layer.id]
    write = partial(edit.change, file, layer, feature_id, draft, who, replace=True)
    return _done(await to_thread.run_sync(partial(write, versions=versions)))


async def update(request: Request) -> Response:
    """Change what a merge patch names of a feature (RFC 7396)."""
    who, service, layer = _asked(request)
    feature_id, versions = _aimed(request, layer)
    body, crs = await _sent(request, PATCH)

    def judge() -> tuple[Draft, str]:
        row, table = _present(service, layer, feature_id)
        if versions is not None and row.version not in versions:
            raise FeatureChanged(NONE_HELD)
        present = _as_sent(row, table, layer, crs)
        return merged(parse(body), _rules(service, layer, crs), feature_id, present), row.version

    for left in reversed(range(_TRIES)):
        draft, version = await _judged(body, judge)
        file, only = service.editors[layer.id], frozenset({version})
        write = partial(edit.change, file, layer, feature_id, draft, who, versions=only)
        try:
            return _done(await to_thread.run_sync(write))
        except FeatureChanged:  # another edit came between: the patch is merged anew
            if not left:
                raise
    raise AssertionError("the last try returns or raises")


async def delete(request: Request) -> Response:
    """Remove a feature."""
    who, service, layer = _asked(request)
    feature_id, versions = _aimed(request, layer)
    file = service.editors[layer.id]
    write = partial(edit.delete, file, layer, feature_id, who, versions=versions)
    await to_thread.run_sync(write)
    return Response(status_code=204)


async def options_of_items(request: Request) -> Response:
    """Tell that features can be added: QGIS edits a layer only then."""
    layer_of(request)
    headers = {"Allow": "GET, HEAD, OPTIONS, POST", "Accept-Post": ", ".join(FEATURE)}
    return Response(status_code=200, headers=headers)


async def options_of_item(request: Request) -> Response:
    """Tell that a feature can be changed."""
    layer_of(request)
    allow = "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    return Response(status_code=200, headers={"Allow": allow, "Accept-Patch": ", ".join(PATCH)})


def _asked(request: Request) -> tuple[str, Service, Layer]:
    who = require(request, "edit")
    single(request.query_params.multi_items(), ())
    return who, service_of(request), layer_of(request)


def _aimed(request: Request, layer: Layer) -> tuple[str, Versions]:
    """Return which feature a request is for, and in which versions it may be.

    Raises
    ------
    PreconditionRequired
        The service demands If-Match, and the request has none.
    FeatureChanged
        It asks that there be no such feature.
    """
    feature_id = feature_id_of(request, layer)
    demanded = service_of(request).settings.require_if_match
    if demanded and "if-match" not in request.headers:
        raise PreconditionRequired(
            "send the ETag of the feature that you read as If-Match: another may edit it too"
        )
    none_match(request)
    return feature_id, matched(request)


async def _sent(request: Request, kinds: tuple[str, ...]) -> tuple[bytes, Reference]:
    crs = reference(request.headers.get("content-crs", CRS84).strip().strip("<>"))
    return await read_body(request, kinds, service_of(request).settings.max_body_bytes), crs


async def _judged(body: bytes, judge: Callable[[], T]) -> T:
    """Judge what was sent: at once when it is small, else beside the loop.

    A thread makes its own transformers, which takes half a second; those of the loop are there.
    """
    return judge() if len(body) <= _SMALL else await to_thread.run_sync(judge)


def _rules(service: Service, layer: Layer, crs: Reference) -> Rules:
    table = service.tables[layer.id].look()
    path = way_of(layer, table, crs)
    type_, z = table.declared()
    place = Place(
        name=crs.uri.rpartition("/")[2] if crs.uri == CRS84 else f"EPSG:{crs.uri.split('/')[-1]}",
        swapped=crs.swapped,
        geographic=crs.geographic,
        move=None if path.same else path.move_back,
        lonlat=degrees(crs).move_if_any,
        near=Bbox(*service.catalogue.plan.extent),
    )
    return Rules(
        columns=table.columns,
        id_column=table.shape.id_column,
        schema=service.catalogue.schema(layer),
        shape=Shape(type_, z, layer.geometry, service.settings.max_vertices),
        srs_id=table.shape.srs_id,
        place=place,
    )


def _present(service: Service, layer: Layer, feature_id: str) -> tuple[ServedRow, TableNow]:
    table = service.tables[layer.id].look()
    row = table.row(feature_id)
    if row is None:
        raise FeatureNotFound(f"layer {layer.id!r} has no feature {feature_id!r}")
    return row, table


def _as_sent(row: ServedRow, table: TableNow, layer: Layer, crs: Reference) -> dict[str, Any]:
    """Return a feature as the client would read it, in the CRS of its patch."""
    names = [column.name for column in table.columns]
    move = way_of(layer, table, crs).move_if_any
    (text,), _ = feature_texts([row], names, move, swapped=crs.swapped)
    found: dict[str, Any] = orjson.loads(text)
    return found


def _done(written: Written) -> Response:
    return Response(status_code=204, headers={"ETag": _tag(written.version)})


def _tag(version: str) -> str:
    return f'"{version}"'


def allowed(path: str) -> frozenset[str]:
    """Return the methods that editing adds to a path."""
    parts = path.strip("/").split("/", 3)
    if len(parts) < 3 or (parts[0], parts[2]) != ("collections", "items"):
        return frozenset()
    return frozenset({"POST"} if len(parts) == 3 else {"PUT", "PATCH", "DELETE"})


_ITEMS = items_path("{collection_id}")
_ITEM = _ITEMS + "/{feature_id:path}"
router.add_route(_ITEMS, create, methods=["POST"])
router.add_route(_ITEMS, options_of_items, methods=["OPTIONS"])
router.add_route(_ITEM, replace, methods=["PUT"])
router.add_route(_ITEM, update, methods=["PATCH"])
router.add_route(_ITEM, delete, methods=["DELETE"])
router.add_route(_ITEM, options_of_item, methods=["OPTIONS"])
