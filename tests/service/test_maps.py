"""OGC API - Maps, Part 1: each requirement of the classes that are declared, on pixels and headers.

The town is drawn in whole metres (examples/town/README.md, E and N + 490,000 and 4,540,000):
IP-1 is the rectangle x 8500-9500, y 10200-10800, and the park's ground has one colour.
"""

from __future__ import annotations

import io
import json
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import numpy as np
import pypdf
import pytest
import rasterio
from geoplan_api import create_app
from geoplan_api.landing import CONFORMANCE
from geoplan_api.map_images import MAPS
from geoplan_api.map_query import read_map_query
from hypothesis import assume, given
from hypothesis import strategies as st
from pyproj import Geod, Transformer
from rasterio.io import MemoryFile

from geoplan import Catalogue
from geoplan.errors import AnswerTooLarge
from geoplan.model import Bbox
from geoplan.settings import Settings

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
MAP = "http://www.opengis.net/def/rel/ogc/1.0/map"
PARKS = "/collections/industrial-parks/map"
WHITE = {"transparent": "false"}
ROOT = Path(__file__).parents[2]
EAST, NORTH = 490_000, 4_540_000
SVG = "{http://www.w3.org/2000/svg}"


def asked(client: httpx.Client, path: str, **params: str | float) -> httpx.Response:
    named = {name.replace("_", "-"): str(value) for name, value in params.items()}
    answer = client.get(path, params={"f": "png", **named})
    assert answer.status_code == 200, answer.text
    return answer


def pixels(answer: httpx.Response) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return a picture as (rows, columns, red-green-blue-alpha)."""
    with MemoryFile(answer.content) as file, file.open() as picture:
        return np.asarray(np.moveaxis(picture.read(), 0, 2))


def box_of(answer: httpx.Response) -> tuple[float, ...]:
    return tuple(map(float, answer.headers["content-bbox"].split(",")))


def plane_box(x0: float, y0: float, x1: float, y1: float) -> str:
    """Return a box of the town as EPSG:4550 writes it, north before east."""
    return f"{NORTH + y0},{EAST + x0},{NORTH + y1},{EAST + x1}"


def drawn_columns(row: np.ndarray[Any, Any]) -> tuple[int, int]:
    """Return the first and the last pixel of a row that is not clear."""
    at = np.flatnonzero(row[:, 3] > 128)
    return int(at[0]), int(at[-1])


def test_the_classes_are_declared_and_linked(client: httpx.Client) -> None:
    declared = client.get("/conformance", headers={"Accept": "application/json"}).json()
    assert set(MAPS) <= set(declared["conformsTo"])
    assert set(MAPS) <= set(CONFORMANCE)
    landing = client.get("/").json()
    kinds = {link["type"]: link["href"] for link in landing["links"] if link["rel"] == MAP}
    assert kinds["image/png"].endswith("/map?f=png")
    assert landing["extent"]["spatial"]["bbox"] == [[122.97, 41.07, 123.03, 41.11]]
    assert {CRS84, f"{EPSG}4550"} <= set(landing["crs"])
    for one in client.get("/collections").json()["collections"]:
        (link,) = [link for link in one["links"] if link["rel"] == MAP]
        answer = client.get(link["href"])
        assert answer.headers["content-type"] == "image/png"
        south, west, north, east = one["extent"]["spatial"]["storageCrsBbox"][0]
        assert one["storageCrs"] == f"{EPSG}4550"
        assert NORTH < south < north < NORTH + 20_000
        assert EAST < west < east < EAST + 20_000


@pytest.mark.parametrize(
    ("f", "media_type", "start"),
    [("png", "image/png", b"\x89PNG"), ("svg", "image/svg+xml", b"<svg"),
     ("pdf", "application/pdf", b"%PDF")],
)  # fmt: skip
@pytest.mark.parametrize("path", ["/map", PARKS])
def test_core_a_map_in_each_format(
    client: httpx.Client, path: str, f: str, media_type: str, start: bytes
) -> None:
    by_name = client.get(path, params={"f": f})
    by_accept = client.get(path, headers={"Accept": media_type})
    for answer in (by_name, by_accept):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == media_type
        assert answer.content.startswith(start)
        assert len(box_of(answer)) == 4
    uri = f"<{CRS84}>" if path == "/map" else f"<{EPSG}4550>"
    assert by_name.headers["content-crs"] == uri


def test_core_without_a_box_the_whole_is_shown(client: httpx.Client) -> None:
    answer = asked(client, "/map")
    assert box_of(answer) == (122.97, 41.07, 123.03, 41.11)
    rows, columns, _ = pixels(answer).shape
    assert max(rows, columns) == 1000
    # undistorted: 0.06° of longitude and 0.04° of latitude, by the ellipsoid
    geod = Geod(ellps="WGS84")
    wide = geod.inv(122.97, 41.09, 123.03, 41.09)[2]
    high = geod.inv(123.0, 41.07, 123.0, 41.11)[2]
    assert rows / columns == pytest.approx(high / wide, abs=0.002)


def test_the_page_stays_where_it_was(client: httpx.Client) -> None:
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"
    page = client.get("/map", params={"f": "html"})
    assert page.headers["content-type"].startswith("text/html")
    assert (
        client.head("/map", headers={"Accept": browser})
        .headers["content-type"]
        .startswith("text/html")
    )
    # what only a picture has asks for one, of whoever asks
    answer = client.get("/map", params={"width": 90}, headers={"Accept": browser})
    assert answer.headers["content-type"] == "image/png"


def test_a_pixel_lies_where_the_box_says(client: httpx.Client) -> None:
    """IP-1 from x 8500 to 9500, y 10200 to 10800, ten metres a pixel, in the plan's plane."""
    answer = asked(
        client, PARKS, bbox=plane_box(8000, 10000, 10000, 11000), bbox_crs=f"{EPSG}4550",
        width=200, height=100,
    )  # fmt: skip
    found = pixels(answer)
    assert found.shape[:2] == (100, 200)
    assert box_of(answer) == (NORTH + 10_000, EAST + 8000, NORTH + 11_000, EAST + 10_000)
    assert drawn_columns(found[30]) == (49, 150)  # outlines lie on the edges, half outside
    rows = np.flatnonzero(found[:, 60, 3] > 128)
    assert (rows[0], rows[-1]) == (19, 80)
    inside = found[25, 60]
    assert inside[3] > 100
    assert inside[0] > inside[2]  # a park is brown
    assert found[5, 60, 3] == 0


