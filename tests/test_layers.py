"""Anshan's layers: complete, drawn from facts alone, and honest about what is not known."""

from __future__ import annotations

import csv
import re
import shutil
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from geoplan import Catalogue
from geoplan.authoring import build_plan

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

ROOT = Path(__file__).parents[1]
LAYERS = ROOT / "layers"
FACTS = ROOT.parent / "shared" / "data" / "anshan" / "facts.csv"
COMPILED = date(2026, 11, 22)

FIVE = {
    "industrial-parks": "industrial_park",
    "river-remediation-zones": "river_zone",
    "highways": "highway",
    "scenic-areas": "scenic_area",
    "gas-pipelines": "gas_pipeline",
}
"""The plan's layers, and what facts.csv calls each."""

COURSES, PLACES = "river-centrelines", "places"
WITH_PROVENANCE = (*FIVE, COURSES)
AUTHORED = (*FIVE, COURSES, PLACES)

NAMES = {
    "industrial-parks": "清洁能源装备 电力装备 激光及显示器件 农副产品加工 菱镁转型升级示范园区 "
    "资源利用产业园 玉雕大师创意产业园 德邻陆港 辽宁激光产业园 鞍山高新区 腾鳌 达道湾 "
    "海城经济开发区 金和矿业 鞍钢电工钢 紫竹",
    "river-remediation-zones": "南沙河流域环境综合整治 杨柳河流域环境治理EOD 大洋河旅游开发 "
    "南沙河千山湾 市区段PPP",
    "highways": "本庄 本岫庄 本庄高速 鞍台 鞍台高速 台黑 沈海 沈大 丹锡 千山快速通道 盘海营",
    "scenic-areas": "千山风景名胜区 千山核心景区 千山中南部景区 鞍钢矿山生态园 鞍钢集团博物馆 "
    "樱山路体育公园 玉佛苑 二一九公园 玉佛山风景区 汤岗子 九龙川 台町 红楼 万客来",
    "gas-pipelines": "天然气置换 大沈线 秦沈线",
}

VERTEX_KINDS = {"control point", "reach end", "reach point"}
NOT_A_THING = {"summary"}
MAIN_RIVERS = {"太子河", "浑河", "辽河"}
STATUSES = {"planned", "approved", "under_construction", "built", "retired"}
METHODS = {"survey", "design", "digitised", "schematic"}
BASES = {"estimated", "derived", "sourced"}


@pytest.fixture(scope="module")
def plan() -> Catalogue:
    return Catalogue.open(LAYERS)


@pytest.fixture(scope="module")
def frames(plan: Catalogue) -> dict[str, GeoDataFrame]:
    return {layer: plan.read(layer) for layer in AUTHORED}


@pytest.fixture(scope="module")
def facts() -> dict[str, dict[str, str]]:
    if not FACTS.exists():
        pytest.skip(f"the facts the layers are made from are not here: {FACTS}")
    with FACTS.open(encoding="utf-8-sig") as lines:
        rows = list(csv.DictReader(lines))
    named = {row["name_zh"]: row for row in rows}
    assert len(named) == len(rows)
    return named


def null(value: Any) -> bool:
    return value is None or value != value


def located(frame: GeoDataFrame) -> GeoDataFrame:
    return frame[frame.geometry.notna()]


# ---- complete


@pytest.mark.parametrize("layer", NAMES)
def test_every_name_asked_for_is_found(frames: dict[str, GeoDataFrame], layer: str) -> None:
    frame = frames[layer]
    known = set(frame["name"]) | {
        alias for text in frame["name_alias"].dropna() for alias in text.split(";")
    }
    for name in NAMES[layer].split():
        assert any(name in one for one in known), name


