"""Which shell each hole lies in, and rings in the order in which polygons are written."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.within import CROSSED, INSIDE, ON_EDGE, OUTSIDE, crossed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


@compiled
def nest(xy: Floats, ring: Ints, area: Floats, first: int, last: int) -> bool:
    """Put each hole after its shell.

    Parameters
    ----------
    xy, ring, area : ndarray
        Points of rings that touch each other in points at most, where each begins, and their
        areas, negative for holes.
    first, last : int
        The rings of one shape.

    Returns
    -------
    bool
        False where a hole lies in no shell.
    """
    count = last - first
    shell, order, at = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64), 0
    for r in range(count):
        shell[r] = r if area[first + r] > 0.0 else _shell(xy, ring, area, first, last, first + r)
        if shell[r] < 0:
            return False
    for r in range(count):
        if area[first + r] > 0.0:
            order[at] = r
            at += 1
            for hole in range(count):
                if hole != r and shell[hole] == r:
                    order[at] = hole
                    at += 1
    begins = ring[first : last + 1].copy()
    points, sizes = xy[begins[0] : begins[count]].copy(), area[first:last].copy()
    to = begins[0]
    for at in range(count):
        begin, end = begins[order[at]], begins[order[at] + 1]
        xy[to : to + end - begin] = points[begin - begins[0] : end - begins[0]]
        to += end - begin
        area[first + at], ring[first + at + 1] = sizes[order[at]], to
    return True


@lean
def _shell(xy: Floats, ring: Ints, area: Floats, first: int, last: int, hole: int) -> int:
    """Return the least ring that a hole lies in, counted from the first; -1 for none."""
    best = -1
    for r in range(first, last):
        if area[r] <= -area[hole] or (best >= 0 and area[r] >= area[first + best]):
            continue
        for point in range(ring[hole], ring[hole + 1] - 1):
            where = _in_ring(xy, ring[r], ring[r + 1] - 1, xy[point, 0], xy[point, 1])
            if where == INSIDE:
                best = r - first
            if where != ON_EDGE:  # a place where they touch does not tell
                break
    return best


@lean
def _in_ring(xy: Floats, first: int, last: int, x: float, y: float) -> int:
    """Return what `within.locate` does, for one ring."""
    inside = False
    for i in range(first, last):
        met = crossed(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], x, y)
        if met == ON_EDGE:
            return ON_EDGE
        inside = inside != (met == CROSSED)
    return INSIDE if inside else OUTSIDE
