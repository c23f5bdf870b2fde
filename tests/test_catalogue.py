"""A plan on disk: what `Catalogue.open` takes, and what it refuses by name."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from typing import TYPE_CHECKING

import apsw
import pytest

from geoplan import Catalogue
from geoplan.errors import CatalogueInvalid, FileBusy, LayerNotFound
from geoplan.model import FeatureQuery, Layer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IDS = [
    "industrial-parks",
    "scenic-areas",
    "river-remediation-zones",
    "highways",
    "gas-pipelines",
]
PARKS = 'id = "industrial-parks"'


@pytest.fixture
def plan(town_dir: Path, tmp_path: Path) -> Path:
    """Return a copy of the town to spoil."""
    return shutil.copytree(town_dir, tmp_path / "plan")


def edit(plan: Path, old: str, new: str) -> None:
    """Change the first place where the catalogue says something."""
    path = plan / "catalogue.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


# --- what it is


def test_layers_stand_by_id_in_the_order_of_the_catalogue(town: Catalogue) -> None:
    assert isinstance(town, Mapping)
    assert list(town) == IDS
    assert len(town) == 5
    assert [layer.id for layer in town.values()] == IDS
    assert dict(town.items())["highways"] is town["highways"]


def test_layer_is_found_by_id(town: Catalogue) -> None:
    highways = town["highways"]
    assert isinstance(highways, Layer)
    assert (highways.kind, highways.line_means) == ("highway", "centreline")
    assert (highways.file, highways.table) == ("highways.gpkg", "highways")
    assert town["river-remediation-zones"].table == "river_remediation_zones"
    assert "highways" in town
    assert "railways" not in town
    assert town.get("railways") is None


def test_plan_tells_of_itself(town: Catalogue, town_dir: Path) -> None:
    assert town.plan.title.to("zh") == "示例镇规划（虚构）"
    assert town.plan.extent == (122.97, 41.07, 123.03, 41.11)
    assert town.directory == town_dir
    assert town.path("highways") == town_dir / "highways.gpkg"


@pytest.mark.parametrize("name", ["railways", "", "Highways", "../highways"])
def test_unknown_layer_is_refused_and_the_known_ones_named(town: Catalogue, name: str) -> None:
    for ask in (
        town.__getitem__,
        town.read,
        town.table,
        town.path,
        lambda one: list(town.rows(one)),
    ):
        with pytest.raises(LayerNotFound, match="it has: " + ", ".join(IDS)) as caught:
            ask(name)
        assert repr(name) in str(caught.value)


def test_both_reads_answer_the_same_query(town: Catalogue) -> None:
    corner = FeatureQuery(bbox=(501150, 4550300, 501200, 4550500))  # the L of IP-2 touches it
    assert town.read("industrial-parks", corner).index.tolist() == ["IP-2"]
    assert [row[0] for row in town.rows("industrial-parks", corner)] == ["IP-2"]
    assert [row[0] for row in town.rows("industrial-parks")] == ["IP-1", "IP-2", "IP-3", "IP-4"]
    assert town.table("industrial-parks").count == 4


def test_crook_of_the_east_park_is_not_the_park(town: Catalogue) -> None:
    crook = FeatureQuery(bbox=(500700, 4550500, 501100, 4550900))
    assert len(town.read("industrial-parks", crook)) == 0


def test_plan_may_be_named_by_text(town_dir: Path) -> None:
    assert list(Catalogue.open(str(town_dir))) == IDS


def test_opening_a_plan_changes_nothing_in_its_folder(plan: Path) -> None:
    def folder() -> dict[str, tuple[int, bytes]]:
        files = [path for path in plan.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}

    before = folder()
    catalogue = Catalogue.open(plan)
    for layer_id in catalogue:
        catalogue.read(layer_id)
    assert folder() == before


# --- what it refuses


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # a layer's entry
        (PARKS, 'id = "Industrial_Parks"', "layer 'Industrial_Parks': id: "),
        (PARKS, 'id = "industrial parks"', "layer 'industrial parks': id: "),
        (PARKS, 'id = "园区"', "layer '园区': id: "),
        (PARKS, 'id = ""', "layer '': id: "),
        (PARKS, "id = 5", "layer 5: id: "),
        (PARKS, "", "layer 'number 1': id: Field required"),
        (PARKS, 'id = "highways"', "two layers have the id 'highways'"),
        (
            'kind = "industrial_park"',
            'kind = "factory"',
            "'industrial-parks': unknown kind 'factory'",
        ),
        ('kind = "industrial_park"', 'kind = "conflict"', "unknown kind 'conflict'"),
        ('kind = "industrial_park"', 'kind = "Park!"', "'industrial-parks': kind: "),
        ('kind = "industrial_park"', "", "'industrial-parks': kind: Field required"),
        # a table beside a layer
        ('kind = "route_segment"', 'kind = "highway"', "attribute_table 'highway': unknown kind"),
        ('kind = "route_segment"', 'kind = "chainage_equation"', "two have the kind"),
        (
            'kind = "route_segment"',
            'kind = "route_segment"\ntable = "highways"',
            "'highways' is the table of the features",
        ),
        (
            'kind = "route_segment"',
            'kind = "route_segment"\ntable = "bridges"',
            "has no attribute table 'bridges'; it has: chainage_equation, route_segment",
        ),
        (
            'kind = "route_segment"',
            'kind = "route_segment"\ntable = "chainage_equation"',
            "two have the table",
        ),
        ('source_file = "sources/route-segments.toml"', "", "all of them have a source_file"),
        ('zh = "产业园区", ', "", "'industrial-parks': title.zh: Field required"),
        ('en = "Industrial parks"', 'en = ""', "'industrial-parks': title.en: "),
        ('geometry = "area"', 'geometry = "solid"', "'industrial-parks': geometry: "),
        ('geometry = "area"', "", "'industrial-parks': geometry: Field required"),
        ('line_means = "centreline"\n', "", "'highways': .*line_means is required"),
        ('line_means = "centreline"', 'line_means = "axis"', "'highways': line_means: "),
        ('geometry = "area"', 'geometry = "area"\nline_means = "edge"', "line layers only"),
        ("source_date = 2025-01-01", "source_date = 2025", "'industrial-parks': source_date: "),
        ("source_date = 2025-01-01", 'colour = "red"', "'industrial-parks': "),
        ('geometry = "area"', 'geometry = "area"\ncolour = "red"', "'industrial-parks': colour: "),
        # its GeoPackage
        (PARKS, f'{PARKS}\nfile = "none.gpkg"', "'industrial-parks': there is no file .*none.gpkg"),
        (PARKS, f'{PARKS}\nfile = ""', "'industrial-parks': there is no file"),
        (
            PARKS,
            f'{PARKS}\nfile = "catalogue.toml"',
            "'industrial-parks': .* is no SQLite database",
        ),
        (PARKS, f'{PARKS}\ntable = "parks"', "no features table 'parks'; it has: industrial_parks"),
        (PARKS, f'{PARKS}\ntable = ""', "'industrial-parks': .* no features table ''"),
        (
            'id_column = "feature_id"',
            'id_column = "code"',
            "'industrial-parks': .* has no column 'code'",
        ),
        (
            'name_column = "name"',
            'name_column = "title"',
            "'industrial-parks': its table has no column 'title'",
        ),
        (
            'name_en_column = "name_en"',
            'name_en_column = "nom"',
            "'industrial-parks': its table has no column 'nom'",
        ),
        (
            'geometry = "area"',
            'geometry = "point"',
            "'industrial-parks': its entry says geometry = 'point', its table holds POLYGON",
        ),
        (
            'geometry = "area"',
            'geometry = "line"\nline_means = "edge"',
            "'industrial-parks': its entry says geometry = 'line', its table holds POLYGON",
        ),
        (
            'geometry = "line"\nline_means = "centreline"',
            'geometry = "area"',
            "'highways': its entry says geometry = 'area', its table holds LINESTRING",
        ),
        # the plan
        ('id = "town"', 'id = "The Town"', r"\[plan\]: id: "),
        ('id = "town"\n', "", r"\[plan\]: id: Field required"),
        ('id = "town"', 'id = "town"\nmayor = "x"', r"\[plan\]: mayor: "),
        ("data_date = 2025-01-01", 'data_date = "soon"', r"\[plan\]: data_date: "),
        ('"EPSG:4550"', '"Gauss"', r"\[plan\]: measuring_plane: "),
        ("[122.97, 41.07, 123.03, 41.11]", "[123.03, 41.07, 122.97, 41.11]", "extent: .* exceeds"),
        ("[122.97, 41.07, 123.03, 41.11]", "[122.97, 41.11, 123.03, 41.07]", "extent: .* exceeds"),
        ("[122.97, 41.07, 123.03, 41.11]", "[122.97, 41.07, 123.03]", r"\[plan\]: extent"),
        ("[122.97, 41.07, 123.03, 41.11]", "[122.97, nan, 123.03, 41.11]", "extent: .* finite"),
        ("[122.97, 41.07, 123.03, 41.11]", '"everywhere"', r"\[plan\]: extent: "),
        ("attribution = {", "credit = {", r"\[plan\]: attribution: Field required"),
        # the file
        ("[plan]", "[scheme]", "unknown section 'scheme'"),
        ("[plan]", "plan = 5\n[layers]", "unknown section 'layers'"),
        ("[plan]", "[plan", "cannot be read: .*line 1"),
        ("[[layer]]", "[layer]", "cannot be read: "),
    ],
)
def test_bad_entry_is_refused_by_name(plan: Path, old: str, new: str, message: str) -> None:
    edit(plan, old, new)
    with pytest.raises(CatalogueInvalid, match=message):
        Catalogue.open(plan)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"the section \[plan\] is missing"),
        (b"\xff\xfe[plan]", "cannot be read"),
        ("[plan]\nid = '镇'".encode("gbk"), "cannot be read"),
        (b"plan = 5", r"\[plan\]: entry: "),
        (b"[[plan]]\nid = 'x'", r"\[plan\]: entry: "),
    ],
    ids=["empty", "UTF-16", "GBK", "number", "list"],
)
def test_unreadable_catalogue_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "catalogue.toml").write_bytes(content)
    with pytest.raises(CatalogueInvalid, match=rf"catalogue\.toml.*{message}"):
        Catalogue.open(tmp_path)


def test_a_byte_order_mark_is_no_fault(town_dir: Path, tmp_path: Path) -> None:
    shutil.copytree(town_dir, tmp_path / "town")
    path = tmp_path / "town" / "catalogue.toml"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())  # as Notepad saves it
    assert len(Catalogue.open(tmp_path / "town")) == 5


@pytest.mark.parametrize(
    ("plane", "message"),
    [
        ("EPSG:4545", "not for the extent"),  # 108 degrees east; the town is at 123
        ("EPSG:999999", "measuring_plane"),
        ("EPSG:4490", "not a plane in metres"),
    ],
)
def test_a_plane_that_is_not_the_plans_is_refused(
    town_dir: Path, tmp_path: Path, plane: str, message: str
) -> None:
    shutil.copytree(town_dir, tmp_path / "town")
    path = tmp_path / "town" / "catalogue.toml"
    path.write_text(path.read_text(encoding="utf-8").replace("EPSG:4550", plane), encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=message):
        Catalogue.open(tmp_path / "town")


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("", "at least one"),
        ("layer = []\n", "at least one"),
        ("layer = 5\n", "at least one"),
        ('layer = ["highways"]\n', "layer 'number 1': entry: "),
    ],
)
def test_plan_without_a_layer_is_refused(plan: Path, layers: str, message: str) -> None:
    path = plan / "catalogue.toml"
    head = path.read_text(encoding="utf-8").split("[[layer]]")[0]
    path.write_text(layers + head, encoding="utf-8")
    with pytest.raises(CatalogueInvalid, match=message):
        Catalogue.open(plan)


def test_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match=r"there is no plan in .*nowhere"):
        Catalogue.open(tmp_path / "nowhere")


def test_folder_without_a_catalogue_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueInvalid, match=r"catalogue\.toml is missing"):
        Catalogue.open(tmp_path)


def test_folder_in_the_place_of_the_catalogue_is_refused(tmp_path: Path) -> None:
    (tmp_path / "catalogue.toml").mkdir()
    with pytest.raises(CatalogueInvalid, match="cannot be read"):
        Catalogue.open(tmp_path)


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda path: path.unlink(), "there is no file"),
        (lambda path: path.write_bytes(b""), "no GeoPackage"),
        (lambda path: path.write_bytes(path.read_bytes()[:9000]), "damaged"),
    ],
    ids=["gone", "empty", "cut"],
)
def test_spoilt_geopackage_is_refused_by_its_layer(
    plan: Path, spoil: Callable[[Path], None], message: str
) -> None:
    spoil(plan / "highways.gpkg")
    with pytest.raises(CatalogueInvalid, match=f"layer 'highways': .*{message}"):
        Catalogue.open(plan)


def test_parse_does_not_look_at_the_geopackages(plan: Path) -> None:
    for path in plan.glob("*.gpkg"):
        path.unlink()
    assert list(Catalogue.parse(plan)) == IDS


def test_busy_geopackage_is_the_machines_fault_not_the_catalogues(plan: Path) -> None:
    writer = apsw.Connection(str(plan / "highways.gpkg"))
    writer.execute("BEGIN EXCLUSIVE")
    try:
        with pytest.raises(FileBusy, match=r"highways\.gpkg"):
            Catalogue.open(plan)
    finally:
        writer.close()


# --- what it takes


def test_generic_kind_takes_any_table(plan: Path) -> None:
    extra = """
