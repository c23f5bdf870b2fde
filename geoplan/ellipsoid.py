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
    geometries = np.asarray(geometries, dtype=object)
    areal = _of_dimension(geometries, 2)
    plane_area = np.nan_to_num(shapely.area(areal))
    start, end, owner = _ring_edges(areal)
    excess = _strip_excess(start, end, ellipsoid)
    return np.asarray(plane_area - np.bincount(owner, weights=excess, minlength=len(areal)))


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
    geometries = np.asarray(geometries, dtype=object)
    lineal = _of_dimension(geometries, 1)
    parts, owner_of_part = shapely.get_parts(lineal, return_index=True)
    start, end, part = _edges(parts)
    true_length = np.hypot(*(end - start).T) * _along(start, end, ellipsoid, _inverse_scale)
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
    inside = line[1:] == line[:-1]
    return points[:-1][inside], points[1:][inside], line[:-1][inside]


def _ring_edges(
    polygons: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return the edges of all rings, shells counter-clockwise and holes clockwise."""
    parts, owner_of_part = shapely.get_parts(polygons, return_index=True)
    rings, part_of_ring = shapely.get_rings(shapely.orient_polygons(parts), return_index=True)
    start, end, ring = _edges(rings)
    return start, end, owner_of_part[part_of_ring[ring]]


def _strip_excess(
    start: NDArray[np.float64], end: NDArray[np.float64], ellipsoid: Geod
) -> NDArray[np.float64]:
    """Return, for each edge, the plane area less the true area between it and the meridian."""
    return (end[:, 1] - start[:, 1]) * _along(start, end, ellipsoid, _easting_excess)


def _along(
    start: NDArray[np.float64], end: NDArray[np.float64], ellipsoid: Geod, integrand: Any
) -> NDArray[np.float64]:
    """Return the mean of ``integrand(x, R)`` along each edge.

    R is taken at the middle of the edge: it changes by 1e-9 of itself in a metre of northing,
    and what that does to the two halves of an edge cancels.
    """
    radius = _radius((start[:, 1] + end[:, 1]) / 2.0, ellipsoid)
    x, reach = start[:, 0] - FALSE_EASTING_M, end[:, 0] - start[:, 0]
    total = np.zeros(len(start))
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        total += weight * integrand(x + node * reach, radius)
    return total


def _easting_excess(x: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x less its true width, the integral of sech²: R tanh(x / R)."""
    return x - radius * np.tanh(x / radius)


def _inverse_scale(x: NDArray[np.float64], radius: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / k."""
    return 1.0 / np.cosh(x / radius)


def _radius(northing: NDArray[np.float64], ellipsoid: Geod) -> NDArray[np.float64]:
    """Return sqrt(ρν) at the footpoint latitude of a northing [m].

    The footpoint latitude is the meridian-arc series in the third flattening n, to n³.
    """
    n = ellipsoid.f / (2.0 - ellipsoid.f)
    rectifying = northing * (1.0 + n) / (ellipsoid.a * (1.0 + n * n / 4.0 + n**4 / 64.0))
    latitude = (
        rectifying
        + (1.5 * n - 27.0 / 32.0 * n**3) * np.sin(2.0 * rectifying)
        + 21.0 / 16.0 * n * n * np.sin(4.0 * rectifying)
        + 151.0 / 96.0 * n**3 * np.sin(6.0 * rectifying)
    )
    return ellipsoid.b / (1.0 - ellipsoid.es * np.sin(latitude) ** 2)
