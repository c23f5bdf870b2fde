"""Rings that are surely simple, so that nobody has to ask GEOS whether they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MOST_EDGES = 64
_FINITE = 1e300


@lean
def surely_simple(xy: NDArray[np.float64], first: int, last: int) -> bool:
    """Tell whether a ring surely neither meets itself nor runs back; False is no verdict.

    Parameters
    ----------
    xy : ndarray of float, shape (n, 2)
    first, last : int
        Its first point, and the one that closes it.
    """
    edges = last - first
    if edges < 3 or edges > _MOST_EDGES or xy[first, 0] != xy[last, 0]:
        return False
    if xy[first, 1] != xy[last, 1]:
        return False
    for i in range(first, last):
        ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
        if not (abs(ax) < _FINITE and abs(ay) < _FINITE) or (ax == bx and ay == by):
            return False
        after = i + 2 if i + 2 <= last else first + 1
        px, py = xy[after, 0], xy[after, 1]
        back = (ax - bx) * (px - bx) + (ay - by) * (py - by) > 0.0
        if back and side(ax, ay, bx, by, px, py) == 0:
            return False
        low_x, high_x, low_y, high_y = min(ax, bx), max(ax, bx), min(ay, by), max(ay, by)
        for j in range(i + 2, last if i > first else last - 1):
            cx, cy, dx, dy = xy[j, 0], xy[j, 1], xy[j + 1, 0], xy[j + 1, 1]
            if (
                min(cx, dx) > high_x or max(cx, dx) < low_x
                or min(cy, dy) > high_y or max(cy, dy) < low_y
            ):  # fmt: skip
                continue
            if side(cx, cy, dx, dy, ax, ay) * side(cx, cy, dx, dy, bx, by) > 0:
                continue
            if side(ax, ay, bx, by, cx, cy) * side(ax, ay, bx, by, dx, dy) > 0:
                continue
            return False
    return True


@compiled
def _each(xy: NDArray[np.float64], ring: NDArray[np.int64]) -> NDArray[np.bool_]:
    sure = np.empty(len(ring) - 1, dtype=np.bool_)
    for r in range(len(ring) - 1):
        sure[r] = surely_simple(xy, ring[r], ring[r + 1] - 1)
    return sure


def is_valid(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    """Tell which shapes are valid, as `shapely.is_valid` does: GEOS is asked where it is not plain.

    Plain is a polygon of one ring that is surely simple.
    """
    valid = np.zeros(len(shapes), dtype=bool)
    plain = np.flatnonzero(
        (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
        & (shapely.get_num_interior_rings(shapes) == 0)
    )
    rings = shapes[plain]
    begins = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(rings))])
    valid[plain] = _each(shapely.get_coordinates(rings), begins.astype(np.int64))
    rest = np.flatnonzero(~valid)
    valid[rest] = shapely.is_valid(shapes[rest])
    return valid
