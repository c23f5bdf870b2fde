"""Workload W6: 10,000 irregular zones over a DEM and a land cover of 10,000 x 10,000 cells.

    .venv/bin/python benchmarks/zonal.py [--size 10000] [--zones 10000] [--runs 3]

The rasters are written to a temporary folder. Each job runs in a process of its own, alternating
with its peer; CPU seconds and peak memory are those of that process.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import rasterio
import shapely
from rasterio.windows import Window

ORIGIN = np.array([440_000.0, 4_600_000.0])
"""Upper left corner in EPSG:4550 [m]."""
CELL_M = 10.0
BLOCK = 512
CLASSES = (10, 20, 30, 40, 50)


def write_rasters(folder: Path, size: int, seed: int = 6) -> tuple[Path, Path]:
    """Write a DEM (float32, with NoData lakes) and a land cover (uint8), tiled and deflated."""
    dem, cover = folder / f"dem-{size}.tif", folder / f"cover-{size}.tif"
    rng = np.random.default_rng(seed)
    phase = rng.uniform(0, 2 * np.pi, 4)
    shared = {
        "driver": "GTiff",
        "width": size,
        "height": size,
        "count": 1,
        "crs": "EPSG:4550",
        "transform": rasterio.transform.from_origin(*ORIGIN, CELL_M, CELL_M),
        "tiled": True,
        "blockxsize": BLOCK,
        "blockysize": BLOCK,
        "compress": "deflate",
    }
    with (
        rasterio.open(dem, "w", dtype="float32", nodata=-9999, predictor=3, **shared) as heights,
        rasterio.open(cover, "w", dtype="uint8", nodata=0, **shared) as classes,
    ):
        for _, window in heights.block_windows(1):
            z = _heights(window, phase, rng)
            heights.write(z, 1, window=window)
            steps = np.clip((z + 40 * np.sin(z)) / 100, 0, len(CLASSES) - 1).astype(int)
            kinds = np.array(CLASSES, dtype="uint8")[steps]
            kinds[z == -9999] = 0
            classes.write(kinds, 1, window=window)
    return dem, cover


def _heights(window: Window, phase: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    row = np.arange(window.row_off, window.row_off + window.height)[:, None]
    col = np.arange(window.col_off, window.col_off + window.width)[None, :]
    z = 250 + 120 * np.sin(row / 700 + phase[0]) + 90 * np.cos(col / 500 + phase[1])
    z = z + 25 * np.sin((row + col) / 60 + phase[2]) + rng.normal(0, 0.5, z.shape)
    z[(np.sin(row / 211 + phase[3]) + np.sin(col / 173)) > 1.9] = -9999
    return np.round(z, 2).astype("float32")


def zones(count: int, size: int, seed: int = 7) -> gpd.GeoDataFrame:
    """Return irregular zones of 60 vertices, spread over the raster, some over its edge."""
    rng = np.random.default_rng(seed)
    side_m = size * CELL_M
    centres = ORIGIN + rng.uniform(0, side_m, (count, 2)) * [1, -1]
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    reach = side_m / np.sqrt(count) * 0.6 * rng.uniform(0.6, 1.0, (count, 60))
    ring = np.stack([reach * np.cos(angle), reach * np.sin(angle)], axis=-1)
    rings = shapely.linearrings(centres[:, None, :] + ring)
    return gpd.GeoDataFrame(geometry=shapely.polygons(rings), crs=4550)


def ours(dem: Path, cover: Path, many: gpd.GeoDataFrame) -> float:
    """Answer with geoplan; return a checksum."""
    from geoplan.queries import zonal_classes, zonal_statistics
    from geoplan.raster import Raster

    with Raster(dem) as raster:
        means = zonal_statistics(many, raster, stats=["mean", "min", "max", "stdev"])["mean"]
    with Raster(cover) as raster:
        shares = zonal_classes(many, raster)
    return float(means.sum() + shares.loc[shares["class_value"] == CLASSES[1], "ratio"].sum())


def peer(dem: Path, cover: Path, many: gpd.GeoDataFrame, strategy: str) -> float:
    """Answer with exactextract as it comes; return a checksum."""
    from exactextract import exact_extract

    means = exact_extract(
        str(dem),
        many,
        ["mean", "min", "max", "stdev", "count"],
        strategy=strategy,
        output="pandas",
    )
    found = exact_extract(
        str(cover), many, ["unique", "frac", "count"], strategy=strategy, output="pandas"
    )
    whole = many.area.to_numpy() / CELL_M**2
    share = [
        float(fractions[classes == CLASSES[1]].sum()) * count / cells
        for classes, fractions, count, cells in zip(
            found["unique"], found["frac"], found["count"], whole, strict=True
        )
    ]
    return float(means["mean"].sum() + sum(share))


def run_one(job: str, folder: Path, size: int, count: int) -> None:
    """Run one job in this process and print its figures as JSON."""
    dem, cover = folder / f"dem-{size}.tif", folder / f"cover-{size}.tif"
    many = zones(count, size)
    start = time.process_time()
    checksum = ours(dem, cover, many) if job == "ours" else peer(dem, cover, many, job)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {"cpu_s": time.process_time() - start, "peak_mb": peak_mb, "checksum": checksum}
    print(json.dumps(figures))


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=10_000)
    options.add_argument("--zones", type=int, default=10_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--folder", type=Path, help="keep the rasters there, and use those there")
    options.add_argument("--job", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.job:
        run_one(chosen.job, chosen.folder, chosen.size, chosen.zones)
        return
    with tempfile.TemporaryDirectory(prefix="geoplan-bench-") as temporary:
        folder = chosen.folder or Path(temporary)
        if not (folder / f"cover-{chosen.size}.tif").exists():
            write_rasters(folder, chosen.size)
        compare(folder, chosen.size, chosen.zones, chosen.runs)


def compare(folder: Path, size: int, count: int, runs: int) -> None:
    """Run the jobs in turn and print medians and ratios."""
    jobs = ("ours", "raster-sequential", "feature-sequential")
    found: dict[str, list[dict[str, float]]] = {job: [] for job in jobs}
    common = ["--folder", str(folder), "--size", str(size), "--zones", str(count)]
    for _ in range(runs):  # alternating, so that a noisy minute hurts all
        for job in jobs:
            command = [sys.executable, __file__, "--job", job, *common]
            run = subprocess.run(command, capture_output=True, text=True, check=True)
            found[job].append(json.loads(run.stdout))
            print(f"  {job}: {found[job][-1]}", flush=True)
    for job in jobs[1:]:
        pairs = zip(found[job], found["ours"], strict=True)
        ratio = statistics.median(theirs["cpu_s"] / mine["cpu_s"] for theirs, mine in pairs)
        print(f"exactextract {job} / geoplan: {ratio:.2f} by CPU")
    for job in jobs:
        cpu = statistics.median(run["cpu_s"] for run in found[job])
        peak = max(run["peak_mb"] for run in found[job])
        print(f"{job}: {cpu:.2f} s CPU, peak {peak:.0f} MB, sum {found[job][0]['checksum']:.9f}")


if __name__ == "__main__":
    main()
