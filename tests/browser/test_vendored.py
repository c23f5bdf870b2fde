"""What others wrote is listed, unchanged, and nothing points to a server."""

import asyncio
import hashlib
import re
import tomllib
from importlib.resources import files
from pathlib import Path

from geoplan.webmap import MapContent, assets, planner_page

WEB = Path(str(files("geoplan.webmap"))) / "web"
OWN_SCRIPTS = sorted((WEB / "js").rglob("*.js"))
VENDORED = {
    ("Leaflet", "leaflet", "1.9.4", "BSD-2-Clause"),
    ("fflate", "fflate", "0.8.2", "MIT"),
}


def test_every_vendored_file_is_listed_with_its_checksum() -> None:
    listed = tomllib.loads((WEB / "VENDORED.toml").read_text(encoding="utf-8"))["file"]
    there = {
        path.relative_to(WEB).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in ("leaflet", "fflate")
        for path in (WEB / folder).rglob("*")
        if path.is_file()
    }
    assert {entry["path"]: entry["sha256"] for entry in listed} == there
    told = {(one["name"], one["npm"], one["version"], one["licence"]) for one in listed}
    assert told == VENDORED


def test_every_script_and_style_of_ours_is_in_the_page() -> None:
    engine = {path.name for path in (WEB / "js" / "engine").iterdir()}
    assert engine == set(assets.ENGINE)
    assert {path.name for path in (WEB / "js").glob("*.js")} == {
        *assets.SCRIPTS,
        *assets.PLAN_LAYER,
    }
    assert {path.name for path in (WEB / "css").iterdir()} == set(assets.STYLES)


def test_our_scripts_never_parse_markup_or_code() -> None:
    risky = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|Function\("
    )
    assert {path.name for path in OWN_SCRIPTS if risky.search(path.read_text("utf-8"))} == set()


def test_a_page_holds_no_reference_that_a_browser_would_fetch(content: MapContent) -> None:
    document = planner_page(content)
    assert re.findall(r"<(?:link|img|iframe|base)\b", document) == []
    assert re.findall(r"<script[^>]*\bsrc=", document) == []
    assert "sourceMappingURL" not in document
    assert "@import" not in document
    assert set(re.findall(r"url\(['\"]?([a-z#]+)", document)) <= {"data", "#default#", "#cue"}
    assert "Redistribution and use in source and binary forms" in document
    assert "Copyright (c) 2023 Arjun Barrett" in document


def test_the_same_content_gives_the_same_bytes(content: MapContent) -> None:
    assert planner_page(content) == planner_page(content)


def test_the_browser_of_other_tests_left_no_event_loop_running() -> None:
    assert asyncio.run(asyncio.sleep(0, "done")) == "done"
