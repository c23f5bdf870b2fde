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
from geoplan.rules.verdicts import (
    ALL,
    CLEAR,
    FIELD_EMPTY,
    HIT,
    NO_AREA,
    NO_GEOMETRY,
    NOT_CHECKED,
    TOO_WIDE,
    UNCERTAIN,
    Bound,
    verdicts,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing

Together = InsideOnly | CoverageAtLeast | AreaThreshold
"""Demands that take the objects together."""

_WHOLE = 1e-9  # what rounding leaves of a share
_HECTARE_M2 = 10_000.0


class Covered(NamedTuple):
    """One subject, and what covers it.

    Attributes
    ----------
    subject, cover : Drawn
        One geometry each; the cover is the union of all objects near, the worst accuracy kept.
    size, shared, gap : float
        Of the subject, of what is covered, and of what is not [m² or m; points count as 1].
    pm : float
        By how much the covered part may be off, to first order; NaN where that is not known.
    """

    subject: Drawn
    cover: Drawn
    size: float
    shared: float
    gap: float
    pm: float
    shared_shape: Any
    gap_shape: Any

    @property
    def off_m(self) -> float:
        """The sum of both accuracies [m]."""
        return float(self.subject.accuracy_m[0] + self.cover.accuracy_m[0])


def together(demand: Together, facing: Facing, bound: Bound) -> pd.DataFrame:
    """Judge each subject against all objects together."""
    land = _ground(facing, demand)
    within_m = demand.within_m if isinstance(demand, CoverageAtLeast) else 0.0
    rows = []
    for at in np.flatnonzero(bound.subjects()).tolist():
        if facing.subject.is_part[at]:
            rows.append(_unchecked(facing, at, TOO_WIDE))
        elif land.missing[at] is not None:
            if _may_reach(facing, bound, at):
                rows.append(_unchecked(facing, at, FIELD_EMPTY, f"subject.{land.missing[at]}"))
        elif isinstance(demand, AreaThreshold) and shapely.get_dimensions(land.shapes[at]) != AREA:
            rows.append(_unchecked(facing, at, NO_AREA))
        else:
            rows.append(_judged(demand, facing, bound, land, at, within_m))
    return pd.concat([verdicts([], [], []), *rows], ignore_index=True)


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
    demand: Together, facing: Facing, bound: Bound, land: LegalLine, at: int, within_m: float
) -> pd.DataFrame:
    subject = Drawn(land.shapes[[at]], land.accuracy_m[[at]])
    covered = _covered(facing, subject, bound.object.yes, within_m)
    outcome = _outcome(demand, covered)
    reason, field = None, None
    maybe = bound.objects()
    if (maybe & ~bound.object.yes).any():
        other = _outcome(demand, _covered(facing, subject, maybe, within_m))
        if other != outcome:
            outcome, reason = NOT_CHECKED, FIELD_EMPTY
            field = f"object.{next(one for one in bound.object.untold if one is not None)}"
    # what has no published position may cover what seems bare, and add to what seems little
    hidden = CLEAR if isinstance(demand, AreaThreshold) else HIT
    if facing.absent and outcome == hidden:
        outcome, reason = NOT_CHECKED, NO_GEOMETRY
    measure, measured, threshold, pm = _figures(demand, covered)
    if pm >= measured and pm > 0:
        pm = float("nan")  # a ± that reaches what was measured says nothing (decision 14)
    areal = shapely.get_dimensions(subject.geometries[0]) == AREA
    shape = covered.shared_shape if isinstance(demand, AreaThreshold) else covered.gap_shape
    return verdicts(
        [at],
        [ALL],
        [outcome],
        reason=[reason],
        field=[field],
        measure=[measure],
        measured=[measured],
        threshold=[threshold],
        pm=[pm],
        uncertainty_m=[covered.off_m],
        line="land_edge" if isinstance(demand, AreaThreshold) else "boundary",
        line_basis=[land.basis[at]],
        half_width_m=[land.half_width_m[at]],
        shared_area_m2=[covered.shared if areal else np.nan],
        geometry=[shape if not shapely.is_empty(shape) else subject.geometries[0]],
    )


