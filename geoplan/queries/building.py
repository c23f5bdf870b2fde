"""The shapes that pairs share, built from the crossings of their boundaries where that is plain.

Plain is a line of one part, and two areas of one ring each: nearly all pairs of a city. The
others are left to GEOS.
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
    """Build the pieces that two rings cut out of each other.

    From where `one` enters `other` its boundary is followed to where it leaves, from there the
    boundary of `other` to where `one` enters again, and so on until the piece is closed.
    """
    shapes = np.full(len(found.ours), None, dtype=object)
    single = _single(found.one)[_owners(found, one=True)]
    single &= _single(found.other)[_owners(found, one=False)]
    events = np.flatnonzero((single & ~found.doubtful)[found.pair])
    if len(events) == 0:
        return shapes
    pair, place = found.pair[events], found.crossing.place[events]
    enters = found.crossing.sign[events] > 0
    mine, theirs = found.crossing.one[events], found.crossing.other[events]
    leave = _next(pair, mine, place, found.one)
    again = _next(pair, theirs, place, found.other)
    odd = np.unique(pair[(enters == enters[leave]) | (enters == enters[again])])

    enter = np.flatnonzero(enters)
    number = np.full(len(events), -1)
    number[enter] = np.arange(len(enter))
    leave = leave[enter]
    again = again[leave]
    bad = np.isin(pair[enter], odd)
    following = np.where(bad, np.arange(len(enter)), number[again])
    lead, rank = _cycles(following)
    there = _stretch(found.one, mine, enter, leave, place)
    back = _stretch(found.other, theirs, leave, again, place)
    each = np.arange(len(enter))
    # the pieces one after the other, each from its lowest member on
    turn = np.lexsort((rank, lead))
    xy, count = _laid(turn, [(each, place[enter]), there, (each, place[leave]), back])
    first = np.flatnonzero(lead[turn] == turn)
    made = _polygons(xy, np.add.reduceat(count, first))
    _gather(made, pair[enter[turn[first]]], shapely.multipolygons, shapes)
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = None
    shapes[odd] = None
    return shapes


def _polygons(xy: NDArray[np.float64], count: NDArray[np.intp]) -> NDArray[Any]:
    """Return polygons of one ring each, given the points of all rings one after the other."""
    begin = np.cumsum(count) - count
    ring, step = _counted(count + 1)
    step[np.cumsum(count + 1) - 1] = 0  # a ring ends where it begins
    offsets = np.concatenate([[0], np.cumsum(count + 1)])
    polygon = shapely.GeometryType.POLYGON
    made = shapely.from_ragged_array(
        polygon, xy[begin[ring] + step], (offsets, np.arange(len(count) + 1))
    )
    return np.asarray(made, dtype=object)


def _next(
    pair: NDArray[np.intp],
    edge: NDArray[np.intp],
    place: NDArray[np.float64],
    chains: Chains,
) -> NDArray[np.intp]:
    """Return for each event the next one of its pair along the ring, round and round."""
    order = _along(pair, edge, place, chains)
    sorted_pair = pair[order]
    final = np.r_[sorted_pair[1:] != sorted_pair[:-1], True]
    fresh = np.flatnonzero(np.r_[True, final[:-1]])
    after = np.arange(len(order)) + 1
    after[final] = fresh
    following = np.empty(len(order), dtype=np.intp)
    following[order] = order[after]
    return following


def _along(
    pair: NDArray[np.intp], edge: NDArray[np.intp], place: NDArray[np.float64], chains: Chains
) -> NDArray[np.intp]:
    """Return the order of events by pair, edge, and way along the edge."""
    key = pair * len(chains.xy) + edge
    order = np.argsort(key)
    same = key[order[1:]] == key[order[:-1]]
    # few edges are crossed twice by one feature
    several = np.flatnonzero(np.r_[False, same] | np.r_[same, False])
    events = order[several]
    way = np.hypot(*(place[events] - chains.xy[edge[events]]).T)
    order[several] = events[np.lexsort((way, key[events]))]
    return order


def _cycles(following: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the lowest member of the cycle that each member is in, and its rank from there."""
    lead = np.arange(len(following))
    step = following
    while (lower := np.minimum(lead, lead[step])).tolist() != lead.tolist():
        lead, step = lower, step[step]
    rank = np.zeros(len(following), dtype=np.intp)
    walker = np.unique(lead)
    home, number = walker, 0
    while len(walker):
        rank[walker] = number
        walker, number = following[walker], number + 1
        open_ones = walker != home
        walker, home = walker[open_ones], home[open_ones]
    return lead, rank


def _gather(pieces: NDArray[Any], pair: NDArray[np.intp], make: Any, shapes: NDArray[Any]) -> None:
    """Put pieces into the places of their pairs, several of one pair as one geometry."""
    alone = np.bincount(pair, minlength=len(shapes))[pair] == 1
    shapes[pair[alone]] = pieces[alone]
    if not alone.all():
        order = np.argsort(pair[~alone], kind="stable")
        make(pieces[~alone][order], indices=pair[~alone][order], out=shapes)


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


def _laid(
    turn: NDArray[np.intp], parts: list[tuple[NDArray[np.intp], NDArray[np.float64]]]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Lay out the points of several parts, owner by owner, each with all its parts in order.

    Parameters
    ----------
    turn : ndarray of int, shape (n,)
        The owners in the order in which they come.
    parts : list of (owner, xy)
        The points of each part, those of an owner one after the other, owners ascending.

    Returns
    -------
    xy : ndarray of float, shape (p, 2)
    count : ndarray of int, shape (n,)
        How many points each owner has, in the order in which they come.
    """
    size = np.stack([np.bincount(owner, minlength=len(turn)) for owner, _ in parts])[:, turn]
    start = (np.cumsum(size.T.ravel()) - size.T.ravel()).reshape(-1, len(parts)).T
    xy = np.empty((int(size.sum()), 2))
    rank = np.empty(len(turn), dtype=np.intp)
    rank[turn] = np.arange(len(turn))
    for (owner, points), begin, length in zip(parts, start, size, strict=True):
        shift = (begin - (np.cumsum(length[rank]) - length[rank])[turn])[rank]
        xy[np.arange(len(owner)) + shift[owner]] = points
    return xy, size.sum(axis=0)


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
    place = found.crossing.place[events]
    events = events[_along(found.pair[events], edge[events], place, line)]
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

    # a pair whose events do not take turns is for GEOS, and must not put the others out of step
    first = np.searchsorted(pair, pair)
    uneven = np.bincount(pair)[pair] % 2 == 1
    odd = np.unique(pair[uneven | (enters != ((np.arange(len(pair)) - first) % 2 == 0))])
    sound = ~np.isin(pair, odd)
    pair, edge, place = pair[sound], edge[sound], place[sound]
    into, out = np.arange(0, len(pair), 2), np.arange(1, len(pair), 2)
    which, step = _counted(np.maximum(edge[out] - edge[into], 0))
    piece = np.arange(len(into))
    between = line.xy[edge[into][which] + 1 + step]
    xy, count = _laid(piece, [(piece, place[into]), (which, between), (piece, place[out])])
    pieces = np.asarray(shapely.linestrings(xy, indices=np.repeat(piece, count)), dtype=object)
    _gather(pieces, pair[into], shapely.multilinestrings, shapes)
    return shapes
