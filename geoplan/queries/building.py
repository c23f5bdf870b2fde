"""The shapes that pairs share, built from the crossings of their boundaries where that is plain.

Plain is a line of one part, and two areas of one ring each that cross twice: nearly all pairs of
a city. The others are left to GEOS.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.chains import Chains
    from geoplan.queries.walking import Walked


def built(found: Walked) -> NDArray[Any]:
    """Return what pairs share, null where it is for GEOS to tell, shape (p,)."""
    if len(found.pair) == 0:
        return np.full(len(found.ours), None, dtype=object)
    if found.one.areal and found.other.areal:
        return _areas(found)
    return _lines(found)


def _areas(found: Walked) -> NDArray[Any]:
    """Build the one piece that two rings cut out of each other where they cross twice."""
    shapes = np.full(len(found.ours), None, dtype=object)
    single = (
        _single(found.one)[_owners(found, one=True)]
        & _single(found.other)[_owners(found, one=False)]
    )
    twice = np.bincount(found.pair, minlength=len(found.ours)) == 2
    plain = twice & single & ~found.doubtful
    events = np.flatnonzero(plain[found.pair])
    events = events[np.lexsort((found.crossing.sign[events], found.pair[events]))]
    # `one` enters `other` where it comes to its left
    leave, enter = events[::2], events[1::2]
    if len(enter) == 0:
        return shapes
    place = found.crossing.place
    there = _stretch(found.one, found.crossing.one, enter, leave, place)
    back = _stretch(found.other, found.crossing.other, leave, enter, place)
    pair = np.arange(len(enter))
    owner, xy = _interleaved(
        [(pair, place[enter]), there, (pair, place[leave]), back, (pair, place[enter])]
    )
    made = np.asarray(shapely.polygons(shapely.linearrings(xy, indices=owner)), dtype=object)
    made[~shapely.is_valid(made)] = None
    shapes[found.pair[enter]] = made
    return shapes


def _owners(found: Walked, *, one: bool) -> NDArray[np.intp]:
    return found.ours if one == found.one_is_left else found.theirs


def _single(chains: Chains) -> NDArray[np.bool_]:
    """Tell for each feature whether it is one chain."""
    return np.asarray(np.bincount(chains.owner) == 1)


def _stretch(
    chains: Chains,
    edge: NDArray[np.intp],
    begin: NDArray[np.intp],
    end: NDArray[np.intp],
    place: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the points of rings from one crossing on to another, and which stretch has them."""
    chain = chains.chain[edge[begin]]
    first, size = chains.first[chain], (chains.last - chains.first)[chain]
    count = (edge[end] - edge[begin]) % size
    same = edge[end] == edge[begin]
    origin = chains.xy[edge[begin]]
    ahead = np.hypot(*(place[end] - origin).T) > np.hypot(*(place[begin] - origin).T)
    count[same & ~ahead] = size[same & ~ahead]
    which, step = _counted(count)
    point = first[which] + (edge[begin][which] + 1 - first[which] + step) % size[which]
    return which, chains.xy[point]


def _counted(count: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return 0, 0, 1, 1, 1, … for counts of 2, 3, … and the number within each."""
    which = np.repeat(np.arange(len(count)), count)
    return which, np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)


def _interleaved(
    parts: list[tuple[NDArray[np.intp], NDArray[np.float64]]],
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the points of all parts in order of owner, then of part, then as they come."""
    owner = np.concatenate([who for who, _ in parts])
    xy = np.concatenate([points for _, points in parts])
    order = np.argsort(owner, kind="stable")
    return owner[order], xy[order]


def _lines(found: Walked) -> NDArray[Any]:
    """Build the pieces of lines of one part between entering an area and leaving it."""
    shapes = np.full(len(found.ours), None, dtype=object)
    line_is_one = not found.one.areal
    line = found.one if line_is_one else found.other
    edge = found.crossing.one if line_is_one else found.crossing.other
    enters = (found.crossing.sign > 0) == line_is_one
    plain = _single(line)[_owners(found, one=line_is_one)] & ~found.doubtful
    events = np.flatnonzero(plain[found.pair])
    if len(events) == 0:
        return shapes
    along = np.hypot(*(found.crossing.place[events] - line.xy[edge[events]]).T)
    events = events[np.lexsort((along, edge[events], found.pair[events]))]
    pair, edge, enters = found.pair[events], edge[events], enters[events]
    place, chain = found.crossing.place[events], line.chain[edge]

    # a line that leaves first has come from its start, one that enters last goes on to its end
    fresh = np.r_[True, pair[1:] != pair[:-1]]
    final = np.r_[fresh[1:], True]
    starts, ends = np.flatnonzero(fresh & ~enters), np.flatnonzero(final & enters)
    begin, finish = line.first[chain[starts]], line.last[chain[ends]]
    order = np.argsort(np.r_[np.arange(len(pair)), starts - 0.5, ends + 0.5], kind="stable")
    pair = np.r_[pair, pair[starts], pair[ends]][order]
    edge = np.r_[edge, begin, finish - 1][order]
    place = np.vstack([place, line.xy[begin], line.xy[finish]])[order]
    enters = np.r_[enters, np.ones(len(starts), bool), np.zeros(len(ends), bool)][order]

    odd = np.unique(pair[enters != (np.arange(len(pair)) % 2 == 0)])
    into, out = np.arange(0, len(pair), 2), np.arange(1, len(pair), 2)
    which, step = _counted(np.maximum(edge[out] - edge[into], 0))
    piece = np.arange(len(into))
    owner, xy = _interleaved(
        [
            (piece, place[into]),
            (which, line.xy[edge[into][which] + 1 + step]),
            (piece, place[out]),
        ]
    )
    pieces = np.asarray(shapely.linestrings(xy, indices=owner), dtype=object)
    several = np.bincount(pair[into], minlength=len(shapes)) > 1
    alone = ~several[pair[into]]
    shapes[pair[into][alone]] = pieces[alone]
    if (~alone).any():
        shapely.multilinestrings(pieces[~alone], indices=pair[into][~alone], out=shapes)
    shapes[odd] = None
    return shapes
