"""A plan that is drawn from facts, not surveyed: every sign of that on the page, and context."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Locator, Page, expect
from shapely import LineString, Point, box

from geoplan.catalogue import Catalogue
from geoplan.model import Layer, Plan, Result, RunRecord, Text
from geoplan.symbols import symbols
from geoplan.webmap import MapContent, MapLayer, planner_page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
LAYERS = Path(__file__).parents[2] / "layers"
DRAWN = {"geometry_method": "schematic", "coordinate_basis": "derived"}
GUESSED = {"geometry_method": "schematic", "coordinate_basis": "estimated"}
MEASURED = {"geometry_method": "survey", "coordinate_basis": "sourced"}
UNKNOWN = {"geometry_method": None, "coordinate_basis": "unpublished"}
WHOLE = {
    "status": "planned",
    "status_note": "2025 start",
    "name_alias": "东区;东园",
    "lanes": 4,
} | {
    "declared_area_ha": 420.0,
    "area_m2": 4_199_999.99,
    "investment_total": 1_851_000.0,
    "investment_note": "概算",
    "source": "计划访谈",
    "source_url": "example.org/a?b=1",
    "source_date": date(2025, 3, 10),
    "remarks": "圆形。",
    "remarks_en": "A circle.",
    "park_type": "plant",
}

Rows = dict[str, dict[str, Any]]
FINE = ("1.5 3.5", "7.5")
"""Dash and width of the dots along a schematic outline."""


def layer_of(layer_id: str, kind: str, zh: str, geometry: str, rows: Rows, **more: Any) -> MapLayer:
    line_means = "centreline" if geometry == "line" else None
    layer = Layer.model_validate(
        {"id": layer_id, "kind": kind, "title": {"zh": zh, "en": layer_id}, "geometry": geometry}
        | {"line_means": line_means, "name_column": "name", "name_en_column": "name_en"}
        | {"source": {"zh": "测试自绘", "en": "Drawn for a test"}, "source_date": "2025-01-15"}
        | more
    )
    return MapLayer(layer, gpd.GeoDataFrame(list(rows.values()), index=list(rows), crs="EPSG:4490"))


def row(name: str, name_en: str, geometry: Any, trust: dict[str, Any], **more: Any) -> Any:
    accuracy = None if geometry is None else more.pop("accuracy", 3000.0)
    own = {"name": name, "name_en": name_en, **trust, "geometry_accuracy_m": accuracy}
    return own | more | {"geometry": geometry}


def sketch_layers() -> tuple[MapLayer, ...]:
    parks = {
        "p1": row("东园", "East", box(123.0, 41.0, 123.02, 41.01), DRAWN, **WHOLE),
        "p2": row("西园", "West", box(122.96, 41.0, 122.98, 41.02), GUESSED),
        "p3": row("北园", "North", box(123.0, 41.03, 123.02, 41.045), MEASURED, accuracy=0.5),
        "p4": row("未定园", "Unsited", None, UNKNOWN),
    }
    roads = {
        "r1": row("远路", "Far road", LineString([(122.95, 40.99), (127, 41.03)]), GUESSED)
        | {"declared_length_km": 174.659, "length_m": 345_723.65},
        "r2": row("近路", "Near road", LineString([(122.99, 41.05), (123.03, 41.03)]), MEASURED),
    }
    gas = {
        "g1": row("示意管", "Sketched pipe", LineString([(122.97, 40.96), (123.03, 40.96)]), DRAWN),
        "g2": row("实测管", "Surveyed pipe", LineString([(122.97, 40.97), (123, 40.97)]), MEASURED),
    }
    posts = {"w1": row("门站", "Gate station", Point(123.04, 40.98), MEASURED, accuracy=5.0)}
    counties = {
        "c1": row("甲县", "County A", box(122.9, 40.9, 123.01, 41.1), MEASURED),
        "c2": row("乙县", "County B", box(123.01, 40.9, 123.1, 41.1), MEASURED),
    }
    rivers = {
        "k1": row("沙河", "Sha River", LineString([(122.9, 40.98), (123.1, 40.975)]), GUESSED),
        "k2": row("辽河", "Liao River", None, UNKNOWN),
    }
    places = {
        "t1": row("东镇", "East Town", Point(123.01, 41.0052), MEASURED),
        "t2": row("参考点", "Reference", Point(122.99, 40.985), GUESSED),
        "t3": row("南镇", "South Town", Point(123.07, 40.955), MEASURED),
    }
    return (
        layer_of("parks", "industrial_park", "园区", "area", parks),
        layer_of("roads", "highway", "公路", "line", roads),
        layer_of("gas", "gas_pipeline", "管道", "line", gas),
        layer_of("posts", "generic", "站点", "point", posts),
        layer_of("rivers", "river_centreline", "河流", "line", rivers, role="context"),
        layer_of("places", "place", "地名", "point", places, role="context"),
        layer_of("counties", "admin_boundary", "县界", "area", counties, role="context"),
    )


def shared(left_id: str, right_id: str, right_layer: str, at: Any) -> dict[str, Any]:
    names = {"left_name": left_id, "right_name": right_id}
    sides = {"left_layer": "parks", "left_id": left_id, "right_layer": right_layer} | names
    return sides | {"right_id": right_id, "length_m": 640.0, "right_ratio": 0.25, "geometry": at}


@pytest.fixture
def sketch() -> MapContent:
    rows = [
        shared("p1", "r1", "roads", LineString([(123.0, 41.0002), (123.02, 41.001)])),
        shared("p3", "r2", "roads", LineString([(123.0, 41.045), (123.02, 41.035)])),
    ]
    run = RunRecord("geoplan tests", datetime(2025, 4, 1, tzinfo=UTC), ())
    found = gpd.GeoDataFrame(rows, crs="EPSG:4490")
    plan = Plan(
        id="sketch",
        title=Text(zh="示意规划", en="Sketched plan"),
        extent=(122.95, 40.95, 123.05, 41.05),
        measuring_plane="EPSG:4550",
        data_date=date(2025, 3, 31),
        attribution=Text(zh="测试", en="Tests"),
        note=Text(zh="说明" * 60, en="a note " * 40),
    )
    return MapContent(plan, sketch_layers(), Result("overlap", found, {}, (), run))


@pytest.fixture
def page(open_page: OpenPage, sketch: MapContent) -> Page:
    return open_page(planner_page(sketch), reduced_motion="reduce")


def drawn(page: Page, layer: str) -> list[dict[str, str]]:
    """Return the attributes of every path of a layer, in the order in which it is drawn."""
    found: list[dict[str, str]] = page.locator(f".leaflet-layer-{layer}-pane path").evaluate_all(
        "all => all.map((one) => Object.fromEntries([...one.attributes].map("
        "(its) => [its.name, its.value])))"
    )
    return found


def choose(page: Page, layer: str, name: str) -> None:
    page.get_by_role("button", name=f"展开要素清单：{layer}").press("Enter")
    page.locator(".member", has_text=name).first.press("Enter")
    expect(page.locator("#details h2")).to_be_focused()


def facts(table: Locator) -> dict[str, str]:
    cells = table.locator("tr").all()
    return {row.locator("th").inner_text(): row.locator("td").inner_text() for row in cells}


def test_context_has_its_own_group_and_is_switched_like_a_layer(page: Page) -> None:
    legend = page.locator("section[data-tab=layers]")
    titles = legend.locator(".layers:not(.context) .title").all_inner_texts()
    assert titles[1:] == ["园区", "公路", "管道", "站点"]
    expect(legend.locator("h3")).to_have_text("底图")
    context = legend.locator(".layers.context")
    assert context.locator(".title").all_inner_texts() == ["河流", "地名", "县界"]
    assert len(drawn(page, "counties")) == 2
    context.get_by_label("县界", exact=True).uncheck()
    assert drawn(page, "counties") == []
    expect(page.locator(".name", has_text="甲县")).to_have_count(0)


def test_context_is_not_counted_among_what_has_no_position(page: Page) -> None:
    section = page.locator("section[data-tab=unlocated]")
    expect(section.locator("h2 .count")).to_have_text("1")
    expect(section.locator(".member")).to_have_text("未定园")


def test_context_lies_beneath_the_plan_and_is_thin(page: Page) -> None:
    depth = {
        layer: page.locator(f".leaflet-layer-{layer}-pane").evaluate("(one) => one.style.zIndex")
        for layer in ("counties", "rivers", "places", "parks", "roads", "posts")
    }
    assert max(map(int, (depth["counties"], depth["rivers"], depth["places"]))) < min(
        map(int, (depth["parks"], depth["roads"], depth["posts"]))
    )
    boundary = drawn(page, "counties")[0]
    assert (boundary["fill"], boundary["stroke-width"]) == ("none", "1")
    assert boundary["stroke"] == symbols()["admin_boundary"].stroke
    dots, ground, river, _ = drawn(page, "rivers")
    assert float(river["stroke-width"]) < 2
    assert float(ground["stroke-width"]) < float(dots["stroke-width"]) < 5


@pytest.mark.parametrize("zoom", [12, 13, 15])
def test_names_of_context_give_way_to_the_plans(page: Page, zoom: int) -> None:
    page.evaluate("(zoom) => map_planner.setView([41.004, 123.01], zoom)", zoom)
    covered = page.evaluate(
        """() => {
            const boxes = (css) => [...document.querySelectorAll(css)].map(
                (one) => one.firstElementChild.getBoundingClientRect());
            const meet = (a, b) => a.left < b.right && b.left < a.right
                && a.top < b.bottom && b.top < a.bottom;
            const context = boxes(".name-context");
            return boxes(".name:not(.name-context), .number").filter(
                (mine) => context.some((other) => meet(mine, other))).length;
        }"""
    )
    assert covered == 0
    expect(page.locator(".name", has_text="东园")).to_be_visible()


def test_a_point_is_clicked_and_reached_by_keyboard(page: Page) -> None:
    page.locator(".leaflet-layer-posts-pane path").click()
    expect(page.locator("#details h2")).to_have_text("门站")
    page.keyboard.press("Escape")
    page.locator(".leaflet-layer-places-pane path").nth(2).click()
    expect(page.locator("#details h2")).to_have_text("南镇")
    page.keyboard.press("Escape")
    choose(page, "站点", "门站")
    expect(page.locator("#details h2")).to_have_text("门站")
    assert page.evaluate("map_planner.getZoom()") <= 14


def test_schematic_has_dots_on_both_sides_and_estimated_is_lighter(page: Page) -> None:
    dots, more_dots, ground, more_ground, sketched, guessed, surveyed = drawn(page, "parks")
    for one in (dots, more_dots):
        assert (one["stroke-dasharray"], one["stroke-width"], one["fill"]) == (*FINE, "none")
        assert one["stroke"] == symbols()["industrial_park"].stroke
    assert ground["stroke"] == more_ground["stroke"] == "#FFFFFF"
    assert sketched["stroke-dasharray"] == "7 5"  # it is planned; the other two do not say
    assert "stroke-dasharray" not in guessed
    assert "stroke-dasharray" not in surveyed
    for opacity in ("stroke-opacity", "fill-opacity"):
        assert float(guessed[opacity]) < float(sketched[opacity]) == float(surveyed[opacity])
    dots, ground, _, _, far, near, far_core, near_core, *_ = drawn(page, "roads")
    assert (dots["stroke-dasharray"], dots["stroke-width"]) == ("1.5 3.5", "11")
    assert float(ground["stroke-width"]) == pytest.approx(7.48)
    assert not any("stroke-dasharray" in one for one in (far, near, far_core, near_core))
    assert float(far["stroke-opacity"]) < float(near["stroke-opacity"])
    dots, ground, _, _, casing, other_casing, core, other_core, *_ = drawn(page, "gas")
    assert casing.get("stroke-dasharray") is other_casing.get("stroke-dasharray") is None
    assert core["stroke-dasharray"] == other_core["stroke-dasharray"] == "10 6"


def test_the_legend_names_each_sign_that_occurs_and_no_other(page: Page) -> None:
    signs = page.locator(".sign")
    names = [text.split("：")[0].strip() for text in signs.all_inner_texts()]
    assert names == ["短划", "实线", "两侧细点", "浅色"]
    assert signs.nth(1).inner_text().endswith("状态未公布")
    for sign in signs.all():
        assert sign.locator("svg").count() >= 1
    page.locator("[data-lang=en]").click()
    for place, word in enumerate(("planned", "not published", "schematic", "estimated")):
        expect(signs.nth(place)).to_contain_text(word)


@pytest.fixture
def every_look() -> MapContent:
    """Every status, surveyed and sketched, as an area, three kinds of line, and a point."""
    shapes: dict[str, Callable[[float, float], Any]] = {
        "parks": lambda x, y: box(x, y, x + 0.006, y + 0.003),
        "roads": lambda x, y: LineString([(x, y), (x + 0.005, y + 0.002)]),
        "gas": lambda x, y: LineString([(x, y + 0.003), (x + 0.006, y)]),
        "other": lambda x, y: LineString([(x, y), (x + 0.006, y + 0.001)]),
        "posts": lambda x, y: Point(x, y),
    }
    kinds = ("industrial_park", "highway", "gas_pipeline", "generic", "gas_facility")
    titles = ("园区", "公路", "管道", "其他", "站点")
    layers = []
    for place, (name, shape) in enumerate(shapes.items()):
        rows = {
            f"{status}-{method}": row(
                f"{status} {method}", "", shape(122.96 + at * 0.012, 40.96 + place * 0.015),
                {"geometry_method": method, "coordinate_basis": "sourced"}, status=status,
            )
            for at, (method, status) in enumerate(product(("survey", "schematic"), ON_PAPER))
        }  # fmt: skip
        geometry = {"parks": "area", "posts": "point"}.get(name, "line")
        layers.append(layer_of(name, kinds[place], titles[place], geometry, rows))
    plan = Plan(
        id="looks",
        title=Text(zh="图例样张", en="Every look"),
        extent=(122.95, 40.95, 123.1, 41.04),
        measuring_plane="EPSG:4550",
        data_date=date(2025, 3, 31),
        attribution=Text(zh="测试", en="Tests"),
    )
    return MapContent(plan, tuple(layers))


# from the table in symbols.toml, by hand: outline, highway, pipeline's casing and core, plain
# line, outline of a mark (its pen times 1.8 px), whether the mark is empty
ON_PAPER: dict[str, tuple[str, str, str, str, str, str, bool]] = {
    "planned": ("7 5", "16 10", "20 10", "8 4 8 10", "12 9", "7.2 3.6", True),
    "approved": ("16 4", "30 8", "32 8", "8 4 8 4 8 8", "24 6", "", True),
    "under_construction": (
        "12 3.5 2 3.5", "22 6 6 6", "20 6 6 6", "8 4 8 6 6 6", "18 5 4 5", "7.2 3.6", False,
    ),
    "built": ("", "", "", "10 6", "", "", False),
    "retired": ("2 6", "6 15", "5 15", "5 15", "3 10", "1.8 3.6", True),
}  # fmt: skip


def of(column: int) -> list[str]:
    """Return the dashes of every status, surveyed and then sketched."""
    return [str(looks[column]) for looks in ON_PAPER.values()] * 2


def dash(paths: list[dict[str, str]]) -> list[str]:
    return [one.get("stroke-dasharray", "") for one in paths]


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_each_status_keeps_its_dash_beside_the_dots_of_its_method(
    open_page: OpenPage, every_look: MapContent, width: int, height: int
) -> None:
    page = open_page(planner_page(every_look), width, height, reduced_motion="reduce")
    n = len(ON_PAPER)
    parks = drawn(page, "parks")
    assert dash(parks) == [FINE[0]] * n + [""] * n + of(0)
    roads = drawn(page, "roads")
    assert dash(roads)[: 8 * n] == [FINE[0]] * n + [""] * n + [""] * 2 * n + of(1) + of(1)
    gas = drawn(page, "gas")
    assert dash(gas)[4 * n : 8 * n] == of(2) + of(3)
    other = drawn(page, "other")
    assert dash(other)[4 * n : 6 * n] == of(4)
    posts = drawn(page, "posts")
    assert dash(posts)[:n] == [FINE[0]] * n
    assert [re.sub(r"(\.\d)\d+", r"\1", one) for one in dash(posts)[n:]] == of(5)
    white = [one["fill"] == "#FFFFFF" for one in posts[n:]]
    assert white == [looks[6] for looks in ON_PAPER.values()] * 2


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_legend_names_every_look_on_a_phone(
    open_page: OpenPage, every_look: MapContent, lang: str
) -> None:
    page = open_page(planner_page(every_look, lang="en" if lang == "en" else "zh"), 390, 844)
    names = [sign.get_attribute("data-sign") or "" for sign in page.locator(".sign").all()]
    assert names == [*(f"status-{status}" for status in ON_PAPER), "schematic"]
    words = {
        "zh": ("规划", "已批", "在建", "建成", "停用", "示意"),
        "en": ("planned", "approved", "under construction", "built", "retired", "schematic"),
    }[lang]
    for sign, word in zip(page.locator(".sign").all(), words, strict=True):
        expect(sign).to_contain_text(word)
        assert sign.locator("svg").count() == 3  # an area, a point, a line
        its = sign.bounding_box()
        assert its is not None
        assert its["x"] + its["width"] <= 390
        swatch = sign.locator("svg").last.bounding_box()
        label = sign.locator("span").last.bounding_box()
        assert swatch is not None
        assert label is not None
        assert swatch["x"] + swatch["width"] <= label["x"]


def test_a_surveyed_plan_has_neither_signs_nor_banner(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(content))
    expect(page.locator(".sign")).to_have_count(0)
    expect(page.locator("#banner")).to_be_hidden()
    expect(page.locator(".pill", has_text="仅供参考")).to_have_count(0)


@pytest.mark.parametrize("width", [1366, 390])
def test_the_banner_stays_and_covers_nothing(
    open_page: OpenPage, sketch: MapContent, width: int
) -> None:
    page = open_page(planner_page(sketch), width=width, height=844)
    banner = page.locator("#banner")
    for lang, words in (("zh", "示意"), ("en", "chematic")):
        page.locator(f"[data-lang={lang}]").click()
        expect(banner).to_be_in_viewport(ratio=1)
        assert words in banner.inner_text()
        assert "approval" in banner.inner_text() or "审批" in banner.inner_text()
        assert page.evaluate("document.documentElement.scrollWidth") == width
        mine, header, below = (
            page.locator(css).bounding_box() for css in ("#banner", "header", "#map_planner")
        )
        assert mine is not None
        assert header is not None
        assert below is not None
        assert header["y"] + header["height"] <= mine["y"] + 0.5
        assert mine["y"] + mine["height"] <= below["y"] + 0.5
        assert below["height"] >= 0.38 * 844
    page.emulate_media(media="print")
    expect(banner).to_be_in_viewport(ratio=1)


def test_details_begin_with_the_essentials_in_their_order(page: Page) -> None:
    choose(page, "园区", "东园")
    tables = page.locator("#details .facts")
    assert facts(tables.nth(0)) == {
        "编号": "p1",
        "名称": "东园\nEast",
        "别名": "东区、东园",
        "建设状态": "规划\n2025 start",
        "平面精度 m": "±3,000 m",
        "坐标依据": "推算",
        "几何获取方式": "示意",
    }
    assert tables.nth(1).locator("th, td").all_inner_texts() == (
        ["", "公布值", "图上值", "面积", "420 公顷", "420.00 公顷\n4,200,000 m²"]
    )
    assert facts(tables.nth(2)) == {
        "总投资": "1,851,000 万元（185.1 亿元）\n概算",
        "来源": "计划访谈",
        "来源链接": "example.org/a?b=1",
        "来源日期": "2025-03-10",
        "备注": "圆形。",
    }
    assert facts(tables.nth(3)) == {"lanes": "4", "园区类型": "工厂"}
    assert page.locator("#details a").count() == 0


def test_details_speak_english(page: Page) -> None:
    choose(page, "园区", "东园")
    page.locator("[data-lang=en]").click()
    details = page.locator("#details")
    expect(details.locator("h2")).to_have_text("East")
    for text in ("planned", "derived", "schematic", "18.51 billion CNY", "A circle.", "Published"):
        expect(details).to_contain_text(text)
    expect(details).not_to_contain_text("圆形")


def test_what_is_not_published_says_so(page: Page) -> None:
    choose(page, "园区", "未定园")
    told = facts(page.locator("#details .facts").nth(0))
    assert told["建设状态"] == told["平面精度 m"] == told["坐标依据"] == "未公布"
    missing = page.locator("#details .figures .missing").all_inner_texts()
    assert missing == ["未公布", "未量算"]


def test_a_length_is_shown_as_published_and_as_drawn(page: Page) -> None:
    choose(page, "公路", "远路")
    figures = page.locator("#details .figures tbody").locator("th, td").all_inner_texts()
    assert figures == ["长度", "174.659 km", "345.724 km\n345,723.65 m"]


def test_overlaps_of_schematic_features_are_marked_with_their_accuracy(page: Page) -> None:
    sketched, surveyed = page.locator(".finding").all()
    expect(sketched.locator(".pill")).to_have_text("仅供参考")
    assert sketched.locator(".accuracy").all_inner_texts() == ["±3,000 m", "±3,000 m"]
    expect(surveyed.locator(".pill")).to_have_count(0)
    expect(surveyed.locator(".accuracy")).to_have_count(0)
    sketched.click()
    expect(page.locator("#details .notice")).to_have_text("示意几何，结果仅供参考。")
    assert page.locator("#details .trust").all_inner_texts() == [
        "±3,000 m · 示意 · 推算",
        "±3,000 m · 示意 · 估计",
    ]
    surveyed.click()
    expect(page.locator("#details .notice")).to_have_count(0)


def test_the_first_view_is_not_stretched_by_what_leads_far_away(page: Page) -> None:
    west, south, east, north = page.evaluate(
        "map_planner.getBounds().toBBoxString().split(',').map(Number)"
    )
    assert west < 122.95
    assert 123.05 < east < 123.3
    assert south < 40.97
    assert north > 41.045


def test_every_column_of_the_repository_has_a_label_and_every_code_its_words() -> None:
    catalogue = Catalogue.parse(LAYERS)
    for layer in catalogue.values():
        if layer.source_file is None:
            continue
        schema = catalogue.schema(layer)
        source = tomllib.loads((LAYERS / layer.source_file).read_text(encoding="utf-8"))
        assert [name for name in source["columns"] if schema.field(name) is None] == [], layer.id
        for feature in source["feature"]:
            for column, value in (feature["attributes"] | source.get("defaults", {})).items():
                field = schema.field(column)
                assert field is not None
                known = {one.code for one in field.values}
                assert field.open or not known or value in known, (layer.id, column, value)
        words = [one.label.en for field in schema.fields for one in field.values]
        assert not any(re.search(r"[\u4e00-\u9fff]", word) for word in words)
