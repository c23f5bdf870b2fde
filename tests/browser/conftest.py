"""A real Chromium with its network cut, and a small lopsided plan to draw."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Route, sync_playwright
from shapely import LineString, Point, Polygon
from shapely.affinity import translate

from geoplan.model import Layer, LeftOut, Plan, Result, RunRecord, Text
from geoplan.webmap import MapContent, MapLayer

OpenPage = Callable[..., Page]
EAST, NORTH = 500_000, 4_552_000
CRS = "EPSG:4550"
PLAN = Plan(
    id="test-town",
    title=Text(zh="北镇国土空间规划（示例）", en="North Town spatial plan (sample)"),
    extent=(122.98, 41.07, 123.03, 41.12),
    measuring_plane=CRS,
    data_date=date(2025, 3, 31),
    attribution=Text(zh="示例数据：geoplan 测试", en="Sample data: geoplan tests"),
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Start a browser for one file of tests.

    While Playwright runs, this thread has a running event loop: `asyncio.run` would refuse.
    So it ends with the file and disturbs no test of another one.
    """
    # the shell draws the same pages for a third of the CPU: it has no windows of its own
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    found = next((path for name in names if (path := shutil.which(name))), None)
    if found is None:
        reason = f"no browser on PATH (looked for {', '.join(names)})"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    args = ["--disable-dev-shm-usage"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=found, args=args)
        yield running
        running.close()


@pytest.fixture
def trouble() -> list[str]:
    """Every request, error and warning of the pages opened; empty at the end of a test."""
    return []


@pytest.fixture
def open_page(browser: Browser, tmp_path: Path, trouble: list[str]) -> Iterator[OpenPage]:
    """Open documents from files; any trouble in one of them fails the test."""
    contexts: list[BrowserContext] = []

    def open_(
        document: str, width: int = 1366, height: int = 768, before: str = "", **options: Any
    ) -> Page:
        file = tmp_path / f"map-{len(contexts)}.html"
        file.write_text(document, encoding="utf-8")
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)

        def only_the_document(route: Route) -> None:
            if route.request.url == file.as_uri():
                route.continue_()
            else:
                trouble.append(f"request: {route.request.url}")
                route.abort()

        context.route("**/*", only_the_document)
        context.set_offline(True)
        context.set_default_timeout(8_000)
        context.add_init_script(before)
        page = context.new_page()
        page.on("request", lambda sent: _note_request(trouble, sent.url, file.as_uri()))
        page.on("console", lambda said: _note_console(trouble, said.type, said.text))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.goto(file.as_uri())
        page.wait_for_selector("#sections h2", state="attached")
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


def _note_request(trouble: list[str], url: str, allowed: str) -> None:
    if url != allowed and not url.startswith("data:"):
        trouble.append(f"request: {url}")


def _note_console(trouble: list[str], kind: str, text: str) -> None:
    if kind in {"error", "warning"}:
        trouble.append(f"console {kind}: {text}")


def _layer(layer_id: str, kind: str, zh: str, en: str, geometry: str) -> Layer:
    return Layer.model_validate(
        {
            "id": layer_id,
            "kind": kind,
            "title": {"zh": zh, "en": en},
            "geometry": geometry,
            "line_means": "centreline" if geometry == "line" else None,
            "name_column": "name",
            "name_en_column": "name_en",
            "source": {"zh": "测试自绘", "en": "Drawn for a test"},
            "source_date": date(2025, 1, 15),
        }
    )


PARKS = _layer("industrial-parks", "industrial_park", "产业园区", "Industrial parks", "area")
SCENIC = _layer("scenic-areas", "scenic_area", "风景名胜区", "Scenic areas", "area")
RIVERS = _layer("river-zones", "river_remediation_zone", "河道治理区", "River zones", "area")
ROADS = _layer("highways", "highway", "公路", "Highways", "line")
GAS = _layer("gas-pipelines", "gas_pipeline", "燃气管道", "Gas pipelines", "line")

PARK_EAST = Polygon([(-900, -300), (600, -300), (600, 700), (-100, 900), (-900, 500)])
PARK_SOUTH = Polygon([(1300, -900), (2100, -900), (2100, -300), (1700, -150), (1300, -400)])
HILLS = Polygon([(200, 300), (1500, 100), (1900, 900), (1200, 1500), (1000, 1000), (300, 1100)])
SOUTH_BANK = [(-1300, -1000), (200, -500), (1200, -650), (2400, -150)]
NORTH_BANK = [(2400, 80), (1200, -400), (150, -240), (-1300, -760)]
RIVER = Polygon([*SOUTH_BANK, *NORTH_BANK])
ROAD = LineString([(-1400, 100), (-300, 200), (400, 500), (1300, 600), (2300, 1200)])
PIPE = LineString([(-1000, 1000), (-400, 300), (500, -600), (1500, -600), (2300, -1000)])


def _features(rows: dict[Any, dict[str, Any]]) -> gpd.GeoDataFrame:
    placed = [
        {**row, "geometry": row["geometry"] and translate(row["geometry"], EAST, NORTH)}
        for row in rows.values()
    ]
    return gpd.GeoDataFrame(placed, index=list(rows), geometry="geometry", crs=CRS)


def _row(name: str, name_en: str, geometry: Any, **more: Any) -> dict[str, Any]:
    return {"name": name, "name_en": name_en, **more, "geometry": geometry}


