"""Between the CRS that a layer is stored in and the one that a client asks for.

An edge of a feature, in an answer of the service, is the straight line between its vertices in
the CRS of the answer: what a client sees. A box is tested against that, in the CRS of the box.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Transformer

from geoplan import vertices
from geoplan.errors import MalformedGeometry, TableInvalid
from geoplan.model import Bbox

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from geoplan.model import Layer
    from geoplan.store.table_now import TableNow
    from geoplan.store.whereabouts import Extent
    from geoplan_api.references import Reference

_MARGIN = 0.01
_ROUNDING = 1e-9
_EARTH_RADIUS_M = 6.35e6
_METRES_OF_DEGREE = 111_700.0
_STEEPEST = 85.0
_KNOWN = ("Transverse Mercator", "Popular Visualisation Pseudo Mercator", "Mercator")


@dataclass(frozen=True)
class Way:
    """The way from a storage CRS to another and back; x is east, y is north in both.

    Attributes
    ----------
    same : bool
        Whether coordinates stay as they are.
    """

    there: Transformer
    back: Transformer
    stored: CRS
    asked: CRS
    same: bool

    def project(self, geometries: NDArray[Any]) -> NDArray[Any]:
        """Return geometries in the CRS of the answer; heights stay, measures are dropped.

        Raises
        ------
        MalformedGeometry
            A coordinate is not finite, before or after.
        """
        return vertices.moved(vertices.without_measures(geometries), self.move)

    @property
    def move_if_any(self) -> Callable[[NDArray[np.float64]], NDArray[np.float64]] | None:
        """How coordinates are moved; None when they stay as they are."""
        return None if self.same else self.move

    def move(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates, shape (n, 2), in the CRS of the answer.

        Raises
        ------
        MalformedGeometry
            A coordinate is not finite, before or after.
        """
        moved = xy
        if not self.same:
            moved = np.column_stack(self.there.transform(xy[:, 0], xy[:, 1]))
        if not np.isfinite(moved).all():
            raise MalformedGeometry("a coordinate has no place in the CRS asked for")
        return moved

    def move_back(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates of the asked CRS, shape (n, 2), in the stored one; not all finite."""
        if self.same:
            return xy
        return np.column_stack(self.back.transform(xy[:, 0], xy[:, 1]))

    def storage_boxes(self, box: Bbox, extent: Extent) -> tuple[Bbox, Bbox | None] | None:
        """Return two boxes in the storage CRS for one in the CRS of the answer.

        Parameters
        ----------
        box : Bbox
            Within the extent of the layer, so that it can be projected well.
        extent : Extent
            Where the layer's features lie, and how long their edges can be.

        Returns
        -------
        tuple of Bbox, or None
            The outer one: all features that meet the box meet it. The inner one: all features
            within it lie in the box; None where there is none. No boxes at all when the box
            cannot be projected: then every feature is a candidate.
        """
        if self.same:
            return box, box
        edges = np.array(self.back.transform_bounds(*box, densify_pts=21))
        bend = self.bend(extent)
        if not (np.isfinite(edges).all() and np.isfinite(bend)):
            return None
        xmin, ymin, xmax, ymax = (float(edge) for edge in edges)
        size = max(xmax - xmin, ymax - ymin)
        grow = _MARGIN * size + 2.0 * bend + _ROUNDING * float(np.abs(edges).max())
        outer = Bbox(xmin - grow, ymin - grow, xmax + grow, ymax + grow)
        return outer, self._inner(box, grow)

    def _inner(self, box: Bbox, shrink: float) -> Bbox | None:
        """Return a box in the storage CRS whose every point lies in a box of the answer's."""
        along = np.linspace(0.0, 1.0, 22)
        x, y = box.xmin + along * (box.xmax - box.xmin), box.ymin + along * (box.ymax - box.ymin)
        still = np.ones_like(along)
        sides = [
            self.back.transform(x_, y_)
            for x_, y_ in (
                (box.xmin * still, y),
                (x, box.ymin * still),
                (box.xmax * still, y),
                (x, box.ymax * still),
            )
        ]
        west, south = float(np.max(sides[0][0])), float(np.max(sides[1][1]))
        east, north = float(np.min(sides[2][0])), float(np.min(sides[3][1]))
        west, south, east, north = west + shrink, south + shrink, east - shrink, north - shrink
        if not (math.isfinite(west + south + east + north) and west < east and south < north):
            return None
        return Bbox(west, south, east, north)

    def extent(self, extent: Extent, margin: float = _MARGIN) -> Bbox | None:
        """Return a box in the CRS of the answer that holds all features; None without any."""
        if extent.box is None or self.same:
            return extent.box
        edges = np.array(self.there.transform_bounds(*extent.box, densify_pts=21))
        if not np.isfinite(edges).all():
            raise MalformedGeometry("a coordinate has no place in the CRS asked for")
        xmin, ymin, xmax, ymax = (float(edge) for edge in edges)
        grow = margin * max(xmax - xmin, ymax - ymin)
        return Bbox(xmin - grow, ymin - grow, xmax + grow, ymax + grow)

    def bend(self, extent: Extent) -> float:
        """Return how far an edge straight in one CRS can leave it in the other, at most.

        A straight line of one of the projections used for plans, or of degrees, curves in
        another of them by no more than (2 + 2 tan φ) / R: parallels by tan φ / R, the rest by
        less. Over a length L that is an arrow of L² / 8 times as much.

        Parameters
        ----------
        extent : Extent
            Of the layer, in its storage CRS.

        Returns
        -------
        float
            In units of the storage CRS; infinity where no bound is known.
        """
        if self.same or extent.box is None:
            return 0.0
        stored, asked = self.stored, self.asked
        if not all(_is_known(crs) for crs in (stored, asked)):
            return math.inf
        unit = _METRES_OF_DEGREE if stored.is_geographic else _metres(stored)
        length = math.sqrt(2.0) * extent.longest * unit
        latitudes = self._latitudes(extent.box)
        steepest = float(np.abs(latitudes).max()) if np.isfinite(latitudes).all() else 90.0
        if steepest > _STEEPEST:
            return math.inf
        slope = math.radians(steepest)
        arrow = length**2 * (2.0 + 2.0 * math.tan(slope)) / (8.0 * _EARTH_RADIUS_M)
        both = 1.0 if stored.is_geographic or asked.is_geographic else 2.0
        return both * arrow / (unit * math.cos(slope))

    def _latitudes(self, box: Bbox) -> NDArray[np.float64]:
        crs = self.stored
        if crs.is_geographic:
            return np.array([box.ymin, box.ymax])
        degrees = _way(crs, CRS.from_user_input("OGC:CRS84")).there
        return np.array(degrees.transform_bounds(*box, densify_pts=21))[[1, 3]]


def way(stored: CRS, asked: Reference) -> Way:
    """Return the way from a CRS to the one that a client asks for."""
    # a CRS is hashed by its whole definition, which costs more than reading a feature
    key = (id(stored), asked.uri)
    if key not in _WAYS:
        _WAYS[key] = (stored, _way(stored, asked.crs))
    return _WAYS[key][1]


def degrees(asked: Reference) -> Way:
    """Return the way from a CRS to degrees on its own datum, which PROJ finds at once."""
    key = (id(asked.crs), "degrees")
    if key not in _WAYS:
        geodetic = asked.crs.geodetic_crs
        assert geodetic is not None  # noqa: S101 - every CRS of `references` has one
        _WAYS[key] = (asked.crs, _way(asked.crs, geodetic))
    return _WAYS[key][1]


def way_of(layer: Layer, table: TableNow, asked: Reference) -> Way:
    """Return the way from a layer's CRS to the one asked for.

    Raises
    ------
    TableInvalid
        The layer has no CRS.
    """
    if table.crs is None or table.crs.geodetic_crs is None:
        raise TableInvalid(
            f"layer {layer.id!r} has no CRS that is tied to the Earth, so it cannot be given in "
            f"longitude and latitude: set the one its coordinates are in"
        )
    return way(table.crs, asked)


_WAYS: dict[tuple[int, str], tuple[CRS, Way]] = {}
"""Ways by identity of the stored CRS, which is held so that its identity stays its own."""


@cache
def _way(stored: CRS, asked: CRS) -> Way:
    there = Transformer.from_crs(stored, asked, always_xy=True)
    back = Transformer.from_crs(asked, stored, always_xy=True)
    same = stored == asked or there.definition.startswith("proj=noop")
    return Way(there, back, stored, asked, same)


def _is_known(crs: CRS) -> bool:
    if crs.is_geographic:
        return True
    operation = crs.coordinate_operation
    return operation is not None and any(operation.method_name.startswith(name) for name in _KNOWN)


def _metres(crs: CRS) -> float:
    return float(crs.axis_info[0].unit_conversion_factor)


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
