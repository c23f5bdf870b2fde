"""What goes into a GeoPackage, what stands there at rest, and what a failure leaves behind."""

from __future__ import annotations

import hashlib
import stat
from contextlib import closing
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import apsw
import pandas as pd
import pytest
import shapely

from geoplan.errors import (
    CrsMismatch,
    DuplicateId,
    FileBusy,
    NotWritable,
    TableInvalid,
    UnstorableColumn,
)
from geoplan.store import GeoPackageStore
from geoplan.store.blob import encode
from geoplan.store.frame import utc_text
from geoplan.store.writing import open_to_write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geopandas import GeoDataFrame

    from geoplan.model import Layer

    Describe = Callable[..., Layer]
    Make = Callable[..., GeoDataFrame]
    Save = Callable[..., Path]
    Beside = Callable[[Path], dict[str, str]]

SQUARE = "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))"
TRIANGLE = "POLYGON ((10 20, 13 20, 10 24, 10 20))"
PLACED = {"A": SQUARE, "B": None, "C": TRIANGLE, "D": "POLYGON EMPTY"}
GAUSS_KRUEGER_123_4 = "+proj=tmerc +lat_0=0 +lon_0=123.4 +k=1 +x_0=500000 +ellps=GRS80 +units=m"


def ask(path: Path, statement: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
        return list(connection.execute(statement, values))


def index(path: Path) -> dict[int, tuple[float, ...]]:
    """Return what the R-tree holds: key → xmin, ymin, xmax, ymax."""
    found = ask(path, "SELECT id, minx, miny, maxx, maxy FROM rtree_things_geom")
    return {row[0]: row[1:] for row in found}


def blob(wkt: str) -> bytes | None:
    return encode(shapely.from_wkt([wkt]), 4550)[0]


# --- the file at rest


def test_file_says_geopackage_1_3_and_stands_alone(frame: Make, save: Save, beside: Beside) -> None:
    path = save(frame(PLACED))
    header = path.read_bytes()[:100]
    assert header[68:72] == b"GPKG"
    assert int.from_bytes(header[60:64], "big") == 10300
    assert header[18:20] == b"\x01\x01"
    assert ask(path, "PRAGMA journal_mode") == [("delete",)]
    assert ask(path, "PRAGMA integrity_check") == [("ok",)]
    assert ask(path, "PRAGMA foreign_key_check") == []
    assert list(beside(path)) == ["things.gpkg"]


def test_contents_tell_title_extent_and_last_change(frame: Make, save: Save) -> None:
    path = save(frame(PLACED), description="两块地")
    assert ask(path, "SELECT * FROM gpkg_contents") == [
        ("things", "features", "东西", "两块地", "2025-01-01T08:30:00.000Z", 0, 0, 13, 24, 4550)
    ]
    assert ask(path, "SELECT * FROM gpkg_geometry_columns") == [
        ("things", "geom", "POLYGON", 4550, 0, 0)
    ]
    assert ask(path, "SELECT * FROM gpkg_ogr_contents") == [("things", 4)]


def test_extent_of_features_without_a_place_is_null(frame: Make, save: Save) -> None:
    path = save(frame({"A": None, "B": "POLYGON EMPTY"}))
    extent = ask(path, "SELECT min_x, min_y, max_x, max_y FROM gpkg_contents")
    assert extent == [(None, None, None, None)]
    assert index(path) == {}


def test_index_holds_the_bounds_of_what_has_a_place(frame: Make, save: Save) -> None:
    path = save(frame(PLACED))
    assert index(path) == {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}
    assert ask(path, "SELECT rtreecheck('rtree_things_geom')") == [("ok",)]
    assert ask(
        path, "SELECT table_name, column_name, extension_name, scope FROM gpkg_extensions"
    ) == [("things", "geom", "gpkg_rtree_index", "write-only")]


def test_index_in_single_precision_never_cuts_a_geometry(frame: Make, save: Save) -> None:
    path = save(frame({"A": "LINESTRING (500000.02 4550000.03, 500123.4 4550456.7)"}))
    ((xmin, ymin, xmax, ymax),) = index(path).values()
    assert 500000.02 - 0.1 < xmin <= 500000.02
    assert 4550000.03 - 1 < ymin <= 4550000.03
    assert 500123.4 <= xmax < 500123.4 + 0.1
    assert 4550456.7 <= ymax < 4550456.7 + 1


@pytest.mark.parametrize(
    ("crs", "rows"),
    [
        (4550, [(-1, "NONE"), (0, "NONE"), (4326, "EPSG"), (4550, "EPSG")]),
        (4490, [(-1, "NONE"), (0, "NONE"), (4326, "EPSG"), (4490, "EPSG")]),
        (4326, [(-1, "NONE"), (0, "NONE"), (4326, "EPSG")]),
        (GAUSS_KRUEGER_123_4, [(-1, "NONE"), (0, "NONE"), (4326, "EPSG"), (100000, "NONE")]),
    ],
)
def test_crs_stands_beside_the_three_that_every_file_has(
    frame: Make, save: Save, layer: Describe, crs: Any, rows: list[tuple[int, str]]
) -> None:
    features = frame({"A": SQUARE}, crs=crs)
    path = save(features)
    assert ask(path, "SELECT srs_id, organization FROM gpkg_spatial_ref_sys ORDER BY 1") == rows
    with GeoPackageStore(path) as store:
        found = store.table(layer()).crs
    assert found is not None
    assert found.to_epsg() == features.crs.to_epsg()


def test_own_meridian_of_a_crs_without_code_is_kept(
    frame: Make, save: Save, layer: Describe
) -> None:
    path = save(frame({"A": SQUARE}, crs=GAUSS_KRUEGER_123_4))
    with GeoPackageStore(path) as store:
        crs = store.read(layer()).crs
    assert crs.to_cf()["longitude_of_central_meridian"] == 123.4
    assert crs.to_cf()["false_easting"] == 500_000


@pytest.mark.parametrize(
    ("shapes", "type_", "z", "m"),
    [
        (["POINT (1 2)"], "POINT", 0, 0),
        (["POINT Z (1 2 3)"], "POINT", 1, 0),
        (["POINT Z (1 2 3)", "POINT (1 2)"], "POINT", 2, 0),
        (["POINT M (1 2 3)"], "POINT", 0, 1),
        (["LINESTRING ZM (0 0 1 5, 10 0 2 6)"], "LINESTRING", 1, 1),
        ([SQUARE, None], "POLYGON", 0, 0),
        ([SQUARE, "POINT (1 2)"], "GEOMETRY", 0, 0),
        ([SQUARE, "MULTIPOINT ((1 2))"], "GEOMETRY", 0, 0),
        (["GEOMETRYCOLLECTION (POINT (1 2))"], "GEOMETRYCOLLECTION", 0, 0),
        ([None], "GEOMETRY", 0, 0),
        ([], "GEOMETRY", 0, 0),
    ],
)
def test_geometry_type_and_dimensions_are_declared_and_kept(
    frame: Make,
    save: Save,
    layer: Describe,
    shapes: list[str | None],
    type_: str,
    z: int,
    m: int,
) -> None:
    named = {f"F{number}": wkt for number, wkt in enumerate(shapes)}
    path = save(frame(named))
    declared = ask(path, "SELECT geometry_type_name, z, m FROM gpkg_geometry_columns")
    assert declared == [(type_, z, m)]
    with GeoPackageStore(path) as store:
        found = store.read(layer()).geometry
    assert [None if pd.isna(shape) else shape.wkt for shape in found] == shapes


@pytest.mark.parametrize(
    ("single", "multi"),
    [
        ("POINT (1 2)", "MULTIPOINT ((1 2), (3 4))"),
        ("LINESTRING Z (0 0 5, 1 1 6)", "MULTILINESTRING Z ((0 0 5, 1 1 7))"),
        ("LINESTRING M (0 0 5, 1 1 6)", "MULTILINESTRING M ((0 0 5, 1 1 7))"),
        (SQUARE, "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"),
    ],
)
def test_single_beside_multi_becomes_multi(
    frame: Make, save: Save, layer: Describe, single: str, multi: str
) -> None:
    path = save(frame({"A": multi, "B": None, "C": single, "D": multi, "E": single}))
    type_ = multi.split()[0]
    assert ask(path, "SELECT geometry_type_name FROM gpkg_geometry_columns") == [(type_,)]
    with GeoPackageStore(path) as store:
        found = store.read(layer()).geometry
    found = found.drop("B")
    assert [f"MULTI{one.geoms[0].geom_type.upper()}" for one in found] == [type_] * 4
    assert [len(one.geoms) for one in found] == [len(found["A"].geoms), 1, len(found["A"].geoms), 1]
    assert found["E"].geoms[0].wkt == single
    assert found["C"].geoms[0].wkt == single
    assert found["A"].wkt == multi


def test_attribute_tables_stand_beside_the_features(
    frame: Make, save: Save, layer: Describe
) -> None:
    notes = pd.DataFrame({"注": ["甲", None], "page": [3, 4]}, index=[9, 8])
    path = save(frame(PLACED), attribute_tables={"notes": notes})
    assert ask(path, "SELECT * FROM notes ORDER BY fid") == [(1, "甲", 3), (2, None, 4)]
    assert ask(
        path, "SELECT data_type, min_x, srs_id FROM gpkg_contents WHERE table_name = 'notes'"
    ) == [("attributes", None, None)]
    assert sorted(ask(path, "SELECT * FROM gpkg_ogr_contents")) == [("notes", 2), ("things", 4)]
    with GeoPackageStore(path) as store:
        assert store.table(layer()).count == 4


def test_known_type_decides_where_values_do_not_tell(frame: Make, save: Save) -> None:
    path = save(
        frame({"A": SQUARE}, length_m=[None], name=[None]), column_types={"length_m": "REAL"}
    )
    declared = ask(path, "SELECT name, type FROM pragma_table_info('things')")
    assert declared[3:] == [("length_m", "REAL"), ("name", "TEXT")]


def test_provenance_is_kept(frame: Make, save: Save) -> None:
    path = save(frame(PLACED), provenance='{"source": "千山.toml"}')
    with GeoPackageStore(path) as store:
        assert store.provenance() == '{"source": "千山.toml"}'


@pytest.mark.parametrize("options", [{}, {"provenance": "{}"}], ids=["plain", "with provenance"])
def test_same_content_makes_the_same_bytes(
    frame: Make, save: Save, tmp_path: Path, options: dict[str, Any]
) -> None:
    first, second = (
        save(frame(PLACED, name=["x", "y", None, "z"]), tmp_path / name, **options).read_bytes()
        for name in ("one.gpkg", "another name.gpkg")
    )
    assert first == second
    later = datetime(2025, 1, 2, tzinfo=UTC)
    assert save(frame(PLACED, name=["x", "y", None, "z"]), last_change=later).read_bytes() != first


def test_file_is_as_readable_as_any_other(frame: Make, save: Save, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.touch()
    path = save(frame(PLACED))
    assert stat.S_IMODE(path.stat().st_mode) == stat.S_IMODE(other.stat().st_mode)


# --- editing keeps the books


def insert(fid: int, wkt: str) -> tuple[str, tuple[Any, ...]]:
    return "INSERT INTO things (fid, geom, feature_id) VALUES (?, ?, ?)", (
        fid,
        blob(wkt),
        f"N{fid}",
    )


@pytest.mark.parametrize(
    ("statement", "values", "expected", "count"),
    [
        pytest.param(
            *insert(9, "POLYGON ((5 6, 7 6, 7 9, 5 6))"),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24), 9: (5, 6, 7, 9)}, 5, id="insert",
        ),
        pytest.param(
            *insert(9, "POLYGON EMPTY"),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 5, id="insert empty",
        ),
        pytest.param(
            "INSERT INTO things (fid, feature_id) VALUES (9, 'N9')", (),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 5, id="insert null",
        ),
        pytest.param(
            "UPDATE things SET geom = ? WHERE fid = 1", (blob("POLYGON ((1 1, 3 1, 3 8, 1 1))"),),
            {1: (1, 1, 3, 8), 3: (10, 20, 13, 24)}, 4, id="other geometry",
        ),
        pytest.param(
            "UPDATE things SET geom = ? WHERE fid = 2", (blob(SQUARE),),
            {1: (0, 0, 4, 2), 2: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 4, id="null to geometry",
        ),
        pytest.param(
            "UPDATE things SET geom = ? WHERE fid = 4", (blob(SQUARE),),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24), 4: (0, 0, 4, 2)}, 4, id="empty to geometry",
        ),
        pytest.param(
            "UPDATE things SET geom = NULL WHERE fid = 3", (),
            {1: (0, 0, 4, 2)}, 4, id="to null",
        ),
        pytest.param(
            "UPDATE things SET geom = ? WHERE fid = 3", (blob("POLYGON EMPTY"),),
            {1: (0, 0, 4, 2)}, 4, id="to empty",
        ),
        pytest.param(
            "UPDATE things SET fid = 30 WHERE fid = 3", (),
            {1: (0, 0, 4, 2), 30: (10, 20, 13, 24)}, 4, id="other key",
        ),
        pytest.param(
            "UPDATE things SET fid = 30, geom = NULL WHERE fid = 3", (),
            {1: (0, 0, 4, 2)}, 4, id="other key and to null",
        ),
        pytest.param(
            "UPDATE things SET fid = 20 WHERE fid = 2", (),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 4, id="other key of a null",
        ),
        pytest.param(
            "UPDATE things SET feature_id = 'Z' WHERE fid = 1", (),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 4, id="attribute only",
        ),
        pytest.param(
            "DELETE FROM things WHERE fid = 1", (),
            {3: (10, 20, 13, 24)}, 3, id="delete",
        ),
        pytest.param(
            "DELETE FROM things WHERE fid = 2", (),
            {1: (0, 0, 4, 2), 3: (10, 20, 13, 24)}, 3, id="delete null",
        ),
        pytest.param("DELETE FROM things", (), {}, 0, id="delete all"),
    ],
)  # fmt: skip
def test_editing_keeps_index_and_count(
    frame: Make,
    save: Save,
    statement: str,
    values: tuple[Any, ...],
    expected: dict[int, tuple[float, ...]],
    count: int,
) -> None:
    path = save(frame(PLACED))
    with closing(open_to_write(path)) as connection:
        connection.execute(statement, values).fetchall()
    assert index(path) == expected
    assert ask(path, "SELECT feature_count FROM gpkg_ogr_contents") == [(count,)]
    assert ask(path, "SELECT count(*) FROM things") == [(count,)]
    assert ask(path, "SELECT rtreecheck('rtree_things_geom')") == [("ok",)]


