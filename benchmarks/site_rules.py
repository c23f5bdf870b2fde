"""A site check over a plan of the repository by rules, many times over, warm.

    .venv/bin/python -m benchmarks.site_rules [--plan layers] [--sites 40]

Parks of about a square kilometre, drawn by seed over the plan's extent, are asked of every layer
and raster, first without and then with the national pack. Prints wall and CPU milliseconds a
site; layers, rasters and pack were asked once before.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np

from geoplan import Catalogue, processes
from geoplan.processes import SiteInputs


def sites(extent: tuple[float, float, float, float], count: int, seed: int = 5) -> list[Any]:
    """Return rectangles as GeoJSON, longitude and latitude."""
    rng = np.random.default_rng(seed)
    west, south, east, north = extent
    made = []
    for x, y in rng.uniform((west, south), (east, north), (count, 2)):
        ring = [(x, y), (x + 0.012, y), (x + 0.012, y + 0.009), (x, y + 0.009), (x, y)]
        made.append({"type": "Polygon", "coordinates": [ring]})
    return made


def timed(catalogue: Catalogue, asked: list[SiteInputs]) -> tuple[list[float], list[float]]:
    """Return wall and CPU milliseconds of each site."""
    wall, cpu = [], []
    for inputs in asked:
        start, used = time.perf_counter(), time.process_time()
        processes.site_check(catalogue, inputs)
        wall.append((time.perf_counter() - start) * 1e3)
        cpu.append((time.process_time() - used) * 1e3)
    return wall, cpu


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--plan", type=Path, default=Path("layers"))
    options.add_argument("--sites", type=int, default=40)
    given = options.parse_args()
    catalogue = Catalogue.open(given.plan)
    shapes = sites(catalogue.plan.extent, given.sites)
    for name, packs in (("without rules", ()), ("with cn-national", ("cn-national",))):
        asked = [
            SiteInputs.model_validate(
                {"geometry": shape, "packs": packs, "kind": "industrial_park"}
            )
            for shape in shapes
        ]
        timed(catalogue, asked[:2])  # warm
        wall, cpu = timed(catalogue, asked)
        figures = " ".join(
            f"{what} p50 {np.percentile(of, 50):.1f} p99 {np.percentile(of, 99):.1f} ms"
            for what, of in (("wall", wall), ("CPU", cpu))
        )
        print(f"{name}: {figures} ({len(asked)} sites)")


if __name__ == "__main__":
    main()
