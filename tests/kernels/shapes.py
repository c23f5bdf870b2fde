"""Areas that nearly or exactly touch: on small grids, turned, and moved far out."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

FAR = np.array([500_000.0, 4_550_000.0])
SPAN = 8


def areas(count: int, seed: int) -> NDArray[Any]:
    """Return valid areas with corners on a grid: shared edges, touching holes, spikes, parts."""
    rng = np.random.default_rng(seed)
    found: list[Any] = []
    while len(found) < count:
        parts = [_part(rng) for _ in range(rng.integers(1, 5))]
        shape = shapely.union_all(parts)
        if rng.random() < 0.6:
            shape = shape.difference(_box(rng, 4))
        if rng.random() < 0.3:
            shape = shape.difference(_part(rng))
        shape = shapely.simplify(shape, 0) if rng.random() < 0.5 else shape
        if shape.geom_type in ("Polygon", "MultiPolygon") and shape.area > 0 and shape.is_valid:
            found.append(shape)
    return np.array(found, dtype=object)


def _part(rng: np.random.Generator) -> Any:
    triangle = shapely.Polygon(rng.integers(0, SPAN + 1, (3, 2)))
    return triangle if rng.random() < 0.5 and triangle.area > 0 else _box(rng, SPAN // 2 + 1)


def _box(rng: np.random.Generator, most: int) -> Any:
    x, y = rng.integers(0, SPAN, 2)
    wide, high = rng.integers(1, most, 2)
    return shapely.box(x, y, x + wide, y + high)


def placed(shapes: NDArray[Any], step: float, turn: float) -> NDArray[Any]:
    """Return shapes on a grid of that step [m], turned, in the middle of a plane."""
    cosine, sine = np.cos(turn), np.sin(turn)
    by = np.array([[cosine, sine], [-sine, cosine]]) * step
    return np.asarray(shapely.transform(shapes, lambda xy: xy @ by + FAR), dtype=object)


def heaps(
    count: int, seed: int, step: float, turn: float
) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.int64]]:
    """Return areas, each with a few others on its grid, and which area each of the others is with.

    What belongs together lies far from all else; of each there is what is valid once placed.
    """
    rng = np.random.default_rng(seed)
    others = np.repeat(np.arange(count), rng.integers(1, 7, count))
    shapes = areas(count + len(others), seed)
    owner = np.concatenate([np.arange(count), others])
    across, far = int(np.ceil(np.sqrt(count))), 3 * SPAN
    cell = np.repeat(owner, shapely.get_num_coordinates(shapes))
    moved = np.column_stack([cell % across, cell // across]) * far
    shapes = shapely.set_coordinates(shapes, shapely.get_coordinates(shapes) + moved)
    shapes = placed(shapes, step, turn)
    valid = shapely.is_valid(shapes)
    number = np.cumsum(valid[:count]) - 1
    with_valid = valid[count:] & valid[others]
    return shapes[:count][valid[:count]], shapes[count:][with_valid], number[others[with_valid]]
