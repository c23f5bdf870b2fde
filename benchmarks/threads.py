"""``python -m benchmarks.threads``: the kernels on one core and on two, in turn, wall times.

Only the kernels: candidates, flat buffers, clipping, shapes. The machine has to be idle.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path
from typing import Any

from pyproj import CRS

from benchmarks import layers
from geoplan.kernels.overlay import overlay, stretches


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--runs", type=int, default=7)
    asked.add_argument("--parcels", type=int, default=100_000)
    given = asked.parse_args()
    cadastre = layers.parcels(given.parcels, seed=1).geometry.to_numpy()
    zones = layers.zones(given.parcels // 50, seed=2).geometry.to_numpy()
    lines = layers.lines(given.parcels // 50, 200, 30.0, seed=4).geometry.to_numpy()
    for name, ask, left in (("areas", overlay, cadastre), ("lines", stretches, lines)):
        right = zones if name == "areas" else cadastre
        walls = _in_turn(ask, left, right, given.runs)
        ratio = statistics.median(one / two for one, two in zip(*walls, strict=True))
        one, two = (statistics.median(each) for each in walls)
        load = Path("/proc/loadavg").read_text(encoding="ascii").split()[0]
        print(f"{name}: 1 thread {one:.3f} s, 2 threads {two:.3f} s, {ratio:.2f} x, load {load}")


def _in_turn(ask: Any, left: Any, right: Any, runs: int) -> tuple[list[float], list[float]]:
    ellipsoid = CRS(layers.CRS).get_geod()
    walls: tuple[list[float], list[float]] = ([], [])
    for run in range(runs + 1):
        for count in (1, 2):
            begin = time.perf_counter()
            ask(left, right, ellipsoid, shapes=False, threads=count)
            if run:  # the first loads the machine code
                walls[count - 1].append(time.perf_counter() - begin)
    return walls


if __name__ == "__main__":
    main()
