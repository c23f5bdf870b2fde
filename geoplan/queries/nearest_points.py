"""The pairs of features that are near each other in one plane, and their nearest points.

A plane is true along its meridian only: at its edge a metre of ground is 1.0004 m. The shortest
line of the plane is therefore not always the shortest on the ellipsoid: along two parallel roads
it is where the plane stretches least. Wherever that could matter by more than half a millimetre
or half a millionth, both features are bisected until it cannot.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan import ellipsoid
from geoplan.queries.checks import LINE
from geoplan.queries.shortest import shortest_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import Geod

    from geoplan.crs import MeasuringPlane

_RUN = 8  # segments: long lines are looked at in runs
_TOLERANCE_M, _TOLERANCE_RATIO = 5e-4, 5e-7
_NARROW_M = 1.0  # parts that are not bisected any more
_TIE_M = 1e-5  # what is as near as the last one is found with it


class Pieces(NamedTuple):
    """Features of a plane, long lines cut into runs.

    Attributes
    ----------
    geometries : ndarray of shapely geometries, shape (m,)
        The pieces [m].
    owner : ndarray of int, shape (m,)
        The position of the feature that each belongs to.
    total : int
        How many features there are.
    """

    geometries: NDArray[Any]
    owner: NDArray[np.intp]
    total: int

    def only(self, features: NDArray[np.intp]) -> Pieces:
        """Return the pieces of some features, which keep their positions."""
        chosen = np.isin(self.owner, features)
        return Pieces(self.geometries[chosen], self.owner[chosen], self.total)

    @classmethod
    def of_cut(cls, features: NDArray[Any], runs: NDArray[Any]) -> Pieces:
        """Return features as pieces, of which those that `runs_of` cut are known in runs."""
        cut = np.fromiter((one is not None for one in runs), dtype=bool, count=len(runs))
        whole, lines = np.flatnonzero(~cut), np.flatnonzero(cut)
        counts = [len(one) for one in runs[lines]]
        return cls(
            np.concatenate([features[whole], *runs[lines]]),
            np.concatenate([whole, np.repeat(lines, counts)]),
            len(features),
        )


class Near(NamedTuple):
    """Pairs of features, each once, and the nearest points of each pair.

    Attributes
    ----------
    ours, theirs : ndarray of int, shape (p,)
        Positions of the features, ordered by both.
    points : ndarray of float, shape (p, 4)
        x and y on the left feature, x and y on the right one [m], in the plane.
    distance_m : ndarray of float, shape (p,)
        The length on the ellipsoid of the edge between them.
    """

    ours: NDArray[np.intp]
    theirs: NDArray[np.intp]
    points: NDArray[np.float64]
    distance_m: NDArray[np.float64]

    def where(self, kept: NDArray[np.bool_]) -> Near:
        """Return some of the pairs."""
        return Near(self.ours[kept], self.theirs[kept], self.points[kept], self.distance_m[kept])


def pieces_of(features: NDArray[Any]) -> Pieces:
    """Return features with their long lines cut into runs of a few segments.

    They are copies: for a prepared line inside an area GEOS 3.14 takes the area's boundary for
    the nearest place, and layers come prepared from other queries.
    """
    return Pieces.of_cut(shapely.force_2d(features), runs_of(features))


def runs_of(features: NDArray[Any]) -> NDArray[Any]:
    """Return an array of the runs of each long line, None for what is whole."""
    found = np.full(len(features), None, dtype=object)
    long = shapely.get_dimensions(features) == LINE
    long &= shapely.get_num_coordinates(features) > _RUN + 1
    lines = np.flatnonzero(long)
    if not len(lines):
        return found
    parts, place = shapely.get_parts(features[lines], return_index=True)
    points, part = shapely.get_coordinates(parts, return_index=True)
    size = np.bincount(part, minlength=len(parts))
    start = np.cumsum(size) - size
    runs = np.maximum(-(-(size - 1) // _RUN), 1)
    of_part = np.repeat(np.arange(len(parts)), runs)
    nth = np.arange(len(of_part)) - np.repeat(np.cumsum(runs) - runs, runs)
    first = start[of_part] + nth * _RUN
    last = np.minimum(first + _RUN, (start + size)[of_part] - 1)
    length = last - first + 1
    run = np.repeat(np.arange(len(first)), length)
    vertex = np.arange(len(run)) - np.repeat(np.cumsum(length) - length, length) + first[run]
    drawn = np.asarray(shapely.linestrings(points[vertex], indices=run), dtype=object)
    # parts, and so runs, come in the order of their lines
    ends = np.cumsum(np.bincount(place[of_part], minlength=len(lines)))
    for line, its_runs in zip(lines, np.split(drawn, ends[:-1]), strict=True):
        found[line] = its_runs
    return found


def near_pairs(
    plane: MeasuringPlane, left: Pieces, right: Pieces, reach_m: NDArray[np.float64]
) -> Near:
    """Return every pair of features that is no further apart than the left one's reach.

    Parameters
    ----------
    plane : MeasuringPlane
        The plane that both are in.
    left, right : Pieces
        What may be near each other.
    reach_m : ndarray of float, shape (left.total,)
        How far to look from each left feature, on the ellipsoid [m].
    """
    if len(left.geometries) == 0 or len(right.geometries) == 0:
        none = np.empty(0, dtype=np.intp)
        return Near(none, none, np.empty((0, 4)), np.empty(0))
    stretch = _greatest_scale(left, reach_m, plane.geod)
    mine, theirs, at_least = _candidates(left, right, reach_m * stretch, stretch)
    pair = left.owner[mine] * right.total + right.owner[theirs]
    order = np.lexsort((at_least, pair))
    starts = _first_of_each(pair[order])
    of_pair = np.empty(len(pair), dtype=np.intp)
    of_pair[order] = np.repeat(np.arange(len(starts)), np.diff(np.r_[starts, len(pair)]))
    pairs = pair[order[starts]]
    # the pieces whose boxes are closest first: most others then cannot be nearer
    first = order[starts]
    ones, others = left.geometries[mine[first]], right.geometries[theirs[first]]
    points = _nearest_points(ones, others)
    distance = ellipsoid.edge_length_m(points[:, :2], points[:, 2:], plane.geod)
    near = Near(pairs // right.total, pairs % right.total, points.copy(), distance)
    tried = np.zeros(len(pair), dtype=bool)
    tried[first] = True
    rest = np.flatnonzero(~tried & (at_least < distance[of_pair] * stretch))
    if len(rest):
        first = np.concatenate([first, rest])
        ones, others = left.geometries[mine[first]], right.geometries[theirs[first]]
        further = _nearest_points(ones[len(pairs) :], others[len(pairs) :])
        points = np.concatenate([points, further])
        _better(near, further, of_pair[rest], plane.geod)
    _bisect(ones, others, points, of_pair[first], near, plane.geod)
    return near.where(near.distance_m <= reach_m[near.ours])


def _better(near: Near, points: NDArray[np.float64], pair: NDArray[np.intp], geod: Geod) -> None:
    """Take over, in place, the nearest of further points of pairs where it is nearer."""
    distance = ellipsoid.edge_length_m(points[:, :2], points[:, 2:], geod)
    order = np.lexsort((distance, pair))
    first = order[_first_of_each(pair[order])]
    better = first[distance[first] < near.distance_m[pair[first]]]
    near.points[pair[better]] = points[better]
    near.distance_m[pair[better]] = distance[better]


def _greatest_scale(left: Pieces, reach_m: NDArray[np.float64], geod: Geod) -> float:
    west, south, east, north = shapely.total_bounds(left.geometries)
    furthest = float(reach_m[np.unique(left.owner)].max()) * 1.01
    corners = [(x, y) for x in (west - furthest, east + furthest) for y in (south, north)]
    return float(ellipsoid.scale(np.array(corners), geod).max())


def _candidates(
    left: Pieces, right: Pieces, reach: NDArray[np.float64], stretch: float
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """Return the pairs of pieces that may hold the nearest points, and how far they are at least.

    No piece can whose box is further away than some vertex of a fellow piece is.
    """
    around = reach[left.owner]
    boxes, theirs_boxes = shapely.bounds(left.geometries), shapely.bounds(right.geometries)
    if len(boxes) == 1:  # one box is looked at sooner than a tree is made
        theirs = np.flatnonzero(_gap(boxes, theirs_boxes) <= around)
        mine = np.zeros_like(theirs)
    else:
        west, south, east, north = boxes.T
        searched = shapely.box(west - around, south - around, east + around, north + around)
        mine, theirs = shapely.STRtree(right.geometries).query(searched)
        # of equally near places the first is given: in an order that no other feature decides
        order = np.argsort(mine * np.int64(len(right.geometries)) + theirs)
        mine, theirs = mine[order], theirs[order]
    at_least = _gap(boxes[mine], theirs_boxes[theirs])
    at_most = np.hypot(
        *(_middle_vertices(left.geometries)[mine] - _middle_vertices(right.geometries)[theirs]).T
    )
    pair = left.owner[mine] * right.total + right.owner[theirs]
    order = np.argsort(pair, kind="stable")
    starts = _first_of_each(pair[order])
    bound = np.empty(len(pair))
    if len(pair):
        least = np.minimum.reduceat(at_most[order], starts)
        bound[order] = np.repeat(least, np.diff(np.r_[starts, len(pair)]))
    kept = at_least <= np.minimum(bound * stretch, around[mine])
    return mine[kept], theirs[kept], at_least[kept]


def _gap(boxes: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far boxes are apart."""
    apart = np.maximum(boxes[:, :2] - others[:, 2:], others[:, :2] - boxes[:, 2:])
    return np.asarray(np.hypot(*np.maximum(apart, 0.0).T))


