"""Processes over HTTP give what the library gives, and refuse what it refuses, by pointer."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from geoplan_api.bodies import MAX_DEPTH
from openapi_schema_validator import OAS30Validator

from geoplan import Catalogue
from geoplan.export import result_document
from geoplan.model import Result
from geoplan.processes import PROCESSES
from geoplan.settings import Settings

RUN = "/processes/overlap/execution"
INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("layers", {}),
    ("layers", {"layers": ["highways"]}),
    ("overlap", {}),
    ("overlap", {"layers": ["industrial-parks"]}),
    ("overlap", {"layers": ["industrial-parks", "scenic-areas"], "min_area_m2": 40000}),
    ("coverage", {}),
    ("coverage", {"layers": ["industrial-parks"], "by": ["scenic-areas"]}),
    ("zonal-statistics", {"raster": "elevation", "stats": ["mean", "p95"]}),
    ("zonal-statistics", {"raster": "elevation", "layers": ["highways"]}),
    ("zonal-classes", {"raster": "land-cover", "layers": ["scenic-areas"]}),
    ("profile", {"raster": "elevation", "layer": "highways", "feature": "HW-2", "step_m": 500}),
]


@pytest.mark.parametrize(("name", "inputs"), INPUTS)
def test_a_run_gives_what_the_library_gives(
    client: httpx.Client, town: Catalogue, name: str, inputs: dict[str, Any]
) -> None:
    answer = client.post(f"/processes/{name}/execution", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    process = PROCESSES[name]
    expected = process.run(town, process.inputs.model_validate(inputs))
    assert isinstance(expected, Result)
    document = json.loads(json.dumps(result_document(expected)))
    found = answer.json()
    found["run"].pop("time")
    document["run"].pop("time")
    assert found == document


def test_an_overlap_worked_out_on_paper(client: httpx.Client) -> None:
    inputs = {"layers": ["industrial-parks", "scenic-areas"]}
    found = client.post(RUN, json={"inputs": inputs}).json()
    areas = [round(feature["properties"]["area_m2"]) for feature in found["features"]]
    assert sorted(areas, reverse=True) == [120_000, 45_000, 30_000]


def test_the_map_is_a_process_too(client: httpx.Client) -> None:
    body = {"inputs": {"lang": "en", "layers": ["highways", "scenic-areas"]}}
    answer = client.post("/processes/map/execution", json=body)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert '<html lang="en">' in answer.text


def test_every_process_is_listed_and_described(client: httpx.Client) -> None:
    listed = client.get("/processes").json()["processes"]
    assert [one["id"] for one in listed] == list(PROCESSES)
    for one in listed:
        described = client.get(f"/processes/{one['id']}").json()
        assert {name: described[name] for name in one} == one
        model = PROCESSES[one["id"]].inputs
        assert set(described["inputs"]) == set(model.model_fields)
        for entry in described["inputs"].values():
            assert {"title", "description", "schema", "minOccurs", "maxOccurs"} <= set(entry)
        required = {name for name, field in model.model_fields.items() if field.is_required()}
        told = {name for name, entry in described["inputs"].items() if entry["minOccurs"]}
        assert told == required
        (run,) = [link for link in one["links"] if link["rel"].endswith("/execute")]
        answer = client.post(run["href"], json={"inputs": {}})
        if required:
            assert answer.status_code == 422, one["id"]
            assert answer.json()["pointer"].removeprefix("/inputs/") in required
        else:
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"].split(";")[0] == run["type"]
        schema = described["outputs"]["result"]["schema"]
        # where there is a choice, the first is what is given unasked
        usual = schema["oneOf"][0] if "oneOf" in schema else schema
        assert usual["contentMediaType"] == run["type"]


def _references(schema: Any) -> Iterator[str]:
    """Yield every ``$ref`` in a JSON document."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        schema = list(schema.values())
    for one in schema if isinstance(schema, list) else ():
        yield from _references(one)


def _resolved(document: Any, reference: str) -> Any:
    """Follow a reference within a document (RFC 6901)."""
    place, *steps = reference.split("/")
    assert place == "#", f"{reference} leads out of the document"
    for step in steps:
        document = document[step]
    return document


@pytest.mark.parametrize("name", PROCESSES)
def test_a_description_needs_nothing_beside_itself(client: httpx.Client, name: str) -> None:
    described = client.get(f"/processes/{name}").json()
    for reference in _references(described):
        assert _resolved(described, reference)


def test_an_equation_is_described_where_it_is_taken(client: httpx.Client) -> None:
    for name in ("chainage", "locate", "station", "profile"):
        schema = client.get(f"/processes/{name}").json()["inputs"]["equations"]["schema"]
        equation = schema["items"]
        assert set(equation["required"]) == {"route_id", "back_chainage", "ahead_chainage"}
        assert equation["properties"]["back_chainage"]["type"] == "string"


