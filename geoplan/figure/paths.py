"""Shapes as path data, in whole units of paper, and what is too small for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.figure.view import View

FINEST_MM = 0.03
"""What an outline may leave out on paper [mm]."""


def path_of(view: View, shapes: NDArray[Any], grid: int = 2) -> str:
    """Return the lines and rings of shapes as data of one path.

    Parameters
    ----------
    grid : int
        What coordinates are rounded to [UNIT].
    """
    parts = shapely.get_parts(shapes)
    parts = shapely.simplify(parts, FINEST_MM * view.metres, preserve_topology=False)
    parts = parts[~shapely.is_empty(parts)]
    parts = shapely.get_parts(parts)
    areas = shapely.get_dimensions(parts) == 2
    # holes run against their outline, so that areas that lie on each other do not cut holes
    rings = shapely.get_rings(shapely.orient_polygons(parts[areas]))
    lines = parts[shapely.get_dimensions(parts) == 1]
    return _data(view, rings, "z", grid) + _data(view, lines, "", grid)


def _data(view: View, lines: NDArray[Any], end: str, grid: int) -> str:
    if not len(lines):
        return ""
    at, owner = shapely.get_coordinates(lines, return_index=True)
    cells = np.rint(view.units(at) / grid).astype(np.int64) * grid
    first = np.r_[True, owner[1:] != owner[:-1]]
    keep = first | np.r_[True, (cells[1:] != cells[:-1]).any(axis=1)]
    cells, owner = cells[keep], owner[keep]
    first = np.r_[True, owner[1:] != owner[:-1]]
    steps = np.where(first[:, None], cells, np.diff(cells, axis=0, prepend=0))
    begins = np.flatnonzero(first)
    # a ring of one place is nothing; a line of one place neither
    text = [f"{x} {y}" if y >= 0 else f"{x}{y}" for x, y in steps.tolist()]
    pieces = []
    for begin, stop in zip(begins, [*begins[1:], len(text)], strict=True):
        if stop - begin > 1:
            rest = "".join(
                step if step[0] == "-" else f" {step}" for step in text[begin + 1 : stop]
            )
            pieces.append(f"M{text[begin]}l{rest.lstrip()}{end}")
    return "".join(pieces)


def circles(view: View, shapes: NDArray[Any], radius: float) -> str:
    """Return a circle round each point as data of one path; radius [UNIT]."""
    at = np.rint(view.units(shapely.get_coordinates(shapes))).astype(np.int64).tolist()
    r = round(radius)
    return "".join(f"M{x - r} {y}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0" for x, y in at)


def runs(view: View, shapes: NDArray[Any], cell_mm: float) -> str:
    """Return small shapes as the cells of a grid that they lie in, each row's neighbours joined."""
    side = round(cell_mm * 100)
    corners = view.units(shapely.bounds(shapes).reshape(-1, 2)).reshape(-1, 4) / side
    left, right = np.floor(corners[:, 0]), np.ceil(corners[:, 2])
    top, low = np.floor(corners[:, 3]), np.ceil(corners[:, 1])
    found = []
    for down in range(int((low - top).max(initial=1)) or 1):
        for along in range(int((right - left).max(initial=1)) or 1):
            here = (top + down < np.maximum(low, top + 1)) & (
                left + along < np.maximum(right, left + 1)
            )
            found.append(np.column_stack([top + down, left + along])[here])
    cells = np.unique(np.concatenate(found).astype(np.int64), axis=0)
    if not len(cells):
        return ""
    step = np.diff(cells, axis=0)
    start = np.r_[True, (step[:, 0] != 0) | (step[:, 1] != 1)]
    begins = np.flatnonzero(start)
    lengths = np.diff(np.r_[begins, len(cells)])
    return "".join(
        f"M{column * side} {row * side + side // 2}h{length * side}"
        for (row, column), length in zip(cells[begins].tolist(), lengths.tolist(), strict=True)
    )


def sizes_mm(view: View, shapes: NDArray[Any]) -> NDArray[np.float64]:
    """Return the longer side of each shape's box on paper [mm]."""
    boxes = shapely.bounds(shapes)
    longer = np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    return np.asarray(longer / view.metres, dtype=np.float64)
