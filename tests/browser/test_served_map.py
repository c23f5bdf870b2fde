"""The map of the service: a layer too large for a file is read tile by tile as it is looked at."""

from __future__ import annotations

import gzip
import json
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import pytest
import shapely
from geoplan_api import create_app
from playwright.sync_api import Browser, Page, expect

from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage
from tests.service.conftest import running

pytestmark = pytest.mark.browser
SIDE = 50
EAST, NORTH = 500_000, 4_552_000
ENTRY = """
[[layer]]
id = "{id}"
kind = "generic"
geometry = "area"
id_column = "code"
name_column = "name"
title = {{ zh = "{id}", en = "{id}" }}
source = {{ zh = "测", en = "test" }}
source_date = 2025-01-01
"""
HEAD = """[plan]
id = "large"
title = { zh = "大", en = "Large" }
extent = [122.9, 41.0, 123.1, 41.2]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "测", en = "test" }
"""
GRID = "/collections/parcels/tiles/WebMercatorQuad"


def write(
    folder: Path, name: str, shapes: list[Any], names: list[str], statuses: list[str]
) -> None:
    frame = gpd.GeoDataFrame({"name": names, "status": statuses}, geometry=shapes, crs=4550)
    frame.index = [f"{name}-{at}" for at in range(len(frame))]
    write_geopackage(
        folder / f"{name}.gpkg", name, frame, id_column="code", identifier=name, description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve 2,500 parcels of 30 m, 40 m apart, and two zones; 1,000 are too many for a file."""
    folder = tmp_path_factory.mktemp("large")
    cells = [(at % SIDE, at // SIDE) for at in range(SIDE * SIDE)]
    parcels = [
        shapely.box(EAST + 40 * x, NORTH + 40 * y, EAST + 40 * x + 30, NORTH + 40 * y + 30)
        for x, y in cells
    ]
    statuses = ["built" if x < 10 else "planned" for x, _ in cells]
    write(folder, "parcels", parcels, [f"地块 {at}" for at in range(len(cells))], statuses)
    zones = [shapely.box(EAST, NORTH, EAST + 500, NORTH + 400)] * 2
    write(folder, "zones", zones, ["甲区", "乙区"], ["built", "planned"])
    text = HEAD + "".join(ENTRY.format(id=name) for name in ("zones", "parcels"))
    (folder / "catalogue.toml").write_text(text, encoding="utf-8")
    settings = Settings(map_features=1000)
    with running(create_app(Catalogue.open(folder), settings)) as address:
        yield address


@pytest.fixture
def page(browser: Browser, base: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    opened = context.new_page()
    told: list[str] = []
    opened.on("console", lambda message: told.append(message.text))
    opened.on("pageerror", lambda error: told.append(str(error)))
    opened.on("request", lambda one: told.append(one.url) if base not in one.url else None)
    opened.goto(f"{base}/map?f=html")
    opened.locator("#panel h2").first.wait_for()
    yield opened
    elsewhere = [one for one in told if not one.startswith(("blob:", "data:")) and "404" not in one]
    assert elsewhere == []
    context.close()


def head_of(body: bytes) -> dict[str, Any]:
    written = gzip.decompress(body)
    assert written[:4] == b"GPM\x01"
    (length,) = struct.unpack_from("<I", written, 4)
    return dict(json.loads(written[8 : 8 + length]))


def test_tiles_hold_each_feature_that_meets_them(base: str) -> None:
    # the parcels are about 2 km wide: one tile of level 10, some of level 14
    with httpx.Client(base_url=base, timeout=60) as client:
        description = client.get(f"{GRID}?f=json").json()
        limits = {int(one["tileMatrix"]): one for one in description["tileMatrixSetLimits"]}
        counts = {}
        for level in (10, 14):
            box = limits[level]
            counts[level] = 0
            for row in range(box["minTileRow"], box["maxTileRow"] + 1):
                for col in range(box["minTileCol"], box["maxTileCol"] + 1):
                    answer = client.get(f"{GRID}/{level}/{row}/{col}?f=compact")
                    assert answer.status_code == 200, answer.text
                    head = head_of(answer.content)
                    names = [column["name"] for column in head["columns"]]
                    assert names == ["id", "name", "status"]
                    counts[level] += head["count"]
        address = f"{GRID}/10/{limits[10]['minTileRow']}/{limits[10]['minTileCol']}?f=compact"
        first = client.get(address)
        assert first.headers["content-type"] == "application/vnd.geoplan.layer"
        tag = {"If-None-Match": first.headers["etag"]}
        assert client.get(address, headers=tag).status_code == 304
        assert client.get(address.replace("/10/", "/77/")).status_code == 404
    # at level 10 a parcel is smaller than a pixel of 76 m, so that some give way
    assert 0 < counts[10] < SIDE * SIDE
    # at level 14 all are there, those on an edge more than once
    assert SIDE * SIDE <= counts[14] < 1.5 * SIDE * SIDE


def test_the_page_draws_what_it_reads_and_says_so(page: Page, base: str) -> None:
    note = page.locator("[data-tab=layers] .note").first
    expect(note).to_contain_text("Read from the service while you look")
    row = page.locator(".layer-row", has_text="parcels")
    expect(row.locator(".count")).to_have_text("2500")
    drawn = page.locator(".leaflet-layer-parcels-pane canvas")
    drawn.first.wait_for()
    wait = """() => [...document.querySelectorAll(".leaflet-layer-parcels-pane canvas")]
        .some((one) => one.width > 300)"""
    wait_for(page, wait)
    assert len(page.content()) < 2_000_000
    policy = page.locator("meta[http-equiv]").get_attribute("content")
    assert policy is not None
    assert "connect-src 'self'" in policy


def test_a_click_opens_and_search_and_filter_ask_the_service(page: Page) -> None:
    page.evaluate("map_planner.setView([41.112, 123.0143], 17, { animate: false })")
    place = page.evaluate(
        """async () => {
            const { engine } = geoplan.app.index.layers.get("parcels");
            for (let at = 0; at < 100; at += 1) {
                const size = map_planner.getSize();
                for (let x = 300; x < size.x - 100; x += 20) {
                    const y = size.y / 2 + (at % 3) * 10;  // a row may be a gap
                    const latlng = map_planner.containerPointToLatLng([x, y]);
                    const found = await engine.hit(latlng, map_planner.getZoom());
                    if (found) return [x, y, found.values[0]];
                }
                await new Promise((done) => setTimeout(done, 50));
            }
            return null;
        }"""
    )
    assert place is not None
    x, y, name = place
    box = page.locator(".leaflet-container").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)
    expect(page.locator("#details h2")).to_have_text(name, timeout=30_000)
    page.locator("#search-text").fill("地块 2499")
    option = page.locator("#search-list [role=option]").first
    expect(option).to_contain_text("地块 2499", timeout=30_000)
    option.click()
    expect(page.locator("#details h2")).to_have_text("地块 2499")
    shown = page.evaluate(
        """async () => (await geoplan.app.index.layers.get("parcels").engine.filter(
            [{ column: "status", in: ["built"], nulls: true }])).shown"""
    )
    assert shown == 10 * SIDE
    none = page.evaluate(
        """async () => (await geoplan.app.index.layers.get("parcels").engine.filter(
            [{ column: "status", in: ["it's"], nulls: false }])).shown"""
    )
    assert none == 0


def wait_for(page: Page, condition: str) -> None:
    """Wait in the page: its policy allows Playwright no strings that are run."""
    for _ in range(200):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(condition)
