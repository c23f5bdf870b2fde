"""Seeded rasters over the extent of `layers`: tiled, compressed, no NoData."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import rasterio
from rasterio.transform import from_origin
from rasterio.windows import Window

from benchmarks.layers import CRS, ORIGIN, SIDE_M

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

CLASSES = 10
_TILE, _WAVES = 512, 12


def elevation(path: Path, cells: int, seed: int) -> None:
    """Write heights [m]: hills of several sizes and noise of 0.1 m."""
    surface, rng = _surface(seed), np.random.default_rng(seed)

    def heights(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[Any]:
        rough = rng.normal(0.0, 0.1, (len(y), len(x)))
        return np.asarray(np.round(300.0 + 60.0 * surface(x, y) + rough, 2), dtype=np.float32)

    _write(path, cells, heights, "float32", predictor=3)


def land_cover(path: Path, cells: int, seed: int) -> None:
    """Write classes 0 to 9 in patches that follow a surface of their own."""
    surface = _surface(seed)

    def classes(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[Any]:
        return np.asarray(np.floor(surface(x, y) * 4.0) % CLASSES, dtype=np.uint8)

    _write(path, cells, classes, "uint8", predictor=1)


def _surface(seed: int) -> Callable[..., NDArray[np.float64]]:
    """Return a sum of waves of random direction, of 500 m to 20 km."""
    rng = np.random.default_rng(seed)
    length = np.geomspace(500.0, 20_000.0, _WAVES)
    turn, phase = rng.uniform(0, 2 * np.pi, (2, _WAVES))
    along_x, along_y = 2 * np.pi * np.cos(turn) / length, 2 * np.pi * np.sin(turn) / length
    height = length / length.max()

    def surface(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        # sin(a + b) by the parts of a row and a column: a matrix product, not a wave per cell
        a, b = np.outer(y, along_y) + phase, np.outer(x, along_x)
        return np.asarray((height * np.sin(a)) @ np.cos(b).T + (height * np.cos(a)) @ np.sin(b).T)

    return surface


def _write(path: Path, cells: int, values: Any, dtype: str, predictor: int) -> None:
    size = SIDE_M / cells
    x = ORIGIN[0] + (np.arange(cells) + 0.5) * size
    y = ORIGIN[1] + SIDE_M - (np.arange(cells) + 0.5) * size
    profile = {"driver": "GTiff", "width": cells, "height": cells, "count": 1, "dtype": dtype,
               "crs": f"EPSG:{CRS}", "tiled": True, "blockxsize": _TILE, "blockysize": _TILE,
               "transform": from_origin(ORIGIN[0], ORIGIN[1] + SIDE_M, size, size),
               "compress": "deflate", "zlevel": 1, "predictor": predictor}  # fmt: skip
    with rasterio.open(path, "w", **profile) as raster:
        for top in range(0, cells, _TILE):
            band = values(x, y[top : top + _TILE])
            raster.write(band, 1, window=Window(0, top, cells, len(band)))