def _middle_vertices(pieces: NDArray[Any]) -> NDArray[np.float64]:
    points, piece = shapely.get_coordinates(pieces, return_index=True)
    size = np.bincount(piece, minlength=len(pieces))
    return np.asarray(points[np.cumsum(size) - size + size // 2])


def _nearest_points(ones: NDArray[Any], others: NDArray[Any]) -> NDArray[np.float64]:
    return np.asarray(shapely.get_coordinates(shortest_lines(ones, others)).reshape(-1, 4))


def _first_of_each(ordered: NDArray[Any]) -> NDArray[np.intp]:
    """Return where each new value of an ordered array begins."""
    return np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]][: len(ordered)])


def _bisect(
    ones: NDArray[Any],
    others: NDArray[Any],
    points: NDArray[np.float64],
    pair: NDArray[np.intp],
    near: Near,
    geod: Geod,
) -> None:
    """Better the nearest points of pairs, in place, until no part can be nearer.

    Between two parts the plane stretches by no more than at the outermost place halfway
    between them, so their distance in the plane divided by that is a lower bound.
    """
    while len(pair):
        flat = np.hypot(*(points[:, 2:] - points[:, :2]).T)
        spans = _spans(ones, others, flat)
        middles = (spans[:, 0:2] + spans[:, 2:4]) / 2.0
        y = (points[:, 1] + points[:, 3]) / 2.0
        stretch = np.maximum(*(ellipsoid.scale(np.column_stack([x, y]), geod) for x in middles.T))
        best = near.distance_m[pair]
        tolerance = np.maximum(_TOLERANCE_M, _TOLERANCE_RATIO * best)
        wide = (spans[:, [1, 3]] - spans[:, [0, 2]]).max(axis=1) > _NARROW_M
        open_ = np.flatnonzero((flat / stretch < best - tolerance) & wide)
        if not len(open_):
            return
        ones, others, pair = _halved(ones[open_], others[open_], pair[open_], spans[open_])
        points = _nearest_points(ones, others)
        _better(near, points, pair, geod)


