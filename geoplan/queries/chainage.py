"""Where routes run through zones or past them, from chainage to chainage."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import shared_crs
from geoplan.errors import BadQuery
from geoplan.queries.checks import AREA, LINE, POINT, dimension, located
from geoplan.queries.closure import closure
from geoplan.queries.contacts import contacts
from geoplan.queries.intervals import merged, shapes
from geoplan.queries.nearness import nearness
from geoplan.queries.network import Beside, Network, beside
from geoplan.queries.passages import passages
from geoplan.queries.route import DESIGN, M_VALUES, Route, measurable_routes
from geoplan.queries.sides import CONTACT_M, side_names
from geoplan.queries.stations import DECIMALS
from geoplan.queries.structures import Span, structure_spans, structures_between

if TYPE_CHECKING:
    from collections.abc import Collection

    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.queries.direction import PartOrder

CROSSES, INSIDE, ALONG, TOUCHES, NEAR = "crosses", "inside", "along", "touches", "near"
"""How a route and a zone lie to each other; see `chainage`."""

COLUMNS = [
    "route_id", "zone_id", "relation", "from_chainage", "to_chainage", "from_m", "to_m",
    "length_m", "design_length_m", "side", "min_distance_m", "nearest_chainage",
    "crossing_angle_deg", "structure", "structure_length_m", "chainage_basis", "geometry",
]  # fmt: skip
_NUMBERS = [name for name in COLUMNS if name.endswith(("_m", "_deg"))]
_NUMBERS.remove("structure_length_m")


def chainage(
    routes: GeoDataFrame,
    zones: GeoDataFrame,
    *,
    within_m: float = 0.0,
    equations: pd.DataFrame | None = None,
    segments: pd.DataFrame | None = None,
    drawn_backwards: Collection[Any] = (),
    parts: PartOrder = "checked",
    three_d: bool = False,
    decimals: int = DECIMALS,
) -> GeoDataFrame:
    """Find where routes run through zones or past them, from chainage to chainage.

    Parameters
    ----------
    routes : GeoDataFrame
        Valid (multi)linestrings indexed by feature id; what columns of theirs count is said at
        `measured_routes`. ``structure`` holds for a whole route that no segment names.
    zones : GeoDataFrame
        Valid areas, lines or points, one dimension, indexed by feature id, in the same CRS.
    within_m : float, default 0
        Also find zones within this distance [m] of a route.
    equations : DataFrame, optional
        Broken chainage, see `measured_routes`.
    segments : DataFrame, optional
        Bridges, tunnels and subgrade of the routes, see `structure_spans`.
    drawn_backwards : collection of ids, default ()
        Routes drawn against their chainage, see `measured_routes`.
    parts : {"checked", "as_drawn", "chained"}
        What to do with parts that seem out of order, see `measured_routes`.
    three_d : bool, default False
        Measure routes in space; all their vertices need heights [m].
    decimals : int, default 3
        Of the metres in chainages.

    Returns
    -------
    GeoDataFrame
        One row for each stretch of a route and a zone, in order along the routes, in the CRS of
        the inputs: ``route_id``, ``zone_id``; ``relation``; ``from_chainage``, ``to_chainage``
        (text); ``from_m``, ``to_m`` the chainages as numbers [m]; ``length_m`` on the ellipsoid
        [m] and ``design_length_m`` as the chainage counts it [m]; ``side`` of the route that
        the zone is on (left, right, both, on), null where the route runs through it;
        ``min_distance_m`` [m] and ``nearest_chainage``, where it is; ``crossing_angle_deg``
        between route and line, 0 to 90; ``structure`` (several with ``;`` between) and
        ``structure_length_m`` (design metres of each, with ``;`` between);
        ``chainage_basis`` (m_values, design, start, drawn); ``geometry`` the stretch.

        ``relation`` is ``crosses`` (the stretch has places inside an area, or comes from one
        side of a line to the other), ``inside`` (the whole route is in an area), ``along`` (it
        runs on the boundary of an area, or on a line), ``touches`` (one point, and the zone
        stays on its side) or ``near``. Crossings of lines, and points, have
        ``from_chainage`` = ``to_chainage``.

        ``attrs`` holds ``no_geometry`` (ids by ``routes``, ``zones``), ``not_measured`` (for
        each route that is wrong, ``error`` and ``message``), ``not_calibrated`` (ids
        of routes whose chainage is metres as drawn), ``turned`` (for each route turned against
        the order of its vertices, which statement did it), ``measuring_planes`` (names) and
        ``routes`` (for each its lengths, and the ``closure`` of its stretches against it).

    Raises
    ------
    BadQuery
        A distance is negative or not finite, or decimals are not 0 to 9.
    RouteInvalid, EquationInvalid, ChainageInvalid
        See `measured_routes`: no route at all can be measured. As long as one can, the others
        stand in ``attrs``. Equations or segments that name a route that there is not are
        refused always.
    ChainageNotFound, ChainageAmbiguous
        Likewise, where a segment names a chainage that its route does not have, or has more
        than once.
    WrongGeometryType, CrsMismatch, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.

    Notes
    -----
    Linear referencing of ISO 19148, method absolute, with the calibration of `measured_routes`.
    Edges are straight in the measuring plane, and lengths on the ellipsoid (`geoplan.crs`); a
    route may lie in several planes. Coordinates nearer than a micrometre touch. A stretch
    within `within_m` that leads into a zone is part of the way through it and no row of its
    own.

    Examples
    --------
    >>> import shapely
    >>> road = gpd.GeoDataFrame(
    ...     {"chainage_from": ["K1+000"], "chainage_to": ["K2+000"]}, index=["G1"], crs=4550,
    ...     geometry=[shapely.LineString([(500000, 4550000), (501000, 4550000)])])
    >>> park = gpd.GeoDataFrame(geometry=[shapely.box(500250, 4549000, 500700, 4550400)],
    ...                         index=["P1"], crs=4550)
    >>> columns = ["zone_id", "relation", "from_chainage", "to_chainage"]
    >>> chainage(road, park)[columns].values.tolist()
    [['P1', 'crosses', 'K1+250.000', 'K1+700.000']]
    """
    _refuse_numbers(within_m, decimals)
    crs = shared_crs(routes, zones)
    measured, no_route, refused = measurable_routes(
        routes, equations, drawn_backwards=drawn_backwards, parts=parts, three_d=three_d
    )
    present, no_zone = located(zones, "zones")
    kind = dimension(present, "zones")
    spans = structure_spans(measured, routes, segments, refused)
    measured = [route for route in measured if route.route_id not in refused]
    if refused and not measured:
        raise next(iter(refused.values()))
    found = pd.DataFrame()
    planes: list[str] = []
    if measured and len(present):
        network = Network.of(measured)
        sides = list(beside(network, present, crs))
        planes = [here.plane.name for here in sides]
        found = _stretches(network, sides, kind, within_m)
    if len(found):
        rows = _table(network, found, present.index.to_numpy(), spans, decimals)
        answer = gpd.GeoDataFrame(rows[COLUMNS], geometry="geometry", crs=crs)
    else:
        answer = gpd.GeoDataFrame({name: [] for name in COLUMNS}, geometry="geometry", crs=crs)
    answer = answer.astype(dict.fromkeys(_NUMBERS, float)).reset_index(drop=True)
    answer.attrs = {
        "no_geometry": {"routes": no_route, "zones": no_zone},
        "not_measured": {
            route_id: {"error": type(error).__name__, "message": str(error)}
            for route_id, error in refused.items()
        },
        "not_calibrated": [r.route_id for r in measured if r.basis not in (DESIGN, M_VALUES)],
        "turned": {r.route_id: r.reversed_by for r in measured if r.reversed_by},
        "measuring_planes": planes,
        "routes": _of_routes(measured, answer, routes),
    }
    return answer


def _refuse_numbers(within_m: float, decimals: int) -> None:
    if not (np.isfinite(within_m) and within_m >= 0):
        raise BadQuery(f"within_m must be a finite number, zero or more; got {within_m!r}")
    if decimals not in range(10):
        raise BadQuery(f"decimals must be a whole number from 0 to 9; got {decimals!r}")


def _stretches(network: Network, sides: list[Beside], kind: int, within_m: float) -> pd.DataFrame:
    """Return all stretches, with their relation, sides and crossing angles."""
    nothing = pd.DataFrame()
    through = nothing
    if kind != POINT:
        cut = pd.concat([passages(network, here, kind) for here in sides], ignore_index=True)
        through, _ = merged(cut)
        through = _related(network, sides, kind, through) if len(through) else nothing
    close = nothing
    if within_m > 0 or kind == POINT:
        reach = max(within_m, CONTACT_M)
        batches = [nearness(network, here, reach) for here in sides]
        close, _ = merged(pd.concat(batches, ignore_index=True))
        close = _not_leading_in(through, close)
        if len(close):
            close["relation"] = NEAR
            close["angle"] = np.nan
    if len(close) and kind == POINT:
        close = _to_nearest(network, close)
    both = [part for part in (through, close) if len(part)]
    return pd.concat(both, ignore_index=True) if both else nothing


def _related(network: Network, sides: list[Beside], kind: int, found: pd.DataFrame) -> pd.DataFrame:
    """Say how each stretch in a zone lies to it."""
    reach = (found["along_to"] - found["along_from"]).to_numpy()
    whole = network.whole()[found["route"].to_numpy()]
    point = reach <= CONTACT_M
    relation = np.where(point, TOUCHES, ALONG).astype(object)
    found["angle"] = np.nan
    if kind == AREA:
        interior = found["interior"].to_numpy(dtype=bool)
        all_of_it = reach >= whole - CONTACT_M
        relation[interior] = np.where(all_of_it[interior], INSIDE, CROSSES)
        found.loc[interior, ["left", "right"]] = False
        point &= ~interior
    at = np.flatnonzero(point)
    left, right, angle = _contacts(network, sides, found.iloc[at])
    found.loc[at, "left"], found.loc[at, "right"] = left, right
    if kind == LINE:
        crossed = at[left & right]
        relation[crossed] = CROSSES
        found.loc[at, "angle"] = angle
    found["relation"] = relation
    return found


def _contacts(
    network: Network, sides: list[Beside], found: pd.DataFrame
) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.float64]]:
    """Look at the points of contact, each in the plane of its edge."""
    left, right = np.zeros(len(found), dtype=bool), np.zeros(len(found), dtype=bool)
    angle = np.full(len(found), np.nan)
    edge, t, zone = (found[name].to_numpy() for name in ("edge_from", "t_from", "zone"))
    for here in sides:
        mine = np.flatnonzero(network.edges.meridian[edge] == here.plane.meridian)
        place = np.searchsorted(here.zones, zone[mine])
        if len(mine):
            left[mine], right[mine], angle[mine] = contacts(
                network, here, edge[mine], t[mine], place
            )
    return left, right, angle


def _not_leading_in(through: pd.DataFrame, close: pd.DataFrame) -> pd.DataFrame:
    """Return the stretches within the distance that are not the way into or out of a zone."""
    if len(through) == 0 or len(close) == 0:
        return close
    ways = through[through["relation"] != TOUCHES]
    together, label = merged(pd.concat([ways[close.columns], close], ignore_index=True))
    leads = together["passage"].to_numpy(dtype=bool)[label[len(ways) :]]
    return close[~leads].reset_index(drop=True)


def _to_nearest(network: Network, close: pd.DataFrame) -> pd.DataFrame:
    """Reduce stretches past points to the nearest place."""
    edge, t = close["edge_near"].to_numpy(), close["t_near"].to_numpy()
    along = network.along(edge, t)
    on = (close["distance"] <= CONTACT_M).to_numpy()
    close["relation"] = np.where(on, TOUCHES, NEAR)
    close.loc[on, ["left", "right"]] = False
    return close.assign(
        edge_from=edge, edge_to=edge, t_from=t, t_to=t, along_from=along, along_to=along
    )


def _table(
    network: Network,
    found: pd.DataFrame,
    zone_ids: NDArray[Any],
    spans: dict[Any, list[Span]],
    decimals: int,
) -> pd.DataFrame:
    """Return the rows that are printed."""
    order = np.lexsort((found["zone"], found["along_to"], found["along_from"], found["route"]))
    found = found.iloc[order].reset_index(drop=True)
    start, end, nearest = (
        network.design(found[f"edge_{name}"].to_numpy(), found[f"t_{name}"].to_numpy())
        for name in ("from", "to", "near")
    )
    routes = [network.routes[at] for at in found["route"]]
    length = (found["along_to"] - found["along_from"]).to_numpy()
    point = length <= CONTACT_M
    relation = found["relation"].to_numpy()
    side = side_names(found["left"].to_numpy(dtype=bool), found["right"].to_numpy(dtype=bool))
    side[np.isin(relation, [CROSSES, INSIDE])] = None
    rows = pd.DataFrame(
        {
            "route_id": pd.Series([route.route_id for route in routes]),
            "zone_id": zone_ids[found["zone"]],
            "relation": relation,
            "length_m": np.where(point, 0.0, length),
            "design_length_m": np.where(point, 0.0, end - start),
            "side": side,
            "min_distance_m": _distances(network, found, relation == NEAR),
            "crossing_angle_deg": found["angle"],
            "chainage_basis": [route.basis for route in routes],
            "geometry": shapes(network.edges, found),
        }
    )
    named = [
        _named(route, tuple(at), one_point, near, spans.get(route.route_id, []), decimals)
        for route, at, one_point, near in zip(
            routes, zip(start, end, nearest, strict=True), point, relation == NEAR, strict=True
        )
    ]
    return rows.join(pd.DataFrame(named))


def _distances(
    network: Network, found: pd.DataFrame, near: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the least distance on the ellipsoid [m]: measured along the way, not scaled."""
    distance = np.zeros(len(found))
    apart = np.flatnonzero(near & (found["distance"] > 0).to_numpy())
    edge, t, x, y = (
        found[name].to_numpy()[apart] for name in ("edge_near", "t_near", "x_near", "y_near")
    )
    start = network.edges.places(edge, t)
    ways = np.stack([start, start + np.column_stack([x, y])], axis=1)
    for plane, mine in network.edges.by_plane(edge):
        distance[apart[mine]] = plane.length_m(np.asarray(shapely.linestrings(ways[mine])))
    return distance


