"""Rasters of the plan drawn as tiles.

GDAL is imported when the first tile is asked for, never by the service at its start; what uses
it stands behind `in_background`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from anyio import to_thread

from geoplan.model import Bbox
from geoplan.store.state import file_state, version_of
from geoplan.symbols import ramps
from geoplan.tiles.matrices import TILE_PIXELS
from geoplan_api.references import reference

if TYPE_CHECKING:
    from collections.abc import Callable

    from geoplan.catalogue import Catalogue
    from geoplan.raster import Raster
    from geoplan.raster.picture import Classes, Ramp
    from geoplan.tiles import TileMatrixSet
    from geoplan_api.service import Service
    from geoplan_api.vector_tiles import Place

    T = TypeVar("T")

_PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB")
"""For classes whose colour the plan does not say, in their order."""


async def in_background(service: Service, work: Callable[[], T]) -> T:
    """Run what uses GDAL beside the event loop, few at a time."""
    return await to_thread.run_sync(work, limiter=service.drawing)


def raster_version(catalogue: Catalogue, raster_id: str) -> str:
    """Return a name of the state of a raster's file."""
    return version_of(file_state(catalogue.raster_path(raster_id)))


def raster_limits(catalogue: Catalogue, raster_id: str, grid: TileMatrixSet) -> Bbox:
    """Return the box around a raster in the CRS of a grid, kept while its file stays as it is.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    from geoplan.raster.picture import bounds_in

    def find() -> Bbox:
        with catalogue.open_raster(raster_id) as raster:
            return Bbox(*bounds_in(raster, reference(grid.crs).crs))

    return _kept(catalogue, raster_id, grid.id, find)


def map_tile(catalogue: Catalogue, raster_id: str, place: Place) -> bytes:
    """Draw a tile of a raster as PNG.

    Raises
    ------
    FileUnreadable, DisguisedFile, CrsUnknown, RasterInvalid, TooLarge
        Its file cannot be taken.
    """
    from geoplan.raster.picture import picture

    with catalogue.open_raster(raster_id) as raster:
        look = _look(catalogue, raster_id, raster)
        crs = reference(place.grid.crs).crs
        return picture(raster, crs, place.box, TILE_PIXELS, look)


def _look(catalogue: Catalogue, raster_id: str, raster: Raster) -> Ramp | Classes:
    """Return the colours of a raster; those of a measured one run over its own range."""
    from geoplan.raster import picture

    entry = catalogue.raster(raster_id)
    if entry.categories:
        return picture.classes(
            {
                value: category.colour or _PALETTE[at % len(_PALETTE)]
                for at, (value, category) in enumerate(sorted(entry.categories.items()))
            }
        )
    span = _kept(catalogue, raster_id, "span", lambda: picture.span_of(raster))
    return picture.ramp(ramps().get(entry.kind, ramps()["other"]), span)


_KEPT: dict[tuple[str, str, str], Any] = {}
_MOST = 256


def _kept(catalogue: Catalogue, raster_id: str, what: str, find: Callable[[], T]) -> T:
    """Return what is known of a raster, found once while its file stays as it is."""
    path, entry = catalogue.raster_path(raster_id), catalogue.raster(raster_id)
    key = (f"{path}#{entry.band}#{entry.nodata}", what, raster_version(catalogue, raster_id))
    kept: T | None = _KEPT.get(key)
    if kept is not None:
        return kept
    found = find()
    if len(_KEPT) >= _MOST:
        _KEPT.clear()
    _KEPT[key] = found
    return found
