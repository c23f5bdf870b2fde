"""Whether a point lies in an area, exactly."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.kernels.compiled import lean
from geoplan.kernels.flat import BLOCK
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    from geoplan.kernels.flat import Flat

OUTSIDE, INSIDE, ON_EDGE = 0, 1, -1


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
                ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
                if min(ay, by) > y or max(ay, by) < y or max(ax, bx) < x:
                    continue
                if ay == by:  # level, at the point's height
                    if min(ax, bx) <= x:
                        return ON_EDGE
                    continue
                turn = side(ax, ay, bx, by, x, y)
                if turn == 0:
                    return ON_EDGE
                if (ay > y) != (by > y) and (turn > 0) == (by > ay):
                    inside = not inside
    return INSIDE if inside else OUTSIDE