def test_inputs_name_the_layers_there_are(client: httpx.Client, town: Catalogue) -> None:
    described = client.get("/processes/coverage").json()["inputs"]
    for name in ("layers", "by"):
        assert described[name]["schema"]["items"]["enum"] == list(town)


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ("x", ""),
        ({"input": {}}, "/input"),
        ({"inputs": []}, "/inputs"),
        ({"inputs": None}, "/inputs"),
        ({"inputs": {"layer": ["highways"]}}, "/inputs/layer"),
        ({"inputs": {"layers": "highways"}}, "/inputs/layers"),
        ({"inputs": {"layers": [1]}}, "/inputs/layers/0"),
        ({"inputs": {"layers": ["highways", "none"]}}, "/inputs/layers/1"),
        ({"inputs": {"layers": ["highways"] * 3}}, "/inputs/layers"),
        ({"inputs": {"min_area_m2": -1}}, "/inputs/min_area_m2"),
        ({"inputs": {"min_area_m2": "many"}}, "/inputs/min_area_m2"),
        ({"inputs": {"a/b~c": 1}}, "/inputs/a~1b~0c"),
        ({"inputs": {"layers": ["西"]}}, "/inputs/layers/0"),
    ],
)
def test_a_wrong_input_is_pointed_at(client: httpx.Client, body: Any, pointer: str) -> None:
    answer = client.post(RUN, json=body)
    assert answer.status_code == 422, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["pointer"] == pointer


_HW_2 = {"layer": "highways", "feature": "HW-2", "raster": "elevation"}


@pytest.mark.parametrize(
    ("name", "inputs", "pointer"),
    [
        ("zonal-statistics", {}, "/inputs/raster"),
        ("zonal-statistics", {"raster": "slope"}, "/inputs/raster"),
        ("zonal-statistics", {"raster": "../elevation"}, "/inputs/raster"),
        ("zonal-statistics", {"raster": "elevation", "stats": ["mean", "mode"]}, "/inputs/stats"),
        ("zonal-statistics", {"raster": "elevation", "stats": ["p101"]}, "/inputs/stats"),
        ("zonal-statistics", {"raster": "elevation", "stats": []}, "/inputs/stats"),
        ("zonal-statistics", {"raster": "elevation", "layers": ["roads"]}, "/inputs/layers/0"),
        ("zonal-classes", {"raster": 1}, "/inputs/raster"),
        ("profile", {**_HW_2, "layer": "roads"}, "/inputs/layer"),
        ("profile", {**_HW_2, "step_m": 0}, "/inputs/step_m"),
        ("profile", {**_HW_2, "interpolation": "cubic"}, "/inputs/interpolation"),
        ("locate", {"layer": "roads", "feature": "A", "chainages": ["K0"]}, "/inputs/layer"),
    ],
)
def test_a_wrong_raster_or_route_is_pointed_at(
    client: httpx.Client, name: str, inputs: dict[str, Any], pointer: str
) -> None:
    answer = client.post(f"/processes/{name}/execution", json={"inputs": inputs})
    assert answer.status_code == 422, answer.text
    assert answer.json()["pointer"] == pointer


@pytest.mark.parametrize(
    ("name", "inputs", "status", "problem"),
    [
        ("zonal-statistics", {"raster": "land-cover"}, 400, "bad-query"),
        ("zonal-classes", {"raster": "elevation"}, 400, "bad-query"),
        ("profile", {**_HW_2, "raster": "land-cover"}, 400, "bad-query"),
        ("profile", {**_HW_2, "step_m": 0.001}, 400, "bad-query"),
        ("profile", {**_HW_2, "feature": "HW-9"}, 404, "feature-not-found"),
    ],
)
def test_what_a_raster_or_route_cannot_answer_is_refused_by_name(
    client: httpx.Client, name: str, inputs: dict[str, Any], status: int, problem: str
) -> None:
    answer = client.post(f"/processes/{name}/execution", json={"inputs": inputs})
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:geoplan:problem:{problem}"


def test_inputs_name_the_rasters_there_are(client: httpx.Client, town: Catalogue) -> None:
    described = client.get("/processes/profile").json()["inputs"]
    assert described["raster"]["schema"]["enum"] == ["elevation", "land-cover"]
    assert described["layer"]["schema"]["enum"] == list(town)
    assert (described["raster"]["minOccurs"], described["step_m"]["minOccurs"]) == (1, 0)


