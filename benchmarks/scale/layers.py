"""Parcels that need not fit in memory: made a few rows at a time, neighbours still share edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.layers import CRS, ORIGIN, SIDE_M

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

EDGES = 4
"""Edges of a parcel's side."""

BATCH = 50_000


def parcels(count: int, seed: int) -> Iterator[gpd.GeoDataFrame]:
    """Yield parcels of 17 vertices that fill the extent, row by row."""
    across = int(np.ceil(np.sqrt(count)))
    rows = max(BATCH // across, 1)
    for first in range(0, across, rows):
        last = min(first + rows, across)
        node = np.stack(
            [_node_row(at, across, seed) for at in range(first * EDGES, last * EDGES + 1)]
        )
        ids = np.arange(first * across, min(last * across, count))
        if len(ids) == 0:
            return
        row, column = np.divmod(ids, across)
        yield _frame(_rings(node, row - first, column), ids)


def _node_row(at: int, across: int, seed: int) -> NDArray[np.float64]:
    """Return one row of the shifted nodes of a square grid, shape (edges + 1, 2) [m]."""
    step = SIDE_M / (across * EDGES)
    line = np.arange(across * EDGES + 1)
    shift = np.random.default_rng([seed, at]).uniform(-0.25, 0.25, (len(line), 2))
    nodes = np.column_stack([line, np.full(len(line), at)]) + shift
    return np.asarray(np.round(nodes * step + ORIGIN, 3))


def _rings(
    node: NDArray[np.float64], row: NDArray[np.int64], column: NDArray[np.int64]
) -> NDArray[np.float64]:
    along = np.arange(EDGES)
    zero, full = np.zeros_like(along), np.full_like(along, EDGES)
    step_column = np.concatenate([along, full, full - along, zero, [0]])
    step_row = np.concatenate([zero, along, full, full - along, [0]])
    return node[row[:, None] * EDGES + step_row, column[:, None] * EDGES + step_column]


def _frame(rings: NDArray[np.float64], ids: NDArray[np.int64]) -> gpd.GeoDataFrame:
    index = pd.Index(ids, name="id")
    return gpd.GeoDataFrame(geometry=shapely.polygons(rings), index=index, crs=CRS)
