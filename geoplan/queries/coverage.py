"""How much of each zone other layers cover, and where the gaps are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import extent_of, planes_of, reproject, shared_crs
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.queries import engine
from geoplan.queries.checks import AREA, LINE, NAMES, POINT, dimension, located, refuse_negative
from geoplan.queries.gaps import without_small_gaps
from geoplan.queries.parting import FEATURES, Answer, by_parts
from geoplan.queries.seams import joined
from geoplan.queries.uncovered import measured, sizes_of

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.crs import Extent
    from geoplan.queries.mapping import Map

ZONE, LAYER = "zone_id", "layer"


def coverage(
    zones: GeoDataFrame,
    *by: GeoDataFrame,
    by_group: str | None = None,
    min_gap_m2: float = 0.0,
    gap_geometry: bool = True,
    map: Map | None = None,  # noqa: A002 - it is one
    part_features: int = FEATURES,
) -> GeoDataFrame:
    """Measure how much of each zone is covered by the union of one or more layers.

    Parameters
    ----------
    zones : GeoDataFrame
        Valid (multi)polygons, or (multi)linestrings, indexed by feature id. Zones may overlap:
        each is measured alone.
    *by : GeoDataFrame
        At least one layer of valid (multi)polygons in the CRS of the zones. Where their
        features overlap, the ground counts once.
    by_group : str, optional
        A column of the zones: those with the same value are one zone, their union, so that
        ground they share counts once. ``zone_id`` is then that value, in the order in which
        the values first come; zones without one are a group of their own.
    min_gap_m2 : float, default 0
        Gaps smaller than this [m²] are left out of the geometry and counted in
        ``small_gap_count``; the measures include them.
    gap_geometry : bool, default True
        False leaves the geometry null, which saves memory; not together with `min_gap_m2`.
    map, part_features
        As for `overlap`. A zone is measured whole in one part, with all that may cover it.

    Returns
    -------
    GeoDataFrame
        One row for each zone, in the order of `zones`, in their CRS: ``zone_id``,
        ``zone_area_m2``, ``covered_area_m2``, ``gap_area_m2`` [m²] (for zones that are lines
        ``zone_length_m``, ``covered_length_m``, ``gap_length_m`` [m]), ``coverage_ratio``
        [0..1], ``small_gap_count``, ``geometry`` the gap (empty where the zone is covered
        whole). A zone without geometry has NaN and null; when no covering feature has a
        geometry, so has every zone but for its own size.
        ``attrs`` holds ``no_geometry`` (ids of ``zones`` and a list of ids for each layer in
        ``by``) and ``measuring_planes`` (names).

    Raises
    ------
    CrsMismatch
        The layers differ in CRS, or one has none.
    WrongGeometryType
        Zones are points or of several dimensions, or something other than areas covers.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.
    BadQuery
        No layer to cover by was given, there is no such column, or a minimum is negative or
        asked for without geometry.

    Notes
    -----
    ``Intersection`` with the ``Union``, then ``Area`` of ISO 19125-1, in the measuring plane,
    on the ellipsoid (`geoplan.crs`). The gap is what ``Difference`` leaves of the zone; covered
    is the zone less the gap.

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
    _refuse_question(zones, by, by_group, min_gap_m2, gap_geometry)
    crs = shared_crs(zones, *by)
    zones_located, zones_missing = located(zones, "zones", kernels_follow=True)
    kind = _kind(zones_located)
    columns = _columns(kind)
    covers, covers_missing = _covers(by)
    keys = pd.Series(zones.index if by_group is None else zones[by_group], index=zones.index)

    located_zones = _keyed(zones_located, keys)
    question = Covering(kind, len(by), by_group is not None, gap_geometry)
    if map is None or len(located_zones) == 0:
        found = question(located_zones, covers)
    else:
        extent = extent_of(located_zones, covers)
        question = replace(question, extent=extent, compiled=engine.is_there())
        code = pd.factorize(located_zones[ZONE], use_na_sentinel=False)[0]
        found = by_parts(map, question, located_zones, covers, most=part_features, together=code)
    rows = found.rows.set_index(ZONE)
    if covers.empty:
        # nothing that might cover has a place: how much is covered is not known, and not 0
        rows[columns[2:-1]] = np.nan
        rows["geometry"] = None
    rows = rows.reindex(pd.Index(keys.unique())).rename_axis("zone_id").reset_index()
    answer = gpd.GeoDataFrame(rows[columns], geometry="geometry", crs=crs)
    answer = answer.astype(dict.fromkeys(columns[1:-1], float))
    if min_gap_m2 > 0 and kind == AREA:
        answer = without_small_gaps(answer, min_gap_m2)
    answer.attrs = {
        "no_geometry": {"zones": zones_missing, "by": covers_missing},
        "measuring_planes": [plane.name for plane in found.planes],
    }
    return answer


