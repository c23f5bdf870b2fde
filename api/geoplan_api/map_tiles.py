"""Rasters of the plan drawn as tiles: by a worker, as long as their files stay as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.model import Bbox
from geoplan.store.state import file_state, version_of

if TYPE_CHECKING:
    from geoplan.catalogue import Catalogue
    from geoplan.tiles import TileMatrixSet
    from geoplan_api.service import Service
    from geoplan_api.vector_tiles import Place

_LIMITS = "geoplan_api.work.drawing:limits"
_TILE = "geoplan_api.work.drawing:tile"


def raster_version(catalogue: Catalogue, raster_id: str) -> str:
    """Return a name of the state of a raster's file, and of how it is to be read."""
    entry = catalogue.raster(raster_id)
    state = version_of(file_state(catalogue.raster_path(raster_id)))
    return f"{state}#{entry.band}#{entry.nodata}"


_KEPT: dict[tuple[str, str, str], Bbox] = {}
_MOST = 256


async def raster_limits(service: Service, raster_id: str, grid: TileMatrixSet) -> Bbox:
    """Return the box around a raster in the CRS of a grid, kept while its file stays as it is.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    path = str(service.catalogue.raster_path(raster_id))
    key = (path, grid.id, raster_version(service.catalogue, raster_id))
    if key not in _KEPT:
        if len(_KEPT) >= _MOST:
            _KEPT.clear()
        _KEPT[key] = Bbox(*await service.computing.draw(_LIMITS, raster_id, grid.id))
    return _KEPT[key]


async def map_tile(service: Service, raster_id: str, place: Place) -> bytes:
    """Draw a tile of a raster as PNG.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    version = raster_version(service.catalogue, raster_id)
    drawn: bytes = await service.computing.draw(
        _TILE, raster_id, version, place.grid.id, tuple(place.box)
    )
    return drawn
