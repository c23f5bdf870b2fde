"""GeoJSON (RFC 7946) as bytes, straight from stored rows.

Coordinates of all features of a page are moved at once, as arrays; each feature is then written
from views of them. No geometry object is made for what is only passed on but those that GEOS
takes to turn rings.
"""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import orjson
import shapely

from geoplan import vertices
from geoplan.errors import MalformedGeometry
from geoplan.store.blob import decode
from geoplan_api.ring_texts import ring_texts

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from geoplan.store.table_now import ServedRow

    Coordinates = NDArray[np.float64]
    Nested = list[Any]
    Move = Callable[[Coordinates], Coordinates] | None
    """Takes and returns x and y, shape (n, 2); None leaves them as they are."""

_FEW = 20
_NUMBERS = orjson.OPT_SERIALIZE_NUMPY
_NULL = b"null"


def dumps(value: Any) -> str:
    """Write JSON as the service does: compact, as UTF-8; NaN and Infinity become null."""
    return orjson.dumps(value, default=_plain).decode()


def feature_texts(
    rows: Sequence[ServedRow],
    names: Sequence[str],
    move: Move,
    *,
    swapped: bool = False,
) -> tuple[list[bytes], bool]:
    """Write stored rows as features, and tell whether any carries heights.

    Parameters
    ----------
    rows : sequence of ServedRow
        As stored.
    names : sequence of str
        Of their values.
    move : callable or None
        Moves x and y, shape (n, 2); None leaves them as they are.
    swapped : bool, default False
        Whether y stands before x.

    Raises
    ------
    MalformedGeometry
        A geometry cannot be decoded or moved; the message names the feature.
    """
    geometries, high = _named(rows, move, swapped)
    texts = [
        b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}'
        % (
            orjson.dumps(row.id),
            geometry,
            orjson.dumps(dict(zip(names, row.values, strict=True)), default=_plain),
        )
        for row, geometry in zip(rows, geometries, strict=True)
    ]
    return texts, high


def _named(rows: Sequence[ServedRow], move: Move, swapped: bool) -> tuple[list[bytes], bool]:
    """Write the geometries of rows; an error names the feature."""
    try:
        return geometry_texts([row.geometry for row in rows], move, swapped=swapped)
    except MalformedGeometry:
        for row in rows:  # once more, one at a time, to say which
            try:
                geometry_texts([row.geometry], move, swapped=swapped)
            except MalformedGeometry as error:
                raise MalformedGeometry(f"feature {row.id!r}: {error}") from error
        raise


def collection_text(features: Sequence[bytes], members: Mapping[str, Any]) -> bytes:
    """Write a FeatureCollection with what stands beside its features."""
    head = orjson.dumps({"type": "FeatureCollection", **members})
    return b'%b,"features":[%b]}' % (head[:-1], b",".join(features))


def feature_text(feature: bytes, members: Mapping[str, Any]) -> bytes:
    """Write a Feature with what stands beside its properties."""
    return b"%b,%b" % (feature[:-1], orjson.dumps(members)[1:])


def geometry_texts(
    blobs: Sequence[bytes | None],
    move: Move,
    *,
    swapped: bool = False,
) -> tuple[list[bytes], bool]:
    """Write geometries; null and empty ones become null, measures are dropped.

    Rings run as RFC 7946 has them: the outer ones counter-clockwise, seen with x to the east.
    """
    rings = ring_texts(blobs, move, swapped=swapped) if len(blobs) > _FEW else None
    if not rings:
        return _all_texts(blobs, move, swapped)
    others = [at for at in range(len(blobs)) if at not in rings]
    written, high = _all_texts([blobs[at] for at in others], move, swapped)
    rings.update(zip(others, written, strict=True))
    return [rings[at] for at in range(len(blobs))], high


