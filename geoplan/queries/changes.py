"""What changed between two versions of a layer, feature by feature, in metres."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import lonlat_bounds, plane_at, refuse_other_ground, to_crs, whole_measure
from geoplan.errors import CrsMismatch, DuplicateId
from geoplan.queries.checks import refuse_invalid

if TYPE_CHECKING:
    from collections.abc import Hashable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

Change = Literal["added", "removed", "renamed", "changed"]
MEASURES = ["area_old_m2", "area_new_m2", "length_old_m", "length_new_m"]
NUMBERS = [*MEASURES, "gained_m2", "lost_m2", "shift_m"]
COLUMNS = ["feature_id", "old_id", "change", "geometry_changed", *NUMBERS, "fields", "geometry"]
GEOMETRY = "geometry"


def changes(old: GeoDataFrame, new: GeoDataFrame) -> GeoDataFrame:
    """Compare two versions of a layer.

    Parameters
    ----------
    old, new : GeoDataFrame
        Indexed by feature id; either may be empty, and features may be without geometry. The
        older version is brought into the CRS of the newer one.

    Returns
    -------
    GeoDataFrame
        One row for each feature that is not as it was, in order of its id, in the CRS of `new`:
        ``feature_id`` (the newer one), ``old_id``, ``change`` (`Change`: renamed when geometry
        and attributes are those of one that is gone), ``geometry_changed``, areas and lengths
        of both versions (of areas and lines, 0 of others, NaN where there is no geometry),
        ``gained_m2`` and ``lost_m2`` of ground, ``shift_m`` how far the outline lies from where
        it lay, at most (Hausdorff distance), ``fields`` the attributes that differ as JSON,
        ``{name: [old, new]}``, and ``geometry`` as it is now, or was.

    Raises
    ------
    DuplicateId
        Two features of a version share an id, or one has none.
    CrsMismatch
        One version has no CRS, or they are tied to different bodies.
    InvalidGeometry
        A geometry is not valid.

    Examples
    --------
    >>> from shapely.geometry import box
    >>> old = gpd.GeoDataFrame({"name": ["A"]}, geometry=[box(500000, 4550000, 500200, 4550100)],
    ...                        index=["P"], crs=4550)
    >>> new = old.assign(name="B", geometry=old.translate(5, 0))
    >>> one = changes(old, new).iloc[0]
    >>> one["fields"], round(float(one["shift_m"]), 3), round(one["gained_m2"])
    ('{"name": ["A", "B"]}', 5.0, 500)
    """
    for version, role in ((old, "old"), (new, "new")):
        _refuse_bad_ids(version, role)
    if old.crs is None or new.crs is None:
        raise CrsMismatch("a version without a CRS cannot be compared: set the one it is in")
    refuse_other_ground(old.crs, new.crs)
    old = to_crs(old, new.crs)
    for version, role in ((old, "old"), (new, "new")):
        refuse_invalid(version[~version.geometry.isna()], role)
    both = [one for one in new.index if one in old.index]
    gone = [one for one in old.index if one not in new.index]
    come = [one for one in new.index if one not in old.index]
    pairs = [(one, one) for one in both] + _renamed(old, new, gone, come)
    known_old, known_new = {one for one, _ in pairs}, {other for _, other in pairs}
    pairs += [(one, None) for one in gone if one not in known_old]
    pairs += [(None, one) for one in come if one not in known_new]
    rows = [row for pair in pairs if (row := _compared(old, new, *pair)) is not None]
    table = pd.DataFrame(rows, columns=[name for name in COLUMNS if name not in MEASURES])
    for version, side, key in ((old, "old", "old_id"), (new, "new", "feature_id")):
        ids = [row[key] for row in rows]
        area, length = _measures(version, [one for one in ids if one is not None])
        for name, values in ((f"area_{side}_m2", area), (f"length_{side}_m", length)):
            table[name] = [values.get(one, np.nan) for one in ids]
    table = table[COLUMNS].astype(dict.fromkeys(NUMBERS, float))
    # pandas makes NaN of an id that is missing, and numbers of ids
    table["feature_id"], table["old_id"] = _ids(rows, "feature_id"), _ids(rows, "old_id")
    order = sorted(range(len(table)), key=lambda at: _place(table.iloc[at]))
    table = table.iloc[order].reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(list(table[GEOMETRY]), crs=new.crs))


def _refuse_bad_ids(version: GeoDataFrame, role: str) -> None:
    if version.index.hasnans or not version.index.is_unique:
        raise DuplicateId(f"a feature of the {role} version has no id, or one that stands twice")


def _ids(rows: list[dict[str, Any]], key: str) -> pd.Series[Any]:
    return pd.Series([row[key] for row in rows], dtype=object)


def _place(row: Any) -> tuple[bool, Any]:
    key = row["feature_id"] if row["feature_id"] is not None else row["old_id"]
    return (isinstance(key, str), key)


def _renamed(
    old: GeoDataFrame, new: GeoDataFrame, gone: list[Any], come: list[Any]
) -> list[tuple[Any, Any]]:
    """Pair features whose id alone differs: everything else as one that is gone, and only one."""
    then = _contents(old, gone)
    now = _contents(new, come)
    return [
        (ids[0], now[key][0])
        for key, ids in then.items()
        if len(ids) == 1 and len(now.get(key, [])) == 1
    ]


def _contents(version: GeoDataFrame, ids: list[Any]) -> dict[Hashable, list[Any]]:
    found: dict[Hashable, list[Any]] = {}
    for one in ids:
        shape = version.geometry.loc[one]
        if shape is not None:
            found.setdefault(shapely.to_wkb(shapely.normalize(shape)), []).append(one)
    return found


def _compared(old: GeoDataFrame, new: GeoDataFrame, then: Any, now: Any) -> dict[str, Any] | None:
    before = None if then is None else old.geometry.loc[then]
    after = None if now is None else new.geometry.loc[now]
    fields = {} if then is None or now is None else _fields(old.loc[then], new.loc[now])
    moved = not _same(before, after)
    if then is None or now is None:
        change: Change = "added" if then is None else "removed"
    elif then != now:
        change = "renamed"
    elif moved or fields:
        change = "changed"
    else:
        return None
    gained, lost, shift = _between(before, after, new.crs) if moved else (0.0, 0.0, 0.0)
    return {
        "feature_id": now,
        "old_id": then,
        "change": change,
        "geometry_changed": moved,
        "gained_m2": gained,
        "lost_m2": lost,
        "shift_m": shift,
        "fields": json.dumps(fields, ensure_ascii=False, default=str) if fields else None,
        GEOMETRY: before if after is None else after,
    }


def _same(before: Any, after: Any) -> bool:
    if before is None or after is None:
        return before is after
    return bool(
        shapely.equals_exact(shapely.normalize(before), shapely.normalize(after), tolerance=0.0)
    )


def _fields(before: Any, after: Any) -> dict[str, list[Any]]:
    """Return the attributes that differ; one that a version has not is null there."""
    names = [name for name in dict.fromkeys([*before.index, *after.index]) if name != GEOMETRY]
    pairs = {name: [_value(before.get(name)), _value(after.get(name))] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def _value(value: Any) -> Any:
    if value is None or pd.isna(value):
        return None
    return value.item() if isinstance(value, np.generic) else value


def _between(before: Any, after: Any, crs: CRS) -> tuple[float, float, float]:
    """Return ground gained and lost [m²], and how far the outline moved at most [m]."""
    if before is None or after is None or before.is_empty or after.is_empty:
        return np.nan, np.nan, np.nan
    both = np.array([before, after], dtype=object)
    west, south, east, north = lonlat_bounds(shapely.total_bounds(both), crs)
    plane = plane_at(crs, (west + east) / 2.0, (south + north) / 2.0)
    then, now = plane.project(both, crs)
    gained, lost = plane.area_m2(
        np.array([shapely.difference(now, then), shapely.difference(then, now)], dtype=object)
    )
    return float(gained), float(lost), float(shapely.hausdorff_distance(then, now, densify=0.1))


def _measures(version: GeoDataFrame, ids: list[Any]) -> tuple[dict[Any, float], dict[Any, float]]:
    chosen = version.loc[ids]
    there = chosen[~(chosen.geometry.isna() | chosen.geometry.is_empty)]
    if not len(there):
        return {}, {}
    area: NDArray[np.float64] = whole_measure(there, lambda plane, shapes: plane.area_m2(shapes))
    length: NDArray[np.float64] = whole_measure(there, lambda plane, shapes: plane.length_m(shapes))
    keys = there.index.tolist()
    return dict(zip(keys, area, strict=True)), dict(zip(keys, length, strict=True))
