"""Texts of others stay text, with the seal and without it."""

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from geoplan.webmap import MapContent, planner_page
from geoplan.webmap.seal import inline_scripts

pytestmark = pytest.mark.browser

HOSTILE = [
    "<img src=x onerror=window.pwned=1>",
    "</script><script>window.pwned=1</script>",
    "<!--<script>window.pwned=1",
    "]]><svg/onload=window.pwned=1>",
    "</title><script>window.pwned=1</script>",
    "'\"><iframe srcdoc='<script>parent.pwned=1</script>'>",
    "${window.pwned=1}",
    "{{7*7}}{% raw %}{#",
    "`+(window.pwned=1)+`",
    "javascript:window.pwned=1",
    "__proto__",
    "$& $1 \\u003cb\\u003e \u2028 \u2029",
    "&lt;b&gt;&amp;#x3c;",
]
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')


# those that could end what they stand in alone, then all of them in every place at once
@pytest.mark.parametrize("sealed", [True, False], ids=["sealed", "unsealed"])
@pytest.mark.parametrize("text", [HOSTILE[1], " ".join(HOSTILE)], ids=["one", "all"])
def test_threat_15_a_hostile_text_is_shown_and_runs_nothing(
    open_page: Callable[..., Page],
    hostile_content: Callable[[str], MapContent],
    text: str,
    sealed: bool,
) -> None:
    document = planner_page(hostile_content(text))
    if not sealed:
        document, removed = POLICY.subn("", document)
        assert removed == 1
    page = open_page(document, reduced_motion="reduce")
    touch_everything(page)
    assert page.evaluate("window.pwned") is None
    assert page.locator("iframe, body img, body script:not([type])").count() == 1
    shown = page.evaluate("[...document.querySelectorAll('td')].map((one) => one.textContent)")
    assert text in shown
    assert page.locator("#details .copyable").evaluate("(node) => node.textContent") == text
    assert page.locator("h1").evaluate("(node) => node.textContent") == text
    assert page.evaluate("document.querySelector('#attribution').textContent").count(text) == 2


def touch_everything(page: Page) -> None:
    """Open each kind of details in both languages, and hover over what is drawn."""
    page.locator(".number").first.hover()
    page.locator(".finding").first.click()
    page.locator(".zone").first.click()
    page.locator("[data-lang=en]").click()
    page.evaluate("document.querySelectorAll('.unfold').forEach((one) => one.click())")
    page.evaluate(
        """map_planner.eachLayer((layer) => {
            if (layer.getTooltip && layer.getTooltip()) layer.openTooltip();
        })"""
    )
    page.locator("[data-lang=zh]").click()
    page.locator(".member").first.click()
    expect(page.locator("#details .facts").first).to_be_visible()


def test_the_seal_names_every_script_and_allows_no_request(content: MapContent) -> None:
    document = planner_page(content)
    policy = POLICY.search(document)
    assert policy is not None
    assert document.index("<meta http-equiv") < document.index("<script")
    assert "default-src 'none'" in policy[0]
    assert policy[0].count("'sha256-") == len(inline_scripts(document))
    assert "unsafe-inline" not in policy[0].split("script-src")[1]


def test_a_script_that_is_not_ours_does_not_run_in_a_sealed_page(
    open_page: Callable[..., Page], content: MapContent, trouble: list[str]
) -> None:
    stranger = "<script>window.pwned=1</script>"
    page = open_page(planner_page(content).replace("<body>", "<body>" + stranger))
    assert page.evaluate("window.pwned") is None
    assert len(trouble) == 1
    assert "Content Security Policy" in trouble.pop()


def test_a_sealed_page_cannot_ask_a_server(
    open_page: Callable[..., Page], content: MapContent, trouble: list[str]
) -> None:
    page = open_page(planner_page(content))
    failed = page.evaluate("fetch('https://example.org/').then(() => 'sent', () => 'refused')")
    assert failed == "refused"
    assert trouble
    assert all("Content Security Policy" in said for said in trouble)
    trouble.clear()