def test_editing_an_attribute_table_keeps_its_count_and_no_other(frame: Make, save: Save) -> None:
    notes = pd.DataFrame({"note": ["x", "y", "z"]})
    path = save(frame(PLACED), attribute_tables={"notes": notes})
    with closing(open_to_write(path)) as connection:
        connection.execute(
            "DELETE FROM notes WHERE fid < 3; INSERT INTO notes VALUES (7, 'w')"
        ).fetchall()
    assert sorted(ask(path, "SELECT * FROM gpkg_ogr_contents")) == [("notes", 2), ("things", 4)]


def test_editing_a_table_of_a_hostile_name_keeps_index_and_count(frame: Make, save: Save) -> None:
    name = "a\"; DROP TABLE gpkg_contents; --'s"
    path = save(frame(PLACED), table=name)
    quoted = name.replace('"', '""')
    with closing(open_to_write(path)) as connection:
        connection.execute(f'DELETE FROM "{quoted}" WHERE fid = 1').fetchall()  # noqa: S608
    assert ask(path, f'SELECT id FROM "rtree_{quoted}_geom"') == [(3,)]  # noqa: S608
    assert ask(path, "SELECT * FROM gpkg_ogr_contents") == [(name, 3)]


@pytest.mark.parametrize(
    "geometry",
    [b"", b"GP", b"no geometry at all", "text", 5],
    ids=["0", "2", "junk", "text", "int"],
)
def test_malformed_geometry_cannot_be_edited_in(frame: Make, save: Save, geometry: Any) -> None:
    path = save(frame(PLACED))
    before = path.read_bytes()
    with (
        closing(open_to_write(path)) as connection,
        pytest.raises(Exception, match="geometry blob"),
    ):
        connection.execute("UPDATE things SET geom = ? WHERE fid = 1", (geometry,)).fetchall()
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "statement",
    ["UPDATE things SET geom = NULL", "INSERT INTO things (geom, feature_id) VALUES (x'00', 'N')"],
)
def test_editing_without_the_functions_fails_loudly(
    frame: Make, save: Save, statement: str
) -> None:
    path = save(frame(PLACED))
    before = path.read_bytes()
    with closing(apsw.Connection(str(path))) as connection:  # noqa: SIM117
        with pytest.raises(apsw.SQLError, match="no such function: ST_IsEmpty"):
            connection.execute(statement)
    assert path.read_bytes() == before