def test_the_five_layers_are_the_plan_and_the_rest_is_context() -> None:
    catalogue = Catalogue.parse(LAYERS)
    assert [layer.id for layer in catalogue.values() if layer.role == "plan"] == list(FIVE)
    assert catalogue.plan.review_number is None
    assert catalogue.plan.data_date == COMPILED
    for credit in ("OpenStreetMap", "ODbL", "GeoNames", "CC BY 4.0", "天地图", "2025"):
        assert credit in catalogue.plan.attribution.zh
    assert "示意" in (catalogue.plan.note or catalogue.plan.title).zh


def test_no_row_of_the_facts_is_forgotten(
    frames: dict[str, GeoDataFrame], facts: dict[str, dict[str, str]]
) -> None:
    for layer, word in FIVE.items():
        rows = {name: row for name, row in facts.items() if row["layer"] == word}
        things = {name for name, row in rows.items() if row["kind"] not in VERTEX_KINDS}
        things -= {name for name, row in rows.items() if row["kind"] in NOT_A_THING}
        assert set(frames[layer]["facts_name"]) == things - MAIN_RIVERS, layer
        vertices = {name for name, row in rows.items() if row["kind"] in VERTEX_KINDS}
        assert vertices <= set(frames[PLACES]["facts_name"].dropna()), layer
    assert set(frames[COURSES]["facts_name"]) >= MAIN_RIVERS
    assert "35" in (LAYERS / "README.md").read_text(encoding="utf-8")  # the summary row


def test_every_place_of_the_facts_is_a_place_with_its_figures(
    frames: dict[str, GeoDataFrame], facts: dict[str, dict[str, str]]
) -> None:
    places = frames[PLACES]
    told = places[places["facts_name"].notna()]
    wanted = {
        name for name, row in facts.items() if row["lon"] and row["kind"] != "county-level unit"
    }
    assert set(told["facts_name"]) == wanted
    for place in told.itertuples():
        row = facts[place.facts_name]
        assert (place.geometry.x, place.geometry.y) == (float(row["lon"]), float(row["lat"]))
        assert place.geometry_accuracy_m == float(row["accuracy_m"]), place.Index
        assert place.basis_note == row["coord_basis"]
        assert row["source"].strip() in place.source
        estimated = "ESTIMATED" in row["coord_basis"]
        assert (place.coordinate_basis == "estimated") == estimated, place.Index
        assert not estimated or "no source" in place.source
    assert (told["coordinate_basis"] == "estimated").sum() == 18


def test_the_few_other_places_are_towns_with_credit(frames: dict[str, GeoDataFrame]) -> None:
    places = frames[PLACES]
    others = places[places["facts_name"].isna()]
    assert set(others["name"]) == {"营口", "辽阳", "沈阳", "黑山"}
    assert others["source"].str.contains("GeoNames.*CC BY 4.0").all()


# ---- what every feature must say


def lacking(feature: Any) -> list[str]:
    """Return what a feature of a layer fails to say, or claims without ground."""
    faults = [name for name in ("name", "name_en", "source") if not str(feature[name] or "")]
    faults += [name for name in ("name", "name_en", "source") if null(feature[name])]
    if not isinstance(feature["source_date"], date) or feature["source_date"] > COMPILED:
        faults.append("source_date")
    if not null(feature["status"]) and feature["status"] not in STATUSES:
        faults.append("status")
    if feature.geometry is None:
        faults += [
            name
            for name in ("geometry_method", "geometry_accuracy_m", "geometry_recipe")
            if not null(feature[name])
        ]
        expected = {"coordinate_basis": {"unpublished"}, "data_quality": {"none"}}
    else:
        if null(feature["geometry_accuracy_m"]) or feature["geometry_accuracy_m"] <= 0:
            faults.append("geometry_accuracy_m")
        if null(feature["geometry_recipe"]):
            faults.append("geometry_recipe")
        expected = {
            "geometry_method": {"schematic"},
            "coordinate_basis": BASES,
            "data_quality": {"indicative"},
        }
    return faults + [name for name, allowed in expected.items() if feature[name] not in allowed]


