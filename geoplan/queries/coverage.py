"""How much of each zone other layers cover, and where the gaps are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, planes_of, reproject, shared_crs
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.queries import engine
from geoplan.queries.checks import AREA, LINE, NAMES, POINT, dimension, located, refuse_negative
from geoplan.queries.gaps import without_small_gaps
from geoplan.queries.pairs import meeting, of_dimension
from geoplan.queries.seams import joined

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

_ROUNDING = 1e-14  # of a zone's size: less than that is not covered, it is the last digit
_LARGE = 500  # vertices of a cover that is cut to each zone before it is united
_PAIRS_AT_ONCE = 1000
_UNIT = {AREA: "area_m2", LINE: "length_m"}


def coverage(
    zones: GeoDataFrame,
    *by: GeoDataFrame,
    by_group: str | None = None,
    min_gap_m2: float = 0.0,
    gap_geometry: bool = True,
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
    zones_located, zones_missing = located(zones, "zones")
    kind = _kind(zones_located)
    columns = _columns(kind)
    covers, of_layer, covers_missing = _covers(by)
    keys = pd.Series(zones.index if by_group is None else zones[by_group], index=zones.index)

    parts, planes = [], []
    for plane, ours, (theirs,) in planes_of(zones_located, covers, whole=False):
        names, shapes = ours.ids, ours.geometries
        if by_group is not None:
            names, shapes = _dissolved(keys.loc[ours.ids], shapes)
        layers = [theirs.geometries[of_layer[theirs.ids] == n] for n in range(len(by))]
        measured = _measured(plane, shapes, layers, kind, geometry=gap_geometry)
        if not gap_geometry:
            measured["geometry"] = None
        elif plane.crs != crs:
            measured["geometry"] = reproject(measured["geometry"].to_numpy(), plane.crs, crs)
        parts.append(measured.assign(zone_id=names))
        planes.append(plane.name)

    rows = _one_row_each(parts, columns, crs)
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
        "measuring_planes": planes,
    }
    return answer


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
    sizes = [f"{what}_{_UNIT[kind]}" for what in ("zone", "covered", "gap")]
    return ["zone_id", *sizes, "coverage_ratio", "small_gap_count", "geometry"]


def _covers(by: tuple[GeoDataFrame, ...]) -> tuple[GeoDataFrame, NDArray[np.intp], list[list[Any]]]:
    """Return the located features of all layers as one, their layer, and the unlocated ids."""
    parts, missing = [], []
    for number, layer in enumerate(by, start=1):
        role = f"covering layer {number}"
        present, absent = located(layer, role)
        found = dimension(present, role)
        if found not in (AREA, -1):
            raise WrongGeometryType(
                f"coverage is a share of area, and only areas cover; {role} holds {NAMES[found]}"
            )
        parts.append(present.geometry)
        missing.append(absent)
    together = gpd.GeoSeries(pd.concat(parts, ignore_index=True), crs=by[0].crs)
    of_layer = np.repeat(np.arange(len(by)), [len(part) for part in parts])
    return gpd.GeoDataFrame(geometry=together), of_layer, missing


def _dissolved(keys: pd.Series, shapes: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return the union of the shapes of each key; keys that are missing are one."""
    code, names = pd.factorize(keys, use_na_sentinel=False)
    unions = [shapely.union_all(shapes[code == number]) for number in range(len(names))]
    return np.asarray(names, dtype=object), np.asarray(unions, dtype=object)


def _one_row_each(parts: list[pd.DataFrame], columns: list[str], crs: CRS) -> pd.DataFrame:
    """Return one row a zone, indexed by its id: what was cut at zone borders added up."""
    if not parts:
        return pd.DataFrame(columns=columns[1:])
    rows = pd.concat(parts).set_index("zone_id")
    if not rows.index.is_unique:
        together = rows.groupby(level=0, sort=False, dropna=False)
        sums = together[[*columns[1:4], "small_gap_count"]].sum(min_count=1)
        gaps = together["geometry"].agg(lambda pieces: joined(pieces.to_numpy(), crs))
        rows = sums.assign(geometry=gaps)
    return rows.assign(coverage_ratio=rows[columns[2]] / rows[columns[1]])


def _measured(
    plane: MeasuringPlane,
    zones: NDArray[Any],
    covers: list[NDArray[Any]],
    kind: int,
    *,
    geometry: bool,
) -> pd.DataFrame:
    """Return the measures of projected zones, one row a zone."""
    if kind == AREA and engine.is_worth_it(zones, *covers):
        own, gap_size, gap = _compiled(plane, zones, covers, geometry)
    else:
        own, gap_size, gap = _by_geos(plane, zones, covers, kind)
    covered = own - gap_size
    covered[covered < _ROUNDING * own] = 0.0
    sizes = zip(_columns(kind)[1:4], (own, covered, gap_size), strict=True)
    return pd.DataFrame(dict(sizes)).assign(small_gap_count=0.0, geometry=gap)


