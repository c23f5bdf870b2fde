"""Rasters of the plan drawn as tiles, in a worker: GDAL is loaded there alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.model import Bbox
from geoplan.raster import picture
from geoplan.raster.looks import look_of
from geoplan.raster.picture import bounds_in
from geoplan.tiles import MATRIX_SETS
from geoplan.tiles.matrices import TILE_PIXELS
from geoplan_api.references import reference
from geoplan_api.work.plans import plan_of

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.raster import Raster
    from geoplan.raster.picture import Classes, Ramp


def limits(plan: str, raster_id: str, grid_id: str) -> tuple[float, ...]:
    """Return the box around a raster in the CRS of a grid.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    with plan_of(plan, None).open_raster(raster_id) as raster:
        return tuple(map(float, bounds_in(raster, reference(MATRIX_SETS[grid_id].crs).crs)))


def tile(plan: str, raster_id: str, version: str, grid_id: str, box: tuple[float, ...]) -> bytes:
    """Draw a tile of a raster as PNG.

    Parameters
    ----------
    plan, raster_id, grid_id : str
    version : str
        Of the raster's file: what is known of it is kept as long as that is the same.
    box : tuple of float
        Where the tile lies, in the CRS of the grid, x to the east.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    catalogue = plan_of(plan, None)
    with catalogue.open_raster(raster_id) as raster:
        look = _look(catalogue, raster_id, version, raster)
        crs = reference(MATRIX_SETS[grid_id].crs).crs
        return picture.picture(raster, crs, Bbox(*box), TILE_PIXELS, look)


_SPANS: dict[tuple[str, str], tuple[float, float]] = {}


def _look(catalogue: Catalogue, raster_id: str, version: str, raster: Raster) -> Ramp | Classes:
    """Return the colours of a raster; those of a measured one run over its own range."""
    key = (raster_id, version)
    entry = catalogue.raster(raster_id)
    if not entry.categories and key not in _SPANS:
        _SPANS[key] = picture.span_of(raster)
    return look_of(entry, raster, _SPANS.get(key))
