"""Features through HTTP: all of them, once, where they are, as the standard says."""

from __future__ import annotations

import json
import math
from typing import Any

import httpx
import numpy as np
import pytest
import shapely
from geoplan_api import create_app
from pyproj import Transformer

from geoplan import Catalogue
from geoplan.settings import Settings

ODD_LAYERS = ["many", "odd-ids", "nowhere", "nobody", "tall", "long"]


@pytest.fixture(scope="module")
def odd_client(serve: Any, odd: Catalogue) -> Any:
    with httpx.Client(base_url=serve(create_app(odd, Settings())), timeout=30) as found:
        yield found


def _pages(client: httpx.Client, url: str, **parameters: Any) -> list[dict[str, Any]]:
    """Follow next links to the end."""
    answer = client.get(url, params=parameters)
    pages = []
    while True:
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        following = [link["href"] for link in pages[-1]["links"] if link["rel"] == "next"]
        if not following:
            return pages
        answer = client.get(following[0])


def _ids(pages: list[dict[str, Any]]) -> list[Any]:
    return [feature["id"] for page in pages for feature in page["features"]]


def _in_degrees(plan: Catalogue, layer_id: str) -> Any:
    """Return a layer by the other road: geopandas, pyproj, CRS84."""
    return plan.read(layer_id).to_crs("OGC:CRS84")


@pytest.mark.parametrize("limit", [1, 2, 3, 100])
def test_paging_returns_each_feature_of_the_town_once(
    client: httpx.Client, town: Catalogue, limit: int
) -> None:
    for layer in town:
        pages = _pages(client, f"/collections/{layer}/items", limit=limit)
        assert _ids(pages) == sorted(town.read(layer).index)
        assert all(page["numberMatched"] == len(_ids(pages)) for page in pages)
        assert all(page["numberReturned"] == len(page["features"]) <= limit for page in pages)


@pytest.mark.parametrize("layer", ODD_LAYERS)
@pytest.mark.parametrize("limit", [7, 100, 617])
def test_paging_returns_each_odd_feature_once(
    odd_client: httpx.Client, odd: Catalogue, layer: str, limit: int
) -> None:
    pages = _pages(odd_client, f"/collections/{layer}/items", limit=limit)
    assert _ids(pages) == sorted(odd.read(layer).index)
    assert {page["numberMatched"] for page in pages} == {len(_ids(pages))}


def test_geometry_attributes_and_null_are_those_of_the_file(
    client: httpx.Client, town: Catalogue
) -> None:
    for layer in town:
        expected = _in_degrees(town, layer)
        for feature in client.get(f"/collections/{layer}/items").json()["features"]:
            row = expected.loc[feature["id"]]
            if row.geometry is None:
                assert feature["geometry"] is None
            else:
                found = shapely.geometry.shape(feature["geometry"])
                assert found.equals_exact(row.geometry, 0) or found.equals(row.geometry)
            assert feature["properties"] == {
                name: row[name] for name in expected.columns if name != "geometry"
            }


def test_a_corner_worked_out_on_paper(client: httpx.Client) -> None:
    # IP-2 begins at (500 200 m, 4 550 100 m); the meridian of EPSG:4550 is 123°
    lon, lat = Transformer.from_crs(4550, 4326, always_xy=True).transform(500_200, 4_550_100)
    assert lon == pytest.approx(123.00238, abs=1e-5)
    ring = client.get("/collections/industrial-parks/items/IP-2").json()["geometry"]["coordinates"][
        0
    ]
    assert ring[0] == pytest.approx([lon, lat], abs=1e-9)


def test_rings_run_as_rfc_7946_says(odd_client: httpx.Client) -> None:
    for feature in odd_client.get("/collections/odd-ids/items").json()["features"]:
        if feature["geometry"] is not None:
            assert shapely.is_ccw(shapely.LinearRing(feature["geometry"]["coordinates"][0]))


def test_an_empty_geometry_is_null(odd_client: httpx.Client) -> None:
    assert odd_client.get("/collections/odd-ids/items/01").json()["geometry"] is None


