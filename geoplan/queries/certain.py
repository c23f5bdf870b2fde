"""Which features meet wherever, within their accuracies, their boundaries really are.

A point that lies in both features deeper than each may be off stays in both. Lines, and what is
too thin to have such a point, meet for certain where they cross for certain
(`geoplan.queries.crossing`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.queries.checks import AREA, POINT
from geoplan.queries.crossing import cross_for_certain
from geoplan.queries.shortest import shortest_lines

if TYPE_CHECKING:
    from numpy.typing import NDArray

_CAUTION = 1.002
"""By how much more than its accuracy a feature is eroded.

A plane shows a metre as up to 1.0004 m at 1.6° from its meridian, and an erosion's round corners,
drawn in 64 chords a circle, leave up to 0.0012 of the accuracy too much.
"""

_CORNER_SEGMENTS = 16  # in a quarter of a circle


class Drawn(NamedTuple):
    """Features of one layer as they are drawn, and how far off they may be.

    Attributes
    ----------
    geometries : ndarray of shapely geometries, shape (n,)
        In one measuring plane.
    accuracy_m : ndarray of float, shape (n,)
        How far each boundary may be off [m]; NaN where that is not known.
    """

    geometries: NDArray[Any]
    accuracy_m: NDArray[np.float64]


def meet_for_certain(
    left: Drawn, right: Drawn, ours: NDArray[np.intp], theirs: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which intersecting pairs meet wherever their boundaries really are."""
    found = np.zeros(len(ours), dtype=bool)
    kinds = (
        shapely.get_dimensions(left.geometries)[ours],
        shapely.get_dimensions(right.geometries)[theirs],
    )
    for one, other in {*zip(*(kind.tolist() for kind in kinds), strict=True)}:
        here = np.flatnonzero((kinds[0] == one) & (kinds[1] == other))
        mine, yours = ours[here], theirs[here]
        match one, other:
            case (2, 2):
                found[here] = _areas(left, right, mine, yours)
            case (0 | 1, 2):
                found[here] = _in_areas(left, right, mine, yours, one)
            case (2, 0 | 1):
                found[here] = _in_areas(right, left, yours, mine, other)
            case (1, 1):
                off = left.accuracy_m[mine] + right.accuracy_m[yours]
                lines = left.geometries[mine], right.geometries[yours]
                found[here] = cross_for_certain(*lines, off)
    return found


def _areas(
    left: Drawn, right: Drawn, ours: NDArray[np.intp], theirs: NDArray[np.intp]
) -> NDArray[np.bool_]:
    found = _by_centre(left, right, ours, theirs)
    rest = np.flatnonzero(~found)
    found[rest] = _by_centre(right, left, theirs[rest], ours[rest])
    rest = np.flatnonzero(~found)
    if len(np.unique(ours[rest])) < len(np.unique(theirs[rest])):
        met, coreless = _cores_meet(left, right, ours[rest], theirs[rest])
    else:
        met, coreless = _cores_meet(right, left, theirs[rest], ours[rest])
    found[rest] = met
    thin = rest[coreless]
    mine, yours = ours[thin], theirs[thin]
    off = left.accuracy_m[mine] + right.accuracy_m[yours]
    found[thin] = _boundaries_cross(left.geometries[mine], right.geometries[yours], off)
    return found


