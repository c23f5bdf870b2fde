"""Geometry on the grid of a tile: clipped, snapped, wound, and as the commands of MVT 2.1.

All vertices of a tile are worked on at once, as arrays. A *run* is what one command sequence
draws: the points of a feature, a line, or a ring without its closing vertex.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Move = Callable[[Floats], Floats]

EXTENT = 4096
"""Steps of the grid along a side of a tile."""
BUFFER = 128
"""Steps that geometry reaches beyond the tile: 16 of the 512 pixels it is drawn at."""
POINT, LINE, POLYGON = 1, 2, 3
_MOVE, _LINE, _CLOSE = 1, 2, 15
_GROUPS = {0: POINT, 1: LINE, 2: LINE, 3: POLYGON, 4: POINT, 5: LINE, 6: POLYGON}
_MULTI: dict[int, Callable[..., Any]] = {
    POINT: shapely.multipoints,
    LINE: shapely.multilinestrings,
    POLYGON: shapely.multipolygons,
}


@dataclass(frozen=True)
class Grid:
    """The grid of a tile.

    Attributes
    ----------
    left, top : float
        Its upper left corner [units of the CRS].
    side : float
        Of the tile [units of the CRS].
    """

    left: float
    top: float
    side: float

    def __call__(self, xy: Floats) -> Floats:
        """Return places in steps from the upper left corner, y downwards."""
        return (xy - [self.left, self.top]) * [EXTENT / self.side, -EXTENT / self.side]


class Drawn(NamedTuple):
    """Features as MVT draws them; one with parts of several kinds stands once for each kind.

    Attributes
    ----------
    owners : ndarray of int, shape (n,)
        Which of the geometries given each of them is; rising.
    kinds : ndarray of int, shape (n,)
        1 points, 2 lines, 3 polygons.
    commands : ndarray of int
        Of all of them.
    ends : ndarray of int, shape (n + 1,)
        Where in `commands` each begins and ends.
    """

    owners: Ints
    kinds: Ints
    commands: Ints
    ends: Ints


class _Runs(NamedTuple):
    """Vertices, where each run begins and ends, whose it is, and whether it is an outer ring."""

    xy: NDArray[Any]
    ends: Ints
    owners: Ints
    outer: NDArray[np.bool_]

    @property
    def counts(self) -> Ints:
        return np.diff(self.ends)

    def run_of_vertices(self) -> Ints:
        return np.repeat(np.arange(len(self.owners)), self.counts)

    def only(self, runs: NDArray[np.bool_]) -> _Runs:
        """Return some of the runs."""
        ends = np.concatenate([[0], np.cumsum(self.counts[runs])])
        return _Runs(
            self.xy[np.repeat(runs, self.counts)], ends, self.owners[runs], self.outer[runs]
        )


def draw(shapes: NDArray[Any], place: Move) -> Drawn:
    """Return geometries as a tile draws them.

    Vertices are snapped to the grid and repeated ones dropped. What the grid is too coarse for is
    drawn one step thick, so that no feature disappears. Outer rings run clockwise as seen on the
    screen (positive area with y downwards), holes the other way.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (n,)
        Of any kind, mixed too; null and empty ones are not drawn.
    place : callable
        From their x and y, shape (k, 2), to steps of the grid of a tile.

    Returns
    -------
    Drawn
        What meets the tile with its margin of `BUFFER` steps.
    """
    owners, parts = _simple(np.asarray(shapes, dtype=object))
    group = np.array([_GROUPS[one] for one in shapely.get_type_id(parts).tolist()], dtype=np.int64)
    drawn = [
        _draw_group(kind, owners[group == kind], parts[group == kind], place)
        for kind in (POINT, LINE, POLYGON)
        if (group == kind).any()
    ]
    return _merged(drawn)


def draw_rings(owners: Ints, xy: Floats, ends: Ints, place: Move) -> Drawn:
    """Return areas of one ring as a tile draws them: as `draw`, without a geometry of any.

    Parameters
    ----------
    owners : ndarray of int, shape (n,)
        Whose they are; rising.
    xy : ndarray of float, shape (k, 2)
        Vertices of all rings, closing ones included.
    ends : ndarray of int, shape (n + 1,)
        Where in `xy` each begins and ends.
    place : callable
        From their x and y to steps of the grid of a tile.
    """
    runs = _Runs(place(xy), ends, owners, np.ones(len(owners), dtype=bool))

    def parts(cut: NDArray[np.bool_]) -> NDArray[Any]:
        chosen = runs._replace(xy=xy).only(cut)
        return np.asarray(
            shapely.polygons(shapely.linearrings(chosen.xy, indices=chosen.run_of_vertices()))
        )

    return _finished(POLYGON, _within(POLYGON, runs, owners, parts, place))


def merged(drawn: list[Drawn]) -> Drawn:
    """Return features of several drawings in the order of their owners."""
    return _merged([one for one in drawn if len(one.owners)])


def _simple(shapes: NDArray[Any]) -> tuple[Ints, NDArray[Any]]:
    """Return geometries without nulls and empty ones, collections taken apart, and whose they are.

    The parts of a collection that are of one kind become one geometry.
    """
    owners = np.arange(len(shapes), dtype=np.int64)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    types = shapely.get_type_id(shapes)
    plain = there & (types < shapely.GeometryType.GEOMETRYCOLLECTION)
    if plain.sum() == there.sum():
        return owners[plain], shapes[plain]
    found = dict(zip(owners[plain].tolist(), ([one] for one in shapes[plain]), strict=True))
    for owner in np.flatnonzero(there & ~plain).tolist():
        found[owner] = _kinds_of(shapes[owner])
    listed = [(owner, part) for owner in sorted(found) for part in found[owner]]
    parts = np.array([part for _, part in listed], dtype=object)
    return np.array([owner for owner, _ in listed], dtype=np.int64), parts


def _kinds_of(collection: Any) -> list[Any]:
    """Return the parts of a collection as one multi geometry of each kind."""
    parts = np.array([collection], dtype=object)
    while (shapely.get_type_id(parts) == shapely.GeometryType.GEOMETRYCOLLECTION).any():
        parts = shapely.get_parts(parts)
    parts = shapely.get_parts(parts)
    parts = parts[~shapely.is_empty(parts)]
    group = np.array([_GROUPS[one] for one in shapely.get_type_id(parts).tolist()])
    return [make(parts[group == kind]) for kind, make in _MULTI.items() if (group == kind).any()]


def _draw_group(kind: int, owners: Ints, parts: NDArray[Any], place: Move) -> Drawn:
    """Draw geometries of one kind."""
    return _finished(kind, _clipped(kind, owners, parts, place))


def _finished(kind: int, clipped: _Runs) -> Drawn:
    """Bring runs to the grid, and write them."""
    runs = _snapped(clipped, closed=kind == POLYGON)
    if kind == POLYGON:
        runs = _wound(_with_thin(runs, _solid(runs), kind))
    elif kind == LINE:
        runs = _with_thin(runs, runs.counts >= 2, kind)
    return _commands(kind, runs)


def _clipped(kind: int, owners: Ints, parts: NDArray[Any], place: Move) -> _Runs:
    """Return what of geometries meets the tile with its margin, in steps of the grid."""
    runs = _flattened(kind, owners, parts, place)
    if not len(runs.owners):
        return runs
    low, high = -BUFFER, EXTENT + BUFFER
    if kind == POINT:
        inside = ((runs.xy >= low) & (runs.xy <= high)).all(axis=1)
        counts = np.add.reduceat(inside, runs.ends[:-1])
        ends = np.concatenate([[0], np.cumsum(counts)])
        there = _Runs(runs.xy[inside], ends, runs.owners, runs.outer)
        return there.only(counts > 0)
    return _within(kind, runs, owners, lambda cut: parts[cut], place)


def _within(
    kind: int,
    runs: _Runs,
    owners: Ints,
    parts: Callable[[NDArray[np.bool_]], NDArray[Any]],
    place: Move,
) -> _Runs:
    """Return lines or areas cut to the tile with its margin; only those are made that it cuts."""
    low, high = -BUFFER, EXTENT + BUFFER
    first = runs.ends[:-1]
    lowest, highest = np.minimum.reduceat(runs.xy, first), np.maximum.reduceat(runs.xy, first)
    crossing = ((lowest < low) | (highest > high)).any(axis=1)
    if not crossing.any():
        return runs
    cut = np.isin(owners, runs.owners[crossing])
    whole = runs.only(~np.isin(runs.owners, owners[cut]))
    flat = parts(cut)
    flat = flat if not shapely.has_z(flat).any() else shapely.force_2d(flat)
    placed = shapely.transform(flat, place)
    pieces = _cut(placed, (low, low, high, high))
    pieces, whose = shapely.get_parts(pieces, return_index=True)
    right = np.array([_GROUPS.get(one) == kind for one in shapely.get_type_id(pieces).tolist()])
    right = right.astype(bool) & ~shapely.is_empty(pieces)
    return _joined(whole, _flattened(kind, owners[cut][whose[right]], pieces[right], _as_they_are))


def _as_they_are(xy: Floats) -> Floats:
    return xy


def _cut(shapes: NDArray[Any], box: tuple[float, float, float, float]) -> NDArray[Any]:
    """Cut geometries to a box; those that cross themselves are mended where GEOS refuses them."""
    try:
        return np.asarray(shapely.clip_by_rect(shapes, *box))
    except shapely.errors.GEOSException:
        area = shapely.box(*box)
        mended = shapely.make_valid(shapes)
        return np.asarray(shapely.intersection(mended, area))


def _flattened(kind: int, owners: Ints, parts: NDArray[Any], place: Move) -> _Runs:
    """Return the runs of geometries of one kind; closing vertices stay."""
    if not len(parts):
        nothing = np.empty(0, dtype=np.int64)
        return _Runs(np.empty((0, 2)), np.zeros(1, dtype=np.int64), nothing, nothing.astype(bool))
    parts = _without_empty_points(parts) if kind == POINT else parts
    found, flat, offsets = shapely.to_ragged_array(parts, include_z=False, include_m=False)
    if found == shapely.GeometryType.POINT:
        ends = np.arange(len(flat) + 1, dtype=np.int64)
        return _Runs(place(flat), ends, owners, np.ones(len(flat), dtype=bool))
    ends = np.asarray(offsets[0], dtype=np.int64)
    outer = np.full(len(ends) - 1, kind != POLYGON)
    if kind == POLYGON:
        rings = np.asarray(offsets[1], dtype=np.int64)
        outer[rings[:-1][np.diff(rings) > 0]] = True
    of_runs = np.arange(len(ends) - 1)
    for level in offsets[1:]:
        of_runs = np.searchsorted(level, of_runs, side="right") - 1
    runs = _Runs(place(np.ascontiguousarray(flat)), ends, owners[of_runs], outer)
    there = np.diff(ends) > 0
    return runs if there.all() else runs.only(there)


def _without_empty_points(parts: NDArray[Any]) -> NDArray[Any]:
    """Return points and multipoints without parts that have no place."""
    flat, whose = shapely.get_coordinates(parts, return_index=True)
    lost = np.unique(whose[np.isnan(flat).any(axis=1)])
    if not len(lost):
        return parts
    parts = parts.copy()
    for at in lost.tolist():
        points = shapely.get_parts(parts[at])
        parts[at] = shapely.multipoints(points[~shapely.is_empty(points)])
    return parts


def _joined(left: _Runs, right: _Runs) -> _Runs:
    """Return the runs of both, in the order of their owners."""
    if not len(right.owners):
        return left
    owners = np.concatenate([left.owners, right.owners])
    order = np.argsort(owners, kind="stable")
    counts = np.concatenate([left.counts, right.counts])
    starts = np.concatenate([left.ends[:-1], right.ends[:-1] + len(left.xy)])
    xy = np.concatenate([left.xy, right.xy])[spread(starts[order], counts[order])]
    ends = np.concatenate([[0], np.cumsum(counts[order])])
    return _Runs(xy, ends, owners[order], np.concatenate([left.outer, right.outer])[order])


def spread(starts: Ints, counts: Ints) -> Ints:
    """Return the positions start, start + 1, … of each run, one run after the other.

    Examples
    --------
    >>> spread(np.array([7, 0]), np.array([2, 3])).tolist()
    [7, 8, 0, 1, 2]
    """
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(starts - (ends - counts), counts))


def _snapped(runs: _Runs, *, closed: bool) -> _Runs:
    """Return runs on the grid: whole steps, repeated vertices and closing ones dropped."""
    if not len(runs.owners):
        return runs._replace(xy=runs.xy.astype(np.int64))
    xy = np.rint(runs.xy).astype(np.int64)
    keep = np.ones(len(xy), dtype=bool)
    keep[1:] = (xy[1:] != xy[:-1]).any(axis=1)
    first = runs.ends[:-1]
    keep[first] = True
    if closed:
        # seen cyclically, one of equal neighbours goes: those at the end that equal the first
        same = (xy == np.repeat(xy[first], runs.counts, axis=0)).all(axis=1)
        tail = _last_kept(keep, runs.ends)
        keep[tail[same[tail] & (tail != first)]] = False
    counts = np.add.reduceat(keep, first, dtype=np.int64)
    return _Runs(xy[keep], np.concatenate([[0], np.cumsum(counts)]), runs.owners, runs.outer)


def _last_kept(keep: NDArray[np.bool_], ends: Ints) -> Ints:
    places = np.where(keep, np.arange(len(keep)), -1)
    return np.maximum.reduceat(places, ends[:-1])


def _areas(runs: _Runs) -> Ints:
    """Return twice the area of each ring; positive when it runs clockwise on the screen."""
    following = np.arange(1, len(runs.xy) + 1)
    following[runs.ends[1:] - 1] = runs.ends[:-1]
    x, y = runs.xy.T
    cross = x * y[following] - x[following] * y
    return np.asarray(np.add.reduceat(cross, runs.ends[:-1]))


def _solid(runs: _Runs) -> NDArray[np.bool_]:
    """Tell which rings enclose anything; a hole goes with the ring around it."""
    if not len(runs.owners):
        return np.empty(0, dtype=bool)
    solid = _areas(runs) != 0
    around = np.cumsum(runs.outer) - 1
    return np.asarray(solid & solid[runs.outer][around])


def _with_thin(runs: _Runs, good: NDArray[np.bool_], kind: int) -> _Runs:
    """Drop runs that are nothing on the grid; whoever has no other is drawn one step thick."""
    thick = runs.only(good)
    lost = ~good & ~np.isin(runs.owners, thick.owners)
    if not lost.any():
        return thick
    _, first = np.unique(runs.owners[lost], return_index=True)
    thin = runs.only(lost)
    chosen = np.zeros(len(thin.owners), dtype=bool)
    chosen[first] = True
    thin = thin.only(chosen)
    low, high = _ends_of(thin)
    wide = np.abs(high - low)
    steep = wide[:, 1] > wide[:, 0]
    point = ~wide.any(axis=1)
    if kind == LINE:
        high = np.where(point[:, None], low + np.array([1, 0]), high)
        xy, count = np.stack([low, high], axis=1), 2
    else:
        aside = np.where(steep[:, None], [1, 0], [0, 1])
        high = np.where(point[:, None], low + np.array([1, 0]), high)
        xy, count = np.stack([low, high, high + aside, low + aside], axis=1), 4
    ends = np.arange(len(low) + 1, dtype=np.int64) * count
    drawn = _Runs(xy.reshape(-1, 2), ends, thin.owners, np.ones(len(low), dtype=bool))
    return _joined(thick, drawn)


def _ends_of(runs: _Runs) -> tuple[Ints, Ints]:
    """Return the two ends of runs without width: their first and last vertex by x, then y."""
    of = runs.run_of_vertices()
    order = np.lexsort((runs.xy[:, 1], runs.xy[:, 0], of))
    ordered = runs.xy[order]
    return ordered[runs.ends[:-1]], ordered[runs.ends[1:] - 1]


def _wound(runs: _Runs) -> _Runs:
    """Turn rings so that outer ones have positive area and holes negative."""
    if not len(runs.owners):
        return runs
    turn = (_areas(runs) > 0) != runs.outer
    at = np.arange(len(runs.xy))
    back = np.repeat(runs.ends[:-1] + runs.ends[1:] - 1, runs.counts) - at
    return runs._replace(xy=runs.xy[np.where(np.repeat(turn, runs.counts), back, at)])


def _commands(kind: int, runs: _Runs) -> Drawn:
    """Write runs as commands: move, line, close; each vertex as the step from the one before."""
    counts, first = runs.counts, runs.ends[:-1]
    if not len(counts):
        nothing = np.empty(0, dtype=np.int64)
        return Drawn(nothing, nothing, nothing, np.zeros(1, dtype=np.int64))
    new = np.ones(len(runs.owners), dtype=bool)
    new[1:] = runs.owners[1:] != runs.owners[:-1]
    steps = np.diff(runs.xy, axis=0, prepend=runs.xy[:1])
    steps[first[new]] = runs.xy[first[new]]
    zigzag = (steps << 1) ^ (steps >> 63)
    if kind == POINT:
        return _point_commands(runs, new, zigzag)
    extra = 3 if kind == POLYGON else 2
    lengths = 2 * counts + extra
    starts = np.cumsum(lengths) - lengths
    commands = np.empty(int(lengths.sum()), dtype=np.int64)
    commands[starts] = 1 << 3 | _MOVE
    commands[starts + 3] = (counts - 1) << 3 | _LINE
    at = np.repeat(starts + 1, counts) + 2 * (np.arange(len(runs.xy)) - np.repeat(first, counts))
    at += 1
    at[first] -= 1
    commands[at], commands[at + 1] = zigzag[:, 0], zigzag[:, 1]
    if kind == POLYGON:
        commands[starts + lengths - 1] = _CLOSE
    ends = np.append(starts[new], len(commands))
    owners = runs.owners[new]
    return Drawn(owners, np.full(len(owners), kind), commands, ends)


def _point_commands(runs: _Runs, new: NDArray[np.bool_], zigzag: Ints) -> Drawn:
    """Write points: one command for all of a feature."""
    groups = np.flatnonzero(new)
    counts = np.add.reduceat(runs.counts, groups)
    starts = np.cumsum(2 * counts + 1) - (2 * counts + 1)
    commands = np.empty(int((2 * counts + 1).sum()), dtype=np.int64)
    commands[starts] = counts << 3 | _MOVE
    at = np.repeat(starts + 1, counts) + 2 * (
        np.arange(len(zigzag)) - np.repeat(np.cumsum(counts) - counts, counts)
    )
    commands[at], commands[at + 1] = zigzag[:, 0], zigzag[:, 1]
    owners = runs.owners[groups]
    ends = np.append(starts, len(commands))
    return Drawn(owners, np.full(len(owners), POINT), commands, ends)


def _merged(drawn: list[Drawn]) -> Drawn:
    """Return features of all kinds in the order of their owners."""
    if len(drawn) == 1:
        return drawn[0]
    nothing = np.empty(0, dtype=np.int64)
    if not drawn:
        return Drawn(nothing, nothing, nothing, np.zeros(1, dtype=np.int64))
    owners = np.concatenate([one.owners for one in drawn])
    kinds = np.concatenate([one.kinds for one in drawn])
    lengths = np.concatenate([np.diff(one.ends) for one in drawn])
    commands = np.concatenate([one.commands for one in drawn])
    starts = np.cumsum(lengths) - lengths
    order = np.argsort(owners, kind="stable")
    ends = np.concatenate([[0], np.cumsum(lengths[order])])
    at = spread(starts[order], lengths[order])
    return Drawn(owners[order], kinds[order], commands[at], ends)