@pytest.mark.parametrize("layer", WITH_PROVENANCE)
def test_every_feature_says_what_it_must(frames: dict[str, GeoDataFrame], layer: str) -> None:
    frame = frames[layer]
    assert {name: found for name, row in frame.iterrows() if (found := lacking(row))} == {}


@pytest.mark.parametrize(
    "field",
    ["source", "source_date", "geometry_accuracy_m", "coordinate_basis", "data_quality"],
)
def test_a_feature_that_lacks_one_is_found(frames: dict[str, GeoDataFrame], field: str) -> None:
    feature = frames["scenic-areas"].loc["AS-SA-001"].copy()
    assert lacking(feature) == []
    feature[field] = None
    assert field in lacking(feature)


@pytest.mark.parametrize("layer", WITH_PROVENANCE)
def test_what_has_no_published_site_is_not_drawn_and_says_so(
    frames: dict[str, GeoDataFrame], layer: str
) -> None:
    frame = frames[layer]
    missing = frame[frame.geometry.isna()]
    assert missing["remarks"].str.contains("不绘图形").all()
    assert missing["remarks_en"].str.lower().str.contains("not drawn").all()
    measured = "area_m2" if "area_m2" in frame else "length_m"
    assert missing[measured].isna().all()
    assert (located(frame)[measured] > 0).all()


def test_the_columns_that_layers_share_are_the_same(frames: dict[str, GeoDataFrame]) -> None:
    common = [name for name in frames["highways"] if name in set(frames["scenic-areas"])]
    assert len(common) == 25  # with the geometry
    for layer in WITH_PROVENANCE:
        assert [name for name in frames[layer] if name in common] == common, layer


def test_an_estimate_is_never_drawn_fine(frames: dict[str, GeoDataFrame]) -> None:
    for layer in AUTHORED:
        estimated = frames[layer][frames[layer]["coordinate_basis"] == "estimated"]
        assert (estimated["geometry_accuracy_m"] >= 1000).all(), layer
        assert (estimated["geometry_method"] == "schematic").all(), layer


def test_ids_are_stable_names_of_their_layer(frames: dict[str, GeoDataFrame]) -> None:
    letters = {"industrial-parks": "IP", "river-remediation-zones": "RR", "highways": "HW"}
    letters |= {"scenic-areas": "SA", "gas-pipelines": "GP", COURSES: "RC"}
    for layer, pair in letters.items():
        numbers = range(1, len(frames[layer]) + 1)
        assert list(frames[layer].index) == [f"AS-{pair}-{number:03d}" for number in numbers]


# ---- the figures are those of the facts


@pytest.mark.parametrize("layer", WITH_PROVENANCE)
def test_figures_and_sources_are_those_of_the_facts(
    frames: dict[str, GeoDataFrame], facts: dict[str, dict[str, str]], layer: str
) -> None:
    for feature in frames[layer].to_dict("records"):
        row = facts[feature["facts_name"]]
        assert feature["source"] == row["source"].strip()
        assert null(feature["source_url"]) or feature["source_url"] in row["source"]
        numbers = {
            "declared_length_km": (row["length_km"], 1),
            "investment_total": (row["investment_yi_cny"], 10_000),
            "lanes": (row["lanes"], 1),
            "design_speed_kmh": (row["design_speed_kmh"], 1),
        }
        for column, (printed, factor) in numbers.items():
            if not null(feature.get(column)):
                assert feature[column] == pytest.approx(float(printed) * factor), feature["name"]
        if not null(feature["in_plan_2025"]):
            assert feature["in_plan_2025"] == (row["in_2025_plan"] == "yes"), feature["name"]


