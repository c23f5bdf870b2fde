"""Sheets of real plans: labels apart, parts in their places, the picture that was looked at."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from itertools import product
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pypdf import PdfReader
from rasterio import MemoryFile

from geoplan.figure import (
    Prepared,
    Sheet,
    SheetName,
    SheetSpec,
    Underlay,
    conflict_sheets,
    prepare,
    sheet,
    to_pdf,
    to_png,
)
from geoplan.figure.output import size_px
from geoplan.model import Lang, Text
from tests.figure.conftest import ROOT

GOLDEN = Path(__file__).parents[1] / "golden" / "sheets"
SVG = "{http://www.w3.org/2000/svg}"
LANDSCAPE, PORTRAIT = (297.0, 210.0), (210.0, 297.0)
MAPS: tuple[SheetName, ...] = ("overview", "control-lines")
LANGUAGES: tuple[Lang, ...] = ("zh", "en")
SOAK = bool(os.environ.get("GEOPLAN_SOAK"))


def sheets_of(plan: Prepared) -> Iterator[Sheet]:
    sizes = (LANDSCAPE, PORTRAIT, (420.0, 297.0), (120.0, 90.0))
    for name in MAPS:
        # each language on two of the papers; the long form has both on all
        for at, (size, lang) in enumerate(product(sizes, LANGUAGES)):
            if SOAK or at % 4 in (0, 3):
                yield sheet(plan, SheetSpec(name, lang, size))
    yield from conflict_sheets(plan, SheetSpec(size_mm=(160.0, 72.0), with_frame=False))


def texts(node: ElementTree.Element) -> list[str]:
    return [one.text for one in node.iter(f"{SVG}text") if one.text]


def part(one: Sheet, name: str) -> ElementTree.Element:
    tree = ElementTree.fromstring(one.svg)  # noqa: S314 - our own
    found = tree.find(f".//*[@id='{name}']")
    assert found is not None, name
    return found


@pytest.mark.parametrize("name", ["town", "anshan"])
def test_no_label_of_any_sheet_lies_on_another(name: str, request: pytest.FixtureRequest) -> None:
    drawn = 0
    for one in sheets_of(request.getfixturevalue(name)):
        boxes = [label.polygon for label in one.boxes]
        drawn += len(boxes)
        left, right = shapely.STRtree(boxes).query(boxes)
        for first, second in zip(left.tolist(), right.tolist(), strict=True):
            if first < second:
                shared = boxes[first].intersection(boxes[second]).area
                assert shared < 1e-6, (one.boxes[first].text, one.boxes[second].text)
        x, y, wide, high = one.field_mm
        field = shapely.box(x, y, x + wide, y + high).buffer(1e-6)
        assert all(field.contains(box) for box in boxes)
    assert drawn > 200  # there was something to collide


@pytest.mark.parametrize("name", ["overview", "conflict", "matrix"])
def test_parts_and_words_of_the_town_are_those_that_were_read(
    town: Prepared, name: SheetName
) -> None:
    """The file was read by a planner's eye; words on the map itself depend on the font."""
    expected = json.loads((GOLDEN / "town.json").read_text(encoding="utf-8"))[name]
    one = sheet(town, SheetSpec(name, finding="C01"))
    tree = ElementTree.fromstring(one.svg)  # noqa: S314 - our own
    assert [node.get("id") for node in tree.iter(f"{SVG}g") if node.get("id")] == expected["parts"]
    for which, words in expected["words"].items():
        assert texts(part(one, which)) == words, which


@pytest.mark.filterwarnings("ignore:Dataset has no geotransform")
def test_the_picture_is_the_one_that_was_looked_at(town: Prepared) -> None:
    """Blocks of 8 x 8 pixels: a font may differ a little, a symbol, a place or a colour not."""
    one = sheet(town, SheetSpec(size_mm=(160.0, 120.0), with_frame=False))
    found = _blocks(to_png(one, width_px=480))
    expected = _blocks((GOLDEN / "town-overview.png").read_bytes())
    apart = np.abs(found - expected)
    assert apart.mean() < 2.0
    assert (apart > 60).mean() < 0.01


def _blocks(picture: bytes) -> NDArray[np.float64]:
    with MemoryFile(picture) as file, file.open() as opened:
        colours = opened.read((1, 2, 3)).astype(np.float64)
    high, wide = (side // 8 * 8 for side in colours.shape[1:])
    colours = colours[:, :high, :wide]
    means: NDArray[np.float64] = colours.reshape(3, high // 8, 8, wide // 8, 8).mean(axis=(2, 4))
    return means


def test_a_picture_has_as_many_pixels_as_asked_for(town: Prepared) -> None:
    for size, width, height in (((160.0, 120.0), 1600, 1200), ((297.0, 210.0), 1000, 707)):
        made = to_png(sheet(town, SheetSpec(size_mm=size)), width_px=width)
        assert size_px(made) == (width, height)


def test_a_pdf_says_what_the_sheet_says(town: Prepared) -> None:
    one = sheet(town, SheetSpec())
    (page,) = PdfReader(BytesIO(to_pdf(one))).pages
    said = page.extract_text().replace(" ", "").replace("\n", "")
    for words in texts(part(one, "legend")) + texts(part(one, "title")):
        assert words.replace(" ", "").replace("·", "") in said.replace("·", ""), words


def test_an_atlas_has_a_sheet_for_each_number(town: Prepared) -> None:
    numbers = list(dict.fromkeys(one.number for one in town.findings))
    made = conflict_sheets(town, SheetSpec())
    assert [texts(part(one, "title"))[0].rsplit(" ", 1)[1] for one in made] == numbers
    for one, number in zip(made, numbers, strict=True):
        assert number in [label.text.rstrip("?") for label in one.boxes]


def test_a_number_of_many_findings_counts_once_in_the_legend(town: Prepared) -> None:
    said = texts(part(sheet(town, SheetSpec()), "legend"))
    counts = [int(words[words.index("（") + 1 : -1]) for words in said if "命中" in words]
    assert sum(counts) == len({one.number for one in town.findings})


def test_relief_lies_below_and_is_in_the_legend(town: Prepared) -> None:
    from geoplan.catalogue import Catalogue

    catalogue = Catalogue.open(ROOT / "examples" / "town")
    for name in ("elevation", "land-cover"):
        with catalogue.open_raster(name) as raster:
            one = sheet(town, SheetSpec(), Underlay(catalogue.raster(name), raster))
        below = part(one, "underlay")
        assert below.get("href", "").startswith("data:image/png;base64,")
        title = catalogue.raster(name).title.zh
        assert any(words.startswith(title) for words in texts(part(one, "legend")))


def test_sources_are_named_in_full_however_long(town: Prepared) -> None:
    long = "数据来源与许可" * 28 + "完"
    plan = town.content.plan.model_copy(update={"attribution": Text(zh=long, en=long)})
    ready = prepare(replace(town.content, plan=plan))
    for size in (LANDSCAPE, PORTRAIT):
        said = "".join(texts(part(sheet(ready, SheetSpec(size_mm=size)), "title-block")))
        assert long in said
