"""A filter finds the rows of which it is true by the truth tables, evaluated here row by row."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from geoplan_api.filtering import read_conditions
from geoplan_api.query import ItemsQuery
from geoplan_api.reading import matching
from hypothesis import given, settings
from hypothesis import strategies as st

from geoplan.model import Layer
from geoplan.schema import schema
from geoplan.store.served import ServedTable
from geoplan.store.write import write_geopackage

Truth = bool | None
_LETTERS = "aAäb%"
_DAYS = [date(2023, 12, 31), date(2024, 2, 29), date(2024, 3, 1)]
_COMPARE: dict[str, Any] = {
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


def _rows() -> list[dict[str, Any]]:
    rng = np.random.default_rng(11)

    def pick(values: list[Any]) -> Any:
        return values[rng.integers(len(values))]

    return [
        {
            "n": pick([None, -2, 0, 1, 3]),
            "x": pick([None, -0.5, 0.0, 1.0, 2.5]),
            "s": pick([None, "", "a", "A", "ä", "ab", "a%b", "b"]),
            "f": pick([None, True, False]),
            "d": pick([None, *_DAYS]),
            "geometry": pick(
                [None, shapely.Point(1, 1), shapely.box(0, 0, 2, 2), shapely.box(2, 0, 4, 1)]
            ),
        }
        for _ in range(60)
    ]


ROWS = _rows()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> tuple[ServedTable, Layer]:
    columns = {name: [row[name] for row in ROWS] for name in ("n", "x", "s", "f", "d")}
    frame = gpd.GeoDataFrame(
        {
            "n": gpd.pd.array(columns["n"], dtype="Int64"),
            "x": gpd.pd.array(columns["x"], dtype="Float64"),
            "s": columns["s"],
            "f": gpd.pd.array(columns["f"], dtype="boolean"),
            "d": columns["d"],
        },
        geometry=[row["geometry"] for row in ROWS],
        crs=4326,
    )
    frame.index = np.arange(len(ROWS))
    path = tmp_path_factory.mktemp("laws") / "rows.gpkg"
    write_geopackage(
        path, "rows", frame, id_column=None, identifier="rows", description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    text = {"zh": "行", "en": "rows"}
    layer = Layer.model_validate(
        {"id": "rows", "kind": "generic", "geometry": "area", "title": text, "source": text,
         "source_date": "2025-01-01"}
    )  # fmt: skip
    return ServedTable(path, layer), layer


_numbers = st.recursive(
    st.sampled_from([{"property": "n"}, {"property": "x"}, -2, 0, 1, 2.5]),
    lambda inner: st.tuples(st.sampled_from("+-*"), inner, inner).map(
        lambda found: {"op": found[0], "args": [found[1], found[2]]}
    ),
    max_leaves=3,
)
_texts = st.one_of(st.just({"property": "s"}), st.text(_LETTERS, max_size=2)).flatmap(
    lambda inner: st.sampled_from([inner, {"op": "casei", "args": [inner]}])
)
_instants = st.one_of(
    st.just({"property": "d"}), st.sampled_from(_DAYS).map(lambda day: {"date": str(day)})
)
_boxes = st.sampled_from([[0, 0, 2, 2], [1, 1, 3, 3], [5, 5, 6, 6], [2, 0, 2, 1]])


def _op(names: list[str], *operands: Any) -> Any:
    return st.tuples(st.sampled_from(names), *operands).map(
        lambda found: {"op": found[0], "args": list(found[1:])}
    )


_leaves = st.one_of(
    st.booleans(),
    st.just({"property": "f"}),
    _op(list(_COMPARE), _numbers, _numbers),
    _op(list(_COMPARE), _texts, _texts),
    _op(list(_COMPARE), _instants, _instants),
    _op(["like"], _texts, st.text(_LETTERS + "_", max_size=3)),
    _op(["between"], _numbers, _numbers, _numbers),
    _op(["in"], st.just({"property": "n"}), st.lists(st.integers(-2, 3), min_size=1, max_size=3)),
    _op(["isNull"], st.one_of(_numbers, _texts, _instants, st.just({"property": "geom"}))),
    _op(["t_after", "t_before", "t_disjoint", "t_equals", "t_intersects"], _instants, _instants),
    _op(
        ["s_intersects", "s_within", "s_disjoint", "s_touches", "s_contains"],
        st.just({"property": "geom"}),
        _boxes.map(lambda box: {"bbox": box}),
    ),
)
_filters = st.recursive(
    _leaves,
    lambda inner: st.one_of(
        _op(["and", "or"], inner, inner), _op(["not"], inner), _op(["isNull"], inner)
    ),
    max_leaves=8,
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(tree=_filters)
def test_a_filter_finds_what_is_true_row_by_row(
    served: tuple[ServedTable, Layer], tree: Any
) -> None:
    table, layer = served[0].look(), served[1]
    asked = {"filter": json.dumps(tree), "filter-lang": "cql2-json"}
    conditions = read_conditions(asked, table, schema("generic"))
    found = matching(table, layer, ItemsQuery(conditions=conditions)).tolist()
    assert found == [key for key, row in enumerate(ROWS) if _value(tree, row) is True]


def _value(node: Any, row: dict[str, Any]) -> Any:
    """Return what a tree is worth in a row; None for null."""
    if not isinstance(node, dict):
        return node
    if "property" in node:
        return row["geometry" if node["property"] == "geom" else node["property"]]
    if "date" in node:
        return date.fromisoformat(node["date"])
    if "bbox" in node:
        west, south, east, north = node["bbox"]
        thin = shapely.LineString([(west, south), (east, north)])
        return shapely.box(*node["bbox"]) if west < east else thin
    name, arguments = node["op"], node["args"]
    if name in ("and", "or", "not"):
        return _logic(name, [_value(one, row) for one in arguments])
    if name == "isNull":
        return _value(arguments[0], row) is None
    if name == "in":
        value = _value(arguments[0], row)
        return None if value is None else value in arguments[1]
    values = [_value(one, row) for one in arguments]
    return None if any(value is None for value in values) else _known(name, values)


def _logic(name: str, truths: list[Truth]) -> Truth:
    if name == "not":
        return None if truths[0] is None else not truths[0]
    decisive = name == "or"
    if decisive in truths:
        return decisive
    return None if None in truths else not decisive


def _known(name: str, values: list[Any]) -> Any:
    first, *others = values
    if name in _COMPARE:
        return _COMPARE[name](first, others[0])
    if name == "between":
        return others[0] <= first <= others[1]
    if name == "casei":
        return first.casefold()
    if name == "like":
        return _like(first, others[0])
    if name.startswith("t_"):
        same = {"t_after": ">", "t_before": "<", "t_disjoint": "<>"}
        return _COMPARE[same.get(name, "=")](first, others[0])
    if name.startswith("s_"):
        return bool(getattr(shapely, name.removeprefix("s_"))(first, others[0]))
    return {"+": first + others[0], "-": first - others[0], "*": first * others[0]}[name]


def _like(text: str, pattern: str) -> bool:
    """Match by the definition: % is any text, _ is any character."""
    if not pattern:
        return not text
    if pattern[0] == "%":
        return any(_like(text[at:], pattern[1:]) for at in range(len(text) + 1))
    return bool(text) and pattern[0] in ("_", text[0]) and _like(text[1:], pattern[1:])
