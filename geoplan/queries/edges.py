"""The edges of routes, each in a measuring plane, with its length on the ellipsoid.

A route may cross several planes: it is measured edge by edge. All edges of a route that fits
one plane are in the plane nearest to its middle; each edge of a wider one is in the plane
nearest to the edge's own middle.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.crs import (
    MAX_OFFSET_DEG,
    MeasuringPlane,
    geographic,
    nearest_meridian,
    plane_at,
    reproject,
)
from geoplan.errors import FeatureTooWide, InvalidGeometry, RouteInvalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray
    from pyproj import CRS


@dataclass(frozen=True, eq=False)
class Edges:
    """Edges of routes, in order along each, one element an edge.

    Attributes
    ----------
    crs : pyproj.CRS
        Of the routes as drawn.
    planes : dict of float to MeasuringPlane
        By their meridian [degrees].
    route, part : ndarray of int, shape (m,)
        Position of the route, and of the part within it.
    meridian : ndarray of float, shape (m,)
        Names the plane.
    start, end : ndarray of float, shape (m, 2)
        In the plane [m].
    drawn_start, drawn_end : ndarray of float, shape (m, 2)
        In `crs`.
    flat_m, length_m : ndarray of float, shape (m,)
        Length on the ellipsoid [m], without and with heights where these were asked for.
    m_start, m_end : ndarray of float, shape (m,)
        M values of the ends, NaN where there is none.
    """

    crs: CRS
    planes: dict[float, MeasuringPlane]
    route: NDArray[np.intp]
    part: NDArray[np.intp]
    meridian: NDArray[np.float64]
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    drawn_start: NDArray[np.float64]
    drawn_end: NDArray[np.float64]
    flat_m: NDArray[np.float64]
    length_m: NDArray[np.float64]
    m_start: NDArray[np.float64]
    m_end: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.route)

    def take(self, which: Any) -> Edges:
        """Return some of the edges."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)[2:]}
        return replace(self, **{name: array[which] for name, array in arrays.items()})

    def by_plane(self, which: NDArray[np.intp]) -> Iterator[tuple[MeasuringPlane, NDArray[Any]]]:
        """Split positions in `which` by plane: the plane, and the places within `which`."""
        for meridian in np.unique(self.meridian[which]):
            yield (
                self.planes[float(meridian)],
                np.flatnonzero(self.meridian[which] == meridian),
            )

    def lines(self) -> NDArray[Any]:
        """Return each edge as a line in its plane."""
        return np.asarray(shapely.linestrings(np.stack([self.start, self.end], axis=1)))

    def places(self, which: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return plane coordinates, shape (p, 2), at fractions t of some edges."""
        return np.asarray(
            self.start[which] + t[:, np.newaxis] * (self.end[which] - self.start[which])
        )

    def metres(self, which: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the length [m] from the start of some edges to a fraction t of them."""
        measured = self.length_m[which] * t
        inner = np.flatnonzero((t > 0) & (t < 1))
        edge = which[inner]
        stretch = np.stack([self.start[edge], self.places(edge, t[inner])], axis=1)
        for plane, of_plane in self.by_plane(edge):
            flat = plane.length_m(np.asarray(shapely.linestrings(stretch[of_plane])))
            mine = edge[of_plane]
            measured[inner[of_plane]] = flat * self.length_m[mine] / self.flat_m[mine]
        return measured

    def fractions(
        self, which: NDArray[np.intp], metres: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Return the fraction of some edges that lies so many metres from their start.

        Lengths grow nearly evenly along an edge, the scale of the plane changing by less than
        4e-4 within 1.6°, so each correction leaves less than a thousandth of the error.
        """
        t = np.clip(metres / self.length_m[which], 0.0, 1.0)
        for _ in range(4):
            missing = metres - self.metres(which, t)
            t = np.clip(t + missing / self.length_m[which], 0.0, 1.0)
        return np.asarray(t)

    def drawn(self, which: NDArray[np.intp], t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return coordinates in the CRS as drawn, shape (p, 2), at fractions t of some edges."""
        xy = np.where((t <= 0)[:, np.newaxis], self.drawn_start[which], self.drawn_end[which])
        inner = np.flatnonzero((t > 0) & (t < 1))
        edge = which[inner]
        at = np.asarray(shapely.points(self.places(edge, t[inner])), dtype=object)
        for plane, of_plane in self.by_plane(edge):
            moved = at[of_plane]
            if plane.crs != self.crs:
                moved = reproject(moved, plane.crs, self.crs)
            xy[inner[of_plane]] = shapely.get_coordinates(moved)
        return np.asarray(xy)


def joined(tables: Sequence[Edges]) -> Edges:
    """Put tables of edges in one CRS, at least one, behind each other."""
    names = [f.name for f in fields(Edges)[2:]]
    planes = {meridian: plane for one in tables for meridian, plane in one.planes.items()}
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(one, name) for one in tables]) for name in names
    }
    return replace(tables[0], planes=planes, **arrays)


