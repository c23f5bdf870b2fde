"""Geometry from facts: circles of a published area, routes through places, corridors.

Every shape here is schematic: it says where a thing is known to be and how large it is said to
be, and no more. It is drawn in the measuring plane, its edges are cut to at most 1 km so that
they stay the straight lines of that plane, and it comes back in the CRS it is stored in.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import shapely

from geoplan.crs import MAX_OFFSET_DEG, MeasuringPlane, geographic, plane_at, reproject
from geoplan.errors import SourceInvalid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

MAX_EDGE_M = 999.0
"""Longest edge drawn [m]; a metre below 1 km, so that rounding cannot carry one beyond."""

MIN_CIRCLE_VERTICES = 64
"""A circle has at least so many."""

_LARGEST_RADIUS_M = 150_000.0
_PLACES_DEG, _PLACES_M = 10, 5  # a hundredth of a millimetre: the same file on every machine

Point = tuple[float, float]


def circle(crs: CRS, centre: Point, area_m2: float) -> shapely.Polygon:
    """Draw a regular polygon of a given area on the ellipsoid.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS of the centre and of the answer.
    centre : tuple of float
        x, y.
    area_m2 : float
        The area it shall have on the ellipsoid [m²], met to 1e-6.

    Raises
    ------
    SourceInvalid
        It is too large for one measuring plane.
    """
    plane = _plane(crs, [centre])
    middle = shapely.get_coordinates(plane.project(shapely.points([centre]), crs))[0]
    radius = math.sqrt(area_m2 / math.pi)
    if radius > _LARGEST_RADIUS_M:
        raise SourceInvalid(
            f"a circle of {area_m2 / 1e4:g} ha has a radius of {radius / 1e3:.0f} km; "
            f"one measuring plane takes {_LARGEST_RADIUS_M / 1e3:.0f} km"
        )
    count = max(MIN_CIRCLE_VERTICES, math.ceil(2.01 * math.pi * radius / MAX_EDGE_M))
    angle = np.linspace(0.0, 2.0 * math.pi, count, endpoint=False)
    ring = np.column_stack([np.cos(angle), np.sin(angle)])
    for _ in range(4):  # a polygon within the circle is too small, and the plane stretches
        polygon = shapely.polygons(middle + radius * ring)
        radius *= math.sqrt(area_m2 / float(plane.area_m2(np.array([polygon]))[0]))
    drawn: shapely.Polygon = _stored(polygon, plane, crs)
    return drawn


def route(crs: CRS, points: Sequence[Point]) -> shapely.LineString:
    """Draw a line through points in order, each leg straight in the measuring plane.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS of the points and of the answer.
    points : sequence of tuple
        x, y of each; at least two, neighbours apart.

    Raises
    ------
    SourceInvalid
        It is too wide for one measuring plane.
    """
    plane = _plane(crs, points)
    line = plane.project(np.array([shapely.linestrings(points)]), crs)[0]
    drawn: shapely.LineString = _stored(shapely.segmentize(line, MAX_EDGE_M), plane, crs)
    return drawn


def corridor(
    crs: CRS, course: shapely.LineString, half_width_m: float, ends: Literal["flat", "round"]
) -> shapely.Polygon:
    """Draw the strip within a distance of a course.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS of the course and of the answer.
    course : LineString
        The line in the middle of the strip.
    half_width_m : float
        From the course to either edge [m], in the measuring plane.
    ends : {"flat", "round"}
        Whether the strip ends square at the ends of the course, or goes round them.

    Raises
    ------
    SourceInvalid
        It is too wide for one measuring plane.
    """
    plane = _plane(crs, [(x, y) for x, y, *_ in course.coords])
    line = plane.project(np.array([course]), crs)[0]
    strip = line.buffer(half_width_m, cap_style=ends)
    drawn: shapely.Polygon = _stored(shapely.segmentize(strip, MAX_EDGE_M), plane, crs)
    return drawn


def measure(crs: CRS, geometry: shapely.Geometry) -> tuple[float | None, float | None]:
    """Return area [m²] and length [m] on the ellipsoid, each None where it has no meaning.

    Raises
    ------
    SourceInvalid
        The geometry is too wide for one measuring plane.
    """
    dimension = shapely.get_dimensions(geometry)
    if dimension not in (1, 2):
        return None, None
    xmin, ymin, xmax, ymax = shapely.bounds(geometry).tolist()
    plane = _plane(crs, [(xmin, ymin), (xmax, ymax)])
    projected = plane.project(np.array([geometry]), crs)
    if dimension == 2:
        return round(float(plane.area_m2(projected)[0]), 2), None
    return None, round(float(plane.length_m(projected)[0]), 2)


def _plane(crs: CRS, points: Sequence[Point]) -> MeasuringPlane:
    """Return the plane that measures near points, once it is sure that they fit it."""
    degrees = np.asarray(points, dtype=float)
    target = geographic(crs)
    if crs != target:
        degrees = shapely.get_coordinates(
            reproject(np.asarray(shapely.points(degrees)), crs, target)
        )
    if not np.isfinite(degrees).all():
        raise SourceInvalid(f"a position is not on the Earth: {list(points)}")
    (west, south), (east, north) = degrees.min(axis=0), degrees.max(axis=0)
    plane = plane_at(crs, (west + east) / 2.0, (south + north) / 2.0)
    if max(plane.meridian - west, east - plane.meridian) > MAX_OFFSET_DEG:
        raise SourceInvalid(
            f"it reaches from {west:.3f}° to {east:.3f}°, more than {MAX_OFFSET_DEG}° from the "
            f"meridian {plane.meridian:g}° that measures it: cut it into features of their own"
        )
    return plane


def _stored(geometry: Any, plane: MeasuringPlane, crs: CRS) -> Any:
    """Return a shape of the plane in the CRS it is stored in, rounded, and still valid."""
    back = reproject(np.array([geometry]), plane.crs, crs)[0]
    digits = _PLACES_DEG if crs.is_geographic else _PLACES_M

    def rounded(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.round(xy, digits)

    shape = shapely.transform(back, rounded)
    if not shapely.is_valid(shape):
        raise SourceInvalid(f"the shape is not valid: {shapely.is_valid_reason(shape)}")
    xmin, ymin, xmax, ymax = shape.bounds
    _plane(crs, [(xmin, ymin), (xmax, ymax)])
    return shape
