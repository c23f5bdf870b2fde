"""Demands on the distance of a subject from the line that a law measures from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.shortest import shortest_lines
from geoplan.queries.uncertainty import distance_outcome
from geoplan.rules.lines import QUADRANT
from geoplan.rules.model import Setback
from geoplan.rules.outcomes import CLEAR, HIT, NOT_CHECKED, UNCERTAIN
from geoplan.rules.verdicts import FIELD_EMPTY, NO_NUMBER, Bound, verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing, Pairs
    from geoplan.rules.model import BufferBeyond, MeasuringLine, NoNumericThreshold, Rule

_CAUTION = 1.001  # a plane stretches a metre by up to 0.0004, round corners are drawn in chords


def nearer(
    facing: Facing, bound: Bound, line: MeasuringLine, threshold_m: float, from_m: float = 0.0
) -> pd.DataFrame:
    """Find subjects nearer to a line than a threshold, and not wholly nearer than `from_m`.

    What overlaps for certain is nearer than any threshold, however vague both are.
    """
    pairs = _within(bound.of(facing.pairs(line)), threshold_m)
    outcome = distance_outcome(pairs.distance_m, pairs.uncertainty_m, threshold_m)
    vague = np.flatnonzero((outcome == UNCERTAIN) & (pairs.distance_m == 0))
    outcome[vague[facing.meets(line, pairs.where(_at(vague, pairs))) == HIT]] = HIT
    if from_m > 0:
        outcome = _joined(outcome, _beyond(facing, line, pairs, from_m))
    found = _table(facing, line, pairs, outcome, threshold_m)
    return pd.concat([found, _without_line(facing, bound, line, threshold_m)], ignore_index=True)


def beyond_zone(
    rule: Rule, demand: BufferBeyond, facing: Facing, rules: Mapping[str, Rule]
) -> pd.DataFrame:
    """Find subjects nearer than a distance beyond the zone that other rules draw."""
    tables = []
    for name in demand.beyond:
        base = rules.get(name)
        if base is None or not isinstance(base.demand, Setback):
            continue  # not in force on the day: it draws no zone
        bound = Bound.by(rule, facing).also(facing, base.where.object)
        reach = base.demand.distance_m + demand.distance_m
        found = nearer(facing, bound, base.demand.measured_from, reach)
        tables.append(_told_of(found, bound))
    if not tables:
        return verdicts([], [], [])
    every = pd.concat(tables, ignore_index=True)
    # an object whose class is not known may have any of the zones: the widest is named
    rank = every["outcome"].map({HIT: 0, UNCERTAIN: 1, NOT_CHECKED: 2, CLEAR: 3}).to_numpy()
    every = every.iloc[np.lexsort((-every["threshold"].to_numpy(), rank))]
    every = every.drop_duplicates(["ours", "theirs"])
    return every.sort_values(["ours", "theirs"], ignore_index=True)


def without_number(demand: NoNumericThreshold, facing: Facing, bound: Bound) -> pd.DataFrame:
    """Name the pairs that the law speaks of without a number."""
    if demand.near_m is None:
        return verdicts([], [], [])
    pairs = _within(bound.of(facing.pairs("boundary")), demand.near_m)
    found = _table(facing, "boundary", pairs, np.full(len(pairs.ours), NOT_CHECKED), np.nan)
    return found.assign(reason=NO_NUMBER)


def _told_of(found: pd.DataFrame, bound: Bound) -> pd.DataFrame:
    """Put the empty field of each base rule to its own rows."""
    fields = bound.fields(found["ours"].to_numpy(), found["theirs"].to_numpy())
    untold = pd.Series([one is not None for one in fields], index=found.index, dtype=bool)
    untold &= ~found["outcome"].isin([CLEAR, NOT_CHECKED])
    found.loc[untold, "outcome"] = NOT_CHECKED
    found.loc[untold, "reason"] = FIELD_EMPTY
    found.loc[untold, "field"] = fields[untold.to_numpy()]
    return found


def _within(pairs: Pairs, threshold_m: float) -> Pairs:
    return pairs.where(pairs.distance_m - np.nan_to_num(pairs.uncertainty_m) <= threshold_m)


def _at(places: NDArray[np.intp], pairs: Pairs) -> NDArray[np.bool_]:
    wanted = np.zeros(len(pairs.ours), dtype=bool)
    wanted[places] = True
    return wanted


def _joined(one: NDArray[np.str_], other: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the outcome of two demands that must both hold."""
    both = np.where((one == HIT) & (other == HIT), HIT, UNCERTAIN)
    return np.where((one == CLEAR) | (other == CLEAR), CLEAR, both)


