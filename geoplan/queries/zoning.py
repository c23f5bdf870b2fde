"""What the questions about zones and a raster share: sizes, shares, and how the engine goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.crs import MeasuringPlane
from geoplan.queries import engine
from geoplan.queries.checks import AREA, LINE
from geoplan.queries.samples import Samples, of_lines, of_points

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pandas import DataFrame

    from geoplan.queries.placing import Placed
    from geoplan.raster import Grid

EQUAL_CELLS = 4e-6
"""Cells that differ in area by less than this inside every zone count as equal: no share of a
zone is then wrong by more than a quarter of it, 1e-6."""

CROWDED = 0.5
"""From which share of the box around all zones on, their own boxes call for one go."""

MAX_CELLS_IN_MEMORY = 8_000_000
"""How many cells of a raster the engine holds at once."""


def sizes_of(placed: Placed, kind: int) -> dict[str, NDArray[np.float64]]:
    """Return the sizes of zones on the ellipsoid as columns."""
    nothing = np.full(len(placed.positions), np.nan)
    area = placed.measured(MeasuringPlane.area_m2) if kind == AREA else nothing
    length = placed.measured(MeasuringPlane.length_m) if kind == LINE else nothing
    return {"zone_area_m2": area, "zone_length_m": length}


def cells_differ(placed: Placed, grid: Grid) -> bool:
    """Tell whether cells of one zone differ in area by more than `EQUAL_CELLS`.

    By the steepest change of area over the part of the raster where the zones lie, times the
    size of the largest zone.
    """
    if not len(placed.positions):
        return False
    boxes = shapely.bounds(placed.geometries[placed.inside])
    limits = np.array([grid.width, grid.height], dtype=float)
    low, high = np.clip(boxes[:, :2], 0, limits), np.clip(boxes[:, 2:], 0, limits)
    west, north = low.min(axis=0)
    east, south = high.max(axis=0)
    cols, rows = np.linspace(west, east, 17), np.linspace(north, south, 17)
    places = np.stack(np.meshgrid(cols, rows), axis=-1).reshape(-1, 2)
    areas = np.log(np.abs(np.linalg.det(grid.steps_m(places)))).reshape(17, 17)
    steepest = np.array(
        [np.abs(np.diff(areas, axis=1)).max() * 16, np.abs(np.diff(areas, axis=0)).max() * 16]
    )
    span = np.maximum([east - west, south - north], 1e-9)
    return bool((((high - low) / span) @ steepest).max() > EQUAL_CELLS)


def ratio_of(
    placed: Placed, found: dict[str, NDArray[np.float64]], by_area: bool
) -> NDArray[np.float64]:
    """Return the share of each zone that has data."""
    if by_area:
        part, whole = np.nan_to_num(found["data_area"]), placed.measured(MeasuringPlane.area_m2)
    else:
        part, whole = found["count"], shapely.area(placed.geometries)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(part > 0, np.minimum(part / whole, 1.0), 0.0)


def spread(values: Any, placed: Placed) -> NDArray[np.float64]:
    """Return values of the zones inside at their places among all, NaN elsewhere."""
    spread = np.full(len(placed.positions), np.nan)
    spread[placed.inside] = np.array(values, dtype=float)
    return spread


def by_kernels(zones: NDArray[Any], grid: Grid) -> bool:
    """Tell whether the compiled kernels go through a raster, by the cells in the zones' boxes."""
    if not len(zones):
        return False
    limits = np.array([grid.width, grid.height] * 2, dtype=float)
    boxes = np.clip(shapely.bounds(zones), 0, limits)
    return engine.is_worth_cells(float((boxes[:, 2:] - boxes[:, :2]).prod(axis=1).sum()))


def by_raster(zones: NDArray[Any]) -> bool:
    """Tell whether to go through the raster once instead of from zone to zone.

    Once is cheaper where the boxes of the zones together are a good part of the box around them
    all; a few zones far apart would make it read what nobody asked for (decision 15).
    """
    boxes = shapely.bounds(zones)
    sizes = boxes[:, 2:] - boxes[:, :2]
    around = boxes[:, 2:].max(axis=0) - boxes[:, :2].min(axis=0)
    return bool(sizes.prod(axis=1).sum() > CROWDED * around.prod())


def samples_of(placed: Placed, kind: int) -> Samples:
    """Return the cells of zones that are points or lines; -1 (nothing located) has none."""
    return of_lines(placed) if kind == LINE else of_points(placed)


def attrs_of(placed: Placed, missing: list[Any], rows: DataFrame, by_area: bool) -> dict[str, Any]:
    """Return what an answer says besides its rows."""
    return {
        "no_geometry": missing,
        "no_data": rows.loc[rows["raster_ratio"] == 0, "zone_id"].tolist(),
        "measuring_planes": [plane.name for plane, _ in placed.planes],
        "cells": "by area" if by_area else "equal",
    }
