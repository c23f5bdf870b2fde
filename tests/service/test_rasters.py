"""Rasters over HTTP: the bytes of the library, figures when asked, limits, and nothing left."""

from __future__ import annotations

import asyncio
import io
import json
import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
import rasterio
from geoplan_api import create_app
from geoplan_api.sending import OpenFile

from geoplan import Catalogue
from geoplan.export import result_document
from geoplan.processes import PROCESSES, RasterResult
from geoplan.settings import Settings
from tests.service.conftest import Serve

COG = "image/tiff; application=geotiff; profile=cloud-optimized"
# about 0.8 x 0.6 km on the plane that rises 3 % to the east and 4 % to the north
PLANE = [122.99, 41.08, 123.0, 41.085]


def folders() -> list[Path]:
    """Return the folders in which the workers of the service put what passes.

    The service is a thread of this process, so they are its children.
    """
    children = Path("/proc/self/task").glob("*/children")
    pids = {pid for listed in children for pid in listed.read_text().split()}
    found = []
    for pid in pids:
        with suppress(FileNotFoundError):  # it has ended
            found.append(Path(f"/proc/{pid}/cwd").readlink())
    return [folder for folder in found if folder.name.startswith("geoplan-worker-")]


def left_there() -> list[Path]:
    """Return what lies in them, but for the folder of a warm worker that one of them keeps."""
    found = [path for folder in folders() for path in folder.iterdir()]
    return [path for path in found if not path.name.startswith("geoplan-worker-")]


def ask(client: httpx.Client, process: str, accept: str | None = None, **inputs: Any) -> Any:
    headers = {} if accept is None else {"Accept": accept}
    body = {"inputs": {"raster": "elevation", **inputs}}
    return client.post(f"/processes/{process}/execution", json=body, headers=headers)


def library(town: Catalogue, process: str, **inputs: Any) -> RasterResult:
    found = PROCESSES[process]
    answer = found.run(town, found.inputs.model_validate({"raster": "elevation", **inputs}))
    assert isinstance(answer, RasterResult)
    return answer


@pytest.mark.parametrize(
    ("process", "inputs", "value"),
    [
        ("slope", {"unit": "percent"}, 5),
        ("slope", {"unit": "percent", "z_factor": 2}, 10),
        ("aspect", {}, 216.8699),
        ("hillshade", {"azimuth_deg": 216.8698976, "altitude_deg": 87.1375947}, 255),  # face on
        ("cog", {}, None),
    ],
)
def test_a_download_is_what_the_library_writes(
    client: httpx.Client, town: Catalogue, tmp_path: Path, process: str, inputs: Any, value: Any
) -> None:
    asked = {**inputs, "bbox": PLANE}
    answer = ask(client, process, **asked)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == COG
    name = "elevation.tif" if process == "cog" else f"elevation-{process}.tif"
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert int(answer.headers["content-length"]) == len(answer.content)
    assert folders()
    assert left_there() == []
    made = library(town, process, **asked).write(tmp_path / "x.tif")
    assert answer.content == made.read_bytes()
    with rasterio.open(io.BytesIO(answer.content)) as file:
        assert file.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        cells = file.read(1)
    if value is None:
        with town.open_raster("elevation") as dem:
            row, col, height, width = dem.grid.covering(tuple(PLANE))  # type: ignore[arg-type]
            assert np.array_equal(cells, dem.stored(row, col, height, width))
    else:
        assert cells == pytest.approx(value, rel=2e-4)


@pytest.mark.parametrize("process", ["slope", "aspect", "hillshade", "cog"])
def test_figures_come_as_json(client: httpx.Client, town: Catalogue, process: str) -> None:
    answer = ask(client, process, "application/json", bbox=PLANE)
    assert answer.headers["content-type"] == "application/json"
    found = answer.json()
    expected = json.loads(json.dumps(result_document(library(town, process, bbox=PLANE).summary())))
    found["run"].pop("time")
    expected["run"].pop("time")
    assert found == expected


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, COG),
        ("*/*", COG),
        ("image/tiff", COG),
        (COG, COG),
        ("application/json;q=0.5, image/tiff", COG),
        ("application/json, image/tiff;q=0.5", "application/json"),
    ],
)
def test_what_is_accepted_decides(client: httpx.Client, accept: str | None, kind: str) -> None:
    answer = ask(client, "slope", accept, bbox=[123, 41.08, 123, 41.08])
    assert answer.headers["content-type"] == kind
    assert "Accept" in answer.headers["vary"]


