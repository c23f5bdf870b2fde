"""Sorting, choosing properties, entity tags and packing."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
import zstandard
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.store.writing import open_to_write


@pytest.fixture(scope="module")
def own_plan(odd: Catalogue, tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("order") / "plan"
    shutil.copytree(odd.directory, directory)
    return directory


@pytest.fixture(scope="module")
def own(serve: Any, own_plan: Path) -> Any:
    app = create_app(Catalogue.open(own_plan), Settings())
    with httpx.Client(base_url=serve(app), timeout=30) as found:
        yield found


def _ids(client: httpx.Client, url: str, **parameters: Any) -> list[Any]:
    found, answer = [], client.get(url, params=parameters)
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [feature["id"] for feature in page["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            assert page["numberMatched"] == len(found)
            return found
        answer = client.get(following[0])


@pytest.mark.parametrize("limit", [83, 500, 5000])
@pytest.mark.parametrize(
    ("sortby", "columns", "ascending"),
    [
        ("lane", ["lane"], [True]),
        ("-lane", ["lane"], [False]),
        ("+lane,-name", ["lane", "name"], [True, False]),
        ("-name", ["name"], [False]),
    ],
)
def test_pages_come_in_the_order_asked_for(
    own: httpx.Client,
    odd: Catalogue,
    limit: int,
    sortby: str,
    columns: list[str],
    ascending: list[bool],
) -> None:
    """Against pandas, whose sort is stable: equal ones stay in the order of their ids."""
    frame = odd.read("many").sort_index()
    expected = frame.sort_values(columns, ascending=ascending, kind="stable").index.tolist()
    assert _ids(own, "/collections/many/items", sortby=sortby, limit=limit) == expected


def test_nulls_come_first_and_last_with_a_minus(own: httpx.Client, odd: Catalogue) -> None:
    frame = odd.read("odd-ids").sort_index(key=lambda ids: [i.encode() for i in ids])
    empty = frame.index[frame["day"].isna()].tolist()
    dated = frame.index[frame["day"].notna()].tolist()
    for limit in (1, 5, 100):
        url = "/collections/odd-ids/items"
        assert _ids(own, url, sortby="day", limit=limit) == [*empty, *dated]
        assert _ids(own, url, sortby="-day", limit=limit) == [*dated, *empty]


def test_sorting_goes_with_a_box_and_a_value(own: httpx.Client, odd: Catalogue) -> None:
    frame = odd.read("many")
    chosen = frame[(frame["lane"] == 3) & (frame.geometry.x.between(122.7, 123.2))]
    chosen = chosen.sort_values("name", ascending=False)
    nowhere = frame[(frame["lane"] == 3) & frame.geometry.isna()].index
    found = _ids(
        own,
        "/collections/many/items",
        lane=3,
        bbox="122.7,40,123.2,42",
        sortby="-name",
        limit=17,
    )
    assert [one for one in found if one not in nowhere] == chosen.index.tolist()
    assert set(nowhere) <= set(found)


def test_a_sorted_walk_survives_the_loss_of_the_last_one_seen(
    serve: Any, odd: Catalogue, tmp_path: Path
) -> None:
    directory = tmp_path / "plan"
    shutil.copytree(odd.directory, directory)
    with httpx.Client(base_url=serve(create_app(Catalogue.open(directory), Settings()))) as client:
        whole = _ids(client, "/collections/many/items", sortby="-lane", limit=5000)
        first = client.get("/collections/many/items", params={"sortby": "-lane", "limit": 100})
        (following,) = [link["href"] for link in first.json()["links"] if link["rel"] == "next"]
        connection = open_to_write(directory / "many.gpkg")
        connection.execute("DELETE FROM many WHERE fid = ?", (whole[99],))
        connection.close()
        after = client.get(following).json()["features"]
        assert [feature["id"] for feature in after] == whole[100:200]


@pytest.mark.parametrize("after", ["x", "", "bnVsbA", "W10", "WzEsMiwzXQ", "W3siYSI6MX0sMV0"])
def test_a_made_up_place_is_refused(own: httpx.Client, after: str) -> None:
    answer = own.get("/collections/many/items", params={"sortby": "lane", "after": after})
    assert answer.status_code == 400, answer.text
    assert "'after'" in answer.json()["detail"] or "after =" in answer.json()["detail"]


@pytest.mark.parametrize("sortby", ["", "nope", "lane,lane", "+", "-", "geom", "raw", "*"])
def test_what_cannot_be_sorted_by_is_refused(own: httpx.Client, sortby: str) -> None:
    assert own.get("/collections/many/items", params={"sortby": sortby}).status_code == 400


def test_properties_are_chosen(own: httpx.Client) -> None:
    for url in ("/collections/odd-ids/items", "/collections/odd-ids/items/a%2Fb"):
        found = own.get(url, params={"properties": "whole,name"}).json()
        one = found["features"][0] if "features" in found else found
        assert set(one["properties"]) == {"name", "whole"}
        refused = own.get(url, params={"properties": "whole,nope"})
        assert refused.status_code == 400
        assert "'nope'" in refused.json()["detail"]


def test_what_a_client_holds_is_not_sent_again(own: httpx.Client, own_plan: Path) -> None:
    paths = [
        "/collections",
        "/collections/many",
        "/collections/many/items?limit=3",
        "/collections/many/items?limit=3&lane=2",
        "/collections/many/items/7",
        "/collections/many/items/7?crs=EPSG:4490",
    ]
    tags = {}
    for path in paths:
        answer = own.get(path)
        tags[path] = answer.headers["etag"]
        again = own.get(path, headers={"If-None-Match": f'"other", {tags[path]}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tags[path]
        assert own.get(path, headers={"If-None-Match": '"other"'}).status_code == 200
    assert len(set(tags.values())) == len(paths)
    connection = open_to_write(own_plan / "many.gpkg")
    connection.execute("UPDATE many SET lane = 6 WHERE fid = 8")
    connection.close()
    for path in paths:
        answer = own.get(path, headers={"If-None-Match": tags[path]})
        # feature 7 is as it was; every list may hold feature 8
        assert answer.status_code == (304 if "/items/7" in path else 200), path
    connection = open_to_write(own_plan / "many.gpkg")
    connection.execute("UPDATE many SET lane = lane + 1 WHERE fid = 7")
    connection.close()
    for path in paths[-2:]:
        assert own.get(path, headers={"If-None-Match": tags[path]}).status_code == 200


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        ("zstd, gzip", "zstd"),
        ("gzip, zstd;q=0.1", "zstd"),
        ("gzip", "gzip"),
        ("gzip;q=0", None),
        ("zstd;q=0, gzip", "gzip"),
        ("identity", None),
        ("br", None),
        ("", None),
        ("x" * 5000, None),
    ],
)
def test_answers_are_packed_as_the_client_can_take_them(
    own: httpx.Client, accepted: str, coding: str | None
) -> None:
    url = "/collections/many/items?limit=900"
    request = own.build_request("GET", url, headers={"Accept-Encoding": accepted})
    with own.stream("GET", url, headers=request.headers) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert int(answer.headers["content-length"]) == len(raw)
    plain = raw
    if coding == "zstd":
        plain = zstandard.ZstdDecompressor().decompress(raw, max_output_size=10**7)
    elif coding == "gzip":
        plain = gzip.decompress(raw)
    assert len(json.loads(plain)["features"]) == 900
    if coding:
        assert len(raw) < len(plain) / 3
    assert "Accept-Encoding" in answer.headers["vary"]
