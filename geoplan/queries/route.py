"""Routes that are measured: from a drawn line to its chainage."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoplan.crs import shared_crs
from geoplan.errors import (
    BadQuery,
    ChainageInvalid,
    EquationInvalid,
    FeatureNotFound,
    RouteInvalid,
    WrongGeometryType,
)
from geoplan.queries.checks import LINE, NAMES, dimension, located
from geoplan.queries.direction import Directed, PartOrder, directed
from geoplan.queries.edges import Edges, measured_edges
from geoplan.queries.segments import (
    AGREEMENT_M,
    Equation,
    Refused,
    Segments,
    equations_by_route,
    segments_of,
)
from geoplan.queries.stations import Chainage, stated_chainage

if TYPE_CHECKING:
    from collections.abc import Collection

    import pandas as pd
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray
    from pyproj import CRS

M_VALUES, DESIGN, START, DRAWN = "m_values", "design", "start", "drawn"
"""What a chainage rests on: M values of the vertices; chainage_from and chainage_to; only
chainage_from, metres as drawn behind it; nothing, metres as drawn from the start of the line."""

OF_ONE_ROUTE = (RouteInvalid, EquationInvalid, ChainageInvalid)
"""What is wrong with one route and none of the others'."""


@dataclass(frozen=True, eq=False)
class Route:
    """A line with a chainage.

    Attributes
    ----------
    route_id : object
        Its id.
    edges : Edges
        In the direction of the chainage.
    along_m : ndarray of float, shape (m,)
        Metres on the ellipsoid from the start of the route to the start of each edge. A gap
        between two parts adds nothing.
    design_from, design_to : ndarray of float, shape (m,)
        Design metres from the start of the route to the start and the end of each edge.
    segments : Segments
        What its places are called.
    basis : {"m_values", "design", "start", "drawn"}
        What the chainage rests on.
    reversed_by : str or None
        Which statement turned the line against the order of its vertices.
    """

    route_id: Any
    edges: Edges
    along_m: NDArray[np.float64]
    design_from: NDArray[np.float64]
    design_to: NDArray[np.float64]
    segments: Segments
    basis: str
    reversed_by: str | None

    @property
    def crs(self) -> CRS:
        """The CRS of the line as drawn."""
        return self.edges.crs

    @property
    def line(self) -> Any:
        """The line as drawn, in the direction of its chainage, its parts in order."""
        edges = self.edges
        cuts = np.flatnonzero(np.diff(edges.part)) + 1
        pieces = [
            np.concatenate([edges.drawn_start[mine], edges.drawn_end[mine[-1:]]])
            for mine in np.split(np.arange(len(edges)), cuts)
        ]
        lines = np.array([shapely.linestrings(vertices) for vertices in pieces], dtype=object)
        return lines[0] if len(lines) == 1 else shapely.multilinestrings(lines)

    @property
    def raw_length_m(self) -> float:
        """The length on the ellipsoid [m]."""
        return float(self.along_m[-1] + self.edges.length_m[-1])

    @property
    def design_length_m(self) -> float:
        """The length that its chainage counts [m]."""
        return self.segments.length_m

    @property
    def calibration_ratio(self) -> float:
        """Design metres to a metre on the ellipsoid, over the whole route."""
        return self.design_length_m / self.raw_length_m

    def design_at(self, edge: NDArray[np.intp], metres: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return design metres from the start of the route at metres along some edges."""
        share = metres / self.edges.length_m[edge]
        design = self.design_to[edge] - self.design_from[edge]
        return np.asarray(self.design_from[edge] + share * design)


def measured_routes(
    routes: GeoDataFrame,
    equations: pd.DataFrame | None = None,
    *,
    drawn_backwards: Collection[Any] = (),
    parts: PartOrder = "checked",
    three_d: bool = False,
) -> tuple[list[Route], list[Any]]:
    """Measure lines and give each its chainage.

    Parameters
    ----------
    routes : GeoDataFrame
        Valid (multi)linestrings, indexed by id. Columns that count where they are there:
        ``chainage_from`` and ``chainage_to`` (text), ``drawn_backwards`` (true or false),
        ``chainage_origin`` (only as ``POINT (x y)``, see `geoplan.queries.direction`). M values
        count design metres through, equations or not, and start with the chainage of the start;
        vertices without one lie between their neighbours by length.
    equations : DataFrame, optional
        Broken chainage: ``route_id``, ``back_chainage``, ``ahead_chainage``, the rows of one
        route in order along it.
    drawn_backwards : collection of ids
        Routes drawn against their chainage, beside those whose column says so.
    parts : {"checked", "as_drawn", "chained"}
        What to do with parts of a line that seem out of order: refuse them, take them as they
        stand, or put them in the order that jumps least.
    three_d : bool
        Lengths in space; all vertices need heights [m].

    Returns
    -------
    list of Route, list of ids
        The located routes in their order, and the ids of those without a geometry.

    Raises
    ------
    RouteInvalid, EquationInvalid, ChainageInvalid
        The line and what is stated of its chainage do not go together.
    WrongGeometryType
        The layer holds anything but lines.
    EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide, CrsMismatch
        What the layer holds cannot be measured.

    Examples
    --------
    >>> import geopandas as gpd, shapely
    >>> line = shapely.LineString([(500000, 4550000), (501394, 4550000)])
    >>> road = gpd.GeoDataFrame({"chainage_from": ["DK3+765"], "chainage_to": ["DK5+165"]},
    ...                         geometry=[line], index=["A"], crs=4550)
    >>> (route,), _ = measured_routes(road)
    >>> round(route.raw_length_m, 3), route.design_length_m, round(route.calibration_ratio, 5)
    (1394.0, 1400.0, 1.0043)
    """
    found, missing, refused = measurable_routes(
        routes, equations, drawn_backwards=drawn_backwards, parts=parts, three_d=three_d
    )
    for error in refused.values():
        raise error
    return found, missing


def measurable_routes(
    routes: GeoDataFrame,
    equations: pd.DataFrame | None = None,
    *,
    drawn_backwards: Collection[Any] = (),
    parts: PartOrder = "checked",
    three_d: bool = False,
) -> tuple[list[Route], list[Any], Refused]:
    """Measure those lines that can be: one that is wrong is no reason to measure none.

    Parameters
    ----------
    routes, equations, drawn_backwards, parts, three_d
        As for `measured_routes`.

    Returns
    -------
    list of Route, list of ids, dict
        The located routes that can be measured, in their order; the ids of those without a
        geometry; and for each other route the error that `measured_routes` raises of it.

    Raises
    ------
    RouteInvalid
        A route has no length, or no heights where they are asked for.
    EquationInvalid
        The equations lack a column, or name a route that there is not.
    WrongGeometryType, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide, CrsMismatch
        What the layer holds cannot be measured.
    """
    crs = shared_crs(routes)
    present, missing = located(routes, "routes")
    found = dimension(present, "routes")
    if found not in (LINE, -1):
        raise WrongGeometryType(f"chainage runs along lines; the routes are {NAMES[found]}")
    _refuse_unknown(drawn_backwards, routes)
    refused: Refused = {}
    broken = equations_by_route(equations, routes.index.tolist(), refused)
    if len(present) == 0:
        return [], missing, {}
    turned = directed(present, set(drawn_backwards), parts, crs, refused)
    stated = _stated(present, refused)
    ids = [route_id for route_id in present.index.tolist() if route_id not in refused]
    if not ids:
        return [], missing, refused
    lines = np.array([turned[route_id].line for route_id in ids], dtype=object)
    edges = measured_edges(
        lines, present.index[present.index.isin(ids)].to_numpy(), crs, three_d=three_d
    )
    bounds = np.searchsorted(edges.route, np.arange(len(ids) + 1))
    measured = []
    for at, route_id in enumerate(ids):
        mine = edges.take(slice(bounds[at], bounds[at + 1]))
        try:
            measured.append(
                _calibrated(route_id, mine, *stated[route_id], broken, turned[route_id])
            )
        except OF_ONE_ROUTE as error:
            refused[route_id] = error
    return measured, missing, refused


def _refuse_unknown(drawn_backwards: Collection[Any], routes: GeoDataFrame) -> None:
    if isinstance(drawn_backwards, str):
        raise BadQuery(f"drawn_backwards is a collection of ids; got the text {drawn_backwards!r}")
    unknown = [one for one in drawn_backwards if one not in routes.index]
    if unknown:
        raise FeatureNotFound(
            f"drawn_backwards names {unknown[0]!r}, which is not among the routes"
        )


def _stated(
    routes: GeoDataFrame, refused: Refused
) -> dict[Any, tuple[Chainage | None, Chainage | None]]:
    """Return what each route says of the chainage of its start and its end."""
    none = [None] * len(routes)
    columns = [routes.get(name, none) for name in ("chainage_from", "chainage_to")]
    stated = {}
    for route_id, first, last in zip(routes.index.tolist(), *columns, strict=True):
        try:
            stated[route_id] = (
                stated_chainage(first, f"route {route_id!r}, chainage_from"),
                stated_chainage(last, f"route {route_id!r}, chainage_to"),
            )
        except ChainageInvalid as error:
            refused.setdefault(route_id, error)
    return stated


def _calibrated(
    route_id: Any,
    edges: Edges,
    start: Chainage | None,
    end: Chainage | None,
    broken: dict[Any, list[Equation]],
    turned: Directed,
) -> Route:
    """Give the edges of one route their design metres."""
    equations = broken.get(route_id, [])
    along = np.concatenate([[0.0], np.cumsum(edges.length_m)])
    if start is not None and end is not None and turned.reversed_by and start.value_m > end.value_m:
        if equations:
            raise RouteInvalid(
                f"route {route_id!r} is turned, its chainage is stated as {start} to {end}, and "
                f"it has equations: state it from the lower end to the upper"
            )
        start, end = end, start
    measures = _measures(route_id, edges, along)
    if measures is not None:
        design_from, design_to = measures
        start = _agreed_start(route_id, start, design_from[0])
        segments = segments_of(
            route_id, start, equations, end=end, length_m=design_to[-1] - design_from[0]
        )
        origin = design_from[0]
        return Route(
            route_id, edges, along[:-1], design_from - origin, design_to - origin,
            segments, M_VALUES, turned.reversed_by,
        )  # fmt: skip
    if start is None or end is None:
        basis = START if start is not None else DRAWN
        segments = segments_of(
            route_id, start or Chainage(0.0), equations, length_m=float(along[-1])
        )
    else:
        basis = DESIGN
        segments = segments_of(route_id, start, equations, end=end)
    design = along * (segments.length_m / along[-1])
    design[-1] = segments.length_m
    return Route(
        route_id, edges, along[:-1], design[:-1], design[1:], segments, basis, turned.reversed_by
    )


def _agreed_start(route_id: Any, start: Chainage | None, first_m: float) -> Chainage:
    """Return the chainage of the start, which the first M value has to be."""
    if start is None:
        return Chainage(float(first_m))
    if abs(start.value_m - first_m) > AGREEMENT_M:
        raise RouteInvalid(
            f"route {route_id!r} starts at {start}, but its first M value is {first_m:.3f}: M "
            f"values count in chainage from the start; put one right"
        )
    return replace(start, value_m=float(first_m))


def _measures(
    route_id: Any, edges: Edges, along: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Return the M values of both ends of each edge, by length where a vertex has none."""
    if not (np.isfinite(edges.m_start).any() or np.isfinite(edges.m_end).any()):
        return None
    starts, ends = np.empty(len(edges)), np.empty(len(edges))
    for part in np.unique(edges.part):
        mine = np.flatnonzero(edges.part == part)
        known = np.append(edges.m_start[mine], edges.m_end[mine[-1]])
        at = along[np.append(mine, mine[-1] + 1)]
        if not np.isfinite(known[[0, -1]]).all():
            raise RouteInvalid(
                f"route {route_id!r} has M values, but not at both ends of each part: give the "
                f"first and the last vertex of a part theirs, or leave all out"
            )
        there = np.isfinite(known)
        filled = np.interp(at, at[there], known[there])
        starts[mine], ends[mine] = filled[:-1], filled[1:]
    _refuse_standing_still(route_id, starts, ends)
    return starts, ends


def _refuse_standing_still(
    route_id: Any, starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> None:
    wrong = np.flatnonzero(ends <= starts)
    backwards = np.flatnonzero(starts[1:] < ends[:-1])
    if len(wrong) or len(backwards):
        value = starts[wrong[0]] if len(wrong) else ends[backwards[0]]
        raise RouteInvalid(
            f"the M values of route {route_id!r} do not grow at {value:g}: each vertex needs more "
            f"than the one before it"
        )
