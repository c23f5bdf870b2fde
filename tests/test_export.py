"""Results as files: what a spreadsheet, a GIS and a script read back, and what a failure leaves."""

from __future__ import annotations

import csv
import io
import json
import math
import pickle
import shutil
import subprocess
import sys
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from geoplan import Catalogue, GeoPackageStore, processes
from geoplan.errors import BadQuery, NotWritable
from geoplan.export import FORMATS, result_document, write_result, write_text
from geoplan.model import Layer, Result, Text
from geoplan.processes import CoverageInputs, LayersInputs, OverlapInputs


@pytest.fixture(scope="module")
def overlaps(town: Catalogue) -> Result:
    return processes.overlap(town, OverlapInputs())


@pytest.fixture(scope="module")
def covered(town: Catalogue) -> Result:
    return processes.coverage(town, CoverageInputs())


@pytest.fixture(scope="module")
def listed(town: Catalogue) -> Result:
    return processes.layers(town, LayersInputs())


@pytest.fixture(scope="module")
def nothing(town: Catalogue) -> Result:
    return processes.overlap(town, OverlapInputs(min_area_m2=1e9, min_length_m=1e9))


def strict(text: str) -> Any:
    """Read JSON as RFC 8259 has it: no NaN, no Infinity."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    return json.loads(text, parse_constant=refuse)


def in_folder(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# CSV


def rows_of(path: Path) -> list[dict[str, str]]:
    text = path.read_bytes().decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_csv_begins_with_a_mark_that_excel_needs_for_chinese(
    overlaps: Result, tmp_path: Path
) -> None:
    write_result(overlaps, tmp_path / "o.csv")
    content = (tmp_path / "o.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbfleft_layer,left_id,left_name,")
    assert content.count(b"\xef\xbb\xbf") == 1
    assert content.count(b"\r\n") == content.count(b"\n") == 19
    assert "北园" in content.decode("utf-8-sig")


def test_csv_has_the_table_without_geometry(overlaps: Result, tmp_path: Path) -> None:
    write_result(overlaps, tmp_path / "o.csv")
    rows = rows_of(tmp_path / "o.csv")
    assert list(rows[0]) == [name for name in overlaps.features.columns if name != "geometry"]
    assert len(rows) == 18
    assert (rows[0]["left_id"], rows[0]["right_name"]) == ("IP-1", "西山")
    assert float(rows[0]["area_m2"]) == overlaps.features["area_m2"].iloc[0]
    assert rows[0]["length_m"] == ""


def test_csv_leaves_blank_what_has_no_figure(covered: Result, tmp_path: Path) -> None:
    write_result(covered, tmp_path / "c.csv")
    row = rows_of(tmp_path / "c.csv")[3]
    assert row["zone_id"] == "IP-4"
    assert [row[name] for name in row if name.endswith(("_m2", "_ratio"))] == [""] * 4


def test_csv_of_layers_has_plain_dates(listed: Result, tmp_path: Path) -> None:
    write_result(listed, tmp_path / "l.csv")
    assert {row["source_date"] for row in rows_of(tmp_path / "l.csv")} == {"2025-01-01"}


@pytest.mark.parametrize(
    "name",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "＝1＋1"],
)
def test_threat_16_csv_formulas_are_inert(name: str, overlaps: Result, tmp_path: Path) -> None:
    poisoned = replace(overlaps, features=overlaps.features.assign(left_name=name))
    write_result(poisoned, tmp_path / "o.csv")
    rows = rows_of(tmp_path / "o.csv")
    assert {row["left_name"] for row in rows} == {f"'{name}"}
    assert float(rows[0]["area_m2"]) > 0


@pytest.mark.parametrize("name", ['a "b", c', "two\nlines", "东园;西园", "1-2", "a=b", ""])
def test_csv_texts_come_back_as_they_were(name: str, overlaps: Result, tmp_path: Path) -> None:
    plain = replace(overlaps, features=overlaps.features.assign(left_name=name))
    write_result(plain, tmp_path / "o.csv")
    assert {row["left_name"] for row in rows_of(tmp_path / "o.csv")} == {name}


def test_csv_numbers_are_never_texts(overlaps: Result, tmp_path: Path) -> None:
    below = replace(overlaps, features=overlaps.features.assign(area_m2=-1.5))
    write_result(below, tmp_path / "o.csv")
    assert {row["area_m2"] for row in rows_of(tmp_path / "o.csv")} == {"-1.5"}


# GeoJSON


@pytest.fixture
def geojson(covered: Result, tmp_path: Path) -> Any:
    write_result(covered, tmp_path / "c.geojson")
    return strict((tmp_path / "c.geojson").read_text(encoding="utf-8"))


def positions(coordinates: Any) -> list[list[float]]:
    if coordinates and isinstance(coordinates[0], float):
        return [coordinates]
    return [position for part in coordinates for position in positions(part)]


def test_geojson_is_a_collection_of_rfc_7946(geojson: Any) -> None:
    assert geojson["type"] == "FeatureCollection"
    assert "crs" not in geojson
    assert len(geojson["features"]) == 9
    for feature in geojson["features"]:
        assert feature["type"] == "Feature"
        assert set(feature) >= {"geometry", "properties"}


def test_geojson_is_in_longitude_and_latitude_of_the_town(geojson: Any) -> None:
    # 3 km east and west of 123° E are 0.036° of longitude there
    west, south, east, north = 122.96, 41.07, 123.04, 41.11
    for feature in geojson["features"]:
        if feature["geometry"] is not None:
            for position in positions(feature["geometry"]["coordinates"]):
                assert len(position) == 2
                assert west < position[0] < east
                assert south < position[1] < north


def test_geojson_shells_turn_left_and_holes_right(overlaps: Result, geojson: Any) -> None:
    features = geojson["features"] + result_document(overlaps)["features"]
    turns = {"shell": set(), "hole": set()}  # type: dict[str, set[bool]]
    for feature in features:
        shape = feature["geometry"]
        if shape is None or "Polygon" not in shape["type"]:
            continue
        parts = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
        for shell, *holes in parts:
            turns["shell"].add(shapely.LinearRing(shell).is_ccw)
            turns["hole"] |= {shapely.LinearRing(hole).is_ccw for hole in holes}
    assert turns == {"shell": {True}, "hole": {False}}


def test_geojson_has_null_where_there_is_no_figure_and_no_place(geojson: Any) -> None:
    (nowhere,) = [one for one in geojson["features"] if one["geometry"] is None]
    properties = nowhere["properties"]
    assert properties["zone_id"] == "IP-4"
    assert properties["zone_name"] == "拟建园"
    assert [properties[name] for name in properties if name.endswith(("_m2", "_ratio"))] == [
        None
    ] * 4


def test_geojson_figures_are_those_of_the_table(geojson: Any, covered: Result) -> None:
    for feature, row in zip(geojson["features"], covered.features.itertuples(), strict=True):
        assert feature["properties"]["zone_id"] == row.zone_id
        ratio = feature["properties"]["coverage_ratio"]
        assert ratio is None if math.isnan(row.coverage_ratio) else ratio == row.coverage_ratio


def test_geojson_tells_what_was_left_out_and_how_it_came_about(
    overlaps: Result, tmp_path: Path
) -> None:
    write_result(overlaps, tmp_path / "o.geojson")
    content = (tmp_path / "o.geojson").read_text(encoding="utf-8")
    document = strict(content)
    assert "北园" in content
    assert document["process"] == "overlap"
    assert document["leftOut"] == [
        {"reason": "no_geometry", "layers": ["industrial-parks"], "ids": ["IP-4"], "count": 1},
    ]
    assert document["totals"]["count"] == 18
    assert document["inputs"] == {"layers": [], "min_area_m2": 0.0, "min_length_m": 0.0}
    assert document["run"]["measuring_planes"] == ["EPSG:4550"]
    assert document["run"]["time"] == overlaps.run.time.isoformat()
    assert [source["layer"] for source in document["sources"]][:2] == [
        "industrial-parks",
        "scenic-areas",
    ]


def test_geojson_names_the_pairs_below_the_minimum(nothing: Result, tmp_path: Path) -> None:
    write_result(nothing, tmp_path / "n.geojson")
    document = strict((tmp_path / "n.geojson").read_text(encoding="utf-8"))
    assert [one["properties"]["left_id"] for one in document["features"]] == ["HW-1", "RR-2"]
    assert document["leftOut"][0] == {
        "reason": "below_minimum",
        "layers": ["industrial-parks", "scenic-areas"],
        "ids": [["IP-1", "SC-1"], ["IP-2", "SC-3"], ["IP-2", "SC-2"]],
        "count": 3,
    }


def test_json_of_a_table_without_geometry_has_rows(listed: Result) -> None:
    document = strict(json.dumps(result_document(listed)))
    assert [row["layer"] for row in document["rows"]][:2] == ["industrial-parks", "scenic-areas"]
    assert document["rows"][0]["line_means"] is None
    assert document["rows"][0]["located_count"] == 3
    assert date.fromisoformat(document["rows"][0]["source_date"][:10]) == date(2025, 1, 1)


# GeoPackage


def described(process: str, dimension: Any) -> Layer:
    return Layer(
        id=process,
        kind="generic",
        title=Text(zh="结果", en="Result"),
        geometry=dimension,
        source=Text(zh="虚构", en="Synthetic"),
        source_date=date(2025, 1, 1),
    )


def test_gpkg_comes_back_as_it_was(covered: Result, tmp_path: Path) -> None:
    write_result(covered, tmp_path / "c.gpkg")
    with GeoPackageStore(tmp_path / "c.gpkg") as store:
        found = store.read(described("coverage", "area"))
    assert found.crs == 4550
    assert found.index.tolist() == list(range(1, 10))
    assert found["zone_id"].tolist() == covered.features["zone_id"].tolist()
    assert found["zone_name"].tolist() == covered.features["zone_name"].tolist()
    assert found["coverage_ratio"].tolist() == pytest.approx(
        covered.features["coverage_ratio"].tolist(), rel=0, nan_ok=True
    )
    assert found.geometry.isna().tolist() == [False] * 3 + [True] + [False] * 5
    assert found.geometry.iloc[0].equals(covered.features.geometry.iloc[0])


def test_gpkg_keeps_areas_and_lines_of_one_answer(overlaps: Result, tmp_path: Path) -> None:
    write_result(overlaps, tmp_path / "o.gpkg")
    with GeoPackageStore(tmp_path / "o.gpkg") as store:
        found = store.read(described("overlap", "area"))
    assert found["left_id"].tolist() == overlaps.features["left_id"].tolist()
    assert found["length_m"].isna().tolist() == [True] * 6 + [False] * 11 + [True]
    types = found.geometry.geom_type.str.replace("Multi", "").tolist()
    assert types == ["Polygon"] * 6 + ["LineString"] * 10 + ["Point"] * 2


def test_gpkg_of_numbers_and_texts_as_ids_holds_texts(overlaps: Result, tmp_path: Path) -> None:
    mixed = [number if number % 2 else f"IP-{number}" for number in range(18)]
    write_result(
        replace(overlaps, features=overlaps.features.assign(left_id=mixed)), tmp_path / "o.gpkg"
    )
    with GeoPackageStore(tmp_path / "o.gpkg") as store:
        found = store.read(described("overlap", "area"))["left_id"].tolist()
    assert found[:3] == ["IP-0", "1", "IP-2"]


def test_gpkg_of_an_empty_answer_can_be_read(nothing: Result, tmp_path: Path) -> None:
    write_result(replace(nothing, features=nothing.features.iloc[:0]), tmp_path / "n.gpkg")
    with GeoPackageStore(tmp_path / "n.gpkg") as store:
        assert len(store.read(described("overlap", "area"))) == 0


GDAL = """
import sys, json, warnings
warnings.simplefilter("error")
import pyogrio
found = pyogrio.read_dataframe(sys.argv[1])
print(json.dumps([found.crs.to_epsg(), len(found), int(found.geometry.isna().sum()),
                  sorted(found.columns)]))
