"""All features as one text, and JSON-FG: what other programs read is what is stored."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
import shapely

from geoplan import Catalogue
from tests.service.test_item_files import read_elsewhere

ITEMS = "/collections/industrial-parks/items"
PLANE = "http://www.opengis.net/def/crs/EPSG/0/4550"
SHAPE_TOLERANCE_M = 1e-6


def paged(client: httpx.Client, **asked: str) -> list[dict[str, Any]]:
    answer = client.get(ITEMS, params={"limit": "10000", **asked})
    assert answer.status_code == 200, answer.text
    return list(answer.json()["features"])


def test_a_stream_holds_what_the_pages_hold(client: httpx.Client) -> None:
    with client.stream("GET", ITEMS, params={"f": "geojson"}) as answer:
        assert answer.status_code == 200
        assert "content-length" not in answer.headers
        assert answer.headers["content-type"] == "application/geo+json"
        assert 'filename="industrial-parks.geojson"' in answer.headers["content-disposition"]
        whole = json.loads(answer.read())
    assert whole["type"] == "FeatureCollection"
    assert whole["features"] == paged(client)
    count = len(whole["features"])
    assert (whole["numberMatched"], whole["numberReturned"]) == (count, count)
    assert len(whole["features"]) > 3


@pytest.mark.parametrize(
    "asked",
    [
        {"filter": "status <> 'built'", "sortby": "-name", "limit": "3"},
        {"bbox": "122.9,41,123.1,41.2", "properties": "name"},
        {"crs": PLANE, "limit": "2"},
        {"name": "there is none of this name"},
    ],
)
def test_a_question_is_answered_alike(client: httpx.Client, asked: dict[str, str]) -> None:
    answer = client.get(ITEMS, params={"f": "geojson", **asked})
    pages = client.get(ITEMS, params={"limit": "10000", **asked}).json()
    found = answer.json()
    assert found["features"] == pages["features"]
    assert found["numberMatched"] == pages["numberMatched"]
    assert found["numberReturned"] == pages["numberReturned"]
    if "crs" in asked:
        assert answer.headers["content-crs"] == f"<{PLANE}>"


def test_a_sequence_is_one_feature_a_record(client: httpx.Client) -> None:
    answer = client.get(ITEMS, params={"f": "geojsonseq"})
    assert answer.headers["content-type"] == "application/geo+json-seq"
    first, *records = answer.content.split(b"\x1e")
    assert first == b""
    assert all(record.endswith(b"\n") for record in records)
    assert [json.loads(record) for record in records] == paged(client)


def test_an_unchanged_stream_is_not_sent_again(client: httpx.Client) -> None:
    tag = client.get(ITEMS, params={"f": "geojson"}).headers["etag"]
    again = client.get(ITEMS, params={"f": "geojson"}, headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")


def test_what_is_wrong_is_told_before_anything_is_sent(client: httpx.Client) -> None:
    for asked in ({"limit": "0"}, {"filter": "status ="}, {"sortby": "nothing"}):
        answer = client.get(ITEMS, params={"f": "geojson", **asked})
        assert answer.status_code == 400
        assert answer.headers["content-type"] == "application/problem+json"


def test_jsonfg_in_degrees_is_geojson_with_more(client: httpx.Client) -> None:
    answer = client.get(ITEMS, params={"f": "jsonfg"})
    assert answer.headers["content-type"] == "application/fg+json"
    found = answer.json()
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in found["conformsTo"]
    assert found["featureType"] == "industrial_park"
    assert client.get(found["featureSchema"]).json()["type"] == "object"
    assert found["coordRefSys"] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    for feature, plain in zip(found["features"], paged(client), strict=True):
        assert (feature.pop("time"), feature.pop("place")) == (None, None)
        assert feature == plain


def test_jsonfg_in_the_plane_is_read_by_gdal_where_it_is_stored(
    client: httpx.Client, town: Catalogue, tmp_path: Path
) -> None:
    answer = client.get(ITEMS, params={"f": "jsonfg", "crs": PLANE, "limit": "10000"})
    assert all(feature["geometry"] is None for feature in answer.json()["features"])
    file = tmp_path / "parks.json"
    file.write_bytes(answer.content)
    got = read_elsewhere(file, index="id").sort_index()
    stored = read_elsewhere(town.path("industrial-parks")).sort_index()
    assert got.crs.to_epsg() == 4550
    assert list(got.index) == list(stored.index)
    assert list(got.geometry.isna()) == list(stored.geometry.isna())
    placed = stored.geometry.notna()
    there = stored.to_crs(4550).geometry[placed].to_numpy()
    apart = shapely.hausdorff_distance(got.geometry[placed].to_numpy(), there)
    assert len(apart) > 2
    assert apart.max() < SHAPE_TOLERANCE_M


def test_one_feature_as_jsonfg(client: httpx.Client) -> None:
    first = paged(client)[0]
    found = client.get(f"{ITEMS}/{first['id']}", params={"f": "jsonfg", "crs": PLANE}).json()
    assert (found["type"], found["id"], found["geometry"]) == ("Feature", first["id"], None)
    assert found["coordRefSys"] == PLANE
    assert found["place"]["type"] == first["geometry"]["type"]
    north, east = found["place"]["coordinates"][0][0][:2]
    assert north > 4e6
    assert 3e5 < east < 7e5
