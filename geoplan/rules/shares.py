"""Demands on what all objects together cover of one subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.certain import Drawn
from geoplan.queries.checks import AREA, LINE
from geoplan.queries.uncertainty import area_pm_m2, length_pm_m
from geoplan.rules.facing import WIDEST_M
from geoplan.rules.lines import LegalLine, legal_line
from geoplan.rules.model import AreaThreshold, CoverageAtLeast, InsideOnly
from geoplan.rules.outcomes import CLEAR, HIT, NOT_CHECKED, UNCERTAIN
from geoplan.rules.verdicts import ALL, FIELD_EMPTY, NO_AREA, NO_GEOMETRY, TOO_WIDE, Bound, verdicts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing

Together = InsideOnly | CoverageAtLeast | AreaThreshold
"""Demands that take the objects together."""

_WHOLE = 1e-9  # what rounding leaves of a share
_HECTARE_M2 = 10_000.0
_CAUTION = 1.002  # what a plane and round corners take off, as in `queries.certain`


class Covered(NamedTuple):
    """Subjects, and what covers each of them.

    Attributes
    ----------
    subject, cover : Drawn
        The cover of each is the union of all objects near it, the worst accuracy kept.
    size, shared, gap : ndarray of float
        Of the subject, of what is covered, and of what is not [m² or m; points count as 1].
    pm : ndarray of float
        By how much the covered part may be off, to first order; NaN where that is not known.
    parts, bare : ndarray of shapely geometries
        What is covered, and what is not.
    """

    subject: Drawn
    cover: Drawn
    size: NDArray[np.float64]
    shared: NDArray[np.float64]
    gap: NDArray[np.float64]
    pm: NDArray[np.float64]
    parts: NDArray[Any]
    bare: NDArray[Any]

    @property
    def off_m(self) -> NDArray[np.float64]:
        """The sums of both accuracies [m]."""
        return self.subject.accuracy_m + self.cover.accuracy_m


def together(demand: Together, facing: Facing, bound: Bound) -> pd.DataFrame:
    """Judge each subject against all objects together."""
    land = _ground(facing, demand)
    bind = bound.subjects()
    wide = facing.subject.is_part & bind
    unknown = np.array([one is not None for one in land.missing], dtype=bool) & bind & ~wide
    flat = bind & ~wide & ~unknown
    if isinstance(demand, AreaThreshold):
        kinds = np.full(len(bind), AREA)
        kinds[flat] = shapely.get_dimensions(land.shapes[flat])
        flat &= kinds != AREA
    else:
        flat[:] = False
    rows = [_unchecked(facing, at, TOO_WIDE) for at in np.flatnonzero(wide).tolist()]
    rows += [_unchecked(facing, at, NO_AREA) for at in np.flatnonzero(flat).tolist()]
    rows += [
        _unchecked(facing, at, FIELD_EMPTY, f"subject.{land.missing[at]}")
        for at in np.flatnonzero(unknown).tolist()
        if _may_reach(facing, bound, at)
    ]
    rest = np.flatnonzero(bind & ~wide & ~unknown & ~flat)
    return pd.concat([_judged(demand, facing, bound, land, rest), *rows], ignore_index=True)


def _ground(facing: Facing, demand: Together) -> LegalLine:
    """Return what of the subjects is measured: the ground they take, or the subject as drawn."""
    subject = facing.subject
    return legal_line(
        subject.attributes,
        subject.drawn.geometries,
        subject.drawn.accuracy_m,
        "land_edge" if isinstance(demand, AreaThreshold) else "boundary",
        line_means=subject.layer.line_means,
        land=facing.land,
    )


def _may_reach(facing: Facing, bound: Bound, at: int) -> bool:
    """Tell whether the land of a subject, whose width is not known, may reach an object."""
    objects = facing.object.drawn
    wanted = np.flatnonzero(bound.objects())
    distance = shapely.distance(objects.geometries[wanted], facing.subject.drawn.geometries[at])
    off = objects.accuracy_m[wanted] + facing.subject.drawn.accuracy_m[at]
    return facing.absent or bool((distance - np.nan_to_num(off) <= WIDEST_M).any())


def _unchecked(facing: Facing, at: int, reason: str, field: str | None = None) -> pd.DataFrame:
    shape = facing.subject.drawn.geometries[at]
    return verdicts([at], [ALL], [NOT_CHECKED], reason=[reason], field=[field], geometry=[shape])


def _judged(
    demand: Together, facing: Facing, bound: Bound, land: LegalLine, which: NDArray[np.intp]
) -> pd.DataFrame:
    within_m = demand.within_m if isinstance(demand, CoverageAtLeast) else 0.0
    subject = Drawn(land.shapes[which], land.accuracy_m[which])
    covered = _covered(facing, subject, bound.object.yes, within_m)
    outcome = _outcomes(demand, covered)
    reason, field = (np.full(len(which), None, dtype=object) for _ in range(2))
    maybe = bound.objects()
    if (maybe & ~bound.object.yes).any():
        other = _outcomes(demand, _covered(facing, subject, maybe, within_m))
        differs = other != outcome
        outcome[differs], reason[differs] = NOT_CHECKED, FIELD_EMPTY
        field[differs] = f"object.{next(one for one in bound.object.untold if one is not None)}"
    if facing.absent:
        # what has no published position may cover what seems bare, and add to what seems little
        hidden = outcome == (CLEAR if isinstance(demand, AreaThreshold) else HIT)
        outcome[hidden], reason[hidden] = NOT_CHECKED, NO_GEOMETRY
    measure, measured, threshold, pm = _figures(demand, covered)
    areal = shapely.get_dimensions(subject.geometries) == AREA
    shapes = (covered.parts if isinstance(demand, AreaThreshold) else covered.bare).copy()
    empty = shapely.is_empty(shapes)
    shapes[empty] = subject.geometries[empty]
    # a ± that reaches what was measured says nothing (decision 14)
    pm = np.where((pm < measured) | (pm == 0), pm, np.nan)
    return verdicts(
        which,
        np.full(len(which), ALL),
        outcome,
        reason=reason,
        field=field,
        measure=measure,
        measured=measured,
        threshold=threshold,
        pm=pm,
        uncertainty_m=covered.off_m,
        line="land_edge" if isinstance(demand, AreaThreshold) else "boundary",
        line_basis=land.basis[which],
        half_width_m=land.half_width_m[which],
        shared_area_m2=np.where(areal, covered.shared, np.nan),
        geometry=shapes,
    )


def _covered(facing: Facing, subject: Drawn, wanted: NDArray[np.bool_], within_m: float) -> Covered:
    """Measure what the wanted objects, and what lies within a distance of them, cover."""
    cover = _cover(facing, subject, wanted, within_m)
    parts = np.asarray(shapely.intersection(subject.geometries, cover.geometries), dtype=object)
    bare = np.asarray(shapely.difference(subject.geometries, cover.geometries), dtype=object)
    kinds = shapely.get_dimensions(subject.geometries)
    size, shared, gap = (_sizes(facing, one, kinds) for one in (subject.geometries, parts, bare))
    off = subject.accuracy_m + cover.accuracy_m
    pm = np.where(np.isnan(off), np.nan, 0.0)
    for kind, measure in ((AREA, area_pm_m2), (LINE, length_pm_m)):
        vague = np.flatnonzero((kinds == kind) & (off > 0) & ~shapely.is_empty(parts))
        if len(vague):
            ones = Drawn(subject.geometries[vague], subject.accuracy_m[vague])
            others = Drawn(cover.geometries[vague], cover.accuracy_m[vague])
            pm[vague] = measure(parts[vague], ones, others)
    return Covered(subject, cover, size, shared, gap, pm, parts, bare)


def _cover(facing: Facing, subject: Drawn, wanted: NDArray[np.bool_], within_m: float) -> Drawn:
    """Return the union of what is near each subject; equal neighbours are united once."""
    which = np.flatnonzero(wanted)
    shapes, accuracy = (side[which] for side in facing.object.drawn)
    covers = np.full(len(subject.geometries), shapely.Polygon(), dtype=object)
    # the accuracy of what is far does not matter, unless it is not known at all
    off = np.full(len(covers), np.nan if np.isnan(accuracy).any() else 0.0)
    reach = within_m + float(np.nan_to_num(accuracy).max(initial=0.0))
    limit = (reach + np.nan_to_num(subject.accuracy_m)) * 1.01 + 1e-6
    near = shapely.STRtree(shapes).query(subject.geometries, predicate="dwithin", distance=limit)
    np.maximum.at(off, near[0], accuracy[near[1]])
    zones = shapely.buffer(shapes, within_m, quad_segs=64) if within_m else shapes
    united: dict[tuple[int, ...], Any] = {}
    begins = np.searchsorted(near[0], np.arange(len(covers) + 1))
    for at in np.flatnonzero(np.diff(begins)).tolist():
        key = tuple(sorted(near[1][begins[at] : begins[at + 1]].tolist()))
        if key not in united:
            united[key] = shapely.union_all(zones[list(key)])
        covers[at] = united[key]
    return Drawn(covers, off)


def _sizes(facing: Facing, shapes: NDArray[Any], kinds: NDArray[Any]) -> NDArray[np.float64]:
    sizes = shapely.get_num_coordinates(shapes).astype(float)
    for kind, measure in ((AREA, facing.plane.area_m2), (LINE, facing.plane.length_m)):
        here = np.flatnonzero(kinds == kind)
        sizes[here] = measure(shapes[here])
    return sizes


def _wholly_inside(covered: Covered) -> NDArray[np.bool_]:
    """Tell which subjects lie in the cover wherever the boundaries really are."""
    inside = covered.gap <= _WHOLE * covered.size
    vague = np.flatnonzero(inside & ~(covered.off_m == 0))
    off = np.nan_to_num(covered.off_m[vague], nan=np.inf)
    known = np.isfinite(off)
    inside[vague[~known]] = False
    vague, off = vague[known], off[known]
    deep = shapely.buffer(covered.subject.geometries[vague], off * _CAUTION)
    inside[vague] = shapely.covered_by(deep, covered.cover.geometries[vague])
    return inside


def _sticks_out(covered: Covered) -> NDArray[np.bool_]:
    """Tell which subjects have a part outside wherever the boundaries really are."""
    out = covered.gap > _WHOLE * covered.size
    vague = np.flatnonzero(out & (covered.off_m > 0))
    shapes = covered.subject.geometries[vague].copy()
    mine, yours = covered.subject.accuracy_m[vague], covered.cover.accuracy_m[vague]
    areal = shapely.get_dimensions(shapes) == AREA
    shapes[areal] = shapely.buffer(shapes[areal], -mine[areal] * _CAUTION)
    # what is no area cannot be eroded: the cover is grown by both instead
    grown = np.where(areal, yours, mine + yours) * _CAUTION
    covers = shapely.buffer(covered.cover.geometries[vague], grown)
    out[vague] = ~shapely.is_empty(shapely.difference(shapes, covers))
    return out


def _outcomes(demand: Together, covered: Covered) -> NDArray[Any]:
    distance = shapely.distance(covered.subject.geometries, covered.cover.geometries)
    # no cover at all is infinitely far
    bare = np.nan_to_num(distance, nan=np.inf) > covered.off_m
    match demand:
        case InsideOnly():
            hit, clear = _sticks_out(covered), _wholly_inside(covered)
        case CoverageAtLeast(share=wanted):
            share, pm = covered.shared / covered.size, covered.pm / covered.size
            hit = bare | (share + pm < wanted - _WHOLE)
            # whole up to its edge is whole only if exact
            enough = (share - pm >= wanted - _WHOLE) & ((wanted < 1) | (covered.off_m == 0))
            clear = (enough | _wholly_inside(covered)) & ~hit
        case AreaThreshold(above_ha=above):
            threshold = above * _HECTARE_M2
            hit = covered.shared - covered.pm > threshold
            exact = (covered.off_m == 0) & (covered.shared <= threshold)
            below = (covered.shared + covered.pm < threshold) & (covered.shared > 0)
            clear = (bare | exact | below) & ~hit
    outcome = np.full(len(hit), UNCERTAIN, dtype=object)
    outcome[hit], outcome[clear] = HIT, CLEAR
    outcome[np.isnan(covered.off_m)] = UNCERTAIN
    return outcome


def _figures(
    demand: Together, covered: Covered
) -> tuple[NDArray[Any], NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return measure, measured value, threshold and ±."""
    count = len(covered.size)
    match demand:
        case InsideOnly():
            areal = shapely.get_dimensions(covered.subject.geometries) == AREA
            measure = np.where(areal, "area", "length").astype(object)
            return measure, covered.gap, np.zeros(count), covered.pm
        case CoverageAtLeast(share=wanted):
            share, pm = covered.shared / covered.size, covered.pm / covered.size
            return np.full(count, "share", dtype=object), share, np.full(count, wanted), pm
        case AreaThreshold(above_ha=above):
            threshold = np.full(count, above * _HECTARE_M2)
            return np.full(count, "area", dtype=object), covered.shared, threshold, covered.pm
