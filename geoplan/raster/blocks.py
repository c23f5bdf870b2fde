"""Rasters that are computed window by window, when they are written or summed up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.raster.grid import Grid
    from geoplan.raster.source import Raster

Block = Callable[[int, int, int, int], "NDArray[Any]"]
"""``block(row, col, height, width)`` returns a window, shape (height, width)."""


@dataclass(frozen=True)
class Blocks:
    """A raster that is computed block by block when it is written.

    Attributes
    ----------
    grid : Grid
        Where its cells lie.
    dtype : str
        Of its cells.
    nodata : float, optional
        What stands where there is no value.
    unit : str
        Of its values, scale and offset applied.
    block : callable
        ``block(row, col, height, width)`` returns a window, shape (height, width).
    mask : callable, optional
        Likewise, a window of uint8, 0 where there is no value.
    scale, offset : float
        A value is what stands in its cell × scale + offset.
    """

    grid: Grid
    dtype: str
    nodata: float | None
    unit: str
    block: Block
    mask: Block | None = None
    scale: float = 1.0
    offset: float = 0.0

    def tiles(self, size: int) -> Iterator[tuple[int, int, int, int]]:
        """Yield row, column, height and width of square windows that make up the whole."""
        for row in range(0, self.grid.height, size):
            for col in range(0, self.grid.width, size):
                yield row, col, min(size, self.grid.height - row), min(size, self.grid.width - col)

    def values(self, row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
        """Return a window of values, shape (height, width), NaN where there is none."""
        raw = self.block(row, col, height, width)
        values = raw.astype(np.float64)
        if self.nodata is not None:
            values[raw == raw.dtype.type(self.nodata)] = np.nan
        if self.mask is not None:
            values[self.mask(row, col, height, width) == 0] = np.nan
        return values * self.scale + self.offset

    def window(self, row: int, col: int, height: int, width: int) -> Blocks:
        """Return a part; its cells know their neighbours outside of it."""

        def shifted(block: Block) -> Block:
            return lambda r, c, h, w: block(row + r, col + c, h, w)

        mask = None if self.mask is None else shifted(self.mask)
        grid = self.grid.window(row, col, height, width)
        return replace(self, grid=grid, block=shifted(self.block), mask=mask)


def stored_blocks(raster: Raster) -> Blocks:
    """Return the band of a raster as it is stored, with its NoData, mask, scale and offset."""
    nodata: float | None = raster.nodata
    if nodata is None and raster.dtype.kind == "f":
        nodata = np.nan  # it never is a value
    return Blocks(
        raster.grid,
        raster.dtype.name,
        nodata,
        raster.unit or "",
        raster.stored,
        raster.stored_mask if raster.masked else None,
        raster.scale,
        raster.offset,
    )


def filled(values: NDArray[np.float64], nodata: float, dtype: str) -> NDArray[Any]:
    """Return values with NoData in the place of NaN."""
    return np.where(np.isnan(values), nodata, values).astype(dtype)
