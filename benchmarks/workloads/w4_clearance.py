"""W4: how far each line is from each polygon within 500 m."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.contest import Absent, Answer, Contestant, Job, read, write
from benchmarks.peers import by_sql

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

TITLE = "W4 clearance <= 500 m, {lines:,} lines x {polygons:,} polygons"
SIZES = {
    "tiny": {"lines": 60, "polygons": 1_500},
    "small": {"lines": 2_000, "polygons": 50_000},
    "full": {"lines": 2_000, "polygons": 50_000},
}
VERTICES, STEP_M, RADIUS_M = 50, 30.0, 50.0
WITHIN_M = 500.0
COMPARED_M = 499.0
"""geoplan's 500 m are on the ellipsoid, the peers' in the plane, 6 cm apart at most: distances are
compared in the plane, among pairs that are in both answers."""
QUESTION = f"""
SELECT count(*) AS pairs, sum(distance) AS distance_m FROM (
    SELECT ST_Distance(r.geometry, s.geometry) AS distance
    FROM routes r JOIN sites s ON ST_DWithin(r.geometry, s.geometry, {WITHIN_M})
) AS near WHERE distance <= {COMPARED_M}
"""  # noqa: S608 - numbers of this file


def build(folder: Path, lines: int, polygons: int) -> None:
    routes = layers.lines(lines, VERTICES, STEP_M, seed=9)
    write(folder, routes=routes, sites=layers.stars(polygons, RADIUS_M, 16, seed=10))


def geoplan(folder: Path) -> Job:
    import numpy as np

    from geoplan import queries

    if not hasattr(queries, "clearance"):
        raise Absent("geoplan has no clearance yet")
    routes, sites = read(folder, "routes", "sites")

    def job() -> Any:
        found = queries.clearance(routes, sites, within_m=WITHIN_M)
        # the connecting line, where there is one, is in the plane of the layers
        apart = found["distance_m"].to_numpy() > 0
        return lambda: _near(np.where(apart, found.geometry.length.to_numpy(), 0.0))

    return job


def geopandas(folder: Path) -> Job:
    import shapely

    routes, sites = read(folder, "routes", "sites")

    def job() -> Any:
        pairs = routes.sjoin(sites, predicate="dwithin", distance=WITHIN_M)
        theirs = sites.geometry.loc[pairs["id_right"]].to_numpy()
        distance = shapely.distance(pairs.geometry.to_numpy(), theirs)
        return lambda: _near(distance)

    return job


def _near(distance: NDArray[Any]) -> Answer:
    near = distance[distance <= COMPARED_M]
    return Answer({"pairs": len(near), "distance_m": float(near.sum())})


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geopandas dwithin + distance": geopandas,
    **by_sql(("routes", "sites"), QUESTION),
}
