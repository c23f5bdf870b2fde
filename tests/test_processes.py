"""Processes: inputs checked, names on their own side, what is left out is said."""

from __future__ import annotations

import inspect
import math
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from pydantic import ValidationError
from shapely.geometry import Point, Polygon, box

from geoplan import Catalogue, processes
from geoplan.errors import (
    BadQuery,
    EmptyLayer,
    InvalidGeometry,
    LayerNotFound,
    WrongGeometryType,
)
from geoplan.model import Document, LeftOut, Result
from geoplan.processes import (
    PROCESSES,
    CoverageInputs,
    LayersInputs,
    MapInputs,
    OverlapInputs,
)
from geoplan.store.write import write_geopackage

EAST, NORTH = 500_000, 4_550_000
NO_POSITION = LeftOut("no_geometry", ("industrial-parks",), ("IP-4",))


def with_layer(
    town_dir: Path, tmp_path: Path, shapes: list[Any], index: Any = None, **entry: Any
) -> Catalogue:
    """Return the town with one more layer ``plots``, whose ids are whole numbers."""
    directory = tmp_path / "town"
    shutil.copytree(town_dir, directory)
    fields = {"geometry": "area", "kind": "generic"} | entry
    more = "".join(f'{name} = "{value}"\n' for name, value in fields.items())
    catalogue = directory / "catalogue.toml"
    catalogue.write_text(
        catalogue.read_text(encoding="utf-8") + f'\n[[layer]]\nid = "plots"\n{more}'
        'title = { zh = "地块", en = "Plots" }\n'
        'source = { zh = "虚构", en = "Synthetic" }\nsource_date = 2025-01-01\n',
        encoding="utf-8",
    )
    features = gpd.GeoDataFrame(
        geometry=shapes, index=range(11, 11 + len(shapes)) if index is None else index, crs=4550
    )
    write_geopackage(
        directory / "plots.gpkg",
        "plots",
        features,
        id_column=None,
        identifier="plots",
        description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )
    return Catalogue.open(directory)


# The register


def test_each_process_stands_under_its_id_in_both_languages() -> None:
    assert list(PROCESSES) == [
        *("layers", "overlap", "coverage", "overlap-matrix", "clearance", "nearest", "site-check"),
        *("check", "diff", "legal-zones"),
        *("chainage", "locate", "station", "along"),
        *("zonal-statistics", "zonal-classes", "profile"),
        *("slope", "aspect", "hillshade", "cog"),
        *("map", "figure", "report", "quality"),
    ]
    for name, process in PROCESSES.items():
        assert process.id == name
        assert process.title.zh
        assert process.title.en
        assert process.description.zh.endswith("。")
        assert process.description.en.endswith(".")


REQUIRED = {
    "nearest": {"layers"},
    "diff": {"old"},
    "site-check": {"geometry"},
    "locate": {"layer", "feature", "chainages"},
    "station": {"layer", "feature", "points"},
    "along": {"layer", "points", "upstream_m", "downstream_m"},
    "zonal-statistics": {"raster"},
    "zonal-classes": {"raster"},
    "profile": {"layer", "feature", "raster"},
    **{name: {"raster"} for name in ("slope", "aspect", "hillshade", "cog")},
}
"""What a process cannot be asked without; all else has a default."""


@pytest.mark.parametrize("name", PROCESSES)
def test_inputs_have_a_description_and_but_for_the_required_a_default(name: str) -> None:
    inputs = PROCESSES[name].inputs
    if name in REQUIRED:
        with pytest.raises(ValidationError) as refused:
            inputs.model_validate({})
        assert {error["loc"] for error in refused.value.errors()} == {
            (field,) for field in REQUIRED[name]
        }
    else:
        assert inputs() == inputs.model_validate({})
    for field, schema in inputs.model_json_schema()["properties"].items():
        assert schema.get("description"), field


