"""What tiles there are: tile matrix sets, tilesets and TileJSON (OGC API - Tiles, Part 1)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from geoplan.model import Bbox
from geoplan.tiles import MATRIX_SETS
from geoplan.tiles.thin import FULL_LEVEL, MOST, MOST_BELOW
from geoplan_api.errors import TileNotFound
from geoplan_api.negotiation import JSON, MVT, PNG, TILEJSON, Offer
from geoplan_api.query import column_schema
from geoplan_api.references import CRS84, reference
from geoplan_api.vector_tiles import Place, limits_of
from geoplan_api.ways import way_of
from geoplan_api.words import word

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.requests import Request

    from geoplan.model import Lang, Layer
    from geoplan.store.table_now import TableNow
    from geoplan.tiles import TileMatrix, TileMatrixSet
    from geoplan_api.links import Links

_RELATION = "http://www.opengis.net/def/rel/ogc/1.0/"
TILING_SCHEME, TILING_SCHEMES = f"{_RELATION}tiling-scheme", f"{_RELATION}tiling-schemes"
VECTOR_TILESETS, MAP_TILESETS = f"{_RELATION}tilesets-vector", f"{_RELATION}tilesets-map"
ALL_TILESETS = "/tiles"
_PART_1, _GRIDS = (
    f"http://www.opengis.net/spec/{standard}/conf/"
    for standard in ("ogcapi-tiles-1/1.0", "tms/2.0")
)
TILES = (
    *(
        _PART_1 + name
        for name in (
            "core",
            "tileset",
            "tilesets-list",
            "dataset-tilesets",
            "geodata-tilesets",
            "collections-selection",
            "mvt",
            "png",
            "oas30",
        )
    ),
    *(_GRIDS + name for name in ("tilematrixset", "json-tilematrixset")),
)
"""Classes of tiles of which every requirement has a test in tests/service/test_tiles.py."""
_TEMPLATE = "/{tileMatrix}/{tileRow}/{tileCol}"
_DIMENSIONS = {"point": 0, "line": 1, "area": 2}
_WHOLE = re.compile(r"0|[1-9][0-9]{0,9}")
Shown = tuple["Layer", "TableNow"]
"""A layer and its table."""


def tilesets_path(layer_id: str) -> str:
    """Return the path of a collection's tilesets."""
    return f"/collections/{layer_id}/tiles"


def map_tilesets_path(raster_id: str) -> str:
    """Return the path of the tilesets of a raster drawn as a map."""
    return f"/collections/{raster_id}/map/tiles"


def matrix_set_path(name: str) -> str:
    """Return the path of a tile matrix set."""
    return f"/tileMatrixSets/{name}"


def grid_of(request: Request) -> TileMatrixSet:
    """Return the tile matrix set that the path names.

    Raises
    ------
    TileNotFound
        There is none of that id.
    """
    name = request.path_params["tile_matrix_set_id"]
    if name not in MATRIX_SETS:
        raise TileNotFound(
            f"there is no tile matrix set {name!r}; there is: {', '.join(MATRIX_SETS)}"
        )
    return MATRIX_SETS[name]


def place_of(request: Request, limits: Bbox | None, grid: TileMatrixSet) -> Place:
    """Return the tile that the path names.

    Raises
    ------
    TileNotFound
        The set has no such tile, or it lies outside of the limits.
    """
    names = ("tile_matrix", "tile_row", "tile_col")
    given = [str(request.path_params[name]) for name in names]
    if not all(_WHOLE.fullmatch(one) for one in given):
        raise TileNotFound(f"{'/'.join(given)} is no tile: level, row and column are whole numbers")
    level, row, col = map(int, given)
    matrix = grid.matrix(level)
    if matrix is None:
        levels = f"{grid.matrices[0].level} to {grid.matrices[-1].level}"
        raise TileNotFound(f"{grid.id} has no level {level}; it has {levels}")
    if limits is not None:
        top, bottom, left, right = matrix.covering(limits)
        if top <= row <= bottom and left <= col <= right:
            return Place(grid, matrix, row, col)
    raise TileNotFound(f"the tile {level}/{row}/{col} lies outside of the limits of the tileset")


