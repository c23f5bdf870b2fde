"""Demands on whether a subject meets an object, and at what angle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries.certain import Drawn
from geoplan.queries.checks import AREA, LINE
from geoplan.queries.shortest import shortest_lines
from geoplan.queries.uncertainty import area_pm_m2, length_pm_m
from geoplan.rules.outcomes import CLEAR, HIT, NOT_CHECKED, UNCERTAIN
from geoplan.rules.verdicts import FIELD_EMPTY, NOT_LINES, Bound, verdicts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.rules.facing import Facing, Pairs
    from geoplan.rules.model import CrossingAngle, MeasuringLine


def sharing(
    facing: Facing, bound: Bound, line: MeasuringLine, *, ground: bool = True
) -> pd.DataFrame:
    """Find subjects that share something with objects: with `ground`, more than a touch."""
    pairs = _maybe_meeting(bound.of(facing.pairs(line)))
    outcome = facing.meets(line, pairs)
    legal = facing.line(line)
    shared = np.asarray(
        shapely.intersection(
            facing.subject.drawn.geometries[pairs.ours], legal.shapes[pairs.theirs]
        ),
        dtype=object,
    )
    dimension = np.minimum(
        shapely.get_dimensions(facing.subject.drawn.geometries[pairs.ours]),
        shapely.get_dimensions(legal.shapes[pairs.theirs]),
    )
    if ground:
        # drawn exactly, edges or ends that touch share no ground
        touch = (pairs.uncertainty_m == 0) & (shapely.get_dimensions(shared) < dimension)
        outcome[touch] = CLEAR
    kept = outcome != CLEAR
    pairs, outcome, shared = pairs.where(kept), outcome[kept], shared[kept]
    apart = shapely.is_empty(shared)
    shared[apart] = shortest_lines(
        facing.subject.drawn.geometries[pairs.ours[apart]], legal.shapes[pairs.theirs[apart]]
    )
    found = verdicts(
        pairs.ours,
        pairs.theirs,
        outcome,
        measure="distance",
        measured=pairs.distance_m,
        pm=pairs.uncertainty_m,
        uncertainty_m=pairs.uncertainty_m,
        line=line,
        line_basis=legal.basis[pairs.theirs],
        half_width_m=legal.half_width_m[pairs.theirs],
        geometry=list(shared),
    )
    _measure(facing, found, Drawn(legal.shapes, legal.accuracy_m), np.flatnonzero(~apart))
    return pd.concat([found, _without_line(facing, bound, line)], ignore_index=True)


def crossing_angles(demand: CrossingAngle, facing: Facing, bound: Bound) -> pd.DataFrame:
    """Find lines that cross at less than an angle."""
    pairs = _maybe_meeting(bound.of(facing.pairs("centreline")))
    outcome = facing.meets("centreline", pairs)
    pairs, outcome = pairs.where(outcome != CLEAR), outcome[outcome != CLEAR]
    subjects = facing.subject.drawn.geometries[pairs.ours]
    objects = facing.line("centreline").shapes[pairs.theirs]
    lines = (shapely.get_dimensions(subjects) == LINE) & (shapely.get_dimensions(objects) == LINE)
    measured, least, most = _angles(facing, pairs, subjects, objects, lines)
    angle = np.full(len(outcome), UNCERTAIN, dtype="<U11")
    angle[(outcome == HIT) & (most < demand.at_least_deg)] = HIT
    angle[least > demand.at_least_deg] = CLEAR
    # drawn exactly, the angle is the angle: equal to the least allowed is allowed
    exact = (pairs.uncertainty_m == 0) & (measured >= demand.at_least_deg)
    angle[exact] = CLEAR
    angle[~lines] = NOT_CHECKED
    return verdicts(
        pairs.ours,
        pairs.theirs,
        angle,
        reason=[None if both else NOT_LINES for both in lines],
        measure="angle",
        measured=measured,
        threshold=np.full(len(angle), demand.at_least_deg),
        pm=np.maximum(most - measured, measured - least),
        uncertainty_m=pairs.uncertainty_m,
        line="centreline",
        line_basis="as_drawn",
        geometry=list(_crossings(subjects, objects)),
    )


def _maybe_meeting(pairs: Pairs) -> Pairs:
    return pairs.where(pairs.distance_m <= np.nan_to_num(pairs.uncertainty_m))


def _measure(facing: Facing, found: pd.DataFrame, objects: Drawn, meets: NDArray[np.intp]) -> None:
    """Put the measures of shared parts to the rows where something is shared."""
    ours, theirs = (found[name].to_numpy()[meets] for name in ("ours", "theirs"))
    mine = Drawn(facing.subject.drawn.geometries[ours], facing.subject.drawn.accuracy_m[ours])
    yours = Drawn(objects.geometries[theirs], objects.accuracy_m[theirs])
    shared = found["geometry"].to_numpy(dtype=object)[meets]
    kinds = shapely.get_dimensions(shared)
    one, other = (shapely.get_dimensions(side.geometries) for side in (mine, yours))
    areal = np.flatnonzero(kinds == AREA)
    lineal = np.flatnonzero(kinds == LINE)
    pm = np.full(len(meets), np.nan)
    area, length = pm.copy(), pm.copy()
    area[areal] = facing.plane.area_m2(shared[areal])
    length[lineal] = facing.plane.length_m(shared[lineal])
    if len(areal):
        pm[areal] = area_pm_m2(shared[areal], _of(mine, areal), _of(yours, areal))
    for lines, areas, which in (
        (mine, yours, lineal[(one[lineal] == LINE) & (other[lineal] == AREA)]),
        (yours, mine, lineal[(other[lineal] == LINE) & (one[lineal] == AREA)]),
    ):
        if len(which):
            only = np.array([_lines_only(part) for part in shared[which]], dtype=object)
            pm[which] = length_pm_m(only, _of(lines, which), _of(areas, which))
    measured = np.where(kinds == AREA, area, length)
    told = np.flatnonzero(kinds >= LINE)
    rows = meets[told]
    found.loc[rows, "measure"] = np.where(kinds[told] == AREA, "area", "length")
    found.loc[rows, "measured"] = measured[told]
    # a ± that reaches what was measured says nothing (decision 14)
    found.loc[rows, "pm"] = np.where((pm < measured) | (pm == 0), pm, np.nan)[told]
    found.loc[meets, "shared_area_m2"], found.loc[meets, "shared_length_m"] = area, length


def _lines_only(shared: Any) -> Any:
    parts = shapely.get_parts(shared)
    return shapely.multilinestrings(parts[shapely.get_dimensions(parts) == LINE])


def _of(side: Drawn, which: NDArray[np.intp]) -> Drawn:
    return Drawn(side.geometries[which], side.accuracy_m[which])


def _without_line(facing: Facing, bound: Bound, line: MeasuringLine) -> pd.DataFrame:
    """Name the pairs that may meet, though the edge of the object is not known."""
    pairs = bound.of(facing.unmeasured(line, 0.0))
    return verdicts(
        pairs.ours,
        pairs.theirs,
        np.full(len(pairs.ours), NOT_CHECKED),
        reason=FIELD_EMPTY,
        field=[f"object.{column}" for column in facing.line(line).missing[pairs.theirs]],
        line=line,
        geometry=list(
            shortest_lines(
                facing.subject.drawn.geometries[pairs.ours],
                facing.object.drawn.geometries[pairs.theirs],
            )
        ),
    )


def _angles(
    facing: Facing,
    pairs: Pairs,
    subjects: NDArray[Any],
    objects: NDArray[Any],
    lines: NDArray[np.bool_],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the least acute angle of each pair as drawn, and its bounds [degrees].

    Each end of an edge may be off by its line's accuracy a, so an edge of length L may be turned
    by asin(2a / L). Within the bounds count all edges that may meet.
    """
    measured, least, most = (np.full(len(lines), np.nan) for _ in range(3))
    for at in np.flatnonzero(lines):
        ours, theirs = _edges(subjects[at]), _edges(objects[at])
        off = float(np.nan_to_num(pairs.uncertainty_m[at]))
        near = shapely.STRtree(ours).query(theirs, predicate="dwithin", distance=off)
        one, other = ours[near[1]], theirs[near[0]]
        angle = _acute(one, other)
        meets = shapely.intersects(one, other)
        if meets.any():
            measured[at] = angle[meets].min()
        turned = _turned(one, facing.subject.drawn.accuracy_m[pairs.ours[at]])
        turned += _turned(other, facing.line("centreline").accuracy_m[pairs.theirs[at]])
        least[at] = np.maximum(angle - turned, 0.0).min(initial=np.inf)
        most[at] = (angle + turned).max(initial=-np.inf)
    return measured, least, most


