"""Which plane measures what: the only place that decides where metres come from.

An edge, in geoplan, is the straight line in the measuring plane between its projected end
points. The plane is the CGCS2000 3-degree Gauss-Krüger zone (EPSG code without zone prefix;
Anshan: EPSG:4550) for CGCS2000 and WGS 84 data inside China, and elsewhere a transverse
Mercator with k0 = 1 on the layer's own ellipsoid, on the nearest meridian divisible by three.
No datum is ever shifted: CGCS2000 and WGS 84 differ by less than a metre, and PROJ knows no
operation between them that moves a coordinate.

A layer may be as wide as it likes. A feature must lie within 1.6° of the meridian of the plane
that measures it; beyond that it is refused by its id.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from geoplan import ellipsoid, vertices
from geoplan.errors import CrsMismatch, FeatureTooWide, InvalidGeometry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

MAX_OFFSET_DEG = 1.6
"""How far a feature may reach from the meridian of its plane [degrees]."""

ZONE_WIDTH_DEG = 3.0

_NOT_TIED = "{} has no map coordinates tied to the Earth: georeference the layer first"
_CGCS2000, _WGS84 = 4490, 4326
_CHINA_MERIDIANS = (75.0, 135.0)
_EPSG_OF_75E = 4534


@dataclass(frozen=True)
class MeasuringPlane:
    """A Gauss-Krüger plane: metres to compute in, and the ellipsoid to report on.

    Attributes
    ----------
    crs : pyproj.CRS
        The projected CRS, false easting 500 000 m, k0 = 1.
    meridian : float
        Its central meridian [degrees].
    """

    crs: CRS
    meridian: float

    @property
    def name(self) -> str:
        """The authority code where there is one, else the plane in words."""
        return plane_name(self.crs, self.meridian)

    @cached_property
    def geod(self) -> Geod:
        """The plane's ellipsoid."""
        geod = self.crs.get_geod()
        assert geod is not None, "a projected CRS has an ellipsoid"  # noqa: S101 - for the type
        return geod

    def project(self, geometries: NDArray[Any], crs: CRS) -> NDArray[Any]:
        """Return geometries of `crs` in this plane, without heights."""
        flat = shapely.force_2d(geometries)
        if crs == self.crs:
            return np.asarray(flat, dtype=object)
        return reproject(np.asarray(flat, dtype=object), crs, self.crs)

    def area_m2(self, geometries: NDArray[Any]) -> NDArray[np.float64]:
        """Return areas on the ellipsoid [m²] of polygons in this plane."""
        return ellipsoid.area_m2(geometries, self.geod)

    def length_m(self, geometries: NDArray[Any]) -> NDArray[np.float64]:
        """Return lengths on the ellipsoid [m] of lines in this plane."""
        return ellipsoid.length_m(geometries, self.geod)


@cache
def plane_name(crs: CRS, meridian: float) -> str:
    """Name a plane for a run record."""
    code = crs.to_epsg()
    if code is not None:
        return f"EPSG:{code}"
    ellipsoid_name = crs.ellipsoid.name if crs.ellipsoid else "unnamed ellipsoid"
    return f"transverse Mercator at {meridian:g}°, k0 = 1, {ellipsoid_name}"


def reproject(geometries: NDArray[Any], source: CRS, target: CRS) -> NDArray[Any]:
    """Return geometries in another CRS, x east and y north in both; Z and M stay as they are."""
    transformer = _transformer(source.to_wkt(), target.to_wkt())

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(xy[:, 0], xy[:, 1]))

    return vertices.moved(geometries, move)


def to_crs(features: GeoDataFrame, target: CRS) -> GeoDataFrame:
    """Return features in another CRS; unlike GeoDataFrame.to_crs it keeps heights and measures."""
    if features.crs == target:
        return features
    shapes = reproject(features.geometry.to_numpy(), features.crs, target)
    return _with_shapes(features, shapes, target)


def _with_shapes(features: GeoDataFrame, shapes: NDArray[Any], crs: CRS) -> GeoDataFrame:
    from geopandas import GeoSeries

    return features.set_geometry(GeoSeries(shapes, index=features.index, crs=crs))


@cache
def _transformer(source: str, target: str) -> Transformer:
    return Transformer.from_crs(CRS.from_wkt(source), CRS.from_wkt(target), always_xy=True)


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
        raise CrsMismatch(_NOT_TIED.format(first.name))
    return first


