"""The pairs of two layers that coincide, one row each, from all planes they lie in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, extent_of, planes_of, reproject, whole_measure
from geoplan.queries.checks import AREA, LINE, POINT
from geoplan.queries.parting import Answer
from geoplan.queries.seams import united
from geoplan.queries.shared import MEASURES, Side, shared

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.crs import Extent

IDS, RATIOS = ["left_id", "right_id"], ["left_ratio", "right_ratio"]
COLUMNS = [*IDS, *MEASURES, *RATIOS, "geometry"]


@dataclass(frozen=True)
class Coinciding:
    """The question which pairs of features coincide, and by how much.

    Attributes
    ----------
    geometry : bool
        Whether what they share is built.
    extent : tuple of float, optional
        Of the whole layers, where this is asked of parts of them.
    compiled : bool, optional
        As of `geoplan.queries.shared.shared`.
    """

    geometry: bool
    extent: Extent | None = None
    compiled: bool | None = None

    def __call__(self, left: GeoDataFrame, right: GeoDataFrame, /) -> Answer:
        """Return one row for each pair, with ratios."""
        if len(left) == 0:
            return Answer(_no_rows(), ())
        extent = self.extent or extent_of(left, right)
        found = plane_by_plane(
            left, right, geometry=self.geometry, extent=extent, compiled=self.compiled
        )
        rows = merged(found, left.crs, geometry=self.geometry)
        for name, layer in (("left", left), ("right", right)):
            size = _whole_sizes(rows, name, layer, extent)
            rows[f"{name}_ratio"] = np.minimum(rows["area_m2"].fillna(rows["length_m"]) / size, 1.0)
        return Answer(rows[COLUMNS], tuple(one.plane for one in found))


def _no_rows() -> pd.DataFrame:
    numbers = dict.fromkeys([*MEASURES, *RATIOS], float)
    return pd.DataFrame(columns=COLUMNS).astype(numbers)


class InOnePlane(NamedTuple):
    """The pairs of one plane: a table as of `shared`, with ids beside the positions."""

    plane: MeasuringPlane
    left: Side
    right: Side
    pairs: pd.DataFrame


def plane_by_plane(
    left: GeoDataFrame,
    right: GeoDataFrame,
    *,
    geometry: bool,
    extent: Extent | None = None,
    compiled: bool | None = None,
) -> list[InOnePlane]:
    """Return what the located features of two layers share, each place in its own plane.

    ``left_is_part`` and ``right_is_part`` tell of which features the plane holds only a part.
    """
    found = []
    for plane, ours, (theirs,) in planes_of(left, right, whole=False, extent=extent):
        sides = Side(plane, ours.geometries), Side(plane, theirs.geometries)
        pairs = shared(*sides, geometry=geometry, compiled=compiled)
        for name, part in (("left", ours), ("right", theirs)):
            pairs[f"{name}_id"] = part.ids[pairs[name]]
            pairs[f"{name}_is_part"] = part.is_part[pairs[name]]
        found.append(InOnePlane(plane, *sides, pairs))
    return found


def merged(found: list[InOnePlane], crs: CRS, *, geometry: bool) -> pd.DataFrame:
    """Return one row for each pair of ids, in `crs` if its geometry is asked for.

    ``left_size`` and ``right_size`` are what the plane holds of each feature [m² or m], NaN
    where a feature is not of the dimension that its pair is measured by.
    """
    tables = []
    for plane, ours, theirs, pairs in found:
        sized = pairs.copy(deep=False)
        for name, side in (("left", ours), ("right", theirs)):
            which = pairs[name].to_numpy()
            measurable = side.dimensions[which] == _dimension(pairs)
            size = np.full(len(pairs), np.nan)
            size[measurable] = side.sizes(which[measurable])
            sized[f"{name}_size"] = size
        if plane.crs != crs and (geometry or len(found) > 1):
            sized["geometry"] = reproject(pairs["geometry"].to_numpy(), plane.crs, crs)
        tables.append(sized)
    rows = tables[0] if len(tables) == 1 else united(pd.concat(tables, ignore_index=True), crs)
    if not geometry:
        rows["geometry"] = None
    return rows


def _dimension(pairs: pd.DataFrame) -> NDArray[np.int32]:
    """Return the dimension that each pair is measured by."""
    lineal = np.where(pairs["length_m"].notna(), LINE, POINT)
    return np.where(pairs["area_m2"].notna(), AREA, lineal)


def _whole_sizes(
    rows: pd.DataFrame, name: str, layer: GeoDataFrame, extent: Extent
) -> NDArray[np.float64]:
    """Return the feature's own measure for each row, NaN where it has none of that kind."""
    size = rows[f"{name}_size"].to_numpy(dtype=float, copy=True)
    lacking = np.flatnonzero(rows[f"{name}_is_part"].to_numpy(dtype=bool) & ~np.isnan(size))
    if len(lacking):
        ids = pd.Index(rows[f"{name}_id"].to_numpy()[lacking])
        features = layer.loc[ids.unique()]
        areal = shapely.get_dimensions(features.geometry.to_numpy()) == AREA
        total = np.zeros(len(features))
        for chosen, measure in (
            (areal, MeasuringPlane.area_m2),
            (~areal, MeasuringPlane.length_m),
        ):
            total[chosen] = whole_measure(features[chosen], measure, extent)
        size[lacking] = total[features.index.get_indexer(ids)]
    return size
