"""Whether a point lies in an area, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.kernels.compiled import lean
from geoplan.kernels.flat import BLOCK
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    from geoplan.kernels.flat import Flat

OUTSIDE, INSIDE, ON_EDGE = 0, 1, -1
MISSED, CROSSED = 0, 1


@lean
def locate(x: float, y: float, areas: Flat, f: int) -> int:
    """Return 1 for a point inside feature `f`, 0 outside, -1 on its boundary.

    Counted are the edges that a ray to the east crosses; an edge holds its lower end.
    """
    box = areas.box
    if x < box[f, 0] or x > box[f, 2] or y < box[f, 1] or y > box[f, 3]:
        return OUTSIDE
    xy, blocks, block, ring, inside = areas.xy, areas.block_box, areas.block, areas.ring, False
    for r in range(areas.feature[f], areas.feature[f + 1]):
        for b in range(block[r], block[r + 1]):
            if blocks[b, 1] > y or blocks[b, 3] < y or blocks[b, 2] < x:
                continue
            first = ring[r] + (b - block[r]) * BLOCK
            for i in range(first, min(first + BLOCK, ring[r + 1] - 1)):
                met = crossed(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], x, y)
                if met == ON_EDGE:
                    return ON_EDGE
                inside = inside != (met == CROSSED)
    return INSIDE if inside else OUTSIDE


@lean
def crossed(ax: float, ay: float, bx: float, by: float, x: float, y: float) -> int:
    """Return 1 where a ray from a point to the east crosses an edge, -1 for a point on it, else 0.

    An edge holds its lower end.
    """
    if min(ay, by) > y or max(ay, by) < y or max(ax, bx) < x:
        return MISSED
    if ay == by:  # level, at the point's height
        return ON_EDGE if min(ax, bx) <= x else MISSED
    turn = side(ax, ay, bx, by, x, y)
    if turn == 0:
        return ON_EDGE
    return CROSSED if (ay > y) != (by > y) and (turn > 0) == (by > ay) else MISSED
