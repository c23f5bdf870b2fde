"""The boxes of features in degrees: which features may be near each other, before any plane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.errors import InvalidGeometry
from geoplan.gauss_kruger import geographic, reproject

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

_METRES_PER_DEGREE = 110_500.0  # of latitude, the least there is


def boxes_in_degrees(layer: GeoDataFrame, crs: CRS) -> NDArray[np.float64]:
    """Return the boxes of features in degrees, shape (n, 4)."""
    geometries = layer.geometry.to_numpy()
    target = geographic(crs)
    if crs != target:
        geometries = reproject(shapely.force_2d(geometries), crs, target)
    boxes = np.asarray(shapely.bounds(geometries), dtype=float)
    off = np.flatnonzero(~on_earth(boxes))
    if len(off):
        raise InvalidGeometry(
            f"feature {layer.index[off].tolist()[0]!r} has coordinates that are no place on Earth "
            f"in {crs.name} ({len(off)} such): check the CRS of the layer, and that x is east or "
            f"longitude and y is north or latitude"
        )
    return boxes


def reaching_boxes(
    boxes: NDArray[np.float64], margin_m: float | NDArray[np.float64] = 0.0
) -> NDArray[Any]:
    """Return boxes in degrees, shape (n, 4), that hold all within a distance of their features.

    A straight edge of the plane leaves the box that its ends have in degrees by less than half
    a per cent of its length; room is left for that.
    """
    return _grown(boxes, *margin_deg(boxes, margin_m))


def that_may_meet(
    boxes: NDArray[np.float64], candidates: NDArray[np.float64], margin_m: float
) -> NDArray[np.intp]:
    """Return which candidate boxes meet any of the boxes, with room for edges that bulge.

    A straight edge of the plane leaves the box that its ends have in degrees by at most
    D² tan(latitude) / 8R, less than half a per cent of its length D within 1.6°.
    """
    if len(candidates) == 0:
        return np.empty(0, dtype=np.intp)
    tree = shapely.STRtree(_grown(boxes, *margin_deg(boxes, margin_m)))
    hits, _ = tree.query(_grown(candidates, 0.0, 0.0))
    return np.unique(hits)


def margin_deg(
    boxes: NDArray[np.float64], margin_m: float | NDArray[np.float64]
) -> tuple[float | NDArray[np.float64], NDArray[np.float64]]:
    """Return a margin in degrees of latitude, and of longitude at each box; never too small."""
    north = margin_m / _METRES_PER_DEGREE
    furthest = np.minimum(np.abs(boxes[:, [1, 3]]).max(axis=1) + north, 89.0)
    return north, np.minimum(north / np.cos(np.radians(furthest)), 180.0)


def on_earth(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes in degrees, shape (..., 4), are finite and in range."""
    # infinite and NaN compare false
    limits = np.array([360.0, 90.0, 360.0, 90.0]) + 1e-9
    return np.asarray((np.abs(boxes) <= limits).all(axis=-1))


def _grown(
    boxes: NDArray[np.float64],
    north_deg: float | NDArray[np.float64],
    east_deg: float | NDArray[np.float64],
) -> NDArray[Any]:
    west, south, east, north = boxes.T
    bulge = 0.01 * np.maximum(east - west, north - south) + 1e-6
    x, y = bulge + east_deg, bulge + north_deg
    return np.asarray(shapely.box(west - x, south - y, east + x, north + y), dtype=object)
