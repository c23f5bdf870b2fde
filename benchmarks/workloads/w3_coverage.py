"""W3: how much of each zone the union of three layers covers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.contest import Answer, Contestant, Job, read, write
from benchmarks.peers import by_sql

if TYPE_CHECKING:
    from pathlib import Path

TITLE = "W3 coverage, {zones:,} zones by the union of 3 layers of {covers:,}"
SIZES = {
    "tiny": {"zones": 40, "covers": 500},
    "small": {"zones": 1_250, "covers": 12_500},
    "full": {"zones": 5_000, "covers": 50_000},
}
COVERS = ("cover_1", "cover_2", "cover_3")
RADIUS_M, VERTICES = 100.0, 16
TOLERANCES = {"SedonaDB": 1e-8}
"""Its intersections agree to 1e-15; its union aggregate is off by up to 5e-9 of a zone."""
QUESTION = """
SELECT count(*) AS zones, sum(area) AS area_m2 FROM (
    SELECT ST_Area({union}(ST_Intersection(z.geometry, c.geometry))) AS area
    FROM zones z JOIN (
        SELECT geometry FROM cover_1 UNION ALL SELECT geometry FROM cover_2
        UNION ALL SELECT geometry FROM cover_3
    ) AS c ON ST_Intersects(z.geometry, c.geometry) GROUP BY z.id
) AS covered WHERE area > 0
"""


def build(folder: Path, zones: int, covers: int) -> None:
    radius = RADIUS_M * (SIZES["full"]["covers"] / covers) ** 0.5
    by = {
        name: layers.stars(covers, radius, VERTICES, seed)
        for seed, name in enumerate(COVERS, start=6)
    }
    write(folder, zones=layers.zones(zones, seed=5), **by)


def geoplan(folder: Path) -> Job:
    from geoplan import coverage

    zones, *covers = read(folder, "zones", *COVERS)

    def job() -> Any:
        found = coverage(zones, *covers)
        return lambda: _planar(zones, found)

    return job


def loaded(folder: Path) -> Job:
    """Answer a second time: code is loaded."""
    from geoplan import coverage

    first = geoplan(folder)
    coverage(*read(folder, "zones", *COVERS))
    return first


def measures_loaded(folder: Path) -> Job:
    """Answer a second time, measures only."""
    from geoplan import coverage

    first = measures_only(folder)
    coverage(*read(folder, "zones", *COVERS), gap_geometry=False)
    return first


def measures_only(folder: Path) -> Job:
    from geoplan import coverage

    zones, *covers = read(folder, "zones", *COVERS)

    def job() -> Any:
        area = coverage(zones, *covers, gap_geometry=False)["covered_area_m2"]
        touched = int((area > 0).sum())
        return lambda: Answer({"zones": touched, "ellipsoid_m2": float(area.sum())})

    return job


def _planar(zones: Any, found: Any) -> Answer:
    """Return the covered area in the plane: what of each zone is not in the gap."""
    covered = found["covered_area_m2"]
    plane = zones.area.to_numpy() - found.geometry.area.to_numpy()
    sums = {"area_m2": float(plane.sum()), "ellipsoid_m2": float(covered.sum())}
    return Answer({"zones": int((covered > 0).sum()), **sums})


def overlay_and_dissolve(folder: Path) -> Job:
    import geopandas as gpd
    import pandas as pd

    zones, *covers = read(folder, "zones", *COVERS)

    def job() -> Any:
        together = pd.concat(covers, ignore_index=True)
        numbered = zones.assign(zone=zones.index)
        shared = gpd.overlay(numbered, together, how="intersection", keep_geom_type=True)
        area = shared.dissolve("zone").area
        return lambda: Answer({"zones": len(area), "area_m2": float(area.sum())})

    return job


def union_per_zone(folder: Path) -> Job:
    import numpy as np
    import pandas as pd
    import shapely

    zones, *covers = read(folder, "zones", *COVERS)
    ours = zones.geometry.to_numpy()
    theirs = pd.concat(covers).geometry.to_numpy()

    def job() -> Any:
        zone, cover = shapely.STRtree(theirs).query(ours, predicate="intersects")
        start = np.flatnonzero(np.diff(zone, prepend=-1))
        unions = [shapely.union_all(theirs[heap]) for heap in np.split(cover, start[1:])]
        area = shapely.area(shapely.intersection(ours[zone[start]], np.array(unions)))
        return lambda: Answer({"zones": int((area > 0).sum()), "area_m2": float(area.sum())})

    return job


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geoplan, loaded": loaded,
    "geoplan, measures only": measures_only,
    "geoplan, measures only, loaded": measures_loaded,
    "geopandas.overlay + dissolve": overlay_and_dissolve,
    "shapely union per zone": union_per_zone,
    **by_sql(("zones", *COVERS), QUESTION),
}
