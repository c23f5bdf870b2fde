"""Features cut along meridians, so that each part can be measured in a plane of its own.

An edge that crosses a meridian gets a vertex there: where the geodesic between its two ends
crosses. That place depends on the edge alone, not on a plane nor on who asks, so the parts of a
feature fit together, two features that share an edge share its cut, and a question asked the
other way round finds the same parts. The cut itself runs along the meridian, which is a curve in
every plane but its own: it is laid out in short steps.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import InvalidGeometry

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyproj import Geod

CUT_STEP_M = 50.0
"""Longest step along a cut [m]: its chord leaves the meridian by 1 µm, 3e-9 of 1 km² in area."""

_METRES_PER_DEGREE = 111_000.0  # of latitude; only the number of steps depends on it
_STEPS_AT_LEAST = 32
_DECIMALS = 11  # of a degree, a micrometre: edges that meet on a meridian meet after the cut too


def bent(geometries: NDArray[Any], meridians: Sequence[float], geod: Geod) -> NDArray[Any]:
    """Return geometries with a vertex wherever an edge crosses one of the meridians.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        In longitude and latitude [degrees]; less than 180° wide.
    meridians : sequence of float
        Longitudes [degrees].
    geod : pyproj.Geod
        Their ellipsoid.
    """

    def bend(x: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        edges, lons = [], []
        for meridian in meridians:
            crossed = np.flatnonzero((xs[:-1] - meridian) * (xs[1:] - meridian) < 0)
            edges.append(crossed)
            lons.append(np.full(len(crossed), meridian))
        edge, lon = np.concatenate(edges), np.concatenate(lons)
        ends = xs[edge], ys[edge], xs[edge + 1], ys[edge + 1]
        return _inserted(xs, ys, edge, lon, _latitudes_at(lon, *ends, geod=geod))

    return _each(bend, geometries)


def between(geometries: NDArray[Any], west: float, east: float) -> NDArray[Any]:
    """Return the parts of bent geometries from one meridian to the next, empty where none is.

    What lies on the eastern meridian itself belongs to the next part.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        With vertices at both meridians (`bent`).
    west, east : float
        Longitudes [degrees].

    Raises
    ------
    InvalidGeometry
        GEOS cannot cut a geometry, because in degrees its edges cross each other.
    """
    strip = shapely.box(west, -90.0, east, 90.0)
    border = shapely.LineString([(east, -90.0), (east, 90.0)])
    dimensions = shapely.get_dimensions(geometries)
    try:
        parts = np.asarray(shapely.intersection(geometries, strip), dtype=object)
        thin = dimensions < 2
        parts[thin] = shapely.difference(parts[thin], border)
    except shapely.GEOSException as error:
        raise InvalidGeometry(
            f"a feature that spans several zones cannot be cut at {west:g}° and {east:g}° "
            f"({error}): its edges cross when they are drawn in degrees; give it more vertices, "
            f"or cut it there yourself"
        ) from None
    return _each(_stepped(west, east), _of_own_dimension(parts, dimensions))


def _each(change: Any, geometries: NDArray[Any]) -> NDArray[Any]:
    changed = np.empty(len(geometries), dtype=object)
    for place, geometry in enumerate(geometries):
        changed[place] = geometry if geometry.is_empty else _with_coordinates(change, geometry)
    return changed


def _with_coordinates(change: Any, geometry: Any) -> Any:
    """Return a geometry with the coordinates of each of its lines and rings changed."""

    def changed(line: Any) -> NDArray[np.float64]:
        return np.column_stack(change(*shapely.get_coordinates(line).T))

    if shapely.get_num_geometries(geometry) != 1 or geometry.geom_type.startswith("Multi"):
        parts = [_with_coordinates(change, part) for part in shapely.get_parts(geometry)]
        return type(geometry)(parts)
    match shapely.get_dimensions(geometry):
        case 2:
            holes = [changed(hole) for hole in geometry.interiors]
            return shapely.Polygon(changed(geometry.exterior), holes)
        case 1:
            return shapely.LineString(changed(geometry))
        case _:
            return geometry


def _of_own_dimension(parts: NDArray[Any], dimensions: NDArray[np.int32]) -> NDArray[Any]:
    """Return what was cut out without the points and lines where it only touches the cut."""
    pure = parts.copy()
    odd = shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION
    odd |= shapely.get_dimensions(parts) != dimensions
    for place in np.flatnonzero(odd):
        singles = shapely.get_parts(parts[place])
        pure[place] = shapely.union_all(
            singles[shapely.get_dimensions(singles) == dimensions[place]]
        )
    return pure


def _stepped(west: float, east: float) -> Any:
    """Return a change of coordinates that lays out edges along two meridians in short steps."""

    def step(x: Any, y: Any) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        xs, ys = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        along = (xs[:-1] == xs[1:]) & ((xs[:-1] == west) | (xs[:-1] == east))
        edge = np.flatnonzero(along)
        reach = ys[edge + 1] - ys[edge]
        length = np.abs(reach) * _METRES_PER_DEGREE
        longest = np.clip(length / _STEPS_AT_LEAST, 1.0, CUT_STEP_M)
        count = np.maximum(np.ceil(length / longest), 1.0).astype(int)
        which = np.repeat(np.arange(len(edge)), count - 1)
        first = np.cumsum(count - 1) - (count - 1)
        share = (np.arange(len(which)) - first[which] + 1) / count[which]
        return _inserted(
            xs, ys, edge[which], xs[edge][which], ys[edge][which] + share * reach[which]
        )

    return step


def _inserted(
    xs: NDArray[np.float64],
    ys: NDArray[np.float64],
    edge: NDArray[np.intp],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return coordinates with points inserted into edges, in order along each edge."""
    away = np.hypot(lon - xs[edge], lat - ys[edge])
    order = np.lexsort((away, edge))
    places = edge[order] + 1
    return np.insert(xs, places, lon[order]), np.insert(ys, places, lat[order])


def _latitudes_at(
    lon: NDArray[np.float64],
    x0: NDArray[np.float64],
    y0: NDArray[np.float64],
    x1: NDArray[np.float64],
    y1: NDArray[np.float64],
    *,
    geod: Geod,
) -> NDArray[np.float64]:
    """Return where geodesics cross meridians [degrees], by the secant method along them."""
    if len(lon) == 0:
        return np.empty(0)
    azimuth, _, length = (np.asarray(part) for part in geod.inv(x0, y0, x1, y1))

    def place(distance: NDArray[np.float64]) -> tuple[Any, NDArray[np.float64]]:
        at_lon, at_lat, _ = geod.fwd(x0, y0, azimuth, distance)
        return np.asarray(at_lat), (np.asarray(at_lon) - lon + 180.0) % 360.0 - 180.0

    before, off_before = np.zeros(len(lon)), x0 - lon
    now = length * (lon - x0) / (x1 - x0)
    latitude, off = place(now)
    for _ in range(8):
        moved = np.abs(off - off_before) > 0
        slope = np.divide(now - before, off - off_before, out=np.zeros_like(off), where=moved)
        before, off_before, now = now, off, now - off * slope
        latitude, off = place(now)
    return np.asarray(np.round(latitude, _DECIMALS), dtype=float)
