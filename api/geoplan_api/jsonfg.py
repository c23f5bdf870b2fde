"""Features as JSON-FG (OGC 21-045r1, core and types-schemas): GeoJSON that knows other CRS.

In CRS84 a feature is where GeoJSON has it, in ``geometry``; in another CRS it is in ``place``, and
``geometry`` is null. All features of a collection are of one type, which is told once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan_api.geojson import collection_text, feature_text
from geoplan_api.references import CRS84, CRS84H

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geoplan.model import Layer
    from geoplan_api.references import Reference

_CLASSES = ("core", "types-schemas")
CONFORMS_TO = [f"http://www.opengis.net/spec/json-fg-1/1.0/conf/{name}" for name in _CLASSES]
_BEFORE = b',"geometry":'


def jsonfg_collection(
    features: Sequence[bytes], told: Mapping[str, Any], members: Mapping[str, Any]
) -> bytes:
    """Write features of a layer, as `geojson.feature_texts` writes them, as a collection.

    Parameters
    ----------
    features : sequence of bytes
        In the CRS that `told` names.
    told : mapping
        Of `told_of`.
    members : mapping
        What stands beside the features.
    """
    return collection_text([_feature(text, told) for text in features], {**told, **members})


def jsonfg_feature(feature: bytes, told: Mapping[str, Any], members: Mapping[str, Any]) -> bytes:
    """Write one feature as a document of its own; see `jsonfg_collection`."""
    return feature_text(_feature(feature, told), {**told, **members})


def told_of(layer: Layer, asked: Reference, high: bool, schema: str) -> dict[str, Any]:
    """Return what a document says of its features.

    Parameters
    ----------
    layer : Layer
        Whose they are; its kind is their type.
    asked : Reference
        The CRS of their coordinates.
    high : bool
        Whether any has heights.
    schema : str
        Address of their schema.
    """
    return {
        "conformsTo": CONFORMS_TO,
        "featureType": layer.kind,
        "featureSchema": schema,
        "coordRefSys": CRS84H if high and asked.uri == CRS84 else asked.uri,
    }


def _feature(text: bytes, told: Mapping[str, Any]) -> bytes:
    """Add ``time`` and ``place``, which JSON-FG wants of every feature, null where not known."""
    head, rest = text.split(_BEFORE, 1)  # the id before it is JSON: its quotes are escaped
    if told["coordRefSys"] in (CRS84, CRS84H):
        return head + b',"time":null,"place":null' + _BEFORE + rest
    return head + b',"time":null,"geometry":null,"place":' + rest
