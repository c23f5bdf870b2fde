"""What hostile questions do to those who compute: nothing to anybody else."""

from __future__ import annotations

import base64
import gzip
import io
import json
import os
import signal
import socket
import threading
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve
from tests.service.test_jobs import workers

SITE = "/processes/site-check/execution"
HERE = (123.0, 41.09)


@pytest.fixture(scope="module")
def narrow(serve: Serve, town: Catalogue) -> Iterator[httpx.Client]:
    """Return a service whose processes may use little, and wait for nobody."""
    settings = Settings(
        echo=True, compute_processes=1, compute_queue=0, compute_seconds=3, compute_memory_mb=400
    )
    with httpx.Client(base_url=serve(create_app(town, settings)), timeout=60) as client:
        client.get("/processes")
        yield client


def comb(teeth: int, turned: bool) -> dict[str, Any]:
    """Return a comb of thin teeth; two of them, one turned, cross in teeth² places."""
    x0, y0 = HERE
    step = 0.02 / teeth
    ring = [(0.0, -0.001), (0.0, 0.0)]
    for tooth in range(teeth):
        at = tooth * step
        ring += [(at, 0.02), (at + step * 0.4, 0.02), (at + step * 0.4, 0.0), (at + step, 0.0)]
    ring += [(0.02, -0.001), (0.0, -0.001)]
    points = [(x0 + (y if turned else x), y0 + (x if turned else y)) for x, y in ring]
    return {"type": "Polygon", "coordinates": [points]}


def test_threat_06_a_bomb_ends_in_time_and_others_do_not_notice(narrow: httpx.Client) -> None:
    combs = [comb(400, turned)["coordinates"] for turned in (False, True)]
    bomb = {"geometry": {"type": "MultiPolygon", "coordinates": combs}}
    done: dict[str, Any] = {}

    def drop() -> None:
        began = time.monotonic()
        answer = httpx.post(narrow.base_url.join(SITE), json={"inputs": bomb}, timeout=60)
        done.update(status=answer.status_code, seconds=time.monotonic() - began)

    assert narrow.get("/collections/highways/items").status_code == 200  # the file is open then
    thread = threading.Thread(target=drop)
    thread.start()
    waits = []
    while thread.is_alive():
        began = time.monotonic()
        assert narrow.get("/collections/highways/items").status_code == 200
        waits.append(time.monotonic() - began)
        time.sleep(0.01)
    thread.join()
    assert done["status"] in (413, 422, 503), done
    assert done["seconds"] < 10
    assert len(waits) > 1
    assert float(np.percentile(waits, 99)) < 1.0


def test_threat_06_time_and_memory_have_an_end(narrow: httpx.Client) -> None:
    echo = "/processes/echo/execution"
    began = time.monotonic()
    answer = narrow.post(echo, json={"inputs": {"pause_s": 60}})
    assert (answer.status_code, time.monotonic() - began < 5) == (422, True)
    assert "more than 3 s" in answer.json()["detail"]
    answer = narrow.post(echo, json={"inputs": {"memory_mb": 2000}})
    assert answer.status_code == 422
    assert "more than 400 MB" in answer.json()["detail"]
    assert narrow.post(echo, json={"inputs": {"number": 1}}).status_code == 200


def test_threat_06_who_finds_no_room_is_told_to_come_again(narrow: httpx.Client) -> None:
    address = narrow.base_url.join("/processes/echo/execution")
    inputs = {"inputs": {"pause_s": 2}}
    thread = threading.Thread(target=httpx.post, args=(address,), kwargs={"json": inputs})
    thread.start()
    time.sleep(0.7)
    answer = narrow.post("/processes/echo/execution", json={})
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")
    thread.join()
    assert narrow.post("/processes/echo/execution", json={}).status_code == 200


