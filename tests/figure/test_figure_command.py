"""``geoplan figure``: files on paper sizes, world files that GIS trust, links, fonts, versions."""

from __future__ import annotations

import io
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import docx
import numpy as np
import pypdf
import pytest
import rasterio
from pyproj import CRS, Transformer
from rasterio.warp import transform_bounds

from geoplan.figure.fonts import font
from geoplan.figure.output import size_px
from tests.command import geoplan

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
ROOT = Path(__file__).parents[2]
TOWN = ROOT / "examples/town"
EAST, NORTH = 490_000, 4_540_000
SVG = "{http://www.w3.org/2000/svg}"


def drawn(
    output: Path, *options: str | Path, plan: Path = TOWN, env: dict[str, str] | None = None
) -> Path:
    answer = geoplan("figure", "--plan", plan, "-o", output, *options, env=env)
    assert answer.returncode == 0, answer.stderr
    return output


def refused(output: Path, *options: str | Path) -> str:
    answer = geoplan("figure", "--plan", TOWN, "-o", output, *options)
    assert answer.returncode == 2, answer.stdout
    return " ".join(answer.stderr.replace("│", " ").split())


def rgb(opened: Any, x: float, y: float) -> list[int]:
    row, column = opened.index(x, y)
    window = ((row, row + 1), (column, column + 1))
    return [int(band) for band in opened.read((1, 2, 3), window=window).ravel()]


@pytest.mark.parametrize(
    "options",
    [
        ("--no-check", "--scale", "20000"),
        ("--no-check", "--scale", "20000", "--dpi", "97", "--portrait"),
        ("--no-check", "--scale", "20000", "--for", "docx"),
    ],
)
def test_a_world_file_puts_pixels_where_they_are(tmp_path: Path, options: tuple[str, ...]) -> None:
    """IP-1 is x 8500 to 9500, y 10200 to 10800; its west and south edges lie on no other line.

    South of y 10300 nothing lies on the park but the park.
    """
    file = drawn(tmp_path / "sheet.png", *options, "--world-file")
    with rasterio.open(file) as opened:
        assert opened.crs.to_epsg() == 4550
        west, south, east, north = transform_bounds(opened.crs, "EPSG:4326", *opened.bounds)
        assert (west < 123 < east, south < 41.09 < north) == (True, True)
        pixel = opened.res[0]
        assert opened.res == pytest.approx((pixel, pixel), rel=1e-3)
        picture = opened.read((1, 2, 3)).astype(int)
        brown = picture[0] - picture[2]

        def middle(line: Any) -> float:
            """Return where the outline runs through a line of 25 pixels, from its middle."""
            return float(np.flatnonzero(line <= line.min() + 30).mean()) - 12

        south = NORTH + 10_200
        row, column = opened.index(EAST + 8500, south + 60)
        assert abs(middle(picture[:, row, column - 12 : column + 13].sum(axis=0))) <= 1
        row, column = opened.index(EAST + 8700, south)
        assert abs(middle(picture[:, row - 12 : row + 13, column].sum(axis=0))) <= 1
        row, column = opened.index(EAST + 8650, south + 50)
        assert brown[row, column] > 15
        below = opened.index(EAST + 8650, south - 50)
        assert brown[below] == 0
    plane = CRS.from_wkt(file.with_suffix(".prj").read_text(encoding="utf-8"))
    assert plane.to_epsg(min_confidence=50) == 4550


def test_a_world_file_is_right_to_half_a_pixel(tmp_path: Path) -> None:
    """A field and a frame of known millimetres: the corners of the map are the corners it says."""
    from geoplan.figure import to_png
    from geoplan.figure.placing import world_file
    from geoplan.figure.spec import Sheet

    svg = (
        '<svg xmlns="http://www.w3.org/2000/svg" width="200mm" height="101mm" '
        'viewBox="0 0 200 101">'
        '<rect x="20" y="10" width="150" height="75" fill="#ff0000"/></svg>'
    )
    extent = (500_000.0, 4_000_000.0, 501_500.0, 4_000_750.0)  # 10 m a millimetre
    one = Sheet(svg, (), 10_000.0, (200.0, 101.0), (), extent, (20.0, 10.0, 150.0, 75.0))
    for width in (200, 333, 1181):
        png = to_png(one, width_px=width)
        file = tmp_path / f"{width}.png"
        file.write_bytes(png)
        file.with_suffix(".pgw").write_text(world_file(one, size_px(png)))
        with rasterio.open(file) as opened:
            red = opened.read(2) < 128
            rows, columns = np.flatnonzero(red.any(axis=1)), np.flatnonzero(red.any(axis=0))
            west, north = opened.xy(rows[0], columns[0], offset="ul")
            east, south = opened.xy(rows[-1], columns[-1], offset="lr")
            # an edge is drawn to a quarter of a pixel
            half = np.array(opened.res).max() * 0.625 + 1e-6
            assert np.abs(np.array([west, south, east, north]) - extent).max() <= half, width


