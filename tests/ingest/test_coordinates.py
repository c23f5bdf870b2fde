"""Coordinate traps: disguised copies of known features come home, or the trap is named."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Transformer
from shapely import LineString, MultiPolygon, Point, Polygon

from geoplan.errors import (
    BadCrs,
    CoordinateInvalid,
    CrsContradicted,
    CrsUnknown,
    DatumShiftUnknown,
    GeoplanError,
    MixedCoordinates,
    OutsidePlan,
    UnitsMismatch,
    ZoneMismatch,
)
from geoplan.ingest.candidates import GEOGRAPHIC, epsg, transverse_mercator, zone_of, zones
from geoplan.ingest.coordinates import ACCURACY, Verdict, bring_home, judge
from geoplan.ingest.datums import datum_of
from geoplan.ingest.offsets import OffsetSystem, with_offset
from geoplan.model import Bbox

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE_DEG = 1e-9

ANSHAN = Bbox(122.1, 40.4, 123.7, 41.6)
BORDER = Bbox(120.6, 40.8, 122.4, 42.0)  # the 3° zones of 120° and 123° meet at 121.5°
CHENGDU = Bbox(102.9, 30.0, 104.9, 31.5)
CAMBRIDGE = Bbox(-71.17, 42.34, -71.05, 42.42)


def lopsided(lon: float, lat: float) -> gpd.GeoDataFrame:
    """Return an L, a bent line with heights, two unlike islands and a point; one has no place."""
    return gpd.GeoDataFrame(
        {"name": ["角", "弯", "岛", "点", "无"], ACCURACY: [2.0, 5.0, math.nan, 1.0, 3.0]},
        geometry=[
            Polygon(
                [
                    (lon, lat),
                    (lon + 0.05, lat + 0.002),
                    (lon + 0.048, lat + 0.01),
                    (lon + 0.013, lat + 0.008),
                    (lon + 0.009, lat + 0.031),
                    (lon - 0.001, lat + 0.03),
                ]
            ),
            LineString([(lon - 0.02, lat, 17.5), (lon + 0.03, lat - 0.01, 23.25), (lon, lat, 4)]),
            MultiPolygon(
                [
                    Polygon([(lon, lat - 0.05), (lon + 0.02, lat - 0.05), (lon, lat - 0.02)]),
                    Polygon([(lon + 0.04, lat), (lon + 0.07, lat), (lon + 0.06, lat + 0.005)]),
                ]
            ),
            Point(lon + 0.0123456789, lat - 0.0087654321),
            None,
        ],
        index=["A-1", "A-2", "A-3", "A-4", "A-5"],
        crs=4490,
    )


PLACES = {
    "anshan": (lopsided(122.99, 41.11), ANSHAN),
    "border": (lopsided(121.43, 41.32), BORDER),
    "chengdu": (lopsided(104.06, 30.66), CHENGDU),
    "cambridge": (lopsided(-71.11, 42.37), CAMBRIDGE),
}


def moved(features: gpd.GeoDataFrame, move: Any) -> gpd.GeoDataFrame:
    """Return features whose first two numbers are moved; heights and rows stay."""

    def with_heights(xyz: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([move(xyz[:, :2]), xyz[:, 2:]])

    shapes = np.array(
        [
            shapely.transform(shape, with_heights, include_z=bool(shapely.has_z(shape)))
            for shape in features.geometry
        ]
    )
    return gpd.GeoDataFrame(features.drop(columns="geometry"), geometry=shapes)


def into(code: int) -> Any:
    """Return the way from degrees of a CRS's own datum to its plane."""
    crs = CRS(code)
    way = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True)
    return lambda xy: np.column_stack(way.transform(xy[:, 0], xy[:, 1]))


def turned(move: Any) -> Any:
    return lambda xy: move(xy)[:, ::-1]


def shifted(move: Any, metres: float) -> Any:
    return lambda xy: move(xy) + np.array([metres, 0.0])


def web_map(system: OffsetSystem) -> Any:
    return lambda xy: with_offset(xy, system)


