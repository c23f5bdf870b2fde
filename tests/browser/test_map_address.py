"""The page's address, the page inside other pages, and hostile addresses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from geoplan.webmap import Frame, MapContent, planner_page

pytestmark = pytest.mark.browser
OpenPage = Callable[..., Page]
ROOT = Path(__file__).parents[2]

HOSTILE = [
    "#<img src=x onerror=window.pwned=1>",
    "#layers=<script>window.pwned=1</script>",
    "#javascript:window.pwned=1",
    "#99/41/123",
    "#14/NaN/Infinity",
    "#14/41.1e9/123",
    "#layers=__proto__,constructor&lang=toString&embed=<b>",
    "#lang=zh');window.pwned=1;('",
    "#" + "9" * 100_000,
    "#%00%ff%3Cscript%3E",
    "#layers=" + "a," * 50_000,
]


def view(page: Page) -> list[float]:
    return [
        float(number)
        for number in page.evaluate(
            "[map_planner.getZoom(), map_planner.getCenter().lat, map_planner.getCenter().lng]"
        )
    ]


def go(page: Page, fragment: str) -> None:
    page.evaluate("(hash) => { location.hash = hash; }", fragment)
    page.wait_for_timeout(50)


def test_the_address_holds_the_view_and_hostile_ones_do_nothing(
    open_page: OpenPage, content: MapContent
) -> None:
    page = open_page(planner_page(content), reduced_motion="reduce")
    go(page, "#14.5/41.1/123.01&layers=highways,overlaps&lang=en")
    assert view(page) == pytest.approx([14.5, 41.1, 123.01], abs=1e-4)
    expect(page.locator("[data-lang=en]")).to_have_attribute("aria-pressed", "true")
    checked = page.locator("input[data-layer]:checked")
    assert checked.evaluate_all("(all) => all.map((one) => one.dataset.layer)") == [
        ":overlaps",
        "highways",
    ]
    before = view(page), checked.count(), page.title()
    for fragment in HOSTILE:
        go(page, fragment)
        assert page.evaluate("window.pwned") is None
        assert (view(page), checked.count(), page.title()) == before, fragment[:40]
    page.get_by_label("Scenic areas", exact=True).check()
    page.evaluate("map_planner.setView([41.09, 123.02], 13, {animate: false})")
    page.wait_for_function("() => location.hash.startsWith('#13/41.09')")
    fragment = page.evaluate("location.hash")
    assert fragment == "#13/41.09000/123.02000&layers=scenic-areas,highways,overlaps&lang=en"
    page.reload()
    page.wait_for_selector("#sections h2")
    assert view(page) == pytest.approx([13, 41.09, 123.02], abs=1e-4)
    assert checked.count() == 3
    go(page, "#embed=1")
    for hidden in (".bar", ".tool-bar", "section[data-tab=overlaps]"):
        expect(page.locator(hidden)).to_be_hidden()
    expect(page.locator("section[data-tab=layers] .layer-row").first).to_be_visible()
    expect(page.locator("#attribution")).to_contain_text("Internal use only")


@pytest.mark.parametrize("way", ["src", "srcdoc"])
def test_the_page_works_inside_another(
    browser: Browser, content: MapContent, tmp_path: Path, way: str
) -> None:
    """Measured and drawn as a picture in a frame that may run scripts and nothing else."""
    document = planner_page(content)
    if way == "src":
        (tmp_path / "plan.html").write_text(document, encoding="utf-8")
        host = (ROOT / "examples/embedding/page.html").read_text("utf-8")
        host = host.replace("#embed=1", "#14/41.1/123.0&embed=1").replace(" allow-downloads", "")
    else:
        host = "<!DOCTYPE html>" + str(Frame(document, 'A "plan"'))
    (tmp_path / "host.html").write_text(host, encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1000, "height": 800})
    page = context.new_page()
    trouble: list[str] = []
    page.on("console", lambda said: trouble.append(said.text))
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("request", lambda sent: trouble.append(sent.url) if "html" not in sent.url else None)
    page.goto((tmp_path / "host.html").as_uri())
    frame = page.frame_locator("iframe")
    frame.locator("#sections h2").first.wait_for(state="attached")
    inside = page.frames[1]
    if way == "src":
        expect(frame.locator(".bar")).to_be_hidden()
        assert inside.evaluate("map_planner.getZoom()") == 14
    else:
        frame.locator("[data-tool=picture]").click()
        expect(frame.locator(".picture-view img")).to_be_visible()
        frame.get_by_role("button", name="关闭").click()
        before = page.evaluate("history.length")
        inside.evaluate("map_planner.setView([41.09, 123.02], 13, {animate: false})")
        page.wait_for_timeout(300)
        assert inside.evaluate("map_planner.getZoom()") == 13
        assert page.evaluate("history.length") == before
        assert inside.evaluate("location.hash").startswith("#13/41.09000/123.02000")
    assert [one for one in trouble if not one.startswith(("data:", "blob:"))] == []
    context.close()
