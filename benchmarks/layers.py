"""Seeded layers in the Anshan extent (EPSG:4550): the same count and seed give the same layer.

Coordinates are rounded to the millimetre, as a cadastre's are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIDE_M = 40_000.0
ORIGIN = np.array([480_000.0, 4_530_000.0])
CRS = 4550
_EDGES_A_SIDE = 4
_STRAIGHT_EVERY = 4


def parcels(count: int, seed: int) -> gpd.GeoDataFrame:
    """Return parcels of 17 vertices that fill the extent: neighbours share vertices and edges.

    The nodes are shifted at random, but not across every fourth line of parcels: there the
    boundaries are straight, with vertices in the middle of what a simplified zone has as one
    edge.
    """
    across = int(np.ceil(np.sqrt(count)))
    node = _nodes(across * _EDGES_A_SIDE, seed)
    row, column = np.divmod(np.arange(count), across)
    along = np.arange(_EDGES_A_SIDE)
    zero, full = np.zeros_like(along), np.full_like(along, _EDGES_A_SIDE)
    step_column = np.concatenate([along, full, full - along, zero, [0]])
    step_row = np.concatenate([zero, along, full, full - along, [0]])
    rings = node[
        row[:, None] * _EDGES_A_SIDE + step_row, column[:, None] * _EDGES_A_SIDE + step_column
    ]
    return _layer(shapely.polygons(rings))


def _nodes(edges: int, seed: int) -> NDArray[np.float64]:
    """Return the shifted nodes of a square grid, shape (edges + 1, edges + 1, 2) [m]."""
    rng = np.random.default_rng(seed)
    step = SIDE_M / edges
    line = np.arange(edges + 1)
    shift = rng.uniform(-0.25, 0.25, (edges + 1, edges + 1, 2))
    straight = line % (_EDGES_A_SIDE * _STRAIGHT_EVERY) == 0
    shift[:, straight, 0] = 0.0
    shift[straight, :, 1] = 0.0
    node = np.stack(np.meshgrid(line, line), axis=-1) + shift
    return np.asarray(np.round(node * step + ORIGIN, 3))


def zones(count: int, seed: int) -> gpd.GeoDataFrame:
    """Return irregular zones of 61 vertices that overlap each other here and there."""
    return stars(count, SIDE_M / np.sqrt(count) * 0.6, 60, seed)


def snapped_zones(cadastre: gpd.GeoDataFrame, count: int, seed: int) -> gpd.GeoDataFrame:
    """Return zones dissolved from parcels: every boundary runs along parcel boundaries.

    Vertices that lie exactly on a straight edge are taken out, as drawing offices do.
    """
    rng = np.random.default_rng(seed)
    seats = shapely.STRtree(shapely.points(rng.uniform(0, SIDE_M, (count, 2)) + ORIGIN))
    shapes = cadastre.geometry.to_numpy()
    nearest = np.asarray(seats.nearest(shapely.centroid(shapes)))
    order = np.argsort(nearest, kind="stable")
    _, zone = np.unique(nearest[order], return_inverse=True)
    heaps = shapely.geometrycollections(shapes[order], indices=zone)
    dissolved = shapely.coverage_union_all(heaps[:, None], axis=1)
    return _layer(shapely.simplify(dissolved, 0.0))


def stars(count: int, radius_m: float, vertices: int, seed: int) -> gpd.GeoDataFrame:
    """Return polygons of random reach at random places."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, SIDE_M, (count, 1, 2)) + ORIGIN
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = radius_m * rng.uniform(0.6, 1.0, (count, vertices))
    ring = centres + np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    return _layer(shapely.polygons(shapely.linearrings(np.round(ring, 3))))


def lines(count: int, vertices: int, step_m: float, seed: int) -> gpd.GeoDataFrame:
    """Return winding lines: each edge turns a little from the one before."""
    rng = np.random.default_rng(seed)
    start = rng.uniform(0, SIDE_M, (count, 1, 2)) + ORIGIN
    turns = rng.normal(0, 0.1, (count, vertices - 1))
    heading = rng.uniform(0, 2 * np.pi, (count, 1)) + turns.cumsum(axis=1)
    steps = step_m * np.stack([np.cos(heading), np.sin(heading)], axis=-1)
    points = np.concatenate([start, start + steps.cumsum(axis=1)], axis=1)
    return _layer(shapely.linestrings(np.round(points, 3)))


def _layer(shapes: NDArray[Any]) -> gpd.GeoDataFrame:
    index = pd.RangeIndex(len(shapes), name="id")
    return gpd.GeoDataFrame(geometry=shapes, index=index, crs=CRS)
