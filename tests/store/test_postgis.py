"""Layers of a real PostGIS server, started here by Debian's packages; skipped where they lack."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from pyproj import CRS

from geoplan.errors import BadQuery, DatabaseUnreachable, DuplicateId, TableInvalid
from geoplan.model import FeatureQuery
from geoplan.partitions import Partitions
from geoplan.store import Column, GeoPackageStore, open_store
from tests.command import geoplan

psycopg = pytest.importorskip("psycopg", reason="psycopg (geoplan[postgis]) is not installed")

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geopandas import GeoDataFrame

    from geoplan.model import Layer
    from geoplan.store.postgis import PostGISStore

    Describe = Callable[..., Layer]

SHAPES: dict[str, str | None] = {
    "nowhere": None,
    "Diagonal": "LINESTRING (0 0, 10 10)",
    "ell": "POLYGON ((20 0, 30 0, 30 2, 22 2, 22 8, 20 8, 20 0))",
    "dot": "POINT (40 3)",
    "empty": "POLYGON EMPTY",
    "High": "POINT (40 8)",
    "hollow": "POLYGON ((50 0, 60 0, 60 10, 50 10, 50 0), (52 2, 58 2, 58 9, 52 9, 52 2))",
}
TABLE = """
CREATE TABLE things (feature_id text PRIMARY KEY, "na""me; DROP" text, floors int, area numeric,
  built date, seen timestamptz, kept boolean, tags jsonb, geom geometry(Geometry, 4550));
CREATE INDEX ON things USING gist (geom);
CREATE SCHEMA other;
CREATE TABLE other.parcels (fid bigint PRIMARY KEY, "DLBM" text, geom geometry(Polygon, 4550));
INSERT INTO other.parcels SELECT x, CASE WHEN x % 2 = 0 THEN '0101' END,
  ST_MakeEnvelope(500000 + 10 * x, 4550000, 500010 + 10 * x, 4550010, 4550)
  FROM generate_series(0, 19999) x;
