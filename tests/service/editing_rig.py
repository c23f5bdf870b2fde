"""A plan to edit, servers to kill, and a look at files that owes nothing to the code under test."""

from __future__ import annotations

import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import apsw
import geopandas as gpd
import shapely

from geoplan.store.admit import inspect
from geoplan.store.write import write_geopackage

PLANE = "<http://www.opengis.net/def/crs/EPSG/0/4550>"
"""North first; the plan is stored in it, so that coordinates are kept to the bit."""
EAST, NORTH = 500_000, 4_550_000
PATCH = "application/merge-patch+json"
_CATALOGUE = """[plan]
id = "plots"
title = { zh = "地块", en = "Plots" }
extent = [122.0, 40.0, 124.0, 42.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "测", en = "test" }

[[layer]]
id = "plots"
kind = "generic"
geometry = "area"
name_column = "name"
title = { zh = "地块", en = "Plots" }
source = { zh = "测", en = "test" }
source_date = 2025-01-01
"""


class Plot(NamedTuple):
    """What a feature is expected to hold: a value, and a box (west, south, east, north) or none."""

    value: int
    box: tuple[float, float, float, float] | None


Plots = dict[str, Plot]


def write_plots(directory: Path, count: int = 6) -> Plots:
    """Write a plan of one layer whose ids are its key, and return its plots by name."""
    directory.mkdir(parents=True, exist_ok=True)
    plots = {f"old-{n}": Plot(n, (EAST + 37 * n, NORTH + 11 * n * n, EAST + 37 * n + 20 + n,
                                  NORTH + 11 * n * n + 9)) for n in range(count)}  # fmt: skip
    frame = gpd.GeoDataFrame(
        {
            "name": list(plots),
            "value": [plot.value for plot in plots.values()],
            "note": [""] * count,
        },
        geometry=[shapely.box(*plot.box) for plot in plots.values() if plot.box],
        index=range(1, count + 1),
        crs=4550,
    )
    day = datetime(2025, 1, 1, tzinfo=UTC)
    write_geopackage(directory / "plots.gpkg", "plots", frame, id_column=None,
                     identifier="plots", description="", last_change=day)  # fmt: skip
    (directory / "catalogue.toml").write_text(_CATALOGUE, encoding="utf-8")
    return plots


def feature(name: str, plot: Plot, note: str = "") -> dict[str, Any]:
    """Return a plot as GeoJSON, north first."""
    properties = {"name": name, "value": plot.value, "note": note}
    return {"type": "Feature", "geometry": geometry(plot.box), "properties": properties}


def geometry(box: tuple[float, float, float, float] | None) -> dict[str, Any] | None:
    if box is None:
        return None
    west, south, east, north = box
    ring = [[south, west], [south, east], [north, east], [north, west], [south, west]]
    return {"type": "Polygon", "coordinates": [ring]}


class Server(NamedTuple):
    """A process that serves."""

    pid: int
    port: int

    def kill(self) -> None:
        """End it as a power cut would, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self._gone()

    def stop(self) -> None:
        os.kill(self.pid, signal.SIGINT)
        self._gone()

    def _gone(self) -> None:
        deadline = time.monotonic() + 15
        with suppress(ProcessLookupError):
            while time.monotonic() < deadline:
                os.kill(self.pid, 0)
                time.sleep(0.002)
            raise AssertionError("the server did not end")

    def client(self, timeout: float = 20) -> Client:
        return Client(http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout))


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Client:
    """Edits the plots over one connection."""

    def __init__(self, connection: http.client.HTTPConnection) -> None:
        self.connection = connection

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        sent = {"Content-Crs": PLANE} if body is not None else {}
        if body is not None:
            sent["Content-Type"] = PATCH if method == "PATCH" else "application/geo+json"
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        content = None if body is None else json.dumps(body).encode()
        self.connection.request(method, f"/collections/plots/items{path}", content, sent)
        answer = self.connection.getresponse()
        text = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, told, json.loads(text) if text else None)

    def create(self, name: str, plot: Plot, note: str = "") -> Answer:
        return self.ask("POST", "", feature(name, plot, note))

    def close(self) -> None:
        self.connection.close()


class Nursery:
    """Makes servers quickly."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("editing_server.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # Ctrl-C is for the tests
        )

    def serve(self, plan: Path) -> Server:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{plan}\n")
        self._process.stdin.flush()
        pid, port = self._process.stdout.readline().split()
        return Server(int(pid), int(port))

    @contextmanager
    def serving(self, plan: Path) -> Iterator[Server]:
        """Serve a plan, and stop the server as Ctrl-C does."""
        server = self.serve(plan)
        try:
            yield server
        finally:
            with suppress(ProcessLookupError):
                server.stop()

    def close(self) -> None:
        self._process.communicate()


def plots_in(path: Path) -> Plots:
    """Read the plots of a file, and assert that all it says of them is right."""
    with closing(apsw.Connection(str(path))) as connection:
        ask = connection.execute
        assert ask("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = ask("SELECT fid, name, value, geom FROM plots").fetchall()
        found: Plots = {}
        boxes: dict[int, tuple[float, float, float, float]] = {}
        for fid, name, value, blob in rows:
            assert isinstance(fid, int)
            assert name not in found, f"{name} stands twice"
            box = None
            if isinstance(blob, bytes):
                box = boxes[fid] = shapely.from_wkb(blob[40:]).bounds  # header, envelope, then WKB
            found[str(name)] = Plot(int(str(value)), box)
        assert ask("SELECT rtreecheck('rtree_plots_geom')").get == "ok"
        entries: Any = ask("SELECT id, minx, miny, maxx, maxy FROM rtree_plots_geom").fetchall()
        assert {entry[0] for entry in entries} == set(boxes)
        for fid, *sides in entries:
            for side, edge, outwards in zip(sides, boxes[fid], (-1, -1, 1, 1), strict=True):
                # 32-bit numbers, rounded outwards: half a metre at this northing
                assert 0 <= outwards * (side - edge) <= 0.51, (fid, sides, boxes[fid])
        counted = ask("SELECT feature_count FROM gpkg_ogr_contents WHERE table_name='plots'").get
        assert counted == len(rows)
        said: Any = ask(
            "SELECT min_x, min_y, max_x, max_y, last_change FROM gpkg_contents "
            "WHERE table_name = 'plots'"
        ).fetchall()[0]
        assert said[:4] == _around(list(boxes.values()))
        _see_audit(connection, said[4])
    assert [one for one in inspect(path).findings if one.level == "error"] == []
    return found


def _around(boxes: list[tuple[float, float, float, float]]) -> tuple[float | None, ...]:
    if not boxes:
        return (None, None, None, None)
    west, south, east, north = zip(*boxes, strict=True)
    return (min(west), min(south), max(east), max(north))


def _see_audit(connection: apsw.Connection, last_change: str) -> None:
    """Assert that the last line of audit is of the moment of the last change."""
    if not connection.execute(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'geoplan_audit'"
    ).get:
        assert last_change == "2025-01-01T00:00:00.000Z"
        return
    last = connection.execute("SELECT time FROM geoplan_audit ORDER BY id DESC LIMIT 1").get
    assert last_change == last


def audit_lines(path: Path) -> list[tuple[Any, ...]]:
    """Return the lines of audit, oldest first."""
    with closing(apsw.Connection(str(path))) as connection:
        return list(connection.execute("SELECT * FROM geoplan_audit ORDER BY id").fetchall())
