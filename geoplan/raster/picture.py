"""A raster as pictures: part of it, in any CRS, in colours, as PNG.

Values are read through GDAL's warper, which takes the overview that fits; colours and PNG are
made here, so that GDAL writes nothing.
"""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geoplan.errors import FileUnreadable
from geoplan.raster.source import OPTIONS, Raster, gdal_errors

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS

    Values = NDArray[np.float64]

_SAMPLE = 512
"""Cells along a side that the range of a raster is judged by."""


class Ramp(NamedTuple):
    """Colours spread evenly from the lowest value to the highest; shape (n, 3), 0 to 255."""

    colours: NDArray[np.float64]
    low: float
    high: float

    def __call__(self, values: Values) -> NDArray[np.uint8]:
        """Return colours, shape (…, 3); what lies beyond has the colour of the end."""
        span = self.high - self.low
        share = np.clip((values - self.low) / span, 0, 1) if span > 0 else np.zeros_like(values)
        at = np.nan_to_num(share) * (len(self.colours) - 1)
        steps = np.arange(len(self.colours))
        bands = [np.interp(at, steps, self.colours[:, band]) for band in range(3)]
        return np.rint(np.stack(bands, axis=-1)).astype(np.uint8)


class Classes(NamedTuple):
    """A colour for each of some values; others have none. Values rise; colours: shape (n, 3)."""

    values: Values
    colours: NDArray[np.uint8]


def ramp(colours: Sequence[str], span: tuple[float, float]) -> Ramp:
    """Spread colours, as ``#RRGGBB``, over a range of values."""
    return Ramp(_rgb(colours).astype(np.float64), *span)


def classes(colours: Mapping[int, str]) -> Classes:
    """Give values colours, as ``#RRGGBB``."""
    values = sorted(colours)
    return Classes(np.array(values, dtype=np.float64), _rgb([colours[value] for value in values]))


def span_of(raster: Raster) -> tuple[float, float]:
    """Return lowest and highest value of a raster, as a sample of at most 512 x 512 cells has them.

    Both are NaN where it has no value.
    """
    height, width = (min(side, _SAMPLE) for side in (raster.grid.height, raster.grid.width))
    values = raster.sample(height, width)
    there = values[np.isfinite(values)]
    return (float(there.min()), float(there.max())) if there.size else (np.nan, np.nan)


def bounds_in(raster: Raster, crs: CRS) -> tuple[float, float, float, float]:
    """Return the box around a raster in another CRS: west, south, east, north."""
    from rasterio.warp import transform_bounds

    grid = raster.grid
    corners = np.array([[0, 0], [0, grid.width], [grid.height, 0], [grid.height, grid.width]])
    outline = grid.to_map(corners[:, ::-1].astype(np.float64))
    box = (*outline.min(axis=0), *outline.max(axis=0))
    west, south, east, north = transform_bounds(
        grid.crs.to_wkt(), crs.to_wkt(), *map(float, box), densify_pts=21
    )
    return west, south, east, north


def picture(
    raster: Raster,
    crs: CRS,
    box: tuple[float, float, float, float],
    size: int | tuple[int, int],
    look: Ramp | Classes,
) -> bytes:
    """Return part of a raster as PNG, clear where it has no value.

    Parameters
    ----------
    raster : Raster
        Open, in this thread.
    crs : CRS
        Of the picture.
    box : tuple of float
        Its edges in that CRS: west, south, east, north, x to the east.
    size : int or tuple of int
        Pixels along each side, or width and height.
    look : Ramp or Classes
        Measured values are interpolated, classes never mixed.

    Raises
    ------
    FileUnreadable
        The file is damaged there.
    """
    values = _warped(raster, crs, box, size, mix=isinstance(look, Ramp))
    there = np.isfinite(values)
    rgba = np.zeros((*values.shape, 4), dtype=np.uint8)
    if isinstance(look, Ramp):
        rgba[..., :3] = look(values)
    elif len(look.values):
        at = np.searchsorted(look.values, np.nan_to_num(values)).clip(max=len(look.values) - 1)
        there &= look.values[at] == values
        rgba[..., :3] = look.colours[at]
    rgba[..., 3] = np.where(there, 255, 0)
    rgba[~there] = 0
    return png(rgba)


