"""Where the lines of a map run on paper, so that words and numbers keep off them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.figure.view import View

MANY = 3000
"""Shapes of one layer above which its lines are everywhere: words cannot keep off them."""


class Trace:
    """Which square millimetres of a field a line runs through."""

    def __init__(self, field: tuple[float, float, float, float]) -> None:
        self._left, self._top, wide, high = field
        self._cells = np.zeros((int(high) + 2, int(wide) + 2), dtype=bool)
        self._sums: NDArray[np.int64] | None = None

    def add(self, shapes: NDArray[Any], view: View) -> None:
        """Add lines, points, and outlines of areas that are cut to the field [m]."""
        if not 0 < len(shapes) <= MANY:
            return
        edges = shapes.copy()
        areas = shapely.get_dimensions(edges) == 2
        edges[areas] = shapely.boundary(edges[areas])
        edges = shapely.segmentize(shapely.simplify(edges, view.metres * 0.3), view.metres * 0.8)
        at = view.paper(shapely.get_coordinates(edges)) - np.array([self._left, self._top])
        column, row = np.floor(at).astype(np.int64).T
        rows, columns = self._cells.shape
        inside = (row >= 0) & (column >= 0) & (row < rows) & (column < columns)
        self._cells[row[inside], column[inside]] = True
        self._sums = None

    def under(self, boxes: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return how many of these square millimetres lie under boxes.

        Parameters
        ----------
        boxes : ndarray, shape (n, 4)
            Left, top, right, bottom on the sheet [mm].
        """
        if self._sums is None:
            summed = self._cells.cumsum(axis=0, dtype=np.int64).cumsum(axis=1)
            self._sums = np.pad(summed, ((1, 0), (1, 0)))
        rows, columns = self._cells.shape
        left, right = (
            np.clip(np.floor(boxes[:, side] - self._left).astype(np.int64) + more, 0, columns)
            for side, more in ((0, 0), (2, 1))
        )
        top, low = (
            np.clip(np.floor(boxes[:, side] - self._top).astype(np.int64) + more, 0, rows)
            for side, more in ((1, 0), (3, 1))
        )
        sums = self._sums
        return sums[low, right] - sums[top, right] - sums[low, left] + sums[top, left]
