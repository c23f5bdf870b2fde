"""Threats 7, 10 and 19: hostile features, two editors of one feature, the record of edits."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import httpx
import pytest
from geoplan_api import create_app

from geoplan import Catalogue
from geoplan.settings import Settings
from tests.service.conftest import Serve
from tests.service.editing_rig import (
    EAST,
    NORTH,
    PATCH,
    PLANE,
    Plot,
    audit_lines,
    feature,
    plots_in,
    write_plots,
)

ITEMS = "/collections/plots/items"
BOX = (EAST + 5, NORTH + 5, EAST + 9, NORTH + 8)
GEOJSON = {"Content-Type": "application/geo+json", "Content-Crs": PLANE}
MERGE = {"Content-Type": PATCH, "Content-Crs": PLANE}


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("edited")
    write_plots(directory)
    return directory


@pytest.fixture(scope="module")
def editor(plan: Path, serve: Serve) -> Iterator[httpx.Client]:
    app = create_app(Catalogue.open(plan), Settings(editing=True, max_vertices=1000))
    with httpx.Client(base_url=serve(app), timeout=60) as found:
        yield found


def _ring(*north_east: tuple[float, float]) -> list[list[float]]:
    return [[NORTH + north, EAST + east] for north, east in north_east]


SQUARE = _ring((0, 0), (0, 4), (4, 4), (4, 0), (0, 0))
BOW_TIE = _ring((0, 0), (4, 4), (0, 4), (4, 0), (0, 0))
HOSTILE: dict[str, tuple[Any, str]] = {
    "text for a number": (["Polygon", [[["1", EAST], *SQUARE[1:]]]], "/0/0/0"),
    "true for a number": (["Polygon", [[SQUARE[0], [True, EAST], *SQUARE[2:]]]], "/0/1/0"),
    "null for a number": (["Polygon", [[SQUARE[0], [NORTH, None], *SQUARE[2:]]]], "/0/1/1"),
    "1e308": (["Polygon", [[SQUARE[0], [1e308, EAST], *SQUARE[2:]]]], "/0/1/0"),
    "an integer of 400 digits": (["Polygon", [[SQUARE[0], [10**400, 1], *SQUARE[2:]]]], "/0/1/0"),
    "one number": (["Polygon", [[SQUARE[0], [NORTH], *SQUARE[2:]]]], "/0/1"),
    "a measure": (["Polygon", [[[*SQUARE[0], 1, 2], *SQUARE[1:]]]], "/0/0/3"),
    "an object": (["Polygon", [[{}, *SQUARE[1:]]]], "/0/0"),
    "open ring": (["Polygon", [SQUARE[:-1]]], "/0"),
    "open hole": (["Polygon", [SQUARE, _ring((1, 1), (1, 2), (2, 2), (2, 1))]], "/1"),
    "ring of three": (["Polygon", [SQUARE[:2] + SQUARE[:1]]], "/0"),
    "bow-tie": (["Polygon", [BOW_TIE]], ""),
    "empty": (["Polygon", []], ""),
    "empty ring": (["Polygon", [[]]], "/0"),
    "empty part": (["MultiPolygon", [[]]], "/0"),
    "no list": (["Polygon", "here"], ""),
    "too flat": (["Polygon", SQUARE], "/0"),
    "heights": (["Polygon", [[[*one, 3] for one in SQUARE]]], ""),
    "some heights": (["Polygon", [[[*SQUARE[0], 1], *SQUARE[1:]]]], ""),
    "axes exchanged": (["Polygon", [[one[::-1] for one in SQUARE]]], ""),
    "elsewhere": (["Polygon", [[[one[0] - 2e6, one[1]] for one in SQUARE]]], ""),
    "too many vertices": (["Polygon", [SQUARE * 201]], ""),
    "two parts": (["MultiPolygon", [[SQUARE], [[[n + 9, e] for n, e in SQUARE]]]], "type"),
    "a point": (["Point", [NORTH, EAST]], "type"),
    "mixed": (["GeometryCollection", []], "type"),
    "unknown": (["Circle", [NORTH, EAST]], "type"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_threat_07_hostile_geometry_is_422_with_its_place(
    editor: httpx.Client, plan: Path, name: str
) -> None:
    (kind, coordinates), place = HOSTILE[name]
    before = _state(plan)
    sent = feature("hostile", Plot(1, None))
    sent["geometry"] = {"type": kind, "coordinates": coordinates}
    patch = {"geometry": sent["geometry"]}
    answers = [
        editor.post(ITEMS, content=json.dumps(sent), headers=GEOJSON),
        editor.put(f"{ITEMS}/1", content=json.dumps(sent), headers=GEOJSON),
        editor.patch(f"{ITEMS}/1", content=json.dumps(patch), headers=MERGE),
    ]
    expected = "/geometry/type" if place == "type" else f"/geometry/coordinates{place}"
    for answer in answers:
        told = answer.json()
        assert (answer.status_code, told["pointer"]) == (422, expected), told
        assert answer.headers["content-type"] == "application/problem+json"
        assert len(told["detail"]) > 10
    assert _state(plan) == before


def test_threat_07_what_a_bow_tie_is_told(editor: httpx.Client) -> None:
    sent = feature("hostile", Plot(1, None))
    sent["geometry"] = {"type": "Polygon", "coordinates": [BOW_TIE]}
    told = editor.post(ITEMS, json=sent, headers=GEOJSON).json()
    # the diagonals of the square cross in its middle
    assert f"Self-intersection[{EAST + 2} {NORTH + 2}]" in told["detail"]


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_threat_07_what_is_no_json_is_400(editor: httpx.Client, plan: Path, text: str) -> None:
    before = _state(plan)
    sent = json.dumps(feature("x", Plot(1, BOX))).replace(str(EAST + 5), text)
    assert text in sent
    answer = editor.post(ITEMS, content=sent, headers=GEOJSON)
    assert (answer.status_code, _state(plan)) == (400, before)


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"properties": {"name": 5}}, "/properties/name"),
        ({"properties": {"name": ["a"]}}, "/properties/name"),
        ({"properties": {"name": "a\0b"}}, "/properties/name"),
        ({"properties": {"value": "5"}}, "/properties/value"),
        ({"properties": {"value": 5.5}}, "/properties/value"),
        ({"properties": {"value": True}}, "/properties/value"),
        ({"properties": {"value": 2**63}}, "/properties/value"),
        ({"properties": {"fid": 2}}, "/properties/fid"),
        ({"properties": {"geom": "x"}}, "/properties/geom"),
        ({"properties": {"a/b~c": 1}}, "/properties/a~1b~0c"),
        ({"properties": {'x" = 1; DROP TABLE plots; --': 1}}, None),
        ({"properties": []}, "/properties"),
        ({"id": 2}, "/id"),
        ({"id": {}}, "/id"),
        ({"type": "FeatureCollection"}, "/type"),
        ({"crs": {"type": "link"}, "geometry": None}, "/crs"),
    ],
)
def test_threat_07_hostile_properties_are_422_with_their_place(
    editor: httpx.Client, plan: Path, change: dict[str, Any], pointer: str | None
) -> None:
    before = _state(plan)
    answer = editor.patch(f"{ITEMS}/1", content=json.dumps(change), headers=MERGE)
    assert answer.status_code == 422, answer.text
    assert pointer is None or answer.json()["pointer"] == pointer
    assert _state(plan) == before


def test_threat_07_an_id_that_is_taken_is_422(editor: httpx.Client, plan: Path) -> None:
    before = _state(plan)
    answer = editor.post(ITEMS, json={**feature("x", Plot(1, BOX)), "id": 1}, headers=GEOJSON)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/id")
    answer = editor.post(ITEMS, json={**feature("x", Plot(1, BOX)), "id": "a"}, headers=GEOJSON)
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/id")
    assert _state(plan) == before


def test_threat_07_sizes_are_judged_before_parsing(editor: httpx.Client, plan: Path) -> None:
    before = _state(plan)
    deep = b"[" * 100_000
    assert editor.post(ITEMS, content=deep, headers=GEOJSON).status_code == 400
    large = b" " * 8_000_001
    assert editor.post(ITEMS, content=large, headers=GEOJSON).status_code == 413
    assert (
        editor.post(ITEMS, content=b"{}", headers={"Content-Type": "text/plain"}).status_code == 415
    )
    assert _state(plan) == before


def test_threat_10_the_second_of_two_editors_is_told(editor: httpx.Client, plan: Path) -> None:
    """Both read; the first writes; what the second sends is refused, whichever way it is sent."""
    path = editor.post(ITEMS, json=feature("shared", Plot(1, BOX)), headers=GEOJSON).headers[
        "location"
    ]
    read = editor.get(path, params={"crs": PLANE.strip("<>")}).headers["etag"]
    assert "." in read, "the tag of this form has a part of its own"
    held = {**MERGE, "If-Match": read}
    first = editor.patch(path, json={"properties": {"value": 2}}, headers=held)
    assert first.status_code == 204
    before = _state(plan)
    second = [
        editor.patch(path, json={"properties": {"note": "mine"}}, headers=held),
        editor.put(path, json=feature("mine", Plot(3, BOX)), headers={**GEOJSON, "If-Match": read}),
        editor.delete(path, headers={"If-Match": read}),
        editor.delete(path, headers={"If-Match": f"W/{first.headers['etag']}"}),
        editor.delete(path, headers={"If-Match": '"0"'}),
    ]
    assert [answer.status_code for answer in second] == [412] * 5
    assert _state(plan) == before
    assert editor.get(path).headers["etag"] == first.headers["etag"]
    several = {"If-Match": f'"0", {first.headers["etag"]}'}
    assert editor.delete(path, headers=several).status_code == 204
    assert editor.get(path).status_code == 404


def test_threat_10_a_service_may_demand_the_version(tmp_path: Path, serve: Serve) -> None:
    plots = write_plots(tmp_path)
    app = create_app(Catalogue.open(tmp_path), Settings(editing=True, require_if_match=True))
    with httpx.Client(base_url=serve(app), timeout=60) as client:
        assert client.delete(f"{ITEMS}/1").status_code == 428
        assert client.delete(f"{ITEMS}/1", headers={"If-Match": "*"}).status_code == 204
    del plots["old-0"]
    assert plots_in(tmp_path / "plots.gpkg") == plots


def test_threat_19_every_write_is_one_line(editor: httpx.Client, plan: Path) -> None:
    lines = len(_audit(plan))
    secret = {**GEOJSON, "Authorization": "Bearer hush", "X-Api-Key": "hush"}
    made = editor.post(ITEMS, json=feature("told", Plot(1, BOX)), headers=secret)
    path, created = made.headers["location"], made.headers["etag"]
    patch = {"properties": {"value": 2, "note": "hush"}}
    updated = editor.patch(path, json=patch, headers=MERGE).headers["etag"]
    moved = feature("told", Plot(2, (EAST, NORTH, EAST + 1, NORTH + 1)), "hush")
    replaced = editor.put(path, json=moved, headers=GEOJSON).headers["etag"]
    assert editor.delete(path).status_code == 204
    assert editor.delete(path).status_code == 404  # what was refused is no write
    found = _audit(plan)[lines:]
    assert [line[2:] for line in found] == [
        ("127.0.0.1", action, "plots", path.rpartition("/")[2], changed, before, after)
        for action, changed, before, after in (
            ("create", "", None, created.strip('"')),
            ("update", "value, note", created.strip('"'), updated.strip('"')),
            ("replace", "geom", updated.strip('"'), replaced.strip('"')),
            ("delete", "", replaced.strip('"'), None),
        )
    ]
    assert "hush" not in repr(found)
    assert [line[0] for line in found] == list(range(lines + 1, lines + 5))


def _audit(plan: Path) -> list[tuple[Any, ...]]:
    try:
        return audit_lines(plan / "plots.gpkg")
    except apsw.SQLError:  # there is no table of audit before the first edit
        return []


def _state(plan: Path) -> str:
    """Return all that a file says of its plots, as text.

    Through SQLite: to open and close the file otherwise would drop the locks that the server, in
    this process, holds on it.
    """
    with closing(apsw.Connection(str(plan / "plots.gpkg"))) as connection:
        asked = (
            "SELECT * FROM plots",
            "SELECT * FROM rtree_plots_geom",
            "SELECT * FROM gpkg_contents",
            "SELECT * FROM gpkg_ogr_contents",
        )
        found = [connection.execute(statement).fetchall() for statement in asked]
    return repr((found, _audit(plan)))
