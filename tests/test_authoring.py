"""Layers from reviewable text: what is built, what is left alone, what is refused by place."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import apsw
import pytest

from geoplan import Catalogue
from geoplan.authoring import BuildReport, build_plan
from geoplan.errors import CatalogueInvalid, SourceInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "examples" / "town"
COUNTS = {
    "industrial-parks": 4,
    "scenic-areas": 3,
    "river-remediation-zones": 2,
    "highways": 2,
    "gas-pipelines": 3,
}
PARKS = "sources/industrial-parks.toml"


@pytest.fixture
def plan(town_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the built town to change."""
    return shutil.copytree(town_dir, tmp_path / "plan")


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def state(plan: Path) -> dict[str, tuple[int, int, str]]:
    """Tell of each GeoPackage whether it is still the same: inode, time, sha256."""
    found = {}
    for path in sorted(plan.glob("*.gpkg*")):
        status = path.stat()
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found[path.name] = (status.st_ino, status.st_mtime_ns, digest)
    return found


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


# --- what is built, and what is left alone


def test_every_layer_with_a_source_is_built_in_order(tmp_path: Path) -> None:
    plan = tmp_path / "plan"
    shutil.copytree(EXAMPLE, plan, ignore=shutil.ignore_patterns("*.gpkg"))
    assert list(build_plan(str(plan))) == [
        BuildReport(layer, built=True, features=count) for layer, count in COUNTS.items()
    ]
    assert sorted(path.stem for path in plan.glob("*.gpkg")) == sorted(COUNTS)
    assert not list(plan.glob(".*"))


def test_layer_without_a_source_is_left_alone(plan: Path) -> None:
    edit(plan / "catalogue.toml", f'source_file = "{PARKS}"\n', "")
    before = state(plan)
    assert "industrial-parks" not in [report.layer for report in build_plan(plan)]
    assert state(plan) == before


def test_second_build_touches_nothing(plan: Path) -> None:
    before = state(plan)
    reports = list(build_plan(plan))
    assert [report.built for report in reports] == [False] * 5
    assert [report.features for report in reports] == list(COUNTS.values())
    assert state(plan) == before


def test_touched_source_of_the_same_content_is_not_built_again(plan: Path) -> None:
    os.utime(plan / PARKS, (2_000_000_000, 2_000_000_000))
    before = state(plan)
    assert not any(report.built for report in build_plan(plan))
    assert state(plan) == before


def rebuilt(plan: Path) -> list[str]:
    """Build; return what was built, which must be what changed on disk."""
    before = state(plan)
    built = [report.layer for report in build_plan(plan) if report.built]
    after = state(plan)
    changed = [name for name in after if after[name][:2] != before.get(name, ())[:2]]
    assert changed == sorted(f"{layer}.gpkg" for layer in built)
    return built


def test_changed_source_is_built_again_and_no_other(plan: Path) -> None:
    edit(plan / PARKS, 'name = "南园"', 'name = "南苑"')
    assert rebuilt(plan) == ["industrial-parks"]
    assert Catalogue.open(plan).read("industrial-parks")["name"]["IP-3"] == "南苑"
    assert rebuilt(plan) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('zh = "产业园区"', 'zh = "工业园区"'),
        ("source_date = 2025-01-01", "source_date = 2025-02-01"),
        ('id_column = "feature_id"', 'id_column = "code"'),
    ],
)
def test_changed_entry_is_built_again_and_no_other(plan: Path, old: str, new: str) -> None:
    edit(plan / "catalogue.toml", old, new)
    assert rebuilt(plan) == ["industrial-parks"]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"no database at all " * 99),
        lambda path: path.write_bytes(path.read_bytes()[:5000]),
    ],
    ids=["gone", "empty", "text", "cut"],
)
def test_spoilt_geopackage_is_built_again_as_it_was(
    plan: Path, spoil: Callable[[Path], None]
) -> None:
    path = plan / "highways.gpkg"
    whole = path.read_bytes()
    spoil(path)
    assert [report.layer for report in build_plan(plan) if report.built] == ["highways"]
    assert path.read_bytes() == whole


def test_two_builds_of_the_same_sources_are_the_same_bytes(town_dir: Path, tmp_path: Path) -> None:
    again = tmp_path / "elsewhere"
    shutil.copytree(EXAMPLE, again, ignore=shutil.ignore_patterns("*.gpkg"))
    list(build_plan(again))
    for layer in COUNTS:
        name = f"{layer}.gpkg"
        assert (again / name).read_bytes() == (town_dir / name).read_bytes()