@dataclass(frozen=True)
class Covering:
    """The question how much of each zone is covered, and where its gaps are.

    Attributes
    ----------
    kind : int
        Dimension of the zones.
    layers : int
        How many layers cover.
    grouped : bool
        Whether zones of one key are one.
    gap_geometry : bool
        Whether gaps are returned.
    extent : tuple of float, optional
        Of the whole layers, where this is asked of parts of them.
    compiled : bool, optional
        As of `geoplan.queries.uncovered.measured`.
    """

    kind: int
    layers: int
    grouped: bool
    gap_geometry: bool
    extent: Extent | None = None
    compiled: bool | None = None

    def __call__(self, zones: GeoDataFrame, covers: GeoDataFrame, /) -> Answer:
        """Return one row for each key in the column `ZONE`; covers know their layer in `LAYER`."""
        crs, found, planes = zones.crs, [], []
        for plane, ours, (theirs,) in planes_of(zones, covers, whole=False, extent=self.extent):
            names, shapes = zones[ZONE].loc[ours.ids], ours.geometries
            if self.grouped:
                names, shapes = _dissolved(names, shapes)
            of_layer = covers[LAYER].loc[theirs.ids].to_numpy()
            layers = [theirs.geometries[of_layer == n] for n in range(self.layers)]
            rows = measured(
                plane, shapes, layers, self.kind,
                geometry=self.gap_geometry, compiled=self.compiled,
            )  # fmt: skip
            if not self.gap_geometry:
                rows["geometry"] = None
            elif plane.crs != crs:
                rows["geometry"] = reproject(rows["geometry"].to_numpy(), plane.crs, crs)
            found.append(rows.assign(**{ZONE: np.asarray(names)}))
            planes.append(plane)
        columns = _columns(self.kind)
        rows = _one_row_each(found, columns, crs).rename_axis(ZONE).reset_index()
        return Answer(rows.reindex(columns=columns), tuple(planes))


def _keyed(zones: GeoDataFrame, keys: pd.Series) -> GeoDataFrame:
    """Return zones with nothing but their geometry and, in the column `ZONE`, their key."""
    return gpd.GeoDataFrame(
        {ZONE: keys.loc[zones.index]}, geometry=zones.geometry.array, index=zones.index
    )


def _refuse_question(
    zones: GeoDataFrame,
    by: tuple[GeoDataFrame, ...],
    by_group: str | None,
    min_gap_m2: float,
    gap_geometry: bool,
) -> None:
    refuse_negative(min_gap_m2=min_gap_m2)
    if not by:
        raise BadQuery("coverage needs at least one layer to cover the zones by")
    if by_group is not None and (by_group not in zones.columns or by_group == zones.geometry.name):
        raise BadQuery(f"the zones have no column {by_group!r} to group them by")
    if min_gap_m2 > 0 and not gap_geometry:
        raise BadQuery("min_gap_m2 looks at single gaps, so it needs gap_geometry")


def _kind(zones: GeoDataFrame) -> int:
    """Return whether located zones are areas or lines; areas when there is none."""
    found = dimension(zones, "zones")
    if found == POINT:
        raise WrongGeometryType("coverage is a share of area or length; zones holds points")
    return LINE if found == LINE else AREA


def _columns(kind: int) -> list[str]:
    return ["zone_id", *sizes_of(kind), "coverage_ratio", "small_gap_count", "geometry"]


def _covers(by: tuple[GeoDataFrame, ...]) -> tuple[GeoDataFrame, list[list[Any]]]:
    """Return the located features of all layers as one, with their layer, and the unlocated ids."""
    parts, missing = [], []
    for number, layer in enumerate(by, start=1):
        role = f"covering layer {number}"
        present, absent = located(layer, role, kernels_follow=True)
        found = dimension(present, role)
        if found not in (AREA, -1):
            raise WrongGeometryType(
                f"coverage is a share of area, and only areas cover; {role} holds {NAMES[found]}"
            )
        parts.append(present.geometry)
        missing.append(absent)
    together = gpd.GeoSeries(pd.concat(parts, ignore_index=True), crs=by[0].crs)
    of_layer = np.repeat(np.arange(len(by)), [len(part) for part in parts])
    return gpd.GeoDataFrame({LAYER: of_layer}, geometry=together), missing


def _dissolved(keys: pd.Series, shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the union of the shapes of each key; keys that are missing are one."""
    code, names = pd.factorize(keys, use_na_sentinel=False)
    unions = [shapely.union_all(shapes[code == number]) for number in range(len(names))]
    return np.asarray(names, dtype=object), np.asarray(unions, dtype=object)


def _one_row_each(parts: list[pd.DataFrame], columns: list[str], crs: CRS) -> pd.DataFrame:
    """Return one row a zone, indexed by its id: what was cut at zone borders added up."""
    if not parts:
        return pd.DataFrame(columns=columns[1:])
    rows = pd.concat(parts).set_index(ZONE)
    if not rows.index.is_unique:
        together = rows.groupby(level=0, sort=False, dropna=False)
        sums = together[[*columns[1:4], "small_gap_count"]].sum(min_count=1)
        gaps = together["geometry"].agg(lambda pieces: joined(pieces.to_numpy(), crs))
        rows = sums.assign(geometry=gaps)
    return rows.assign(coverage_ratio=rows[columns[2]] / rows[columns[1]])
