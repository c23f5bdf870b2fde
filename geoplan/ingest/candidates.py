"""The ways in which a layer's numbers can be read as places, and which of them fit a plan.

A reading is a CRS with what is commonly wrong around it: axes swapped, a web map's offset, a
false easting left out. Zones are enumerated from PROJ's copy of the EPSG register by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Literal

import numpy as np
from pyproj import CRS, Transformer
from pyproj.database import query_crs_info
from pyproj.enums import PJType

from geoplan.ingest.offsets import OffsetSystem, without_offset

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from numpy.typing import NDArray

    from geoplan.model import Bbox

Datum = Literal["CGCS2000", "Xian 1980", "Beijing 1954"]
"""The datums of Chinese zones, as EPSG spells them."""

GEOGRAPHIC: dict[Datum, int] = {"CGCS2000": 4490, "Xian 1980": 4610, "Beijing 1954": 4214}
"""EPSG code of each datum's longitude/latitude CRS."""

FALSE_EASTING_M = 500_000.0
PREFIX_M = 1_000_000.0
SAMPLE = 400
"""How many features are looked at for a reading that nobody declared."""

_NAME = re.compile(
    r"(CGCS2000|Xian 1980|Beijing 1954) / (3-degree )?Gauss-Kruger (?:zone (\d+)|CM (\d+)E)"
)
_WGS84_UTM, _WEB_MERCATOR, _WGS84 = 32600, 3857, 4326
_NEAR_ZONE_DEG = 4.5
_HALF_CIRCLE_DEG = 180.0


@dataclass(frozen=True)
class Zone:
    """A Gauss-Krüger zone of the EPSG register.

    Attributes
    ----------
    epsg : int
        Its code.
    datum : {"CGCS2000", "Xian 1980", "Beijing 1954"}
        Its datum.
    meridian : float
        Its central meridian [degrees].
    width : int
        3 or 6 [degrees].
    prefix : int
        The zone number that stands before the easting [10⁶ m], 0 without one.
    """

    epsg: int
    datum: Datum
    meridian: float
    width: int
    prefix: int

    @property
    def crs(self) -> CRS:
        """The zone's CRS."""
        return epsg(self.epsg)


@cache
def epsg(code: int) -> CRS:
    """Return a CRS of the EPSG register."""
    return CRS.from_epsg(code)


@cache
def zones() -> tuple[Zone, ...]:
    """Return all Gauss-Krüger zones of the three Chinese datums, by name from the register."""
    found = []
    for info in query_crs_info(auth_name="EPSG", pj_types=[PJType.PROJECTED_CRS]):
        match = _NAME.fullmatch(info.name)
        if match:
            _, three, number, meridian = match.groups()
            datum = next(one for one in GEOGRAPHIC if info.name.startswith(one))
            width = 3 if three else 6
            prefix = int(number or 0)
            centre = float(meridian or (prefix * 3 if three else prefix * 6 - 3))
            found.append(Zone(int(info.code), datum, centre, width, prefix))
    return tuple(sorted(found, key=lambda zone: (zone.width, zone.meridian, zone.prefix)))


def zone_of(crs: CRS, datum: Datum | None) -> Zone | None:
    """Return the zone that a CRS is, by its parameters, whatever its name and authority."""
    numbers = transverse_mercator(crs)
    if datum is None or numbers is None or numbers[2:] != (1.0, 0.0, 0.0):
        return None
    meridian, easting = numbers[:2]
    prefix = round((easting - FALSE_EASTING_M) / PREFIX_M)
    same = [
        zone
        for zone in zones()
        if (zone.datum, zone.meridian, zone.prefix) == (datum, meridian, prefix)
        and easting == FALSE_EASTING_M + prefix * PREFIX_M
    ]
    code = crs.to_epsg()
    return next((zone for zone in same if zone.epsg == code), same[0] if same else None)


def transverse_mercator(crs: CRS) -> tuple[float, float, float, float, float] | None:
    """Return meridian, false easting, scale, false northing and latitude of origin, in metres."""
    operation = crs.coordinate_operation
    if not crs.is_projected or operation is None:
        return None
    if operation.method_name not in ("Transverse Mercator", "Gauss-Kruger"):
        return None
    if any(axis.unit_conversion_factor != 1.0 for axis in crs.axis_info):
        return None
    values = {parameter.name: float(parameter.value) for parameter in operation.params}
    return (
        round(values.get("Longitude of natural origin", np.nan), 9),
        values.get("False easting", np.nan),
        values.get("Scale factor at natural origin", np.nan),
        values.get("False northing", np.nan),
        values.get("Latitude of natural origin", np.nan),
    )


