"""OGC API - Features 1.0.1, Part 1: one test for each requirement of the classes declared.

The names are those of the standard: ``/req/core/fc-md-op`` is ``test_core_fc_md_op``. Features in
depth (bbox, paging, filters) stand in test_items.py.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely
from openapi_spec_validator import OpenAPIV30SpecValidator
from pyproj import CRS

from geoplan import Catalogue

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
PART1 = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
REQUIREMENTS = {
    "core": [
        "root-op", "root-success", "api-definition-op", "api-definition-success",
        "conformance-op", "conformance-success", "http", "query-param-unknown",
        "query-param-invalid", "crs84", "fc-md-op", "fc-md-success", "fc-md-links", "fc-md-items",
        "fc-md-items-links", "fc-md-extent", "fc-md-extent-multi", "sfc-md-op", "sfc-md-success",
        "fc-op", "fc-limit-definition", "fc-limit-response-1", "fc-bbox-definition",
        "fc-bbox-response", "fc-time-definition", "fc-time-response", "fc-response", "fc-links",
        "fc-rel-type", "fc-timeStamp", "fc-numberMatched", "fc-numberReturned", "f-op",
        "f-success", "f-links",
    ],
    "geojson": ["definition", "content"],
    "html": ["definition", "content"],
    "oas30": [
        "oas-definition-1", "oas-definition-2", "oas-impl", "completeness", "exceptions-codes",
        "security",
    ],
}  # fmt: skip


def _json(client: httpx.Client, path: str, **more: Any) -> Any:
    answer = client.get(path, **more)
    assert answer.status_code == 200, answer.text
    return answer.json()


def _links(document: dict[str, Any], rel: str) -> list[dict[str, str]]:
    return [link for link in document["links"] if link["rel"] == rel]


def _operation(client: httpx.Client, path: str) -> dict[str, Any]:
    """Return the GET operation of a path, references resolved one level."""
    definition = _json(client, "/openapi.json")
    shared = definition["components"]["parameters"]
    operation: dict[str, Any] = definition["paths"][path]["get"]
    operation["parameters"] = {
        found["name"]: found
        for one in operation["parameters"]
        for found in [shared[one["$ref"].split("/")[-1]] if "$ref" in one else one]
    }
    return operation


def test_every_class_declared_has_a_test_for_every_requirement(client: httpx.Client) -> None:
    declared = _json(client, "/conformance")["conformsTo"]
    own = [name for name in declared if name.startswith(PART1)]
    assert sorted(own) == sorted(PART1 + name for name in REQUIREMENTS)
    here = set(re.findall(r"(?m)^def test_(\w+)\(", Path(__file__).read_text(encoding="utf-8")))
    for name, requirements in REQUIREMENTS.items():
        wanted = {f"{name}_{each.replace('-', '_')}" for each in requirements}
        assert wanted <= here, wanted - here


def test_core_root_op(client: httpx.Client) -> None:
    assert client.get("/").status_code == 200


def test_core_root_success(client: httpx.Client) -> None:
    landing = _json(client, "/")
    assert isinstance(landing["title"], str)
    for rel, path in (("conformance", "/conformance"), ("data", "/collections")):
        (link,) = _links(landing, rel)
        assert link["href"] == f"{client.base_url}{path}".replace("//c", "/c")
    assert _links(landing, "service-desc")
    assert _links(landing, "service-doc")
    for link in landing["links"]:
        assert client.get(link["href"]).status_code == 200, link


def test_core_api_definition_op(client: httpx.Client) -> None:
    landing = _json(client, "/")
    for link in _links(landing, "service-desc") + _links(landing, "service-doc"):
        assert client.get(link["href"]).status_code == 200


def test_core_api_definition_success(client: httpx.Client) -> None:
    landing = _json(client, "/")
    for link in _links(landing, "service-desc") + _links(landing, "service-doc"):
        answer = client.get(link["href"], headers={"Accept": link["type"]})
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith(link["type"])
    assert answer.text.startswith("<!doctype html>")


def test_core_conformance_op(client: httpx.Client) -> None:
    assert client.get("/conformance").status_code == 200


def test_core_conformance_success(client: httpx.Client) -> None:
    classes = _json(client, "/conformance")["conformsTo"]
    assert classes[:2] == [PART1 + "core", PART1 + "geojson"]


def test_core_http(client: httpx.Client) -> None:
    """HEAD says what GET says, a foreign method is 405 with Allow, a foreign Accept 406."""
    for path in ("/", "/collections", "/collections/highways/items", "/collections/highways"):
        got, told = client.get(path), client.head(path)
        assert got.http_version == "HTTP/1.1"
        assert told.status_code == 200
        assert told.content == b""
        same = ("content-type", "content-length", "vary", "content-language")
        assert [told.headers[name] for name in same] == [got.headers[name] for name in same]
        refused = client.delete(path)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
        assert client.get(path, headers={"Accept": "image/png"}).status_code == 406
    assert client.get("/no/such").status_code == 404


def test_core_query_param_unknown(client: httpx.Client) -> None:
    paths = _json(client, "/openapi.json")["paths"]
    fill = {"{collectionId}": "highways", "{featureId}": "HW-1", "{processId}": "layers"}
    fill |= {"{tileMatrixSetId}": "WebMercatorQuad", "{rasterId}": "elevation"}
    fill |= {"{tileMatrix}": "13", "{tileRow}": "3068", "{tileCol}": "6894"}
    for path, methods in paths.items():
        for name, value in fill.items():
            path = path.replace(name, value)
        if "get" in methods:
            assert client.get(path, params={"unknown-name": "1"}).status_code == 400, path


def test_core_query_param_invalid(client: httpx.Client) -> None:
    for query in ("limit=0", "bbox=1,2,3", "datetime=no", "f=no", "is_synthetic=perhaps"):
        assert client.get(f"/collections/highways/items?{query}").status_code == 400


def test_core_crs84(client: httpx.Client, town: Catalogue) -> None:
    for layer in town:
        answer = client.get(f"/collections/{layer}/items")
        assert answer.headers["content-crs"] == f"<{CRS84}>"
        stored = town.read(layer)
        assert stored.crs == CRS(4550)
        expected = stored.to_crs("OGC:CRS84")
        for feature in answer.json()["features"]:
            if feature["geometry"] is not None:
                found = shapely.geometry.shape(feature["geometry"])
                assert found.equals(expected.geometry[feature["id"]])


def test_core_fc_md_op(client: httpx.Client) -> None:
    assert client.get("/collections").status_code == 200


def test_core_fc_md_success(client: httpx.Client) -> None:
    found = _json(client, "/collections")
    assert isinstance(found["links"], list)
    for collection in found["collections"]:
        assert isinstance(collection["id"], str)
        assert isinstance(collection["links"], list)


def test_core_fc_md_links(client: httpx.Client) -> None:
    (link,) = _links(_json(client, "/collections"), "self")
    assert link["type"] == "application/json"
    assert link["href"].endswith("/collections")


def test_core_fc_md_items(client: httpx.Client, town: Catalogue) -> None:
    found = _json(client, "/collections")["collections"]
    assert [collection["id"] for collection in found] == list(town)


def test_core_fc_md_items_links(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        (link,) = _links(collection, "items")
        assert link["type"] == "application/geo+json"
        assert client.get(link["href"]).headers["content-type"] == link["type"]
        assert all(each["rel"] and each["type"] for each in collection["links"])


def _extent(collection: dict[str, Any]) -> list[float]:
    (box,) = collection["extent"]["spatial"]["bbox"]
    assert collection["extent"]["spatial"]["crs"] == CRS84
    return list(box)


def test_core_fc_md_extent(client: httpx.Client, town: Catalogue) -> None:
    for collection in _json(client, "/collections")["collections"]:
        expected = town.read(collection["id"]).to_crs("OGC:CRS84").total_bounds
        assert _extent(collection) == pytest.approx(list(expected), abs=1e-12)


def test_core_fc_md_extent_multi(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        west, south, east, north = _extent(collection)
        area = shapely.box(west, south, east, north)
        for feature in _json(client, f"/collections/{collection['id']}/items")["features"]:
            if feature["geometry"] is not None:
                assert area.covers(shapely.geometry.shape(feature["geometry"]))


def test_core_sfc_md_op(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        assert client.get(f"/collections/{collection['id']}").status_code == 200


def test_core_sfc_md_success(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        assert _json(client, f"/collections/{collection['id']}") == collection


def test_core_fc_op(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        assert client.get(f"/collections/{collection['id']}/items").status_code == 200


def test_core_fc_limit_definition(client: httpx.Client) -> None:
    limit = _operation(client, "/collections/highways/items")["parameters"]["limit"]
    schema = {"type": "integer", "minimum": 1, "maximum": 10000, "default": 100}
    assert limit.pop("description")
    assert limit == {
        "name": "limit", "in": "query", "required": False, "style": "form", "explode": False,
        "schema": schema,
    }  # fmt: skip


def test_core_fc_limit_response_1(client: httpx.Client) -> None:
    for limit in (1, 2, 3):
        page = _json(client, f"/collections/industrial-parks/items?limit={limit}")
        assert len(page["features"]) == limit
    assert client.get("/collections/industrial-parks/items?limit=10001").status_code == 200


def test_core_fc_bbox_definition(client: httpx.Client) -> None:
    bbox = _operation(client, "/collections/highways/items")["parameters"]["bbox"]
    assert bbox.pop("description")
    assert bbox == {
        "name": "bbox", "in": "query", "required": False, "style": "form", "explode": False,
        "schema": {
            "type": "array",
            "minItems": 4,
            "maxItems": 6,
            "oneOf": [{"minItems": 4, "maxItems": 4}, {"minItems": 6, "maxItems": 6}],
            "items": {"type": "number"},
        },
    }  # fmt: skip


def test_core_fc_bbox_response(client: httpx.Client) -> None:
    """A: only what meets the box. C: and what has no position. D: values within the extent."""
    found = _json(client, "/collections/industrial-parks/items?bbox=122.98,41.08,122.9999,41.1")
    assert [feature["id"] for feature in found["features"]] == ["IP-1", "IP-3", "IP-4"]
    assert found["features"][-1]["geometry"] is None
    six = _json(client, "/collections/industrial-parks/items?bbox=122.98,41.08,0,122.9999,41.1,9")
    assert six["features"] == found["features"]
    outside = client.get("/collections/industrial-parks/items?bbox=122.98,41.08,181,41.1")
    assert outside.status_code == 400


def test_core_fc_time_definition(client: httpx.Client) -> None:
    time = _operation(client, "/collections/highways/items")["parameters"]["datetime"]
    assert time.pop("description")
    assert time == {
        "name": "datetime", "in": "query", "required": False, "style": "form", "explode": False,
        "schema": {"type": "string"},
    }  # fmt: skip


def test_core_fc_time_response(client: httpx.Client) -> None:
    """C: features without a temporal geometry match; D, E, F: the syntax is held to."""
    for value in (
        "1990-01-01T00:00:00Z",
        "1990-01-01T00:00:00Z/1990-02-01T00:00:00Z",
        "../1990-02-01T00:00:00Z",
        "1990-02-01T00:00:00Z/",
    ):
        found = _json(client, "/collections/highways/items", params={"datetime": value})
        assert found["numberMatched"] == 2
    assert client.get("/collections/highways/items?datetime=1990").status_code == 400


def test_core_fc_response(client: httpx.Client) -> None:
    found = _json(client, "/collections/industrial-parks/items?status=planned")
    assert [feature["id"] for feature in found["features"]] == ["IP-3", "IP-4"]


def test_core_fc_links(client: httpx.Client) -> None:
    path = "/collections/industrial-parks/items?limit=2&status=planned"
    (link,) = _links(_json(client, path), "self")
    assert link["href"].endswith(path)
    again = _json(client, link["href"])
    assert [f["id"] for f in again["features"]] == ["IP-3", "IP-4"]


def test_core_fc_rel_type(client: httpx.Client) -> None:
    page = _json(client, "/collections/industrial-parks/items?limit=1")
    assert {link["rel"] for link in page["links"]} >= {"self", "next", "collection"}
    assert all(link["type"] for link in page["links"])
    (following,) = _links(page, "next")
    assert client.get(following["href"]).headers["content-type"] == following["type"]


def test_core_fc_timeStamp(client: httpx.Client) -> None:  # noqa: N802
    stamp = _json(client, "/collections/highways/items")["timeStamp"]
    found = datetime.fromisoformat(stamp)
    assert abs((datetime.now(tz=UTC) - found).total_seconds()) < 10


def test_core_fc_numberMatched(client: httpx.Client) -> None:  # noqa: N802
    for query, count in (("", 4), ("status=planned", 2), ("bbox=0,0,1,1", 1), ("status=none", 0)):
        for limit in (1, 10):
            path = f"/collections/industrial-parks/items?limit={limit}&{query}".rstrip("&")
            assert _json(client, path)["numberMatched"] == count


def test_core_fc_numberReturned(client: httpx.Client) -> None:  # noqa: N802
    for limit in (1, 3, 10):
        page = _json(client, f"/collections/industrial-parks/items?limit={limit}")
        assert page["numberReturned"] == len(page["features"]) == min(limit, 4)


def test_core_f_op(client: httpx.Client) -> None:
    for collection in _json(client, "/collections")["collections"]:
        path = f"/collections/{collection['id']}/items"
        for feature in _json(client, path)["features"]:
            assert client.get(f"{path}/{feature['id']}").status_code == 200


def test_core_f_success(client: httpx.Client) -> None:
    found = _json(client, "/collections/industrial-parks/items/IP-2")
    listed = _json(client, "/collections/industrial-parks/items")["features"][1]
    assert {name: found[name] for name in listed} == listed


def test_core_f_links(client: httpx.Client) -> None:
    found = _json(client, "/collections/industrial-parks/items/IP-2")
    (own,), (collection,) = _links(found, "self"), _links(found, "collection")
    assert own["type"] == "application/geo+json"
    assert _json(client, own["href"]) == found
    assert _json(client, collection["href"])["id"] == "industrial-parks"
    assert all(link["rel"] and link["type"] for link in found["links"])


def test_geojson_definition(client: httpx.Client) -> None:
    for accept in ({}, {"Accept": "application/geo+json"}, {"Accept": "application/json"}):
        for path in ("/collections/highways/items", "/collections/highways/items/HW-1"):
            answer = client.get(path, headers=accept)
            assert answer.headers["content-type"] == "application/geo+json"
    for path in ("/", "/conformance", "/collections", "/collections/highways", "/processes"):
        answer = client.get(path, headers={"Accept": "application/json"})
        assert answer.headers["content-type"] == "application/json"


def test_geojson_content(client: httpx.Client, town: Catalogue) -> None:
    for layer in town:
        found = _json(client, f"/collections/{layer}/items")
        assert found["type"] == "FeatureCollection"
        assert isinstance(found["links"], list)
        for feature in found["features"]:
            assert feature["type"] == "Feature"
            assert isinstance(feature["properties"], dict)
            alone = _json(client, f"/collections/{layer}/items/{feature['id']}")
            assert alone["type"] == "Feature"
            assert alone["id"] == feature["id"]
            assert alone["geometry"] == feature["geometry"]
            assert isinstance(alone["links"], list)


FEATURES_PATHS = (
    "/",
    "/conformance",
    "/collections",
    "/collections/industrial-parks",
    "/collections/industrial-parks/items",
    "/collections/industrial-parks/items?limit=2",
    "/collections/industrial-parks/items/IP-2",
)
"""One path of each operation of Part 1; the definition of the API has a page of its own, /api."""


def test_html_definition(client: httpx.Client) -> None:
    """Every operation answers HTML where it is asked to, and says so in the definition."""
    paths = _json(client, "/openapi.json")["paths"]
    for path in FEATURES_PATHS:
        by_name = client.get(path, params={**httpx.URL(path).params, "f": "html"})
        by_accept = client.get(path, headers={"Accept": "text/html"})
        for answer in (by_name, by_accept):
            assert answer.status_code == 200, answer.text
            assert answer.headers["content-type"] == "text/html; charset=utf-8"
            assert answer.text.startswith("<!doctype html>")
    for path in ("/", "/conformance", "/collections", "/collections/{collectionId}",
                 "/collections/highways/items",
                 "/collections/{collectionId}/items/{featureId}"):  # fmt: skip
        assert "text/html" in paths[path]["get"]["responses"]["200"]["content"], path


def test_html_content(client: httpx.Client) -> None:
    """What JSON tells, the page tells: every link as an anchor, every value in the body."""
    for path in FEATURES_PATHS:
        document = _json(client, path)
        page = client.get(path, headers={"Accept": "text/html"}).text
        body = unescape(page.partition("<body>")[2])
        anchors = set(re.findall(r'<a (?:[^>]*\s)?href="([^"]*)"', body))
        for link in _all_links(document):
            if link["rel"] not in ("self", "alternate"):
                assert link["href"] in anchors, (path, link)
        for told in _told(document):
            assert told in body, (path, told)


def _all_links(document: Any) -> list[dict[str, str]]:
    links = list(document.get("links", []))
    for collection in document.get("collections", []):
        links += collection["links"]
    return links


def _told(document: Any) -> list[str]:
    """Return what has to stand on the page of a document."""
    told = [document[name] for name in ("title", "description", "attribution") if name in document]
    told += document.get("conformsTo", [])
    for collection in document.get("collections", [document]):
        told += [collection[name] for name in ("id", "title", "storageCrs") if name in collection]
        told += collection.get("crs", [])
    for feature in document.get("features", [document] if "geometry" in document else []):
        told += [feature["id"], feature["properties"]["name"], feature["properties"]["name_en"]]
    if "geometry" in document:
        told.append(str(document["geometry"]["coordinates"][0][0][0]))
    return [str(one) for one in told]


def test_oas30_oas_definition_1(client: httpx.Client) -> None:
    """What stands behind service-desc is of its media type; service-doc is a page of it."""
    landing = _json(client, "/")
    (described,), (page,) = _links(landing, "service-desc"), _links(landing, "service-doc")
    assert described["type"] == "application/vnd.oai.openapi+json;version=3.0"
    assert client.get(described["href"]).headers["content-type"] == described["type"]
    assert page["type"] == "text/html"


def test_oas30_oas_definition_2(client: httpx.Client) -> None:
    OpenAPIV30SpecValidator(_json(client, "/openapi.json")).validate()


def test_oas30_oas_impl(client: httpx.Client) -> None:
    """What needs no id is asked here; test_openapi.py and test_schemathesis.py ask everything."""
    paths = _json(client, "/openapi.json")["paths"]
    plain = [path for path, methods in paths.items() if "get" in methods and "{" not in path]
    assert "/collections/highways/items" in plain
    for path in plain:
        assert client.get(path).status_code == 200, path


def test_oas30_completeness(client: httpx.Client) -> None:
    """Every operation tells what it answers, how it fails, and the content of both."""
    definition = _json(client, "/openapi.json")
    for path, methods in definition["paths"].items():
        for operation in methods.values():
            for status, answer in operation["responses"].items():
                place: Any = definition
                for step in answer.get("$ref", "#").split("/")[1:]:
                    place = place[step]
                told = place if "$ref" in answer else answer
                assert told.get("content") or status == "204", (path, status)


def test_oas30_exceptions_codes(client: httpx.Client) -> None:
    for methods in _json(client, "/openapi.json")["paths"].values():
        for operation in methods.values():
            assert {"400", "406", "500", "503"} <= set(operation["responses"])


def test_oas30_security(client: httpx.Client) -> None:
    """Nothing is asked of who reads, and the definition demands nothing."""
    definition = _json(client, "/openapi.json")
    assert "security" not in definition
    assert "securitySchemes" not in definition["components"]
