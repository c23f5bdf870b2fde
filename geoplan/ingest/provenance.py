"""Where a layer comes from, as it is kept in its GeoPackage: ISO 19115-1's names, in JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import geoplan

if TYPE_CHECKING:
    from datetime import datetime

    from geoplan.ingest.layering import Prepared


def provenance_of(one: Prepared, moment: datetime) -> str:
    """Return the note on one import."""
    layer, verdict = one.layer, one.verdict
    note: dict[str, Any] = {
        "metadataStandardName": "ISO 19115-1",
        "dateStamp": moment.isoformat(timespec="seconds"),
        "identificationInfo": {"title": layer.title.zh, "resourceIdentifier": layer.id},
        "spatialRepresentationInfo": layer.geometry,
        "referenceSystemInfo": one.crs,
        "lineage": {
            "source": {
                "title": one.source["file"],
                "table": one.table,
                "format": one.source["format"],
                "driver": one.driver,
                "sha256": one.source["sha256"],
                "encoding": one.encoding or None,
                **_drawing_layers(one),
                "sourceReferenceSystem": verdict["source_crs"],
            },
            "processStep": {
                "dateTime": moment.isoformat(timespec="seconds"),
                "processor": f"geoplan {geoplan.__version__}",
                "description": verdict["steps"],
                "transformation": verdict["pipeline"],
                "storedIn": one.crs,
                "accuracyAddedMetres": verdict["accuracy_added_m"],
                "findings": verdict["findings"],
            },
        },
        "counts": {
            "features": len(one.features),
            "located": one.located,
            "columns": len(one.features.columns) - 1,
        },
        "fields": {"renamed": one.matched.renamed, "notImported": list(one.matched.left)},
        "losses": [
            {"code": loss.code, "zh": loss.to("zh"), "en": loss.to("en")} for loss in one.losses
        ],
        "quality": dict(one.quality),
    }
    return json.dumps(note, ensure_ascii=False)


def _drawing_layers(one: Prepared) -> dict[str, Any]:
    """Return drawing layer → features of it in here, for a layer that comes from a drawing."""
    layers = one.source.get("drawing_layers")
    return {} if layers is None else {"drawingLayers": layers}
