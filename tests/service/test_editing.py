"""OGC API - Features, Part 4: create, replace, update, delete, with entity tags, in any CRS."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.openapi.models import OpenAPI
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve

PARKS = "/collections/industrial-parks/items"
PIPES = "/collections/gas-pipelines/items"
GEOJSON = {"Content-Type": "application/geo+json"}
MERGE = {"Content-Type": "application/merge-patch+json"}
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
SQUARE = [[122.97, 41.08], [122.98, 41.08], [122.98, 41.09], [122.97, 41.08]]


@pytest.fixture(scope="module")
def plan(town_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(town_dir, tmp_path_factory.mktemp("edited") / "town"))


@pytest.fixture(scope="module")
def editor(plan: Path, serve: Serve) -> Iterator[httpx.Client]:
    app = create_app(Catalogue.open(plan), Settings(editing=True))
    with httpx.Client(base_url=serve(app), timeout=60) as found:
        yield found


def _park(**properties: Any) -> dict[str, Any]:
    told = {"name": "新园", "status": "planned", "geometry_method": "digitised"}
    return {
        "type": "Feature",
        "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
        "properties": {**told, "geometry_accuracy_m": 5.0, **properties},
    }


@pytest.fixture
def made(editor: httpx.Client) -> Iterator[str]:
    answer = editor.post(PARKS, json=_park(), headers=GEOJSON)
    assert answer.status_code == 201, answer.text
    yield answer.headers["location"]
    editor.delete(answer.headers["location"])


def test_options(editor: httpx.Client, client: httpx.Client) -> None:
    told = editor.options(PARKS)
    assert (told.status_code, told.headers["allow"]) == (200, "GET, HEAD, OPTIONS, POST")
    assert "application/geo+json" in told.headers["accept-post"]
    told = editor.options(f"{PARKS}/IP-1")
    assert told.status_code == 200
    assert told.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert editor.put(PARKS).headers["allow"] == "GET, HEAD, OPTIONS, POST"
    assert editor.post(f"{PARKS}/IP-1").headers["allow"] == told.headers["allow"]
    assert editor.options("/collections/nothing/items").status_code == 404
    # without --edit nothing of the kind is announced, or possible
    assert "POST" not in client.options(PARKS).headers["allow"]
    assert client.post(PARKS, json=_park(), headers=GEOJSON).status_code == 405


def test_conformance_says_so_only_when_edits_are_on(
    editor: httpx.Client, client: httpx.Client
) -> None:
    part4 = "http://www.opengis.net/spec/ogcapi-features-4/1.0/conf/"
    classes = {part4 + name for name in
               ("create-replace-delete", "update", "optimistic-locking-etags")}  # fmt: skip
    assert classes <= set(editor.get("/conformance").json()["conformsTo"])
    assert not any(part4 in one for one in client.get("/conformance").json()["conformsTo"])


def test_create(editor: httpx.Client) -> None:
    count = editor.get(PARKS).json()["numberMatched"]
    answer = editor.post(PARKS, json=_park(), headers=GEOJSON)
    found = editor.get(answer.headers["location"])
    assert found.headers["etag"] == answer.headers["etag"]
    told = found.json()
    assert answer.headers["location"].endswith(f"{PARKS}/{told['id']}")
    assert told["properties"] == _park(name_en=None, is_synthetic=None)["properties"]
    for got, sent in zip(told["geometry"]["coordinates"][0], SQUARE, strict=True):
        assert got == pytest.approx(sent, abs=1e-9)
    assert editor.get(PARKS).json()["numberMatched"] == count + 1
    assert editor.delete(answer.headers["location"]).status_code == 204
    assert editor.get(PARKS).json()["numberMatched"] == count


def test_create_with_an_id(editor: httpx.Client) -> None:
    answer = editor.post(PARKS, json={**_park(), "id": "园/7"}, headers=GEOJSON)
    assert answer.headers["location"].endswith(f"{PARKS}/%E5%9B%AD%2F7")
    assert editor.get(answer.headers["location"]).json()["id"] == "园/7"
    assert editor.post(PARKS, json={**_park(), "id": "园/7"}, headers=GEOJSON).status_code == 422
    assert editor.delete(answer.headers["location"]).status_code == 204


def test_bodies_without_a_content_type_are_400(editor: httpx.Client) -> None:
    assert editor.post(PARKS, content=b"{}").status_code == 400
    assert editor.put(f"{PARKS}/IP-1", content=b"{}").status_code == 400


def test_replace(editor: httpx.Client, made: str) -> None:
    """What the new feature does not name is null; the id stays."""
    sent = {**_park(name="换"), "geometry": None}
    del sent["properties"]["status"]
    answer = editor.put(made, json=sent, headers=GEOJSON)
    assert answer.status_code == 204
    found = editor.get(made)
    assert found.headers["etag"] == answer.headers["etag"]
    told = found.json()
    assert (told["geometry"], told["properties"]["status"]) == (None, None)
    assert told["properties"]["name"] == "换"
    assert editor.put(made, json={**sent, "id": "other"}, headers=GEOJSON).status_code == 422
    # as it was read, with its links
    back = {**told, "properties": {**told["properties"], "name": "再"}}
    assert editor.put(made, json=back, headers=GEOJSON).status_code == 204


def test_replace_creates_nothing(editor: httpx.Client) -> None:
    for headers in (GEOJSON, {**GEOJSON, "If-Match": '"xyz"'}):
        assert editor.put(f"{PARKS}/none", json=_park(), headers=headers).status_code == 404
    held = {**GEOJSON, "If-None-Match": "*"}
    assert editor.put(f"{PARKS}/IP-1", json=_park(), headers=held).status_code == 412
    assert editor.get(f"{PARKS}/none").status_code == 404


def test_update_is_a_merge_patch(editor: httpx.Client, made: str) -> None:
    """Null empties a property, what is not named stays, a geometry may be named in part."""
    patch = {"properties": {"status": "built", "name": None}}
    answer = editor.patch(made, json=patch, headers=MERGE)
    assert answer.status_code == 204
    told = editor.get(made).json()
    assert told["properties"] == _park(status="built", name=None, name_en=None,
                                       is_synthetic=None)["properties"]  # fmt: skip
    assert len(told["geometry"]["coordinates"][0]) == 4
    ring = [*SQUARE[:3], [122.97, 41.09], SQUARE[0]]
    moved = {"geometry": {"coordinates": [ring]}}
    assert editor.patch(made, json=moved, headers=MERGE).status_code == 204
    assert len(editor.get(made).json()["geometry"]["coordinates"][0]) == 5
    assert editor.patch(made, json={"geometry": None}, headers=MERGE).status_code == 204
    assert editor.get(made).json()["geometry"] is None
    assert editor.patch(made, json=patch, headers=GEOJSON).status_code == 415
    assert editor.patch(f"{PARKS}/none", json=patch, headers=MERGE).status_code == 404


def test_the_schema_of_the_layer_holds(editor: httpx.Client, made: str) -> None:
    for properties, word in (
        ({"status": "dreamt"}, "'dreamt' is none of"),
        ({"geometry_accuracy_m": 0}, "outside the range"),
        ({"geometry_accuracy_m": None}, "how far it may be off"),
        ({"name": "长" * 121}, "121 characters"),
    ):
        name = next(iter(properties))
        for answer in (
            editor.post(PARKS, json=_park(**properties), headers=GEOJSON),
            editor.patch(made, json={"properties": properties}, headers=MERGE),
        ):
            told = answer.json()
            assert (answer.status_code, told["pointer"]) == (422, f"/properties/{name}")
            assert word in told["detail"]


@pytest.mark.parametrize(
    ("code", "position"),
    [
        ("4490", [41.08, 122.97]),
        ("4326", [41.08, 122.97]),
    ],
)
def test_coordinates_come_in_the_order_of_their_crs(
    editor: httpx.Client, made: str, code: str, position: list[float]
) -> None:
    """Latitude first in EPSG:4490 and EPSG:4326; the same numbers the other way are refused."""
    headers = {**MERGE, "Content-Crs": f"<{EPSG}{code}>"}
    ring = [one[::-1] for one in SQUARE]
    assert ring[0] == position
    patch = {"geometry": {"type": "Polygon", "coordinates": [ring]}}
    assert editor.patch(made, json=patch, headers=headers).status_code == 204
    got = editor.get(made).json()["geometry"]["coordinates"][0]
    assert got[1] == pytest.approx(SQUARE[1], abs=1e-9)
    wrong = {"geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
    answer = editor.patch(made, json=wrong, headers=headers)
    assert answer.status_code == 422
    assert "latitude first" in answer.json()["detail"]
    headers["Content-Crs"] = "<http://example.org/crs>"
    assert editor.patch(made, json=patch, headers=headers).status_code == 400


@pytest.mark.parametrize(
    ("crs", "geometry", "pointer"),
    [
        # a northing of nought on the meridian of zone 45, but 45 million metres west of it
        ("4533", {"type": "Point", "coordinates": [0.0, 0.0]}, "/geometry/coordinates"),
        ("4490", {"type": {}, "coordinates": [41.08, 122.97]}, "/geometry/type"),
        ("4490", {"type": ["Point"], "coordinates": [41.08, 122.97]}, "/geometry/type"),
    ],
)
def test_a_geometry_that_is_none_is_the_fault_of_who_sent_it(
    editor: httpx.Client, made: str, crs: str, geometry: Any, pointer: str
) -> None:
    headers = {"Content-Crs": f"<{EPSG}{crs}>"}
    for answer in (
        editor.post(PARKS, json={**_park(), "geometry": geometry}, headers={**GEOJSON, **headers}),
        editor.patch(made, json={"geometry": geometry}, headers={**MERGE, **headers}),
    ):
        assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)


def test_single_and_multi_are_as_the_table_declares(editor: httpx.Client, made: str) -> None:
    patch = {"geometry": {"type": "MultiPolygon", "coordinates": [[SQUARE]]}}
    assert editor.patch(made, json=patch, headers=MERGE).status_code == 204
    assert editor.get(made).json()["geometry"]["type"] == "Polygon"


def test_an_edit_is_seen_at_once(editor: httpx.Client, made: str) -> None:
    """Twenty edits within a few ticks of the clock for files, each read back in the next breath."""
    for number in range(20):
        name = f"名{number}"
        editor.patch(made, json={"properties": {"name": name}}, headers=MERGE)
        assert editor.get(made).json()["properties"]["name"] == name
        assert editor.get(PARKS, params={"name": name}).json()["numberMatched"] == 1


def test_the_definition_tells_of_edits(editor: httpx.Client, client: httpx.Client) -> None:
    told = editor.get("/openapi.json").json()
    OpenAPI.model_validate(told)
    assert set(told["paths"][PARKS]) == {"get", "post"}
    item = told["paths"]["/collections/{collectionId}/items/{featureId}"]
    assert set(item) == {"get", "put", "patch", "delete"}
    named = re.findall(r'"\$ref":"#/components/(\w+)/([^"]+)"', editor.get("/openapi.json").text)
    assert all(name in told["components"][kind] for kind, name in named)
    assert set(client.get("/openapi.json").json()["paths"][PARKS]) == {"get"}
