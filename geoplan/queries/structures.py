"""On what a route runs: bridge, tunnel or subgrade, by chainage."""

from __future__ import annotations

from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import pandas as pd
import shapely

from geoplan.errors import ChainageAmbiguous, ChainageNotFound, RouteInvalid
from geoplan.queries.locate import station
from geoplan.queries.route import OF_ONE_ROUTE
from geoplan.queries.stations import stated_chainage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geopandas import GeoDataFrame

    from geoplan.queries.route import Route
    from geoplan.queries.segments import Refused

NOT_STATED = "not_stated"
"""Where no segment says on what the route runs."""

_OFF_ROUTE_M = 1.0
"""How far the ends of a drawn segment may lie beside its route [m]."""


class Span(NamedTuple):
    """A structure from one design metre of a route to another."""

    design_from_m: float
    design_to_m: float
    structure: str


def structure_spans(
    routes: Sequence[Route],
    layer: GeoDataFrame,
    segments: pd.DataFrame | None,
    refused: Refused,
) -> dict[Any, list[Span]]:
    """Return the structures of each route.

    Parameters
    ----------
    routes : sequence of Route
        Measured.
    layer : GeoDataFrame
        The routes as they came; the column ``structure`` holds for the whole of each that no
        segment names.
    segments : DataFrame or GeoDataFrame, optional
        Columns ``route_id`` and ``structure``, and where each lies: ``chainage_from`` and
        ``chainage_to`` (text), or a geometry whose first and last vertex are on the route.
    refused : dict
        Gets the routes with a segment that has no place, lies beside its route, or has a
        chainage that is not on it, with what is wrong.

    Raises
    ------
    RouteInvalid
        A column is missing, or a segment names no route.
    """
    spans: dict[Any, list[Span]] = defaultdict(list)
    by_id = {route.route_id: route for route in routes}
    told = set() if segments is None else set(segments.get("route_id", ()))
    stated = layer.get("structure", pd.Series(dtype=object))
    for route_id, structure in stated.items():
        if isinstance(structure, str) and route_id in by_id and route_id not in told:
            spans[route_id] = [Span(0.0, by_id[route_id].design_length_m, structure)]
    if segments is None:
        return spans
    missing = {"route_id", "structure"} - set(segments.columns)
    if missing:
        raise RouteInvalid(f"the segments have no column {', '.join(sorted(missing))}")
    for segment_id, row in segments.iterrows():
        route_id = row["route_id"]
        if route_id not in by_id:
            if route_id in layer.index:
                continue  # a route that is not measured has no stretch to ask for
            raise RouteInvalid(
                f"segment {segment_id!r} names route {route_id!r}, which is not among the routes"
            )
        where = f"segment {segment_id!r} of route {route_id!r}"
        try:
            spans[route_id].append(_span(by_id[route_id], row, where))
        except (*OF_ONE_ROUTE, ChainageNotFound, ChainageAmbiguous) as error:
            refused.setdefault(route_id, error)
    return spans


def _span(route: Route, row: Any, where: str) -> Span:
    ends = [
        stated_chainage(row.get(name), f"{where}, {name}")
        for name in ("chainage_from", "chainage_to")
    ]
    if ends[0] is not None and ends[1] is not None:
        first, last = (route.segments.design_m(end) for end in ends if end is not None)
    else:
        first, last = _drawn_ends(route, row.get("geometry"), where)
    if last <= first:
        raise RouteInvalid(f"{where} has no length along it: put its two ends right")
    structure = row["structure"]
    return Span(first, last, structure if isinstance(structure, str) else NOT_STATED)


def _drawn_ends(route: Route, line: Any, where: str) -> tuple[float, float]:
    """Return the design metres of the two ends of a drawn segment, in order."""
    if not isinstance(line, shapely.LineString) or line.is_empty:
        raise RouteInvalid(
            f"{where} has neither two chainages nor a line: say from where to where it reaches"
        )
    ends = []
    for at in (0, -1):
        (found, *_) = station(route, shapely.get_point(line, at))
        if found.offset_m > _OFF_ROUTE_M:
            raise RouteInvalid(
                f"{where} ends {found.offset_m:.1f} m beside its route: draw it on the route, or "
                f"give its chainages"
            )
        ends.append(found.design_m)
    return min(ends), max(ends)


def structures_between(
    spans: Sequence[Span], design_from_m: float, design_to_m: float
) -> dict[str, float]:
    """Return the length [m] of each structure in a stretch, in order of first appearance.

    Where two spans overlap the ground is theirs together, ``interchange+bridge``; where there
    is none it is ``not_stated``: so the lengths add up to the stretch.
    """
    inner = {end for span in spans for end in span[:2] if design_from_m < end < design_to_m}
    cuts = [design_from_m, *sorted(inner), design_to_m]
    lengths: dict[str, float] = {}
    for start, end in pairwise(cuts):
        middle = (start + end) / 2.0
        there = {span.structure: None for span in spans if span[0] <= middle <= span[1]}
        name = "+".join(there) or NOT_STATED
        lengths[name] = lengths.get(name, 0.0) + (end - start)
    return lengths
