"""The nouns refuse what they cannot mean."""

from __future__ import annotations

import math
from typing import Any

import pytest
from pydantic import ValidationError

from geoplan import Bbox, FeatureQuery, Layer, Plan, Text
from geoplan.errors import BadBbox

PLAN: dict[str, Any] = {
    "id": "p",
    "title": {"zh": "规划", "en": "Plan"},
    "extent": (122.0, 40.0, 123.0, 41.0),
    "measuring_plane": "EPSG:4550",
    "data_date": "2025-01-01",
    "attribution": {"zh": "来源", "en": "source"},
}
LAYER: dict[str, Any] = {
    "id": "old-wells",
    "kind": "generic",
    "title": {"zh": "井", "en": "Wells"},
    "geometry": "point",
    "source": {"zh": "甲", "en": "A"},
    "source_date": "2025-01-01",
}


@pytest.mark.parametrize(
    "text", ["", "1,2,3", "1,2,3,4,5", "a,2,3,4", "nan,2,3,4", "1,2,inf,4", "3,2,1,4", "1,4,3,2"]
)
def test_a_bad_bbox_is_refused(text: str) -> None:
    with pytest.raises(BadBbox, match="bbox"):
        Bbox.parse(text)


def test_a_bbox_may_be_a_point() -> None:
    assert Bbox.parse("7,8,7,8") == (7, 8, 7, 8)


@pytest.mark.parametrize("extent", [(0, 0, 200, 1), (-181, 0, 0, 1), (0, -91, 1, 0), (0, 0, 1, 91)])
def test_an_extent_beyond_the_earth_is_refused(extent: tuple[float, ...]) -> None:
    with pytest.raises(ValidationError, match="degrees"):
        Plan(**{**PLAN, "extent": extent})


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_query_for_a_number_that_is_none_is_refused(value: float) -> None:
    with pytest.raises(ValidationError):
        FeatureQuery(where={"height": value})


@pytest.mark.parametrize(("field", "value"), [("limit", -1), ("offset", -1), ("colour", "red")])
def test_a_bad_query_is_refused(field: str, value: object) -> None:
    with pytest.raises(ValidationError, match=field):
        FeatureQuery.model_validate({field: value})


def test_a_layer_is_found_in_the_file_and_table_of_its_name() -> None:
    layer = Layer(**LAYER)
    assert (layer.file, layer.table) == ("old-wells.gpkg", "old_wells")


def test_a_text_needs_both_languages() -> None:
    assert Text(zh="井", en="well").to("en") == "well"
    with pytest.raises(ValidationError):
        Text(zh="井", en="")
