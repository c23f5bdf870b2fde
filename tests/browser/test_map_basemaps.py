"""What lies under the plan: embedded pictures, and tiles of a server that are shifted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, Route, expect

from geoplan.ingest.offsets import without_offset
from geoplan.model import Text
from geoplan.raster.picture import png
from geoplan.webmap import MapContent, Picture, planner_page
from geoplan.webmap.content import Image
from geoplan.webmap.pictures import online_basemap

pytestmark = pytest.mark.browser
PIXEL = png(np.full((2, 2, 4), (40, 160, 90, 255), dtype=np.uint8))
BOUNDS = (122.99, 41.09, 123.02, 41.11)


def test_a_picture_lies_where_it_belongs_and_can_be_made_faint(
    open_page: Callable[..., Page], content: MapContent
) -> None:
    photo = Picture("photo", Text(zh="影像", en="Photo"), (Image(BOUNDS, "image/png", PIXEL),), 0.5)
    page = open_page(planner_page(replace(content, pictures=(photo,), precision_m=10)))
    west, south, east, north = BOUNDS
    shown, expected = page.evaluate(
        """([west, south, east, north]) => {
            const frame = map_planner.getContainer().getBoundingClientRect();
            const box = document.querySelector('img.picture').getBoundingClientRect();
            const nw = map_planner.latLngToContainerPoint([north, west]);
            const se = map_planner.latLngToContainerPoint([south, east]);
            return [[box.left - frame.left, box.top - frame.top, box.width, box.height],
                [nw.x, nw.y, se.x - nw.x, se.y - nw.y]];
        }""",
        [west, south, east, north],
    )
    assert shown == pytest.approx(expected, abs=1.5)
    pane = page.locator(".leaflet-layer-photo-pane")
    assert pane.evaluate("(one) => getComputedStyle(one).opacity") == "0.5"
    page.get_by_label("影像的不透明度").fill("80")
    assert pane.evaluate("(one) => getComputedStyle(one).opacity") == "0.8"
    page.get_by_label("影像", exact=True).uncheck()
    expect(page.locator("img.picture")).to_have_count(0)
    expect(page.locator("#attribution")).to_contain_text("坐标已取整至 10 米")


def test_amap_tiles_stand_on_their_ground(browser: Browser, content: MapContent) -> None:
    """Within a pixel at zoom 16, at all four corners; its server is the only one asked."""
    document = planner_page(replace(content, online=online_basemap("amap", None)))
    page = browser.new_page(viewport={"width": 1366, "height": 768})
    asked = []

    def answer(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(body=PIXEL, content_type="image/png")

    page.route("https://**/*", answer)
    page.route(
        "http://plan.test/", lambda route: route.fulfill(body=document, content_type="text/html")
    )
    page.goto("http://plan.test/#16/41.1/123.0")
    page.locator("img.leaflet-tile-loaded").nth(12).wait_for()
    expect(page.locator("#attribution")).to_contain_text("含在线底图（高德地图）")
    tiles = page.evaluate(
        """() => {
            const frame = map_planner.getContainer().getBoundingClientRect();
            return [...document.querySelectorAll('img.leaflet-tile-loaded')].map((tile) => {
                const box = tile.getBoundingClientRect();
                return [tile.src, box.left - frame.left, box.top - frame.top];
            });
        }"""
    )
    worst = 0.0
    for address, left, top in tiles:
        column, row = (int(address.split(f"&{name}=")[1].split("&")[0]) for name in "xy")
        assert address.endswith("&z=16")
        for right, down in ((0, 0), (1, 0), (0, 1), (1, 1)):
            turned = np.pi * (1 - 2 * (row + down) / 2**16)
            there = np.array(
                [[(column + right) / 2**16 * 360 - 180, np.degrees(np.arctan(np.sinh(turned)))]]
            )
            lon, lat = without_offset(there, "GCJ-02")[0]
            x, y = page.evaluate(
                """([lon, lat]) => {
                    const at = map_planner.project([lat, lon]);
                    const corner = map_planner.getPixelBounds().min;
                    return [at.x - corner.x, at.y - corner.y];
                }""",
                [float(lon), float(lat)],
            )
            worst = max(worst, abs(left + 256 * right - x), abs(top + 256 * down - y))
    assert worst <= 1.0
    covered = page.evaluate(
        """() => [[30, 30], [1, 300], [960, 30], [500, 600]].map(([x, y]) => {
            const frame = map_planner.getContainer().getBoundingClientRect();
            return [...document.querySelectorAll('img.leaflet-tile-loaded')].some((tile) => {
                const box = tile.getBoundingClientRect();
                return box.left <= frame.left + x && box.right >= frame.left + x
                    && box.top <= frame.top + y && box.bottom >= frame.top + y;
            });
        })"""
    )
    assert covered == [True, True, True, True]
    assert {address.split("/")[2][:5] for address in asked} == {"webrd"}
    page.close()
