"""Where routes pass zones within a distance: exact stretches, not by buffers.

The places of an edge within a distance of an edge of a zone are those inside a capsule, a
rectangle with round ends, which is convex: so they are one piece of the edge, found in closed
form. What is within the distance of a zone is the union of these.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.contacts import zone_edges
from geoplan.queries.intervals import merged, pieces
from geoplan.queries.sides import CONTACT_M, directions, turned

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geoplan.queries.network import Beside, Network

_EDGES_AT_ONCE = 20_000
"""Of zones, in one batch: what bounds memory."""


def nearness(network: Network, here: Beside, within_m: float) -> pd.DataFrame:
    """Return the stretches of routes within a distance of zones.

    Parameters
    ----------
    network, here : Network, Beside
        Routes and zones in the plane.
    within_m : float
        The distance on the ellipsoid [m].

    Returns
    -------
    DataFrame
        As `intervals.merged`: ``distance`` [m], where it is least, and on which sides the zone
        lies, seen from the nearest place of the stretch for each edge of the zone.
    """
    edges = network.edges
    lines = edges.lines()[here.edges]
    # metres of the plane to one on the ellipsoid: within an edge it hardly changes
    scale = shapely.length(lines) / edges.flat_m[here.edges]
    tree = shapely.STRtree(lines)
    reach = within_m * scale.max()
    boxes = shapely.bounds(here.shapes)
    zone, _ = tree.query(_grown(boxes[:, :2], boxes[:, 2:], reach))
    batches = [
        _batch(network, here, tree, scale, within_m, batch)
        for batch in _batches(here.shapes, np.unique(zone))
    ]
    return pd.concat(batches, ignore_index=True) if batches else pd.DataFrame()


def _batch(
    network: Network,
    here: Beside,
    tree: shapely.STRtree,
    scale: NDArray[np.float64],
    within_m: float,
    batch: NDArray[np.intp],
) -> pd.DataFrame:
    """Return the stretches of some zones."""
    edges = network.edges
    start, end, owner = zone_edges(here.shapes[batch])
    side, mine = tree.query(_grown(start, end, within_m * scale.max()))
    edge = here.edges[mine]
    route = edges.start[edge], edges.end[edge]
    t_from, t_to = _within(*route, start[side], end[side], within_m * scale[mine])
    some = np.flatnonzero(t_from <= t_to)
    side, edge, t_from, t_to = side[some], edge[some], t_from[some], t_to[some]
    route = edges.start[edge], edges.end[edge]
    distance, t_near, to = nearest_places(*route, start[side], end[side])
    distance /= scale[mine[some]]
    zone = batch[owner[side]]
    run, first, last = _runs(edge, zone, t_from, t_to)
    nearest = np.lexsort((distance, run))[np.searchsorted(np.sort(run), np.arange(len(first)))]
    frame = pieces(
        network, edge[first], here.zones[zone[first]], t_from[first], t_to[last],
        distance=distance[nearest], t_near=t_near[nearest],
        x_near=to[nearest, 0], y_near=to[nearest, 1],
    )  # fmt: skip
    stretches, of_run = merged(frame)
    if len(frame):
        seen = _seen(of_run[run], side, distance)
        sides = _sides(network, edge[seen], t_near[seen], to[seen])
        for name, there in (("left", sides > 0), ("right", sides < 0)):
            count = np.bincount(of_run[run[seen]], weights=there, minlength=len(stretches))
            stretches[name] = count > 0
    return stretches


def _grown(start: NDArray[np.float64], end: NDArray[np.float64], reach: float) -> NDArray[Any]:
    low, high = np.minimum(start, end) - reach, np.maximum(start, end) + reach
    return np.asarray(shapely.box(*low.T, *high.T), dtype=object)


def _runs(
    edge: NDArray[np.intp],
    zone: NDArray[np.intp],
    t_from: NDArray[np.float64],
    t_to: NDArray[np.float64],
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]:
    """Put together pieces of one edge and one zone: their runs, and the first and last of each."""
    if len(edge) == 0:
        none = np.empty(0, dtype=np.intp)
        return none, none, none
    order = np.lexsort((t_from, edge, zone))
    pair = np.column_stack([zone, edge])[order]
    changes = np.concatenate([[True], (pair[1:] != pair[:-1]).any(axis=1)])
    # fractions are at most 1, so that each pair has two units to itself
    base = 2.0 * np.cumsum(changes)
    reach = np.maximum.accumulate(base + t_to[order])
    new = np.concatenate([[True], base[1:] + t_from[order][1:] > reach[:-1]])
    run = np.empty(len(edge), dtype=np.intp)
    run[order] = np.cumsum(new) - 1
    farthest = np.lexsort((t_to, run))
    ends = np.append(np.flatnonzero(new)[1:], len(edge)) - 1
    return run, order[new], farthest[ends]


def _seen(
    stretch: NDArray[np.intp], side: NDArray[np.intp], distance: NDArray[np.float64]
) -> NDArray[np.intp]:
    """Return for each edge of a zone and each stretch the nearest of its pieces.

    Seen from there nothing of the route lies between. Where a route comes back upon itself
    several are the nearest.
    """
    order = np.lexsort((distance, side, stretch))
    key = np.column_stack([stretch, side])[order]
    first = np.concatenate([[True], (key[1:] != key[:-1]).any(axis=1)])
    least = distance[order][first][np.cumsum(first) - 1]
    return np.asarray(order[distance[order] <= least + CONTACT_M])


def _sides(
    network: Network, edge: NDArray[np.intp], t: NDArray[np.float64], to: NDArray[np.float64]
) -> NDArray[np.int_]:
    comes, goes = directions(network.edges, edge, network.edges.metres(edge, t))
    return turned(comes, goes, to)


def _batches(shapes: NDArray[Any], zones: NDArray[np.intp]) -> Iterator[NDArray[np.intp]]:
    """Split zones so that each batch has a bounded number of edges."""
    if len(zones) == 0:
        return
    size = np.cumsum(shapely.get_num_coordinates(shapes[zones])) // _EDGES_AT_ONCE
    yield from np.split(zones, np.flatnonzero(np.diff(size)) + 1)


def nearest_places(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return where edges of routes and of zones are nearest, in the plane.

    Parameters
    ----------
    start, end, one, other : ndarray of float, shape (p, 2)
        As for `_within`.

    Returns
    -------
    ndarray of float, shape (p,), (p,) and (p, 2)
        The distance [m]; the fraction of the route's edge; and from there the way to the
        nearest place of the zone's edge [m], or to its middle where they meet.
    """
    run, side = end - start, other - one
    # two segments that do not cross are nearest at an end of one
    candidates: list[tuple[NDArray[np.float64], NDArray[np.float64]]] = []
    for fraction in (0.0, 1.0):
        at = start + fraction * run
        foot = one + _share(at - one, side)[:, np.newaxis] * side
        candidates.append((np.full(len(run), fraction), foot - at))
    for at in (one, other):
        t_foot = _share(at - start, run)
        candidates.append((t_foot, at - start - t_foot[:, np.newaxis] * run))
    distances = np.array([np.hypot(*to.T) for _, to in candidates])
    best, everything = np.argmin(distances, axis=0), np.arange(len(run))
    t = np.array([share for share, _ in candidates])[best, everything]
    to = np.array([way for _, way in candidates])[best, everything]
    distance = distances[best, everything]
    slope = _cross(run, side)
    off = one - start
    parallel = slope == 0
    safe = np.where(parallel, 1.0, slope)
    t_meet, u_meet = _cross(off, side) / safe, _cross(off, run) / safe
    meets = ~parallel & (t_meet >= 0) & (t_meet <= 1) & (u_meet >= 0) & (u_meet <= 1)
    t = np.where(meets, t_meet, t)
    middle = (one + other) / 2.0 - start - t[:, np.newaxis] * run
    touching = meets | (distance == 0)
    return (
        np.where(meets, 0.0, distance),
        t,
        np.where(touching[:, np.newaxis], middle, to),
    )


