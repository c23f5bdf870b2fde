"""What the answers of the service look like, as schemas of OpenAPI 3.0."""

from __future__ import annotations

from typing import Any

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
BINARY: Schema = {"type": "string", "format": "binary"}
COUNT: Schema = {"type": "integer", "minimum": 0}


def ref(name: str) -> Schema:
    """Return a reference to a schema of this module."""
    return {"$ref": f"#/components/schemas/{name}"}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    properties = {**required, **(optional or {})}
    return {"type": "object", "required": list(required), "properties": properties}


def _array(items: Schema, **more: Any) -> Schema:
    return {"type": "array", "items": items, **more}


def _geometry(name: str) -> Schema:
    return _object({"type": {"type": "string", "enum": [name]}, "coordinates": _COORDINATES[name]})


_COLLECTED = _object(
    {
        "type": {"type": "string", "enum": ["GeometryCollection"]},
        "geometries": _array(ref("newGeometry")),
    }
)
_NULL: Schema = {"type": "object", "nullable": True, "enum": [None]}
_LINKS = _array(ref("link"))
_NUMBERS = _array({"type": "number"}, minItems=4, maxItems=6)
_POSITION = _array({"type": "number"}, minItems=2, maxItems=3)
_LINE = _array(_POSITION, minItems=2)
_RINGS = _array(_array(_POSITION, minItems=4), minItems=1)
_COORDINATES = {
    "Point": _POSITION,
    "MultiPoint": _array(_POSITION, minItems=1),
    "LineString": _LINE,
    "MultiLineString": _array(_LINE, minItems=1),
    "Polygon": _RINGS,
    "MultiPolygon": _array(_RINGS, minItems=1),
}
"""Type of geometry → its coordinates (RFC 7946)."""
_SPATIAL = _object({"bbox": _array(_NUMBERS, minItems=1), "crs": TEXT})
_DATED = {
    **_object(
        {
            "on": {"oneOf": [{"type": "string"}, {"type": "integer"}], "nullable": True},
            "confidence": {"type": "string", "nullable": True},
        }
    )
}
_FEATURE_ID: Schema = {"oneOf": [{"type": "string"}, {"type": "integer"}]}

_LIMITS = _object(
    {
        "tileMatrix": TEXT,
        **dict.fromkeys(("minTileRow", "maxTileRow", "minTileCol", "maxTileCol"), COUNT),
    }
)
_TILESET: dict[str, Schema] = {
    "title": TEXT,
    "tileMatrixSetId": TEXT,
    "dataType": {"type": "string", "enum": ["vector", "map"]},
    "crs": TEXT,
    "links": _LINKS,
    "tileMatrixSetLimits": _array(_LIMITS),
}

