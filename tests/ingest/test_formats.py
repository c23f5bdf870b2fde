"""One lopsided table through every format, and the committed table of what each can hold."""

from __future__ import annotations

import json
import math
import re
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from pyproj import Geod

from geoplan import Catalogue
from geoplan.errors import NotWritable, UnknownFormat, WorkerTimeout
from geoplan.ingest.formats import FORMATS, Format
from geoplan.ingest.importing import Wishes, import_files
from geoplan.ingest.losses import of_export
from geoplan.interchange import export_layer
from geoplan.store.write import write_geopackage
from geoplan.workers import Limits
from tests.ingest.conftest import state

ROOT = Path(__file__).parents[2]
HOLE = "(122.92 41.002 7, 122.92 41.01 7, 122.94 41.002 7, 122.92 41.002 7)"
SHAPES = [
    f"POLYGON Z ((122.9 41.0 5.25, 122.97 41.0 5.25, 122.95 41.03 6, 122.9 41.0 5.25), {HOLE})",
    None,
    (
        "MULTIPOLYGON Z (((123 41.1 1, 123.07 41.1 1, 123.05 41.13 1, 123 41.1 1)), "
        "((123.2 41.1 2, 123.27 41.1 2, 123.250000001 41.13 2, 123.2 41.1 2)))"
    ),
]
COLUMNS: dict[str, pd.Series[Any]] = {
    "name": pd.Series(["鞍山，“岫岩”\nab", None, "=1+1"], dtype="str"),
    "remark_of_the_year": pd.Series([None, "缓冲区", "-2"], dtype="str"),
    "hollow": pd.Series(["", None, "x"], dtype="str"),
    "raw": pd.Series([b"\x00\xff", None, b"ab"], dtype=object),
    "count_of": pd.Series([7, None, -(2**31)], dtype="Int64"),
    "big": pd.Series([2**53 + 1, None, 3], dtype="Int64"),
    "share": pd.Series([0.1, None, 1e-300], dtype="float64"),
    "open_now": pd.Series([True, None, False], dtype="boolean"),
    "opened": pd.Series([date(2025, 2, 28), None, date(1999, 12, 31)], dtype=object),
    "seen": pd.Series(
        [datetime(2025, 1, 2, 3, 4, 5, 678000, UTC), None, datetime(1999, 1, 1, tzinfo=UTC)]
    ),
}
IDS = ["甲-1", "乙-2", "丙-3"]
WRITTEN = [
    (one, ending)
    for one in FORMATS.values()
    for ending in one.suffixes
    if ending not in one.read_only
]


def lopsided() -> gpd.GeoDataFrame:
    shapes = [None if text is None else shapely.from_wkt(text) for text in SHAPES]
    frame = gpd.GeoDataFrame(dict(COLUMNS), geometry=gpd.GeoSeries(shapes, crs=4490), crs=4490)
    frame.index = pd.Index(IDS, name="feature_id")
    return frame