@pytest.mark.parametrize("name", PROCESSES)
def test_unknown_inputs_are_refused(name: str) -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        PROCESSES[name].inputs.model_validate({"layerz": ["highways"]})


@pytest.mark.parametrize("minimum", [-1, math.nan, math.inf, "much", None])
@pytest.mark.parametrize("field", ["min_area_m2", "min_length_m"])
def test_a_minimum_is_a_finite_number_from_zero(field: str, minimum: Any) -> None:
    with pytest.raises(ValidationError, match=field):
        OverlapInputs.model_validate({field: minimum})


@pytest.mark.parametrize(
    ("model", "wrong"),
    [
        (OverlapInputs, {"layers": ["a", "b", "c"]}),
        (OverlapInputs, {"layers": [1]}),
        (CoverageInputs, {"by": "scenic-areas"}),
        (MapInputs, {"lang": "fr"}),
        (LayersInputs, {"layers": 5}),
    ],
)
def test_wrong_inputs_are_refused(model: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match=next(iter(wrong))):
        model.model_validate(wrong)


def test_inputs_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        OverlapInputs().min_area_m2 = 5.0  # type: ignore[misc]


@pytest.mark.parametrize(
    ("run", "inputs"),
    [
        (processes.layers, LayersInputs(layers=("roads",))),
        (processes.overlap, OverlapInputs(layers=("roads",))),
        (processes.overlap, OverlapInputs(layers=("highways", "roads"))),
        (processes.coverage, CoverageInputs(layers=("roads",))),
        (processes.coverage, CoverageInputs(by=("roads",))),
        (processes.map_, MapInputs(layers=("roads",))),
    ],
    ids=["layers", "overlap", "overlap second", "coverage", "coverage by", "map"],
)
def test_an_unknown_layer_is_refused_and_the_known_ones_named(
    run: Any, inputs: Any, town: Catalogue
) -> None:
    with pytest.raises(LayerNotFound, match="'roads'; it has: industrial-parks, scenic-areas"):
        run(town, inputs)


# layers


def test_layers_counts_features_and_positions(town: Catalogue) -> None:
    result = processes.layers(town, LayersInputs())
    table = result.features.set_index("layer")
    counts = dict(zip(table.index, table["feature_count"], strict=True))
    assert counts == {
        "industrial-parks": 4,
        "scenic-areas": 3,
        "river-remediation-zones": 2,
        "highways": 2,
        "gas-pipelines": 3,
    }
    located = dict(zip(table.index, table["located_count"], strict=True))
    assert located == counts | {"industrial-parks": 3}
    assert set(table["crs"]) == {"EPSG:4550"}
    assert table.loc["highways", "line_means"] == "centreline"
    assert list(table.loc["highways", ["title", "title_en"]]) == ["公路", "Highways"]
    assert result.process == "layers"


def test_layers_keeps_the_order_asked_for(town: Catalogue) -> None:
    asked = LayersInputs(layers=("highways", "industrial-parks"))
    result = processes.layers(town, asked)
    assert result.features["layer"].tolist() == ["highways", "industrial-parks"]
    assert [layer.id for layer in result.sources] == ["highways", "industrial-parks"]


def test_layers_counts_an_empty_layer_and_empty_geometries(town_dir: Path, tmp_path: Path) -> None:
    shapes = [box(0, 0, 1, 1), Polygon(), None]
    table = processes.layers(with_layer(town_dir, tmp_path / "a", shapes), LayersInputs()).features
    assert table[["feature_count", "located_count"]].iloc[-1].tolist() == [3, 1]
    table = processes.layers(with_layer(town_dir, tmp_path / "b", []), LayersInputs()).features
    assert table[["feature_count", "located_count"]].iloc[-1].tolist() == [0, 0]


# overlap


def ids(result: Result) -> list[tuple[str, str]]:
    return list(zip(result.features["left_id"], result.features["right_id"], strict=True))


