"""Queryables, sortables, schema (OGC API - Features Part 5) and functions, as JSON Schema."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from geoplan_api.links import QUERYABLES, SCHEMA, SORTABLES

PATHS = {QUERYABLES: "queryables", SORTABLES: "sortables", SCHEMA: "schema"}


def _document(client: httpx.Client, layer: str, name: str, lang: str = "en") -> dict[str, Any]:
    answer = client.get(f"/collections/{layer}/{name}", headers={"Accept-Language": lang})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/schema+json"
    return dict(answer.json())


def test_every_collection_links_to_its_schemas(client: httpx.Client) -> None:
    for collection in client.get("/collections").json()["collections"]:
        for rel, name in PATHS.items():
            (link,) = [one for one in collection["links"] if one["rel"] == rel]
            assert link["type"] == "application/schema+json"
            document = client.get(link["href"]).json()
            assert document["$id"] == link["href"]
            assert link["href"].endswith(f"/collections/{collection['id']}/{name}")


@pytest.mark.parametrize("name", PATHS.values())
def test_documents_are_schemas_of_2020_12(client: httpx.Client, name: str) -> None:
    document = _document(client, "industrial-parks", name)
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert document["type"] == "object"
    assert document["additionalProperties"] is False
    places = [one["x-ogc-propertySeq"] for one in document["properties"].values()]
    assert places == list(range(1, len(places) + 1))
    for one in document["properties"].values():  # a place has a format and no type
        assert ("type" in one) is not one.get("format", "").startswith("geometry-")


def test_queryables_name_what_a_filter_can_ask(client: httpx.Client) -> None:
    properties = _document(client, "industrial-parks", "queryables")["properties"]
    items = "/collections/industrial-parks/items"
    for name in properties:
        assert client.get(items, params={"filter": f'"{name}" IS NULL'}).status_code == 200, name
    assert client.get(items, params={"filter": "nobody IS NULL"}).status_code == 400
    assert properties["geom"]["x-ogc-role"] == "primary-geometry"
    assert properties["geom"]["format"].startswith("geometry-")
    assert properties["feature_id"] == {
        "type": "string", "title": "Feature id", "maxLength": 40, "x-ogc-role": "id",
        "x-ogc-propertySeq": 2,
    }  # fmt: skip


def test_sortables_are_what_features_can_be_sorted_by(client: httpx.Client) -> None:
    properties = _document(client, "industrial-parks", "sortables")["properties"]
    assert "geom" not in properties
    for name in properties:
        answer = client.get("/collections/industrial-parks/items", params={"sortby": name})
        assert answer.status_code == 200, name


def test_the_schema_names_what_features_hold(client: httpx.Client) -> None:
    properties = _document(client, "industrial-parks", "schema")["properties"]
    feature = client.get("/collections/industrial-parks/items?limit=1").json()["features"][0]
    own = {name for name, one in properties.items() if "x-ogc-role" not in one}
    assert own == set(feature["properties"])


def test_domains_units_and_titles_come_from_the_kind(client: httpx.Client) -> None:
    english = _document(client, "industrial-parks", "schema")["properties"]
    chinese = _document(client, "industrial-parks", "schema", "zh")["properties"]
    assert (english["name"]["title"], chinese["name"]["title"]) == ("Name", "名称")
    assert english["geometry_accuracy_m"]["x-ogc-unit"] == "m"
    assert english["is_synthetic"]["type"] == "boolean"
    constants = {one["const"]: one["title"] for one in english["status"]["oneOf"]}
    assert constants["planned"] == "planned"
    assert {one["const"] for one in chinese["status"]["oneOf"]} == set(constants)


def test_functions_are_listed_and_can_be_called(client: httpx.Client) -> None:
    listed = client.get("/functions").json()["functions"]
    assert {"abs", "length", "concat", "year"} <= {one["name"] for one in listed}
    values = {"string": "'x'", "number": "1.5", "datetime": "DATE('2024-02-29')"}
    for one in listed:
        arguments = ", ".join(values[kind["type"][0]] for kind in one["arguments"])
        text = f"{one['name']}({arguments}) IS NOT NULL"
        answer = client.get("/collections/highways/items", params={"filter": text})
        assert answer.json()["numberMatched"] == 2, text


def test_a_description_that_stays_as_it_is_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get("/collections/highways/queryables")
    again = {"If-None-Match": first.headers["etag"]}
    assert client.get("/collections/highways/queryables", headers=again).status_code == 304
    assert client.get("/collections/none/queryables").status_code == 404
    assert client.get("/collections/highways/schema?x=1").status_code == 400