def test_crs_the_same_ground_in_degrees_and_on_the_web_plane(client: httpx.Client) -> None:
    corner = (EAST + 8500, NORTH + 10_800)
    for uri in (CRS84, f"{EPSG}4490", f"{EPSG}3857", f"{EPSG}4549"):
        code = "OGC:CRS84" if uri == CRS84 else f"EPSG:{uri.rsplit('/', 1)[1]}"
        answer = asked(client, PARKS, crs=uri, bbox="122.98,41.08,123,41.1", width=600)
        assert answer.headers["content-crs"] == f"<{uri}>"
        found = pixels(answer)
        first, second, third, fourth = box_of(answer)
        north_first = uri in (f"{EPSG}4490", f"{EPSG}4549")
        west, south, east, north = (
            (second, first, fourth, third) if north_first else (first, second, third, fourth)
        )
        x, y = Transformer.from_crs("EPSG:4550", code, always_xy=True).transform(*corner)
        column = (x - west) / (east - west) * found.shape[1]
        row = (north - y) / (north - south) * found.shape[0]
        # within two pixels the corner parts park from ground
        at = (
            found[round(row) + 4, round(column) + 4, 3],
            found[round(row) - 4, round(column) - 4, 3],
        )
        assert at[0] > 100, uri
        assert at[1] == 0, uri