CREATE INDEX ON other.parcels USING gist (geom);
CREATE TABLE plain (id int PRIMARY KEY);
CREATE TABLE undeclared (id int PRIMARY KEY, geom geometry);
INSERT INTO undeclared VALUES (1, ST_SetSRID(ST_MakePoint(500000, 4550000, 12.5), 4550));
CREATE TABLE unknown (id int PRIMARY KEY, geom geometry);
INSERT INTO unknown VALUES (1, ST_Point(500000, 4550000));
CREATE TABLE twofold (id int PRIMARY KEY, one geometry(Point, 4550), two geometry(Point, 4550));
CREATE TABLE keyless (name text, geom geometry(Point, 4550));
INSERT INTO keyless VALUES ('a', ST_Point(1, 1, 4550)), ('a', ST_Point(2, 2, 4550));
ANALYZE;
"""


def _programs() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found or shutil.which("runuser") is None:
        pytest.skip("no PostgreSQL server is installed (Debian: postgresql)")
    programs = found[-1].parent
    version = programs.parent.name
    if not Path(f"/usr/share/postgresql/{version}/extension/postgis.control").exists():
        pytest.skip(f"no PostGIS is installed (Debian: postgresql-{version}-postgis-3)")
    return programs


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """Run a server of our own as the user postgres, and return its address."""
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="geoplan-postgis-"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        command = ["runuser", "-u", "postgres", "--", str(programs / program), "-D", str(folder)]
        subprocess.run([*command, *arguments], check=True, stdout=subprocess.DEVNULL, timeout=60)

    try:
        shutil.chown(folder, "postgres", "postgres")
    except (LookupError, PermissionError):
        pytest.skip("the server runs as user postgres, and only root may start it so")
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off"
    try:
        # a collation by language: the order of ids must not follow it
        run("initdb", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            "--locale-provider=icu", "--icu-locale=en-US")  # fmt: skip
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            ["runuser", "-u", "postgres", "--", programs / "pg_ctl", "-D", folder, "-m",
             "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def address(server: str) -> str:
    """Return the address of a database with tables."""
    with psycopg.connect(server) as connection:
        connection.execute("CREATE EXTENSION postgis")
        connection.execute(TABLE)
        for number, (name, wkt) in enumerate(SHAPES.items()):
            connection.execute(
                "INSERT INTO things VALUES (%s, %s, %s, 0.1, '2024-02-29', "
                "'2024-02-29 08:00:00+08', %s, '{\"a\": 1}', ST_GeomFromText(%s, 4550))",
                (name, f"东西 {number}", number, number % 2 == 0, wkt),
            )
    return server


@pytest.fixture
def store(address: str) -> Iterator[PostGISStore]:
    found = open_store(address)
    assert not isinstance(found, GeoPackageStore)
    with found:
        yield found


def ids(store: PostGISStore, layer: Layer, **query: Any) -> list[Any]:
    return [row[0] for row in store.rows(layer, FeatureQuery(**query))]


def test_columns_crs_and_count_are_told(store: PostGISStore, layer: Describe) -> None:
    told = store.table(layer())
    assert told.crs == CRS.from_epsg(4550)
    assert told.count == 7
    assert told.columns == (
        Column('na"me; DROP', "TEXT"), Column("floors", "INTEGER"), Column("area", "REAL"),
        Column("built", "DATE"), Column("seen", "DATETIME"), Column("kept", "BOOLEAN"),
        Column("tags", "TEXT"),
    )  # fmt: skip


def test_values_come_as_a_geopackage_stores_them(store: PostGISStore, layer: Describe) -> None:
    (row,) = store.rows(layer(), FeatureQuery(ids=("ell",)))
    assert row[1] == {
        'na"me; DROP': "东西 2", "floors": 2, "area": 0.1, "built": "2024-02-29",
        "seen": "2024-02-29T00:00:00.000Z", "kept": True, "tags": '{"a": 1}',
    }  # fmt: skip


def test_a_frame_is_that_of_the_same_features_in_a_geopackage(
    store: PostGISStore, layer: Describe, frame: Callable[..., GeoDataFrame]
) -> None:
    found = store.read(layer())
    assert found.index.tolist() == sorted(SHAPES)  # by bytes: capitals first
    expected = frame({name: SHAPES[name] for name in sorted(SHAPES)})
    assert found.crs == expected.crs
    assert found.geometry.to_wkt().to_list() == expected.geometry.to_wkt().to_list()
    assert str(found["seen"].dtype).startswith("datetime64")
    assert found["floors"].tolist() == [1, 5, 3, 2, 4, 6, 0]


@pytest.mark.parametrize(
    ("bbox", "expected"),
    [
        ((21.0, 1.0, 23.0, 3.0), ["ell"]),
        ((24.0, 4.0, 29.0, 7.0), []),  # within the envelope of the ell, beside the ell
        ((53.0, 3.0, 57.0, 8.0), []),  # in the hole
        ((30.0, 2.0, 35.0, 9.0), ["ell"]),  # a corner alone
        ((40.0, 0.0, 45.0, 10.0), ["High", "dot"]),
        ((0.0, 0.0, 60.0, 10.0), ["Diagonal", "High", "dot", "ell", "hollow"]),
    ],
)
def test_a_bbox_asks_the_geometry_edges_included(
    store: PostGISStore, layer: Describe, bbox: tuple[float, ...], expected: list[str]
) -> None:
    assert ids(store, layer(), bbox=bbox) == expected


def test_conditions_and_pages(store: PostGISStore, layer: Describe) -> None:
    parcels = layer(id="parcels", table="other.parcels", id_column=None)
    assert ids(store, parcels, where={"DLBM": None}, limit=3) == [1, 3, 5]
    assert ids(store, parcels, where={"DLBM": "0101"}, after=9, offset=1, limit=2) == [12, 14]
    assert ids(store, parcels, ids=(7, "8", "x")) == [7, 8]
    box = (500005.0, 4550000.0, 500015.0, 4550001.0)
    assert ids(store, parcels, bbox=box) == [0, 1]
    assert ids(store, parcels, bbox=box, where={"DLBM": None}) == [1]
    assert len(ids(store, parcels)) == 20_000
    assert ids(store, layer(), where={"seen": "2024-02-29T00:00:00Z", "kept": True, "floors": 2})
    assert ids(store, layer(), after="empty") == ["hollow", "nowhere"]


def test_values_are_never_sql(store: PostGISStore, layer: Describe) -> None:
    evil = "x'; DROP TABLE things; --"
    assert ids(store, layer(), where={'na"me; DROP': evil}) == []
    assert ids(store, layer(), ids=(evil,)) == []
    assert ids(store, layer(), after=evil, where={'na"me; DROP': "东西 0"}) == []
    with pytest.raises(BadQuery, match="no column"):
        ids(store, layer(), where={evil: 1})
    with pytest.raises(TableInvalid, match="no table"):
        ids(store, layer(table='things"; DROP TABLE things; --'))
    assert store.table(layer()).count == 7


def test_the_index_answers_a_bbox(address: str, store: PostGISStore, layer: Describe) -> None:
    from geoplan.store.postgis import _select

    parcels = layer(id="parcels", table="other.parcels", id_column=None)
    box = (500005.0, 4550000.0, 500015.0, 4550001.0)
    statement, values = _select(parcels, store._shape(parcels), FeatureQuery(bbox=box))
    with psycopg.connect(address) as connection:
        plan = connection.execute(psycopg.sql.SQL("EXPLAIN ") + statement, values).fetchall()
    assert any("parcels_geom_idx" in line for (line,) in plan)


def test_a_table_is_laid_out_in_partitions(address: str, tmp_path: Path) -> None:
    to = tmp_path / "parcels"
    made = geoplan("tile", address, to, "--table", "other.parcels", "--features", "6000")
    assert made.returncode == 0, made.stderr
    whole = Partitions.open(to)
    assert [one.count for one in whole.partitions] == [5000] * 4
    assert whole.extent == (500_000.0, 4_550_000.0, 700_000.0, 4_550_010.0)
    # a box in the middle of the 8th square of 10 m
    found = whole.within((500_073.0, 4_550_002.0, 500_075.0, 4_550_003.0), ["DLBM"])
    assert (found.index.tolist(), found["DLBM"].isna().tolist()) == ([7], [True])
    nameless = geoplan("tile", address, tmp_path / "other")
    assert (nameless.returncode, "needs the name of a table" in nameless.stderr) == (2, True)


def test_two_questions_may_be_read_in_turn(store: PostGISStore, layer: Describe) -> None:
    parcels = layer(id="parcels", table="other.parcels", id_column=None)
    one, other = store.rows(layer()), store.rows(parcels)
    assert [(next(one)[0], next(other)[0]) for _ in range(3)] == [
        ("Diagonal", 0), ("High", 1), ("dot", 2),
    ]  # fmt: skip


def test_nothing_can_be_written(store: PostGISStore, layer: Describe) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        store._connection.execute("DELETE FROM things")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"table": "nothing"}, "no table 'nothing'"),
        ({"table": "parcels"}, "no table 'parcels'"),  # its schema is not on the search path
        ({"table": "plain", "id_column": None}, "no geometry column"),
        ({"table": "twofold", "id_column": None}, r"several geometry columns \(one, two\)"),
        ({"table": "unknown", "id_column": None}, "has no SRID"),
        ({"table": "keyless", "id_column": None}, "no primary key"),
        ({"table": "keyless"}, "no column 'feature_id'"),
    ],
)
def test_what_cannot_be_a_layer_is_named(
    store: PostGISStore, layer: Describe, changes: dict[str, Any], told: str
) -> None:
    with pytest.raises(TableInvalid, match=told):
        store.table(layer(**changes))


def test_an_srid_may_stand_in_the_geometries_and_heights_are_kept(
    store: PostGISStore, layer: Describe
) -> None:
    undeclared = layer(table="undeclared", id_column=None)
    assert store.table(undeclared).crs == CRS.from_epsg(4550)
    assert store.read(undeclared).geometry.to_wkt().tolist() == ["POINT Z (500000 4550000 12.5)"]


def test_wrong_values_and_double_ids_are_refused(store: PostGISStore, layer: Describe) -> None:
    for where in ({"floors": "many"}, {"built": "yesterday or so"}, {"kept": "perhaps"}):
        with pytest.raises(BadQuery, match="column"):
            ids(store, layer(), where=where)
    assert len(ids(store, layer())) == 7  # and the next question is answered
    with pytest.raises(DuplicateId):
        store.read(layer(table="keyless", id_column="name"))


def test_who_cannot_be_reached_is_named(server: str) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(DatabaseUnreachable, match="refused") as caught:
        open_store(f"postgresql://me:secret@127.0.0.1:{port}/x")
    assert "secret" not in str(caught.value)
    for wrong in (server + "x", "postgresql://%zz"):
        with pytest.raises(DatabaseUnreachable, match="cannot be reached"):
            open_store(wrong)
