"""What comes out of a GeoPackage: which features, of which types, and what is refused."""

from __future__ import annotations

import random
import shutil
import time
from contextlib import closing
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import apsw
import pandas as pd
import pytest
import shapely

from geoplan.errors import (
    BadQuery,
    DuplicateId,
    FileBusy,
    GeoplanError,
    MalformedGeometry,
    NotAGeoPackage,
    TableInvalid,
)
from geoplan.model import FeatureQuery
from geoplan.store import Column, GeoPackageStore
from geoplan.store.writing import open_to_write

if TYPE_CHECKING:
    from collections.abc import Callable

    from geopandas import GeoDataFrame

    from geoplan.model import Layer

    Describe = Callable[..., Layer]
    Make = Callable[..., GeoDataFrame]
    Save = Callable[..., Path]
    Beside = Callable[[Path], dict[str, str]]

SHAPES: dict[str, str | None] = {
    "nowhere": None,
    "diagonal": "LINESTRING (0 0, 10 10)",
    "ell": "POLYGON ((20 0, 30 0, 30 2, 22 2, 22 8, 20 8, 20 0))",
    "dot": "POINT (40 3)",
    "empty": "POLYGON EMPTY",
    "hollow": "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0), (52 2, 58 2, 58 9, 52 9, 52 2))",
}
IN_ORDER = sorted(SHAPES)
PLACED = ["diagonal", "dot", "ell", "hollow"]
SQUARE = "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))"


def drop_index(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("DROP TABLE rtree_things_geom; DELETE FROM gpkg_extensions").fetchall()


def change(path: Path, *statements: str) -> None:
    """Change a file behind the store's back, its triggers gone."""
    with closing(apsw.Connection(str(path))) as connection:
        triggers = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'")
        for (name,) in triggers.fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        for statement in statements:
            connection.execute(statement).fetchall()


def ids(path: Path, layer: Layer, **query: Any) -> list[Any]:
    """Answer a query by both reads, which must agree."""
    with GeoPackageStore(path) as store:
        by_rows = [row[0] for row in store.rows(layer, FeatureQuery(**query))]
        assert store.read(layer, FeatureQuery(**query)).index.tolist() == by_rows
    return by_rows


@pytest.fixture(params=["indexed", "without R-tree"])
def shapes(request: pytest.FixtureRequest, frame: Make, save: Save) -> Path:
    path = save(frame(SHAPES))
    if request.param == "without R-tree":
        drop_index(path)
    return path


# --- bbox


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        pytest.param((0, 6, 4, 10), [], id="beside a diagonal, within its envelope"),
        pytest.param((0, 6, 6, 10), ["diagonal"], id="corner on a diagonal"),
        pytest.param((3, 2, 5, 4), ["diagonal"], id="diagonal cuts through"),
        pytest.param((25, 5, 29, 7), [], id="in the crook of an L"),
        pytest.param((22, 2, 25, 5), ["ell"], id="touches the inner corner of an L"),
        pytest.param((30, 1, 35, 1.5), ["ell"], id="shares part of an edge"),
        pytest.param((30.001, 1, 35, 1.5), [], id="a millimetre off the edge"),
        pytest.param((53, 3, 57, 7), [], id="inside a hole"),
        pytest.param((52, 3, 57, 7), ["hollow"], id="touches the hole's edge"),
        pytest.param((51, 3, 51.5, 7), ["hollow"], id="inside the area"),
        pytest.param((40, 3, 45, 9), ["dot"], id="point on the corner"),
        pytest.param((40, 3, 40, 3), ["dot"], id="box without extent on a point"),
        pytest.param((21, 1, 21, 1), ["ell"], id="box without extent in an area"),
        pytest.param((25, 5, 25, 5), [], id="box without extent in the crook"),
        pytest.param((5, 4, 5, 6), ["diagonal"], id="box without width across a line"),
        pytest.param((0, -5, 60, 0), ["diagonal", "ell", "hollow"], id="along the lower edges"),
        pytest.param((-1, -1, 99, 99), PLACED, id="everything that has a place"),
        pytest.param((70, 70, 80, 80), [], id="nothing there"),
    ],
)
def test_bbox_meets_the_geometry_edges_included(
    shapes: Path, layer: Describe, bbox: tuple[float, ...], expected: list[str]
) -> None:
    assert ids(shapes, layer(), bbox=bbox) == expected