def same(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return xy


@dataclass(frozen=True)
class Trap:
    """A disguise, what the file and the user say, and what must come of it."""

    name: str
    move: Any
    declared: int | str | None
    outcome: type[GeoplanError] | None = None
    says: tuple[str, ...] = ()
    codes: frozenset[str] = frozenset()
    place: str = "anshan"
    asked: dict[str, Any] = field(default_factory=dict)


def trap(
    name: str,
    move: Any,
    declared: int | str | None,
    outcome: type[GeoplanError] | None = None,
    says: tuple[str, ...] = (),
    codes: tuple[str, ...] = (),
    place: str = "anshan",
    **asked: Any,
) -> Trap:
    return Trap(name, move, declared, outcome, says, frozenset(codes), place, asked)


def esri(code: int) -> str:
    return CRS(code).to_wkt("WKT1_ESRI")


TRAPS = [
    # as it should be
    trap("cgcs2000 degrees", same, 4490),
    trap("wgs 84 degrees", same, 4326, codes=("datum_taken_as_same",)),
    trap("3° with prefix", into(4529), 4529),
    trap("3° without prefix", into(4550), 4550, codes=("same_numbers",)),
    trap("6° with prefix", into(4499), 4499),
    trap("6° without prefix", into(4510), 4510, codes=("same_numbers",)),
    trap("6° declared, 3° meant: same numbers", into(4550), 4510, codes=("same_numbers",)),
    trap("esri words of a .prj", into(4529), esri(4529)),
    trap("utm", into(32651), 32651, codes=("datum_taken_as_same",)),
    trap("web mercator", into(3857), 3857, codes=("datum_taken_as_same",)),
    trap("itrf2014", same, 9000, codes=("datum_taken_as_same",)),
    # zone number before the easting
    trap("prefix 41 in the numbers only", into(4529), 4550, codes=("prefix_corrected",)),
    trap("prefix 41 in the CRS only", into(4550), 4529, codes=("prefix_corrected",)),
    trap("prefix 21 where 41 is declared", into(4499), 4529, codes=("prefix_corrected",)),
    trap("prefix 41 where 21 is declared", into(4529), 4499, codes=("prefix_corrected",)),
    trap("prefix only in the numbers, esri", into(4529), esri(4550), codes=("prefix_corrected",)),
    # axes
    trap("north first", turned(into(4550)), 4550, codes=("axes_swapped",)),
    trap("north first, with prefix", turned(into(4529)), 4529, codes=("axes_swapped",)),
    trap(
        "north first and prefix undeclared",
        turned(into(4529)),
        4550,
        codes=("axes_swapped", "prefix_corrected"),
    ),
    trap("north first, utm", turned(into(32651)), 32651, codes=("axes_swapped",)),
    trap("latitude first", turned(same), 4326, codes=("axes_swapped",)),
    trap("latitude first, declared twice", turned(same), 4490, swap_axes=True),
    trap("axes forbidden to swap", turned(same), 4490, CrsContradicted, ("--swap-axes",),
         swap_axes=False),
    # units
    trap("degrees in a plane", same, 4550, UnitsMismatch, ("--source-crs EPSG:4490",)),
    trap("degrees in a plane, swapped", turned(same), 4529, UnitsMismatch, ("--swap-axes",)),
    trap("degrees in web mercator", same, 3857, UnitsMismatch, ("EPSG:4326",)),
    trap("metres in degrees", into(4529), 4490, UnitsMismatch, ("--source-crs EPSG:4529",)),
    trap("mercator metres in degrees", into(3857), 4326, UnitsMismatch, ("EPSG:3857",)),
    # zones
    trap("neighbour zone", into(4550), 4549, ZoneMismatch, ("--source-crs EPSG:4550",)),
    trap("neighbour prefix", into(4529), 4528, ZoneMismatch, ("--source-crs EPSG:4529",)),
    trap("neighbour utm zone", into(32651), 32652, ZoneMismatch, ("EPSG:32651",)),
    trap("mercator called a zone", into(3857), 4550, CrsContradicted, ("EPSG:3857",)),
    trap("no false easting", shifted(into(4550), -5e5), 4550, CrsContradicted, ("500,000 m",)),
    trap("border, own zone", into(4549), 4549, place="border"),
    trap("border, stretched zone", into(4548), 4548, codes=("beyond_zone",), place="border"),
    trap("border, wrong zone", into(4549), 4550, ZoneMismatch, ("EPSG:4549",), place="border"),
    # nobody says
    trap("no CRS, no prefix", into(4550), None, CrsUnknown, ("1. EPSG:4550", "EPSG:4510")),
    trap("no CRS, prefix", into(4529), None, CrsUnknown, ("1. EPSG:4529",)),
    trap("no CRS, north first", turned(into(4529)), None, CrsUnknown, ("--swap-axes",)),
    trap("no CRS, degrees", same, None, CrsUnknown, ("1. EPSG:4490", "GCJ-02", "BD-09")),
    trap("no CRS, the user knows", into(4529), None, source_crs="EPSG:4529"),
    trap("no CRS, the user forgets the prefix", into(4529), None, codes=("prefix_corrected",),
         source_crs="EPSG:4550"),
    trap("a drawing's own CRS", into(4550), 'LOCAL_CS["drawing",UNIT["metre",1]]', CrsUnknown,
         ("not tied",)),
    trap("the user overrules the file", into(4550), 4326, codes=("declared_overruled",),
         source_crs="EPSG:4550"),
    trap("the user names nothing", same, None, BadCrs, ("GCJ-02",), source_crs="map.prj"),
    # datums
    trap("xi'an 1980", into(2386), 2386, DatumShiftUnknown, ("--accept-datum-shift",)),
    trap("xi'an 1980, 6°", into(2335), 2335, DatumShiftUnknown, ("Xian 1980",)),
    trap("xi'an 1980, esri", into(2386), esri(2386), DatumShiftUnknown, ("Xian 1980",)),
    trap("beijing 1954", into(2438), 2438, DatumShiftUnknown, ("Beijing 1954",)),
    trap("beijing 1954 degrees", same, 4214, DatumShiftUnknown, ("Beijing 1954",)),
    trap("new beijing", same, 4555, DatumShiftUnknown, ("New Beijing",)),
    trap("xi'an 1980 accepted", into(2386), 2386, codes=("datum_shift_not_applied",),
         accept_datum_shift_m=120.0),
    trap("beijing 1954 accepted, prefix undeclared", into(2417), 2438,
         codes=("datum_shift_not_applied", "prefix_corrected"),
         accept_datum_shift_m=120.0),
    trap("a shift of no metres", into(2386), 2386, BadCrs, accept_datum_shift_m=0.0),
    trap("nad 27", into(26786), 26786, DatumShiftUnknown, ("NAD27",), place="cambridge"),
    # web maps
    trap("gcj-02, declared", web_map("GCJ-02"), None, codes=("offset_removed",),
         source_crs="GCJ-02"),
    trap("bd-09, declared", web_map("BD-09"), 4326, codes=("offset_removed",), source_crs="bd09"),
    trap("gcj-02, latitude first", turned(web_map("GCJ-02")), None,
         codes=("offset_removed", "axes_swapped"), source_crs="gcj02"),
    trap("gcj-02 in chengdu", web_map("GCJ-02"), None, codes=("offset_removed",),
         place="chengdu", source_crs="GCJ-02"),
    trap("gcj-02 abroad", same, None, codes=("offset_not_there",), place="cambridge",
         source_crs="GCJ-02"),
    # elsewhere
    trap("another city", into(4543), 4543, place="chengdu"),
    trap("another city, prefix undeclared", into(4523), 4544, codes=("prefix_corrected",),
         place="chengdu"),
    trap("another city, neighbour prefix", into(4523), 4522, ZoneMismatch, ("EPSG:4523",),
         place="chengdu"),
    trap("another city, north first", turned(into(4522)), 4522, codes=("axes_swapped",),
         place="chengdu"),
    trap("nowhere", lambda xy: xy * 0.9 - 7.0, 4490, OutsidePlan, ("--allow-outside",)),
]  # fmt: skip


def verdict_on(case: Trap, features: gpd.GeoDataFrame) -> Verdict:
    declared = None if case.declared is None else CRS.from_user_input(case.declared)
    return judge(features, declared=declared, plan_extent=PLACES[case.place][1], **case.asked)


def worst_deg(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame) -> float:
    here, there = (
        shapely.get_coordinates(one.geometry.to_numpy(), include_z=True) for one in (left, right)
    )
    assert here.shape == there.shape
    np.testing.assert_array_equal(here[:, 2], there[:, 2])
    return float(np.abs(here[:, :2] - there[:, :2]).max())


@pytest.mark.parametrize("case", TRAPS, ids=lambda case: case.name)
def test_a_disguise_comes_home_or_its_trap_is_named(case: Trap) -> None:
    truth = PLACES[case.place][0]
    disguised = moved(truth, case.move)
    if case.outcome is not None:
        with pytest.raises(case.outcome) as refusal:
            verdict_on(case, disguised)
        assert type(refusal.value) is case.outcome
        for words in case.says:
            assert words in str(refusal.value)
        return
    verdict = verdict_on(case, disguised)
    home = bring_home(disguised, verdict)
    assert home.crs == CRS(4490)
    assert worst_deg(home, truth) <= TOLERANCE_DEG
    corrections = {"prefix_corrected", "axes_swapped", "offset_removed", "datum_shift_not_applied"}
    found = {finding.code for finding in verdict.findings}
    assert case.codes <= found
    assert found & corrections == case.codes & corrections
    assert home.index.tolist() == truth.index.tolist()
    assert home["name"].tolist() == truth["name"].tolist()


def test_there_are_enough_traps() -> None:
    assert len(TRAPS) >= 60
    assert len({case.name for case in TRAPS}) == len(TRAPS)


def codes_of(verdict: Verdict) -> set[str]:
    return {finding.code for finding in verdict.findings}


def test_the_known_point_of_anshan() -> None:
    point = gpd.GeoDataFrame(geometry=[Point(41499160.05, 4552789.39)], index=["p"])
    verdict = judge(point, declared=CRS(4529), plan_extent=ANSHAN)
    home = bring_home(point, verdict).geometry["p"]
    assert home.x == pytest.approx(122.99, abs=1e-7)  # the easting is given to 1 cm
    assert home.y == pytest.approx(41.11, abs=1e-7)
    assert verdict.accuracy_added_m == 0.0
    assert "inv proj=tmerc lat_0=0 lon_0=123 k=1 x_0=41500000" in verdict.pipeline[0]


def test_zones_come_from_the_register_and_are_what_their_names_say() -> None:
    assert len(zones()) == 3 * 2 * (21 + 11)
    for zone in zones():
        expected = (zone.meridian, 500_000.0 + zone.prefix * 1e6, 1.0, 0.0, 0.0)
        assert transverse_mercator(zone.crs) == expected
        assert zone_of(zone.crs, datum_of(zone.crs)) == zone
        number = (zone.meridian + 3) / 6 if zone.width == 6 else zone.meridian / 3
        assert zone.prefix in (0, number)
    by_code = {zone.epsg: zone for zone in zones()}
    assert (by_code[4529].width, by_code[4529].prefix, by_code[4529].meridian) == (3, 41, 123.0)
    assert (by_code[21421].datum, by_code[21421].width) == ("Beijing 1954", 6)


def test_readings_of_one_datum_that_mean_the_same_places_are_one_candidate() -> None:
    features = moved(PLACES["anshan"][0], into(4550))
    with pytest.raises(CrsUnknown) as refusal:
        judge(features, declared=None, plan_extent=ANSHAN)
    words = str(refusal.value)
    assert "(same numbers as EPSG:4510)" in words
    assert words.index("EPSG:4550") < words.index("EPSG:2386") < words.index("EPSG:2438")
    assert words.index("EPSG:2438") < words.index("EPSG:32651")


def test_an_accepted_shift_goes_into_the_accuracy_of_each_feature() -> None:
    features = moved(PLACES["anshan"][0], into(2386))
    verdict = judge(features, declared=CRS(2386), plan_extent=ANSHAN, accept_datum_shift_m=120.0)
    assert verdict.accuracy_added_m == 120.0
    assert "ballpark" in verdict.steps[-1]
    assert bring_home(features, verdict)[ACCURACY].tolist() == [122.0, 125.0, 120.0, 121.0, 123.0]
    without = features.drop(columns=ACCURACY)
    assert bring_home(without, verdict)[ACCURACY].tolist() == [120.0] * 5


def test_wgs_84_adds_its_metre_but_fills_nothing_in() -> None:
    features = PLACES["anshan"][0]
    verdict = judge(features, declared=CRS(4326), plan_extent=ANSHAN)
    accuracy = bring_home(features, verdict)[ACCURACY]
    assert accuracy.drop("A-3").tolist() == [3.0, 6.0, 2.0, 4.0]
    assert math.isnan(accuracy["A-3"])
    without = features.drop(columns=ACCURACY)
    assert ACCURACY not in bring_home(without, verdict).columns


def test_a_published_transformation_is_taken_with_its_accuracy() -> None:
    truth = PLACES["cambridge"][0]
    features = moved(truth, into(26986))  # NAD83 / Massachusetts Mainland
    verdict = judge(features, declared=CRS(26986), plan_extent=CAMBRIDGE)
    assert verdict.accuracy_added_m == 5.0  # 4 m of NAD83 to WGS 84, 1 m of WGS 84 to CGCS2000
    assert "datum_transformed" in codes_of(verdict)
    assert worst_deg(bring_home(features, verdict), truth) < 1e-8  # NAD83's ellipsoid differs


def test_no_transformation_is_a_ballpark() -> None:
    for code in (4490, 4326, 32651, 9000, 4269, 26986):
        place = CAMBRIDGE if code in (4269, 26986) else ANSHAN
        features = moved(PLACES["cambridge" if place is CAMBRIDGE else "anshan"][0], same)
        if CRS(code).is_projected:
            features = moved(features, into(code))
        verdict = judge(features, declared=CRS(code), plan_extent=place)
        assert not any("allpark" in words for words in (*verdict.steps, *verdict.pipeline))


def test_parameters_tied_to_a_prj_are_not_used_unseen() -> None:
    words = (
        CRS(2386)
        .to_wkt("WKT1_GDAL")
        .replace(
            'AUTHORITY["EPSG","6610"]', 'TOWGS84[24,-123,-94,0,0,0,0],AUTHORITY["EPSG","6610"]'
        )
    )
    declared = CRS.from_wkt(words)
    assert declared.is_bound
    features = moved(PLACES["anshan"][0], into(2386))
    with pytest.raises(DatumShiftUnknown):
        judge(features, declared=declared, plan_extent=ANSHAN)
    verdict = judge(features, declared=declared, plan_extent=ANSHAN, accept_datum_shift_m=99)
    assert {"ties_ignored", "datum_shift_not_applied"} <= codes_of(verdict)


@pytest.mark.parametrize(
    ("most", "few"),
    [
        (into(4550), into(4529)),
        (into(4529), same),
        (same, into(4529)),
        (into(4550), turned(into(4550))),
        (same, lambda xy: xy[:, ::-1]),
    ],
    ids=["prefix on some", "degrees in some", "metres in some", "some turned", "some lat first"],
)
def test_a_layer_of_two_systems_is_refused(most: Any, few: Any) -> None:
    truth = PLACES["anshan"][0].dropna(subset="geometry")
    mixed = gpd.GeoDataFrame(
        geometry=[
            *moved(truth, most).geometry,
            *moved(truth.iloc[[3]], few).geometry,
        ],
        index=["a", "b", "c", "d", "stray"],
    )
    declared = 4490 if most is same else (4529 if few is same else 4550)
    with pytest.raises(MixedCoordinates, match="'stray'"):
        judge(mixed, declared=CRS(declared), plan_extent=ANSHAN)


def test_a_feature_elsewhere_is_counted_and_named() -> None:
    far = PLACES["chengdu"][0].iloc[[3]].rename(index={"A-4": "far"})
    features = gpd.GeoDataFrame(
        geometry=[*PLACES["anshan"][0].geometry, *far.geometry], index=[*"abcde", "far"]
    )
    verdict = judge(features, declared=CRS(4490), plan_extent=ANSHAN)
    (finding,) = [one for one in verdict.findings if one.code == "outside_extent"]
    assert (finding.count, finding.ids) == (1, ("far",))
    assert verdict.inside_ratio == 0.8


def test_data_meant_to_lie_elsewhere_come_in_only_when_allowed() -> None:
    features = PLACES["chengdu"][0]
    with pytest.raises(OutsidePlan):
        judge(features, declared=CRS(4490), plan_extent=ANSHAN)
    verdict = judge(features, declared=CRS(4490), plan_extent=ANSHAN, allow_outside=True)
    assert "outside_extent" in codes_of(verdict)
    beyond = moved(features, lambda xy: xy * 1.5 + 60)
    with pytest.raises(OutsidePlan):
        judge(beyond, declared=CRS(4490), plan_extent=ANSHAN, allow_outside=True)


def test_a_wide_extent_makes_a_zone_without_prefix_doubtful() -> None:
    wide = Bbox(118.8, 40.0, 126.2, 42.5)
    features = moved(PLACES["anshan"][0], into(4550))
    verdict = judge(features, declared=CRS(4550), plan_extent=wide)
    assert "zone_ambiguous" in codes_of(verdict)
    prefixed = moved(PLACES["anshan"][0], into(4529))
    assert "zone_ambiguous" not in codes_of(judge(prefixed, declared=CRS(4529), plan_extent=wide))
    wrong = judge(features, declared=CRS(4549), plan_extent=wide)
    assert "zone_ambiguous" in codes_of(wrong)


def test_threat_03_axes_that_could_be_either_are_doubtful() -> None:
    square = Bbox(33.0, 33.0, 42.0, 42.0)
    features = lopsided(35.0, 39.0)
    verdict = judge(features, declared=CRS(4326), plan_extent=square)
    assert "axes_ambiguous" in codes_of(verdict)
    said = judge(features, declared=CRS(4326), plan_extent=square, swap_axes=False)
    assert "axes_ambiguous" not in codes_of(said)


def test_odd_numbers_are_refused_by_id() -> None:
    odd = gpd.GeoDataFrame(
        geometry=[Point(123, 41), LineString([(123, 41), (math.inf, 41)])], index=["p", "odd"]
    )
    with pytest.raises(CoordinateInvalid, match="'odd'"):
        judge(odd, declared=CRS(4490), plan_extent=ANSHAN)


def test_a_layer_without_places_is_taken_as_declared_and_says_so() -> None:
    nowhere = gpd.GeoDataFrame({"name": ["a"]}, geometry=[None], index=["x"])
    verdict = judge(nowhere, declared=CRS(4529), plan_extent=ANSHAN)
    assert codes_of(verdict) == {"no_coordinates"}
    home = bring_home(nowhere, verdict)
    assert home.geometry.isna().all()
    assert home.crs == CRS(4490)
    with pytest.raises(CrsUnknown):
        judge(nowhere, declared=None, plan_extent=ANSHAN)


def test_nothing_that_is_handed_in_is_changed() -> None:
    features = moved(PLACES["anshan"][0], into(4529))
    before = features.copy(deep=True)
    bring_home(features, judge(features, declared=CRS(4550), plan_extent=ANSHAN))
    assert features.equals(before)
    assert features.crs is None


def test_provenance_is_json_and_complete() -> None:
    features = moved(PLACES["anshan"][0], turned(into(4529)))
    record = judge(features, declared=CRS(4550), plan_extent=ANSHAN).provenance
    assert record["source_crs"] == "EPSG:4529"
    assert record["target_crs"] == "EPSG:4490"
    assert record["pipeline"][0] == "+proj=axisswap +order=2,1"
    assert len(record["steps"]) == len(record["pipeline"]) == 3
    assert {"axes_swapped", "prefix_corrected"} <= set(record["findings"])


def town_with_boundary() -> tuple[gpd.GeoDataFrame, Polygon]:
    """Return parcels along the inside of a town's boundary, and that boundary."""
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    radii = 0.05 + 0.013 * np.sin(3 * angles) + 0.006 * np.cos(7 * angles)
    ring = np.column_stack([122.99 + radii * np.cos(angles), 41.11 + 0.7 * radii * np.sin(angles)])
    boundary = Polygon(ring)
    parcels = [
        Polygon([ring[i], ring[i + 1], 0.9 * ring[i] + 0.1 * ring.mean(axis=0)])
        for i in range(0, 39, 2)
    ]
    return gpd.GeoDataFrame(geometry=parcels, index=range(len(parcels))), boundary


@pytest.mark.parametrize(
    ("move", "declared", "code", "source"),
    [
        (web_map("GCJ-02"), 4326, "suspect_gcj02", "GCJ-02"),
        (web_map("BD-09"), 4490, "suspect_bd09", "BD-09"),
        (lambda xy: into(3857)(with_offset(xy, "GCJ-02")), 3857, "suspect_gcj02", None),
        (into(4550), 32651, "suspect_projection", "EPSG:4550"),
        (into(32651), 4550, "suspect_projection", "EPSG:32651"),
    ],
    ids=["gcj-02", "bd-09", "gcj-02 in mercator", "gauss-krüger as utm", "utm as gauss-krüger"],
)
def test_a_boundary_raises_the_suspicion_and_nothing_is_applied(
    move: Any, declared: int, code: str, source: str | None
) -> None:
    truth, boundary = town_with_boundary()
    features = moved(truth, move)
    verdict = judge(features, declared=CRS(declared), plan_extent=ANSHAN, boundary=boundary)
    assert code in codes_of(verdict)
    as_declared = bring_home(features, verdict)
    assert worst_deg(as_declared, truth) > 1e-3
    if source:
        told = judge(
            features,
            declared=CRS(declared),
            plan_extent=ANSHAN,
            boundary=boundary,
            source_crs=source,
        )
        assert not any(one.startswith("suspect") for one in codes_of(told))
        assert worst_deg(bring_home(features, told), truth) <= TOLERANCE_DEG


def test_data_that_fit_their_boundary_raise_no_suspicion() -> None:
    truth, boundary = town_with_boundary()
    verdict = judge(truth, declared=CRS(4490), plan_extent=ANSHAN, boundary=boundary)
    assert verdict.findings == ()
    plain = judge(truth, declared=CRS(4490), plan_extent=ANSHAN)
    assert codes_of(plain) == {"offset_not_looked_for"}
    told = judge(truth, declared=None, plan_extent=ANSHAN, boundary=boundary, source_crs="GCJ-02")
    assert "suspect_no_offset" in codes_of(told)


MERIDIANS = [111, 114, 117, 120, 123]
SYSTEMS = (
    [4490, 4326, 3857]
    + [zone.epsg for zone in zones() if zone.datum == "CGCS2000" and zone.meridian in MERIDIANS]
    + [32649, 32650, 32651]
)
WARNED = {
    "zone_ambiguous",
    "beyond_zone",
    "axes_ambiguous",
    "outside_extent",
    "suspect_gcj02",
    "suspect_bd09",
    "suspect_no_offset",
    "suspect_projection",
}
NAMED = (
    BadCrs,
    CrsContradicted,
    CrsUnknown,
    DatumShiftUnknown,
    MixedCoordinates,
    OutsidePlan,
    UnitsMismatch,
    ZoneMismatch,
)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(
    lon=st.floats(110.0, 124.0),
    lat=st.floats(20.0, 52.0),
    reach=st.tuples(*[st.floats(0.1, 3.0)] * 4),
    true=st.sampled_from([*SYSTEMS, "GCJ-02", "BD-09"]),
    declared=st.sampled_from([None, *SYSTEMS]),
    source=st.sampled_from([None, None, None, "GCJ-02", "BD-09", "EPSG:4529", "EPSG:4490"]),
    honest=st.booleans(),
    swap=st.booleans(),
)
def test_threat_03_never_a_silent_shift(
    lon: float,
    lat: float,
    reach: tuple[float, float, float, float],
    true: int | str,
    declared: int | None,
    source: str | None,
    honest: bool,
    swap: bool,
) -> None:
    truth = lopsided(lon, lat)
    extent = Bbox(lon - reach[0], lat - reach[1], lon + reach[2], lat + reach[3])
    if isinstance(true, str):
        move = web_map("GCJ-02" if true == "GCJ-02" else "BD-09")
    else:
        move = into(true) if CRS(true).is_projected else same
    disguised = moved(truth, turned(move) if swap else move)
    if honest:
        source = true if isinstance(true, str) else f"EPSG:{true}"
    try:
        verdict = judge(
            disguised,
            declared=None if declared is None else epsg(declared),
            plan_extent=extent,
            source_crs=source,
            boundary=truth.geometry.iloc[0],
        )
        home = bring_home(disguised, verdict)
    except NAMED:
        assert not honest or swap
        return
    error = worst_deg(home, truth)
    assert error <= TOLERANCE_DEG or codes_of(verdict) & WARNED
    if honest and not swap:
        assert error <= TOLERANCE_DEG


def test_geographic_codes_are_those_of_the_register() -> None:
    for datum, code in GEOGRAPHIC.items():
        assert datum_of(epsg(code)) == datum
