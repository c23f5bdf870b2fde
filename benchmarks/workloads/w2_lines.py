"""W2: which length of which long line lies in which parcel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.contest import Answer, Contestant, Job, read, write
from benchmarks.peers import by_sql

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "W2 overlap, {lines:,} long lines x {parcels:,} parcels"
SIZES = {
    "tiny": {"lines": 20, "parcels": 400},
    "small": {"lines": 2_000, "parcels": 100_000},
    "full": {"lines": 2_000, "parcels": 100_000},
}
VERTICES, STEP_M = 200, 30.0
QUESTION = """
SELECT count(*) AS pairs, sum(length) AS length_m FROM (
    SELECT ST_Length(ST_Intersection(r.geometry, p.geometry)) AS length
    FROM routes r JOIN parcels p ON ST_Intersects(r.geometry, p.geometry)
) AS shared WHERE length > 0
"""


def build(folder: Path, lines: int, parcels: int) -> None:
    routes = layers.lines(lines, VERTICES, STEP_M, seed=4)
    write(folder, routes=routes, parcels=layers.parcels(parcels, seed=1))


def geoplan(folder: Path) -> Job:
    from geoplan import overlap

    routes, parcels = read(folder, "routes", "parcels")

    def job() -> Any:
        found = overlap(routes, parcels)

        def finish() -> Answer:
            plane, ellipsoid = float(found.geometry.length.sum()), float(found["length_m"].sum())
            return Answer({"pairs": len(found), "length_m": plane, "ellipsoid_m": ellipsoid})

        return finish

    return job


def loaded(folder: Path) -> Job:
    """Answer a second time: code is loaded, and the layers have been looked at once."""
    from geoplan import overlap

    first = geoplan(folder)
    overlap(*read(folder, "routes", "parcels"))
    return first


def measures_only(folder: Path) -> Job:
    from geoplan import overlap

    routes, parcels = read(folder, "routes", "parcels")

    def job() -> Any:
        length = overlap(routes, parcels, geometry=False)["length_m"]
        return lambda: Answer({"pairs": len(length), "ellipsoid_m": float(length.sum())})

    return job


def geopandas(folder: Path) -> Job:
    import geopandas as gpd

    routes, parcels = read(folder, "routes", "parcels")

    def job() -> Any:
        found = gpd.overlay(routes, parcels, how="intersection", keep_geom_type=True)
        length = found.length
        return lambda: Answer({"pairs": len(found), "length_m": float(length.sum())})

    return job


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geoplan, loaded": loaded,
    "geoplan, measures only": measures_only,
    "geopandas.overlay": geopandas,
    **by_sql(("routes", "parcels"), QUESTION),
}
