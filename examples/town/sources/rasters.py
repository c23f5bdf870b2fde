"""Make the town's two rasters anew: elevation.tif and land-cover.tif (synthetic).

    .venv/bin/python examples/town/sources/rasters.py

What stands in them is said in ../README.md; nothing is drawn at random.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from pyproj import CRS

from geoplan.raster import Blocks, Grid, write_cog

WEST, EAST, SOUTH, NORTH = 498_000, 502_000, 4_548_900, 4_551_200
CELL_M = 10
FOREST, CROPLAND, BUILT, WATER = 1, 2, 3, 4
GRID = Grid(
    CRS(4550),
    (CELL_M, 0, WEST, 0, -CELL_M, NORTH),
    height=(NORTH - SOUTH) // CELL_M,
    width=(EAST - WEST) // CELL_M,
)


def centres(row: int, col: int, height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Return E and N of the middle of each cell of a window."""
    cols = np.arange(col, col + width) + 0.5
    rows = np.arange(row, row + height) + 0.5
    return np.broadcast_arrays(WEST + CELL_M * cols, (NORTH - CELL_M * rows)[:, np.newaxis])


def in_lake(east: np.ndarray, north: np.ndarray) -> np.ndarray:
    """Tell which places lie in the East Lake."""
    return (abs(east - 501_400) < 300) & (abs(north - 4_550_000) < 200)


def elevation(row: int, col: int, height: int, width: int) -> np.ndarray:
    """Return a plane that rises 3 % to the east and 4 % to the north, and a terrace on it."""
    east, north = centres(row, col, height, width)
    z = 100 + 0.03 * (east - WEST) + 0.04 * (north - SOUTH) + 15 * (east > 500_900)
    return np.where(in_lake(east, north), -9999, z).astype("float32")


def land_cover(row: int, col: int, height: int, width: int) -> np.ndarray:
    """Return the class of each cell."""
    east, north = centres(row, col, height, width)
    built = (east < 500_900) & (north > 4_550_000)
    conditions = [in_lake(east, north), east < 498_700, built]
    return np.select(conditions, [WATER, FOREST, BUILT], CROPLAND).astype("uint8")


def main() -> None:
    """Write both beside the catalogue."""
    town = Path(__file__).parents[1]
    write_cog(Blocks(GRID, "float32", -9999, "m", elevation), town / "elevation.tif")
    write_cog(
        Blocks(GRID, "uint8", 0, "", land_cover), town / "land-cover.tif", resampling="nearest"
    )


if __name__ == "__main__":
    main()