def test_every_plane_that_is_listed_draws_what_lies_in_it(client: httpx.Client) -> None:
    collection = client.get("/collections/industrial-parks").json()
    for uri in [one for one in collection["crs"] if one.endswith(("4510", "4534", "4544"))]:
        answer = asked(client, PARKS, crs=uri, width=60)
        assert answer.headers["content-crs"] == f"<{uri}>"
        assert pixels(answer)[..., 3].any()


@pytest.mark.parametrize("crs", ["OGC:CRS84", f"{EPSG}3857", f"{EPSG}4550"])
def test_scaling_a_scale_gives_the_pixels(client: httpx.Client, crs: str) -> None:
    """At 1:10,000 a pixel of 0.28 mm is 2.8 m of ground: IP-1, 1000 m wide, is 357 pixels."""
    answer = asked(
        client, PARKS, crs=crs, bbox="122.97,41.08,122.998,41.1", scale_denominator=10_000
    )
    found = pixels(answer)
    row = found[int(found.shape[0] * 0.4)]
    geod = Geod(ellps="WGS84")
    wide = geod.inv(122.97, 41.09, 122.998, 41.09)[2]
    assert found.shape[1] == pytest.approx(wide / 2.8, rel=0.01)
    first, last = drawn_columns(row)
    assert last - first == pytest.approx(1000 / 2.8, abs=4)


def test_scaling_and_display_resolution(client: httpx.Client) -> None:
    half = asked(client, "/map", width=500)
    assert pixels(half).shape[1] == 500
    assert pixels(asked(client, "/map", height=300)).shape[0] == 300
    bbox = "122.98,41.08,123,41.1"
    usual = pixels(asked(client, "/map", bbox=bbox, scale_denominator=20_000))
    fine = pixels(asked(client, "/map", bbox=bbox, scale_denominator=20_000, mm_per_pixel=0.14))
    # half the pixel, twice the pixels
    assert fine.shape[0] == pytest.approx(2 * usual.shape[0], abs=1)
    # and symbols of the same size on the screen are twice as many pixels
    narrow = asked(client, "/map", bbox=bbox, width=400, f="svg").text
    wide = asked(client, "/map", bbox=bbox, width=400, mm_per_pixel=0.14, f="svg").text
    scales = [
        float(re.findall(r'<g transform="scale\(([0-9.]+)\)"', one)[0]) for one in (narrow, wide)
    ]
    assert scales == pytest.approx([1 / 0.28, 1 / 0.14])


def test_spatial_subsetting_a_centre_a_scale_and_a_size_give_the_box(client: httpx.Client) -> None:
    answer = asked(
        client, "/map", center="123,41.09", scale_denominator=10_000, width=800, height=400
    )
    assert pixels(answer).shape[:2] == (400, 800)
    west, south, east, north = box_of(answer)
    geod = Geod(ellps="WGS84")
    assert geod.inv(west, 41.09, east, 41.09)[2] == pytest.approx(800 * 2.8, rel=1e-4)
    assert geod.inv(123, south, 123, north)[2] == pytest.approx(400 * 2.8, rel=1e-4)
    assert (west + east) / 2 == pytest.approx(123)
    x, y = EAST + 9000, NORTH + 10_500
    plane = asked(
        client, PARKS, center=f"{y},{x}", center_crs=f"{EPSG}4550", scale_denominator=10_000,
        width=100,
    )  # fmt: skip
    assert box_of(plane) == pytest.approx((y - 140, x - 140, y + 140, x + 140), abs=0.1)
    # the default centre is the middle of the whole
    middle = box_of(asked(client, "/map", scale_denominator=5000, width=100, height=100))
    assert (middle[0] + middle[2]) / 2 == pytest.approx(123.0)
    assert (middle[1] + middle[3]) / 2 == pytest.approx(41.09)


