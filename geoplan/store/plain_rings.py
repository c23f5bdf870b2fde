"""The short way out of stored bytes for areas of one ring, which most areas are.

A hot kernel: parsing a thousand parcels one by one took longer than all else in an answer. Such a
blob is a header and a box of 40 bytes, a few bytes that say "one polygon of one ring", and then
nothing but coordinates; so the coordinates of all of them are one array, and no geometry is made.
What is not exactly so goes the way of every geometry (`geoplan.store.blob`), which is the oracle
of the tests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_HEADER = b"GP\x00\x03"
"""GeoPackage binary, little-endian, not empty, with a box of x and y."""

_BODY = 40
_POLYGON = b"\x01\x03\x00\x00\x00\x01\x00\x00\x00"
_MULTIPOLYGON = b"\x01\x06\x00\x00\x00\x01\x00\x00\x00" + _POLYGON
_AFTER_POLYGON = _BODY + len(_POLYGON) + 4
_AFTER_MULTIPOLYGON = _BODY + len(_MULTIPOLYGON) + 4
_VERTEX = 16
_FEWEST = 4


class PlainRings(NamedTuple):
    """Areas of one closed ring of finite coordinates.

    Attributes
    ----------
    at : ndarray of int, shape (n,)
        Their places among the blobs, rising.
    xy : ndarray of float, shape (k, 2)
        Vertices of all rings, closing ones included [CRS of the table]; read-only.
    ends : ndarray of int, shape (n + 1,)
        Where in `xy` each begins and ends.
    multi : ndarray of bool, shape (n,)
        Whether it is stored as a multipolygon of one.
    """

    at: NDArray[np.int64]
    xy: NDArray[np.float64]
    ends: NDArray[np.int64]
    multi: NDArray[np.bool_]


def plain_rings(blobs: Sequence[bytes | None]) -> PlainRings:
    """Return the areas of one ring among stored geometries; all others are left to `decode`."""
    found = [(at, start) for at, blob in enumerate(blobs) if (start := _ring_at(blob))]
    bodies = [blobs[at][start:] for at, start in found]  # type: ignore[index]
    counts = np.array([len(body) for body in bodies], dtype=np.int64) // _VERTEX
    xy = np.frombuffer(b"".join(bodies), dtype="<f8").reshape(-1, 2)
    table = np.array(found, dtype=np.int64).reshape(-1, 2)
    ends = np.concatenate([[0], np.cumsum(counts)])
    rings = PlainRings(table[:, 0], xy, ends, table[:, 1] == _AFTER_MULTIPOLYGON)
    good = (xy[ends[:-1]] == xy[ends[1:] - 1]).all(axis=1)
    if not np.isfinite(xy).all():
        good &= np.logical_and.reduceat(np.isfinite(xy).all(axis=1), ends[:-1])
    return rings if good.all() else only(rings, good)


def only(rings: PlainRings, chosen: NDArray[np.bool_]) -> PlainRings:
    """Return some of the rings."""
    counts = np.diff(rings.ends)
    ends = np.concatenate([[0], np.cumsum(counts[chosen])])
    xy = rings.xy[np.repeat(chosen, counts)]
    return PlainRings(rings.at[chosen], xy, ends, rings.multi[chosen])


def _ring_at(blob: bytes | None) -> int:
    """Return where the coordinates of the one ring of an area begin; 0 when it is not so."""
    if blob is None or blob[:4] != _HEADER:
        return 0
    if blob.startswith(_POLYGON, _BODY):
        start = _AFTER_POLYGON
    elif blob.startswith(_MULTIPOLYGON, _BODY):
        start = _AFTER_MULTIPOLYGON
    else:
        return 0
    vertices = int.from_bytes(blob[start - 4 : start], "little")
    fits = vertices >= _FEWEST and len(blob) == start + vertices * _VERTEX
    return start if fits else 0
