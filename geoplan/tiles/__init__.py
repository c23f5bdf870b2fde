"""Map tiles: the grids they lie in, and features as Mapbox Vector Tiles.

It knows neither files nor CRS transformations: geometry comes in the CRS of the grid.
"""

from geoplan.tiles.matrices import MATRIX_SETS, TileMatrix, TileMatrixSet
from geoplan.tiles.mvt import layer_message, tile_message
from geoplan.tiles.shapes import EXTENT, Drawn, Grid, draw

__all__ = [
    "EXTENT",
    "MATRIX_SETS",
    "Drawn",
    "Grid",
    "TileMatrix",
    "TileMatrixSet",
    "draw",
    "layer_message",
    "tile_message",
]