@dataclass(frozen=True)
class Reading:
    """One way to read a layer's numbers as places.

    Attributes
    ----------
    crs : pyproj.CRS
        The CRS that the numbers are in, 2-D, once they stand in the order east, north.
    swapped : bool
        Whether the first number is north or latitude.
    offset : {"GCJ-02", "BD-09"}, optional
        The web map's offset that the numbers carry.
    add_easting_m : float
        What was left out of the eastings [m].
    """

    crs: CRS
    swapped: bool = False
    offset: OffsetSystem | None = None
    add_easting_m: float = 0.0

    @property
    def name(self) -> str:
        """What a user calls the coordinate system: an authority code, or its name."""
        if self.offset:
            return self.offset
        authority = self.crs.to_authority()
        return ":".join(authority) if authority else self.crs.name

    @property
    def title(self) -> str:
        """The reading in words."""
        words = [self.name if self.offset else f"{self.name} ({self.crs.name})"]
        if self.swapped:
            words.append("with north before east")
        if self.add_easting_m:
            words.append(f"with {self.add_easting_m:,.0f} m left out of the eastings")
        return " ".join(words)

    @property
    def options(self) -> str:
        """The options that ask for this reading; empty where the data must be mended first."""
        if self.add_easting_m:
            return ""
        return f"--source-crs {self.name}" + (" --swap-axes" if self.swapped else "")

    @property
    def to_own_lonlat(self) -> Transformer:
        """From the plane to longitude and latitude on its own datum; no datum is shifted."""
        return _to_own_lonlat(self.crs.to_wkt())

    def east_north(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return numbers, shape (n, 2), in the order and with the easting of `crs`."""
        ordered = xy[:, ::-1] if self.swapped else xy
        return np.asarray(ordered + np.array([self.add_easting_m, 0.0]))

    def lonlat(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return longitude and latitude [degrees] on the reading's own datum, shape (n, 2).

        A number that is no place in the CRS becomes infinite.
        """
        ordered = self.east_north(xy)
        if self.crs.is_projected:
            moved = self.to_own_lonlat.transform(ordered[:, 0], ordered[:, 1])
            ordered = np.column_stack(moved)
        elif np.abs(ordered).max(initial=0.0) > 2 * _HALF_CIRCLE_DEG:
            ordered = np.where(np.abs(ordered) > 2 * _HALF_CIRCLE_DEG, np.inf, ordered)
        return without_offset(ordered, self.offset) if self.offset else ordered


@cache
def _to_own_lonlat(wkt: str) -> Transformer:
    crs = CRS.from_wkt(wkt)
    assert crs.geodetic_crs is not None, "a projected CRS has a base"  # noqa: S101 - for the type
    return Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)


@dataclass(frozen=True)
class Candidate:
    """A reading that puts features inside the plan's extent.

    Attributes
    ----------
    reading : Reading
        The reading.
    inside_ratio : float
        The share of the features it puts there [0..1].
    same_numbers : tuple of str
        Other CRS on the same datum that mean the same places.
    """

    reading: Reading
    inside_ratio: float
    same_numbers: tuple[str, ...] = ()

    def __str__(self) -> str:
        words = f"{self.reading.title}, {self.inside_ratio:.0%} inside"
        if self.same_numbers:
            words += f" (same numbers as {', '.join(self.same_numbers)})"
        options = self.reading.options or "add it at the source"
        return f"{words}: {options}"


def inside(
    reading: Reading, boxes: NDArray[np.float64], extent: Bbox, margin: float = 0.05
) -> NDArray[np.bool_]:
    """Tell which features a reading puts inside the plan's extent.

    Parameters
    ----------
    reading : Reading
        How to read the numbers.
    boxes : ndarray, shape (n, 4)
        The features' boxes as the numbers stand: first min, second min, first max, second max.
    extent : Bbox
        West, south, east, north [degrees].
    margin : float
        How much the extent is grown, as a share of its sides; at least 0.02°.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether the box of the feature's corners, in degrees, meets the grown extent.
    """
    corners = boxes[:, [0, 1, 0, 3, 2, 1, 2, 3]].reshape(-1, 2)
    lonlat = reading.lonlat(corners).reshape(-1, 4, 2)
    low, high = lonlat.min(axis=1), lonlat.max(axis=1)
    dx = max(margin * (extent.xmax - extent.xmin), 0.02)
    dy = max(margin * (extent.ymax - extent.ymin), 0.02)
    meets = (low <= [extent.xmax + dx, extent.ymax + dy]) & (
        high >= [extent.xmin - dx, extent.ymin - dy]
    )
    return np.asarray(meets.all(axis=1) & np.isfinite(lonlat).all(axis=(1, 2)))