def test_spatial_subsetting_by_axes(client: httpx.Client) -> None:
    two = client.get("/map?f=png&subset=Lat(41.08:41.1)&subset=Lon(122.98:123)&width=300")
    one = client.get("/map?f=png&subset=Lon(122.98:123),Lat(41.08:41.1)&width=300")
    box = asked(client, "/map", bbox="122.98,41.08,123,41.1", width=300)
    assert one.content == two.content == box.content
    plane = asked(
        client, PARKS, subset=f"E({EAST + 8000}:{EAST + 10000}),N({NORTH + 10000}:{NORTH + 11000})",
        subset_crs=f"{EPSG}4550", width=200, height=100,
    )  # fmt: skip
    assert box_of(plane) == (NORTH + 10_000, EAST + 8000, NORTH + 11_000, EAST + 10_000)
    # an axis that is not named is whole; what lies beyond the poles is cut off
    assert box_of(asked(client, "/map", subset="Lon(122.98:123)", width=50))[1::2] == (41.07, 41.11)
    assert box_of(asked(client, "/map", subset="Lat(41:95)", width=50, height=9))[3] == 90
    assert client.get("/map?f=png&subset=Lat(91:95)").status_code == 404


def test_across_the_antimeridian(client: httpx.Client) -> None:
    answer = asked(
        client, PARKS, crs="OGC:CRS84", bbox="122.99,41.08,-122.99,41.1", width=60, height=60
    )
    assert box_of(answer) == (122.99, 41.08, -122.99, 41.1)
    assert pixels(answer)[:, 0, 3].any()  # the parks lie at the west edge
    assert not pixels(answer)[:, 30:, 3].any()  # names reach 20 pixels further
    # nearly once round: what lies west of the west edge comes at the end
    late = asked(client, PARKS, crs="OGC:CRS84", bbox="124,40,123.5,42", width=720, height=40)
    at = np.flatnonzero(pixels(late)[..., 3].any(axis=0))
    assert at[-1] >= int((483.0 - 124) / 359.5 * 720) - 1
    assert at[0] > 650
    for middle in ("180,41", "-180,41"):
        answer = asked(
            client, PARKS, crs="OGC:CRS84", center=middle, scale_denominator=1e6, width=9
        )
        assert box_of(answer)[0] == pytest.approx(-box_of(answer)[2])
        assert 179 < box_of(answer)[0] < 180
    refused = client.get(PARKS, params={"crs": f"{EPSG}3857", "bbox": "170,41,-170,42"})
    assert refused.status_code == 400
    assert "antimeridian" in refused.json()["detail"]


def test_spatial_subsetting_what_is_outside_is_not_shown(client: httpx.Client) -> None:
    answer = asked(client, "/map", bbox="10,10,11,11", width=50)
    assert box_of(answer) == (10, 10, 11, 11)
    assert not pixels(answer)[..., 3].any()
    some = asked(client, "/map", bbox="122.98,41.085,122.99,41.1", f="svg").text
    names = set(ElementTree.fromstring(some).itertext())  # noqa: S314 - our own
    assert "北园" in names
    assert "南园" not in names


def test_collections_selection(client: httpx.Client, base: str) -> None:
    def layers(**params: str) -> set[str]:
        tree = ElementTree.fromstring(  # noqa: S314 - our own
            asked(client, "/map", f="svg", **params).text
        )
        ids = [one.get("id", "") for one in tree.iter(f"{SVG}g")]
        return {one.removeprefix("layer-") for one in ids if one.startswith("layer-")}

    assert {"industrial-parks", "highways", "scenic-areas"} <= layers()
    assert layers(collections="highways,scenic-areas") == {"highways", "scenic-areas"}
    assert layers(collections=f"{base}/collections/highways") == {"highways"}
    for wrong in ("none", "highways,none", ","):
        assert client.get("/map", params={"collections": wrong}).status_code == 400


def test_the_ground_is_clear_or_of_a_colour(client: httpx.Client) -> None:
    nowhere = {"bbox": "10,10,11,11", "width": "4", "height": "3"}

    def ground(**params: str) -> list[int]:
        found = pixels(asked(client, "/map", **nowhere, **params))
        assert found.shape[:2] == (3, 4)
        return [*found[1, 2].tolist(), 255][:4]

    assert ground()[3] == 0
    assert ground(transparent="false") == [255, 255, 255, 255]
    assert ground(bgcolor="0xF4F1EA") == [0xF4, 0xF1, 0xEA, 255]
    assert ground(bgcolor="#f4f1ea") == [0xF4, 0xF1, 0xEA, 255]
    assert ground(bgcolor="0xF4F1EA", transparent="true")[3] == 0


