"""CRS by reference (OGC API - Features, Part 2): every axis where its CRS has it."""

from __future__ import annotations

from functools import cache
from typing import Any

import httpx
import pytest
import shapely
from geoplan_api import create_app
from geoplan_api.references import URIS, reference
from geoplan_api.ways import way
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Transformer

from geoplan import Catalogue
from geoplan.model import Bbox
from geoplan.settings import Settings
from geoplan.store.whereabouts import Extent

EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
ITEM = "/collections/industrial-parks/items/IP-2"
ITEMS = "/collections/industrial-parks/items"


def _first(client: httpx.Client, crs: str) -> list[float]:
    answer = client.get(ITEM, params={"crs": crs})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-crs"] == f"<{reference(crs).uri}>"
    first: list[float] = answer.json()["geometry"]["coordinates"][0][0]
    return first


def test_each_crs_has_its_axes_in_its_own_order(client: httpx.Client) -> None:
    # IP-2 begins 200 m east of the meridian 123° and 4 550 100 m north of the equator
    lon, lat = _first(client, URIS[0])
    assert (lon, lat) == pytest.approx((123.00238, 41.0858), abs=1e-4)
    assert _first(client, EPSG + "4490") == pytest.approx([lat, lon], abs=1e-12)
    assert _first(client, EPSG + "4326") == pytest.approx([lat, lon], abs=1e-12)
    assert _first(client, EPSG + "4550") == pytest.approx([4_550_100, 500_200], abs=1e-9)
    # zone 41 written before the easting
    assert _first(client, EPSG + "4529") == pytest.approx([4_550_100, 41_500_200], abs=1e-6)
    # on the sphere of web maps: x = R λ
    x, y = _first(client, EPSG + "3857")
    assert x == pytest.approx(6_378_137 * 3.141592653589793 / 180 * lon, abs=1e-6)
    assert 5_000_000 < y < 5_100_000


@pytest.mark.parametrize("name", ["EPSG:4550", "[EPSG:4550]", "urn:ogc:def:crs:EPSG::4550"])
def test_short_names_will_do(client: httpx.Client, name: str) -> None:
    assert _first(client, name) == pytest.approx([4_550_100, 500_200], abs=1e-9)


@pytest.mark.parametrize("name", ["", "4550", "EPSG:2154", "http://x", "EPSG:4550 ", "OGC:x"])
def test_another_crs_is_refused(client: httpx.Client, name: str) -> None:
    for parameter in ("crs", "bbox-crs"):
        answer = client.get(ITEMS, params={parameter: name})
        if name.strip() == "EPSG:4550":
            assert answer.status_code == 200
        else:
            assert answer.status_code == 400
            assert "EPSG:4490" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("crs", "box", "expected"),
    [
        ("EPSG:4550", "4549600,498320,4551800,499990", ["IP-1", "IP-3", "IP-4"]),
        ("EPSG:4529", "4549600,41498320,4551800,41499990", ["IP-1", "IP-3", "IP-4"]),
        ("EPSG:4490", "41,123.0001,42,124", ["IP-2", "IP-4"]),
        ("EPSG:4326", "41,123.0001,42,124", ["IP-2", "IP-4"]),
        ("EPSG:3857", "13692290,4900000,13800000,5100000", ["IP-2", "IP-4"]),
        ("EPSG:3857", "1,1,2,2", ["IP-4"]),
    ],
)
def test_a_box_is_read_in_its_crs(
    client: httpx.Client, crs: str, box: str, expected: list[str]
) -> None:
    found = client.get(ITEMS, params={"bbox": box, "bbox-crs": crs}).json()
    assert [feature["id"] for feature in found["features"]] == expected
    assert found["numberMatched"] == len(expected)


def test_a_box_in_the_plane_is_exact(client: httpx.Client) -> None:
    """A hair west of 500 200 m, where IP-2 begins, and on it."""
    for east, expected in ((500_199.999, ["IP-4"]), (500_200, ["IP-2", "IP-4"])):
        box = f"4550100,500100,4550200,{east}"
        found = client.get(ITEMS, params={"bbox": box, "bbox-crs": "EPSG:4550"}).json()
        assert [feature["id"] for feature in found["features"]] == expected


def test_collections_tell_their_crs(client: httpx.Client) -> None:
    for collection in client.get("/collections").json()["collections"]:
        assert collection["storageCrs"] == EPSG + "4550"
        assert collection["crs"] == list(URIS)


def test_heights_stay_beside_swapped_axes(serve: Any, odd: Catalogue) -> None:
    with httpx.Client(base_url=serve(create_app(odd, Settings()))) as client:
        found = client.get("/collections/tall/items/1", params={"crs": "EPSG:4550"}).json()
    assert found["geometry"]["coordinates"] == pytest.approx([4_550_000, 500_000, 12.5])


@cache
def from_degrees(code: int | str) -> Transformer:
    """Return the way from CRS84; PROJ needs a fifth of a second to find it."""
    return Transformer.from_crs(
        "OGC:CRS84", "OGC:CRS84" if code == "CRS84" else code, always_xy=True
    )


@given(
    lon=st.floats(119.5, 126.5),
    lat=st.floats(-60, 60),
    size=st.floats(1e-4, 3.0),
    turn=st.sampled_from([(1.0, 0.0), (0.0, 1.0), (1.0, 1.0), (1.0, -0.6)]),
    codes=st.sampled_from([(4550, "OGC:CRS84"), (4490, "EPSG:4550"), (4550, "EPSG:3857"),
                           (3857, "EPSG:4490"), (4529, "EPSG:4549")]),
)  # fmt: skip
def test_no_edge_bends_more_than_the_bound(
    lon: float, lat: float, size: float, turn: tuple[float, float], codes: tuple[int, str]
) -> None:
    """The middle of an edge straight in the answer lies within the bound of the stored edge."""
    stored = CRS.from_epsg(codes[0])
    asked = reference(codes[1])
    path = way(stored, asked)
    degrees = from_degrees(codes[1])
    ends = [(lon, lat), (lon + size * turn[0], lat + size * turn[1])]
    seen = [degrees.transform(*end) for end in ends]
    here = [path.back.transform(*end) for end in seen]
    middle = path.back.transform((seen[0][0] + seen[1][0]) / 2, (seen[0][1] + seen[1][1]) / 2)
    straight = ((here[0][0] + here[1][0]) / 2, (here[0][1] + here[1][1]) / 2)
    bend = shapely.Point(middle).distance(shapely.LineString(here))
    assert shapely.Point(middle).distance(shapely.Point(straight)) < 1e9
    xs, ys = zip(*here, strict=True)
    box = Bbox(min(xs), min(ys), max(xs), max(ys))
    longest = max(box.xmax - box.xmin, box.ymax - box.ymin)
    assert bend <= path.bend(Extent(box, longest)) * (1 + 1e-9) + 1e-9
