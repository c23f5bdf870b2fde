"""GDAL reads what we write, without a warning; we read what GDAL writes. GDAL is elsewhere."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import apsw
import pandas as pd
import pytest

from geoplan.errors import CrsMismatch
from geoplan.model import FeatureQuery
from geoplan.store import Column, GeoPackageStore
from geoplan.store.writing import open_to_write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from geopandas import GeoDataFrame

    from geoplan.model import Layer

    Describe = Callable[..., Layer]
    Make = Callable[..., GeoDataFrame]
    Save = Callable[..., Path]
    Gdal = Callable[..., Any]

SQUARE = "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))"
RING = "POLYGON ((10 20, 19 20, 19 29, 10 20), (17 22, 18 22, 18 23, 17 22))"
GAUSS_KRUEGER_123_4 = "+proj=tmerc +lat_0=0 +lon_0=123.4 +k=1 +x_0=500000 +ellps=GRS80 +units=m"

ogrinfo = pytest.mark.skipif(shutil.which("ogrinfo") is None, reason="ogrinfo is not installed")


def silent_ogrinfo(path: Path, *layers: str) -> str:
    """Return what ogrinfo says of a file; a word on its standard error fails the test."""
    command = ["ogrinfo", "-ro", "-al", str(path), *layers]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Warning" not in done.stdout
    assert "ERROR" not in done.stdout
    return done.stdout


# --- GDAL reads ours

GEOMETRIES: dict[str, list[str | None]] = {
    "point": ["POINT (1 2)", "POINT (3 4)"],
    "line": ["LINESTRING (0 0, 3 4)"],
    "area": [SQUARE, RING],
    "multipoint": ["MULTIPOINT (1 2, 3 4)"],
    "multiline": ["MULTILINESTRING ((0 0, 1 1), (2 2, 3 5))"],
    "multiarea": ["MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((5 5, 6 5, 6 7, 5 5)))"],
    "collection": ["GEOMETRYCOLLECTION (POINT (1 2), LINESTRING (0 0, 1 1))"],
    "mixed kinds": [SQUARE, "POINT (1 2)"],
    "single beside multi": ["POINT (1 2)", "MULTIPOINT (1 2, 3 4)"],
    "Z": ["POINT Z (1 2 3)"],
    "Z in some": ["LINESTRING Z (0 0 1, 3 4 2)", "LINESTRING (0 0, 3 4)"],
    "M": ["LINESTRING M (0 0 1, 3 4 2)"],
    "ZM": ["POINT ZM (1 2 3 4)"],
    "null": [SQUARE, None],
    "all null": [None],
    "empty": [SQUARE, "POLYGON EMPTY"],
    "empty point": ["POINT (1 2)", "POINT EMPTY"],
    "empty single beside multi": ["POLYGON EMPTY", "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))"],
    "no feature": [],
}


@pytest.mark.parametrize(
    "case", [case for case in GEOMETRIES if "M" not in case]
)  # no M in pyogrio
def test_gdal_reads_our_geometries(
    frame: Make, save: Save, layer: Describe, gdal: Gdal, case: str
) -> None:
    shapes = GEOMETRIES[case]
    path = save(frame({f"F{number}": wkt for number, wkt in enumerate(shapes)}))
    found = gdal("read", path=path, layer="things")
    with GeoPackageStore(path) as store:
        ours = store.read(layer()).geometry
    assert found["count"] == len(shapes)
    assert found["fids"] == list(range(1, len(shapes) + 1))
    assert [row["feature_id"] for row in found["rows"]] == ours.index.tolist()
    assert found["wkt"] == [None if pd.isna(shape) else shape.wkt for shape in ours]
    assert found["crs"] == "EPSG:4550"


@ogrinfo
@pytest.mark.parametrize("case", GEOMETRIES)
def test_ogrinfo_is_silent_on_our_geometries(frame: Make, save: Save, case: str) -> None:
    shapes = GEOMETRIES[case]
    path = save(frame({f"F{number}": wkt for number, wkt in enumerate(shapes)}))
    told = silent_ogrinfo(path)
    assert f"Feature Count: {len(shapes)}\n" in told
    assert "FID Column = fid\nGeometry Column = geom\n" in told
    if case == "ZM":
        assert "POINT ZM (1 2 3 4)" in told


def every_type(frame: Make) -> GeoDataFrame:
    return frame(
        {"甲": SQUARE, "乙": None},
        名称=["千山\n'\"", None],
        whole=[2**53 + 1, -1],
        whole_or_null=pd.array([7, None], dtype="Int64"),
        real=[0.25, None],
        flag=[True, False],
        flag_or_null=pd.array([True, None], dtype="boolean"),
        day=[date(2025, 1, 31), None],
        moment=[datetime(2025, 1, 31, 7, 59, 59, 123000, tzinfo=UTC), None],
        raw=[b"\x00\xff", None],
    )


def test_gdal_reads_our_attributes(frame: Make, save: Save, gdal: Gdal) -> None:
    found = gdal("read", path=save(every_type(frame)), layer="things")
    assert found["types"] == {
        "feature_id": "OFTString",
        "名称": "OFTString",
        "whole": "OFTInteger64",
        "whole_or_null": "OFTInteger64",
        "real": "OFTReal",
        "flag": "OFTInteger",
        "flag_or_null": "OFTInteger",
        "day": "OFTDate",
        "moment": "OFTDateTime",
        "raw": "OFTBinary",
    }
    assert [name for name, kind in found["subtypes"].items() if kind == "OFSTBoolean"] == [
        "flag",
        "flag_or_null",
    ]
    first, second = found["rows"]
    assert first["feature_id"] == "甲"
    assert first["名称"] == "千山\n'\""
    assert (first["whole"], first["whole_or_null"], first["real"]) == (2**53 + 1, 7, 0.25)
    assert (first["flag"], second["flag"]) == (True, False)
    assert first["raw"] == "00ff"
    assert first["day"].startswith("2025-01-31T00:00:00")
    assert first["moment"].startswith("2025-01-31T07:59:59.123")
    assert [name for name, value in second.items() if value is None] == [
        "名称",
        "whole_or_null",
        "real",
        "flag_or_null",
        "day",
        "moment",
        "raw",
    ]


@ogrinfo
def test_ogrinfo_reads_our_attributes(frame: Make, save: Save) -> None:
    told = silent_ogrinfo(save(every_type(frame)))
    for line in (
        "whole: Integer64 (0.0)",
        "real: Real (0.0)",
        "flag: Integer(Boolean) (0.0)",
        "day: Date",
        "moment: DateTime",
        "raw: Binary",
        "名称 (String) = 千山",
        "day (Date) = 2025/01/31",
        "moment (DateTime) = 2025/01/31 07:59:59.123+00",
    ):
        assert line in told


@pytest.mark.parametrize("crs", [4550, 4490, 4326, 4527, 3857, GAUSS_KRUEGER_123_4])
def test_gdal_reads_our_crs(frame: Make, save: Save, gdal: Gdal, crs: Any) -> None:
    found = gdal("read", path=save(frame({"A": SQUARE}, crs=crs)), layer="things")
    if isinstance(crs, int):
        assert found["crs"] == f"EPSG:{crs}"
    else:
        assert 'PARAMETER["central_meridian",123.4]' in found["crs"]


@ogrinfo
@pytest.mark.parametrize("crs", [4550, 4490, 4326, GAUSS_KRUEGER_123_4])
def test_ogrinfo_is_silent_on_our_crs(frame: Make, save: Save, crs: Any) -> None:
    told = silent_ogrinfo(save(frame({"A": SQUARE}, crs=crs)))
    assert (f'ID["EPSG",{crs}]]' if isinstance(crs, int) else "123.4") in told


@pytest.mark.parametrize("table", ["产业园区", "with space", "semi;colon", "a'b", "select"])
def test_gdal_reads_our_tables_of_any_name(frame: Make, save: Save, gdal: Gdal, table: str) -> None:
    path = save(frame({"A": SQUARE, "B": RING}), table=table)
    assert gdal("layers", path=path) == [table]
    assert gdal("read", path=path, layer=table)["wkt"] == [SQUARE, RING]
    assert gdal("inside", path=path, layer=table, bbox=[9, 9, 30, 30]) == [2]


def test_gdal_reads_attribute_tables_and_provenance(frame: Make, save: Save, gdal: Gdal) -> None:
    notes = pd.DataFrame({"note": ["x", None], "page": [3, 4]})
    path = save(frame({"A": SQUARE}), attribute_tables={"notes": notes}, provenance="{}")
    assert gdal("layers", path=path) == ["things", "notes"]
    assert gdal("read", path=path, layer="notes")["rows"] == [
        {"note": "x", "page": 3},
        {"note": None, "page": 4},
    ]
    assert gdal("read", path=path, layer="things")["count"] == 1
    if shutil.which("ogrinfo"):
        silent_ogrinfo(path)


def test_gdal_finds_through_our_index_what_we_find(
    frame: Make, save: Save, layer: Describe, gdal: Gdal
) -> None:
    shapes = {n: f"POLYGON (({n} 0, {n + 2} 0, {n + 2} 1, {n} 0))" for n in range(1, 40)}
    path = save(frame(shapes | {40: None}), id_column=None)
    bbox = (10.5, -1.0, 12.75, 9.0)
    with GeoPackageStore(path) as store:
        ours = store.read(layer(id_column=None), FeatureQuery(bbox=bbox)).index.tolist()
    assert ours == [9, 10, 11, 12]
    assert gdal("inside", path=path, layer="things", bbox=bbox) == ours


TOWN = {
    "industrial-parks": 4,
    "scenic-areas": 3,
    "river-remediation-zones": 2,
    "highways": 2,
    "gas-pipelines": 3,
}


@pytest.mark.parametrize("layer_id", TOWN)
def test_gdal_reads_the_town(town_dir: Path, gdal: Gdal, layer_id: str) -> None:
    path, table = town_dir / f"{layer_id}.gpkg", layer_id.replace("-", "_")
    found = gdal("read", path=path, layer=table)
    assert found["count"] == TOWN[layer_id]
    assert found["crs"] == "EPSG:4550"
    if shutil.which("ogrinfo"):
        assert f"Feature Count: {TOWN[layer_id]}\n" in silent_ogrinfo(path, table)


# --- we read GDAL's


def ours(path: Path, layer: Layer, **query: Any) -> GeoDataFrame:
    with GeoPackageStore(path) as store:
        return store.read(layer, FeatureQuery(**query))


@pytest.mark.parametrize("indexed", ["YES", "NO"])
@pytest.mark.parametrize("version", ["1.2", "1.3", "1.4"])
@pytest.mark.parametrize(
    ("wkt", "other"),
    [
        ("POINT (1 2)", "POINT (8 9)"),
        ("LINESTRING (0 0, 3 4)", "LINESTRING (8 8, 9 9)"),
        (SQUARE, "POLYGON ((7 7, 9 7, 9 9, 7 7))"),
        ("MULTIPOINT ((1 2), (3 4))", "MULTIPOINT ((8 9))"),
        ("MULTILINESTRING ((0 0, 1 1), (2 2, 3 5))", "MULTILINESTRING ((8 8, 9 9))"),
        ("MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)))", "MULTIPOLYGON (((7 7, 9 7, 9 9, 7 7)))"),
        ("POINT Z (1 2 3)", "POINT Z (8 9 3)"),
        ("LINESTRING Z (0 0 1, 3 4 2)", "LINESTRING Z (8 8 0, 9 9 0)"),
        ("POLYGON Z ((0 0 1, 4 0 2, 4 2 3, 0 0 1))", "POLYGON Z EMPTY"),
    ],
)
def test_we_read_gdals_geometries(
    layer: Describe, gdal: Gdal, tmp_path: Path, wkt: str, other: str, version: str, indexed: str
) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal(
        "write",
        path=path,
        layer="things",
        wkt=[wkt, None, other],
        dataset_options={"VERSION": version},
        layer_options={"SPATIAL_INDEX": indexed},
    )
    whole = ours(path, layer(id_column=None))
    assert whole.index.tolist() == [1, 2, 3]
    assert [None if pd.isna(shape) else shape.wkt for shape in whole.geometry] == [wkt, None, other]
    assert whole.crs.to_epsg() == 4550
    assert ours(path, layer(id_column=None), bbox=(-1, -1, 5, 5)).index.tolist() == [1]
    assert ours(path, layer(id_column=None), bbox=(6, 0, 7, 6)).index.tolist() == []


@pytest.mark.skipif(shutil.which("ogr2ogr") is None, reason="ogr2ogr is not installed")
@pytest.mark.parametrize(
    ("type_", "wkt"),
    [
        ("POINTM", "POINT M (1 2 3)"),
        ("LINESTRINGZM", "LINESTRING ZM (0 0 1 5, 4 2 2 6)"),
        ("MULTIPOLYGONM", "MULTIPOLYGON M (((0 0 1, 4 0 2, 4 2 3, 0 0 1)))"),
    ],
)
def test_we_read_gdals_measures(layer: Describe, tmp_path: Path, type_: str, wkt: str) -> None:
    (tmp_path / "in.csv").write_text(f'WKT,name\n"{wkt}",甲\n', encoding="utf-8")
    path = tmp_path / "gdal.gpkg"
    options = ["-f", "GPKG", "-nln", "things", "-nlt", type_, "-a_srs", "EPSG:4550"]
    subprocess.run(["ogr2ogr", *options, path, tmp_path / "in.csv"], check=True, timeout=60)
    found = ours(path, layer(id_column=None))
    assert found.geometry[1].wkt == wkt
    assert found["name"][1] == "甲"
    assert ours(path, layer(id_column=None), bbox=(0, 0, 2, 2)).index.tolist() == [1]


def test_we_read_gdals_attributes(layer: Describe, gdal: Gdal, tmp_path: Path) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal(
        "write",
        path=path,
        layer="产业园区",
        wkt=[SQUARE, RING],
        columns={
            "名称": ["千山", None],
            "flag": [True, False],
            "flag_or_null": [True, None],
            "small": [1, 2],
            "short": [1, 2],
            "whole": [2**53 + 1, 0],
            "whole_or_null": [7, None],
            "real": [0.25, None],
            "single": [0.5, 1.5],
            "moment": ["2025-01-31T07:59:59.123+08:00", None],
            "day": ["2025-01-31", None],
        },
        dtypes={
            "flag_or_null": "boolean",
            "small": "int32",
            "short": "int16",
            "whole_or_null": "Int64",
            "single": "float32",
            "moment": "datetime64[ms, UTC]",
            "day": "datetime64[s]",
        },
    )
    described = layer(table="产业园区", id_column=None, file="gdal.gpkg")
    with GeoPackageStore(path) as store:
        columns = store.table(described).columns
    assert columns == (
        Column("名称", "TEXT"),
        Column("flag", "BOOLEAN"),
        Column("flag_or_null", "BOOLEAN"),
        Column("small", "MEDIUMINT"),
        Column("short", "SMALLINT"),
        Column("whole", "INTEGER"),
        Column("whole_or_null", "INTEGER"),
        Column("real", "REAL"),
        Column("single", "FLOAT"),
        Column("moment", "DATETIME"),
        Column("day", "DATETIME"),
    )
    found = ours(path, described)
    assert found["名称"].tolist()[0] == "千山"
    assert found["flag"].tolist() == [True, False]
    assert found["flag"].dtype == "bool"
    assert found["flag_or_null"].tolist() == [True, pd.NA]
    assert found["small"].tolist() == found["short"].tolist() == [1, 2]
    assert found["whole"].tolist() == [2**53 + 1, 0]
    assert found["whole_or_null"].tolist() == [7, pd.NA]
    assert found["single"].tolist() == [0.5, 1.5]
    assert found["moment"][1] == datetime(2025, 1, 30, 23, 59, 59, 123000, tzinfo=UTC)
    assert found["moment"][2] is pd.NaT
    assert ours(path, described, where={"flag": True}).index.tolist() == [1]


def test_we_read_gdals_dates(layer: Describe, gdal: Gdal, tmp_path: Path) -> None:
    path = tmp_path / "gdal.gpkg"
    columns = {"day": ["2025-01-31", None], "note": ["x" * 9, "汉字"]}
    dtypes = {"day": "datetime64[s]"}
    gdal("write", path=path, layer="things", wkt=[SQUARE, RING], columns=columns, dtypes=dtypes)
    with closing(apsw.Connection(str(path))) as connection:  # pyogrio writes no plain dates
        connection.execute("ALTER TABLE things ADD COLUMN built DATE")
        connection.execute("ALTER TABLE things ADD COLUMN code TEXT(3)")
    with closing(open_to_write(path)) as connection:
        connection.execute("UPDATE things SET built = substr(day, 1, 10), code = 'abc'").fetchall()
    found = ours(path, layer(id_column=None))
    assert found["built"].tolist() == [date(2025, 1, 31), None]
    assert found["code"].tolist() == ["abc", "abc"]


@pytest.mark.parametrize(
    ("key", "geometry"), [("OBJECTID", "SHAPE"), ("编号", "几何"), ("ogc fid", 'the "geom"')]
)
@pytest.mark.parametrize("indexed", ["YES", "NO"])
def test_we_read_gdals_keys_and_geometry_columns_of_any_name(
    layer: Describe, gdal: Gdal, tmp_path: Path, key: str, geometry: str, indexed: str
) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal(
        "write",
        path=path,
        layer="things",
        wkt=[SQUARE, RING],
        columns={"code": ["b", "a"]},
        layer_options={"FID": key, "GEOMETRY_NAME": geometry, "SPATIAL_INDEX": indexed},
    )
    by_key = ours(path, layer(id_column=None), bbox=(9, 9, 99, 99))
    assert by_key.index.tolist() == [2]
    assert list(by_key.columns) == ["code", "geometry"]
    by_code = ours(path, layer(id_column="code"))
    assert by_code.index.tolist() == ["a", "b"]
    assert list(by_code.columns) == ["geometry"]
    assert ours(path, layer(id_column=None), where={key: 1}).index.tolist() == [1]


@pytest.mark.parametrize("srs_id", [0, -1])
def test_we_read_gdals_undefined_crs_as_none(
    frame: Make, save: Save, layer: Describe, gdal: Gdal, tmp_path: Path, srs_id: int
) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal(
        "write",
        path=path,
        layer="things",
        wkt=[SQUARE],
        crs=None,
        layer_options={"SRID": str(srs_id)},
    )
    with closing(apsw.Connection(str(path))) as connection:
        assert connection.execute("SELECT srs_id FROM gpkg_geometry_columns").get == srs_id
    found = ours(path, layer(id_column=None))
    assert found.crs is None
    assert found.geometry.crs is None
    with pytest.raises(CrsMismatch, match="no CRS"):
        save(found, id_column=None)


@pytest.mark.parametrize("crs", ["EPSG:4490", "EPSG:4326", "EPSG:4527", GAUSS_KRUEGER_123_4])
def test_we_read_gdals_crs(layer: Describe, gdal: Gdal, tmp_path: Path, crs: str) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal("write", path=path, layer="things", wkt=[SQUARE], crs=crs)
    found = ours(path, layer(id_column=None)).crs
    if crs.startswith("EPSG"):
        assert found.to_epsg() == int(crs.removeprefix("EPSG:"))
    else:
        assert found.to_cf()["longitude_of_central_meridian"] == 123.4


def test_what_gdal_wrote_and_we_read_we_write_alike(
    save: Save, layer: Describe, gdal: Gdal, tmp_path: Path
) -> None:
    path = tmp_path / "gdal.gpkg"
    gdal(
        "write",
        path=path,
        layer="things",
        wkt=[SQUARE, None],
        columns={"name": ["东园", None], "flag": [True, None], "n": [7, None]},
        dtypes={"flag": "boolean", "n": "Int64"},
    )
    theirs = gdal("read", path=path, layer="things")
    back = save(ours(path, layer(id_column=None)), id_column=None)
    again = gdal("read", path=back, layer="things")
    for what in ("types", "subtypes", "rows", "wkt", "fids", "crs", "count", "bounds"):
        assert again[what] == theirs[what]
