"""The map in Firefox, where it is installed: it opens from a file, asks nobody, and is used."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from shapely import box
from websockets.sync.client import ClientConnection, connect

from geoplan.webmap import MapContent, MapLayer, planner_page
from tests.browser.conftest import CRS, EAST, NORTH, PARKS

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = pytest.mark.skipif(FIREFOX is None, reason="Firefox is not installed")
_LISTENS = re.compile(r"WebDriver BiDi listening on (ws://\S+)")


# a proxy that is not there: whatever is asked for finds nobody
SETTINGS = """user_pref("network.proxy.type", 1);
user_pref("network.proxy.http", "127.0.0.1");
user_pref("network.proxy.http_port", 9);
user_pref("app.update.enabled", false);
"""


class Firefox:
    """Speaks WebDriver BiDi, which Firefox knows by itself; Playwright drives only its own one."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._last = socket, 0
        self.told: list[str] = []
        self.ask("session.new", capabilities={})
        events = ["log.entryAdded", "network.beforeRequestSent"]
        self.ask("session.subscribe", events=events)
        tree = self.ask("browsingContext.getTree")
        self.page = tree["contexts"][0]["context"]

    def ask(self, method: str, **params: Any) -> Any:
        self._last += 1
        self._socket.send(json.dumps({"id": self._last, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=60))
            if answer.get("id") == self._last:
                assert answer["type"] == "success", answer
                return answer["result"]
            self._hear(answer)

    def _hear(self, event: dict[str, Any]) -> None:
        about = event.get("params", {})
        if event.get("method") == "log.entryAdded":
            self.told.append(f"console: {about['text']}")
        elif event.get("method") == "network.beforeRequestSent":
            url = about["request"]["url"]
            if not url.startswith(("file:", "blob:", "data:", "about:")):
                self.told.append(f"request: {url}")

    def run(self, expression: str) -> Any:
        """Return what an expression, or its promise, comes to, by way of JSON."""
        script = f"Promise.resolve({expression}).then((value) => JSON.stringify(value))"
        found = self.ask("script.evaluate", expression=script, target={"context": self.page},
                         awaitPromise=True)  # fmt: skip
        assert found["type"] == "success", found
        return json.loads(found["result"]["value"])


@contextmanager
def running(folder: Path) -> Iterator[Firefox]:
    assert FIREFOX is not None
    command = [FIREFOX, "--headless", "--no-remote", "--profile", str(folder)]
    (folder / "user.js").write_text(SETTINGS, encoding="utf-8")
    process = subprocess.Popen(
        [*command, "--remote-debugging-port", "0"], stderr=subprocess.PIPE, text=True,
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS_WIDTH": "1366"},
    )  # fmt: skip
    try:
        assert process.stderr is not None
        address = next(found[1] for line in process.stderr if (found := _LISTENS.search(line)))
        with connect(f"{address}/session", max_size=None) as socket:
            yield Firefox(socket)
    finally:
        process.kill()
        process.communicate()


def many(count: int) -> MapLayer:
    """Return a layer so large that a worker draws it."""
    layer = PARKS.model_copy(update={"id": "many"})
    shapes = [box(EAST + at * 9, NORTH, EAST + at * 9 + 6, NORTH + 900) for at in range(count)]
    names = [f"地块{at}" for at in range(count)]
    frame = gpd.GeoDataFrame({"name": names}, geometry=shapes, crs=CRS)
    return MapLayer(layer, frame)


def test_the_map_opens_and_is_used_in_firefox(tmp_path: Path, content: MapContent) -> None:
    file = tmp_path / "map.html"
    large = replace(content, layers=(*content.layers, many(2500)))
    file.write_text(planner_page(large, lang="en"), encoding="utf-8")
    (tmp_path / "profile").mkdir()
    with running(tmp_path / "profile") as firefox:
        firefox.ask(
            "browsingContext.navigate", context=firefox.page, url=file.as_uri(), wait="complete"
        )
        ready = """new Promise((done) => { const look = () => (document.querySelector("#panel h2")
            ? done(true) : setTimeout(look, 50)); look(); })"""
        assert firefox.run(ready) is True
        assert firefox.run("document.title") == "North Town spatial plan (sample)"
        assert firefox.run("document.querySelectorAll('.leaflet-pane path').length") > 10
        drawn = """new Promise((done) => { const look = () => {
            const found = [...document.querySelectorAll(".leaflet-layer-many-pane canvas")];
            if (found.some((one) => one.width > 300)) done(found.length); else setTimeout(look, 50);
        }; look(); })"""
        assert firefox.run(drawn) > 0
        search = """(async () => { const box = document.getElementById("search-text");
            box.value = "地块2499"; await geoplan.app.search.look();
            document.querySelector("#search-list [role=option]").click();
            return document.querySelector("#details h2").textContent; })()"""
        assert firefox.run(search) == "地块2499"
        assert firefox.told == []
