"""CQL2 as the standard tests it: its own predicates with their counts, and its examples."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.errors import BadQuery
from geoplan.settings import Settings
from geoplan.store import cql2

BESIDE = Path(__file__).parents[3] / "shared" / "data" / "cql2"
DATA = Path(os.environ.get("CQL2_DATA", BESIDE))
STANDARD = pytest.mark.skipif(not DATA.is_dir(), reason="the standard's test data is not here")
TABLES = {
    "ne_110m_admin_0_countries": "area",
    "ne_110m_populated_places_simple": "point",
    "ne_110m_rivers_lake_centerlines": "line",
}
CONTRADICTED = {
    # the official file has three names that begin with Ch: Chișinău, Chicago, Chengdu
    "ACCENTI(name) LIKE accenti('Ch%')": 3,
    # and one that begins with Chiș or Chis in any case: Chișinău
    "ACCENTI(CASEI(name)) LIKE accenti(casei('Chiș%'))": 1,
    "ACCENTI(CASEI(name)) LIKE accenti(casei('cHis%'))": 1,
}
"""Predicates whose official count the official data contradicts, and what the data says."""
_PLAN = """[plan]
id = "official"
title = { zh = "官方", en = "Official" }
extent = [-180.0, -90.0, 180.0, 90.0]
measuring_plane = "EPSG:4550"
data_date = 2022-04-16
attribution = { zh = "测", en = "test" }
"""


@pytest.fixture(scope="module")
def official(tmp_path_factory: pytest.TempPathFactory, serve: Any) -> Any:
    """Serve the official GeoPackage."""
    folder = tmp_path_factory.mktemp("official")
    shutil.copyfile(DATA / "ne110m4cql2.gpkg", folder / "official.gpkg")
    entries = [
        f'[[layer]]\nid = "{table.replace("_", "-")}"\nkind = "generic"\n'
        f'geometry = "{geometry}"\nfile = "official.gpkg"\ntable = "{table}"\n'
        + ('line_means = "edge"\n' if geometry == "line" else "")
        + 'title = { zh = "测", en = "test" }\nsource = { zh = "测", en = "test" }\n'
        "source_date = 2022-04-16\n"
        for table, geometry in TABLES.items()
    ]
    (folder / "catalogue.toml").write_text("\n".join([_PLAN, *entries]), encoding="utf-8")
    address = serve(create_app(Catalogue.open(folder), Settings()))
    with httpx.Client(base_url=address, timeout=30) as found:
        yield found


def _count(client: httpx.Client, table: str, text: str) -> int:
    path = f"/collections/{table.replace('_', '-')}/items"
    answer = client.get(path, params={"filter": text, "limit": "1"})
    assert answer.status_code == 200, (text, answer.text)
    return int(answer.json()["numberMatched"])


@STANDARD
def test_predicates_of_the_standard_have_their_counts(official: httpx.Client) -> None:
    predicates = json.loads((DATA / "ats_predicates.json").read_text())["predicates"]
    wrong = {}
    for one in predicates:
        found = _count(official, one["source"], one["predicate"])
        if found != one["expected"]:
            wrong[one["predicate"]] = found
    assert len(predicates) == 274
    assert wrong == CONTRADICTED


@STANDARD
def test_combinations_of_the_standard_have_their_counts(official: httpx.Client) -> None:
    combinations = json.loads((DATA / "ats_predicates.json").read_text())["combinations"]
    assert len(combinations) == 77
    for one in combinations:
        p1, p2, p3, p4 = one["p"]
        text = f"(NOT ({p2}) AND {p1}) OR ({p3} and {p4}) or not ({p1} OR {p4})"
        found = _count(official, "ne_110m_populated_places_simple", text)
        assert found == one["expected"], text


def _examples(language: str) -> list[Path]:
    return sorted((DATA / "examples" / language).glob("*")) if DATA.is_dir() else []


@STANDARD
def test_both_encodings_of_an_example_are_the_same_filter() -> None:
    """The text encoding, read, is the JSON that the standard gives beside it."""
    alike = 0
    for path in _examples("json"):
        text = DATA / "examples" / "text" / f"{path.stem}.txt"
        if text.exists():
            told = cql2.read(text.read_text(encoding="utf-8"), "cql2-text")
            written = cql2.read(path.read_text(encoding="utf-8"), "cql2-json")
            written.pop("$schema", None)
            alike += json.dumps(told).lower() == json.dumps(written).lower()
    assert alike >= 90


@STANDARD
def test_examples_of_the_standard_are_answered_or_refused(official: httpx.Client) -> None:
    """None of our columns is in them, so what is answered is few; but all are read."""
    paths = [*_examples("text"), *_examples("json")]
    assert len(paths) == 229
    for path in paths:
        language = "cql2-json" if path.suffix == ".json" else "cql2-text"
        text = path.read_text(encoding="utf-8")
        cql2.read(text, language)
        answer = official.get(
            "/collections/ne-110m-admin-0-countries/items",
            params={"filter": text, "filter-lang": language, "limit": "1"},
        )
        assert answer.status_code in (200, 400), (path, answer.text)


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("a = 1", {"op": "=", "args": [{"property": "a"}, 1]}),
        ("NOT a = 1 AND b", {
            "op": "and",
            "args": [
                {"op": "not", "args": [{"op": "=", "args": [{"property": "a"}, 1]}]},
                {"property": "b"},
            ]}),
        ("a-1-2 > -b^2", {
            "op": ">",
            "args": [
                {"op": "-", "args": [{"op": "-", "args": [{"property": "a"}, 1]}, 2]},
                {"op": "^", "args": [{"op": "*", "args": [-1, {"property": "b"}]}, 2]},
            ]}),
        (r"""名称 = 'it''s a \'q\' 100\% \t'""",
         {"op": "=", "args": [{"property": "名称"}, "it's a 'q' 100\\% \t"]}),
        ('"a ""b"" c" IS NOT NULL',
         {"op": "not", "args": [{"op": "isNull", "args": [{"property": 'a "b" c'}]}]}),
        ("a = 9007199254740993", {"op": "=", "args": [{"property": "a"}, 9007199254740993]}),
        ("S_WITHIN(g, POINT Z(1 -2 3))", {
            "op": "s_within",
            "args": [{"property": "g"}, {"type": "Point", "coordinates": [1, -2, 3]}]}),
        ("date = DATE('2025-01-02')",
         {"op": "=", "args": [{"property": "date"}, {"date": "2025-01-02"}]}),
        ("a_equals(x, ('a', 2))", {"op": "a_equals", "args": [{"property": "x"}, ["a", 2]]}),
    ],
)  # fmt: skip
def test_text_is_read_as_written(text: str, tree: Any) -> None:
    assert cql2.read(text, "cql2-text") == tree


@pytest.mark.parametrize(
    ("text", "place"),
    [("", "character 1"), ("a = ", "the end"), ("a = 'x", "character 5"), ("a = $", "character 5"),
     ("a = 1 b", "character 7"), ("(a = 1", "the end"), ("a NOT = 1", "'='"), ("a IS 1", "'1'"),
     ("a IN 1", "'1'"), ("a = NULL", "'NULL'"), ("S_WITHIN(g, POINT EMPTY)", "character 19"),
     ("S_WITHIN(g, POLYGON((0 0, 1 x)))", "'x'"), ("a BETWEEN 1 OR 2", "'OR'"),
     ("a = 1e999", "1e999")],
)  # fmt: skip
def test_what_is_no_cql2_is_refused_where_it_goes_wrong(text: str, place: str) -> None:
    with pytest.raises(BadQuery, match=place.replace("(", r"\(")):
        cql2.read(text, "cql2-text")