def _all_texts(
    blobs: Sequence[bytes | None], move: Move, swapped: bool
) -> tuple[list[bytes], bool]:
    """Write geometries of every kind, by way of GEOS."""
    try:
        shapes = shapely.orient_polygons(decode(blobs))
    except (shapely.errors.ShapelyError, NotImplementedError) as error:
        raise MalformedGeometry(f"curves are not read yet: {error}") from error
    high = shapely.has_z(shapes)
    if len(shapes) <= _FEW:
        return _few(shapes, move, swapped), bool((high & ~shapely.is_empty(shapes)).any())
    texts = [_NULL] * len(shapes)
    types = shapely.get_type_id(shapes)
    types[shapely.is_empty(shapes)] = -1
    for type_id in np.unique(types[types >= 0]):
        for tall in (False, True):
            at = np.flatnonzero((types == type_id) & (high == tall))
            if len(at):
                _write(texts, at, shapes[at], int(type_id), tall, move, swapped)
    return texts, bool((high & (types >= 0)).any())


def _few(shapes: NDArray[Any], move: Move, swapped: bool) -> list[bytes]:
    """Write few geometries, where arrays of all coordinates would cost more than they save."""
    placed = vertices.moved(vertices.without_measures(shapes), move) if move else shapes
    if move is None and not np.isfinite(shapely.get_coordinates(shapes)).all():
        raise MalformedGeometry("a coordinate is not finite")
    if swapped:
        placed = vertices.moved(placed, lambda xy: xy[:, ::-1])
    placed[shapely.is_empty(placed)] = None
    return [_NULL if text is None else text.encode() for text in shapely.to_geojson(placed)]


def _write(
    texts: list[bytes],
    at: NDArray[np.intp],
    shapes: NDArray[Any],
    type_id: int,
    tall: bool,
    move: Move,
    swapped: bool,
) -> None:
    if type_id == shapely.GeometryType.GEOMETRYCOLLECTION:
        for place, shape in zip(at, shapes, strict=True):
            parts = [shapely.to_wkb(part) for part in shapely.get_parts(shape)]
            members = _collection(parts, move, swapped)
            texts[place] = b'{"type":"GeometryCollection","geometries":[%b]}' % b",".join(members)
        return
    kind, flat, offsets = shapely.to_ragged_array(shapes, include_z=tall, include_m=False)
    moved = np.array(flat, dtype=np.float64, order="C")
    there = ~np.isnan(flat[:, :2]).all(axis=1)  # an empty part of a multipoint has no place
    if move is not None:
        moved[there, :2] = move(flat[there, :2])
    elif not np.isfinite(flat[there, :2]).all():
        raise MalformedGeometry("a coordinate is not finite")
    if swapped:
        moved[:, :2] = moved[:, 1::-1]
    start = b'{"type":"%b","coordinates":' % _NAMES[int(type_id)]
    nested: Nested = list(moved) if not offsets else _views(moved, offsets[0])
    for level in offsets[1:]:
        ends = level.tolist()
        nested = [nested[a:b] for a, b in pairwise(ends)]
    if kind.value != type_id:  # to_ragged_array may give the multi form of a kind
        nested = [parts[0] for parts in nested]
    for place, coordinates in zip(at.tolist(), nested, strict=True):
        texts[place] = b"%b%b}" % (start, orjson.dumps(coordinates, option=_NUMBERS))


def _views(flat: Coordinates, offsets: NDArray[Any]) -> Nested:
    ends = offsets.tolist()
    return [flat[a:b] for a, b in pairwise(ends)]


def _collection(parts: list[bytes], move: Move, swapped: bool) -> list[bytes]:
    shapes = shapely.from_wkb(parts)
    texts = [_NULL] * len(parts)
    for at, shape in enumerate(shapes):
        if not shapely.is_empty(shape):
            one = np.array([shape], dtype=object)
            place = np.array([at])
            kind = int(shapely.get_type_id(shape))
            _write(texts, place, one, kind, bool(shapely.has_z(shape)), move, swapped)
    return [text for text in texts if text is not _NULL]


_NAMES = {
    0: b"Point",
    1: b"LineString",
    3: b"Polygon",
    4: b"MultiPoint",
    5: b"MultiLineString",
    6: b"MultiPolygon",
}


def _plain(value: Any) -> Any:
    """Return a stored value as JSON can hold it: bytes in base64."""
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    raise TypeError(f"a value of type {type(value).__name__} has no form in JSON")