def test_svg_runs_from_nought_to_width_and_height(client: httpx.Client) -> None:
    answer = asked(client, "/map", f="svg", width=640, bbox="122.98,41.08,123,41.1", height=480)
    tree = ElementTree.fromstring(answer.text)  # noqa: S314 - our own
    assert tree.tag == f"{SVG}svg"
    assert tree.get("viewBox") == "0 0 640 480"
    assert "<script" not in answer.text
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_pdf_is_one_page_of_that_size(client: httpx.Client) -> None:
    answer = asked(client, "/map", f="pdf", width=500, height=250)
    (page,) = pypdf.PdfReader(io.BytesIO(answer.content)).pages
    # 500 pixels of 0.28 mm are 140 mm, in points of an inch / 72
    assert float(page.mediabox.width) == pytest.approx(140 / 25.4 * 72, abs=0.1)
    assert float(page.mediabox.height) == pytest.approx(70 / 25.4 * 72, abs=0.1)
    assert "北园" in page.extract_text()


def test_a_map_is_worded_in_the_language_asked_for(client: httpx.Client) -> None:
    chinese, english = (
        client.get("/map?f=svg", headers={"Accept-Language": lang}) for lang in ("zh", "en")
    )
    assert "北园" in chinese.text
    assert "North park" in english.text
    assert english.headers["content-language"] == "en"
    assert chinese.headers["etag"] != english.headers["etag"]


def test_what_a_client_holds_is_not_drawn_again(client: httpx.Client) -> None:
    path = "/map?f=png&width=77"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""
    assert client.get(path).content == first.content
    assert client.get("/map?f=png&width=78").headers["etag"] != first.headers["etag"]
    assert client.head(path).headers["content-bbox"] == first.headers["content-bbox"]


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ("width=0", 400, "width"),
        ("width=1.5", 400, "width"),
        ("height=-3", 400, "height"),
        ("width=٣", 400, "width"),
        ("width=4097", 413, "4096"),
        ("height=99999", 413, "4096"),
        ("width=999999999999", 400, "width"),
        ("scale-denominator=0", 400, "scale-denominator"),
        ("scale-denominator=nan", 400, "scale-denominator"),
        ("scale-denominator=1", 200, ""),
        ("scale-denominator=1e11", 400, "beyond the earth"),
        ("center=180,90&scale-denominator=1e9", 400, "no ground"),
        ("center=180,89.9999&scale-denominator=10000&width=90", 400, "beyond the earth"),
        ("bbox=1e300,0,2e300,1&bbox-crs=EPSG:3857", 400, "far outside"),
        ("bbox=-180,-90,180,90&crs=EPSG:3857&width=90&height=90", 200, ""),
        ("bbox=-180,-90,180,90&crs=EPSG:4550&width=90&height=90", 200, ""),
        ("bbox=122.9,41,123,41.1&scale-denominator=1", 413, "pixels"),
        ("bbox=122.9,41,123,41.1&scale-denominator=10000&width=100", 400, "one too many"),
        ("subset=Lat(41:41.1)&scale-denominator=10000&height=100", 400, "one too many"),
        ("mm-per-pixel=0", 400, "mm-per-pixel"),
        ("mm-per-pixel=-0.28", 400, "mm-per-pixel"),
        ("bbox=1,2,3", 400, "bbox"),
        ("bbox=123,41,123,42", 400, "no area"),
        ("bbox=122,95,123,96", 400, "latitudes"),
        ("bbox=122,41,123,42&center=122,41", 400, "bbox and center"),
        ("bbox=122,41,123,42&subset=Lat(1:2)", 400, "bbox and subset"),
        ("center=122", 400, "center"),
        ("center=122,95", 400, "center"),
        ("subset=X(1:2)", 400, "Lon(low:high)"),
        ("subset=E(1:2)", 400, "Lon(low:high)"),
        ("subset=Lat(41)", 400, "Lat(low:high)"),
        ("subset=Lat(a:b)", 400, "two numbers"),
        ("subset=Lon(200:210)", 404, "±180"),
        ("crs=EPSG:9999", 400, "EPSG:9999"),
        ("bbox=1,2,3,4&bbox-crs=nonsense", 400, "nonsense"),
        ("bgcolor=red;}", 400, "bgcolor"),
        ("transparent=yes", 400, "transparent"),
        ("width=10&width=20", 400, "twice"),
        ("width=10&datetime=2025-01-01", 400, "datetime"),
        ("width=10&check=true", 400, "check"),
        ("width=10&f=html", 400, "png, svg, pdf"),
        # ignored where nothing stands in them
        ("width=10&bbox-crs=nonsense&center-crs=x&subset-crs=y", 200, ""),
    ],
)  # fmt: skip
def test_wrong_questions_are_named(
    client: httpx.Client, query: str, status: int, said: str
) -> None:
    answer = client.get(f"/map?{query}")
    assert answer.status_code == status, answer.text
    if status != 200:
        assert said in answer.json()["detail"]
        assert answer.headers["content-type"] == "application/problem+json"


