"""Where the edges of features cross, and what pairs share by that alone.

Walking along a boundary, what lies inside the other feature is entered at one crossing and left
at the next. So the shared measure of a pair is the sum, over its crossings, of what was measured
along each boundary up to there, with the sign of leaving or entering. No shape is built. Signs
of orientation are certain (Shewchuk's static bound); a pair with one that is not, because edges
touch, run together or end on each other, is left to GEOS, and so is one whose result would lose
digits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.chains import Chains

_CERTAIN = 3.3306690738754716e-16  # (3 + 16 eps) eps, for the sign of an orientation
_AT_ONCE = 20_000  # candidates: their points stay in the processor's cache


@dataclass(frozen=True)
class Crossings:
    """Proper crossings of the edges of two sets of chains.

    Attributes
    ----------
    one, other : ndarray of int, shape (k,)
        The points where the two edges start.
    place : ndarray of float, shape (k, 2)
        Where they cross [m].
    sign : ndarray of float, shape (k,)
        1 where the edge of `one` comes to the left of that of `other`, -1 where to the right.
    doubtful : ndarray of int, shape (d, 2)
        Pairs of owners with an orientation that is not certain.
    """

    one: NDArray[np.intp]
    other: NDArray[np.intp]
    place: NDArray[np.float64]
    sign: NDArray[np.float64]
    doubtful: NDArray[np.intp]


def crossings(one: Chains, other: Chains) -> Crossings:
    """Find all crossings of the edges of `one` with those of `other`.

    The search is for runs of `one` near single edges of `other`; that is fast when `other`
    has the fewer edges.
    """
    edge = np.flatnonzero(np.arange(len(other.xy)) < other.last[other.chain])
    start, end = other.xy[edge], other.xy[edge + 1]
    low, high = np.minimum(start, end), np.maximum(start, end)
    tree = shapely.STRtree(_boxes(low, high))
    first, last = one.runs()
    run, near = tree.query(_boxes_of_runs(one, first, last))
    found = [
        _in_chunk(one, other, first[run[chunk]], last[run[chunk]], edge[near[chunk]])
        for begin in range(0, len(run), _AT_ONCE)
        for chunk in [slice(begin, begin + _AT_ONCE)]
    ]
    if not found:
        none = np.empty(0, dtype=np.intp)
        return Crossings(none, none, np.empty((0, 2)), np.empty(0), np.empty((0, 2), np.intp))
    a, b, place, sign, doubtful = (np.concatenate(part) for part in zip(*found, strict=True))
    return Crossings(a, b, place, sign, np.unique(doubtful, axis=0))


def _boxes_of_runs(chains: Chains, first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[Any]:
    """Return geometries with the boxes of runs; a chain of one run is its own."""
    if len(first) == len(chains.first):
        return chains.lines
    cuts = np.column_stack([first, last + 1]).ravel()
    whole = np.vstack([chains.xy, chains.xy[-1:]])
    low, high = (ufunc.reduceat(whole, cuts)[::2] for ufunc in (np.minimum, np.maximum))
    return _boxes(low, high)


def _boxes(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[Any]:
    """Return geometries with these boxes: diagonals, which are made faster than rectangles."""
    return np.asarray(shapely.linestrings(np.stack([low, high], axis=1)), dtype=object)


def _columns(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return xy[:, 0], xy[:, 1]


def _in_chunk(
    one: Chains,
    other: Chains,
    first: NDArray[np.intp],
    last: NDArray[np.intp],
    edge: NDArray[np.intp],
) -> tuple[NDArray[Any], ...]:
    """Return the crossings of runs with one edge each."""
    count = last - first + 1
    offset = np.cumsum(count) - count
    point = np.arange(int(count.sum())) + np.repeat(first - offset, count)
    start, end = other.xy[edge], other.xy[edge + 1]
    candidate = np.repeat(np.arange(len(edge)), count)
    x, y = one.xy[point].T
    side, sure = _orientation(start[candidate].T, end[candidate].T, (x, y))
    vague = np.flatnonzero(~sure)
    vague = vague[_within(x[vague], y[vague], start[candidate[vague]], end[candidate[vague]])]
    doubtful = [(point[vague], edge[candidate[vague]])]

    next_too = candidate[1:] == candidate[:-1]
    level = np.flatnonzero(~sure[1:] & ~sure[:-1] & next_too)  # edges in one line with the other
    level = level[_boxes_meet(one, point[level], other, edge[candidate[level]])]
    doubtful.append((point[level], edge[candidate[level]]))

    left = side > 0
    turn = np.flatnonzero((left[1:] != left[:-1]) & next_too)
    a, b = point[turn], edge[candidate[turn]]
    p, q = one.xy[a], one.xy[a + 1]
    begins, sure_begins = _orientation(p.T, q.T, other.xy[b].T)
    ends, sure_ends = _orientation(p.T, q.T, other.xy[b + 1].T)
    for corner, certain in ((b, sure_begins), (b + 1, sure_ends)):
        vague = np.flatnonzero(~certain)
        vague = vague[_within(*_columns(other.xy[corner[vague]]), p[vague], q[vague])]
        doubtful.append((a[vague], b[vague]))

    crosses = (begins > 0) != (ends > 0)
    turn, a, b, p, q = turn[crosses], a[crosses], b[crosses], p[crosses], q[crosses]
    here, there = np.abs(side[turn]), np.abs(side[turn + 1])
    place = p + (q - p) * (here / (here + there))[:, None]
    owners = [
        np.column_stack([one.owner[one.chain[mine]], other.owner[other.chain[theirs]]])
        for mine, theirs in doubtful
    ]
    return a, b, place, np.where(left[turn], -1.0, 1.0), np.concatenate(owners)


def _orientation(a: Any, b: Any, c: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return twice the area of triangles, positive when they turn left, and if that is sure."""
    forth = (b[0] - a[0]) * (c[1] - a[1])
    back = (b[1] - a[1]) * (c[0] - a[0])
    size = forth - back
    return size, np.abs(size) > _CERTAIN * (np.abs(forth) + np.abs(back))


def _boxes_meet(
    one: Chains, a: NDArray[np.intp], other: Chains, b: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell for which pairs of edges, given by their first points, the boxes meet."""
    p, q, s, e = one.xy[a], one.xy[a + 1], other.xy[b], other.xy[b + 1]
    apart = (np.maximum(p, q) < np.minimum(s, e)) | (np.maximum(s, e) < np.minimum(p, q))
    return np.asarray(~apart.any(axis=1))


def _within(
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    start: NDArray[np.float64],
    end: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell which points lie in the box of an edge."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    return np.asarray((x >= low[:, 0]) & (x <= high[:, 0]) & (y >= low[:, 1]) & (y <= high[:, 1]))
