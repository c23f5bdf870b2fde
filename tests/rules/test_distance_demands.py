"""Distances on paper: setback, approval zone, beyond a zone, along a channel, no number.

The road runs along y = 0; its land reaches 12 m to either side, so its edge is y = 12. The road is
known to 1 m, the parks to 2 m: together r = 3 m.
"""

from __future__ import annotations

import pytest
import shapely

from tests.rules.conftest import Asking, Layers, line, outcomes, rect, row, rule

ROAD = row(
    "G1", line((0, 0), (4000, 0)), 1.0, road_class="national", land_half_width_m=12.0, bridge=None
)
BARE = row("G2", line((0, 3000), (4000, 3000)), 1.0, road_class="national", land_half_width_m=None)
UNKNOWN = row("G3", line((0, 6000), (4000, 6000)), 1.0, road_class=None, land_half_width_m=12.0)
NATIONAL = '[rule.where]\nobject = { road_class = "national" }'


def parks(*places: tuple[str, float, float], off: float = 2.0) -> Layers:
    """Return roads, and parks of 80 m along the road from one y to another."""
    rows = [
        row(key, rect(100 + 200 * at, low, 180 + 200 * at, high), off)
        for at, (key, low, high) in enumerate(places)
    ]
    return {"highway": [ROAD, BARE, UNKNOWN], "industrial_park": rows}


SETBACK = rule('kind = "setback", distance_m = 20, measured_from = "land_edge"', where=NATIONAL)
SETBACK_PARKS = parks(
    ("near", 28, 90),  # 16 m from the edge: 16 + 3 < 20
    ("vague", 30.5, 90),  # 18.5 m: 15.5 to 21.5
    ("far", 36, 90),  # 24 m: 24 − 3 > 20
    ("bare", 3100, 3150),  # 100 m from an axis without half-width, within 20 + 200
    ("away", 3230, 3280),  # 230 m from it: 230 − 3 > 220
    ("unclassed", 6015, 6090),  # 3 m from the edge of a road of no class
    ("beside", 6040, 6090),  # 28 m from it: clear whatever its class
)


def test_setback(ask: Asking) -> None:
    found = ask(SETBACK, SETBACK_PARKS)
    assert outcomes(found) == {
        ("near", "G1"): "hit",
        ("vague", "G1"): "uncertain",
        ("bare", "G2"): "not_checked",
        ("unclassed", "G3"): "not_checked",
    }
    assert outcomes(found, "field") == {
        ("near", "G1"): None,
        ("vague", "G1"): None,
        ("bare", "G2"): "object.land_half_width_m",
        ("unclassed", "G3"): "object.road_class",
    }
    assert outcomes(found, "reason")["vague", "G1"] == "within_accuracy"
    near = found.findings.set_index("subject_id").loc["near"]
    assert near["measured"] == pytest.approx(16, abs=1e-4)
    assert near["threshold"] == 20
    assert near["margin"] == pytest.approx(-4, abs=1e-4)
    assert near["pm"] == 3
    assert (near["unit"], near["line"], near["line_basis"]) == (
        "m",
        "land_edge",
        "land_half_width_m",
    )
    assert near["half_width_m"] == 12
    assert (near["severity"], near["law"], near["article"]) == ("prohibited", "纸上法", "第二条")
    assert near["confidence"] == "memory"
    assert near["in_force"] == "unknown"
    assert near.geometry.length == pytest.approx(16, abs=1e-4)


def test_setback_is_counted_whole(ask: Asking) -> None:
    # seven parks, three roads of which each is, or may be, national: 21 pairs
    counts = ask(SETBACK, SETBACK_PARKS).tally.iloc[0]
    assert counts["asked_count"] == 21
    assert counts["hit_count"] == 1
    assert counts["uncertain_count"] == 1
    assert counts["not_checked_count"] == 2
    assert counts["clear_count"] == 17


def test_clear_pairs_are_named_on_demand(ask: Asking) -> None:
    found = ask(SETBACK, SETBACK_PARKS)
    clear = found.clear("PAP-01", "industrial-park")
    assert len(clear) == 17
    pairs = set(zip(clear["subject_id"], clear["object_id"], strict=True))
    assert ("far", "G1") in pairs
    assert ("away", "G2") in pairs
    assert ("near", "G2") in pairs
    assert ("near", "G1") not in pairs
    assert ("bare", "G2") not in pairs


def test_what_overlaps_for_certain_is_near_whatever_its_accuracy(ask: Asking) -> None:
    # 40 m off, r = 41 > 20, but 88 m deep over land that is 24 m wide
    layers = parks(("over", -100, 100), off=40.0)
    assert outcomes(ask(SETBACK, layers)) == {("over", "G1"): "hit"}
    # 40 m off and only 30 m past the edge: it may not reach the land at all
    layers = parks(("edge", -18, 100), off=40.0)
    assert outcomes(ask(SETBACK, layers)) == {("edge", "G1"): "uncertain"}


