"""Measures (M) from foreign files to a layer and on: not one of them touched."""

from __future__ import annotations

import json
import math
import shutil
import sqlite3
import struct
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Transformer

from geoplan import Catalogue, workers
from geoplan.ingest.importing import Wishes, import_files
from geoplan.ingest.offsets import with_offset
from geoplan.quality.repair import repair
from geoplan.store.write import write_geopackage

DAY = datetime(2025, 1, 1, tzinfo=UTC)
NAN = math.nan
ROUTE = [
    (122.99, 41.11, 17.5, 12345.678),
    (123.01, 41.125, 18.25, NAN),
    (123.04, 41.12, 16.0, 17001.001),
]
ESRI_XIAN_41 = (
    'PROJCS["Xian_1980_3_Degree_GK_Zone_41",GEOGCS["GCS_Xian_1980",DATUM["D_Xian_1980",'
    'SPHEROID["Xian_1980",6378140.0,298.257]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],'
    'PARAMETER["False_Easting",41500000.0],PARAMETER["False_Northing",0.0],'
    'PARAMETER["Central_Meridian",123.0],PARAMETER["Scale_Factor",1.0],'
    'PARAMETER["Latitude_Of_Origin",0.0],UNIT["Meter",1.0]]'
)


def line(vertices: Any, dimensions: str = "ZM") -> Any:
    """Return a line through a text, so that no code of ours is asked."""
    numbers = ", ".join(" ".join(repr(float(one)) for one in vertex) for vertex in vertices)
    return shapely.from_wkt(f"LINESTRING {dimensions} ({numbers})")


