"""The check of a large plan: 100,000 parcels and four other layers by the whole national pack.

    .venv/bin/python -m benchmarks.check [--parcels 100000]

Prints CPU seconds and peak memory, and the ratio to one `overlap` and one `clearance` for each
pair of layers that a rule asks of each other, in the same process on the same data.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoplan import Catalogue, queries
from geoplan.errors import GeoplanError
from geoplan.rules import load_pack
from geoplan.rules.check import check
from geoplan.rules.evaluate import reach_m
from geoplan.store.write import write_geopackage

WEST, SOUTH, CELL_M = 491_000.0, 4_550_000.0, 60.0
ROAD_CLASSES = ("expressway", "national", "provincial", "county", "township")
HEAD = """[plan]
id = "large"
title = { zh = "大", en = "Large" }
extent = [122.5, 40.5, 123.8, 41.6]
measuring_plane = "EPSG:4550"
data_date = 2026-01-01
attribution = { zh = "无", en = "none" }
"""


def layers(count: int, seed: int = 7) -> dict[str, gpd.GeoDataFrame]:
    """Return parcels in a grid, and roads, pipes, scenic areas and river zones across it."""
    rng = np.random.default_rng(seed)
    side = int(np.ceil(np.sqrt(count)))
    width = side * CELL_M
    at = np.arange(count)
    x, y = WEST + (at % side) * CELL_M, SOUTH + (at // side) * CELL_M
    far = rng.uniform(25, 45, (2, count))
    share = (np.arange(20) + 0.5) / 20 * width
    places = np.stack([WEST + width * rng.random(30), SOUTH + width * rng.random(30)], axis=1)
    south = SOUTH + np.arange(10) * width / 10
    east, top = np.full(20, WEST + width), np.full(20, SOUTH + width)
    roads = [np.full(20, WEST), SOUTH + share, east, SOUTH + share * 0.98]
    pipes = [WEST + share, np.full(20, SOUTH), WEST + share * 0.97, top]
    return {
        "industrial_park": _layer(
            shapely.box(x, y, x + far[0], y + far[1]),
            1.0,
            status="planned",
            hazard_class="none",
            park_type="logistics",
        ),
        "highway": _layer(
            _lines(roads), 2.0,
            road_class=[ROAD_CLASSES[one % 5] for one in range(20)],
            land_half_width_m=np.arange(20) + 10.0,
            structure="subgrade",
        ),
        "gas_pipeline": _layer(
            _lines(pipes), 2.0,
            pipeline_class=["urban", "long_distance"] * 10,
            pressure_class=["low", "medium_A", "high_A", "high_B"] * 5,
            diameter_mm=500.0,
        ),
        "scenic_area": _layer(shapely.buffer(shapely.points(places), 400), 3.0, zone="core"),
        "river_remediation_zone": _layer(
            shapely.box(WEST, south, WEST + width, south + 80), 3.0, range_type="management"
        ),
    }  # fmt: skip


def _lines(ends: list[Any]) -> Any:
    return shapely.linestrings(np.stack(ends, axis=1).reshape(-1, 2, 2))


def _layer(shapes: Any, off_m: float, **attributes: Any) -> gpd.GeoDataFrame:
    table = {"geometry_accuracy_m": np.full(len(shapes), off_m), **attributes}
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4550").rename(lambda at: at + 1)


def write(folder: Path, frames: dict[str, gpd.GeoDataFrame]) -> Catalogue:
    """Write a plan of these layers."""
    entries = [HEAD]
    for kind, frame in frames.items():
        layer = kind.replace("_", "-")
        write_geopackage(
            folder / f"{layer}.gpkg",
            kind,
            frame,
            id_column=None,
            identifier=layer,
            description="",
            last_change=datetime(2026, 1, 1, tzinfo=UTC),
        )
        line = shapely.get_dimensions(frame.geometry.iloc[0]) == 1
        means = 'line_means = "centreline"' if line else ""
        entries.append(
            f'[[layer]]\nid = "{layer}"\nkind = "{kind}"\ntable = "{kind}"\n{means}\n'
            f'geometry = "{"line" if line else "area"}"\nsource_date = 2026-01-01\n'
            f'title = {{ zh = "{kind}", en = "{kind}" }}\nsource = {{ zh = "无", en = "none" }}\n'
        )
    (folder / "catalogue.toml").write_text("\n".join(entries), encoding="utf-8")
    return Catalogue.open(folder)


def yardstick(frames: dict[str, gpd.GeoDataFrame]) -> tuple[float, int]:
    """Return the CPU seconds of an overlap and a clearance for each pair of layers, and how many.

    Each clearance looks as far as the farthest rule on that pair.
    """
    rules = load_pack().rules
    reach: dict[tuple[str, str], float] = {}
    for rule in rules.values():
        pair = rule.subject, rule.object
        if rule.subject in frames and rule.object in frames and rule.subject != rule.object:
            reach[pair] = max(reach.get(pair, 1.0), reach_m(rule, rules))
    start = time.process_time()
    for (subject, other), far in reach.items():
        try:
            queries.overlap(frames[subject], frames[other])
            queries.clearance(frames[subject], frames[other], within_m=far)
        except GeoplanError as error:
            print(f"{subject} x {other}: {error}")
    return time.process_time() - start, len(reach)


def main() -> None:
    """Measure and print."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=100_000)
    asked = options.parse_args()
    frames = layers(asked.parcels)
    with tempfile.TemporaryDirectory() as folder:
        catalogue = write(Path(folder), frames)
        start = time.process_time()
        found = check(catalogue)
        cpu = time.process_time() - start
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    other, pairs = yardstick(frames)
    counts = found.tally[[name for name in found.tally if name.endswith("_count")]].sum()
    print(f"check: {cpu:.1f} s CPU, {peak:.0f} MB, {len(found.findings):,} findings")
    print(", ".join(f"{name} {int(value):,}" for name, value in counts.items()))
    print(f"overlap + clearance of {pairs} pairs of layers: {other:.1f} s CPU")
    print(f"ratio: {cpu / other:.2f}")


if __name__ == "__main__":
    main()