def measured_edges(
    lines: NDArray[Any], ids: NDArray[Any], crs: CRS, *, three_d: bool = False
) -> Edges:
    """Measure the edges of lines.

    Parameters
    ----------
    lines : ndarray of shapely (multi)linestrings, shape (n,)
        Valid, not empty, in `crs`.
    ids : ndarray, shape (n,)
        Their ids, for messages.
    crs : pyproj.CRS
        Tied to the Earth.
    three_d : bool
        Whether heights lengthen the edges.

    Raises
    ------
    InvalidGeometry
        A vertex is no place on Earth.
    FeatureTooWide
        An edge reaches further than 1.6° from the plane nearest to its middle.
    RouteInvalid
        Heights were asked for and a vertex has none; or a line has no length.
    """
    parts, route_of_part = shapely.get_parts(lines, return_index=True)
    xyzm, part_of_vertex = shapely.get_coordinates(
        parts, include_z=True, include_m=True, return_index=True
    )
    first = np.flatnonzero(part_of_vertex[1:] == part_of_vertex[:-1])
    route = route_of_part[part_of_vertex[first]]
    lon, lat = _lonlat(lines, ids, crs)
    meridian = _meridians(lon, first, route, ids)
    planes = {
        float(one): plane_at(crs, float(one), float(lat[first[meridian == one]].mean()))
        for one in np.unique(meridian)
    }
    start, end = _projected(
        planes, meridian, lines, route_of_part[part_of_vertex], route, first, crs
    )
    flat = np.zeros(len(first))
    for one, plane in planes.items():
        mine = meridian == one
        flat[mine] = plane.length_m(
            np.asarray(shapely.linestrings(np.stack([start[mine], end[mine]], axis=1)))
        )
    length = flat
    if three_d:
        rise = _rises(xyzm[:, 2], first, route, ids)
        _refuse_straight_up(flat, rise, route, ids)
        length = np.hypot(flat, rise)
    edges = Edges(
        crs, planes, route, part_of_vertex[first], meridian, start, end,
        xyzm[first, :2], xyzm[first + 1, :2], flat, length, xyzm[first, 3], xyzm[first + 1, 3],
    )  # fmt: skip
    # an edge without length, of two equal vertices, has no direction
    return _refuse_without_length(edges.take(np.flatnonzero(flat > 0)), ids)


