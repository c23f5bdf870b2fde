"""Where routes are in zones: the pieces of their edges, exactly placed along them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.queries.checks import AREA
from geoplan.queries.intervals import pieces
from geoplan.queries.shortest import shortest_lines
from geoplan.queries.sides import CONTACT_M

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from geoplan.queries.network import Beside, Network

_SAMPLES = (0.37, 0.71)
"""Where on a piece its place is looked at: two places, neither in the middle."""

_BESIDE_M = 1e-3
"""How far beside a boundary one looks for the zone [m]."""


def passages(network: Network, here: Beside, dimension: int) -> pd.DataFrame:
    """Return the pieces of edges that are in zones of areas or on zones of lines.

    Each edge is cut by itself, so where on the route a piece lies is known also where the route
    crosses itself. An area includes its boundary.

    Returns
    -------
    DataFrame
        As `intervals.pieces`; ``interior`` tells pieces inside of an area from those on its
        boundary, and these have the side of it that the area is on.
    """
    lines = network.edges.lines()[here.edges]
    zone, edge = shapely.STRtree(lines).query(here.shapes, predicate="intersects")
    inside = np.zeros(len(zone), dtype=bool)
    if dimension == AREA:
        shapely.prepare(here.shapes)
        inside = shapely.contains_properly(here.shapes[zone], lines[edge])
    cut = np.flatnonzero(~inside)
    owner, t_from, t_to = _cut(network, here, lines, zone[cut], edge[cut])
    owner = cut[owner]
    interior = np.zeros(len(owner), dtype=bool)
    left, right = interior.copy(), interior.copy()
    if dimension == AREA:
        mine = here.edges[edge[owner]]
        interior = _interior(network, here, zone[owner], mine, t_from, t_to)
        edging = np.flatnonzero(~interior & (t_to > t_from))
        left[edging], right[edging] = _beside(
            network, here, zone[owner][edging], mine[edging], (t_from + t_to)[edging] / 2.0
        )
    whole = np.flatnonzero(inside)
    none, all_of_it = np.zeros(len(whole)), np.ones(len(whole))
    which = np.concatenate([whole, owner])
    return pieces(
        network,
        here.edges[edge[which]],
        here.zones[zone[which]],
        np.concatenate([none, t_from]),
        np.concatenate([all_of_it, t_to]),
        interior=np.concatenate([all_of_it > 0, interior]),
        left=np.concatenate([none > 0, left]),
        right=np.concatenate([none > 0, right]),
        passage=True,
    )


def _cut(
    network: Network,
    here: Beside,
    lines: NDArray[Any],
    zone: NDArray[np.intp],
    edge: NDArray[np.intp],
) -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Cut edges by zones: for each piece the pair it is of, and where on the edge it lies."""
    meets = np.asarray(shapely.intersection(lines[edge], here.shapes[zone]), dtype=object)
    # they meet, exactly judged; where that is less than rounding leaves over, it is a point
    lost = np.flatnonzero(shapely.is_empty(meets))
    shortest = shortest_lines(lines[edge[lost]], here.shapes[zone[lost]])
    meets[lost] = shapely.get_point(shortest, 0)
    shared, owner = shapely.get_parts(meets, return_index=True)
    xy, part = shapely.get_coordinates(shared, return_index=True)
    mine = here.edges[edge[owner[part]]]
    start = network.edges.start[mine]
    run = network.edges.end[mine] - start
    t = np.clip(((xy - start) * run).sum(axis=1) / (run * run).sum(axis=1), 0.0, 1.0)
    # a piece is a point, or lies between two neighbours of a line: where an edge comes to a
    # boundary, runs along it and leaves it, these are pieces of their own
    first = np.flatnonzero(part[1:] == part[:-1])
    point = np.flatnonzero(np.bincount(part, minlength=len(shared))[part] == 1)
    one, other = np.append(first, point), np.append(first + 1, point)
    t_from, t_to = np.minimum(t[one], t[other]), np.maximum(t[one], t[other])
    return owner[part[one]], t_from, t_to


def _interior(
    network: Network,
    here: Beside,
    zone: NDArray[np.intp],
    edge: NDArray[np.intp],
    t_from: NDArray[np.float64],
    t_to: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell which pieces are inside of their area, not on its boundary."""
    boundaries = np.asarray(shapely.boundary(here.shapes), dtype=object)
    shapely.prepare(boundaries)
    on_boundary = np.ones(len(zone), dtype=bool)
    for sample in _SAMPLES:
        at = network.edges.places(edge, t_from + sample * (t_to - t_from))
        on_boundary &= shapely.dwithin(boundaries[zone], shapely.points(at), CONTACT_M)
    return ~on_boundary


def _beside(
    network: Network,
    here: Beside,
    zone: NDArray[np.intp],
    edge: NDArray[np.intp],
    t: NDArray[np.float64],
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell whether an area lies left and right of places on its boundary."""
    run = network.edges.end[edge] - network.edges.start[edge]
    across = _BESIDE_M * np.column_stack([-run[:, 1], run[:, 0]]) / np.hypot(*run.T)[:, np.newaxis]
    at = network.edges.places(edge, t)
    left, right = (
        np.asarray(shapely.intersects_xy(here.shapes[zone], *(at + step).T))
        for step in (across, -across)
    )
    return left, right