@pytest.mark.parametrize(
    ("geometry", "pointer"),
    [
        ({"type": "Point", "coordinates": ["123", "41"]}, "/inputs/geometry/coordinates"),
        ({"type": "Point", "coordinates": [123, True]}, "/inputs/geometry/coordinates"),
        ({"type": "Point", "coordinates": []}, "/inputs/geometry/coordinates"),
        ({"type": "Circle", "coordinates": [1, 2]}, "/inputs/geometry/type"),
        ({"type": "Feature", "geometry": None}, "/inputs/geometry"),
        ({"type": "FeatureCollection", "features": []}, "/inputs/geometry/features"),
        ("POINT (123 41)", "/inputs/geometry"),
        ({"href": "http://169.254.169.254/latest/meta-data"}, "/inputs/geometry"),
        ({"href": "file:///etc/passwd"}, "/inputs/geometry"),
        ({"value": "%%%", "mediaType": "application/zip"}, "/inputs/geometry/value"),
        ({"value": "eA==", "mediaType": "application/x-vrt"}, "/inputs/geometry/value"),
    ],
    ids=str,
)
def test_threat_07_what_is_no_site_is_pointed_at(
    narrow: httpx.Client, geometry: Any, pointer: str
) -> None:
    answer = narrow.post(SITE, json={"inputs": {"geometry": geometry}})
    assert answer.status_code in (400, 422), answer.text
    if answer.status_code == 422:
        assert answer.json()["pointer"].startswith(pointer), answer.text


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1e999"])
def test_threat_07_what_is_no_number_in_json_is_refused(narrow: httpx.Client, number: str) -> None:
    body = f'{{"inputs": {{"geometry": {{"type": "Point", "coordinates": [{number}, 41]}}}}}}'
    headers = {"Content-Type": "application/json"}
    assert narrow.post(SITE, content=body, headers=headers).status_code == 400


def test_threat_07_a_bow_tie_is_no_site(narrow: httpx.Client) -> None:
    x, y = HERE
    ring = [(x, y), (x + 0.01, y + 0.01), (x + 0.01, y), (x, y + 0.01), (x, y)]
    answer = narrow.post(
        SITE, json={"inputs": {"geometry": {"type": "Polygon", "coordinates": [ring]}}}
    )
    assert answer.status_code == 422
    assert answer.json()["type"].endswith("invalid-geometry")


def sent(content: bytes, kind: str) -> dict[str, Any]:
    value = {"value": base64.b64encode(content).decode(), "mediaType": kind}
    return {"inputs": {"geometry": value, "crs": "EPSG:4490"}}


def zipped(**members: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return file.getvalue()


def test_a_file_that_is_sent_is_read_as_an_import_reads_it(narrow: httpx.Client) -> None:
    csv = b"name,lon,lat\nsite,123.0,41.09\n"
    point = {"type": "Point", "coordinates": [123.0, 41.09]}
    drawn = narrow.post(SITE, json={"inputs": {"geometry": point}}).json()
    read = narrow.post(SITE, json=sent(csv, "text/csv"))
    assert read.status_code == 200, read.text
    assert read.json()["parts"] == drawn["parts"]
    feature = {"type": "Feature", "properties": {}, "geometry": point}
    told = narrow.post(SITE, json={"inputs": {"geometry": feature}}).json()
    assert told["features"] == drawn["features"]


def test_a_link_to_a_feature_or_a_collection_stands_for_it(narrow: httpx.Client) -> None:
    root = str(narrow.base_url).rstrip("/")
    linked = {"geometry": {"href": f"{root}/collections/industrial-parks/items/IP-1"}}
    layers = [{"href": f"{root}/collections/scenic-areas"}]
    answer = narrow.post(SITE, json={"inputs": {**linked, "layers": layers}})
    assert answer.status_code == 200, answer.text
    (part,) = [one for one in answer.json()["parts"] if one["layer"] == "scenic-areas"]
    # IP-1 and SC-1 share 120,000 m² (examples/town/README.md)
    assert part["covered_area_m2"] == pytest.approx(120_000, rel=1e-6)
    gone = {"geometry": {"href": f"{root}/collections/industrial-parks/items/IP-9"}}
    assert narrow.post(SITE, json={"inputs": gone}).status_code == 422


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (zipped(**{"../../evil.shp": b"x", "a.dbf": b"x"}), "application/zip"),
        (zipped(**{"a.shp": bytes(900_000_000)}), "application/zip"),
        (b"<OGRVRTDataSource/>", "application/vnd.google-earth.kml+xml"),
        (b"SQLite format 3\0" + bytes(5000), "application/geopackage+sqlite3"),
    ],
    ids=["zip-slip", "zip bomb", "vrt as kml", "hollow geopackage"],
)
def test_threat_13_a_hostile_file_is_refused_by_name(
    narrow: httpx.Client, content: bytes, kind: str
) -> None:
    began = time.monotonic()
    answer = narrow.post(SITE, json=sent(content, kind))
    assert answer.status_code in (413, 422), answer.text
    assert time.monotonic() - began < 10
    assert narrow.get("/conformance").status_code == 200