SCHEMAS: dict[str, Schema] = {
    "link": _object({"href": TEXT, "rel": TEXT, "type": TEXT, "title": TEXT}),
    "landingPage": _object(
        {"title": TEXT, "description": TEXT, "attribution": TEXT, "links": _LINKS}
    ),
    "tileMatrixSets": _object(
        {"tileMatrixSets": _array(_object({"id": TEXT, "title": TEXT, "links": _LINKS}))}
    ),
    "tileMatrixSet": _object(
        {
            "id": TEXT,
            "title": TEXT,
            "crs": TEXT,
            "orderedAxes": _array(TEXT),
            "tileMatrices": _array(
                _object(
                    {
                        "id": TEXT,
                        "scaleDenominator": {"type": "number"},
                        "cellSize": {"type": "number"},
                        "cornerOfOrigin": {"type": "string", "enum": ["topLeft"]},
                        "pointOfOrigin": _array({"type": "number"}, minItems=2, maxItems=2),
                        "tileWidth": COUNT,
                        "tileHeight": COUNT,
                        "matrixWidth": COUNT,
                        "matrixHeight": COUNT,
                    }
                )
            ),
        },
        {"uri": TEXT, "wellKnownScaleSet": TEXT, "links": _LINKS},
    ),
    "tilesets": _object({"tilesets": _array(ref("tilesetItem")), "links": _LINKS}),
    "tilesetItem": _object(_TILESET, {"tileMatrixSetURI": TEXT}),
    "tileset": _object(
        {
            **_TILESET,
            "mediaTypes": _array(TEXT),
        },
        {
            "tileMatrixSetURI": TEXT,
            "boundingBox": {"type": "object"},
            "layers": _array(_object({"id": TEXT, "title": TEXT, "dataType": TEXT})),
        },
    ),
    "tilejson": _object(
        {
            "tilejson": TEXT,
            "tiles": _array(TEXT),
            "minzoom": COUNT,
            "maxzoom": COUNT,
            "vector_layers": _array(_object({"id": TEXT, "fields": {"type": "object"}})),
        }
    ),
    "confClasses": _object({"conformsTo": _array(TEXT)}),
    "collections": _object({"links": _LINKS, "collections": _array(ref("collection"))}),
    "collection": _object(
        {
            "id": TEXT,
            "title": TEXT,
            "description": TEXT,
            "attribution": TEXT,
            "itemType": {"type": "string", "enum": ["feature"]},
            "crs": _array(TEXT),
            "links": _LINKS,
        },
        {"extent": _object({"spatial": _SPATIAL})},
    ),
    "geometry": {"oneOf": [ref("newGeometry"), _COLLECTED]},
    "newGeometry": {"oneOf": [_NULL, *(_geometry(name) for name in _COORDINATES)]},
    "feature": _object(
        {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": _FEATURE_ID,
            "geometry": ref("geometry"),
            "properties": {"type": "object"},
        },
        {"links": _LINKS},
    ),
    "newFeature": _object(
        {
            "type": {"type": "string", "enum": ["Feature"]},
            "geometry": ref("newGeometry"),
            "properties": {"type": "object", "nullable": True},
        },
        {"id": _FEATURE_ID},
    ),
    "featurePatch": _object(
        {},
        {
            "geometry": {"type": "object", "nullable": True},
            "properties": {"type": "object", "nullable": True},
        },
    ),
    "featureCollection": _object(
        {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "numberMatched": COUNT,
            "numberReturned": COUNT,
            "timeStamp": {"type": "string", "format": "date-time"},
            "links": _LINKS,
            "features": _array(ref("feature")),
        }
    ),
    "jsonSchema": _object(
        {
            "$schema": TEXT,
            "$id": TEXT,
            "title": TEXT,
            "type": {"type": "string", "enum": ["object"]},
            "properties": {"type": "object"},
            "additionalProperties": {"type": "boolean"},
        }
    ),
    "functions": _object(
        {
            "functions": _array(
                _object(
                    {
                        "name": TEXT,
                        "description": TEXT,
                        "arguments": _array(_object({"type": _array(TEXT)})),
                        "returns": _array(TEXT),
                    }
                )
            )
        }
    ),
    "processList": _object({"processes": _array(ref("processSummary")), "links": _LINKS}),
    "processSummary": _object(
        {
            "id": TEXT,
            "title": TEXT,
            "description": TEXT,
            "version": TEXT,
            "jobControlOptions": _array(TEXT),
            "outputTransmission": _array(TEXT),
            "links": _LINKS,
        }
    ),
    "process": {
        "allOf": [
            ref("processSummary"),
            _object({"inputs": {"type": "object"}, "outputs": {"type": "object"}}),
        ]
    },
    "execute": {
        **_object(
            {},
            {
                "inputs": {"type": "object"},
                "outputs": {"type": "object"},
                "response": {"type": "string", "enum": ["raw", "document"], "default": "raw"},
            },
        ),
        "additionalProperties": False,
    },
    "statusInfo": _object(
        {
            "processID": TEXT,
            "type": {"type": "string", "enum": ["process"]},
            "jobID": TEXT,
            "status": {
                "type": "string",
                "enum": ["accepted", "running", "successful", "failed", "dismissed"],
            },
            "message": TEXT,
            "progress": {"type": "integer", "minimum": 0, "maximum": 100},
            "created": TEXT,
            "updated": TEXT,
            "links": _LINKS,
        },
        {"started": TEXT, "finished": TEXT},
    ),
    "jobList": _object(
        {"jobs": _array(ref("statusInfo")), "numberMatched": COUNT, "links": _LINKS}
    ),
    "result": _object(
        {
            "process": TEXT,
            "inputs": {"type": "object"},
            "totals": {"type": "object"},
            "sources": _array({"type": "object"}),
            "leftOut": _array({"type": "object"}),
            "run": {"type": "object"},
        },
        {"features": _array({"type": "object"}), "rows": _array({"type": "object"})},
    ),
    "outputs": _object({"result": {}}),
    "text": _object({"zh": TEXT, "en": TEXT}),
    "rules": _object(
        {
            "pack": _object({"id": TEXT, "title": ref("text"), "version": TEXT, "sha256": TEXT}),
            "packs": _array(TEXT),
            "on": {"type": "string", "format": "date", "nullable": True},
            "notInForce": {"type": "object", "additionalProperties": TEXT},
            "withdrawn": {"type": "object", "additionalProperties": TEXT},
            "numberMatched": COUNT,
            "rules": _array(ref("rule")),
            "links": _LINKS,
        }
    ),
    "rule": _object(
        {
            "id": TEXT,
            "title": ref("text"),
            "meaning": ref("text"),
            "subject": TEXT,
            "object": TEXT,
            "where": {"type": "object"},
            "demand": _object({"kind": TEXT}),
            "severity": TEXT,
            "basis": {
                **_object(
                    {
                        "law": ref("text"),
                        "article": TEXT,
                        "in_force": _DATED,
                        "repealed": _DATED,
                        "confidence": TEXT,
                    }
                ),
                "nullable": True,
            },
            "inWords": _object({"zh": {"type": "object"}, "en": {"type": "object"}}),
            "pack": TEXT,
            "overrides": _array(TEXT),
            "links": _LINKS,
        },
        {"otherPacks": _array(TEXT), "unreadablePacks": _array(TEXT)},
    ),
    "oembed": _object(
        {
            "version": {"type": "string", "enum": ["1.0"]},
            "type": {"type": "string", "enum": ["rich"]},
            "title": TEXT,
            "provider_name": TEXT,
            "provider_url": TEXT,
            "width": {"type": "integer"},
            "height": {"type": "integer"},
            "html": TEXT,
        }
    ),
    "health": _object(
        {
            "status": {"type": "string", "enum": ["ok"]},
            "software": TEXT,
            "plan": TEXT,
            "features": {"type": "object", "additionalProperties": {"type": "integer"}},
        }
    ),
    "problem": _object(
        {
            "type": TEXT,
            "title": TEXT,
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "detail": TEXT,
            "instance": TEXT,
        },
        {"pointer": TEXT},
    ),
}
"""Name → schema."""

for _schema in SCHEMAS.values():  # an empty list of required members is no schema
    if _schema.get("required") == []:
        del _schema["required"]