def test_unknown_accuracy_is_never_clear(ask: Asking) -> None:
    layers = parks(("near", 28, 90), ("far", 900, 950))
    for park in layers["industrial_park"]:
        park["geometry_accuracy_m"] = None
    found = ask(SETBACK, layers)
    assert outcomes(found) == {("near", "G1"): "uncertain"}
    assert outcomes(found, "reason") == {("near", "G1"): "accuracy_unknown"}
    many = found.findings[found.findings["subject_id"].isna()]
    assert many["reason"].tolist() == ["accuracy_unknown"]
    assert many["subject_ids"].tolist() == ['["far", "near"]']
    assert found.tally.iloc[0]["clear_count"] == 0
    assert found.tally.iloc[0]["not_checked_count"] == 5  # 6 pairs, one uncertain


def test_a_band_from_20_to_50(ask: Asking) -> None:
    demand = 'kind = "within_distance", from_m = 20, to_m = 50, measured_from = "land_edge"'
    layers = parks(
        ("band", 42, 90),  # 30 m from the edge
        ("both", 28, 90),  # 16 to 78 m: reaches from the inner zone into the band
        ("inner", 14, 20),  # 2 to 8 m: wholly nearer than 20 − 3
        ("brink", 14, 34),  # 2 to 22 m: its far side is in or out of the band
        ("rim", 61, 90),  # 49 m: 46 to 52
        ("far", 72, 90),  # 60 m
        ("bare", 3240, 3290),  # 240 m from an axis without half-width, within 50 + 200
    )
    found = ask(rule(demand, where=NATIONAL, severity="approval_required"), layers)
    assert outcomes(found) == {
        ("band", "G1"): "hit",
        ("both", "G1"): "hit",
        ("brink", "G1"): "uncertain",
        ("rim", "G1"): "uncertain",
        ("bare", "G2"): "not_checked",
    }
    assert set(found.findings["severity"]) == {"approval_required"}
    assert outcomes(found, "threshold")["band", "G1"] == 50


def test_50_m_beyond_the_zone_of_the_class(ask: Asking) -> None:
    base = 'kind = "setback", measured_from = "land_edge", distance_m = '
    county = '[rule.where]\nobject = { road_class = "county" }'
    beyond = 'kind = "buffer_beyond", distance_m = 50, beyond = ["PAP-01", "PAP-02"]'
    rules = (
        rule(base + "20", where=NATIONAL)
        + rule(base + "10", where=county, key="PAP-02")
        + rule(beyond, key="PAP-03")
    )
    layers = parks(
        ("sixty", 72, 100),  # 60 m < 20 + 50, though not < 50
        ("sixtyeight", 80, 110),  # 68 m: 65 to 71
        ("eighty", 92, 120),  # 80 m
        ("unclassed", 6077, 6100),  # 65 m from a road of no class: 20 + 50 or 10 + 50
        ("bare", 3260, 3290),  # 260 m from an axis without half-width, within 70 + 200
        ("county", 9060.5, 9100),  # 48.5 m from a county road: 10 + 50
        ("clear", 9077, 9100),  # 65 m from it: 65 − 3 > 60
    )
    layers["highway"].append(
        row("X4", line((0, 9000), (4000, 9000)), 1.0, road_class="county", land_half_width_m=12.0)
    )
    found = ask(rules, layers)
    assert outcomes(found, of="PAP-03") == {
        ("sixty", "G1"): "hit",
        ("sixtyeight", "G1"): "uncertain",
        ("unclassed", "G3"): "not_checked",
        ("bare", "G2"): "not_checked",
        ("county", "X4"): "hit",
    }
    told = outcomes(found, "threshold", "PAP-03")
    assert (told["sixty", "G1"], told["county", "X4"], told["unclassed", "G3"]) == (70, 60, 70)
    assert outcomes(found, "measured", "PAP-03")["sixty", "G1"] == pytest.approx(60, abs=1e-4)


# A river flows east, turns north at x = 6000 and back west at y = 11 000. The bridge stands at
# x = 3000. r = zone 2 + river 2, and bridge 1 + river 2 square across: 7 m.
RIVER = row("R", line((0, 10000), (6000, 10000), (6000, 11000), (3500, 11000)), 2.0)
BRIDGES = [
    row("B", line((3000, 9800), (3000, 10200)), 1.0, structure="bridge"),
    row("D", line((3000, 14000), (3000, 14300)), 1.0, structure="bridge"),  # over no drawn river
    row("S", line((500, 9800), (500, 10200)), 1.0, structure=None),
]
CHANNEL = rule(
    'kind = "along_channel", upstream_m = 500, downstream_m = 2000',
    subject="river_remediation_zone",
    where='[rule.where]\nobject = { structure = "bridge" }',
)


