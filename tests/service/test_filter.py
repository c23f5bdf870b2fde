"""Filters on our own plans: counted by hand, null told from false, nothing hostile gets through.

The plan `many` has 1,234 points: number n (from 0) has lane n mod 7, the name 点n, and no geometry
when 50 divides n. `odd-ids` has twelve squares, 500 m wide and 1,000 m apart, the last one empty.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from geoplan.store.write import write_geopackage

ITEMS = "/collections/many/items"
SQUARES = "/collections/odd-ids/items"
PLOTS = "/collections/plots/items"
PLANE = "http://www.opengis.net/def/crs/EPSG/0/4550"
LATITUDE_FIRST = "http://www.opengis.net/def/crs/EPSG/0/4490"


@pytest.fixture(scope="module")
def odd_client(odd: Catalogue, serve: Any) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve(create_app(odd, Settings())), timeout=30) as found:
        yield found


def _ring(box: tuple[int, int, int, int]) -> str:
    south, west, north, east = box
    corners = [(south, west), (south, east), (north, east), (north, west), (south, west)]
    return f"POLYGON(({', '.join(f'{x} {y}' for x, y in corners)}))"


SQUARE = _ring((4550000, 500000, 4550500, 500500))


@pytest.fixture(scope="module")
def plots(tmp_path_factory: pytest.TempPathFactory, serve: Any) -> Iterator[httpx.Client]:
    """Serve four plots: two that touch, one apart, one without a place."""
    folder = tmp_path_factory.mktemp("plots")
    squares = [shapely.box(x, 4_550_000, x + 500, 4_550_500) for x in (500_000, 500_500, 502_000)]
    frame = gpd.GeoDataFrame(
        {
            "tags": ["red; blue", '["red"]', "[true]", None],
            "valid_from": [date(2020, 1, 1), date(2024, 3, 1), None, None],
            "valid_to": [date(2024, 6, 30), None, date(2024, 12, 31), None],
        },
        geometry=[*squares, None],
        crs=4550,
    )
    frame.index = np.arange(1, 5)
    write_geopackage(
        folder / "plots.gpkg", "plots", frame, id_column=None, identifier="plots",
        description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    (folder / "catalogue.toml").write_text(_PLAN, encoding="utf-8")
    app = create_app(Catalogue.open(folder), Settings())
    with httpx.Client(base_url=serve(app), timeout=30) as found:
        yield found


_PLAN = """[plan]
id = "plots"
title = { zh = "地块", en = "Plots" }
extent = [122.0, 40.0, 124.0, 42.0]
measuring_plane = "EPSG:4550"
data_date = 2025-01-01
attribution = { zh = "测", en = "test" }