def _by_geos(
    plane: MeasuringPlane, zones: NDArray[Any], covers: list[NDArray[Any]], kind: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Return the sizes of zones and of their gaps, and the gaps."""
    measure = plane.area_m2 if kind == AREA else plane.length_m
    own = measure(zones)
    gap = zones.copy()
    for layer, apart in _heaps(covers):
        gap = _less(gap, layer, kind, apart=apart)
    changed = np.flatnonzero([rest is not zone for rest, zone in zip(gap, zones, strict=True)])
    gap_size = own.copy()
    gap_size[changed] = np.minimum(measure(gap[changed]), own[changed])
    return own, gap_size, gap


def _compiled(
    plane: MeasuringPlane, zones: NDArray[Any], covers: list[NDArray[Any]], geometry: bool
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[Any]]:
    """Return the same by the kernels; GEOS tells what they do not decide."""
    from geoplan.kernels.covering import uncovered

    own, gap_size, gap = uncovered(zones, np.concatenate(covers), plane.geod, shapes=geometry)
    rest = np.flatnonzero(np.isnan(gap_size))
    if len(rest):
        tree = shapely.STRtree(zones[rest])
        near = [layer[np.unique(tree.query(layer)[0])] for layer in covers]
        own[rest], gap_size[rest], gap[rest] = _by_geos(plane, zones[rest], near, AREA)
    return own, np.minimum(gap_size, own), gap


def _heaps(covers: list[NDArray[Any]]) -> list[tuple[NDArray[Any], bool]]:
    """Return what is to be taken away at once, and whether no two of it meet.

    A layer whose covers lie apart is one geometry as it stands; those of all other layers are
    best united together, since one union costs less than one of each layer.
    """
    apart = [_lie_apart(layer) for layer in covers]
    heaps = [(layer, True) for layer, alone in zip(covers, apart, strict=True) if alone]
    others = [layer for layer, alone in zip(covers, apart, strict=True) if not alone]
    return [*heaps, (np.concatenate(others), False)] if others else heaps


def _less(zones: NDArray[Any], covers: NDArray[Any], kind: int, *, apart: bool) -> NDArray[Any]:
    """Return zones without what is covered, empty where that is all.

    The covers of a zone are taken away at once, as one geometry. Where no two of them meet
    (`apart`) they are one as they stand; otherwise the large ones are cut to the zone, and all are
    united. A line is left with its covers whole: the ends of its cut pieces would lie off it by
    their last digit, and what is off it takes nothing away.
    """
    there = np.flatnonzero(~shapely.is_empty(zones))
    pairs = meeting(zones[there], covers)
    rest = zones.copy()
    inside = np.unique(there[pairs.ours[pairs.left_inside]])
    rest[inside] = shapely.Polygon() if kind == AREA else shapely.LineString()
    open_pairs = ~np.isin(there[pairs.ours], inside)
    of_zone = there[pairs.ours[open_pairs]]
    pieces = covers[pairs.theirs[open_pairs]]
    if not apart and kind == AREA:
        # cutting costs more than uniting what is small whole
        large = shapely.get_num_coordinates(pieces) > _LARGE
        cut = ~pairs.right_inside[open_pairs] & large
        pieces[cut] = shapely.intersection(zones[of_zone[cut]], pieces[cut])
        of_zone, pieces = _singles(of_dimension(pieces, kind), of_zone)
    else:
        of_zone, pieces = _singles(pieces, of_zone)
    if len(pieces) == 0:
        return rest
    make = shapely.multipolygons if apart else shapely.geometrycollections
    heaps = np.full(len(zones), None, dtype=object)
    make(pieces, indices=of_zone, out=heaps)
    partly = np.unique(of_zone)
    heap = heaps[partly] if apart else shapely.union_all(heaps[partly, np.newaxis], axis=1)
    rest[partly] = shapely.difference(zones[partly], heap)
    return rest


def _singles(
    pieces: NDArray[Any], of_zone: NDArray[np.intp]
) -> tuple[NDArray[np.intp], NDArray[Any]]:
    if (shapely.get_type_id(pieces) == shapely.GeometryType.POLYGON).all():
        return of_zone, pieces
    singles, owner = shapely.get_parts(pieces, return_index=True)
    return of_zone[owner], singles


def _lie_apart(covers: NDArray[Any]) -> bool:
    """Tell whether no two covers of a layer meet, not even in a point."""
    one, other = shapely.STRtree(covers).query(covers)
    once = one < other
    one, other = one[once], other[once]
    chunks = range(0, len(one), _PAIRS_AT_ONCE)
    return not any(
        shapely.intersects(
            covers[one[start : start + _PAIRS_AT_ONCE]],
            covers[other[start : start + _PAIRS_AT_ONCE]],
        ).any()
        for start in chunks
    )
