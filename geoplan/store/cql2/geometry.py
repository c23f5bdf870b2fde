"""Geometry literals of a filter → geometries, x east and y north, in the CRS of the filter."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from geoplan.errors import BadQuery

RELATIONS = {
    "s_intersects": "s_intersects",
    "s_disjoint": "s_disjoint",
    "s_equals": "s_equals",
    "s_touches": "s_touches",
    "s_crosses": "s_crosses",
    "s_overlaps": "s_overlaps",
    "s_within": "s_contains",
    "s_contains": "s_within",
}
"""Each relation, and the one that holds when its operands change places."""
_TESTS = {
    "s_intersects": shapely.intersects,
    "s_equals": shapely.equals,
    "s_touches": shapely.touches,
    "s_crosses": shapely.crosses,
    "s_overlaps": shapely.overlaps,
    "s_within": shapely.within,
    "s_contains": shapely.contains,
}
_DEPTHS = {
    "Point": 0,
    "LineString": 1,
    "Polygon": 2,
    "MultiPoint": 1,
    "MultiLineString": 2,
    "MultiPolygon": 3,
}


@dataclass(frozen=True)
class Axes:
    """How coordinates stand in a filter.

    Attributes
    ----------
    name : str
        The CRS, as the client names it.
    swapped : bool
        Whether north, or latitude, comes first.
    geographic : bool
        Whether they are degrees.
    """

    name: str
    swapped: bool
    geographic: bool


def related(relation: str, geometries: Any, literal: Any) -> Any:
    """Tell of which geometries, as the first operand, a relation to a literal holds.

    Parameters
    ----------
    relation : str
        One of `RELATIONS`.
    geometries : ndarray of shapely geometries, shape (n,)
        Null where there is none: nothing holds of it.
    literal : shapely geometry
        Prepared, if many are to be compared with it.
    """
    if relation == "s_disjoint":
        return ~shapely.intersects(literal, geometries) & ~shapely.is_missing(geometries)
    # the prepared operand comes first
    return _TESTS[RELATIONS[relation]](literal, geometries)


def geometry_of(node: dict[str, Any], axes: Axes) -> Any:
    """Return the geometry of a literal: GeoJSON, or ``bbox``.

    Raises
    ------
    BadQuery
        It is none, is invalid, or lies outside of its CRS.
    """
    found = _box(node["bbox"], axes) if "bbox" in node else _geometry(node, axes)
    if shapely.is_empty(found):
        raise BadQuery("filter: an empty geometry has no relation to any other")
    if not shapely.is_valid(found):
        raise BadQuery(f"filter: a geometry is invalid: {shapely.is_valid_reason(found)}")
    return found


def _geometry(node: dict[str, Any], axes: Axes) -> Any:
    kind = node.get("type")
    if kind == "GeometryCollection":
        parts = node.get("geometries")
        if not isinstance(parts, list) or not parts:
            raise BadQuery("filter: a GeometryCollection needs geometries")
        if any(not isinstance(part, dict) or part.get("type") not in _DEPTHS for part in parts):
            raise BadQuery("filter: a GeometryCollection holds geometries that are no collections")
        return shapely.GeometryCollection([_geometry(part, axes) for part in parts])
    if kind not in _DEPTHS:
        raise BadQuery(f"filter: {kind!r} is no type of geometry")
    coordinates = _coordinates(node.get("coordinates"), _DEPTHS[kind], axes)
    try:
        return _BUILD[kind](coordinates)
    except (ValueError, shapely.errors.ShapelyError) as error:
        raise BadQuery(f"filter: a {kind} cannot be made of its coordinates: {error}") from None


def _coordinates(listed: Any, depth: int, axes: Axes) -> Any:
    if not isinstance(listed, list) or not listed:
        raise BadQuery("filter: the coordinates of a geometry are lists of numbers")
    if depth:
        return [_coordinates(part, depth - 1, axes) for part in listed]
    if len(listed) not in (2, 3):
        raise BadQuery("filter: a position has two coordinates, or three with its height")
    x, y = (_number(value) for value in listed[:2])
    return _checked(y, x, axes) if axes.swapped else _checked(x, y, axes)


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise BadQuery(f"filter: {value!r} is no coordinate")
    try:
        found = float(value)
    except OverflowError:
        found = math.inf
    if not math.isfinite(found):
        raise BadQuery("filter: a coordinate is not finite")
    return found


def _checked(x: float, y: float, axes: Axes) -> tuple[float, float]:
    if axes.geographic and not (abs(x) <= 180 and abs(y) <= 90):
        order = "latitude, longitude" if axes.swapped else "longitude, latitude"
        raise BadQuery(
            f"filter: a position lies outside of ±180° and ±90°; "
            f"the order of {axes.name} is {order}"
        )
    return x, y


def _box(edges: Any, axes: Axes) -> Any:
    if not isinstance(edges, list) or len(edges) not in (4, 6):
        raise BadQuery("filter: a bbox has four numbers, or six with heights")
    numbers = [_number(edge) for edge in edges]
    if len(numbers) == 6:
        del numbers[5], numbers[2]
    if axes.swapped:
        numbers = [numbers[1], numbers[0], numbers[3], numbers[2]]
    west, south = _checked(numbers[0], numbers[1], axes)
    east, north = _checked(numbers[2], numbers[3], axes)
    if south > north or (west > east and not axes.geographic):
        raise BadQuery("filter: a corner of a bbox exceeds the opposite one")
    if west > east:  # across the antimeridian
        return shapely.union_all(
            [_rectangle(west, south, 180.0, north), _rectangle(-180.0, south, east, north)]
        )
    return _rectangle(west, south, east, north)


def _rectangle(west: float, south: float, east: float, north: float) -> Any:
    if (west, south) == (east, north):
        return shapely.Point(west, south)
    if west == east or south == north:
        return shapely.LineString([(west, south), (east, north)])
    return shapely.box(west, south, east, north)


def _polygon(rings: list[Any]) -> Any:
    for ring in rings:
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadQuery("filter: a ring has four positions or more, the last as the first")
    return shapely.Polygon(rings[0], rings[1:])


_BUILD: dict[str, Any] = {
    "Point": shapely.Point,
    "LineString": shapely.LineString,
    "Polygon": _polygon,
    "MultiPoint": lambda points: shapely.multipoints(np.array(points)),
    "MultiLineString": shapely.MultiLineString,
    "MultiPolygon": lambda parts: shapely.MultiPolygon([_polygon(rings) for rings in parts]),
}