def test_two_layers_first_against_second(town: Catalogue) -> None:
    result = processes.overlap(town, OverlapInputs(layers=("gas-pipelines", "industrial-parks")))
    assert ids(result) == [("GP-1", "IP-2"), ("GP-3", "IP-1"), ("GP-2", "IP-1")]
    assert set(result.features["left_layer"]) == {"gas-pipelines"}
    assert set(result.features["right_layer"]) == {"industrial-parks"}
    assert [layer.id for layer in result.sources] == ["gas-pipelines", "industrial-parks"]
    assert result.left_out == (NO_POSITION,)


def test_one_layer_against_every_other(town: Catalogue) -> None:
    result = processes.overlap(town, OverlapInputs(layers=("highways",)))
    assert ids(result) == [
        ("HW-1", "IP-1"),
        ("HW-1", "SC-1"),
        ("HW-2", "IP-2"),
        ("HW-2", "RR-1"),
        ("HW-1", "IP-2"),
        ("HW-1", "GP-2"),
    ]
    assert set(result.features["left_layer"]) == {"highways"}
    assert result.left_out == (NO_POSITION,)


def test_no_layer_means_every_pair_areas_lines_points_largest_first(town: Catalogue) -> None:
    result = processes.overlap(town, OverlapInputs())
    features = result.features
    assert len(features) == 18
    areas, lines, touching = features.iloc[:6], features.iloc[6:17], features.iloc[17]
    assert areas["area_m2"].is_monotonic_decreasing
    assert areas["length_m"].isna().all()
    assert lines["length_m"].is_monotonic_decreasing
    assert lines["area_m2"].isna().all()
    assert (touching["left_id"], touching["right_id"]) == ("RR-2", "GP-2")
    assert touching[["area_m2", "length_m", "point_count"]].isna().all()
    assert touching["distance_m"] == 0
    assert features.index.tolist() == list(range(18))
    assert ids(result)[0] == ("IP-1", "SC-1")
    assert ids(result)[6:8] == [("IP-1", "HW-1"), ("IP-2", "GP-1")]
    assert result.left_out == (NO_POSITION,)
    assert [layer.id for layer in result.sources] == list(town)


def test_names_stand_beside_the_features_they_belong_to(town: Catalogue) -> None:
    names = {
        feature_id: (layer_id, row["name"], row["name_en"])
        for layer_id in town
        for feature_id, row in town.read(layer_id).iterrows()
    }
    features = processes.overlap(town, OverlapInputs()).features
    for side in ("left", "right"):
        columns = [f"{side}_layer", f"{side}_id", f"{side}_name", f"{side}_name_en"]
        start = features.columns.tolist().index(columns[0])
        assert features.columns[start : start + 4].tolist() == columns
        for layer_id, feature_id, name, name_en in features[columns].itertuples(index=False):
            assert names[feature_id] == (layer_id, name, name_en)
    assert list(features.loc[0, ["left_name", "right_name"]]) == ["北园", "西山"]


def test_accuracy_stands_beside_the_features_it_belongs_to(town_dir: Path, tmp_path: Path) -> None:
    plots = [box(EAST - 1500, NORTH + 200, EAST - 1400, NORTH + 300)]
    catalogue = with_layer(town_dir, tmp_path, plots)  # has no such column
    asked = OverlapInputs(layers=("plots", "industrial-parks"))
    pairs = processes.overlap(catalogue, asked).features
    assert pairs["left_accuracy_m"].isna().tolist() == [True]
    assert pairs["right_accuracy_m"].tolist() == [1.0]
    zones = processes.coverage(catalogue, CoverageInputs()).features.set_index("zone_id")
    assert zones.loc["IP-1", "zone_accuracy_m"] == 1.0
    assert zones["zone_accuracy_m"].isna().loc[11]


