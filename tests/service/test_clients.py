"""Programs that people use read everything: GDAL, OWSLib, curl; many at a time; nothing changes."""

from __future__ import annotations

import hashlib
import json
import math
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from geoplan_api import create_app
from geoplan_api.landing import CONFORMANCE

from geoplan import Catalogue
from geoplan.processes import PROCESSES
from geoplan.settings import Settings

ROOT = Path(__file__).parents[2]
README = ROOT / "api" / "README.md"


def _run(program: str, *arguments: str) -> Any:
    """Run Python in a process of its own, where a second SQLite does no harm."""
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


GDAL = """
import json, sys, pyogrio
source = "OAPIF:" + sys.argv[1]
found = {}
for layer, _ in pyogrio.list_layers(source):
    table = pyogrio.read_dataframe(
        source, layer=layer, fid_as_index=True,
        PAGE_SIZE=sys.argv[2], INITIAL_REQUEST_PAGE_SIZE=sys.argv[2])
    found[layer] = {
        "crs": str(table.crs),
        "ids": table["id"].tolist() if "id" in table else table.index.tolist(),
        "wkb": [None if g is None else g.wkb_hex for g in table.geometry],
        "names": table["name"].tolist() if len(table) else [],
    }
print(json.dumps(found))
"""


@pytest.mark.parametrize("page_size", [1, 3, 1000])
def test_gdal_reads_every_collection_whole(served: tuple[Catalogue, str], page_size: int) -> None:
    import shapely

    plan, base = served
    found = _run(GDAL, base, str(page_size))
    assert set(found) == set(plan)
    for layer, read in found.items():
        stored = plan.read(layer).sort_index()
        assert read["crs"] == stored.crs.to_string()  # asked for as storageCrs, axes in order
        assert read["ids"] == stored.index.tolist()
        assert read["names"] == stored["name"].tolist()
        for text, geometry in zip(read["wkb"], stored.geometry, strict=True):
            if geometry is None:
                assert text is None
            else:
                parts = shapely.get_parts(shapely.from_wkb(text))
                assert shapely.equals(shapely.union_all(parts), shapely.union_all([geometry]))


def test_gdal_pages_through_many(serve: Any, odd: Catalogue) -> None:
    found = _run(GDAL, serve(create_app(odd, Settings())), "100")
    assert found["many"]["ids"] == odd.read("many").index.tolist()
    assert sum(place is None for place in found["many"]["wkb"]) == 25
    assert found["odd-ids"]["ids"] == sorted(odd.read("odd-ids").index)
    assert found["nowhere"]["wkb"] == [None] * 5
    assert found["nobody"]["ids"] == []


def test_gdal_filters_on_the_server(base: str) -> None:
    program = """
import json, sys, pyogrio
source = "OAPIF:" + sys.argv[1]
by_name = pyogrio.read_dataframe(source, layer="industrial-parks", where="name = '东园'")
box = (498320, 4549600, 499990, 4551800)  # of EPSG:4550, in which GDAL asks by itself
by_box = pyogrio.read_dataframe(source, layer="industrial-parks", bbox=box)
print(json.dumps([by_name["id"].tolist(), by_box["id"].tolist()]))
"""
    assert _run(program, base) == [["IP-2"], ["IP-1", "IP-3"]]


def test_gdal_asks_for_any_crs_and_combines_filters(base: str) -> None:
    """IP-2 begins at (500 200 m, 4 550 100 m): 200 m east of 123°, at 41.0858° north."""
    program = """
import json, sys, pyogrio
source = "OAPIF:" + sys.argv[1]
found, east = {}, {"layer": "industrial-parks", "where": "name = '东园'"}
for code in ("EPSG:3857", "EPSG:4490", "EPSG:4326", "EPSG:4550"):
    table = pyogrio.read_dataframe(source, **east, CRS=code)
    found[code] = list(table.geometry.iloc[0].bounds[:2])
where = "status = 'planned' AND name LIKE '南%'"
both = pyogrio.read_dataframe(source, layer="industrial-parks", where=where)
print(json.dumps([found, both["id"].tolist()]))
"""
    found, both = _run(program, base)
    assert found["EPSG:4550"] == [500_200, 4_550_100]
    assert found["EPSG:4490"] == pytest.approx([123.00238, 41.08578], abs=1e-5)
    assert found["EPSG:4326"] == pytest.approx(found["EPSG:4490"], abs=1e-9)
    radius_m = 6_378_137.0  # of the sphere of Web Mercator
    north_m = radius_m * math.log(math.tan(math.pi / 4 + math.radians(41.0857830) / 2))
    assert found["EPSG:3857"] == pytest.approx(
        [radius_m * math.radians(123.0023802), north_m], abs=0.1
    )
    assert both == ["IP-3"]