def _named(
    route: Route,
    places: tuple[float, float, float],
    point: bool,
    near: bool,
    spans: list[Span],
    decimals: int,
) -> dict[str, Any]:
    """Return what a stretch is called, and on what it runs."""
    start, end, nearest = places
    segments, back = route.segments, not point
    end = start if point else end
    runs_on = structures_between(spans, start, end) if spans else {}
    lengths = [f"{length:.{decimals}f}" for length in runs_on.values()]
    return {
        "from_chainage": str(segments.named(start, decimals=decimals)),
        "to_chainage": str(segments.named(end, back=back, decimals=decimals)),
        "from_m": segments.at(start).value_at(start),
        "to_m": segments.at(end, back=back).value_at(end),
        "nearest_chainage": str(segments.named(nearest, decimals=decimals)) if near else None,
        "structure": ";".join(runs_on) or None,
        "structure_length_m": ";".join(lengths) or None,
    }


def _of_routes(
    measured: list[Route], answer: GeoDataFrame, routes: GeoDataFrame
) -> list[dict[str, Any]]:
    """Return what is to be said of each route, with the closing line of its stretches."""
    within = answer[answer["relation"].isin([CROSSES, INSIDE, ALONG])]
    lengths = within.groupby("route_id", sort=False)["length_m"].apply(list).to_dict()
    origins = routes.get("chainage_origin", pd.Series(dtype=object))
    return [
        {
            "route_id": route.route_id,
            "chainage_basis": route.basis,
            "chainage_origin": origins.get(route.route_id),
            "length_m": route.raw_length_m,
            "design_length_m": route.design_length_m,
            "calibration_ratio": route.calibration_ratio,
            "closure": closure(lengths.get(route.route_id, []), route.raw_length_m)._asdict(),
        }
        for route in measured
    ]
