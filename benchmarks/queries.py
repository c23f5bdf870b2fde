"""Overlap and coverage beside geopandas.overlay: alternating runs, CPU seconds, ratios.

Seeded parcels and irregular zones in the Anshan extent (EPSG:4550). Run by ``make bench``.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

import geopandas as gpd
import numpy as np
import shapely

from geoplan import coverage, overlap

SIDE_M = 40_000.0
ORIGIN = (480_000.0, 4_530_000.0)


def parcels(count: int, seed: int) -> gpd.GeoDataFrame:
    """Return a jittered grid of parcels of 17 vertices that do not overlap."""
    rng = np.random.default_rng(seed)
    across = int(np.ceil(np.sqrt(count)))
    step = SIDE_M / across
    column, row = np.meshgrid(np.arange(across), np.arange(across))
    centres = np.column_stack([column.ravel(), row.ravel()])[:count] * step + step / 2
    return _stars(centres + ORIGIN, step * 0.45, 17, rng)


def zones(count: int, seed: int) -> gpd.GeoDataFrame:
    """Return irregular zones of 60 vertices that overlap each other here and there."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, SIDE_M, (count, 2)) + ORIGIN
    return _stars(centres, SIDE_M / np.sqrt(count) * 0.6, 60, rng)


def _stars(
    centres: np.ndarray, radius: float, vertices: int, rng: np.random.Generator
) -> gpd.GeoDataFrame:
    angle = np.linspace(0, 2 * np.pi, vertices, endpoint=False)
    reach = radius * rng.uniform(0.6, 1.0, (len(centres), vertices))
    ring = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    rings = shapely.linearrings(centres[:, None, :] + ring)
    return gpd.GeoDataFrame(geometry=shapely.polygons(rings), crs=4550)


def peer_overlap(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> float:
    shared = gpd.overlay(left, right, how="intersection", keep_geom_type=True)
    return float(shared.area.sum())


def peer_coverage(zone: gpd.GeoDataFrame, cover: gpd.GeoDataFrame) -> float:
    numbered = zone.assign(zone=zone.index)
    shared = gpd.overlay(numbered, cover, how="intersection", keep_geom_type=True)
    return float(shared.dissolve("zone").area.sum())


def cpu_seconds(job: Callable[[], float]) -> tuple[float, float]:
    start = time.process_time()
    answer = job()
    return time.process_time() - start, answer


def compare(name: str, ours: Callable[[], float], peer: Callable[[], float], runs: int) -> None:
    taken: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(runs):  # alternating, so that a noisy minute hurts both
        for who, job in (("ours", ours), ("peer", peer)):
            seconds, answer = cpu_seconds(job)
            taken[who].append(seconds)
            print(f"  {name} {who}: {seconds:.2f} s CPU, sum {answer:.3f} m²")
    ratio = statistics.median(p / o for o, p in zip(taken["ours"], taken["peer"], strict=True))
    mine, theirs = statistics.median(taken["ours"]), statistics.median(taken["peer"])
    print(f"{name}: geoplan {mine:.2f} s, geopandas {theirs:.2f} s, ratio {ratio:.2f}\n")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=20_000)
    options.add_argument("--zones", type=int, default=400)
    options.add_argument("--runs", type=int, default=3)
    chosen = options.parse_args()
    many, few = parcels(chosen.parcels, seed=1), zones(chosen.zones, seed=2)
    print(f"{chosen.parcels} parcels x {chosen.zones} zones; geopandas measures in the plane\n")
    compare(
        "overlap",
        lambda: float(overlap(many, few)["area_m2"].sum()),
        lambda: peer_overlap(many, few),
        chosen.runs,
    )
    compare(
        "coverage",
        lambda: float(coverage(few, many)["covered_area_m2"].sum()),
        lambda: peer_coverage(few, many),
        chosen.runs,
    )


if __name__ == "__main__":
    main()
