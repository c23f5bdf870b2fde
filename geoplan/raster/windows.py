"""Windows that make up a raster, along the blocks its file is stored in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 1 << 18
"""Cells of a window, about: their values fit into a core's cache."""


def windows(
    shape: tuple[int, int], block: tuple[int, int], cells: int = CELLS
) -> NDArray[np.int64]:
    """Return windows of whole blocks; of parts of one, where a block is larger than a window.

    Read in their order, each block is unpacked once: the parts of one follow each other.

    Parameters
    ----------
    shape, block : tuple of int
        Height and width, of the raster and of its blocks.
    cells : int
        How many cells a window has, about.

    Returns
    -------
    ndarray of int, shape (n, 4)
        Row, column, height, width.

    Examples
    --------
    >>> windows((4, 6), (2, 3), cells=6).tolist()
    [[0, 0, 2, 3], [0, 3, 2, 3], [2, 0, 2, 3], [2, 3, 2, 3]]
    >>> windows((4, 6), (1, 6), cells=12).tolist()
    [[0, 0, 2, 6], [2, 0, 2, 6]]
    """
    side = int(np.sqrt(cells))
    wide = min(shape[1], block[1] * max(1, side // block[1]))
    high = min(shape[0], block[0] * max(1, cells // wide // block[0]))
    found = _cut(np.array([[0, 0, *shape]]), high, wide)
    if high * wide <= cells:
        return found
    wide = min(wide, cells)
    return _cut(found, max(1, cells // wide), wide)


def _cut(whole: NDArray[np.int64], high: int, wide: int) -> NDArray[np.int64]:
    """Cut windows into smaller ones, in order."""
    parts = []
    for top, left, height, width in whole.tolist():
        rows, cols = np.arange(top, top + height, high), np.arange(left, left + width, wide)
        row, col = (side.ravel() for side in np.meshgrid(rows, cols, indexing="ij"))
        size = np.minimum(high, top + height - row), np.minimum(wide, left + width - col)
        parts.append(np.column_stack([row, col, *size]))
    return np.concatenate(parts)
