"""What a planner does with the page; that it makes no request is checked after every test."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pyproj import Transformer

from geoplan.symbols import symbols
from geoplan.webmap import MapContent, planner_page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
TO_LONLAT = Transformer.from_crs("EPSG:4550", "EPSG:4490", always_xy=True)


@pytest.fixture
def page(open_page: OpenPage, content: MapContent) -> Page:
    return open_page(planner_page(content))


def view(page: Page) -> Any:
    return page.evaluate(
        "[map_planner.getCenter().lng, map_planner.getCenter().lat, map_planner.getZoom()]"
    )


def wait_until_still(page: Page) -> None:
    page.wait_for_function(
        """() => new Promise((still) => {
            const before = map_planner.getCenter().toString() + map_planner.getZoom();
            setTimeout(() => still(
                !map_planner._animatingZoom
                && before === map_planner.getCenter().toString() + map_planner.getZoom()), 150);
        })"""
    )


def click_on_map(page: Page, east: float, north: float) -> None:
    lon, lat = TO_LONLAT.transform(500_000 + east, 4_552_000 + north)
    at = page.evaluate(
        """([lon, lat]) => {
            const box = map_planner.getContainer().getBoundingClientRect();
            const at = map_planner.latLngToContainerPoint([lat, lon]);
            return [box.x + at.x, box.y + at.y];
        }""",
        [lon, lat],
    )
    page.mouse.click(*at)


def test_the_legend_names_every_layer_with_its_colour_and_count(page: Page) -> None:
    rows = page.locator("#sections .layer-row")
    assert rows.locator(".title").all_inner_texts() == [
        "重叠处",
        "产业园区",
        "风景名胜区",
        "河道治理区",
        "公路",
        "燃气管道",
    ]
    assert rows.locator(".count").all_inner_texts() == ["5", "2/3", "1", "1", "1", "1"]
    swatch = rows.nth(1).locator(".swatch rect")
    expect(swatch).to_have_attribute("fill", symbols()["industrial_park"].fill)
    expect(rows.nth(2).locator(".swatch rect")).to_have_attribute("fill", "url(#cue-scenic_area)")
    expect(rows.nth(5).locator(".swatch path").last).to_have_attribute(
        "stroke-dasharray", re.compile(r"\d")
    )


def test_the_map_is_drawn_with_the_fills_of_the_legend(page: Page) -> None:
    drawn = page.locator(".leaflet-pane path[fill='url(#cue-scenic_area)']")
    expect(drawn).to_have_count(1)
    for symbol in ("scenic_area", "river_remediation_zone", "conflict"):
        assert page.locator(f"pattern#cue-{symbol} > *").count() >= 2


def test_a_layer_is_switched_off_and_on_again(page: Page) -> None:
    drawn = page.locator(".leaflet-layer-scenic-areas-pane path")
    expect(drawn).to_have_count(1)
    page.get_by_label("风景名胜区", exact=True).uncheck()
    expect(drawn).to_have_count(0)
    expect(page.locator(".name", has_text="千岭风景名胜区")).to_have_count(0)
    page.get_by_label("风景名胜区", exact=True).check()
    expect(drawn).to_have_count(1)


def test_overlaps_are_listed_in_the_order_given_with_the_figures_given(page: Page) -> None:
    entries = page.locator(".finding")
    assert entries.locator(".number-tag").all_inner_texts() == ["X01", "X02", "X03", "X04", "X05"]
    first = entries.nth(0).inner_text()
    for part in ("城东产业园", "千岭风景名胜区", "19.88 公顷", "198,765 m²", "12.34%", "20.00%"):
        assert part in first
    assert "1,520 米" in entries.nth(3).inner_text()


def test_a_share_that_is_almost_all_or_almost_nothing_is_not_rounded_to_it(page: Page) -> None:
    third = page.locator(".finding").nth(2)
    assert third.locator(".share").all_inner_texts() == ["< 0.01%", "> 99.99%"]


def test_what_was_left_out_of_an_answer_is_said(page: Page) -> None:
    notes = page.locator(".note").all_inner_texts()
    assert notes[0].startswith("1 个要素未公布位置")
    assert notes[1].startswith("2 处小于设定的最小值")


def test_a_click_in_the_list_zooms_there_and_opens_the_overlap(page: Page) -> None:
    before = view(page)
    page.locator(".finding").nth(1).click()
    wait_until_still(page)
    lon, lat, zoom = view(page)
    expect(page.locator("#details h2")).to_contain_text("X02")
    expect(page.locator("#details")).to_contain_text("65,432 m²")
    expect(page.locator(".finding").nth(1)).to_have_attribute("aria-current", "true")
    assert zoom > before[2]
    assert page.locator(".leaflet-chosen-pane path").count() == 2
    west, south = TO_LONLAT.transform(501_200, 4_551_300)
    east, north = TO_LONLAT.transform(502_300, 4_552_000)
    assert west < lon < east
    assert south < lat < north


def test_a_list_entry_shows_the_overlaps_again_when_they_were_switched_off(page: Page) -> None:
    box = page.get_by_label("重叠处", exact=True)
    box.uncheck()
    expect(page.locator(".number")).to_have_count(0)
    page.locator(".finding").nth(0).click()
    expect(box).to_be_checked()
    expect(page.locator(".number", has_text="X01")).to_be_visible()


def test_the_number_on_the_map_opens_its_overlap(page: Page) -> None:
    page.locator(".number", has_text="X04").click()
    expect(page.locator("#details h2")).to_contain_text("线路穿越")
    expect(page.locator("#details")).to_contain_text("1,520 米")


def test_a_click_on_a_feature_opens_its_attributes(page: Page) -> None:
    click_on_map(page, -700, 0)
    expect(page.locator("#details h2")).to_have_text("城东产业园")
    expect(page.locator("#details .facts").first).to_contain_text("park-1")
    expect(page.locator("#details .facts").nth(1)).to_contain_text("1250")
    expect(page.locator("#details .related .number-tag")).to_have_text(["X01", "X03"])


def test_a_thin_line_can_be_clicked(page: Page) -> None:
    click_on_map(page, 1000, -600)
    expect(page.locator("#details h2")).to_have_text("东线高压管")
    expect(page.locator("#details")).to_contain_text("中心线")


def test_an_empty_attribute_reads_as_not_published(page: Page) -> None:
    click_on_map(page, 1800, -850)
    expect(page.locator("#details h2")).to_have_text("南湾产业园")
    expect(page.locator("#details .missing")).to_have_text("未公布")


def test_coverage_gives_share_and_gap_and_a_click_shows_the_gap(page: Page) -> None:
    before = view(page)
    row = page.locator(".coverage tbody tr").nth(1)
    for part in ("南湾产业园", "河道治理区、风景名胜区", "67.50%", "50.05 公顷"):
        expect(row).to_contain_text(part)
    row.get_by_role("button").click()
    wait_until_still(page)
    expect(page.locator("#details")).to_contain_text("500,500 m²")
    expect(page.locator(".leaflet-chosen-pane path[fill='url(#cue-gap)']")).to_have_count(1)
    assert view(page)[2] > before[2]


def test_a_zone_that_could_not_be_measured_does_not_read_as_zero(page: Page) -> None:
    row = page.locator(".coverage tbody tr").nth(2)
    assert row.locator(".figure").all_inner_texts() == ["未量算", "未量算"]
    row.get_by_role("button").click()
    expect(page.locator("#details h2")).to_have_text("山后产业园")
    assert not re.search(r"\d", page.locator("#details .facts").inner_text())


def test_features_without_a_position_are_listed_and_open(page: Page) -> None:
    section = page.locator("section[data-tab=unlocated]")
    expect(section.locator("h2")).to_contain_text("未公布位置")
    section.get_by_role("button", name="山后产业园").click()
    expect(page.locator("#details .notice")).to_contain_text("未公布位置")
    expect(page.locator("#details .facts").first).to_contain_text("park-3")


def test_the_language_switch_says_everything_anew(page: Page) -> None:
    page.locator(".finding").nth(0).click()
    page.get_by_role("button", name="English").click()
    assert page.title() == "North Town spatial plan (sample)"
    assert page.locator("html").get_attribute("lang") == "en"
    for text in ("Industrial parks", "East Park", "Thousand Hills", "19.88 ha", "Covered by"):
        expect(page.locator("#panel")).to_contain_text(text)
    expect(page.locator("#details")).to_contain_text("Share of East Park")
    expect(page.locator("#attribution")).to_contain_text("Internal use only")
    expect(page.locator(".name", has_text="Sha River zone")).to_be_visible()
    # values of the data stay as they are, in the filter as elsewhere
    own = page.evaluate(
        "document.querySelectorAll('.language, fieldset').forEach(one => one.remove());"
        "document.body.innerText"
    )
    assert re.findall(r"[\u4e00-\u9fff]+", own) == []


def test_every_phrase_of_the_page_is_there_in_both_languages(page: Page) -> None:
    said = page.evaluate("JSON.parse(document.getElementById('plan-data').textContent).phrases")
    assert set(said["zh"]) == set(said["en"])
    for lang in ("zh", "en"):
        page.locator(f"[data-lang={lang}]").click()
        assert "map." not in page.locator("body").inner_text()


def test_the_page_opens_in_the_language_asked_for(open_page: OpenPage, content: MapContent) -> None:
    page = open_page(planner_page(content, lang="en"))
    expect(page.locator("h1")).to_have_text("North Town spatial plan (sample)")


def test_attribution_date_and_internal_use_are_in_view(page: Page) -> None:
    line = page.locator("#attribution")
    expect(line).to_be_in_viewport(ratio=1)
    assert line.locator("> *").all_inner_texts() == [
        "内部使用",
        "示例数据：geoplan 测试",
        "数据日期：2025-03-31",
    ]


def test_a_review_number_takes_the_place_of_internal_use(
    open_page: OpenPage, content: MapContent
) -> None:
    plan = content.plan.model_copy(update={"review_number": "辽S(2025)001号"})
    page = open_page(planner_page(MapContent(plan, content.layers)))
    expect(page.locator("#attribution")).to_contain_text("审图号：辽S(2025)001号")
    expect(page.locator("#attribution")).not_to_contain_text("内部使用")


def test_what_was_not_analysed_is_not_shown_as_clear(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(MapContent(content.plan, content.layers)))
    expect(page.locator("section[data-tab=overlaps]")).to_contain_text("未作此项分析")
    expect(page.locator("section[data-tab=coverage]")).to_contain_text("未作此项分析")


def test_scale_north_and_the_pointers_coordinates_are_shown(page: Page) -> None:
    expect(page.locator(".leaflet-control-scale-line")).to_have_text(re.compile(r"\d+ k?m"))
    expect(page.get_by_role("img", name="指北针")).to_be_visible()
    box = page.locator("#map_planner").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    expect(page.locator("#readout")).to_have_text(re.compile(r"^东经 122\.9\d+°　北纬 41\.1\d+°$"))


def test_the_first_view_holds_the_whole_plan(page: Page) -> None:
    inside = page.evaluate(
        "([w, s, e, n]) => map_planner.getBounds().contains([[s, w], [n, e]])",
        [
            *TO_LONLAT.transform(498_600, 4_551_000),
            *TO_LONLAT.transform(502_400, 4_553_500),
        ],
    )
    assert inside


def test_everything_can_be_done_by_keyboard(page: Page) -> None:
    page.locator(".finding").nth(0).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#details")).to_be_visible()
    expect(page.locator("#details h2")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#details")).to_be_hidden()
    expect(page.locator(".finding").nth(0)).to_be_focused()
    page.get_by_role("button", name="展开要素清单：公路").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="国道202").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#details h2")).to_have_text("国道202")


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_phone_has_no_sideways_scroll_and_a_map_worth_the_name(
    open_page: OpenPage, content: MapContent, lang: Any
) -> None:
    page = open_page(planner_page(content, lang=lang), width=390, height=844)
    for tab in ("layers", "overlaps", "coverage", "unlocated"):
        if tab != "layers":
            page.locator(f"button[data-tab={tab}]").click()
        expect(page.locator(f"section[data-tab={tab}]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 390
        assert page.evaluate("document.getElementById('sections').scrollWidth") <= 390
        assert page.evaluate("map_planner.getSize().y") >= 0.4 * 844
    page.locator("button[data-tab=overlaps]").click()
    page.locator(".finding").first.click()
    expect(page.locator("#details")).to_be_in_viewport()
    expect(page.locator("#attribution")).to_be_in_viewport(ratio=1)


def test_a_tap_on_the_open_tab_folds_the_sheet(open_page: OpenPage, content: MapContent) -> None:
    page = open_page(planner_page(content), width=390, height=844)
    before = page.evaluate("map_planner.getSize().y")
    page.locator("button[data-tab=layers]").click()
    expect(page.locator("#sections")).to_be_hidden()
    assert page.evaluate("map_planner.getSize().y") > before + 200


def test_a_plan_without_any_feature_shows_its_extent(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(MapContent(content.plan, ())))
    lon, lat, _ = view(page)
    assert (lon, lat) == (pytest.approx(123.005, abs=0.01), pytest.approx(41.095, abs=0.01))