def test_totals_are_the_sums_of_the_rows(town: Catalogue) -> None:
    for layers in ((), ("highways",), ("industrial-parks", "scenic-areas")):
        result = processes.overlap(town, OverlapInputs(layers=layers))
        assert result.totals == {
            "count": len(result.features),
            "area_m2": pytest.approx(math.fsum(result.features["area_m2"].dropna())),
            "length_m": pytest.approx(math.fsum(result.features["length_m"].dropna())),
            "point_count": result.features["point_count"].sum(),
            "hit_count": (result.features["outcome"] == "hit").sum(),
            "uncertain_count": (result.features["outcome"] == "uncertain").sum(),
        }


def test_pairs_below_the_minimum_are_left_out_with_their_layers(town: Catalogue) -> None:
    result = processes.overlap(town, OverlapInputs(min_area_m2=40_000, min_length_m=450))
    assert ids(result) == [
        ("IP-1", "SC-1"),
        ("IP-2", "SC-3"),
        ("IP-1", "HW-1"),
        ("IP-2", "GP-1"),
        ("SC-1", "HW-1"),
        ("SC-1", "GP-2"),
        ("HW-1", "GP-2"),
        ("RR-2", "GP-2"),
    ]
    below = {one.layers: one for one in result.left_out if one.reason == "below_minimum"}
    assert below["industrial-parks", "scenic-areas"].ids == (("IP-2", "SC-2"),)
    assert below["industrial-parks", "highways"].ids == (("IP-2", "HW-2"), ("IP-2", "HW-1"))
    assert sum(one.count for one in below.values()) == 16 - 6
    assert result.totals["count"] == 6 + 2
    assert result.inputs["min_length_m"] == 450


def test_when_all_is_below_the_minimum_what_has_no_size_is_left(town: Catalogue) -> None:
    inputs = OverlapInputs(min_area_m2=1e9, min_length_m=1e9)
    result = processes.overlap(town, inputs)
    full = processes.overlap(town, OverlapInputs())
    assert ids(result) == [("HW-1", "GP-2"), ("RR-2", "GP-2")]
    assert result.features.columns.tolist() == full.features.columns.tolist()
    assert (result.totals["area_m2"], result.totals["length_m"]) == (0, 0)
    assert sum(one.count for one in result.left_out if one.reason == "below_minimum") == 16
    areas = inputs.model_copy(update={"layers": ("industrial-parks", "scenic-areas")})
    none = processes.overlap(town, areas)
    assert len(none.features) == 0
    assert none.features.columns.tolist() == full.features.columns.tolist()
    assert none.totals["count"] == 0


def test_a_plan_of_one_layer_has_nothing_to_measure_against(town: Catalogue) -> None:
    alone = Catalogue(town.directory, town.plan, (town["highways"],))
    with pytest.raises(BadQuery, match="no two layers"):
        processes.overlap(alone, OverlapInputs())
    with pytest.raises(BadQuery, match="no two layers"):
        processes.coverage(alone, CoverageInputs())


def test_ids_that_are_numbers_in_one_layer_and_text_in_another(
    town_dir: Path, tmp_path: Path
) -> None:
    plots = [
        box(EAST - 1500, NORTH + 200, EAST - 1400, NORTH + 300),
        None,
        box(EAST - 1400, NORTH + 200, EAST - 1380, NORTH + 210),
    ]
    catalogue = with_layer(town_dir, tmp_path, plots)
    result = processes.overlap(catalogue, OverlapInputs(layers=("plots",)))
    assert ids(result) == [(11, "IP-1"), (13, "IP-1")]  # type: ignore[comparison-overlap]
    assert result.features["left_name"].isna().all()
    # the layer says nothing of its accuracy: what it shares is uncertain, and so is the rest of it
    assert result.features["outcome"].tolist() == ["uncertain", "uncertain"]
    assert result.left_out[0] == LeftOut("no_geometry", ("plots",), (12,))
    assert LeftOut("no_accuracy", ("plots",)) in result.left_out
    assert len(processes.overlap(catalogue, OverlapInputs()).features) == 18 + 2