def _lonlat(
    lines: NDArray[Any], ids: NDArray[Any], crs: CRS
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return longitudes and latitudes of all vertices [degrees]."""
    flat = np.asarray(shapely.force_2d(lines), dtype=object)
    target = geographic(crs)
    if crs != target:
        flat = reproject(flat, crs, target)
    lonlat, line = shapely.get_coordinates(flat, return_index=True)
    wrong = ~((np.abs(lonlat) <= [360.0, 90.0]).all(axis=1))
    if wrong.any():
        raise InvalidGeometry(
            f"route {ids[line[wrong][0]]!r} has coordinates that are no place on Earth in "
            f"{crs.name}: check the CRS of the layer, and that x is east or longitude and y is "
            f"north or latitude"
        )
    return lonlat[:, 0], lonlat[:, 1]


def _meridians(
    lon: NDArray[np.float64], first: NDArray[np.intp], route: NDArray[np.intp], ids: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the meridian of the plane of each edge [degrees]."""
    west = np.minimum(lon[first], lon[first + 1])
    east = np.maximum(lon[first], lon[first + 1])
    west_of, east_of = np.full(len(ids), np.inf), np.full(len(ids), -np.inf)
    np.minimum.at(west_of, route, west)
    np.maximum.at(east_of, route, east)
    whole = nearest_meridian(np.nan_to_num((west_of + east_of) / 2.0))
    fits = (west_of >= whole - MAX_OFFSET_DEG) & (east_of <= whole + MAX_OFFSET_DEG)
    meridian = np.where(fits[route], whole[route], nearest_meridian((west + east) / 2.0))
    wide = np.flatnonzero((west < meridian - MAX_OFFSET_DEG) | (east > meridian + MAX_OFFSET_DEG))
    if len(wide):
        edge = wide[0]
        raise FeatureTooWide(
            f"an edge of route {ids[route[edge]]!r} reaches from {west[edge]:.3f}° to "
            f"{east[edge]:.3f}°, more than {MAX_OFFSET_DEG}° from the meridian "
            f"{meridian[edge]:g}° that measures it ({len(wide)} such): give it vertices between"
        )
    return np.asarray(meridian, dtype=float)


def _projected(
    planes: dict[float, MeasuringPlane],
    meridian: NDArray[np.float64],
    lines: NDArray[Any],
    route_of_vertex: NDArray[np.intp],
    route: NDArray[np.intp],
    first: NDArray[np.intp],
    crs: CRS,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the ends of the edges, each in its plane [m]."""
    start, end = np.empty((len(first), 2)), np.empty((len(first), 2))
    for one, plane in planes.items():
        mine = np.flatnonzero(meridian == one)
        chosen = np.unique(route[mine])
        xy = np.full((len(route_of_vertex), 2), np.nan)
        xy[np.isin(route_of_vertex, chosen)] = shapely.get_coordinates(
            plane.project(lines[chosen], crs)
        )
        start[mine], end[mine] = xy[first[mine]], xy[first[mine] + 1]
    return start, end


def _rises(
    height: NDArray[np.float64], first: NDArray[np.intp], route: NDArray[np.intp], ids: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the difference of height along each edge [m]."""
    rise = height[first + 1] - height[first]
    unknown = np.flatnonzero(~np.isfinite(rise))
    if len(unknown):
        raise RouteInvalid(
            f"route {ids[route[unknown[0]]]!r} has vertices without a height "
            f"({len(unknown)} edges in the layer), so it has no length in three dimensions: give "
            f"all its vertices a Z in metres, or ask without three_d"
        )
    return np.asarray(rise)


def _refuse_straight_up(
    flat: NDArray[np.float64],
    rise: NDArray[np.float64],
    route: NDArray[np.intp],
    ids: NDArray[Any],
) -> None:
    wrong = np.flatnonzero((flat == 0) & (rise != 0))
    if len(wrong):
        raise RouteInvalid(
            f"route {ids[route[wrong[0]]]!r} goes straight up by {rise[wrong[0]]:g} m at one "
            f"place ({len(wrong)} such in the layer): leave one of the two vertices out"
        )


def _refuse_without_length(edges: Edges, ids: NDArray[Any]) -> Edges:
    empty = np.flatnonzero(np.bincount(edges.route, minlength=len(ids)) == 0)
    if len(empty):
        raise RouteInvalid(
            f"route {ids[empty[0]]!r} has no length: all its vertices are one place "
            f"({len(empty)} such): draw it, or leave it out"
        )
    return edges
