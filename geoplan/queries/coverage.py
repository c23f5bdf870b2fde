"""How much of each zone other layers cover, and where the gaps are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, planes_of, reproject, shared_crs
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.queries.checks import AREA, NAMES, dimension, located
from geoplan.queries.pairs import intersections, meeting

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

COLUMNS = [
    "zone_id",
    "zone_area_m2",
    "covered_area_m2",
    "gap_area_m2",
    "coverage_ratio",
    "geometry",
]


def coverage(zones: GeoDataFrame, *by: GeoDataFrame) -> GeoDataFrame:
    """Measure how much of each zone is covered by the union of one or more layers.

    Parameters
    ----------
    zones : GeoDataFrame
        Valid (multi)polygons indexed by feature id. Zones may overlap: each is measured alone.
    *by : GeoDataFrame
        At least one layer of valid (multi)polygons in the CRS of the zones. Where their
        features overlap, the ground counts once.

    Returns
    -------
    GeoDataFrame
        One row for each zone, in the order of `zones`, in their CRS: ``zone_id``,
        ``zone_area_m2``, ``covered_area_m2``, ``gap_area_m2`` [m²], ``coverage_ratio`` [0..1],
        ``geometry`` the gap (empty where the zone is covered whole). A zone without geometry
        has NaN and null; when no covering feature has a geometry, so has every zone but for
        its own area. ``attrs`` holds ``no_geometry`` (ids of ``zones`` and a list of ids
        for each layer in ``by``) and ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        A layer holds anything but areas.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.
    BadQuery
        No layer to cover by was given.

    Notes
    -----
    ``Intersection`` with the ``Union``, then ``Area`` of ISO 19125-1, in the measuring plane,
    on the ellipsoid (`geoplan.crs`). Covered and gap are measured each for itself; they add up
    to the zone within rounding.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> zone = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500400, 4550100)],
    ...                         index=["Z1"], crs=4550)
    >>> twice = gpd.GeoDataFrame(geometry=[box(500000, 4550000, 500200, 4550100),
    ...                                    box(500100, 4550000, 500300, 4550100)], crs=4550)
    >>> round(float(coverage(zone, twice).coverage_ratio.iloc[0]), 6)
    0.75
    """
    if not by:
        raise BadQuery("coverage needs at least one layer to cover the zones by")
    crs = shared_crs(zones, *by)
    zones_located, zones_missing = located(zones, "zones")
    _refuse_other_than_areas(zones_located, "zones")
    covers, covers_missing = _covers(by)

    parts, planes = [], []
    for plane, ours, (theirs,) in planes_of(zones_located, covers):
        measured = _measured(plane, ours.geometries, theirs.geometries)
        measured["geometry"] = reproject(measured["geometry"].to_numpy(), plane.crs, crs)
        parts.append(measured.set_axis(pd.Index(ours.ids), axis=0))
        planes.append(plane.name)

    rows = pd.concat(parts) if parts else pd.DataFrame(columns=COLUMNS[1:])
    if covers.empty:
        # nothing that might cover has a place: how much is covered is not known, and not 0
        rows[["covered_area_m2", "gap_area_m2", "coverage_ratio"]] = np.nan
        rows["geometry"] = None
    rows = rows.reindex(zones.index).rename_axis("zone_id").reset_index()
    answer = gpd.GeoDataFrame(rows[COLUMNS], geometry="geometry", crs=crs)
    answer = answer.astype(dict.fromkeys(COLUMNS[1:5], float))
    answer.attrs = {
        "no_geometry": {"zones": zones_missing, "by": covers_missing},
        "measuring_planes": planes,
    }
    return answer


def _refuse_other_than_areas(layer: GeoDataFrame, role: str) -> None:
    found = dimension(layer, role)
    if found not in (AREA, -1):
        raise WrongGeometryType(f"coverage is a share of area; {role} holds {NAMES[found]}")


def _covers(by: tuple[GeoDataFrame, ...]) -> tuple[GeoDataFrame, list[list[Any]]]:
    """Return the located features of all covering layers as one, and the unlocated ids."""
    parts, missing = [], []
    for number, layer in enumerate(by, start=1):
        role = f"covering layer {number}"
        present, absent = located(layer, role)
        _refuse_other_than_areas(present, role)
        parts.append(present.geometry)
        missing.append(absent)
    together = gpd.GeoSeries(pd.concat(parts), crs=by[0].crs)
    return gpd.GeoDataFrame(geometry=together), missing


def _measured(plane: MeasuringPlane, zones: NDArray[Any], covers: NDArray[Any]) -> pd.DataFrame:
    """Return the measures of projected zones, one row a zone."""
    covered = _covered(zones, covers)
    gap = shapely.difference(zones, covered)
    zone_area = plane.area_m2(zones)
    covered_area = np.minimum(plane.area_m2(covered), zone_area)
    return pd.DataFrame(
        {
            "zone_area_m2": zone_area,
            "covered_area_m2": covered_area,
            "gap_area_m2": plane.area_m2(gap),
            "coverage_ratio": covered_area / zone_area,
            "geometry": gap,
        }
    )


def _covered(zones: NDArray[Any], covers: NDArray[Any]) -> NDArray[Any]:
    """Return the covered part of each zone: its pieces clipped first, then united.

    Clipping first keeps each union small: a cover that spans the city is cut to the zone
    before anything is united.
    """
    of_zone, of_cover = meeting(zones, covers)
    pieces = intersections(zones, covers, of_zone, of_cover)
    singles, owner = shapely.get_parts(pieces, return_index=True)
    owner = of_zone[owner]
    areal = shapely.get_dimensions(singles) == AREA
    heaps = np.full(len(zones), shapely.MultiPolygon(), dtype=object)
    if areal.any():
        shapely.geometrycollections(singles[areal], indices=owner[areal], out=heaps)
    return np.asarray(shapely.union_all(heaps[:, np.newaxis], axis=1), dtype=object)