def test_limits_are_told(client: httpx.Client) -> None:
    definition = client.get("/openapi.json").json()
    limits = definition["info"]["x-OGC-limits"]["maps"]
    assert limits == {"maxWidth": 4096, "maxHeight": 4096, "maxPixels": 16_777_216}
    largest = asked(client, "/map", bbox="10,10,11,11", width=4096, height=4096)
    assert pixels(largest).shape[:2] == (4096, 4096)


def test_an_edit_is_seen(tmp_path: Any, serve: Any, town: Any) -> None:
    """The tag of a map follows the version of the layers that it shows, and of no other."""
    plan = tmp_path / "town"
    shutil.copytree(town.directory, plan)
    app = create_app(Catalogue.open(plan), Settings(plan=plan, editing=True))
    with httpx.Client(base_url=serve(app), timeout=30) as client:
        maps = (PARKS, "/collections/highways/map", "/map?f=png")
        before = [client.get(path) for path in maps]
        body = {"type": "Feature", "properties": {"name": "改名园"}, "geometry": None}
        item = "/collections/industrial-parks/items/IP-1"
        held = client.get(item).headers["etag"]
        merge = {"Content-Type": "application/merge-patch+json", "If-Match": held}
        sent = client.patch(item, content=json.dumps(body), headers=merge)
        assert sent.status_code in (200, 204), sent.text
        after = [client.get(path) for path in maps]
        changed = [
            one.headers["etag"] != two.headers["etag"]
            for one, two in zip(before, after, strict=True)
        ]
        assert changed == [True, False, True]
        assert before[0].content != after[0].content


def test_gdal_reads_maps_by_the_file_of_the_docs(base: str) -> None:
    """GDAL asks block by block; the blocks fit: a park's edges lie where its coordinates say."""
    docs = (ROOT / "docs/figures.md").read_text(encoding="utf-8")
    (description,) = re.findall(r"```xml\n(.*?)```", docs, re.DOTALL)
    description = description.replace("http://127.0.0.1:8000", base)
    with rasterio.open(description) as opened:
        assert (opened.width, opened.height, opened.count) == (6000, 4000, 4)
        corners = Transformer.from_crs("EPSG:4550", "OGC:CRS84", always_xy=True)
        # a window of a few blocks: 0.00001° a pixel, IP-1 is about 1190 of them wide
        row, column = opened.index(*corners.transform(EAST + 8500, NORTH + 10_300))
        window = ((row, row + 1), (column - 40, column + 41))
        alpha = opened.read(4, window=window)[0]
        assert alpha[:35].max() == 0
        assert alpha[45:].min() > 100
        assert abs(int(np.flatnonzero(alpha > 128)[0]) - 40) <= 3  # half of the outline


