"""The ground along a route: elevation, grade and climb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import MeasuringPlane, planes_of, reproject, shared_crs
from geoplan.errors import BadQuery, OutsideRaster, WrongGeometryType
from geoplan.queries.checks import LINE, NAMES, dimension, located
from geoplan.queries.placing import onto, refuse_other_datum
from geoplan.queries.route import DRAWN
from geoplan.queries.terrain import refuse_other_than_metres

if TYPE_CHECKING:
    from geopandas import GeoDataFrame
    from numpy.typing import NDArray

    from geoplan.queries.route import Route
    from geoplan.raster import Raster

Interpolation = Literal["bilinear", "nearest"]

COLUMNS = [
    "route_id",
    "part",
    "distance_m",
    "elevation_m",
    "grade_percent",
    "climb_m",
    "descent_m",
    "geometry",
]
MAX_SAMPLES = 1_000_000

_PIECE_M = 1000.0
"""Within pieces of this length the scale of the plane is taken as even: 0.2 mm at most."""

_JOINT_M = 1e-4
"""Profile and route add up the same edges; their sums are told apart by no more than this."""


def profile(
    routes: GeoDataFrame,
    dem: Raster,
    *,
    step_m: float | None = None,
    interpolation: Interpolation = "bilinear",
) -> GeoDataFrame:
    """Sample a DEM along routes.

    Parameters
    ----------
    routes : GeoDataFrame
        Valid (multi)linestrings indexed by feature id, in any CRS on the datum of the DEM. Each
        begins at its first vertex and goes through its parts in their order; a part that
        begins where the one before ended goes on without a gap.
    dem : Raster
        Open, elevations in metres.
    step_m : float, optional
        Distance of the samples along the route [m on the ellipsoid]; the end is a sample too.
        None samples at the vertices.
    interpolation : {"bilinear", "nearest"}
        Between the centres of the four cells around, or the value of the cell.

    Returns
    -------
    GeoDataFrame
        One row for each sample, route by route in the order of `routes`, in their CRS:
        ``route_id``, ``part`` (0, 1, … of a route with gaps), ``distance_m`` [m on the
        ellipsoid, along the ground plan] from the start of the route, gaps not counted,
        ``elevation_m`` [m], NaN outside the DEM and where one of the cells that count has no
        data, ``grade_percent`` [%] from the sample before, ``climb_m`` and ``descent_m`` [m] up
        and down so far, ``geometry`` the point. Grade is NaN, and climb and descent do not
        grow, where either elevation is NaN and across a gap. ``attrs`` holds ``no_geometry`` and
        ``no_data`` (ids of routes with a sample without elevation), ``measuring_planes``.

    Raises
    ------
    WrongGeometryType
        The routes are no lines.
    OutsideRaster
        No sample lies on the DEM.
    BadQuery
        `step_m` is not a finite number above zero, or would make more than a million samples;
        the DEM is not in metres; the interpolation is unknown.
    CrsMismatch, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide, FileUnreadable
        What the routes or the DEM hold cannot be taken.

    Notes
    -----
    Bilinear values lie between cell centres; in the outermost half cell the nearest centres
    are used. A missing neighbour is never made up for: the shore of a lake without data is NaN.
    """
    _refuse_options(step_m, interpolation)
    refuse_other_than_metres(dem)
    crs = shared_crs(routes)
    present, missing = located(routes, "routes")
    found = dimension(present, "routes")
    if found not in (LINE, -1):
        raise WrongGeometryType(f"a profile runs along lines; routes holds {NAMES[found]}")
    refuse_other_datum(crs, dem.grid.crs, "routes")
    parts, planes = [], []
    for plane, ours, _ in planes_of(present):
        move = onto(plane.crs, dem.grid)
        planes.append(plane.name)
        for route_id, line in zip(ours.ids, ours.geometries, strict=True):
            rows = _samples(plane, line, step_m, route_id)
            cells = move(rows[["x", "y"]].to_numpy())
            rows["elevation_m"] = _elevations(dem, cells, interpolation)
            points = shapely.points(rows.pop("x"), rows.pop("y"))
            rows["geometry"] = reproject(np.asarray(points), plane.crs, crs)
            parts.append(_with_grades(rows).assign(route_id=[route_id] * len(rows)))
    answer = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=COLUMNS)
    if len(answer) and answer["elevation_m"].isna().all():
        raise OutsideRaster(
            f"no sample of the routes has an elevation: they lie outside {dem.name}, or where it "
            f"has no data"
        )
    return _in_order(answer, routes, crs, missing, planes)


def route_profile(
    route: Route,
    dem: Raster,
    *,
    step_m: float | None = None,
    interpolation: Interpolation = "bilinear",
) -> GeoDataFrame:
    """Sample a DEM along a route in the direction of its chainage.

    Parameters
    ----------
    route : Route
        From `measured_routes`.
    dem, step_m, interpolation
        As in `profile`.

    Returns
    -------
    GeoDataFrame
        As from `profile`, with ``chainage`` behind ``distance_m``: what the route calls the
        place, at an equation by what goes ahead; null where the route states no chainage.

    Raises
    ------
    OutsideRaster, BadQuery, CrsMismatch, FeatureTooWide, FileUnreadable
        As in `profile`.

    Examples
    --------
    >>> from geoplan.queries.route import measured_routes
    >>> from geoplan.raster import Raster
    >>> line = shapely.LineString([(498300, 4550700), (498800, 4550700)])
    >>> road = gpd.GeoDataFrame({"chainage_from": ["K7+900"], "chainage_to": ["K8+400"]},
    ...                         geometry=[line], index=["A"], crs=4550)
    >>> (route,), _ = measured_routes(road)
    >>> with Raster("examples/town/elevation.tif") as dem:
    ...     found = route_profile(route, dem, step_m=250)
    >>> found[["chainage", "elevation_m"]].round(2).values.tolist()
    [['K7+900.000', 181.0], ['K8+150.000', 188.5], ['K8+400.000', 196.0]]
    """
    drawn = gpd.GeoDataFrame(geometry=[route.line], index=[route.route_id], crs=route.crs)
    found = profile(drawn, dem, step_m=step_m, interpolation=interpolation)
    stated = route.basis != DRAWN
    names = [str(route.segments.named(at)) if stated else None for at in _design_m(route, found)]
    found.insert(
        found.columns.get_loc("distance_m") + 1, "chainage", pd.Series(names, dtype=object)
    )
    return found


def _design_m(route: Route, samples: GeoDataFrame) -> NDArray[np.float64]:
    """Return design metres from the start of the route of each sample of its profile.

    A gap adds no distance, but may add design metres: the last sample before it belongs to the
    edge that ends there, the first behind it to the edge that begins there.
    """
    part, distance = samples["part"].to_numpy(), samples["distance_m"].to_numpy()
    last = np.append(part[1:] != part[:-1], True)
    first = np.append(True, part[1:] != part[:-1])
    sought = distance + np.where(first, _JOINT_M, 0) - np.where(last, _JOINT_M, 0)
    edge = np.searchsorted(route.along_m, sought, side="right") - 1
    edge = np.clip(edge, 0, len(route.along_m) - 1)
    metres = np.clip(distance - route.along_m[edge], 0, route.edges.length_m[edge])
    return route.design_at(edge, metres)


def _refuse_options(step_m: float | None, interpolation: str) -> None:
    if step_m is not None and not (np.isfinite(step_m) and step_m > 0):
        raise BadQuery(f"step_m must be a finite number above zero; got {step_m!r}")
    if interpolation not in ("bilinear", "nearest"):
        raise BadQuery(f"interpolation is bilinear or nearest; asked for {interpolation!r}")


def _samples(plane: MeasuringPlane, line: Any, step_m: float | None, route_id: Any) -> pd.DataFrame:
    """Return part, distance and place in the plane of each sample of one route."""
    heaps, start = [], 0.0
    for number, vertices in enumerate(_joined(line)):
        points, places = _divided(vertices)
        pairs = shapely.linestrings(np.stack([points[:-1], points[1:]], axis=1))
        reached = np.concatenate([[0.0], np.cumsum(plane.length_m(np.asarray(pairs)))])
        distance = reached[places] if step_m is None else _steps(reached[-1], step_m, route_id)
        x, y = (np.interp(distance, reached, points[:, axis]) for axis in (0, 1))
        heaps.append(pd.DataFrame({"part": number, "distance_m": start + distance, "x": x, "y": y}))
        start += reached[-1]
    return pd.concat(heaps, ignore_index=True)


def _joined(line: Any) -> list[NDArray[np.float64]]:
    """Return the vertices of the parts of a line; a part that goes on is joined to the last."""
    joined: list[NDArray[np.float64]] = []
    for part in shapely.get_parts(line):
        vertices = shapely.get_coordinates(part)
        if joined and (joined[-1][-1] == vertices[0]).all():
            joined[-1] = np.concatenate([joined[-1], vertices[1:]])
        else:
            joined.append(vertices)
    return joined


def _divided(vertices: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return points along a line, at most `_PIECE_M` apart, and which of them are vertices."""
    reach = np.diff(vertices, axis=0)
    pieces = np.maximum(np.ceil(np.hypot(*reach.T) / _PIECE_M), 1).astype(np.intp)
    places = np.concatenate([[0], np.cumsum(pieces)])
    edge = np.repeat(np.arange(len(pieces)), pieces)
    share = (np.arange(len(edge)) - places[edge]) / pieces[edge]
    points = np.concatenate([vertices[edge] + share[:, None] * reach[edge], vertices[-1:]])
    return points, places


