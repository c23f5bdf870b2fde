"""The pages of the service in a real browser: what others wrote stays text; keys and phones do."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import geopandas as gpd
import pytest
import shapely
from geoplan_api import create_app
from playwright.sync_api import Browser, Page, expect

from geoplan import Catalogue
from geoplan.i18n import phrase
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage
from tests.browser.conftest import _note_console
from tests.browser.test_nothing_runs import HOSTILE
from tests.service.conftest import running

pytestmark = pytest.mark.browser

EVERY = " ".join(HOSTILE)
Open = Callable[..., Page]
RULES = """id = "own"
title = {{ zh = {text}, en = {text} }}
version = "1"
jurisdiction = {{ zh = {text}, en = {text} }}

[[rule]]
id = "OWN-01"
title = {{ zh = {text}, en = {text} }}
meaning = {{ zh = {text}, en = {text} }}
subject = "generic"
object = "generic"
demand = {{ kind = "setback", distance_m = 77.5, measured_from = "centreline" }}
severity = "notice"
[rule.basis]
law = {{ zh = {text}, en = {text} }}
article = {text}
source_url = "https://example.org/a?b='\\"<i>"
confidence = "memory"
"""


@pytest.fixture(scope="module")
def town_base(town: Catalogue) -> Iterator[str]:
    with running(create_app(town, Settings())) as base:
        yield base


@pytest.fixture(scope="module")
def hostile_base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Serve a plan whose every text would like to be markup."""
    folder = tmp_path_factory.mktemp("hostile")
    text = json.dumps(EVERY, ensure_ascii=True)
    plan = (
        f'[plan]\nid = "hostile"\ntitle = {{ zh = {text}, en = {text} }}\n'
        f'extent = [120.0, 40.0, 126.0, 43.0]\nmeasuring_plane = "EPSG:4550"\n'
        f"data_date = 2025-01-01\nattribution = {{ zh = {text}, en = {text} }}\n"
        f"note = {{ zh = {text}, en = {text} }}\n"
    )
    entries = [plan]
    for layer_id, west in (("ones", 500_000), ("others", 500_050)):
        shapes = [shapely.box(west + 200 * at, 0, west + 200 * at + 100, 100) for at in range(13)]
        shapes = [shapely.affinity.translate(shape, 0, 4_550_000) for shape in shapes]
        values = {"name": HOSTILE, "name_en": HOSTILE, "<b onclick=x>'\"": HOSTILE}
        frame = gpd.GeoDataFrame(values, geometry=shapes, crs=4550)
        frame.index = HOSTILE
        write_geopackage(
            folder / f"{layer_id}.gpkg", layer_id, frame, id_column="code", identifier=layer_id,
            description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        entries.append(
            f'[[layer]]\nid = "{layer_id}"\nkind = "generic"\ngeometry = "area"\n'
            f'id_column = "code"\nname_column = "name"\nname_en_column = "name_en"\n'
            f"title = {{ zh = {text}, en = {text} }}\nsource = {{ zh = {text}, en = {text} }}\n"
            f"source_date = 2025-01-01\n"
        )
    (folder / "catalogue.toml").write_text("\n".join(entries), encoding="utf-8")
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(RULES.format(text=text), encoding="utf-8")
    with running(create_app(Catalogue.open(folder), Settings())) as base:
        yield base


@pytest.fixture
def open_at(browser: Browser, trouble: list[str]) -> Iterator[Open]:
    """Open an address; a request elsewhere, an error or a warning fails the test."""
    contexts = []

    def open_(base: str, path: str, width: int = 1366, height: int = 768, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        contexts.append(context)
        context.set_default_timeout(8_000)
        page = context.new_page()
        page.on("request", lambda sent: _note(trouble, sent.url, base))
        page.on("console", lambda said: _note_console(trouble, said.type, said.text))
        page.on("pageerror", lambda error: trouble.append(f"error: {error}"))
        page.goto(base + path)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert trouble == []


def _note(trouble: list[str], url: str, base: str) -> None:
    if not url.startswith((base, "blob:", "data:")):
        trouble.append(f"request: {url}")


def _nothing_ran(page: Page) -> None:
    assert page.evaluate("window.pwned") is None
    strangers = "iframe, img, [onerror], [onload], [onclick], script:not([src]):not([type])"
    assert page.locator(f"body :is({strangers})").count() == 0
    svg = page.locator("main svg").evaluate_all(
        "all => all.filter((one) => one.attributes.onload).length"
    )
    assert svg == 0


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_threat_15_a_hostile_text_is_shown_and_runs_nothing_on_any_page(
    open_at: Open, hostile_base: str, sealed: bool, trouble: list[str]
) -> None:
    page = open_at(hostile_base, "/", bypass_csp=not sealed)
    paths = [
        "/",
        "/collections",
        "/collections/ones",
        "/collections/ones/schema",
        "/processes",
        "/api",
        "/rules?pack=own",
        "/rules/OWN-01?pack=own",
        f"/collections/ones/items?filter={quote(EVERY)}&limit=13",
        f"/nothing/{quote(EVERY)}",
    ]
    for path in paths[-3:] if sealed else paths:
        page.goto(hostile_base + path)
        _nothing_ran(page)
        assert EVERY in page.evaluate("document.body.textContent"), path
    for text in HOSTILE[:1] if sealed else HOSTILE[::3]:
        page.goto(f"{hostile_base}/collections/ones/items/{quote(text, safe='')}")
        assert page.locator("h1").evaluate("(one) => one.textContent") == text
        _nothing_ran(page)
    assert ["400" in said or "404" in said for said in trouble] == [True, True]
    trouble.clear()


def test_threat_15_a_hostile_text_is_inert_on_map_and_in_results(
    open_at: Open, hostile_base: str
) -> None:
    page = open_at(hostile_base, "/collections/ones/items", bypass_csp=True)
    page.wait_for_selector("path.leaflet-interactive")
    assert _texts(page, "tbody th") == HOSTILE_IN_ORDER
    assert sorted(_popups(page)) == sorted(HOSTILE)
    _nothing_ran(page)
    page.goto(f"{hostile_base}/processes/overlap")
    page.locator("#run button").first.click()
    page.wait_for_selector("#result table tbody tr")
    shown = page.evaluate(
        "[...document.querySelectorAll('#result td')].map((one) => one.textContent)"
    )
    assert set(HOSTILE) <= set(shown)
    assert all(any(text in popup for popup in _popups(page)) for text in HOSTILE)
    _nothing_ran(page)


def test_threat_15_a_report_of_hostile_texts_is_inert(open_at: Open, hostile_base: str) -> None:
    page = open_at(hostile_base, "/processes/check", locale="en", bypass_csp=True)
    page.get_by_label("cn-national").uncheck()
    page.get_by_label("own", exact=True).check()
    page.get_by_label("F Matrix of conflicts").check()
    page.locator("#run button").first.click()
    # what was not checked, the findings, F, F by layers
    expect(page.locator("#result .wide")).to_have_count(4)
    assert EVERY in (page.locator("#result").text_content() or "")
    heads = page.locator("#result h3").all_text_contents()
    assert {phrase("table.F", "en"), phrase("table.F-layers", "en")} <= set(heads)
    _nothing_ran(page)


HOSTILE_IN_ORDER = sorted(HOSTILE, key=lambda text: text.encode())


def _texts(page: Page, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).evaluate_all(
        "all => all.map((one) => one.textContent)"
    )
    return found


def _popups(page: Page) -> list[str]:
    """Open the popup of everything on the map."""
    found: list[str] = page.evaluate(
        """async () => {
            const told = [];
            for (const path of document.querySelectorAll("path.leaflet-interactive")) {
                const at = path.getBoundingClientRect();
                const where = {clientX: at.x + at.width / 2, clientY: at.y + at.height / 2};
                for (const name of ["mousedown", "mouseup", "click"]) {
                    path.dispatchEvent(new MouseEvent(name, {bubbles: true, ...where}));
                }
                await new Promise((done) => setTimeout(done, 0));
                const shown = [...document.querySelectorAll(".leaflet-popup-content")].pop();
                told.push(shown.textContent);
            }
            return told;
        }"""
    )
    return found


def test_a_process_is_run_by_keys_alone(open_at: Open, town_base: str) -> None:
    page = open_at(town_base, "/processes/overlap", locale="en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    seen: list[str] = []
    for layer in ("Industrial parks", "Scenic areas"):
        _tab_to(page, "select", seen)
        page.keyboard.type(layer)
    _tab_to(page, "button", seen)
    page.keyboard.press("Enter")
    expect(page.locator("#result table").last).to_be_visible()
    assert "skip" not in seen
    assert page.evaluate("document.activeElement.id") == "result"
    rows = page.locator("#result .wide tbody tr")
    assert rows.count() == 3
    # 400 m × 300 m of IP-1, of its 600,000 m²: examples/town/README.md
    first = rows.first.text_content() or ""
    assert "20.0 %" in first
    assert "North park" in first
    expect(page.locator("#result .map path").first).to_be_visible()
    assert page.locator("#result a[download]").get_attribute("download") == "overlap.json"
    assert '"layers":["industrial-parks","scenic-areas"]' in (
        page.locator("pre.curl").text_content() or ""
    )


def test_a_figure_is_made_by_its_form(open_at: Open, town_base: str, trouble: list[str]) -> None:
    """The form has a button for each form of a document, and hands the file over."""
    page = open_at(town_base, "/processes/figure", locale="en")
    page.uncheck("#input-check")
    page.fill("#input-size_mm", "120, 90")
    page.get_by_role("button", name="Run and download SVG").click()
    link = page.locator("#result a[download]")
    expect(link).to_have_attribute("download", "figure.svg")
    with page.expect_download() as started:
        link.click()
    svg = started.value.path().read_text(encoding="utf-8")
    assert 'width="120mm" height="90mm"' in svg
    page.select_option("#input-sheet", "atlas")
    page.check("#input-check")
    page.get_by_role("button", name="Run and download PNG").click()
    expect(page.locator("#result")).to_contain_text("it comes as pdf")
    assert ["400" in said for said in trouble] == [True]
    trouble.clear()


def _tab_to(page: Page, tag: str, seen: list[str]) -> None:
    """Tab on to the next element of a kind; whatever has the focus on the way shows it."""
    for _ in range(40):
        page.keyboard.press("Tab")
        name, outline, class_ = page.evaluate(
            """() => { const one = document.activeElement;
                return [one.localName, getComputedStyle(one).outlineStyle, one.className]; }"""
        )
        seen.append(class_)
        assert outline != "none", name
        if name == tag:
            return
    pytest.fail(f"no {tag} within 40 tabs")


def test_what_is_wrong_with_an_input_stands_beside_it(
    open_at: Open, town_base: str, trouble: list[str]
) -> None:
    page = open_at(town_base, "/processes/site-check", locale="en")
    page.locator("#run button").first.click()
    expect(page.locator("#wrong-geometry")).to_have_text("A valid value is needed here.")
    page.fill("#input-geometry", '{"type": "Point", "coordinates": [123.0, 41.09]}')
    page.fill("#input-within_m", "-3")
    page.locator("#run button").first.click()
    expect(page.locator("#wrong-within_m")).to_contain_text("greater than or equal to 0")
    assert page.evaluate("document.activeElement.id") == "input-within_m"
    expect(page.locator("#wrong-geometry")).to_be_hidden()
    assert ["422" in said for said in trouble] == [True]
    trouble.clear()
    page.fill("#input-within_m", "150")
    page.locator("#run button").first.click()
    expect(page.locator("#result .wide tbody tr").first).to_be_visible()
    # of the point in the middle of nothing each layer is told, and why it is not clear
    heads = page.locator("#result h3").all_text_contents()
    assert {"Totals", "By layer", "By raster", "By feature"} <= set(heads)
    layers = page.locator("#result .wide").first.locator("tbody tr")
    told = {row[0]: row[1] for row in (
        one.split("\t") for one in layers.evaluate_all(
            "(rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent).join('\t'))"
        )
    )}  # fmt: skip
    assert told["Industrial parks"] == "uncertain"  # IP-4 has no position
    assert len(told) == 5
    assert "layers uncertain" in (page.locator("#result .facts").first.text_content() or "")


PHONE = (
    "/", "/collections", "/collections/highways", "/collections/highways/schema",
    "/collections/industrial-parks/items", "/collections/industrial-parks/items/IP-1",
    "/collections/industrial-parks/items?filter=(", "/processes", "/processes/chainage",
    "/rules", "/rules/HWY-07", "/api", "/conformance", "/nothing",
)  # fmt: skip


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
def test_a_phone_scrolls_one_way_only(
    open_at: Open, town_base: str, lang: str, trouble: list[str]
) -> None:
    page = open_at(town_base, PHONE[0], width=390, height=844, locale=lang)
    for path in PHONE:
        page.goto(town_base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390, path
    page.goto(town_base + "/api")
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # the two that are answered 400 and 404 say so on the console
    assert all("400" in said or "404" in said for said in trouble)
    assert len(trouble) == 2
    trouble.clear()


def test_paper_shows_the_table_and_no_ways_around(open_at: Open, town_base: str) -> None:
    page = open_at(town_base, "/collections/industrial-parks/items")
    page.emulate_media(media="print")
    expect(page.locator(".told table")).to_be_visible()
    for selector in ("header nav", "form", ".lang"):
        expect(page.locator(selector).first).to_be_hidden()


def test_without_scripts_the_page_says_what_to_do(open_at: Open, town_base: str) -> None:
    page = open_at(town_base, "/processes/overlap", java_script_enabled=False, locale="en")
    expect(page.locator("noscript .note")).to_contain_text("run the curl command below")
    expect(page.locator("#run")).to_be_hidden()
    expect(page.locator("pre.curl")).to_be_visible()
    page.goto(town_base + "/collections/industrial-parks/items")
    expect(page.locator("noscript .note")).to_be_visible()
    expect(page.locator(".told tbody tr")).to_have_count(4)
    page.locator(".lang").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-CN")
