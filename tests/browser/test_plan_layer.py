"""`PlanLayer` on a plain Folium map: its Leaflet is served by the test, the network is cut."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely
from playwright.sync_api import Browser, Page, Route, expect

from geoplan.webmap import PlanLayer, assets

pytestmark = pytest.mark.browser
LEAFLET = Path(assets.__file__).parent / "web" / "leaflet"
WEST, SOUTH, STEP = 123.0, 41.0, 0.001
HOSTILE = "<img src=x onerror=window.pwned=1>"


def parcels(count: int) -> gpd.GeoDataFrame:
    """A row of squares from the west; each third one is water, the others are farmland."""
    number = np.arange(count)
    west, south = WEST + number % 100 * STEP, SOUTH + number // 100 * STEP
    table = {
        "name": [f"{HOSTILE} {n}" for n in number],
        "use": np.where(number % 3 == 0, "water", "farmland"),
        "status": "built",
        "width_m": number,
    }
    shapes = shapely.box(west, south, west + STEP, south + STEP)
    return gpd.GeoDataFrame(
        table, geometry=shapes, index=[f"p{n}" for n in number], crs="EPSG:4490"
    )


def roads() -> gpd.GeoDataFrame:
    lines = [shapely.LineString([(WEST, SOUTH), (WEST + 0.1, SOUTH + 0.02)])]
    return gpd.GeoDataFrame({"name": ["G1"]}, geometry=lines, index=["r"], crs="EPSG:4490")


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    map_ = folium.Map(tiles=None)
    PlanLayer(parcels(2_500), name=f"地块 {HOSTILE}", colour_by="use").add_to(map_)
    PlanLayer(roads(), name="公路", kind="highway", lang="en").add_to(map_)
    folium.LayerControl(collapsed=False).add_to(map_)
    bounds: Any = map_.get_bounds()
    map_.fit_bounds(bounds)
    file = tmp_path / "folium.html"
    map_.save(str(file))
    context = browser.new_context(viewport={"width": 1000, "height": 700})
    context.set_default_timeout(8_000)

    def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        served = {"leaflet.js": "text/javascript", "leaflet.css": "text/css"}
        if route.request.url == file.as_uri():
            route.continue_()
        elif name in served:
            route.fulfill(path=LEAFLET / name, content_type=served[name])
        else:
            route.fulfill(body="")

    context.route("**/*", answer)
    context.set_offline(True)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(file.as_uri())
    page.wait_for_function(
        "[...document.querySelectorAll('canvas')].some((one) => one.width > 300)"
    )
    yield page
    context.close()
    assert errors == []


def place(page: Page, east: float, north: float) -> tuple[float, float]:
    at = page.evaluate(
        """([lng, lat]) => {
            const map = Object.values(window).find((one) => one instanceof L.Map);
            const at = map.latLngToContainerPoint([lat, lng]);
            return [at.x, at.y];
        }""",
        [WEST + east * STEP, SOUTH + north * STEP],
    )
    return at[0], at[1]


def test_a_layer_stands_on_a_plain_map_of_foliums(page: Page) -> None:
    legend = page.locator(".geoplan-legend")
    assert legend.locator("div").all_inner_texts() == ["farmland", "water"]
    page.mouse.move(*place(page, 20.5, 10.5))
    page.mouse.move(*place(page, 20.6, 10.5))
    expect(page.locator(".leaflet-tooltip")).to_have_text(f"{HOSTILE} 1020")
    page.mouse.click(*place(page, 20.5, 10.5))
    cells = page.locator(".geoplan-facts td")
    expect(cells).to_have_text(["p1020", f"{HOSTILE} 1020", "water", "built", "1020"])
    page.keyboard.press("Escape")
    page.mouse.click(*place(page, 50, 10))
    expect(page.locator(".geoplan-facts").first).to_contain_text("r")
    assert page.evaluate("window.pwned") is None
    names = page.locator(".leaflet-control-layers-overlays label").all_inner_texts()
    assert [name.strip() for name in names] == [f"地块 {HOSTILE}", "公路"]
    page.locator(".leaflet-control-layers-overlays input").first.uncheck()
    expect(legend).to_have_count(0)
    page.locator(".leaflet-control-layers-overlays input").first.check()
    expect(legend).to_have_count(1)


def test_the_scripts_stand_in_a_page_once_and_a_notebook_gets_a_frame() -> None:
    map_ = folium.Map(tiles=None)
    for name in ("a", "b"):
        PlanLayer(parcels(3), name=name).add_to(map_)
    document = map_.get_root().render()
    assert document.count('id="geoplan-engine"') == 1
    assert document.count("new geoplan.PlanLayer(") == 2
    west, south, east, north = WEST, SOUTH, WEST + 3 * STEP, SOUTH + STEP
    bounds: Any = map_.get_bounds()
    assert np.ravel(bounds) == pytest.approx([south, west, north, east])
    assert "geoplan-engine" in map_._repr_html_()
    assert "<iframe" in map_._repr_html_()
