"""What a zone does where it meets a route in one point: crosses it, or touches it, and how."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely

from geoplan.queries.sides import CONTACT_M, directions, turned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoplan.queries.network import Beside, Network


class Contacts(NamedTuple):
    """What was found at each point.

    Attributes
    ----------
    left, right : ndarray of bool, shape (n,)
        Whether the zone goes on to that side of the route.
    angle_deg : ndarray of float, shape (n,)
        Between route and line, or boundary, 0 to 90; at a vertex of one, of the directions
        halfway between those in which it comes and goes.
    """

    left: NDArray[np.bool_]
    right: NDArray[np.bool_]
    angle_deg: NDArray[np.float64]


def zone_edges(
    shapes: NDArray[Any],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.intp]]:
    """Return start and end, shape (k, 2), of the edges of zones, and the zone of each.

    Of an area these are the edges of its boundary; a point is an edge without length.
    """
    areas = shapely.get_dimensions(shapes) == 2
    outlines = np.asarray(shapes, dtype=object).copy()
    outlines[areas] = shapely.boundary(outlines[areas])
    parts, owner = shapely.get_parts(outlines, return_index=True)
    xy, part = shapely.get_coordinates(parts, return_index=True)
    first = np.flatnonzero(part[1:] == part[:-1])
    point = np.flatnonzero(shapely.get_dimensions(parts)[part] == 0)
    one, other = np.append(first, point), np.append(first + 1, point)
    return xy[one], xy[other], owner[part[one]]


def edge_shapes(start: NDArray[np.float64], end: NDArray[np.float64]) -> NDArray[Any]:
    """Return the edges of zones as shapes: lines, and points where they have no length."""
    shapes = np.asarray(shapely.linestrings(np.stack([start, end], axis=1)), dtype=object)
    # GEOS finds nothing within a distance of a line without length
    point = (start == end).all(axis=1)
    shapes[point] = shapely.points(start[point])
    return shapes


def contacts(
    network: Network,
    here: Beside,
    edge: NDArray[np.intp],
    t: NDArray[np.float64],
    zone: NDArray[np.intp],
) -> Contacts:
    """Look at points where routes and zones meet.

    Parameters
    ----------
    network, here : Network, Beside
        Routes and zones in the plane.
    edge, t : ndarray, shape (n,)
        Where on the routes the points are.
    zone : ndarray of int, shape (n,)
        Which zone meets there, as a position in ``here.zones``.
    """
    at = network.edges.places(edge, t)
    own, of_point = np.unique(zone, return_inverse=True)
    start, end, owner = zone_edges(here.shapes[own])
    side, point = shapely.STRtree(np.asarray(shapely.points(at))).query(
        edge_shapes(start, end), predicate="dwithin", distance=CONTACT_M
    )
    mine = owner[side] == of_point[point]
    side, point = side[mine], point[mine]
    # the rays in which the zone leaves the point, the first kind on along it, the second back
    rays = np.concatenate([end[side], start[side]]) - at[np.concatenate([point, point])]
    sign = np.repeat([1.0, -1.0], len(side))
    of_ray = np.concatenate([point, point])
    size = np.hypot(*rays.T)
    away = size > CONTACT_M
    rays, sign, of_ray, size = rays[away], sign[away], of_ray[away], size[away]
    comes, goes = directions(network.edges, edge, network.edges.metres(edge, t))
    which = turned(comes[of_ray], goes[of_ray], rays)
    count = len(edge)
    left = np.bincount(of_ray, weights=which > 0, minlength=count) > 0
    right = np.bincount(of_ray, weights=which < 0, minlength=count) > 0
    unit = rays * (sign / size)[:, np.newaxis]
    heading = np.zeros((count, 2))
    np.add.at(heading, of_ray, unit)
    return Contacts(left, right, _acute_deg(comes + goes, heading))


def _acute_deg(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the angle between two directions [degrees], 0 to 90; NaN where one is none."""
    along = np.abs((one * other).sum(axis=1))
    across = np.abs(one[:, 0] * other[:, 1] - one[:, 1] * other[:, 0])
    angle = np.degrees(np.arctan2(across, along))
    angle[(along == 0) & (across == 0)] = np.nan
    return np.asarray(angle)
