"""The compact form of a layer: what Python writes, and what the page's engine reads of it."""

from __future__ import annotations

import datetime
import gzip
import json
import struct
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from playwright.sync_api import Page
from shapely import Point, Polygon

from geoplan.webmap import assets
from geoplan.webmap.compact import PRECISIONS, encode, encode_bytes
from geoplan.webmap.compact.varint import varints, zigzag

VECTOR = Path(__file__).parent / "vectors" / "layer-1.b64"
HALF_A_CELL = 360 / 2**28 / 2 + 1e-7
SQUARE = [[0, 0], [45, 0], [45, 22.5], [0, 22.5], [0, 0]]
HOLE = [[11.25, 5.625], [11.25, 11.25], [22.5, 11.25], [22.5, 5.625], [11.25, 5.625]]
FAR = [[90, -45], [90, -22.5], [67.5, -22.5], [90, -45]]
SHAPES: list[dict[str, Any] | None] = [
    {"type": "Point", "coordinates": [0, 0]},
    {"type": "LineString", "coordinates": [[0, 0], [90, 0], [-90, 45]]},
    {"type": "Polygon", "coordinates": [SQUARE, HOLE]},
    None,
    {"type": "MultiPoint", "coordinates": [[0, 0], [-180, 0]]},
    {"type": "MultiLineString", "coordinates": [[[0, 0], [1.40625, 0]], [[45, 45], [90, 45]]]},
    {"type": "MultiPolygon", "coordinates": [[SQUARE, HOLE], [FAR]]},
]
IDS: list[Any] = ["a", 7, "千山", "d", "e", "f", "g"]
VALUES: dict[str, list[Any]] = {
    "listed": ["现状", "现状", None, "规划", "现状", "规划", "现状"],
    "free": ["", "𠀀x", "İstanbul", None, "\ufeffb", "</script>", "g"],
    "whole": [2**53, -(2**53), 0, None, 1, 2, 3],
    "decimal": [0.1, 2.25, None, -3.0, 0.3, 1e6, 0.0],
    "exact": [1 / 3, -0.0, 1e300, None, 5e-324, 0.1, -2.5],
    "known": [True, False, None, True, True, False, False],
    "day": ["1969-12-31", "1970-01-01", None, "2025-03-31", "0024-02-29", "9999-12-31", "2000-01-01"],  # noqa: E501
    "mixed": [1, "1", True, None, 2.5, "x", False],
    "empty": [None] * 7,
}  # fmt: skip


def vector() -> gpd.GeoDataFrame:
    """Every kind of geometry and of column, with empty cells."""
    table = {name: pd.Series(cells, dtype=object) for name, cells in VALUES.items()}
    table["day"] = table["day"].map(lambda day: day and datetime.date.fromisoformat(day))
    shapes = [shape and shapely.geometry.shape(shape) for shape in SHAPES]
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4490").set_axis(IDS)


def test_numbers_are_written_as_on_paper() -> None:
    numbers = [0, 127, 128, 300, 2**53]
    assert varints(numbers) == bytes.fromhex("00 7f 8001 ac02 8080808080808010")
    assert zigzag(np.array([0, -1, 1, -2, 2, 2**31])).tolist() == [0, 1, 2, 3, 4, 2**32]


def test_a_layer_of_one_point_is_written_as_on_paper() -> None:
    features = gpd.GeoDataFrame(geometry=[Point(0, 0)], index=[7], crs="EPSG:4490")
    head = (
        b'{"count":1,"bits":28,"columns":[{"name":"id","type":"integer","minimum":7}],"sections":'
        b'[["kinds",1],["parts",0],["rings",0],["lengths",0],["xy",10],["0.values",1]]}'
    )
    # the middle of the grid is column and row 2^27, a step of 2^28 in zigzag
    body = bytes.fromhex("01 8080808001 8080808001 00")
    assert encode_bytes(features) == b"GPM\x01" + struct.pack("<I", len(head)) + head + body


def test_the_vector_is_what_is_written() -> None:
    written = encode(vector())
    assert encode(vector()) == written
    kept = gzip.decompress(b64decode(VECTOR.read_text("ascii")))
    assert gzip.decompress(b64decode(written)) == kept


def test_heights_are_left_out() -> None:
    flat_, high = ([Point(1, 2)], [Point(1, 2, 300)])
    written = [
        encode_bytes(gpd.GeoDataFrame(geometry=shapes, crs="EPSG:4490")) for shapes in (flat_, high)
    ]
    assert written[0] == written[1]


def test_a_coarse_grid_drops_vertices_that_fall_together() -> None:
    # 10 m grid at the equator: a cell is 19 m, 0.00017 degrees
    cell = 360 / 2 ** PRECISIONS["10m"]
    ring = [(0, 0), (cell, 0), (1.2 * cell, 0), (8 * cell, 0), (8 * cell, 8 * cell), (0, 8 * cell)]
    speck = [(2 * cell, cell), (2.1 * cell, cell), (2.1 * cell, 1.1 * cell)]
    features = gpd.GeoDataFrame(geometry=[Polygon(ring, [speck])], index=["p"], crs="EPSG:4490")
    sections = sections_of(encode_bytes(features, precision="10m"))
    assert sections["rings"] == b"\x01"
    assert sections["lengths"] == b"\x05"
    assert len(sections_of(encode_bytes(features))["lengths"]) == 2


def test_many_features_follow_each_other_where_they_lie() -> None:
    rng = np.random.default_rng(1)
    at = rng.uniform(0, 1, (3_000, 2))
    features = gpd.GeoDataFrame(geometry=shapely.points(at), crs="EPSG:4490")
    unsorted = sum(np.hypot(*np.diff(at, axis=0).T))
    order = column_values(encode_bytes(features))
    assert sorted(order) == list(range(3_000))
    assert sum(np.hypot(*np.diff(at[order], axis=0).T)) < unsorted / 20


