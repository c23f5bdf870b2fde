"""Each rule against the very words of its row: which number for which class, from which line.

The rows of ``tests/golden/rules.csv`` are read anew here; nothing is taken from the packs.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from geoplan.rules import Rule
from geoplan.rules.model import CoverageAtLeast, NoNumericThreshold
from geoplan.schema import schemas
from tests.rules.test_packs import BY_CLASS, PACKS, ROWS, RULES

ONE_NUMBER = {
    "setback": ("distance_m",),
    "within_distance": ("to_m",),
    "buffer_beyond": ("distance_m",),
    "along_channel": ("upstream_m", "downstream_m"),
    "crossing_angle": ("at_least_deg",),
    "area_threshold": ("above_ha",),
    "coverage_at_least": ("share",),
}
"""Demand → the entries that a row with one number speaks of."""
VARIANTS = {
    "high-speed": ("railway_class", "high_speed"),
    "other": ("railway_class", "other"),
    "indoor": ("enclosure", "indoor"),
    "open-air": ("enclosure", "open_air"),
}
"""Word of a row that tells two numbers apart → the condition it stands for."""
DEMANDS = {
    "within_distance": {
        "setback", "within_distance", "buffer_beyond", "along_channel", "no_numeric_threshold",
    },
    "overlaps": {"no_overlap", "no_crossing", "area_threshold", "within_distance",
                 "no_numeric_threshold"},
    "crosses": {"crossing_needs_approval", "crossing_angle", "no_numeric_threshold"},
    "covered_by_at_least": {"inside_only", "coverage_at_least"},
}  # fmt: skip
"""Predicate of a row → demands that it may become."""
LINES = {
    "land outer edge": "land_edge",
    "highway land polygon": "land_edge",
    "railway land edge": "land_edge",
    "zone polygons": "land_edge",
    "bridge footprint": "structure",
    "tunnel plan footprint": "structure",
    "tunnel footprint": "structure",
    "pier/abutment": "structure",
    "centreline of the pipeline": "centreline",
    "outer face of the pipe": "pipe_face",
    "facility footprint": "facility",
    "station room wall": "facility",
    "embankment toe": "track_edge",
    "edge conductor": "conductor_edge",
    "cable marker": "cable_marker",
}
"""Words of a row → line; whatever else is measured from is the boundary of an area."""
CLASSES = {
    "low/medium": {"low", "medium_A", "medium_B"},
    "sub_high": {"sub_high_A", "sub_high_B"},
    "high and above": {"high_A", "high_B", "transmission"},
    "medium_small": {"medium", "small"},
    "core_protection": {"core"},
    "general_control": {"general"},
}
"""Words of a row that stand for several values."""


def numbers(demand: Any) -> dict[str, float]:
    """Return the figures of a demand, none of them zero, shares as per cent."""
    said = {
        name: float(value)
        for name, value in demand.model_dump().items()
        if isinstance(value, int | float) and value
    }
    return said | ({"share": said["share"] * 100} if "share" in said else {})


def stated(rule: Rule, row: dict[str, str]) -> dict[str, float]:
    """Return the figures that a row states for the class of a rule."""
    text, entries = row["threshold_value"], ONE_NUMBER.get(rule.demand.kind, ())
    told = dict.fromkeys(entries, 0.0)
    if row["threshold_unit"] == "m up/down stream":
        up, down = text.split("/")
        return {"upstream_m": float(up), "downstream_m": float(down)}
    if between := re.fullmatch(r"([\d.]+)-([\d.]+)", text):
        return {"from_m": float(between[1]), "to_m": float(between[2])}
    if row["id"] in ("HWY-24", "HWY-25"):
        wanted = rule.where.object["road_class"]
        assert isinstance(wanted, str)
        return dict.fromkeys(told, BY_CLASS[wanted])
    for number, word in re.findall(r"([\d.]+) \(?(high-speed|other|indoor|open-air)", text):
        field, value = VARIANTS[word]
        if rule.where.object[field] == value:
            return dict.fromkeys(told, float(number))
    said = dict.fromkeys(told, float(text)) if told else {}
    if isinstance(rule.demand, CoverageAtLeast):
        (km,) = re.findall(r"within (\d+) km", row["condition"])
        said["within_m"] = float(km) * 1000
    return said


@pytest.mark.parametrize("rule", RULES)
def test_a_demand_has_the_numbers_of_its_row_and_no_other(rule: Rule) -> None:
    row = ROWS[rule.source_rows[0]]
    if isinstance(rule.demand, NoNumericThreshold):
        assert not re.search(r"\d", row["threshold_value"].replace("HSR 11", ""))
    elif row["id"] != "GAS-91":
        assert numbers(rule.demand) == pytest.approx(stated(rule, row))


def test_the_example_city_has_the_numbers_of_its_row() -> None:
    # low..sub_high 0.7; high+ 6 (control to 6 / 50)
    rules = PACKS["example-city"].rules
    assert numbers(rules["EXC-01"].demand) == {"distance_m": 0.7}
    assert numbers(rules["EXC-02"].demand) == {"distance_m": 6}
    assert numbers(rules["GAS-13"].demand) == {"from_m": 6, "to_m": 50}


@pytest.mark.parametrize("rule", RULES)
def test_a_demand_is_of_the_kind_and_from_the_line_of_its_row(rule: Rule) -> None:
    row = ROWS[rule.source_rows[0]]
    assert rule.demand.kind in DEMANDS[row["predicate"]]
    # a distance between two numbers is a zone, one with a prohibition is a distance to be kept
    if re.fullmatch(r"[\d.]+-[\d.]+", row["threshold_value"]):
        assert rule.demand.kind == "within_distance"
    elif row["id"] != "GAS-91" and row["severity"] == "prohibited":
        assert rule.demand.kind != "within_distance"
    line = getattr(rule.demand, "measured_from", None)
    if line is not None:
        words = (said for text, said in LINES.items() if text in row["measure_from"])
        assert line == next(words, "boundary"), row["measure_from"]
    elif rule.demand.kind == "along_channel":
        assert row["measure_from"] == "along the river channel"


def fields_of(kind: str) -> set[str]:
    """Return the names of a kind's fields."""
    return {field.name for field in schemas()[kind].fields}