def test_bbox_is_exact_where_the_index_has_single_precision(
    frame: Make, save: Save, layer: Describe
) -> None:
    path = save(frame({"A": "POINT (500000.02 4550000.02)"}))
    assert ids(path, layer(), bbox=(500000.01, 4550000.01, 500000.02, 4550000.02)) == ["A"]
    assert ids(path, layer(), bbox=(500000.03, 4550000.03, 500000.2, 4550000.2)) == []


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [
        (2, 0, ["diagonal", "dot"]),
        (2, 1, ["dot", "ell"]),
        (None, 3, ["hollow"]),
        (9, 4, []),
        (0, 0, []),
    ],
)
def test_limit_and_offset_count_the_features_that_meet_the_bbox(
    shapes: Path, layer: Describe, limit: int | None, offset: int, expected: list[str]
) -> None:
    assert ids(shapes, layer(), bbox=(-1, -1, 99, 99), limit=limit, offset=offset) == expected


def test_offset_passes_over_no_feature_whose_envelope_alone_meets_the_bbox(
    shapes: Path, layer: Describe
) -> None:
    bbox = (3, 4, 45, 7)  # diagonal and L are met; the dot is not
    assert ids(shapes, layer(), bbox=bbox) == ["diagonal", "ell"]
    assert ids(shapes, layer(), bbox=bbox, offset=1) == ["ell"]
    assert ids(shapes, layer(), bbox=(0, 6, 21, 10), offset=0, limit=1) == ["diagonal"]


# --- ids, limit, offset, pages


def test_everything_comes_in_the_order_of_ids(shapes: Path, layer: Describe) -> None:
    assert ids(shapes, layer()) == IN_ORDER


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (("ell", "dot"), ["dot", "ell"]),
        (("ell", "unheard"), ["ell"]),
        (("ell", "ell"), ["ell"]),
        ((), []),
        (("ell' OR '1'='1",), []),
        (('["dot"]', "\ud800", 2**70, -1), []),
    ],
)
def test_ids(shapes: Path, layer: Describe, wanted: tuple[Any, ...], expected: list[str]) -> None:
    assert ids(shapes, layer(), ids=wanted) == expected


@pytest.mark.parametrize(
    ("limit", "offset", "expected"),
    [(2, 0, IN_ORDER[:2]), (2, 5, IN_ORDER[5:]), (None, 4, IN_ORDER[4:]), (0, 0, []), (9, 9, [])],
)
def test_limit_and_offset(
    shapes: Path, layer: Describe, limit: int | None, offset: int, expected: list[str]
) -> None:
    assert ids(shapes, layer(), limit=limit, offset=offset) == expected


@pytest.mark.parametrize("bbox", [None, (0, 0, 30, 3)], ids=["all", "in a bbox"])
@pytest.mark.parametrize("kind", ["text ids", "whole-number ids", "key as id"])
def test_pages_by_keyset_bring_every_feature_once(
    frame: Make, save: Save, layer: Describe, kind: str, bbox: tuple[float, ...] | None
) -> None:
    numbers = [7, 100, -3, 20, 9, 0, 11, 35, 2, 10, 31, 4, 5]
    names: list[Any] = numbers if kind != "text ids" else [f"片{number}" for number in numbers]
    places = dict(zip(names, numbers, strict=True))
    shapes = {name: f"POINT ({number} {number % 4})" for name, number in places.items()}
    id_column = None if kind == "key as id" else "feature_id"
    path = save(frame(shapes), id_column=id_column)
    wanted = [name for name in names if bbox is None or 0 <= places[name] <= 30]
    pages: list[list[Any]] = []
    while len(pages) < 9:  # four pages at most, unless paging stands still
        after = pages[-1][-1] if pages else None
        page = ids(path, layer(id_column=id_column), bbox=bbox, limit=4, after=after)
        if not page:
            break
        pages.append(page)
    assert [len(page) for page in pages[:-1]] == [4] * (len(pages) - 1)
    assert [name for page in pages for name in page] == sorted(wanted)


def test_after_an_id_that_is_gone_goes_on_behind_it(shapes: Path, layer: Describe) -> None:
    assert ids(shapes, layer(), after="doz") == ["ell", "empty", "hollow", "nowhere"]


# --- where