def test_a_table_beside_the_features_is_built_with_them(tmp_path: Path) -> None:
    plan = Path(shutil.copytree(EXAMPLE, tmp_path / "plan"))
    source = plan / "sources" / "chainage-equations.toml"
    assert not any(report.built for report in build_plan(plan))
    source.write_text(source.read_text().replace("K10+550", "K10+560"))
    assert [one.layer for one in build_plan(plan) if one.built] == ["highways"]
    table = Catalogue.open(plan).attributes("highways", "chainage_equation")
    assert table is not None
    assert table["ahead_chainage"].tolist() == ["K10+560", "K11+300"]
    assert table["segment_name"].isna().all()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('route_id = "HW-2"', 'route_id = "HW-9"', "row 1: the layer has no feature 'HW-9'"),
        ('ahead_chainage = "K10+550"', "", "row 1: ahead_chainage is missing"),
        ('"K10+550"', "10550", "row 1: ahead_chainage = 10550 is no TEXT"),
        ("back_chainage", "chainage", "row 1: no column 'chainage'; there are: route_id"),
        ("[[row]]", "[[feature]]", "unknown section 'feature'"),
        ("[[row]]", "[[row]", "cannot be read"),
    ],
)
def test_a_wrong_row_is_refused_by_number(old: str, new: str, message: str, tmp_path: Path) -> None:
    plan = Path(shutil.copytree(EXAMPLE, tmp_path / "plan"))
    source = plan / "sources" / "chainage-equations.toml"
    before = (plan / "highways.gpkg").read_bytes()
    source.write_text(source.read_text().replace(old, new, 1))
    with pytest.raises(SourceInvalid, match=re.escape(message)):
        list(build_plan(plan))
    assert (plan / "highways.gpkg").read_bytes() == before


@pytest.mark.parametrize("layer", COUNTS)
def test_committed_geopackage_holds_what_its_source_says(layer: str, town: Catalogue) -> None:
    committed = Catalogue.open(EXAMPLE)
    for one in town[layer].attribute_tables:
        built, kept = town.attributes(layer, one.kind), committed.attributes(layer, one.kind)
        assert built is not None
        assert kept is not None
        assert built.equals(kept)
    assert list(committed.rows(layer)) == list(town.rows(layer))
    assert committed.table(layer) == town.table(layer)
    assert committed[layer] == town[layer]


def test_committed_plan_has_no_stray_files() -> None:
    assert sorted(path.name for path in EXAMPLE.glob("*.gpkg*")) == sorted(
        f"{layer}.gpkg" for layer in COUNTS
    )
    layers = Catalogue.parse(EXAMPLE).values()
    tables = [table for layer in layers for table in layer.attribute_tables]
    sources = {layer.source_file for layer in layers} | {table.source_file for table in tables}
    found = {f"sources/{path.name}" for path in (EXAMPLE / "sources").iterdir()}
    assert found == {*sources, "sources/rasters.py"}


# --- what a source says is what stands in the layer

