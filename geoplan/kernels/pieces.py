"""The pieces of two boundaries that bound what the areas share, and how much that is."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.events import MOST
from geoplan.kernels.ground import REACH, around, strip
from geoplan.kernels.turns import IN, WITH
from geoplan.kernels.within import INSIDE, ON_EDGE, locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat
    from geoplan.kernels.walk import Stops

    Floats = NDArray[np.float64]

POINTS = 200_000
"""Points that the pieces of a pair may have together."""

WHOLE = -1
"""In place of its stops: a piece is a ring that meets nothing."""


class Pieces(NamedTuple):
    """Room for the pieces of a pair.

    Attributes
    ----------
    xy : ndarray of float, shape (POINTS, 2)
        Points of all pieces, both ends included.
    first : ndarray of int, shape (2 * MOST + 1,)
        Where each piece begins in `xy`.
    stop : ndarray of int, shape (2 * MOST, 2)
        The nodes at which each piece begins and ends, or `WHOLE`.
    """

    xy: NDArray[np.float64]
    first: NDArray[np.int64]
    stop: NDArray[np.int64]


@compiled
def pieces_room() -> Pieces:
    """Return room for the pieces of a pair."""
    return Pieces(
        np.empty((POINTS, 2)), np.zeros(2 * MOST + 1, dtype=np.int64),
        np.empty((2 * MOST, 2), dtype=np.int64),
    )  # fmt: skip


@lean
def take(
    mine: Flat, f: int, theirs: Flat, g: int, found: Events, stops: Stops, number: int,
    role: int, node: NDArray[np.int64], pieces: Pieces, count: int,
) -> tuple[int, int, int, float]:  # fmt: skip
    """Take the pieces of a boundary that lie in the other area, or along its boundary with it.

    Pieces that run with the boundary of the other belong to both; those of one are taken.

    Parameters
    ----------
    node : ndarray of int
        The node of each stop.
    count : int
        How many pieces there are already.

    Returns
    -------
    count : int
        How many there are now; -1 where that is too many, or where a ring lies on the boundary.
    within, left : int
        How many pieces of this boundary lie in the other, and how many neither in it nor along
        its boundary with it.
    size : float
        Of the rings that were taken whole, on the ellipsoid [m²].
    """
    within, left, size, stop = 0, 0, 0.0, 0
    edge = 2 * role + 1
    what, along, place = found.what, found.along, found.place
    order, begins, after = stops.order, stops.first, stops.after
    ring, points, first_point, ends = mine.ring, mine.xy, pieces.first, pieces.stop
    for r in range(mine.feature[f], mine.feature[f + 1]):
        begin = stop
        while stop < number and what[order[begins[stop]], 2 * role] == r:
            stop += 1
        if begin == stop:
            first = ring[r]
            where = locate(points[first, 0], points[first, 1], theirs, g)
            if where == ON_EDGE:
                return -1, 0, 0, 0.0
            if where != INSIDE:
                left += 1
                continue
            within += 1
            size += mine.ring_size[r]
            count = _whole(mine, r, pieces, count)
            if count < 0:
                return -1, 0, 0, 0.0
        for at in range(begin, stop):
            lies = after[at]
            if lies != IN and lies != WITH:
                left += 1
                continue
            within += 1 if lies == IN else 0
            if lies == IN or role == 0:
                to = at + 1 if at + 1 < stop else begin
                here, there = order[begins[at]], order[begins[to]]
                first, last, end = ring[r], ring[r + 1] - 1, first_point[count]
                if end + last - first + 2 > POINTS or count + 1 >= 2 * MOST:
                    return -1, 0, 0, 0.0
                first_point[count + 1] = _stretch(
                    points, first, last, what[here, edge], along[here, role],
                    what[there, edge], along[there, role], place, here, there, pieces.xy, end,
                )  # fmt: skip
                ends[count, 0], ends[count, 1] = node[at], node[to]
                count += 1
    return count, within, left, size


@lean
def _whole(mine: Flat, r: int, pieces: Pieces, count: int) -> int:
    """Add a ring as a piece that ends where it begins."""
    at, first, last = pieces.first[count], mine.ring[r], mine.ring[r + 1]
    if at + last - first > POINTS or count + 1 >= 2 * MOST:
        return -1
    for i in range(first, last):
        pieces.xy[at + i - first, 0], pieces.xy[at + i - first, 1] = mine.xy[i, 0], mine.xy[i, 1]
    pieces.first[count + 1] = at + last - first
    pieces.stop[count, 0] = pieces.stop[count, 1] = WHOLE
    return count + 1


@lean
def _stretch(
    ring: Floats, first: int, last: int, edge: int, t: float, final: int, u: float,
    place: Floats, here: int, there: int, xy: Floats, at: int,
) -> int:  # fmt: skip
    """Write the points of a ring from one stop to another, round its end where it has to.

    Parameters
    ----------
    edge, t, final, u : int, float, int, float
        On which edge of the ring, which has the points `first` to `last`, and how far along it
        the stretch begins and ends.
    """
    xy[at, 0], xy[at, 1] = place[here, 0], place[here, 1]
    at += 1
    if edge != final or u <= t:
        while True:
            edge = edge + 1 if edge + 1 < last else first
            if edge == final and u == 0.0:
                break
            xy[at, 0], xy[at, 1] = ring[edge, 0], ring[edge, 1]
            at += 1
            if edge == final:
                break
    xy[at, 0], xy[at, 1] = place[there, 0], place[there, 1]
    return at + 1


@lean
def measure(
    pieces: Pieces, count: int, ellipsoid: NDArray[np.float64]
) -> tuple[float, float, float]:
    """Return the area that stretches bound [m²], the sum of its terms, and their length [m].

    Rings that were taken whole are left out: their sizes are known.
    """
    size, spread, length, started = 0.0, 0.0, 0.0, False
    xy, begins, stop = pieces.xy, pieces.first, pieces.stop
    x = y = 0.0
    near = (0.0, 0.0, 0.0)
    for piece in range(count):
        if stop[piece, 0] == WHOLE:
            continue
        if not started:  # near a place of it no large numbers cancel
            x, y, started = xy[begins[piece], 0], xy[begins[piece], 1], True
            near = around(y, y, ellipsoid)
        for i in range(begins[piece], begins[piece + 1] - 1):
            ax, ay, bx, by = xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1]
            term = 0.5 * ((ax - x) * (by - y) - (bx - x) * (ay - y))
            if abs(ay - near[0]) + abs(by - ay) > REACH:
                near = around(ay, by, ellipsoid)
            term -= strip(ax, ay, bx, by, near)
            size += term
            spread += abs(term)
            length += abs(bx - ax) + abs(by - ay)
    return size, spread, length
