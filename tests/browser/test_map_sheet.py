"""The sheet that is printed, measured on its PDF, and the picture of the view."""

from __future__ import annotations

import base64
import re
import shutil
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from playwright.sync_api import Page, expect
from shapely import box

from geoplan.webmap import MapContent, MapLayer, planner_page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
SIDE_M = 3000.0
POINTS_PER_MM = 72 / 25.4


def with_a_square(content: MapContent) -> MapContent:
    """A park of 3 km by 3 km, at the middle of what is seen."""
    middle = box(500_000, 4_551_000, 500_000 + SIDE_M, 4_551_000 + SIDE_M)
    parks = content.layers[0].layer
    rows = {"name": ["方园"], "name_en": ["Square"]}
    square = gpd.GeoDataFrame(rows, index=["p"], geometry=[middle], crs="EPSG:4550")
    return MapContent(content.plan, (MapLayer(parks, square),))


def lay_out(page: Page, paper: str, turn: str, scale: str) -> None:
    page.locator("[data-tool=print]").click()
    page.locator("[data-print=paper]").select_option(paper)
    page.locator("[data-print=turn]").select_option(turn)
    page.locator("[data-print=scale]").select_option(scale)


def pdf_of(page: Page, path: Path) -> list[float]:
    """Write the PDF; return width and height [mm] of its only page."""
    page.pdf(path=path, prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox ?\[([\d. ]+)\]", path.read_bytes())
    assert len(boxes) == 1
    return [float(side) / POINTS_PER_MM for side in boxes[0].split()[2:]]


def test_a_sheet_is_true_to_its_scale(
    open_page: OpenPage, content: MapContent, tmp_path: Path
) -> None:
    page = open_page(planner_page(with_a_square(content)), reduced_motion="reduce")
    before = page.evaluate("[map_planner.getCenter().toString(), map_planner.getZoom()]")
    lay_out(page, "A4", "portrait", "own")
    page.locator("[data-print=own-scale]").fill("0")
    expect(page.locator("[data-print=preview]")).to_be_disabled()
    page.locator("[data-print=own-scale]").fill("1:25,000")
    page.locator("[data-print=preview]").click()
    facts = page.locator(".sheet-facts")
    for said in ("1:25,000", "图幅中心纬度 北纬 41.", "内部使用", "示例数据", "2025-03-31"):
        expect(facts).to_contain_text(said)
    expect(page.locator(".sheet h1")).to_have_text("北镇国土空间规划（示例）")
    expect(page.locator(".sheet-legend")).to_contain_text("产业园区")
    expect(page.get_by_role("img", name="指北针")).to_be_visible()
    expect(page.locator(".sheet .leaflet-control-scale-line")).to_be_visible()
    assert pdf_of(page, tmp_path / "a4.pdf") == pytest.approx([210, 297], abs=0.5)
    if shutil.which("pdftoppm"):
        for measured in side_on_paper(tmp_path / "a4.pdf"):
            assert measured * 25_000 == pytest.approx(SIDE_M, rel=0.005)
    page.keyboard.press("Escape")
    expect(page.locator("#sheet")).to_have_count(0)
    after = page.evaluate("[map_planner.getCenter().toString(), map_planner.getZoom()]")
    assert after == before

    page.locator("[data-lang=en]").click()
    lay_out(page, "A3", "landscape", "fit")
    page.locator("[data-print=preview]").click()
    fitted = page.evaluate("map_planner.getBounds().toBBoxString()")
    expect(facts).to_contain_text(re.compile(r"Scale 1:\d[\d,]+ \(true at"))
    assert pdf_of(page, tmp_path / "a3.pdf") == pytest.approx([420, 297], abs=0.5)
    page.locator("[data-print=print-back]").click()
    seen = page.evaluate("map_planner.getBounds().toBBoxString()")
    west, south, east, north = map(float, seen.split(","))
    outer = [float(edge) for edge in fitted.split(",")]
    assert outer[0] <= west
    assert outer[1] <= south
    assert outer[2] >= east
    assert outer[3] >= north


def side_on_paper(pdf: Path) -> list[float]:
    """Width and height [m] of the filled square on paper, between the middles of its outline."""
    dots = 300
    subprocess.run(["pdftoppm", "-r", str(dots), pdf, pdf.with_suffix("")], check=True)
    header, _, body = next(pdf.parent.glob("a4*.ppm")).read_bytes().partition(b"255\n")
    width, height = map(int, header.split()[1:3])
    pixels = np.frombuffer(body, np.uint8).reshape(height, width, 3).astype(int)
    map_part = pixels[:, : int(width * 0.97)]
    brown = (map_part[..., 0] - map_part[..., 2] > 25) & (map_part[..., 0] > 150)
    rows, columns = (np.flatnonzero(brown.sum(axis=axis) > 400) for axis in (1, 0))
    stroke_px = 1.8 / 96 * dots  # the fill is hidden under half of the outline at both sides
    return [(np.ptp(at) + 1 + stroke_px) / dots * 0.0254 for at in (rows, columns)]


def pixels_of(page: Page) -> Any:
    """The picture as it is shown: width, height, and its pixels."""
    data = page.evaluate(
        """async () => {
            const image = document.querySelector('.picture-view img');
            await image.decode();
            const canvas = document.createElement('canvas');
            canvas.width = image.naturalWidth;
            canvas.height = image.naturalHeight;
            const ctx = canvas.getContext('2d');
            ctx.drawImage(image, 0, 0);
            const all = ctx.getImageData(0, 0, canvas.width, canvas.height).data;
            let text = '';
            for (let at = 0; at < all.length; at += 32768) {
                text += String.fromCharCode(...all.subarray(at, at + 32768));
            }
            return [canvas.width, canvas.height, btoa(text)];
        }"""
    )
    return np.frombuffer(base64.b64decode(data[2]), np.uint8).reshape(data[1], data[0], 4)


def near(pixels: Any, colour: str) -> int:
    wanted = struct.unpack("BBB", bytes.fromhex(colour[1:]))
    return int((np.abs(pixels[..., :3].astype(int) - wanted).max(axis=-1) < 12).sum())


def test_a_picture_holds_map_legend_scale_and_north(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(content), reduced_motion="reduce")
    page.locator("[data-tool=picture]").click()
    link = page.get_by_role("link", name="保存图片")
    expect(link).to_be_focused()
    assert link.get_attribute("download") == "北镇国土空间规划示例.png"
    pixels = pixels_of(page)
    height, width, _ = pixels.shape
    assert width > 2 * 994  # twice the map, and the legend
    map_part, legend = pixels[:, : 2 * 994], pixels[:, 2 * 1040 :]
    for colour in ("#7A1F1F", "#E08A00", "#B00020"):  # road, pipe, conflict
        assert near(map_part, colour) > 200, colour
        assert near(legend, colour) > 50, colour
    assert near(pixels[: height // 4, 2 * 960 : 2 * 1060], "#2B3A48") > 300  # north
    with page.expect_download() as saved:
        link.click()
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
    page.keyboard.press("Escape")
    expect(page.locator(".picture-view")).to_have_count(0)
    expect(page.locator("[data-tool=picture]")).to_be_focused()
