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
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geoplan.queries.chains import Chains

_CERTAIN = 3.3306690738754716e-16  # (3 + 16 eps) eps, for the sign of an orientation
_ANY_CERTAIN = _CERTAIN * (1 + 1e-9)  # of what is no smaller but for rounding
_TOGETHER = 4  # edges that one box in the tree stands for
_AT_ONCE = 4_000  # candidates: their points stay in the processor's cache


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
    runs = _Runs.of(one)
    run, edge = _candidates(runs, other)
    found = [
        _in_chunk(one, other, runs, run[chunk], edge[chunk]) for chunk in _alike(runs.count[run])
    ]
    if not found:
        none = np.empty(0, dtype=np.intp)
        return Crossings(none, none, np.empty((0, 2)), np.empty(0), np.empty((0, 2), np.intp))
    a, b, place, sign, doubtful = (np.concatenate(part) for part in zip(*found, strict=True))
    return Crossings(a, b, place, sign, np.unique(doubtful, axis=0))


def _candidates(runs: _Runs, other: Chains) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return runs and single edges whose boxes meet.

    The edges are found by few, which a tree holds as one, and told apart by their boxes.
    """
    first, last = other.runs(_TOGETHER)
    low, high = _boxes_of_runs(other.xy, first, last)
    run, near = shapely.STRtree(_boxes(low, high)).query(runs.shapes)
    count = (last - first)[near]
    which = np.repeat(np.arange(len(run)), count)
    edge = first[near][which] + np.arange(len(which)) - (np.cumsum(count) - count)[which]
    start, end, box = other.xy[edge], other.xy[edge + 1], runs.box[run[which]]
    meets = (np.minimum(start, end) <= box[:, 2:]) & (np.maximum(start, end) >= box[:, :2])
    meets = meets[:, 0] & meets[:, 1]
    return run[which[meets]], edge[meets]


@dataclass(frozen=True)
class _Runs:
    """Stretches of chains.

    Attributes
    ----------
    x, y : ndarray of float, shape (n,)
        All points of the chains [m].
    first, count : ndarray of int, shape (r,)
        Where each run starts, and how many points it has.
    box : ndarray of float, shape (r, 4)
        Of each: least x and y, greatest x and y [m].
    shapes : ndarray of shapely geometries, shape (r,)
        With the boxes of the runs.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    first: NDArray[np.intp]
    count: NDArray[np.intp]
    box: NDArray[np.float64]
    shapes: NDArray[Any]

    @classmethod
    def of(cls, chains: Chains) -> _Runs:
        first, last = chains.runs()
        if len(first) == len(chains.first):  # a chain of one run has its box
            shapes, box = chains.lines, shapely.bounds(chains.lines)
        else:
            low, high = _boxes_of_runs(chains.xy, first, last)
            shapes, box = _boxes(low, high), np.hstack([low, high])
        x, y = np.ascontiguousarray(chains.xy.T)
        return cls(x, y, first, last - first + 1, box, shapes)


def _boxes_of_runs(
    xy: NDArray[np.float64], first: NDArray[np.intp], last: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the least and the greatest coordinates of runs, both of shape (r, 2)."""
    cuts = np.column_stack([first, last + 1]).ravel()
    whole = np.vstack([xy, xy[-1:]])
    low, high = (ufunc.reduceat(whole, cuts)[::2] for ufunc in (np.minimum, np.maximum))
    return low, high


def _alike(count: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Yield positions of candidates whose runs have the same number of points, not too many."""
    order = np.argsort(count, kind="stable")
    for same in np.split(order, np.flatnonzero(np.diff(count[order])) + 1):
        for begin in range(0, len(same), _AT_ONCE):
            yield same[begin : begin + _AT_ONCE]


def _boxes(low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[Any]:
    """Return geometries with these boxes: diagonals, which are made faster than rectangles."""
    return np.asarray(shapely.linestrings(np.stack([low, high], axis=1)), dtype=object)


def _columns(xy: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    return xy[:, 0], xy[:, 1]


def _in_chunk(
    one: Chains, other: Chains, runs: _Runs, run: NDArray[np.intp], edge: NDArray[np.intp]
) -> tuple[NDArray[Any], ...]:
    """Return the crossings of runs of one length with one edge each."""
    point, side, doubtful = _sides(one, other, runs, run, edge)
    left = side > 0
    width = left.shape[1] - 1
    turn = np.flatnonzero(left[:, 1:] != left[:, :-1])
    row, col = turn // width, turn % width
    a, b = point[row, col], edge[row]
    p, q = one.xy[a], one.xy[a + 1]
    begins, sure_begins = _orientation(p.T, q.T, other.xy[b].T)
    ends, sure_ends = _orientation(p.T, q.T, other.xy[b + 1].T)
    for corner, certain in ((b, sure_begins), (b + 1, sure_ends)):
        vague = np.flatnonzero(~certain)
        vague = vague[_within(*_columns(other.xy[corner[vague]]), p[vague], q[vague])]
        doubtful.append((a[vague], b[vague]))

    crosses = (begins > 0) != (ends > 0)
    row, col, a, b, p, q = (part[crosses] for part in (row, col, a, b, p, q))
    here, there = np.abs(side[row, col]), np.abs(side[row, col + 1])
    place = p + (q - p) * (here / (here + there))[:, None]
    owners = [
        np.column_stack([one.owner[one.chain[mine]], other.owner[other.chain[theirs]]])
        for mine, theirs in doubtful
    ]
    return a, b, place, np.where(left[row, col], -1.0, 1.0), np.concatenate(owners)


def _sides(
    one: Chains, other: Chains, runs: _Runs, run: NDArray[np.intp], edge: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[np.float64], list[tuple[NDArray[np.intp], NDArray[np.intp]]]]:
    """Return on which side of an edge each point of a run lies, and where that is doubtful.

    Returns
    -------
    point : ndarray of int, shape (c, n)
        The points of each run.
    side : ndarray of float, shape (c, n)
        Positive on the left, as of `_orientation`.
    doubtful : list of (points, edges)
    """
    start, end = other.xy[edge], other.xy[edge + 1]
    ahead = end - start
    point = runs.first[run][:, None] + np.arange(runs.count[run[0]])
    x, y = runs.x[point] - start[:, :1], runs.y[point] - start[:, 1:]
    span = runs.box[run, 2:] - runs.box[run, :2]
    # no point of a run is farther away than its first, its width and its height
    reach = np.abs(ahead[:, ::-1]) * (np.abs(np.stack([x[:, 0], y[:, 0]], 1)) + span)
    x *= ahead[:, 1:]
    y *= ahead[:, :1]
    side = y - x
    row, col = np.nonzero(np.abs(side) <= _ANY_CERTAIN * reach.sum(axis=1)[:, None])
    if len(row) == 0:
        return point, side, []
    unsure = np.zeros(side.shape, dtype=bool)
    bound = _CERTAIN * (np.abs(x[row, col]) + np.abs(y[row, col]))
    unsure[row, col] = ~(np.abs(side[row, col]) > bound)
    row, col = np.nonzero(unsure)
    near = _within(*_columns(one.xy[point[row, col]]), start[row], end[row])
    doubtful = [(point[row[near], col[near]], edge[row[near]])]
    row, col = np.nonzero(unsure[:, 1:] & unsure[:, :-1])  # edges in one line with the other
    level, along = point[row, col], edge[row]
    meet = _boxes_meet(one, level, other, along)
    return point, side, [*doubtful, (level[meet], along[meet])]


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