@pytest.fixture
def houses(frame: Make, save: Save) -> Path:
    return save(
        frame(
            {f"H{number}": f"POINT ({number} 5)" for number in range(1, 5)},
            name=["东", "西", "it's", None],
            floors=pd.array([1, 2, 2, None], dtype="Int64"),
            height_m=[3.5, 7.0, None, 7.0],
            lived_in=pd.array([True, False, None, True], dtype="boolean"),
            built=[date(2020, 1, 31), date(2021, 2, 28), None, date(2020, 1, 31)],
        )
    )


@pytest.mark.parametrize(
    ("where", "expected"),
    [
        ({"name": "西"}, ["H2"]),
        ({"name": "it's"}, ["H3"]),
        ({"name": None}, ["H4"]),
        ({"name": "' OR 1=1 --"}, []),
        ({"name": ""}, []),
        ({"floors": 2}, ["H2", "H3"]),
        ({"floors": None}, ["H4"]),
        ({"height_m": 7}, ["H2", "H4"]),
        ({"height_m": 3.5}, ["H1"]),
        ({"lived_in": True}, ["H1", "H4"]),
        ({"lived_in": False}, ["H2"]),
        ({"lived_in": None}, ["H3"]),
        ({"built": "2020-01-31"}, ["H1", "H4"]),
        ({"feature_id": "H3"}, ["H3"]),
        ({"fid": 2}, ["H2"]),
        ({"floors": 2, "height_m": None}, ["H3"]),
        ({"floors": 2, "name": "东"}, []),
    ],
)
def test_where_columns_equal(
    houses: Path, layer: Describe, where: dict[str, Any], expected: list[str]
) -> None:
    assert ids(houses, layer(), where=where) == expected


def test_conditions_hold_together(houses: Path, layer: Describe) -> None:
    found = ids(
        houses,
        layer(),
        bbox=(2, 0, 9, 9),
        ids=("H1", "H2", "H3", "H4"),
        where={"height_m": 7.0},
        after="H2",
    )
    assert found == ["H4"]


@pytest.mark.parametrize(
    "column",
    ["colour", "", "NAME", "geom", "name; DROP TABLE things", '"; DROP TABLE things; --', "1=1 --"],
)
def test_unknown_column_is_refused_and_the_known_ones_named(
    houses: Path, layer: Describe, beside: Beside, column: str
) -> None:
    before = beside(houses)
    with pytest.raises(BadQuery, match="feature_id, fid, floors, height_m"):
        ids(houses, layer(), where={column: 1})
    assert beside(houses) == before


@pytest.mark.parametrize(
    "query",
    [
        {"where": {"floors": 2**70}},
        {"where": {"name": "\ud800"}},
        {"after": 2**70},
        {"after": "\ud800"},
        {"limit": 2**70},
    ],
    ids=str,
)
def test_value_that_no_database_holds_is_a_bad_query(
    houses: Path, layer: Describe, query: dict[str, Any]
) -> None:
    with pytest.raises(BadQuery):
        ids(houses, layer(), **query)