def test_heights_are_kept_and_said(odd_client: httpx.Client) -> None:
    answer = odd_client.get("/collections/tall/items")
    heights = [f["geometry"]["coordinates"][2] for f in answer.json()["features"]]
    assert heights == [12.5, 30.0]
    assert answer.headers["content-crs"] == "<http://www.opengis.net/def/crs/OGC/0/CRS84h>"


def _boxes(count: int, around: tuple[float, float, float, float]) -> list[list[float]]:
    rng = np.random.default_rng(count)
    west, south, east, north = around
    found = []
    for size in rng.choice([0.0, 1e-4, 1e-2, 0.3, 1.0], count):
        lon = rng.uniform(west, east - size * (east - west))
        lat = rng.uniform(south, north - size * (north - south))
        found.append([lon, lat, lon + size * (east - west), lat + size * (north - south)])
    return found


def _expected(features: Any, box: list[float]) -> list[Any]:
    west, south, east, north = box
    area = (
        shapely.Point(west, south)
        if (west, south) == (east, north)
        else shapely.box(west, south, east, north)
    )
    hits = features.intersects(area) | features.geometry.isna() | features.geometry.is_empty
    return sorted(features.index[hits])


@pytest.mark.parametrize("box", _boxes(20, (122.97, 41.07, 123.03, 41.10)))
def test_bbox_is_exact_in_the_town(client: httpx.Client, town: Catalogue, box: list[float]) -> None:
    text = ",".join(map(repr, map(float, box)))
    for layer in town:
        pages = _pages(client, f"/collections/{layer}/items", bbox=text, limit=2)
        expected = _expected(_in_degrees(town, layer), box)
        assert _ids(pages) == expected
        assert {page["numberMatched"] for page in pages} == {len(expected)}


@pytest.mark.parametrize("layer", ODD_LAYERS)
@pytest.mark.parametrize("box", _boxes(10, (121.0, 40.5, 124.5, 41.6)))
def test_bbox_is_exact_in_odd_layers(
    odd_client: httpx.Client, odd: Catalogue, layer: str, box: list[float]
) -> None:
    text = ",".join(map(repr, map(float, box)))
    pages = _pages(odd_client, f"/collections/{layer}/items", bbox=text, limit=50)
    expected = _expected(_in_degrees(odd, layer), box)
    assert _ids(pages) == expected
    assert {page["numberMatched"] for page in pages} == {len(expected)}


def test_bbox_tests_edges_as_the_client_sees_them(odd_client: httpx.Client) -> None:
    """A 240 km edge, straight in degrees, lies hundreds of metres off its stored line."""
    for feature_id in (1, 2, 3):
        shown = odd_client.get(f"/collections/long/items/{feature_id}").json()["geometry"]
        (west, south), (east, north) = shown["coordinates"]
        lon, lat = (west + east) / 2, (south + north) / 2
        x, y = Transformer.from_crs("OGC:CRS84", 4550, always_xy=True).transform(lon, lat)
        assert abs(y - round(y, -4)) > 700
        on = f"{lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}"
        found = odd_client.get("/collections/long/items", params={"bbox": on}).json()
        assert _ids([found]) == [feature_id]
        lon, lat = Transformer.from_crs(4550, "OGC:CRS84", always_xy=True).transform(
            x, round(y, -4)
        )
        off = f"{lon - 1e-6},{lat - 1e-6},{lon + 1e-6},{lat + 1e-6}"
        assert _ids([odd_client.get("/collections/long/items", params={"bbox": off}).json()]) == []


def test_bbox_touching_counts_and_a_hair_off_does_not(
    client: httpx.Client, town: Catalogue
) -> None:
    east = float(_in_degrees(town, "scenic-areas").loc["SC-2"].geometry.bounds[2])
    for west, expected in ((east, ["SC-2"]), (math.nextafter(east, 180), [])):
        found = client.get(
            "/collections/scenic-areas/items", params={"bbox": f"{west!r},41.08,123.5,41.09"}
        )
        assert _ids([found.json()]) == expected


