"""Repairs that have one right answer, each with what it changed."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely
from geopandas import GeoSeries

from geoplan.crs import plane_at
from geoplan.i18n import phrase
from geoplan.quality.shapes import paths_of
from geoplan.quality.subject import Limits, Subject

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

LOG = [
    "feature_id",
    "action",
    "column",
    "reason",
    "reason_en",
    "vertices_before",
    "vertices_after",
    "area_before_m2",
    "area_after_m2",
    "area_difference_m2",
]
"""Columns of the log: one row for each change, and for each that was not made and why."""

_AREAL = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)


class _Change(NamedTuple):
    row: int
    action: str
    column: str | None
    before: Any = None
    after: Any = None


def repair(
    features: GeoDataFrame, *, make_valid: bool = False, limits: Limits | None = None
) -> tuple[GeoDataFrame, pd.DataFrame]:
    """Repair what has one right answer; order, ids, columns and everything else stay.

    White space round texts is trimmed; vertices that stand twice in a row, heights and measures
    included, become one; shells run counter-clockwise and holes clockwise. Rings come closed
    from the store.

    Parameters
    ----------
    features : GeoDataFrame
        Indexed by feature id.
    make_valid : bool, default False
        Also make invalid geometries valid, by the structure of their rings: holes cut, shells
        unite (GEOS ``structure``). One that would vanish or lose a dimension is left as it is.
        Where rings are cut, GEOS puts heights and measures in between, or NaN.
    limits : Limits, optional
        Geometries beyond the vertex cap are left as they are.

    Returns
    -------
    GeoDataFrame, DataFrame
        A repaired copy, and the log (`LOG`): areas [m²] by the measuring plane, null where a
        feature has none; an invalid area has that of its rings as they run.
    """
    fixed = features.copy()
    subject = Subject(features, None, None, limits or Limits(), today=date.max)
    changes = _trim(fixed)
    with np.errstate(all="ignore"):
        geometries = _stored(subject)
        before = geometries.copy()
        rows = np.flatnonzero(subject.finite)
        if make_valid:
            changes += _made_valid(subject, geometries)
        changes += _stepped(geometries, rows, "repeated-vertices", _without_repeats)
        changes += _stepped(geometries, rows, "ring-orientation", _oriented)
        log = _log(subject, changes)
    if not shapely.equals_identical(before, geometries)[~shapely.is_missing(before)].all():
        name = fixed.geometry.name
        fixed[name] = GeoSeries(geometries, index=fixed.index, crs=fixed.crs)
    return fixed, log


def _stored(subject: Subject) -> NDArray[Any]:
    """Return the geometries with their heights and measures."""
    stored = np.full(len(subject.features), None, dtype=object)
    if subject.present.any():
        stored[:] = subject.features.geometry.to_numpy()
    return stored


def _trim(fixed: GeoDataFrame) -> list[_Change]:
    """Trim texts in place."""
    changes = []
    for at, name in enumerate(fixed.columns):
        values = fixed.iloc[:, at]
        if values.dtype.kind not in "OTU" and str(values.dtype) not in ("str", "string"):
            continue
        wide = [
            row
            for row, value in enumerate(values.tolist())
            if isinstance(value, str) and value != value.strip()
        ]
        if not wide:
            continue
        trimmed = values.map(lambda value: value.strip() if isinstance(value, str) else value)
        fixed.isetitem(at, trimmed.astype(values.dtype))
        changes += [_Change(row, "surrounding-whitespace", str(name)) for row in wide]
    return changes


def _made_valid(subject: Subject, geometries: NDArray[Any]) -> list[_Change]:
    """Make invalid geometries valid in place, but leave those that would vanish."""
    changes = []
    for row in np.flatnonzero(subject.finite & ~subject.valid):
        before = geometries[row]
        try:
            after = shapely.make_valid(before, method="structure", keep_collapsed=False)
        except shapely.errors.GEOSException:
            after = None
        kept = after is not None and not after.is_empty and after.is_valid
        if not kept or shapely.get_dimensions(after) < shapely.get_dimensions(before):
            changes.append(_Change(int(row), "left-invalid", None, before, before))
            continue
        changes.append(_Change(int(row), "make-valid", None, before, after))
        geometries[row] = after
    return changes


def _stepped(
    geometries: NDArray[Any],
    rows: NDArray[np.intp],
    action: str,
    step: Callable[[NDArray[Any]], NDArray[Any]],
) -> list[_Change]:
    """Take a step in place and return what it changed."""
    before = geometries[rows]
    after = step(before)
    moved = np.flatnonzero(~shapely.equals_identical(before, after))
    geometries[rows[moved]] = after[moved]
    return [_Change(int(rows[at]), action, None, before[at], after[at]) for at in moved]


def _without_repeats(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return geometries with one vertex for each run that is the same in all its numbers."""
    found = geometries.copy()
    repeats = _repeats(geometries)
    for row in np.flatnonzero(repeats):
        try:
            shorter = shapely.remove_repeated_points(geometries[row], 0.0)
        except shapely.errors.GEOSException:  # a ring that would have too few points stays
            continue
        fewer = shapely.get_num_coordinates(geometries[row]) - shapely.get_num_coordinates(shorter)
        # GEOS looks at x and y alone: where heights differ it would take too many
        if fewer == repeats[row] and not shorter.is_empty:
            found[row] = shorter
    return found