"""


@pytest.mark.parametrize("which", ["overlaps", "covered"])
def test_gdal_reads_the_gpkg_without_a_warning(
    which: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    result: Result = request.getfixturevalue(which)
    write_result(result, tmp_path / "r.gpkg")
    # GDAL never shares a process with the store
    answer = subprocess.run(
        [sys.executable, "-c", GDAL, str(tmp_path / "r.gpkg")], capture_output=True, text=True
    )
    assert answer.stderr == ""
    crs, count, nulls, columns = json.loads(answer.stdout)
    assert (crs, count) == (4550, len(result.features))
    assert nulls == int(result.features.geometry.isna().sum())
    assert columns == sorted(result.features.columns)


def test_ogrinfo_reads_the_gpkg_without_a_warning(covered: Result, tmp_path: Path) -> None:
    ogrinfo = shutil.which("ogrinfo")
    if ogrinfo is None:
        pytest.skip("ogrinfo is not installed")
    write_result(covered, tmp_path / "c.gpkg")
    answer = subprocess.run(
        [ogrinfo, "-ro", "-al", "-so", str(tmp_path / "c.gpkg")], capture_output=True, text=True
    )
    assert answer.stderr == ""
    assert "Feature Count: 9" in answer.stdout
    assert "Warning" not in answer.stdout


# What all formats share


@pytest.mark.parametrize("suffix", FORMATS)
def test_one_file_is_written_and_nothing_beside_it(
    suffix: str, covered: Result, tmp_path: Path
) -> None:
    for _ in range(2):  # the second run replaces the first
        write_result(covered, tmp_path / f"c{suffix}")
        beside = ["c.left-out.csv"] if suffix == ".csv" else []
        assert in_folder(tmp_path) == sorted([f"c{suffix}", *beside])
        assert (tmp_path / f"c{suffix}").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_result_is_not_modified_by_writing_it(
    suffix: str, covered: Result, tmp_path: Path
) -> None:
    before = covered.features.copy(deep=True)
    write_result(covered, tmp_path / f"c{suffix}")
    assert_geodataframe_equal(covered.features, before)


def test_capital_letters_in_the_ending_are_the_same(covered: Result, tmp_path: Path) -> None:
    write_result(covered, tmp_path / "c.CSV")
    assert (tmp_path / "c.CSV").read_bytes().startswith(b"\xef\xbb\xbf")


@pytest.mark.parametrize("name", ["c.shp", "c.json", "c.xlsx", "c", "c.csv.zip", ".csv"])
def test_an_unknown_ending_is_refused_and_the_known_ones_named(
    name: str, covered: Result, tmp_path: Path
) -> None:
    with pytest.raises(BadQuery, match=r"use \.gpkg, \.geojson, \.csv"):
        write_result(covered, tmp_path / name)
    assert in_folder(tmp_path) == []


@pytest.mark.parametrize("suffix", [".gpkg", ".geojson"])
def test_a_table_without_geometry_goes_into_no_map_format(
    suffix: str, listed: Result, tmp_path: Path
) -> None:
    with pytest.raises(BadQuery, match=r"layers has no geometry .* use \.csv"):
        write_result(listed, tmp_path / f"l{suffix}")
    assert in_folder(tmp_path) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_missing_folder_is_named(suffix: str, covered: Result, tmp_path: Path) -> None:
    with pytest.raises(NotWritable, match="absent"):
        write_result(covered, tmp_path / "absent" / f"c{suffix}")
    assert in_folder(tmp_path) == []


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_in_the_place_of_the_file_stays(
    suffix: str, covered: Result, tmp_path: Path
) -> None:
    (tmp_path / f"c{suffix}").mkdir()
    with pytest.raises(NotWritable):
        write_result(covered, tmp_path / f"c{suffix}")
    assert in_folder(tmp_path) == [f"c{suffix}"]
    assert (tmp_path / f"c{suffix}").is_dir()


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_folder_that_nobody_may_write_to_is_named(suffix: str, covered: Result) -> None:
    with pytest.raises(NotWritable, match="/proc"):
        write_result(covered, Path("/proc") / f"c{suffix}")


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_failure_half_way_leaves_the_old_file(
    suffix: str, covered: Result, tmp_path: Path
) -> None:
    """The disk is full: a limit on file size in a process of its own stands for it."""
    target = tmp_path / f"c{suffix}"
    target.write_text("old")
    program = """
import pickle, resource, signal, sys
from pathlib import Path
from geoplan.errors import NotWritable
from geoplan.export import write_result
result = pickle.load(sys.stdin.buffer)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))
try:
    write_result(result, Path(sys.argv[1]))
except NotWritable as error:
    print("NotWritable", error)
"""
    answer = subprocess.run(
        [sys.executable, "-c", program, str(target)],
        input=pickle.dumps(covered),
        capture_output=True,
    )
    assert answer.stdout.startswith(b"NotWritable"), answer.stderr.decode()
    assert in_folder(tmp_path) == [target.name]
    assert target.read_text() == "old"


def test_text_is_written_whole_with_its_line_ends(tmp_path: Path) -> None:
    write_text(tmp_path / "t.html", "一\r\n二\n")
    assert (tmp_path / "t.html").read_bytes() == "一\r\n二\n".encode()
    assert in_folder(tmp_path) == ["t.html"]
