"""What the cells of a raster amount to, counted window by window; each cell counts as one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from geoplan.raster.cog import TILE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.raster.blocks import Blocks

DIRECTIONS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")
"""The eight winds; each takes the 45° around it."""


def cell_statistics(blocks: Blocks) -> pd.DataFrame:
    """Return one row: how many cells have a value, and their least, most, mean and spread.

    Returns
    -------
    DataFrame
        ``cell_count``, ``min``, ``max``, ``mean``, ``stdev`` (of all cells,
        not of a sample; NaN where no cell has a value), ``unit``.

    Notes
    -----
    Chan, T. F., Golub, G. H., LeVeque, R. J. (1983): Algorithms for computing the sample
    variance. The American Statistician 37(3), 242-247: windows are joined by their counts, means
    and sums of squared deviations.
    """
    count, mean, squares = 0, 0.0, 0.0
    low, high = np.inf, -np.inf
    for tile in blocks.tiles(TILE):
        values = blocks.values(*tile)
        values = values[~np.isnan(values)]
        if not len(values):
            continue
        own = float(values.mean())
        apart, both = own - mean, count + len(values)
        squares += float(((values - own) ** 2).sum()) + apart**2 * count * len(values) / both
        mean, count = mean + apart * len(values) / both, both
        low, high = min(low, float(values.min())), max(high, float(values.max()))
    found = (low, high, mean, np.sqrt(squares / count)) if count else (np.nan,) * 4
    row = dict(zip(("min", "max", "mean", "stdev"), found, strict=True))
    return pd.DataFrame([{"cell_count": count, **row, "unit": blocks.unit or None}])


def direction_counts(blocks: Blocks) -> pd.DataFrame:
    """Return how many cells face each of the eight winds: angles have no mean, 359° and 1° meet.

    Returns
    -------
    DataFrame
        A row for each of `DIRECTIONS`: ``direction``, ``cell_count``, ``cell_ratio`` [0..1 of
        those with a value].
    """
    counts = np.zeros(len(DIRECTIONS), dtype=np.int64)
    for tile in blocks.tiles(TILE):
        degrees = blocks.values(*tile)
        # half a wind further, so that north is not cut in two
        wind = ((degrees[~np.isnan(degrees)] + 22.5) % 360 // 45).astype(np.intp)
        counts += np.bincount(wind, minlength=len(DIRECTIONS))
    return _shares("direction", DIRECTIONS, counts)


def class_counts(blocks: Blocks) -> pd.DataFrame:
    """Return how many cells there are of each value, of a raster that holds classes.

    Returns
    -------
    DataFrame
        A row for each value in their order: ``class_value``, ``cell_count``, ``cell_ratio``.
    """
    counts: dict[float, int] = {}
    for tile in blocks.tiles(TILE):
        values = blocks.values(*tile)
        for value, count in zip(
            *np.unique(values[~np.isnan(values)], return_counts=True), strict=True
        ):
            counts[float(value)] = counts.get(float(value), 0) + int(count)
    names = sorted(counts)
    return _shares("class_value", names, np.array([counts[one] for one in names], dtype=np.int64))


def _shares(
    name: str, values: tuple[str, ...] | list[float], counts: NDArray[np.int64]
) -> pd.DataFrame:
    total = counts.sum()
    ratio = counts / total if total else np.full(len(counts), np.nan)
    return pd.DataFrame({name: list(values), "cell_count": counts, "cell_ratio": ratio})
