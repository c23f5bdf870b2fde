"""Marks on boundaries where others meet them, and how many others hide the boundary from there on.

Of two areas that run along the same edge the union has the edge once, or, where they lie on
either side of it, not at all; so what hides a boundary follows from what `turns` says lies
beside it, and every edge of a union is the boundary of one area that no other hides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.events import room
from geoplan.kernels.growth import longer, longer_floats, longer_ints
from geoplan.kernels.turns import AGAINST, IN, OUT, WITH
from geoplan.kernels.walk import meet, stops_room
from geoplan.kernels.within import OUTSIDE, locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat
    from geoplan.kernels.walk import Stops

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]


class Noted(NamedTuple):
    """Marks as pairs give them.

    Attributes
    ----------
    edge : ndarray of int, shape (m,)
        Where in the points of the layer the edge begins.
    along : ndarray of float, shape (m,)
        How far along it, 0 to 1.
    place : ndarray of float, shape (m, 2)
    change : ndarray of int, shape (m,)
        How many more hide the boundary from there on: 1, 0 or -1.
    ring : ndarray of int, shape (k,)
        Rings whose beginning is hidden, once for each that hides it.
    undecided : ndarray of int, shape (u,)
        Pairs that contradict themselves.
    """

    edge: Ints
    along: Floats
    place: Floats
    change: Ints
    ring: Ints
    undecided: Ints


class Marks(NamedTuple):
    """Marks in the order of the boundary.

    Attributes
    ----------
    first : ndarray of int, shape (points + 1,)
        Where the marks of the edge that begins in a point begin.
    along : ndarray of float, shape (m,)
    place : ndarray of float, shape (m, 2)
    hidden : ndarray of int, shape (m,)
        How many others hide the boundary from there on.
    base : ndarray of int, shape (rings,)
        How many hide it at the beginning of each ring.
    """

    first: Ints
    along: Floats
    place: Floats
    hidden: Ints
    base: Ints


class Clashes(NamedTuple):
    """Pairs of covers that contradict themselves, each under both.

    Attributes
    ----------
    first : ndarray of int, shape (covers + 1,)
        Where those of each cover begin.
    other : ndarray of int, shape (c,)
    """

    first: Ints
    other: Ints


@lean
def hides(lies: int, along: bool, against: bool) -> bool:
    """Tell whether what lies beside a boundary hides it.

    Parameters
    ----------
    along, against : bool
        Whether another's boundary does that runs the same way, and the other way.
    """
    return lies == IN or (along and lies == WITH) or (against and lies == AGAINST)


@lean
def note(
    mine: Flat, f: int, other: Flat, g: int, role: int, stops: Stops, number: int,
    found: Events, along: bool, against: bool, edge: Ints, share: Floats, place: Floats,
    change: Ints, count: int, ring: Ints, rings: int,
) -> tuple[int, int]:  # fmt: skip
    """Note what one area does to the boundary of another.

    A stop with the same on both its sides is left out, but where it is a touch from outside:
    there, rings of a union may come back to themselves.

    Returns
    -------
    tuple of int
        How many marks there are now, and how many hidden beginnings; -1 where a ring lies on
        the boundary of the other without a stop.
    """
    what, shares, places = found.what, found.along, found.place
    stop, order, begins, before, after = 0, stops.order, stops.first, stops.before, stops.after
    xy, part = mine.xy, mine.ring
    for r in range(mine.feature[f], mine.feature[f + 1]):
        begin = stop
        while stop < number and what[order[begins[stop]], 2 * role] == r:
            stop += 1
        if begin == stop:
            where = locate(xy[part[r], 0], xy[part[r], 1], other, g)
            if where < 0:
                return -1, -1
            hidden = where != OUTSIDE
        else:
            hidden = hides(before[begin], along, against)
        if hidden:
            ring[rings] = r
            rings += 1
        count = _note(
            what, shares, places, role, order, begins, before, after, begin, stop, along, against,
            edge, share, place, change, count,
        )  # fmt: skip
    return count, rings


# arrays one by one, not in their tuples: to hand a tuple on costs more than the work within
@lean
def _note(
    what: Ints, shares: Floats, places: Floats, role: int, order: Ints, begins: Ints,
    before: Ints, after: Ints, begin: int, end: int, along: bool, against: bool,
    edge: Ints, share: Floats, place: Floats, change: Ints, count: int,
) -> int:  # fmt: skip
    """Note the stops of a ring; return how many marks there are now."""
    for at in range(begin, end):
        if before[at] == after[at] and before[at] != OUT:
            continue
        event = order[begins[at]]
        edge[count], share[count] = what[event, 2 * role + 1], shares[event, role]
        place[count, 0], place[count, 1] = places[event, 0], places[event, 1]
        change[count] = hides(after[at], along, against) - hides(before[at], along, against)
        count += 1
    return count


@compiled
def noted(ours: Ints, theirs: Ints, areas: Flat) -> Noted:
    """Note what pairs of areas of one layer do to each other; of two alike the first shows.

    Parameters
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions; the first of a pair is the lower.
    """
    found, mine, other = room(), stops_room(), stops_room()
    edge, share, place = np.empty(1024, dtype=np.int64), np.empty(1024), np.empty((1024, 2))
    change, ring = np.empty(1024, dtype=np.int64), np.empty(1024, dtype=np.int64)
    undecided = np.empty(len(ours), dtype=np.int64)
    count, rings, lost = 0, 0, 0
    for at in range(len(ours)):
        f, g = ours[at], theirs[at]
        stops, others = meet(areas, f, areas, g, found, mine, other)
        while len(edge) < count + stops + others:
            edge, share, place = longer_ints(edge), longer_floats(share), longer(place)
            change = longer_ints(change)
        most = areas.feature[f + 1] - areas.feature[f] + areas.feature[g + 1] - areas.feature[g]
        while len(ring) < rings + most:
            ring = longer_ints(ring)
        made, held = -1, -1
        if stops >= 0:
            made, held = note(
                areas, f, areas, g, 0, mine, stops, found, False, True,
                edge, share, place, change, count, ring, rings,
            )  # fmt: skip
        if made >= 0:
            made, held = note(
                areas, g, areas, f, 1, other, others, found, True, True,
                edge, share, place, change, made, ring, held,
            )  # fmt: skip
        if made < 0:
            undecided[lost] = at
            lost += 1
            continue
        count, rings = made, held
    return Noted(
        edge[:count].copy(), share[:count].copy(), place[:count].copy(), change[:count].copy(),
        ring[:rings].copy(), undecided[:lost].copy(),
    )  # fmt: skip


@compiled
def in_order(by_pairs: Noted, areas: Flat, begin: int, end: int) -> Marks:
    """Put marks in the order of the boundary.

    Parameters
    ----------
    begin, end : int
        The rings that they are on; positions of points and rings count from the first of them.
    """
    edge, along, change = by_pairs.edge, by_pairs.along, by_pairs.change
    offset = areas.ring[begin]
    points = areas.ring[end] - offset
    first, count = np.zeros(points + 1, dtype=np.int64), len(edge)
    for at in range(count):
        first[edge[at] - offset + 1] += 1
    for point in range(points):
        first[point + 1] += first[point]
    free, order = first[:-1].copy(), np.empty(count, dtype=np.int64)
    for at in range(count):
        point = edge[at] - offset
        to = free[point]
        free[point] += 1
        while to > first[point] and along[order[to - 1]] > along[at]:
            order[to] = order[to - 1]
            to -= 1
        order[to] = at
    base, hidden = np.zeros(end - begin, dtype=np.int64), np.empty(count, dtype=np.int64)
    for ring in by_pairs.ring:
        base[ring - begin] += 1
    for r in range(begin, end):
        now = base[r - begin]
        for at in range(first[areas.ring[r] - offset], first[areas.ring[r + 1] - offset]):
            now += change[order[at]]
            hidden[at] = now
    return Marks(first, along[order], by_pairs.place[order], hidden, base)
