"""Slope, aspect and hillshade of a DEM, by Horn's method, block by block.

Horn, B. K. P. (1981): Hill shading and the reflectance map. Proceedings of the IEEE 69(1),
14-47. The eight neighbours give the gradient; cells at the edge of the raster and beside
NoData have none, as in ``gdaldem``. Sizes of cells are those on the ground: in degrees they
come from the ellipsoid, row by row, and the scale of a projection is taken off.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from geoplan.errors import BadQuery
from geoplan.raster.blocks import Blocks, filled

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geoplan.raster import Raster

SlopeUnit = Literal["degree", "percent"]
METRES = (None, "m", "metre", "metres", "meter", "meters")
NODATA = -9999.0
_UNITS: dict[str, str] = {"degree": "°", "percent": "%"}
_SHADE_NODATA = 0


def slope(dem: Raster, *, unit: SlopeUnit = "degree", z_factor: float = 1.0) -> Blocks:
    """Return the slope of a DEM, to be written by `geoplan.raster.write_cog`.

    Parameters
    ----------
    dem : Raster
        Open, elevations in metres.
    unit : {"degree", "percent"}
        Degrees from the horizontal, or the rise in per cent of the way.
    z_factor : float, default 1
        Elevations are multiplied by it.

    Returns
    -------
    Blocks
        float32 on the DEM's grid; NoData -9999 at the edge and beside NoData.

    Raises
    ------
    BadQuery
        The DEM is not in metres, the unit is unknown or the factor not positive.
    """
    if unit not in _UNITS:
        raise BadQuery(f"slope is in {' or '.join(_UNITS)}; asked for {unit!r}")

    def measure(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
        rise = np.hypot(east, north)
        return np.asarray(np.degrees(np.arctan(rise)) if unit == "degree" else 100 * rise)

    return _derived(dem, z_factor, _UNITS[unit], measure)


def aspect(dem: Raster) -> Blocks:
    """Return the direction in which the ground falls, to be written by `write_cog`.

    Parameters
    ----------
    dem : Raster
        Open, elevations in metres.

    Returns
    -------
    Blocks
        float32, degrees clockwise from north (grid north of a projected CRS), 0 ≤ aspect < 360;
        NoData -9999 where the ground is flat, at the edge and beside NoData.

    Raises
    ------
    BadQuery
        The DEM is not in metres.
    """

    def measure(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
        # rounding to float32 could make 360 of 359.999999
        degrees = np.degrees(np.arctan2(-east, -north)).astype(np.float32) % np.float32(360)
        return np.where((east == 0) & (north == 0), np.nan, degrees)

    return _derived(dem, 1.0, "°", measure)


def hillshade(
    dem: Raster,
    *,
    azimuth_deg: float = 315.0,
    altitude_deg: float = 45.0,
    z_factor: float = 1.0,
) -> Blocks:
    """Return how bright the ground is under a light, to be written by `write_cog`.

    Parameters
    ----------
    dem : Raster
        Open, elevations in metres.
    azimuth_deg, altitude_deg : float
        Where the light is: clockwise from north, and above the horizon 0..90 [degrees].
    z_factor : float, default 1
        Elevations are multiplied by it.

    Returns
    -------
    Blocks
        uint8, 1 (in the shade) to 255; NoData 0 at the edge and beside NoData.

    Raises
    ------
    BadQuery
        The DEM is not in metres, or an option is out of range.
    """
    if not np.isfinite(azimuth_deg):
        raise BadQuery(f"azimuth_deg must be a finite number; got {azimuth_deg!r}")
    if not 0 <= altitude_deg <= 90:
        raise BadQuery(f"altitude_deg is from 0 (horizon) to 90 (zenith); got {altitude_deg!r}")
    azimuth, altitude = np.radians(azimuth_deg), np.radians(altitude_deg)
    light = np.array([np.sin(azimuth), np.cos(azimuth)]) * np.cos(altitude)

    def measure(east: NDArray[np.float64], north: NDArray[np.float64]) -> NDArray[np.float64]:
        # the cosine between the light and the normal (-east, -north, 1)
        shade = np.sin(altitude) - light[0] * east - light[1] * north
        shade = shade / np.sqrt(1 + east**2 + north**2)
        return np.asarray(np.floor(1 + 254 * np.clip(shade, 0, None) + 0.5))

    return _derived(dem, z_factor, "", measure, dtype="uint8", nodata=_SHADE_NODATA)


def refuse_other_than_metres(dem: Raster) -> None:
    """Refuse a DEM whose elevations are in another unit; one that says none is taken at metres."""
    if dem.unit is not None and dem.unit.lower() not in METRES:
        raise BadQuery(
            f"{dem.name} has elevations in {dem.unit!r}; slopes and profiles take metres: "
            f"convert it first"
        )


def _derived(
    dem: Raster,
    z_factor: float,
    unit: str,
    measure: Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]],
    *,
    dtype: str = "float32",
    nodata: float = NODATA,
) -> Blocks:
    refuse_other_than_metres(dem)
    if not (np.isfinite(z_factor) and z_factor > 0):
        raise BadQuery(f"z_factor must be a finite number above zero; got {z_factor!r}")

    def block(row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
        east, north = _gradient(dem, row, col, height, width)
        return filled(measure(z_factor * east, z_factor * north), nodata, dtype)

    return Blocks(dem.grid, dtype, nodata, unit, block)


def _gradient(
    dem: Raster, row: int, col: int, height: int, width: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how much the ground rises per metre to the east and to the north, NaN if unknown."""
    z = _with_halo(dem, row, col, height, width)
    left, right = z[:, :-2], z[:, 2:]
    above, below = z[:-2, :], z[2:, :]
    lateral, vertical = right - left, below - above
    per_col = (lateral[:-2] + 2 * lateral[1:-1] + lateral[2:]) / 8
    per_row = (vertical[:, :-2] + 2 * vertical[:, 1:-1] + vertical[:, 2:]) / 8
    unknown = np.isnan(z[1:-1, 1:-1])
    rows = np.arange(row, row + height) + 0.5
    places = np.column_stack([np.full(height, col + width / 2), rows])
    # a gradient per cell is the steps of a cell, transposed, times the gradient per metre
    inverse = np.linalg.inv(dem.grid.steps_m(places))
    east = per_col * inverse[:, 0, 0, None] + per_row * inverse[:, 1, 0, None]
    north = per_col * inverse[:, 0, 1, None] + per_row * inverse[:, 1, 1, None]
    return np.where(unknown, np.nan, east), np.where(unknown, np.nan, north)


def _with_halo(dem: Raster, row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
    """Return a window and one cell around it, NaN beyond the raster."""
    grid = dem.grid
    top, left = max(row - 1, 0), max(col - 1, 0)
    bottom, right = min(row + height + 1, grid.height), min(col + width + 1, grid.width)
    z = np.full((height + 2, width + 2), np.nan)
    down, across = top - row + 1, left - col + 1
    z[down : down + bottom - top, across : across + right - left] = dem.read(
        top, left, bottom - top, right - left
    )
    return z
