"""Areas and lines as flat buffers: coordinates, rings, and boxes round every few edges."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.kernels.compiled import compiled
from geoplan.kernels.ground import REACH, around, length, strip

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

BLOCK = 16
"""Edges that share a box."""


class Flat(NamedTuple):
    """Areas in one plane; shells run counterclockwise, holes clockwise: ground is on the left.

    Attributes
    ----------
    xy : ndarray of float, shape (n, 2)
        Points of all rings, each closed.
    ring : ndarray of int, shape (r + 1,)
        Where rings begin in `xy`.
    feature : ndarray of int, shape (f + 1,)
        Where features begin in the list of rings.
    block : ndarray of int, shape (r + 1,)
        Where the blocks of a ring begin in the list of blocks.
    block_box : ndarray of float, shape (b, 4)
        Least x and y, greatest x and y of each block of edges [m].
    box : ndarray of float, shape (f, 4)
        Of each feature.
    ring_size : ndarray of float, shape (r,)
        Area on the ellipsoid, negative for holes [m²].
    is_shell : ndarray of bool, shape (r,)
    """

    xy: Floats
    ring: Ints
    feature: Ints
    block: Ints
    block_box: Floats
    box: Floats
    ring_size: Floats
    is_shell: NDArray[np.bool_]


def flat_areas(shapes: NDArray[Any], ellipsoid: Floats | None) -> Flat:
    """Lay (multi)polygons out flat.

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (f,)
        Valid (multi)polygons, neither null nor empty.
    ellipsoid : ndarray of float, optional
        As of `geoplan.kernels.ground.constants`; without it rings have no sizes.
    """
    xy, ring, part, feature = _laid_out(shapes)
    xy = np.ascontiguousarray(xy, dtype=np.float64)
    ring, feature = ring.astype(np.int64), feature.astype(np.int64)
    is_shell = np.zeros(len(ring) - 1, dtype=np.bool_)
    is_shell[part[:-1]] = True
    _orient(xy, ring, is_shell)
    block = np.concatenate([[0], np.cumsum((np.diff(ring) - 2) // BLOCK + 1)]).astype(np.int64)
    sizes = np.empty(0) if ellipsoid is None else _ring_sizes(xy, ring, ellipsoid)
    return Flat(
        xy, ring, feature, block, _block_boxes(xy, ring, block), shapely.bounds(shapes), sizes,
        is_shell,
    )  # fmt: skip


def flat_lines(shapes: NDArray[Any], ellipsoid: Floats) -> Flat:
    """Lay (multi)linestrings out flat: their parts stand for rings, and lengths for areas [m].

    Parameters
    ----------
    shapes : ndarray of shapely geometries, shape (f,)
        Valid, neither null nor empty.
    ellipsoid : ndarray of float
        As of `geoplan.kernels.ground.constants`.
    """
    parts, owner = shapely.get_parts(shapes, return_index=True)
    xy = np.ascontiguousarray(shapely.get_coordinates(parts))
    ring = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(parts))]).astype(np.int64)
    feature = np.searchsorted(owner, np.arange(len(shapes) + 1)).astype(np.int64)
    block = np.concatenate([[0], np.cumsum((np.diff(ring) - 2) // BLOCK + 1)]).astype(np.int64)
    return Flat(
        xy, ring, feature, block, _block_boxes(xy, ring, block), shapely.bounds(shapes),
        _part_sizes(xy, ring, ellipsoid), np.ones(len(ring) - 1, dtype=np.bool_),
    )  # fmt: skip


@compiled
def _part_sizes(xy: Floats, ring: Ints, ellipsoid: Floats) -> Floats:
    """Return the length of each part on the ellipsoid [m]."""
    sizes = np.empty(len(ring) - 1)
    for r in range(len(ring) - 1):
        near = around(xy[ring[r], 1], xy[ring[r], 1], ellipsoid)
        total = 0.0
        for i in range(ring[r], ring[r + 1] - 1):
            if abs(xy[i, 1] - near[0]) + abs(xy[i + 1, 1] - xy[i, 1]) > REACH:
                near = around(xy[i, 1], xy[i + 1, 1], ellipsoid)
            total += length(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], near)
        sizes[r] = total
    return sizes


def _laid_out(shapes: NDArray[Any]) -> tuple[Floats, Any, Any, Any]:
    """Return points, and where rings, parts and features begin, the last two among rings."""
    single = shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON
    if single.all() and not shapely.get_num_interior_rings(shapes).any():
        # of one ring each, as nearly all parcels are: their points are those of their rings
        ring = np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(shapes))])
        one = np.arange(len(shapes) + 1)
        return shapely.get_coordinates(shapes), ring, one, one
    kind, xy, offsets = shapely.to_ragged_array(shapes, include_z=False)
    if kind == shapely.GeometryType.MULTIPOLYGON:
        ring, part, feature = offsets
        return xy, ring, part, part[feature]
    ring, part = offsets
    return xy, ring, part, part


@compiled
def _orient(xy: Floats, ring: Ints, is_shell: NDArray[np.bool_]) -> None:
    """Turn the rings that run the wrong way."""
    for r in range(len(ring) - 1):
        first, last = ring[r], ring[r + 1] - 1
        x, y, twice = xy[first, 0], xy[first, 1], 0.0
        for i in range(first, last):
            twice += (xy[i, 0] - x) * (xy[i + 1, 1] - y) - (xy[i + 1, 0] - x) * (xy[i, 1] - y)
        if (twice < 0.0) == is_shell[r]:
            i, j = first, last
            while i < j:
                for axis in range(2):
                    xy[i, axis], xy[j, axis] = xy[j, axis], xy[i, axis]
                i += 1
                j -= 1


@compiled
def _block_boxes(xy: Floats, ring: Ints, block: Ints) -> Floats:
    boxes = np.empty((block[-1], 4))
    for r in range(len(ring) - 1):
        for b in range(block[r], block[r + 1]):
            first = ring[r] + (b - block[r]) * BLOCK
            last = min(first + BLOCK, ring[r + 1] - 1)
            boxes[b, 0] = boxes[b, 2] = xy[first, 0]
            boxes[b, 1] = boxes[b, 3] = xy[first, 1]
            for i in range(first + 1, last + 1):
                boxes[b, 0] = min(boxes[b, 0], xy[i, 0])
                boxes[b, 1] = min(boxes[b, 1], xy[i, 1])
                boxes[b, 2] = max(boxes[b, 2], xy[i, 0])
                boxes[b, 3] = max(boxes[b, 3], xy[i, 1])
    return boxes


@compiled
def _ring_sizes(xy: Floats, ring: Ints, ellipsoid: Floats) -> Floats:
    """Return the area of each ring on the ellipsoid, positive where it turns left [m²]."""
    sizes = np.empty(len(ring) - 1)
    for r in range(len(ring) - 1):
        first, last = ring[r], ring[r + 1] - 1
        x, y, twice, excess = xy[first, 0], xy[first, 1], 0.0, 0.0
        near = around(y, y, ellipsoid)
        for i in range(first, last):
            twice += (xy[i, 0] - x) * (xy[i + 1, 1] - y) - (xy[i + 1, 0] - x) * (xy[i, 1] - y)
            if abs(xy[i, 1] - near[0]) + abs(xy[i + 1, 1] - xy[i, 1]) > REACH:
                near = around(xy[i, 1], xy[i + 1, 1], ellipsoid)
            excess += strip(xy[i, 0], xy[i, 1], xy[i + 1, 0], xy[i + 1, 1], near)
        sizes[r] = 0.5 * twice - excess
    return sizes