# --- what is refused, and leaves what stood there


@pytest.fixture
def old(frame: Make, save: Save) -> Path:
    return save(frame({"old": TRIANGLE}))


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"a": [1, 2, 3], "b": [1, "x", 2.5]}, "'b' holds values of type float, int, str"),
        ({"b": [True, 1, 0]}, "bool, int"),
        ({"b": [Decimal(1), None, None]}, "Decimal"),
        ({"b": [[1], [2], [3]]}, "list"),
        ({"b": [{"a": 1}, None, None]}, "dict"),
        ({"b": [1j, 2j, 3j]}, "complex"),
        ({"b": pd.to_timedelta([1, 2, 3])}, "Timedelta"),
        ({"b": [2**63, 1, 2]}, "out of range"),
        ({"b": pd.Series(["fine", "\ud800", "fine"], dtype=object)}, "out of range"),
        ({"fid": [1, 2, 3]}, "'fid' clashes"),
        ({"FID": [1, 2, 3]}, "'fid' clashes"),
        ({"geom": ["x", "y", "z"]}, "'geom' clashes"),
        ({"Feature_ID": ["x", "y", "z"]}, "'feature_id' clashes"),
        ({"name": ["x", "y", "z"], "Name": ["x", "y", "z"]}, "'name' clashes"),
    ],
)
def test_unstorable_column_is_named_and_nothing_written(
    frame: Make, save: Save, beside: Beside, old: Path, columns: dict[str, Any], message: str
) -> None:
    before = beside(old)
    with pytest.raises(UnstorableColumn, match=message):
        save(frame({"A": SQUARE, "B": None, "C": SQUARE}, **columns))
    assert beside(old) == before


