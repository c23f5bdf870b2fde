"""The part of the API's definition that tells of tiles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan.tiles import MATRIX_SETS
from geoplan_api.negotiation import COMPACT, JSON, MVT, PNG, TILEJSON
from geoplan_api.schemas import BINARY, TEXT, Schema, ref
from geoplan_api.tilesets import (
    ALL_TILESETS,
    LEFT_OUT,
    map_tilesets_path,
    matrix_set_path,
    tilesets_path,
)

if TYPE_CHECKING:
    from collections.abc import Callable

_GRID, _TILE = "/{tileMatrixSetId}", "/{tileMatrix}/{tileRow}/{tileCol}"
_PLACE = ("tileMatrix", "tileRow", "tileCol")


def tile_paths(words: Callable[..., str], get: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    """Return the paths of tiles.

    Parameters
    ----------
    words : callable
        Gives phrases by their key.
    get : callable
        Describes a GET operation: words, name, answers, offers, shared parameters.
    """
    grid = ("tileMatrixSetId",)
    json, list_, set_ = (JSON,), {JSON: ref("tilesets")}, {JSON: ref("tileset")}
    described = {**set_, TILEJSON: ref("tilejson")}
    paths = {
        "/tileMatrixSets": get(words, "tileMatrixSets", {JSON: ref("tileMatrixSets")}, json),
        matrix_set_path("{tileMatrixSetId}"): get(
            words, "tileMatrixSet", {JSON: ref("tileMatrixSet")}, json, grid
        ),
    }
    for path, start, own in (
        (ALL_TILESETS, "t", ()),
        (tilesets_path("{collectionId}"), "collectionT", ("collectionId",)),
    ):
        both = (JSON, TILEJSON)
        paths[path] = get(words, f"{start}ilesets", list_, json, own)
        paths[path + _GRID] = get(words, f"{start}ileset", described, both, (*own, *grid))
        shared = (*own, *grid, *_PLACE, "properties", *(() if own else ("collections",)))
        offers = (MVT, COMPACT) if own else (MVT,)
        one = get(words, f"{start}ile", dict.fromkeys(offers, BINARY), offers, shared)
        paths[path + _GRID + _TILE] = _with_empty(one, words)
    path, own = map_tilesets_path("{rasterId}"), ("rasterId",)
    paths[path] = get(words, "mapTilesets", list_, json, own)
    paths[path + _GRID] = get(words, "mapTileset", set_, json, (*own, *grid))
    paths[path + _GRID + _TILE] = get(
        words, "mapTile", {PNG: BINARY}, (PNG,), (*own, *grid, *_PLACE)
    )
    for path, name in _OPERATION_IDS.items():
        paths[path]["get"]["operationId"] = name
    return paths


_OPERATION_IDS = {
    "/tileMatrixSets": "getTileMatrixSetsList",
    matrix_set_path("{tileMatrixSetId}"): "getTileMatrixSet",
    **{
        path + below: f"{whose}.{operation}"
        for path, whose in (
            (ALL_TILESETS, "dataset.vector"),
            (tilesets_path("{collectionId}"), "collection.vector"),
            (map_tilesets_path("{rasterId}"), "collection.map"),
        )
        for below, operation in (
            ("", "getTileSetsList"),
            (_GRID, "getTileSet"),
            (_GRID + _TILE, "getTile"),
        )
    },
}
"""Path → name that ends as requirement ``/req/oas30/operation-id`` demands."""


def tile_parameters(layers: list[str], rasters: list[str]) -> dict[str, tuple[str, Schema]]:
    """Return the parameters of tiles: name → where it stands, and its schema."""
    return {
        "tileMatrixSetId": ("path", {"type": "string", "enum": list(MATRIX_SETS)}),
        **dict.fromkeys(_PLACE, ("path", TEXT)),
        "rasterId": ("path", {"type": "string", "enum": rasters} if rasters else TEXT),
        "collections": (
            "query",
            {"type": "array", "minItems": 1, "items": {"type": "string", "enum": layers}},
        ),
    }


def _with_empty(operation: dict[str, Any], words: Callable[..., str]) -> dict[str, Any]:
    """Add that a tile may show nothing, and what its header says."""
    header = {"description": words("answer.left-out"), "schema": {"type": "integer", "minimum": 0}}
    responses = operation["get"]["responses"]
    responses["200"]["headers"] = {LEFT_OUT: header}
    responses["204"] = {"description": words("answer.204"), "headers": {LEFT_OUT: header}}
    return operation