def _steps(length: float, step_m: float, route_id: Any) -> NDArray[np.float64]:
    if length / step_m > MAX_SAMPLES:
        raise BadQuery(
            f"route {route_id!r} is {length:,.0f} m long: a step of {step_m:g} m makes more than "
            f"{MAX_SAMPLES:,} samples; take a longer one"
        )
    steps = np.arange(0.0, length, step_m)
    # the end is a sample, but not a second one within a micrometre of the last step
    return np.append(steps[steps < length - 1e-6], length)


def _elevations(dem: Raster, cells: NDArray[np.float64], interpolation: str) -> NDArray[np.float64]:
    cells = np.nan_to_num(cells, nan=-1e9, posinf=-1e9, neginf=-1e9)
    if interpolation == "nearest":
        col, row = np.floor(cells).astype(np.intp).T
        return dem.at(row, col)
    size = np.array([dem.grid.width, dem.grid.height])
    inside = ((cells >= 0) & (cells <= size)).all(axis=1)
    # from centre to centre; in the outermost half cell there is but one
    position = np.clip(cells - 0.5, 0, size - 1)
    first = np.minimum(np.floor(position), np.maximum(size - 2, 0)).astype(np.intp)
    # a millionth of a cell from a centre is on it: rounding must not ask for the neighbour
    share = np.round(position - first, 6)
    total = np.zeros(len(cells))
    for across in (0, 1):
        for down in (0, 1):
            weight = np.abs(1 - across - share[:, 0]) * np.abs(1 - down - share[:, 1])
            counts = inside & (weight > 0)
            value = dem.at(first[counts, 1] + down, first[counts, 0] + across)
            total[counts] += weight[counts] * value
    return np.where(inside, total, np.nan)


def _with_grades(rows: pd.DataFrame) -> pd.DataFrame:
    rise = rows["elevation_m"].diff().where(rows["part"].diff() == 0)
    run = rows["distance_m"].diff()
    return rows.assign(
        grade_percent=(100 * rise / run.where(run > 0)).astype(float),
        climb_m=rise.clip(lower=0).fillna(0.0).cumsum(),
        descent_m=(-rise).clip(lower=0).fillna(0.0).cumsum(),
    )


def _in_order(
    rows: pd.DataFrame, routes: GeoDataFrame, crs: Any, missing: list[Any], planes: list[str]
) -> GeoDataFrame:
    order = np.argsort(routes.index.get_indexer(rows["route_id"]), kind="stable")
    rows = rows.iloc[order].reindex(columns=COLUMNS).reset_index(drop=True)
    answer = gpd.GeoDataFrame(rows, geometry="geometry", crs=crs)
    answer = answer.astype(dict.fromkeys(COLUMNS[2:7], float))
    without = answer.loc[answer["elevation_m"].isna(), "route_id"]
    answer.attrs = {
        "no_geometry": missing,
        "no_data": list(dict.fromkeys(without)),
        "measuring_planes": planes,
    }
    return answer
