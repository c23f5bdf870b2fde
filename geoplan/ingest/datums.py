"""From a datum to CGCS2000: a published way with a known accuracy, or a refusal.

PROJ offers a "ballpark" where it knows nothing: it takes the degrees of one datum for those of
another. That is never taken here without being asked for.
"""

from __future__ import annotations

import math
import re
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyproj import CRS
from pyproj.transformer import AreaOfInterest, Transformer, TransformerGroup

from geoplan.errors import BadCrs, CrsUnknown, DatumShiftUnknown
from geoplan.ingest.candidates import GEOGRAPHIC, Datum

if TYPE_CHECKING:
    from geoplan.model import Bbox

WORST_PUBLISHED_M = 5.0
"""The least accurate published transformation that is taken without being asked for [m]."""

WGS84_TO_CGCS2000_M = 1.0
"""What taking WGS 84 or ITRF for CGCS2000 may cost [m].

CGCS2000 is ITRF97 at epoch 2000.0; the plates carry China some 3 cm a year, so a position
fixed today is off by less than a metre."""

_WGS84 = 4326
_AXES_M: dict[Datum, float] = {
    "CGCS2000": 6378137.0,
    "Xian 1980": 6378140.0,
    "Beijing 1954": 6378245.0,
}
_NAMES: dict[str, Datum] = {
    "china2000": "CGCS2000",
    "chinageodeticcoordinatesystem2000": "CGCS2000",
    "cgcs2000": "CGCS2000",
    "xian1980": "Xian 1980",
    "beijing1954": "Beijing 1954",
}
_GLOBAL = re.compile(
    r"(worldgeodeticsystem1984|wgs1984|wgs84|internationalterrestrialreferenceframe|itrf)"
    r"(ensemble|g\d+|transit|\d+)?"
)


@dataclass(frozen=True)
class Bridge:
    """The way from a CRS's own longitude and latitude to those of CGCS2000.

    Attributes
    ----------
    method : str
        In words, for a record of provenance.
    accuracy_m : float
        What it may cost [m].
    transformer : pyproj.Transformer, optional
        None where the numbers are kept.
    kind : {"none", "null", "published", "accepted"}
        Same datum; taken as the same; a published transformation; a shift left out on request.
    """

    method: str
    accuracy_m: float
    transformer: Transformer | None = None
    kind: str = "none"


def datum_of(crs: CRS) -> Datum | None:
    """Return which of the three Chinese datums a CRS is on, by name and ellipsoid, or None."""
    base = crs.geodetic_crs
    if base is None or base.datum is None or base.ellipsoid is None:
        return None
    datum = _NAMES.get(_plain(base.datum.name))
    if datum is None or base.ellipsoid.semi_major_metre != _AXES_M[datum]:
        return None
    return datum


def plain_crs(crs: CRS) -> CRS:
    """Return the horizontal part of a CRS, 2-D, without parameters tied to it.

    Raises
    ------
    CrsUnknown
        The CRS is not tied to the Earth, or is geocentric.
    """
    if crs.is_bound and crs.source_crs is not None:
        crs = crs.source_crs
    if crs.is_compound:
        crs = crs.sub_crs_list[0]
    if crs.geodetic_crs is None or crs.is_geocentric or not (crs.is_projected or crs.is_geographic):
        raise CrsUnknown(
            f"the coordinates are declared in {crs.name!r}, which is not tied to the Earth by "
            f"longitude and latitude or a projection: say what they are in with --source-crs"
        )
    return crs.to_2d()


def bridge(crs: CRS, extent: Bbox, accept_m: float | None) -> Bridge:
    """Find the way from a CRS's datum to CGCS2000.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS of the data, as `plain_crs` returns it.
    extent : Bbox
        Where the plan is: west, south, east, north [degrees].
    accept_m : float, optional
        The shift that the user accepts to leave out [m].

    Raises
    ------
    DatumShiftUnknown
        No published transformation is accurate enough, and no shift is accepted.
    BadCrs
        The accepted shift is not a positive number.
    """
    if accept_m is not None and not (math.isfinite(accept_m) and accept_m > 0):
        raise BadCrs(f"--accept-datum-shift {accept_m}: give the shift in metres, more than 0")
    datum = datum_of(crs)
    if datum == "CGCS2000":
        return Bridge("none: the data are on CGCS2000", 0.0)
    if datum is None:
        if _is_global(crs):
            name = _base_name(crs)
            return Bridge(f"null: {name} taken as CGCS2000", WGS84_TO_CGCS2000_M, kind="null")
        published = _published(crs, extent)
        if published is not None:
            return published
    if accept_m is None:
        raise DatumShiftUnknown(_refusal(crs))
    return Bridge(
        f"ballpark: the degrees of {_base_name(crs)} taken for those of CGCS2000, no shift "
        f"applied; up to {accept_m:g} m accepted",
        accept_m,
        kind="accepted",
    )


def _refusal(crs: CRS) -> str:
    known = datum_of(crs)
    code = f" (EPSG:{GEOGRAPHIC[known]})" if known else ""
    return (
        f"the coordinates are on {_base_name(crs)}{code}, and no transformation to CGCS2000 with "
        f"a published accuracy of {WORST_PUBLISHED_M:g} m or better is known here, only local "
        f"parameters that the survey office holds: have the data transformed there, or leave "
        f"the shift out with --accept-datum-shift METRES, which is added to geometry_accuracy_m"
    )


def _published(crs: CRS, extent: Bbox) -> Bridge | None:
    """Return the best published way to WGS 84 for the plan's area, or None."""
    with warnings.catch_warnings():
        # a better way that needs a grid we do not have: the accuracy of what is left decides
        warnings.filterwarnings("ignore", message="Best transformation is not available")
        group = TransformerGroup(
            crs.geodetic_crs,
            CRS.from_epsg(_WGS84),
            always_xy=True,
            allow_ballpark=False,
            area_of_interest=AreaOfInterest(*extent),
        )
    known = [one for one in group.transformers if 0.0 <= one.accuracy <= WORST_PUBLISHED_M]
    if not known:
        return None
    best = min(known, key=lambda one: one.accuracy)
    return Bridge(
        f"{best.description} ({best.accuracy:g} m), then null: WGS 84 taken as CGCS2000",
        best.accuracy + WGS84_TO_CGCS2000_M,
        best,
        "published",
    )


def _is_global(crs: CRS) -> bool:
    base = crs.geodetic_crs
    if base is None or base.datum is None or base.ellipsoid is None:
        return False
    usual = abs(base.ellipsoid.semi_major_metre - 6378137.0) < 1.0
    return usual and _GLOBAL.fullmatch(_plain(base.datum.name)) is not None


def _base_name(crs: CRS) -> str:
    return crs.geodetic_crs.name if crs.geodetic_crs else crs.name


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("d")
