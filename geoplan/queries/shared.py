"""What pairs of projected features share, by the lower of their two dimensions."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from geoplan.queries import engine
from geoplan.queries.building import built
from geoplan.queries.checks import AREA, LINE, POINT
from geoplan.queries.pairs import intersections, meeting, of_dimension
from geoplan.queries.walking import Walked, walked

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.crs import MeasuringPlane

MEASURES = ["area_m2", "length_m", "point_count"]
"""Columns of measures; of each pair those that do not apply are NaN."""


MEASURE_OF = {POINT: "point_count", LINE: "length_m", AREA: "area_m2"}


@dataclass
class Side:
    """The features of one layer in one plane, each measured at most once.

    Attributes
    ----------
    plane : MeasuringPlane
        Where they lie.
    geometries : ndarray of shapely geometries, shape (n,)
        Valid, neither null nor empty, no collections.
    """

    plane: MeasuringPlane
    geometries: NDArray[Any]
    dimensions: NDArray[np.int32] = field(init=False)
    _sizes: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.dimensions = shapely.get_dimensions(self.geometries)
        self._sizes = np.full(len(self.geometries), np.nan)

    def sizes(self, positions: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return areas [m²] or lengths [m] by dimension, NaN for points."""
        wanted = np.zeros(len(self._sizes), dtype=bool)
        wanted[positions] = True
        wanted &= np.isnan(self._sizes)
        for dimension, measure in ((AREA, self.plane.area_m2), (LINE, self.plane.length_m)):
            lacking = np.flatnonzero(wanted & (self.dimensions == dimension))
            self._sizes[lacking] = measure(self.geometries[lacking])
        return self._sizes[positions]

    def learn(self, positions: NDArray[np.intp], sizes: NDArray[np.float64]) -> None:
        """Take sizes that were measured on the way; NaN tells nothing."""
        known = ~np.isnan(sizes)
        self._sizes[positions[known]] = sizes[known]


def shared(
    left: Side, right: Side, *, geometry: bool, compiled: bool | None = None
) -> pd.DataFrame:
    """Return every pair that shares something.

    Parameters
    ----------
    left, right : Side
        In one plane; features may be of different dimensions.
    geometry : bool
        Whether to build what they share.
    compiled : bool, optional
        Given, each pair is measured by itself, so that its digits depend on no other: by the
        kernels where true, else by GEOS. Otherwise by what is fastest.

    Returns
    -------
    DataFrame
        ``left`` and ``right`` (positions), `MEASURES`, and ``geometry`` (null unless asked for).
    """
    tables = []
    for ours in np.unique(left.dimensions):
        for theirs in np.unique(right.dimensions):
            mine = np.flatnonzero(left.dimensions == ours)
            other = np.flatnonzero(right.dimensions == theirs)
            rule = _RULES[ours, theirs]
            if compiled is not None and rule is _areal_or_lineal:
                rule = _compiled if compiled else _by_geos
            table = rule(left, right, mine, other, geometry)
            tables.append(table)
    return pd.concat(tables, ignore_index=True) if tables else _table([], [])