def test_column_without_a_text_for_a_name_is_refused(
    frame: Make, save: Save, beside: Beside, old: Path
) -> None:
    before = beside(old)
    with pytest.raises(UnstorableColumn, match="names of columns are text"):
        save(frame({"A": SQUARE}, a=[1]).rename(columns={"a": 0}))
    assert beside(old) == before


@pytest.mark.parametrize("id_column", ["fid", "FID", "geom"])
def test_id_column_of_a_taken_name_is_refused(
    frame: Make, save: Save, beside: Beside, old: Path, id_column: str
) -> None:
    before = beside(old)
    with pytest.raises(UnstorableColumn, match="clashes"):
        save(frame({"A": SQUARE}), id_column=id_column)
    assert beside(old) == before


@pytest.mark.parametrize(
    ("ids", "id_column", "error", "message"),
    [
        (["A", "B", "A"], "feature_id", DuplicateId, "'A' stands twice"),
        ([1, 2, 1], "feature_id", DuplicateId, "the id 1 stands twice"),
        ([1, 2, 1], None, DuplicateId, "the id 1 stands twice"),
        (["A", None, "C"], "feature_id", DuplicateId, "no id"),
        (["A", "B", "C"], None, DuplicateId, "need an id_column"),
        ([1, "1", 2], "feature_id", UnstorableColumn, "all text or all whole numbers"),
        ([1.5, 2.5, 3.5], "feature_id", UnstorableColumn, "all text or all whole numbers"),
    ],
)
def test_bad_ids_are_refused(  # noqa: PLR0913, RUF100
    frame: Make,
    save: Save,
    beside: Beside,
    old: Path,
    ids: list[Any],
    id_column: str | None,
    error: type[Exception],
    message: str,
) -> None:
    features = frame({"A": SQUARE, "B": None, "C": SQUARE})
    features.index = pd.Index(ids)
    before = beside(old)
    with pytest.raises(error, match=message):
        save(features, id_column=id_column)
    assert beside(old) == before


