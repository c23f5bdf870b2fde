"""Cells and geometries as JSON knows them: figures as they are, coordinates in degrees, rounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import to_lonlat

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.model import Text

DECIMALS = 7
"""Decimals of a degree that are kept: about a centimetre."""

_EXACT_IN_JS = 2**53


def both(text: Text | None) -> dict[str, str] | None:
    """Return a text in both languages."""
    return None if text is None else {"zh": text.zh, "en": text.en}


def anchors_of(features: GeoDataFrame) -> list[list[float] | None]:
    """Return for each feature a place inside it for a label, in degrees; None where it has none."""
    if features.geometry.isna().all():
        return [None] * len(features)
    degrees = shapely.force_2d(to_lonlat(features[[features.geometry.name]]).geometry.to_numpy())
    return [None if shape is None or shape.is_empty else _anchor(shape) for shape in degrees]


def shapes_of(features: GeoDataFrame) -> tuple[list[Any], list[Any]]:
    """Return GeoJSON geometries in degrees, and for each a place inside it for a label."""
    if features.geometry.isna().all():
        return [None] * len(features), [None] * len(features)
    degrees = to_lonlat(features[[features.geometry.name]]).geometry.to_numpy()
    flat = shapely.transform(shapely.force_2d(degrees), lambda at: np.round(at, DECIMALS))
    shown = [None if shape is None or shape.is_empty else shape for shape in flat]
    return (
        [None if shape is None else shapely.geometry.mapping(shape) for shape in shown],
        [None if shape is None else _anchor(shape) for shape in shown],
    )


def _anchor(shape: Any) -> list[float]:
    """Return where a label stands: half way along a line, at the widest place of an area."""
    if shape.geom_type == "LineString":
        at = shape.interpolate(0.5, normalized=True)
    elif shape.geom_type in ("Polygon", "MultiPolygon") and shape.area > 0 and shape.is_valid:
        at = shapely.Point(shapely.maximum_inscribed_circle(shape).coords[0])
    else:
        at = shape.representative_point()
    return [round(at.x, DECIMALS), round(at.y, DECIMALS)]


def plain(value: Any) -> str | int | float | bool | None:
    """Return a cell as JSON knows it; what JSON does not know becomes its text."""
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) <= _EXACT_IN_JS else str(value)
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    if isinstance(value, pd.Timestamp) and value == value.normalize() and value.tz is None:
        return value.date().isoformat()
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
