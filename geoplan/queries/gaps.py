"""Gaps too small to matter: taken out of the picture, not out of the figures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

from geoplan.crs import MeasuringPlane, whole_measure

if TYPE_CHECKING:
    from geopandas import GeoDataFrame


def without_small_gaps(rows: GeoDataFrame, min_gap_m2: float) -> GeoDataFrame:
    """Return coverage rows whose gaps of less than an area are counted instead of drawn.

    Parameters
    ----------
    rows : GeoDataFrame
        Of `geoplan.queries.coverage`; null geometries stay null.
    min_gap_m2 : float
        Smallest part of a gap that stays [m²].
    """
    gaps = rows.geometry.to_numpy()
    singles, owner = shapely.get_parts(gaps, return_index=True)
    parts = gpd.GeoDataFrame(geometry=singles, index=np.arange(len(singles)), crs=rows.crs)
    small = np.zeros(len(parts), dtype=bool)
    there = ~shapely.is_empty(singles)
    small[there] = whole_measure(parts[there], MeasuringPlane.area_m2) < min_gap_m2
    count = np.bincount(owner[small], minlength=len(rows))
    kept = gaps.copy()
    changed = np.unique(owner[small])
    kept[changed] = shapely.Polygon()
    left = np.isin(owner, changed) & ~small
    if left.any():
        shapely.multipolygons(singles[left], indices=owner[left], out=kept)
    known = rows["small_gap_count"].notna()
    return rows.assign(small_gap_count=np.where(known, count, np.nan)).set_geometry(
        gpd.GeoSeries(kept, index=rows.index, crs=rows.crs)
    )
