"""Checks of one geometry at a time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.quality.subject import Finding, Subject, listed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_NAMES = {0: "point", 1: "line", 2: "area"}
_PLACE = re.compile(r"^(.*?)\[(\S+) (\S+)[^\]]*\]$")
_TOLERATED_SHARE = 1e-9
"""What parts of a feature may share of the smaller one and still only touch [ratio]."""


def empty_layer(subject: Subject) -> Iterator[Finding]:
    """Report a layer without a feature."""
    if len(subject.features) == 0:
        yield Finding()


def missing_crs(subject: Subject) -> Iterator[Finding]:
    """Report a layer whose coordinates are in no known CRS."""
    if subject.present.any() and subject.crs is None:
        yield Finding()


def null_geometry(subject: Subject) -> Iterator[Finding]:
    """Report features without a published position."""
    yield from subject.of(np.flatnonzero(shapely.is_missing(subject.geometries)))


def empty_geometry(subject: Subject) -> Iterator[Finding]:
    """Report geometries without any point."""
    yield from subject.of(np.flatnonzero(subject.empty))


def too_many_vertices(subject: Subject) -> Iterator[Finding]:
    """Report geometries beyond the cap; no other check looks at them."""
    for row in np.flatnonzero(subject.present & ~subject.small):
        count = int(subject.vertices[row])
        words = {"vertices": count, "most": subject.limits.vertices}
        yield Finding(at=int(row), value=str(count), words=words)


def invalid_geometry(subject: Subject) -> Iterator[Finding]:
    """Report geometries that are not simple features, with GEOS's reason and place."""
    rows = np.flatnonzero(subject.small & ~subject.valid)
    reasons = shapely.is_valid_reason(subject.geometries[rows])
    for row, told in zip(rows, reasons, strict=True):
        reason, point = str(told), None
        if place := _PLACE.match(reason):
            reason, point = place[1], _point(float(place[2]), float(place[3]))
        yield Finding(at=int(row), value=reason, point=point, words={"place": _written(point)})


def wrong_geometry_type(subject: Subject) -> Iterator[Finding]:
    """Report geometries that the kind has no room for, and collections."""
    if subject.schema is None:
        return
    for row, name in _dimensions(subject):
        if name not in subject.schema.geometry:
            allowed = ", ".join(subject.schema.geometry)
            yield Finding(at=row, value=name, words={"allowed": allowed})


def mixed_geometry_types(subject: Subject) -> Iterator[Finding]:
    """Report a layer that holds geometries of several dimensions."""
    names = [name for _, name in _dimensions(subject)]
    kinds = sorted(set(names))
    if len(kinds) > 1:
        value = ", ".join(f"{kind} {names.count(kind)}" for kind in kinds)
        yield Finding(value=value, count=len(names))


def zero_length(subject: Subject) -> Iterator[Finding]:
    """Report lines whose vertices are all one place."""
    lineal = subject.finite & (shapely.get_dimensions(subject.geometries) == 1)
    rows = np.flatnonzero(lineal)
    yield from subject.of(rows[shapely.length(subject.geometries[rows]) == 0])


def zero_area(subject: Subject) -> Iterator[Finding]:
    """Report areas without extent."""
    areal = subject.finite & (shapely.get_dimensions(subject.geometries) == 2)
    rows = np.flatnonzero(areal)
    rows = rows[shapely.area(subject.geometries[rows]) == 0]  # or two halves that cancel out
    hulls = shapely.convex_hull(subject.geometries[rows])
    yield from subject.of(rows[shapely.area(hulls) == 0])


def repeated_vertices(subject: Subject) -> Iterator[Finding]:
    """Report vertices that stand twice in a row."""
    rows = np.flatnonzero(subject.finite)
    paths, owner = paths_of(subject.geometries[rows])
    points, path = shapely.get_coordinates(paths, return_index=True)
    again = (path[1:] == path[:-1]) & (points[1:] == points[:-1]).all(axis=1)
    hits = owner[path[1:][again]]
    for which, first in zip(*np.unique(hits, return_index=True), strict=True):
        x, y = points[1:][again][first]
        count = int((hits == which).sum())
        yield Finding(
            at=int(rows[which]), count=count, point=_point(x, y), words={"vertices": count}
        )


def self_overlap(subject: Subject) -> Iterator[Finding]:
    """Report areas whose own parts overlap: the ground would count twice, or cancel out."""
    several = subject.finite & (shapely.get_dimensions(subject.geometries) == 2)
    rows = np.flatnonzero(several & (shapely.get_num_geometries(subject.geometries) > 1))
    for row in rows:
        parts = shapely.get_parts(subject.geometries[row])
        parts = parts[shapely.is_valid(parts)]
        left, right = shapely.STRtree(parts).query(parts, predicate="intersects")
        left, right = left[left < right], right[left < right]
        shared = shapely.intersection(parts[left], parts[right])
        size = shapely.area(shared)
        most = np.minimum(shapely.area(parts[left]), shapely.area(parts[right]))
        hits = np.flatnonzero(size > _TOLERATED_SHARE * most)
        if len(hits):
            place = shapely.point_on_surface(shared[hits[np.argmax(size[hits])]])
            yield Finding(
                at=int(row),
                count=len(hits),
                point=_point(place.x, place.y),
                words={"pairs": len(hits)},
            )