def town_layers() -> tuple[MapLayer, ...]:
    return (
        MapLayer(
            PARKS,
            _features(
                {
                    "park-1": _row("城东产业园", "East Park", PARK_EAST, status="现状", staff=1250),
                    "park-2": _row(
                        "南湾产业园", "South Park", PARK_SOUTH, status="规划", staff=None
                    ),
                    "park-3": _row("山后产业园", "Back Park", None, status="规划", staff=40),
                }
            ),
        ),
        MapLayer(SCENIC, _features({"hills": _row("千岭风景名胜区", "Thousand Hills", HILLS)})),
        MapLayer(RIVERS, _features({"sha": _row("沙河治理区", "Sha River zone", RIVER)})),
        MapLayer(ROADS, _features({"g202": _row("国道202", "National road 202", ROAD)})),
        MapLayer(GAS, _features({7: _row("东线高压管", "East line", PIPE, pressure_mpa=4.0)})),
    )


def _result(process: str, rows: list[dict[str, Any]], *left_out: LeftOut) -> Result:
    return Result(
        process=process,
        features=gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS),
        inputs={},
        sources=(),
        run=RunRecord("geoplan tests", datetime(2025, 4, 1, tzinfo=UTC), (CRS,)),
        left_out=left_out,
    )


NAMES = {"park-1": "城东产业园", "park-2": "南湾产业园", "hills": "千岭风景名胜区"} | {
    "sha": "沙河治理区",
    "g202": "国道202",
    7: "东线高压管",
}


def _shared(left: Layer, left_id: Any, right: Layer, right_id: Any, at: Any) -> dict[str, Any]:
    return {
        "left_layer": left.id,
        "left_id": left_id,
        "left_name": NAMES[left_id],
        "right_layer": right.id,
        "right_id": right_id,
        "right_name": NAMES[right_id],
        "area_m2": None,
        "length_m": None,
        "left_ratio": None,
        "right_ratio": None,
        "geometry": translate(at, EAST, NORTH),
    }


def town_overlaps() -> Result:
    """Plain made figures: the page has to show them, not to find them."""
    rows = [
        _shared(PARKS, "park-1", SCENIC, "hills", PARK_EAST & HILLS)
        | {"area_m2": 198_765.4, "left_ratio": 0.1234, "right_ratio": 0.2},
        _shared(PARKS, "park-2", RIVERS, "sha", PARK_SOUTH & RIVER)
        | {"area_m2": 65_432.1, "left_ratio": 0.1525, "right_ratio": 0.05},
        _shared(PARKS, "park-1", RIVERS, "sha", PARK_EAST & RIVER)
        | {"area_m2": 812.5, "left_ratio": 0.00001, "right_ratio": 0.99999},
        _shared(ROADS, "g202", SCENIC, "hills", ROAD & HILLS)
        | {"length_m": 1520.25, "left_ratio": 0.375},
        _shared(GAS, 7, PARKS, "park-2", PIPE & PARK_SOUTH)
        | {"length_m": 640.0, "left_ratio": 0.25},
    ]
    below = LeftOut("below_minimum", (PARKS.id, SCENIC.id), ((1, 2), (3, 4)))
    return _result("overlap", rows, LeftOut("no_geometry", (PARKS.id,), ("park-3",)), below)


def town_coverage() -> Result:
    rows = [
        {
            "zone_layer": PARKS.id,
            "zone_id": zone_id,
            "zone_name": NAMES[zone_id],
            "by": f"{RIVERS.id},{SCENIC.id}",
            "zone_area_m2": 1_540_000.0,
            "covered_area_m2": covered,
            "gap_area_m2": 1_540_000.0 - covered,
            "coverage_ratio": covered / 1_540_000.0,
            "geometry": translate(zone - HILLS - RIVER, EAST, NORTH),
        }
        for zone_id, zone, covered in [
            ("park-1", PARK_EAST, 385_000.0),
            ("park-2", PARK_SOUTH, 1_039_500.0),
        ]
    ]
    rows.append({**rows[0], "zone_id": "park-3", "zone_name": "山后产业园", "geometry": None})
    for figure in ("zone_area_m2", "covered_area_m2", "gap_area_m2", "coverage_ratio"):
        rows[-1][figure] = None
    return _result("coverage", rows)


@pytest.fixture
def content() -> MapContent:
    return MapContent(PLAN, town_layers(), town_overlaps(), town_coverage())


@pytest.fixture
def hostile_content() -> Callable[[str], MapContent]:
    """Put a text wherever a text of others can reach the page."""

    def with_text(text: str) -> MapContent:
        both = Text(zh=text, en=text)
        plan = PLAN.model_copy(
            update={"title": both, "attribution": both, "note": both, "review_number": text}
        )
        layers = tuple(_hostile_layer(entry, text) for entry in (*town_layers(), TOWNS))
        overlaps, coverage = town_overlaps(), town_coverage()
        for column in ("left_name", "right_name"):
            overlaps.features[column] = text
        overlaps.features["left_id"] = text
        coverage.features["zone_name"] = text
        coverage.features["zone_id"] = text
        coverage.features["by"] = text
        return MapContent(plan, layers, overlaps, coverage)

    return with_text


TOWNS = MapLayer(
    _layer("towns", "place", "地名", "Places", "point").model_copy(update={"role": "context"}),
    _features({"t": _row("沙河镇", "Sha Town", Point(-1500, -1300))}),
)
TRUSTED_COLUMNS = (
    *("name_alias", "status", "status_note", "geometry_accuracy_m", "geometry_method"),
    *("coordinate_basis", "declared_length_km", "declared_note", "investment_total"),
    *("investment_note", "source", "source_url", "source_date", "remarks", "remarks_en"),
)


def _hostile_layer(entry: MapLayer, text: str) -> MapLayer:
    both = Text(zh=text, en=text)
    features = entry.features.copy()
    features["name"] = text
    features["name_en"] = text
    features[text] = text
    for column in TRUSTED_COLUMNS:
        features[column] = text
    features.index = [f"{text}{place}" for place in range(len(features))]
    return MapLayer(entry.layer.model_copy(update={"title": both, "source": both}), features)