HOSTILE = [
    'say "hi"',
    "a'b",
    '"; DROP TABLE things; --',
    "select",
    "长度 (m)",
    "x]y`z",
    ":where0",
    "?",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_columns_of_any_name_are_read_and_asked_for(
    frame: Make, save: Save, layer: Describe, name: str
) -> None:
    path = save(frame({"A": SQUARE, "B": SQUARE}, **{name: ["x", "y"]}))
    assert ids(path, layer(), where={name: "y"}) == ["B"]
    with GeoPackageStore(path) as store:
        assert store.read(layer())[name].tolist() == ["x", "y"]


@pytest.mark.parametrize("name", HOSTILE)
def test_tables_and_id_columns_of_any_name_are_read(
    frame: Make, save: Save, layer: Describe, name: str
) -> None:
    path = save(frame({"A": SQUARE, "B": None}), table=name, id_column=f"{name}_id")
    described = layer(table=name, id_column=f"{name}_id")
    assert ids(path, described) == ["A", "B"]
    assert ids(path, described, bbox=(4, 2, 5, 5), ids=("A", "B"), after="") == ["A"]


@pytest.mark.parametrize(
    "name", ["计划 1.gpkg", "a?b#c%20d&mode=rwc.gpkg", "x'y\"z.gpkg", ":memory:"]
)
def test_files_of_any_name_are_read(
    frame: Make, save: Save, layer: Describe, tmp_path: Path, name: str
) -> None:
    path = save(frame({"A": SQUARE}), tmp_path / name)
    assert ids(path, layer()) == ["A"]
    assert [file.name for file in tmp_path.iterdir()] == [name]


# --- geometry and attributes


def test_null_and_empty_geometry_are_kept_apart(shapes: Path, layer: Describe) -> None:
    with GeoPackageStore(shapes) as store:
        geometry = store.read(layer()).geometry
        blobs = {row[0]: row[2] for row in store.rows(layer())}
    assert geometry["nowhere"] is None or pd.isna(geometry["nowhere"])
    assert geometry["empty"].is_empty
    assert geometry["empty"].geom_type == "Polygon"
    assert blobs["nowhere"] is None
    assert blobs["empty"] is not None


@pytest.mark.parametrize(
    ("dtype", "values", "stored_type", "raw"),
    [
        ("bool", [True, False], "BOOLEAN", [True, False]),
        ("boolean", [True, None], "BOOLEAN", [True, None]),
        ("int64", [-(2**63), 2**63 - 1], "INTEGER", [-(2**63), 2**63 - 1]),
        ("Int64", [2**53 + 1, None], "INTEGER", [2**53 + 1, None]),
        ("float64", [0.1, float("-inf")], "REAL", [0.1, float("-inf")]),
        ("float64", [1e-300, None], "REAL", [1e-300, None]),
        ("object", [date(1, 1, 1), date(2024, 2, 29)], "DATE", ["0001-01-01", "2024-02-29"]),
        ("object", [date(2025, 1, 2), None], "DATE", ["2025-01-02", None]),
        ("object", [b"\x00\xff", b""], "BLOB", [b"\x00\xff", b""]),
        ("object", [b"GP", None], "BLOB", [b"GP", None]),
        ("str", ["鞍山 千山", "𠮷😀 e\u0301"], "TEXT", ["鞍山 千山", "𠮷😀 e\u0301"]),
        ("str", ["", None], "TEXT", ["", None]),
        ("str", ["'\"\\\t\r\n", "NULL"], "TEXT", ["'\"\\\t\r\n", "NULL"]),
        ("str", ["007", "1e5"], "TEXT", ["007", "1e5"]),
    ],
)
def test_attributes_come_back_as_they_were(
    frame: Make,
    save: Save,
    layer: Describe,
    dtype: str,
    values: list[Any],
    stored_type: str,
    raw: list[Any],
) -> None:
    column = pd.Series(values, dtype=dtype)
    path = save(frame({"A": SQUARE, "B": None}, value=column.array))
    with GeoPackageStore(path) as store:
        assert store.table(layer()).columns == (Column("value", stored_type),)
        found = store.read(layer())["value"]
        rows = [row[1]["value"] for row in store.rows(layer())]
    assert rows == raw
    assert [type(value) for value in rows] == [type(value) for value in raw]
    assert [None if pd.isna(value) else value for value in found] == values
    assert found.dtype == column.dtype


def test_times_come_back_in_utc_to_the_millisecond(
    frame: Make, save: Save, layer: Describe
) -> None:
    beijing = timezone(timedelta(hours=8))
    times = [datetime(2025, 1, 1, 7, 59, 59, 999000, tzinfo=beijing), None]
    path = save(frame({"A": SQUARE, "B": None}, seen=times))
    with GeoPackageStore(path) as store:
        found = store.read(layer())["seen"]
        rows = [row[1]["seen"] for row in store.rows(layer())]
    assert rows == ["2024-12-31T23:59:59.999Z", None]
    assert found["A"] == datetime(2024, 12, 31, 23, 59, 59, 999000, tzinfo=UTC)
    assert found["B"] is pd.NaT
    assert str(found.dtype).endswith("UTC]")


def test_layer_without_a_feature_has_its_columns_and_crs(
    frame: Make, save: Save, layer: Describe
) -> None:
    everything = frame(
        {"A": SQUARE}, name=["x"], floors=[1], seen=[datetime(2025, 1, 1, tzinfo=UTC)]
    )
    path = save(everything.iloc[:0])
    with GeoPackageStore(path) as store:
        found = store.read(layer())
        assert store.table(layer()).count == 0
    assert list(found.columns) == ["name", "floors", "seen", "geometry"]
    assert found["floors"].dtype == "int64"
    assert found.crs.to_epsg() == 4550


def test_table_tells_columns_crs_and_count(houses: Path, layer: Describe) -> None:
    with GeoPackageStore(houses) as store:
        table = store.table(layer())
        assert store.geometry_type(layer()) == "POINT"
        assert store.provenance() is None
    assert table.columns == (
        Column("name", "TEXT"),
        Column("floors", "INTEGER"),
        Column("height_m", "REAL"),
        Column("lived_in", "BOOLEAN"),
        Column("built", "DATE"),
    )
    assert table.count == 4
    assert table.crs is not None
    assert table.crs.to_epsg() == 4550


def test_rows_need_neither_geopandas_nor_rasterio(
    houses: Path, elsewhere: Callable[..., Any]
) -> None:
    script = """
import json, sys
from geoplan.catalogue import Catalogue
from geoplan.model import FeatureQuery, Layer, Text
from geoplan.store import GeoPackageStore
text = Text(zh="a", en="a")
layer = Layer(id="things", kind="generic", title=text, geometry="point", id_column="feature_id",
              source=text, source_date="2025-01-01")
with GeoPackageStore(sys.argv[1]) as store:
    found = [row[0] for row in store.rows(layer, FeatureQuery(bbox=(2, 5, 3, 5)))]
heavy = {"geopandas", "pandas", "rasterio", "pyogrio", "sqlite3", "folium", "fastapi"}
print(json.dumps([found, sorted(heavy & set(sys.modules))]))
"""
    assert elsewhere(script, houses) == [["H2", "H3"], []]


# --- what is refused


@pytest.mark.parametrize(
    ("names", "message"),
    [(["x", "y", "x"], "'x' twice"), (["x", None, "y"], "no id"), ([1, 2, 1], "1 twice")],
)
def test_read_refuses_ids_that_repeat_or_are_missing(
    frame: Make, save: Save, layer: Describe, names: list[Any], message: str
) -> None:
    path = save(frame({"A": SQUARE, "B": None, "C": SQUARE}, name=names))
    with GeoPackageStore(path) as store, pytest.raises(DuplicateId, match=message):
        store.read(layer(id_column="name"))


@pytest.mark.parametrize(
    "blob",
    [
        pytest.param("x''", id="no bytes"),
        pytest.param("x'4750'", id="magic only"),
        pytest.param("x'504700010000000001010000000000000000000000000000'", id="wrong magic"),
        pytest.param("x'4750000100000000'", id="header only"),
        pytest.param("x'4750000b000000000101000000'", id="envelope of no known kind"),
        pytest.param("x'47500001000000000101000000'", id="cut WKB"),
        pytest.param("x'475000010000000001630000000000000000000000'", id="unknown WKB type"),
        pytest.param("x'4750000100000000070707070707070707'", id="no WKB at all"),
        pytest.param("x'01010000000000000000002440000000000000F03F'", id="bare WKB"),
        pytest.param("'POINT (1 2)'", id="text"),
        pytest.param("5", id="number"),
    ],
)
@pytest.mark.parametrize("bbox", [None, (2, 1, 9, 9)], ids=["read", "read with bbox"])
def test_malformed_geometry_is_refused_by_the_features_id(
    frame: Make, save: Save, layer: Describe, blob: str, bbox: tuple[float, ...] | None
) -> None:
    path = save(frame({"good": SQUARE, "bad": SQUARE}))
    change(path, f"UPDATE things SET geom = {blob} WHERE feature_id = 'bad'")  # noqa: S608
    with GeoPackageStore(path) as store, pytest.raises(MalformedGeometry, match="feature 'bad'"):
        store.read(layer(), FeatureQuery(bbox=bbox))


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("TEXT", "CAST(x'C4E3' AS TEXT)"),
        ("DATE", "'2025/1/31'"),
        ("DATE", "'2025-02-30'"),
        ("DATETIME", "'tomorrow'"),
        ("INTEGER", "'many'"),
        ("INTEGER", "1.5"),
        ("REAL", "'long'"),
        ("BOOLEAN", "'no'"),
        ("BOOLEAN", "2"),
    ],
)
def test_value_that_is_not_of_its_columns_type_is_refused(
    frame: Make, save: Save, layer: Describe, type_: str, value: str
) -> None:
    path = save(frame({"A": SQUARE}))
    change(path, f"ALTER TABLE things ADD COLUMN extra {type_}")
    change(path, f"UPDATE things SET extra = {value}")  # noqa: S608
    with GeoPackageStore(path) as store, pytest.raises(TableInvalid, match=r"extra|UTF-8"):
        store.read(layer())


