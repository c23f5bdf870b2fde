"""How far up and down a river: distances along a line from a point."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geoplan.crs import shared_crs
from geoplan.errors import BadQuery, WrongGeometryType
from geoplan.queries.checks import NAMES, POINT, dimension, located
from geoplan.queries.intervals import shapes
from geoplan.queries.locate import Station, station
from geoplan.queries.route import Route, measured_routes

if TYPE_CHECKING:
    from collections.abc import Collection

    from geopandas import GeoDataFrame

    from geoplan.queries.direction import PartOrder

COLUMNS = [
    "point_id", "line_id", "offset_m", "side", "upstream_m", "downstream_m",
    "missing_upstream_m", "missing_downstream_m", "length_m", "geometry",
]  # fmt: skip


def along(
    lines: GeoDataFrame,
    points: GeoDataFrame,
    upstream_m: float,
    downstream_m: float,
    *,
    drawn_backwards: Collection[Any] = (),
    within_m: float | None = None,
    parts: PartOrder = "checked",
) -> GeoDataFrame:
    """Return the stretch of a river from so far above a point to so far below it.

    Parameters
    ----------
    lines : GeoDataFrame
        Centrelines: valid (multi)linestrings indexed by feature id, drawn with the flow. A
        column ``drawn_backwards`` may say otherwise. Each is followed to its own end only, not
        into the rivers it meets.
    points : GeoDataFrame
        Intakes, outfalls, bridges: points indexed by feature id, in the same CRS.
    upstream_m, downstream_m : float
        Distances on the ellipsoid along the line [m].
    drawn_backwards : collection of ids, default ()
        Lines drawn against the flow, beside those whose column says so.
    within_m : float, optional
        Leave out points farther than this from every line [m].
    parts : {"checked", "as_drawn", "chained"}
        What to do with parts of a line that seem out of order, see `measured_routes`.

    Returns
    -------
    GeoDataFrame
        One row for each point, on the line nearest to it, in the CRS of the inputs:
        ``point_id``, ``line_id``, ``offset_m`` [m] and ``side`` of the point, seen downstream,
        ``upstream_m``, ``downstream_m`` as far as the line reaches [m],
        ``missing_upstream_m``, ``missing_downstream_m`` what was asked for beyond its ends [m],
        ``length_m``, ``geometry`` the stretch. Where a line crosses itself at the point there
        is a row for each way. ``attrs`` holds ``no_geometry`` (ids by ``lines``, ``points``),
        ``too_far`` (ids of points) and ``measuring_planes``.

    Raises
    ------
    BadQuery
        A distance is negative or not finite, or both are zero.
    WrongGeometryType
        The points are none, or the lines are none.
    RouteInvalid, CrsMismatch, EmptyLayer, DuplicateId, InvalidGeometry, FeatureTooWide
        What a layer holds cannot be measured.

    Examples
    --------
    >>> river = gpd.GeoDataFrame(
    ...     geometry=[shapely.LineString([(500000, 4550000), (500700, 4550000)])],
    ...     index=["R"], crs=4550)
    >>> intake = gpd.GeoDataFrame(geometry=[shapely.Point(500500, 4550020)], index=["I"], crs=4550)
    >>> row = along(river, intake, 100, 1000).iloc[0]
    >>> f"{row['length_m']:.3f} {row['missing_downstream_m']:.3f} {row['side']}"
    '300.000 800.000 left'
    """
    _refuse_distances(upstream_m, downstream_m, within_m)
    crs = shared_crs(lines, points)
    present, no_point = located(points, "points")
    kind = dimension(present, "points")
    if kind not in (POINT, -1) or (shapely.get_num_geometries(present.geometry) > 1).any():
        raise WrongGeometryType(
            f"a stretch begins at a point; the points are {NAMES.get(kind, 'nothing')}, and each "
            f"has to be one"
        )
    # what a layer says of its chainage has no part in this: rivers are measured as drawn
    bare = lines[[name for name in ("drawn_backwards", lines.geometry.name) if name in lines]]
    rivers, no_line = measured_routes(bare, drawn_backwards=drawn_backwards, parts=parts)
    rows, too_far = [], []
    for point_id, point in zip(present.index.tolist(), present.geometry, strict=True):
        found = _nearest(rivers, point, within_m)
        if not found:
            too_far.append(point_id)
        rows += [
            {"point_id": point_id, **_stretch(river, at, upstream_m, downstream_m)}
            for river, at in found
        ]
    answer = gpd.GeoDataFrame(
        pd.DataFrame(rows, columns=COLUMNS), geometry="geometry", crs=crs
    ).astype({name: float for name in COLUMNS if name.endswith("_m")})
    planes = {plane.name: None for river in rivers for plane in river.edges.planes.values()}
    answer.attrs = {
        "no_geometry": {"lines": no_line, "points": no_point},
        "too_far": too_far,
        "measuring_planes": list(planes),
    }
    return answer


def _refuse_distances(upstream_m: float, downstream_m: float, within_m: float | None) -> None:
    named = {"upstream_m": upstream_m, "downstream_m": downstream_m, "within_m": within_m}
    for name, value in named.items():
        if value is not None and not (np.isfinite(value) and value >= 0):
            raise BadQuery(f"{name} must be a finite number, zero or more; got {value!r}")
    if upstream_m + downstream_m == 0:
        raise BadQuery("upstream_m and downstream_m are both 0: there is no stretch to return")


def _nearest(
    rivers: list[Route], point: Any, within_m: float | None
) -> list[tuple[Route, Station]]:
    """Return the nearest line with all stations of the point on it; nothing if too far."""
    candidates = [(river, station(river, point)) for river in rivers]
    if not candidates:
        return []
    river, stations = min(candidates, key=lambda one: one[1][0].offset_m)
    if within_m is not None and stations[0].offset_m > within_m:
        return []
    return [(river, at) for at in stations]


def _stretch(river: Route, at: Station, upstream_m: float, downstream_m: float) -> dict[str, Any]:
    length = river.raw_length_m
    start, end = max(at.along_m - upstream_m, 0.0), min(at.along_m + downstream_m, length)
    ends = np.array([start, end])
    edge = np.clip(np.searchsorted(river.along_m, ends, side="right") - 1, 0, None)
    t = river.edges.fractions(edge, ends - river.along_m[edge])
    frame = pd.DataFrame(
        {
            "edge_from": edge[:1], "t_from": t[:1], "edge_to": edge[1:], "t_to": t[1:],
            "along_from": ends[:1], "along_to": ends[1:],
        }
    )  # fmt: skip
    return {
        "line_id": river.route_id,
        "offset_m": at.offset_m,
        "side": at.side,
        "upstream_m": at.along_m - start,
        "downstream_m": end - at.along_m,
        "missing_upstream_m": upstream_m - (at.along_m - start),
        "missing_downstream_m": downstream_m - (end - at.along_m),
        "length_m": end - start,
        "geometry": shapes(river.edges, frame)[0],
    }
