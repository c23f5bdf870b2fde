"""The definition of the API is what the service does: paths, parameters, answers."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from geoplan_api import create_app
from geoplan_api.openapi import PROCESS_IDS
from openapi_spec_validator import OpenAPIV30SpecValidator

from geoplan import Catalogue
from geoplan.i18n import phrases
from geoplan.processes import PROCESSES
from geoplan.settings import Settings

FILL = {
    "collectionId": "highways",
    "featureId": "HW-1",
    "processId": "overlap",
    "ruleId": "HWY-01",
    "rasterId": "elevation",
    "tileMatrixSetId": "WebMercatorQuad",
    "tileMatrix": "13",
    "tileRow": "3068",
    "tileCol": "6894",
}

_HW_1 = {"layer": "highways", "feature": "HW-1"}
RUNNABLE: dict[str, dict[str, Any]] = {
    "nearest": {"layers": ["industrial-parks", "scenic-areas"]},
    "site-check": {"geometry": {"type": "Point", "coordinates": [123.0, 41.09]}},
    "chainage": {"parts": "as_drawn"},
    "locate": {**_HW_1, "chainages": ["K0+500"]},
    "station": {**_HW_1, "points": [[123.0, 41.09]]},
    "along": {"layer": "highways", "points": [[123.0, 41.09]], "upstream_m": 1, "downstream_m": 2},
    "zonal-statistics": {"raster": "elevation"},
    "zonal-classes": {"raster": "land-cover"},
    "profile": {**_HW_1, "raster": "elevation", "step_m": 100},
    **{name: {"raster": "elevation"} for name in ("slope", "aspect", "hillshade", "cog")},
}
"""Inputs of the processes that cannot be asked without any; of GP-2, the parts stand apart."""


@pytest.fixture(scope="module", autouse=True)
def job(client: httpx.Client) -> None:
    """Have a job that can be looked at."""
    asked = client.post("/processes/layers/execution", json={}, headers={"Prefer": "respond-async"})
    assert asked.status_code == 201
    FILL["jobId"] = asked.json()["jobID"]
    for _ in range(600):
        if client.get(f"/jobs/{FILL['jobId']}").json()["status"] == "successful":
            return
        time.sleep(0.05)
    pytest.fail("the job did not end within 30 s")


@pytest.fixture(scope="module")
def definition(client: httpx.Client) -> dict[str, Any]:
    return dict(client.get("/openapi.json").json())


def _operations(definition: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in definition["paths"].items():
        for method, operation in methods.items():
            yield method, path, operation


def _resolved(definition: dict[str, Any], found: Any) -> Any:
    while isinstance(found, dict) and "$ref" in found:
        place: Any = definition
        for step in found["$ref"].removeprefix("#/").split("/"):
            place = place[step]
        found = place
    return found


def _parameters(definition: dict[str, Any], operation: dict[str, Any]) -> dict[str, Any]:
    found = [_resolved(definition, one) for one in operation["parameters"]]
    return {one["name"]: one for one in found}


def _walk(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _walk(child)
    elif isinstance(value, list):
        for child in value:
            yield from _walk(child)


def _mismatch(definition: dict[str, Any], schema: Any, value: Any, at: str = "$") -> str | None:
    """Return where a value leaves a schema (the part of JSON Schema that the service uses)."""
    schema = _resolved(definition, schema)
    if value is None and schema.get("nullable"):
        return None
    for part in schema.get("allOf", []):
        if wrong := _mismatch(definition, part, value, at):
            return wrong
    if "oneOf" in schema:
        fitting = [one for one in schema["oneOf"] if not _mismatch(definition, one, value, at)]
        if len(fitting) != 1:
            return f"{at}: fits {len(fitting)} of oneOf"
    types: dict[str, Any] = {
        "object": dict, "array": list, "string": str, "integer": int, "number": (int, float),
    }  # fmt: skip
    wanted = types.get(schema.get("type", ""), object)
    if not isinstance(value, wanted) or (isinstance(value, bool) and wanted is not object):
        return f"{at}: {value!r} is no {schema['type']}"
    if "enum" in schema and value not in schema["enum"]:
        return f"{at}: {value!r} is none of {schema['enum']}"
    if isinstance(value, int | float) and not schema.get("minimum", value) <= value:
        return f"{at}: {value} is too small"
    return _mismatch_inside(definition, schema, value, at)


def _mismatch_inside(definition: Any, schema: Any, value: Any, at: str) -> str | None:
    if isinstance(value, dict):
        missing = set(schema.get("required", [])) - set(value)
        if missing:
            return f"{at}: {missing} missing"
        known = schema.get("properties", {})
        for name, child in value.items():
            wrong = _mismatch(definition, known.get(name, {}), child, f"{at}.{name}")
            if wrong:
                return wrong
    if isinstance(value, list):
        for number, child in enumerate(value):
            wrong = _mismatch(definition, schema.get("items", {}), child, f"{at}[{number}]")
            if wrong:
                return wrong
    return None


def test_the_matcher_of_these_tests_notices(definition: dict[str, Any]) -> None:
    link = {"$ref": "#/components/schemas/link"}
    good = {"href": "x", "rel": "x", "type": "x", "title": "x"}
    assert _mismatch(definition, link, good) is None
    assert _mismatch(definition, link, {**good, "href": 1})
    assert _mismatch(definition, link, {"href": "x"})


def test_the_document_is_laid_out_as_openapi_3_0(definition: dict[str, Any]) -> None:
    assert re.fullmatch(r"3\.0\.\d", definition["openapi"])
    OpenAPI.model_validate(definition)
    for found in _walk(definition):
        if "$ref" in found:
            assert found["$ref"].startswith("#/")  # self-contained
            assert _resolved(definition, found)
        if isinstance(found.get("type"), str) and "enum" not in found:
            assert found["type"] != "null"
    ids = [operation["operationId"] for _, _, operation in _operations(definition)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("editing", [False, True])
def test_the_document_is_valid_openapi(
    town: Catalogue, tmp_path: Path, serve: Any, editing: bool
) -> None:
    """By the schema of OpenAPI and the rules beside it, references and examples included."""
    folder = shutil.copytree(town.directory, tmp_path / "town")
    app = create_app(Catalogue.open(folder), Settings(editing=editing))
    document = httpx.get(f"{serve(app)}/openapi.json").json()
    assert ("post" in document["paths"]["/collections/highways/items"]) == editing
    assert [str(error) for error in OpenAPIV30SpecValidator(document).iter_errors()] == []
    document["paths"]["/health"]["get"]["responses"]["200"].pop("description")
    assert not OpenAPIV30SpecValidator(document).is_valid()


def test_path_parameters_are_those_of_the_path(definition: dict[str, Any]) -> None:
    for _, path, operation in _operations(definition):
        named = {
            name
            for name, one in _parameters(definition, operation).items()
            if one["in"] == "path" and one["required"]
        }
        assert named == set(re.findall(r"\{(\w+)\}", path)), path


def test_every_route_is_documented_and_every_documented_one_is_there(
    definition: dict[str, Any], town: Catalogue
) -> None:
    def shape(path: str) -> str:
        return re.sub(r"\{[^}]*\}", "{}", path)

    routes = {
        (shape(route.path), method.lower())
        for part in _routers()
        for route in part.routes
        for method in route.methods - {"HEAD"}
    }
    told = {
        (re.sub(r"/collections/[^{/]+/items$", "/collections/{}/items", shape(path)), method)
        for method, path, _ in _operations(definition)
    }
    assert told == routes
    listed = {path.split("/")[2] for path in definition["paths"] if path.endswith("/items")}
    assert listed == set(town)


def _routers() -> list[Any]:
    from geoplan_api import site
    from geoplan_api.app import PARTS

    return [part.router for part in PARTS if part is not site]  # which is for browsers alone


def test_the_app_has_no_route_beside_its_routers(town: Catalogue) -> None:
    app = create_app(town, Settings())
    assert (app.openapi_url, app.docs_url, app.redoc_url) == (None, None, None)


def test_every_read_answers_as_documented(client: httpx.Client, definition: dict[str, Any]) -> None:
    for method, path, operation in _operations(definition):
        if method != "get" or path == "/jobs/{jobId}/results":  # whose kind the job decided
            continue
        url = re.sub(r"\{(\w+)\}", lambda found: FILL[found[1]], path)
        for media_type, content in operation["responses"]["200"]["content"].items():
            answer = client.get(url, headers={"Accept": media_type})
            assert answer.status_code == 200
            assert answer.headers["content-type"].startswith(media_type)
            if media_type.endswith("json"):
                wrong = _mismatch(definition, content["schema"], answer.json())
                assert wrong is None, (path, wrong)


def test_every_documented_parameter_is_taken(
    client: httpx.Client, definition: dict[str, Any]
) -> None:
    samples = {
        "bbox": "122,41,123,42", "datetime": "2025-01-01", "limit": "3", "after": "HW-1",
        "properties": "name", "filter": "name IS NULL",
        "url": str(client.base_url.join("/map")),
        "center": "123,41.09", "subset": "Lat(41.08:41.1)", "bgcolor": "0xF4F1EA",
        "pack": "cn-national", "check": "false", "on": "2026-11-22",
        "string": "x", "boolean": "true", "number": "1.5", "integer": "1", "array": "x",
    }  # fmt: skip
    for method, path, operation in _operations(definition):
        for name, one in _parameters(definition, operation).items():
            if one["in"] != "query" or method != "get":
                continue
            if path == "/map" and name in ("packs", "on"):
                continue  # seconds each: asked together in test_rule_pages
            schema = one["schema"]
            known = schema.get("enum") or schema.get("items", {}).get("enum")
            values = known or [samples.get(name) or samples[schema["type"]]]
            url = re.sub(r"\{(\w+)\}", lambda found: FILL[found[1]], path)
            if path.endswith("/map") and name == "crs":
                values = values[:5]  # each is drawn: those of planes in test_maps
            for value in values:
                assert client.get(url, params={name: value}).status_code == 200, (path, name)


def test_every_run_answers_as_documented(client: httpx.Client, definition: dict[str, Any]) -> None:
    operation = definition["paths"]["/processes/{processId}/execution"]["post"]
    (body,) = operation["requestBody"]["content"].values()
    for name in PROCESSES:
        if name == "diff":
            continue  # the town keeps no older version: tests/versions asks it
        inputs = {"inputs": RUNNABLE[name]} if name in RUNNABLE else body["example"]
        answer = client.post(f"/processes/{name}/execution", json=inputs)
        assert answer.status_code == 200, answer.text
        content = operation["responses"]["200"]["content"]
        kind = answer.headers["content-type"].removesuffix("; charset=utf-8")
        if kind == "application/json":
            labelled = {f"total.{key}" for key in answer.json()["totals"] if "-" not in key}
            known = phrases("zh")  # codes of quality, such as null-geometry, name themselves
            assert {one for one in labelled if one not in known
                    and one.replace("total.", "column.") not in known} == set(), name  # fmt: skip
        schema = content[kind]["schema"]
        if schema.get("type") != "string":
            assert _mismatch(definition, schema, answer.json()) is None


def test_errors_are_documented_as_problems(
    client: httpx.Client, definition: dict[str, Any]
) -> None:
    wrong: list[tuple[str, str, dict[str, Any], dict[str, Any]]] = [
        ("get", "/", {"params": {"x": "1"}}, {}),
        ("get", "/map", {"params": {"f": "gif"}}, {}),
        ("get", "/rules", {"params": {"severity": "fatal"}}, {}),
        ("get", "/rules/{ruleId}", {}, {"ruleId": "NONE-01"}),
        ("get", "/api", {"headers": {"Accept": "image/png"}}, {}),
        ("get", "/conformance", {"headers": {"Host": "evil.example"}}, {}),
        ("get", "/collections/{collectionId}", {}, {"collectionId": "none"}),
        ("get", "/collections/{collectionId}/items/{featureId}", {}, {"featureId": "none"}),
        ("get", "/collections/highways/items", {"params": {"bbox": "1"}}, {}),
        ("get", "/processes/{processId}", {}, {"processId": "none"}),
        ("post", "/processes/{processId}/execution", {"json": {"x": 1}}, {}),
        ("post", "/processes/{processId}/execution", {"content": b"x"}, {}),
        ("post", "/processes/{processId}/execution", {"json": "x" * 8_100_000}, {}),
        ("post", "/processes/{processId}/execution", {"json": {}}, {"processId": "none"}),
    ]
    for method, path, request, fill in wrong:
        url = path
        for name, value in {**FILL, **fill}.items():
            url = url.replace(f"{{{name}}}", value)
        answer = client.request(method, url, **request)
        responses = definition["paths"][path][method]["responses"]
        assert str(answer.status_code) in responses, (url, answer.status_code)
        content = _resolved(definition, responses[str(answer.status_code)])["content"]
        schema = content[answer.headers["content-type"]]["schema"]
        assert _mismatch(definition, schema, answer.json()) is None


def test_the_processes_named_are_those_there_are() -> None:
    assert tuple(PROCESSES) == PROCESS_IDS


def test_the_page_lists_every_operation(client: httpx.Client, definition: dict[str, Any]) -> None:
    page = client.get("/api").text
    for method, path, _ in _operations(definition):
        assert f"<code>{method.upper()} {path}</code>" in page


def test_options_names_every_method_of_a_path(
    client: httpx.Client, definition: dict[str, Any]
) -> None:
    for path, methods in definition["paths"].items():
        url = re.sub(r"\{(\w+)\}", lambda found: FILL.get(found[1], "x"), path)
        told = set(client.options(url).headers["allow"].split(", "))
        assert {method.upper() for method in methods} <= told, path