def test_whole_number_ids_are_the_key_itself(frame: Make, save: Save, layer: Describe) -> None:
    path = save(frame({7: SQUARE, -3: TRIANGLE, 0: None}), id_column=None)
    assert index(path) == {7: (0, 0, 4, 2), -3: (10, 20, 13, 24)}
    with GeoPackageStore(path) as store:
        assert store.read(layer(id_column=None)).index.tolist() == [-3, 0, 7]


@pytest.mark.parametrize(
    ("crs", "message"),
    [(None, "no CRS"), (4979, "cannot be stated in a GeoPackage")],
    ids=["none", "three-dimensional"],
)
def test_crs_that_cannot_be_stated_is_refused(
    frame: Make, save: Save, beside: Beside, old: Path, crs: Any, message: str
) -> None:
    before = beside(old)
    with pytest.raises(CrsMismatch, match=message):
        save(frame({"A": SQUARE}, crs=crs))
    assert beside(old) == before


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"table": "gpkg_contents"}, "'gpkg_contents' is taken or reserved"),
        ({"table": "SQLITE_master"}, "'sqlite_master' is taken or reserved"),
        ({"table": "rtree_things_geom"}, "taken or reserved"),
        ({"attribute_tables": {"Things": pd.DataFrame({"a": [1]})}}, "'things' is taken"),
        ({"identifier": "notes", "attribute_tables": {"notes": pd.DataFrame()}}, "identifier"),
    ],
)
def test_taken_table_names_are_refused(
    frame: Make, save: Save, beside: Beside, old: Path, changes: dict[str, Any], message: str
) -> None:
    before = beside(old)
    with pytest.raises(TableInvalid, match=message):
        save(frame({"A": SQUARE}), **changes)
    assert beside(old) == before


