"""Map sheets: true to their scale, labels apart, texts that stay texts, pictures that open."""

from __future__ import annotations

import re
from datetime import date
from itertools import combinations
from pathlib import Path
from xml.etree import ElementTree

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from shapely import box

from geoplan.errors import FindingNotFound
from geoplan.figure import Sheet, SheetSpec, sheet, to_pdf, to_png
from geoplan.model import Layer, Plan, Text
from geoplan.webmap import MapContent, MapLayer

EAST, NORTH = 495_000, 4_552_000
HOSTILE = "</text><script>alert(1)</script>&amp;{{7*7}}"
PLAN = Plan(
    id="sheets",
    title=Text(zh="北镇（示例）", en="North Town (sample)"),
    extent=(122.9, 41.05, 123.1, 41.15),
    measuring_plane="EPSG:4550",
    data_date=date(2025, 3, 31),
    attribution=Text(zh="示例", en="Sample"),
)


def content(*names: str, title: str = "产业园区") -> MapContent:
    """Return areas of 400 m, 10 km apart from west to east."""
    both = Text(zh=title, en="Industrial parks")
    layer = Layer(
        id="parks", kind="industrial_park", geometry="area", table="parks", title=both,
        source=both, source_date=date(2025, 1, 1), name_column="name",
    )  # fmt: skip
    shapes = [
        box(EAST + 10_000 * at, NORTH, EAST + 10_000 * at + 400, NORTH + 400)
        for at in range(len(names))
    ]
    frame = gpd.GeoDataFrame({"name": list(names)}, geometry=shapes, crs=4550)
    return MapContent(PLAN, (MapLayer(layer, frame),))


def made(*names: str, **wanted: object) -> Sheet:
    return sheet(content(*names), SheetSpec(**wanted))  # type: ignore[arg-type]


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_ten_kilometres_are_a_hundred_millimetres_at_1_to_100000(tmp_path: Path) -> None:
    one = made("甲", "乙", scale=100_000, with_frame=False)
    assert one.scale == 100_000
    file = tmp_path / "sheet.png"
    file.write_bytes(to_png(one, width_px=2970))  # ten pixels a millimetre
    with rasterio.open(file) as picture:
        red, green, blue = picture.read((1, 2, 3)).astype(int)
    # the brown of parks, as it stands over white
    brown = (red - blue > 25) & (red > 120) & (green < red) & (green > blue)
    rows, columns = np.nonzero(brown)
    assert len(rows) > 500
    middle = (columns.min() + columns.max()) / 2
    west, east = columns[columns < middle], columns[columns > middle]
    apart = (east.min() + east.max()) / 2 - (west.min() + west.max()) / 2
    assert apart == pytest.approx(1000, rel=0.002)


def test_no_label_lies_on_another() -> None:
    names = [f"第{at}产业园区（一期工程）" for at in range(9)]
    one = made(*names, scale=500_000)
    assert len(one.boxes) >= 2
    for left, right in combinations(one.boxes, 2):
        assert left.polygon.intersection(right.polygon).area < 1e-6, (left.text, right.text)


def test_what_a_reader_has_to_know_stands_on_the_sheet() -> None:
    one = made("甲", "乙", scale=100_000)
    texts = " ".join(node.text or "" for node in ElementTree.fromstring(one.svg).iter())  # noqa: S314
    for said in ("北镇（示例）", "1:100", "2025", "内部使用", "产业园区"):
        assert said in texts
    assert "paint-order" not in one.svg


def test_hostile_texts_stay_texts() -> None:
    one = sheet(content(HOSTILE, "乙", title=HOSTILE), SheetSpec(scale=200_000))
    tree = ElementTree.fromstring(one.svg)  # noqa: S314 - it parses at all
    assert not [node for node in tree.iter() if node.tag.endswith("script")]
    assert "<script" not in one.svg
    assert re.search(r"on\w+=", one.svg) is None


def test_a_sheet_becomes_a_pdf_with_its_text() -> None:
    from io import BytesIO

    from pypdf import PdfReader

    written = to_pdf(made("甲园", "乙园", scale=100_000))
    assert written.startswith(b"%PDF-")
    (page,) = PdfReader(BytesIO(written)).pages
    sides = [float(side) / 72 * 25.4 for side in page.mediabox[2:]]
    assert sides == pytest.approx([297, 210], abs=0.2)


def test_a_finding_that_is_not_there_is_said() -> None:
    with pytest.raises(FindingNotFound):
        made("甲", "乙", name="conflict", finding="C99")
