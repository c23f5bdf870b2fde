"""Import of 100,000 parcels beside ogr2ogr doing the same conversion: CPU time, alternating.

Both read one shapefile in EPSG:4549 and write a GeoPackage in EPSG:4490 with an R-tree. The
quality checks of geoplan are left out: ogr2ogr has none.
Run: .venv/bin/python benchmarks/import_parcels.py
"""

from __future__ import annotations

import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import shapely

ROOT = Path(__file__).parents[1]
COUNT, ROUNDS = 100_000, 3
CATALOGUE = """[plan]
id = "bench"
title = { zh = "测", en = "Bench" }
extent = [118.0, 39.0, 124.0, 43.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "无", en = "none" }

[[layer]]
id = "absent"
kind = "generic"
title = { zh = "缺", en = "Absent" }
geometry = "area"
role = "context"
source = { zh = "无", en = "none" }
source_date = 2025-01-01
"""
PROGRAM = """
import sys
from geoplan.ingest import layering
from geoplan.ingest.importing import Wishes, import_files
from geoplan.workers import stop
if sys.argv[3] == "no":
    class Nothing:
        attrs = {"counts": {}}
    layering.inspect = lambda *_, **__: Nothing
import_files(sys.argv[1], [sys.argv[2]], Wishes("generic", layer="parcels"))
stop()
"""


def parcels(folder: Path) -> Path:
    from geoplan import workers

    draw = random.Random(4)
    x, y = np.meshgrid(np.arange(400) * 60.0, np.arange(COUNT // 400) * 80.0)
    centre = np.column_stack([x.ravel() + 500_000, y.ravel() + 4_550_000])
    turn = np.linspace(0, 2 * np.pi, 13)
    ring = np.column_stack([np.cos(turn) * 28, np.sin(turn) * 38])
    ring[-1] = ring[0]
    shapes = shapely.polygons(centre[:, None, :] + ring[None, :, :])
    columns = {
        "BSM": ("TEXT", [f"P{number:06d}" for number in range(COUNT)]),
        "DLMC": ("TEXT", [draw.choice(["水田", "旱地", "村庄", "工业用地"]) for _ in range(COUNT)]),
        "DLBM": ("TEXT", [draw.choice(["0101", "0103", "0702", "0601"]) for _ in range(COUNT)]),
        "AREA": ("REAL", [round(draw.random() * 3000, 2) for _ in range(COUNT)]),
        "FLOORS": ("INTEGER", [draw.choice([None, 1, 2, 6]) for _ in range(COUNT)]),
        "DAY": ("DATE", [draw.choice([None, "2024-05-06"]) for _ in range(COUNT)]),
    }
    table = {
        "name": "parcels",
        "crs": "EPSG:4550",
        "columns": columns,
        "geometry": shapely.to_wkb(shapes).tolist(),
    }
    path = folder / "parcels.zip"
    workers.run("geoplan.ingest.worker:write", str(path), "shapefile", table, [])
    workers.stop()
    shutil.unpack_archive(path, folder)
    return folder / "parcels.shp"


def cpu(command: list[str]) -> float:
    """Return the CPU time of a command and its children [s]."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=ROOT)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = parcels(folder)
        times: dict[str, list[float]] = {"ogr2ogr": [], "geoplan": [], "geoplan + quality": []}
        for number in range(ROUNDS):
            times["ogr2ogr"].append(
                cpu(
                    [
                        "ogr2ogr",
                        "-f",
                        "GPKG",
                        "-t_srs",
                        "EPSG:4490",
                        str(folder / f"{number}.gpkg"),
                        str(source),
                    ]
                )
            )
            for label, quality in (("geoplan", "no"), ("geoplan + quality", "yes")):
                plan = folder / f"{label}{number}"
                plan.mkdir()
                (plan / "catalogue.toml").write_text(CATALOGUE, encoding="utf-8")
                command = [sys.executable, "-c", PROGRAM, str(plan), str(source), quality]
                times[label].append(cpu(command))
        for label, found in times.items():
            spread = ", ".join(f"{one:.2f}" for one in found)
            ratio = statistics.median(found) / statistics.median(times["ogr2ogr"])
            print(
                f"{label:18} median {statistics.median(found):6.2f} s CPU  ×{ratio:.2f}  ({spread})"
            )


if __name__ == "__main__":
    main()