def _edges(line: Any) -> NDArray[Any]:
    parts = shapely.get_parts(line)
    points, owner = shapely.get_coordinates(parts, return_index=True)
    same = owner[1:] == owner[:-1]
    return np.asarray(shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1)[same]))


def _acute(one: NDArray[Any], other: NDArray[Any]) -> NDArray[np.float64]:
    first, second = _directions(one), _directions(other)
    cross = np.abs(first[:, 0] * second[:, 1] - first[:, 1] * second[:, 0])
    dot = np.abs((first * second).sum(axis=1))
    return np.asarray(np.degrees(np.arctan2(cross, dot)))


def _directions(edges: NDArray[Any]) -> NDArray[np.float64]:
    ends = shapely.get_coordinates(edges).reshape(-1, 2, 2)
    return np.asarray(ends[:, 1] - ends[:, 0])


def _turned(edges: NDArray[Any], accuracy_m: float) -> NDArray[np.float64]:
    return np.asarray(
        np.degrees(np.arcsin(np.minimum(2.0 * accuracy_m / shapely.length(edges), 1.0)))
    )


def _crossings(subjects: NDArray[Any], objects: NDArray[Any]) -> NDArray[Any]:
    places = np.asarray(shapely.intersection(subjects, objects), dtype=object)
    apart = shapely.is_empty(places)
    places[apart] = shortest_lines(subjects[apart], objects[apart])
    return places
