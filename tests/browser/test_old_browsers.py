"""The floor is ES2020 and Chromium 86: what our scripts and styles say is no younger."""

from __future__ import annotations

import hashlib
import re
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

WEB = Path(str(files("geoplan.webmap"))) / "web"
ACORN = Path(__file__).with_name("acorn")
SCRIPTS = sorted((WEB / "js").rglob("*.js"))
STYLES = sorted((WEB / "css").glob("*.css"))
YOUNGER = re.compile(
    # methods that came after Chromium 86, but for those of our own of the same name
    r"(?<!this)\.at\(-|\.replaceAll\(|\bObject\.(?:hasOwn|groupBy)\b|\bstructuredClone\b"
    r"|\.findLast(?:Index)?\(|\.to(?:Sorted|Reversed|Spliced)\(|\bAggregateError\b|\bPromise\.any\b"
    r"|\bWeakRef\b|\bcrypto\.randomUUID\b|\bshowModal\b|\.requestSubmit\b|\.checkVisibility\("
)
YOUNGER_STYLE = re.compile(
    r"\binset\s*:|\baspect-ratio\s*:|:has\(|@container|@layer|\bcolor-mix\(|\boklch\(|&\s*[.:>]"
)
PARSE = """(texts) => texts.map((text) => {
    try { acorn.parse(text, { ecmaVersion: 2020, sourceType: "script" }); return null; }
    catch (error) { return String(error); }
})"""


@pytest.fixture
def parsed(browser: Browser) -> Any:
    page = browser.new_page()
    page.add_script_tag(content=(ACORN / "acorn.js").read_text("utf-8"))
    yield lambda texts: page.evaluate(PARSE, texts)
    page.close()


def test_the_parser_is_as_published() -> None:
    listed = tomllib.loads((ACORN / "VENDORED.toml").read_text("utf-8"))["file"]
    for one in listed:
        content = (ACORN / one["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == one["sha256"]


def test_scripts_parse_as_es2020(parsed: Any) -> None:
    told = parsed([path.read_text("utf-8") for path in SCRIPTS])
    wrong = {path.name: one for path, one in zip(SCRIPTS, told, strict=True) if one}
    assert wrong == {}
    assert len(SCRIPTS) > 30


def test_the_parser_refuses_what_is_younger(parsed: Any) -> None:
    older, younger = parsed(["a ?? b; a?.b;", "a ??= b;"])
    assert older is None
    assert "SyntaxError" in younger


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_scripts_call_nothing_younger(path: Path) -> None:
    assert YOUNGER.findall(path.read_text("utf-8")) == []


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_styles_use_nothing_younger(path: Path) -> None:
    assert YOUNGER_STYLE.findall(path.read_text("utf-8")) == []
