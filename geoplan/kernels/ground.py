"""The edge integrals of `geoplan.ellipsoid`, compiled: the same formulas, edge by edge."""

from __future__ import annotations

from math import cos, hypot, sin, sqrt
from typing import TYPE_CHECKING

import numpy as np

from geoplan.ellipsoid import FALSE_EASTING_M
from geoplan.kernels.compiled import compiled

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

_LOW, _HIGH = 0.5 - sqrt(0.15), 0.5 + sqrt(0.15)
REACH = 10_000.0
"""Northings that are taken to be curved alike to first order [m]."""

_OUTER, _MIDDLE = 5.0 / 18.0, 8.0 / 18.0


def constants(ellipsoid: Geod) -> NDArray[np.float64]:
    """Return what the integrals need to know of an ellipsoid."""
    n = ellipsoid.f / (2.0 - ellipsoid.f)
    radius = ellipsoid.a * (1.0 + n * n / 4.0 + n**4 / 64.0) / (1.0 + n)
    return np.array([n, radius, ellipsoid.es, ellipsoid.b], dtype=np.float64)


@compiled
def around(low: float, high: float, ellipsoid: NDArray[np.float64]) -> tuple[float, float, float]:
    """Return how the ground is curved between two northings: where, how much, and its slope.

    Returns
    -------
    tuple of float
        A northing [m], 1 / R² there [1/m²], and by how much that changes [1/m² in a metre].
        To first order: over `REACH` the area changes by less than 1e-11 of itself for that.
    """
    middle = (low + high) / 2.0
    curved, slope = curvature(middle, ellipsoid)
    return middle, curved, slope


@compiled
def strip(x0: float, y0: float, x1: float, y1: float, near: tuple[float, float, float]) -> float:
    """Return the plane area less the true area between an edge and the meridian [m²].

    Parameters
    ----------
    near : tuple of float
        As of `around`, of a stretch of northings that the edge lies in.
    """
    rise = y1 - y0
    if rise == 0.0:
        return 0.0
    slope = near[2] * rise
    middle = near[1] + near[2] * ((y0 + y1) / 2.0 - near[0])
    x, reach = x0 - FALSE_EASTING_M, x1 - x0
    total = _OUTER * _easting_excess(x + _LOW * reach, middle + (_LOW - 0.5) * slope)
    total += _MIDDLE * _easting_excess(x + 0.5 * reach, middle)
    total += _OUTER * _easting_excess(x + _HIGH * reach, middle + (_HIGH - 0.5) * slope)
    return rise * total


@compiled
def length(x0: float, y0: float, x1: float, y1: float, near: tuple[float, float, float]) -> float:
    """Return the length of an edge on the ellipsoid [m]; `near` as of `strip`."""
    rise, reach, x = y1 - y0, x1 - x0, x0 - FALSE_EASTING_M
    slope = near[2] * rise
    middle = near[1] + near[2] * ((y0 + y1) / 2.0 - near[0])
    mean = _OUTER * _inverse_scale(x + _LOW * reach, middle + (_LOW - 0.5) * slope)
    mean += _MIDDLE * _inverse_scale(x + 0.5 * reach, middle)
    mean += _OUTER * _inverse_scale(x + _HIGH * reach, middle + (_HIGH - 0.5) * slope)
    return hypot(reach, rise) * mean


@compiled
def _inverse_scale(x: float, curved: float) -> float:
    square = x * x * curved
    return 1.0 - square * (0.5 - square * (5.0 / 24.0 - square * (61.0 / 720.0)))


@compiled
def _easting_excess(x: float, curved: float) -> float:
    square = x * x * curved
    return x * square * (1.0 / 3.0 - square * (2.0 / 15.0 - square * (17.0 / 315.0)))


@compiled
def curvature(northing: float, ellipsoid: NDArray[np.float64]) -> tuple[float, float]:
    """Return 1 / R² at the footpoint latitude of a northing [m], and its slope."""
    n, radius, es, b = ellipsoid[0], ellipsoid[1], ellipsoid[2], ellipsoid[3]
    double = northing * (2.0 / radius)
    sine, cosine = sin(double), cos(double)
    shift = 2.0 * sine * (
        (1.5 * n - 27.0 / 32.0 * n**3)
        + 21.0 / 16.0 * n * n * 2.0 * cosine
        + 151.0 / 96.0 * n**3 * (3.0 - 4.0 * sine * sine)
    )  # fmt: skip
    small = shift * shift
    twice = cosine * (1.0 - small / 2.0 + small * small / 24.0)
    twice -= sine * shift * (1.0 - small / 6.0 + small * small / 120.0)
    root = (1.0 - es * (1.0 - twice) / 2.0) / b
    slope = root * sine * (-2.0 * es / (b * radius))
    return root * root, slope
