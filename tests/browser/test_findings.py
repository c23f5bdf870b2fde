"""The findings of a check on the page: listed, drawn, tied to each other, and never markup."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import pytest
from playwright.sync_api import Page, expect
from shapely import LineString, Point, Polygon
from shapely.affinity import translate

from geoplan.model import ReportRecord, Result
from geoplan.rules.model import Rule
from geoplan.webmap import MapContent, planner_page
from tests.browser.conftest import CRS, EAST, NORTH

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]


def rule(rule_id: str, severity: str, demand: dict[str, Any], text: str | None = None) -> Rule:
    zh, en = text or f"规则{rule_id}", text or f"Rule {rule_id}"
    both = {"zh": zh, "en": en}
    law = {"zh": text or "某条例", "en": text or "Some regulation"}
    basis = {"law": law, "article": text or "第七条", "confidence": "memory"}
    return Rule.model_validate(
        {"id": rule_id, "title": both, "meaning": both, "subject": "industrial_park"}
        | {"object": "highway", "demand": demand, "severity": severity, "basis": basis}
        | {"activity": both, "duty": both}
    )


SETBACK = {"kind": "setback", "distance_m": 100, "measured_from": "land_edge"}
NO_GROUND = {"kind": "no_overlap"}


def rules(text: str | None = None) -> dict[str, Rule]:
    made = (
        rule("AA-01", "prohibited", SETBACK, text),
        rule("AA-02", "approval_required", NO_GROUND, text),
        rule("AA-03", "notice", {"kind": "no_crossing"}, text),
        rule("AA-04", "prohibited", {"kind": "inside_only"}, text),
    )
    return {one.id: one for one in made}


def finding(number: int, rule_id: str, outcome: str, at: Any, **more: Any) -> dict[str, Any]:
    sides = {
        "subject_layer": "industrial-parks",
        "subject_id": "park-1",
        "subject_name": "城东产业园",
    }
    other = {"object_layer": "highways", "object_id": "g202", "object_name": "国道202"}
    nothing = dict.fromkeys(
        ("measured", "threshold", "margin", "pm", "uncertainty_m", "half_width_m"), float("nan")
    )
    texts = dict.fromkeys(
        ("subject_name_en", "object_name_en", "measure", "unit", "reason", "field")
    )
    more_texts = dict.fromkeys(("line", "line_basis", "chainage_from", "chainage_to", "duty_party"))
    shared = {"shared_area_m2": float("nan"), "shared_length_m": float("nan")}
    own = {"finding_id": f"f{number}", "rule_id": rule_id, "outcome": outcome}
    shape = None if at is None else translate(at, EAST, NORTH)
    return {**sides, **other, **nothing, **texts, **more_texts, **shared, **own, **more,
            "geometry": shape}  # fmt: skip


DISTANCE = {
    "measure": "distance",
    "unit": "m",
    "line": "land_edge",
    "line_basis": "land_half_width_m",
}


NUMBERS = {"f1": "C01", "f2": "C02", "f3": "C03", "f4": "C04"}


def made_check(text: str | None = None) -> Result:
    """Plain made figures: the page has to show them, not to find them."""
    named = {} if text is None else {"subject_name": text, "object_name": text, "subject_id": text}
    rows = [
        finding(1, "AA-01", "hit", LineString([(600, 100), (640.5, 110)]), **DISTANCE,
                measured=41.723, threshold=100.0, margin=-58.277, pm=2.5, half_width_m=17.5,
                chainage_from="K3+120;K5+000", chainage_to="K3+480;K5+000",
                duty_party="subject", **named),
        finding(2, "AA-02", "hit", Polygon([(0, 0), (300, 0), (300, 200)]), measure="area",
                unit="m²", measured=30_000.0, pm=450.0, shared_area_m2=30_000.0),
        finding(3, "AA-01", "uncertain", LineString([(-900, 0), (-960, 0)]), **DISTANCE,
                measured=99.9996, threshold=100.0, margin=-0.0004, pm=8.0,
                reason="within_accuracy", subject_id="park-2", subject_name="南湾产业园"),
        finding(4, "AA-03", "hit", Point(400, 500)),
        finding(5, "AA-01", "not_checked", None, reason="field_empty",
                field="object.land_half_width_m"),
        finding(6, "AA-04", "not_checked", None, reason="no_layer", field="highway",
                subject_id=None, subject_name=None, object_layer=None, object_id=None),
        finding(7, "AA-04", "not_checked", None, reason="no_layer", field="highway",
                subject_id=None, subject_name=None, object_layer=None, object_id=None),
    ]  # fmt: skip
    count = {"hit_count": 3, "uncertain_count": 1, "clear_count": 61, "not_checked_count": 3}
    part = {"rule_id": "AA-03", "subject_layer": "industrial-parks", "object_layer": "highways"}
    return Result(
        "check",
        gpd.GeoDataFrame(rows, geometry="geometry", crs=CRS),
        {},
        (),
        ReportRecord("geoplan tests", datetime(2025, 4, 1, tzinfo=UTC), (CRS,), "GP-TEST",
                     "2025-06-30", "2025-01-01", {"own 1": "0"}, {}, {}, ()),
        totals={"asked_count": 68, **count},
        parts=({**part, "asked_count": 62, **count},),
    )  # fmt: skip


@pytest.fixture
def checked(content: MapContent) -> MapContent:
    return replace(content, check=made_check(), rules=rules(), numbers=NUMBERS)


def _row(page: Page, number: int) -> Any:
    return page.locator(f"[data-finding=f{number}]")


def test_findings_show_figures_law_and_confidence(open_page: OpenPage, checked: MapContent) -> None:
    page = open_page(planner_page(checked, lang="en"))
    first = _row(page, 1)
    for said in ("C01", "prohibited · hit", "Rule AA-01", "East Park → National road 202",
                 "Distance 41.7 ± 2.5 m / threshold 100 m", "K3+120–K3+480; K5+000",
                 "Some regulation 第七条 · from memory", "subject yields and pays"):  # fmt: skip
        expect(first).to_contain_text(said)
    expect(_row(page, 2)).to_contain_text("Shared area 30,000 ± 450 m²")
    # rounded for reading, but not to the threshold that it misses
    expect(_row(page, 3)).to_contain_text("Distance 99.9996 ± 8 m / threshold 100 m")
    expect(_row(page, 3)).to_contain_text("C03?")
    expect(_row(page, 4)).to_contain_text("no figure")
    section = page.locator("section[data-tab=findings]")
    expect(section).to_contain_text("68 pairs asked")
    expect(section).to_contain_text("hit 3, uncertain 1, clear 61, not checked 3")
    expect(section).to_contain_text("Report GP-TEST, to be run again after 2025-06-30")
    expect(section).to_contain_text("Law of 2025-01-01")
    # what was not checked: the reason, what is missing, and for which rules, with confidence
    page.locator("[data-fold=not-checked] summary").click()
    fold = page.locator("[data-fold=not-checked]")
    expect(fold).to_contain_text("field empty: 1")
    expect(fold).to_contain_text("no layer of the kind: 2")
    expect(fold).to_contain_text("Highway")
    assert fold.get_by_text("from memory").count() == 2
    assert not fold.get_by_text("land_half_width_m").count()
    page.locator("[data-fold=clear] summary").click()
    expect(page.locator("[data-fold=clear]")).to_contain_text("AA-03 Rule AA-03")


def test_row_map_and_card_lead_to_each_other(open_page: OpenPage, checked: MapContent) -> None:
    page = open_page(planner_page(checked, lang="en"), reduced_motion="reduce")
    before = page.evaluate("map_planner.getZoom()")
    _row(page, 2).focus()
    page.keyboard.press("Enter")
    expect(_row(page, 2)).to_have_attribute("aria-current", "true")
    assert page.evaluate("map_planner.getZoom()") > before
    bounds = page.evaluate(
        """(() => { const b = map_planner.getBounds(), d = geoplanData.check.rows[1].anchor;
            return b.contains([d[1], d[0]]); })()""".replace(
            "geoplanData", "JSON.parse(document.getElementById('plan-data').textContent)"
        )
    )
    assert bounds
    details = page.locator("#details")
    expect(details).to_contain_text("approval required")
    expect(details.locator("h2")).to_contain_text("C02")
    for said in ("Article", "第七条", "from memory", "unknown", "f2"):
        expect(details).to_contain_text(said)
    # the number on the map leads to the row
    page.locator(".finding-label", has_text="C01").first.click()
    expect(_row(page, 1)).to_have_attribute("aria-current", "true")
    expect(details).to_contain_text("half-width 17.5 m")
    # from the finding to its feature, and back
    details.get_by_role("button", name="East Park").click()
    expect(details).to_contain_text("Findings of this feature")
    assert details.locator(".related .finding-number").all_inner_texts() == ["C01", "C02", "C04"]
    details.locator(".related button", has_text="C04").click()
    expect(_row(page, 4)).to_have_attribute("aria-current", "true")
    assert page.locator(".leaflet-findings-pane path").count() > 0


def test_severity_and_outcome_have_cues_beside_colour(
    open_page: OpenPage, checked: MapContent
) -> None:
    page = open_page(planner_page(checked))
    drawn = page.locator(".leaflet-findings-pane path")
    dashed = drawn.evaluate_all(
        "(all) => all.filter((one) => one.getAttribute('stroke-dasharray')).length"
    )
    assert dashed == 1  # F03, the only doubt
    fills = drawn.evaluate_all("(all) => all.map((one) => one.getAttribute('fill'))")
    assert "url(#cue-severity-approval_required)" in fills
    signs = page.locator(".finding-table .severity-sign").evaluate_all(
        "(all) => all.map((one) => one.firstElementChild.tagName)"
    )
    assert signs == ["circle", "path", "rect"]


def test_kinds_are_chosen_and_the_list_is_ordered(open_page: OpenPage, checked: MapContent) -> None:
    page = open_page(planner_page(checked, lang="en"))
    numbers = page.locator(".rule-finding .finding-number")
    assert numbers.all_inner_texts() == ["C01", "C02", "C03?", "C04"]
    page.locator(".finding-sort select").select_option("severity")
    assert numbers.all_inner_texts() == ["C01", "C03?", "C02", "C04"]
    counts = page.locator(".finding-count")
    assert counts.all_inner_texts() == ["1", "1", "1", "0", "1", "0"]
    drawn = page.locator(".leaflet-findings-pane path").count()
    page.locator("[data-class='prohibited:hit']").press("Space")
    assert numbers.all_inner_texts() == ["C03?", "C02", "C04"]
    assert page.locator(".leaflet-findings-pane path").count() == drawn - 3
    page.locator("[data-lang=zh]").click()
    expect(_row(page, 2)).to_contain_text("需审批 · 命中")
    expect(_row(page, 2)).to_contain_text("凭记忆")
    assert numbers.all_inner_texts() == ["C03?", "C02", "C04"]


def test_a_phone_has_a_tab_for_findings(open_page: OpenPage, checked: MapContent) -> None:
    page = open_page(planner_page(checked), 390, 844)
    page.locator("[data-tab=findings]").first.click()
    expect(_row(page, 1)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    _row(page, 1).click()
    expect(page.locator("#details")).to_contain_text("41.7 ± 2.5")


def test_a_page_without_a_check_says_nothing_of_one(content: MapContent) -> None:
    document = planner_page(content)
    assert '"check":null' in document
    assert '"severity.prohibited"' not in document


HOSTILE = (
    "<img src=x onerror=window.pwned=1></script><script>window.pwned=1</script>"
    "{{7*7}}${window.pwned=1}"
)


@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
def test_texts_of_rules_and_names_stay_text(
    open_page: OpenPage, content: MapContent, sealed: bool
) -> None:
    hostile = replace(content, check=made_check(HOSTILE), rules=rules(HOSTILE),
                      numbers=NUMBERS)  # fmt: skip
    document = planner_page(hostile)
    if not sealed:
        document = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", document)
    page = open_page(document, reduced_motion="reduce")
    page.locator(".finding-fold summary").first.click()
    page.locator(".finding-label").first.hover()
    _row(page, 1).click()
    page.locator("[data-lang=en]").click()
    assert page.evaluate("window.pwned") is None
    told = page.locator("#details td").evaluate_all("(all) => all.map((one) => one.textContent)")
    assert told.count(HOSTILE) >= 5  # meaning, law, article, activity, duty
    assert (
        page.locator("#details .side").first.evaluate("(one) => one.textContent").endswith(HOSTILE)
    )
    assert page.locator("body img, iframe, body script:not([type])").count() == 1


def test_figures_reach_the_page_as_the_check_has_them(checked: MapContent) -> None:
    document = planner_page(checked)
    found = re.search(r'id="plan-data">(.*?)</script>', document, re.DOTALL)
    assert found is not None
    rows = json.loads(found[1])["check"]["rows"]
    assert [row["measured"] for row in rows if "measured" in row] == [41.723, 30_000.0, 99.9996]
    assert rows[0]["margin"] == -58.277
    assert "threshold" not in rows[1]  # an empty cell is left out, not zero
    assert date.fromisoformat(json.loads(found[1])["check"]["run"]["expires"])
