"""What a union of covers leaves of each zone: decided exactly, or left to GEOS.

The boundary of a gap is that of the zone where no cover hides it, and, the other way round, that
of the covers where it lies in the zone and no other cover hides it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.kernels.areas import CUT, LEFT_INSIDE, NOTHING, UNDECIDED, Shares
from geoplan.kernels.compiled import compiled, lean
from geoplan.kernels.events import MOST, room
from geoplan.kernels.growth import longer, longer_bools, longer_floats, longer_ints
from geoplan.kernels.joints import joined
from geoplan.kernels.marks import Noted, in_order, note
from geoplan.kernels.nesting import nest
from geoplan.kernels.pieces import Pieces, measure
from geoplan.kernels.simple import surely_simple
from geoplan.kernels.stitch import stitch, stitching_room
from geoplan.kernels.turns import IN
from geoplan.kernels.walk import meet, stops_room
from geoplan.kernels.within import OUTSIDE, locate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat
    from geoplan.kernels.marks import Clashes, Marks
    from geoplan.kernels.walk import Stops

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

_SLIVER_M = 1e-8
"""Gaps that are thinner than a few last digits of a coordinate are left to GEOS."""

_SAME = 1e-9
"""No gap is larger than its zone, but for rounding."""


@compiled
def gaps(
    zone: Ints, begins: Ints, near: Ints, zones: Flat, covers: Flat, marks: Marks,
    clashes: Clashes, ellipsoid: Floats, shapes: bool,
) -> Shares:  # fmt: skip
    """Decide zones.

    Parameters
    ----------
    zone : ndarray of int, shape (n,)
        Positions of zones.
    begins, near : ndarray of int, shape (n + 1,) and (p,)
        The covers whose boxes meet that of each zone, and where those of each zone begin.
    marks : Marks
        What covers do to each other.
    clashes : Clashes
        Pairs of covers of which that is not known: a zone that has both is left to GEOS.
    shapes : bool
        Whether to give the rings of gaps.

    Returns
    -------
    Shares
        For each zone in place of a pair: the gap is the zone, nothing, or a part of it.
    """
    state, size = np.zeros(len(zone), dtype=np.int8), np.zeros(len(zone))
    sure = np.zeros(len(zone), dtype=np.bool_)
    found, mine, theirs, work = room(), stops_room(), stops_room(), stitching_room()
    pieces = Pieces(np.empty((4096, 2)), np.zeros(513, np.int64), np.empty((512, 2), np.int64))
    xy, ring, area = np.empty((1024, 2)), np.zeros(257, dtype=np.int64), np.empty(256)
    owner, is_shell, rings = np.empty(256, dtype=np.int64), np.empty(256, dtype=np.bool_), 0
    for at in range(len(zone)):
        f = zone[at]
        pieces, count, untouched = _bounds(
            zones, f, covers, near[begins[at] : begins[at + 1]], marks, clashes,
            found, mine, theirs, pieces,
        )  # fmt: skip
        if untouched or count == 0:
            state[at] = LEFT_INSIDE if untouched else NOTHING
            continue
        count = joined(pieces.xy, pieces.first, pieces.stop, count) if count > 0 else -1
        state[at] = UNDECIDED
        if count <= 0:
            continue
        size[at], _, length = measure(pieces, count, ellipsoid)
        own = zones.ring_size[zones.feature[f] : zones.feature[f + 1]].sum()
        if not _SLIVER_M * length < size[at] <= own * (1.0 + _SAME):
            continue
        if not shapes:
            state[at] = CUT
            continue
        if count >= 2 * MOST:
            continue
        while xy.shape[0] < ring[rings] + pieces.first[count] + count + 1:
            xy = longer(xy)
        while area.shape[0] < rings + count + 1:
            ring, area = longer_ints(ring), longer_floats(area)
            owner, is_shell = longer_ints(owner), longer_bools(is_shell)
        made = stitch(pieces, count, work, xy, ring, area, rings)
        if made <= rings or not nest(xy, ring, area, rings, made):
            continue
        state[at] = CUT
        for r in range(rings, made):
            owner[r], is_shell[r] = at, area[r] > 0.0
        sure[at] = made == rings + 1 and surely_simple(xy, ring[rings], ring[made] - 1)
        rings = made
    return Shares(
        state, size, xy[: ring[rings]].copy(), ring[: rings + 1].copy(), owner[:rings].copy(),
        is_shell[:rings].copy(), sure,
    )  # fmt: skip


@compiled
def _bounds(
    zones: Flat, f: int, covers: Flat, near: Ints, marks: Marks, clashes: Clashes,
    found: Events, mine: Stops, theirs: Stops, pieces: Pieces,
) -> tuple[Pieces, int, bool]:  # fmt: skip
    """Take the pieces that bound the gap of a zone.

    Returns
    -------
    pieces : Pieces
        With room for more, where that was needed.
    count : int
        How many there are; -1 where boundaries contradict each other.
    untouched : bool
        Whether no cover has ground in the zone.
    """
    edge, share, place = np.empty(64, dtype=np.int64), np.empty(64), np.empty((64, 2))
    change, ring = np.empty(64, dtype=np.int64), np.empty(64, dtype=np.int64)
    count, noted, rings, touched = 0, 0, 0, False
    first, last = zones.feature[f], zones.feature[f + 1]
    for g in near:
        stops, others = meet(zones, f, covers, g, found, mine, theirs)
        if stops < 0:
            return pieces, -1, False
        while len(edge) < noted + stops:
            edge, share, place = longer_ints(edge), longer_floats(share), longer(place)
            change = longer_ints(change)
        while len(ring) < rings + last - first:
            ring = longer_ints(ring)
        before = rings
        noted, rings = note(
            zones, f, covers, g, 0, mine, stops, found, True, False,
            edge, share, place, change, noted, ring, rings,
        )  # fmt: skip
        if noted < 0:
            return pieces, -1, False
        begin, end = covers.ring[covers.feature[g]], covers.ring[covers.feature[g + 1]]
        held = marks.first[end] - marks.first[begin]
        pieces = _roomy(pieces, count, end - begin, held + others)
        count, enters = _of_cover(
            covers, g, zones, f, theirs, others, found, marks, pieces.xy, pieces.first, count
        )
        if count < 0:
            return pieces, -1, False
        if (stops > 0 or enters or rings > before) and _clash(clashes, g, near):
            return pieces, -1, False
        touched = touched or enters
    by_covers = Noted(
        edge[:noted], share[:noted], place[:noted], change[:noted], ring[:rings], near[:0]
    )
    shown = in_order(by_covers, zones, first, last)
    if not touched and rings == 0 and not change[:noted].any():
        return pieces, 0, True
    offset = zones.ring[first]
    for r in range(first, last):
        begin, end = zones.ring[r], zones.ring[r + 1] - 1
        pieces = _roomy(pieces, count, end - begin, shown.first[-1])
        x, y = zones.xy[begin, 0], zones.xy[begin, 1]
        count = _shown(
            zones.xy, begin, offset, shown.first, shown.along, shown.place, shown.hidden,
            shown.base[r - first], begin, 0.0, x, y, end, 0.0, x, y, False,
            pieces.xy, pieces.first, count,
        )  # fmt: skip
    return pieces, count, False


@lean
def _clash(clashes: Clashes, g: int, near: Ints) -> bool:
    """Tell whether a cover contradicts another of those near a zone."""
    for at in range(clashes.first[g], clashes.first[g + 1]):
        for other in near:
            if other == clashes.other[at]:
                return True
    return False


@lean
def _of_cover(
    covers: Flat, g: int, zones: Flat, f: int, stops: Stops, number: int, found: Events,
    marks: Marks, xy: Floats, first: Ints, count: int,
) -> tuple[int, bool]:  # fmt: skip
    """Take what no other cover hides of a cover's boundary in a zone, the other way round.

    Returns
    -------
    count : int
        How many pieces there are; -1 where a ring lies on the boundary of the zone without a
        stop.
    enters : bool
        Whether some of the boundary lies in the zone, hidden or not.
    """
    what, along, place, stop, enters = found.what, found.along, found.place, 0, False
    order, begins, before, after = stops.order, stops.first, stops.before, stops.after
    points, ring = covers.xy, covers.ring
    for r in range(covers.feature[g], covers.feature[g + 1]):
        begin, start, last = stop, ring[r], ring[r + 1] - 1
        while stop < number and what[order[begins[stop]], 2] == r:
            stop += 1
        if begin == stop:
            where = locate(points[start, 0], points[start, 1], zones, f)
            if where < 0:
                return -1, False
            inside = where != OUTSIDE
        else:
            inside = before[begin] == IN
        edge, share, x, y = start, 0.0, points[start, 0], points[start, 1]
        for at in range(begin, stop + 1):
            final, to, end_x, end_y = last, 0.0, points[last, 0], points[last, 1]
            if at < stop:
                event = order[begins[at]]
                final, to = what[event, 3], along[event, 1]
                end_x, end_y = place[event, 0], place[event, 1]
            if inside:
                enters = True
                count = _shown(
                    points, start, 0, marks.first, marks.along, marks.place, marks.hidden,
                    marks.base[r], edge, share, x, y, final, to, end_x, end_y, True,
                    xy, first, count,
                )  # fmt: skip
            if at < stop:
                inside = after[at] == IN
            edge, share, x, y = final, to, end_x, end_y
    return count, enters


@compiled
def _roomy(pieces: Pieces, count: int, points: int, places: int) -> Pieces:
    """Return pieces with room for those of so many points that so many places part."""
    xy, first, stop = pieces.xy, pieces.first, pieces.stop
    while xy.shape[0] < first[count] + 2 * (points + places) + 4:
        xy = longer(xy)
    while len(first) < count + points + places + 3:
        first, stop = longer_ints(first), np.empty((2 * len(first), 2), dtype=np.int64)
    return Pieces(xy, first, stop)


@lean
def _shown(
    points: Floats, ring: int, offset: int, marked: Ints, along: Floats, place: Floats,
    hidden: Ints, base: int, edge: int, t: float, x: float, y: float, final: int, u: float,
    end_x: float, end_y: float, turned: bool, xy: Floats, first: Ints, count: int,
) -> int:  # fmt: skip
    """Add what is not hidden between two places of a ring, in pieces from mark to mark.

    Parameters
    ----------
    ring : int
        The first point of the ring.
    offset : int
        The point from which `marked` counts.
    base : int
        How many hide the beginning of the ring.
    edge, t, x, y, final, u, end_x, end_y : int or float
        On which edge, how far along it, and where the stretch begins and ends.
    turned : bool
        Whether pieces run the other way.
    """
    mark = marked[edge - offset]
    while mark < marked[edge - offset + 1] and along[mark] <= t:
        mark += 1
    shown = (hidden[mark - 1] if mark > marked[ring - offset] else base) == 0
    at = first[count]
    if shown:
        xy[at, 0], xy[at, 1] = x, y
        at += 1
    for i in range(edge, final + 1):
        if shown and i > edge:
            at = _add(xy, first[count], at, points[i, 0], points[i, 1])
        ends = marked[i - offset + 1]
        while mark < ends and (i < final or along[mark] < u):
            if shown:
                at = _add(xy, first[count], at, place[mark, 0], place[mark, 1])
                count = _end(xy, first, count, at, turned)
            shown, at = hidden[mark] == 0, first[count]
            if shown:
                xy[at, 0], xy[at, 1] = place[mark, 0], place[mark, 1]
                at += 1
            mark += 1
    if shown:
        at = _add(xy, first[count], at, end_x, end_y)
        count = _end(xy, first, count, at, turned)
    return count


@lean
def _add(xy: Floats, begin: int, at: int, x: float, y: float) -> int:
    """Add a point to a piece that does not end in it."""
    if at > begin and xy[at - 1, 0] == x and xy[at - 1, 1] == y:
        return at
    xy[at, 0], xy[at, 1] = x, y
    return at + 1


@lean
def _end(xy: Floats, first: Ints, count: int, at: int, turned: bool) -> int:
    """End a piece, or forget it where it is a point; return how many there are."""
    begin = first[count]
    if at - begin < 2:
        return count
    if turned:
        i, j = begin, at - 1
        while i < j:
            for axis in range(2):
                xy[i, axis], xy[j, axis] = xy[j, axis], xy[i, axis]
            i += 1
            j -= 1
    first[count + 1] = at
    return count + 1