@pytest.fixture
def source(plan: Path) -> Catalogue:
    write_geopackage(
        plan / "lopsided.gpkg",
        "lopsided",
        lopsided(),
        id_column="feature_id",
        identifier="x",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    import_files(plan, [plan / "lopsided.gpkg"], Wishes("generic", layer="first"))
    return Catalogue.open(plan)


def plain(value: Any) -> Any:
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    if isinstance(value, (datetime, pd.Timestamp)):
        moment = value if value.tzinfo else value.replace(tzinfo=UTC)
        return moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return value.isoformat() if isinstance(value, date) else value


def same_moment(left: Any, right: Any, within_s: float = 0) -> bool:
    if left is None or right is None:
        return left is right
    times = [datetime.fromisoformat(str(one)) for one in (left, right)]
    first, second = [(t if t.tzinfo else t.replace(tzinfo=UTC)).timestamp() for t in times]
    return abs(first - second) <= within_s


@pytest.mark.parametrize(("form", "ending"), WRITTEN, ids=[ending for _, ending in WRITTEN])
def test_round_trip_keeps_what_the_table_says(form: Format, ending: str, source: Catalogue) -> None:
    file = source.directory / f"out{ending}"
    done = export_layer(source, "first", file)
    crs = "EPSG:4490" if form.key in ("csv", "xlsx", "dxf") else None
    import_files(source.directory, [file], Wishes("generic", layer="again", source_crs=crs))
    first = source.read("first")
    again = Catalogue.open(source.directory).read("again")
    codes = {loss.code for loss in done.losses}
    assert all(loss.to(lang) for loss in done.losses for lang in ("zh", "en"))
    assert codes == EXPECTED[form.key]
    if form.key == "dxf":
        there = shapely.union_all(first.geometry.dropna().to_numpy())
        assert len(again) == 3  # the one without a place is gone, the one of two parts is two
        found = shapely.union_all(again.geometry.to_numpy())
        assert shapely.hausdorff_distance(there, found) < 1e-9
        assert list(again.columns) == ["layer_name", "geometry"]
        return
    assert list(again.index) == sorted(IDS)
    assert_same_places(first, again, heights=form.z)
    assert ("raw" in again) == (form.holds("BLOB") == "kept")
    hollow = [plain(value) for value in again["hollow"]]
    assert hollow.count("") == form.null_text
    for name in sorted(set(COLUMNS) - {"hollow"} - ({"raw"} - set(again.columns))):
        kind = {"open_now": "BOOLEAN", "opened": "DATE", "seen": "DATETIME"}.get(name, "TEXT")
        for left, right in zip(*(map(plain, one[name]) for one in (first, again)), strict=True):
            if kind == "DATETIME" or form.holds(kind) in ("text", "time"):
                whole = form.holds(kind) == "seconds"
                assert same_moment(left, right, within_s=0.5 if whole else 0), (name, left, right)
            elif form.holds(kind) == "integer" and left is not None:
                assert str(right) == str(int(left)), (name, left, right)
            elif isinstance(left, float) and not isinstance(right, str):
                rounded = 1e-15 if form.decimals else 0.0
                assert math.isclose(left, right, rel_tol=1e-12, abs_tol=rounded), (
                    name,
                    left,
                    right,
                )
            else:
                assert str(left) == str(right), (name, left, right)


def assert_same_places(first: gpd.GeoDataFrame, again: gpd.GeoDataFrame, *, heights: bool) -> None:
    for left, right in zip(first.geometry, again.geometry, strict=True):
        assert (left is None) == (right is None)
        if left is None:
            continue
        one, other = shapely.normalize(left), shapely.normalize(right)
        found = [shapely.get_coordinates(shape, include_z=heights) for shape in (one, other)]
        assert found[0].shape == found[1].shape
        assert np.abs(found[0][:, :2] - found[1][:, :2]).max() <= 1e-9
        if heights:
            assert np.abs(found[0][:, 2] - found[1][:, 2]).max() <= 1e-3
        area = Geod(ellps="GRS80").geometry_area_perimeter
        assert math.isclose(abs(area(one)[0]), abs(area(other)[0]), rel_tol=1e-9)


EXPECTED = {
    "gpkg": set(),
    "shapefile": {"empty_text", "type_lost", "short_names", "type_text", "decimals"},
    "geojson": {"type_lost", "type_text", "crs_lonlat"},
    "kml": {"empty_text", "type_lost", "type_text", "crs_lonlat", "big_integers"},
    "csv": {"empty_text", "type_lost", "crs_lonlat"},
    "xlsx": {"empty_text", "type_lost", "crs_lonlat", "big_integers"},
    "flatgeobuf": {"type_text"},
    "geoparquet": set(),
    "filegdb": {"type_integer", "type_time", "type_seconds", "big_integers"},
    "dxf": {"no_attributes", "null_geometry", "parts", "no_crs"},
}


ROADS = [
    "LINESTRING ZM (122.9 41.0 5.25 12345.678, 122.95 41.02 6.5 NaN, 122.97 41.01 7 15000.001)",
    None,
    (
        "MULTILINESTRING ZM ((123 41.1 1 0, 123.07 41.1 2 0.1), "
        "(123.2 41.1 3 -7.25, 123.27 41.1 4 NaN, 123.25 41.13 5 1e6))"
    ),
]


@pytest.fixture
def measured(plan: Path) -> Catalogue:
    shapes = [None if text is None else shapely.from_wkt(text) for text in ROADS]
    frame = gpd.GeoDataFrame({"name": ["甲", "乙", "丙"]}, geometry=shapes, crs=4490)
    frame.index = pd.Index(IDS, name="feature_id")
    write_geopackage(
        plan / "roads.gpkg",
        "roads",
        frame,
        id_column="feature_id",
        identifier="x",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    import_files(plan, [plan / "roads.gpkg"], Wishes("generic", layer="first"))
    return Catalogue.open(plan)


@pytest.mark.parametrize(("form", "ending"), WRITTEN, ids=[ending for _, ending in WRITTEN])
def test_measures_are_kept_or_said_to_be_lost(
    form: Format, ending: str, measured: Catalogue
) -> None:
    file = measured.directory / f"out{ending}"
    done = export_layer(measured, "first", file)
    told = {loss.code: loss for loss in done.losses}
    crs = "EPSG:4490" if form.key in ("csv", "xlsx", "dxf") else None
    import_files(measured.directory, [file], Wishes("generic", layer="again", source_crs=crs))
    read = Catalogue.open(measured.directory).read("again").geometry
    again = (read if form.key == "dxf" else read.loc[["甲-1", "丙-3"]]).to_numpy()
    lost = {"kept": set(), "where all": {"measures_absent"}, "lost": {"measures"}}[form.m]
    assert {code for code in told if code.startswith("measures")} == lost
    for code in lost:
        assert "（M）" in told[code].to("zh")
        assert "(M)" in told[code].to("en")
    assert shapely.has_m(again).tolist() == [form.m == "kept"] * len(again)
    assert shapely.has_z(again).all()
    if form.key == "dxf":
        return
    shapes = np.array([shapely.from_wkt(text) for text in ROADS if text is not None])
    xyz, found = (shapely.get_coordinates(one, include_z=True) for one in (shapes, again))
    assert np.abs(xyz - found).max() <= 1e-9
    if form.m == "kept":
        m = [12345.678, math.nan, 15000.001, 0.0, 0.1, -7.25, math.nan, 1e6]
        got = shapely.get_coordinates(again, include_m=True)[:, 2]
        np.testing.assert_array_equal(got, m)


def test_a_geodatabase_keeps_measures_where_all_are_there(plan: Path) -> None:
    file = plan.parent / "a.csv"
    line = ROADS[0] and ROADS[0].replace("NaN", "12399.5")
    file.write_text(f'name,wkt\n甲,"{line}"\n', encoding="utf-8")
    import_files(plan, [file], Wishes("generic", layer="first", source_crs="EPSG:4490"))
    done = export_layer(Catalogue.open(plan), "first", plan.parent / "a.gdb.zip")
    assert not [loss for loss in done.losses if loss.code.startswith("measures")]
    import_files(plan, [plan.parent / "a.gdb.zip"], Wishes("generic", layer="again"))
    again = Catalogue.open(plan).read("again").geometry.to_numpy()
    got = shapely.get_coordinates(again, include_z=True, include_m=True)[:, 2:]
    assert np.abs(got - [[5.25, 12345.678], [6.5, 12399.5], [7, 15000.001]]).max() < 1e-3


def committed() -> dict[str, dict[str, str]]:
    lines = (ROOT / "docs" / "formats.md").read_text(encoding="utf-8").splitlines()
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if line.startswith("|") and not re.match(r"^\|[-| ]+\|$", line)
    ]
    head, *body = rows
    return {row[0]: dict(zip(head[1:], row[1:], strict=True)) for row in body}


def in_words(form: Format) -> dict[str, str]:
    yes = {True: "kept", False: "lost"}
    held = {name: form.holds(name) for name in ("BOOLEAN", "DATE", "DATETIME", "BLOB")}
    attributes = {name: value if form.attributes else "lost" for name, value in held.items()}
    return {
        "endings": " ".join(form.suffixes),
        "through": form.driver,
        "written": " ".join(("but", *form.read_only)) if form.read_only else "yes",
        "CRS": "any" if form.crs else "none" if form.key == "dxf" else "lon/lat",
        "heights": yes[form.z],
        "measures": form.m,
        "parts": yes[form.multi],
        "no place": yes[form.null_geometry],
        "names": "lost" if not form.attributes else f"{form.names} bytes" if form.names else "kept",
        "texts": "lost" if not form.attributes else f"{form.text} bytes" if form.text else "kept",
        "empty text": "kept"
        if form.null_text and form.attributes
        else "null"
        if form.attributes
        else "lost",
        "whole numbers": "lost"
        if not form.attributes
        else f"to {form.integer}"
        if form.integer
        else "kept",
        "decimals": "lost" if not form.attributes else "15 places" if form.decimals else "kept",
        "boolean": attributes["BOOLEAN"],
        "date": attributes["DATE"],
        "date and time": attributes["DATETIME"],
        "bytes": attributes["BLOB"],
    }


def test_the_committed_table_says_what_the_code_does() -> None:
    assert committed() == {form.key: in_words(form) for form in FORMATS.values()}


def test_a_geodatabase_is_read(source: Catalogue, tmp_path: Path) -> None:
    from geoplan import workers

    home = tmp_path / "x.gdb"
    table = {
        "name": "parcels",
        "crs": "EPSG:4490",
        "columns": {"名称": ("TEXT", ["鞍山", None]), "count_of": ("INTEGER", [1, None])},
        "geometry": [shapely.Point(123, 41).wkb, None],
    }
    workers.run("geoplan.ingest.gdal:write", str(home), "OpenFileGDB", table, {})
    found = import_files(source.directory, [home], Wishes("generic", layer="geodatabase"))
    features = Catalogue.open(source.directory).read("geodatabase")
    assert features["name"].iloc[0] == "鞍山"
    assert features["count_of"].isna().tolist() == [False, True]
    assert found[0].driver == "OpenFileGDB"


def test_a_geodatabase_says_which_names_it_changes(plan: Path) -> None:
    said = {"OBJECTID": 7, "Shape": "x", "select": "y", "2025年": "z", "a b": "u", "a_b": "v"}
    feature = {
        "type": "Feature",
        "properties": said,
        "geometry": {"type": "Point", "coordinates": [123, 41]},
    }
    file = plan.parent / "a.geojson"
    file.write_text(json.dumps(feature), encoding="utf-8")
    import_files(plan, [file], Wishes("generic", layer="first"))
    output = plan.parent / "a.gdb.zip"
    done = export_layer(Catalogue.open(plan), "first", output)
    changed = {
        "OBJECTID": "OBJECTID_", "Shape": "Shape_", "select": "select_", "2025年": "_2025年",
        "a b": "a_b", "a_b": "a_b_1",
    }  # fmt: skip
    assert done.names == changed
    (loss,) = [loss for loss in done.losses if loss.code == "short_names"]
    assert "select → select_" in loss.to("zh")
    import_files(plan, [output], Wishes("generic", layer="again"))
    again = Catalogue.open(plan).read("again")
    assert {new: again[new].iloc[0] for new in changed.values()} == {
        changed[old]: value for old, value in said.items()
    }


def test_a_layer_without_any_place_goes_into_a_geodatabase(source: Catalogue) -> None:
    nowhere = lopsided()
    nowhere["geometry"] = gpd.GeoSeries([None] * 3, index=nowhere.index, crs=4490)
    write_geopackage(
        source.path("first"), "first", nowhere, id_column="feature_id", identifier="x",
        description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    export_layer(source, "first", source.directory / "x.gdb.zip")
    import_files(source.directory, [source.directory / "x.gdb.zip"], Wishes("generic", layer="b"))
    again = Catalogue.open(source.directory).read("b")
    assert again.geometry.isna().tolist() == [True] * 3
    assert again["name"].isna().sum() == 1


@pytest.mark.parametrize(
    ("moments", "told"),
    [(["2025-01-02T03:04:05Z", None], False), (["2025-01-02T03:04:05.000Z"], False),
     ([None, "2025-01-02T03:04:05.010Z"], True), ([None], False)],
)  # fmt: skip
def test_seconds_are_told_where_there_are_parts_of_them(
    moments: list[str | None], told: bool
) -> None:
    table = {"columns": {"seen": ("DATETIME", moments)}, "geometry": [None]}
    no_measures = np.empty(0)
    found = of_export(FORMATS["filegdb"], table, heights=False, parts=False, measures=no_measures)
    assert [loss.code for loss in found] == ["type_seconds"] * told


def test_metres_in_a_geodatabase_keep_a_tenth_of_a_millimetre(
    source: Catalogue, tmp_path: Path
) -> None:
    from geoplan.ingest.reading import read_file

    write_geopackage(
        source.path("first"), "first", lopsided().to_crs(4550), id_column="feature_id",
        identifier="x", description="", last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    export_layer(source, "first", tmp_path / "x.gdb.zip")
    _, (table,) = read_file(tmp_path / "x.gdb.zip")
    assert table.crs == "EPSG:4550"
    ids = table.columns["feature_id"][1]
    for name, shape in source.read("first").geometry.dropna().items():
        again = shapely.from_wkb(table.geometry[ids.index(name)])
        assert shapely.hausdorff_distance(shape, again) < 1.5e-4


def test_archives_hold_what_other_programs_look_for(source: Catalogue) -> None:
    export_layer(source, "first", source.directory / "x.kmz")
    assert zipfile.ZipFile(source.directory / "x.kmz").namelist() == ["doc.kml"]
    export_layer(source, "first", source.directory / "x.gdb.zip")
    names = zipfile.ZipFile(source.directory / "x.gdb.zip").namelist()
    assert {Path(name).parts[0] for name in names} == {"first.gdb"}
    assert "first.gdb/a00000001.gdbtable" in names
    with pytest.raises(UnknownFormat, match=r"x\.gdb is only read; written are: .*\.gdb\.zip"):
        export_layer(source, "first", source.directory / "x.gdb")


BARE = {".shp", ".shx", ".dbf", ".prj", ".cpg", ".fields.csv"}


def test_a_bare_shapefile_replaces_all_of_another(source: Catalogue, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    for ending in (".shp", ".SHX", ".dbf", ".qix", ".sbn", ".qml", "2.dbf"):
        (folder / f"地块{ending}").write_bytes(b"old")
    export_layer(source, "first", folder / "地块.shp")
    kept = {"地块.qml": b"old", "地块2.dbf": b"old"}
    found = state(folder)
    assert found.keys() == {f"地块{ending}" for ending in BARE} | kept.keys()
    assert {name for name, body in found.items() if body == b"old"} == kept.keys()


def test_parts_without_a_shp_are_not_overwritten(source: Catalogue, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    (folder / "X.DBF").write_bytes(b"a table of its own")
    with pytest.raises(NotWritable, match=r"X\.DBF would become parts"):
        export_layer(source, "first", folder / "x.shp")
    assert state(folder) == {"X.DBF": b"a table of its own"}


@pytest.mark.parametrize("at", range(9))
def test_a_bare_shapefile_is_written_whole_or_not_at_all(
    at: int, source: Catalogue, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three files go aside and six come in; whichever of the nine steps fails, nothing changed."""
    folder = tmp_path / "out"
    folder.mkdir()
    for ending in (".shp", ".shx", ".dbf"):
        (folder / f"x{ending}").write_bytes(b"old")
    before, steps, rename = state(folder), iter(range(99)), Path.rename

    def failing(self: Path, target: Path) -> Path:
        if next(steps) == at:
            raise OSError(28, "No space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(NotWritable, match="No space left"):
        export_layer(source, "first", folder / "x.shp")
    assert state(folder) == before
    assert next(steps) > at


def test_a_failed_export_leaves_the_archive_that_stood_there(source: Catalogue) -> None:
    for name in ("x.gdb.zip", "x.kmz", "x.shp"):
        file = source.directory / name
        file.write_bytes(b"old")
        with pytest.raises(WorkerTimeout):
            export_layer(source, "first", file, limits=Limits(seconds=0))
        assert file.read_bytes() == b"old"
    assert not list(source.directory.glob(".export-*"))


def test_standard_codes_go_out_and_come_back(source: Catalogue) -> None:
    file = source.directory / "coded.geojson"
    done = export_layer(source, "first", file, codes=True)
    assert done.names["feature_id"] == "BSM"
    assert done.names["name"] == "MC"
    import_files(source.directory, [file], Wishes("generic", layer="coded"))
    again = Catalogue.open(source.directory).read("coded")
    assert list(again.index) == sorted(IDS)
    assert again.loc["丙-3", "name"] == "=1+1"


def test_a_spreadsheet_runs_nothing(source: Catalogue) -> None:
    import openpyxl

    export_layer(source, "first", source.directory / "x.xlsx")
    sheet = openpyxl.load_workbook(source.directory / "x.xlsx").active
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}
    export_layer(source, "first", source.directory / "x.csv")
    text = (source.directory / "x.csv").read_bytes().decode("utf-8-sig")
    assert ",'=1+1," in text
    assert ",'-2," in text


def test_heights_survive_the_way_from_metres_to_degrees(source: Catalogue) -> None:
    plane = source.read("first").to_crs(4550)
    mixed = plane.geometry.to_numpy().copy()
    mixed[list(plane.index).index("丙-3")] = shapely.force_2d(plane.geometry["丙-3"])
    plane = plane.set_geometry(gpd.GeoSeries(mixed, index=plane.index, crs=4550))
    write_geopackage(
        source.path("first"),
        "first",
        plane,
        id_column="feature_id",
        identifier="x",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    file = source.directory / "x.geojson"
    export_layer(source, "first", file)
    found = json.loads(file.read_text(encoding="utf-8"))["features"]
    shapes = {one["properties"]["feature_id"]: one["geometry"] for one in found}
    assert shapes["乙-2"] is None
    assert {len(at) for at in shapes["丙-3"]["coordinates"][0][0]} == {2}
    ring = shapes["甲-1"]["coordinates"][0][0]
    assert {position[2] for position in ring} == {5.25, 6.0}
    assert ring[0] == pytest.approx([122.9, 41.0, 5.25], abs=1e-9)
