"""Which plane measures what: the only place that decides where metres come from.

An edge, in geoplan, is the straight line in the measuring plane between its projected end
points. The plane is the CGCS2000 3-degree Gauss-Krüger zone (EPSG code without zone prefix;
Anshan: EPSG:4550) for CGCS2000 and WGS 84 data inside China, and elsewhere a transverse
Mercator with k0 = 1 on the layer's own ellipsoid, on the nearest meridian divisible by three.
No datum is ever shifted: CGCS2000 and WGS 84 differ by less than a metre, and PROJ knows no
operation between them that moves a coordinate.

Layers and features may be wide. What reaches more than 1.6° from the meridian of the plane that
would measure it is cut at the borders of the 3-degree zones, and each part is measured in the
plane of its own zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS

from geoplan import meridians, vertices
from geoplan.degree_boxes import boxes_in_degrees, margin_deg, on_earth, that_may_meet
from geoplan.errors import CrsMismatch, FeatureTooWide
from geoplan.gauss_kruger import (
    NOT_TIED,
    ZONE_WIDTH_DEG,
    MeasuringPlane,
    geographic,
    nearest_meridian,
    plane_at,
    reproject,
    transformer,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

__all__ = [
    "MAX_OFFSET_DEG",
    "MAX_SPAN_DEG",
    "ZONE_WIDTH_DEG",
    "Extent",
    "InPlane",
    "MeasuringPlane",
    "extent_of",
    "geographic",
    "lonlat_bounds",
    "nearest_meridian",
    "plane_at",
    "planes_of",
    "refuse_beyond",
    "refuse_other_ground",
    "reproject",
    "shared_crs",
    "to_crs",
    "to_lonlat",
    "transformer",
    "whole_measure",
]

MAX_OFFSET_DEG = 1.6
"""How far a feature may reach from the meridian of its plane [degrees]."""

MAX_SPAN_DEG = 90.0
"""How wide a feature may be that is cut [degrees]; wider ones mostly cross the date line."""

Extent = tuple[float, float, float, float]
"""Least x and y, greatest x and y in the units of a CRS."""

HALF_ZONE_DEG = ZONE_WIDTH_DEG / 2.0
_WINDOW_PAD_DEG = 0.1
SAME_GROUND = (4490, 4326)
"""EPSG codes of CGCS2000 and WGS 84, which differ by less than a metre."""


def shared_crs(*layers: GeoDataFrame) -> CRS:
    """Return the CRS that all layers are in.

    Raises
    ------
    CrsMismatch
        A layer has no CRS, the layers differ, or theirs is not tied to the Earth.
    """
    known = [layer.crs for layer in layers]
    if any(crs is None for crs in known):
        raise CrsMismatch(
            "a layer has no CRS, so nothing can be measured: set the one its coordinates are in "
            "(GeoDataFrame.set_crs, or srs_id in the GeoPackage)"
        )
    first, *others = (CRS.from_user_input(crs) for crs in known)
    for other in others:
        if other != first:
            raise CrsMismatch(
                f"the layers are in different CRS, {first.name} and {other.name}: "
                f"reproject one first (GeoDataFrame.to_crs)"
            )
    if first.geodetic_crs is None or first.geodetic_crs.is_geocentric:
        raise CrsMismatch(NOT_TIED.format(first.name))
    return first


def to_crs(features: GeoDataFrame, target: CRS) -> GeoDataFrame:
    """Return features in another CRS; unlike GeoDataFrame.to_crs it keeps heights and measures."""
    if features.crs == target:
        return features
    shapes = reproject(features.geometry.to_numpy(), features.crs, target)
    return _with_shapes(features, shapes, target)


def _with_shapes(features: GeoDataFrame, shapes: NDArray[Any], crs: CRS) -> GeoDataFrame:
    from geopandas import GeoSeries

    return features.set_geometry(GeoSeries(shapes, index=features.index, crs=crs))


def to_lonlat(features: GeoDataFrame) -> GeoDataFrame:
    """Return features in longitude and latitude on their own datum, for drawing and GeoJSON.

    Heights are kept; measures, which GeoJSON has no place for, are left out.

    Raises
    ------
    CrsMismatch
        The features have no CRS.
    """
    target = geographic(shared_crs(features))
    shapes = features.geometry.to_numpy()
    if shapely.has_m(shapes).any():
        features = _with_shapes(features, vertices.without_measures(shapes), features.crs)
    return to_crs(features, target)


def lonlat_bounds(bounds: NDArray[np.float64], crs: CRS) -> tuple[float, float, float, float]:
    """Return west, south, east, north [degrees] of bounds in a CRS."""
    to_degrees = transformer(crs.to_wkt(), geographic(crs).to_wkt())
    xmin, ymin, xmax, ymax = map(float, bounds)
    return to_degrees.transform_bounds(xmin, ymin, xmax, ymax, densify_pts=21)


@dataclass(frozen=True)
class InPlane:
    """Located features of one layer, projected.

    Attributes
    ----------
    ids : ndarray, shape (n,)
        Their ids.
    geometries : ndarray of shapely geometries, shape (n,)
        In the plane [m].
    is_part : ndarray of bool, shape (n,)
        Where the geometry may be only a part of the feature, so that a measure of it is none
        of the whole (`whole_measure` is).
    """

    ids: NDArray[Any]
    geometries: NDArray[Any] = field(repr=False)
    is_part: NDArray[np.bool_] = field(repr=False)


def planes_of(
    left: GeoDataFrame,
    *others: GeoDataFrame,
    margin_m: float = 0.0,
    whole: bool = True,
    extent: Extent | None = None,
) -> Iterator[tuple[MeasuringPlane, InPlane, tuple[InPlane, ...]]]:
    """Split the features of layers so that all that may meet share a plane.

    When all the features of all the layers fit one plane, which is the rule for a city, there
    is one part. Otherwise each feature of `left` comes in the plane nearest to its middle,
    together with every feature of the others that may lie within the margin of one of them
    there. A feature of `left` that reaches more than 1.6° from that meridian is cut at the zone
    borders (meridian ± 1.5°, `geoplan.meridians`) and comes once in each plane it has a part
    in: whoever measures adds up by id. Features of the others are clipped to what can matter.

    Parameters
    ----------
    left, *others : GeoDataFrame
        Located features (no null, no empty geometry) in one CRS, indexed by id.
    margin_m : float, default 0
        How far from a feature of `left` those of the others still matter [m].
    whole : bool, default True
        False cuts every feature that crosses a zone border, so that each place is measured in
        the plane of its own zone, whichever layer is `left`.
    extent : tuple of float, optional
        Of layers that these are parts of (`extent_of`): so that parts of a question are measured
        in the planes of the whole. Otherwise that of the layers themselves.

    Yields
    ------
    MeasuringPlane, InPlane, tuple of InPlane
        The plane, the features of `left`, and those of each other layer.

    Raises
    ------
    FeatureTooWide
        What has to be cut spans more than 90° of longitude.
    InvalidGeometry
        A feature has coordinates that are no place on Earth, or cannot be cut.
    """
    crs = shared_crs(left, *others)
    if len(left) == 0:
        return
    plane = _one_plane_for_all(crs, extent_of(left, *others) if extent is None else extent)
    if plane is not None:
        projected = [_in_plane(plane, layer, crs) for layer in (left, *others)]
        yield plane, projected[0], tuple(projected[1:])
        return
    yield from _plane_by_plane(crs, left, others, margin_m, whole)


def extent_of(*layers: GeoDataFrame) -> Extent:
    """Return the box around located features of layers in one CRS, in its units."""
    boxes = np.array([layer.total_bounds for layer in layers if len(layer)])
    xmin, ymin = boxes[:, :2].min(axis=0)
    xmax, ymax = boxes[:, 2:].max(axis=0)
    return float(xmin), float(ymin), float(xmax), float(ymax)


def whole_measure(
    layer: GeoDataFrame,
    measure: Callable[[MeasuringPlane, NDArray[Any]], NDArray[np.float64]],
    extent: Extent | None = None,
) -> NDArray[np.float64]:
    """Return a measure of features that may be wider than a plane: the sum over their parts.

    Parameters
    ----------
    layer : GeoDataFrame
        Located features indexed by unique ids.
    measure : callable
        ``MeasuringPlane.area_m2`` or ``MeasuringPlane.length_m``.
    extent : tuple of float, optional
        As for `planes_of`.

    Returns
    -------
    ndarray of float, shape (n,)
        In the order of the layer.
    """
    total = np.zeros(len(layer))
    for plane, ours, _ in planes_of(layer, whole=False, extent=extent):
        total[layer.index.get_indexer(ours.ids)] += measure(plane, ours.geometries)
    return total


def _in_plane(plane: MeasuringPlane, layer: GeoDataFrame, crs: CRS) -> InPlane:
    geometries = plane.project(layer.geometry.to_numpy(), crs)
    return InPlane(layer.index.to_numpy(), geometries, np.zeros(len(layer), dtype=bool))


def _one_plane_for_all(crs: CRS, extent: Extent) -> MeasuringPlane | None:
    """Return the plane that all features in an extent fit, or None."""
    west, south, east, north = lonlat_bounds(np.array(extent), crs)
    if not on_earth(np.array([west, south, east, north])):
        return None
    plane = plane_at(crs, (west + east) / 2.0, (south + north) / 2.0)
    fits = west >= plane.meridian - MAX_OFFSET_DEG and east <= plane.meridian + MAX_OFFSET_DEG
    return plane if fits and west <= east else None


def _plane_by_plane(
    crs: CRS,
    left: GeoDataFrame,
    others: tuple[GeoDataFrame, ...],
    margin_m: float,
    whole: bool,
) -> Iterator[tuple[MeasuringPlane, InPlane, tuple[InPlane, ...]]]:
    mine = _Spread.of(left, crs)
    theirs = [_Spread.of(other, crs) for other in others]
    cut = mine.wide if whole else mine.straddling | mine.wide
    mine.refuse_spanning(cut)
    first = np.where(cut, mine.first_meridian, mine.meridian)
    last = np.where(cut, mine.last_meridian, mine.meridian)
    reach = [np.arange(a, b + 1.0, ZONE_WIDTH_DEG) for a, b in zip(first, last, strict=True)]
    for meridian in np.unique(np.concatenate(reach)):
        here = np.flatnonzero((first <= meridian) & (meridian <= last))
        latitude = float((mine.boxes[here, 1] + mine.boxes[here, 3]).mean() / 2.0)
        plane = plane_at(crs, float(meridian), latitude)
        ours, boxes = mine.in_plane(
            plane, here, cut[here], (meridian - HALF_ZONE_DEG, meridian + HALF_ZONE_DEG)
        )
        if len(boxes) == 0:
            continue
        parts = []
        for other in theirs:
            near = that_may_meet(boxes, other.boxes, margin_m)
            window = _window(plane.meridian, boxes, margin_m)
            beyond = (other.boxes[near, 0] < window[0]) | (other.boxes[near, 2] > window[1])
            clipped = beyond if whole else beyond | other.straddling[near]
            other.refuse_spanning(clipped, near)
            parts.append(other.in_plane(plane, near, clipped, window)[0])
        yield plane, ours, tuple(parts)


@dataclass(frozen=True)
class _Spread:
    """A layer spread over several zones, with the boxes of its features in degrees."""

    layer: GeoDataFrame
    crs: CRS
    boxes: NDArray[np.float64]

    @classmethod
    def of(cls, layer: GeoDataFrame, crs: CRS) -> _Spread:
        return cls(layer, crs, boxes_in_degrees(layer, crs))

    @property
    def meridian(self) -> NDArray[np.float64]:
        """The meridian nearest to the middle of each feature [degrees]."""
        return nearest_meridian((self.boxes[:, 0] + self.boxes[:, 2]) / 2.0)

    @property
    def first_meridian(self) -> NDArray[np.float64]:
        return nearest_meridian(self.boxes[:, 0])

    @property
    def last_meridian(self) -> NDArray[np.float64]:
        """The last meridian whose zone a feature reaches into; one on the border does not."""
        border = -nearest_meridian(-self.boxes[:, 2])
        return np.maximum(border, self.first_meridian)

    @property
    def wide(self) -> NDArray[np.bool_]:
        west = self.boxes[:, 0] < self.meridian - MAX_OFFSET_DEG
        return np.asarray(west | (self.boxes[:, 2] > self.meridian + MAX_OFFSET_DEG))

    @property
    def straddling(self) -> NDArray[np.bool_]:
        return np.asarray(self.first_meridian < self.last_meridian)

    def refuse_spanning(
        self, cut: NDArray[np.bool_], positions: NDArray[np.intp] | None = None
    ) -> None:
        """Refuse to cut what spans too much of the Earth for its edges to have a meaning."""
        which = np.arange(len(self.boxes)) if positions is None else positions
        west, _, east, _ = self.boxes[which].T
        wide = np.flatnonzero(cut & (east - west > MAX_SPAN_DEG))
        if len(wide):
            feature = self.layer.index[which[wide]].tolist()[0]
            raise FeatureTooWide(
                f"feature {feature!r} reaches from {west[wide[0]]:.3f}° to {east[wide[0]]:.3f}°, "
                f"more than {MAX_SPAN_DEG:g}° of longitude ({len(wide)} such): if it crosses the "
                f"date line, split it there; otherwise cut it into parts, or leave it out"
            )

    def in_plane(
        self,
        plane: MeasuringPlane,
        positions: NDArray[np.intp],
        cut: NDArray[np.bool_],
        strip: tuple[float, float],
    ) -> tuple[InPlane, NDArray[np.float64]]:
        """Return features in a plane, some cut to a strip [degrees], and their boxes [degrees]."""
        given = self.layer.geometry.to_numpy()[positions]
        geometries = np.empty(len(positions), dtype=object)
        geometries[~cut] = plane.project(given[~cut], self.crs)
        boxes = self.boxes[positions]
        if cut.any():
            target = geographic(self.crs)
            flat = np.asarray(shapely.force_2d(given[cut]), dtype=object)
            if self.crs != target:
                flat = reproject(flat, self.crs, target)
            parts = meridians.between(self._bent(flat, strip, plane), *strip)
            geometries[cut] = reproject(parts, target, plane.crs)
            boxes[cut] = shapely.bounds(parts)
        there = ~shapely.is_empty(geometries)
        ids = self.layer.index.to_numpy()[positions]
        return InPlane(ids[there], geometries[there], cut[there]), boxes[there]

    def _bent(
        self, flat: NDArray[Any], strip: tuple[float, float], plane: MeasuringPlane
    ) -> NDArray[Any]:
        """Return geometries in degrees with vertices at the strip's sides and the zone borders."""
        first, last = nearest_meridian(strip[0]), nearest_meridian(strip[1])
        borders = np.arange(
            float(first) - HALF_ZONE_DEG, float(last) + ZONE_WIDTH_DEG, ZONE_WIDTH_DEG
        )
        return meridians.bent(flat, sorted({*strip, *borders.tolist()}), plane.geod)


