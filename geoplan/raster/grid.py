"""Where the cells of a raster lie: on the map, and how large they are on the ground."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from pyproj import CRS, Geod, Proj, Transformer

from geoplan.errors import OutsideRaster

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LATTICE_CELLS = 256
_LATTICE_DEG = 0.05
"""How far apart the places are at which the scale is asked of PROJ; between them it is
interpolated. At 256 cells of 30 m, or 0.05°, that misses the size of a cell by less than 1e-6."""

_OUTLINE_POINTS = 129
"""Along each edge of a box that is moved between degrees and map: its edges bend there."""

_SAME_CELL = 1e-6  # of a cell: what a way there and back may leave


@dataclass(frozen=True)
class Grid:
    """The grid of a raster.

    Attributes
    ----------
    crs : pyproj.CRS
        Horizontal CRS.
    affine : tuple of six floats
        a, b, c, d, e, f: x = a·column + b·row + c, y = d·column + e·row + f, from the outer
        corner of the first cell; rotated, sheared and south-up grids alike.
    height, width : int
        Rows and columns.

    Examples
    --------
    >>> grid = Grid(CRS(4550), (10, 0, 500000, 0, -10, 4550000), 20, 30)
    >>> grid.to_cells(np.array([[500025.0, 4549990.0]])).tolist()
    [[2.5, 1.0]]
    >>> grid.to_map(np.array([[2.5, 1.0]])).tolist()
    [[500025.0, 4549990.0]]
    """

    crs: CRS
    affine: tuple[float, float, float, float, float, float]
    height: int
    width: int

    @cached_property
    def _linear(self) -> NDArray[np.float64]:
        a, b, _, d, e, _ = self.affine
        return np.array([[a, b], [d, e]], dtype=float)

    @cached_property
    def _origin(self) -> NDArray[np.float64]:
        return np.array([self.affine[2], self.affine[5]], dtype=float)

    def to_cells(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return column and row, shape (n, 2), of map coordinates; whole numbers are corners."""
        inverse: NDArray[Any] = np.linalg.inv(self._linear)
        return _moved(xy - self._origin, inverse)

    def to_map(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return map coordinates, shape (n, 2), of columns and rows."""
        return _moved(cells, self._linear) + self._origin

    def window(self, row: int, col: int, height: int, width: int) -> Grid:
        """Return the grid of a part: so many rows and columns from a cell on."""
        x, y = self.to_map(np.array([[col, row]], dtype=float))[0].tolist()
        a, b, _, d, e, _ = self.affine
        return Grid(self.crs, (a, b, x, d, e, y), height, width)

    def covering(self, bbox: tuple[float, float, float, float]) -> tuple[int, int, int, int]:
        """Return the smallest window of whole cells that covers a box as far as the grid reaches.

        Parameters
        ----------
        bbox : tuple of four floats
            West, south, east, north [degrees, on the datum of the grid].

        Returns
        -------
        row, col, height, width : int

        Raises
        ------
        OutsideRaster
            The box does not meet the grid.
        """
        own = self.lonlat(_outline((0, 0, self.width, self.height)))
        low = np.maximum(own.min(axis=0), bbox[:2])
        high = np.minimum(own.max(axis=0), bbox[2:])
        if (low <= high).all():
            outline = _outline((*low, *high))
            cells = self.to_cells(self._from_lonlat(outline))
            first = np.maximum(np.floor(cells.min(axis=0) + _SAME_CELL), 0).astype(int)
            # a box without width has the cell it lies in
            beyond = np.maximum(np.ceil(cells.max(axis=0) - _SAME_CELL), first + 1)
            beyond = np.minimum(beyond, (self.width, self.height)).astype(int)
            if (first < beyond).all():
                (col, row), (width, height) = first.tolist(), (beyond - first).tolist()
                return row, col, height, width
        said = ", ".join(f"{number:.6g}" for number in (*own.min(axis=0), *own.max(axis=0)))
        raise OutsideRaster(
            f"the box {list(bbox)} does not meet the raster, which lies in [{said}]"
        )

    def _from_lonlat(self, lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return map coordinates, shape (n, 2), of longitude and latitude [degrees]."""
        if self._to_lonlat is None:
            return lonlat / self._degrees
        x, y = self._to_lonlat.transform(lonlat[:, 0], lonlat[:, 1], direction="INVERSE")
        return np.column_stack([x, y])

    def lonlat(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return longitude and latitude [degrees], shape (n, 2), of columns and rows."""
        xy = self.to_map(cells)
        if self._to_lonlat is None:
            return xy * self._degrees
        return np.column_stack(self._to_lonlat.transform(xy[:, 0], xy[:, 1]))

    def steps_m(self, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what one column and one row further are on the ground.

        Parameters
        ----------
        cells : ndarray, shape (n, 2)
            Columns and rows.

        Returns
        -------
        ndarray, shape (n, 2, 2)
            ``[[east per column, east per row], [north per column, north per row]]`` [m on the
            ellipsoid]. East and north are those of the grid of a projected CRS, not turned by
            its meridian convergence. Its scale is taken as the same in all directions, which
            holds for conformal projections (Gauss-Krüger, UTM, Mercator, Lambert conformal).
        """
        lon, lat = self.lonlat(cells).T
        if self.crs.is_geographic:
            radius_e, radius_n = _radii(lat, self._geod)
            per_unit = np.stack([radius_e * np.cos(np.radians(lat)), radius_n])
            return np.asarray(self._linear * np.radians(self._degrees) * per_unit.T[:, :, None])
        scale = np.sqrt(self._proj.get_factors(lon, lat).areal_scale)
        return np.asarray(self._linear * self._metres / scale[:, None, None])

    def cell_areas_m2(self, row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
        """Return the area on the ellipsoid [m²] of each cell of a window."""
        rows, row_hats = self._lattice(row, height)
        cols, col_hats = self._lattice(col, width)
        places = np.stack(np.meshgrid(cols, rows), axis=-1).reshape(-1, 2)
        areas = np.abs(np.linalg.det(self.steps_m(places))).reshape(len(rows), len(cols))
        down = np.ascontiguousarray((row_hats @ (self._height_effect * areas)).T)
        # not @, as in _moved
        return np.asarray(np.einsum("ir,ic->rc", down, np.ascontiguousarray(col_hats.T)))

    @cached_property
    def _height_effect(self) -> float:
        """Return the mean of cos(latitude) over a cell, as a share of that in its middle."""
        if not self.crs.is_geographic:
            return 1.0
        per_column, per_row = np.radians(self._degrees * self._linear[1])
        return float(np.sinc(per_column / (2 * np.pi)) * np.sinc(per_row / (2 * np.pi)))

    def _lattice(self, start: int, count: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return places along one side of a window and how much each counts at each cell."""
        centres = np.arange(start, start + count, dtype=np.float64) + 0.5
        spans = max(1, -(-count // self._lattice_step))
        places = np.asarray(np.linspace(centres[0], centres[-1], spans + 1), dtype=np.float64)
        if count == 1:
            return centres, np.ones((1, 1))
        position = (centres - places[0]) / (places[1] - places[0])
        return places, np.clip(1 - np.abs(position[:, None] - np.arange(spans + 1)), 0, None)

    @cached_property
    def _lattice_step(self) -> int:
        middle = np.array([[self.width / 2, self.height / 2]])
        degree_m = 111_000.0
        cell_deg = float(np.abs(self.steps_m(middle)).max()) / degree_m
        return int(np.clip(_LATTICE_DEG // cell_deg, 1, _LATTICE_CELLS))

    @cached_property
    def _degrees(self) -> float:
        return float(np.degrees(self.crs.axis_info[0].unit_conversion_factor))

    @cached_property
    def _metres(self) -> float:
        return float(self.crs.axis_info[0].unit_conversion_factor)

    @cached_property
    def _to_lonlat(self) -> Transformer | None:
        base = self.crs.geodetic_crs
        if self.crs.is_geographic or base is None:
            return None
        return Transformer.from_crs(self.crs, base, always_xy=True)

    @cached_property
    def _proj(self) -> Proj:
        return Proj(self.crs)

    @cached_property
    def _geod(self) -> Geod:
        geod = self.crs.get_geod()
        assert geod is not None, "a CRS tied to the Earth has an ellipsoid"  # noqa: S101
        return geod


def _moved(points: NDArray[np.float64], matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return a matrix times each point, shape (n, 2).

    Not by @: on matrices this narrow the threads of BLAS spend more time waiting than adding.
    """
    return np.asarray(np.einsum("nj,ij->ni", points, matrix))


def _outline(box: tuple[float, float, float, float]) -> NDArray[np.float64]:
    """Return points along the edges of a box, shape (n, 2), its corners among them."""
    x, y = (np.linspace(box[at], box[at + 2], _OUTLINE_POINTS) for at in (0, 1))
    return np.concatenate(
        [np.column_stack(np.broadcast_arrays(*side)) for side in ((x, y[0]), (x, y[-1]))]
        + [np.column_stack(np.broadcast_arrays(*side)) for side in ((x[0], y), (x[-1], y))]
    )


def _radii(lat: NDArray[np.float64], geod: Geod) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the radii of curvature [m] in the prime vertical and in the meridian."""
    flattened = 1 - geod.es * np.sin(np.radians(lat)) ** 2
    return np.asarray(geod.a / np.sqrt(flattened)), geod.a * (1 - geod.es) / flattened**1.5
