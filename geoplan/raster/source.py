"""A raster that is open: one band of a GeoTIFF, read by windows.

GDAL opens more than the file it is given, and a second SQLite comes with it. So a file has to
be a TIFF by its first bytes, GDAL may use one driver, sees no file beside it and no address,
and what the header promises is held against limits before anything is read.
"""

from __future__ import annotations

import warnings
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan.errors import (
    BadQuery,
    CrsUnknown,
    DisguisedFile,
    FileUnreadable,
    RasterInvalid,
    TooLarge,
)
from geoplan.raster.grid import Grid

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_CELLS = 20_000_000_000
"""Cells a raster may promise: 10 m cells over 1,400 km x 1,400 km."""

MAX_BLOCK_MB = 256
"""What one block may take when it is unpacked: a window costs at least a block."""

OPTIONS: dict[str, str | int] = {
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no .aux.xml, .ovr, .msk, .tfw beside it
    "GDAL_PAM_ENABLED": "NO",
    "GDAL_CACHEMAX": 128_000_000,
    "GDAL_NUM_THREADS": "1",
    "CPL_VSIL_CURL_ALLOWED_EXTENSIONS": ".none",
    "CPL_VSIL_CURL_ALLOWED_FILENAME": "none",
    "GDAL_HTTP_PROXY": "127.0.0.1:9",
}
"""GDAL's settings whenever it opens, reads or writes for us."""

_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