def _areal_or_lineal(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    """Return areas that areas share, or lengths of lines inside areas, boundary included."""
    if engine.is_worth_it(left.geometries[mine], right.geometries[other]):
        return _compiled(left, right, mine, other, geometry)
    found = walked(left.geometries[mine], right.geometries[other], left.plane)
    left.learn(mine, found.left_whole)
    right.learn(other, found.right_whole)
    ours, theirs = mine[found.ours], other[found.theirs]
    dimension = min(int(left.dimensions[mine[0]]), int(right.dimensions[other[0]]))
    measure = left.plane.area_m2 if dimension == AREA else left.plane.length_m
    size = found.size.copy()
    common = built(found) if geometry else np.full(len(size), None, dtype=object)
    for inside, side, which in (
        (found.left_inside, left, ours),
        (found.right_inside, right, theirs),
    ):
        size[inside] = side.sizes(which[inside])
        common[inside] = side.geometries[which[inside]]
    settled = _settle(found, left.geometries[ours], right.geometries[theirs], dimension)
    for inside, side, which in ((settled[0], left, ours), (settled[1], right, theirs)):
        size[inside] = side.sizes(which[inside])
        common[inside] = side.geometries[which[inside]]
    size[settled[2]] = 0.0
    for_geos = found.doubtful | (geometry & shapely.is_missing(common))
    for_geos &= ~(settled[0] | settled[1] | settled[2])
    common[for_geos] = of_dimension(
        shapely.intersection(left.geometries[ours[for_geos]], right.geometries[theirs[for_geos]]),
        dimension,
    )
    size[for_geos] = measure(common[for_geos])
    there = size > 0
    return _table(ours[there], theirs[there], common[there], **{MEASURE_OF[dimension]: size[there]})


def _compiled(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    """Return the same by the kernels; GEOS tells what they do not decide."""
    engine.refuse_absent()
    from geoplan.kernels.overlay import overlay, stretches

    plane = left.plane
    sides = left.geometries[mine], right.geometries[other]
    lineal = [shapely.get_dimensions(side[0]) == LINE for side in sides]
    dimension = LINE if any(lineal) else AREA
    if lineal[1]:
        found = stretches(*sides[::-1], plane.geod, shapes=geometry).swapped()
    else:
        ask = stretches if lineal[0] else overlay
        found = ask(*sides, plane.geod, shapes=geometry)
    left.learn(mine, found.left_size)
    right.learn(other, found.right_size)
    size, common = found.size, found.shape
    rest = np.flatnonzero(np.isnan(size))
    common[rest] = of_dimension(
        shapely.intersection(sides[0][found.ours[rest]], sides[1][found.theirs[rest]]), dimension
    )
    measure = plane.area_m2 if dimension == AREA else plane.length_m
    size[rest] = measure(common[rest])
    there = size > 0
    ours, theirs = mine[found.ours[there]], other[found.theirs[there]]
    return _table(ours, theirs, common[there], **{MEASURE_OF[dimension]: size[there]})


def _by_geos(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    """Return the same by GEOS, pair by pair."""
    sides = left.geometries[mine], right.geometries[other]
    pairs = meeting(*sides)
    dimension = min(int(left.dimensions[mine[0]]), int(right.dimensions[other[0]]))
    measure = left.plane.area_m2 if dimension == AREA else left.plane.length_m
    common = of_dimension(intersections(*sides, pairs.ours, pairs.theirs), dimension)
    size = measure(common)
    there = size > 0
    ours, theirs = mine[pairs.ours[there]], other[pairs.theirs[there]]
    return _table(ours, theirs, common[there], **{MEASURE_OF[dimension]: size[there]})


def _settle(
    found: Walked, ours: NDArray[Any], theirs: NDArray[Any], dimension: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which doubtful pairs one covers the other of, either way, and which only touch.

    On snapped boundaries they are nearly all, and asking costs a fraction of an intersection.
    """
    left_in, right_in, touch = (np.zeros(len(ours), dtype=bool) for _ in range(3))
    ask = np.flatnonzero(found.doubtful)
    if dimension == AREA and len(ask):
        few_left = len(np.unique(found.ours[ask])) < len(np.unique(found.theirs[ask]))
        few, many, held = (ours, theirs, right_in) if few_left else (theirs, ours, left_in)
        shapely.prepare(few[ask])
        touch[ask] = shapely.touches(few[ask], many[ask])
        ask = ask[~touch[ask]]
        held[ask] = shapely.covers(few[ask], many[ask])
    return left_in, right_in, touch


def _lines(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    """Return stretches that lines share, and the points where they meet otherwise."""
    pairs = meeting(left.geometries[mine], right.geometries[other])
    ours, theirs = mine[pairs.ours], other[pairs.theirs]
    common = np.asarray(shapely.intersection(left.geometries[ours], right.geometries[theirs]))
    stretches, points = of_dimension(common, LINE), of_dimension(common, POINT)
    return _table(
        ours,
        theirs,
        common,
        length_m=left.plane.length_m(stretches),
        point_count=shapely.get_num_geometries(points).astype(float),
    )


def _points_left(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    """Return how many of the points of each feature lie in or on the other, and which."""
    points, owner = _points_of(left.geometries[mine])
    hosts = right.geometries[other]
    if len(other) and shapely.get_dimensions(hosts[0]) == POINT:
        hosts, host_owner = _points_of(hosts)
    else:
        host_owner = np.arange(len(hosts))
    which, host = shapely.STRtree(hosts).query(points, predicate="intersects")
    ours, theirs = owner[which], host_owner[host]
    order = np.lexsort((which, theirs, ours))
    ours, theirs, which = ours[order], theirs[order], which[order]
    starts = np.r_[True, (ours[1:] != ours[:-1]) | (theirs[1:] != theirs[:-1])][: len(ours)]
    pair = np.cumsum(starts) - 1
    count = int(starts.sum())
    common = np.full(count, None, dtype=object)
    if count:
        shapely.multipoints(points[which], indices=pair, out=common)
    hits = np.bincount(pair, minlength=count)
    common[hits == 1] = shapely.get_geometry(common[hits == 1], 0)
    return _table(mine[ours[starts]], other[theirs[starts]], common, point_count=hits.astype(float))


def _points_right(
    left: Side, right: Side, mine: NDArray[np.intp], other: NDArray[np.intp], geometry: bool
) -> pd.DataFrame:
    table = _points_left(right, left, other, mine, geometry)
    return table.rename(columns={"left": "right", "right": "left"})[table.columns]


def _points_of(geometries: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the different points of each feature and the feature each belongs to."""
    xy, owner = shapely.get_coordinates(geometries, return_index=True)
    rows = np.unique(np.column_stack([owner, xy]), axis=0)
    return np.asarray(shapely.points(rows[:, 1:])), rows[:, 0].astype(np.intp)


def _table(
    ours: Any, theirs: Any, geometry: Any = None, **measures: NDArray[np.float64]
) -> pd.DataFrame:
    columns: dict[str, Any] = {
        "left": np.asarray(ours, dtype=np.intp),
        "right": np.asarray(theirs, dtype=np.intp),
    }
    columns |= {name: measures.get(name, np.nan) for name in MEASURES}
    table = pd.DataFrame(columns)
    table["geometry"] = np.full(len(table), None, dtype=object) if geometry is None else geometry
    return table


_RULES: dict[tuple[int, int], Any] = {
    (AREA, AREA): _areal_or_lineal,
    (LINE, AREA): _areal_or_lineal,
    (AREA, LINE): _areal_or_lineal,
    (LINE, LINE): _lines,
    (POINT, POINT): _points_left,
    (POINT, LINE): _points_left,
    (POINT, AREA): _points_left,
    (LINE, POINT): _points_right,
    (AREA, POINT): _points_right,
}