def _cores_meet(
    few: Drawn, many: Drawn, mine: NDArray[np.intp], theirs: NDArray[np.intp]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which pairs share a point after erosion, and where one has no core at all.

    Of the side with many features only those are eroded that reach a core of the other.
    """
    core = _eroded(few.geometries, mine, few.accuracy_m[mine])
    shapely.prepare(core)
    met = shapely.intersects(core, many.geometries[theirs])
    thin = shapely.is_empty(core)
    rest = np.flatnonzero(met)
    other = _eroded(many.geometries, theirs[rest], many.accuracy_m[theirs[rest]])
    met[rest] = shapely.intersects(core[rest], other)
    thin[rest] |= shapely.is_empty(other)
    return met, thin


def _by_centre(
    one: Drawn, other: Drawn, mine: NDArray[np.intp], theirs: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell for which pairs the centroid of the first is deep enough in both: quick, sufficient."""
    which, place = np.unique(mine, return_inverse=True)
    centres = shapely.centroid(one.geometries[which])
    deep = _deeper(centres, one.geometries, which, one.accuracy_m[which])[place]
    asked = np.flatnonzero(deep)
    deep[asked] = _deeper(
        centres[place[asked]], other.geometries, theirs[asked], other.accuracy_m[theirs[asked]]
    )
    return deep


def _in_areas(
    thin: Drawn, areas: Drawn, ours: NDArray[np.intp], theirs: NDArray[np.intp], dimension: int
) -> NDArray[np.bool_]:
    off = thin.accuracy_m[ours] + areas.accuracy_m[theirs]
    if dimension == POINT:
        points, pair = shapely.get_parts(thin.geometries[ours], return_index=True)
        deep = _deeper(points, areas.geometries, theirs[pair], off[pair])
        return np.bincount(pair[deep], minlength=len(ours)) > 0
    lines = thin.geometries[ours]
    which, place = np.unique(theirs, return_inverse=True)
    centres = shapely.centroid(areas.geometries[which])[place]
    points = shapely.get_point(shortest_lines(lines, centres), 0)
    found = _deeper(points, areas.geometries, theirs, off)
    rest = np.flatnonzero(~found)
    cores = _eroded(areas.geometries, theirs[rest], off[rest])
    shapely.prepare(cores)
    found[rest] = shapely.intersects(cores, lines[rest])
    rest = rest[shapely.is_empty(cores)]
    found[rest] = _boundaries_cross(lines[rest], areas.geometries[theirs[rest]], off[rest])
    return found


def _deeper(
    points: NDArray[Any],
    areas: NDArray[Any],
    theirs: NDArray[np.intp],
    depth_m: NDArray[np.float64],
) -> NDArray[np.bool_]:
    """Tell which points lie deeper inside their areas than asked."""
    which, place = np.unique(theirs, return_inverse=True)
    polygons, edges = areas[which], shapely.boundary(areas[which])
    shapely.prepare(polygons)
    deep = shapely.contains_properly(polygons[place], points)
    inside = np.flatnonzero(deep)
    depth = shapely.distance(edges[place[inside]], points[inside])
    deep[inside] = depth > depth_m[inside] * _CAUTION
    return np.asarray(deep)


def _eroded(
    areas: NDArray[Any], which: NDArray[np.intp], depth_m: NDArray[np.float64]
) -> NDArray[Any]:
    """Return what of areas lies deeper than asked; each area and depth is eroded once."""
    wanted = np.column_stack([which.astype(float), depth_m])
    distinct, place = np.unique(wanted, axis=0, return_inverse=True)
    polygons, depth = areas[distinct[:, 0].astype(np.intp)], distinct[:, 1]
    # no disc inside an area is larger than the area
    gone = np.pi * depth * depth >= shapely.area(polygons)
    polygons[gone] = shapely.Polygon()
    some = ~gone & (depth > 0)
    polygons[some] = shapely.buffer(
        polygons[some], -depth[some] * _CAUTION, quad_segs=_CORNER_SEGMENTS
    )
    return np.asarray(polygons[place], dtype=object)


def _boundaries_cross(
    left: NDArray[Any], right: NDArray[Any], off_m: NDArray[np.float64]
) -> NDArray[np.bool_]:
    """Tell which pairs cross each other for certain though one is too thin to have a core.

    A pipeline across a brook meets it wherever both really are.
    """
    ones, others = (
        np.where(shapely.get_dimensions(side) == AREA, shapely.boundary(side), side)
        for side in (left, right)
    )
    return cross_for_certain(ones, others, off_m)