class Raster:
    """One band of a GeoTIFF (or COG), open for reading by one thread.

    Parameters
    ----------
    path : Path or str
        A local file.
    band : int, default 1
        Which band, from 1.
    nodata : float, optional
        The value that means "no data", where the file does not say it or says it wrongly.
    unit : str, optional
        The unit of the values, where the file does not say it.

    Attributes
    ----------
    name : str
        The file's name.
    grid : Grid
        Where the cells lie.
    dtype : numpy.dtype
        Of the values as stored.
    unit : str or None
        Of the values, scale and offset applied.
    nodata : float or int or None
        As stored.
    scale, offset : float
        A value is what is stored × scale + offset.
    masked : bool
        Whether a mask band, or an alpha band, says where there is no value.
    native : bool
        Whether stored values are the values: no scale, no offset, no mask band.

    Raises
    ------
    FileUnreadable
        There is no such file, or it is broken.
    DisguisedFile
        It is no TIFF.
    CrsUnknown
        It does not say in which CRS it is.
    RasterInvalid
        It has no place on the map, or holds complex numbers.
    TooLarge
        It promises more cells, or larger blocks, than can be taken.
    BadQuery
        It has no such band.

    Examples
    --------
    >>> with Raster("examples/town/elevation.tif") as dem:
    ...     dem.unit, dem.grid.height, dem.grid.width
    ('m', 230, 400)
    """

    def __init__(
        self,
        path: Path | str,
        *,
        band: int = 1,
        nodata: float | None = None,
        unit: str | None = None,
    ) -> None:
        import rasterio

        self.path = Path(path).absolute()
        self.name = self.path.name
        self.band = band
        refuse_other_than_tiff(self.path)
        self._identity = _identity(self.path)
        try:
            with rasterio.Env(**OPTIONS), warnings.catch_warnings():
                warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
                self._source = rasterio.open(self.path, driver="GTiff")
        except gdal_errors() as error:
            raise FileUnreadable(f"{self.name} cannot be read as a GeoTIFF: {error}") from error
        try:
            self._describe(nodata, unit)
        except BaseException:
            self.close()
            raise

    def _describe(self, nodata: float | None, unit: str | None) -> None:
        source = self._source
        if isinstance(self.band, bool) or not 1 <= self.band <= source.count:
            raise BadQuery(f"{self.name} has bands 1 to {source.count}; asked for {self.band}")
        position = self.band - 1
        self.dtype = np.dtype(source.dtypes[position].replace("complex_", "complex"))
        _refuse_large(self.name, source, self.dtype)
        if self.dtype.kind == "c":
            raise RasterInvalid(f"{self.name} holds complex numbers: no statistic of them is known")
        self.grid = Grid(_crs(self.name, source), _affine(self.name, source), *source.shape)
        self.scale, self.offset = source.scales[position], source.offsets[position]
        self.unit = unit or source.units[position] or None
        flags = {flag.name for flag in source.mask_flag_enums[position]}
        self.masked = bool(flags & {"per_dataset", "alpha"})
        self.native = not self.masked and self.scale == 1.0 and self.offset == 0.0
        chosen = source.nodatavals[position] if nodata is None else nodata
        self.nodata = _storable(chosen, self.dtype)
        self.block_shape: tuple[int, int] = source.block_shapes[position]

    def stored(self, row: int, col: int, height: int, width: int) -> NDArray[Any]:
        """Return a window of the values as stored, shape (height, width).

        Raises
        ------
        FileUnreadable
            The file is cut short or damaged there.
        """
        return np.asarray(self._read(self._source.read, row, col, height, width))

    def stored_mask(self, row: int, col: int, height: int, width: int) -> NDArray[np.uint8]:
        """Return a window of the mask, 0 where there is no value, shape (height, width)."""
        return np.asarray(self._read(self._source.read_masks, row, col, height, width))

    def again(self) -> Raster | None:
        """Open the file once more, for another thread; None where another stands there now."""
        try:
            other = type(self)(self.path, band=self.band, unit=self.unit)
        except FileUnreadable:
            return None
        if _identity(self.path) != self._identity:
            other.close()
            return None
        other.nodata = self.nodata
        return other

    @property
    def dataset(self) -> Any:
        """The file as rasterio has it open."""
        return self._source

    def sample(self, height: int, width: int) -> NDArray[np.float64]:
        """Return cells spread over the whole raster, shape (height, width), NaN without data.

        Overviews answer where there are any, so a value may be a mean.

        Raises
        ------
        FileUnreadable
            The file is cut short or damaged.
        """
        import rasterio

        try:
            with rasterio.Env(**OPTIONS):
                raw = self._source.read(self.band, out_shape=(height, width), masked=True)
        except gdal_errors() as error:
            raise FileUnreadable(f"{self.name} cannot be read: {error}") from error
        values = np.ma.filled(raw.astype(np.float64), np.nan)
        if self.nodata is not None:
            values[np.ma.getdata(raw) == self.dtype.type(self.nodata)] = np.nan
        return np.asarray(values * self.scale + self.offset)

    def read(self, row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
        """Return a window of values, shape (height, width), NaN where there is no data.

        Parameters
        ----------
        row, col, height, width : int
            The window, inside the raster.

        Raises
        ------
        FileUnreadable
            The file is cut short or damaged there.
        """
        stored = self.stored(row, col, height, width)
        mask = self.stored_mask(row, col, height, width) if self.masked else None
        return self.values(stored, mask)

    def values(self, stored: NDArray[Any], mask: NDArray[np.uint8] | None) -> NDArray[np.float64]:
        """Return what a window as stored and its mask mean, NaN where there is no data.

        Nothing is read, so any thread may ask.
        """
        values = stored.astype(np.float64)
        if self.nodata is not None:
            values[stored == self.dtype.type(self.nodata)] = np.nan
        if mask is not None:
            values[mask == 0] = np.nan
        if not self.native:
            values = values * self.scale + self.offset
        return values

    def at(self, rows: NDArray[np.intp], cols: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the values of single cells, shape (n,), NaN outside and where there is no data.

        The cells are read tile by tile, so that no window is larger than a tile.
        """
        values = np.full(len(rows), np.nan)
        inside = (rows >= 0) & (rows < self.grid.height) & (cols >= 0) & (cols < self.grid.width)
        positions = np.flatnonzero(inside)
        tile = rows[positions] // _TILE * (self.grid.width // _TILE + 1) + cols[positions] // _TILE
        order = np.argsort(tile, kind="stable")
        positions, tile = positions[order], tile[order]
        for heap in np.split(positions, np.flatnonzero(np.diff(tile)) + 1):
            if len(heap):
                top, left = int(rows[heap].min()), int(cols[heap].min())
                height, width = int(rows[heap].max()) - top + 1, int(cols[heap].max()) - left + 1
                window = self.read(top, left, height, width)
                values[heap] = window[rows[heap] - top, cols[heap] - left]
        return values

    def _read(self, how: Any, row: int, col: int, height: int, width: int) -> Any:
        import rasterio
        from rasterio.windows import Window

        try:
            # GDAL asks how large its cache may be when it first reads, not when it opens
            with rasterio.Env(**OPTIONS):
                return how(self.band, window=Window(col, row, width, height))
        except gdal_errors() as error:
            raise FileUnreadable(
                f"{self.name} cannot be read at row {row}, column {col}: {error}; "
                f"the file is cut short or damaged"
            ) from error

    def close(self) -> None:
        """Close the file."""
        self._source.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


_TILE = 512


def gdal_errors() -> tuple[type[Exception], ...]:
    """Return what rasterio raises when GDAL fails; not all of it has one root."""
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError

    return RasterioError, CPLE_BaseError, OSError


def refuse_other_than_tiff(path: Path) -> None:
    """Refuse what is no file on this disk, or no TIFF by its first bytes; GDAL is not asked."""
    try:
        if not path.is_file():
            raise FileUnreadable(f"there is no raster {path.name}: rasters are files on this disk")
        with path.open("rb") as file:
            start = file.read(4)
    except (OSError, ValueError) as error:
        raise FileUnreadable(f"{path.name} cannot be opened: {error}") from error
    if start not in _TIFF:
        raise DisguisedFile(
            f"{path.name} is no TIFF: rasters are taken as GeoTIFF or COG "
            f"(gdal_translate -of COG makes one of nearly anything)"
        )


def _identity(path: Path) -> tuple[int, ...]:
    """Return what changes when a file is replaced or written to."""
    try:
        found = path.stat()
    except OSError as error:
        raise FileUnreadable(f"{path.name} cannot be opened: {error}") from error
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns


def _refuse_large(name: str, source: Any, dtype: np.dtype[Any]) -> None:
    cells = source.height * source.width
    if cells > MAX_CELLS:
        raise TooLarge(
            f"{name} says it has {source.height} x {source.width} cells; the limit is "
            f"{MAX_CELLS:,}: cut it, or use coarser cells"
        )
    for height, width in source.block_shapes:
        # a pixel-interleaved block holds every band
        block_mb = height * width * dtype.itemsize * source.count / 1e6
        if block_mb > MAX_BLOCK_MB:
            raise TooLarge(
                f"{name} is stored in blocks of {height} x {width} cells, {block_mb:,.0f} MB each; "
                f"the limit is {MAX_BLOCK_MB} MB: store it in tiles (gdal_translate -of COG)"
            )


def _crs(name: str, source: Any) -> CRS:
    """Return the horizontal CRS of a file, by its code where it has one."""
    if not source.crs:
        raise CrsUnknown(
            f"{name} does not say in which coordinate system it is: "
            f"write it into the file (gdal_edit.py -a_srs EPSG:…)"
        )
    try:
        code = source.crs.to_epsg()
        crs = CRS.from_epsg(code) if code else CRS.from_wkt(source.crs.to_wkt())
    except CRSError as error:
        raise CrsUnknown(f"{name}: its coordinate system cannot be understood: {error}") from error
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs  # a shift to WGS 84 of unknown origin is not used
    horizontal = crs.sub_crs_list[0] if crs.is_compound else crs.to_2d()
    if not (horizontal.is_geographic or horizontal.is_projected):
        raise CrsUnknown(
            f"{name} is in {crs.name}, which is not tied to the Earth by longitude and latitude "
            f"or a map projection: georeference it first"
        )
    return horizontal


def _affine(name: str, source: Any) -> tuple[float, float, float, float, float, float]:
    numbers = tuple(float(number) for number in source.transform)[:6]
    a, b, c, d, e, f = numbers
    if numbers == (1.0, 0.0, 0.0, 0.0, 1.0, 0.0):
        raise RasterInvalid(
            f"{name} does not say where its cells lie (no geotransform; control points alone are "
            f"not enough): georeference it first (gdalwarp)"
        )
    if not np.isfinite(numbers).all() or abs(a * e - b * d) < 1e-300:
        raise RasterInvalid(f"{name}: its geotransform {list(numbers)} gives its cells no size")
    return a, b, c, d, e, f


def _storable(nodata: float | None, dtype: np.dtype[Any]) -> float | int | None:
    """Return a NoData value as it is stored; None where the type cannot hold it."""
    if nodata is None or (dtype.kind == "f" and np.isnan(nodata)):
        return None  # NaN never is a value
    if dtype.kind == "f":
        with np.errstate(over="ignore"):
            return float(dtype.type(nodata))
    limits = np.iinfo(dtype)
    if not float(nodata).is_integer() or not limits.min <= nodata <= limits.max:
        return None
    return int(nodata)