def test_both_forms_are_described(client: httpx.Client) -> None:
    described = client.get("/processes/slope").json()
    forms = described["outputs"]["result"]["schema"]["oneOf"]
    assert [form["contentMediaType"] for form in forms] == [COG, "application/json"]
    assert described["inputs"]["raster"]["schema"]["enum"] == ["elevation", "land-cover"]
    assert (
        described["inputs"]["raster"]["minOccurs"],
        described["inputs"]["bbox"]["minOccurs"],
    ) == (*(1, 0),)


@pytest.mark.parametrize(
    ("process", "inputs", "status", "said"),
    [
        ("slope", {"raster": "slope"}, 422, "/inputs/raster"),
        ("slope", {"raster": "land-cover"}, 400, "bad-query"),
        ("slope", {"unit": "radian"}, 422, "/inputs/unit"),
        ("hillshade", {"altitude_deg": -1}, 422, "/inputs/altitude_deg"),
        ("cog", {"bbox": [1, 2, 3]}, 422, "/inputs/bbox/3"),
        ("cog", {"bbox": [3, 2, 1, 4]}, 422, "/inputs/bbox"),
        ("aspect", {"bbox": [9, 9, 9, 9]}, 422, "outside-raster"),
    ],
)
def test_what_cannot_be_made_is_said(
    client: httpx.Client, process: str, inputs: Any, status: int, said: str
) -> None:
    for accept in (COG, "application/json"):
        answer = ask(client, process, accept, **inputs)
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"] == "application/problem+json"
        assert said in (answer.json().get("pointer"), answer.json()["type"].rsplit(":", 1)[-1])


def test_what_is_not_to_be_had_is_not_made(client: httpx.Client) -> None:
    assert ask(client, "slope", "image/png").status_code == 406


@pytest.fixture(scope="module")
def narrow(serve: Serve, town: Catalogue) -> Iterator[httpx.Client]:
    """Return the service with a limit of a hundred cells."""
    base = serve(create_app(town, Settings(max_raster_cells=100)))
    with httpx.Client(base_url=base, timeout=30) as client:
        yield client


def test_more_cells_than_the_limit_are_refused(narrow: httpx.Client) -> None:
    for accept in (COG, "application/json"):
        answer = ask(narrow, "slope", accept)
        assert answer.status_code == 413
        assert answer.json()["type"] == "urn:geoplan:problem:answer-too-large"
        assert "230 x 400 cells are asked for" in answer.json()["detail"]
        assert "GEOPLAN_MAX_RASTER_CELLS" in answer.json()["detail"]
    assert ask(narrow, "slope", bbox=[123, 41.08, 123.0005, 41.0805]).status_code == 200
    assert left_there() == []


def open_there() -> list[str]:
    """Return the files of workers that this process has open, names of removed ones too."""
    targets = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            targets.append(str(link.readlink()))
        except OSError:
            continue
    return [one for one in targets if "geoplan-worker-" in one and "answer-" in one]


def test_a_client_that_leaves_leaves_nothing_behind(base: str) -> None:
    host, port = base.removeprefix("http://").split(":")
    body = json.dumps({"inputs": {"raster": "elevation"}}).encode()
    head = (
        f"POST /processes/cog/execution HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
        "Content-Type: application/json\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=30) as line:
        line.sendall(head.encode() + body)
        assert line.recv(12) == b"HTTP/1.1 200"
    for _ in range(500):
        if not open_there():
            break
        socket.socket().close()
        asyncio.run(asyncio.sleep(0.01))
    assert open_there() == []
    assert left_there() == []


def test_sending_that_breaks_off_closes_the_file(tmp_path: Path) -> None:
    path = tmp_path / "large.tif"
    path.write_bytes(bytes(1_000_000))
    file = path.open("rb")
    sent = []

    async def send(message: Any) -> None:
        sent.append(message)
        if len(sent) == 3:
            raise OSError("the client left")

    async def receive() -> Any:
        return {"type": "http.disconnect"}

    with pytest.raises(OSError, match="the client left"):
        asyncio.run(OpenFile(file, {})({"type": "http"}, receive, send))
    assert file.closed
    assert [message["type"] for message in sent] == [
        *("http.response.start", "http.response.body", "http.response.body"),
    ]
    assert len(sent[1]["body"]) < 1_000_000
