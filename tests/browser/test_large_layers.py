"""Layers of many features: tiles of the engine that are clicked, found, filtered like any other."""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page, expect
from shapely.affinity import translate

from geoplan.webmap import MapContent, MapLayer, planner_page
from tests.browser.conftest import CRS, EAST, NORTH, PARKS, PLAN, SCENIC, _result, town_layers

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SIDE_M, STEP_M, ACROSS = 40.0, 50.0, 50
COUNT = ACROSS * ACROSS
UNLOCATED = 3
FILL = (187, 150, 116)  # industrial_park


def plots() -> gpd.GeoDataFrame:
    """A lattice of 50 by 50 squares from the south-west, and three plots without a position."""
    place = np.arange(COUNT)
    west, south = place % ACROSS * STEP_M, place // ACROSS * STEP_M
    shapes: list[Any] = list(shapely.box(west, south, west + SIDE_M, south + SIDE_M))
    shapes += [None] * UNLOCATED
    number = np.arange(COUNT + UNLOCATED)
    table = {
        "name": [f"地块{n}" for n in number],
        "name_en": [f"Plot {n}" for n in number],
        "status": np.where(number % 2, "planned", "built"),
        "geometry_method": ["schematic" if n == 51 else None for n in number],
        "year": [None if n % 10 == 9 else 2020 + n % 10 for n in number],
    }
    moved = [shape and translate(shape, EAST, NORTH) for shape in shapes]
    return gpd.GeoDataFrame(table, geometry=moved, index=[f"p{n}" for n in number], crs=CRS)


def content() -> MapContent:
    """The town's scenic area lies below the plots; plots 51 and 60 take part in an overlap."""
    features = plots()
    row = {
        "left_layer": PARKS.id, "left_id": "p51", "left_name": "x", "right_layer": PARKS.id,
        "right_id": "p60", "right_name": "y", "area_m2": 100.0, "length_m": None,
        "left_ratio": 0.0625, "right_ratio": 0.0625, "geometry": features.geometry["p51"],
    }  # fmt: skip
    initials = pd.Series([f"dk{n}" for n in range(len(features))])
    large = MapLayer(PARKS, features, searched={"initials": initials})
    scenic = next(entry for entry in town_layers() if entry.layer.id == SCENIC.id)
    return MapContent(PLAN, (scenic, large), _result("overlap", [row]), None)


@pytest.fixture(scope="module")
def document() -> str:
    return planner_page(content())


def drawn(page: Page) -> None:
    """Wait until every tile has its picture."""
    page.wait_for_function(
        """() => {
            const tiles = [...document.querySelectorAll('canvas.geoplan-tile')];
            return tiles.length > 0 && tiles.some((one) => one.width > 300);
        }"""
    )
    page.wait_for_timeout(400)


def show(page: Page, plot: int, zoom: float = 18) -> tuple[float, float]:
    """Put the middle of a plot into the middle of the map; say where that is on the screen."""
    shape = plots().geometry.to_crs(4490).iloc[plot]
    at = page.evaluate(
        """([lng, lat, zoom]) => {
            map_planner.setView([lat, lng], zoom, { animate: false });
            const box = map_planner.getContainer().getBoundingClientRect();
            const size = map_planner.getSize();
            return [box.x + size.x / 2, box.y + size.y / 2];
        }""",
        [shape.centroid.x, shape.centroid.y, zoom],
    )
    drawn(page)
    return at[0], at[1]


def colour(page: Page, x: float, y: float) -> tuple[int, ...]:
    """Read a pixel of the tile that lies at a place of the screen."""
    found = page.evaluate(
        """([x, y]) => {
            const tile = [...document.querySelectorAll('canvas.geoplan-tile')].find((one) => {
                const box = one.getBoundingClientRect();
                const inside = (at, from, to) => at >= from && at < to;
                return one.width > 300 && inside(x, box.left, box.right)
                    && inside(y, box.top, box.bottom);
            });
            if (!tile) return [0, 0, 0, 0];
            const box = tile.getBoundingClientRect();
            const copy = document.createElement('canvas');
            copy.width = copy.height = 1;
            const pen = copy.getContext('2d');
            const scale = tile.width / box.width;
            pen.drawImage(tile, (box.left - x) * scale, (box.top - y) * scale);
            return [...pen.getImageData(0, 0, 1, 1).data];
        }""",
        [x, y],
    )
    return tuple(found)


WITHOUT = {
    "worker": "",
    "no-decompression": "delete window.DecompressionStream",
    "no-offscreen": "delete window.OffscreenCanvas; delete window.Worker",
    "refused-worker": "window.Worker = class { constructor() { throw new Error('no') } }",
}


@pytest.mark.parametrize("missing", list(WITHOUT))
def test_a_large_layer_is_drawn_clicked_searched_and_filtered(
    open_page: OpenPage, document: str, missing: str
) -> None:
    page = open_page(document, before=WITHOUT[missing])
    x, y = show(page, 1275)
    red, green, blue, alpha = colour(page, x + 3, y + 3)
    assert (red, green, blue) == pytest.approx(FILL, abs=3)
    assert alpha == pytest.approx(0.6 * 255, abs=3)
    page.mouse.move(x, y)
    page.mouse.move(x + 2, y + 2)
    expect(page.locator(".hover-name")).to_have_text("地块1275")
    page.mouse.click(x, y)
    expect(page.locator("#details h2")).to_have_text("地块1275")
    expect(page.locator("#details .facts").first).to_contain_text("p1275")
    expect(page.locator(".leaflet-chosen-pane path")).to_have_count(2)
    search_and_filter(page)
    page.keyboard.press("Escape")
    page.wait_for_timeout(300)
    assert colour(page, x + 3, y + 3)[3] == 0
    page.mouse.click(x, y)
    expect(page.locator("#details h2")).to_have_text("千岭风景名胜区")