[[layer]]
id = "anything"
kind = "generic"
title = { zh = "其他", en = "Anything" }
geometry = "area"
file = "scenic-areas.gpkg"
table = "scenic_areas"
source = { zh = "虚构", en = "Synthetic" }
source_date = 2025-01-01
"""
    with (plan / "catalogue.toml").open("a", encoding="utf-8") as file:
        file.write(extra)
    catalogue = Catalogue.open(plan)
    assert list(catalogue) == [*IDS, "anything"]
    found = catalogue.read("anything")  # no id column: the table's key is the id
    assert found.index.tolist() == [1, 2, 3]
    assert found["feature_id"].tolist() == ["SC-1", "SC-2", "SC-3"]


@pytest.mark.parametrize(
    ("geometry", "stored"),
    [
        ("area", "MULTIPOLYGON"),
        ("area", "CURVEPOLYGON"),
        ("area", "GEOMETRY"),
        ("area", "multipolygon"),
        ("line", "MULTILINESTRING"),
        ("point", "MULTIPOINT"),
        ("point", "GEOMETRYCOLLECTION"),
    ],
)
def test_geometry_covers_single_multi_and_undeclared_tables(
    plan: Path, geometry: str, stored: str
) -> None:
    means = '\nline_means = "edge"' if geometry == "line" else ""
    edit(plan, 'geometry = "area"', f'geometry = "{geometry}"{means}')
    connection = apsw.Connection(str(plan / "industrial-parks.gpkg"))
    connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = ?", (stored,))
    connection.close()
    assert Catalogue.open(plan)["industrial-parks"].geometry == geometry


def test_entry_may_name_its_file_and_table(plan: Path) -> None:
    (plan / "maps").mkdir()
    (plan / "industrial-parks.gpkg").rename(plan / "maps" / "园区.gpkg")
    edit(plan, PARKS, 'id = "works"\nfile = "maps/园区.gpkg"\ntable = "industrial_parks"')
    catalogue = Catalogue.open(plan)
    assert catalogue.path("works") == plan / "maps" / "园区.gpkg"
    assert len(catalogue.read("works")) == 4
