"""Measuring, coordinates and scale on the planner's page, against GeographicLib and PROJ."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pyproj import Geod, Transformer

from geoplan.webmap import MapContent, planner_page
from geoplan.webmap.plane import plane_of

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
GEOD = Geod(a=6378137.0, rf=298.257222101)
TO_LONLAT = Transformer.from_crs("EPSG:4550", "EPSG:4490", always_xy=True)


@pytest.fixture
def page(open_page: OpenPage, content: MapContent) -> Page:
    return open_page(planner_page(content), reduced_motion="reduce")


def place(east: float, north: float) -> tuple[float, float]:
    lon, lat = TO_LONLAT.transform(500_000 + east, 4_552_000 + north)
    return float(lon), float(lat)


def area_of(ring: list[tuple[float, float]]) -> float:
    lon, lat = zip(*ring, strict=True)
    return abs(float(GEOD.polygon_area_perimeter(lon, lat)[0]))


def on_screen(page: Page, at: tuple[float, float]) -> Any:
    return page.evaluate(
        """([lon, lat]) => {
            const box = map_planner.getContainer().getBoundingClientRect();
            const at = map_planner.latLngToContainerPoint([lat, lon]);
            return [Math.round(box.x + at.x), Math.round(box.y + at.y)];
        }""",
        list(at),
    )


def under(page: Page, x: float, y: float) -> tuple[float, float]:
    """Where on the Earth a click on a whole pixel lands."""
    lat, lon = page.evaluate(
        """([x, y]) => {
            const box = map_planner.getContainer().getBoundingClientRect();
            const at = map_planner.containerPointToLatLng([x - box.x, y - box.y]);
            return [at.lat, at.lng];
        }""",
        [x, y],
    )
    return float(lon), float(lat)


def test_geodesics_are_those_of_geographiclib(page: Page) -> None:
    start = (123.0, 41.1)
    ways = [(azimuth, far) for azimuth in (0, 37, 90, 181, 275) for far in (0.5, 900, 1e5)]
    ends = [GEOD.fwd(*start, azimuth, far)[:2] for azimuth, far in ways]
    rings = {
        "parcel": [(123.0, 41.1), (123.0004, 41.10005), (123.0003, 41.1003)],
        "city": [(122.9, 41.0), (123.15, 41.02), (123.2, 41.2), (123.0, 41.12), (122.95, 41.25)],
        "province": [(120.0, 39.0), (125.0, 40.0), (124.0, 43.0), (121.0, 42.5)],
    }
    got = page.evaluate(
        """([a, f, start, ends, rings]) => {
            const at = ([lng, lat]) => L.latLng(lat, lng);
            const geodesic = new geoplan.Geodesic(a, f);
            return [ends.map((end) => geodesic.length([at(start), at(end)])),
                rings.map((ring) => geodesic.area(ring.map(at)))];
        }""",
        [GEOD.a, GEOD.f, start, ends, list(rings.values())],
    )
    for length, (_, far) in zip(got[0], ways, strict=True):
        assert length == pytest.approx(far, abs=0.0005)
    for area, ring in zip(got[1], rings.values(), strict=True):
        assert area == pytest.approx(area_of(ring), rel=1e-6)


def test_a_distance_is_measured_across_features(page: Page) -> None:
    page.get_by_role("button", name="量距离").click()
    result = page.locator(".tool-result")
    # the middle of a park, a road and a number of a conflict: all of them would open a card
    spots = [on_screen(page, place(*at)) for at in [(-500, 300), (400, 500), (1500, 500)]]
    landed = [under(page, *spot) for spot in spots]
    for spot in spots:
        page.mouse.click(*spot)
        page.wait_for_timeout(350)  # or two clicks would be one double click
    expect(page.locator("#details")).to_be_hidden()
    legs = [GEOD.inv(*landed[k], *landed[k + 1])[2] for k in range(2)]
    expect(result).to_contain_text(f"{sum(legs) / 1000:,.3f} km")
    expect(result).to_contain_text(f"末段 {legs[1] / 1000:,.3f} km")
    page.mouse.dblclick(*on_screen(page, place(-1000, -1200)))
    expect(page.get_by_role("button", name="结束")).to_be_disabled()
    page.get_by_role("button", name="撤销").click()
    expect(result).to_contain_text(f"{sum(legs) / 1000:,.3f} km")
    page.locator("[data-lang=en]").click()
    expect(result).to_contain_text(f"Length {sum(legs) / 1000:,.3f} km")
    copied = page.get_by_role("button", name="Copy result")
    copied.click()
    expect(page.locator(".copy-said")).to_have_text("Copied")
    page.keyboard.press("Escape")
    expect(page.locator(".tool-tray")).to_be_hidden()
    expect(page.get_by_role("button", name="Measure distance")).to_be_focused()
    page.mouse.click(*spots[0])
    expect(page.locator("#details")).to_be_visible()  # and features are there again


def test_an_area_is_measured_by_keys_and_says_when_its_sides_cross(page: Page) -> None:
    page.get_by_role("button", name="量面积").press("Enter")
    seen = []
    for key in ("", "ArrowRight", "ArrowDown", "ArrowLeft"):
        if key:
            page.keyboard.press(key)
            page.wait_for_timeout(450)  # Leaflet glides
        seen.append(page.evaluate("[map_planner.getCenter().lng, map_planner.getCenter().lat]"))
        page.keyboard.press("Enter")
    around = sum(GEOD.inv(*seen[k], *seen[k - 3])[2] for k in range(4))
    result = page.locator(".tool-result")
    expect(result).to_contain_text(f"{area_of(seen) / 1e4:,.4f} ha")
    expect(result).to_contain_text(
        f"周长 {around:,.2f} m" if around < 1000 else f"{around / 1000:,.3f} km"
    )
    page.keyboard.press("Backspace")
    expect(result).to_contain_text(f"{area_of(seen[:3]) / 1e4:,.4f} ha")
    page.evaluate(
        """() => { const {lat, lng} = map_planner.getCenter();
            map_planner.panTo([lat - 0.001, lng - 0.02], {animate: false}); }"""
    )
    page.get_by_role("button", name="在中心加点").click()
    page.evaluate(
        """() => { const {lat, lng} = map_planner.getCenter();
            map_planner.panTo([lat, lng + 0.04], {animate: false}); }"""
    )
    page.get_by_role("button", name="在中心加点").click()
    expect(result).to_contain_text("交叉")


def test_coordinates_are_told_copied_and_gone_to(page: Page) -> None:
    spots = [(123 + off, lat) for off in (-3, -1.4, 0, 0.02, 1.5) for lat in (3.4, 22.5, 41.1, 53)]
    got = page.evaluate(
        """([plane, spots]) => {
            const gauss = new geoplan.GaussKruger(plane);
            return spots.map(([lng, lat]) => {
                const there = gauss.forward(L.latLng(lat, lng));
                const back = gauss.inverse(there);
                return [there.east, there.north, back.lng, back.lat];
            });
        }""",
        [plane_of("EPSG:4550")["plane"], spots],
    )
    for (lon, lat), (east, north, lon_back, lat_back) in zip(spots, got, strict=True):
        expected = TO_LONLAT.transform(lon, lat, direction="INVERSE")
        assert (east, north) == pytest.approx(expected, abs=0.001)
        assert (lon_back, lat_back) == pytest.approx((lon, lat), abs=1e-10)

    page.get_by_role("button", name="坐标查询与定位").click()
    page.mouse.click(*(spot := on_screen(page, place(1700, -300))))  # on a park
    lon, lat = under(page, *spot)
    east, north = TO_LONLAT.transform(lon, lat, direction="INVERSE")
    tray = page.locator(".tool-tray")
    for said in (f"{lon:.7f}, {lat:.7f}", f"{north:.2f}", f"{east:.2f}", "第 41 带，中央经线 123°"):
        expect(tray).to_contain_text(said)
    page.mouse.move(*spot)
    expect(page.locator("#plane-readout")).to_contain_text(f"X {north:.1f}　Y {east:.1f}")
    page.evaluate(
        """() => {
            navigator.clipboard.writeText = () => Promise.reject(new Error('denied'));
            document.execCommand = () => false;
        }"""
    )
    page.get_by_role("button", name="复制 X, Y").click()
    expect(tray).to_contain_text("Ctrl+C")
    assert page.evaluate("document.getSelection().toString()") == f"{north:.2f}, {east:.2f}"


TYPED = [
    ("123.01, 41.11", (123.01, 41.11), None),
    ("41.11，123.01", (123.01, 41.11), None),
    ("N41.11 E123.01", (123.01, 41.11), None),
    ("4552700.5 500310.25", place(310.25, 700.5), None),
    ("Y=500310.25 X=4552700.5", place(310.25, 700.5), None),
    ("X 4552700.5, Y 41500310.25", place(310.25, 700.5), None),
    ("4552700.5, 40500310.25", None, "第 41 带"),
    ("121.5, 31.2", None, "不在本规划范围内"),
    ("0 0", None, "不在本规划范围内"),
    ("41.11", None, "看不懂"),
    ("<b>1</b>,2", None, "看不懂"),
]


def test_what_is_typed_is_gone_to_or_told_why_not(page: Page) -> None:
    page.get_by_role("button", name="坐标查询与定位").click()
    for typed, reached, said in TYPED:
        page.evaluate("map_planner.setView([41.1, 123.0], 13, {animate: false})")
        page.locator(".tool-input").fill(typed)
        page.locator(".tool-input").press("Enter")
        lon, lat = page.evaluate("[map_planner.getCenter().lng, map_planner.getCenter().lat]")
        assert (lon, lat) == pytest.approx(reached or (123.0, 41.1), abs=1e-5), typed
        expect(page.locator(".tool-wrong")).to_have_text(re.compile(said or "^$"))


def test_the_scale_is_true_and_a_layer_is_made_faint(page: Page) -> None:
    page.evaluate("map_planner.setView([41.1, 123.0], 14, {animate: false})")
    ends = page.evaluate(
        """() => [[400, 300], [500, 300], [400, 400]].map((at) => {
            const {lng, lat} = map_planner.containerPointToLatLng(at); return [lng, lat]; })"""
    )
    across, along = (GEOD.inv(*ends[0], *ends[k])[2] for k in (1, 2))
    ratio = page.locator("#scale-readout").inner_text()
    told = int(ratio.split("：")[-1].split("（")[0].removeprefix("1:").replace(",", ""))
    assert told == pytest.approx((across * along) ** 0.5 / (0.0254 * 100 / 96), rel=3e-3)
    assert "图中心纬度" in ratio
    width, text = page.evaluate(
        """() => { const bar = document.querySelector('.leaflet-control-scale-line');
            return [bar.getBoundingClientRect().width, bar.textContent]; }"""
    )
    metres = float(text.split()[0]) * {"km": 1000, "m": 1}[text.split()[1]]
    assert width == pytest.approx(metres / (across * along) ** 0.5 * 100, abs=1.0)
    page.get_by_role("button", name="展开要素清单：风景名胜区").click()
    page.get_by_label("风景名胜区的不透明度").fill("40")
    pane = page.locator(".leaflet-layer-scenic-areas-pane")
    assert pane.evaluate("(one) => getComputedStyle(one).opacity") == "0.4"


def test_a_finger_measures_on_a_phone(open_page: OpenPage, content: MapContent) -> None:
    page = open_page(planner_page(content), 390, 844, has_touch=True, reduced_motion="reduce")
    page.locator("[data-tool=area]").tap()
    spots = [(120, 250), (250, 260), (200, 330)]  # on features, and free of buttons
    landed = [under(page, *spot) for spot in spots]
    for spot in spots:
        page.touchscreen.tap(*spot)
        page.wait_for_timeout(400)
    told = re.match(r"面积 ([\d.]+) ha", page.locator(".tool-result").inner_text())
    assert told is not None
    assert float(told[1]) * 1e4 == pytest.approx(area_of(landed), rel=2e-3)  # a finger, not a mouse
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="在中心加点").tap()
    page.locator(".tool-tray .close").tap()
    expect(page.locator(".tool-tray")).to_be_hidden()
