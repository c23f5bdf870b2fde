"""W1: which parcels share which area with which irregular zone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.contest import Answer, Contestant, Job, read, write
from benchmarks.peers import by_sql

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "W1 overlap, {parcels:,} parcels x {zones:,} irregular zones"
SIZES = {
    "tiny": {"parcels": 400, "zones": 15},
    "small": {"parcels": 100_000, "zones": 2_000},
    "full": {"parcels": 100_000, "zones": 2_000},
}
QUESTION = """
SELECT count(*) AS pairs, sum(area) AS area_m2 FROM (
    SELECT ST_Area(ST_Intersection(p.geometry, z.geometry)) AS area
    FROM parcels p JOIN zones z ON ST_Intersects(p.geometry, z.geometry)
) AS shared WHERE area > 0
"""


def build(folder: Path, parcels: int, zones: int) -> None:
    write(folder, parcels=layers.parcels(parcels, seed=1), zones=layers.zones(zones, seed=2))


def geoplan(folder: Path) -> Job:
    from geoplan import overlap

    parcels, zones = read(folder, "parcels", "zones")

    def job() -> Any:
        found = overlap(parcels, zones)

        def finish() -> Answer:
            plane, ellipsoid = float(found.geometry.area.sum()), float(found["area_m2"].sum())
            return Answer({"pairs": len(found), "area_m2": plane, "ellipsoid_m2": ellipsoid})

        return finish

    return job


def loaded(folder: Path) -> Job:
    """Answer a second time: code is loaded, and the layers have been looked at once."""
    from geoplan import overlap

    first = geoplan(folder)
    overlap(*read(folder, "parcels", "zones"))
    return first


def measures_only(folder: Path) -> Job:
    from geoplan import overlap

    parcels, zones = read(folder, "parcels", "zones")

    def job() -> Any:
        area = overlap(parcels, zones, geometry=False)["area_m2"]
        return lambda: Answer({"pairs": len(area), "ellipsoid_m2": float(area.sum())})

    return job


def geopandas(folder: Path) -> Job:
    import geopandas as gpd

    parcels, zones = read(folder, "parcels", "zones")

    def job() -> Any:
        found = gpd.overlay(parcels, zones, how="intersection", keep_geom_type=True)
        area = found.area
        return lambda: Answer({"pairs": len(found), "area_m2": float(area.sum())})

    return job


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geoplan, loaded": loaded,
    "geoplan, measures only": measures_only,
    "geopandas.overlay": geopandas,
    **by_sql(("parcels", "zones"), QUESTION),
}
