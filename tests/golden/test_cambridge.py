"""A real city through every query: the figures stand as they were compared with another program.

The table was held against DuckDB's spatial extension and GeographicLib
(`benchmarks/cambridge_reference.py`; docs/benchmarks.md has the differences).
"""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from tests.golden import cambridge

pytestmark = pytest.mark.skipif(
    not cambridge.FILE.exists(), reason=f"{cambridge.FILE} is not on this machine"
)
GOLDEN: dict[str, Any] = json.loads(cambridge.TABLE.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def city() -> cambridge.Layers:
    valid, left_out = cambridge.layers()
    assert left_out == GOLDEN["left_out_as_invalid"]
    return valid


def test_every_figure_of_the_table_has_a_query_and_the_other_way() -> None:
    assert list(GOLDEN["figures"]) == list(cambridge.FIGURES)


SOAK = bool(os.environ.get("GEOPLAN_SOAK"))


# every second of the queries; the long form asks all
@pytest.mark.parametrize("name", list(cambridge.FIGURES)[:: 1 if SOAK else 2])
def test_figures_stand(city: cambridge.Layers, name: str) -> None:
    expected = GOLDEN["figures"][name]
    found = cambridge.FIGURES[name](city)
    assert found.keys() == expected.keys()
    for figure, value in expected.items():
        # counts are exact; a sum may move with the last digits of another GEOS or PROJ
        tolerance = 0.0 if isinstance(value, int) else 1e-9
        assert found[figure] == pytest.approx(value, rel=tolerance), figure


def test_zones_close() -> None:
    for name, figures in GOLDEN["figures"].items():
        for measure in ("area_m2", "length_m"):
            if f"zone_{measure}" in figures:
                parts = figures[f"covered_{measure}"] + figures[f"gap_{measure}"]
                assert parts == pytest.approx(figures[f"zone_{measure}"], rel=1e-10), name


def test_pairs_of_layers_that_do_not_overlap_themselves_add_up_to_the_cover() -> None:
    figures = GOLDEN["figures"]
    pairs = figures["overlap: zoning, flood-100"]["area_m2"]
    covered = figures["coverage: zoning by flood-100"]["covered_area_m2"]
    assert covered == pytest.approx(pairs, rel=1e-9)
