"""What lies beside a boundary where it meets another: the other's ground, or its boundary.

At a place where boundaries of the other area pass, its rays there part the plane into wedges.
From a direction, the first ray clockwise tells: ground lies to the left of a boundary, so a ray
that leads away has it between itself and the direction, one that comes in has not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.kernels.compiled import lean
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

OUT, IN, WITH, AGAINST = 0, 1, 2, 3
"""Beside a piece of boundary: none of the other's ground; ground on both sides; the piece runs
along the other's boundary, the same way or the other way."""


@lean
def beside(
    x: float, y: float, to_x: float, to_y: float, rays: NDArray[np.float64], count: int, leads: bool
) -> int:
    """Return what lies in a direction from a place.

    Parameters
    ----------
    to_x, to_y : float
        A point in that direction, as exact as the place.
    rays : ndarray of float, shape (n, 3)
        x, y of a point on each ray of the other area, and 1 where the ray leads away, 0 where
        it comes in.
    count : int
        How many rays there are.
    leads : bool
        Whether the boundary leads away in that direction; else it comes from there.
    """
    best, best_half = -1, 0
    for at in range(count):
        rx, ry = rays[at, 0], rays[at, 1]
        turn = side(x, y, to_x, to_y, rx, ry)
        if turn == 0:
            if _same_way(x, y, to_x, to_y, rx, ry):
                return WITH if (rays[at, 2] == 1.0) == leads else AGAINST
            half = 1
        else:
            half = 0 if turn < 0 else 2
        if best < 0 or half < best_half:
            best, best_half = at, half
        elif half == best_half and side(x, y, rays[best, 0], rays[best, 1], rx, ry) > 0:
            best = at
    return IN if rays[best, 2] == 1.0 else OUT


@lean
def _same_way(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Tell whether two points in line with a place lie on the same side of it."""
    if ax != x:
        return (ax > x) == (bx > x)
    return (ay > y) == (by > y)