def geographic(crs: CRS) -> CRS:
    """Return the longitude/latitude CRS on the same datum."""
    base = crs.geodetic_crs
    if base is None or base.is_geocentric:
        raise CrsMismatch(_NOT_TIED.format(crs.name))
    return base


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
    to_degrees = _transformer(crs.to_wkt(), geographic(crs).to_wkt())
    xmin, ymin, xmax, ymax = map(float, bounds)
    return to_degrees.transform_bounds(xmin, ymin, xmax, ymax, densify_pts=21)


def plane_at(crs: CRS, lon: float, lat: float) -> MeasuringPlane:
    """Return the plane that measures data of `crs` near a place.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS of the data.
    lon, lat : float
        The place [degrees], on the data's datum.

    Examples
    --------
    >>> plane_at(CRS(4490), 122.99, 41.11).name
    'EPSG:4550'
    """
    meridian = float(nearest_meridian(lon))
    base = geographic(crs)
    if base.to_epsg() in (_CGCS2000, _WGS84) and _in_china(meridian, lat):
        zone = _EPSG_OF_75E + round((meridian - _CHINA_MERIDIANS[0]) / ZONE_WIDTH_DEG)
        return MeasuringPlane(_from_epsg(zone), meridian)
    return MeasuringPlane(_transverse_mercator(base.to_wkt(), meridian), meridian)


def nearest_meridian(lon: NDArray[np.float64] | float) -> NDArray[np.float64]:
    """Return the meridian divisible by three that is nearest to each longitude [degrees]."""
    return np.asarray(ZONE_WIDTH_DEG * np.floor(np.asarray(lon) / ZONE_WIDTH_DEG + 0.5))


@cache
def _from_epsg(code: int) -> CRS:
    return CRS.from_epsg(code)


@cache
def _transverse_mercator(base: str, meridian: float) -> CRS:
    return ProjectedCRS(
        conversion=TransverseMercatorConversion(
            longitude_natural_origin=meridian, false_easting=ellipsoid.FALSE_EASTING_M
        ),
        name=f"transverse Mercator at {meridian:g}°",
        geodetic_crs=CRS.from_wkt(base),
    )


def _in_china(meridian: float, lat: float) -> bool:
    """Tell whether EPSG has a zone on this meridian whose area of use spans the latitude."""
    if not _CHINA_MERIDIANS[0] <= meridian <= _CHINA_MERIDIANS[1]:
        return False
    zone = _EPSG_OF_75E + round((meridian - _CHINA_MERIDIANS[0]) / ZONE_WIDTH_DEG)
    area = _from_epsg(zone).area_of_use
    return area is not None and area.south <= lat <= area.north


@dataclass(frozen=True)
class InPlane:
    """Located features of one layer, projected.

    Attributes
    ----------
    ids : ndarray, shape (n,)
        Their ids.
    geometries : ndarray of shapely geometries, shape (n,)
        In the plane [m].
    """

    ids: NDArray[Any]
    geometries: NDArray[Any] = field(repr=False)


def planes_of(
    left: GeoDataFrame, *others: GeoDataFrame
) -> Iterator[tuple[MeasuringPlane, InPlane, tuple[InPlane, ...]]]:
    """Split the features of layers so that all that may meet share a plane.

    Each feature of `left` comes exactly once, in the plane nearest to its middle, together
    with every feature of the others that may meet one of them there. When all the features
    of all the layers fit one plane, which is the rule for a city, there is one part.

    Parameters
    ----------
    left, *others : GeoDataFrame
        Located features (no null, no empty geometry) in one CRS, indexed by id.

    Yields
    ------
    MeasuringPlane, InPlane, tuple of InPlane
        The plane, the features of `left`, and those of each other layer.

    Raises
    ------
    FeatureTooWide
        A feature that takes part reaches more than 1.6° from the meridian.
    InvalidGeometry
        A feature has coordinates that are no place on Earth.
    """
    crs = shared_crs(left, *others)
    if len(left) == 0:
        return
    plane = _one_plane_for_all(crs, (left, *others))
    if plane is not None:
        projected = [_in_plane(plane, layer, crs) for layer in (left, *others)]
        yield plane, projected[0], tuple(projected[1:])
        return
    yield from _plane_by_plane(crs, left, others)


def _in_plane(plane: MeasuringPlane, layer: GeoDataFrame, crs: CRS) -> InPlane:
    return InPlane(layer.index.to_numpy(), plane.project(layer.geometry.to_numpy(), crs))