def out_of_extent(subject: Subject) -> Iterator[Finding]:
    """Report features outside the plan's extent: wholly outside is an error, partly a warning."""
    if subject.crs is None:
        return
    off_earth = subject.finite & np.isnan(subject.boxes[:, 0])
    for row in np.flatnonzero(off_earth):
        yield Finding(at=int(row), level="error", value="not on Earth")
    if subject.extent is None:
        return
    west, south, east, north = subject.extent
    box, slack = subject.boxes, 1e-9
    inside = (box[:, :2] >= (west - slack, south - slack)).all(axis=1)
    inside &= (box[:, 2:] <= (east + slack, north + slack)).all(axis=1)
    apart = (box[:, 0] > east) | (box[:, 2] < west) | (box[:, 1] > north) | (box[:, 3] < south)
    for row in np.flatnonzero(~inside & ~np.isnan(box[:, 0])):
        value = ", ".join(f"{number:.5f}" for number in box[row])
        yield Finding(at=int(row), value=value, level="error" if apart[row] else "warning")


def declared_measure(subject: Subject) -> Iterator[Finding]:
    """Report published lengths and areas that differ from the drawn ones.

    In a schematic drawing the difference is to be expected: there it is information.
    """
    there = subject.attributes()
    for column, unit, measure in (
        ("declared_length_km", 1000.0, "length_m"),
        ("declared_area_ha", 10_000.0, "area_m2"),
    ):
        if column not in there or there[column].dtype.kind not in "iuf":
            continue
        told = there[column].to_numpy(dtype=float, na_value=np.nan)
        for local in subject.locals:
            drawn = getattr(local.plane, measure)(local.geometries) / unit
            for row, size in zip(local.rows, drawn, strict=True):
                off = abs(told[row] - size) / size if size > 0 else 0.0
                if off > subject.limits.declared_ratio:
                    yield _differing(subject, int(row), column, told[row], size)


def not_checked(subject: Subject) -> Iterator[Finding]:
    """Report, once a reason, the features that the checks in metres had to pass over."""
    reasons = {
        "invalid": subject.small & ~subject.valid,
        "too-many-vertices": subject.present & ~subject.small,
        "no-crs": subject.valid & (subject.crs is None),
        "too-wide": subject.valid & ~subject.measurable & ~np.isnan(subject.boxes[:, 0]),
        "not-on-earth": subject.valid & np.isnan(subject.boxes[:, 0]) & (subject.crs is not None),
    }
    for reason, which in reasons.items():
        rows = np.flatnonzero(which)
        if len(rows):
            ids = listed(subject, rows)
            yield Finding(value=reason, count=len(rows), words={"ids": ids})
    if len(subject.locals) > 1:
        planes = ", ".join(local.plane.name for local in subject.locals)
        yield Finding(value="across-planes", words={"ids": planes})


def paths_of(geometries: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return all lines and rings of geometries, and the position of the geometry of each."""
    parts, owner = shapely.get_parts(geometries, return_index=True)
    nested = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT
    while nested.any():
        inner, at = shapely.get_parts(parts[nested], return_index=True)
        parts = np.concatenate([parts[~nested], inner])
        owner = np.concatenate([owner[~nested], owner[nested][at]])
        nested = shapely.get_type_id(parts) >= shapely.GeometryType.MULTIPOINT
    areal = shapely.get_dimensions(parts) == 2
    lineal = shapely.get_dimensions(parts) == 1
    rings, at = shapely.get_rings(parts[areal], return_index=True)
    return (
        np.concatenate([parts[lineal], rings]),
        np.concatenate([owner[lineal], owner[areal][at]]),
    )


def _dimensions(subject: Subject) -> list[tuple[int, str]]:
    rows = np.flatnonzero(subject.present)
    kinds = shapely.get_type_id(subject.geometries[rows])
    dimensions = shapely.get_dimensions(subject.geometries[rows])
    collection = kinds == shapely.GeometryType.GEOMETRYCOLLECTION
    return [
        (int(row), "collection" if mixed else _NAMES[int(dimension)])
        for row, dimension, mixed in zip(rows, dimensions, collection, strict=True)
    ]


def _differing(subject: Subject, row: int, column: str, told: float, drawn: float) -> Finding:
    method = subject.attributes().get("geometry_method")
    schematic = method is not None and method.iloc[row] == "schematic"
    return Finding(
        at=row,
        column=column,
        value=f"{told:g}",
        level="info" if schematic else None,
        words={"drawn": f"{drawn:.3f}", "ratio": f"{(told - drawn) / drawn:+.1%}"},
    )


def _point(x: float, y: float) -> tuple[float, float] | None:
    return (float(x), float(y)) if np.isfinite([x, y]).all() else None


def _written(point: tuple[float, float] | None) -> str:
    return "–" if point is None else f"{point[0]:.10g}, {point[1]:.10g}"
