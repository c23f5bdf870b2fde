"""Areas and lengths on the ellipsoid, from coordinates in a Gauss-Krüger plane.

A transverse Mercator plane with k0 = 1 is conformal: at distance x from its meridian a length
is stretched by k = cosh(x / R) and an area by k², R² = ρν being the product of the two radii of
curvature at the latitude of the same northing (the footpoint). So the true area of a ring is
the integral of sech²(x / R) over the plane, which Green's theorem turns into one around its
edges, and the true length of an edge is the integral of sech(x / R) along it. What the sphere
of radius R leaves out is of the order e² (x / R)⁴: below 3e-9 at 1.6° from the meridian.

Edges are the straight lines of the plane: that is what "edge" means in geoplan, and it makes
the parts of a divided area add up to the whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

FALSE_EASTING_M = 500_000.0
"""Easting of the meridian in every plane that geoplan measures in."""

_AT_ONCE = 4_000  # geometries: so that their edges stay in the processor's cache

# Three-point Gauss-Legendre on 0..1: exact to the fifth degree, and the integrands are smooth.
_NODES = np.array([0.5 - np.sqrt(0.15), 0.5, 0.5 + np.sqrt(0.15)])
_WEIGHTS = np.array([5.0, 8.0, 5.0]) / 18.0


def area_m2(geometries: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    """Return the area of polygons on the ellipsoid.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        Valid (multi)polygons in a Gauss-Krüger plane [m]; null and other types count as 0.
    ellipsoid : pyproj.Geod
        The ellipsoid of the plane.

    Returns
    -------
    ndarray of float, shape (n,)
        Areas [m²].
    """
    return _by_chunks(_area_m2, geometries, ellipsoid)


def length_m(geometries: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    """Return the length of lines on the ellipsoid.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        (Multi)linestrings in a Gauss-Krüger plane [m]; null and other types count as 0.
    ellipsoid : pyproj.Geod
        The ellipsoid of the plane.

    Returns
    -------
    ndarray of float, shape (n,)
        Lengths [m].
    """
    return _by_chunks(_length_m, geometries, ellipsoid)


def edge_length_m(
    start: NDArray[np.float64], end: NDArray[np.float64], ellipsoid: Geod
) -> NDArray[np.float64]:
    """Return the length on the ellipsoid of the straight edges between points of a plane.

    Parameters
    ----------
    start, end : ndarray of float, shape (n, 2)
        Points in a Gauss-Krüger plane [m].
    ellipsoid : pyproj.Geod
        The ellipsoid of the plane.

    Returns
    -------
    ndarray of float, shape (n,)
        Lengths [m].
    """
    return np.asarray(np.hypot(*(end - start).T) * _along(start, end, ellipsoid, _inverse_scale))


def scale(points: NDArray[np.float64], ellipsoid: Geod) -> NDArray[np.float64]:
    """Return by how much a plane stretches lengths at its points, shape (n, 2); 1 or more."""
    x = points[:, 0] - FALSE_EASTING_M
    curvature, _ = _curvature(points[:, 1], ellipsoid)
    return np.asarray(1.0 / _inverse_scale(x, curvature))


def _by_chunks(measure: Any, geometries: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    geometries = np.asarray(geometries, dtype=object)
    measured = np.zeros(len(geometries))
    for start in range(0, len(geometries), _AT_ONCE):
        chunk = slice(start, start + _AT_ONCE)
        measured[chunk] = measure(geometries[chunk], ellipsoid)
    return measured


def _area_m2(geometries: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    areal = _of_dimension(geometries, 2)
    excess = np.zeros(len(areal))
    simple = shapely.get_type_id(areal) == shapely.GeometryType.POLYGON
    simple &= shapely.get_num_interior_rings(areal) == 0
    places = np.flatnonzero(simple)
    # the coordinates of a polygon without holes are those of its one ring
    excess[places] = _ring_excess(areal[places], ellipsoid)
    others = np.flatnonzero(~simple & ~shapely.is_missing(areal))
    if len(others):
        parts, owner_of_part = shapely.get_parts(areal[others], return_index=True)
        rings, part_of_ring = shapely.get_rings(parts, return_index=True)
        is_hole = np.r_[False, part_of_ring[1:] == part_of_ring[:-1]][: len(rings)]
        signed = np.where(is_hole, -1.0, 1.0) * _ring_excess(rings, ellipsoid)
        excess[others] = np.bincount(
            owner_of_part[part_of_ring], weights=signed, minlength=len(others)
        )
    return np.asarray(np.nan_to_num(shapely.area(areal)) - excess)


def _length_m(geometries: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    lineal = _of_dimension(geometries, 1)
    parts, owner_of_part = shapely.get_parts(lineal, return_index=True)
    start, end, part = _edges(parts)
    true_length = edge_length_m(start, end, ellipsoid)
    return np.asarray(
        np.bincount(owner_of_part[part], weights=true_length, minlength=len(lineal)), dtype=float
    )


def _of_dimension(geometries: NDArray[Any], dimension: int) -> NDArray[Any]:
    """Return the geometries of one dimension, null in the place of others."""
    chosen = geometries.copy()
    chosen[shapely.get_dimensions(geometries) != dimension] = None
    return chosen


def _edges(
    lines: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return start and end points, shape (m, 2), of all edges and the line each belongs to."""
    points, line = shapely.get_coordinates(lines, return_index=True)
    inside = np.flatnonzero(line[1:] == line[:-1])
    return points[inside], points[inside + 1], line[inside]


