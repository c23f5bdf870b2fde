"""Checks of features against each other, in metres, in the plane that measures them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.quality.subject import Finding, Local, Subject
from geoplan.queries.pairs import intersections
from geoplan.queries.shortest import shortest_lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray


def overlap_within_layer(subject: Subject) -> Iterator[Finding]:
    """Report pairs of features that share ground in a layer where none may."""
    for local in _disjoint(subject):
        areas = local.geometries
        left, right = shapely.STRtree(areas).query(areas, predicate="intersects")
        left, right = left[left < right], right[left < right]
        shared = intersections(areas, areas, left, right)
        size = local.plane.area_m2(_areal(shared))
        hits = np.flatnonzero(size > subject.limits.overlap_m2)
        places = subject.place(local, shapely.point_on_surface(shared[hits]))
        for hit, point in zip(hits, places, strict=True):
            yield Finding(
                at=int(local.rows[left[hit]]),
                other=int(local.rows[right[hit]]),
                value=f"{size[hit]:.2f} m²",
                point=point,
            )


def gap(subject: Subject) -> Iterator[Finding]:
    """Report narrow gaps between neighbours of a layer whose features should fill the ground.

    Two features near each other that do not touch, with nothing between them; and narrow holes
    that several features enclose.
    """
    for local in _disjoint(subject):
        left, right, lines = _near_pairs(local, subject)
        width = shapely.length(lines)
        places = subject.place(local, shapely.line_interpolate_point(lines, 0.5, normalized=True))
        for at, other, metres, point in zip(left, right, width, places, strict=True):
            rows = int(local.rows[at]), int(local.rows[other])
            yield Finding(*rows, value=f"{metres:.3f} m", point=point)
        yield from _enclosed(subject, local, lines)


def sliver(subject: Subject) -> Iterator[Finding]:
    """Report areas, or parts of areas, thinner than the tolerance: twice the area by the edge."""
    for local in subject.locals:
        areas, rows = _areas(local)
        parts, owner = shapely.get_parts(areas, return_index=True)
        width = _width(parts)
        hits = np.flatnonzero((width < subject.limits.sliver_m) & (width > 0))
        places = subject.place(local, shapely.point_on_surface(parts[hits]))
        for hit, point in zip(hits, places, strict=True):
            yield Finding(at=int(rows[owner[hit]]), value=f"{width[hit]:.3f} m", point=point)


def duplicate_geometry(subject: Subject) -> Iterator[Finding]:
    """Report areas and points that are the same as an earlier feature's."""
    not_lines = subject.valid & (shapely.get_dimensions(subject.geometries) != 1)
    rows = np.flatnonzero(not_lines)
    for first, row in _twice(subject.geometries[rows]):
        yield Finding(at=int(rows[row]), other=int(rows[first]))


def duplicate_line(subject: Subject) -> Iterator[Finding]:
    """Report lines, or parts of them, that an earlier feature has already, in any direction."""
    lineal = subject.valid & (shapely.get_dimensions(subject.geometries) == 1)
    rows = np.flatnonzero(lineal)
    parts, owner = shapely.get_parts(subject.geometries[rows], return_index=True)
    told = set()
    for first, part in _twice(parts):
        pair = int(rows[owner[part]]), int(rows[owner[first]])
        if pair not in told:
            told.add(pair)
            yield Finding(*pair)


def dangling_line(subject: Subject) -> Iterator[Finding]:
    """Report line ends that stop just short of another line."""
    near, on_it = subject.limits.dangle_m, subject.limits.on_line_m
    for local in subject.locals:
        which = shapely.get_dimensions(local.geometries) == 1
        lines, rows = local.geometries[which], local.rows[which]
        parts, owner = shapely.get_parts(lines, return_index=True)
        ends = np.concatenate([shapely.get_point(parts, 0), shapely.get_point(parts, -1)])
        owners = np.concatenate([owner, owner])
        end, line = shapely.STRtree(lines).query(ends, predicate="dwithin", distance=near)
        end, line = end[owners[end] != line], line[owners[end] != line]
        away = shapely.distance(ends[end], lines[line])
        attached = np.unique(end[away <= on_it])
        seen: set[int] = set()
        for hit in np.argsort(away, kind="stable"):
            one = int(end[hit])
            if one in attached or one in seen:
                continue
            seen.add(one)
            (point,) = subject.place(local, ends[[one]])
            at, other = int(rows[owners[one]]), int(rows[line[hit]])
            yield Finding(at, other, value=f"{away[hit]:.3f} m", point=point)