def test_for_word_it_is_as_wide_as_the_text(tmp_path: Path) -> None:
    file = drawn(tmp_path / "map.png", "--for", "docx", "--no-check", "--lang", "en")
    assert size_px(file.read_bytes()) == (1890, 1299)  # 160 by 110 mm at 300 dpi
    document = docx.Document()
    shape = document.add_picture(str(file))
    assert shape.width.mm == pytest.approx(160, abs=0.2)
    assert shape.height.mm == pytest.approx(110, abs=0.2)
    held = io.BytesIO()
    document.save(held)
    assert any(name.endswith(".png") for name in zipfile.ZipFile(held).namelist())


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ((), (297, 210)),
        (("--portrait",), (210, 297)),
        (("--paper", "A3"), (420, 297)),
        (("--size", "180x120"), (180, 120)),
        (("--size", "40x30", "--no-frame"), (40, 30)),
        (("--size", "100x80"), (100, 80)),
        (("--pixels", "1500x900", "--dpi", "150"), (254, 152.4)),
    ],
)
def test_sizes_on_paper(
    tmp_path: Path, options: tuple[str, ...], size: tuple[float, float]
) -> None:
    svg = drawn(tmp_path / "a.svg", "--no-check", *options).read_text(encoding="utf-8")
    tree = ElementTree.fromstring(svg)  # noqa: S314 - our own
    assert (tree.get("width"), tree.get("height")) == tuple(f"{side:g}mm" for side in size)


def test_pixels_are_as_many_as_are_asked_for(tmp_path: Path) -> None:
    file = drawn(tmp_path / "a.png", "--no-check", "--pixels", "1600x1200")
    assert size_px(file.read_bytes()) == (1600, 1200)


def test_an_extent_is_in_the_middle_of_the_map(tmp_path: Path) -> None:
    """0.02° of longitude and 0.01° of latitude round 123 E, 41.09 N."""
    options = ("--no-check", "--extent", "122.99,41.085,123.01,41.095", "--size", "200x150")
    file = drawn(tmp_path / "a.png", *options, "--for", "docx", "--world-file")
    with rasterio.open(file) as opened:
        west, south, east, north = opened.bounds
    # on the meridian of the plane: x is its false easting, y the arc of the ellipsoid
    assert (west + east) / 2 == pytest.approx(500_000, abs=1)
    middle = Transformer.from_crs("EPSG:4490", "EPSG:4550", always_xy=True).transform(123, 41.09)
    assert (south + north) / 2 == pytest.approx(middle[1], abs=1)
    scale = (east - west) / 0.2
    assert scale == pytest.approx(10_000, rel=1e-3)  # 1676 m on 200 mm need 1:8,380


def test_an_atlas_is_one_pdf_or_a_file_for_each_conflict(tmp_path: Path) -> None:
    pdf = tmp_path / "atlas.pdf"
    said = geoplan("figure", "--plan", TOWN, "-o", pdf, "--sheet", "atlas", "--lang", "en")
    assert "atlas.pdf written (14 sheets, " in said.stdout
    pages = [page.extract_text() for page in pypdf.PdfReader(pdf).pages]
    numbers = [re.findall(r"conflict (C\d+)", page)[0] for page in pages]
    assert numbers == [f"C{at:02}" for at in range(1, 15)]  # 14 of them in the town
    drawn(tmp_path / "atlas.svg", "--sheet", "atlas", "--lang", "en")
    files = sorted(path.name for path in tmp_path.glob("atlas-*.svg"))
    assert files == [f"atlas-C{at:02}.svg" for at in range(1, 15)]
    assert "conflict C14" in (tmp_path / "atlas-C14.svg").read_text(encoding="utf-8")


def test_numbers_lead_to_their_places_on_the_map(tmp_path: Path) -> None:
    base = 'https://example.org/map?a="1"&b=<2>'
    file = drawn(tmp_path / "a.svg", "--links", "--link-base", base)
    tree = ElementTree.fromstring(file.read_text(encoding="utf-8"))  # noqa: S314 - our own
    links = {one.findtext(f"{SVG}title", ""): one.get("href", "") for one in tree.iter(f"{SVG}a")}
    assert set(links) == {f"C{at:02}" for at in range(1, 15)}
    # C01 is IP-1 in SC-1: x 8500 to 8900, y 10500 to 10800
    page, _, place = links["C01"].partition("#")
    assert page == base
    zoom, latitude, longitude = map(float, place.split("/"))
    middle = _degrees(EAST + 8700, NORTH + 10_650)
    assert (longitude, latitude) == pytest.approx(middle, abs=2e-3)
    assert 12 <= zoom <= 18
    assert "script" not in file.read_text(encoding="utf-8")


