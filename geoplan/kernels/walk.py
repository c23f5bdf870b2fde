"""Walks along the boundary of one area past all its meetings with another, and tells its pieces.

At every meeting the exact predicates say what lies before it and after it, each on its own;
a piece is believed only where the meeting at its beginning and that at its end agree. Where they
do not (crossings nearer to each other than floats can order) the pair is left to GEOS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, inlined, lean
from geoplan.kernels.events import (
    CROSSING,
    MOST,
    VERTEX_OF_ONE,
    VERTEX_OF_OTHER,
    VERTICES,
    meetings,
)
from geoplan.kernels.turns import IN, OUT, beside

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat

MOST_RAYS = 64


class Stops(NamedTuple):
    """Room for the places of one boundary where it meets the other, in their order.

    Attributes
    ----------
    order : ndarray of int, shape (MOST,)
        Meetings along the boundary.
    first : ndarray of int, shape (MOST + 1,)
        Where each stop begins in `order`; meetings at one place are one stop.
    before, after : ndarray of int, shape (MOST,)
        What lies beside the boundary on the way there and from there on (`turns`).
    of : ndarray of int, shape (MOST,)
        The stop of each meeting.
    rays : ndarray of float, shape (MOST_RAYS, 3)
        Scratch.
    """

    order: NDArray[np.int64]
    first: NDArray[np.int64]
    before: NDArray[np.int64]
    after: NDArray[np.int64]
    of: NDArray[np.int64]
    rays: NDArray[np.float64]


@compiled
def stops_room() -> Stops:
    """Return room for the stops of one boundary."""
    return Stops(
        np.empty(MOST, dtype=np.int64), np.empty(MOST + 1, dtype=np.int64),
        np.empty(MOST, dtype=np.int64), np.empty(MOST, dtype=np.int64),
        np.empty(MOST, dtype=np.int64), np.empty((MOST_RAYS, 3)),
    )  # fmt: skip


@lean
def meet(
    one: Flat, f: int, other: Flat, g: int, found: Events, mine: Stops, theirs: Stops
) -> tuple[int, int]:
    """Find the stops of both boundaries; return how many each has, -1 where they contradict."""
    met = meetings(one, f, other, g, found, 0.0)
    if met <= 0:
        return met, met
    stops = find_stops(one, other, found, met, 0, mine, True)
    others = find_stops(other, one, found, met, 1, theirs, True)
    return (stops, others) if stops >= 0 and others >= 0 else (-1, -1)


@inlined
def find_stops(
    mine: Flat, theirs: Flat, found: Events, count: int, role: int, stops: Stops, closed: bool
) -> int:
    """Order the meetings along a boundary and tell what lies around each.

    Parameters
    ----------
    role : int
        0 for the boundary of one, 1 for that of the other.
    closed : bool
        Whether it is of rings; how far an open line agrees, who walks along it finds out.

    Returns
    -------
    int
        How many stops; -1 where they do not agree with each other.
    """
    what, along, place = found.what, found.along, found.place
    order, first, before, after, of = (
        stops.order, stops.first, stops.before, stops.after, stops.of,
    )  # fmt: skip
    _sort(what, along, count, role, order)
    ring, edge = 2 * role, 2 * role + 1
    number = 0
    for at in range(count):
        event = order[at]
        if at > 0:
            last = order[at - 1]
            if what[event, ring] == what[last, ring] and what[event, edge] == what[last, edge]:
                here = along[event, role] == along[last, role]
                same = place[event, 0] == place[last, 0] and place[event, 1] == place[last, 1]
                crosses = what[event, 4] == CROSSING or what[last, 4] == CROSSING
                if here and crosses:
                    return -1
                if not crosses and same:
                    of[event] = number - 1
                    continue
        first[number] = at
        of[event] = number
        number += 1
    first[number] = count
    for stop in range(number):
        event = order[first[stop]]
        if what[event, 4] == CROSSING:
            # the other's ground is to the left of its edge: one that begins there is in it
            on_left = what[event, 5] > 0 if role == 0 else what[event, 5] < 0
            before[stop] = IN if on_left else OUT
            after[stop] = OUT if on_left else IN
        elif not _look(mine, theirs, found, role, stops, stop):
            return -1
    if closed and not _agree(what, role, order, first, before, after, number):
        return -1
    return number


@lean
def _sort(
    what: NDArray[np.int64], along: NDArray[np.float64], count: int, role: int,
    order: NDArray[np.int64],
) -> None:  # fmt: skip
    """Sort meetings by ring, edge and way along it: few, so by insertion."""
    ring, edge = 2 * role, 2 * role + 1
    for at in range(count):
        r, e, t = what[at, ring], what[at, edge], along[at, role]
        to = at
        while to > 0:
            last = order[to - 1]
            r0, e0 = what[last, ring], what[last, edge]
            if r0 < r or (r0 == r and (e0 < e or (e0 == e and along[last, role] <= t))):
                break
            order[to] = last
            to -= 1
        order[to] = at


@inlined
def _look(mine: Flat, theirs: Flat, found: Events, role: int, stops: Stops, stop: int) -> bool:
    """Tell what lies before and after a stop at a vertex; False where too much meets there."""
    what = found.what
    event = stops.order[stops.first[stop]]
    rays, count = stops.rays, 0
    for at in range(stops.first[stop], stops.first[stop + 1]):
        if count + 2 > MOST_RAYS:
            return False
        other = stops.order[at]
        ring, edge, kind = what[other, 2 - 2 * role], what[other, 3 - 2 * role], what[other, 4]
        inside_edge = kind == (VERTEX_OF_ONE if role == 0 else VERTEX_OF_OTHER)
        xy, first, last = theirs.xy, theirs.ring[ring], theirs.ring[ring + 1] - 1
        comes = edge if inside_edge else (edge - 1 if edge > first else last - 1)
        rays[count, 0], rays[count, 1], rays[count, 2] = xy[comes, 0], xy[comes, 1], 0.0
        rays[count + 1, 0], rays[count + 1, 1] = xy[edge + 1, 0], xy[edge + 1, 1]
        rays[count + 1, 2] = 1.0
        count += 2
    ring, edge, kind = what[event, 2 * role], what[event, 2 * role + 1], what[event, 4]
    at_vertex = kind == VERTICES or kind == (VERTEX_OF_ONE if role == 0 else VERTEX_OF_OTHER)
    xy, first, last = mine.xy, mine.ring[ring], mine.ring[ring + 1] - 1
    back = edge if not at_vertex else (edge - 1 if edge > first else last - 1)
    x, y = found.place[event, 0], found.place[event, 1]
    stops.before[stop] = beside(x, y, xy[back, 0], xy[back, 1], rays, count, False)
    stops.after[stop] = beside(x, y, xy[edge + 1, 0], xy[edge + 1, 1], rays, count, True)
    return True


@lean
def _agree(
    what: NDArray[np.int64], role: int, order: NDArray[np.int64], first: NDArray[np.int64],
    before: NDArray[np.int64], after: NDArray[np.int64], number: int,
) -> bool:  # fmt: skip
    """Tell whether along each ring what lies after a stop is what lies before the next."""
    begin = 0
    for stop in range(number):
        ring = what[order[first[stop]], 2 * role]
        final = stop + 1 == number
        if not final:
            final = what[order[first[stop + 1]], 2 * role] != ring
        follower = begin if final else stop + 1
        if after[stop] != before[follower]:
            return False
        if final:
            begin = stop + 1
    return True