def test_features_without_position_match_every_box(client: httpx.Client) -> None:
    found = client.get("/collections/industrial-parks/items?bbox=-10,-10,-9,-9").json()
    assert _ids([found]) == ["IP-4"]
    assert found["numberMatched"] == 1


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ("-180,-90,180,90", ["IP-1", "IP-2", "IP-3", "IP-4"]),
        ("122.9,41.0,-500,123.1,41.2,500", ["IP-1", "IP-2", "IP-3", "IP-4"]),
        ("123.0,-90,122.0,90", ["IP-2", "IP-4"]),  # across the antimeridian, all but 122°–123°
        ("122.99,-90,122.985,90", ["IP-1", "IP-2", "IP-3", "IP-4"]),  # the plan on both sides
        ("170,-90,-170,90", ["IP-4"]),
    ],
)
def test_bbox_of_other_kinds(client: httpx.Client, box: str, expected: list[str]) -> None:
    for limit in (1, 100):
        pages = _pages(client, "/collections/industrial-parks/items", bbox=box, limit=limit)
        assert _ids(pages) == expected
        assert {page["numberMatched"] for page in pages} == {len(expected)}


@pytest.mark.parametrize(
    ("layer", "filters", "expected"),
    [
        ("industrial-parks", {"status": "planned"}, ["IP-3", "IP-4"]),
        ("industrial-parks", {"name": "东园"}, ["IP-2"]),
        ("industrial-parks", {"status": "planned", "name": "南园"}, ["IP-3"]),
        ("industrial-parks", {"name": "no such"}, []),
        ("industrial-parks", {"name": ""}, []),
        ("industrial-parks", {"is_synthetic": "true"}, ["IP-1", "IP-2", "IP-3", "IP-4"]),
        ("industrial-parks", {"is_synthetic": "false"}, []),
        ("industrial-parks", {"geometry_accuracy_m": "1"}, ["IP-1", "IP-2", "IP-3", "IP-4"]),
        ("industrial-parks", {"status": "planned", "bbox": "122,41,123,42"}, ["IP-3", "IP-4"]),
        ("industrial-parks", {"status": "built", "bbox": "123,41,124,42"}, []),
        ("highways", {"name": "' OR 1=1 --"}, []),
    ],
)
def test_property_filters(
    client: httpx.Client, layer: str, filters: dict[str, str], expected: list[str]
) -> None:
    for limit in (1, 2, 100):
        pages = _pages(client, f"/collections/{layer}/items", **filters, limit=limit)
        assert _ids(pages) == expected
        assert {page["numberMatched"] for page in pages} == {len(expected)}


def test_filters_bbox_and_paging_together(odd_client: httpx.Client, odd: Catalogue) -> None:
    features = odd.read("many")
    box = [122.7, 40.9, 123.2, 41.1]
    hits = _expected(features[features["lane"] == 3], box)
    assert 20 < len(hits) < 100
    pages = _pages(
        odd_client, "/collections/many/items", lane=3, bbox="122.7,40.9,123.2,41.1", limit=6
    )
    assert _ids(pages) == hits
    assert {page["numberMatched"] for page in pages} == {len(hits)}


@pytest.mark.parametrize(
    "value",
    ["2025-01-01T00:00:00Z", "2025-01-01", "../2025-01-01T00:00:00Z", "2025-01-01T00:00:00Z/..",
     "/2025-01-01T00:00:00Z", "2025-01-01T00:00:00+08:00/2025-02-01T00:00:00.5Z",
     "2016-12-31T23:59:60Z", "2024-02-29/2024-02-29"],
)  # fmt: skip
def test_datetime_matches_features_without_time(client: httpx.Client, value: str) -> None:
    found = client.get("/collections/highways/items", params={"datetime": value})
    assert found.status_code == 200, found.text
    assert found.json()["numberMatched"] == 2


def test_every_odd_id_leads_to_its_feature(odd_client: httpx.Client, odd: Catalogue) -> None:
    from urllib.parse import quote

    for feature_id in odd.read("odd-ids").index:
        address = f"/collections/odd-ids/items/{quote(feature_id, safe='')}"
        if feature_id in (".", "../x"):  # httpx, like browsers, resolves dots itself
            address = address.replace(".", "%2E")
        answer = odd_client.get(address)
        assert answer.status_code == 200, (feature_id, answer.text)
        assert answer.json()["id"] == feature_id
        (self,) = [link for link in answer.json()["links"] if link["rel"] == "self"]
        assert self["href"].startswith(str(odd_client.base_url))


