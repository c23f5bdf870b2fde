"""Tell as JSON how QGIS sees a table of a GeoPackage; run by Debian's python with python3-qgis."""

from __future__ import annotations

import json
import sys
from typing import Any

from qgis.core import (  # type: ignore[import-not-found]
    QgsApplication,
    QgsExpression,
    QgsExpressionContext,
    QgsFeature,
    QgsVectorLayer,
)

STATUSES = ("planned", "approved", "under_construction", "built", "retired")


def seen(path: str, table: str) -> dict[str, Any]:
    layer = QgsVectorLayer(f"{path}|layername={table}", table, "ogr")
    renderer = layer.renderer()
    return {
        "valid": layer.isValid(),
        "count": layer.featureCount(),
        "aliases": {one.name(): layer.attributeAlias(n) for n, one in enumerate(layer.fields())},
        "editors": {
            one.name(): editor(layer.editorWidgetSetup(n)) for n, one in enumerate(layer.fields())
        },
        "renderer": renderer.type(),
        "rules": [
            {
                "filter": rule.filterExpression(),
                "label": rule.label(),
                "layers": [strokes(one) for one in rule.symbol().symbolLayers()],
            }
            for rule in renderer.rootRule().children()
        ],
        "drawn": {
            str(status): {
                method: drawn(layer, status, method) for method in ("survey", "schematic")
            }
            for status in (*STATUSES, None)
        }
        if layer.fields().lookupField("status") >= 0
        else {},
        "sublayers": [one.split("!!::!!")[1] for one in layer.dataProvider().subLayers()],
    }


def drawn(layer: Any, status: str | None, method: str) -> list[str]:
    """Return the labels of the rules that QGIS draws such a feature with."""
    feature = QgsFeature(layer.fields())
    feature["geometry_method"], feature["coordinate_basis"] = method, "sourced"
    if status is not None:
        feature["status"] = status
    context = QgsExpressionContext()
    context.setFields(layer.fields())
    context.setFeature(feature)
    rules = layer.renderer().rootRule().children()
    return [
        rule.label()
        for rule in rules
        if QgsExpression(rule.filterExpression()).evaluate(context) in (1, True)
    ]


def editor(setup: Any) -> list[Any]:
    pairs = setup.config().get("map") or []
    return [setup.type(), {code: label for pair in pairs for label, code in pair.items()}]


def strokes(layer: Any) -> dict[str, Any]:
    keys = ("use_custom_dash", "customdash", "line_width", "line_width_unit")
    given = {key: layer.properties().get(key) for key in keys}
    colour = layer.color()
    return {"type": layer.layerType(), "colour": colour.name(), "alpha": colour.alpha(), **given}


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    sys.stdout.write(json.dumps(seen(*sys.argv[1:])) + "\n")
    sys.stdout.flush()
    application.exitQgis()
