"""Which way along a drawn line its chainage runs, and in what order its parts follow.

Known in four ways, never guessed: the order of the vertices, which holds where nothing else is
said; ``drawn_backwards``, by which the line says that it was drawn against its chainage; M
values that fall from vertex to vertex; and a ``chainage_origin`` of the form ``POINT (x y)``
in the CRS of the layer, which is at the end where the chainage starts. Any other text in
``chainage_origin`` is for people.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd
import shapely

from geoplan.crs import geographic, reproject
from geoplan.errors import RouteInvalid

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoplan.queries.segments import Refused

PartOrder = Literal["checked", "as_drawn", "chained"]

ORIGIN = "chainage_origin"
"""Column that may hold a point where the chainage starts, in the CRS of the layer."""

_ORIGIN = re.compile(r"\s*POINT\s*\(\s*(\S+)\s+(\S+)\s*\)\s*", re.IGNORECASE)
_CLEARLY = 10.0
"""How many times nearer to one end than to the other an origin has to be."""

_SAME_M = 0.001


class Directed(NamedTuple):
    """A line turned into the direction of its chainage."""

    line: Any
    reversed_by: str | None


def directed(
    routes: GeoDataFrame,
    drawn_backwards: set[Any],
    parts: PartOrder,
    crs: CRS,
    refused: Refused,
) -> dict[Any, Directed]:
    """Turn each route into the direction of its chainage, its parts in order.

    Parameters
    ----------
    routes : GeoDataFrame
        Located lines, indexed by id; columns ``drawn_backwards`` and ``chainage_origin`` count.
    drawn_backwards : set
        Ids of routes that were drawn against their chainage.
    parts : {"checked", "as_drawn", "chained"}
        Refuse parts out of order, take them as they stand, or put them in order.
    crs : pyproj.CRS
        Of the routes.
    refused : dict
        Gets the routes of which two statements contradict each other, whose origin is at
        neither end, or whose parts are out of order, with what is wrong.
    """
    none = [None] * len(routes)
    flags = routes.get("drawn_backwards", none)
    origins = routes.get(ORIGIN, none)
    rows = zip(routes.index.tolist(), routes.geometry, flags, origins, strict=True)
    found = {}
    for route_id, line, cell, origin in rows:
        try:
            flag = _flag(route_id, cell, drawn_backwards)
            found[route_id] = _directed(route_id, line, flag, origin, parts, crs)
        except RouteInvalid as error:
            refused.setdefault(route_id, error)
    return found


def _flag(route_id: Any, cell: Any, drawn_backwards: set[Any]) -> bool:
    stated = not pd.isna(cell)
    if stated and not isinstance(cell, (bool, np.bool_)) and cell not in (0, 1):
        raise RouteInvalid(
            f"drawn_backwards of route {route_id!r} is {cell!r}: it says true or false"
        )
    return route_id in drawn_backwards or (stated and bool(cell))


def _directed(
    route_id: Any, line: Any, flag: bool, origin: Any, parts: PartOrder, crs: CRS
) -> Directed:
    says_m = _falls(route_id, line)
    pieces = list(shapely.get_parts(line))
    if len(pieces) > 1 and says_m is None and parts != "as_drawn":
        pieces = _in_order(route_id, pieces, parts, crs)
    says_origin = _starts_at_the_end(route_id, pieces, origin, crs)
    reasons = {"drawn_backwards": flag or None, "M values": says_m, "chainage_origin": says_origin}
    said = {name: turn for name, turn in reasons.items() if turn is not None}
    if len(set(said.values())) > 1:
        ways = ", ".join(f"{name} says {_way(turn)}" for name, turn in said.items())
        raise RouteInvalid(f"the direction of route {route_id!r} is contradictory: {ways}")
    if any(said.values()):
        pieces = [shapely.reverse(piece) for piece in reversed(pieces)]
    why = next((name for name, turn in said.items() if turn), None)
    return Directed(shapely.multilinestrings(pieces) if len(pieces) > 1 else pieces[0], why)


def _way(turned: bool) -> str:
    return "against the line as drawn" if turned else "along the line as drawn"


def _falls(route_id: Any, line: Any) -> bool | None:
    """Tell whether M values fall along the line as drawn; None where it has none."""
    if not shapely.has_m(line):
        return None
    measures = shapely.get_coordinates(line, include_m=True)[:, 2]
    steps = np.diff(measures[np.isfinite(measures)])
    if not len(steps):
        return None
    if (steps >= 0).all() and (steps > 0).any():
        return False
    if (steps <= 0).all() and (steps < 0).any():
        return True
    raise RouteInvalid(
        f"the M values of route {route_id!r} neither grow nor fall throughout: they count along "
        f"the route; put them, or the order of the parts, right"
    )


def _starts_at_the_end(route_id: Any, pieces: list[Any], origin: Any, crs: CRS) -> bool | None:
    """Tell whether an origin is at the end of the line as drawn; None where none is given."""
    found = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if found is None:
        return None
    try:
        point = [float(found[1]), float(found[2])]
    except ValueError:
        raise RouteInvalid(
            f"chainage_origin of route {route_id!r} is {origin!r}: a point has two numbers"
        ) from None
    first, last = (shapely.get_coordinates(pieces[at])[at] for at in (0, -1))
    to_first, to_last = _distances(np.array([point, point]), np.array([first, last]), crs)
    if to_first * _CLEARLY <= to_last and to_last > _SAME_M:
        return False
    if to_last * _CLEARLY <= to_first and to_first > _SAME_M:
        return True
    raise RouteInvalid(
        f"chainage_origin of route {route_id!r}, {origin}, is {to_first:.0f} m from one end of "
        f"the line and {to_last:.0f} m from the other: give the end where the chainage starts, "
        f"or say drawn_backwards"
    )


def moved_origin(origin: Any, source: CRS, target: CRS) -> Any:
    """Return an origin in another CRS; what is no point stays as it is."""
    found = _ORIGIN.fullmatch(origin) if isinstance(origin, str) else None
    if found is None:
        return origin
    try:
        point = shapely.Point(float(found[1]), float(found[2]))
    except ValueError:
        return origin  # whoever measures the route says what is wrong
    (there,) = reproject(np.array([point], dtype=object), source, target)
    return f"POINT ({there.x!r} {there.y!r})"


def _distances(
    one: NDArray[np.float64], other: NDArray[np.float64], crs: CRS
) -> NDArray[np.float64]:
    """Return geodesic distances [m] between rows of coordinates in `crs`."""
    base = geographic(crs)
    ends = np.asarray(shapely.points(np.concatenate([one, other])), dtype=object)
    lonlat = shapely.get_coordinates(ends if crs == base else reproject(ends, crs, base))
    count = len(one)
    geod = base.get_geod()
    assert geod is not None, "a geographic CRS has an ellipsoid"  # noqa: S101 - for the type
    if not np.isfinite(lonlat).all():
        return np.full(count, np.inf)
    _, _, metres = geod.inv(*lonlat[:count].T, *lonlat[count:].T)
    return np.asarray(metres)


def _in_order(route_id: Any, pieces: list[Any], parts: PartOrder, crs: CRS) -> list[Any]:
    """Return the parts in order, or refuse them.

    In order means: the way on from each part is from its end to the start of the next, and no
    two other ends of the two are nearer to each other.
    """
    starts = np.array([shapely.get_coordinates(piece)[0] for piece in pieces])
    ends = np.array([shapely.get_coordinates(piece)[-1] for piece in pieces])
    if parts == "chained":
        order = _chain(starts, ends, crs)
        pieces, starts, ends = [pieces[at] for at in order], starts[order], ends[order]
    gap = _distances(ends[:-1], starts[1:], crs)
    pairs = ((ends[:-1], ends[1:]), (starts[:-1], starts[1:]), (starts[:-1], ends[1:]))
    nearest = np.min([_distances(one, other, crs) for one, other in pairs], axis=0)
    wrong = np.flatnonzero(gap > nearest + _SAME_M)
    if len(wrong):
        at = int(wrong[0])
        raise RouteInvalid(
            f"parts {at + 1} and {at + 2} of route {route_id!r} seem out of order or turned: from "
            f"the end of one to the start of the next are {gap[at]:.1f} m, but two other ends of "
            f"them are {nearest[at]:.1f} m apart. {_way_out(parts)}"
        )
    return pieces


def _way_out(parts: PartOrder) -> str:
    if parts == "chained":
        return (
            "No order mends that, for parts='chained' turns none: put the line right, or ask with "
            "parts='as_drawn' to take them as they stand"
        )
    return (
        "Put the line right, or ask with parts='chained' to have the parts ordered or "
        "parts='as_drawn' to take them as they stand"
    )


def _chain(starts: NDArray[np.float64], ends: NDArray[np.float64], crs: CRS) -> NDArray[np.intp]:
    """Return the order of parts, none turned, that jumps least, by the nearest next start."""
    count = len(starts)
    one, other = np.divmod(np.arange(count * count), count)
    jump = _distances(ends[one], starts[other], crs).reshape(count, count)
    best, least = np.arange(count), np.inf
    for first in range(count):
        order, total = [first], 0.0
        left = set(range(count)) - {first}
        while left:
            following = min(left, key=lambda part: jump[order[-1], part])
            total += jump[order[-1], following]
            order.append(following)
            left.remove(following)
        if total < least:
            best, least = np.array(order), total
    return best
