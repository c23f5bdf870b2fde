"""Sheets of Anshan, the town and 100,000 parcels, beside matplotlib; ``make bench-figure``."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeVar

from benchmarks.figure import peer

if TYPE_CHECKING:
    from geoplan.webmap import MapContent

Made = TypeVar("Made")
ROOT = Path(__file__).parents[2]
SIZE_MM = (297.0, 222.75)  # 4:3, as 1600×1200
CONTENTS = ("anshan", "town", "parcels")


def content_of(name: str) -> MapContent:
    """Return what is drawn: a checked plan, or seeded parcels."""
    if name == "parcels":
        return _parcels(100_000)

    from geoplan.catalogue import Catalogue
    from geoplan.processes import PROCESSES
    from geoplan.processes.sheet_content import content_of as content
    from geoplan.rules.pack import load_pack

    catalogue = Catalogue.open(ROOT / ("layers" if name == "anshan" else "examples/town"))
    check = PROCESSES["check"]
    result = check.run(catalogue, check.inputs())
    return content(catalogue, result, load_pack().rules)


def _parcels(count: int) -> MapContent:
    import datetime

    from benchmarks.map.parcels import parcels
    from geoplan.crs import lonlat_bounds
    from geoplan.model import Layer, Plan, Text
    from geoplan.symbols import symbols
    from geoplan.webmap import MapContent, MapLayer

    frame = parcels(count)
    named = Text(zh="地块", en="Parcels")
    layer = Layer(
        id="parcels", kind="land_use", geometry="area", table="parcels", title=named, source=named,
        source_date=datetime.date(2025, 1, 1), name_column="name",
    )  # fmt: skip
    plan = Plan(
        id="parcels", title=named, extent=lonlat_bounds(frame.total_bounds, frame.crs),
        measuring_plane="EPSG:4550", data_date=datetime.date(2025, 1, 1), attribution=named,
    )  # fmt: skip
    return MapContent(plan, (MapLayer(layer, frame, symbol=symbols()["land_use"]),))


def one(name: str, who: str) -> None:
    """Draw one content once, after its fonts and libraries are loaded, and print what it took."""
    with TemporaryDirectory() as folder:
        path = Path(folder, "sheet.png")
        content = content_of(name)
        print(
            json.dumps(_geoplan(content, path) if who == "geoplan" else _matplotlib(content, path))
        )


def _geoplan(content: MapContent, path: Path) -> dict[str, float]:
    from geoplan.figure import SheetSpec, prepare, sheet, to_png

    wanted = SheetSpec(size_mm=SIZE_MM)
    sheet(content_of("town"), wanted)  # loads fonts and modules, as matplotlib's first figure does
    svg_s, made = _timed(lambda: sheet(prepare(content), wanted))
    png_s, picture = _timed(lambda: to_png(made, width_px=peer.WIDTH))
    path.write_bytes(picture)
    return {"svg_s": svg_s, "png_s": svg_s + png_s, "svg_kb": len(made.svg.encode()) / 1000}


def _matplotlib(content: MapContent, path: Path) -> dict[str, float]:
    peer.draw(content_of("town"), path)
    svg_s, _ = _timed(lambda: peer.draw(content, path.with_suffix(".svg")))
    png_s, _ = _timed(lambda: peer.draw(content, path))
    size = path.with_suffix(".svg").stat().st_size
    return {"svg_s": svg_s, "png_s": png_s, "svg_kb": size / 1000}


def _timed(work: Callable[[], Made]) -> tuple[float, Made]:
    began = time.process_time()
    made = work()
    return time.process_time() - began, made


def main() -> None:
    """Run all contents by both, alternating, and print medians as a table."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--rounds", type=int, default=5)
    asked.add_argument("--one", nargs=2, metavar=("CONTENT", "WHO"))
    given = asked.parse_args()
    if given.one:
        one(*given.one)
        return
    print("| content | who | SVG CPU s | SVG KB | PNG 1600×1200 CPU s |\n|---|---|---|---|---|")
    for name in CONTENTS:
        runs: dict[str, list[dict[str, float]]] = {"geoplan": [], "matplotlib": []}
        for _ in range(given.rounds):
            for who, taken in runs.items():
                taken.append(_run(name, who))
        for who, taken in runs.items():
            svg, size, png = (
                median(run[key] for run in taken) for key in ("svg_s", "svg_kb", "png_s")
            )
            print(f"| {name} | {who} | {svg:.2f} | {size:,.0f} | {png:.2f} |")


def _run(name: str, who: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.figure", "--one", name, who]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    main()
