"""The short way from stored bytes to GeoJSON for areas of one ring, which most areas are.

A hot kernel: writing a thousand parcels took longer than all else in an answer. Such a blob is a
header and box of 40 bytes, a few bytes that say "one polygon of one ring", and then nothing but
coordinates; so the coordinates of all of them are one array without any of them being parsed, and
orjson writes that array once. What is not exactly so goes the way of every geometry
(`geoplan_api.geojson`), which is the oracle of the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import orjson

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Coordinates = NDArray[np.float64]
    Move = Callable[[Coordinates], Coordinates] | None

_HEADER = b"GP\x00\x03"
"""GeoPackage binary, little-endian, not empty, with a box of x and y."""

_BODY = 40
_POLYGON = b"\x01\x03\x00\x00\x00\x01\x00\x00\x00"
_MULTIPOLYGON = b"\x01\x06\x00\x00\x00\x01\x00\x00\x00" + _POLYGON
_COUNT, _VERTEX = 4, 16
_FEWEST = 4
_FLAT = 1e-9
"""A ring with less than this share of its box is left to GEOS to turn."""

_NUMBERS = orjson.OPT_SERIALIZE_NUMPY
_GAP = b",[null,null]"


def ring_texts(
    blobs: Sequence[bytes | None], move: Move, *, swapped: bool
) -> dict[int, bytes] | None:
    """Write the areas of one ring among blobs.

    Parameters
    ----------
    blobs : sequence of bytes or None
        As stored.
    move : callable or None
        Moves x and y, shape (n, 2); None leaves them as they are.
    swapped : bool
        Whether y stands before x.

    Returns
    -------
    dict of int to bytes, or None
        GeoJSON by place in `blobs`, the ring counter-clockwise, seen with x to the east. None
        when a coordinate is not finite.
    """
    found = [(at, start) for at, blob in enumerate(blobs) if (start := _ring_at(blob))]
    if not found:
        return {}
    rings = [blobs[at][start:] for at, start in found]  # type: ignore[index]
    sizes = np.array([len(ring) for ring in rings]) // _VERTEX
    stored = np.frombuffer(b"".join(rings), dtype="<f8").reshape(-1, 2)
    ends = np.cumsum(sizes)
    starts = ends - sizes
    moved = stored if move is None else move(stored.copy())
    if not np.isfinite(moved).all():
        return None
    sure, backwards = _turning(moved, starts, ends)
    sure &= (stored[starts] == stored[ends - 1]).all(axis=1)  # an open ring is GEOS's to refuse
    placed = _with_gaps(moved, starts, ends, backwards)
    if swapped:
        placed = np.ascontiguousarray(placed[:, ::-1])
    texts = orjson.dumps(placed, option=_NUMBERS)[1:].split(_GAP)
    return {
        at: (
            b'{"type":"Polygon","coordinates":[[%b]]}' % text
            if start == _BODY + len(_POLYGON) + _COUNT
            else b'{"type":"MultiPolygon","coordinates":[[[%b]]]}' % text
        )
        for (at, start), text, fits in zip(found, _trimmed(texts), sure.tolist(), strict=False)
        if fits
    }


def _ring_at(blob: bytes | None) -> int:
    """Return where the coordinates of the one ring of an area begin; 0 when it is not so."""
    if blob is None or blob[:4] != _HEADER:
        return 0
    if blob[_BODY : _BODY + len(_POLYGON)] == _POLYGON:
        count = _BODY + len(_POLYGON)
    elif blob[_BODY : _BODY + len(_MULTIPOLYGON)] == _MULTIPOLYGON:
        count = _BODY + len(_MULTIPOLYGON)
    else:
        return 0
    start = count + _COUNT
    vertices = int.from_bytes(blob[count:start], "little")
    if vertices < _FEWEST or len(blob) != start + vertices * _VERTEX:
        return 0
    return start


def _turning(
    xy: Coordinates, starts: NDArray[np.intp], ends: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell of each ring whether its direction is beyond doubt, and whether it is clockwise.

    The direction is the sign of the area; of a ring that crosses itself neither answer is more
    right. Coordinates are taken from the ring's first vertex, so that the products do not lose
    what is small beside what is far.
    """
    near = xy - np.repeat(xy[starts], ends - starts, axis=0)
    after = np.roll(near, -1, axis=0)  # at the end of a ring the wrong one, but times zero
    cross = near[:, 0] * after[:, 1] - after[:, 0] * near[:, 1]
    cross[ends - 1] = 0.0
    area = np.add.reduceat(cross, starts)
    size = np.maximum.reduceat(np.abs(near), starts)
    return np.abs(area) > _FLAT * (size**2).max(axis=1), area < 0


def _with_gaps(
    xy: Coordinates,
    starts: NDArray[np.intp],
    ends: NDArray[np.intp],
    backwards: NDArray[np.bool_],
) -> Coordinates:
    """Return the rings with a row of NaN after each, which JSON writes as null."""
    sizes = ends - starts
    order = np.arange(len(xy))
    if backwards.any():
        turned = np.repeat(backwards, sizes)
        order[turned] = (np.repeat(starts + ends - 1, sizes) - order)[turned]
    placed = np.full((len(xy) + len(sizes), 2), np.nan)
    placed[np.arange(len(xy)) + np.repeat(np.arange(len(sizes)), sizes)] = xy[order]
    return placed


def _trimmed(texts: list[bytes]) -> list[Any]:
    """Return the texts between the gaps without the comma that leads all but the first."""
    return [texts[0], *(text[1:] for text in texts[1:-1])]