def test_attribute_called_geometry_is_not_lost_in_silence(
    frame: Make, save: Save, layer: Describe
) -> None:
    path = save(frame({"A": SQUARE}))
    change(path, "ALTER TABLE things ADD COLUMN geometry TEXT DEFAULT 'precious'")
    with GeoPackageStore(path) as store:
        assert [row[1]["geometry"] for row in store.rows(layer())] == ["precious"]
        with pytest.raises(TableInvalid, match="'geometry'"):
            store.read(layer())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "zones"}, "no features table 'zones'; it has: things"),
        ({"table": "gpkg_contents"}, "no features table 'gpkg_contents'"),
        ({"table": "notes"}, "no features table 'notes'"),
        ({"table": 'things"; DROP TABLE things; --'}, "it has: things"),
        ({"id_column": "code"}, "no column 'code', which layer 'things' names as its id_column"),
    ],
)
def test_missing_table_or_id_column(
    frame: Make, save: Save, layer: Describe, changes: dict[str, str], message: str
) -> None:
    path = save(frame({"A": SQUARE}), attribute_tables={"notes": pd.DataFrame({"note": ["x"]})})
    described = layer(**changes)
    with GeoPackageStore(path) as store:
        for ask in (
            store.table,
            store.geometry_type,
            store.read,
            lambda one: list(store.rows(one)),
        ):
            with pytest.raises(TableInvalid, match=message):
                ask(described)


