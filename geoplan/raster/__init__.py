"""Rasters on disk: opened with one driver, read by windows, written as COGs.

The only room that imports rasterio, and it does so inside the functions that need it.
"""

from geoplan.raster.blocks import Blocks, stored_blocks
from geoplan.raster.cog import to_cog, write_cog
from geoplan.raster.grid import Grid
from geoplan.raster.source import MAX_BLOCK_MB, MAX_CELLS, Raster

__all__ = [
    "MAX_BLOCK_MB",
    "MAX_CELLS",
    "Blocks",
    "Grid",
    "Raster",
    "stored_blocks",
    "to_cog",
    "write_cog",
]
