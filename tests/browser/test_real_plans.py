"""The maps that `make demo` writes, of the town and of Anshan, opened as a planner opens them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from geoplan import Catalogue
from geoplan.processes import MapInputs, map_

pytestmark = pytest.mark.browser
ROOT = Path(__file__).parents[2]
PLAN_LAYERS = (
    "industrial-parks",
    "river-remediation-zones",
    "highways",
    "scenic-areas",
    "gas-pipelines",
)


def document(catalogue: Catalogue) -> str:
    return str(map_(catalogue, MapInputs(layers=PLAN_LAYERS, lang="zh")).content)


def zoom(page: Page) -> float:
    return float(page.evaluate("map_planner.getZoom()"))


def test_the_town_shows_its_overlaps(open_page: Callable[..., Page], town: Catalogue) -> None:
    page = open_page(document(town))
    rows = page.locator("#sections .layer-row")
    assert rows.locator(".count").all_inner_texts() == ["18", "3/4", "2", "2", "3", "3"]
    before = zoom(page)
    page.get_by_text("X01").first.click()
    expect(page.locator("#details")).to_contain_text("120,000 m²")
    page.wait_for_function(f"map_planner.getZoom() > {before}")
    assert zoom(page) > before


def test_anshan_says_what_is_drawn_and_how_sure_it_is(open_page: Callable[..., Page]) -> None:
    page = open_page(document(Catalogue.open(ROOT / "layers")))
    rows = page.locator("#sections .layer-row")
    assert rows.locator(".count").all_inner_texts() == ["20", "4/16", "3/5", "2/7", "4/13", "2/3"]
    expect(page.locator("body")).to_contain_text("本图几何为示意")
    expect(page.locator("[data-sign=near]")).to_contain_text("可能重叠")
    expect(page.locator("body")).to_contain_text("天然气置换新建管网")
    page.get_by_text("X01").first.click()
    expect(page.locator("#details")).to_contain_text("仅供参考")
    expect(page.locator("#details")).to_contain_text("±8,000 m")


def test_anshan_with_its_check_fits_a_phone(open_page: Callable[..., Page]) -> None:
    plan = Catalogue.open(ROOT / "layers")
    content = map_(plan, MapInputs(lang="zh", check=True)).content
    page = open_page(content, 390, 844)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    height = page.evaluate("map_planner.getContainer().getBoundingClientRect().height")
    assert height >= 0.3 * 844
    page.locator("[data-tab=findings]").first.click()
    rows = page.locator(".rule-finding")
    # schematic geometry allows no certainty: every finding is a doubt (README)
    assert rows.count() == 33
    assert rows.filter(has_text="存疑").count() == 33
    assert rows.filter(has_text="已见原文").or_(rows.filter(has_text="转引")).count() > 0
    rows.first.click()
    expect(page.locator("#details")).to_contain_text("仅供参考")
