# ruff: noqa: S608 - the SQL is meant to be bad
"""Admission of foreign GeoPackages: what is refused by which name, and what is let in."""

from __future__ import annotations

import hashlib
import json
import random
import runpy
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import apsw
import numpy as np
import pytest
import shapely

from geoplan import Catalogue
from geoplan.errors import (
    BadData,
    CatalogueInvalid,
    GeometryTooLarge,
    IndexLies,
    MalformedGeometry,
    NotAGeoPackage,
    TableInvalid,
    UnexpectedObject,
)
from geoplan.store import GeoPackageStore, blob
from geoplan.store.admit import admit, inspect
from geoplan.store.objects import CAUSES
from geoplan.store.reindex import rebuild_index
from geoplan.store.wkb import Limits, walk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geoplan.model import Layer
    from tests.store import hostile
else:
    hostile = runpy.run_path(str(Path(__file__).with_name("hostile.py")))
    hostile = SimpleNamespace(**hostile)

ROOT = Path(__file__).parents[2]
WORKER = Path(__file__).with_name("admission_worker.py")
NOT_ONE = "NotAGeoPackage"
NAMED = {*CAUSES, *(cls.__name__ for cls in CAUSES.values()), "admitted"}


class Worker:
    """Ask admission in a process of its own; a death is an answer too."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, path: Path) -> dict[str, Any]:
        if self._process is None or self._process.poll() is not None:
            self._process = subprocess.Popen(
                [sys.executable, "-W", "error", str(WORKER)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{path}\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        assert line, f"admission died of {path.name}: {self._process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        if self._process is not None:
            with self._process as process:
                assert process.stdin is not None
                process.stdin.close()


@pytest.fixture(scope="module")
def looked() -> Iterator[Worker]:
    worker = Worker()
    yield worker
    worker.close()


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else "special"
        for file in folder.iterdir()
    }


# --- hostile and broken


def test_there_are_enough_hostile_files() -> None:
    assert sum(code != "admitted" for code, _ in hostile.CASES.values()) >= 100


@pytest.mark.parametrize("name", hostile.CASES)
def test_threat_04_hostile_file_is_refused_by_name(
    name: str, looked: Worker, tmp_path: Path
) -> None:
    code, make = hostile.CASES[name]
    path = tmp_path / "theirs.gpkg"
    make(path)
    before = fingerprint(tmp_path)
    answer = looked(path)
    assert answer["code"] == code, answer["words"]
    assert answer["seconds"] < 2
    assert answer["megabytes"] < 512
    assert fingerprint(tmp_path) == before
    strange = [one for one in answer["touched"] if str(path) not in one]
    assert not strange


def test_threat_04_file_cut_anywhere_is_refused(looked: Worker, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    whole = path.read_bytes()
    for size in range(0, len(whole), 2777):
        path.write_bytes(whole[:size])
        answer = looked(path)
        assert answer["code"] in NAMED - {"admitted"}, (size, answer)
        assert answer["seconds"] < 2
    assert fingerprint(tmp_path).keys() == {"theirs.gpkg"}


def test_threat_04_flipped_bytes_end_in_a_name(looked: Worker, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    whole = path.read_bytes()
    dice = random.Random(4)  # noqa: S311
    refused = 0
    for _ in range(300):
        spoilt = bytearray(whole)
        for _ in range(dice.choice((1, 4, 40))):
            spoilt[dice.randrange(len(whole))] ^= 1 << dice.randrange(8)
        path.write_bytes(spoilt)
        answer = looked(path)
        assert answer["code"] in NAMED, answer
        assert answer["seconds"] < 2
        assert answer["megabytes"] < 512
        refused += answer["code"] != "admitted"
        (tmp_path / "theirs.gpkg").unlink()
        assert not list(tmp_path.iterdir())
    assert refused > 30


def test_no_network_and_no_other_file(looked: Worker, tmp_path: Path) -> None:
    secret = tmp_path / "planted.txt"
    secret.write_text("planted-secret", encoding="utf-8")
    server = socket.create_server(("127.0.0.1", 0))
    visitors: list[Any] = []
    threading.Thread(target=lambda: visitors.append(server.accept()), daemon=True).start()
    port = server.getsockname()[1]
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    lures = [
        f"http://127.0.0.1:{port}/x",
        f"/vsicurl/http://127.0.0.1:{port}/x",
        f"<OGRVRTDataSource><SrcDataSource>{secret}</SrcDataSource></OGRVRTDataSource>",
        f"file:{secret}?mode=rw",
    ]
    for lure in lures:
        hostile.change(
            path,
            "INSERT INTO gpkg_extensions VALUES (NULL, NULL, ?, ?, 'write-only')",
            values=(lure, lure),
        )
    hostile.change(path, "UPDATE gpkg_spatial_ref_sys SET definition = ?", values=(lures[0],))
    answer = looked(path)
    assert answer["code"] == "admitted"
    assert answer["touched"] == []
    assert "planted-secret" not in json.dumps(answer)
    time.sleep(0.05)
    assert visitors == []
    with server, socket.create_connection(("127.0.0.1", port)):  # the canary was alive
        while not visitors:
            time.sleep(0.01)
        visitors[0][0].close()


# --- what is let in


@pytest.mark.parametrize("path", sorted((ROOT / "examples/town").glob("*.gpkg")), ids=str)
def test_geoplans_own_files_are_admitted(path: Path) -> None:
    found = admit(path)
    assert found.findings == ()
    assert found.tables[0].count > 0


@pytest.mark.parametrize("version", ["1.0", "1.1", "1.2", "1.3", "1.4"])
def test_gdals_files_are_admitted(version: str, gdal: Callable[..., Any], tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    shapes = [
        "POLYGON Z ((0 0 1, 1 0 1, 1 1 1, 0 0 1))",
        None,
        "MULTIPOLYGON (((0 0,1 0,1 1,0 0)))",
    ]
    gdal(
        "write",
        path=str(path),
        layer='It\'s "x" 中',
        wkt=shapes,
        columns={"a": [1, 2, 3]},
        VERSION=version,
        dataset_metadata={"A": "b"},
        layer_metadata={"C": "d"},
    )
    gdal(
        "write",
        path=str(path),
        layer="lines",
        wkt=["LINESTRING (0 0, 1 1)", "LINESTRING EMPTY"],
        append=True,
        GEOMETRY_NAME="shape",
        FID="id",
        IDENTIFIER="two",
    )
    found = admit(path)
    assert [one.level for one in found.findings] in ([], ["warning"])
    first, second = found.tables
    assert (first.table, first.count, first.srs, first.indexed) == (
        'It\'s "x" 中',
        3,
        "EPSG:4550",
        True,
    )
    assert (second.key, second.geometry_column, second.extent) == ("id", "shape", (0, 0, 1, 1))


@pytest.mark.parametrize("srs_id", [0, -1])
def test_undefined_crs_is_admitted(srs_id: int, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    hostile.change(
        path,
        f"UPDATE gpkg_geometry_columns SET srs_id = {srs_id}",
        f"UPDATE gpkg_contents SET srs_id = {srs_id}",
    )
    assert admit(path).tables[0].srs == "undefined"


def test_styles_schema_and_relations_are_admitted(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    hostile.change(
        path,
        "CREATE TABLE layer_styles (id INTEGER PRIMARY KEY AUTOINCREMENT, f_table_catalog "
        "TEXT(256), f_table_name TEXT(256), styleQML TEXT, useAsDefault BOOLEAN, update_time "
        "DATETIME DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')))",
        "INSERT INTO gpkg_contents (table_name, data_type, identifier) VALUES "
        "('layer_styles', 'attributes', 'layer_styles')",
        "CREATE TABLE gpkg_data_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL)",
        "INSERT INTO gpkg_extensions VALUES ('gpkg_data_columns', NULL, 'gpkg_schema', 'x', "
        "'read-write'), (NULL, NULL, 'gpkg_related_tables', 'x', 'read-write'), "
        "(NULL, NULL, 'gpkg_crs_wkt_1_1', 'x', 'read-write')",
    )
    assert not admit(path).findings


def test_wal_file_is_admitted_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    hostile.change(path, "PRAGMA journal_mode = WAL")
    before = fingerprint(tmp_path)
    assert not admit(path).refused
    assert fingerprint(tmp_path) == before


def test_missing_index_is_no_lie(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    hostile.change(path, f"DROP TABLE {hostile.INDEX}")
    found = admit(path)
    assert not found.tables[0].indexed


# --- errors, limits, opening


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("trigger", UnexpectedObject),
        ("application id 0", NotAGeoPackage),
        ("unknown srs", TableInvalid),
        ("nested 9 deep", GeometryTooLarge),
        ("open ring", MalformedGeometry),
        ("index is empty", IndexLies),
    ],
)
def test_admit_raises_what_inspect_found(name: str, error: type[BadData], tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.CASES[name][1](path)
    with pytest.raises(
        error, match=rf"theirs\.gpkg is refused: {hostile.CASES[name][0]}: "
    ) as caught:
        admit(path)
    assert type(caught.value) is error


def test_limits_can_be_set(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path)
    for limits in (Limits(vertices=4), Limits(blob_bytes=50)):
        with pytest.raises(GeometryTooLarge, match=r"key 1, 2, 3"):
            admit(path, limits)
    with pytest.raises(NotAGeoPackage, match="too_slow"):
        admit(path, Limits(seconds=-1))


def test_plain_open_refuses_objects_and_short_index(
    layer: Callable[..., Layer], tmp_path: Path
) -> None:
    described = layer(id_column=None)
    for number, (name, error) in enumerate(
        [
            ("trigger", UnexpectedObject),
            ("view", UnexpectedObject),
            ("index is empty", IndexLies),
            ("index lists one more", IndexLies),
        ]
    ):
        path = tmp_path / f"{number}.gpkg"
        hostile.CASES[name][1](path)
        with GeoPackageStore(path) as store, pytest.raises(error):
            store.refuse_foreign(described)
    hostile.good(path)
    with GeoPackageStore(path) as store:
        store.refuse_foreign(described)


def test_threat_05_plain_read_outlives_nested_collections(elsewhere: Callable[..., Any]) -> None:
    script = """