@pytest.mark.parametrize("rule", RULES)
def test_a_condition_that_a_row_spells_out_is_that_of_the_rule(rule: Rule) -> None:
    row = ROWS[rule.source_rows[0]]
    # the structure of a pipeline is the way it is laid
    named = r"(?<!pipeline )\b(\w+)(?:=| in )(\([^)]*\)|[\w/]+(?: and above)?)"
    spelt = re.findall(named, row["condition"]) if row["id"] != "GAS-91" else []
    where: dict[str, Any] = {**rule.where.subject, **rule.where.object}
    known = fields_of(rule.subject) | fields_of(rule.object)
    for field, words in spelt:
        if field not in known:
            continue
        wanted = {one for word in words.strip("()").split(",") for one in CLASSES.get(word, {word})}
        held = where[field]
        asked = set(held) if isinstance(held, tuple) else {held}
        assert asked == wanted - {"culvert"}, (field, words)
    for word in ("low/medium", "sub_high", "high and above"):
        if re.search(rf"(?<![\w.]){word}\b", row["condition"]) and row["id"] != "GAS-91":
            assert set(where["pressure_class"]) == CLASSES[word]


@pytest.mark.parametrize(
    "rules",
    [
        ("GAS-01", "GAS-02", "GAS-03"),
        ("GAS-11", "GAS-12", "GAS-13"),
        ("GAS-21A", "GAS-22A", "GAS-23A"),
        ("GAS-21B", "GAS-22B", "GAS-23B"),
    ],
)
def test_every_pressure_is_in_one_class(rules: tuple[str, ...]) -> None:
    held = [PACKS["cn-national"].rules[name].where.object["pressure_class"] for name in rules]
    classes = [one for group in held if isinstance(group, tuple) for one in group]
    expected = CLASSES["low/medium"] | CLASSES["sub_high"] | CLASSES["high and above"]
    assert sorted(classes, key=str) == sorted(expected)