def _disjoint(subject: Subject) -> list[Local]:
    """Return the areas of a layer whose features must not overlap, by plane."""
    if subject.schema is None or not subject.schema.disjoint:
        return []
    found = []
    for local in subject.locals:
        areas, rows = _areas(local)
        if len(areas) > 1:
            found.append(Local(local.plane, rows, areas))
    return found


def _areas(local: Local) -> tuple[NDArray[Any], NDArray[np.intp]]:
    kinds = shapely.get_type_id(local.geometries)
    which = (kinds == shapely.GeometryType.POLYGON) | (kinds == shapely.GeometryType.MULTIPOLYGON)
    return local.geometries[which], local.rows[which]


def _areal(shared: NDArray[Any]) -> NDArray[Any]:
    """Return the areal part of intersections: a collection is cut down to its polygons."""
    mixed = np.flatnonzero(shapely.get_type_id(shared) == shapely.GeometryType.GEOMETRYCOLLECTION)
    areal = shared.copy()
    for at in mixed:
        parts = shapely.get_parts(shared[at])
        areal[at] = shapely.MultiPolygon(list(parts[shapely.get_dimensions(parts) == 2]))
    return areal


def _near_pairs(
    local: Local, subject: Subject
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
    """Return pairs apart by less than the tolerance, and the line across with nothing on it."""
    areas, limits = local.geometries, subject.limits
    tree = shapely.STRtree(areas)
    left, right = tree.query(areas, predicate="dwithin", distance=limits.gap_m)
    left, right = left[left < right], right[left < right]
    lines = shortest_lines(areas[left], areas[right])
    apart = shapely.length(lines) > limits.on_line_m
    left, right, lines = left[apart], right[apart], lines[apart]
    line, feature = tree.query(lines, predicate="intersects")
    between = (feature != left[line]) & (feature != right[line])
    free = np.setdiff1d(np.arange(len(lines)), line[between])
    return left[free], right[free], lines[free]


def _enclosed(subject: Subject, local: Local, across: NDArray[Any]) -> Iterator[Finding]:
    """Report narrow holes of the whole that no pair across a gap has told of already."""
    whole = shapely.get_parts(shapely.union_all(local.geometries))
    rings = [ring for area in whole for ring in area.interiors]
    holes: NDArray[Any] = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    width = _width(holes)
    holes = holes[(width < subject.limits.gap_m) & (width > subject.limits.on_line_m)]
    tree = shapely.STRtree(local.geometries)
    for hole, wide in zip(holes, _width(holes), strict=True):
        around = np.unique(tree.query(hole, predicate="dwithin", distance=subject.limits.on_line_m))
        if len(around) < 2 or shapely.intersects(hole, across).any():
            continue
        (point,) = subject.place(local, np.array([hole.point_on_surface()], dtype=object))
        rows = int(local.rows[around[0]]), int(local.rows[around[1]])
        yield Finding(*rows, value=f"{wide:.3f} m", point=point)


def _width(areas: NDArray[Any]) -> NDArray[np.float64]:
    """Return the mean width of long thin areas [m]."""
    edge = shapely.length(areas)
    return np.divide(2.0 * shapely.area(areas), edge, out=np.zeros(len(areas)), where=edge > 0)


def _twice(geometries: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Yield the position of the first and of each later one that is the same."""
    first: dict[bytes, int] = {}
    for at, blob in enumerate(shapely.to_wkb(shapely.normalize(geometries)).tolist()):
        if first.setdefault(blob, at) != at:
            yield first[blob], at