def test_a_collection_leads_gdal_to_degrees(client: httpx.Client) -> None:
    """Its driver OGCAPI takes what a link leads to for CRS84, and adds box and size to it."""
    one = client.get("/collections/industrial-parks").json()
    (link,) = [link for link in one["links"] if link["rel"] == MAP]
    answer = client.get(f"{link['href']}&width=256&height=256&bbox=122.98,41.08,123,41.1")
    assert answer.headers["content-crs"] == f"<{CRS84}>"
    assert box_of(answer) == (122.98, 41.08, 123.0, 41.1)
    assert pixels(answer).shape[:2] == (256, 256)


@pytest.fixture(scope="module")
def odd_client(serve: Any, odd: Catalogue) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serve(create_app(odd, Settings())), timeout=30) as found:
        yield found


@pytest.mark.parametrize("layer", ["many", "odd-ids", "nowhere", "nobody", "tall", "long", None])
def test_odd_layers_are_drawn(odd_client: httpx.Client, layer: str | None) -> None:
    path = "/map" if layer is None else f"/collections/{layer}/map"
    svg = asked(odd_client, path, f="svg").text
    tree = ElementTree.fromstring(svg)  # noqa: S314 - that is what is tested
    known = {"svg", "g", "path", "text", "defs", "pattern", "rect", "clipPath", "title"}
    assert {one.tag.removeprefix(SVG) for one in tree.iter()} <= known
    assert pixels(asked(odd_client, path)).shape[2] == 4
    assert asked(odd_client, path, f="pdf").content.startswith(b"%PDF")


CRSS = st.sampled_from([CRS84, f"{EPSG}4490", f"{EPSG}3857", f"{EPSG}4550"])
WHOLE = Bbox(122.97, 41.07, 123.03, 41.11)


@given(
    st.tuples(
        st.floats(122, 123.9), st.floats(40, 41.9), st.floats(0.001, 0.1), st.floats(0.001, 0.1)
    ),
    CRSS,
    st.one_of(st.none(), st.integers(1, 4000)),
    st.floats(0.05, 1.0),
)
def test_what_a_map_says_of_itself_asks_for_the_same_map(
    corner: tuple[float, float, float, float], crs: str, width: int | None, mm: float
) -> None:
    """The box and the pixels that are answered are those that ask for that answer."""
    west, south, wide, high = corner
    asked_for = {
        "bbox": f"{west},{south},{west + wide},{south + high}", "crs": crs, "mm-per-pixel": f"{mm}",
        "height": "100",
    }  # fmt: skip
    if width is not None:
        asked_for["width"] = f"{width}"
    try:
        first = read_map_query(asked_for, WHOLE, CRS84)
    except AnswerTooLarge:
        assume(False)
    pixels_wide, pixels_high = first.size_px
    again = read_map_query(
        {
            "bbox": first.content_bbox, "bbox-crs": crs, "crs": crs, "mm-per-pixel": f"{mm}",
            "width": f"{pixels_wide}", "height": f"{pixels_high}",
        },
        WHOLE,
        CRS84,
    )  # fmt: skip
    assert again == first


@given(
    st.tuples(st.floats(122.5, 123.5), st.floats(40.5, 41.5)),
    CRSS,
    st.floats(500, 50_000),
    st.integers(200, 2000),
)
def test_a_scale_and_pixels_are_the_other_side_of_a_box(
    centre: tuple[float, float], crs: str, scale: float, side: int
) -> None:
    """The box round a centre, asked for at the same scale, has the same pixels again."""
    x, y = centre
    round_it = {
        "center": f"{x},{y}", "crs": crs, "scale-denominator": f"{scale}", "width": f"{side}",
    }  # fmt: skip
    first = read_map_query(round_it, WHOLE, CRS84)
    boxed = {
        "bbox": first.content_bbox, "bbox-crs": crs, "crs": crs, "scale-denominator": f"{scale}",
    }  # fmt: skip
    again = read_map_query(boxed, WHOLE, CRS84)
    assert again.size_px == pytest.approx(first.size_px, abs=1)