SOURCE = """
crs = "EPSG:4550"

[columns]
name = "TEXT"
floors = "INTEGER"
height_m = "REAL"
open = "BOOLEAN"
built = "DATE"
seen = "DATETIME"

[defaults]
floors = 1

[[feature]]
id = "A"
wkt = "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))"
[feature.attributes]
name = "甲"
floors = 3
height_m = 9
open = true
built = 2020-02-29
seen = 2025-01-01T08:00:00+08:00

[[feature]]
id = "B"
"""


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Return a plan of one layer that is not built yet."""
    plan = tmp_path / "small"
    plan.mkdir()
    head, *layers = (EXAMPLE / "catalogue.toml").read_text(encoding="utf-8").split("[[layer]]")
    entry = layers[0].replace(PARKS, "things.toml").replace('name_en_column = "name_en"\n', "")
    (plan / "catalogue.toml").write_text(f"{head}[[layer]]{entry}", encoding="utf-8")
    (plan / "things.toml").write_text(SOURCE, encoding="utf-8")
    return plan


def test_values_defaults_and_gaps_of_a_source_stand_in_the_layer(small: Path) -> None:
    assert list(build_plan(small)) == [BuildReport("industrial-parks", built=True, features=2)]
    catalogue = Catalogue.open(small)
    rows = [row[:2] for row in catalogue.rows("industrial-parks")]
    assert rows == [
        (
            "A",
            {
                "name": "甲",
                "floors": 3,
                "height_m": 9.0,
                "open": True,
                "built": "2020-02-29",
                "seen": "2025-01-01T00:00:00.000Z",
            },
        ),
        (
            "B",
            {
                "name": None,
                "floors": 1,
                "height_m": None,
                "open": None,
                "built": None,
                "seen": None,
            },
        ),
    ]
    found = catalogue.read("industrial-parks")
    assert found["built"]["A"] == date(2020, 2, 29)
    assert found["seen"]["A"] == datetime(2025, 1, 1, tzinfo=UTC)
    assert found.geometry["A"].wkt == "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))"
    assert found.geometry["B"] is None or found.geometry.isna()["B"]
    assert found.crs.to_epsg() == 4550
    types = {column.name: column.type for column in catalogue.table("industrial-parks").columns}
    assert types == {
        "name": "TEXT",
        "floors": "INTEGER",
        "height_m": "REAL",
        "open": "BOOLEAN",
        "built": "DATE",
        "seen": "DATETIME",
    }


def test_contents_take_title_source_and_date_from_the_entry(small: Path) -> None:
    list(build_plan(small))
    with closing(apsw.Connection(str(small / "industrial-parks.gpkg"))) as connection:
        row = connection.execute(
            "SELECT identifier, description, last_change FROM gpkg_contents "
            "WHERE data_type = 'features'"
        ).fetchall()
    assert row == [("产业园区", "虚构", "2025-01-01T00:00:00.000Z")]


# --- what is refused

A = '[[feature]]\nid = "A"\n'


def value(text: str, column: str) -> tuple[str, str]:
    """Give feature A another value in a column."""
    old = {
        "name": 'name = "甲"',
        "floors": "floors = 3",
        "height_m": "height_m = 9",
        "open": "open = true",
        "built": "built = 2020-02-29",
        "seen": "seen = 2025-01-01T08:00:00+08:00",
    }[column]
    return old, f"{column} = {text}"


def wkt(text: str) -> tuple[str, str]:
    """Give feature A another geometry."""
    return "POLYGON ((0 0, 4 0, 4 2, 0 2, 0 0))", text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[columns]", "[columns"), "cannot be read: .*line 4"),
        (('crs = "EPSG:4550"', ""), "crs: Field required"),
        (('"EPSG:4550"', '"WGS84"'), "crs: "),
        (('"EPSG:4550"', '"EPSG:999999"'), "crs: .*EPSG:999999"),
        (('name = "TEXT"', 'name = "VARCHAR"'), "columns.name: "),
        (('name = "TEXT"', 'fid = "TEXT"\nname = "TEXT"'), "column 'fid' clashes"),
        (('name = "TEXT"', 'geom = "TEXT"\nname = "TEXT"'), "column 'geom' clashes"),
        (('name = "TEXT"', 'geometry = "TEXT"\nname = "TEXT"'), "'geometry' is the geometry"),
        (('name = "TEXT"', 'Feature_ID = "TEXT"\nname = "TEXT"'), "'feature_id' clashes"),
        (('name = "TEXT"', 'NAME = "TEXT"\nname = "TEXT"'), "'name' clashes"),
        (("floors = 1\n", "storeys = 1\n"), "defaults: no column 'storeys'"),
        (("floors = 1\n", "floors = 'one'\n"), "defaults: floors = 'one' is no INTEGER"),
        (("floors = 3", "storeys = 3"), "feature 'A': no column 'storeys'"),
        (('id = "B"', 'id = "A"'), "feature 'A' stands twice"),
        (('id = "B"', 'id = ""'), "feature '': id: "),
        (('id = "B"', "id = 2"), "feature.1.id: "),
        (('id = "B"', 'name = "B"'), "feature.1.id: Field required"),
        (('id = "B"', 'id = "B"\ncolour = "red"'), "feature 'B': colour: "),
        (wkt(""), "feature 'A': wkt: "),
        (wkt("a square"), "feature 'A': wkt: "),
        (wkt("POLYGON ((0 0, 4 0, 4 2"), "feature 'A': wkt: "),
        (wkt("POLYGON ((0 0, 4 0, 4 2, 0 2))"), "feature 'A': wkt: "),
        (wkt("POLYGON ((0 0, 4 4, 4 0, 0 4, 0 0))"), r"feature 'A': Self-intersection\[2 2\]"),
        (wkt("POLYGON ((0 0, 4 0, inf 2, 0 0))"), "feature 'A': Invalid Coordinate"),
        (wkt("LINESTRING (0 0, 4 2)"), "feature 'A': a LineString in a layer of .*'area'"),
        (wkt("GEOMETRYCOLLECTION (POINT (1 2))"), "feature 'A': a GeometryCollection in a layer"),
        (value("5", "name"), "feature 'A': name = 5 is no TEXT"),
        (value("true", "name"), "feature 'A': name = True is no TEXT"),
        (value("2020-01-01", "name"), "feature 'A': name = .* is no TEXT"),
        (value('"3"', "floors"), "feature 'A': floors = '3' is no INTEGER"),
        (value("3.5", "floors"), "feature 'A': floors = 3.5 is no INTEGER"),
        (value("true", "floors"), "feature 'A': floors = True is no INTEGER"),
        (value("9223372036854775808", "floors"), "feature 'A': floors = .* is no INTEGER"),
        (value('"high"', "height_m"), "feature 'A': height_m = 'high' is no REAL"),
        (value("true", "height_m"), "feature 'A': height_m = True is no REAL"),
        (value("nan", "height_m"), "feature 'A': height_m = nan is no REAL"),
        (value("inf", "height_m"), "feature 'A': height_m = inf is no REAL"),
        (value('"no"', "open"), "feature 'A': open = 'no' is no BOOLEAN"),
        (value("1", "open"), "feature 'A': open = 1 is no BOOLEAN"),
        (value('"yesterday"', "built"), "feature 'A': built = 'yesterday' is no DATE"),
        (value("2020-02-29T00:00:00", "built"), "feature 'A': built = .* is no DATE"),
        (value("2020-02-30", "built"), "cannot be read"),
        (value("2020-02-29", "seen"), "feature 'A': seen = .* is no DATETIME"),
        (value("[1]", "floors"), "feature 'A': attributes.floors"),
        (value("{ a = 1 }", "floors"), "feature 'A': attributes.floors"),
    ],
)
def test_bad_source_is_refused_by_place_and_nothing_written(
    small: Path, change: tuple[str, str], message: str
) -> None:
    edit(small / "things.toml", *change)
    before = files(small)
    with pytest.raises(SourceInvalid, match=rf"things\.toml.*{message}"):
        list(build_plan(small))
    assert files(small) == before


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read"),
        (b"", "Field required"),
        ("crs = '鞍山'".encode("gbk"), "cannot be read"),
        (b'crs = "EPSG:4550"\n[columns]\n', "feature: Field required"),
        (b'crs = "EPSG:4550"\nfeature = []\n[columns]\n', "feature: "),
        (b'crs = "EPSG:4550"\nfeature = 5\n[columns]\n', "feature: "),
    ],
    ids=["missing", "empty", "GBK", "no feature", "empty list", "number"],
)
def test_unreadable_source_is_named_and_nothing_written(
    small: Path, content: bytes | None, message: str
) -> None:
    if content is None:
        (small / "things.toml").unlink()
    else:
        (small / "things.toml").write_bytes(content)
    before = files(small)
    with pytest.raises(SourceInvalid, match=rf"things\.toml.*{message}"):
        list(build_plan(small))
    assert files(small) == before


def test_layer_with_text_ids_needs_an_id_column(small: Path) -> None:
    edit(small / "catalogue.toml", 'id_column = "feature_id"\n', "")
    with pytest.raises(SourceInvalid, match=r"things\.toml: .*id_column"):
        list(build_plan(small))


def test_bad_source_leaves_the_built_layer_and_those_behind_it(plan: Path) -> None:
    edit(plan / "sources/scenic-areas.toml", 'id = "SC-2"', 'id = "SC-1"')
    edit(plan / PARKS, 'name = "南园"', 'name = "南苑"')
    before = state(plan)
    reports: list[BuildReport] = []
    with pytest.raises(SourceInvalid, match=r"scenic-areas\.toml.*'SC-1' stands twice"):
        reports.extend(build_plan(plan))
    after = state(plan)
    assert [name for name in after if after[name] != before[name]] == ["industrial-parks.gpkg"]


@pytest.mark.parametrize("folder", ["nowhere", "."])
def test_folder_without_a_plan_is_named(tmp_path: Path, folder: str) -> None:
    with pytest.raises(CatalogueInvalid, match="there is no plan in"):
        list(build_plan(tmp_path / folder))