def plain_sqlite(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE things (fid INTEGER PRIMARY KEY, geom BLOB)")


def geopackage_without_features(path: Path) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA application_id = 0x47504B47; CREATE TABLE t (x)").fetchall()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda path: None, "there is no file"),
        (lambda path: path.mkdir(), "there is no file"),
        (lambda path: path.symlink_to("nowhere.gpkg"), "there is no file"),
        (lambda path: path.touch(), "no GeoPackage"),
        (lambda path: path.write_text("id,name\n" * 999), "no SQLite database"),
        (lambda path: path.write_bytes(b"SQLite format 3\x00"), "no SQLite database"),
        (plain_sqlite, "no GeoPackage with features"),
        (geopackage_without_features, "no GeoPackage with features"),
    ],
    ids=["missing", "folder", "dangling link", "empty", "text", "header", "SQLite", "no features"],
)
def test_what_is_no_geopackage_is_refused_by_name(
    tmp_path: Path, beside: Beside, make: Callable[[Path], None], message: str
) -> None:
    path = tmp_path / "town.gpkg"
    make(path)
    before = sorted(file.name for file in tmp_path.iterdir())
    with pytest.raises(NotAGeoPackage, match=rf"town\.gpkg.*{message}|{message}.*town\.gpkg"):
        GeoPackageStore(path)
    assert sorted(file.name for file in tmp_path.iterdir()) == before


@pytest.mark.parametrize("size", [100, 4096, 20_000, 60_000])
def test_truncated_file_is_refused(frame: Make, save: Save, layer: Describe, size: int) -> None:
    path = save(frame({"A": SQUARE}))
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(NotAGeoPackage, match="damaged"), GeoPackageStore(path) as store:
        store.read(layer())


@pytest.mark.parametrize("seed", range(8))
def test_damaged_file_gives_a_named_error_or_an_answer(
    frame: Make, save: Save, layer: Describe, seed: int
) -> None:
    path = save(frame(SHAPES, name=["甲", "乙", "丙", "丁", None, "戊"]))
    whole, dice = path.read_bytes(), random.Random(seed)  # noqa: S311
    for _ in range(25):
        damaged = bytearray(whole)
        for _ in range(dice.choice([1, 8, 200])):
            damaged[dice.randrange(len(whole))] = dice.randrange(256)
        path.write_bytes(damaged)
        try:
            with GeoPackageStore(path) as store:
                store.read(layer())
                store.read(layer(), FeatureQuery(bbox=(3, 2, 45, 4)))
        except GeoplanError:
            pass


# --- beside other programs


