"""All checks of a layer, as one table of findings."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.i18n import phrase
from geoplan.progress import QUIET
from geoplan.quality.codes import CODES
from geoplan.quality.subject import Finding, Limits, Subject

if TYPE_CHECKING:
    from datetime import date

    from geopandas import GeoDataFrame

    from geoplan.model import Bbox, Lang
    from geoplan.progress import Progress
    from geoplan.schema import LayerSchema

COLUMNS = [
    "code",
    "level",
    "feature_id",
    "other_id",
    "column",
    "value",
    "message",
    "message_en",
    "count",
    "geometry",
]


def inspect(
    features: GeoDataFrame,
    *,
    schema: LayerSchema | None,
    extent: Bbox | None,
    today: date,
    limits: Limits | None = None,
    id_column: str | None = "feature_id",
    progress: Progress = QUIET,
) -> GeoDataFrame:
    """Find what is wrong, doubtful or not published in a layer. Nothing is changed.

    Parameters
    ----------
    features : GeoDataFrame
        Indexed by feature id; whatever it holds, it is inspected, not refused.
    schema : LayerSchema, optional
        Fields of its kind; without one, columns and geometry types are not judged.
    extent : Bbox, optional
        Where the plan lies: west, south, east, north [degrees].
    today : date
        Later dates are in the future.
    limits : Limits, optional
        Tolerances [m, m², ratio].
    id_column : str, optional
        The field whose values are the index; None when the ids are only the table's keys.
    progress : Progress, optional
        Told how many of the checks are done.

    Returns
    -------
    GeoDataFrame
        One row for each finding, in the order of `CODES`, then of the features, in the CRS of
        the layer: ``code``, ``level``, ``feature_id`` (null for the layer as a whole),
        ``other_id``, ``column``, ``value``, ``message`` (Chinese), ``message_en``, ``count``
        (of things the row stands for), ``geometry`` a point where it is, null where it is
        nowhere. ``attrs`` holds ``counts`` (rows by code) and ``measuring_planes``.

    Notes
    -----
    Widths, gaps and overlaps are measured in the measuring plane (`geoplan.crs`). Features that
    are invalid, too large or too wide are passed over there, and ``not-checked`` says so.

    Examples
    --------
    >>> from datetime import date
    >>> bow_tie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> layer = gpd.GeoDataFrame(geometry=[bow_tie], index=["P1"], crs=4550)
    >>> found = inspect(layer, schema=None, extent=None, today=date(2025, 1, 1))
    >>> found[["code", "value"]].iloc[0].tolist(), found.geometry.iloc[0].wkt
    (['invalid-geometry', 'Self-intersection'], 'POINT (1 1)')
    """
    subject = Subject(features, schema, extent, limits or Limits(), today, id_column)
    with np.errstate(all="ignore"):
        checks = progress.each(CODES.items(), "checking", len(CODES))
        found = [(name, one) for name, code in checks for one in code.find(subject)]
        points = _points(subject, [one for _, one in found])
        planes = [local.plane.name for local in subject.locals]
    ids = features.index.tolist()
    rows = [_row(name, one, ids) for name, one in found]
    table = pd.DataFrame(rows, columns=COLUMNS[:-1]).astype({"count": "int64"})
    for column in COLUMNS[:-2]:
        table[column] = table[column].astype(object).where(table[column].notna(), None)
    answer = gpd.GeoDataFrame(table, geometry=points, crs=subject.crs)
    answer.attrs = {
        "counts": dict(Counter(name for name, _ in found)),
        "measuring_planes": planes,
    }
    return answer


def _row(name: str, finding: Finding, ids: list[Any]) -> list[Any]:
    code = CODES[name]
    feature = None if finding.at is None else ids[finding.at]
    other = None if finding.other is None else ids[finding.other]
    return [
        name,
        finding.level or code.level,
        feature,
        other,
        finding.column,
        finding.value,
        _message(name, finding, feature, other, "zh"),
        _message(name, finding, feature, other, "en"),
        finding.count,
    ]


def _message(name: str, finding: Finding, feature: Any, other: Any, lang: Lang) -> str:
    words = dict(finding.words)
    if lang == "en" and "label_en" in words:
        words["label"] = words["label_en"]
    words |= {"id": feature, "other_id": other, "column": finding.column}
    words |= {"value": finding.value, "count": finding.count}
    key = f"quality.{name}-{finding.value}" if name == "not-checked" else f"quality.{name}"
    return phrase(key, lang, **words)


def _points(subject: Subject, found: list[Finding]) -> list[Any]:
    """Return where each finding is: its own point, else a point of the feature."""
    wanted = sorted({one.at for one in found if one.point is None and one.at is not None})
    stand_in: dict[int, Any] = {}
    for row in wanted:
        if subject.finite[row]:
            geometry = subject.geometries[row]
            valid = subject.valid[row]
            stand_in[row] = shapely.point_on_surface(geometry) if valid else _first_vertex(geometry)
    return [
        shapely.Point(one.point) if one.point is not None else stand_in.get(one.at)  # type: ignore[arg-type]
        for one in found
    ]


def _first_vertex(geometry: Any) -> Any:
    return shapely.Point(shapely.get_coordinates(geometry)[0])
