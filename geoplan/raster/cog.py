"""Cloud Optimised GeoTIFFs, out: tiled, with overviews and statistics, whole or not at all."""

from __future__ import annotations

import os
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geoplan.errors import BadQuery, NotWritable
from geoplan.raster.source import OPTIONS, Raster, gdal_errors

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.raster.grid import Grid

Resampling = Literal["nearest", "average", "mode"]
Compression = Literal["deflate", "zstd"]

TILE = 512
_COMPRESSIONS, _RESAMPLINGS = ("deflate", "zstd"), ("nearest", "average", "mode")


@dataclass(frozen=True)
class Blocks:
    """A raster that is computed block by block when it is written.

    Attributes
    ----------
    grid : Grid
        Where its cells lie.
    dtype : str
        Of its cells.
    nodata : float
        What stands where there is no value.
    unit : str
        Of its values.
    block : callable
        ``block(row, col, height, width)`` returns a window, shape (height, width).
    """

    grid: Grid
    dtype: str
    nodata: float
    unit: str
    block: Callable[[int, int, int, int], NDArray[Any]]


def to_cog(
    source: Path | str,
    target: Path | str,
    *,
    compress: Compression = "deflate",
    resampling: Resampling | None = None,
) -> Path:
    """Write a GeoTIFF anew as a COG: the same cells, bands, NoData, mask, scale and CRS.

    Parameters
    ----------
    source, target : Path or str
        Files; the target is replaced when all went well, and never touched otherwise.
    compress : {"deflate", "zstd"}
        Both lose nothing; every program reads deflate.
    resampling : {"nearest", "average", "mode"}, optional
        How overviews are made; default average for measured values (float), nearest for whole
        numbers, which may be classes.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        The source cannot be taken.
    NotWritable
        The target cannot be written.
    BadQuery
        An option is unknown, or source and target are one file.
    """
    target = Path(target)
    with Raster(source) as raster:
        if target.exists() and target.samefile(raster.path):
            raise BadQuery(f"{target.name} would overwrite its own source: name another file")
        chosen = resampling or ("average" if raster.dtype.kind == "f" else "nearest")
        try:
            _finish(raster._source, target, compress, chosen)  # noqa: SLF001 - one room
        except NotWritable:
            _refuse_damaged(raster)  # GDAL copies, and does not say which side failed
            raise
    return target


def _refuse_damaged(raster: Raster) -> None:
    """Read a raster from end to end, and refuse it where that fails."""
    height, width = raster.grid.height, raster.grid.width
    for row in range(0, height, TILE):
        for col in range(0, width, TILE):
            raster.stored(row, col, min(TILE, height - row), min(TILE, width - col))


def write_cog(
    blocks: Blocks,
    target: Path | str,
    *,
    compress: Compression = "deflate",
    resampling: Resampling = "average",
) -> Path:
    """Compute a raster block by block and write it as a COG.

    Parameters
    ----------
    blocks : Blocks
        What to compute.
    target : Path or str
        The file; replaced when all went well, and never touched otherwise.
    compress, resampling
        As in `to_cog`.

    Raises
    ------
    NotWritable
        The target cannot be written.
    """
    import rasterio
    from rasterio.windows import Window

    target = Path(target)
    grid = blocks.grid
    with tempfile.TemporaryDirectory(prefix="geoplan-raster-", dir=_folder(target)) as folder:
        draft = Path(folder) / "draft.tif"
        profile = {
            "driver": "GTiff",
            "dtype": blocks.dtype,
            "count": 1,
            "height": grid.height,
            "width": grid.width,
            "crs": grid.crs.to_wkt(),
            "transform": rasterio.Affine(*grid.affine),
            "nodata": blocks.nodata,
            "tiled": True,
            "blockxsize": TILE,
            "blockysize": TILE,
            "compress": "deflate",
            "bigtiff": "if_safer",
        }
        try:
            with rasterio.Env(**OPTIONS), rasterio.open(draft, "w", **profile) as written:
                written.units = (blocks.unit,)
                for row in range(0, grid.height, TILE):
                    for col in range(0, grid.width, TILE):
                        height, width = min(TILE, grid.height - row), min(TILE, grid.width - col)
                        cells = blocks.block(row, col, height, width)
                        written.write(cells, 1, window=Window(col, row, width, height))
        except gdal_errors() as error:
            raise NotWritable(f"{target.name} cannot be written: {error}") from error
        with Raster(draft) as source:
            _finish(source._source, target, compress, resampling)  # noqa: SLF001 - one room
    return target


def _folder(target: Path) -> Path:
    folder = target.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise NotWritable(f"{target.name} cannot be written: no folder {folder} to write in")
    return folder


def _finish(source: Any, target: Path, compress: str, resampling: str) -> None:
    """Copy an open raster to a COG beside the target, and put it in its place."""
    import rasterio
    import rasterio.shutil

    if compress not in _COMPRESSIONS:
        raise BadQuery(f"compression {compress!r} is unknown; known: {', '.join(_COMPRESSIONS)}")
    if resampling not in _RESAMPLINGS:
        raise BadQuery(f"resampling {resampling!r} is unknown; known: {', '.join(_RESAMPLINGS)}")
    with tempfile.TemporaryDirectory(prefix="geoplan-raster-", dir=_folder(target)) as folder:
        draft = Path(folder) / "cog.tif"
        options = {
            "BLOCKSIZE": str(TILE),
            "COMPRESS": compress.upper(),
            "PREDICTOR": "YES",
            "OVERVIEW_RESAMPLING": resampling.upper(),
            "STATISTICS": "YES",
            "BIGTIFF": "IF_SAFER",
        }
        try:
            with rasterio.Env(**OPTIONS), warnings.catch_warnings():
                warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
                rasterio.shutil.copy(source, draft, driver="COG", **options)
            with draft.open("rb+") as file:
                os.fsync(file.fileno())
            draft.replace(target)
        except gdal_errors() as error:
            raise NotWritable(f"{target.name} cannot be written: {error}") from error


def filled(values: NDArray[np.float64], nodata: float, dtype: str) -> NDArray[Any]:
    """Return values with NoData in the place of NaN."""
    return np.where(np.isnan(values), nodata, values).astype(dtype)
