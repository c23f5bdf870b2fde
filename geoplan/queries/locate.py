"""From a chainage to a place, and from a place to its chainages."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from shapely import Point

from geoplan.crs import reproject
from geoplan.errors import ChainageNotFound, InvalidGeometry, WrongGeometryType
from geoplan.queries.segments import HALF_UNIT_M
from geoplan.queries.sides import directions, side_names, turned
from geoplan.queries.stations import Chainage, parse_chainage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.route import Route

TIE_M = 1e-5
"""Two places of a route are equally near when their distances differ by less than this [m]."""

APART_M = 1e-3
"""Two stations are one place when they are nearer than this along the route [m]."""


@dataclass(frozen=True)
class Station:
    """A place of a route.

    Attributes
    ----------
    chainage : Chainage
        What it is called, to the millimetre.
    along_m : float
        Metres on the ellipsoid from the start of the route.
    design_m : float
        Design metres from the start of the route, equations not counted.
    part : int
        Part of the route, from 0.
    offset_m : float
        Distance on the ellipsoid from the point that was asked for [m].
    side : {"left", "right", "on"}
        Where that point lies, seen in the direction of the chainage; "on" also straight ahead
        of an end.
    point : shapely.Point
        The place, in the CRS of the route.
    """

    chainage: Chainage
    along_m: float
    design_m: float
    part: int
    offset_m: float
    side: str
    point: Point


def locate(route: Route, chainage: str | Chainage | Station) -> Point:
    """Return the place of a chainage.

    Parameters
    ----------
    route : Route
        From `measured_routes`.
    chainage : str, Chainage or Station
        A station is found where it is; a text or a chainage where the design counts it. Where
        two parts of a route meet with a gap between, it is the end of the first.

    Returns
    -------
    shapely.Point
        In the CRS of the route.

    Raises
    ------
    ChainageInvalid
        The text cannot be read.
    ChainageNotFound
        The route has no such place: outside of it, in a short chain, or in a gap.
    ChainageAmbiguous
        The chainage occurs more than once and does not say which is meant.

    Examples
    --------
    >>> from geoplan.queries.route import measured_routes
    >>> import geopandas as gpd
    >>> line = shapely.LineString([(500000, 4550000), (500000, 4550300)])
    >>> road = gpd.GeoDataFrame({"chainage_from": ["K7+900"], "chainage_to": ["K8+200"]},
    ...                         geometry=[line], index=["A"], crs=4550)
    >>> (route,), _ = measured_routes(road)
    >>> locate(route, "K8+050").wkt
    'POINT (500000 4550150)'
    """
    if isinstance(chainage, Station):
        return chainage.point
    if isinstance(chainage, str):
        chainage = parse_chainage(chainage)
    edge, t = _edge_at(route, chainage, route.segments.design_m(chainage))
    return Point(*route.edges.drawn(np.array([edge]), np.array([t]))[0])


def _edge_at(route: Route, chainage: Chainage, design: float) -> tuple[int, float]:
    """Return the edge, and the fraction of it, at design metres from the start."""
    last = len(route.design_to) - 1
    edge = min(int(np.searchsorted(route.design_to, design)), last)
    inside = design - route.design_from[edge]
    if inside < 0 and edge > 0:
        before = route.design_to[edge - 1]
        if design - before <= HALF_UNIT_M:
            return edge - 1, 1.0
        if inside < -HALF_UNIT_M:
            ends = [route.segments.named(at) for at in (before, route.design_from[edge])]
            raise ChainageNotFound(
                f"{chainage} is in a gap of route {route.route_id!r}, which is not drawn from "
                f"{ends[0]} to {ends[1]}"
            )
    share = inside / (route.design_to[edge] - route.design_from[edge])
    metres = min(max(share, 0.0), 1.0) * route.edges.length_m[edge]
    return edge, float(route.edges.fractions(np.array([edge]), np.array([metres]))[0])


def station(route: Route, point: Point) -> tuple[Station, ...]:
    """Return the chainages of the place of a route that is nearest to a point.

    Parameters
    ----------
    route : Route
        From `measured_routes`.
    point : shapely.Point
        In the CRS of the route.

    Returns
    -------
    tuple of Station
        In order along the route: one, or all that are equally near, as where a route crosses
        itself or closes; and both names of a place with a chainage equation.

    Raises
    ------
    WrongGeometryType
        It is not one point.
    InvalidGeometry
        The point is no place on Earth.
    """
    if not isinstance(point, Point) or point.is_empty:
        raise WrongGeometryType(f"a station is asked for one point; got {point!r}")
    t, offset = _nearest(route, point)
    near = np.flatnonzero(offset <= offset.min() + TIE_M)
    metres = route.edges.metres(near, t[near])
    along = route.along_m[near] + metres
    stations = []
    for one in _apart(along, offset[near], route.edges.part[near]):
        stations += _stations(route, point, int(near[one]), t[near[one]], float(metres[one]),
                              float(offset[near[one]]))  # fmt: skip
    return tuple(stations)


def _apart(
    along: NDArray[np.float64], offset: NDArray[np.float64], part: NDArray[np.intp]
) -> list[int]:
    """Return which candidates are places of their own: of those close by, the nearest."""
    groups: list[list[int]] = []
    for at in range(len(along)):
        last = groups[-1][-1] if groups else None
        close = last is not None and along[at] - along[last] <= APART_M and part[at] == part[last]
        if close:
            groups[-1].append(at)
        else:
            groups.append([at])
    return [min(group, key=lambda at: offset[at]) for group in groups]


def _nearest(route: Route, point: Point) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the nearest fraction of each edge and its distance on the ellipsoid [m]."""
    edges = route.edges
    everything = np.arange(len(edges))
    t, offset = np.zeros(len(edges)), np.full(len(edges), np.inf)
    for plane, mine in edges.by_plane(everything):
        to = _in_plane(route, point, plane)
        if not np.isfinite(to).all():
            continue
        run = edges.end[mine] - edges.start[mine]
        t[mine] = np.clip(
            ((to - edges.start[mine]) * run).sum(axis=1) / (run * run).sum(axis=1), 0, 1
        )
        foot = edges.places(mine, t[mine])
        stretched = np.hypot(*(to - foot).T)
        best = mine[stretched <= stretched.min() * (1 + 1e-3) + TIE_M]
        ends = np.stack([edges.places(best, t[best]), np.broadcast_to(to, (len(best), 2))], axis=1)
        offset[best] = plane.length_m(np.asarray(shapely.linestrings(ends)))
    if not np.isfinite(offset).any():
        raise InvalidGeometry(
            f"{point.wkt} is no place on Earth in {route.crs.name}, or too far from route "
            f"{route.route_id!r} to measure from it: check that x is east and y is north"
        )
    return t, offset


def _in_plane(route: Route, point: Point, plane: Any) -> NDArray[np.float64]:
    flat = np.array([shapely.force_2d(point)], dtype=object)
    moved = flat if plane.crs == route.crs else reproject(flat, route.crs, plane.crs)
    return np.asarray(shapely.get_coordinates(moved)[0])


def _stations(
    route: Route, point: Point, edge: int, t: float, metres: float, offset_m: float
) -> list[Station]:
    which, fraction = np.array([edge]), np.array([t])
    design = float(route.design_at(which, np.array([metres]))[0])
    comes, goes = directions(route.edges, which, np.array([metres]))
    plane = route.edges.planes[float(route.edges.meridian[edge])]
    to = _in_plane(route, point, plane) - route.edges.places(which, fraction)[0]
    side = turned(comes, goes, to[np.newaxis, :])
    return [
        Station(
            chainage=name,
            along_m=float(route.along_m[edge] + metres),
            design_m=design,
            part=int(route.edges.part[edge] - route.edges.part[0]),
            offset_m=offset_m,
            side=str(side_names(side > 0, side < 0)[0]),
            point=Point(*route.edges.drawn(which, fraction)[0]),
        )
        for name in route.segments.all_names(design)
    ]
