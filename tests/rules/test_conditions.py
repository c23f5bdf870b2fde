"""Conditions on attributes: what holds, what does not, and what an empty field leaves untold."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from geoplan.rules.conditions import applies
from geoplan.rules.model import Range

ROADS = pd.DataFrame(
    {
        "road_class": ["national", "expressway", None, "county", " "],
        "bridge_size": ["large", None, "large", "small", "medium"],
        "voltage_kv": [35.0, 110.0, float("nan"), 10.0, 500.0],
        "approved": pd.array([True, False, None, True, False], dtype="boolean"),
        "hazard": ["none", "toxic;flammable", "explosive", None, "none; toxic"],
        "lanes": pd.array([1, 4, None, 2, 6], dtype="Int64"),
    }
)
N = None


@pytest.mark.parametrize(
    ("where", "yes", "untold"),
    [
        ({}, [1, 1, 1, 1, 1], [N, N, N, N, N]),
        ({"road_class": "national"}, [1, 0, 0, 0, 0], [N, N, "road_class", N, "road_class"]),
        (
            {"road_class": ("national", "county")},
            [1, 0, 0, 1, 0],
            [N, N, "road_class", N, "road_class"],
        ),
        # what does not hold settles it: the county road is no expressway, whatever else is empty
        (
            {"road_class": "expressway", "bridge_size": ("large", "medium")},
            [0, 0, 0, 0, 0],
            [N, "bridge_size", "road_class", N, "road_class"],
        ),
        (
            {"bridge_size": "small", "road_class": "county"},
            [0, 0, 0, 1, 0],
            [N, N, N, N, N],
        ),
        (
            {"voltage_kv": Range(minimum=35, maximum=110)},
            [1, 1, 0, 0, 0],
            [N, N, "voltage_kv", N, N],
        ),
        ({"voltage_kv": Range(minimum=500)}, [0, 0, 0, 0, 1], [N, N, "voltage_kv", N, N]),
        ({"approved": False}, [0, 1, 0, 0, 1], [N, N, "approved", N, N]),
        ({"hazard": ("flammable", "toxic")}, [0, 1, 0, 0, 1], [N, N, N, "hazard", N]),
        ({"lanes": 4}, [0, 1, 0, 0, 0], [N, N, "lanes", N, N]),
        ({"lanes": True}, [0, 0, 0, 0, 0], [N, N, "lanes", N, N]),
        ({"nowhere": "x"}, [0, 0, 0, 0, 0], ["nowhere"] * 5),
    ],
)
def test_conditions(where: dict[str, Any], yes: list[int], untold: list[Any]) -> None:
    found = applies(ROADS, where)
    assert found.yes.astype(int).tolist() == yes
    assert found.untold.tolist() == untold