def _degrees(x: float, y: float) -> tuple[float, float]:
    return Transformer.from_crs("EPSG:4550", "EPSG:4490", always_xy=True).transform(x, y)


def test_without_a_check_there_are_no_findings(tmp_path: Path) -> None:
    plain = drawn(tmp_path / "a.svg", "--no-check").read_text(encoding="utf-8")
    found = drawn(tmp_path / "b.svg").read_text(encoding="utf-8")
    assert 'class="number"' in found
    assert 'class="number"' not in plain


def test_a_raster_lies_under_the_layers(tmp_path: Path) -> None:
    options = ("--no-check", "--raster", "elevation", "--lang", "en")
    svg = drawn(tmp_path / "a.svg", *options).read_text(encoding="utf-8")
    assert svg.index('id="underlay"') < svg.index('id="layer-industrial-parks"')
    assert "Elevation" in svg
    assert drawn(tmp_path / "a.pdf", *options).stat().st_size > 10_000
    assert "no raster 'none'" in refused(tmp_path / "b.svg", "--no-check", "--raster", "none")


def test_an_older_version_is_drawn_and_named(tmp_path: Path) -> None:
    plan = tmp_path / "town"
    shutil.copytree(TOWN, plan)
    shutil.copytree(TOWN, plan / "versions/2024")
    options = ("--version", "2024", "--no-check", "--lang", "en")
    svg = drawn(tmp_path / "a.svg", *options, plan=plan).read_text(encoding="utf-8")
    assert "(version 2024)" in svg
    unknown = geoplan("figure", "--plan", plan, "--version", "1999", "-o", tmp_path / "b.svg")
    assert unknown.returncode == 2
    assert "it keeps: 2024" in unknown.stderr


def test_the_font_is_the_one_that_is_named(tmp_path: Path) -> None:
    usual = font().files[0]
    own = tmp_path / "own.ttc"
    own.symlink_to(usual)
    for options, env in ((("--font", own), {}), ((), {"GEOPLAN_FONT": str(own)})):
        file = drawn(tmp_path / "a.pdf", "--no-check", *options, env=env)
        assert file.read_bytes().startswith(b"%PDF")
    none = tmp_path / "none.ttf"
    none.write_bytes(b"no font")
    answer = geoplan(
        "figure", "--plan", TOWN, "--no-check", "-o", tmp_path / "b.png",
        env={"GEOPLAN_FONT": str(none)},
    )  # fmt: skip
    assert answer.returncode == 4
    assert "none.ttf has no Chinese characters" in answer.stderr
    told = geoplan("doctor", "--plan", TOWN, "--json", env={"GEOPLAN_FONT": str(own)})
    (check,) = [one for one in json.loads(told.stdout) if one["key"].startswith("figure_font")]
    assert check["level"] == "ok"
    assert check["values"]["file"] == str(own)
    told = geoplan("doctor", "--plan", TOWN, "--json", env={"GEOPLAN_FONT": str(none)})
    (check,) = [one for one in json.loads(told.stdout) if one["key"].startswith("figure_font")]
    assert check["level"] == "warn"


@pytest.mark.parametrize(
    ("name", "options", "said"),
    [
        ("a.gif", (), ".svg, .png or .pdf"),
        ("a.svg", ("--for", "docx"), "Word takes a .png"),
        ("a.png", ("--for", "pptx"), "known: docx"),
        ("a.svg", ("--world-file",), "only a .png"),
        ("a.png", ("--links",), "only an .svg"),
        ("a.svg", ("--link-base", "javascript:alert(1)"), "no address of a page"),
        ("a.svg", ("--sheet", "conflict"), "name it, such as C01"),
        ("a.svg", ("--sheet", "conflict", "--finding", "C99"), "no finding 'C99'"),
        ("a.svg", ("--sheet", "matrix", "--no-check"), "needs the check"),
        ("a.svg", ("--sheet", "portrait"), "overview"),
        ("a.svg", ("--size", "180"), "WxH"),
        ("a.svg", ("--size", "1x1"), "greater than or equal to 30"),
        ("a.svg", ("--size", "90x90"), "need 100 x 80 mm"),
        ("a.svg", ("--size", "200x100", "--pixels", "200x100"), "millimetres or in pixels"),
        ("a.svg", ("--extent", "123,41,122,42"), "west < east"),
        ("a.svg", ("--extent", "1,2,3"), "W,S,E,N"),
        ("a.png", ("--paper", "A3", "--dpi", "1200"), "pixels at most"),
        ("a.svg", ("--scale", "0"), "scale"),
        ("a.svg", ("--paper", "B5"), "'A4' or 'A3'"),
    ],
)
def test_what_cannot_be_is_named(
    tmp_path: Path, name: str, options: tuple[str, ...], said: str
) -> None:
    assert said in refused(tmp_path / name, *options)
    assert not (tmp_path / name).exists()
