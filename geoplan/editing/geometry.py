"""A GeoJSON geometry (RFC 7946) becomes one that a layer may hold, or is refused with its place.

Nothing is mended: a ring is closed, and an edge drawn, by whoever knows the place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan import vertices
from geoplan.errors import FeatureInvalid, GeoplanError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geoplan.model import Bbox, Dimension

    Move = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_DEPTH = {"Point": 0, "MultiPoint": 1, "LineString": 1, "MultiLineString": 2, "Polygon": 2,
          "MultiPolygon": 3}  # fmt: skip
_OF_DIMENSION = {"point": "POINT", "line": "LINESTRING", "area": "POLYGON"}
_SAME_AS = {"CURVE": "LINESTRING", "MULTICURVE": "MULTILINESTRING", "SURFACE": "POLYGON",
            "CURVEPOLYGON": "POLYGON", "MULTISURFACE": "MULTIPOLYGON"}  # fmt: skip
_LEAST = {"LineString": 2, "MultiLineString": 2, "Polygon": 4, "MultiPolygon": 4}


@dataclass(frozen=True)
class Place:
    """How coordinates of a request become those of the table.

    Attributes
    ----------
    name : str
        The CRS of the request, in words.
    swapped : bool
        North, or latitude, comes first in it.
    geographic : bool
        Its coordinates are degrees.
    move : callable, optional
        From it, east first, to the CRS of the table; None when they are the same.
    lonlat : callable, optional
        From it, east first, to degrees, east first; None when it is that.
    near : Bbox
        Where the plan is [degrees]: what does not meet it is elsewhere.
    """

    name: str
    swapped: bool
    geographic: bool
    move: Move | None
    lonlat: Move | None
    near: Bbox


@dataclass(frozen=True)
class Shape:
    """What geometry a table holds: its declared type, Z (0 no, 1 must, 2 may), and how large."""

    type: str
    z: int
    dimension: Dimension
    most_vertices: int


def geometry_of(value: Any, shape: Shape, place: Place) -> Any:
    """Return the shapely geometry of a GeoJSON geometry, in the CRS of the table; null is null.

    Raises
    ------
    FeatureInvalid
        With a JSON pointer to what is wrong.
    """
    if value is None:
        return None
    kind = _kind(value)
    at = "/geometry/coordinates"
    if kind == "Point":
        found = _position(value["coordinates"], at)
        coordinates: Any = found
    else:
        counted = _Counter(shape.most_vertices)
        coordinates = _nested(value["coordinates"], _DEPTH[kind], at, _LEAST.get(kind, 1), counted)
    _refuse_mixed_heights(coordinates, _DEPTH[kind], at)
    if kind in ("Polygon", "MultiPolygon"):
        _refuse_open_rings(coordinates, kind, at)
    built = _built(kind, coordinates, place)
    _refuse_height(built, shape)
    _refuse_elsewhere(built, place)
    _refuse_invalid(built, place.name)
    moved = _moved(built, place)
    return _as_declared(moved, shape)


def _kind(value: Any) -> str:
    if not isinstance(value, dict):
        raise FeatureInvalid("a geometry is an object with type and coordinates, or null",
                             "/geometry")  # fmt: skip
    kind = value.get("type")
    if kind == "GeometryCollection":
        raise FeatureInvalid(
            "a collection of mixed geometries cannot be stored: send one geometry", "/geometry/type"
        )
    if not isinstance(kind, str) or kind not in _DEPTH:
        raise FeatureInvalid(
            f"{kind!r} is no type of geometry; known: {', '.join(_DEPTH)}", "/geometry/type"
        )
    if "crs" in value:
        raise FeatureInvalid(
            "a GeoJSON geometry names no CRS: the header Content-Crs does", "/geometry/crs"
        )
    if not isinstance(value.get("coordinates"), list):
        raise FeatureInvalid("coordinates are missing, or no list", "/geometry/coordinates")
    if not value["coordinates"]:
        raise FeatureInvalid(
            "the geometry is empty: send null where nothing is drawn", "/geometry/coordinates"
        )
    return str(kind)


class _Counter:
    """Counts vertices up to a limit."""

    def __init__(self, most: int) -> None:
        self._left, self._most = most, most

    def take(self, number: int) -> None:
        self._left -= number
        if self._left < 0:
            raise FeatureInvalid(
                f"the geometry has more than {self._most} vertices: simplify it, or cut it",
                "/geometry/coordinates",
            )


def _nested(value: Any, depth: int, at: str, least: int, counted: _Counter) -> list[Any]:
    if not isinstance(value, list):
        raise FeatureInvalid("a list of coordinates should stand here", at)
    if depth > 1:
        if not value:
            raise FeatureInvalid("an empty part of a geometry", at)
        return [
            _nested(one, depth - 1, f"{at}/{number}", least, counted)
            for number, one in enumerate(value)
        ]
    counted.take(len(value))
    if len(value) < least:
        raise FeatureInvalid(f"{len(value)} positions: at least {least} belong here", at)
    return [_position(one, at, number) for number, one in enumerate(value)]


def _position(value: Any, at: str, number: int | None = None) -> list[float]:
    """Return a position of two or three finite numbers."""
    if isinstance(value, list) and 2 <= len(value) <= 3:
        for ordinate in value:
            # bool is an int in Python, not in JSON
            if not isinstance(ordinate, int | float) or isinstance(ordinate, bool):
                break
            if not abs(ordinate) < 1e15:
                break
        else:
            return [float(ordinate) for ordinate in value]
    raise _bad_position(value, at if number is None else f"{at}/{number}")


def _bad_position(value: Any, at: str) -> FeatureInvalid:
    if not isinstance(value, list):
        return FeatureInvalid("a position should stand here: a list of two or three numbers", at)
    if len(value) > 3:
        return FeatureInvalid("measures (M) are not stored: send two or three numbers", f"{at}/3")
    if len(value) < 2:
        return FeatureInvalid("a position has two numbers, three with a height", at)
    for number, ordinate in enumerate(value):
        if not isinstance(ordinate, int | float) or isinstance(ordinate, bool):
            return FeatureInvalid(f"{ordinate!r} is no number", f"{at}/{number}")
        if not abs(ordinate) < 1e15:
            return FeatureInvalid(f"{ordinate!r} is no place on Earth", f"{at}/{number}")
    raise AssertionError("the position is fine")


def _refuse_open_rings(coordinates: list[Any], kind: str, at: str) -> None:
    parts = [coordinates] if kind == "Polygon" else coordinates
    for number, part in enumerate(parts):
        for ring_number, ring in enumerate(part):
            if ring[0] != ring[-1]:
                where = f"{ring_number}" if kind == "Polygon" else f"{number}/{ring_number}"
                raise FeatureInvalid(
                    "the ring is not closed: its last position is not its first", f"{at}/{where}"
                )


def _refuse_mixed_heights(coordinates: Any, depth: int, at: str) -> None:
    flat = [coordinates] if depth == 0 else coordinates
    for _ in range(depth - 1):
        flat = [one for part in flat for one in part]
    if len({len(position) for position in flat}) > 1:
        raise FeatureInvalid("some positions have a height and others none", at)


def _built(kind: str, coordinates: Any, place: Place) -> Any:
    def array(positions: list[list[float]]) -> NDArray[np.float64]:
        found = np.array(positions, dtype=np.float64)
        return found[:, [1, 0, *range(2, found.shape[1])]] if place.swapped else found

    def polygon(rings: list[Any]) -> Any:
        made: list[Any] = [shapely.linearrings(array(ring)) for ring in rings]
        return shapely.polygons(made[0], holes=made[1:] or None)

    def lines(parts: list[Any]) -> list[Any]:
        return [shapely.linestrings(array(part)) for part in parts]

    match kind:
        case "Point":
            return shapely.points(array([coordinates])[0])
        case "MultiPoint":
            points: Any = shapely.points(array(coordinates))
            return shapely.multipoints(list(points))
        case "LineString":
            return shapely.linestrings(array(coordinates))
        case "MultiLineString":
            return shapely.multilinestrings(lines(coordinates))
        case "Polygon":
            return polygon(coordinates)
    return shapely.multipolygons([polygon(part) for part in coordinates])


def _refuse_height(geometry: Any, shape: Shape) -> None:
    high = bool(shapely.has_z(geometry))
    if high and shape.z == 0:
        raise FeatureInvalid(
            "the layer holds no heights: send two numbers for each position",
            "/geometry/coordinates",
        )
    if not high and shape.z == 1:
        raise FeatureInvalid(
            "every position of the layer has a height: send three numbers", "/geometry/coordinates"
        )


def _refuse_elsewhere(geometry: Any, place: Place) -> None:
    xmin, ymin, xmax, ymax = (float(edge) for edge in shapely.bounds(geometry))
    order = "latitude first" if place.swapped else "longitude first"
    if place.geographic and (xmin < -180 or xmax > 180 or ymin < -90 or ymax > 90):
        raise FeatureInvalid(
            f"a coordinate is no longitude or latitude: {place.name} is {order}",
            "/geometry/coordinates",
        )
    corners = np.array([[xmin, ymin], [xmin, ymax], [xmax, ymin], [xmax, ymax]])
    if place.lonlat is not None:
        corners = _carried(place.lonlat, corners)
    west, south = corners.min(axis=0)
    east, north = corners.max(axis=0)
    near = place.near
    if west > near.xmax or east < near.xmin or south > near.ymax or north < near.ymin:
        raise FeatureInvalid(
            f"it lies at {west:.2f}° to {east:.2f}° east, {south:.2f}° to {north:.2f}° north, "
            f"nowhere near the plan: are the axes exchanged, are the coordinates {place.name}?",
            "/geometry/coordinates",
        )


def _refuse_invalid(geometry: Any, crs: str) -> None:
    if not shapely.is_valid(geometry):
        reason = str(shapely.is_valid_reason(geometry))
        raise FeatureInvalid(
            f"the geometry is not simple: {reason} (east, north, in {crs})", "/geometry/coordinates"
        )


def _carried(move: Move, xy: NDArray[np.float64]) -> NDArray[np.float64]:
    try:
        moved = move(xy)
    except GeoplanError as error:
        raise FeatureInvalid(str(error), "/geometry/coordinates") from error
    if not (np.isfinite(moved).all() and math.isfinite(float(np.abs(moved).max()))):
        raise FeatureInvalid("a coordinate has no place in its CRS", "/geometry/coordinates")
    return moved


def _moved(geometry: Any, place: Place) -> Any:
    if place.move is None:
        return geometry
    move = place.move
    try:
        moved = vertices.moved(np.array([geometry], dtype=object), lambda xy: _carried(move, xy))[0]
    except FeatureInvalid:
        raise
    except GeoplanError as error:
        raise FeatureInvalid(str(error), "/geometry/coordinates") from error
    _refuse_invalid(moved, "the CRS of the layer")
    return moved


def _as_declared(geometry: Any, shape: Shape) -> Any:
    """Return a geometry of the type that the table declares: single and multi are one to it."""
    declared = _SAME_AS.get(shape.type, shape.type)
    found = geometry.geom_type.upper()
    base = _OF_DIMENSION[shape.dimension]
    if found.removeprefix("MULTI") != base:
        raise FeatureInvalid(
            f"{geometry.geom_type} is not what the layer holds: {shape.dimension} features",
            "/geometry/type",
        )
    if declared.startswith("MULTI") and not found.startswith("MULTI"):
        return _MULTI[base]([geometry])
    if declared == base and found.startswith("MULTI"):
        parts = shapely.get_parts(geometry)
        if len(parts) > 1:
            raise FeatureInvalid(
                f"a feature of the layer has one part; this one has {len(parts)}", "/geometry/type"
            )
        return parts[0]
    return geometry


_MULTI: dict[str, Callable[..., Any]] = {
    "POINT": shapely.multipoints,
    "LINESTRING": shapely.multilinestrings,
    "POLYGON": shapely.multipolygons,
}
