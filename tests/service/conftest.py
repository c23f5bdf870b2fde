"""A real server in a thread, and a plan of everything odd beside the lopsided town."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
import uvicorn
from fastapi import FastAPI
from geoplan_api import create_app
from geoplan_api.server import listen, server_config

from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage

ROOT = Path(__file__).parents[2]
Serve = Callable[[FastAPI], str]
DAY = datetime(2025, 1, 1, tzinfo=UTC)
ODD_IDS = [
    "a/b",
    "a b",
    "a%2Fb",
    "ä?#&=+",
    "西/山",
    ".",
    "../x",
    "<b>",
    "a/",
    "'\";--",
    "1e0",
    "01",
]


@contextmanager
def running(app: FastAPI) -> Iterator[str]:
    with listen("127.0.0.1", 0) as listener:
        server = uvicorn.Server(server_config(app, "warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        for _ in range(1000):
            if server.started:
                break
            time.sleep(0.01)
        assert server.started, "the server did not start within 10 s"
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=15)
        assert not thread.is_alive(), "the server did not stop within 15 s"


@pytest.fixture(scope="session")
def serve() -> Iterator[Serve]:
    """Start an application and return its address."""
    with ExitStack() as stack:
        yield lambda app: stack.enter_context(running(app))


@pytest.fixture(scope="session")
def base(serve: Serve, town: Catalogue) -> str:
    return serve(create_app(town, Settings()))


@pytest.fixture(scope="session", params=["town", "anshan"])
def served(request: pytest.FixtureRequest, serve: Serve, town: Catalogue) -> tuple[Catalogue, str]:
    """Return each of our own plans with the address it is served at."""
    plan = town if request.param == "town" else Catalogue.open(ROOT / "layers")
    return plan, serve(create_app(plan, Settings()))


@pytest.fixture(scope="session")
def client(base: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=base, timeout=30) as found:
        yield found


@pytest.fixture(scope="session")
def checked(client: httpx.Client) -> dict[str, Any]:
    """Return the answer of one check of the town, which takes seconds."""
    inputs = {"inputs": {"on": "2026-11-22", "tables": ["F"]}}
    answer = client.post("/processes/check/execution", json=inputs)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.fixture(scope="session")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """Return a plan of odd layers: many, nowhere, empty, tall, long, with hostile names."""
    directory = tmp_path_factory.mktemp("odd")
    entries = []
    for layer_id, geometry, id_column, features in _odd_layers():
        write_geopackage(
            directory / f"{layer_id}.gpkg",
            layer_id.replace("-", "_"),
            features,
            id_column=id_column,
            identifier=layer_id,
            description="",
            last_change=DAY,
        )
        named = f'id_column = "{id_column}"\n' if id_column else ""
        line = 'line_means = "edge"\n' if geometry == "line" else ""
        entries.append(
            f'[[layer]]\nid = "{layer_id}"\nkind = "generic"\ngeometry = "{geometry}"\n'
            f'{named}{line}title = {{ zh = "<script>alert(1)</script>", en = "Odd & <b>" }}\n'
            f'source = {{ zh = "测", en = "test" }}\nsource_date = 2025-01-01\n'
        )
    (directory / "catalogue.toml").write_text(_PLAN + "\n".join(entries), encoding="utf-8")
    return Catalogue.open(directory)


_PLAN = """[plan]
id = "odd"
title = { zh = "怪</title><script>alert(1)</script>", en = "Odd" }
extent = [120.0, 40.0, 126.0, 43.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "测", en = "test" }

"""


def _odd_layers() -> Iterator[tuple[str, str, str | None, gpd.GeoDataFrame]]:
    rng = np.random.default_rng(7)
    where = np.column_stack([rng.uniform(122.5, 123.5, 1234), rng.uniform(40.8, 41.3, 1234)])
    places = np.array(shapely.points(where), dtype=object)
    places[::50] = None
    values = {"lane": np.arange(1234) % 7, "name": [f"点{n}" for n in range(1234)]}
    yield "many", "point", None, _frame(values, places, range(1, 1235), 4490)
    yield "odd-ids", "area", "code", _frame(_odd_values(), _squares(), ODD_IDS, 32651)
    nothing = np.full(5, None, dtype=object)
    yield "nowhere", "area", None, _frame({"name": list("甲乙丙丁戊")}, nothing, range(1, 6), 4550)
    yield "nobody", "point", None, _frame({"name": []}, np.empty(0, object), [], 4550)
    tall = shapely.points([500_000, 500_100], [4_550_000, 4_550_200], [12.5, 30.0])
    yield "tall", "point", None, _frame({"name": ["a", "b"]}, tall, [1, 2], 4550)
    yield "long", "line", None, _frame({"name": list("abc")}, _long_lines(), [1, 2, 3], 4550)


def _frame(values: dict[str, Any], geometries: Any, ids: Any, crs: int) -> gpd.GeoDataFrame:
    frame = gpd.GeoDataFrame(values, geometry=list(geometries), crs=crs)
    frame.index = np.array(list(ids), dtype=None if len(ids) else np.int64)
    return frame


def _odd_values() -> dict[str, Any]:
    count = len(ODD_IDS)
    return {
        "limit": ["taken"] * count,
        "flag": np.arange(count) % 2 == 0,
        "size": [float("inf"), -0.0, 1e300, *np.linspace(0.1, 0.9, count - 3)],
        "whole": [2**53 + 1, *range(count - 1)],
        "day": [date(2024, 2, 29), None] * (count // 2),
        "moment": gpd.pd.to_datetime(["2025-01-01T00:00:00Z"] * count),
        "raw": [b"\x00\xff", *[b""] * (count - 1)],
        "name": [
            "<img src=x onerror=alert(1)>",
            "a'; DROP TABLE odd_ids;--",
            *["龘𠮷"] * (count - 2),
        ],
    }


def _squares() -> Any:
    """Return squares that run clockwise, as GeoPackage allows and GeoJSON does not."""
    wests = [500_000.0 + 1000.0 * number for number in range(len(ODD_IDS))]
    squares = [shapely.box(x, 4_550_000, x + 500, 4_550_500, ccw=False) for x in wests]
    squares[-1] = shapely.Polygon()
    return squares


def _long_lines() -> Any:
    """Return lines with edges so long that plane and degrees disagree by hundreds of metres."""
    west, east = 380_000.0, 620_000.0
    return [
        shapely.LineString([(west, north), (east, north)])
        for north in (4_500_000.0, 4_550_000.0, 4_600_000.0)
    ]
