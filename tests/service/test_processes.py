"""Processes over HTTP give what the library gives, and refuse what it refuses, by pointer."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from geoplan_api.bodies import MAX_BYTES, MAX_DEPTH
from geoplan_api.service import RUNS_AT_A_TIME

from geoplan import Catalogue
from geoplan.export import result_document
from geoplan.model import Document
from geoplan.processes import PROCESSES

RUN = "/processes/overlap/execution"
INPUTS: list[tuple[str, dict[str, Any]]] = [
    ("layers", {}),
    ("layers", {"layers": ["highways"]}),
    ("overlap", {}),
    ("overlap", {"layers": ["industrial-parks"]}),
    ("overlap", {"layers": ["industrial-parks", "scenic-areas"], "min_area_m2": 40000}),
    ("coverage", {}),
    ("coverage", {"layers": ["industrial-parks"], "by": ["scenic-areas"]}),
]


@pytest.mark.parametrize(("name", "inputs"), INPUTS)
def test_a_run_gives_what_the_library_gives(
    client: httpx.Client, town: Catalogue, name: str, inputs: dict[str, Any]
) -> None:
    answer = client.post(f"/processes/{name}/execution", json={"inputs": inputs})
    assert answer.status_code == 200, answer.text
    process = PROCESSES[name]
    expected = process.run(town, process.inputs.model_validate(inputs))
    assert not isinstance(expected, Document)
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
        (run,) = [link for link in one["links"] if link["rel"].endswith("/execute")]
        answer = client.post(run["href"], json={})
        assert answer.headers["content-type"].split(";")[0] == run["type"]
        assert described["outputs"]["result"]["schema"]["contentMediaType"] == run["type"]


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
    body = b'{"inputs": {"layers": ["' + b"x" * MAX_BYTES + b'"]}}'
    answer = client.post(RUN, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_large_body_without_a_length_is_refused_on_the_way(base: str) -> None:
    def parts() -> Any:
        for _ in range(MAX_BYTES // 50_000 + 1):
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


def test_runs_leave_reads_alone_and_are_few_at_a_time(
    base: str, town: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Runs happen off the event loop, two at a time; a read need not wait for one to end."""
    entered: list[int] = []
    go_on = threading.Event()

    def slow(catalogue: Catalogue, inputs: Any) -> Any:
        entered.append(1)
        assert go_on.wait(20)
        return PROCESSES["overlap"].run(catalogue, PROCESSES["overlap"].inputs())

    monkeypatch.setitem(PROCESSES, "layers", replace(PROCESSES["layers"], run=slow))
    with ThreadPoolExecutor(5) as pool:
        address = f"{base}/processes/layers/execution"
        runs = [pool.submit(httpx.post, address, json={}, timeout=30) for _ in range(5)]
        try:
            for _ in range(100):
                if len(entered) >= RUNS_AT_A_TIME:
                    break
                time.sleep(0.05)
            assert httpx.get(f"{base}/collections/highways/items", timeout=5).status_code == 200
            time.sleep(0.3)
            assert len(entered) == RUNS_AT_A_TIME
        finally:
            go_on.set()
        assert [run.result().status_code for run in runs] == [200] * 5
