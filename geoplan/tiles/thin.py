"""Which features a tile leaves out where there are more than can be seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

PIXELS = 512
"""Pixels along a side of a tile as clients draw vector tiles."""
FULL_LEVEL = 14
"""From this level on a tile shows every feature, unless they are more than `MOST`."""
MOST, MOST_BELOW = 50_000, 10_000
"""Features of a layer in a tile, at most: from `FULL_LEVEL` on, and below it."""


def visible(
    boxes: NDArray[np.float64], pixel: tuple[float, float], level: int
) -> NDArray[np.bool_]:
    """Tell which features a tile shows.

    From `FULL_LEVEL` on all. Below, a feature whose box is smaller than a pixel both ways is a
    speck, and of the specks in a pixel the largest is shown. Where still more than the limit
    would be shown, the pixel is doubled until they are not.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
        Of the features: xmin, ymin, xmax, ymax.
    pixel : tuple of float
        Its width and height, in the same units.
    level : int
        Of the tile.

    Returns
    -------
    ndarray of bool, shape (n,)
        Of equally large specks, the first is shown.
    """
    most = MOST if level >= FULL_LEVEL else MOST_BELOW
    shown = np.ones(len(boxes), dtype=bool)
    sides = np.array(pixel)
    if level >= FULL_LEVEL:
        if len(boxes) <= most:
            return shown
        sides = sides * 2
    while True:
        shown = _one_to_a_cell(boxes, sides)
        if shown.sum() <= most:
            return shown
        sides = sides * 2


def _one_to_a_cell(boxes: NDArray[np.float64], sides: NDArray[np.float64]) -> NDArray[np.bool_]:
    extent = boxes[:, 2:] - boxes[:, :2]
    specks = np.flatnonzero((extent < sides).all(axis=1))
    shown = np.ones(len(boxes), dtype=bool)
    shown[specks] = False
    cells = np.floor((boxes[specks, :2] + boxes[specks, 2:]) / 2 / sides).astype(np.int64)
    size = np.rint(extent[specks].sum(axis=1) / sides.sum() * 1000)
    order = np.lexsort((specks, -size, cells[:, 1], cells[:, 0]))
    ordered = cells[order]
    first = np.ones(len(order), dtype=bool)
    first[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    shown[specks[order[first]]] = True
    return shown
