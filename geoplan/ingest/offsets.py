"""GCJ-02 and BD-09: the offsets of Chinese web maps, forward and inverted.

The algorithm is the public one, nowhere officially published. It is written here from its
description in two independent open implementations, googollee/eviltransform (MIT; itself
after https://on4wp7.codeplex.com changeset 21483) and wandergis/coordtransform (MIT), whose
published check pairs are in ``tests/ingest/test_offsets.py``. Implementations differ in the
semi-major axis, 6 378 137 m or 6 378 245 m (Krasovsky): about 1 cm of an offset of some 500 m.
We take Krasovsky's, as the squared eccentricity that all of them use is his, and as it
reproduces the published pairs of both to the last digit.

No parameter here is authoritative, and no accuracy has been published.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from geoplan.errors import InvalidGeometry

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

OffsetSystem = Literal["GCJ-02", "BD-09"]
"""The coordinate systems that are WGS 84 with an offset, and have no EPSG code."""

RECTANGLE = (72.004, 0.8293, 137.8347, 55.8271)
"""West, south, east, north [degrees] of the usual rectangle; outside it nothing is shifted."""

METHOD = "inverse by fixed-point iteration on the public forward algorithm, residual < 1e-10°"
"""How `without_offset` works, for a record of provenance."""

_A_M = 6378245.0
_E2 = 0.00669342162296594323
_BD_RADIANS = np.pi * 3000.0 / 180.0
_RESIDUAL_DEG = 1e-10
_ITERATIONS = 30


def with_offset(lonlat: NDArray[np.float64], system: OffsetSystem) -> NDArray[np.float64]:
    """Return WGS 84 positions as a web map in GCJ-02 or BD-09 would give them.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        Longitude and latitude [degrees] on WGS 84.
    system : {"GCJ-02", "BD-09"}
        The system wanted.

    Returns
    -------
    ndarray, shape (n, 2)
        Longitude and latitude [degrees] in that system; outside `RECTANGLE` unchanged.

    Examples
    --------
    >>> with_offset(np.array([[116.404, 39.915]]), "GCJ-02").round(6).tolist()
    [[116.410244, 39.916404]]
    """
    return np.where(shifted_there(lonlat)[:, None], _FORWARD[system](lonlat), lonlat)


def without_offset(lonlat: NDArray[np.float64], system: OffsetSystem) -> NDArray[np.float64]:
    """Return positions in GCJ-02 or BD-09 as WGS 84, inverted iteratively.

    Parameters
    ----------
    lonlat : ndarray, shape (n, 2)
        Longitude and latitude [degrees] in `system`.
    system : {"GCJ-02", "BD-09"}
        The system they are in.

    Returns
    -------
    ndarray, shape (n, 2)
        Longitude and latitude [degrees] on WGS 84; what lies outside `RECTANGLE` is unchanged.

    Raises
    ------
    InvalidGeometry
        The iteration does not converge, which no position inside the rectangle has shown.

    Notes
    -----
    x ← x - (F(x) - y), until F(x) is within 1e-10° of y. The derivative of the offset is
    below 0.01, so each round gains two digits or more.
    """
    forward = _FORWARD[system]
    inside = shifted_there(lonlat)
    given = lonlat[inside]
    found = given.copy()
    for _ in range(_ITERATIONS):
        miss = forward(found) - given
        if not (np.abs(miss) > _RESIDUAL_DEG).any():
            break
        found -= miss
    else:
        raise InvalidGeometry(f"the inverse of {system} does not converge: check the coordinates")
    result = lonlat.copy()
    result[inside] = found
    return result


def shifted_there(lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which positions, shape (n, 2) [degrees], lie where web maps are shifted."""
    west, south, east, north = RECTANGLE
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    return np.asarray((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))


def _gcj02(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return GCJ-02 of WGS 84, without regard to the rectangle."""
    x, y = lonlat[:, 0] - 105.0, lonlat[:, 1] - 35.0
    east_m, north_m = _offset_m(x, y)
    phi = np.radians(lonlat[:, 1])
    w2 = 1.0 - _E2 * np.sin(phi) ** 2
    prime_vertical_m = _A_M / np.sqrt(w2)
    meridian_m = _A_M * (1.0 - _E2) / (w2 * np.sqrt(w2))
    return np.column_stack(
        [
            lonlat[:, 0] + np.degrees(east_m / (prime_vertical_m * np.cos(phi))),
            lonlat[:, 1] + np.degrees(north_m / meridian_m),
        ]
    )


def _offset_m(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the offset east and north [m] at degrees from 105° E, 35° N."""
    root, product = np.sqrt(np.abs(x)), 0.1 * x * y

    common = _waves(x, ((20.0, 1.0 / 6.0), (20.0, 1.0 / 2.0)))
    east = 300.0 + x + 2.0 * y + 0.1 * x * x + product + 0.1 * root + common
    east += _waves(x, ((20.0, 1.0), (40.0, 3.0), (150.0, 12.0), (300.0, 30.0)))
    north = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + product + 0.2 * root + common
    north += _waves(y, ((20.0, 1.0), (40.0, 3.0), (160.0, 12.0), (320.0, 30.0)))
    return east, north


def _waves(
    degrees: NDArray[np.float64], terms: tuple[tuple[float, float], ...]
) -> NDArray[np.float64]:
    """Return 2/3 of a sum of sines, each a size [m] and half a period [degrees]."""
    total = np.zeros_like(degrees)
    for size_m, half_period in terms:
        total += size_m * np.sin(degrees * np.pi / half_period)
    return total * 2.0 / 3.0


def _bd09_of_gcj02(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD_RADIANS)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD_RADIANS)
    return np.column_stack([radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006])


def _bd09(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    return _bd09_of_gcj02(_gcj02(lonlat))


_FORWARD: dict[OffsetSystem, Callable[[NDArray[np.float64]], NDArray[np.float64]]] = {
    "GCJ-02": _gcj02,
    "BD-09": _bd09,
}
