"""Vectors put onto the grid of a raster: the vectors are moved, the raster never is.

Cells become unit squares, so that rotated, sheared and south-up grids are all alike: shares of
a cell do not change under an affine map. An edge is straight in the measuring plane (decision
2) and bends on the grid of another CRS; it is divided until no piece bends by more than
`MAX_BEND_CELLS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from geoplan.crs import MeasuringPlane, geographic, planes_of, shared_crs
from geoplan.errors import CrsMismatch, OutsideRaster

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.raster import Grid

MAX_BEND_CELLS = 1e-4
"""How far a straight piece on the grid may lie from the edge it stands for [cells]."""

_ROUNDS = 12
_SAME_GROUND = (4490, 4326)


@dataclass(frozen=True)
class Placed:
    """Located features of one layer on a grid.

    Attributes
    ----------
    positions : ndarray of int, shape (n,)
        Where each stands in the layer.
    geometries : ndarray of shapely geometries, shape (n,)
        x is the column, y the row, both from the outer corner of the first cell.
    in_plane : ndarray of shapely geometries, shape (n,)
        The same, vertex by vertex, in the measuring plane [m].
    planes : list of (MeasuringPlane, ndarray of int)
        Which plane measures which.
    inside : ndarray of bool, shape (n,)
        Whether the box of each meets the raster.
    """

    positions: NDArray[np.intp]
    geometries: NDArray[Any]
    in_plane: NDArray[Any]
    planes: list[tuple[MeasuringPlane, NDArray[np.intp]]]
    inside: NDArray[np.bool_]

    def measured(
        self, measure: Callable[[MeasuringPlane, NDArray[Any]], NDArray[np.float64]]
    ) -> NDArray[np.float64]:
        """Return a measure on the ellipsoid of each feature."""
        sizes = np.full(len(self.positions), np.nan)
        for plane, which in self.planes:
            sizes[which] = measure(plane, self.in_plane[which])
        return sizes


def place(layer: GeoDataFrame, grid: Grid, role: str) -> Placed:
    """Put located features onto a grid.

    Parameters
    ----------
    layer : GeoDataFrame
        Located features (no null, no empty geometry), indexed by unique id.
    grid : Grid
        Of the raster.
    role : str
        What the layer is in the question, for messages.

    Raises
    ------
    CrsMismatch
        The layer has no CRS, or its datum and that of the raster are related by a shift that
        geoplan does not apply.
    OutsideRaster
        There are features, and the box of none meets the raster.
    FeatureTooWide, InvalidGeometry
        A feature cannot be measured in one plane.
    """
    bent, straight, planes, order = [], [], [], []
    count = 0
    refuse_other_datum(shared_crs(layer), grid.crs, role)
    for plane, ours, _ in planes_of(layer):
        in_plane, on_grid = _bent(ours.geometries, onto(plane.crs, grid))
        straight.append(in_plane)
        bent.append(on_grid)
        order.append(layer.index.get_indexer(ours.ids))
        planes.append((plane, np.arange(count, count + len(in_plane))))
        count += len(in_plane)
    if not planes:
        nothing = np.empty(0, dtype=object)
        empty = np.empty(0, dtype=np.intp)
        return Placed(empty, nothing, nothing, [], np.empty(0, dtype=bool))
    geometries = np.concatenate(bent)
    boxes = shapely.bounds(geometries)
    # infinite and NaN compare false: what the raster's CRS cannot hold lies outside
    inside = np.isfinite(boxes).all(axis=1)
    inside &= (boxes[:, 0] < grid.width) & (boxes[:, 2] >= 0)
    inside &= (boxes[:, 1] < grid.height) & (boxes[:, 3] >= 0)
    if not inside.any():
        raise OutsideRaster(
            f"none of the {len(geometries)} features of {role} lies on the raster: its corner is "
            f"at {[round(float(x), 6) for x in grid.to_map(np.zeros((1, 2)))[0]]} in "
            f"{grid.crs.name}; check the CRS of both"
        )
    return Placed(np.concatenate(order), geometries, np.concatenate(straight), planes, inside)


def refuse_other_datum(crs: CRS, raster: CRS, role: str) -> None:
    """Refuse a layer on another datum than the raster; CGCS2000 and WGS 84 count as one."""
    ours, theirs = geographic(crs), geographic(raster)
    both_modern = {ours.to_epsg(), theirs.to_epsg()} <= set(_SAME_GROUND)
    if not both_modern and ours.to_2d() != theirs.to_2d() and ours.datum != theirs.datum:
        raise CrsMismatch(
            f"{role} is on {ours.name} and the raster on {theirs.name}: no shift between the two "
            f"is applied unasked; bring both to one datum first"
        )


def onto(plane: CRS, grid: Grid) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    """Return the way from plane coordinates, shape (n, 2), to columns and rows of a grid."""
    if plane == grid.crs:
        return grid.to_cells
    transformer = _transformer(plane.to_wkt(), grid.crs.to_wkt())

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return grid.to_cells(np.column_stack(transformer.transform(xy[:, 0], xy[:, 1])))

    return move


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(CRS.from_wkt(source), CRS.from_wkt(target), always_xy=True)


def _bent(
    geometries: NDArray[Any], move: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return geometries in the plane and on the grid, divided until each piece fits its edge."""
    for _ in range(_ROUNDS):
        longest = _longest_straight(geometries, move)
        if np.isinf(longest).all():
            break
        geometries = shapely.segmentize(geometries, np.where(np.isinf(longest), 1e9, longest))
    on_grid = shapely.transform(geometries, move)
    return geometries, np.asarray(on_grid, dtype=object)


def _longest_straight(
    geometries: NDArray[Any], move: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return how long pieces of each geometry may be [m]; infinite where all of them fit.

    How far an edge bends is measured at its quarters: a curve with an inflection has none in
    the middle. Bending grows with the square of the length.
    """
    points, owner = shapely.get_coordinates(geometries, return_index=True)
    ring = _rings(geometries)
    inner = ring[1:] == ring[:-1]
    start, end, owner = points[:-1][inner], points[1:][inner], owner[1:][inner]
    from_cells, to_cells = move(start), move(end)
    bend = np.zeros(len(start))
    for share in (0.25, 0.5, 0.75):
        off = move(start + share * (end - start)) - (from_cells + share * (to_cells - from_cells))
        bend = np.maximum(bend, np.hypot(*off.T))
    allowed = np.full(len(geometries), np.inf)
    bent = np.isfinite(bend) & (bend > MAX_BEND_CELLS)
    length = np.hypot(*(end - start).T)
    fits = 0.95 * length[bent] * np.sqrt(MAX_BEND_CELLS / bend[bent])
    np.minimum.at(allowed, owner[bent], fits)
    return allowed


def _rings(geometries: NDArray[Any]) -> NDArray[np.intp]:
    """Return, for each vertex, which ring or line it belongs to."""
    parts = shapely.get_parts(geometries)
    if (shapely.get_dimensions(parts) == 2).any():
        parts = shapely.get_rings(parts)
    return np.asarray(shapely.get_coordinates(parts, return_index=True)[1], dtype=np.intp)