def test_a_mean_elevation_worked_out_on_paper(client: httpx.Client) -> None:
    inputs = {"raster": "elevation", "layers": ["industrial-parks"], "stats": ["mean"]}
    found = client.post("/processes/zonal-statistics/execution", json={"inputs": inputs}).json()
    means = {one["properties"]["zone_id"]: one["properties"]["mean"] for one in found["features"]}
    # IP-1: 100 + 30 + 64 in its middle; IP-2: 117,655,000 over the 490,000 m² beside the lake
    assert means["IP-1"] == pytest.approx(194, rel=1e-6)
    assert means["IP-2"] == pytest.approx(117_655_000 / 490_000, rel=1e-6)
    assert means["IP-4"] is None
    assert {"raster": "elevation", "source": "虚构", "date": "2025-01-01"} in found["sources"]
    assert found["leftOut"][0]["ids"] == ["IP-4"]


def test_layers_without_a_measure_are_unprocessable(client: httpx.Client) -> None:
    inputs = {"layers": ["scenic-areas"], "by": ["gas-pipelines"]}
    answer = client.post("/processes/coverage/execution", json={"inputs": inputs})
    assert answer.status_code == 422
    assert answer.json()["type"] == "urn:geoplan:problem:wrong-geometry-type"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"inputs", b"{'inputs': {}}", b'{"inputs": {}} x', b"\xff\xfe",
        b'{"inputs": {"min_area_m2": NaN}}',
        b'{"inputs": {"min_area_m2": Infinity}}',
        b'{"inputs": {"min_area_m2": -Infinity}}',
        b'{"inputs": {"min_area_m2": 1e999}}',
        b'{"inputs": {"min_area_m2": ' + b"9" * 5000 + b"}}",
        b'{"inputs": {"layers": ["\\ud800"]}}',
        b'{"\\udfff": 1}',
        b"[" * (MAX_DEPTH + 1) + b"]" * (MAX_DEPTH + 1),
        b"[" * 400_000,
        b'{"a":' * 150_000,
        b'{"inputs": "' + b"[" * 1000,
    ],
)  # fmt: skip
def test_a_body_that_is_no_json_is_refused(client: httpx.Client, body: bytes) -> None:
    answer = client.post(RUN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_brackets_in_texts_are_no_depth(client: httpx.Client) -> None:
    text = '\\"[{' * 200
    body = b'{"inputs": {"layers": ["' + text.encode() + b'"]}}'
    answer = client.post(RUN, content=body, headers={"Content-Type": "application/json"})
    assert answer.json()["pointer"] == "/inputs/layers/0"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded", "x"])
def test_a_body_of_another_kind_is_refused(client: httpx.Client, kind: str | None) -> None:
    headers = {} if kind is None else {"Content-Type": kind}
    answer = client.post(RUN, content=b'{"inputs": {}}', headers=headers)
    assert answer.status_code == 415
    assert "Content-Type: application/json" in answer.json()["detail"]


def test_json_may_state_its_charset(client: httpx.Client) -> None:
    headers = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert client.post(RUN, content=b"{}", headers=headers).status_code == 200


def test_a_large_body_is_refused_before_it_is_read(client: httpx.Client) -> None:
    body = b'{"inputs": {"layers": ["' + b"x" * Settings().max_body_bytes + b'"]}}'
    answer = client.post(RUN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_body_without_a_length_is_refused_on_the_way(base: str) -> None:
    def parts() -> Any:
        for _ in range(Settings().max_body_bytes // 50_000 + 1):
            yield b" " * 50_000

    headers = {"Content-Type": "application/json"}
    assert httpx.post(base + RUN, content=parts(), headers=headers).status_code == 413


def test_a_body_that_stays_away_is_given_up(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoplan_api.bodies.MAX_SECONDS", 0.3)
    url = httpx.URL(base)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as link:
        head = f"POST {RUN} HTTP/1.1\r\nHost: {url.host}\r\nContent-Type: application/json\r\n"
        link.sendall(f"{head}Content-Length: 50\r\n\r\n{{".encode())
        started = time.monotonic()
        answer = link.recv(4096).decode()
    assert " 408 " in answer.splitlines()[0]
    assert time.monotonic() - started < 5


def test_execution_takes_no_query_parameter(client: httpx.Client) -> None:
    assert client.post(f"{RUN}?f=json", json={}).status_code == 400


def test_processes_come_in_pages_and_are_described_as_openapi_has_it(client: httpx.Client) -> None:
    every = [one["id"] for one in client.get("/processes").json()["processes"]]
    seen: list[str] = []
    url: str | None = "/processes?limit=4"
    while url:
        page = client.get(url).json()
        assert len(page["processes"]) <= 4
        seen += [one["id"] for one in page["processes"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
    assert seen == every
    assert client.get("/processes?limit=0").status_code == 400
    for process in every:
        for told in client.get(f"/processes/{process}").json()["inputs"].values():
            OAS30Validator.check_schema(told["schema"])
    day = client.get("/processes/site-check").json()["inputs"]["on"]["schema"]
    assert day == {"type": "string", "format": "date", "nullable": True}
