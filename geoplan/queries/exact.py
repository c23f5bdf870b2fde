"""The seam to exactextract: zones and rasters handed over, arrays taken back.

It sees the grid as unit squares (column to the right, row downwards as negative y), so nothing
of its own idea of a CRS or of a cell's size takes part. Masked arrays are not handed to it:
version 0.3.0 loses the mask when it goes by the raster with weights; NoData stands in the values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from exactextract.feature import Feature, FeatureSource
from exactextract.operation import Operation, PythonOperation
from exactextract.processor import FeatureSequentialProcessor, RasterSequentialProcessor
from exactextract.raster import RasterSource
from exactextract.writer import Writer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from numpy.typing import NDArray

    from geoplan.raster import Raster

Window = tuple[int, int, int, int]


class _Source(RasterSource):  # type: ignore[misc]  # the library is not typed
    """A raster on its grid of unit squares."""

    def __init__(
        self,
        raster: Raster,
        name: str,
        read: Callable[[int, int, int, int], NDArray[Any]],
        nodata: float | None,
    ) -> None:
        super().__init__()
        self._grid, self._read, self._nodata = raster.grid, read, nodata
        self._dtype = raster.dtype if read == raster.stored else np.dtype(float)
        self.set_name(name)

    def res(self) -> tuple[float, float]:
        return 1.0, 1.0

    def extent(self) -> tuple[float, float, float, float]:
        return 0.0, -float(self._grid.height), float(self._grid.width), 0.0

    def nodata_value(self) -> float | None:
        return self._nodata

    def srs_wkt(self) -> None:
        return None

    def read_window(self, x0: int, y0: int, nx: int, ny: int) -> NDArray[Any]:
        if nx == 0 or ny == 0:  # asked for zones whose box ends beyond the raster
            return np.empty((ny, nx), dtype=self._dtype)
        return self._read(y0, x0, ny, nx)


class _Zone(Feature):  # type: ignore[misc]
    def __init__(self, position: int, wkb: bytes) -> None:
        super().__init__()
        self._position, self._wkb = position, wkb

    def geometry(self) -> bytes:
        return self._wkb

    def get(self, name: str) -> int:
        return self._position

    def fields(self) -> list[str]:
        return [_POSITION]


class _Zones(FeatureSource):  # type: ignore[misc]
    """Zones from band to band of the raster, so that what one has unpacked serves the next."""

    def __init__(self, geometries: NDArray[Any]) -> None:
        super().__init__()
        self._wkb = shapely.to_wkb(geometries)
        left, _, _, top = shapely.bounds(geometries).T
        self._order = np.lexsort((left, -top // _BAND))

    def __iter__(self) -> Iterator[_Zone]:
        for position in self._order.tolist():
            yield _Zone(position, self._wkb[position])

    def count(self) -> int:
        return len(self._wkb)

    def srs_wkt(self) -> None:
        return None


class _Row(Feature):  # type: ignore[misc]
    """Takes what was found of one zone."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, Any] = {}

    def set(self, name: str, value: Any) -> None:
        self.found[name] = value

    def set_geometry(self, geometry: Any) -> None:
        """Take no geometry: it is ours already."""


class _Rows(Writer):  # type: ignore[misc]
    def __init__(self) -> None:
        super().__init__()
        self.rows: list[dict[str, Any]] = []

    def write(self, feature: Any) -> None:
        row = _Row()
        feature.copy_to(row)
        self.rows.append(row.found)


_POSITION = "position"
_BAND = 512  # rows


def extract(
    raster: Raster,
    zones: NDArray[Any],
    operations: Mapping[str, str],
    *,
    weighted: bool,
    array: Callable[..., NDArray[np.float64]] | None = None,
    by_raster: bool,
    max_cells: int,
) -> list[dict[str, Any]]:
    """Run operations of exactextract on zones that stand on the grid.

    Parameters
    ----------
    raster : Raster
        Open.
    zones : ndarray of shapely polygons, shape (n,)
        x is the column, y the row.
    operations : mapping
        Name of a result → operation of exactextract. ``data_area`` is taken as the sum over
        the cells that have data: of 1, or of their area [m²] when `weighted`.
    weighted : bool
        Whether cells count by their area on the ellipsoid, for operations ``weighted_…``.
    array : callable, optional
        Called with values, covered shares and weights of the cells of each zone; the result
        is named ``array``.
    by_raster : bool
        Go through the raster once, or from zone to zone.
    max_cells : int
        How many cells of a raster may be in memory.

    Returns
    -------
    list of dict, length n
        Results by name, in the order of the zones.
    """
    values, weights, data = _sources(raster, weighted)
    work: list[Any] = [
        Operation("sum" if name == "data_area" and weighted else operation, name,
                  data if name == "data_area" else values, weights)
        for name, operation in operations.items()
    ]  # fmt: skip
    if array is not None:
        work.append(PythonOperation(array, "array", values, weights))
    upwards = shapely.transform(zones, lambda xy: xy * [1.0, -1.0])
    # the processor keeps none of what it is given alive: each needs a name here
    features, rows = _Zones(upwards), _Rows()
    chosen = RasterSequentialProcessor if by_raster else FeatureSequentialProcessor
    processor = chosen(features, rows, work, [_POSITION])
    processor.set_max_cells_in_memory(max_cells)
    processor.process()
    return sorted(rows.rows, key=lambda row: int(row[_POSITION]))


def _sources(raster: Raster, weighted: bool) -> tuple[_Source, _Source | None, _Source]:
    """Return the values, the areas of cells, and the areas of cells that have data."""
    values = (
        _Source(raster, "value", raster.stored, raster.nodata)
        if raster.native
        else _Source(raster, "value", raster.read, None)
    )
    if not weighted:
        return values, None, values
    areas = _Source(raster, "area", raster.grid.cell_areas_m2, None)

    def with_data(row: int, col: int, height: int, width: int) -> NDArray[np.float64]:
        area = raster.grid.cell_areas_m2(row, col, height, width)
        return np.where(np.isnan(raster.read(row, col, height, width)), np.nan, area)

    return values, areas, _Source(raster, "data", with_data, None)
