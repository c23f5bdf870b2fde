"""The reading to go by, or the named error that says why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoplan.errors import (
    CrsContradicted,
    MixedCoordinates,
    OutsidePlan,
    UnitsMismatch,
    ZoneMismatch,
)
from geoplan.ingest.candidates import (
    GEOGRAPHIC,
    Candidate,
    Reading,
    candidates,
    epsg,
    inside,
    sample,
    transverse_mercator,
)
from geoplan.ingest.case import Case, first_numbers, listed, twins, where
from geoplan.ingest.datums import datum_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

_DEGREES = 360.0


def settled(stated: Reading, case: Case, *, allow_outside: bool) -> Reading:
    """Return the reading to go by: as stated, or with what can only be meant put right."""
    if case.fits(stated):
        return stated
    mended = [one for one in _mends(stated, case.swap_axes) if case.fits(one)]
    places = {tuple(one.lonlat(case.boxes[:1, :2])[0].round(9).tolist()) for one in mended}
    if len(places) == 1:
        return mended[0]
    if len(places) > 1:
        raise CrsContradicted(
            f"the coordinates do not fit {stated.title}, and more than one correction would make "
            f"them fit ({'; '.join(one.title for one in mended)}): say which with --source-crs "
            f"and --swap-axes"
        )
    _refuse(stated, case, allow_outside=allow_outside)
    return stated


def _mends(stated: Reading, swap_axes: bool | None) -> list[Reading]:
    """Return the readings with the stated datum, projection and meridian in another form."""
    forms = [stated.crs, *(zone.crs for zone in twins(stated.crs))]
    turns = (stated.swapped,) if swap_axes is not None else (False, True)
    made = [Reading(crs, swapped, stated.offset) for swapped in turns for crs in forms]
    return [one for one in made if one != stated]


def _refuse(stated: Reading, case: Case, *, allow_outside: bool) -> None:
    """Raise the error that names why the stated reading does not fit; return if allowed."""
    seen = sample(case.boxes)
    degrees = bool((np.median(np.abs(seen), axis=0) <= _DEGREES).all())
    if stated.crs.is_projected and degrees and case.fitting:
        raise UnitsMismatch(
            f"the coordinates are declared in {stated.title}, a plane in metres, but the numbers "
            f"are degrees (first: {first_numbers(seen)}). {listed(case.fitting)}"
        )
    if stated.crs.is_geographic and not degrees:
        raise UnitsMismatch(
            f"the coordinates are declared in {stated.title}, in degrees, but the numbers are "
            f"metres (first: {first_numbers(seen)}). {listed(case.fitting)}"
        )
    if stated.crs.is_projected and any(_other_zone(stated, one) for one in case.fitting):
        raise ZoneMismatch(
            f"the coordinates are declared in {stated.title}, but read so they lie "
            f"{where(stated, seen)}, outside the plan's extent; another zone fits. "
            f"{listed(case.fitting)}"
        )
    if case.fitting:
        raise CrsContradicted(
            f"the coordinates are declared in {stated.title}, but read so they lie "
            f"{where(stated, seen)}, outside the plan's extent. {listed(case.fitting)}"
        )
    if not (allow_outside and _on_earth(stated, case.boxes)):
        raise OutsidePlan(
            f"read as {stated.title}, the data lie {where(stated, seen)}, outside the plan's "
            f"extent {tuple(case.extent)}, and no other system known here puts them inside: check "
            f"[plan] extent and the source; a local system needs its own WKT as --source-crs; "
            f"data that are meant to lie elsewhere come in with --allow-outside"
        )


def _other_zone(stated: Reading, candidate: Candidate) -> bool:
    """Tell whether a candidate is the stated projection with another meridian."""
    mine = transverse_mercator(stated.crs)
    theirs = transverse_mercator(candidate.reading.crs)
    if mine is None or theirs is None or candidate.reading.add_easting_m:
        return False
    same_datum = datum_of(stated.crs) == datum_of(candidate.reading.crs)
    return same_datum and mine[0] != theirs[0] and mine[2] == theirs[2]


def refuse_mixed(reading: Reading, case: Case) -> None:
    """Refuse a layer in which some features fit only if read in another form."""
    out = ~inside(reading, case.boxes, case.extent)
    if not out.any() or out.all():
        return
    base = datum_of(reading.crs)
    others = _mends(reading, None)
    if reading.crs.is_projected:
        others.append(Reading(epsg(GEOGRAPHIC[base] if base else 4326)))
    strays = case.boxes[out]
    metres = strays[(np.abs(strays) > _DEGREES).any(axis=1)]
    if not reading.crs.is_projected and len(metres):
        others.extend(one.reading for one in candidates(metres, case.extent))
    for other in others:
        caught = inside(other, strays, case.extent)
        if caught.any():
            first = case.ids[out][caught].tolist()[0]
            raise MixedCoordinates(
                f"{int((~out).sum())} features are in {reading.title}, but {int(caught.sum())} "
                f"fit the plan only as {other.title} (first: {first!r}): split the layer by "
                f"coordinate system and import the parts"
            )


def unknown(boxes: NDArray[np.float64], fitting: tuple[Candidate, ...]) -> str:
    """Return the message for data that nobody declares: what would fit, and how to say it."""
    start = "the data do not say which coordinate system they are in"
    if not len(boxes):
        return f"{start}: say it with --source-crs EPSG:CODE, GCJ-02 or BD-09"
    start += f" (first numbers: {first_numbers(boxes)})"
    if not fitting:
        return (
            f"{start}, and no system known here puts them inside the plan's extent: ask their "
            f"maker, and say it with --source-crs"
        )
    return (
        f"{start}; the numbers cannot tell one datum from another, so ask their maker, and choose "
        f"with --source-crs. {listed(fitting)}"
    )


def _on_earth(reading: Reading, boxes: NDArray[np.float64]) -> bool:
    lonlat = reading.lonlat(boxes.reshape(-1, 2))
    return bool((np.isfinite(lonlat) & (np.abs(lonlat) <= [180.0, 90.0])).all())
