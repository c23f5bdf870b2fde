"""How the rasters of a plan look: the colours of classes, or a ramp over measured values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.raster.picture import classes, ramp, span_of
from geoplan.symbols import ramps

if TYPE_CHECKING:
    from geoplan.model import RasterLayer
    from geoplan.raster.picture import Classes, Ramp
    from geoplan.raster.source import Raster

_PALETTE = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#BBBBBB")
"""For classes whose colour the plan does not say, in their order."""


def look_of(
    entry: RasterLayer, raster: Raster, span: tuple[float, float] | None = None
) -> Ramp | Classes:
    """Return the colours of a raster, the same in tiles, pages and sheets.

    Parameters
    ----------
    span : tuple of float, optional
        Lowest and highest value of a measured raster; those of a sample where not given.
    """
    if entry.categories:
        return classes(
            {
                value: category.colour or _PALETTE[at % len(_PALETTE)]
                for at, (value, category) in enumerate(sorted(entry.categories.items()))
            }
        )
    return ramp(ramps().get(entry.kind, ramps()["other"]), span or span_of(raster))
