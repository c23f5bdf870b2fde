"""Gauss-Krüger planes: what they are, and which one is near a place.

`geoplan.crs` decides which plane measures what, and is where everybody imports from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from pyproj import CRS, Geod, Transformer
from pyproj.crs import ProjectedCRS
from pyproj.crs.coordinate_operation import TransverseMercatorConversion

from geoplan import ellipsoid, vertices
from geoplan.errors import CrsMismatch

if TYPE_CHECKING:
    from numpy.typing import NDArray

ZONE_WIDTH_DEG = 3.0

NOT_TIED = "{} has no map coordinates tied to the Earth: georeference the layer first"
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

    @cached_property
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
        deep = shapely.has_z(geometries).any() or shapely.has_m(geometries).any()
        flat = shapely.force_2d(geometries) if deep else geometries
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
    # as text that is at hand: writing a CRS out takes longer than moving a few features
    moving = transformer(source.srs, target.srs)

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(moving.transform(xy[:, 0], xy[:, 1]))

    return vertices.moved(geometries, move)


@cache
def transformer(source: str, target: str) -> Transformer:
    """Return the way from one CRS to another, both as text that names or defines it."""
    ends = CRS.from_user_input(source), CRS.from_user_input(target)
    return Transformer.from_crs(*ends, always_xy=True)


def geographic(crs: CRS) -> CRS:
    """Return the longitude/latitude CRS on the same datum."""
    base = crs.geodetic_crs
    if base is None or base.is_geocentric:
        raise CrsMismatch(NOT_TIED.format(crs.name))
    return base


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
    return _plane_of(crs.srs, meridian, _in_china(meridian, lat))


@cache
def _plane_of(crs: str, meridian: float, in_china: bool) -> MeasuringPlane:
    base = geographic(CRS.from_user_input(crs))
    if in_china and base.to_epsg() in (_CGCS2000, _WGS84):
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