def shapefile(folder: Path, kind: int, lines: Any, prj: str) -> Path:
    """Write PolyLineZ (13) or PolyLineM (23) by hand, as Esri's description (1998) has them."""
    records, index, at = b"", b"", 50
    for number, vertices in enumerate(lines, 1):
        columns = np.array(vertices, dtype="<f8")
        box = (*columns[:, :2].min(axis=0), *columns[:, :2].max(axis=0))
        body = struct.pack("<i4dii i", kind, *box, 1, len(vertices), 0)
        body += np.ascontiguousarray(columns[:, :2]).tobytes()
        for extra in columns[:, 2:].T:
            body += struct.pack("<2d", extra.min(), extra.max()) + extra.tobytes()
        words = len(body) // 2
        records += struct.pack(">ii", number, words) + body
        index += struct.pack(">ii", at, words)
        at += 4 + words
    everything = np.vstack([np.array(one)[:, :2] for one in lines])
    box = (*everything.min(axis=0), *everything.max(axis=0), 0.0, 0.0, 0.0, 0.0)

    def head(words: int) -> bytes:
        whole = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, words)
        return whole + struct.pack("<ii8d", 1000, kind, *box)

    field = b"NAME".ljust(11, b"\0") + b"C" + bytes(4) + bytes([4]) + bytes(15)
    rows = b"".join(b" " + f"r{number:<3}".encode() for number in range(1, len(lines) + 1))
    header = struct.pack("<BBBBIHH20x", 3, 125, 1, 1, len(lines), 65, 5)
    folder.mkdir()
    (folder / "road.shp").write_bytes(head(50 + len(records) // 2) + records)
    (folder / "road.shx").write_bytes(head(50 + len(index) // 2) + index)
    (folder / "road.dbf").write_bytes(header + field + b"\r" + rows + b"\x1a")
    (folder / "road.prj").write_text(prj, encoding="ascii")
    return folder


def whole(geometries: list[Any]) -> list[bytes | None]:
    """Return all that geometries hold."""
    found: list[bytes | None] = shapely.to_wkb(
        geometries, flavor="iso", output_dimension=4
    ).tolist()
    return found


def imported(plan: Path, file: Path, **wishes: Any) -> gpd.GeoSeries:
    import_files(plan, [file], Wishes("generic", layer="road", **wishes))
    return Catalogue.open(plan).read("road").geometry


def numbers(geometry: Any) -> Any:
    return shapely.get_coordinates(geometry, include_z=True, include_m=True)


def plane_target(plan: Path) -> None:
    """Give the plan a layer in a plane: what is imported then is stored in that plane."""
    stored = gpd.GeoDataFrame({"n": [1]}, geometry=[shapely.Point(5e5, 4.55e6)], crs=4550)
    write_geopackage(
        plan / "absent.gpkg", "absent", stored, id_column=None, identifier="x", description="",
        last_change=DAY,
    )  # fmt: skip
    text = (plan / "catalogue.toml").read_text(encoding="utf-8")
    text = text.replace('role = "context"', 'role = "plan"').replace("area", "point")
    (plan / "catalogue.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("plane", [False, True], ids=["degrees", "plane"])
def test_chainage_from_xian_1980_stays_what_it_was(plan: Path, tmp_path: Path, plane: bool) -> None:
    way = Transformer.from_crs(4610, 2365, always_xy=True)
    x, y = way.transform(*np.array(ROUTE)[:, :2].T)
    known = [NO_DATA if math.isnan(m) else m for *_, m in ROUTE]
    vertices = list(zip(x, y, (z for _, _, z, _ in ROUTE), known, strict=True))
    folder = shapefile(tmp_path / "shapes", 13, [vertices], ESRI_XIAN_41)
    if plane:
        plane_target(plan)
    (found,) = imported(plan, folder, accept_datum_shift_m=60)
    got = numbers(found)
    expected = np.array(ROUTE)
    if plane:
        forward = Transformer.from_crs(4490, 4550, always_xy=True)
        expected[:, :2] = np.column_stack(forward.transform(*expected[:, :2].T))
    assert np.abs(got[:, :2] - expected[:, :2]).max() <= (1e-3 if plane else 1e-8)
    np.testing.assert_array_equal(got[:, 2:], expected[:, 2:])


NO_DATA = -sys.float_info.max


def test_the_known_point_of_anshan_comes_with_its_chainage(plan: Path, tmp_path: Path) -> None:
    way = line([(41499160.05, 4552789.39, 12345.678), (41500100.0, 4553000.0, NAN)], "M")
    features = gpd.GeoDataFrame({"n": [1]}, geometry=[way], crs=4529)
    path = tmp_path / "x.gpkg"
    write_geopackage(
        path, "x", features, id_column=None, identifier="x", description="", last_change=DAY
    )
    (found,) = imported(plan, path)
    (lon, lat, z, m), (_, _, _, none) = numbers(found).tolist()
    assert (lon, lat) == pytest.approx((122.99, 41.11), abs=1e-7)
    assert math.isnan(z)
    assert not found.has_z
    assert m == 12345.678
    assert math.isnan(none)


def test_an_offset_taken_off_moves_no_measure(plan: Path, tmp_path: Path) -> None:
    shown = np.array(ROUTE)
    shown[:, :2] = with_offset(shown[:, :2], "GCJ-02")
    rows = (
        f'name,wkt\n甲,"{shapely.to_wkt(line(shown), rounding_precision=-1, output_dimension=4)}"\n'
    )
    (tmp_path / "x.csv").write_text(rows, encoding="utf-8")
    (found,) = imported(plan, tmp_path / "x.csv", source_crs="GCJ-02")
    assert np.abs(numbers(found)[:, :2] - np.array(ROUTE)[:, :2]).max() < 1e-8
    np.testing.assert_array_equal(numbers(found)[:, 2:], np.array(ROUTE)[:, 2:])


CGCS2000 = (
    'GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",DATUM["D_China_2000",'
    'SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]]'
)


def test_a_shapefile_with_measures_here_and_there(plan: Path, tmp_path: Path) -> None:
    # the first feature has none: GDAL would take that for the whole file
    lines = [
        [(122.9, 41.0, NO_DATA), (122.95, 41.1, NO_DATA)],
        [(123.0, 41.0, 0.0), (123.1, 41.1, -1e39), (123.2, 41.1, 12345.678)],
    ]
    first, second = imported(plan, shapefile(tmp_path / "s", 23, lines, CGCS2000)).tolist()
    assert first.wkt == "LINESTRING M (122.9 41 NaN, 122.95 41.1 NaN)"
    assert second.wkt == "LINESTRING M (123 41 0, 123.1 41.1 NaN, 123.2 41.1 12345.678)"


def test_a_shapefile_in_which_one_record_has_measures(plan: Path, tmp_path: Path) -> None:
    lines = [
        [(122.9, 41.0, 5.0), (122.95, 41.1, 6.5)],
        [(123.0, 41.0, 7.0, 0.0), (123.1, 41.1, 8.0, 12345.678), (123.2, 41.1, 9.0, 0.0)],
    ]
    bare, full = imported(plan, shapefile(tmp_path / "s", 13, lines, CGCS2000)).tolist()
    assert bare.wkt == "LINESTRING ZM (122.9 41 5 NaN, 122.95 41.1 6.5 NaN)"
    assert full.wkt == "LINESTRING ZM (123 41 7 0, 123.1 41.1 8 12345.678, 123.2 41.1 9 0)"


@pytest.mark.parametrize("stated", [True, False], ids=["no-data", "left-out"])
def test_a_shapefile_of_lines_with_heights_has_no_measures(
    plan: Path, tmp_path: Path, stated: bool
) -> None:
    # every PolyLineZ has room for measures; hardly any file uses it
    tail = (NO_DATA,) if stated else ()
    lines = [[(122.9, 41.0, 5.0, *tail), (122.95, 41.1, 6.5, *tail)]]
    (found,) = imported(plan, shapefile(tmp_path / "s", 13, lines, CGCS2000)).tolist()
    assert found.wkt == "LINESTRING Z (122.9 41 5, 122.95 41.1 6.5)"


def test_a_geodatabase_brings_its_measures(plan: Path, tmp_path: Path) -> None:
    way = line([(122.9, 41.0, 5.25, 12345.678), (122.95, 41.1, 6.5, 12400.125)])
    home = tmp_path / "x.gdb"
    table = {
        "name": "road",
        "crs": "EPSG:4490",
        "columns": {"name": ("TEXT", ["甲", None])},
        "geometry": [shapely.to_wkb(way, flavor="iso", output_dimension=4), None],
    }
    workers.run("geoplan.ingest.gdal:write", str(home), "OpenFileGDB", table, {})
    found, nothing = imported(plan, home).tolist()
    assert nothing is None
    # a geodatabase counts in steps: heights and measures to 0.1 mm here
    assert np.abs(numbers(found) - numbers(way)).max() < 1e-4


def test_measures_that_others_put_into_geoparquet_are_read(plan: Path, tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    body = shapely.to_wkb(line(ROUTE), flavor="iso", output_dimension=4)
    about: dict[str, Any] = {"encoding": "WKB", "geometry_types": [], "crs": None}
    geo = {"version": "1.1.0", "primary_column": "g", "columns": {"g": about}}
    table = pa.table({"name": ["甲"], "g": pa.array([body], pa.binary())})
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), tmp_path / "x.parquet")
    (found,) = imported(plan, tmp_path / "x.parquet", source_crs="EPSG:4490")
    np.testing.assert_array_equal(numbers(found), np.array(ROUTE))


@pytest.mark.parametrize(
    ("shapes", "z", "m"),
    [
        (["LINESTRING M (122.9 41 1.5, 123 41.1 NaN)", None], 0, 1),
        (["LINESTRING ZM (122.9 41 1.5 2, 123 41.1 NaN 4)"], 1, 1),
        (
            ["LINESTRING M (122.9 41 1.5, 123 41.1 2)", "LINESTRING Z (122.9 41 7, 123 41.1 8)"],
            2,
            2,
        ),
        (["LINESTRING (122.9 41, 123 41.1)"], 0, 0),
    ],
)
def test_a_geopackage_says_what_it_holds_and_gives_it_back(
    plan: Path, tmp_path: Path, shapes: list[str | None], z: int, m: int
) -> None:
    given = [None if text is None else shapely.from_wkt(text) for text in shapes]
    features = gpd.GeoDataFrame({"n": range(len(given))}, geometry=given, crs=4490)
    features.index = pd.Index([f"r{n}" for n in range(len(given))], name="feature_id")
    write_geopackage(
        tmp_path / "x.gpkg", "x", features, id_column="feature_id", identifier="x",
        description="", last_change=DAY,
    )  # fmt: skip
    back = imported(plan, tmp_path / "x.gpkg").tolist()
    assert whole(back) == whole(given)
    with sqlite3.connect(plan / "road.gpkg") as connection:
        said = connection.execute("SELECT z, m FROM gpkg_geometry_columns").fetchall()
        blobs = [row[0] for row in connection.execute('SELECT geom FROM "road" ORDER BY 1 DESC')]
    connection.close()
    assert said == [(z, m)]
    codes = {struct.unpack_from("<I", one, 8 + 32 + 1)[0] for one in blobs if one is not None}
    assert codes == {2 + 1000 * one.has_z + 2000 * one.has_m for one in given if one is not None}


@pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")
def test_gdal_reads_the_measures_we_store(plan: Path, tmp_path: Path) -> None:
    folder = shapefile(
        tmp_path / "s", 23, [[(122.9, 41.0, 0.5), (123.1, 41.25, 12345.678)]], CGCS2000
    )
    imported(plan, folder)
    told = subprocess.run(
        ["ogrinfo", "-al", plan / "road.gpkg"], check=True, capture_output=True, timeout=60
    ).stdout.decode()
    assert "Geometry: Measured Line String" in told
    assert "LINESTRING M (122.9 41.0 0.5,123.1 41.25 12345.678)" in told


def test_what_was_repaired_keeps_its_measures() -> None:
    repeated = [(122.9, 41.0, 1.0), (122.9, 41.0, 1.0), (123.0, 41.1, NAN), (123.0, 41.1, 9.0)]
    clockwise = "POLYGON M ((123 41 1, 123 41.1 2, 123.2 41 3, 123 41 4))"
    features = gpd.GeoDataFrame(
        {"n": [1, 2]}, geometry=[line(repeated, "M"), shapely.from_wkt(clockwise)], crs=4490
    )
    fixed, log = repair(features)
    assert set(log["action"]) == {"ring-orientation"}
    assert fixed.geometry[0].wkt == features.geometry[0].wkt
    assert fixed.geometry[1].wkt == "POLYGON M ((123 41 4, 123.2 41 3, 123 41.1 2, 123 41 1))"
    alike = [*repeated[:2], (123.0, 41.1, 9.0)]
    fixed, log = repair(gpd.GeoDataFrame({"n": [1]}, geometry=[line(alike, "M")], crs=4490))
    assert log["action"].tolist() == ["repeated-vertices"]
    assert fixed.geometry[0].wkt == "LINESTRING M (122.9 41 1, 123 41.1 9)"
