"""Two versions of a plan on paper: what changed, by how much, and what became of conflicts.

Coordinates are metres in EPSG:4550, within 8 km of its meridian, where plane and ellipsoid
differ by less than 1e-6.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from geoplan import Catalogue
from geoplan.cli import app
from geoplan.errors import BadQuery, CrsMismatch, DuplicateId, LayerNotFound, VersionNotFound
from geoplan.processes import PROCESSES
from geoplan.queries.changes import changes
from geoplan.versions import Difference, change_layers, difference
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

SETBACK = rule('kind = "setback", distance_m = 20.0, measured_from = "centreline"')
ROAD = row("R", line((0, 0), (2000, 0)), 1.0, name="路")


def park(south: float, off: float = 1.0, **told: Any) -> dict[str, Any]:
    """Return a park 300 m wide and 100 m deep that begins so far north of the road."""
    return row("P", rect(500, south, 800, south + 100), off, **{"name": "园", **told})


def layers(*parks: dict[str, Any], road: dict[str, Any] | None = ROAD) -> Layers:
    # of a kind that has nobody, one without a position in its place
    nobody = row("N", None, 1.0, name="无")
    return {"industrial_park": list(parks) or [nobody], "highway": [road or nobody]}


def between(tmp_path: Path, old: Layers, new: Layers, *rules: str) -> Difference:
    rules = rules or (SETBACK, SETBACK)
    first = write_plan(tmp_path / "old", rules[0], old)
    return difference(first, write_plan(tmp_path / "new", rules[1], new), ["paper"])


def became(found: Difference) -> list[tuple[str, str]]:
    assert found.findings is not None
    return list(zip(found.findings["became"], found.findings["reasons"], strict=True))


def test_a_park_moved_five_metres_east(tmp_path: Path) -> None:
    """300 × 100 m: 5 × 100 m² in at the east, as much out at the west, the outline off by 5."""
    moved = row("P", rect(505, 300, 805, 400), 1.0, name="园")
    found = between(tmp_path, layers(park(300)), layers(moved))
    (one,) = found.features.to_dict("records")
    assert (one["layer"], one["feature_id"], one["change"]) == ("industrial-park", "P", "changed")
    assert one["shift_m"] == pytest.approx(5.0, abs=1e-5)
    assert one["gained_m2"] == pytest.approx(500, rel=1e-5)
    assert one["lost_m2"] == pytest.approx(500, rel=1e-5)
    assert one["area_old_m2"] == pytest.approx(30_000, rel=1e-5)
    assert one["area_new_m2"] == pytest.approx(30_000, rel=1e-5)
    assert one["fields"] is None
    assert found.unchanged == {"industrial-park": 0, "highway": 1}
    assert became(found) == []


def test_attributes_are_told_before_and_after(tmp_path: Path) -> None:
    found = between(tmp_path, layers(park(300)), layers(park(300, name="新园", use=None, area=3.5)))
    (one,) = found.features.to_dict("records")
    assert not one["geometry_changed"]
    assert json.loads(one["fields"]) == {"name": ["园", "新园"], "area": [None, 3.5]}


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        # both within 1 m: 20 is kept from 22 on, broken below 18, and doubtful between
        (30, 10, ("new", "geometry")),
        (10, 30, ("cleared", "geometry")),
        (19, 10, ("worse", "geometry")),
        (10, 19, ("better", "geometry")),
        (12, 10, ("worse", "geometry")),
        (10, 12, ("better", "geometry")),
    ],
)
def test_what_becomes_of_a_conflict(
    tmp_path: Path, old: float, new: float, expected: tuple[str, str]
) -> None:
    found = between(tmp_path, layers(park(old)), layers(park(new)))
    assert became(found) == [expected]
    assert found.findings is not None
    (one,) = found.findings.to_dict("records")
    told = {"new": "measured_new", "cleared": "measured_old"}.get(expected[0])
    if told is None:
        assert one["measured_change"] == pytest.approx(new - old, abs=1e-5)
    else:
        assert one[told] == pytest.approx(10, abs=1e-5)


def test_each_reason_is_told_apart(tmp_path: Path) -> None:
    stricter = SETBACK.replace("20.0", "40.0")
    cases = [
        (layers(park(30)), layers(park(30)), (SETBACK, stricter), ("new", "rule")),
        (layers(park(30)), layers(park(30, off=15.0)), (), ("new", "data")),
        (layers(park(30)), layers(park(10)), (SETBACK, stricter), ("new", "geometry,rule")),
        (layers(), layers(park(10)), (), ("new", "geometry")),
    ]
    for number, (old, new, rules, expected) in enumerate(cases):
        found = between(tmp_path / str(number), old, new, *rules)
        assert became(found) == [expected], number


def test_a_road_that_is_gone_clears_and_a_layer_that_is_gone_does_not(tmp_path: Path) -> None:
    gone = between(tmp_path / "a", layers(park(10)), layers(park(10), road=None))
    assert became(gone) == [("cleared", "geometry")]
    other = row("Q", line((0, 9000), (2000, 9000)), 1.0, name="路")
    moved = between(tmp_path / "b", layers(park(10)), layers(park(10), road=other))
    assert became(moved) == [("cleared", "geometry")]
    without = {"industrial_park": [park(10)]}
    lost = between(tmp_path / "c", layers(park(10)), without)
    assert became(lost) == [("unchecked", "data")]
    assert lost.layers_removed == ("highway",)
    found = between(tmp_path / "d", without, layers(park(10)))
    assert became(found) == [("checked", "data")]
    assert found.layers_added == ("highway",)


def test_the_same_under_another_id_is_renamed(tmp_path: Path) -> None:
    other = {**park(300), "feature_id": "P-9"}
    found = between(tmp_path, layers(park(300)), layers(other))
    (one,) = found.features.to_dict("records")
    assert (one["change"], one["old_id"], one["feature_id"]) == ("renamed", "P", "P-9")


def test_two_published_versions_of_a_road(tmp_path: Path) -> None:
    """The first EIA notice of 本庄高速 has 174.8 km and 21.598 bn yuan, the later report 174.659 km
    and 18.51 bn: the same line drawn, two attributes changed, and the source that says so.
    """
    root = Path(__file__).parents[2]
    notice = "http://wap.wkdykr.cn/jggs/gzfw/xxgk2/1004459/index.html"
    report = "http://ln.people.com.cn/BIG5/n2/2025/0728/c378317-41304508.html"
    published = ((174.8, 2_159_800.0, notice), (174.659, 1_851_000.0, report))
    features = Catalogue.open(root / "layers").read("highways")
    (key,) = features.index[features["declared_length_km"] == 174.659]
    then, now = (
        features.loc[[key]].assign(
            declared_length_km=length, investment_total=cost, declared_note=source
        )
        for length, cost, source in published
    )
    (one,) = changes(then, now).to_dict("records")
    assert (one["feature_id"], one["change"], one["geometry_changed"]) == (key, "changed", False)
    assert json.loads(one["fields"]) == {
        "declared_length_km": [174.8, 174.659],
        "declared_note": [notice, report],
        "investment_total": [2_159_800.0, 1_851_000.0],
    }
    assert one["length_old_m"] == one["length_new_m"] > 100_000


def test_layers_of_the_change(tmp_path: Path) -> None:
    """Moved 5 m east, and a second park gone: numbers 1 and 2 in all three layers."""
    gone = row("S", rect(1000, 700, 1100, 750), 1.0, name="去")
    moved = row("P", rect(505, 300, 805, 400), 1.0, name="园")
    found = between(tmp_path, layers(park(300), gone), layers(moved))
    made = change_layers(found)
    assert {name: one["WHBH"].tolist() for name, one in made.items()} == {
        "WHQ": [1, 2],
        "WHC": [1, 1, 2],
        "WHH": [1],
    }
    change = made["WHC"]
    assert change["WHLX"].tolist() == [1, 3, 3]
    assert change.crs.to_epsg() == 4490
    areas = change.to_crs(4550).area.tolist()
    assert areas == pytest.approx([500, 500, 5000], rel=1e-6)


_PLACES = st.tuples(st.integers(0, 60), st.integers(0, 3))


@settings(max_examples=25)
@given(old=st.lists(_PLACES, min_size=1, max_size=4), new=st.lists(_PLACES, min_size=1, max_size=4))
def test_backwards_is_the_mirror(old: list[Any], new: list[Any]) -> None:
    def frame(places: list[Any]) -> gpd.GeoDataFrame:
        shapes = [rect(100 * x, 50 * y, 100 * x + 70, 50 * y + 30) for x, y in places]
        return gpd.GeoDataFrame(
            {"n": [y for _, y in places]}, geometry=shapes, index=range(len(shapes)), crs=4550
        )

    then, now = frame(old), frame(new)
    assert len(changes(then, then)) == 0
    there, back = changes(then, now), changes(now, then)
    mirror = {"added": "removed", "removed": "added"}
    told = {
        (one["old_id"], one["feature_id"], mirror.get(one["change"], one["change"]))
        for one in there.to_dict("records")
    }
    assert told == {
        (one["feature_id"], one["old_id"], one["change"]) for one in back.to_dict("records")
    }
    for name, other in (("gained_m2", "lost_m2"), ("shift_m", "shift_m")):
        assert sorted(there[name].dropna()) == pytest.approx(sorted(back[other].dropna()), abs=1e-6)


def test_what_cannot_be_compared_is_named(tmp_path: Path) -> None:
    one = gpd.GeoDataFrame(geometry=[rect(0, 0, 1, 1)], index=["a"], crs=4550)
    with pytest.raises(CrsMismatch):
        changes(one, one.set_crs(None, allow_override=True))
    with pytest.raises(DuplicateId):
        changes(one, gpd.GeoDataFrame(geometry=[None, None], index=["a", "a"], crs=4550))
    with pytest.raises(CrsMismatch):
        changes(
            one, gpd.GeoDataFrame(geometry=[shapely.Point(1, 1)], index=[1], crs="IAU_2015:30100")
        )
    old = write_plan(tmp_path / "old", SETBACK, layers(park(10)))
    new = write_plan(tmp_path / "new", SETBACK, layers(park(10)))
    text = (new.directory / "catalogue.toml").read_text(encoding="utf-8")
    other = text.replace('kind = "industrial_park"', 'kind = "generic"')
    (new.directory / "catalogue.toml").write_text(other, encoding="utf-8")
    with pytest.raises(BadQuery, match="of kind"):
        difference(old, Catalogue.open(new.directory))
    with pytest.raises(LayerNotFound):
        difference(old, old, layers=["nope"])


def test_the_command_prints_table_g_and_writes_the_change(tmp_path: Path) -> None:
    for name, south in (("old", 12), ("new", 10)):
        write_plan(tmp_path / name, SETBACK, layers(park(south)))
    asked = ["diff", str(tmp_path / "old"), str(tmp_path / "new"), "--pack", "paper"]
    told = CliRunner().invoke(app, [*asked, "--lang", "zh", "--changes", str(tmp_path / "c.gpkg")])
    assert told.exit_code == 0, told.output
    for words in ("版本差异表", "C01", "加重", "几何", "-2.0"):
        assert words in told.output
    assert {one.name for one in tmp_path.glob("c-*.gpkg")} == {
        f"c-{name}.gpkg" for name in ("WHQ", "WHC", "WHH")
    }
    book = tmp_path / "g.xlsx"
    assert CliRunner().invoke(app, [*asked, "-o", str(book)]).exit_code == 0
    import openpyxl

    sheet = openpyxl.load_workbook(book)["G 版本差异"]
    cells = [cell for line_ in sheet.iter_rows(values_only=True) for cell in line_]
    assert "加重" in cells
    assert pytest.approx(-2.0, abs=1e-4) in cells


def test_the_process_asks_a_version_that_the_plan_keeps(tmp_path: Path) -> None:
    plan = write_plan(tmp_path / "plan", SETBACK, layers(park(10)))
    write_plan(tmp_path / "plan" / "versions" / "2024-12", SETBACK, layers(park(12)))
    process = PROCESSES["diff"]
    asked = {"old": "2024-12", "packs": ["paper"]}
    result = process.run(plan, process.inputs.model_validate(asked))
    (table,) = result.tables  # type: ignore[union-attr]
    (one,) = table.rows.to_dict("records")
    assert (one["number"], one["became"], one["before"]) == ("C01", "worse", "hit")
    assert one["distance_change_m"] == pytest.approx(-2.0, abs=1e-5)
    with pytest.raises(VersionNotFound, match="2024-12"):
        process.run(plan, process.inputs.model_validate({"old": "2023"}))
    for name in ("../plan", "/etc", "a/b", "", ".", "2024 12"):
        with pytest.raises(ValueError, match="old"):
            process.inputs.model_validate({"old": name})