import json, struct
from geoplan.errors import MalformedGeometry
from geoplan.store import blob
refused = []
for kind in (4, 5, 6, 7, 1007):
    body = struct.pack("<BII", 1, kind, 1) * 20_000 + struct.pack("<BIdd", 1, 1, 0, 0)
    for read in (blob.decode, lambda blobs: blob.envelope(blobs[0])):
        try:
            read([b"GP\\0\\1" + struct.pack("<i", 4550) + body])
        except MalformedGeometry:
            refused.append(kind)
print(json.dumps(refused))
"""
    assert elsewhere(script) == [4, 4, 5, 5, 6, 6, 7, 7, 1007, 1007]
    assert shapely.is_empty(blob.decode([hostile.gp(hostile.wkb(7))])[0])


@pytest.mark.parametrize(
    ("name", "exit_code", "word"),
    [("plain index", 0, "Admitted"), ("trigger", 3, "unexpected_trigger"), ("text", 3, NOT_ONE)],
)
def test_command_tells_and_exits(name: str, exit_code: int, word: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.CASES[name][1](path)
    command = [sys.executable, "-m", "geoplan.cli", "admit", str(path), "--lang", "en"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, word in done.stdout + done.stderr) == (exit_code, True)
    if exit_code == 0:
        done = subprocess.run([*command, "--json"], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout)["tables"][0]["table"] == "things"


def test_plan_with_a_hostile_file_is_refused(tmp_path: Path) -> None:
    plan = shutil.copytree(ROOT / "examples/town", tmp_path / "plan")
    hostile.change(plan / "highways.gpkg", "CREATE VIEW v AS SELECT 1")
    with pytest.raises(CatalogueInvalid, match="layer 'highways': v: a view"):
        Catalogue.open(plan)


# --- rebuilding


@pytest.mark.parametrize(
    "name",
    [name for name, (code, _) in hostile.CASES.items() if code in ("index_lies", "count_lies")],
)
def test_threat_04_rebuilding_mends_what_lies(name: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.CASES[name][1](path)
    assert inspect(path).refused
    assert rebuild_index(path).findings == ()
    assert [file.name for file in tmp_path.iterdir()] == ["theirs.gpkg"]


@pytest.mark.parametrize("name", ["trigger", "open ring", "application id 0", "text"])
def test_rebuilding_mends_nothing_else(name: str, tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.CASES[name][1](path)
    before = fingerprint(tmp_path)
    with pytest.raises(BadData):
        rebuild_index(path)
    assert fingerprint(tmp_path) == before


def test_rebuilding_puts_the_extent_right(tmp_path: Path, gdal: Callable[..., Any]) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.CASES["extent lies"][1](path)
    assert [one.code for one in admit(path).findings] == ["extent_lies"]
    assert rebuild_index(path).findings == ()
    assert gdal("inside", path=str(path), layer="things", bbox=[0.2, 0.2, 0.8, 0.8]) == [1]


# --- the walk


def test_walk_counts_what_shapely_counts_and_shapely_decodes_what_it_lets_pass() -> None:
    dice = random.Random(7)  # noqa: S311
    shapes = [
        shapely.Point(1, 2),
        shapely.LineString([(0, 0), (1, 1)]),
        shapely.box(0, 0, 1, 1),
        shapely.from_wkt("POLYGON Z ((0 0 1, 9 0 1, 9 9 1, 0 0 1), (1 1 1, 2 1 1, 2 2 1, 1 1 1))"),
        shapely.from_wkt("MULTIPOINT ZM (1 2 3 4, 5 6 7 8)"),
        shapely.MultiPolygon([shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)]),
        shapely.from_wkt("GEOMETRYCOLLECTION (POINT (1 2), MULTILINESTRING ((0 0, 1 1)))"),
    ]
    for shape in shapes:
        for order in (0, 1):
            body = shapely.to_wkb(shape, flavor="iso", byte_order=order, output_dimension=4)
            assert walk(body).vertices == shapely.count_coordinates(shape)
            for _ in range(300):
                spoilt = bytearray(body)
                spoilt[dice.randrange(len(spoilt))] = dice.randrange(256)
                try:
                    walk(bytes(spoilt))
                except (MalformedGeometry, GeometryTooLarge):
                    continue
                shapely.from_wkb(bytes(spoilt), on_invalid="ignore")  # the process lives


def test_a_ten_megabyte_file_takes_a_second(tmp_path: Path) -> None:
    path = tmp_path / "theirs.gpkg"
    hostile.good(path, features=45_000)
    assert path.stat().st_size > 8e6
    start = time.process_time()
    assert not admit(path).findings
    assert time.process_time() - start < 1.5
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    assert np.isfinite(connection.execute("SELECT max(maxx) FROM rtree_things_geom").get)
    assert struct.calcsize("<d") == 8
