"""Where on paper a place of the plan's plane is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from pyproj import CRS

from geoplan.crs import geographic, transformer

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNIT = 0.01
"""What shapes are drawn in [mm]: whole numbers of it make a short document."""

PX = 20.0
"""What a pixel of ``symbols.toml`` is on paper [UNIT]: 0.2 mm, since paper is held closer."""

_STEPS = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 6.0, 7.5, 8.0, 10.0)


@dataclass(frozen=True)
class View:
    """The piece of the plane that a field of a sheet shows.

    Attributes
    ----------
    centre : tuple of float
        x east, y north [m].
    scale : float
        N of 1:N.
    field : tuple of float
        Left, top, width, height on the sheet [mm].
    """

    crs: CRS
    centre: tuple[float, float]
    scale: float
    field: tuple[float, float, float, float]

    @property
    def metres(self) -> float:
        """Metres of ground in a millimetre of paper."""
        return self.scale / 1000.0

    @property
    def box(self) -> tuple[float, float, float, float]:
        """West, south, east, north of what is shown [m]."""
        x, y = self.centre
        wide, high = (side * self.metres / 2.0 for side in self.field[2:])
        return x - wide, y - high, x + wide, y + high

    def units(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places on the field, from its upper left corner, y down [UNIT]."""
        west, _, _, north = self.box
        moved = np.column_stack([at[:, 0] - west, north - at[:, 1]])
        return np.asarray(moved / (self.metres * UNIT), dtype=np.float64)

    def paper(self, at: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return places on the sheet [mm]."""
        return np.asarray(self.units(at) * UNIT + np.array(self.field[:2]), dtype=np.float64)

    def clipped(self, shapes: NDArray[np.object_], margin_mm: float) -> NDArray[np.object_]:
        """Cut shapes to the field and a margin round it, in which no outline shows."""
        away = margin_mm * self.metres
        west, south, east, north = self.box
        bounds = west - away, south - away, east + away, north + away
        boxes = shapely.bounds(shapes)
        across = (boxes[:, :2] < bounds[:2]).any(axis=1) | (boxes[:, 2:] > bounds[2:]).any(axis=1)
        if not across.any():
            return shapes
        done = shapes.copy()
        done[across] = shapely.clip_by_rect(shapes[across], *bounds)
        return done


def view_of(
    crs: CRS,
    bounds: tuple[float, float, float, float],
    field: tuple[float, float, float, float],
    scale: float | None,
) -> View:
    """Return a view of bounds [m]: at a scale, or at the largest round one that fits."""
    west, south, east, north = bounds
    needed = max((east - west) / field[2], (north - south) / field[3], 0.05) * 1000.0
    centre = (west + east) / 2.0, (south + north) / 2.0
    return View(crs, centre, scale or _round_scale(needed), field)


def _round_scale(needed: float) -> float:
    power = 10.0 ** math.floor(math.log10(needed))
    return next(step * power for step in _STEPS if step * power >= needed * (1 - 1e-9))


def bounds_in(
    crs: CRS, extent: tuple[float, float, float, float]
) -> tuple[float, float, float, float]:
    """Return what a box in degrees spans in the plane [m]."""
    west, south, east, north = extent
    rim = shapely.segmentize(shapely.box(west, south, east, north), (east - west) / 16 or 1.0)
    at = shapely.get_coordinates(rim)
    x, y = transformer(geographic(crs).srs, crs.srs).transform(at[:, 0], at[:, 1])
    return float(x.min()), float(y.min()), float(x.max()), float(y.max())
