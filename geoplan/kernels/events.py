"""Where the boundaries of two areas meet: crossings, and every touch of a vertex.

Each meeting is found once. A vertex counts as the beginning of its edge, so that of the two
edges that end in it only one tells. Kinds: `CROSSING` of two edges inside both; `VERTICES` that
coincide; `VERTEX_OF_ONE` inside an edge of the other; `VERTEX_OF_OTHER` inside an edge of one.
"""

from __future__ import annotations

from math import hypot
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, inlined, lean
from geoplan.kernels.flat import BLOCK
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.flat import Flat

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

CROSSING, VERTICES, VERTEX_OF_ONE, VERTEX_OF_OTHER = 1, 2, 3, 4
MOST = 4096
"""Meetings of one pair; a pair with more is not decided here."""

RING, EDGE, OTHER_RING, OTHER_EDGE, KIND, TURN = 0, 1, 2, 3, 4, 5
"""Columns of `Events.what`. `TURN` of a crossing: on which side of the other's edge the edge of
one begins, 1 left, -1 right."""


class Events(NamedTuple):
    """Room for the meetings of a pair.

    Attributes
    ----------
    what : ndarray of int, shape (MOST, 6)
        Ring and edge of one, ring and edge of the other, kind, turn.
    along : ndarray of float, shape (MOST, 2)
        How far along the edge of one, and of the other, 0 to 1; 0 at a vertex.
    place : ndarray of float, shape (MOST, 2)
        Where [m]; a vertex as it is, a crossing to the nearest float.
    """

    what: NDArray[np.int64]
    along: NDArray[np.float64]
    place: NDArray[np.float64]


@compiled
def room() -> Events:
    """Return room for the meetings of a pair."""
    return Events(np.empty((MOST, 6), dtype=np.int64), np.empty((MOST, 2)), np.empty((MOST, 2)))


@inlined
def meetings(one: Flat, f: int, other: Flat, g: int, found: Events, margin: float) -> int:
    """Find where the boundaries of feature `f` of one and `g` of the other meet.

    Parameters
    ----------
    margin : float
        How near a vertex may come to an edge that it does not touch [m]; 0 where it may as near
        as it likes.

    Returns
    -------
    int
        How many meetings; -1 where there are too many, or one comes too near.
    """
    west = max(one.box[f, 0], other.box[g, 0])
    south = max(one.box[f, 1], other.box[g, 1])
    east = min(one.box[f, 2], other.box[g, 2])
    north = min(one.box[f, 3], other.box[g, 3])
    # arrays by names of their own: to take one out of its tuple again and again costs more
    count, a, b = 0, one.block_box, other.block_box
    p, ring, block, rings = one.xy, one.ring, one.block, one.feature
    q, ring2, block2, rings2 = other.xy, other.ring, other.block, other.feature
    what, along, place = found.what, found.along, found.place
    for r in range(rings[f], rings[f + 1]):
        for k in range(block[r], block[r + 1]):
            if a[k, 0] > east or a[k, 2] < west or a[k, 1] > north or a[k, 3] < south:
                continue
            for s in range(rings2[g], rings2[g + 1]):
                for m in range(block2[s], block2[s + 1]):
                    if (
                        b[m, 0] > a[k, 2] or b[m, 2] < a[k, 0]
                        or b[m, 1] > a[k, 3] or b[m, 3] < a[k, 1]
                    ):  # fmt: skip
                        continue
                    i, j = (k - block[r]) * BLOCK, (m - block2[s]) * BLOCK
                    i += ring[r]
                    j += ring2[s]
                    count = _of_blocks(
                        p, r, i, min(i + BLOCK, ring[r + 1] - 1),
                        q, s, j, min(j + BLOCK, ring2[s + 1] - 1),
                        a[k, 0], a[k, 1], a[k, 2], a[k, 3],
                        what, along, place, count, margin,
                    )  # fmt: skip
                    if count < 0:
                        return -1
    return count


