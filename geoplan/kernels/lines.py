"""What lines share with areas: the stretches inside, boundary included, or left to GEOS."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.areas import CUT, LEFT_INSIDE, NOTHING, UNDECIDED, Shares
from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.events import CROSSING, meetings, room
from geoplan.kernels.ground import REACH, around, length
from geoplan.kernels.growth import longer, longer_ints
from geoplan.kernels.turns import OUT
from geoplan.kernels.walk import find_stops, stops_room
from geoplan.kernels.within import OUTSIDE, locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat
    from geoplan.kernels.walk import Stops

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


_NEAR_M = 1e-8
"""A line that comes nearer to a vertex, or with one to a boundary, without touching is left to
GEOS: whether it runs along the boundary or beside it is a matter of last digits."""

_GRAZING = 1e-6
"""The sine of an angle between edges below which GEOS has to tell."""

_SHORT_M = 1e-8
"""A stretch that is shorter than a few last digits of a coordinate is left to GEOS."""


@compiled
def stretches(
    ours: Ints, theirs: Ints, lines: Flat, areas: Flat, ellipsoid: Floats, shapes: bool
) -> Shares:
    """Decide pairs of lines and areas.

    Parameters
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions of lines and of areas.
    shapes : bool
        Whether to give the points of the stretches.

    Returns
    -------
    Shares
        With lengths [m] for areas, and stretches for rings.
    """
    pairs = len(ours)
    state, size = np.zeros(pairs, dtype=np.int8), np.zeros(pairs)
    found, stops = room(), stops_room()
    xy, ring, count = np.empty((1024, 2)), np.zeros(257, dtype=np.int64), 0
    pair = np.empty(256, dtype=np.int64)
    for at in range(pairs):
        f, g = ours[at], theirs[at]
        number = _stops(lines, f, areas, g, found, stops)
        if number < 0:
            state[at] = UNDECIDED
            continue
        points = lines.ring[lines.feature[f + 1]] - lines.ring[lines.feature[f]]
        while xy.shape[0] < ring[count] + points + 2 * number + 2:
            xy = longer(xy)
        while len(pair) < count + number + lines.feature[f + 1] - lines.feature[f] + 1:
            ring, pair = longer_ints(ring), longer_ints(pair)
        made, total, whole = _take(
            lines, f, areas, g, found, stops, number, xy, ring, count, ellipsoid
        )
        if made < 0:
            state[at] = UNDECIDED
        elif whole:
            state[at] = LEFT_INSIDE
        elif 0.0 < total < _SHORT_M:
            state[at] = UNDECIDED
        elif total > 0.0:
            state[at], size[at] = CUT, total
            if shapes:
                for r in range(count, made):
                    pair[r] = at
                count = made
        else:
            state[at] = NOTHING
    return Shares(
        state, size, xy[: ring[count]].copy(), ring[: count + 1].copy(), pair[:count].copy(),
        np.ones(count, dtype=np.bool_), np.ones(pairs, dtype=np.bool_),
    )  # fmt: skip


@lean
def _stops(lines: Flat, f: int, areas: Flat, g: int, found: Events, stops: Stops) -> int:
    """Find the stops of a line; return how many there are, -1 where GEOS has to tell."""
    met = meetings(lines, f, areas, g, found, _NEAR_M)
    if met < 0 or _grazes(lines.xy, areas.xy, found.what, met):
        return -1
    return find_stops(lines, areas, found, met, 0, stops, False)


@lean
def _grazes(p: Floats, q: Floats, what: Ints, met: int) -> bool:
    """Tell whether a line crosses a boundary that it all but runs along.

    Where along it they cross, and so how much lies inside, is then a matter of last digits.
    """
    for event in range(met):
        if what[event, 4] != CROSSING:
            continue
        i, j = what[event, 1], what[event, 3]
        x, y = p[i + 1, 0] - p[i, 0], p[i + 1, 1] - p[i, 1]
        u, v = q[j + 1, 0] - q[j, 0], q[j + 1, 1] - q[j, 1]
        if abs(x * v - y * u) < _GRAZING * (abs(x) + abs(y)) * (abs(u) + abs(v)):
            return True
    return False


@lean
def _take(
    lines: Flat, f: int, areas: Flat, g: int, found: Events, stops: Stops, number: int,
    xy: Floats, ring: Ints, count: int, ellipsoid: Floats,
) -> tuple[int, float, bool]:  # fmt: skip
    """Write the stretches of a line that lie in an area.

    Returns
    -------
    count : int
        How many stretches there are now; -1 where stops do not agree.
    size : float
        Their length on the ellipsoid [m].
    whole : bool
        Whether they are all of the line.
    """
    what, along, place = found.what, found.along, found.place
    order, begins, before, after = stops.order, stops.first, stops.before, stops.after
    points, part = lines.xy, lines.ring
    stop, total, whole, made = 0, 0.0, True, count
    for r in range(lines.feature[f], lines.feature[f + 1]):
        first, last = part[r], part[r + 1] - 1
        event = order[begins[stop]] if stop < number else -1
        mine = event >= 0 and what[event, 0] == r
        at_start = mine and what[event, 1] == first and along[event, 0] == 0.0
        within = False
        if not at_start:
            where = locate(points[first, 0], points[first, 1], areas, g)
            if where < 0 and last > first:  # on the boundary without a stop: it cannot be
                return -1, 0.0, False
            within = where != OUTSIDE
        edge, at = first, ring[made]
        if within:
            xy[at, 0], xy[at, 1] = points[first, 0], points[first, 1]
            at += 1
        while True:
            mine = stop < number and what[order[begins[stop]], 0] == r
            event = order[begins[stop]] if mine else -1
            to = what[event, 1] if mine else last
            if within:
                for i in range(edge + 1, to + 1):
                    if i == to and mine and along[event, 0] == 0.0:
                        break
                    xy[at, 0], xy[at, 1] = points[i, 0], points[i, 1]
                    at += 1
            edge = to
            if not mine:
                break
            start = to == first and along[event, 0] == 0.0
            if not start and (before[stop] != OUT) != within:
                return -1, 0.0, False
            goes_on = after[stop] != OUT
            if within or goes_on:
                xy[at, 0], xy[at, 1] = place[event, 0], place[event, 1]
                at += 1
            if within and not goes_on:
                made, at = _close(xy, ring, made, at)
            if not goes_on or not (within or start):
                whole = False
            within = goes_on
            stop += 1
        if within:
            made, at = _close(xy, ring, made, at)
        else:
            whole = False
    near = (0.0, 0.0, 0.0)
    for r in range(count, made):
        near = around(xy[ring[r], 1], xy[ring[r], 1], ellipsoid)
        for i in range(ring[r], ring[r + 1] - 1):
            if abs(xy[i, 1] - near[0]) + abs(xy[i + 1, 1] - xy[i, 1]) > REACH:
                near = around(xy[i, 1], xy[i + 1, 1], ellipsoid)
            total += length(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], near)
    return made, total, whole and made > count


@lean
def _close(xy: Floats, ring: Ints, made: int, at: int) -> tuple[int, int]:
    """End a stretch, or forget it where it is a point; return how many, and where the next is."""
    begin = ring[made]
    for i in range(begin + 1, at):
        if xy[i, 0] != xy[begin, 0] or xy[i, 1] != xy[begin, 1]:
            ring[made + 1] = at
            return made + 1, at
    return made, begin