def _ring_excess(rings: NDArray[Any], ellipsoid: Geod) -> NDArray[np.float64]:
    """Return the plane area less the true area inside rings, whichever way they turn."""
    start, end, ring = _edges(rings)
    strip = strip_excess_m2(start, end, ellipsoid)
    # shoelace about the first point, so that no large numbers cancel
    count = len(rings)
    edges = np.bincount(ring, minlength=count)
    places = np.minimum(np.cumsum(edges) - edges, max(len(ring) - 1, 0))
    x, y = np.repeat(start[places], edges, axis=0).T if len(ring) else start.T
    turn = (start[:, 0] - x) * (end[:, 1] - y) - (end[:, 0] - x) * (start[:, 1] - y)
    way = np.sign(np.bincount(ring, weights=turn, minlength=count))
    return np.asarray(way * np.bincount(ring, weights=strip, minlength=count))


def strip_excess_m2(
    start: NDArray[np.float64], end: NDArray[np.float64], ellipsoid: Geod
) -> NDArray[np.float64]:
    """Return, for each edge, the plane area less the true area between it and the meridian.

    Parameters
    ----------
    start, end : ndarray of float, shape (n, 2)
        Ends of the edges in a Gauss-Krüger plane [m].
    ellipsoid : pyproj.Geod
        The ellipsoid of the plane.

    Returns
    -------
    ndarray of float, shape (n,)
        [m²]; negative where an edge runs south on the east of the meridian.
    """
    return (end[:, 1] - start[:, 1]) * _along(start, end, ellipsoid, _easting_excess)


def _along(
    start: NDArray[np.float64], end: NDArray[np.float64], ellipsoid: Geod, integrand: Any
) -> NDArray[np.float64]:
    """Return the mean of ``integrand(x, 1 / R²)`` along each edge.

    1 / R² is taken to first order along the edge: it changes by 1e-9 of itself in a metre of
    northing, and without that the parts of an edge of some kilometres would not add up to it.
    """
    reach, rise = (end - start).T
    middle, slope = _curvature((start[:, 1] + end[:, 1]) / 2.0, ellipsoid)
    x, slope = start[:, 0] - FALSE_EASTING_M, slope * rise
    total = np.zeros(len(start))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * integrand(x + node * reach, middle + (node - 0.5) * slope)
    return total


def _easting_excess(x: NDArray[np.float64], curvature: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x less its true width, the integral of sech²: x - R tanh(x / R), to (x / R)⁷."""
    square = x * x * curvature
    return x * square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0)))


def _inverse_scale(x: NDArray[np.float64], curvature: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / k, sech(x / R) to (x / R)⁶."""
    square = x * x * curvature
    return 1.0 - square * (0.5 - square * (5.0 / 24.0 - square * (61.0 / 720.0)))


def _curvature(
    northing: NDArray[np.float64], ellipsoid: Geod
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return 1 / R² = 1 / ρν at the footpoint latitude of a northing [m], and its slope.

    The footpoint latitude is the meridian-arc series in the third flattening n, to n³; multiple
    angles are built from one sine and one cosine, because sines are what takes time.
    """
    n = ellipsoid.f / (2.0 - ellipsoid.f)
    radius = ellipsoid.a * (1.0 + n * n / 4.0 + n**4 / 64.0) / (1.0 + n)
    double = northing * (2.0 / radius)
    sine, cosine = np.sin(double), np.cos(double)
    shift = (
        2.0
        * sine
        * (
            (1.5 * n - 27.0 / 32.0 * n**3)
            + 21.0 / 16.0 * n * n * 2.0 * cosine
            + 151.0 / 96.0 * n**3 * (3.0 - 4.0 * sine * sine)
        )
    )
    # the cosine of twice the latitude, whose difference from `double` is below 0.006
    small = shift * shift
    twice = cosine * (1.0 - small / 2.0 + small * small / 24.0)
    twice -= sine * shift * (1.0 - small / 6.0 + small * small / 120.0)
    root = (1.0 - ellipsoid.es * (1.0 - twice) / 2.0) / ellipsoid.b
    # the slope to a hundredth of itself: at the footpoint both factors are that near
    slope = root * sine * (-2.0 * ellipsoid.es / (ellipsoid.b * radius))
    return root * root, slope
