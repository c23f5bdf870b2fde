"""Each code: a case that makes it, and a near miss that does not."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from shapely import Point, box, from_wkt

from geoplan.i18n import phrases
from geoplan.model import Bbox, Text
from geoplan.quality import CODES, LEVELS, Limits, inspect
from geoplan.schema import Field, LayerSchema, Value

ROOT = Path(__file__).parents[2]
TODAY = date(2025, 6, 15)
X, Y = 500_000.0, 4_550_000.0  # EPSG:4550, on the meridian 123°, latitude 41.08°
PLAN = Bbox(122.9, 41.0, 123.2, 41.3)


def _field(name: str, kind: Any = "TEXT", **more: Any) -> Field:
    return Field(name=name, label=Text(zh=name, en=name), type=kind, **more)


def _schema(*fields: Field, **more: Any) -> LayerSchema:
    table = {"kind": "plot", "title": {"zh": "地块", "en": "Plot"}, "geometry": ("area",), **more}
    return LayerSchema.model_validate({**table, "fields": fields})


PLAIN = _schema(_field("feature_id", required=True))
DISJOINT = _schema(disjoint=True)
LINES = _schema(geometry=("line",))
ANY = _schema(geometry=("point", "line", "area"))


def _at(wkt: str) -> Any:
    """Return a geometry given in metres from the corner of the site."""
    geometry = from_wkt(wkt)
    return shapely.transform(geometry, lambda xy: xy + np.array([X, Y]))


def _frame(*geometries: Any, crs: Any = 4550, ids: list[Any] | None = None, **columns: Any) -> Any:
    shapes = [_at(one) if isinstance(one, str) else one for one in geometries]
    index = pd.Index(ids or [f"P{n}" for n in range(1, len(shapes) + 1)], name="id")
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=crs, index=index)


def _found(frame: Any, schema: LayerSchema | None = PLAIN, **more: Any) -> gpd.GeoDataFrame:
    return inspect(frame, schema=schema, extent=PLAN, today=TODAY, **more)


def _codes(frame: Any, schema: LayerSchema | None = PLAIN, **more: Any) -> set[str]:
    return set(_found(frame, schema, **more)["code"])


PLOT = "POLYGON ((0 0, 300 0, 300 200, 0 200, 0 0))"
NEXT = "POLYGON ((300 0, 700 0, 700 500, 300 500, 300 0))"
BOW = "POLYGON ((0 0, 300 300, 300 0, 0 150, 0 0))"
TWO = "MULTIPOLYGON (((0 0, 50 0, 50 20, 0 20, 0 0)), ((40 0, 90 0, 90 30, 40 30, 40 0)))"
TOUCHING = "MULTIPOLYGON (((0 0, 50 0, 50 20, 0 20, 0 0)), ((50 20, 90 20, 90 50, 50 50, 50 20)))"
A_LINE = "LINESTRING (0 0, 300 0, 300 70)"


def _with(column: Field, value: Any) -> tuple[Any, LayerSchema]:
    return _frame(PLOT, **{column.name: [value]}), _schema(column)


def _pair(first: str, last: str, one: Any, other: Any, kind: str = "TEXT") -> tuple[Any, Any]:
    frame = _frame(PLOT, **{first: [one], last: [other]})
    return frame, _schema(_field(first, kind), _field(last, kind))


STATUS = _field("status", values=(Value(code="built", label=Text(zh="建成", en="built")),))
SET = _field("works", multiple=True, values=tuple(
    Value(code=code, label=Text(zh=code, en=code)) for code in ("levee", "dredging")))  # fmt: skip
WIDTH = _field("width_m", "REAL", minimum=2, maximum=40)
NAME = _field("name", length=5)
NOTE = _field("note")
ACCURACY = _field("geometry_accuracy_m", "REAL", required=True)
NEEDED = _field("road_code", required=True)
APPROVED = _field("approval_date", "DATE")
LENGTH = _field("declared_length_km", "REAL")
AREA = _field("declared_area_ha", "REAL")

Case = tuple[str, Any, LayerSchema | None, Any, LayerSchema | None]
CASES: list[Case] = [
    ("empty-layer", _frame(), PLAIN, _frame(PLOT), PLAIN),
    ("missing-field", _frame(PLOT), _schema(NEEDED), *_with(NEEDED, "S1")),
    ("missing-field", _frame(PLOT), _schema(NEEDED), _frame(PLOT), _schema(NAME)),
    ("unknown-field", _frame(PLOT, x=[1]), PLAIN, _frame(PLOT, x=[1]), _schema(open=True)),
    ("null-required", *_with(NEEDED, None), *_with(NOTE, None)),
    ("wrong-type", *_with(WIDTH, "12"), *_with(WIDTH, 12)),
    ("wrong-type", *_with(NAME, 5), *_with(NAME, "5")),
    ("wrong-type", *_with(_field("lanes", "INTEGER"), 4.5),
     *_with(_field("lanes", "INTEGER"), 4.0)),
    ("wrong-type", *_with(_field("built", "BOOLEAN"), "yes"),
     *_with(_field("built", "BOOLEAN"), True)),
    ("wrong-type", *_with(APPROVED, "2025-02-30"), *_with(APPROVED, "2025-02-28")),
    ("out-of-domain", *_with(STATUS, "Built"), *_with(STATUS, "built")),
    ("out-of-domain", *_with(SET, "levee;dam"), *_with(SET, "levee;dredging")),
    ("out-of-range", *_with(WIDTH, 40.001), *_with(WIDTH, 40.0)),
    ("out-of-range", *_with(WIDTH, 1.999), *_with(WIDTH, 2.0)),
    ("out-of-range", *_with(_field("depth_m", "REAL"), np.inf), *_with(WIDTH, 3.0)),
    ("too-long", *_with(NAME, "六个字的名称"), *_with(NAME, "五个字名称")),
    ("duplicate-id", _frame(PLOT, NEXT, ids=["a", "a"]), PLAIN, _frame(PLOT, NEXT), PLAIN),
    ("missing-id", _frame(PLOT, NEXT, ids=["a", None]), PLAIN, _frame(PLOT), PLAIN),
    ("missing-id", _frame(PLOT, NEXT, ids=["a", ""]), PLAIN, _frame(PLOT, NEXT, ids=[0, 1]), PLAIN),
    ("missing-accuracy", *_with(ACCURACY, None), *_with(ACCURACY, 5.0)),
    ("future-date", *_with(APPROVED, date(2025, 6, 16)), *_with(APPROVED, TODAY)),
    ("future-date", *_with(APPROVED, date(2125, 6, 1)),
     *_with(_field("valid_to", "DATE"), date(2125, 6, 1))),
    ("start-after-end", *_pair("valid_from", "valid_to", date(2025, 2, 2), date(2025, 2, 1), "DATE")
     ,
     *_pair("valid_from", "valid_to", date(2025, 2, 1), date(2025, 2, 1), "DATE")),
    ("start-after-end", *_pair("phase_start_year", "phase_end_year", 2026, 2025, "INTEGER"),
     *_pair("phase_start_year", "phase_end_year", 2025, 2029, "INTEGER")),
    ("start-after-end", *_pair("chainage_from", "chainage_to", "K10+000", "K9+800"),
     *_pair("chainage_from", "chainage_to", "K9+800", "K10+000")),
    ("mojibake", *_with(NOTE, "锟斤拷公路"), *_with(NOTE, "公路")),
    ("mojibake", *_with(NOTE, "南沙河".encode().decode("latin-1")), *_with(NOTE, "Éire, ±2 °C")),
    ("mojibake", *_with(NOTE, "风景名胜区核心".encode().decode("gb18030", "replace")),
     *_with(NOTE, "联通")),
    ("mojibake", *_with(NOTE, "鞍山".encode("gb18030").decode("latin-1")), *_with(NOTE, "Ça va")),
    ("mojibake", *_with(NOTE, "产业园\ufffd"), *_with(NOTE, "千山风景名胜区（核心）")),
    ("surrounding-whitespace", *_with(NOTE, "鞍山\u3000"), *_with(NOTE, "鞍 山")),
    ("control-characters", *_with(NOTE, "鞍\u202e山"), *_with(NOTE, "鞍\n山")),
    ("null-geometry", _frame(PLOT, None), PLAIN, _frame(PLOT, NEXT), PLAIN),
    ("empty-geometry", _frame(PLOT, shapely.Polygon()), PLAIN, _frame(PLOT, NEXT), PLAIN),
    ("wrong-geometry-type", _frame(A_LINE), PLAIN, _frame(A_LINE), LINES),
    ("wrong-geometry-type", _frame(f"GEOMETRYCOLLECTION ({PLOT})"), ANY, _frame(PLOT), ANY),
    ("mixed-geometry-types", _frame(PLOT, A_LINE), ANY, _frame(PLOT, NEXT), ANY),
    ("repeated-vertices", _frame("LINESTRING (0 0, 0 0, 5 9)"), LINES,
     _frame("LINESTRING (0 0, 5 9, 0 0.001)"), LINES),
    ("declared-measure", _frame("LINESTRING (0 0, 0 1000)", declared_length_km=[1.011]),
     _schema(LENGTH, geometry=("line",)),
     _frame("LINESTRING (0 0, 0 1000)", declared_length_km=[1.009]),
     _schema(LENGTH, geometry=("line",))),
    ("declared-measure", *_with(AREA, 5.9), *_with(AREA, 5.95)),
    ("overlap-within-layer", _frame(PLOT, box(X + 299, Y, X + 700, Y + 500)), DISJOINT,
     _frame(PLOT, NEXT), DISJOINT),
    ("overlap-within-layer", _frame(PLOT, box(X + 50, Y + 20, X + 70, Y + 90)), DISJOINT,
     _frame(PLOT, box(X + 50, Y + 20, X + 70, Y + 90)), PLAIN),
    ("gap", _frame(PLOT, box(X + 300.9, Y, X + 700, Y + 500)), DISJOINT,
     _frame(PLOT, box(X + 301.1, Y, X + 700, Y + 500)), DISJOINT),
    ("gap", _frame(PLOT, NEXT, box(X, Y + 200.5, X + 299.5, Y + 300),
                   box(X, Y + 300, X + 300, Y + 310)), DISJOINT,
     _frame(PLOT, NEXT, box(X, Y + 200, X + 300, Y + 300)), DISJOINT),
    ("sliver", _frame(PLOT, "POLYGON ((0 300, 90 300, 90 300.8, 0 300.8, 0 300))"), PLAIN,
     _frame(PLOT, "POLYGON ((0 300, 90 300, 90 301.1, 0 301.1, 0 300))"), PLAIN),
    ("duplicate-geometry", _frame(PLOT, "POLYGON ((0 200, 0 0, 300 0, 300 200, 0 200))"), PLAIN,
     _frame(PLOT, "POLYGON ((0 201, 0 0, 300 0, 300 200, 0 201))"), PLAIN),
    ("duplicate-line", _frame(A_LINE, "LINESTRING (300 70, 300 0, 0 0)"), LINES,
     _frame(A_LINE, "LINESTRING (300 70, 300 0, 0 9)"), LINES),
    ("dangling-line", _frame(A_LINE, "LINESTRING (150 0.9, 160 90)"), LINES,
     _frame(A_LINE, "LINESTRING (150 0.0005, 160 90)"), LINES),
    ("dangling-line", _frame(A_LINE, "LINESTRING (150 0.9, 160 90)"), LINES,
     _frame(A_LINE, "LINESTRING (150 1.1, 160 90)"), LINES),
    ("out-of-extent", _frame(box(X + 17_000, Y, X + 16_000, Y + 10)), PLAIN,
     _frame(box(X + 16_000, Y, X + 16_500, Y + 10)), PLAIN),
    ("out-of-extent", _frame(PLOT, Point(0, 89), crs=4490), ANY,
     _frame(Point(123, 41.1), crs=4490), ANY),
]  # fmt: skip


@pytest.mark.parametrize(
    ("code", "case", "schema", "miss", "schema_of_miss"),
    CASES,
    ids=[f"{case[0]}-{number}" for number, case in enumerate(CASES)],
)
def test_a_code_is_found_alone_and_its_near_miss_is_clean(
    code: str, case: Any, schema: Any, miss: Any, schema_of_miss: Any
) -> None:
    expected = {code}
    if code == "out-of-extent" and case.crs.to_epsg() == 4490:
        expected = {"out-of-extent", "mixed-geometry-types", "not-checked"}
    assert _codes(case, schema) == expected
    assert _codes(miss, schema_of_miss) == set()


TOGETHER: list[tuple[str, Any, LayerSchema, set[str], Any]] = [
    ("invalid-geometry", _frame(BOW), PLAIN, {"not-checked"}, _frame(PLOT)),
    ("not-checked", _frame(BOW), PLAIN, {"invalid-geometry"}, _frame(PLOT)),
    ("self-overlap", _frame(TWO), PLAIN, {"invalid-geometry", "not-checked"}, _frame(TOUCHING)),
    ("zero-area", _frame("POLYGON ((0 0, 90 0, 40 0, 0 0))"), PLAIN,
     {"invalid-geometry", "not-checked"}, _frame(PLOT)),
    ("zero-length", _frame("LINESTRING (7 7, 7 7)"), LINES,
     {"invalid-geometry", "not-checked", "repeated-vertices"}, _frame(A_LINE)),
    ("missing-crs", _frame(PLOT, crs=None), PLAIN, {"not-checked"}, _frame(PLOT)),
]  # fmt: skip


@pytest.mark.parametrize(("code", "case", "schema", "also", "miss"), TOGETHER)
def test_codes_that_come_with_others(
    code: str, case: Any, schema: LayerSchema, also: set[str], miss: Any
) -> None:
    assert _codes(case, schema) == {code} | also
    assert code not in _codes(miss, schema)


def test_the_vertex_cap_comes_before_all_work_on_a_geometry() -> None:
    four = Limits(vertices=4)
    found = _found(_frame(BOW, "POLYGON ((0 0, 9 0, 9 5, 0 0))"), limits=four)
    assert found["code"].tolist() == ["too-many-vertices", "not-checked"]
    assert found["feature_id"].tolist() == ["P1", None]
    assert found["value"].tolist() == ["5", "too-many-vertices"]
    assert _codes(_frame(PLOT), limits=Limits(vertices=5)) == set()


def test_every_code_has_a_case() -> None:
    tried = {case[0] for case in CASES} | {case[0] for case in TOGETHER} | {"too-many-vertices"}
    assert tried == set(CODES)


def test_every_code_is_kebab_case_with_level_words_and_a_line_in_the_docs() -> None:
    docs = (ROOT / "docs" / "quality.md").read_text(encoding="utf-8")
    for code, one in CODES.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert one.level in LEVELS
        assert f"| `{code}` | {one.level} | {one.title.zh} | {one.title.en} |" in docs
        assert any(key.startswith(f"quality.{code}") for key in phrases("zh"))
    named = re.findall(r"(?m)^\| `([a-z-]+)` \| (?:info|warning|error) ", docs)
    assert named == list(CODES)


# What a finding says


def test_an_invalid_geometry_is_told_with_reason_and_place() -> None:
    (row, _) = _found(_frame(BOW)).itertuples()
    assert (row.code, row.level, row.feature_id) == ("invalid-geometry", "error", "P1")
    assert row.value == "Self-intersection"
    assert row.geometry.equals(Point(X + 100, Y + 100))
    assert row.message == "几何无效：Self-intersection，位于 500100, 4550100。"
    assert row.message_en == "The geometry is not valid: Self-intersection at 500100, 4550100."


def test_an_overlap_names_both_features_and_its_size() -> None:
    frame = _frame(PLOT, box(X + 290, Y + 150, X + 700, Y + 500))
    (row,) = _found(frame, DISJOINT).itertuples()
    assert (row.feature_id, row.other_id, row.value) == ("P1", "P2", "500.00 m²")  # 10 × 50
    assert box(X + 290, Y + 150, X + 300, Y + 200).contains(row.geometry)


def test_a_feature_wholly_inside_another_overlaps_it() -> None:
    frame = _frame(
        PLOT, box(X + 10, Y + 20, X + 30, Y + 50), "POLYGON ((900 0, 950 0, 950 9, 900 0))"
    )
    (row,) = _found(frame, DISJOINT).itertuples()
    assert (row.feature_id, row.other_id, row.value) == ("P1", "P2", "600.00 m²")


def test_a_gap_and_a_dangling_end_tell_their_width_and_place() -> None:
    (gap,) = _found(_frame(PLOT, box(X + 300.4, Y + 50, X + 700, Y + 60)), DISJOINT).itertuples()
    assert (gap.feature_id, gap.other_id, gap.value) == ("P1", "P2", "0.400 m")
    assert gap.geometry.distance(box(X + 300, Y + 50, X + 300.4, Y + 60)) < 1e-6
    (end,) = _found(_frame(A_LINE, "LINESTRING (150 0.25, 160 90)"), LINES).itertuples()
    assert (end.feature_id, end.other_id, end.value) == ("P2", "P1", "0.250 m")
    assert end.geometry.distance(Point(X + 150, Y + 0.25)) < 1e-6


def test_what_lies_between_two_features_closes_their_gap() -> None:
    thin = box(X + 300, Y, X + 300.9, Y + 200)
    found = _found(_frame(PLOT, thin, box(X + 300.9, Y, X + 700, Y + 500)), DISJOINT)
    assert set(found["code"]) == {"sliver"}


def test_a_part_of_a_line_drawn_twice_is_told_once() -> None:
    many = "MULTILINESTRING ((0 0, 300 0, 300 70), (0 9, 4 13), (500 1, 520 8))"
    (row,) = _found(_frame(A_LINE, many), LINES).itertuples()
    assert (row.code, row.feature_id, row.other_id) == ("duplicate-line", "P2", "P1")


def test_a_published_figure_of_a_schematic_drawing_is_information() -> None:
    method = _field("geometry_method")
    frame = _frame(PLOT, PLOT.replace("300", "310"), declared_area_ha=[9.0, 9.0],
                   geometry_method=["schematic", "survey"])  # fmt: skip
    found = _found(frame, _schema(AREA, method))
    assert found["level"].tolist() == ["info", "warning"]
    assert "图上 6.000，相差 +50.0%" in found["message"].iloc[0]


def test_wholly_outside_is_worse_than_partly() -> None:
    far, across = box(X + 30_000, Y, X + 30_100, Y + 10), box(X, Y, X + 30_100, Y + 10)
    assert _found(_frame(far, across))["level"].tolist() == ["error", "warning"]


def test_unpublished_values_are_one_row_a_column_and_name_the_features() -> None:
    frame = _frame(PLOT, NEXT, None, road_code=["S1", None, None])
    row = next(_found(frame, _schema(NEEDED)).itertuples())
    assert (row.code, row.level, row.count, row.value) == ("null-required", "info", 2, "P2; P3")


def test_what_is_not_drawn_needs_no_method_and_no_accuracy() -> None:
    frame = _frame(
        None, geometry_accuracy_m=[np.nan], geometry_method=pd.Series([None], dtype=object).array
    )
    schema = _schema(ACCURACY, _field("geometry_method", required=True))
    assert _codes(frame, schema) == {"null-geometry"}


def test_counts_add_up_and_the_frame_is_left_alone() -> None:
    frame = _frame(BOW, None, PLOT, note=[" a", "b ", "c"])
    before = frame.copy(deep=True)
    found = _found(frame, _schema(NOTE))
    assert found.attrs["counts"] == {
        "surrounding-whitespace": 2, "null-geometry": 1, "invalid-geometry": 1, "not-checked": 1
    }  # fmt: skip
    assert found.attrs["measuring_planes"] == ["EPSG:4550"]
    pd.testing.assert_frame_equal(pd.DataFrame(before), pd.DataFrame(frame))
    assert found.crs == frame.crs


def test_lon_lat_is_measured_in_metres() -> None:
    frame = _frame(PLOT, box(X + 300.4, Y, X + 700, Y + 500)).to_crs(4490)
    (row,) = _found(frame, DISJOINT).itertuples()
    assert row.code == "gap"
    assert float(row.value.split()[0]) == pytest.approx(0.4, abs=0.001)
    assert 123.003 < row.geometry.x < 123.004


def test_features_of_different_planes_are_said_not_to_be_compared() -> None:
    frame = _frame(Point(120, 41), Point(126, 41), crs=4490)
    found = inspect(frame, schema=ANY, extent=None, today=TODAY)
    assert found["value"].tolist() == ["across-planes"]
