"""``python -m benchmarks.threads``: the kernels on one core and on two, in turn, wall times.

Only the kernels: candidates, flat buffers, clipping, shapes; windows of a raster, unpacked. The
machine has to be idle.
"""

from __future__ import annotations

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from pyproj import CRS

from benchmarks import layers, rasters
from geoplan.kernels.areas import shares
from geoplan.kernels.flat import flat_areas
from geoplan.kernels.ground import constants
from geoplan.kernels.overlay import AT_ONCE, candidates, overlay, stretches
from geoplan.kernels.zonal import statistics
from geoplan.queries.placing import place
from geoplan.raster import Raster


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--parcels", type=int, default=100_000)
    asked.add_argument("--cells", type=int, default=4_000)
    given = asked.parse_args()
    cadastre = layers.parcels(given.parcels, seed=1).geometry.to_numpy()
    zones = layers.zones(given.parcels // 50, seed=2).geometry.to_numpy()
    lines = layers.lines(given.parcels // 50, 200, 30.0, seed=4).geometry.to_numpy()
    ellipsoid = CRS(layers.CRS).get_geod()
    for name, ask, left in (("areas", overlay, cadastre), ("lines", stretches, lines)):
        right = zones if name == "areas" else cadastre
        _say(name, partial(ask, left, right, ellipsoid, shapes=False), given.runs)
    _say("areas, loops alone", _loops(cadastre, zones, ellipsoid), given.runs)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "elevation.tif"
        rasters.elevation(path, given.cells, seed=12)
        with Raster(path) as raster:
            on_grid = place(layers.parcels(10_000, seed=1), raster.grid, "zones").geometries
            ask = partial(statistics, raster, on_grid, by_area=False, spread=True)
            _say("zonal", ask, given.runs)


def _loops(left: Any, right: Any, ellipsoid: Any) -> Any:
    """Return the clipping of all candidates alone, laid out before."""
    known = constants(ellipsoid)
    one, other = flat_areas(left, known), flat_areas(right, known)
    ours, theirs = candidates(left, right)

    def task(begin: int) -> None:
        chunk = slice(begin, begin + AT_ONCE)
        shares(ours[chunk], theirs[chunk], one, other, known, False)

    def ask(threads: int) -> None:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(task, range(0, len(ours), AT_ONCE)))

    return ask


def _say(name: str, ask: Any, runs: int) -> None:
    walls: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 1):
        for count in (1, 2):
            begin = time.perf_counter()
            ask(threads=count)
            if run:  # the first loads the machine code
                walls[count - 1].append(time.perf_counter() - begin)
    ratio = median(one / two for one, two in zip(*walls, strict=True))
    one, two = (median(each) for each in walls)
    load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
    print(f"{name}: 1 thread {one:.3f} s, 2 threads {two:.3f} s, {ratio:.2f} x, load {load}")


if __name__ == "__main__":
    main()
