"""Geometries as counts of parts, rings and vertices, and steps from vertex to vertex."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.webmap.compact.grid import on_grid
from geoplan.webmap.compact.varint import varints, zigzag

if TYPE_CHECKING:
    from numpy.typing import NDArray

_KIND = np.array([0, 1, 2, 2, 3, 4, 5, 6], dtype=np.uint8)
"""Ours for shapely's types from -1 on: none, point, line, line, area, and many of each."""

_BLOCK = 20_000
_MANY = 4
_RING = 3
_COLLECTION = 7


@dataclass(frozen=True)
class _Block:
    """What some features add to the sections, and their vertices."""

    counts: dict[str, bytes]
    xy: tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass(frozen=True)
class _Paths:
    """Points, lines and rings, one after the other.

    Attributes
    ----------
    paths : ndarray of Geometry
        As they come in their features.
    part : ndarray of int
        The part that each path belongs to.
    is_ring, is_hole : ndarray of bool
        Rings of areas; rings that are not the first of their area.
    """

    paths: NDArray[Any]
    part: NDArray[np.int64]
    is_ring: NDArray[np.bool_]
    is_hole: NDArray[np.bool_]


def shape_sections(shapes: NDArray[Any], bits: int) -> dict[str, bytes]:
    """Return the sections of some geometries in degrees; none and empty ones are kind 0."""
    # vertices of many features at once would take several times the memory of the file
    starts = range(0, max(len(shapes), 1), _BLOCK)
    blocks = [_block(_drawable(shapes[start : start + _BLOCK]), bits) for start in starts]
    counts = {name: b"".join(block.counts[name] for block in blocks) for name in blocks[0].counts}
    x, y = (np.concatenate([block.xy[axis] for block in blocks]) for axis in (0, 1))
    return {**counts, "xy": steps(x, y)}


def _block(shapes: NDArray[Any], bits: int) -> _Block:
    # holes run against outer rings, so that many areas can be filled as one path
    shapes = shapely.orient_polygons(shapes)
    kinds = _KIND[shapely.get_type_id(shapes) + 1]
    parts, feature = shapely.get_parts(shapes, return_index=True)
    there = ~shapely.is_empty(parts)
    parts, feature = parts[there], feature[there]
    found = _paths(parts)
    x, y, path = _vertices(found, bits)
    lengths = np.bincount(path, minlength=len(found.paths))
    kept = ~(found.is_hole & (lengths < _RING))
    vertex = kept[path]
    types = shapely.get_type_id(parts)
    rings = np.bincount(found.part[kept], minlength=len(parts))[types == _RING]
    counts = {
        "kinds": kinds.tobytes(),
        "parts": varints(np.bincount(feature, minlength=len(shapes))[kinds >= _MANY]),
        "rings": varints(rings),
        "lengths": varints(lengths[kept & (types != 0)[found.part]]),
    }
    return _Block(counts, (x[vertex].astype(np.int32), y[vertex].astype(np.int32)))


def steps(x: NDArray[np.integer[Any]], y: NDArray[np.integer[Any]]) -> bytes:
    """Write each place as the way to it from the one before; the first from the corner."""
    ways = np.empty(2 * len(x), dtype=np.int64)
    ways[0::2] = np.diff(x, prepend=0)
    ways[1::2] = np.diff(y, prepend=0)
    return varints(zigzag(ways))


def _drawable(shapes: NDArray[Any]) -> NDArray[Any]:
    """Return geometries without collections: of one, the parts of the highest dimension."""
    shapes = shapes.copy()
    shapes[shapely.is_empty(shapes)] = None
    for place in np.flatnonzero(shapely.get_type_id(shapes) == _COLLECTION):
        shapes[place] = _highest(shapes[place])
    return shapes


def _highest(collection: Any) -> Any:
    parts = shapely.get_parts(collection)
    while (shapely.get_type_id(parts) >= _MANY).any():
        parts = shapely.get_parts(parts)
    dimensions = shapely.get_dimensions(parts)
    chosen = parts[dimensions == dimensions.max()]
    many = (shapely.multipoints, shapely.multilinestrings, shapely.multipolygons)
    return many[int(dimensions.max())](chosen)


def _paths(parts: NDArray[Any]) -> _Paths:
    """Take areas apart into their rings; points and lines are paths as they are."""
    is_area = shapely.get_type_id(parts) == _RING
    count = np.where(is_area, shapely.get_num_interior_rings(parts) + 1, 1)
    part = np.repeat(np.arange(len(parts)), count)
    is_ring = np.repeat(is_area, count)
    paths = np.empty(len(part), dtype=object)
    paths[is_ring] = shapely.get_rings(parts[is_area])
    paths[~is_ring] = parts[~is_area]
    first = np.zeros(len(part), dtype=bool)
    first[np.cumsum(count) - count] = True
    return _Paths(paths, part, is_ring, is_ring & ~first)


def _vertices(found: _Paths, bits: int) -> tuple[NDArray[np.int64], ...]:
    """Return columns, rows and paths of the vertices that remain on the grid.

    A vertex that falls on the one before it is left out, and so is the last of a ring, which
    repeats the first.
    """
    degrees, path = shapely.get_coordinates(found.paths, return_index=True)
    x, y = on_grid(degrees, bits)
    moved = np.ones(len(x), dtype=bool)
    moved[1:] = (np.diff(x) != 0) | (np.diff(y) != 0) | (np.diff(path) != 0)
    x, y, path = x[moved], y[moved], path[moved]
    first = np.searchsorted(path, np.arange(len(found.paths)))
    last = np.append(first[1:], len(path)) - 1
    closes = found.is_ring & (last > first) & (x[first] == x[last]) & (y[first] == y[last])
    open_ = np.ones(len(x), dtype=bool)
    open_[last[closes]] = False
    return x[open_], y[open_], path[open_]