[[layer]]
id = "plots"
kind = "generic"
geometry = "area"
title = { zh = "地块", en = "Plots" }
source = { zh = "测", en = "test" }
source_date = 2025-01-01
"""


def _ask(client: httpx.Client, path: str, text: str, **more: str) -> Any:
    answer = client.get(path, params={"filter": text, "limit": "10000", **more})
    assert answer.status_code == 200, (text, answer.text)
    return answer.json()


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("lane = 6", 176),  # 1234 = 176 · 7 + 2
        ("lane = 1", 177),
        ("lane <> 1", 1057),
        ("NOT (lane = 1 OR lane = 6)", 881),
        ("lane IN (1, 6)", 353),
        ("lane NOT IN (1, 6)", 881),
        ("lane BETWEEN 5 AND 6", 352),
        ("lane + 1 = 7", 176),
        ("lane * 2 / 4 = 2.5", 176),  # lane 5
        ("lane div 2 = 1", 352),  # lanes 2 and 3
        ("lane % 3 = 0", 529),  # lanes 0, 3 and 6: 177 + 176 + 176
        ("lane ^ 2 = 36", 176),
        ("name = '点7'", 1),
        ("name LIKE '点12_'", 10),
        ("name LIKE '%00'", 12),
        ("length(name) = 3", 90),
        ("geom IS NULL", 25),
        ("geom IS NOT NULL", 1209),
        ("S_INTERSECTS(geom, BBOX(-180,-90,180,90))", 1209),
        ("NOT S_INTERSECTS(geom, BBOX(-180,-90,180,90))", 0),
        ("NOT S_INTERSECTS(geom, BBOX(0,0,1,1))", 1209),
        ("S_DISJOINT(geom, BBOX(0,0,1,1))", 1209),
        ("S_INTERSECTS(geom, BBOX(0,0,1,1)) OR lane = 6", 176),
        ("S_INTERSECTS(geom, BBOX(0,0,1,1)) = FALSE", 1209),
        ("S_INTERSECTS(geom, BBOX(0,0,1,1)) IS NULL", 25),
        ("S_INTERSECTS(geom, geom)", 1209),
        ("S_TOUCHES(geom, geom)", 0),
        ("S_WITHIN(POINT(1 1), BBOX(0,0,2,2))", 1234),
        ("fid <= 3", 3),
        ("TRUE", 1234),
        ("FALSE OR lane = 6", 176),
    ],
)  # fmt: skip
def test_counts_that_can_be_checked_on_paper(
    odd_client: httpx.Client, text: str, count: int
) -> None:
    assert _ask(odd_client, ITEMS, text)["numberMatched"] == count


def test_a_filter_and_other_parameters_hold_together(odd_client: httpx.Client) -> None:
    found = _ask(odd_client, ITEMS, "lane IN (1, 6)", lane="6", sortby="-name")
    assert found["numberMatched"] == 176
    box = _ask(odd_client, ITEMS, "lane = 6", bbox="0,0,1,1")  # those without a position match
    assert {one["geometry"] for one in box["features"]} == {None}
    # 50 divides n and n mod 7 = 6: n = 300, 650, 1000
    assert [one["id"] for one in box["features"]] == [301, 651, 1001]


def test_pages_of_a_filter_hold_every_feature_once(odd_client: httpx.Client) -> None:
    seen: list[int] = []
    url = str(httpx.URL(ITEMS, params={"filter": "lane = 6", "limit": "50", "sortby": "-name"}))
    while url:
        page = odd_client.get(url).json()
        assert page["numberMatched"] == 176
        seen += [one["id"] for one in page["features"]]
        url = next((link["href"] for link in page["links"] if link["rel"] == "next"), "")
    assert sorted(seen) == list(range(7, 1235, 7))
    assert len(seen) == 176


def test_relations_to_a_square_in_its_own_plane(plots: httpx.Client) -> None:
    """Coordinates of EPSG:4550 come north first; the second plot touches the first."""
    half = "BBOX(4550000,500250,4560000,500400)"
    across = "LINESTRING(4549000 500250, 4560000 500250)"
    inside = _ring((4550100, 500100, 4550200, 500200))
    asked = {
        f"S_EQUALS(geom, {SQUARE})": [1],
        f"S_WITHIN(geom, {SQUARE})": [1],
        f"S_CONTAINS(geom, {inside})": [1],
        f"S_WITHIN({inside}, geom)": [1],
        f"S_CONTAINS({inside}, geom)": [],
        f"S_OVERLAPS(geom, {half})": [1],
        f"S_TOUCHES(geom, {SQUARE})": [2],
        f"S_CROSSES(geom, {across})": [1],
        f"S_CROSSES({across}, geom)": [1],
        "S_INTERSECTS(geom, POINT(4550500 500500))": [1, 2],
        f"NOT S_EQUALS(geom, {SQUARE})": [2, 3],
        f"S_DISJOINT(geom, {SQUARE})": [3],
        f"S_DISJOINT(geom, {SQUARE}) OR geom IS NULL": [3, 4],
    }
    for text, ids in asked.items():
        found = _ask(plots, PLOTS, text, **{"filter-crs": PLANE})
        assert [one["id"] for one in found["features"]] == ids, text


@pytest.mark.parametrize(
    ("value", "ids"),
    [
        ("2019-12-31T23:59:59Z", [3, 4]),
        ("2020-01-01", [1, 3, 4]),
        ("2024-06-30T23:59:59Z", [1, 2, 3, 4]),
        ("2024-07-01T00:00:00Z", [2, 3, 4]),
        ("2025-01-01/..", [2, 4]),
        ("../2019-01-01", [3, 4]),
        ("2024-07-01/2024-07-02", [2, 3, 4]),
    ],
)
def test_datetime_finds_what_is_valid_then(plots: httpx.Client, value: str, ids: list[int]) -> None:
    """1: 2020-01-01..2024-06-30, 2: from 2024-03-01, 3: until 2024-12-31, 4: no time at all."""
    found = plots.get(PLOTS, params={"datetime": value}).json()
    assert [one["id"] for one in found["features"]] == ids
    both = _ask(plots, PLOTS, "fid <> 4", datetime=value)
    assert [one["id"] for one in both["features"]] == [one for one in ids if one != 4]


def test_lists_in_a_text_are_arrays(plots: httpx.Client) -> None:
    asked = {
        "a_contains(tags, ('red'))": [1, 2],
        "a_equals(tags, ('blue', 'red'))": [1],
        "a_containedby(tags, ('red', 'x', 1, true))": [2, 3],
        "a_overlaps(tags, (true))": [3],
        "a_overlaps(tags, (1))": [],
        "NOT a_overlaps(tags, ('red'))": [3],
        "tags IS NULL": [4],
    }
    for text, ids in asked.items():
        assert [one["id"] for one in _ask(plots, PLOTS, text)["features"]] == ids, text


def test_geometries_stand_in_the_order_of_their_crs(odd_client: httpx.Client) -> None:
    east_first = _ask(odd_client, ITEMS, "S_INTERSECTS(geom, BBOX(122.6,40.9,122.8,41.1))")
    north_first = _ask(
        odd_client, ITEMS, "S_INTERSECTS(geom, BBOX(40.9,122.6,41.1,122.8))",
        **{"filter-crs": LATITUDE_FIRST},
    )  # fmt: skip
    ids = [one["id"] for one in east_first["features"]]
    assert 50 < len(ids) == len(north_first["features"])
    for one in east_first["features"]:
        x, y = one["geometry"]["coordinates"]
        assert 122.6 <= x <= 122.8
        assert 40.9 <= y <= 41.1
    swapped = odd_client.get(ITEMS, params={"filter": "S_INTERSECTS(geom, POINT(41 122))"})
    assert swapped.status_code == 400
    assert "longitude, latitude" in swapped.json()["detail"]


def test_edges_are_those_that_the_client_sees(odd_client: httpx.Client) -> None:
    """A line 240 km long, straight in degrees, leaves its plane by hundreds of metres."""
    lines = odd_client.get("/collections/long/items").json()["features"]
    shape = shapely.from_geojson(json.dumps(lines[0]["geometry"]))
    middle = shape.interpolate(0.5, normalized=True)
    for offset, hit in ((0.0, True), (0.0005, False)):
        box = middle.buffer(0.0001).bounds
        text = f"S_INTERSECTS(geom, BBOX({box[0]},{box[1] + offset},{box[2]},{box[3] + offset}))"
        found = _ask(odd_client, "/collections/long/items", text)["features"]
        assert ([one["id"] for one in found] == [1]) is hit


def test_null_is_neither_true_nor_false(odd_client: httpx.Client) -> None:
    """`day` is 2024-02-29 for every other square and null for the rest."""
    asked = {
        "day = DATE('2024-02-29')": 6,
        "NOT day = DATE('2024-02-29')": 0,
        "day = DATE('2024-02-29') OR day IS NULL": 12,
        "(day = DATE('2024-02-29')) IS NULL": 6,
        "NOT (day = DATE('2024-02-29') AND FALSE)": 12,
        "day <> DATE('2024-02-29') OR TRUE": 12,
        "NOT T_DISJOINT(day, INTERVAL('2025-01-01', '..'))": 0,
        "T_DISJOINT(day, INTERVAL('2025-01-01', '..'))": 6,
        "T_INTERSECTS(day, TIMESTAMP('2024-02-29T23:59:59Z'))": 6,
        "T_INTERSECTS(day, TIMESTAMP('2024-03-01T00:00:00Z'))": 0,
        "moment = TIMESTAMP('2025-01-01T08:00:00+08:00')": 12,
        "moment <= DATE('2025-01-01')": 12,
        "T_DURING(INTERVAL(day, moment), INTERVAL('2024-01-01', '2025-12-31'))": 6,
        "NOT T_DURING(INTERVAL(day, moment), INTERVAL('2024-01-01', '2025-12-31'))": 0,
        "year(day) = 2024 AND month(day) = 2": 6,
        "flag": 6,
        "NOT flag": 6,
        "flag = FALSE": 6,
        "whole = 9007199254740993": 1,
        "whole BETWEEN 3 AND whole": 9,
        "size > 1e299": 2,
        "-size < 0 AND size < 1": 9,
    }
    for text, count in asked.items():
        assert _ask(odd_client, SQUARES, text)["numberMatched"] == count, text


def test_names_and_texts_of_any_kind(odd_client: httpx.Client) -> None:
    asked = {
        "name = '龘𠮷'": 10,
        "name LIKE '_𠮷'": 10,
        "name = 'a''; DROP TABLE odd_ids;--'": 1,
        "name LIKE '%<img%'": 1,
        "casei(name) LIKE casei('A''; drop%')": 1,
        "accenti(name) = '龘𠮷'": 10,
        "code = 'ä?#&=+'": 1,
        "accenti(code) LIKE 'a?%'": 1,
        "code LIKE 'ä?#%'": 1,
        "code LIKE '*'": 0,
        "code LIKE '[.]'": 0,
        r"code LIKE 'a\%%'": 1,
        "a_contains(name, ('DROP TABLE odd_ids'))": 1,
        "a_overlaps(('龘𠮷', 3), name)": 10,
        "a_equals(name, ())": 0,
    }
    for text, count in asked.items():
        assert _ask(odd_client, SQUARES, text)["numberMatched"] == count, text
    assert odd_client.get(SQUARES).json()["numberMatched"] == 12


def test_json_and_text_ask_the_same(odd_client: httpx.Client) -> None:
    tree = {
        "op": "and",
        "args": [
            {"op": "<", "args": [{"property": "lane"}, 2]},
            {"op": "s_intersects", "args": [{"property": "geom"}, {"bbox": [122, 40, 123, 42]}]},
        ],
    }
    text = "lane < 2 AND S_INTERSECTS(geom, BBOX(122, 40, 123, 42))"
    one = _ask(odd_client, ITEMS, json.dumps(tree), **{"filter-lang": "cql2-json"})
    other = _ask(odd_client, ITEMS, text)
    assert one["features"] == other["features"]
    assert one["numberMatched"] > 100


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("colour = 1", "geom, fid, lane, name"),
        ("lane = 'x'", "whole number"),
        ("name > 3", "a text"),
        ("name = DATE('2025-01-01')", "a day"),
        ("geom = 3", "S_INTERSECTS"),
        ("lane", "true or false"),
        ("lane AND TRUE", "true or false"),
        ("lane + 'x' = 3", "whole number"),
        ("name LIKE name", "pattern in quotes"),
        ("lane BETWEEN 'a' AND 'b'", "whole number"),
        ("S_INTERSECTS(name, POINT(1 1))", "no geometry"),
        ("T_DURING(DATE('2025-01-01'), INTERVAL('2025-01-01','..'))", "two intervals"),
        ("T_AFTER(INTERVAL('2025-01-02','2025-01-01'), DATE('2025-01-01'))", "before it begins"),
        ("T_AFTER(DATE('2025-02-30'), DATE('2025-01-01'))", "YYYY-MM-DD"),
        ("buffer(geom, 3) = 1", "no function 'buffer'"),
        ("abs(1, 2) = 1", "1 arguments"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_words(
    odd_client: httpx.Client, text: str, said: str
) -> None:
    answer = odd_client.get(ITEMS, params={"filter": text})
    assert answer.status_code == 400, answer.text
    assert said in answer.json()["detail"]


def _hostile() -> list[tuple[str, str]]:
    point = '{"op":"s_within","args":[{"property":"geom"},{"type":"Point","coordinates":%s}]}'
    return [
        *((text, "cql2-text") for text in (
            "(" * 2000, "(" * 2000 + "lane=1" + ")" * 2000, "(" * 60 + "lane=1" + ")" * 60,
            "NOT " * 900 + "lane=1", "-" * 3000 + "1=lane", "casei(" * 500, "a_equals(name," * 200,
            "lane=1+" * 600, "lane" + "+1" * 1500 + "=1", "lane=" + "9" * 4090, "x" * 5000,
            "lane=1e999", "lane=NaN", "lane=Infinity", "'" * 2001, "name='" + "a" * 4100 + "'",
            'lane"; DROP TABLE many;--=1', '"lane\\"; DROP TABLE many;--" = 1',
            "\"' OR 1=1 --\" = 1", "name='x' OR 1=1; --", "sqlite_version() = '3'",
            "load_extension('x') = 1", "rowid = 1", '"t"."lane" = 1', "lane = :q0", "lane = ?",
            "S_INTERSECTS(geom, POLYGON((0 0,1 1,0 1,1 0,0 0)))",
            "S_INTERSECTS(geom, POLYGON((0 0,1 1)))", "S_INTERSECTS(geom, LINESTRING(0 0))",
            "S_INTERSECTS(geom, POINT(1e308 1))", "S_INTERSECTS(geom, POINT(1e999 1))",
            "S_INTERSECTS(geom, GEOMETRYCOLLECTION(GEOMETRYCOLLECTION(POINT(0 0))))",
            "S_INTERSECTS(geom, GEOMETRYCOLLECTION" + "(GEOMETRYCOLLECTION" * 100,
            "S_INTERSECTS(geom, BBOX(0,1,1,0))", "S_INTERSECTS(geom, BBOX(0,1))", "", " ", "\x00",
            "lane = 1 AND", "S_INTERSECTS(geom)", "T_AFTER()", "lane IN ()",
        )),
        *((text, "cql2-json") for text in (
            "[" * 4000, '{"op":"not","args":[' * 190, "{", "null", "3", '"x"', "[]", "{}", "NaN",
            '{"op":"=","args":[{"property":"lane"},NaN]}', '{"op":"=","args":[1e999,1]}',
            '{"op":"=","args":[{"property":"name"},"\\ud800"]}', '{"op":"=","args":[null,null]}',
            '{"op":"=","args":[{"property":["lane"]},1]}', '{"op":3,"args":[]}', '{"op":"="}',
            '{"op":"=","args":{"a":1}}', '{"op":"in","args":[{"property":"lane"},1]}',
            '{"op":"=","args":[{"date":3},{"date":"x"}]}',
            '{"op":"t_after","args":[{"interval":3},1]}',
            '{"op":"and","args":[]}', '{"op":"or","args":[true]}',
            point % "[1]", point % "[true,1]", point % '["1","2"]', point % "[]", point % "null",
            point % ("9" * 400 + ",1"), point % "[[1,2]]", point % ("[" * 90 + "]" * 90),
        )),
    ]  # fmt: skip


def test_hostile_filters_are_refused_and_the_process_lives(odd_client: httpx.Client) -> None:
    """Threats 5 and 11: depth, size, injection, numbers and geometries that are none."""
    for text, language in _hostile():
        params = {"filter": text, "filter-lang": language}
        answer = odd_client.get(ITEMS, params=params)
        assert answer.status_code == 400, (text[:80], answer.status_code, answer.text[:300])
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.elapsed.total_seconds() < 5
    assert _ask(odd_client, ITEMS, "TRUE")["numberMatched"] == 1234
    assert os.getpid()  # the server is a thread of this process, which is still here


@pytest.mark.parametrize(
    "query", ["filter-lang=cql", "filter-crs=EPSG:1", "filter=TRUE&filter=TRUE", "filter-lang="]
)
def test_parameters_beside_the_filter_are_held_to(odd_client: httpx.Client, query: str) -> None:
    assert odd_client.get(f"{ITEMS}?{query}").status_code == 400


def test_long_but_sound_filters_are_answered(odd_client: httpx.Client) -> None:
    chain = " AND ".join(["lane<9"] * 350)
    assert _ask(odd_client, ITEMS, chain)["numberMatched"] == 1234
    numbers = ",".join(map(str, range(900)))
    assert _ask(odd_client, ITEMS, f"fid IN ({numbers})")["numberMatched"] == 899
    deep = "(" * 48 + "lane=6" + ")" * 48
    assert _ask(odd_client, ITEMS, deep)["numberMatched"] == 176
    wild = "name LIKE '" + "%点" * 900 + "'"
    assert _ask(odd_client, ITEMS, wild)["numberMatched"] == 0