def _window(meridian: float, boxes: NDArray[np.float64], margin_m: float) -> tuple[float, float]:
    """Return west and east [degrees] of all that can matter to features with these boxes."""
    reach = MAX_OFFSET_DEG + _WINDOW_PAD_DEG + float(margin_deg(boxes, margin_m)[1].max())
    return meridian - reach, meridian + reach


def refuse_other_ground(one: CRS, other: CRS) -> None:
    """Refuse two CRS on different datums; CGCS2000 and WGS 84 count as one.

    Raises
    ------
    CrsMismatch
        What is in the one cannot be laid over what is in the other without a shift.
    """
    if one.srs == other.srs:
        return
    bases = geographic(one), geographic(other)
    if bases[0] != bases[1] and any(base.to_epsg() not in SAME_GROUND for base in bases):
        raise CrsMismatch(
            f"{one.name} and {other.name} are on different datums: bring both to CGCS2000 first"
        )


def refuse_beyond(plane: MeasuringPlane, box: NDArray[np.float64], what: str) -> None:
    """Refuse a box in degrees that a plane does not reach.

    Raises
    ------
    FeatureTooWide
        It reaches more than 1.6° from the meridian.
    """
    west, east = float(box[0]), float(box[2])
    if west < plane.meridian - MAX_OFFSET_DEG or east > plane.meridian + MAX_OFFSET_DEG:
        raise FeatureTooWide(
            f"{what} reaches from {west:.3f}° to {east:.3f}°, more than {MAX_OFFSET_DEG}° from "
            f"the meridian {plane.meridian:g}° that measures it: cut it into parts"
        )
