"""axe-core finds no serious or critical fault on the map, wide and narrow, closed and in use."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from geoplan.webmap import MapContent, planner_page
from tests.browser.conftest import OpenPage

GRAVE = ("serious", "critical")


def faults(page: Page) -> list[tuple[Any, ...]]:
    found = Axe().run(page).response["violations"]
    return [
        (one["id"], node["target"], node["failureSummary"])
        for one in found
        if one["impact"] in GRAVE
        for node in one["nodes"]
    ]


@pytest.mark.parametrize(("width", "height"), [(1366, 768), (390, 844)])
def test_the_map_has_no_grave_fault(
    open_page: OpenPage, content: MapContent, width: int, height: int
) -> None:
    page = open_page(planner_page(content, lang="en"), width, height, bypass_csp=True)
    assert faults(page) == []
    page.locator("#search-text").fill("park")
    page.locator("#search-list [role=option]").first.wait_for()
    assert faults(page) == []
    page.locator("#search-list [role=option]").first.click()
    page.locator("#details h2").wait_for()
    assert faults(page) == []


def test_axe_does_find_a_fault(open_page: OpenPage, content: MapContent) -> None:
    page = open_page(planner_page(content), bypass_csp=True)
    page.evaluate("document.querySelector('#search-text').removeAttribute('aria-label')")
    page.evaluate("document.querySelector('#search-text').removeAttribute('placeholder')")
    assert [name for name, _, _ in faults(page)] == ["label"]
