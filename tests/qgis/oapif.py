"""Tell as JSON how QGIS sees, and edits, the features of a served plan.

Run by Debian's python with python3-qgis: the address of the service, then the layers.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from qgis.core import (  # type: ignore[import-not-found]
    Qgis,
    QgsApplication,
    QgsFeatureRequest,
    QgsRectangle,
    QgsVectorDataProvider,
    QgsVectorLayer,
)

BOX = (122.98, 41.08, 122.9999, 41.1)
PROVIDER = "OAPIF"


def opened(address: str, name: str) -> Any:
    uri = f"url='{address}' typename='{name}' pageSize='2' restrictToRequestBBOX='1'"
    layer = QgsVectorLayer(uri, name, PROVIDER)
    assert layer.isValid(), layer.error().message()
    return layer


def seen(address: str, name: str) -> dict[str, Any]:
    inside = QgsFeatureRequest(QgsRectangle(*BOX))
    in_box = list(opened(address, name).getFeatures(inside))  # before it has them all
    layer = opened(address, name)
    features = list(layer.getFeatures())
    planned = QgsFeatureRequest().setFilterExpression("\"status\" = 'planned'")
    return {
        "crs": layer.crs().authid(),
        "count": layer.featureCount(),
        "names": sorted(feature["name"] for feature in features),
        "fields": sorted(field.name() for field in layer.fields()),
        "geometries": sum(feature.hasGeometry() for feature in features),
        "bounds": {
            feature["name"]: feature.geometry().boundingBox().toString(9)
            for feature in features
            if feature.hasGeometry()
        },
        "in_box": sorted(feature["name"] for feature in in_box),
        "planned": sorted(feature["name"] for feature in layer.getFeatures(planned)),
    }


def renamed(address: str, name: str) -> dict[str, Any]:
    """Rename the first feature with QGIS's own edit buffer, where its provider can edit."""
    layer = opened(address, name)
    can = layer.dataProvider().capabilities()
    wanted = QgsVectorDataProvider.ChangeAttributeValues
    if not can & wanted:
        return {"edited": None}
    feature = min(layer.getFeatures(), key=lambda one: str(one["name"]))
    assert layer.startEditing()
    layer.changeAttributeValue(feature.id(), layer.fields().indexOf("name"), "改名")
    assert layer.commitChanges(), layer.commitErrors()
    return {"edited": feature["name"]}


def main(address: str, *names: str) -> dict[str, Any]:
    layers = {name: seen(address, name) for name in names}
    return {"version": Qgis.QGIS_VERSION, "layers": layers, **renamed(address, names[0])}


if __name__ == "__main__":
    application = QgsApplication([], False)
    application.initQgis()
    sys.stdout.write(json.dumps(main(*sys.argv[1:])) + "\n")
    sys.stdout.flush()
    application.exitQgis()
