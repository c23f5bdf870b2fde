"""Figures in words: no more digits than the ± allows, and never taken for the threshold."""

from __future__ import annotations

from typing import Any

import pytest

from geoplan.tables.wording import measurement

NAN = float("nan")


def row(measured: float, threshold: float, pm: float, unit: str) -> dict[str, Any]:
    return {"measured": measured, "threshold": threshold, "pm": pm, "unit": unit, "line": None}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((16_298.59, 5.0, 41_000.0, "m"), "量算 16000 m，限值 5.0 m，±41000 m"),
        ((41.723, 100.0, 2.5, "m"), "量算 41.7 m，限值 100.0 m，±2.5 m"),
        ((120_000.0, NAN, 1_387.0, "m²"), "量算 12.00 hm²，±0.14 hm²"),
        ((0.1234, NAN, NAN, "1"), "量算 12.3%"),
        # a doubt of 8 m, and yet it is not the threshold
        ((99.9996, 100.0, 8.0, "m"), "量算 99.9996 m，限值 100.0 m，±8.0 m"),
        ((100.0, 100.0, 8.0, "m"), "量算 100.0 m，限值 100.0 m，±8.0 m"),
    ],
)
def test_a_figure_has_the_digits_that_it_can_bear(
    given: tuple[float, float, float, str], said: str
) -> None:
    assert measurement([row(*given)]).zh == said