def relief(
    raster: Raster,
    crs: CRS,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
    look: Ramp,
) -> bytes:
    """Return part of a DEM as PNG, its colours lit from the north-west.

    The arguments are those of `picture`; the CRS is in metres, as the values are. Heights are
    drawn twice as high as they are; what is level keeps its colour.
    """
    values = _warped(raster, crs, box, size, mix=True)
    down, along = (box[3] - box[1]) / size[1], (box[2] - box[0]) / size[0]
    to_south, to_east = np.gradient(2.0 * values, down, along) if min(size) > 1 else (0.0, 0.0)
    slope = np.sqrt(1.0 + to_south**2 + to_east**2)
    # the cosine between the ground's normal and a light at 315°, 45° high
    light = (1.0 + (to_east + to_south) * np.sqrt(0.5)) * np.sqrt(0.5) / slope
    lit = np.clip(light / np.sqrt(0.5), 0.35, 1.3)[..., np.newaxis]
    there = np.isfinite(values) & np.isfinite(lit[..., 0])
    rgba = np.zeros((*values.shape, 4), dtype=np.uint8)
    rgba[..., :3] = np.clip(np.nan_to_num(look(values) * lit), 0, 255).astype(np.uint8)
    rgba[..., 3] = np.where(there, 255, 0)
    rgba[~there] = 0
    return png(rgba)


def photograph(
    bands: Sequence[Raster],
    crs: CRS,
    box: tuple[float, float, float, float],
    size: tuple[int, int],
) -> bytes:
    """Return part of a picture of three bands, red, green and blue from 0 to 255, as PNG.

    The other arguments are those of `picture`.
    """
    values = [_warped(band, crs, box, size, mix=True) for band in bands]
    there = np.isfinite(values).all(axis=0)
    colours = [np.rint(np.nan_to_num(band)).clip(0, 255) for band in values]
    rgba = np.stack([*colours, np.where(there, 255, 0)], axis=-1).astype(np.uint8)
    rgba[~there] = 0
    return png(rgba)


def png(rgba: NDArray[np.uint8]) -> bytes:
    """Return a picture, shape (rows, columns, 4), as PNG (ISO/IEC 15948)."""
    height, width, _ = rgba.shape
    rows = np.zeros((height, 1 + 4 * width), dtype=np.uint8)  # a row begins with its filter: none
    rows[:, 1:] = rgba.reshape(height, -1)
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(name, body) for name, body in parts)


def _chunk(name: bytes, body: bytes) -> bytes:
    check = zlib.crc32(name + body)
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)


def _warped(
    raster: Raster,
    crs: CRS,
    box: tuple[float, float, float, float],
    size: int | tuple[int, int],
    *,
    mix: bool,
) -> Values:
    """Return values on the pixels of a picture; NaN where there is none."""
    import rasterio
    from rasterio.enums import Resampling
    from rasterio.vrt import WarpedVRT

    width, height = (size, size) if isinstance(size, int) else size
    method = Resampling.bilinear if mix else Resampling.nearest
    options: dict[str, Any] = {
        "crs": crs.to_wkt(),
        "transform": rasterio.Affine(
            (box[2] - box[0]) / width, 0.0, box[0], 0.0, (box[1] - box[3]) / height, box[3]
        ),
        "width": width,
        "height": height,
        "resampling": method,
    }
    try:
        with rasterio.Env(**OPTIONS), WarpedVRT(raster.dataset, **options, **_blank(raster)) as vrt:
            stored = vrt.read(raster.band).astype(np.float64)
            there = vrt.dataset_mask() > 0
    except gdal_errors() as error:
        raise FileUnreadable(f"{raster.name} cannot be drawn: {error}") from error
    if raster.nodata is not None:
        there &= stored != raster.nodata
    return np.where(there, stored * raster.scale + raster.offset, np.nan)


def _blank(raster: Raster) -> dict[str, Any]:
    """Return how the warper is told where there is no value, outside of the raster too."""
    if raster.nodata is not None:
        return {"src_nodata": raster.nodata, "nodata": raster.nodata}
    if raster.dtype.kind == "f" and not raster.masked:
        return {"src_nodata": np.nan, "nodata": np.nan}
    alpha = any(flag.name == "alpha" for flags in raster.dataset.mask_flag_enums for flag in flags)
    return {} if alpha else {"add_alpha": True}


def _rgb(colours: Sequence[str]) -> NDArray[np.uint8]:
    return np.array(
        [[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in colours], dtype=np.uint8
    ).reshape(-1, 3)
