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
from pathlib import Path
from typing import Any

import geopandas as gpd
from geoplan_api import create_app

from benchmarks.service.parcels import CENTRE, make
from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.tiles import MATRIX_SETS

LEVELS = (14, 12, 10)


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
