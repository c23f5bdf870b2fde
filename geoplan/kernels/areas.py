"""What areas share with areas: every candidate pair, decided exactly or left to GEOS."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from geoplan.kernels.compiled import compiled, inlined, lean
from geoplan.kernels.events import room
from geoplan.kernels.growth import longer, longer_bools, longer_floats, longer_ints
from geoplan.kernels.pieces import measure, pieces_room, take
from geoplan.kernels.simple import surely_simple
from geoplan.kernels.stitch import stitch, stitching_room
from geoplan.kernels.walk import meet, stops_room

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.kernels.events import Events
    from geoplan.kernels.flat import Flat
    from geoplan.kernels.pieces import Pieces
    from geoplan.kernels.walk import Stops

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NOTHING, LEFT_INSIDE, RIGHT_INSIDE, CUT, UNDECIDED = 0, 1, 2, 3, 4
"""What becomes of a pair: it shares no area; the one feature or the other is what they share;
a piece of both is; GEOS has to tell."""

_LOSS = 1e-11  # relative; a result that rounding may have touched more is left to GEOS
_SLIVER_M = 1e-8
"""Pieces that are thinner than a few last digits of a coordinate are left to GEOS."""

_EPS = 2.220446049250313e-16


class Shares(NamedTuple):
    """What pairs share.

    Attributes
    ----------
    state : ndarray of int8, shape (p,)
    size : ndarray of float, shape (p,)
        Of those that are `CUT`, on the ellipsoid [m²].
    xy : ndarray of float, shape (n, 2)
        Points of the rings of all cut pairs, pair after pair, in each its shells first.
    ring : ndarray of int, shape (r + 1,)
        Where rings begin.
    pair : ndarray of int, shape (r,)
        The pair of each ring.
    is_shell : ndarray of bool, shape (r,)
    sure : ndarray of bool, shape (p,)
        Where the shape is surely valid: GEOS has to look at the others.
    """

    state: NDArray[np.int8]
    size: Floats
    xy: Floats
    ring: Ints
    pair: Ints
    is_shell: NDArray[np.bool_]
    sure: NDArray[np.bool_]


@compiled
def shares(
    ours: Ints, theirs: Ints, left: Flat, right: Flat, ellipsoid: Floats, shapes: bool
) -> Shares:
    """Decide pairs of features.

    Parameters
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions in left and right.
    shapes : bool
        Whether to give the rings of what is cut.
    """
    pairs = len(ours)
    state, size = np.zeros(pairs, dtype=np.int8), np.zeros(pairs)
    sure = np.zeros(pairs, dtype=np.bool_)
    found, mine, other = room(), stops_room(), stops_room()
    pieces, work = pieces_room(), stitching_room()
    xy, ring, area = np.empty((1024, 2)), np.zeros(257, dtype=np.int64), np.empty(256)
    pair, is_shell, rings = np.empty(256, dtype=np.int64), np.empty(256, dtype=np.bool_), 0
    for at in range(pairs):
        f, g = ours[at], theirs[at]
        state[at], size[at], count = _decide(
            left, f, right, g, found, mine, other, pieces, ellipsoid
        )
        if not shapes or state[at] != CUT:
            continue
        while xy.shape[0] < ring[rings] + pieces.first[count] + count + 1:
            xy = longer(xy)
        while area.shape[0] < rings + count + 1:
            ring, area = longer_ints(ring), longer_floats(area)
            pair, is_shell = longer_ints(pair), longer_bools(is_shell)
        made = stitch(pieces, count, work, xy, ring, area, rings)
        if made <= rings or not _plain(area, rings, made):
            state[at] = UNDECIDED
            continue
        if area[rings] < 0.0:
            _shell_first(xy, ring, area, rings, made)
        for r in range(rings, made):
            pair[r], is_shell[r] = at, area[r] > 0.0
        sure[at] = made == rings + 1 and surely_simple(xy, ring[rings], ring[made] - 1)
        rings = made
    return Shares(
        state, size, xy[: ring[rings]].copy(), ring[: rings + 1].copy(), pair[:rings].copy(),
        is_shell[:rings].copy(), sure,
    )  # fmt: skip


@inlined
def _decide(
    left: Flat, f: int, right: Flat, g: int, found: Events, mine: Stops, other: Stops,
    pieces: Pieces, ellipsoid: Floats,
) -> tuple[int, float, int]:  # fmt: skip
    """Return the state of a pair, its size where it is cut, and how many pieces bound that."""
    stops, others = meet(left, f, right, g, found, mine, other)
    if stops < 0:
        return UNDECIDED, 0.0, 0
    nodes, theirs = _nodes(mine, stops, other, others)
    pieces.first[0] = 0
    count, within, lost, size = take(left, f, right, g, found, mine, stops, 0, nodes, pieces, 0)
    if count < 0:
        return UNDECIDED, 0.0, 0
    inner = count
    count, _, lost2, size2 = take(right, g, left, f, found, other, others, 1, theirs, pieces, count)
    if count < 0:
        return UNDECIDED, 0.0, 0
    if count == 0:
        return NOTHING, 0.0, 0
    if lost == 0 and count == inner:
        return LEFT_INSIDE, 0.0, 0
    if lost2 == 0 and within == 0:
        return RIGHT_INSIDE, 0.0, 0
    total, spread, length = measure(pieces, count, ellipsoid)
    total += size + size2
    if not total > _SLIVER_M * length or spread * _EPS > _LOSS * total:
        return UNDECIDED, 0.0, 0
    return CUT, total, count


@inlined
def _nodes(mine: Stops, stops: int, other: Stops, others: int) -> tuple[Ints, Ints]:
    """Return a number for the place of each stop of either boundary, one for one place."""
    nodes, theirs = np.arange(stops), np.empty(others, dtype=np.int64)
    for stop in range(others):
        node = nodes[mine.of[other.order[other.first[stop]]]]
        for at in range(other.first[stop] + 1, other.first[stop + 1]):
            same = nodes[mine.of[other.order[at]]]
            if same != node:  # two passes of the one boundary meet here
                for one in range(stops):
                    if nodes[one] == same:
                        nodes[one] = node
        theirs[stop] = node
    for stop in range(others):
        theirs[stop] = nodes[mine.of[other.order[other.first[stop]]]]
    return nodes, theirs


@lean
def _plain(area: Floats, first: int, last: int) -> bool:
    """Tell whether it is clear which shell the holes lie in."""
    shells, holes = 0, 0
    for r in range(first, last):
        if area[r] > 0.0:
            shells += 1
        else:
            holes += 1
    return shells == 1 or (shells > 0 and holes == 0)


@compiled
def _shell_first(xy: Floats, ring: Ints, area: Floats, first: int, last: int) -> None:
    """Bring the one shell of a pair before its holes."""
    shell = first
    while area[shell] < 0.0:
        shell += 1
    begin, end = ring[first], ring[last]
    turned = np.empty((end - begin, 2))
    length = ring[shell + 1] - ring[shell]
    turned[:length] = xy[ring[shell] : ring[shell + 1]]
    turned[length : length + ring[shell] - begin] = xy[begin : ring[shell]]
    turned[length + ring[shell] - begin :] = xy[ring[shell + 1] : end]
    xy[begin:end] = turned
    size = area[shell]
    for r in range(shell, first, -1):
        area[r] = area[r - 1]
        ring[r] = ring[r - 1] + length
    area[first] = size
