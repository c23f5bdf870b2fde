"""W5: what one drawn site touches or comes near, over seven layers; the time of each question."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from benchmarks import layers
from benchmarks.contest import Answer, Contestant, Job, read, write
from benchmarks.peers import duckdb_with

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import shapely

TITLE = "W5 site check, {checks:,} sites x 7 layers, the largest of {parcels:,}"
SIZES = {
    "tiny": {"checks": 5, "parcels": 400},
    "small": {"checks": 100, "parcels": 100_000},
    "full": {"checks": 400, "parcels": 100_000},
}
NAMES = ("parcels", "zones", "routes", "cover_1", "cover_2", "cover_3", "sites")
WITHIN_M, COMPARED_M, SITE_RADIUS_M = 500.0, 499.0, 300.0

Shares = tuple[int, float, float]
"""How many features are near, and the area [m²] and length [m] shared."""


def build(folder: Path, checks: int, parcels: int) -> None:
    from geoplan.store.write import write_geopackage

    half = parcels // 2
    made = {
        "parcels": layers.parcels(parcels, seed=1),
        "zones": layers.zones(parcels // 50, seed=2),
        "routes": layers.lines(parcels // 50, 200, 30.0, seed=4),
        **{f"cover_{n}": layers.stars(half, 100.0, 16, seed=5 + n) for n in (1, 2, 3)},
        "sites": layers.stars(half, 50.0, 16, seed=10),
    }
    write(folder, candidates=layers.stars(checks, SITE_RADIUS_M, 12, seed=11), **made)
    for name, layer in made.items():
        write_geopackage(folder / f"{name}.gpkg", name, layer, id_column=None, identifier=name,
                         description="", last_change=datetime(2025, 1, 1, tzinfo=UTC))  # fmt: skip


def geoplan(folder: Path) -> Job:
    from geoplan import queries

    candidates = read(folder, "candidates")[0]
    plan = {
        name: queries.ready(layer, name)
        for name, layer in zip(NAMES, read(folder, *NAMES), strict=True)
    }

    def job() -> Any:
        latencies, answers = [], []
        for position in range(len(candidates)):
            start = time.perf_counter()
            found = queries.site_check(candidates.iloc[[position]], plan, within_m=WITHIN_M)
            latencies.append((time.perf_counter() - start) * 1e3)
            answers.append(found)
        return lambda: Answer(_drawn(candidates, answers), latencies)

    return job


def _drawn(candidates: Any, answers: list[Any]) -> dict[str, float]:
    """Return what the peers measure, in the plane, of the shapes that were answered."""
    near, area, length = 0, 0.0, 0.0
    for site, found in zip(candidates.geometry, answers, strict=True):
        shared = found[found["relation"] == "overlaps"]
        distance = found.distance(site).where(found["relation"] != "near", found.length)
        near += int(((distance <= COMPARED_M) & (found["relation"] != "nearest")).sum())
        area += float(shared.area.sum())
        length += float(shared[shared["layer"] == "routes"].length.sum())
    return {"near": near, "area_m2": area, "length_m": length}


def geopandas(folder: Path) -> Job:
    import geopandas as gpd

    def check(site: shapely.Polygon) -> Shares:
        near, area, length = 0, 0.0, 0.0
        candidate = gpd.GeoDataFrame(geometry=[site], crs=layers.CRS)
        for name in NAMES:
            found = gpd.read_file(folder / f"{name}.gpkg", bbox=_around(site))
            near += int((found.distance(site) <= COMPARED_M).sum())
            shared = gpd.overlay(found, candidate, how="intersection", keep_geom_type=True)
            area += float(shared.area.sum())
            length += float(shared.length.sum()) if name == "routes" else 0.0
        return near, area, length

    return _each(folder, check)


def duckdb(folder: Path) -> Job:
    connection = duckdb_with(folder, NAMES)
    for name in NAMES:
        connection.execute(f"CREATE INDEX {name}_place ON {name} USING RTREE (geometry)")

    def check(site: shapely.Polygon) -> Shares:
        # the index is used for a constant box only
        box = f"ST_MakeEnvelope{_around(site)}"
        near, area, length = 0, 0.0, 0.0
        for name in NAMES:
            measure = "ST_Length" if name == "routes" else "ST_Area"
            count, shared = connection.execute(
                f"SELECT count(*) FILTER (ST_Distance(geometry, site) <= {COMPARED_M}), "  # noqa: S608
                f"coalesce(sum({measure}(ST_Intersection(geometry, site))), 0) "
                f"FROM (SELECT geometry, ST_GeomFromText('{site.wkt}') AS site FROM {name} "
                f"WHERE ST_Intersects(geometry, {box}))"
            ).fetchone()
            near += count
            area += shared if name != "routes" else 0.0
            length += shared if name == "routes" else 0.0
        return near, area, length

    return _each(folder, check)


def _around(site: shapely.Polygon) -> tuple[float, float, float, float]:
    xmin, ymin, xmax, ymax = site.bounds
    return xmin - WITHIN_M, ymin - WITHIN_M, xmax + WITHIN_M, ymax + WITHIN_M


def _each(folder: Path, check: Callable[[shapely.Polygon], Shares]) -> Job:
    """Return the job that checks one candidate after the other."""
    sites = read(folder, "candidates")[0].geometry.tolist()

    def job() -> Any:
        found, latencies = [], []
        for site in sites:
            start = time.perf_counter()
            found.append(check(site))
            latencies.append((time.perf_counter() - start) * 1e3)
        near, area, length = (sum(parts) for parts in zip(*found, strict=True))
        return lambda: Answer({"near": near, "area_m2": area, "length_m": length}, latencies)

    return job


WHO: dict[str, Contestant] = {
    "geoplan": geoplan,
    "geopandas read(bbox) + overlay": geopandas,
    "DuckDB": duckdb,
}
