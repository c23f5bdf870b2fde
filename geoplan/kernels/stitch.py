"""Joins pieces of boundaries into rings: where several lead on, the one that closes soonest.

A ring is cut off whenever it comes back to a node that it has passed, so that rings touch each
other in points and never themselves, as ISO 19125-1 wants it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.events import MOST
from geoplan.kernels.pieces import WHOLE
from geoplan.kernels.predicates import side

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.pieces import Pieces


class Stitching(NamedTuple):
    """Scratch of one thread.

    Attributes
    ----------
    used : ndarray of bool, shape (2 * MOST,)
        Pieces that are in a ring.
    path : ndarray of int, shape (2 * MOST,)
        Pieces of the ring in the making.
    """

    used: NDArray[np.bool_]
    path: NDArray[np.int64]


@compiled
def stitching_room() -> Stitching:
    """Return scratch for one thread."""
    return Stitching(np.empty(2 * MOST, dtype=np.bool_), np.empty(2 * MOST, dtype=np.int64))


@lean
def stitch(
    pieces: Pieces, count: int, work: Stitching, xy: NDArray[np.float64],
    ring: NDArray[np.int64], area: NDArray[np.float64], rings: int,
) -> int:  # fmt: skip
    """Add the rings of a pair.

    Parameters
    ----------
    xy, ring, area : ndarray
        Points of rings, where each begins, and their areas in the plane; with room enough.
    rings : int
        How many rings there are already.

    Returns
    -------
    int
        How many there are now; -1 where pieces lead nowhere.
    """
    work.used[:count] = False
    for start in range(count):
        if work.used[start]:
            continue
        work.used[start] = True
        if pieces.stop[start, 0] == WHOLE:
            work.path[0] = start
            rings = _close(pieces.xy, pieces.first, work.path, 0, 1, xy, ring, area, rings)
            continue
        work.path[0] = start
        length = 1
        while length > 0:
            node = pieces.stop[work.path[length - 1], 1]
            passed = -1
            for at in range(length):
                if pieces.stop[work.path[at], 0] == node:
                    passed = at
            if passed >= 0:
                rings = _close(
                    pieces.xy, pieces.first, work.path, passed, length, xy, ring, area, rings
                )
                length = passed
                continue
            following = _next(
                pieces.xy, pieces.first, pieces.stop, count, work.used, work.path[length - 1], node
            )
            if following < 0:
                return -1
            work.used[following] = True
            work.path[length] = following
            length += 1
    return rings


@lean
def _next(
    xy: NDArray[np.float64], begins: NDArray[np.int64], stop: NDArray[np.int64], count: int,
    used: NDArray[np.bool_], last: int, node: int,
) -> int:  # fmt: skip
    """Return the first unused piece clockwise from where the last one came; -1 for none."""
    best, best_half = -1, 0
    end = begins[last + 1] - 1
    x, y, back_x, back_y = xy[end, 0], xy[end, 1], xy[end - 1, 0], xy[end - 1, 1]
    for piece in range(count):
        if used[piece] or stop[piece, 0] != node:
            continue
        on = begins[piece] + 1
        turn = side(x, y, back_x, back_y, xy[on, 0], xy[on, 1])
        half = 1 if turn == 0 else (0 if turn < 0 else 2)
        if best < 0 or half < best_half:
            best, best_half = piece, half
        elif half == best_half:
            at = begins[best] + 1
            if side(x, y, xy[at, 0], xy[at, 1], xy[on, 0], xy[on, 1]) > 0:
                best = piece
    return best


@lean
def _close(
    points: NDArray[np.float64], begins: NDArray[np.int64], path: NDArray[np.int64],
    first: int, last: int, xy: NDArray[np.float64], ring: NDArray[np.int64],
    area: NDArray[np.float64], rings: int,
) -> int:  # fmt: skip
    """Write the pieces of a path from first on as one ring, without points twice in a row."""
    begin = ring[rings]
    at = begin
    for step in range(first, last):
        piece = path[step]
        for i in range(begins[piece], begins[piece + 1] - 1):
            x, y = points[i, 0], points[i, 1]
            if at == begin or x != xy[at - 1, 0] or y != xy[at - 1, 1]:
                xy[at, 0], xy[at, 1] = x, y
                at += 1
    while at - 1 > begin and xy[at - 1, 0] == xy[begin, 0] and xy[at - 1, 1] == xy[begin, 1]:
        at -= 1
    xy[at, 0], xy[at, 1] = xy[begin, 0], xy[begin, 1]
    at += 1
    twice, x, y = 0.0, xy[begin, 0], xy[begin, 1]
    for i in range(begin, at - 1):
        twice += (xy[i, 0] - x) * (xy[i + 1, 1] - y) - (xy[i + 1, 0] - x) * (xy[i, 1] - y)
    if at - begin < 4 or twice == 0.0:  # nothing lies in it
        return rings
    ring[rings + 1] = at
    area[rings] = 0.5 * twice
    return rings + 1
