"""The map beside its peers: size, time to data, CPU, panning. Run by ``make bench-map``."""

from __future__ import annotations

import argparse
import datetime
import json
import math
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.map.drive import measure
from benchmarks.map.parcels import parcels, roads

ROOT = Path(__file__).parents[2]
DATA = ROOT / "benchmarks" / "data" / "map"
MAPLIBRE = "maplibre-gl@4.7.1"
SIZES = {1_000: 0, 10_000: 0, 50_000: 0, 200_000: 10_000}
WHO = ("geoplan", "folium", "explore", "maplibre")
LEAFLET_PEERS = ("folium", "explore")
LEAFLET_PEERS_TO = 50_000
SLOW_MS = 8_000
Found = dict[str, dict[str, Any]]
LIMIT_S = 240.0
COLUMNS = {
    "requests": "{:.0f}", "mb": "{:.2f}", "first_ms": "{:,.0f}", "complete_ms": "{:,.0f}",
    "open_cpu_s": "{:.2f}", "export_cpu_s": "{:.2f}", "export_peak_mb": "{:.0f}",
    "pan_p95_ms": "{:.0f}", "pan_worst_ms": "{:.0f}", "search_ms": "{:.0f}", "filter_ms": "{:.0f}",
}  # fmt: skip
HEADS = (
    "features", "page", "requests", "MB", "first data ms", "complete ms", "open CPU s",
    "export CPU s", "peak MB", "pan p95 ms", "worst ms", "search ms", "filter ms",
)  # fmt: skip


def data_for(count: int) -> Path:
    """Return the folder of the layers of one size, written unless it stands already."""
    folder = DATA / str(count)
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        unfinished.mkdir(parents=True, exist_ok=True)
        parcels(count).to_parquet(unfinished / "parcels.parquet")
        if SIZES[count]:
            roads(SIZES[count]).to_parquet(unfinished / "roads.parquet")
        unfinished.rename(folder)
    return folder


def maplibre() -> Path | None:
    """Return the folder of MapLibre's files, fetched by npm once; None where that fails."""
    folder = DATA / "maplibre"
    if not folder.exists() and shutil.which("npm"):
        DATA.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            ["npm", "pack", "--silent", MAPLIBRE], cwd=DATA, check=False, capture_output=True
        )
        if packed.returncode:
            return None
        name = packed.stdout.decode().split()[-1]
        with tarfile.open(DATA / name) as archive:
            archive.extractall(DATA / "package.part", filter="data")
        (DATA / "package.part" / "package" / "dist").rename(folder)
        shutil.rmtree(DATA / "package.part")
    return folder if folder.exists() else None


def run(who: str, count: int, library: Path | None) -> dict[str, Any]:
    """Return the figures of one page, or why there are none."""
    if who == "maplibre" and library is None:
        return {"absent": "npm cannot be reached"}
    folder, page = data_for(count), DATA / f"{who}-{count}.html"
    written = subprocess.run(
        [sys.executable, "-m", "benchmarks.map.pages", who, str(folder), str(page)],
        cwd=ROOT, check=False, capture_output=True, text=True,
    )  # fmt: skip
    if written.returncode:
        return {"absent": written.stderr.strip().splitlines()[-1]}
    exported = json.loads(written.stdout)
    try:
        return {**exported, **measure(who, page, count, LIMIT_S, library)}
    except Exception as error:  # a peer that is too slow or breaks is told of, not waited for
        return {**exported, "mb": page.stat().st_size / 1e6, "absent": str(error).splitlines()[0]}


def rounds(who: Sequence[str], count: int, runs: int, library: Path | None) -> Found:
    """Return the median figures of each page of a size; the pages take turns."""
    taken: dict[str, list[dict[str, Any]]] = {one: [] for one in who}
    for _ in range(runs):
        for one, found in taken.items():
            slow = found and (
                found[0].get("complete_ms", math.inf) > SLOW_MS or "absent" in found[0]
            )
            if slow or (one in LEAFLET_PEERS and count > LEAFLET_PEERS_TO):
                continue
            found.append(run(one, count, library))
            print(row(count, one, found[-1]), file=sys.stderr)
    return {one: middle(found) for one, found in taken.items() if found}


def middle(found: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the median of each figure over the runs that have it."""
    if "absent" in found[0]:
        return found[0]
    return {key: median(one[key] for one in found if key in one) for key in found[0]}


def row(count: int, who: str, found: dict[str, Any]) -> str:
    cells = [form.format(found[key]) if key in found else "–" for key, form in COLUMNS.items()]
    remark = f" ({found['absent']})" if "absent" in found else ""
    size = f"{count:,}" + (f" + {SIZES[count]:,} lines" if SIZES[count] else "")
    return "| " + " | ".join([size, who + remark, *cells]) + " |"


def machine() -> str:
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    named = [line.partition(":")[2].strip() for line in text.splitlines() if "model name" in line]
    day = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    return f"{day}, {os.cpu_count()} cores of {named[0]}, load {os.getloadavg()[0]:.1f}"


def main() -> None:
    options = argparse.ArgumentParser(prog="benchmarks.map", description=__doc__)
    options.add_argument("--sizes", type=int, nargs="*", default=list(SIZES), choices=list(SIZES))
    options.add_argument("--who", nargs="*", default=WHO, choices=WHO)
    options.add_argument("--runs", type=int, default=3, help="rounds; slow pages have one")
    asked = options.parse_args()
    library = maplibre() if "maplibre" in asked.who else None
    begun = machine()
    rows = [f"| {' | '.join(HEADS)} |", "|" + "---|" * len(HEADS)]
    for count in asked.sizes:
        found = rounds(asked.who, count, asked.runs, library)
        rows += [row(count, who, figures) for who, figures in found.items()]
    print(f"{begun} before, {os.getloadavg()[0]:.1f} after; median of {asked.runs}\n")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
