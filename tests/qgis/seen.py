"""Tell as JSON how QGIS sees a table of a GeoPackage; run by Debian's python with python3-qgis."""

from __future__ import annotations

import json
import sys
from typing import Any

from qgis.core import QgsApplication, QgsVectorLayer  # type: ignore[import-not-found]


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
        "sublayers": [one.split("!!::!!")[1] for one in layer.dataProvider().subLayers()],
    }


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
