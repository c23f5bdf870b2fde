"""GeoJSON (RFC 7946) as text."""

from __future__ import annotations

import base64
import json
import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import MalformedGeometry

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from geoplan_api.reading import Found


def dumps(value: Any) -> str:
    """Write JSON as the service does: compact, as UTF-8, never NaN or Infinity."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))


def collection_text(features: Sequence[Found], members: Mapping[str, Any]) -> str:
    """Write a FeatureCollection.

    Parameters
    ----------
    features : sequence of Found
        In degrees.
    members : mapping
        What stands beside the features.
    """
    listed = ",".join(_texts(features))
    head = dumps({"type": "FeatureCollection", **members})
    return f'{head[:-1]},"features":[{listed}]}}'


def feature_text(feature: Found, members: Mapping[str, Any]) -> str:
    """Write a Feature, with what stands beside its properties."""
    (text,) = _texts([feature])
    return f"{text[:-1]},{dumps(dict(members))[1:]}"


def has_heights(features: Sequence[Found]) -> bool:
    """Tell whether a feature carries heights, and so is in CRS84h."""
    return bool(shapely.has_z(_geometries(features)).any())


def plain(value: Any) -> Any:
    """Return a stored value as JSON can hold it: bytes in base64, what is not finite as null.

    Examples
    --------
    >>> plain(b"geo"), plain(float("inf"))
    ('Z2Vv', None)
    """
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _geometries(features: Sequence[Found]) -> Any:
    found = np.empty(len(features), dtype=object)
    found[:] = [feature.geometry for feature in features]
    return found


def _texts(features: Sequence[Found]) -> list[str]:
    return [
        f'{{"type":"Feature","id":{dumps(feature.id)},"geometry":{geometry or "null"},'
        f'"properties":{_properties(feature)}}}'
        for feature, geometry in zip(features, _geometry_texts(features), strict=True)
    ]


def _properties(feature: Found) -> str:
    return dumps({name: plain(value) for name, value in feature.attributes.items()})


def _geometry_texts(features: Sequence[Found]) -> list[str | None]:
    if not features:
        return []
    try:
        # rings run as RFC 7946 has them: the outer ones counter-clockwise
        return list(shapely.to_geojson(shapely.orient_polygons(_geometries(features))))
    except (shapely.errors.ShapelyError, NotImplementedError) as error:
        raise MalformedGeometry(f"a geometry cannot be given as GeoJSON: {error}") from error