def _covered(facing: Facing, subject: Drawn, wanted: NDArray[np.bool_], within_m: float) -> Covered:
    """Measure what the wanted objects, and what lies within a distance of them, cover."""
    which = np.flatnonzero(wanted)
    shapes, accuracy = (side[which] for side in facing.object.drawn)
    reach = within_m + float(np.nan_to_num(subject.accuracy_m[0]))
    reach += float(np.nan_to_num(accuracy).max(initial=0.0))
    near = shapely.dwithin(shapes, subject.geometries[0], reach * 1.01 + 1e-6)
    cover = shapely.union_all(
        shapely.buffer(shapes[near], within_m, quad_segs=64) if within_m else shapes[near]
    )
    # the accuracy of what is far does not matter, unless it is not known at all
    off = float(np.nan) if np.isnan(accuracy).any() else float(accuracy[near].max(initial=0.0))
    shape = subject.geometries[0]
    shared, gap = shapely.intersection(shape, cover), shapely.difference(shape, cover)
    kind = int(shapely.get_dimensions(shape))
    size, inside, outside = (_size(facing, part, kind) for part in (shape, shared, gap))
    union = Drawn(np.array([cover], dtype=object), np.array([off]))
    pm = _pm(subject, union, shared, kind)
    return Covered(subject, union, size, inside, outside, pm, shared, gap)


def _size(facing: Facing, shape: Any, kind: int) -> float:
    one = np.array([shape], dtype=object)
    if kind == AREA:
        return float(facing.plane.area_m2(one)[0])
    if kind == LINE:
        return float(facing.plane.length_m(one)[0])
    return float(shapely.get_num_coordinates(shape))


def _pm(subject: Drawn, cover: Drawn, shared: Any, kind: int) -> float:
    off = float(subject.accuracy_m[0] + cover.accuracy_m[0])
    if np.isnan(off):
        return off
    if off == 0 or shapely.is_empty(shared):
        return 0.0
    part = np.array([shared], dtype=object)
    if kind == AREA:
        return float(area_pm_m2(part, subject, cover)[0])
    return float(length_pm_m(part, subject, cover)[0]) if kind == LINE else 0.0


def _wholly_inside(covered: Covered) -> bool:
    """Tell whether the subject lies in the cover wherever the boundaries really are."""
    if covered.off_m == 0:
        return covered.gap <= _WHOLE * covered.size
    deep = shapely.buffer(covered.subject.geometries[0], covered.off_m * 1.002)
    return bool(shapely.covered_by(deep, covered.cover.geometries[0]))


def _sticks_out(covered: Covered) -> bool:
    """Tell whether a part of the subject lies outside wherever the boundaries really are."""
    if covered.off_m == 0:
        return covered.gap > _WHOLE * covered.size
    mine, yours = float(covered.subject.accuracy_m[0]), float(covered.cover.accuracy_m[0])
    shape = covered.subject.geometries[0]
    if shapely.get_dimensions(shape) == AREA:
        shape = shapely.buffer(shape, -mine * 1.002)
        grown = shapely.buffer(covered.cover.geometries[0], yours * 1.002)
    else:
        grown = shapely.buffer(covered.cover.geometries[0], (mine + yours) * 1.002)
    return not bool(shapely.is_empty(shapely.difference(shape, grown)))


def _outcome(demand: Together, covered: Covered) -> str:
    if np.isnan(covered.off_m):
        return UNCERTAIN
    apart = float(shapely.distance(covered.subject.geometries[0], covered.cover.geometries[0]))
    bare = np.isnan(apart) or apart > covered.off_m  # no cover at all is infinitely far
    match demand:
        case InsideOnly():
            if _sticks_out(covered):
                return HIT
            return CLEAR if _wholly_inside(covered) else UNCERTAIN
        case CoverageAtLeast(share=wanted):
            if bare:
                return HIT
            if _wholly_inside(covered):
                return CLEAR
            share, pm = covered.shared / covered.size, covered.pm / covered.size
            if share + pm < wanted - _WHOLE:
                return HIT
            # whole up to its edge is whole only if exact
            enough = share - pm >= wanted - _WHOLE and (wanted < 1 or covered.off_m == 0)
            return CLEAR if enough else UNCERTAIN
        case AreaThreshold(above_ha=above):
            threshold = above * _HECTARE_M2
            if covered.shared - covered.pm > threshold:
                return HIT
            exact = covered.off_m == 0 and covered.shared <= threshold
            below = covered.shared + covered.pm < threshold
            return CLEAR if bare or exact or (below and covered.shared > 0) else UNCERTAIN


def _figures(demand: Together, covered: Covered) -> tuple[str, float, float, float]:
    """Return measure, measured value, threshold and ±."""
    match demand:
        case InsideOnly():
            areal = shapely.get_dimensions(covered.subject.geometries[0]) == AREA
            return "area" if areal else "length", covered.gap, 0.0, covered.pm
        case CoverageAtLeast(share=wanted):
            size = covered.size
            return "share", covered.shared / size, wanted, covered.pm / size
        case AreaThreshold(above_ha=above):
            return "area", covered.shared, above * _HECTARE_M2, covered.pm
