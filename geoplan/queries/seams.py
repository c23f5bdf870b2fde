"""Pairs found in several planes, made whole again where their features were cut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.checks import POINT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyproj import CRS

SEAM_M = 1e-3
"""How near to each other two points of a pair on both sides of a cut are one [m]."""

_SEAM_DEG = SEAM_M / 111_000.0


def united(rows: pd.DataFrame, crs: CRS) -> pd.DataFrame:
    """Return one row for each pair of ids: measures added up, geometries joined.

    A point that both sides of a cut have, or where a shared stretch goes on, counts once or
    not at all. Coordinates of what is joined are rounded to a tenth of a millimetre, so that
    the seam closes.

    Parameters
    ----------
    rows : DataFrame
        Of `geoplan.queries.overlap`, with geometries in `crs`; those of lines are never null.
    crs : pyproj.CRS
        Says in which unit the seam is.
    """
    ids = ["left_id", "right_id"]
    several = rows.duplicated(ids, keep=False).to_numpy()
    if not several.any():
        return rows
    tolerance = _tolerance(crs)
    joined = [_joined(group, tolerance) for _, group in rows[several].groupby(ids, sort=False)]
    return pd.concat([rows[~several], pd.DataFrame(joined)], ignore_index=True)


def joined(pieces: NDArray[Any], crs: CRS) -> Any:
    """Return the pieces of one cut geometry as one, null when none is there."""
    present = pieces[~shapely.is_missing(pieces)]
    if len(present) < 2:
        return present[0] if len(present) else None
    return shapely.union_all(present, grid_size=_tolerance(crs) / 10.0)


def _tolerance(crs: CRS) -> float:
    return _SEAM_DEG if crs.is_geographic else SEAM_M


def _joined(group: pd.DataFrame, tolerance: float) -> pd.Series:
    row = group.iloc[0].copy()
    for measure in ("area_m2", "length_m", "point_count"):
        row[measure] = group[measure].sum(min_count=1)
    for side in ("left", "right"):
        row[f"{side}_is_part"] = bool(group[f"{side}_is_part"].any())
        row[f"{side}_size"] = group[f"{side}_size"].max()
    parts = shapely.get_parts(group["geometry"].dropna().to_numpy())
    dimensions = shapely.get_dimensions(parts)
    pieces = shapely.union_all(parts[dimensions > POINT], grid_size=tolerance / 10.0)
    points = _once(parts[dimensions == POINT], pieces, tolerance)
    if not np.isnan(row["point_count"]):
        row["point_count"] = float(len(points))
    if len(parts):
        row["geometry"] = shapely.union_all([pieces, *points])
    return row


def _once(points: NDArray[Any], pieces: Any, tolerance: float) -> list[Any]:
    """Return points that are neither the same nor on the pieces, within the tolerance."""
    kept: list[Any] = []
    for point in points:
        near = [pieces, *kept] if not pieces.is_empty else kept
        if all(point.distance(other) > tolerance for other in near):
            kept.append(point)
    return kept