def test_threat_13_packed_bodies_are_not_unpacked(narrow: httpx.Client) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
    answer = narrow.post(SITE, content=bomb, headers=headers)
    assert answer.status_code in (400, 415)


def test_threat_17_a_client_that_leaves_frees_its_worker(narrow: httpx.Client) -> None:
    body = json.dumps({"inputs": {"pause_s": 2.9}}).encode()
    url = narrow.base_url
    head = (
        f"POST /processes/echo/execution HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    assert narrow.post("/processes/echo/execution", json={}).status_code == 200
    with socket.create_connection((url.host, url.port or 80), timeout=10) as line:
        line.sendall(head.encode() + body)
        time.sleep(0.5)
        assert narrow.post("/processes/echo/execution", json={}).status_code == 503
    left = time.monotonic()
    while narrow.post("/processes/echo/execution", json={}).status_code == 503:
        assert time.monotonic() - left < 2  # a second, and what a new process takes to start
        time.sleep(0.02)


def test_a_worker_that_dies_between_two_runs_is_not_missed(narrow: httpx.Client) -> None:
    assert narrow.post("/processes/echo/execution", json={}).status_code == 200
    for pid in workers():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.2)
    assert narrow.post("/processes/echo/execution", json={}).status_code == 200


def test_the_web_process_has_nothing_heavy_loaded_after_runs(town_dir: Path) -> None:
    import subprocess
    import sys

    program = (
        "import sys, threading, time, httpx, uvicorn\n"
        "from pathlib import Path\n"
        "from geoplan import Catalogue\n"
        "from geoplan.settings import Settings\n"
        "from geoplan_api import create_app\n"
        "from geoplan_api.server import listen, server_config\n"
        "app = create_app(Catalogue.open(Path(sys.argv[1])), Settings())\n"
        "with listen('127.0.0.1', 0) as line:\n"
        "    server = uvicorn.Server(server_config(app, 'warning'))\n"
        "    thread = threading.Thread(target=server.run, kwargs={'sockets': [line]})\n"
        "    thread.start()\n"
        "    while not server.started: time.sleep(0.02)\n"
        "    base = f'http://127.0.0.1:{line.getsockname()[1]}'\n"
        "    for path in ('processes/overlap/execution', 'processes/layers/execution'):\n"
        "        assert httpx.post(f'{base}/{path}', json={}, timeout=60).status_code == 200\n"
        "    assert httpx.get(f'{base}/map', timeout=60).status_code == 200\n"
        "    server.should_exit = True\n"
        "    thread.join()\n"
        "print(*sorted({'pandas', 'geopandas', 'rasterio', 'pyogrio'} & set(sys.modules)))\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, str(town_dir)], capture_output=True, text=True, check=True
    )
    assert run.stdout.strip() == ""