def _beyond(facing: Facing, line: MeasuringLine, pairs: Pairs, from_m: float) -> NDArray[np.str_]:
    """Tell which subjects have a part that is at least so far from a line."""
    outcome = np.full(len(pairs.ours), HIT, dtype="<U11")
    off = pairs.uncertainty_m
    outcome[np.isnan(off)] = UNCERTAIN
    near = np.flatnonzero(pairs.distance_m - np.nan_to_num(off) <= from_m)
    subjects = facing.subject.drawn.geometries[pairs.ours[near]]
    objects = facing.line(line).shapes[pairs.theirs[near]]
    least, most = from_m - off[near], from_m + off[near]
    # shrunk and grown a little more: a circle in chords lies inside its circle
    sure = ~np.isnan(off[near])
    inner, outer = np.zeros(len(near), dtype=bool), np.ones(len(near), dtype=bool)
    inner[sure] = _inside(subjects[sure], objects[sure], least[sure] / _CAUTION)
    outer[sure] = _inside(subjects[sure], objects[sure], most[sure] * _CAUTION)
    outcome[near[inner]] = CLEAR
    outcome[near[~inner & outer]] = UNCERTAIN
    return outcome


def _inside(
    subjects: NDArray[np.object_], objects: NDArray[np.object_], within_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which subjects lie wholly within a distance of their objects."""
    zones = shapely.buffer(objects, np.maximum(within_m, 0.0), quad_segs=QUADRANT)
    return np.asarray(shapely.covered_by(subjects, zones) & (within_m > 0), dtype=bool)


def _without_line(
    facing: Facing, bound: Bound, line: MeasuringLine, threshold_m: float
) -> pd.DataFrame:
    """Name the pairs that may be near, though the line to measure from is not known."""
    pairs = bound.of(facing.unmeasured(line, threshold_m))
    columns = facing.line(line).missing[pairs.theirs]
    return verdicts(
        pairs.ours,
        pairs.theirs,
        np.full(len(pairs.ours), NOT_CHECKED),
        reason=FIELD_EMPTY,
        field=[f"object.{column}" for column in columns],
        measure="distance",
        threshold=np.full(len(pairs.ours), threshold_m),
        line=line,
        geometry=list(
            _between(
                facing.subject.drawn.geometries[pairs.ours],
                facing.object.drawn.geometries[pairs.theirs],
            )
        ),
    )


def _table(
    facing: Facing,
    line: MeasuringLine,
    pairs: Pairs,
    outcome: NDArray[np.str_],
    threshold_m: float,
) -> pd.DataFrame:
    kept = outcome != CLEAR
    pairs, outcome = pairs.where(kept), outcome[kept]
    legal = facing.line(line)
    return verdicts(
        pairs.ours,
        pairs.theirs,
        outcome,
        measure="distance",
        measured=pairs.distance_m,
        threshold=np.full(len(outcome), threshold_m),
        pm=pairs.uncertainty_m,
        uncertainty_m=pairs.uncertainty_m,
        line=line,
        line_basis=legal.basis[pairs.theirs],
        half_width_m=legal.half_width_m[pairs.theirs],
        geometry=list(
            _between(facing.subject.drawn.geometries[pairs.ours], legal.shapes[pairs.theirs])
        ),
    )


def _between(one: NDArray[np.object_], other: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the shortest line between what is apart, the shared part of what meets."""
    lines = np.asarray(shortest_lines(one, other), dtype=object)
    meets = shapely.length(lines) == 0
    lines[meets] = shapely.intersection(one[meets], other[meets])
    return lines
