"""Tiles (OGC API - Tiles, Part 1): of one layer, of all of them, and of rasters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from geoplan.tiles import MATRIX_SETS, tile_message
from geoplan_api.conditional import VARY, not_modified, weak_tag
from geoplan_api.deps import lang_of, layer_of, offered, service_of
from geoplan_api.errors import BadParameter
from geoplan_api.links import Links, collection_path
from geoplan_api.map_tiles import map_tile, raster_limits, raster_version
from geoplan_api.negotiation import COMPACT, JSON, MVT, PNG, TILEJSON, choose
from geoplan_api.query import single
from geoplan_api.respond import json_response
from geoplan_api.tile_cache import Tile
from geoplan_api.tilesets import (
    ALL_TILESETS,
    LEFT_OUT,
    WEB_MERCATOR,
    Shown,
    grid_of,
    map_tilesets_path,
    matrix_set,
    matrix_set_entry,
    matrix_set_path,
    place_of,
    tilejson,
    tileset,
    tileset_entry,
    tilesets_path,
    union_limits,
    vector_layers,
)
from geoplan_api.vector_tiles import vector_layer
from geoplan_api.words import word

if TYPE_CHECKING:
    from geoplan.model import Lang, Layer, RasterLayer
    from geoplan.store.base import Column
    from geoplan_api.service import Service
    from geoplan_api.vector_tiles import Place

router = APIRouter()


async def matrix_sets(request: Request) -> Response:
    """List the tile matrix sets."""
    lang, links, offer = lang_of(request), Links(request), offered(request, JSON)
    listed = [matrix_set_entry(grid, links, lang) for grid in MATRIX_SETS.values()]
    return json_response({"tileMatrixSets": listed}, lang, offer)


async def one_matrix_set(request: Request) -> Response:
    """Describe a tile matrix set."""
    lang, offer = lang_of(request), offered(request, JSON)
    return json_response(matrix_set(grid_of(request), Links(request), lang), lang, offer)


async def tilesets(request: Request) -> Response:
    """List the vector tilesets of a layer, or of the whole plan."""
    service, lang, links = service_of(request), lang_of(request), Links(request)
    offer = offered(request, JSON)
    path, title, layers = _own_path(request), _title(request), _layers_of(request)

    def listed() -> list[dict[str, Any]]:
        shown = _shown(service, layers)
        return [
            tileset_entry(grid, path, MVT, title, union_limits(shown, grid), links, lang)
            for grid in MATRIX_SETS.values()
        ]

    found = await to_thread.run_sync(listed)
    if path == ALL_TILESETS:
        for raster in service.catalogue.rasters.values():
            found += await _of_raster(service, raster, links, lang)
    own = [links.self(JSON.media_type, word("link.self", lang))]
    return json_response({"tilesets": found, "links": own}, lang, offer)


async def _of_raster(
    service: Service, raster: RasterLayer, links: Links, lang: Lang
) -> list[dict[str, Any]]:
    path, title = map_tilesets_path(raster.id), raster.title.to(lang)
    return [
        tileset_entry(
            grid, path, PNG, title, await raster_limits(service, raster.id, grid), links, lang
        )
        for grid in MATRIX_SETS.values()
    ]


async def one_tileset(request: Request) -> Response:
    """Describe a vector tileset."""
    service, lang, links, grid = (
        service_of(request), lang_of(request), Links(request), grid_of(request)
    )  # fmt: skip
    offers = (JSON, TILEJSON) if grid.id == WEB_MERCATOR else (JSON,)
    offer = offered(request, *offers)
    path, title, layers = _own_path(request), _title(request), _layers_of(request)

    def describe() -> dict[str, Any]:
        shown = _shown(service, layers)
        if offer is TILEJSON:
            attribution = service.catalogue.plan.attribution.to(lang)
            return tilejson(shown, path, title, attribution, links)
        limits = union_limits(shown, grid)
        described = tileset(grid, path, MVT, title, limits, links, lang)
        return {**described, "layers": vector_layers(shown, lang)}

    return json_response(await to_thread.run_sync(describe), lang, offer)


async def tile(request: Request) -> Response:
    """Return a vector tile of one layer, or of several."""
    service, grid = service_of(request), grid_of(request)
    whole = "collection_id" not in request.path_params
    known = ("f", "properties", "collections") if whole else ("f", "properties")
    parameters = single(request.query_params.multi_items(), known)
    offers = (MVT,) if whole else (MVT, COMPACT)
    offer = choose(offers, parameters.get("f"), request.headers.get("accept"))
    layers = (
        chosen_layers(service, parameters, Links(request).base) if whole else [layer_of(request)]
    )
    shown = _shown(service, layers)
    columns = _columns(shown, parameters.get("properties"))
    place = place_of(request, union_limits(shown, grid), grid)
    if offer is COMPACT:
        return await _compact(request, service, layers[0], place)
    asked = (place.key, parameters.get("properties"), [layer.id for layer in layers])
    versions = [table.version for _, table in shown]
    tag = weak_tag(versions, asked)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    found = service.tiles.get("mvt", versions, asked)
    if found is None:
        found = await to_thread.run_sync(lambda: _make(service, layers, place, columns, asked))
    return _tile_response(found, MVT.media_type, tag)


async def _compact(request: Request, service: Service, layer: Layer, place: Place) -> Response:
    """Return the features of a tile as maps carry them; a worker packs them."""
    asked = (place.key, layer.id)
    version = service.tables[layer.id].look().version
    tag = weak_tag(version, asked, COMPACT.f)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    found = service.tiles.get(COMPACT.f, version, asked)
    if found is None:
        arguments = (layer.id, place.grid.id, place.matrix.level, place.row, place.col)
        found = Tile(await service.computing.pack(*arguments))
        service.tiles.put(found, COMPACT.f, version, asked)
    return _tile_response(found, COMPACT.media_type, tag)


def _make(
    service: Service,
    layers: list[Layer],
    place: Place,
    columns: list[tuple[Column, ...]],
    asked: tuple[Any, ...],
) -> Tile:
    """Make a tile in this thread, and keep it under the versions that it was made from."""
    shown = _shown(service, layers)
    made = [
        vector_layer(table, layer, place, chosen)
        for (layer, table), chosen in zip(shown, columns, strict=True)
    ]
    body = tile_message([one.message for one in made if one.message])
    found = Tile(body, sum(one.left_out for one in made))
    service.tiles.put(found, "mvt", [table.version for _, table in shown], asked)
    return found


async def map_tilesets(request: Request) -> Response:
    """List the tilesets of a raster drawn as a map."""
    service, lang, links = service_of(request), lang_of(request), Links(request)
    raster = service.catalogue.raster(request.path_params["collection_id"])
    offer = offered(request, JSON)
    listed = await _of_raster(service, raster, links, lang)
    own = [links.self(JSON.media_type, word("link.self", lang))]
    return json_response({"tilesets": listed, "links": own}, lang, offer)


async def one_map_tileset(request: Request) -> Response:
    """Describe a tileset of a raster drawn as a map."""
    service, lang, grid = service_of(request), lang_of(request), grid_of(request)
    raster = service.catalogue.raster(request.path_params["collection_id"])
    offer = offered(request, JSON)
    limits = await raster_limits(service, raster.id, grid)
    path, title = map_tilesets_path(raster.id), raster.title.to(lang)
    document = tileset(grid, path, PNG, title, limits, Links(request), lang)
    return json_response(document, lang, offer)


async def raster_tile(request: Request) -> Response:
    """Return a tile of a raster drawn as a map."""
    service, grid = service_of(request), grid_of(request)
    catalogue = service.catalogue
    raster = catalogue.raster(request.path_params["collection_id"])
    offered(request, PNG)
    limits = await raster_limits(service, raster.id, grid)
    place = place_of(request, limits, grid)
    asked = ("png", raster_version(catalogue, raster.id), raster.id, place.key, _look_of(raster))
    tag = weak_tag(asked)
    unchanged = not_modified(request, tag)
    if unchanged is not None:
        return unchanged
    found = service.tiles.get(*asked)
    if found is None:
        found = Tile(await map_tile(service, raster.id, place))
        service.tiles.put(found, *asked)
    return _tile_response(found, PNG.media_type, tag)


def _look_of(raster: Any) -> Any:
    """Return what of its entry decides how a raster is drawn."""
    return raster.model_dump(include={"kind", "band", "nodata", "categories"})


def _tile_response(found: Tile, media_type: str, tag: str) -> Response:
    """Answer with a tile, 204 for one that shows nothing; clients ask each time if it holds."""
    headers = {"ETag": tag, "Vary": VARY, "Cache-Control": "no-cache"}
    if media_type == MVT.media_type:
        headers[LEFT_OUT] = str(found.left_out)
    if not found.body:
        return Response(status_code=204, headers=headers)
    return Response(found.body, headers={**headers, "Content-Type": media_type})


def _own_path(request: Request) -> str:
    layer_id = request.path_params.get("collection_id")
    return ALL_TILESETS if layer_id is None else tilesets_path(layer_of(request).id)


def _title(request: Request) -> str:
    lang = lang_of(request)
    if "collection_id" in request.path_params:
        return layer_of(request).title.to(lang)
    return service_of(request).catalogue.plan.title.to(lang)


def _layers_of(request: Request) -> list[Layer]:
    if "collection_id" in request.path_params:
        return [layer_of(request)]
    return list(service_of(request).catalogue.values())


def _shown(service: Service, layers: list[Layer]) -> list[Shown]:
    """Return layers with their tables as they are now, for use in this thread."""
    return [(layer, service.tables[layer.id].look()) for layer in layers]


def chosen_layers(service: Service, parameters: dict[str, str], base: str) -> list[Layer]:
    """Read ``collections``: ids of layers, or their addresses; all of them without it.

    Raises
    ------
    BadParameter
        An id is none of a layer.
    """
    if "collections" not in parameters:
        return list(service.catalogue.values())
    start = base + collection_path("")
    given = parameters["collections"].split(",")
    names = [name.removeprefix(start) for name in given if name]
    unknown = [name for name in names if name not in service.catalogue]
    if unknown or not names:
        there = ", ".join(service.catalogue)
        raise BadParameter(f"collections = {','.join(names)!r}: there is {there}")
    return [layer for layer in service.catalogue.values() if layer.id in names]


def _columns(shown: list[Shown], text: str | None) -> list[tuple[Column, ...]]:
    """Read ``properties``: names of columns, each of at least one of the layers.

    Raises
    ------
    BadParameter
        A name is none of a column of any of them.
    """
    if text is None:
        return [table.columns for _, table in shown]
    names = [name for name in text.split(",") if name]
    known = {column.name for _, table in shown for column in table.columns}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise BadParameter(f"properties names {unknown[0]!r}; there is: {', '.join(sorted(known))}")
    return [tuple(column for column in table.columns if column.name in names) for _, table in shown]


_READ = ["GET", "HEAD"]
_GRID = "/{tile_matrix_set_id}"
_TILE = _GRID + "/{tile_matrix}/{tile_row}/{tile_col}"
# tiles first: they are asked for by the hundred, and routes are tried in turn
_MAPS = map_tilesets_path("{collection_id}")
router.add_route(tilesets_path("{collection_id}") + _TILE, tile, methods=_READ)
router.add_route(ALL_TILESETS + _TILE, tile, methods=_READ)
router.add_route(_MAPS + _TILE, raster_tile, methods=_READ)
for _path in (ALL_TILESETS, tilesets_path("{collection_id}")):
    router.add_route(_path, tilesets, methods=_READ)
    router.add_route(_path + _GRID, one_tileset, methods=_READ)
router.add_route(_MAPS, map_tilesets, methods=_READ)
router.add_route(_MAPS + _GRID, one_map_tileset, methods=_READ)
router.add_route("/tileMatrixSets", matrix_sets, methods=_READ)
router.add_route(matrix_set_path("{tile_matrix_set_id}"), one_matrix_set, methods=_READ)
