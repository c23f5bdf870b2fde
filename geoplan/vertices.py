"""Vertices: x and y moved, heights (Z) and measures (M) carried along bit for bit.

Shapely moves x, y and z; of a geometry with measures its ``transform`` makes one without them, or
one whose heights and measures are all NaN. So geometries with measures are changed in their WKB.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Change = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_POINT, _POLYGON, _MULTI = 1, 3, 4
_HEIGHTS, _MEASURES = 1, 2
_WIDTHS = (2, 3, 3, 4)
"""Numbers of a vertex: plain, with heights, with measures, with both."""
_TYPE, _COUNT = struct.Struct("<BI"), struct.Struct("<I")


def moved(geometries: NDArray[Any], move: Change) -> NDArray[Any]:
    """Return geometries with every x and y moved, and nothing else changed.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        Of any dimension, mixed too; null stays null.
    move : callable
        Takes and returns x and y, shape (k, 2).

    Examples
    --------
    >>> road = np.array([shapely.from_wkt("LINESTRING M (0 0 12345.678, 4 1 NaN)")])
    >>> moved(road, lambda xy: xy + [10, 20])[0].wkt
    'LINESTRING M (10 20 12345.678, 14 21 NaN)'
    """
    result = np.array(geometries, dtype=object)
    high, measured = shapely.has_z(result), shapely.has_m(result)

    def move_flat(at: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([move(at[:, :2]), at[:, 2:]])

    def move_there(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        there = ~np.isnan(xy).all(axis=1)  # an empty part of a multipoint has no place to move
        if there.any():
            xy[there] = move(xy[there])
        return xy

    for chosen, heights in ((~high & ~measured, False), (high & ~measured, True)):
        if chosen.any():
            result[chosen] = shapely.transform(result[chosen], move_flat, include_z=heights)
    result[measured] = _edited(result[measured], slice(0, 2), move_there)
    return result


def remeasured(geometries: NDArray[Any], change: Change) -> NDArray[Any]:
    """Return geometries with every measure changed.

    Parameters
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        Those without measures stay as they are.
    change : callable
        Takes and returns measures, shape (k, 1).
    """
    result = np.array(geometries, dtype=object)
    measured = shapely.has_m(result)
    result[measured] = _edited(result[measured], slice(-1, None), change)
    return result


def measures_of(geometries: NDArray[Any]) -> NDArray[np.float64]:
    """Return the measure of every vertex of the geometries that have any, in order."""
    measured = np.asarray(geometries, dtype=object)[shapely.has_m(geometries)]
    return np.asarray(shapely.get_coordinates(measured, include_m=True)[:, -1])


def without_measures(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return geometries without their measures, heights kept."""
    result = np.array(geometries, dtype=object)
    high, measured = shapely.has_z(result), shapely.has_m(result)
    low, both = measured & ~high, measured & high
    result[low] = shapely.force_2d(result[low])
    # of both, shapely.force_3d keeps neither
    result[both] = shapely.from_wkb(shapely.to_wkb(result[both], flavor="iso", output_dimension=3))
    return result


def of_one_dimension(geometries: NDArray[Any]) -> NDArray[Any]:
    """Return geometries that all have heights if one has, and measures if one has.

    A height that is missing becomes 0, as GDAL writes it, a measure that is missing NaN.
    """
    result = np.array(geometries, dtype=object)
    high, measured = shapely.has_z(result), shapely.has_m(result)
    extra = _HEIGHTS * int(high.any()) + _MEASURES * int(measured.any())
    narrow = (high != high.any()) | (measured != measured.any())
    for row in np.flatnonzero(narrow & ~shapely.is_missing(result)):
        result[row] = shapely.from_wkb(_reshaped(_wkb(result[row]), extra))
    return result


def _wkb(geometry: Any) -> bytearray:
    """Return ISO WKB, little-endian, with all the numbers there are."""
    return bytearray(shapely.to_wkb(geometry, flavor="iso", byte_order=1, output_dimension=4))


def _edited(geometries: NDArray[Any], columns: slice, change: Change) -> NDArray[Any]:
    """Return geometries with measures after a change of some numbers of all their vertices."""
    bodies = [_wkb(one) for one in geometries]
    runs = [part for body in bodies for part in _parts(body) if isinstance(part, np.ndarray)]
    if runs:
        numbers = change(np.concatenate([run[:, columns] for run in runs]))
        ends = np.cumsum([len(run) for run in runs])[:-1]
        for run, new in zip(runs, np.split(numbers, ends), strict=True):
            run[:, columns] = new  # a view: this writes into the body
    return np.asarray(shapely.from_wkb([bytes(body) for body in bodies]), dtype=object)


def _reshaped(body: bytearray, extra: int) -> bytes:
    """Return WKB with heights, measures, both or none."""
    pieces, had = [], 0
    for part in _parts(body):
        if isinstance(part, np.ndarray):
            pieces.append(_columns(part, had, extra).tobytes())
        elif part[0] == "type":
            kind, had = part[1] % 1000, part[1] // 1000
            pieces.append(_TYPE.pack(1, kind + 1000 * extra))
        else:
            pieces.append(_COUNT.pack(part[1]))
    return b"".join(pieces)


def _columns(vertices: NDArray[np.float64], had: int, extra: int) -> NDArray[np.float64]:
    z = vertices[:, 2] if had & _HEIGHTS else np.zeros(len(vertices))
    m = vertices[:, -1] if had & _MEASURES else np.full(len(vertices), np.nan)
    added = [z] * bool(extra & _HEIGHTS) + [m] * bool(extra & _MEASURES)
    return np.column_stack([vertices[:, :2], *added]).astype("<f8")


def _parts(body: bytearray) -> Iterator[tuple[str, int] | NDArray[np.float64]]:
    """Yield what WKB of ours is made of, in order: types, counts, and runs of vertices as views."""
    at, to_come = 0, 1
    while to_come:
        _, code = _TYPE.unpack_from(body, at)
        kind, width = code % 1000, _WIDTHS[code // 1000]
        yield "type", code
        at, to_come, count = at + _TYPE.size, to_come - 1, 1
        if kind != _POINT:
            (count,) = _COUNT.unpack_from(body, at)
            yield "count", count
            at += _COUNT.size
        if kind >= _MULTI:
            to_come += count
            continue
        for _ in range(count if kind == _POLYGON else 1):
            vertices = count
            if kind == _POLYGON:
                (vertices,) = _COUNT.unpack_from(body, at)
                yield "count", vertices
                at += _COUNT.size
            yield np.ndarray((vertices, width), "<f8", body, at)
            at += 8 * vertices * width