def test_points_are_counted_in_areas(town_dir: Path, tmp_path: Path) -> None:
    # inside IP-1, 250 m from its south edge; far from everything
    points = [Point(EAST - 1000, NORTH + 450), Point(EAST + 2500, NORTH - 1500)]
    catalogue = with_layer(town_dir, tmp_path, points, geometry="point")
    result = processes.overlap(catalogue, OverlapInputs(layers=("plots",)))
    (row,) = result.features.itertuples()
    assert (row.left_id, row.right_id, row.point_count) == (11, "IP-1", 1)


def test_context_layers_take_part_only_when_named(town_dir: Path, tmp_path: Path) -> None:
    plots = [box(EAST - 1500, NORTH + 200, EAST - 1400, NORTH + 300)]
    catalogue = with_layer(town_dir, tmp_path, plots, role="context")
    assert len(processes.overlap(catalogue, OverlapInputs()).features) == 18
    named = OverlapInputs(layers=("plots", "industrial-parks"))
    assert ids(processes.overlap(catalogue, named)) == [(11, "IP-1")]  # type: ignore[comparison-overlap]
    zones = processes.coverage(catalogue, CoverageInputs()).features["zone_layer"]
    assert "plots" not in set(zones)


def test_an_empty_layer_is_an_error(town_dir: Path, tmp_path: Path) -> None:
    catalogue = with_layer(town_dir, tmp_path, [])
    with pytest.raises(EmptyLayer):
        processes.overlap(catalogue, OverlapInputs(layers=("plots", "industrial-parks")))
    with pytest.raises(EmptyLayer):
        processes.coverage(catalogue, CoverageInputs(layers=("industrial-parks",), by=("plots",)))


def test_an_invalid_geometry_is_an_error_with_id_and_place(town_dir: Path, tmp_path: Path) -> None:
    bow_tie = Polygon(
        [(EAST, NORTH), (EAST + 10, NORTH + 10), (EAST + 10, NORTH), (EAST, NORTH + 10)]
    )
    catalogue = with_layer(town_dir, tmp_path, [bow_tie])
    with pytest.raises(InvalidGeometry, match=r"feature 11 .*500005 4550005"):
        processes.overlap(catalogue, OverlapInputs())


# coverage


def test_every_area_layer_is_covered_by_the_other_area_layers(town: Catalogue) -> None:
    result = processes.coverage(town, CoverageInputs())
    features = result.features
    assert features["zone_id"].tolist() == [
        *("IP-1", "IP-2", "IP-3", "IP-4"),
        *("SC-1", "SC-2", "SC-3"),
        *("RR-1", "RR-2"),
    ]
    by = dict(zip(features["zone_layer"], features["by"], strict=True))
    assert by == {
        "industrial-parks": "scenic-areas, river-remediation-zones",
        "scenic-areas": "industrial-parks, river-remediation-zones",
        "river-remediation-zones": "industrial-parks, scenic-areas",
    }
    assert result.left_out == (NO_POSITION,)
    names = dict(zip(features["zone_id"], features["zone_name"], strict=True))
    assert names["SC-3"] == "湖畔绿道"
    assert names["IP-4"] == "拟建园"
    assert features["zone_name_en"].iloc[-1] == "North Brook and lake mouth works"


def test_coverage_of_one_layer_by_two_named(town: Catalogue) -> None:
    asked = CoverageInputs(
        layers=("scenic-areas",), by=("river-remediation-zones", "industrial-parks")
    )
    result = processes.coverage(town, asked)
    assert result.features["zone_id"].tolist() == ["SC-1", "SC-2", "SC-3"]
    assert set(result.features["by"]) == {"river-remediation-zones, industrial-parks"}
    assert [layer.id for layer in result.sources] == [
        "scenic-areas",
        "river-remediation-zones",
        "industrial-parks",
    ]