def _spans(
    ones: NDArray[Any], others: NDArray[Any], flat: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return west and east of what of each can be nearest: of the ones, then of the others.

    Nothing further away than the shortest line, and a little, matters.
    """
    room = flat * 1.01
    here, there = shapely.bounds(ones)[:, [0, 2]], shapely.bounds(others)[:, [0, 2]]
    mine = np.clip(here, (there[:, 0] - room)[:, None], (there[:, 1] + room)[:, None])
    theirs = np.clip(there, (here[:, 0] - room)[:, None], (here[:, 1] + room)[:, None])
    return np.column_stack([mine, theirs])


def _halved(
    ones: NDArray[Any],
    others: NDArray[Any],
    pair: NDArray[np.intp],
    spans: NDArray[np.float64],
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.intp]]:
    """Return pairs of parts with the wider of both cut in two, west and east of its middle."""
    west, east = spans[:, [0, 2]], spans[:, [1, 3]]
    widths = east - west
    second = widths[:, 1] > widths[:, 0]
    row = np.arange(len(pair))
    side = second.astype(int)
    low, high = west[row, side], east[row, side]
    middle = (low + high) / 2.0
    cut = np.where(second, others, ones)
    south, north = shapely.bounds(cut)[:, [1, 3]].T
    halves = np.concatenate(
        [
            shapely.intersection(cut, shapely.box(a, south - 1.0, b, north + 1.0))
            for a, b in ((low, middle), (middle, high))
        ]
    )
    twice = np.tile(second, 2)
    kept = ~shapely.is_empty(halves)
    new_ones = np.where(twice, np.tile(ones, 2), halves)[kept]
    new_others = np.where(twice, halves, np.tile(others, 2))[kept]
    return new_ones, new_others, np.tile(pair, 2)[kept]


def nearest_pairs(
    plane: MeasuringPlane, left: Pieces, right: Pieces, k: int, limit_m: float
) -> Near:
    """Return pairs among which are the k nearest right features of every left one.

    The search begins at what is nearest to some vertex and widens by the usual distance between
    right features until k are found; all that are as near as the last of them are returned.

    Parameters
    ----------
    plane : MeasuringPlane
        The plane that both are in.
    left, right : Pieces
        The features.
    k : int
        How many are wanted; fewer come where there are no more.
    limit_m : float
        How far to look, on the ellipsoid [m].
    """
    nothing = near_pairs(plane, left.only(np.empty(0, dtype=np.intp)), right, np.zeros(0))
    if len(left.geometries) == 0 or len(right.geometries) == 0:
        return nothing
    some = shapely.points(_middle_vertices(left.geometries))
    # no max_distance: with one, the search takes thirty times as long
    (piece, _), flat = shapely.STRtree(right.geometries).query_nearest(
        some, return_distance=True, all_matches=False
    )
    first = np.full(left.total, limit_m)
    np.minimum.at(first, left.owner[piece], flat)
    spacing, asked, found = _spacing(right), np.unique(left.owner), [nothing]
    step = 0.0 if k == 1 else spacing * np.sqrt(k)
    while len(asked):
        reach = np.zeros(left.total)
        reach[asked] = np.minimum(first[asked] + step, limit_m) + _TIE_M
        near = near_pairs(plane, left.only(asked), right, reach)
        settled = np.bincount(near.ours, minlength=left.total) >= k
        settled |= reach >= limit_m
        found.append(near.where(settled[near.ours]))
        asked = asked[~settled[asked]]
        step = max(2.0 * step, spacing)
    return Near(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _spacing(right: Pieces) -> float:
    west, south, east, north = shapely.total_bounds(right.geometries)
    return max(float(np.sqrt((east - west) * (north - south) / len(right.geometries))), 1.0)