def test_missing_folder_is_named_and_not_made(frame: Make, save: Save, tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match=r"cannot write in .*nowhere: No such file"):
        save(frame({"A": SQUARE}), tmp_path / "nowhere" / "things.gpkg")
    assert list(tmp_path.iterdir()) == []


def test_folder_in_the_place_of_the_file_stays(frame: Make, save: Save, tmp_path: Path) -> None:
    (tmp_path / "things.gpkg").mkdir()
    with pytest.raises(NotWritable, match=r"things\.gpkg"):
        save(frame({"A": SQUARE}))
    assert [(file.name, file.is_dir()) for file in tmp_path.iterdir()] == [("things.gpkg", True)]


@pytest.mark.parametrize("suffix", ["-journal", "-wal"])
def test_file_with_a_journal_beside_it_is_not_replaced(
    frame: Make, save: Save, beside: Beside, old: Path, suffix: str
) -> None:
    old.with_name(old.name + suffix).write_bytes(b"of another program")
    before = beside(old)
    with pytest.raises(FileBusy, match=f"{suffix} stands beside"):
        save(frame({"A": SQUARE}))
    assert beside(old) == before


def test_file_that_another_program_edits_in_wal_mode_is_not_replaced(
    frame: Make, save: Save, beside: Beside, old: Path, holding: Callable[..., None]
) -> None:
    holding(old, "PRAGMA journal_mode = WAL", "CREATE TABLE mine (x)")
    before = beside(old)
    with pytest.raises(FileBusy):
        save(frame({"A": SQUARE}))
    assert beside(old) == before


# --- failures and kills, in a process of their own

WRITE = """
import ctypes, hashlib, json, os, resource, signal, sys, time
from datetime import UTC, datetime
from pathlib import Path
import geopandas as gpd, numpy as np, pandas as pd, shapely
from geoplan.errors import GeoplanError
from geoplan.store.frame import utc_text
from geoplan.store.write import write_geopackage

target = Path(sys.argv[1])
count = int(sys.argv[2])
x = np.arange(count, dtype=float)
features = gpd.GeoDataFrame(
    {"name": [f"feature {number}" for number in range(count)]},
    geometry=gpd.GeoSeries(shapely.box(x, 0, x + 2, 1), crs=4550),
)
features.index = pd.Index([f"F{number}" for number in range(count)])

def write():
    write_geopackage(target, "things", features, id_column="feature_id", identifier="t",
                     description="", last_change=datetime(2025, 1, 1, tzinfo=UTC))

def outcome():
    try:
        write()
        return "written"
    except GeoplanError as error:
        return f"{type(error).__name__}: {error}"

def drop_privileges():  # root writes everywhere: give that up
    if os.geteuid() == 0 and "dropped" not in os.environ:
        for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
            assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0
        os.execve(sys.executable, sys.orig_argv, {**os.environ, "dropped": "yes"})
"""