def _one_plane_for_all(crs: CRS, layers: tuple[GeoDataFrame, ...]) -> MeasuringPlane | None:
    """Return the plane that all features fit, judged by the layers' boxes, or None."""
    boxes = np.array([layer.total_bounds for layer in layers if len(layer)])
    xmin, ymin = boxes[:, :2].min(axis=0)
    xmax, ymax = boxes[:, 2:].max(axis=0)
    west, south, east, north = lonlat_bounds(np.array([xmin, ymin, xmax, ymax]), crs)
    if not _on_earth(np.array([west, south, east, north])):
        return None
    plane = plane_at(crs, (west + east) / 2.0, (south + north) / 2.0)
    fits = west >= plane.meridian - MAX_OFFSET_DEG and east <= plane.meridian + MAX_OFFSET_DEG
    return plane if fits and west <= east else None


def _plane_by_plane(
    crs: CRS, left: GeoDataFrame, others: tuple[GeoDataFrame, ...]
) -> Iterator[tuple[MeasuringPlane, InPlane, tuple[InPlane, ...]]]:
    boxes = _lonlat_boxes(left, crs)
    meridians = nearest_meridian((boxes[:, 0] + boxes[:, 2]) / 2.0)
    other_boxes = [_lonlat_boxes(other, crs) for other in others]
    for meridian in np.unique(meridians):
        mine = np.flatnonzero(meridians == meridian)
        latitude = float((boxes[mine, 1] + boxes[mine, 3]).mean() / 2.0)
        plane = plane_at(crs, float(meridian), latitude)
        _refuse_wide(left, mine, boxes, plane)
        parts = []
        for other, their_boxes in zip(others, other_boxes, strict=True):
            theirs = _that_may_meet(boxes[mine], their_boxes)
            _refuse_wide(other, theirs, their_boxes, plane)
            parts.append(_in_plane(plane, other.iloc[theirs], crs))
        yield plane, _in_plane(plane, left.iloc[mine], crs), tuple(parts)


def _lonlat_boxes(layer: GeoDataFrame, crs: CRS) -> NDArray[np.float64]:
    """Return the boxes of features in degrees, shape (n, 4)."""
    geometries = layer.geometry.to_numpy()
    target = geographic(crs)
    if crs != target:
        geometries = reproject(shapely.force_2d(geometries), crs, target)
    boxes = np.asarray(shapely.bounds(geometries), dtype=float)
    off = np.flatnonzero(~_on_earth(boxes))
    if len(off):
        raise InvalidGeometry(
            f"feature {layer.index[off].tolist()[0]!r} has coordinates that are no place on Earth "
            f"in {crs.name} ({len(off)} such): check the CRS of the layer, and that x is east or "
            f"longitude and y is north or latitude"
        )
    return boxes


def _on_earth(boxes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes in degrees, shape (..., 4), are finite and in range."""
    # infinite and NaN compare false
    limits = np.array([360.0, 90.0, 360.0, 90.0]) + 1e-9
    return np.asarray((np.abs(boxes) <= limits).all(axis=-1))


def _that_may_meet(boxes: NDArray[np.float64], candidates: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return which candidate boxes meet any of the boxes, with room for edges that bulge.

    A straight edge of the plane leaves the box that its ends have in degrees by at most
    D² tan(latitude) / 8R, less than half a per cent of its length D within 1.6°.
    """
    if len(candidates) == 0:
        return np.empty(0, dtype=np.intp)
    tree = shapely.STRtree(_grown(boxes))
    hits, _ = tree.query(_grown(candidates))
    return np.unique(hits)


def _grown(boxes: NDArray[np.float64]) -> NDArray[Any]:
    margin = 0.01 * np.maximum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) + 1e-6
    return np.asarray(
        shapely.box(
            boxes[:, 0] - margin, boxes[:, 1] - margin, boxes[:, 2] + margin, boxes[:, 3] + margin
        ),
        dtype=object,
    )


def _refuse_wide(
    layer: GeoDataFrame,
    positions: NDArray[np.intp],
    boxes: NDArray[np.float64],
    plane: MeasuringPlane,
) -> None:
    west, east = boxes[positions, 0], boxes[positions, 2]
    wide = (west < plane.meridian - MAX_OFFSET_DEG) | (east > plane.meridian + MAX_OFFSET_DEG)
    if wide.any():
        first = int(np.flatnonzero(wide)[0])
        cuts = [plane.meridian + side * ZONE_WIDTH_DEG / 2.0 for side in (-1, 1)]
        feature = layer.index[positions].tolist()[first]
        raise FeatureTooWide(
            f"feature {feature!r} reaches from {west[first]:.3f}° to "
            f"{east[first]:.3f}°, more than {MAX_OFFSET_DEG}° from the meridian "
            f"{plane.meridian:g}° that measures it ({int(wide.sum())} such): cut it into parts "
            f"at {cuts[0]:g}° and {cuts[1]:g}°, each a feature of its own, or leave it out"
        )