def test_no_figure_of_the_facts_is_left_out(
    frames: dict[str, GeoDataFrame], facts: dict[str, dict[str, str]]
) -> None:
    features = [one for layer in WITH_PROVENANCE for one in frames[layer].to_dict("records")]
    for name, row in facts.items():
        mine = [one for one in features if one["facts_name"] == name]
        if mine and row["length_km"]:  # of a river the length is that of its course
            assert float(row["length_km"]) in [one["declared_length_km"] for one in mine], name
        if mine and row["investment_yi_cny"]:
            wanted = pytest.approx(float(row["investment_yi_cny"]) * 10_000)
            assert wanted in [one["investment_total"] for one in mine], name


def test_areas_are_those_of_the_facts(
    frames: dict[str, GeoDataFrame], facts: dict[str, dict[str, str]]
) -> None:
    in_the_words = {"AS-SA-002": "core 44", "AS-SA-011": "860.6 ha"}
    for layer in ("industrial-parks", "scenic-areas"):
        frame = frames[layer]
        for feature in frame[frame["declared_area_ha"].notna()].itertuples():
            row = facts[feature.facts_name]
            if feature.Index in in_the_words:
                assert in_the_words[feature.Index] in row["facts"]
                continue
            (first,) = re.findall(r"^[\d.]+", row["area_km2"])
            assert feature.declared_area_ha == pytest.approx(float(first) * 100), feature.name


def test_a_source_date_is_printed_or_is_the_day_of_compiling(
    frames: dict[str, GeoDataFrame],
) -> None:
    for layer in WITH_PROVENANCE:
        for feature in frames[layer].itertuples():
            day: date = feature.source_date
            digits = re.sub(r"[-/]", "", feature.source)
            if day == COMPILED:
                assert "编纂日" in feature.remarks, feature.Index
            else:
                assert f"{day:%Y%m%d}" in digits, feature.Index


# ---- text, GeoPackages and README agree


def test_the_geopackages_are_what_the_sources_make(tmp_path: Path) -> None:
    fresh = tmp_path / "layers"
    shutil.copytree(LAYERS, fresh, ignore=shutil.ignore_patterns("*.gpkg", "context"))
    assert all(report.built for report in build_plan(fresh))
    old, new = Catalogue.open(LAYERS), Catalogue.open(fresh)
    for layer in AUTHORED:
        assert old.table(layer).columns == new.table(layer).columns, layer
        for mine, theirs in zip(old.rows(layer), new.rows(layer), strict=True):
            assert mine == theirs, f"{layer} {mine[0]}: run geoplan build --plan layers"


def test_a_second_build_changes_no_file(tmp_path: Path) -> None:
    copy = tmp_path / "layers"
    shutil.copytree(LAYERS, copy)
    before = {path.name: path.read_bytes() for path in copy.glob("*.gpkg")}
    assert len(before) == len(AUTHORED)
    assert not any(report.built for report in build_plan(copy))
    assert {path.name: path.read_bytes() for path in copy.glob("*.gpkg")} == before


def test_the_readme_counts_what_is_there(frames: dict[str, GeoDataFrame]) -> None:
    text = (LAYERS / "README.md").read_text(encoding="utf-8")
    row = r"(?m)^\| `([a-z-]+)` \| (\d+) \| (\d+) \| ([\d–]+) \| ([^|]+) \|"
    rows = re.findall(row, text)
    told = {layer: figures for layer, *figures in rows}
    assert list(told) == list(AUTHORED)
    for layer, (features, drawn, accuracy, bases) in told.items():
        frame = frames[layer]
        assert (int(features), int(drawn)) == (len(frame), len(located(frame))), layer
        known = frame["geometry_accuracy_m"].dropna()
        ends = f"{known.min():.0f}–{known.max():.0f}"
        assert accuracy == ends, layer
        counts = located(frame)["coordinate_basis"].value_counts()
        for count, basis in re.findall(r"(\d+) (\w+)", bases):
            assert int(count) == counts.get(basis, 0), layer
        assert sum(int(n) for n in re.findall(r"\d+", bases)) == len(located(frame)), layer