def test_locked_file_is_busy_within_three_seconds(
    houses: Path, layer: Describe, holding: Callable[..., None]
) -> None:
    holding(houses, "BEGIN EXCLUSIVE")
    start = time.monotonic()
    with pytest.raises(FileBusy, match="another program is writing"):
        ids(houses, layer())
    assert 1.0 < time.monotonic() - start < 3.0


TRY_TO_LOCK = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=0)
try:
    connection.execute(sys.argv[2])
    print(json.dumps("locked"))
except sqlite3.OperationalError as error:
    print(json.dumps(str(error)))
"""


def test_reading_does_not_drop_a_writers_lock_in_the_same_process(
    houses: Path, layer: Describe, elsewhere: Callable[..., Any]
) -> None:
    with closing(open_to_write(houses)) as writer:
        writer.execute("BEGIN IMMEDIATE; UPDATE things SET floors = 9").fetchall()
        assert elsewhere(TRY_TO_LOCK, houses, "BEGIN IMMEDIATE") == "database is locked"
        assert ids(houses, layer(), where={"floors": 1}) == ["H1"]
        assert elsewhere(TRY_TO_LOCK, houses, "BEGIN IMMEDIATE") == "database is locked"


def test_reading_does_not_drop_another_readers_lock_in_the_same_process(
    houses: Path, layer: Describe, elsewhere: Callable[..., Any]
) -> None:
    with GeoPackageStore(houses) as store:
        half_read = store.rows(layer())
        next(half_read)
        assert len(ids(houses, layer())) == 4
        assert elsewhere(TRY_TO_LOCK, houses, "BEGIN EXCLUSIVE") == "database is locked"
        assert len(list(half_read)) == 3
    assert elsewhere(TRY_TO_LOCK, houses, "BEGIN EXCLUSIVE") == "locked"


LEAVE_IN_WAL_MODE = """
import json, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for name in ("ST_IsEmpty", "ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY"):
    connection.create_function(name, 1, lambda _: 0)
print(json.dumps(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]))
connection.execute("UPDATE things SET floors = 9 WHERE feature_id = 'H1'")
connection.close()
"""
LEAVE_HALF_WAY = """
import json, os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for name in ("ST_IsEmpty", "ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY"):
    connection.create_function(name, 1, lambda _: 0)
connection.execute("PRAGMA cache_size = 1")
connection.execute(f"PRAGMA journal_mode = {sys.argv[2]}")
connection.execute("UPDATE things SET floors = 9 WHERE feature_id = 'H1'")
connection.execute("BEGIN")
connection.execute("CREATE TABLE big AS SELECT randomblob(99999) FROM things, things AS other")
connection.execute("UPDATE things SET floors = 10")
print(json.dumps(sorted(os.listdir(os.path.dirname(sys.argv[1])))), flush=True)
os._exit(0)
"""


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
@pytest.mark.parametrize(
    "use",
    [
        lambda store, layer: store.read(layer),
        lambda store, layer: store.read(
            layer, FeatureQuery(bbox=(2, 0, 3, 9), where={"floors": 2})
        ),
        lambda store, layer: next(store.rows(layer)),
        lambda store, layer: store.table(layer),
        lambda store, layer: (store.geometry_type(layer), store.provenance()),
    ],
    ids=["read", "query", "rows left half-way", "table", "type and provenance"],
)
def test_reading_changes_nothing_on_disk(
    houses: Path,
    layer: Describe,
    beside: Beside,
    elsewhere: Callable[..., Any],
    mode: str,
    use: Callable[[GeoPackageStore, Layer], Any],
) -> None:
    if mode == "WAL":
        assert elsewhere(LEAVE_IN_WAL_MODE, houses) == "wal"
        assert houses.read_bytes()[18:20] == b"\x02\x02"
    before = beside(houses)
    assert list(before) == ["things.gpkg"]
    with GeoPackageStore(houses) as store:
        use(store, layer())
        assert list(beside(houses)) == ["things.gpkg"]
    assert beside(houses) == before


def test_file_left_in_wal_mode_is_read_whole(
    houses: Path, layer: Describe, elsewhere: Callable[..., Any]
) -> None:
    elsewhere(LEAVE_IN_WAL_MODE, houses)
    assert ids(houses, layer(), where={"floors": 9}) == ["H1"]


@pytest.mark.parametrize("through", ["file", "link"])
def test_file_that_another_program_edits_in_wal_mode_is_read_as_last_committed(
    houses: Path, layer: Describe, holding: Callable[..., None], tmp_path: Path, through: str
) -> None:
    holding(
        houses,
        "PRAGMA journal_mode = WAL",
        "UPDATE things SET floors = 9 WHERE feature_id = 'H1'",
        "BEGIN IMMEDIATE",
        "UPDATE things SET floors = 9",
    )
    path = houses
    if through == "link":
        (tmp_path / "elsewhere").mkdir()
        path = tmp_path / "elsewhere" / "linked.gpkg"
        path.symlink_to(houses)
    assert ids(path, layer(), where={"floors": 9}) == ["H1"]


def test_wal_of_a_killed_program_is_read_and_left_to_it(
    houses: Path, layer: Describe, beside: Beside, elsewhere: Callable[..., Any]
) -> None:
    assert "things.gpkg-wal" in elsewhere(LEAVE_HALF_WAY, houses, "WAL")
    before = beside(houses)
    assert ids(houses, layer(), where={"floors": 9}) == ["H1"]
    after = beside(houses)
    for name in ("things.gpkg", "things.gpkg-wal"):
        assert after[name] == before[name]


def test_journal_of_a_killed_program_is_a_named_error_and_left_to_it(
    houses: Path, layer: Describe, beside: Beside, elsewhere: Callable[..., Any]
) -> None:
    assert elsewhere(LEAVE_HALF_WAY, houses, "DELETE") == ["things.gpkg", "things.gpkg-journal"]
    before = beside(houses)
    with pytest.raises(GeoplanError, match=r"things\.gpkg"):
        ids(houses, layer())
    assert beside(houses) == before


WITHOUT_PRIVILEGES = """
import ctypes, os, sys
if os.geteuid() == 0 and "dropped" not in os.environ:  # root writes everywhere: give that up
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0
    os.execve(sys.executable, sys.orig_argv, {**os.environ, "dropped": "yes"})
