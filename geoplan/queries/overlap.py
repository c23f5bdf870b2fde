"""Where two layers coincide, and by how much."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, planes_of, reproject, shared_crs, whole_measure
from geoplan.queries.checks import AREA, LINE, POINT, located, refuse_collections, refuse_negative
from geoplan.queries.seams import united
from geoplan.queries.shared import MEASURES, Side, shared

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

IDS, RATIOS = ["left_id", "right_id"], ["left_ratio", "right_ratio"]
COLUMNS = [*IDS, *MEASURES, *RATIOS, "geometry"]


def overlap(
    left: GeoDataFrame,
    right: GeoDataFrame,
    *,
    min_area_m2: float = 0.0,
    min_length_m: float = 0.0,
    geometry: bool = True,
) -> GeoDataFrame:
    """Find where the features of two layers coincide, and by how much.

    What a pair shares is measured by the lower of its two dimensions: areas share areas; lines
    share lengths with areas and stretches with lines, whose other meetings are counted as
    points; points are counted in areas, on lines and on points. A feature includes its
    boundary, so a line along that of an area counts as inside, and so does a point on it. Areas
    that only touch, and lines that only touch an area, share nothing and make no row.

    Parameters
    ----------
    left, right : GeoDataFrame
        Valid (multi)points, (multi)linestrings or (multi)polygons, also mixed, indexed by
        feature id, both in one CRS. Null and empty geometries are passed over and listed.
    min_area_m2 : float, default 0
        Drop shared areas smaller than this [m²]; what is dropped is listed.
    min_length_m : float, default 0
        Drop shared lengths shorter than this [m]; what is dropped is listed. Lines that meet
        in a point are kept.
    geometry : bool, default True
        False leaves the geometry null, which saves time.

    Returns
    -------
    GeoDataFrame
        One row for each pair that coincides, areas first, then lengths, then points, the
        largest first, in the CRS of the inputs: ``left_id``, ``right_id``, ``area_m2`` [m², of
        two areas], ``length_m`` [m, of a line and a line or an area], ``point_count`` (of two
        lines, or of points), ``left_ratio`` and ``right_ratio`` [0..1] of each feature's own
        area or length, ``geometry`` the shared part. A measure or ratio that does not apply is
        NaN; two lines that only cross have the length 0. ``attrs`` holds ``no_geometry`` (ids
        by side), ``below_minimum`` (pairs of ids) and ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        A feature is a geometry collection.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.
    BadQuery
        A minimum is negative or not a number.

    Notes
    -----
    ``Intersection`` then ``Area`` or ``Length`` of ISO 19125-1, in the measuring plane, on the
    ellipsoid (`geoplan.crs`). It is not the predicate ``Overlaps``, which is false where one
    area contains the other. Whether a point lies on a line is decided by its coordinates as
    they are, without tolerance; `clearance` knows one. Pairs are not disjoint: summing
    ``area_m2`` counts twice where features of one layer overlap each other; `coverage` unions
    first.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> park = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500300, 4550200)],
    ...                         index=["P1"], crs=4550)
    >>> zone = gpd.GeoDataFrame(geometry=[box(500200, 4550000, 500900, 4550500)],
    ...                         index=["Z1"], crs=4550)
    >>> overlap(park, zone)[["left_id", "right_id", "left_ratio"]].round(4).values.tolist()
    [['P1', 'Z1', 0.3333]]
    """
    refuse_negative(min_area_m2=min_area_m2, min_length_m=min_length_m)
    crs = shared_crs(left, right)
    ours, left_missing = located(left, "left")
    theirs, right_missing = located(right, "right")
    refuse_collections(ours, "left")
    refuse_collections(theirs, "right")

    rows, planes = _rows(ours, theirs, crs, geometry)
    order = [*MEASURES, *IDS]
    rows = rows.sort_values(order, ascending=[False] * 3 + [True] * 2, kind="stable")
    short = (rows["length_m"] < min_length_m) & ~(rows["point_count"] > 0)
    dropped = (rows["area_m2"] < min_area_m2) | short
    answer = gpd.GeoDataFrame(rows.loc[~dropped, COLUMNS], geometry="geometry", crs=crs)
    answer = answer.reset_index(drop=True)
    answer.attrs = {
        "no_geometry": {"left": left_missing, "right": right_missing},
        "below_minimum": rows.loc[dropped, IDS].to_numpy().tolist(),
        "measuring_planes": planes,
    }
    return answer


class InOnePlane(NamedTuple):
    """The pairs of one plane: a table as of `shared`, with ids beside the positions."""

    plane: MeasuringPlane
    left: Side
    right: Side
    pairs: pd.DataFrame


def plane_by_plane(left: GeoDataFrame, right: GeoDataFrame, *, geometry: bool) -> list[InOnePlane]:
    """Return what the located features of two layers share, each place in its own plane.

    ``left_is_part`` and ``right_is_part`` tell of which features the plane holds only a part.
    """
    found = []
    for plane, ours, (theirs,) in planes_of(left, right, whole=False):
        sides = Side(plane, ours.geometries), Side(plane, theirs.geometries)
        pairs = shared(*sides, geometry=geometry)
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


def _rows(
    left: GeoDataFrame, right: GeoDataFrame, crs: CRS, geometry: bool
) -> tuple[pd.DataFrame, list[str]]:
    """Return one row for each pair, with ratios, and the names of the planes."""
    found = plane_by_plane(left, right, geometry=geometry)
    if not found:
        numbers = dict.fromkeys([*MEASURES, *RATIOS], float)
        return pd.DataFrame(columns=COLUMNS).astype(numbers), []
    rows = merged(found, crs, geometry=geometry)
    for name, layer in (("left", left), ("right", right)):
        size = _whole_sizes(rows, name, layer)
        rows[f"{name}_ratio"] = np.minimum(rows["area_m2"].fillna(rows["length_m"]) / size, 1.0)
    return rows, [one.plane.name for one in found]


def _dimension(pairs: pd.DataFrame) -> NDArray[np.int32]:
    """Return the dimension that each pair is measured by."""
    lineal = np.where(pairs["length_m"].notna(), LINE, POINT)
    return np.where(pairs["area_m2"].notna(), AREA, lineal)


def _whole_sizes(rows: pd.DataFrame, name: str, layer: GeoDataFrame) -> NDArray[np.float64]:
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
            total[chosen] = whole_measure(features[chosen], measure)
        size[lacking] = total[features.index.get_indexer(ids)]
    return size
