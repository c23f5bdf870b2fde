"""Threats 11 and 12: what is asked for is a value or a name, never SQL and never a path."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings

INJECTIONS = [
    "' OR '1'='1",
    "'; DROP TABLE highways; --",
    '" OR ""="',
    "IP-1' UNION SELECT name FROM sqlite_schema --",
    "1) OR (1=1",
    "%' OR 1=1 --",
    "\\' OR 1=1 --",
    "x\x00' OR 1=1",
]
ITEMS = "/collections/industrial-parks/items"


@pytest.fixture
def own(serve: Any, town_dir: Path, tmp_path: Path) -> Any:
    plan = Path(shutil.copytree(town_dir, tmp_path / "town"))
    url = serve(create_app(Catalogue.open(plan), Settings(plan=plan, editing=True)))
    with httpx.Client(base_url=url, timeout=30) as client:
        yield plan, client


def test_threat_11_values_and_names_are_never_sql(client: httpx.Client) -> None:
    total = client.get(ITEMS).json()["numberMatched"]
    assert total > 0
    for text in INJECTIONS:
        by_value = client.get(ITEMS, params={"name": text})
        assert by_value.status_code in (200, 400)
        assert by_value.status_code == 400 or by_value.json()["numberMatched"] == 0
        quoted = text.replace("'", "''")
        by_filter = client.get(ITEMS, params={"filter": f"name = '{quoted}'"})
        assert by_filter.status_code in (200, 400)
        assert by_filter.status_code == 400 or by_filter.json()["numberMatched"] == 0
        assert client.get(ITEMS, params={"filter": f"name = '{text}' x"}).status_code == 400
        for name in ("sortby", "properties", "bbox", "datetime", "limit", "crs", text):
            refused = client.get(ITEMS, params={name: text})
            assert refused.status_code == 400, (name, text)
            assert "sqlite" not in refused.text.lower().replace("sqlite_schema", "")
        assert client.get(f"{ITEMS}/{quote(text, safe='')}").status_code == 404
        assert client.get(f"/collections/{quote(text, safe='')}/items").status_code == 404
        after = client.get(ITEMS, params={"after": text})
        assert after.status_code in (200, 400)
    assert client.get(ITEMS).json()["numberMatched"] == total


def test_threat_11_edits_write_what_they_were_sent(own: tuple[Path, httpx.Client]) -> None:
    _, client = own
    before = client.get(ITEMS).json()["numberMatched"]
    for number, text in enumerate(INJECTIONS, 1):
        body = {"type": "Feature", "geometry": None, "properties": {"name": text}}
        sent = client.post(ITEMS, json=body, headers={"Content-Type": "application/geo+json"})
        if "\x00" in text:
            assert sent.status_code == 422  # no table can hold it
            continue
        assert sent.status_code == 201, sent.text
        stored = client.get(sent.headers["location"]).json()
        assert stored["properties"]["name"] == text
        assert client.get(ITEMS).json()["numberMatched"] == before + number
        column = {"type": "Feature", "geometry": None, "properties": {text: "x"}}
        assert client.post(ITEMS, json=column).status_code == 422
    assert client.get("/collections/highways/items").status_code == 200


PATHS = [
    "../catalogue.toml",
    "..%2fcatalogue.toml",
    "..%252fcatalogue.toml",
    "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "..\\..\\etc\\passwd",
    "/etc/passwd",
    "%2Fetc%2Fpasswd",
    "file:%2F%2F%2Fetc%2Fpasswd",
    "%2Fvsizip%2Fx.zip",
    "highways.gpkg",
    "highways%00.gpkg",
    "....%2F%2Fetc",
]
PLACES = [
    "/{}",
    "/collections/{}",
    "/collections/{}/items",
    "/collections/{}/queryables",
    "/collections/{}/tiles/WebMercatorQuad",
    "/collections/{}/map/tiles",
    "/collections/highways/items/{}",
    "/processes/{}",
    "/rules/{}",
    "/tileMatrixSets/{}",
    "/tiles/{}",
    "/tiles/WebMercatorQuad/13/3068/{}",
]


@pytest.mark.parametrize("place", PLACES)
def test_threat_12_no_name_is_a_path(client: httpx.Client, place: str) -> None:
    for path in PATHS:
        # written as it stands: the client must not tidy it
        url = httpx.URL(str(client.base_url)).copy_with(raw_path=place.format(path).encode("ascii"))
        answer = client.get(url, follow_redirects=True)
        assert answer.status_code in (400, 404), (place, path, answer.status_code)
        assert "root:" not in answer.text
        assert "[plan]" not in answer.text


def test_threat_12_no_input_is_a_path(client: httpx.Client) -> None:
    for path in ("../../etc/passwd", "/etc/passwd", "/vsizip/x", "highways.gpkg", "..", "a\x00b"):
        for process, name in (
            ("overlap", "layers"),
            ("slope", "raster"),
            ("check", "packs"),
            ("diff", "old"),
        ):
            value: Any = [path, path] if name in ("layers", "packs") else path
            body = {"inputs": {name: value}}
            answer = client.post(f"/processes/{process}/execution", json=body)
            assert answer.status_code in (400, 404, 422), (process, path, answer.text)
            assert "root:" not in answer.text
        assert client.get("/rules", params={"pack": path}).status_code in (400, 404)
