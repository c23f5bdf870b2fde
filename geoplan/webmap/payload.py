"""Turns the content of a map into plain values that JSON can carry.

Coordinates are projected to longitude and latitude and rounded, labels get a place to
stand (`geoplan.webmap.values`); every figure is taken from a `Result` or an attribute as it is.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from geoplan.i18n import phrases
from geoplan.schema import schemas
from geoplan.symbols import marks, symbols
from geoplan.webmap.budget import large_layers, shown_layers
from geoplan.webmap.compact import encode
from geoplan.webmap.findings import PHRASES, check_payload
from geoplan.webmap.plane import plane_of
from geoplan.webmap.tints import tints
from geoplan.webmap.values import anchors_of, both, plain, shapes_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geoplan.model import Plan, Result
    from geoplan.schema import Field
    from geoplan.symbols import Symbol
    from geoplan.webmap.compact import Precision
    from geoplan.webmap.content import MapContent, MapLayer, OnlineBasemap, Picture

_OURS = "map."
_BREAKS_OUT = re.compile("[<>&\u2028\u2029]")


def payload(content: MapContent, lang: str) -> dict[str, Any]:
    """Return everything the page's scripts need, as JSON-able values."""
    check, rules, numbers = content.check, content.rules, content.numbers
    return {
        "lang": lang,
        "phrases": {lang: _own_phrases(content, lang) for lang in ("zh", "en")},
        "plan": _plan(content.plan),
        "symbols": {
            kind: {**symbol.model_dump(mode="json"), "kind": kind}
            for kind, symbol in _symbols(content).items()
        },
        "marks": marks().model_dump(mode="json"),
        "layers": [
            {**_layer(entry), "data": name, "large": large, "shown": shown, "tint": tint}
            for name, entry, large, shown, tint in zip(
                _names(content),
                content.layers,
                large_layers(content),
                shown_layers(content),
                tints(content.layers),
                strict=True,
            )
        ],
        "overlaps": _numbered(_answer(content.overlaps)),
        "coverage": _answer(content.coverage),
        "check": None if check is None else check_payload(check, rules, numbers),
        "pictures": [_picture(one) for one in content.pictures],
        "online": None if content.online is None else _online(content.online),
        "precision_m": content.precision_m,
        "languages": list(content.languages),
    }


def as_json(values: dict[str, Any]) -> str:
    """Write values as JSON that can stand inside a script element."""
    text = json.dumps(values, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _BREAKS_OUT.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def _own_phrases(content: MapContent, lang: Any) -> dict[str, str]:
    """Return the phrases of the page; those of other skins stay out."""
    ours = (_OURS,) if content.check is None else (_OURS, *PHRASES)
    return {key: text for key, text in phrases(lang).items() if key.startswith(ours)}


def _plan(plan: Plan) -> dict[str, Any]:
    return {
        "title": both(plan.title),
        "attribution": both(plan.attribution),
        "note": both(plan.note),
        "data_date": plan.data_date.isoformat(),
        "review_number": plan.review_number,
        "extent": list(plan.extent),
        **plane_of(plan.measuring_plane),
    }


def _picture(one: Picture) -> dict[str, Any]:
    images = [
        {
            "bounds": image.bounds,
            "url": f"data:{image.media_type};base64,{b64encode(image.content).decode('ascii')}",
        }
        for image in one.images
    ]
    return {"id": one.id, "title": both(one.title), "images": images, "opacity": one.opacity}


def _online(one: OnlineBasemap) -> dict[str, Any]:
    return {
        "title": both(one.title),
        "addresses": list(one.addresses),
        "hosts": list(one.hosts),
        "shifted": one.shifted,
        "max_zoom": one.max_zoom,
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
        "label": both(field.label),
        "unit": field.unit,
        "multiple": field.multiple,
        "values": {value.code: both(value.label) for value in field.values},
    }


def _layer(entry: MapLayer) -> dict[str, Any]:
    layer = entry.layer
    columns = [str(name) for name in entry.features.columns if name != entry.features.geometry.name]
    return {
        "id": layer.id,
        "kind": layer.kind,
        "title": both(layer.title),
        "geometry": layer.geometry,
        "role": layer.role,
        "line_means": layer.line_means,
        "source": both(layer.source),
        "source_date": layer.source_date.isoformat(),
        "columns": columns,
        "fields": _fields(entry, columns),
        "name_column": layer.name_column,
        "name_en_column": layer.name_en_column,
        "served": None if entry.served is None else asdict(entry.served),
    }


def _names(content: MapContent) -> list[str]:
    return [f"layer-data-{place}" for place in range(len(content.layers))]


def layer_texts(content: MapContent, precision: Precision) -> Iterator[tuple[str, str, bool]]:
    """Yield for each layer its name in `payload`, its features, and whether they are many."""
    for name, entry, large in zip(
        _names(content), content.layers, large_layers(content), strict=True
    ):
        if entry.served is not None:
            continue
        # the best place for a label takes milliseconds to find; of many features few have one
        anchors = None if large else anchors_of(entry.features)
        text = encode(entry.features, precision=precision, hidden=entry.searched, anchors=anchors)
        yield name, text, large


def _answer(result: Result | None) -> dict[str, Any] | None:
    if result is None:
        return None
    table = result.features.drop(columns=result.features.geometry.name)
    shapes, anchors = shapes_of(result.features)
    columns = [str(column) for column in table.columns]
    return {
        "rows": [
            {
                **dict(zip(columns, map(plain, row), strict=True)),
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
    """Give the rows the numbers X01, X02 … in their order; C01 is the first finding of a check."""
    if answer is not None:
        for place, row in enumerate(answer["rows"], start=1):
            row["number"] = f"X{place:02d}"
    return answer