def test_full_disk_leaves_what_stood_there(
    beside: Beside, old: Path, elsewhere: Callable[..., Any]
) -> None:
    before = beside(old)
    script = """
answers = []
for limit in (0, 5_000, 100_000, 400_000):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    answers.append(outcome())
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
sys.stdout.write(json.dumps(answers))
"""
    answers = elsewhere(WRITE + script, old, 5000)
    assert [answer.split(":")[0] for answer in answers] == ["NotWritable"] * 4
    assert all("things.gpkg" in answer for answer in answers)
    assert beside(old) == before


def test_unwritable_folder_leaves_what_stood_there(
    beside: Beside, old: Path, elsewhere: Callable[..., Any]
) -> None:
    before = beside(old)
    old.parent.chmod(0o555)
    try:
        answer = elsewhere(WRITE + "drop_privileges()\nprint(json.dumps(outcome()))", old, 3)
    finally:
        old.parent.chmod(0o755)
    assert answer == f"NotWritable: cannot write in {old.parent}: Permission denied"
    assert beside(old) == before


def test_kill_in_the_middle_of_a_write_leaves_the_old_file(
    beside: Beside, old: Path, elsewhere: Callable[..., Any], layer: Describe
) -> None:
    digest = beside(old)["things.gpkg"]
    script = """
spare = target
target = target.with_name("trial.gpkg")
takes = 60.0
for _ in range(3):  # the first is slower, and the machine has other work
    began = time.monotonic()
    write()
    takes = min(takes, time.monotonic() - began)
    target.unlink()
target = spare
found = []
for part in (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7):
    child = os.fork()
    if child == 0:
        write()
        os._exit(0)
    time.sleep(takes * part)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    left = sorted(file.suffix for file in target.parent.iterdir() if file != target)
    for file in target.parent.iterdir():
        if file != target:
            file.unlink()
    found.append([os.WIFSIGNALED(status), hashlib.sha256(target.read_bytes()).hexdigest(), left])
print(json.dumps(found))
"""
    found = elsewhere(WRITE + script, old, 20_000)
    killed = [(sha, left) for was_killed, sha, left in found if was_killed]
    assert len(killed) >= 4
    assert {sha for sha, _ in killed} == {digest}
    assert sum(".part" in left for _, left in killed) >= 2, (
        "no kill struck in the middle of a write"
    )
    with GeoPackageStore(old) as store:
        assert store.read(layer()).index.tolist() == ["old"]


def test_what_a_killed_write_left_does_not_hinder_the_next(
    frame: Make, save: Save, layer: Describe, old: Path
) -> None:
    stray = old.with_name(".things.gpkg.abcdefgh.part")
    stray.write_bytes(b"half a file")
    save(frame({"new": SQUARE}))
    with GeoPackageStore(old) as store:
        assert store.read(layer()).index.tolist() == ["new"]


def test_readers_see_the_old_file_or_the_new_one(
    frame: Make, save: Save, layer: Describe, tmp_path: Path
) -> None:
    few, many = frame({"A": SQUARE}), frame({f"F{n}": SQUARE for n in range(300)})
    path = save(few)
    with GeoPackageStore(path) as store:
        half_read = store.rows(layer())
        save(many)
        assert [row[0] for row in half_read] == ["A"]
    with GeoPackageStore(path) as store:
        half_read = store.rows(layer())
        next(half_read)
        save(few)
        assert len(list(half_read)) == 299


def test_write_follows_no_clock(frame: Make, save: Save, tmp_path: Path) -> None:
    digests = set()
    for name in ("a.gpkg", "b.gpkg"):
        path = save(frame({"A": SQUARE}), tmp_path / name, provenance="{}")
        digests.add(hashlib.sha256(path.read_bytes()).hexdigest())
        stamps = ask(path, "SELECT timestamp FROM gpkg_metadata_reference")
        assert stamps == [("2025-01-01T08:30:00.000Z",)]
    assert len(digests) == 1


def test_an_early_year_is_written_in_four_digits() -> None:
    """A slip of the pen in real data: 0407 for 2007; it has to be read again."""
    assert utc_text(datetime(407, 4, 1, tzinfo=UTC)) == "0407-04-01T00:00:00.000Z"
    late = pd.Timestamp("2025-03-31T10:20:30.123999+08:00")
    assert utc_text(late) == "2025-03-31T02:20:30.123Z"
