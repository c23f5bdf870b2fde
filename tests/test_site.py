"""The site check: figures on paper in the town, and the answers of the other queries.

Coordinates as in the town's README: x = E − 490 000, y = N − 4 540 000.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import httpx
import numpy as np
import pytest
import shapely
from geopandas import GeoDataFrame
from pydantic import ValidationError
from typer.testing import CliRunner

from geoplan import Catalogue, processes
from geoplan.cli import app
from geoplan.errors import BadCrs, BadQuery, CrsMismatch, InvalidGeometry
from geoplan.export import result_document
from geoplan.processes import SiteInputs
from geoplan.queries import clearance, overlap, ready, site_check

EAST, NORTH = 490_000, 4_540_000


def at(shape: Any) -> Any:
    return shapely.transform(shape, lambda xy: np.add(xy, (EAST, NORTH)))


def site(shape: Any, **columns: Any) -> GeoDataFrame:
    return gpd.GeoDataFrame(
        {name: [value] for name, value in columns.items()}, geometry=[at(shape)], crs=4550
    )


BLOCK = shapely.box(8900, 10_300, 9600, 10_750)


@pytest.fixture(scope="module")
def layers(town: Catalogue) -> dict[str, GeoDataFrame]:
    return {name: town.read(name) for name in town}


def part(found: GeoDataFrame, layer: str) -> dict[str, Any]:
    (one,) = [part for part in found.attrs["parts"] if part["layer"] == layer]
    return dict(one)


def test_a_block_on_paper(layers: dict[str, GeoDataFrame]) -> None:
    found = site_check(site(BLOCK), layers, within_m=300)
    rows = {
        (row.layer, row.feature_id): (row.relation, row.outcome, row.distance_m)
        for row in found.itertuples()
    }
    near = pytest.approx
    assert rows == {
        ("industrial-parks", "IP-1"): ("overlaps", "hit", 0),
        # its east edge is the block's west edge, and every feature may be 1 m off
        ("scenic-areas", "SC-1"): ("touches", "uncertain", 0),
        ("river-remediation-zones", "RR-2"): ("near", "clear", near(150, abs=1e-3)),
        ("highways", "HW-1"): ("overlaps", "hit", 0),
        ("gas-pipelines", "GP-3"): ("overlaps", "hit", 0),
        # its first line ends 100 west and 150 north of the corner, rising 3 over 4: the foot of
        # the perpendicular is 10 before the end, 100 × 3/5 + 150 × 4/5 away
        ("gas-pipelines", "GP-2"): ("near", "clear", near(180, abs=1e-3)),
    }
    measured = found.set_index("feature_id")
    assert measured.loc["IP-1", "area_m2"] == near(600 * 450, rel=1e-6)
    assert measured.loc["IP-1", "site_ratio"] == near(6 / 7, rel=1e-6)
    assert measured.loc["IP-1", "feature_ratio"] == near(0.45, rel=1e-6)
    assert measured.loc["HW-1", "length_m"] == near(700, rel=1e-6)
    assert measured.loc["HW-1", "feature_ratio"] == near(0.35, rel=1e-6)
    assert measured.loc["GP-3", "length_m"] == near(300, rel=1e-6)
    assert np.isnan(measured.loc["HW-1", "site_ratio"])
    assert measured.loc["GP-2", "azimuth_deg"] == near(
        np.degrees(np.arctan2(-3, 4)) % 360, abs=0.01
    )


def test_every_layer_has_its_verdict_and_figures(layers: dict[str, GeoDataFrame]) -> None:
    found = site_check(site(BLOCK), layers, within_m=300)
    verdicts = {one["layer"]: (one["outcome"], one["reason"]) for one in found.attrs["parts"]}
    assert verdicts == {
        "industrial-parks": ("hit", None),
        "scenic-areas": ("uncertain", "within_accuracy"),
        "river-remediation-zones": ("clear", None),
        "highways": ("hit", None),
        "gas-pipelines": ("hit", None),
    }
    parks = part(found, "industrial-parks")
    assert (parks["feature_count"], parks["overlap_count"], parks["near_count"]) == (4, 1, 0)
    assert parks["coverage_ratio"] == pytest.approx(6 / 7, rel=1e-6)
    river = part(found, "river-remediation-zones")
    assert (river["nearest_id"], river["near_count"]) == ("RR-2", 1)
    assert (river["covered_area_m2"], river["coverage_ratio"]) == (0, 0)


def test_ground_under_two_features_counts_once(layers: dict[str, GeoDataFrame]) -> None:
    # IP-2's south-east arm: SC-2 takes 30,000, SC-3 45,000, both of them 25,000
    arm = shapely.box(10_200, 10_100, 11_200, 10_400)
    scenic = part(site_check(site(arm), layers, within_m=0), "scenic-areas")
    assert scenic["overlap_count"] == 2
    assert scenic["covered_area_m2"] == pytest.approx(50_000, rel=1e-6)
    assert scenic["coverage_ratio"] == pytest.approx(50 / 300, rel=1e-6)


def test_what_is_far_is_named_with_its_nearest(layers: dict[str, GeoDataFrame]) -> None:
    # 900 west of HW-1's start, on its line
    found = site_check(site(shapely.Point(7400, 10_700)), layers, within_m=10)
    assert set(found["relation"]) == {"nearest"}
    nearest = found.set_index("layer")
    assert nearest.loc["highways", "feature_id"] == "HW-1"
    assert nearest.loc["highways", "distance_m"] == pytest.approx(900, abs=1e-3)
    assert nearest.loc["scenic-areas", "distance_m"] == pytest.approx(800, abs=1e-3)
    outcomes = {one["layer"]: (one["outcome"], one["reason"]) for one in found.attrs["parts"]}
    assert outcomes["highways"] == ("clear", None)
    # of IP-4 no position is published: that none is hit is not known
    assert outcomes["industrial-parks"] == ("uncertain", "no_geometry")


def test_a_vague_site_is_uncertain_where_a_sharp_one_is_hit(
    layers: dict[str, GeoDataFrame],
) -> None:
    sharp = part(site_check(site(BLOCK), layers), "highways")
    vague = part(site_check(site(BLOCK, geometry_accuracy_m=400.0), layers), "highways")
    assert (sharp["outcome"], vague["outcome"]) == ("hit", "uncertain")
    # within its accuracy the site may reach what is far beyond the distance asked for
    far = site_check(site(BLOCK, geometry_accuracy_m=400.0), layers, within_m=10)
    assert part(far, "river-remediation-zones")["outcome"] == "uncertain"


def test_lines_cross_lines_in_points(layers: dict[str, GeoDataFrame]) -> None:
    road = shapely.LineString([(8400, 10_650), (9000, 10_800)])  # over HW-1 at a third of its way
    found = site_check(site(road), layers, within_m=5).set_index(["layer", "feature_id"])
    crossing = found.loc[("highways", "HW-1")]
    assert (crossing["relation"], crossing["point_count"]) == ("overlaps", 1)
    assert (crossing.geometry.x, crossing.geometry.y) == pytest.approx(
        (EAST + 8600, NORTH + 10_700), abs=1e-6
    )


@pytest.mark.parametrize("asked", ["industrial-parks", "gas-pipelines", "highways"])
def test_each_feature_as_a_site_says_what_the_other_queries_say(
    asked: str, layers: dict[str, GeoDataFrame]
) -> None:
    others = {name: layer for name, layer in layers.items() if name != asked}
    kept = {name: ready(layer, name) for name, layer in others.items()}
    for feature in layers[asked].index[:3]:
        one = layers[asked].loc[[feature]]
        found = site_check(one, kept, within_m=250)
        for name, layer in others.items():
            mine = found[(found["layer"] == name) & (found["relation"] != "nearest")]
            apart = clearance(one, layer, 250).set_index("right_id")
            assert set(mine["feature_id"]) == set(apart.index)
            drawn = overlap(one, layer).set_index("right_id")
            for row in mine.itertuples():
                distance = apart.loc[row.feature_id, "distance_m"]
                assert row.distance_m == pytest.approx(distance, abs=1e-6)
                if row.feature_id not in drawn.index:
                    assert row.relation in ("near", "touches")
                    continue
                same = drawn.loc[row.feature_id]
                got = [row.area_m2, row.length_m, row.point_count]
                want = same[["area_m2", "length_m", "point_count"]].tolist()
                assert got == pytest.approx(want, rel=1e-9, abs=1e-6, nan_ok=True)


def test_what_cannot_be_checked_is_told_and_the_rest_is_checked(
    layers: dict[str, GeoDataFrame],
) -> None:
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    spoilt = {
        **layers,
        "broken": site(bow),
        "nowhere": layers["highways"].set_crs(None, allow_override=True),
        "elsewhere": layers["highways"].set_crs(2386, allow_override=True),
        "empty": layers["highways"].iloc[:0],
        "unplaced": layers["industrial-parks"].loc[["IP-4"]],
    }
    found = site_check(site(BLOCK), spoilt)
    verdicts = {one["layer"]: one for one in found.attrs["parts"]}
    assert list(verdicts) == list(spoilt)
    for name, reason in {
        "broken": "InvalidGeometry",
        "nowhere": "CrsMismatch",
        "elsewhere": "CrsMismatch",
        "empty": "EmptyLayer",
        "unplaced": "no_geometry",
    }.items():
        assert verdicts[name]["outcome"] == "not_checked"
        assert str(verdicts[name]["reason"]).startswith(reason)
    assert verdicts["highways"]["outcome"] == "hit"


def test_a_bad_site_is_refused(layers: dict[str, GeoDataFrame]) -> None:
    two = gpd.GeoDataFrame(geometry=[at(BLOCK), at(BLOCK)], crs=4550)
    with pytest.raises(BadQuery, match="one feature"):
        site_check(two, layers)
    with pytest.raises(CrsMismatch):
        site_check(site(BLOCK).set_crs(None, allow_override=True), layers)
    bow = shapely.Polygon([(0, 0), (100, 100), (100, 0), (0, 100)])
    with pytest.raises(InvalidGeometry):
        site_check(site(bow), layers)
    for within in (-1, float("nan"), float("inf")):
        with pytest.raises(BadQuery, match="within_m"):
            site_check(site(BLOCK), layers, within_m=within)


# The process, the command, the service


def geojson(shape: Any) -> dict[str, Any]:
    return dict(json.loads(shapely.to_geojson(at(shape))))


def test_the_process_names_features_and_keeps_what_it_read(town: Catalogue) -> None:
    inputs = SiteInputs.model_validate(
        {"geometry": geojson(BLOCK), "crs": "EPSG:4550", "within_m": 300}
    )
    result = processes.site_check(town, inputs)
    names = dict(zip(result.features["feature_id"], result.features["feature_name"], strict=True))
    assert names["IP-1"] == "北园"
    assert result.totals == {
        "count": 6,
        "hit_layers": 3,
        "uncertain_layers": 1,
        "clear_layers": 1,
        "not_checked_layers": 0,
        "measured_rasters": 2,
        "not_checked_rasters": 0,
    }
    document = json.loads(json.dumps(result_document(result), allow_nan=False))
    assert [part["outcome"] for part in document["parts"]] == [
        "hit", "uncertain", "clear", "hit", "hit", "measured", "measured",
    ]  # fmt: skip
    again = processes.site_check(town, inputs)
    assert again.features.drop(columns="geometry").equals(result.features.drop(columns="geometry"))


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"crs": "EPSG:0"}, BadCrs),
        ({"geometry": {"type": "Polygon", "coordinates": [[1, 2], [3, 4]]}}, BadQuery),
        ({"geometry": {"type": "Point", "coordinates": ["a", "b"]}}, ValidationError),
        ({"geometry": {"type": "Point", "coordinates": [1, True]}}, ValidationError),
        ({"geometry": {"type": "GeometryCollection", "coordinates": [1]}}, ValidationError),
        ({"within_m": -1}, ValidationError),
    ],
)
def test_bad_inputs_of_the_process(
    change: dict[str, Any], error: type[Exception], town: Catalogue
) -> None:
    inputs = {"geometry": geojson(BLOCK), "crs": "EPSG:4550"} | change
    with pytest.raises(error):
        processes.site_check(town, SiteInputs.model_validate(inputs))


def test_the_command_reads_a_file_and_ends_in_a_condition(town_dir: Path, tmp_path: Path) -> None:
    path = tmp_path / "site.geojson"
    lonlat = gpd.GeoSeries([at(BLOCK)], crs=4550).to_crs(4326)
    path.write_text(lonlat.to_json(), encoding="utf-8")
    asked = ["site-check", str(path), "--plan", str(town_dir), "--lang", "en"]
    answer = CliRunner().invoke(app, asked)
    assert answer.exit_code == 0, answer.output
    assert "North park" in answer.output
    assert "85.71%" in answer.output
    assert CliRunner().invoke(app, [*asked, "--fail-on", "hit"]).exit_code == 1
    away = ["site-check", "POINT(122.972 41.072)", *asked[2:], "--layer", "scenic-areas"]
    assert CliRunner().invoke(app, [*away, "--fail-on", "doubt"]).exit_code == 0


def test_the_service_gives_what_the_library_gives(town: Catalogue) -> None:
    from geoplan_api.app import create_app

    from geoplan.settings import Settings

    inputs = {"geometry": geojson(BLOCK), "crs": "EPSG:4550", "within_m": 300}
    transport = httpx.ASGITransport(app=create_app(town, Settings()))
    import anyio

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            body = {"inputs": inputs}
            return await client.post("/processes/site-check/execution", json=body)

    answer = anyio.run(ask)
    assert answer.status_code == 200, answer.text
    found = answer.json()
    expected = result_document(processes.site_check(town, SiteInputs.model_validate(inputs)))
    assert found["parts"] == json.loads(json.dumps(expected["parts"]))
    assert found["features"] == json.loads(json.dumps(expected["features"]))