def _share(off: NDArray[np.float64], run: NDArray[np.float64]) -> NDArray[np.float64]:
    square = (run * run).sum(axis=1)
    share = (off * run).sum(axis=1) / np.where(square > 0, square, 1.0)
    return np.asarray(np.clip(share, 0.0, 1.0))


def _cross(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])


def _within(
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the piece of each edge within reach of a segment; from > to where there is none.

    Parameters
    ----------
    start, end : ndarray of float, shape (p, 2)
        Edges of routes [m].
    one, other : ndarray of float, shape (p, 2)
        Edges of zones [m].
    reach : ndarray of float, shape (p,)
        [m].
    """
    run = end - start
    spans = [_in_circle(start - one, run, reach), _in_circle(start - other, run, reach)]
    spans.append(_in_rectangle(start - one, run, other - one, reach))
    lowest = np.min([low for low, _ in spans], axis=0)
    highest = np.max([high for _, high in spans], axis=0)
    return np.maximum(lowest, 0.0), np.minimum(highest, 1.0)


def _in_circle(
    off: NDArray[np.float64], run: NDArray[np.float64], radius: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    a = (run * run).sum(axis=1)
    foot = -(off * run).sum(axis=1) / a
    past = off + foot[:, np.newaxis] * run
    half = radius**2 - (past * past).sum(axis=1)
    meets = half >= 0
    reach = np.sqrt(np.where(meets, half, 0.0) / a)
    return np.where(meets, foot - reach, np.inf), np.where(meets, foot + reach, -np.inf)


def _in_rectangle(
    off: NDArray[np.float64],
    run: NDArray[np.float64],
    side: NDArray[np.float64],
    reach: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    length = np.hypot(*side.T)
    unit = side / np.where(length > 0, length, 1.0)[:, np.newaxis]
    low, high = _between(
        (off * unit).sum(axis=1), (run * unit).sum(axis=1), np.zeros(len(off)), length
    )
    across = off[:, 1] * unit[:, 0] - off[:, 0] * unit[:, 1]
    rises = run[:, 1] * unit[:, 0] - run[:, 0] * unit[:, 1]
    nearest, farthest = _between(across, rises, -reach, reach)
    low, high = np.maximum(low, nearest), np.minimum(high, farthest)
    some = (length > 0) & (low <= high)
    return np.where(some, low, np.inf), np.where(some, high, -np.inf)


def _between(
    at: NDArray[np.float64],
    rises: NDArray[np.float64],
    low: NDArray[np.float64],
    high: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return for which t the sum ``at + t * rises`` lies from low to high."""
    level = rises == 0
    slope = np.where(level, 1.0, rises)
    ends = np.stack([(low - at) / slope, (high - at) / slope])
    inside = (at >= low) & (at <= high)
    return (
        np.where(level, np.where(inside, -np.inf, np.inf), ends.min(axis=0)),
        np.where(level, np.where(inside, np.inf, -np.inf), ends.max(axis=0)),
    )
