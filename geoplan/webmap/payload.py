"""Turns the content of a map into plain values that JSON can carry.

Coordinates are projected to longitude and latitude and rounded, labels get a place to
stand; every figure is taken from a `Result` or an attribute as it is.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import to_lonlat
from geoplan.i18n import phrases
from geoplan.schema import schemas
from geoplan.symbols import marks, symbols

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

    from geoplan.model import Plan, Result, Text
    from geoplan.schema import Field
    from geoplan.symbols import Symbol
    from geoplan.webmap.content import MapContent, MapLayer

DECIMALS = 7
"""Decimals of a degree that are kept: about a centimetre."""

_EXACT_IN_JS = 2**53
_OURS = "map."
_BREAKS_OUT = re.compile("[<>&\u2028\u2029]")


def payload(content: MapContent, lang: str) -> dict[str, Any]:
    """Return everything the page's scripts need, as JSON-able values."""
    return {
        "lang": lang,
        "phrases": {"zh": _own_phrases("zh"), "en": _own_phrases("en")},
        "plan": _plan(content.plan),
        "symbols": {
            kind: {**symbol.model_dump(mode="json"), "kind": kind}
            for kind, symbol in _symbols(content).items()
        },
        "marks": marks().model_dump(mode="json"),
        "layers": [_layer(entry) for entry in content.layers],
        "overlaps": _numbered(_answer(content.overlaps)),
        "coverage": _answer(content.coverage),
    }


def as_json(values: dict[str, Any]) -> str:
    """Write values as JSON that can stand inside a script element."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _BREAKS_OUT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _own_phrases(lang: Any) -> dict[str, str]:
    """Return the phrases of the page; those of other skins stay out."""
    return {key: text for key, text in phrases(lang).items() if key.startswith(_OURS)}


def _both(text: Text | None) -> dict[str, str] | None:
    return None if text is None else {"zh": text.zh, "en": text.en}


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "title": _both(plan.title),
        "attribution": _both(plan.attribution),
        "note": _both(plan.note),
        "data_date": plan.data_date.isoformat(),
        "review_number": plan.review_number,
        "extent": list(plan.extent),
    }


def _symbols(content: MapContent) -> dict[str, Symbol]:
    own = {entry.layer.kind: entry.symbol for entry in content.layers if entry.symbol is not None}
    return {**symbols(), **own}


def _fields(entry: MapLayer, columns: list[str]) -> dict[str, Any]:
    """Return what the schema of a layer's kind says of its columns."""
    schema = entry.schema or schemas().get(entry.layer.kind)
    known = [] if schema is None else [field for field in schema.fields if field.name in columns]
    return {field.name: _field(field) for field in known}


def _field(field: Field) -> dict[str, Any]:
    return {
        "label": _both(field.label),
        "unit": field.unit,
        "multiple": field.multiple,
        "values": {value.code: _both(value.label) for value in field.values},
    }


def _layer(entry: MapLayer) -> dict[str, Any]:
    layer = entry.layer
    table = entry.features.drop(columns=entry.features.geometry.name)
    shapes, anchors = _shapes(entry.features)
    rows = [[_plain(value) for value in row] for row in table.itertuples(index=False, name=None)]
    columns = [str(column) for column in table.columns]
    return {
        "id": layer.id,
        "kind": layer.kind,
        "title": _both(layer.title),
        "geometry": layer.geometry,
        "role": layer.role,
        "line_means": layer.line_means,
        "source": _both(layer.source),
        "source_date": layer.source_date.isoformat(),
        "columns": columns,
        "fields": _fields(entry, columns),
        "name_column": layer.name_column,
        "name_en_column": layer.name_en_column,
        "features": [
            {"id": _plain(key), "values": row, "shape": shape, "anchor": anchor}
            for key, row, shape, anchor in zip(
                entry.features.index, rows, shapes, anchors, strict=True
            )
        ],
    }


def _answer(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    table = result.features.drop(columns=result.features.geometry.name)
    shapes, anchors = _shapes(result.features)
    columns = [str(column) for column in table.columns]
    return {
        "rows": [
            {
                **dict(zip(columns, map(_plain, row), strict=True)),
                "shape": shape,
                "anchor": anchor,
            }
            for row, shape, anchor in zip(
                table.itertuples(index=False, name=None), shapes, anchors, strict=True
            )
        ],
        "left_out": [
            {"reason": left_out.reason, "layers": list(left_out.layers), "count": left_out.count}
            for left_out in result.left_out
        ],
    }


def _numbered(answer: dict[str, Any] | None) -> dict[str, Any] | None:
    """Give the rows the numbers C01, C02 … in their order, as every skin does."""
    if answer is not None:
        for place, row in enumerate(answer["rows"], start=1):
            row["number"] = f"C{place:02d}"
    return answer


def _shapes(features: GeoDataFrame) -> tuple[list[Any], list[Any]]:
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
    elif shape.area > 0 and shape.is_valid:
        at = shapely.Point(shapely.maximum_inscribed_circle(shape).coords[0])
    else:
        at = shape.representative_point()
    return [round(at.x, DECIMALS), round(at.y, DECIMALS)]


def _plain(value: Any) -> str | int | float | bool | None:
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