def union_limits(shown: Sequence[Shown], grid: TileMatrixSet) -> Bbox | None:
    """Return a box that holds all features of layers, in the CRS of a grid; None without any."""
    boxes = [box for layer, table in shown if (box := limits_of(table, layer, grid))]
    if not boxes:
        return None
    return Bbox(
        min(box.xmin for box in boxes),
        min(box.ymin for box in boxes),
        max(box.xmax for box in boxes),
        max(box.ymax for box in boxes),
    )


def matrix_set(grid: TileMatrixSet, links: Links, lang: Lang) -> dict[str, Any]:
    """Describe a tile matrix set (JSON encoding of OGC 17-083r4)."""
    origin = _ordered(grid, grid.matrices[0].left, grid.matrices[0].top)
    document: dict[str, Any] = {"id": grid.id, "title": word(f"tiles.{grid.id}", lang)}
    if grid.uri is not None:
        document["uri"] = grid.uri
    document |= {"crs": grid.crs, "orderedAxes": list(grid.axes)}
    if grid.scale_set is not None:
        document["wellKnownScaleSet"] = grid.scale_set
    document["tileMatrices"] = [_matrix(grid, matrix, origin) for matrix in grid.matrices]
    document["links"] = [links.self(JSON.media_type, word("link.self", lang))]
    return document


def _matrix(grid: TileMatrixSet, matrix: TileMatrix, origin: list[float]) -> dict[str, Any]:
    return {
        "id": str(matrix.level),
        "scaleDenominator": grid.scale_denominator(matrix),
        "cellSize": matrix.cell_size,
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": origin,
        "tileWidth": 256,
        "tileHeight": 256,
        "matrixWidth": matrix.width,
        "matrixHeight": matrix.height,
    }


def matrix_set_entry(grid: TileMatrixSet, links: Links, lang: Lang) -> dict[str, Any]:
    """Return how a tile matrix set stands in the list of them."""
    title = word(f"tiles.{grid.id}", lang)
    entry: dict[str, Any] = {"id": grid.id, "title": title, "crs": grid.crs}
    if grid.uri is not None:
        entry["uri"] = grid.uri
    return {**entry, "links": [links.to("self", matrix_set_path(grid.id), JSON.media_type, title)]}


def tileset_entry(
    grid: TileMatrixSet,
    path: str,
    offer: Offer,
    title: str,
    limits: Bbox | None,
    links: Links,
    lang: Lang,
) -> dict[str, Any]:
    """Return how a tileset stands in a list: what it is, where it is described, and its tiles.

    Parameters
    ----------
    path : str
        Of the list.
    offer : Offer
        What the tiles are.
    limits : Bbox, optional
        The box around what is shown, in the CRS of the grid; None without any.
    """
    own = f"{path}/{grid.id}"
    described = links.to("self", own, JSON.media_type, title)
    entry: dict[str, Any] = {
        "title": f"{title} ({grid.id})",
        "tileMatrixSetId": grid.id,
        "dataType": _KINDS[offer],
        "crs": grid.crs,
        "links": [described, _scheme(grid, links, lang), _item(own, offer, title, links, lang)],
    }
    if grid.uri is not None:
        entry["tileMatrixSetURI"] = grid.uri
    entry["tileMatrixSetLimits"] = [_limits(one, limits) for one in grid.matrices if limits]
    return entry


def _item(own: str, offer: Offer, title: str, links: Links, lang: Lang) -> dict[str, Any]:
    return {
        "href": f"{links.base}{own}{_TEMPLATE}?f={offer.f}",
        "rel": "item",
        "type": offer.media_type,
        "title": word("link.tiles", lang, title=title),
        "templated": True,
    }


