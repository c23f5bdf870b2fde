"""A walk over WKB that needs no geometry library, before one is let near it.

GEOS parses nested geometries by recursion: collections nested 20,000 deep (180 KB) end the
process, and no ``except`` catches that. So type, counts and depth are checked here first, in a
loop; what remains for GEOS to refuse (unclosed rings) it refuses politely.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from geoplan.errors import GeometryTooLarge, MalformedGeometry

POINT, LINESTRING, POLYGON, COLLECTION = 1, 2, 3, 7
_CHILD = {4: POINT, 5: LINESTRING, 6: POLYGON, COLLECTION: None}
_KINDS = {1: "POINT", 2: "LINESTRING", 3: "POLYGON", 4: "MULTIPOINT", 5: "MULTILINESTRING",
          6: "MULTIPOLYGON", 7: "GEOMETRYCOLLECTION"}  # fmt: skip
_TYPES = {
    kind + 1000 * step: (kind, 8 * size)
    for step, size in enumerate((2, 3, 3, 4))
    for kind in _KINDS
}
"""Code → kind, bytes a point takes; 1000 more: with Z, 2000: with M, 3000: with both."""
_HEAD = (struct.Struct(">BI"), struct.Struct("<BI"))
_COUNT = (struct.Struct(">I"), struct.Struct("<I"))
_SMALLEST = 9
"""Bytes of the smallest geometry: byte order, type, count."""


class Limits(NamedTuple):
    """How large a geometry may be, and how long looking at a file may take.

    Attributes
    ----------
    depth : int
        How many collections may stand in one another.
    vertices : int
        Of one geometry.
    blob_bytes : int
        Of one geometry, header included.
    seconds : float
        For a whole file, before it is refused.
    """

    depth: int = 8
    vertices: int = 100_000
    blob_bytes: int = 32 * 2**20
    seconds: float = 60.0


LIMITS = Limits()


class Walked(NamedTuple):
    """What the walk found: name of the type, and vertices."""

    kind: str
    vertices: int


def walk(body: bytes, start: int = 0, limits: Limits = LIMITS) -> Walked:
    """Check the structure of a WKB geometry that fills `body` from `start` on.

    Raises
    ------
    MalformedGeometry
        It is cut short or too long, of an unknown type, or counts more parts than there are.
    GeometryTooLarge
        It is nested too deep, or has too many vertices.
    """
    end, at, vertices, seen, top = len(body), start, 0, 0, 0
    open_: list[list[int | None]] = []  # of each collection still open: parts to come, their kind
    try:
        while True:
            order, kind, point = _head(body, at)
            top = top or kind
            if open_ and open_[-1][1] not in (None, kind):
                raise MalformedGeometry(f"a part of a multi geometry is a {_KINDS[kind]}")
            at += 5
            if kind == POINT:
                parts, at = 1, at + point
            elif kind in (LINESTRING, POLYGON):
                parts, at = _plain(body, at, kind, order, point)
            else:
                parts, at = 0, at + 4
                open_.append([_parts(body, at, order), _CHILD[kind]])
                if len(open_) > limits.depth:
                    raise GeometryTooLarge(f"a geometry is nested deeper than {limits.depth}")
            if at > end:
                raise MalformedGeometry("the WKB of a geometry is cut short")
            vertices, seen = vertices + parts, seen + 1
            if max(vertices, seen) > limits.vertices:
                raise GeometryTooLarge(f"a geometry has more than {limits.vertices} vertices")
            if _closed(open_):
                break
    except struct.error as error:
        raise MalformedGeometry("the WKB of a geometry is cut short") from error
    _refuse_rest(end - at)
    return Walked(_KINDS[top], vertices)


def could_overflow(body: bytes) -> bool:
    """Tell whether WKB may be nested so deep that parsing it ends the process.

    A cheap question for the many that cannot: a plain type has no parts, and what is
    shorter than some thousand bytes has no room for a thousand levels.
    """
    if len(body) < _SMALLEST or body[0] > 1:
        return False
    kind = (_HEAD[body[0]].unpack_from(body)[1] & 0x0FFF_FFFF) % 1000
    if kind in (POINT, LINESTRING, POLYGON):
        return False
    return kind == COLLECTION or len(body) > 1000 * _SMALLEST


def _head(body: bytes, at: int) -> tuple[int, int, int]:
    order = body[at] if at < len(body) else -1
    if order == -1:
        raise MalformedGeometry("the WKB of a geometry is cut short")
    if order > 1:
        raise MalformedGeometry(f"a geometry has the unknown byte order {order}")
    code = _HEAD[order].unpack_from(body, at)[1]
    if code not in _TYPES:
        raise MalformedGeometry(
            f"a geometry is of the type {code}, which is no point, line, polygon or collection "
            f"of them (curves and PostGIS's own WKB are not read)"
        )
    kind, point = _TYPES[code]
    return order, kind, point


def _plain(body: bytes, at: int, kind: int, order: int, point: int) -> tuple[int, int]:
    """Return vertices and end of a line or polygon; a ring counts at least as one vertex."""
    (count,) = _COUNT[order].unpack_from(body, at)
    at += 4
    if kind == LINESTRING:
        _refuse_crowd(count, point, len(body) - at)
        return count, at + count * point
    _refuse_crowd(count, 4, len(body) - at)
    vertices = 0
    unpack = _COUNT[order].unpack_from
    for _ in range(count):
        (size,) = unpack(body, at)
        at += 4 + size * point
        vertices += size or 1
    return vertices, at


def _parts(body: bytes, at: int, order: int) -> int:
    (count,) = _COUNT[order].unpack_from(body, at - 4)
    _refuse_crowd(count, _SMALLEST, len(body) - at)
    return int(count)


def _refuse_rest(size: int) -> None:
    if size:
        raise MalformedGeometry(f"{size} bytes follow the WKB of a geometry")


def _refuse_crowd(count: int, size: int, room: int) -> None:
    if count * size > room:
        raise MalformedGeometry(
            f"a geometry says it has {count} parts or points, more than its bytes can hold"
        )


def _closed(open_: list[list[int | None]]) -> bool:
    """Take one part off the innermost collection; tell whether all is done."""
    while open_:
        innermost = open_[-1]
        parts = innermost[0] or 0
        if parts:
            innermost[0] = parts - 1
            return False
        open_.pop()
    return True
