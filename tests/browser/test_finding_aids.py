"""Search and filters of the planner's page, in a real browser."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import pytest
from playwright.sync_api import Page, expect

from geoplan.webmap import MapContent, planner_page
from geoplan.webmap.spelling import searched, spelled
from tests.browser.conftest import OpenPage


def test_chinese_names_are_spelled() -> None:
    names = pd.Series(["千山风景名胜区", "重庆路", "G202 国道", "Main street", None])
    found = spelled(names)
    assert found is not None
    assert found.iloc[0] == "qsfjmsq qianshanfengjingmingshengqu"
    assert found.iloc[1] == "cql chongqinglu"  # not zhòng
    assert found.iloc[2] == "g202gd g202guodao"
    assert found.iloc[3:].isna().all()
    assert spelled(pd.Series(["Main street", None])) is None


def test_many_names_are_spelled_by_their_characters() -> None:
    found = spelled(pd.Series([f"地块{at}" for at in range(6000)]))
    assert found is not None
    assert found.iloc[5999] == "dk5999 dikuai5999"


@pytest.fixture
def aided(content: MapContent) -> MapContent:
    """Give the parks years and statuses; one of them has neither."""
    parks, *others = content.layers
    features = parks.features.assign(
        phase_start_year=pd.array([2025, 2028, None], dtype="Int64"),
        status=["built", "planned", None],
    )
    parks = replace(parks, features=features, searched=searched(parks.layer, features))
    return replace(content, layers=(parks, *others))


@pytest.fixture
def page(open_page: OpenPage, aided: MapContent) -> Page:
    return open_page(planner_page(aided))


def test_search_finds_by_name_spelling_id_and_number(page: Page) -> None:
    box, options = page.locator("#search-text"), page.locator("#search-list [role=option]")
    for text, found in [
        ("城东", "城东产业园"),
        ("cdcyy", "城东产业园"),
        ("chengdong", "城东产业园"),
        ("EAST PARK", "城东产业园"),
        ("park-2", "南湾产业园"),
        ("x02", "X02"),
    ]:
        box.fill(text)
        expect(options.first).to_contain_text(found)
    box.fill("nowhere at all")
    expect(page.locator(".search-told")).to_have_text("没有找到。")
    expect(page.locator("#search-list")).to_be_hidden()


def test_search_is_used_by_keyboard(page: Page) -> None:
    box = page.locator("#search-text")
    box.fill("park-")
    expect(page.locator("#search-list [role=option]")).to_have_count(3)
    box.press("ArrowDown")
    box.press("ArrowDown")
    second = page.locator("#search-list [role=option]").nth(1)
    expect(second).to_have_attribute("aria-selected", "true")
    assert box.get_attribute("aria-activedescendant") == second.get_attribute("id")
    name = second.locator("span").inner_text()
    box.press("Enter")
    expect(page.locator("#details h2")).to_have_text(name)
    expect(page.locator("#search-list")).to_be_hidden()
    box.press("Escape")
    expect(box).to_have_value("")


def test_filters_hold_back_features_and_what_rests_on_them(page: Page) -> None:
    drawn = "document.querySelectorAll('.leaflet-layer-industrial-parks-pane path').length"
    paths, shown = page.evaluate(drawn), page.locator("[data-tab=overlaps] .finding")
    before = shown.count()
    box = page.locator("[data-filter='status:built']")
    box.focus()
    box.press("Space")
    expect(page.locator(".filter-chip")).to_contain_text("显示")
    expect(page.locator("[data-tab=overlaps] .note", has_text="被筛选隐藏")).to_be_visible()
    assert page.evaluate(drawn) < paths
    assert shown.count() < before
    assert page.evaluate("document.activeElement.dataset.filter") == "status:built"
    box.press("Space")
    expect(page.locator(".filter-chip")).to_be_hidden()
    assert (page.evaluate(drawn), shown.count()) == (paths, before)


def test_a_year_shows_what_has_begun_and_what_is_not_known(page: Page) -> None:
    slider, note = page.locator("[data-filter=year]"), page.locator(".filter-told")
    assert (slider.get_attribute("min"), slider.get_attribute("max")) == ("2025", "2028")
    total = sum(map(int, page.evaluate("geoplan.app.filters.layers.map(one => one.engine.count)")))
    slider.fill("2026")
    expect(note).to_have_text(f"显示 {total - 1} / {total} 个要素")
    page.locator("[data-filter=nulls]").uncheck()
    expect(note).to_have_text(f"显示 1 / {total} 个要素")
    page.locator(".filter-chip").click()
    expect(note).to_have_text("显示全部要素。")


def test_years_play_and_stop(page: Page) -> None:
    page.evaluate("geoplan.YEAR_MS = 30")
    play = page.locator(".filter-play")
    seen = page.evaluate(
        "() => { window.seen = []; const apply = geoplan.app.filters.apply;"
        "geoplan.app.filters.apply = function () { window.seen.push(this.year);"
        "return apply.call(this); }; }"
    )
    assert seen is None
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false", timeout=5000)
    page.wait_for_function("window.seen.length >= 4")
    assert page.evaluate("window.seen") == [2025, 2026, 2027, None]


def test_a_plan_with_nothing_to_choose_has_no_filter(
    open_page: OpenPage, content: MapContent
) -> None:
    bare = tuple(
        replace(entry, features=entry.features.drop(columns="status", errors="ignore"))
        for entry in content.layers
    )
    page = open_page(planner_page(replace(content, layers=bare)))
    assert page.locator("[data-tab=filter]").count() == 0