def search_and_filter(page: Page) -> None:
    found = page.evaluate(
        """async () => {
            const { planMap, index } = geoplan.app;
            const layer = index.layers.get('industrial-parks');
            const { engine } = layer;
            const names = { names: ['name', 'name_en'] };
            const first = async (text) => {
                const { total, found } = await engine.search(text, names);
                return [total, found[0] && found[0].id, found[0] && found[0].column];
            };
            const texts = ['Plot 77', 'p77', 'DK1234', '地块250', 'plot', 'no such', 'planned'];
            const shown = (predicates) => planMap.filter(layer, predicates);
            return {
                searched: await Promise.all(texts.map(first)),
                described: await engine.describe('year'),
                filtered: [
                    await shown([{ column: 'status', in: ['planned'] }]),
                    await shown([{ column: 'year', min: 2021, max: 2023 }]),
                    await shown([{ column: 'year', min: 2021, max: 2023, nulls: true }]),
                    await shown([]),
                    await shown([{ column: 'status', in: ['built'] },
                        { column: 'year', max: 2024 }]),
                ],
            };
        }"""
    )
    # 77 and 770 to 779, equal first; 250 and 2500 to 2502; every name; every odd number
    assert found["searched"][:4] == [
        [11, "p77", "name_en"],
        [11, "p77", "id"],
        [1, "p1234", "initials"],
        [4, "p250", "name"],
    ]
    assert [[total, column] for total, _, column in found["searched"][4:]] == [
        [2503, "name_en"],
        [0, None],
        [1251, "status"],
    ]
    # 2503 plots: numbers 0 to 2502; a year is missing where the last digit is 9
    assert found["described"]["nulls"] == 250
    assert (found["described"]["minimum"], found["described"]["maximum"]) == (2020, 2028)
    # odd numbers; last digits 1 2 3; those and 9; all; last digits 0 2 4
    assert found["filtered"] == [1251, 752, 1002, 2503, 752]


def test_what_answers_say_of_a_large_layer_is_said_of_its_features(
    open_page: OpenPage, document: str
) -> None:
    page = open_page(document)
    rows = page.locator("#sections .layer-row")
    assert rows.locator(".count").all_inner_texts() == ["1", "1", "2500/2503"]
    # a schematic side makes the overlap indicative, and names are those of the features
    finding = page.locator(".finding")
    expect(finding).to_contain_text("地块51")
    expect(page.locator("[data-sign=schematic]")).to_be_visible()
    finding.click()
    expect(page.locator("#details .notice")).to_be_visible()
    page.locator("#details .side .link").nth(1).click()
    expect(page.locator("#details h2")).to_have_text("地块60")
    expect(page.locator("#details .related .number-tag")).to_have_text("C01")
    unlocated = page.locator("section[data-tab=unlocated]")
    expect(unlocated.locator(".count")).to_have_text("3")
    expect(unlocated.get_by_role("button", name="地块2502")).to_be_visible()
    page.get_by_role("button", name="展开要素清单：产业园区").click()
    expect(page.locator(".members .member")).to_have_count(103)
    expect(page.locator(".members .note")).to_contain_text("2,403")
    page.locator("[data-lang=en]").click()
    expect(page.locator(".members .note")).to_contain_text("2,403 more")


def test_a_layer_of_tiles_is_switched_off_and_leaves_clicks_to_what_lies_below(
    open_page: OpenPage, document: str
) -> None:
    page = open_page(document)
    # plot 1012 lies on the hills
    x, y = show(page, 1012)
    page.mouse.click(x, y)
    expect(page.locator("#details h2")).to_have_text("地块1012")
    page.get_by_label("产业园区", exact=True).uncheck()
    expect(page.locator("canvas.geoplan-tile")).to_have_count(0)
    page.mouse.click(x, y)
    expect(page.locator("#details h2")).to_have_text("千岭风景名胜区")


def test_a_small_layer_is_filtered_by_the_same_predicates(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(content))
    paths = page.locator(".leaflet-layer-industrial-parks-pane path")
    expect(paths).to_have_count(2)
    ask = """async (predicates) => geoplan.app.planMap.filter(
        geoplan.app.index.layers.get('industrial-parks'), predicates)"""
    assert page.evaluate(ask, [{"column": "status", "in": ["现状"]}]) == 1
    expect(paths).to_have_count(1)
    expect(page.locator(".name", has_text="南湾产业园")).to_have_count(0)
    assert page.evaluate(ask, []) == 3
    expect(paths).to_have_count(2)


def test_a_worker_draws_in_a_frame_as_well(open_page: OpenPage, document: str) -> None:
    frame = f'<iframe sandbox="allow-scripts" srcdoc="{escape(document)}" width="900" height="600">'
    page = open_page(f'<!DOCTYPE html><div id="sections"><h2></h2></div>{frame}</iframe>')
    inside = page.frames[1]
    inside.wait_for_selector("#sections h2")
    inside.wait_for_function("() => geoplan.app && document.querySelector('canvas.geoplan-tile')")
    answers = inside.evaluate(
        """async () => {
            const layer = geoplan.app.index.layers.get('industrial-parks');
            const link = await geoplan.engine.workerLink();
            const { total } = await layer.engine.search('p77');
            return [link === geoplan.engine.links.page, total];
        }"""
    )
    assert answers == [False, 11]