@pytest.mark.parametrize("feature_id", ["0", "01", "1.0", "+1", " 1", "1 ", "1e0", "x", "9" * 40])
def test_a_number_has_one_spelling_as_id(odd_client: httpx.Client, feature_id: str) -> None:
    assert odd_client.get("/collections/many/items/1").status_code == 200
    assert odd_client.get(f"/collections/many/items/{feature_id}").status_code == 404


def test_values_of_every_kind_are_json(odd_client: httpx.Client) -> None:
    text = odd_client.get("/collections/odd-ids/items").text

    def refuse(word: str) -> float:
        raise AssertionError(word)

    features = {
        f["id"]: f["properties"] for f in json.loads(text, parse_constant=refuse)["features"]
    }
    first = features["a/b"]
    assert first["size"] is None  # infinite
    assert first["whole"] == 2**53 + 1
    assert first["raw"] == "AP8="
    assert first["day"] == "2024-02-29"
    assert first["moment"] == "2025-01-01T00:00:00.000Z"
    assert first["flag"] is True
    assert first["name"] == "<img src=x onerror=alert(1)>"
    assert features["西/山"]["name"] == "龘𠮷"


def test_a_column_called_like_a_parameter_is_not_a_filter(odd_client: httpx.Client) -> None:
    found = odd_client.get("/collections/odd-ids/items", params={"limit": "taken"})
    assert found.status_code == 400
    assert len(odd_client.get("/collections/odd-ids/items?limit=3").json()["features"]) == 3


def test_paging_survives_a_feature_that_comes_and_goes(serve: Any, tmp_path: Any, odd: Any) -> None:
    """Keyset paging: features that are there throughout come exactly once."""
    import shutil

    from geoplan.store.writing import open_to_write

    directory = tmp_path / "plan"
    shutil.copytree(odd.directory, directory)
    with httpx.Client(base_url=serve(create_app(Catalogue.open(directory), Settings()))) as client:
        elsewhere = "/collections/many/items?bbox=0,0,1,1&limit=1"
        assert client.get(elsewhere).json()["features"][0]["id"] == 1
        url: str | None = "/collections/many/items?limit=100"
        seen: list[int] = []
        connection = open_to_write(directory / "many.gpkg")
        step = 0
        while url:
            page = client.get(url).json()
            seen += _ids([page])
            step += 1
            connection.execute("DELETE FROM many WHERE fid = ?", (step * 3,))
            connection.execute("INSERT INTO many (fid, name) VALUES (?, 'new')", (-step,))
            url = next((link["href"] for link in page["links"] if link["rel"] == "next"), None)
        connection.close()
        assert len(set(seen)) == len(seen)
        throughout = set(range(1, 1235)) - {3 * n for n in range(1, step + 1)}
        assert throughout <= set(seen)
        found = client.get(elsewhere).json()
        # the survey is made anew when the file changes: the new ones have no position
        assert found["features"][0]["id"] == -step


def test_an_edit_moves_the_extent_at_once(serve: Any, tmp_path: Any, odd: Catalogue) -> None:
    import shutil

    from geoplan.store.blob import encode
    from geoplan.store.writing import open_to_write

    directory = tmp_path / "plan"
    shutil.copytree(odd.directory, directory)
    far = "/collections/many/items?bbox=99,9,101,11"
    with httpx.Client(base_url=serve(create_app(Catalogue.open(directory), Settings()))) as client:
        assert client.get(far).json()["numberMatched"] == 25  # those without a position
        (place,) = encode(np.array([shapely.Point(100, 10)], dtype=object), 4490)
        connection = open_to_write(directory / "many.gpkg")
        connection.execute("UPDATE many SET geom = ? WHERE fid = 2", (place,))
        connection.close()
        assert client.get(far).json()["numberMatched"] == 26
        west, south, *_ = client.get("/collections/many").json()["extent"]["spatial"]["bbox"][0]
        assert (west, south) == (100, 10)


def test_a_page_holds_what_was_asked_for_and_no_more(odd_client: httpx.Client) -> None:
    assert odd_client.get("/collections/many/items?limit=99999").json()["numberReturned"] == 1234
    assert odd_client.get("/collections/many/items").json()["numberReturned"] == 100
