"""Whatever a layer holds, inspecting it ends in findings."""

from __future__ import annotations

from datetime import date
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geoplan.i18n import phrases
from geoplan.model import Bbox, Text
from geoplan.quality import CODES, LEVELS, Limits, inspect
from geoplan.schema import LayerSchema, schema

TODAY = date(2025, 6, 15)
CHINA = Bbox(73, 18, 135, 54)
DISJOINT = LayerSchema(
    kind="plot", title=Text(zh="地块", en="Plot"), geometry=("area", "line"), disjoint=True
)

_NUMBER = st.one_of(
    st.integers(-3, 9).map(float),
    st.sampled_from([np.nan, np.inf, -np.inf, 1e308, 123.0, 41.0, 5e5, 4.55e6]),
)
_XY = st.tuples(_NUMBER, _NUMBER)


def _area(points: list[tuple[float, float]]) -> Any:
    try:
        return shapely.Polygon(points)
    except shapely.errors.GEOSException:  # a ring that begins with NaN cannot be closed
        return shapely.LineString(points)


_SIMPLE = st.one_of(
    st.none(),
    st.sampled_from(["POLYGON EMPTY", "POINT EMPTY", "GEOMETRYCOLLECTION EMPTY",
                     "MULTILINESTRING EMPTY"]).map(shapely.from_wkt),
    _XY.map(shapely.Point),
    st.lists(_XY, min_size=2, max_size=6).map(shapely.LineString),
    st.lists(_XY, min_size=4, max_size=7).map(_area),
    st.lists(_XY, min_size=1, max_size=4).map(shapely.MultiPoint),
)  # fmt: skip
_PARTS = st.lists(_SIMPLE.filter(lambda one: one is not None), max_size=3)
_SHAPE = st.one_of(
    _SIMPLE,
    _PARTS.map(shapely.GeometryCollection),
    _PARTS.map(lambda parts: shapely.MultiPolygon([p for p in parts if p.geom_type == "Polygon"])),
)
_VALUE = st.one_of(
    st.none(), st.text(max_size=6), st.integers(-5, 5), st.floats(), st.booleans(), st.dates(),
    st.sampled_from([pd.NA, pd.NaT, b"x", "锟斤拷", "2025-02-30", "K1+2"]),
)  # fmt: skip
_ID = st.one_of(st.none(), st.integers(0, 3), st.sampled_from(["a", "b", ""]), st.just(np.nan))


@st.composite
def _frames(draw: Any) -> gpd.GeoDataFrame:
    shapes = draw(st.lists(_SHAPE, max_size=5))
    count = len(shapes)
    columns = {
        name: pd.Series(draw(st.lists(_VALUE, min_size=count, max_size=count)), dtype=object).array
        for name in (
            "name",
            "status",
            "approval_date",
            "declared_area_ha",
            "valid_from",
            "valid_to",
        )
    }
    index = pd.Index(draw(st.lists(_ID, min_size=count, max_size=count)), dtype=object)
    crs = draw(st.sampled_from([None, 4490, 4326, 4550, 3857]))
    return gpd.GeoDataFrame(
        columns, geometry=gpd.GeoSeries(shapes, crs=crs, index=index), index=index
    )


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@given(_frames(), st.sampled_from(["industrial_park", "plot", "generic", None]), st.booleans())
def test_inspecting_never_raises(frame: gpd.GeoDataFrame, kind: str | None, capped: bool) -> None:
    plot = DISJOINT if kind == "plot" else kind and schema(kind)
    limits = Limits(vertices=4) if capped else None
    found = inspect(frame, schema=plot or None, extent=CHINA, today=TODAY, limits=limits)
    assert set(found["code"]) <= set(CODES)
    assert set(found["level"]) <= set(LEVELS)
    shapes = frame.geometry.to_numpy()
    counts = found.attrs["counts"]
    assert counts.get("null-geometry", 0) == int(shapely.is_missing(shapes).sum())
    assert counts.get("empty-geometry", 0) == int(shapely.is_empty(shapes).sum())
    if not capped:
        broken = ~shapely.is_missing(shapes) & ~shapely.is_valid(shapes)
        assert counts.get("invalid-geometry", 0) == int(broken.sum())
    assert not found["message"].str.contains("{", regex=False).any() or "{" in str(frame.to_dict())


def test_a_plain_frame_a_frame_without_geometry_and_deep_nesting() -> None:
    ask: dict[str, Any] = {"schema": schema("generic"), "extent": None, "today": TODAY}
    assert inspect(gpd.GeoDataFrame({"a": [1]}), **ask)["code"].tolist() == ["null-geometry"]
    deep: Any = shapely.Point(1, 2)
    for _ in range(1000):
        deep = shapely.GeometryCollection([deep])
    found = inspect(gpd.GeoDataFrame(geometry=[deep], crs=4490), **ask)
    assert found["code"].tolist() == ["wrong-geometry-type"]


def test_two_columns_of_one_name_and_names_that_are_no_texts() -> None:
    frame = gpd.GeoDataFrame([[" a", "b", 1, None]], columns=["x", "x", 5, "geometry"])
    frame = frame.set_geometry(gpd.GeoSeries([None], crs=4550))
    found = inspect(frame, schema=None, extent=None, today=TODAY)
    assert "null-geometry" in set(found["code"])


def test_every_phrase_of_a_code_can_be_filled() -> None:
    for lang in ("zh", "en"):
        assert {key for key in phrases(lang) if key.startswith("quality.")}