def test_owslib_reads_every_collection_whole(served: tuple[Catalogue, str]) -> None:
    plan, base = served
    program = """
import json, sys
from urllib.parse import parse_qsl, urlsplit
from owslib.ogcapi.features import Features
service = Features(sys.argv[1])
found = {}
for name in service.feature_collections():
    ids, query = [], {"limit": 2}
    while query is not None:
        page = service.collection_items(name, **query)
        ids += [feature["id"] for feature in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        query = dict(parse_qsl(urlsplit(following[0]).query)) if following else None
    found[name] = ids
    assert service.collection(name)["id"] == name
    assert service.collection_item(name, ids[0])["id"] == ids[0]
found["api"] = service.api()["openapi"]
found["conformance"] = len(service.conformance()["conformsTo"])
print(json.dumps(found))
"""
    found = _run(program, base)
    assert found.pop("api").startswith("3.0")
    assert found.pop("conformance") == len(CONFORMANCE)
    assert found == {layer: sorted(plan.read(layer).index) for layer in plan}


def test_owslib_runs_a_process(base: str) -> None:
    program = """
import json, sys
from owslib.ogcapi.processes import Processes
service = Processes(sys.argv[1])
print(json.dumps([p["id"] for p in service.processes()]))
"""
    assert _run(program, base) == list(PROCESSES)


def _examples() -> list[str]:
    top = README.parents[1]
    texts = [path.read_text(encoding="utf-8") for path in (README, top / "README.md")]
    blocks = [block for text in texts for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL)]
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [line for line in joined.splitlines() if line.startswith("curl")]


def test_the_readme_has_examples() -> None:
    assert len(_examples()) >= 10


@pytest.mark.skipif(shutil.which("curl") is None, reason="no curl on PATH")
@pytest.mark.parametrize("example", _examples())
def test_curl_examples_of_the_readme_hold(base: str, example: str, tmp_path: Path) -> None:
    command = example.replace("http://127.0.0.1:8000", base)
    assert command != example
    answer = subprocess.run(  # noqa: S602 - the README is ours
        f"set -euo pipefail; {command.replace('curl', 'curl --fail-with-body --silent', 1)}",
        shell=True,
        executable="/bin/bash",
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert answer.stdout or list(tmp_path.iterdir())


def test_readme_names_every_route(client: httpx.Client) -> None:
    text = README.read_text(encoding="utf-8")
    for path in client.get("/openapi.json").json()["paths"]:
        shown = re.sub(r"/collections/[^{/]+/items$", "/collections/{collectionId}/items", path)
        assert f"`{shown}`" in text, shown


def test_readme_tells_every_status(client: httpx.Client) -> None:
    from geoplan_api.errors import STATUS

    text = README.read_text(encoding="utf-8")
    for cls, status in STATUS.items():
        assert re.search(rf"\| {status} \|.*`{cls.__name__}`", text), cls.__name__


def test_many_readers_at_a_time_read_the_same(base: str) -> None:
    path = "/collections/industrial-parks/items?limit=3&bbox=122.98,41.07,123.02,41.1"

    def read(_: int) -> set[str]:
        with httpx.Client(base_url=base, timeout=60) as own:
            found = set()
            for _ in range(50):
                answer = own.get(path)
                assert answer.status_code == 200
                found.add(re.sub(r'"timeStamp":"[^"]*"', "", answer.text))
            return found

    with ThreadPoolExecutor(8) as pool:
        answers = set().union(*pool.map(read, range(8)))
    assert len(answers) == 1


def test_reading_changes_no_file_and_leaves_none(
    client: httpx.Client, base: str, town_dir: Path
) -> None:
    def state() -> dict[str, str]:
        return {
            str(path.relative_to(town_dir)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(town_dir.rglob("*"))
            if path.is_file()
        }

    before = state()
    _run(GDAL, base, "2")
    for layer in ("highways", "industrial-parks"):
        client.get(f"/collections/{layer}/items?bbox=122,41,124,42&status=built&limit=1")
        client.get(f"/collections/{layer}")
    client.post("/processes/overlap/execution", json={})
    client.get("/map")
    assert state() == before


def test_the_web_process_imports_no_heavy_library_for_reads(town_dir: Path) -> None:
    program = """
import asyncio, json, sys
import httpx
from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan_api import create_app

async def read(app):
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path in ("/", "/?f=html", "/conformance", "/collections", "/health", "/api",
                     "/openapi.json",
                     "/collections/highways", "/collections/highways/items?bbox=122,41,124,42",
                     "/collections/highways/items?status=built&limit=1",
                     "/collections/highways/items/HW-1",
                     "/tiles/WebMercatorQuad", "/tiles/WebMercatorQuad/13/3068/6894",
                     "/collections?f=html", "/collections/highways?f=html",
                     "/collections/highways/items?f=html", "/rules?f=html", "/conformance?f=html",
                     "/collections/highways/items/HW-1?f=html", "/functions?f=html",
                     "/collections/highways/queryables?f=html"):
            answer = await client.get(path)
            assert answer.status_code == 200, answer.text

asyncio.run(read(create_app(Catalogue.open(sys.argv[1]), Settings())))
heavy = ("geopandas", "pandas", "rasterio", "pyogrio", "folium", "sqlite3", "fiona")
print(json.dumps([name for name in heavy if name in sys.modules]))
"""
    assert _run(program, str(town_dir)) == []


def test_importing_the_service_reads_no_plan_and_no_setting(tmp_path: Path) -> None:
    program = "import json, geoplan_api, geoplan_api.server; print(json.dumps('quiet'))"
    answer = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "GEOPLAN_PORT": "no port", "GEOPLAN_LANG": "xx"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