def sections_of(written: bytes) -> dict[str, bytes]:
    (length,) = struct.unpack("<I", written[4:8])
    head = json.loads(written[8 : 8 + length])
    found, at = {}, 8 + length
    for name, size in head["sections"]:
        found[name] = written[at : at + size]
        at += size
    assert at == len(written)
    return found


def column_values(written: bytes) -> list[int]:
    numbers, number, weight = [], 0, 0
    for byte in sections_of(written)["0.values"]:
        number |= (byte & 127) << weight
        weight += 7
        if byte < 128:
            numbers.append(number)
            number = weight = 0
    return numbers


@pytest.fixture
def engine(open_page: Callable[..., Page]) -> Callable[..., Page]:
    """A page that holds the engine and nothing else."""

    def open_(**options: Any) -> Page:
        scripts = "".join(
            f'<script id="{name}">{script}</script>'
            for name, script in assets.engine_scripts().items()
        )
        ready = '<div id="sections"><h2></h2></div>'
        return open_page(f'<!DOCTYPE html><meta charset="utf-8">{scripts}{ready}', **options)

    return open_


READ = """async ([text, large]) => {
    const block = document.createElement("script");
    Object.assign(block, { type: "text/plain", id: "data", textContent: text });
    document.body.append(block);
    const layer = await geoplan.engine.open("data", { large });
    const features = await layer.features([...Array(layer.count).keys()]);
    const said = (value) => (Object.is(value, -0) ? "-0" : value);
    const cells = features.map(({ values }) => values.map(said));
    return { columns: layer.columns, located: layer.located, bounds: layer.bounds,
      ids: features.map(({ id }) => id), cells, shapes: features.map(({ shape }) => shape) };
}"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("before", "large"),
    [
        ("", True),
        ("", False),
        ("delete window.DecompressionStream", True),
        ("delete window.Worker", True),
    ],
    ids=["worker", "page", "no-decompression", "no-worker"],
)
def test_the_vector_reads_as_it_was_given(
    engine: Callable[..., Page], before: str, large: bool
) -> None:
    page = engine(before=before)
    found = page.evaluate(READ, [VECTOR.read_text("ascii"), large])
    assert found["ids"] == IDS
    assert [column["name"] for column in found["columns"]] == list(VALUES)
    expected = {
        **VALUES,
        "exact": ["-0" if place == 1 else v for place, v in enumerate(VALUES["exact"])],
    }
    for place, (name, cells) in enumerate(expected.items()):
        assert [row[place] for row in found["cells"]] == cells, name
    assert found["located"] == 6
    assert found["bounds"] == pytest.approx([-180, -45, 90, 45], abs=HALF_A_CELL)
    for read, given in zip(found["shapes"], SHAPES, strict=True):
        assert (read and read["type"]) == (given and given["type"])
        if given:
            assert flat(read["coordinates"]) == pytest.approx(
                flat(given["coordinates"]), abs=HALF_A_CELL
            )


def flat(coordinates: Any) -> list[float]:
    if isinstance(coordinates, int | float):
        return [coordinates]
    return [number for part in coordinates for number in flat(part)]


@pytest.mark.browser
def test_another_version_is_refused(engine: Callable[..., Page]) -> None:
    kept = bytearray(gzip.decompress(b64decode(VECTOR.read_text("ascii"))))
    kept[3] = 2
    page = engine()
    said = page.evaluate(
        """(bytes) => {
            try { return new geoplan.engine.Layer(new Uint8Array(bytes)); }
            catch (error) { return String(error); }
        }""",
        list(kept),
    )
    assert "version 1" in said


@pytest.mark.browser
def test_a_text_is_found_within_one_cell_and_empty_cells_pass_when_asked(
    engine: Callable[..., Page],
) -> None:
    page = engine()
    found = page.evaluate(
        """async (text) => {
            const block = document.createElement("script");
            Object.assign(block, { type: "text/plain", id: "data", textContent: text });
            document.body.append(block);
            const layer = await geoplan.engine.open("data");
            const ids = async (sought) => (await layer.search(sought)).found.map(({ id }) => id);
            const shown = async (...all) => [...(await layer.filter(all)).visible];
            return {
                texts: await Promise.all(["STAN", "xi", "𠀀", "7", "规划", "", "</scr"].map(ids)),
                free: await shown({ column: "free", in: ["g", "\\ufeffb"] }),
                orNull: await shown({ column: "free", in: ["g"], nulls: true }),
                dates: await shown({ column: "day", min: "1970-01-01", max: "2025-03-31" }),
                years: await shown({ column: "day", min: 1969, max: 1970, year: true }),
                known: await shown({ column: "known", in: [false], nulls: true }),
                unheard: await shown({ column: "nothing", in: [1] }),
            };
        }""",
        VECTOR.read_text("ascii"),
    )
    # "xi" begins in one cell and ends in the next; 2^53 has a 7
    assert found["texts"] == [["千山"], [], [7], [7, "a"], ["d", "f"], [], ["f"]]
    assert found["free"] == [0, 0, 0, 0, 1, 0, 1]
    assert found["orNull"] == [0, 0, 0, 1, 0, 0, 1]
    assert found["dates"] == [0, 1, 0, 1, 0, 0, 1]
    assert found["years"] == [1, 1, 0, 0, 0, 0, 0]
    assert found["known"] == [0, 1, 1, 0, 0, 1, 1]
    assert found["unheard"] == [0] * 7
