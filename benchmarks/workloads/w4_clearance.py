"""W4: how far each line is from each polygon within 500 m."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import clearance
from benchmarks.contest import Answer, Contestant, Job, read, write
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
    # these give as many pairs as engine sizes are quoted for: 143,444 at 2k x 50k
    made = clearance.long_lines(lines, seed=9), clearance.polygons(polygons, seed=10)
    routes, sites = (layer.rename_axis("id") for layer in made)
    write(folder, routes=routes, sites=sites)


def geoplan(folder: Path) -> Job:
    import numpy as np

    from geoplan import queries

    routes, sites = read(folder, "routes", "sites")

    def job() -> Any:
        found = queries.clearance(routes, sites, within_m=WITHIN_M)
        # the connecting line, where there is one, is in the plane of the layers
        apart = found["distance_m"].to_numpy() > 0
        return lambda: _near(np.where(apart, found.geometry.length.to_numpy(), 0.0))

    return job


def geoplan_distances(folder: Path) -> Job:
    """Ask for what the peers give: pairs and distances, no lines, nothing of what they share."""
    from geoplan import queries

    routes, sites = read(folder, "routes", "sites")

    def job() -> Any:
        found = queries.clearance(routes, sites, within_m=WITHIN_M, geometry=False, overlaps=False)
        ends = found[["left_x", "left_y", "right_x", "right_y"]].to_numpy()
        return lambda: _near(_lengths(ends))

    return job


def _lengths(ends: NDArray[Any]) -> NDArray[Any]:
    """Return the lengths in the plane of lines between nearest points, shape (n, 4)."""
    import numpy as np

    return np.hypot(ends[:, 2] - ends[:, 0], ends[:, 3] - ends[:, 1])


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
    "geoplan, distances only": geoplan_distances,
    "geopandas dwithin + distance": geopandas,
    **by_sql(("routes", "sites"), QUESTION),
}