def tileset(
    grid: TileMatrixSet,
    path: str,
    offer: Offer,
    title: str,
    limits: Bbox | None,
    links: Links,
    lang: Lang,
) -> dict[str, Any]:
    """Describe a tileset: its grid, its limits on each level, and the addresses of its tiles."""
    described = tileset_entry(grid, path, offer, title, limits, links, lang)
    if limits is not None:
        described["boundingBox"] = {
            "lowerLeft": _ordered(grid, limits.xmin, limits.ymin),
            "upperRight": _ordered(grid, limits.xmax, limits.ymax),
            "crs": grid.crs,
            "orderedAxes": list(grid.axes),
        }
    described["mediaTypes"] = [offer.media_type]
    if offer is MVT and grid.id == WEB_MERCATOR:
        own = f"{path}/{grid.id}?f={TILEJSON.f}"
        described["links"].append(links.to("alternate", own, TILEJSON.media_type, "TileJSON"))
    return described


_KINDS = {MVT: "vector", PNG: "map"}
WEB_MERCATOR = "WebMercatorQuad"


def vector_layers(shown: Sequence[Shown], lang: Lang) -> list[dict[str, Any]]:
    """Describe the layers of a vector tileset."""
    return [
        {
            "id": layer.id,
            "title": layer.title.to(lang),
            "dataType": "vector",
            "geometryDimension": _DIMENSIONS[layer.geometry],
            "propertiesSchema": {
                "type": "object",
                "properties": {
                    **_id_schema(table),
                    **{column.name: column_schema(column) for column in table.columns},
                },
            },
        }
        for layer, table in shown
    ]


def tilejson(
    shown: Sequence[Shown], path: str, title: str, attribution: str, links: Links
) -> dict[str, Any]:
    """Describe a vector tileset for web maps (TileJSON 3.0.0)."""
    grid = MATRIX_SETS[WEB_MERCATOR]
    levels = {"minzoom": grid.matrices[0].level, "maxzoom": grid.matrices[-1].level}
    boxes = [
        box
        for layer, table in shown
        if (box := way_of(layer, table, reference(CRS84)).extent(table.extent()))
    ]
    document: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": title,
        "attribution": attribution,
        "scheme": "xyz",
        "tiles": [f"{links.base}{path}/{grid.id}/{{z}}/{{y}}/{{x}}?f={MVT.f}"],
        **levels,
        "vector_layers": [
            {"id": layer.id, "fields": _fields(table), **levels} for layer, table in shown
        ],
        "generalisation": {
            "complete_from_zoom": FULL_LEVEL,
            "features_at_most": MOST,
            "features_at_most_below": MOST_BELOW,
            "header": LEFT_OUT,
        },
    }
    if boxes:
        sides = list(zip(*boxes, strict=True))
        document["bounds"] = [*map(min, sides[:2]), *map(max, sides[2:])]
    return document


LEFT_OUT = "Geoplan-Features-Left-Out"
"""Header of a tile: how many features it does not show."""


def _fields(table: TableNow) -> dict[str, str]:
    names = {"integer": "Number", "number": "Number", "boolean": "Boolean"}
    schemas = {
        **_id_schema(table),
        **{column.name: column_schema(column) for column in table.columns},
    }
    return {name: names.get(schema["type"], "String") for name, schema in schemas.items()}


def _id_schema(table: TableNow) -> dict[str, Any]:
    shape = table.shape
    return {} if shape.id_column == shape.key else {shape.id_column: {"type": "string"}}


def _limits(matrix: TileMatrix, limits: Bbox) -> dict[str, Any]:
    top, bottom, left, right = matrix.covering(limits)
    return {
        "tileMatrix": str(matrix.level),
        "minTileRow": top,
        "maxTileRow": bottom,
        "minTileCol": left,
        "maxTileCol": right,
    }


def _scheme(grid: TileMatrixSet, links: Links, lang: Lang) -> dict[str, str]:
    title = word(f"tiles.{grid.id}", lang)
    return links.to(TILING_SCHEME, matrix_set_path(grid.id), JSON.media_type, title)


def _ordered(grid: TileMatrixSet, x: float, y: float) -> list[float]:
    return [y, x] if grid.north_first else [x, y]
