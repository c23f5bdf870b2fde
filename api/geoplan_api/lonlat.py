"""Between the CRS that a layer is stored in and CRS84, longitude and latitude on WGS 84.

An edge of a feature, in an answer of the service, is the straight line between its vertices in
degrees: what a client of GeoJSON sees. A box in degrees is tested against that.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from geoplan import vertices
from geoplan.errors import MalformedGeometry
from geoplan.model import Bbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_MARGIN = 0.01
_ROUNDING = 1e-9


@dataclass(frozen=True)
class LonLat:
    """The way from a storage CRS to CRS84 and back; x is east, y is north in both."""

    to_degrees: Transformer
    to_storage: Transformer

    def project(self, geometries: NDArray[Any]) -> NDArray[Any]:
        """Return geometries in degrees; heights stay as they are, measures are dropped.

        Raises
        ------
        MalformedGeometry
            A coordinate is not finite, before or after.
        """
        return vertices.moved(vertices.without_measures(geometries), self._move)

    def _move(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = np.column_stack(self.to_degrees.transform(xy[:, 0], xy[:, 1]))
        if not np.isfinite(moved).all():
            raise MalformedGeometry("a coordinate has no longitude and latitude")
        return moved

    def storage_box(self, box: Bbox, bulge: float) -> Bbox | None:
        """Return a box in the storage CRS that all features meet which meet a box in degrees.

        Parameters
        ----------
        box : Bbox
            In degrees, within the extent of the layer, so that it can be projected well.
        bulge : float
            How far the edges of the layer's features leave the straight lines of the storage
            CRS [its units].

        Returns
        -------
        Bbox or None
            None when the box cannot be projected: then every feature is a candidate.
        """
        edges = np.array(self.to_storage.transform_bounds(*box, densify_pts=21))
        if not np.isfinite(edges).all() or not np.isfinite(bulge):
            return None
        xmin, ymin, xmax, ymax = (float(edge) for edge in edges)
        size = max(xmax - xmin, ymax - ymin)
        grow = _MARGIN * size + 2.0 * bulge + _ROUNDING * float(np.abs(edges).max())
        return Bbox(xmin - grow, ymin - grow, xmax + grow, ymax + grow)

    def bulge(self, stored: NDArray[Any], degrees: NDArray[Any]) -> float:
        """Return how far edges that are straight in degrees leave the stored ones, at most.

        Parameters
        ----------
        stored, degrees : ndarray of shapely geometries
            The same ones, in the storage CRS and in degrees.

        Returns
        -------
        float
            The largest distance between middles of edges [units of the storage CRS].
        """
        here, owner = shapely.get_coordinates(stored, return_index=True)
        there = shapely.get_coordinates(degrees)
        edge = owner[1:] == owner[:-1]
        if not edge.any():
            return 0.0
        middle = ((there[1:] + there[:-1]) / 2.0)[edge]
        straight = ((here[1:] + here[:-1]) / 2.0)[edge]
        x, y = self.to_storage.transform(middle[:, 0], middle[:, 1])
        distance = np.hypot(x - straight[:, 0], y - straight[:, 1])
        return float(distance.max()) if np.isfinite(distance).all() else float("inf")


@cache
def lonlat(crs: CRS) -> LonLat:
    """Return the way between a CRS and CRS84."""
    degrees = CRS.from_user_input("OGC:CRS84")
    return LonLat(
        Transformer.from_crs(crs, degrees, always_xy=True),
        Transformer.from_crs(degrees, crs, always_xy=True),
    )


def crs_name(crs: CRS | None) -> str:
    """Name a CRS by its EPSG code, else in its own words."""
    if crs is None:
        return "–"
    code = crs.to_epsg()
    return crs.name if code is None else f"EPSG:{code}"


def area_of(boxes: tuple[Bbox, ...]) -> Any:
    """Return boxes as one prepared geometry; a box without area is a line or a point."""
    area = shapely.union_all([_shape(box) for box in boxes]) if len(boxes) > 1 else _shape(boxes[0])
    shapely.prepare(area)
    return area


def _shape(box: Bbox) -> Any:
    southwest, northeast = (box.xmin, box.ymin), (box.xmax, box.ymax)
    if southwest == northeast:
        return shapely.Point(southwest)
    if box.xmin == box.xmax or box.ymin == box.ymax:
        return shapely.LineString([southwest, northeast])
    return shapely.box(*box)


def overlap(left: Bbox, right: Bbox) -> Bbox | None:
    """Return what two boxes share, edges included."""
    west, south = max(left.xmin, right.xmin), max(left.ymin, right.ymin)
    east, north = min(left.xmax, right.xmax), min(left.ymax, right.ymax)
    return Bbox(west, south, east, north) if west <= east and south <= north else None
