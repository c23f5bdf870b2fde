"""CPU time of vector tiles: cold and cached, at levels 14, 12 and 10, of 200,000 polygons.

    python -m benchmarks.service.tiles

The polygons have 6 to 14 vertices and six attributes, stored in EPSG:4550, drawn by a generator
with a fixed seed. Requests go through the whole application, without a socket; each round has an
application of its own, warmed by a tile elsewhere. The median of the rounds is printed.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage
from geoplan.tiles import MATRIX_SETS

LEVELS = (14, 12, 10)
SPACING_M = 41.0
CENTRE = (123.0, 41.085)
_CATALOGUE = """[plan]
id = "bench"
title = { zh = "测", en = "Benchmark" }
extent = [122.8, 40.9, 123.2, 41.2]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "虚构", en = "Synthetic" }

[[layer]]
id = "parcels"
kind = "generic"
geometry = "area"
title = { zh = "地块", en = "Parcels" }
source = { zh = "虚构", en = "Synthetic" }
source_date = 2025-01-01
"""


def make(directory: Path, count: int) -> None:
    """Write a plan of one layer of polygons around the centre."""
    rng = np.random.default_rng(20260101)
    side = int(np.ceil(np.sqrt(count)))
    cells = np.column_stack(np.divmod(np.arange(count), side))[:, ::-1].astype(float)
    centre = gpd.GeoSeries.from_xy([CENTRE[0]], [CENTRE[1]], crs=4490).to_crs(4550).iloc[0]
    middle = (cells - side / 2 + 0.5) * SPACING_M + [centre.x, centre.y]
    vertices = rng.integers(6, 15, count)
    of = np.repeat(np.arange(count), vertices)
    turn = (np.arange(len(of)) - np.repeat(np.cumsum(vertices) - vertices, vertices)) / vertices[of]
    radius = rng.uniform(0.25, 0.48, len(of)) * SPACING_M
    angle = 2 * np.pi * turn
    xy = middle[of] + np.column_stack([np.cos(angle), np.sin(angle)]) * radius[:, None]
    rings = shapely.linearrings(xy, indices=of)
    values = {
        "code": rng.choice(["0701", "1001", "0602", "0302", "1301"], count),
        "name": [f"地块 {number}" for number in range(count)],
        "area_m2": np.round(rng.uniform(300, 1500, count), 1),
        "floors": rng.integers(1, 34, count),
        "status": rng.choice(["planned", "approved", "built"], count),
        "owner": rng.choice(["国有", "集体"], count),
    }
    frame = gpd.GeoDataFrame(values, geometry=shapely.polygons(rings), crs=4550)
    frame.index = np.arange(1, count + 1)
    write_geopackage(
        directory / "parcels.gpkg",
        "parcels",
        frame,
        id_column=None,
        identifier="parcels",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    (directory / "catalogue.toml").write_text(_CATALOGUE, encoding="utf-8")


async def ask(app: Any, path: str) -> tuple[float, int, dict[str, str], bytes]:
    """Return CPU milliseconds, status, headers and body of a request."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET",
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
        "root_path": "", "headers": [(b"host", b"127.0.0.1")], "server": ("127.0.0.1", 80),
        "client": ("127.0.0.1", 1),
    }  # fmt: skip
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    start = time.process_time()
    await app(scope, receive, send)
    spent = (time.process_time() - start) * 1000
    headers = {name.decode().lower(): value.decode() for name, value in sent[0]["headers"]}
    return spent, sent[0]["status"], headers, b"".join(one.get("body", b"") for one in sent[1:])


def path_of(level: int, lon: float, lat: float) -> str:
    matrix = MATRIX_SETS["WebMercatorQuad"].matrix(level)
    assert matrix is not None
    point = gpd.GeoSeries.from_xy([lon], [lat], crs=4490).to_crs(3857).iloc[0]
    row = int((matrix.top - point.y) // matrix.side)
    col = int((point.x - matrix.left) // matrix.side)
    return f"/collections/parcels/tiles/{'WebMercatorQuad'}/{level}/{row}/{col}"


async def one_round(catalogue: Catalogue, found: dict[tuple[int, str], list[float]]) -> list[str]:
    app = create_app(catalogue, Settings())
    await ask(app, path_of(16, CENTRE[0] + 0.05, CENTRE[1] + 0.04))
    said = []
    for level in LEVELS:
        path = path_of(level, *CENTRE)
        cold, status, headers, body = await ask(app, path)
        assert status == 200, (status, body)
        found.setdefault((level, "cold"), []).append(cold)
        many = 20
        cached = [(await ask(app, path))[0] for _ in range(many)]
        found.setdefault((level, "cached"), []).append(sum(cached) / many)
        left_out = headers["geoplan-features-left-out"]
        said.append(f"z{level}: {len(body):,} bytes, {left_out} features left out")
    return said


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--features", type=int, default=200_000)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        make(Path(name), chosen.features)
        catalogue = Catalogue.open(name)
        found: dict[tuple[int, str], list[float]] = {}
        for _ in range(chosen.rounds):
            said = asyncio.run(one_round(catalogue, found))
        for (level, what), times in found.items():
            print(f"z{level} {what:>6}: {statistics.median(times):9.2f} ms CPU")
        print("\n".join(said))


if __name__ == "__main__":
    main()
