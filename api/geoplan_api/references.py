"""Coordinate reference systems that features are given in (OGC API - Features, Part 2).

A URI names a system together with the order of its axes: EPSG:4490 and EPSG:4326 are latitude
first, the Gauss-Krüger planes of CGCS2000 north first, CRS84 and EPSG:3857 east first.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from pyproj import CRS

from geoplan_api.errors import BadParameter

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
CRS84H = "http://www.opengis.net/def/crs/OGC/0/CRS84h"
_EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
_PLANES = range(4491, 4555)
"""CGCS2000 / Gauss-Krüger, 6° and 3° zones, with and without the zone before the easting."""
_CODES = (4490, 4326, 3857, *_PLANES)
URIS = (CRS84, CRS84H, *(f"{_EPSG}{code}" for code in _CODES))
"""What ``crs`` and ``bbox-crs`` may name, the default first."""


@dataclass(frozen=True)
class Reference:
    """A coordinate reference system as a client names it.

    Attributes
    ----------
    uri : str
        Its name.
    crs : pyproj.CRS
        Itself; coordinates inside the service are always x = east, y = north.
    swapped : bool
        Whether north, or latitude, comes first in what a client sends and gets.
    geographic : bool
        Whether coordinates are degrees.
    """

    uri: str
    crs: CRS
    swapped: bool
    geographic: bool


@cache
def reference(uri: str) -> Reference:
    """Return the system that a URI names; a CURIE such as ``[EPSG:4490]`` or ``EPSG:4490`` will do.

    Raises
    ------
    BadParameter
        It names none that features are given in.
    """
    name = uri.strip()
    if name.startswith("[") and name.endswith("]"):
        name = name[1:-1]
    for start in ("EPSG:", "http://www.opengis.net/def/crs/EPSG/9.9.1/", "urn:ogc:def:crs:EPSG::"):
        if name.startswith(start):
            name = _EPSG + name.removeprefix(start)
    if name in ("OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"):
        name = CRS84
    if name not in URIS:
        raise BadParameter(
            f"{uri!r} is no CRS that this service answers in; it does in CRS84, EPSG:4490, "
            f"EPSG:4326, EPSG:3857 and EPSG:4491 to EPSG:4554, named by URI ({_EPSG}4490)"
        )
    if name in (CRS84, CRS84H):
        return Reference(name, CRS.from_user_input("OGC:CRS84"), False, True)
    crs = CRS.from_epsg(int(name.removeprefix(_EPSG)))
    swapped = crs.axis_info[0].direction.lower() == "north"
    return Reference(name, crs, swapped, crs.is_geographic)


def storage_uri(crs: CRS | None) -> str | None:
    """Return the URI of the CRS that features are stored in, None when it has no EPSG code."""
    code = None if crs is None else crs.to_epsg()
    return None if code is None else f"{_EPSG}{code}"