def sample(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return at most `SAMPLE` boxes, evenly spread over the rows."""
    if len(boxes) <= SAMPLE:
        return boxes
    return np.asarray(boxes[np.linspace(0, len(boxes) - 1, SAMPLE).astype(int)])


def candidates(boxes: NDArray[np.float64], extent: Bbox) -> tuple[Candidate, ...]:
    """Return the readings that put at least half of the features inside the extent, best first.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
        The features' boxes as the numbers stand.
    extent : Bbox
        West, south, east, north [degrees].

    Returns
    -------
    tuple of Candidate
        By share inside, then east before north, then CGCS2000, WGS 84, Xi'an 1980,
        Beijing 1954, a web map's offset, other projections; 3° zones before 6°, near
        meridians before far ones. Readings on one datum that mean the same places are one.
    """
    seen = sample(boxes)
    found: dict[tuple[str, float, float], list[Candidate]] = {}
    degrees = bool((np.abs(seen) <= 360.0).all(axis=1).mean() >= 0.5)
    for reading in readings(extent, degrees=degrees):
        if not _in_range(reading, seen):
            continue
        ratio = float(inside(reading, seen, extent).mean())
        if ratio >= 0.5:
            lon, lat = reading.lonlat(seen[:1, :2])[0]
            key = (_datum_name(reading), round(float(lon), 9), round(float(lat), 9))
            found.setdefault(key, []).append(Candidate(reading, ratio))
    merged = [
        Candidate(same[0].reading, same[0].inside_ratio, tuple(c.reading.name for c in same[1:]))
        for same in found.values()
    ]
    return tuple(sorted(merged, key=lambda one: (-round(one.inside_ratio, 2), one.reading.swapped)))


def readings(extent: Bbox, *, degrees: bool) -> Iterator[Reading]:
    """Yield the readings worth a try, the more usual first.

    Parameters
    ----------
    extent : Bbox
        West, south, east, north [degrees]: only zones near it are tried.
    degrees : bool
        Whether the numbers can be degrees; if not, they are metres.
    """
    plain = list(_geographic() if degrees else _projected(extent))
    for swapped, reading in product((False, True), plain):
        yield Reading(reading.crs, swapped, reading.offset, reading.add_easting_m)


def _geographic() -> Iterable[Reading]:
    yield Reading(epsg(GEOGRAPHIC["CGCS2000"]))
    yield Reading(epsg(_WGS84))
    yield Reading(epsg(GEOGRAPHIC["Xian 1980"]))
    yield Reading(epsg(GEOGRAPHIC["Beijing 1954"]))
    yield Reading(epsg(_WGS84), offset="GCJ-02")
    yield Reading(epsg(_WGS84), offset="BD-09")


def _projected(extent: Bbox) -> Iterable[Reading]:
    middle = (extent.xmin + extent.xmax) / 2.0
    near = sorted(
        (
            zone
            for zone in zones()
            if extent.xmin - _NEAR_ZONE_DEG <= zone.meridian <= extent.xmax + _NEAR_ZONE_DEG
        ),
        key=lambda zone: (zone.width, abs(zone.meridian - middle), zone.prefix),
    )
    for datum in GEOGRAPHIC:
        yield from (Reading(zone.crs) for zone in near if zone.datum == datum)
    yield from _international(extent)
    for zone in near:
        if zone.datum == "CGCS2000" and zone.width == 3 and not zone.prefix:
            yield Reading(zone.crs, add_easting_m=FALSE_EASTING_M)


def _international(extent: Bbox) -> Iterable[Reading]:
    first, last = (int((lon + 180.0) // 6) % 60 + 1 for lon in (extent.xmin, extent.xmax))
    for number in range(first, max(first, last) + 1):
        south = 100 if extent.ymax <= 0 else 0
        yield Reading(epsg(_WGS84_UTM + south + number))
    yield Reading(epsg(_WEB_MERCATOR))


def _in_range(reading: Reading, boxes: NDArray[np.float64]) -> bool:
    """Tell whether the first numbers can at all be eastings of a transverse Mercator."""
    numbers = transverse_mercator(reading.crs)
    if numbers is None:
        return True
    first = reading.east_north(boxes[:, :2])[:, 0]
    return bool(np.median(np.abs(first - numbers[1])) < PREFIX_M)


def _datum_name(reading: Reading) -> str:
    base = reading.crs.geodetic_crs
    return (base.name if base else "") + (reading.offset or "")