# arrays one by one, not in their tuples: to hand a tuple on costs more than the work within
@lean
def _of_blocks(
    p: Floats, r: int, i0: int, i1: int, q: Floats, s: int, j0: int, j1: int,
    west: float, south: float, east: float, north: float,
    what: Ints, along: Floats, place: Floats, count: int, margin: float,
) -> int:  # fmt: skip
    """Add the meetings of the edges i0 to i1 of p, in that box, with those j0 to j1 of q."""
    for j in range(j0, j1):
        cx, cy, dx, dy = q[j, 0], q[j, 1], q[j + 1, 0], q[j + 1, 1]
        low_x, high_x, low_y, high_y = min(cx, dx), max(cx, dx), min(cy, dy), max(cy, dy)
        if low_x > east or high_x < west or low_y > north or high_y < south:
            continue
        for i in range(i0, i1):
            ax, ay, bx, by = p[i, 0], p[i, 1], p[i + 1, 0], p[i + 1, 1]
            if (
                min(ax, bx) > high_x or max(ax, bx) < low_x
                or min(ay, by) > high_y or max(ay, by) < low_y
            ):  # fmt: skip
                continue
            if margin > 0.0 and (
                _misses(ax, ay, bx, by, cx, cy, margin)
                or _misses(ax, ay, bx, by, dx, dy, margin)
                or _misses(cx, cy, dx, dy, ax, ay, margin)
                or _misses(cx, cy, dx, dy, bx, by, margin)
            ):
                return -1
            begins, ends = side(cx, cy, dx, dy, ax, ay), side(cx, cy, dx, dy, bx, by)
            if begins == ends and begins != 0:
                continue
            starts, stops = side(ax, ay, bx, by, cx, cy), side(ax, ay, bx, by, dx, dy)
            if starts == stops and starts != 0:
                continue
            if count + 2 > MOST:
                return -1
            if begins * ends * starts * stops != 0:
                _cross(ax, ay, bx, by, cx, cy, dx, dy, along, place, count)
                _note(what, count, r, i, s, j, CROSSING, begins)
                count += 1
                continue
            if ax == cx and ay == cy:
                _at(along, place, count, 0.0, 0.0, ax, ay)
                _note(what, count, r, i, s, j, VERTICES, 0)
                count += 1
                continue
            if begins == 0 and _between(ax, ay, cx, cy, dx, dy):
                _at(along, place, count, 0.0, _share(ax, ay, cx, cy, dx, dy), ax, ay)
                _note(what, count, r, i, s, j, VERTEX_OF_ONE, 0)
                count += 1
            if starts == 0 and _between(cx, cy, ax, ay, bx, by):
                _at(along, place, count, _share(cx, cy, ax, ay, bx, by), 0.0, cx, cy)
                _note(what, count, r, i, s, j, VERTEX_OF_OTHER, 0)
                count += 1
    return count


@lean
def _misses(
    ax: float, ay: float, bx: float, by: float, px: float, py: float, margin: float
) -> bool:
    """Tell whether a point lies beside an edge, not on it, but nearer than a margin."""
    x, y = bx - ax, by - ay
    size = abs(x * (py - ay) - y * (px - ax))
    if size == 0.0 or size > margin * (abs(x) + abs(y)):
        return False
    along, whole = x * (px - ax) + y * (py - ay), x * x + y * y
    return -margin < along and along < whole * (1.0 + margin)


@lean
def _note(
    what: Ints, at: int, ring: int, edge: int, ring2: int, edge2: int, kind: int, turn: int
) -> None:
    what[at, 0], what[at, 1], what[at, 2] = ring, edge, ring2
    what[at, 3], what[at, 4], what[at, 5] = edge2, kind, turn


@lean
def _at(
    along: Floats, place: Floats, at: int, mine: float, theirs: float, x: float, y: float
) -> None:
    along[at, 0], along[at, 1] = mine, theirs
    place[at, 0], place[at, 1] = x, y


@lean
def _between(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> bool:
    """Tell whether a point on the line through a and b lies between them, and is neither."""
    if ax != bx:
        return min(ax, bx) < x < max(ax, bx)
    return min(ay, by) < y < max(ay, by)


@lean
def _share(x: float, y: float, ax: float, ay: float, bx: float, by: float) -> float:
    """Return how far along an edge a point on it lies, never quite at its ends."""
    share = hypot(x - ax, y - ay) / hypot(bx - ax, by - ay)
    return min(max(share, 1e-300), 1.0 - 1e-16)


@lean
def _cross(
    ax: float, ay: float, bx: float, by: float, cx: float, cy: float, dx: float, dy: float,
    along: Floats, place: Floats, at: int,
) -> None:  # fmt: skip
    """Work out where two edges cross, from the end that is nearer."""
    wide, high, wide2, high2 = bx - ax, by - ay, dx - cx, dy - cy
    begins = wide2 * (ay - cy) - high2 * (ax - cx)
    ends = wide2 * (by - cy) - high2 * (bx - cx)
    starts = wide * (cy - ay) - high * (cx - ax)
    stops = wide * (dy - ay) - high * (dx - ax)
    mine = abs(begins) / (abs(begins) + abs(ends)) if begins != 0.0 or ends != 0.0 else 0.5
    theirs = abs(starts) / (abs(starts) + abs(stops)) if starts != 0.0 or stops != 0.0 else 0.5
    if mine <= 0.5:
        x, y = ax + mine * wide, ay + mine * high
    else:
        x, y = bx - (1.0 - mine) * wide, by - (1.0 - mine) * high
    _at(
        along,
        place,
        at,
        min(max(mine, 1e-300), 1.0 - 1e-16),
        min(max(theirs, 1e-300), 1.0 - 1e-16),
        x,
        y,
    )
