"""What coordinate system foreign data are in, and how they come to CGCS2000: never silently.

`judge` either returns a `Verdict`, which says all that will be done and what is doubtful, or
raises a named error that says what is wrong and how to go on. `bring_home` does what the
verdict says. Only a zone number before the eastings and swapped axes are put right unasked,
because then the declared datum, projection and meridian stand; each is reported as a finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoplan import vertices
from geoplan.errors import (
    BadCrs,
    CoordinateInvalid,
    CrsUnknown,
)
from geoplan.ingest import coordinate_findings as notices
from geoplan.ingest.candidates import (
    Candidate,
    Reading,
    candidates,
    epsg,
    inside,
)
from geoplan.ingest.case import Case
from geoplan.ingest.datums import Bridge, bridge, plain_crs
from geoplan.ingest.offsets import METHOD, OffsetSystem
from geoplan.ingest.settling import refuse_mixed, settled, unknown

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from shapely import Geometry

    from geoplan.ingest.coordinate_findings import CoordinateFinding
    from geoplan.model import Bbox

HOME = "EPSG:4490"
"""Where all data come to: CGCS2000, longitude and latitude."""

ACCURACY = "geometry_accuracy_m"
"""The column that a datum shift left out is added to."""

_OFFSETS: dict[str, OffsetSystem] = {
    "gcj02": "GCJ-02",
    "gcj": "GCJ-02",
    "bd09": "BD-09",
    "bd09ll": "BD-09",
}
_AUTHORITY = re.compile(r"[A-Za-z]{2,10}:[A-Za-z0-9]{1,12}")


@dataclass(frozen=True)
class Verdict:
    """How a layer's numbers are read, and what brings them home.

    Attributes
    ----------
    reading : Reading
        The CRS to assign, and whether axes are swapped or an offset is taken off.
    bridge : Bridge
        The way from its datum to CGCS2000.
    steps : tuple of str
        All that is done, in words and in order.
    pipeline : tuple of str
        The same as PROJ pipelines or named methods.
    inside_ratio : float
        The share of located features in the plan's extent [0..1].
    findings : tuple of CoordinateFinding
        What a user has to know.
    candidates : tuple of Candidate
        The readings that fit the plan, best first.
    """

    reading: Reading
    bridge: Bridge
    steps: tuple[str, ...]
    pipeline: tuple[str, ...]
    inside_ratio: float
    findings: tuple[CoordinateFinding, ...] = ()
    candidates: tuple[Candidate, ...] = ()

    @property
    def crs(self) -> CRS:
        """The CRS to assign to the numbers, once in the order east, north."""
        return self.reading.crs

    @property
    def source_crs(self) -> str:
        """What stands in the field ``source_crs``: an authority code, GCJ-02 or BD-09."""
        return self.reading.name

    @property
    def accuracy_added_m(self) -> float:
        """What the way home may cost [m]."""
        return self.bridge.accuracy_m

    @property
    def provenance(self) -> dict[str, Any]:
        """The verdict as JSON for a record of provenance."""
        return {
            "source_crs": self.source_crs,
            "target_crs": HOME,
            "steps": list(self.steps),
            "pipeline": list(self.pipeline),
            "accuracy_added_m": self.accuracy_added_m,
            "findings": [finding.code for finding in self.findings],
        }


def judge(
    features: GeoDataFrame,
    *,
    declared: CRS | None,
    plan_extent: Bbox,
    source_crs: str | None = None,
    boundary: Geometry | None = None,
    accept_datum_shift_m: float | None = None,
    swap_axes: bool | None = None,
    allow_outside: bool = False,
) -> Verdict:
    """Judge what a layer's coordinates are, without changing them.

    Parameters
    ----------
    features : GeoDataFrame
        The layer as read, indexed by feature id; its own ``crs`` is not looked at.
    declared : pyproj.CRS or None
        What the file says; None where it says nothing.
    plan_extent : Bbox
        West, south, east, north of the plan [degrees].
    source_crs : str, optional
        What the user says instead: an authority code such as ``EPSG:4529``, ``GCJ-02``,
        ``BD-09`` or WKT.
    boundary : shapely geometry, optional
        The admin area, longitude and latitude on CGCS2000, to raise suspicions with.
    accept_datum_shift_m : float, optional
        The datum shift that the user accepts to leave out [m].
    swap_axes : bool, optional
        Whether the user says that north comes first; None leaves it to the numbers.
    allow_outside : bool
        Take data that lie elsewhere on Earth, with a finding.

    Raises
    ------
    BadCrs
        `source_crs` names no coordinate system, or the accepted shift is no length.
    CrsUnknown
        Nobody says what the coordinates are in; the message ranks what would fit.
    UnitsMismatch, ZoneMismatch, CrsContradicted, OutsidePlan
        The coordinates do not fit the plan as declared; named by the trap.
    MixedCoordinates
        Some features are in another system than the rest.
    DatumShiftUnknown
        The way to CGCS2000 is not published and no shift is accepted.
    CoordinateInvalid
        A coordinate is no finite number.
    """
    boxes, ids = _boxes(features)
    stated, notes = _stated(declared, source_crs, swap_axes=swap_axes)
    fitting = candidates(boxes, plan_extent) if len(boxes) else ()
    if stated is None:
        raise CrsUnknown(unknown(boxes, fitting))
    if not len(boxes):
        way = bridge(stated.crs, plan_extent, accept_datum_shift_m)
        return _verdict(stated, way, 1.0, (*notes, notices.no_coordinates()), ())
    looked_at = Case(boxes, ids, plan_extent, fitting, swap_axes)
    reading = settled(stated, looked_at, allow_outside=allow_outside)
    refuse_mixed(reading, looked_at)
    way = bridge(reading.crs, plan_extent, accept_datum_shift_m)
    within = inside(reading, boxes, plan_extent)
    found = (
        *notes,
        *notices.corrections(stated, reading),
        *notices.doubts(reading, looked_at),
        *notices.outside(within, ids),
        *notices.of_bridge(way),
        *notices.of_offset(reading, boxes),
        *notices.suspicion(reading, features, boundary),
    )
    return _verdict(reading, way, float(within.mean()), found, fitting)


def bring_home(features: GeoDataFrame, verdict: Verdict) -> GeoDataFrame:
    """Return features in EPSG:4490, longitude before latitude, as a verdict says.

    Parameters
    ----------
    features : GeoDataFrame
        The layer that was judged.
    verdict : Verdict
        What `judge` said of it.

    Returns
    -------
    GeoDataFrame
        The same rows and columns; heights and measures are kept as they are. What the way home
        costs is added to ``geometry_accuracy_m`` where it stands; a shift left out on request
        also fills the field where it is empty, since that much the user has stated.
    """
    shapes = vertices.moved(features.geometry.to_numpy(), _mover(verdict))
    home = features.set_geometry(gpd.GeoSeries(shapes, index=features.index, crs=HOME))
    return _with_accuracy(home, verdict.bridge)


def _mover(verdict: Verdict) -> Any:
    way = verdict.bridge.transformer

    def move(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        moved = verdict.reading.lonlat(xy)
        if way is not None:
            moved = np.column_stack(way.transform(moved[:, 0], moved[:, 1]))
        if not np.isfinite(moved).all():
            raise CoordinateInvalid(
                f"a vertex is no place in {verdict.reading.title}: nothing was changed"
            )
        return moved

    return move


def _with_accuracy(home: GeoDataFrame, way: Bridge) -> GeoDataFrame:
    if way.accuracy_m == 0.0:
        return home
    if ACCURACY in home.columns:
        known = home[ACCURACY].astype("float64")
        home[ACCURACY] = known + way.accuracy_m
        if way.kind == "accepted":
            home[ACCURACY] = home[ACCURACY].fillna(way.accuracy_m)
    elif way.kind == "accepted":
        home[ACCURACY] = way.accuracy_m
    return home


def _boxes(features: GeoDataFrame) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return boxes, shape (n, 4), and ids of located features, or refuse non-numbers."""
    shapes = np.asarray(features.geometry.to_numpy(), dtype=object)
    ids = features.index.to_numpy()
    placed = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    boxes = np.asarray(shapely.bounds(shapes[placed]), dtype=float).reshape(-1, 4)
    odd = np.flatnonzero(~np.isfinite(shapely.get_coordinates(shapes[placed])).all(axis=1))
    if len(odd):
        _, owner = shapely.get_coordinates(shapes[placed], return_index=True)
        raise CoordinateInvalid(
            f"feature {ids[placed][owner[odd]].tolist()[0]!r} has a coordinate that is no finite "
            f"number ({len(odd)} vertices such): mend it at the source"
        )
    return boxes, ids[placed]