def test_coverage_totals_are_the_sums_of_the_rows(town: Catalogue) -> None:
    result = processes.coverage(town, CoverageInputs())
    rows = result.features[result.features["zone_id"] != "IP-4"]
    assert result.totals == {
        "count": 9,
        "zone_area_m2": pytest.approx(math.fsum(rows["zone_area_m2"])),
        "covered_area_m2": pytest.approx(math.fsum(rows["covered_area_m2"])),
    }


@pytest.mark.parametrize(
    "asked",
    [
        CoverageInputs(layers=("scenic-areas",), by=("highways",)),
        CoverageInputs(layers=("scenic-areas",), by=("industrial-parks", "gas-pipelines")),
    ],
    ids=["lines as cover", "lines as second cover"],
)
def test_only_areas_cover(asked: CoverageInputs, town: Catalogue) -> None:
    with pytest.raises(WrongGeometryType, match="share of area"):
        processes.coverage(town, asked)


def test_coverage_needs_another_area_layer(town: Catalogue) -> None:
    alone = Catalogue(town.directory, town.plan, (town["scenic-areas"],))
    with pytest.raises(BadQuery, match="at least one layer"):
        processes.coverage(alone, CoverageInputs())


# The run record


@pytest.mark.parametrize("name", ["overlap", "coverage", "map"])
def test_the_run_record_says_how_the_answer_came_about(name: str, town: Catalogue) -> None:
    before = datetime.now(tz=UTC)
    result = PROCESSES[name].run(town, PROCESSES[name].inputs())
    assert result.process == name
    assert result.run.software.startswith("geoplan 0.")
    assert before <= result.run.time <= datetime.now(tz=UTC)
    assert result.run.measuring_planes == ("EPSG:4550",)
    assert result.inputs == PROCESSES[name].inputs().model_dump()


def test_the_same_question_has_the_same_answer(town: Catalogue) -> None:
    for name in ("overlap", "coverage"):
        process = PROCESSES[name]
        one, other = (process.run(town, process.inputs()) for _ in range(2))
        assert isinstance(one, Result)
        assert isinstance(other, Result)
        pd.testing.assert_frame_equal(pd.DataFrame(one.features), pd.DataFrame(other.features))
        assert one.left_out == other.left_out
        assert one.totals == other.totals


# map


def test_a_map_is_a_document(town: Catalogue) -> None:
    document = PROCESSES["map"].run(town, MapInputs(lang="en"))
    assert isinstance(document, Document)
    assert document.media_type == "text/html"
    assert str(document.content).startswith("<!DOCTYPE html>")
    nothing = {"check": False, "packs": (), "on": None, "exclude_fields": (), "precision": None}
    nothing |= {"rasters": (), "served_from": None}
    assert document.inputs == {"layers": (), "lang": "en", **nothing}
    assert [layer.id for layer in document.sources] == list(town)


@pytest.mark.parametrize(
    "chosen", [("highways",), ("scenic-areas",), ("highways", "scenic-areas")], ids=str
)
def test_a_map_of_few_layers_needs_no_analysis(chosen: tuple[str, ...], town: Catalogue) -> None:
    document = processes.map_(town, MapInputs(layers=chosen))
    assert str(document.content).startswith("<!DOCTYPE html>")
    assert [layer.id for layer in document.sources] == list(chosen)


def test_a_map_of_lines_only_is_a_map(town: Catalogue) -> None:
    document = processes.map_(town, MapInputs(layers=("highways", "gas-pipelines")))
    assert str(document.content).startswith("<!DOCTYPE html>")


TELL_PROGRESS = ("overlap", "coverage", "quality", "report", "figure")


def test_processes_take_a_catalogue_and_inputs_and_nothing_else() -> None:
    for name, process in PROCESSES.items():
        told = ["progress"] if name in TELL_PROGRESS else []
        told += ["map"] if name in ("overlap", "coverage", "clearance", "check") else []
        assert list(inspect.signature(process.run).parameters) == ["catalogue", "inputs", *told]
