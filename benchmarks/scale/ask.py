"""One question to layers in partitions, in a process of its own; prints one line of JSON."""

from __future__ import annotations

import json
import resource
import sys
import time
from contextlib import nullcontext
from pathlib import Path

from benchmarks.run import cpu_seconds, peak_mb


def main(folder: Path, to: Path, scheduler: str, count: int) -> dict[str, object]:
    from geoplan import partitions
    from geoplan.cluster import connected
    from geoplan.partitions import Partitions

    sides = Partitions.open(folder / "parcels"), Partitions.open(folder / "zones")
    cluster = connected(scheduler, count) if scheduler else nullcontext(map)
    with cluster as ask:
        cpu, wall = cpu_seconds(), time.perf_counter()
        found = partitions.overlap(sides[0], sides[1], to, map=ask)
        wall, cpu = time.perf_counter() - wall, cpu_seconds() - cpu
    return {
        "wall_s": wall,
        "cpu_s": cpu,
        "peak_mb": peak_mb(),
        "rows": found.count,
        "area_m2": found.sums["area_m2"],
        "bytes": sum(path.stat().st_size for path in to.iterdir()),
        "page": resource.getpagesize(),
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))))