def _stated(
    declared: CRS | None, source_crs: str | None, *, swap_axes: bool | None
) -> tuple[Reading | None, tuple[CoordinateFinding, ...]]:
    """Return what file or user say of the coordinates, the user first."""
    swapped = swap_axes is True
    notes: list[CoordinateFinding] = []
    if source_crs is not None:
        offset = _OFFSETS.get(re.sub(r"[^a-z0-9]", "", source_crs.lower()))
        crs = epsg(4326) if offset else _parsed(source_crs)
        if declared is not None and (offset or not crs.equals(declared, ignore_axis_order=True)):
            notes.append(notices.overruled(declared, source_crs))
    elif declared is None:
        return None, ()
    else:
        offset, crs = None, declared
    if crs.is_bound:
        notes.append(notices.ties_ignored(crs))
    return Reading(plain_crs(crs), swapped, offset), tuple(notes)


def _parsed(text: str) -> CRS:
    """Return the CRS that a user names; nothing is looked up outside PROJ's own database."""
    stripped = text.strip()
    wkt = stripped.upper().startswith(("PROJCS", "GEOGCS", "PROJCRS", "GEOGCRS"))
    if not wkt and not _AUTHORITY.fullmatch(stripped):
        raise BadCrs(
            f"--source-crs {text!r} is no coordinate system: give an authority code such as "
            f"EPSG:4529, or GCJ-02, BD-09, or WKT"
        )
    try:
        return CRS.from_wkt(stripped) if wkt else CRS.from_user_input(stripped)
    except CRSError:
        raise BadCrs(f"--source-crs {text!r} is not in the EPSG register or is no WKT") from None


def _verdict(
    reading: Reading,
    way: Bridge,
    ratio: float,
    findings: tuple[CoordinateFinding, ...],
    fitting: tuple[Candidate, ...],
) -> Verdict:
    steps: list[str] = []
    pipeline: list[str] = []
    if reading.swapped:
        steps.append("axes swapped: east before north")
        pipeline.append("+proj=axisswap +order=2,1")
    if reading.crs.is_projected:
        steps.append(f"{reading.name} ({reading.crs.name}) to its own longitude and latitude")
        pipeline.append(reading.to_own_lonlat.definition)
    if reading.offset:
        steps.append(f"offset of {reading.offset} taken off")
        pipeline.append(f"{reading.offset}: {METHOD}")
    steps.append(f"datum: {way.method}")
    pipeline.append(way.transformer.definition if way.transformer else "+proj=noop")
    return Verdict(reading, way, tuple(steps), tuple(pipeline), ratio, findings, fitting)