def _repeats(geometries: NDArray[Any]) -> NDArray[np.intp]:
    """Count the vertices that stand twice in a row, heights and measures included."""
    paths, owner = paths_of(geometries)
    points, path = shapely.get_coordinates(paths, include_z=True, include_m=True, return_index=True)
    points = np.nan_to_num(points, nan=np.inf)  # absent heights are the same
    again = (path[1:] == path[:-1]) & (points[1:] == points[:-1]).all(axis=1)
    return np.bincount(owner[path[1:][again]], minlength=len(geometries))


def _oriented(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return valid areas with shells counter-clockwise; which way an invalid ring runs is open."""
    found = geometries.copy()
    areal = np.isin(shapely.get_type_id(geometries), _AREAL) & shapely.is_valid(geometries)
    found[areal] = shapely.orient_polygons(geometries[areal])
    return found


def _log(subject: Subject, changes: list[_Change]) -> pd.DataFrame:
    ids = subject.features.index.tolist()
    before = _areas_m2(subject, [(change.row, change.before) for change in changes])
    after = _areas_m2(subject, [(change.row, change.after) for change in changes])
    rows = [
        [
            ids[change.row],
            change.action,
            change.column,
            phrase(f"quality.repair.{change.action}", "zh"),
            phrase(f"quality.repair.{change.action}", "en"),
            _vertices(change.before),
            _vertices(change.after),
            was,
            now,
            now - was,
        ]
        for change, was, now in zip(changes, before, after, strict=True)
    ]
    log = pd.DataFrame(rows, columns=LOG)
    return log.astype({**dict.fromkeys(LOG[5:7], "Int64"), **dict.fromkeys(LOG[7:], float)})


def _vertices(geometry: Any) -> int | None:
    return None if geometry is None else int(shapely.get_num_coordinates(geometry))


def _areas_m2(subject: Subject, geometries: list[tuple[int, Any]]) -> list[float]:
    """Return areas [m²] in the plane of each feature, NaN for what has none."""
    found = []
    for row, geometry in geometries:
        west, south, east, north = subject.boxes[row]
        areal = geometry is not None and shapely.get_type_id(geometry) in _AREAL
        if not areal or subject.crs is None or np.isnan(west):
            found.append(float("nan"))
            continue
        plane = plane_at(subject.crs, (west + east) / 2.0, (south + north) / 2.0)
        projected = plane.project(np.array([geometry], dtype=object), subject.crs)
        found.append(float(plane.area_m2(projected)[0]))
    return found
