"""A served plan through QGIS's own OGC API - Features provider (`make test-qgis`)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.qgis.test_qgis import PYTHON, why_not
from tests.service.conftest import running

HERE = Path(__file__).parent
PARKS, ROADS = "industrial-parks", "highways"

pytestmark = pytest.mark.qgis


@pytest.fixture(scope="module")
def address(town: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = shutil.copytree(town.directory, tmp_path_factory.mktemp("qgis") / "town")
    with running(create_app(Catalogue.open(folder), Settings(editing=True))) as found:
        yield found


@pytest.fixture(scope="module")
def told(address: str) -> dict[str, Any]:
    reason = why_not()
    if reason is not None:
        pytest.skip(reason)
    answer = subprocess.run(
        [PYTHON, str(HERE / "oapif.py"), address, PARKS, ROADS],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "QT_QPA_PLATFORM": "offscreen", "LC_ALL": "C.UTF-8"},
    )
    assert answer.returncode == 0, answer.stderr
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def test_every_feature_comes_once_over_pages_of_two(told: dict[str, Any], town: Catalogue) -> None:
    for layer in (PARKS, ROADS):
        seen, stored = told["layers"][layer], town.read(layer)
        assert seen["count"] == len(stored)
        assert seen["geometries"] == stored.geometry.notna().sum()


def test_names_and_fields_are_those_of_the_file(told: dict[str, Any], town: Catalogue) -> None:
    for layer in (PARKS, ROADS):
        seen, stored = told["layers"][layer], town.read(layer)
        assert set(stored.columns) - {"geometry"} <= set(seen["fields"])
        if not told["edited"] or layer != PARKS:
            assert seen["names"] == sorted(stored["name"])


def test_a_feature_lies_where_the_paper_says(told: dict[str, Any]) -> None:
    """IP-2 begins at (500 200 m, 4 550 100 m); the meridian of EPSG:4550 is 123°."""
    west, south = re.findall(r"[\d.]+", told["layers"][PARKS]["bounds"]["东园"])[:2]
    assert float(west) == pytest.approx(123.00238, abs=1e-5)
    assert told["layers"][PARKS]["crs"] in ("EPSG:4326", "OGC:CRS84")
    assert float(south) == pytest.approx(41.0849, abs=1e-3)


def test_a_box_and_an_expression_select(told: dict[str, Any], town: Catalogue) -> None:
    seen, parks = told["layers"][PARKS], town.read(PARKS)
    placed = {parks.loc[name, "name"] for name in ("IP-1", "IP-3")}
    assert placed <= set(seen["in_box"]) <= placed | {parks.loc["IP-4", "name"]}
    assert seen["planned"] == sorted(parks[parks["status"] == "planned"]["name"])


def test_an_edit_of_qgis_is_in_the_file(told: dict[str, Any], address: str) -> None:
    if told["edited"] is None:
        pytest.skip(f"the provider of QGIS {told['version']} only reads; newer ones edit")
    names = [
        feature["properties"]["name"]
        for feature in httpx.get(f"{address}/collections/{PARKS}/items").json()["features"]
    ]
    assert "改名" in names
    assert told["edited"] not in names
