"""The check of a large plan: 100,000 parcels and four other layers by the whole national pack.

    .venv/bin/python -m benchmarks.check [--parcels 100000] [--rounds 3]

Prints CPU seconds and peak memory, and the ratio to one `overlap` and one `clearance` for each
rule and pair of layers that it asks, in the same process on the same data, in turn: medians of the
rounds. The second ratio is to one of each for each pair of layers, however many rules ask it.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import geopandas as gpd
import numpy as np
import shapely

from geoplan import Catalogue, queries
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


def asked_of(frames: dict[str, gpd.GeoDataFrame]) -> dict[tuple[str, str], list[float]]:
    """Return, for each pair of layers, how far each of the rules looks that ask it [m]."""
    rules = load_pack().rules
    reach: dict[tuple[str, str], list[float]] = defaultdict(list)
    for rule in rules.values():
        if rule.subject in frames and rule.object in frames and rule.subject != rule.object:
            # a clearance looks for something at a distance; rules on meeting ask for none
            reach[rule.subject, rule.object].append(max(reach_m(rule, rules), 1.0))
    return dict(reach)


def yardstick(
    frames: dict[str, gpd.GeoDataFrame], reach: dict[tuple[str, str], list[float]]
) -> tuple[float, float]:
    """Return the CPU seconds of an overlap and a clearance a rule, and a pair of layers.

    Rules that look equally far at the same layers would ask the same again: that is measured once
    and counted as often. For a pair of layers the clearance looks as far as its farthest rule.
    """
    of_rules = of_pairs = 0.0
    for (subject, other), far in reach.items():
        ours, theirs = frames[subject], frames[other]
        overlap_s = _cpu_s(queries.overlap, ours, theirs)
        seconds = {
            one: _cpu_s(queries.clearance, ours, theirs, within_m=one) for one in sorted(set(far))
        }
        of_rules += overlap_s * len(far) + sum(seconds[one] for one in far)
        of_pairs += overlap_s + seconds[max(far)]
    return of_rules, of_pairs


def _cpu_s(query: Callable[..., object], *asked: Any, **options: Any) -> float:
    start = time.process_time()
    query(*asked, **options)
    return time.process_time() - start


def main() -> None:
    """Measure in turn, and print medians."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=100_000)
    options.add_argument("--rounds", type=int, default=3)
    asked = options.parse_args()
    frames = layers(asked.parcels)
    reach = asked_of(frames)
    checks, of_rules, of_pairs, peak = [], [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        catalogue = write(Path(folder), frames)
        for number in range(asked.rounds):
            start = time.process_time()
            found = check(catalogue)
            checks.append(time.process_time() - start)
            # before anything else ran
            peak = peak or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            one, other = yardstick(frames, reach)
            of_rules.append(one)
            of_pairs.append(other)
            print(f"round {number + 1}: check {checks[-1]:.1f} s, {one:.1f} s, {other:.1f} s")
    counts = found.tally[[name for name in found.tally if name.endswith("_count")]].sum()
    print(f"check: {median(checks):.1f} s CPU, {peak:.0f} MB, {len(found.findings):,} findings")
    print(", ".join(f"{name} {int(value):,}" for name, value in counts.items()))
    for what, count, taken in (
        ("rules", sum(len(far) for far in reach.values()), of_rules),
        ("pairs of layers", len(reach), of_pairs),
    ):
        ratio = median(mine / yours for mine, yours in zip(checks, taken, strict=True))
        told = f"overlap + clearance of {count} {what}: {median(taken):.1f} s CPU"
        print(f"{told}, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