def zones() -> Layers:
    """Return the bridges, the river, and zones on it."""
    return {
        "highway": BRIDGES,
        "river_centreline": [RIVER],
        "river_remediation_zone": [
            row("down", rect(4500, 9950, 4800, 10050), 2.0),  # 1500 m below: 1507 < 2000
            row("at", rect(2900, 9950, 3100, 10050), 2.0),  # the bridge is in it
            row("up", rect(2390, 9950, 2400, 10050), 2.0),  # 600 m above: 593 > 500
            row("edge", rect(2450, 9950, 2503, 10050), 2.0),  # 497 m above: 490 to 504
            row("beside", rect(3500, 10030, 3600, 10060), 2.0),  # 30 m off the centreline
            # 1180 m through the air, 3000 + 1000 + 2000 m along the channel
            row("bend", rect(3900, 10950, 4000, 11050), 2.0),
            row("dry", rect(3500, 14000, 3600, 14100), 2.0),  # 500 m from a bridge over nothing
        ],
    }


def test_a_stretch_of_channel(ask: Asking) -> None:
    found = ask(CHANNEL, zones())
    pairs = {key: value for key, value in outcomes(found).items() if key[1] != "S"}
    assert pairs == {
        ("down", "B"): "hit",
        ("at", "B"): "hit",
        ("edge", "B"): "uncertain",
        ("beside", "B"): "not_checked",
        ("dry", "D"): "not_checked",
    }
    measured = outcomes(found, "measured")
    assert measured["down", "B"] == pytest.approx(1500, abs=1e-3)
    assert measured["edge", "B"] == pytest.approx(497, abs=1e-3)
    assert measured["at", "B"] == 0
    assert outcomes(found, "threshold")["edge", "B"] == 500
    assert outcomes(found, "pm")["down", "B"] == pytest.approx(7, abs=0.01)
    reasons = outcomes(found, "reason")
    assert reasons["beside", "B"] == "beside_channel"
    assert reasons["dry", "D"] == "no_centreline"
    # 1890 m below a thing at x = 500 that may be a bridge
    assert outcomes(found, "field")["up", "S"] == "object.structure"


def test_a_river_drawn_against_its_flow(ask: Asking) -> None:
    layers = zones()
    layers["river_centreline"] = [
        RIVER | {"geometry": shapely.reverse(RIVER["geometry"]), "drawn_backwards": True}
    ]
    found = outcomes(ask(CHANNEL, layers))
    assert found["down", "B"] == "hit"
    assert ("up", "B") not in found


def test_a_river_in_disorder_spoils_no_other(ask: Asking) -> None:
    # two parts side by side: nothing says which comes first, or which way either runs
    apart = [line((3000, 14150), (3900, 14150)), line((2950, 14290), (3850, 14290))]
    layers = zones()
    layers["river_centreline"] = [row("Q", shapely.MultiLineString(apart), 2.0), RIVER]
    found = ask(CHANNEL, layers)
    pairs = outcomes(found)
    assert (pairs["down", "B"], pairs["at", "B"], pairs["edge", "B"]) == ("hit", "hit", "uncertain")
    assert outcomes(found, "measured")["down", "B"] == pytest.approx(1500, abs=1e-3)
    assert pairs["dry", "D"] == "not_checked"
    assert outcomes(found, "reason")["dry", "D"] == "channel_unclear"


def test_without_a_river_nothing_along_it_is_checked(ask: Asking) -> None:
    layers = zones()
    del layers["river_centreline"]
    found = ask(CHANNEL, layers)
    reasons = {key: value for key, value in outcomes(found, "reason").items() if key[1] == "B"}
    assert reasons == dict.fromkeys(
        [(key, "B") for key in ("down", "at", "up", "edge", "beside", "bend")], "no_centreline"
    )
    # 3700 m through the air: no channel is shorter
    assert ("dry", "B") not in reasons


def test_a_law_without_a_number_is_never_checked(ask: Asking) -> None:
    near = rule('kind = "no_numeric_threshold", near_m = 100', severity="notice")
    layers = parks(("near", 80, 90), ("far", 130, 180))  # 80 m and 130 m from the line as drawn
    found = ask(near, layers)
    assert outcomes(found) == {("near", "G1"): "not_checked"}
    assert outcomes(found, "reason") == {("near", "G1"): "no_number"}
    assert found.tally.iloc[0]["clear_count"] == 0
    always = ask(rule('kind = "no_numeric_threshold"', severity="notice"), layers)
    assert always.findings["reason"].tolist() == ["no_number"]
    assert always.findings["subject_ids"].tolist() == ['["far", "near"]']