"""
READ_ALL = """
import json
from geoplan.errors import GeoplanError
from geoplan.model import Layer, Text
from geoplan.store import GeoPackageStore
text = Text(zh="a", en="a")
layer = Layer(id="things", kind="generic", title=text, geometry="point", id_column="feature_id",
              source=text, source_date="2025-01-01")
writable = os.access(os.path.dirname(sys.argv[1]), os.W_OK)
try:
    with GeoPackageStore(sys.argv[1]) as store:
        print(json.dumps([writable, len(store.read(layer))]))
except GeoplanError as error:
    print(json.dumps([writable, type(error).__name__]))
"""


@pytest.mark.parametrize("mode", ["DELETE", "WAL"])
def test_read_only_folder(
    houses: Path, beside: Beside, elsewhere: Callable[..., Any], mode: str
) -> None:
    if mode == "WAL":
        elsewhere(LEAVE_IN_WAL_MODE, houses)
    before = beside(houses)
    houses.chmod(0o444)
    houses.parent.chmod(0o555)
    try:
        answer = elsewhere(READ_ALL, houses, before=WITHOUT_PRIVILEGES)
    finally:
        houses.parent.chmod(0o755)
    assert answer == [False, 4]
    assert beside(houses) == before


def test_unreadable_file_is_a_named_error(houses: Path, elsewhere: Callable[..., Any]) -> None:
    houses.chmod(0)
    assert elsewhere(READ_ALL, houses, before=WITHOUT_PRIVILEGES) == [True, "NotAGeoPackage"]


def test_file_replaced_while_it_is_read_goes_on_as_it_was(
    frame: Make, save: Save, layer: Describe, tmp_path: Path
) -> None:
    path = save(frame({"A": SQUARE, "B": SQUARE}))
    other = save(frame({"Z": SQUARE}), tmp_path / "other.gpkg")
    with GeoPackageStore(path) as store:
        shutil.move(other, path)
        assert store.read(layer()).index.tolist() == ["A", "B"]
    assert ids(path, layer()) == ["Z"]


def test_geometry_comes_back_as_it_went_in(shapes: Path, layer: Describe) -> None:
    with GeoPackageStore(shapes) as store:
        found = store.read(layer()).geometry
    for name in (*PLACED, "empty"):
        assert shapely.equals_exact(found[name], shapely.from_wkt(SHAPES[name]))
