"""Tile matrix sets (OGC 17-083r4, Two Dimensional Tile Matrix Set 2.0).

``WebMercatorQuad`` stands in the OGC registry. ``CGCS2000Quad`` does not: it is the grid in
EPSG:4490 that Tianditu calls ``c``. Its levels are numbered as there: level 1 is two tiles side
by side, 0.703125° a pixel, so that a level of ours is the level of the base map of that number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from geoplan.model import Bbox

TILE_PIXELS = 256
_STANDARD_PIXEL_M = 0.00028
_RADIUS_M = 6378137.0
_METRES_OF_DEGREE = 2 * math.pi * _RADIUS_M / 360.0


@dataclass(frozen=True)
class TileMatrix:
    """The tiles of one level; rows run down, columns to the east, from the upper left corner.

    Attributes
    ----------
    level : int
        Its identifier.
    cell_size : float
        Side of a pixel [units of the CRS].
    width, height : int
        How many columns and rows.
    left, top : float
        The upper left corner [units of the CRS], x to the east, y to the north.
    """

    level: int
    cell_size: float
    width: int
    height: int
    left: float
    top: float

    @property
    def side(self) -> float:
        """Side of a tile [units of the CRS]."""
        return self.cell_size * TILE_PIXELS

    def box(self, row: int, col: int) -> Bbox:
        """Return where a tile lies, x to the east and y to the north.

        Examples
        --------
        >>> MATRIX_SETS["CGCS2000Quad"].matrix(1).box(0, 1)
        Bbox(xmin=0.0, ymin=-90.0, xmax=180.0, ymax=90.0)
        """
        left, top = self.left + col * self.side, self.top - row * self.side
        return Bbox(left, top - self.side, left + self.side, top)

    def covering(self, box: Bbox) -> tuple[int, int, int, int]:
        """Return first and last row, first and last column of the tiles that meet a box."""

        def within(value: float, count: int) -> int:
            return max(0, min(count - 1, math.floor(value)))

        top = within((self.top - box.ymax) / self.side, self.height)
        bottom = within((self.top - box.ymin) / self.side, self.height)
        left = within((box.xmin - self.left) / self.side, self.width)
        right = within((box.xmax - self.left) / self.side, self.width)
        return top, bottom, left, right


@dataclass(frozen=True)
class TileMatrixSet:
    """A pyramid of tile matrices in one CRS.

    Attributes
    ----------
    id : str
        Its name in addresses.
    uri : str or None
        Its name in the OGC registry.
    crs : str
        URI of the CRS.
    axes : tuple of str
        Names of the axes, in the order of the CRS.
    matrices : tuple of TileMatrix
        From the coarsest to the finest.
    metres : float
        Of a unit of the CRS, for the scale denominators.
    scale_set : str or None
        URI of the well-known scale set.
    """

    id: str
    uri: str | None
    crs: str
    axes: tuple[str, str]
    matrices: tuple[TileMatrix, ...]
    metres: float
    scale_set: str | None = None

    @property
    def north_first(self) -> bool:
        """Whether latitude or north stands first in the CRS."""
        return self.axes[0] in ("Lat", "N")

    def matrix(self, level: int) -> TileMatrix | None:
        """Return the matrix of a level, None when there is none."""
        place = level - self.matrices[0].level
        return self.matrices[place] if 0 <= place < len(self.matrices) else None

    def scale_denominator(self, matrix: TileMatrix) -> float:
        """Return the scale of a level for pixels of 0.28 mm."""
        return matrix.cell_size * self.metres / _STANDARD_PIXEL_M


def _quad(first: int, count: int, width: int, left: float, top: float) -> tuple[TileMatrix, ...]:
    height = 1
    cell = 2 * top / TILE_PIXELS
    return tuple(
        TileMatrix(first + step, cell / 2**step, width * 2**step, height * 2**step, left, top)
        for step in range(count)
    )


_HALF = math.pi * _RADIUS_M
MATRIX_SETS = {
    found.id: found
    for found in (
        TileMatrixSet(
            id="WebMercatorQuad",
            uri="http://www.opengis.net/def/tilematrixset/OGC/1.0/WebMercatorQuad",
            crs="http://www.opengis.net/def/crs/EPSG/0/3857",
            axes=("E", "N"),
            matrices=_quad(0, 21, 1, -_HALF, _HALF),
            metres=1.0,
            scale_set="http://www.opengis.net/def/wkss/OGC/1.0/GoogleMapsCompatible",
        ),
        TileMatrixSet(
            id="CGCS2000Quad",
            uri=None,
            crs="http://www.opengis.net/def/crs/EPSG/0/4490",
            axes=("Lat", "Lon"),
            matrices=_quad(1, 20, 2, -180.0, 90.0),
            metres=_METRES_OF_DEGREE,
        ),
    )
}
"""The sets that tiles are made in: levels 0 to 20, and 1 to 20."""
