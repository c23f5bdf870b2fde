"""Cloud Optimised GeoTIFFs, out: tiled, with overviews and statistics, whole or not at all."""

from __future__ import annotations

import os
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geoplan.errors import BadQuery, NotWritable
from geoplan.raster.source import OPTIONS, Raster, gdal_errors

if TYPE_CHECKING:
    from numpy.typing import DTypeLike

    from geoplan.raster.blocks import Blocks

Resampling = Literal["nearest", "average", "mode"]
Compression = Literal["deflate", "zstd"]

TILE = 512
_COMPRESSIONS, _RESAMPLINGS = ("deflate", "zstd"), ("nearest", "average", "mode")


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
        chosen = resampling or usual_resampling(raster.dtype)
        try:
            _finish(raster._source, target, compress, chosen)  # noqa: SLF001 - one room
        except NotWritable:
            _refuse_damaged(raster)  # GDAL copies, and does not say which side failed
            raise
    return target


def usual_resampling(dtype: DTypeLike) -> Resampling:
    """Return how overviews are made where nobody says: whole numbers may be classes."""
    return "average" if np.dtype(dtype).kind == "f" else "nearest"


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
            inside = rasterio.Env(**OPTIONS, GDAL_TIFF_INTERNAL_MASK="YES")
            with inside, rasterio.open(draft, "w", **profile) as written:
                written.units = (blocks.unit,)
                if (blocks.scale, blocks.offset) != (1.0, 0.0):
                    written.scales, written.offsets = (blocks.scale,), (blocks.offset,)
                for row, col, height, width in blocks.tiles(TILE):
                    window = Window(col, row, width, height)
                    written.write(blocks.block(row, col, height, width), 1, window=window)
                    if blocks.mask is not None:
                        written.write_mask(blocks.mask(row, col, height, width), window=window)
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
