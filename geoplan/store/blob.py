"""The GeoPackage geometry binary (OGC 12-128r17, clause 2.1.3): a header, then WKB.

The header carries the envelope, so that many questions need no geometry library.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import GeometryTooLarge, MalformedGeometry
from geoplan.store.wkb import Limits, could_overflow, walk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_MAGIC = b"GP"
_EMPTY = 0b0001_0000
_ENVELOPE_XY = 0b0000_0010
_LITTLE = 0b0000_0001
_ENVELOPE_BYTES = (0, 32, 48, 48, 64)
_HEADER = struct.Struct("<2sBBi")
_XY_HEADER = struct.Struct("<2sBBi4d")
_SAFE = Limits(depth=100, vertices=2**31)
"""What GEOS takes without harm; how much a geometry may hold is for admission to say."""


def wkb(blob: bytes) -> bytes:
    """Return the WKB behind the header.

    Raises
    ------
    MalformedGeometry
        The blob is no GeoPackage geometry.
    """
    return blob[8 + _envelope_size(blob) :]


def envelope(blob: bytes) -> tuple[float, float, float, float] | None:
    """Return xmin, ymin, xmax, ymax of a geometry, None when it is empty.

    Raises
    ------
    MalformedGeometry
        The blob is no GeoPackage geometry.
    """
    size = _envelope_size(blob)
    if blob[3] & _EMPTY:
        return None
    if size:
        order = "<" if blob[3] & _LITTLE else ">"
        xmin, xmax, ymin, ymax = struct.unpack_from(f"{order}4d", blob, 8)
        return (xmin, ymin, xmax, ymax)
    bounds = shapely.bounds(decode([blob])[0])
    return None if np.isnan(bounds).any() else tuple(float(value) for value in bounds)  # type: ignore[return-value]


def decode(blobs: Sequence[bytes | None]) -> NDArray[Any]:
    """Return the geometries of blobs, null for null.

    Raises
    ------
    MalformedGeometry
        A blob is no GeoPackage geometry, its WKB is broken, or it is nested so deep that
        parsing it would end the process.
    """
    stripped = [None if blob is None else wkb(blob) for blob in blobs]
    try:
        for body in stripped:
            if body is not None and could_overflow(body):
                walk(body, limits=_SAFE)
        return np.asarray(shapely.from_wkb(stripped), dtype=object)
    except (shapely.errors.ShapelyError, GeometryTooLarge) as error:
        raise MalformedGeometry(f"a geometry cannot be decoded: {error}") from error


def encode(geometries: NDArray[Any], srs_id: int) -> list[bytes | None]:
    """Return the blobs of geometries, with an XY envelope; heights and measures are kept.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        Null stays null.
    srs_id : int
        The file's number of their CRS.
    """
    bodies = shapely.to_wkb(geometries, flavor="iso", byte_order=1, output_dimension=4)
    empty = shapely.is_empty(geometries)
    boxes = shapely.bounds(geometries)
    return [
        None if body is None else _header(srs_id, bool(hollow), box) + body
        for body, hollow, box in zip(bodies, empty, boxes, strict=True)
    ]


def headed(body: bytes, srs_id: int) -> bytes:
    """Return the blob of a geometry that is WKB (ISO) already, without an envelope."""
    return _HEADER.pack(_MAGIC, 0, _LITTLE, srs_id) + body


def _header(srs_id: int, empty: bool, box: NDArray[np.float64]) -> bytes:
    if empty:
        return _HEADER.pack(_MAGIC, 0, _LITTLE | _EMPTY, srs_id)
    xmin, ymin, xmax, ymax = box
    return _XY_HEADER.pack(_MAGIC, 0, _LITTLE | _ENVELOPE_XY, srs_id, xmin, xmax, ymin, ymax)


def _envelope_size(blob: bytes) -> int:
    if not isinstance(blob, bytes) or len(blob) < 8 or blob[:2] != _MAGIC:
        raise MalformedGeometry("a geometry blob does not begin as GeoPackage binary ('GP')")
    indicator = blob[3] >> 1 & 0b111
    if indicator >= len(_ENVELOPE_BYTES) or len(blob) < 8 + _ENVELOPE_BYTES[indicator] + 5:
        raise MalformedGeometry("a geometry blob has a broken header or is cut short")
    return _ENVELOPE_BYTES[indicator]
