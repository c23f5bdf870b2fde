"""Reports of plans that are not as one would wish: many layers, long names, texts that attack."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest
from shapely import box

from geoplan.catalogue import Catalogue
from geoplan.model import Text
from geoplan.processes import PROCESSES
from geoplan.processes.report import ReportInputs, written
from geoplan.report import Limits, docx, manuscript, pdf
from geoplan.report.blocks import Grid
from geoplan.store.write import write_geopackage
from geoplan.workbook import workbook
from tests.report.conftest import ROOT, cells, document, pdf_text
from tests.report.test_report import content

EXTRA = 43  # beside the seven of the quarter
LAYER = """
[[layer]]
id = "quarter-{at}"
kind = "residential"
title = {{ zh = "居住区{at}", en = "Residential {at}" }}
geometry = "area"
file = "{file}"
table = "{table}"
id_column = "feature_id"
name_column = "name"
source = {{ zh = "虚构", en = "Synthetic" }}
source_date = 2025-01-01
"""
EMU_MM = 36000


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """The quarter with 43 more layers: 50 in all; the last of them without a feature."""
    folder = tmp_path_factory.mktemp("crowded") / "quarter"
    shutil.copytree(ROOT / "examples" / "town" / "quarter", folder)
    catalogue = folder / "catalogue.toml"
    more = "".join(
        LAYER.format(at=at, file=f"quarter-{at}.gpkg", table="parks") for at in range(EXTRA)
    )
    for at in range(EXTRA - 1):
        _written(folder / f"quarter-{at}.gpkg", [box(500_400, 4_552_900, 500_450, 4_552_950)])
    catalogue.write_text(catalogue.read_text(encoding="utf-8") + more, encoding="utf-8")
    _written(folder / f"quarter-{EXTRA - 1}.gpkg", [])
    return Catalogue.open(folder)


def _written(file: Path, shapes: list[Any]) -> None:
    ids = pd.Index([f"H-{at}" for at in range(len(shapes))], dtype=str, name="feature_id")
    table = {"name": [f"{one}号" for one in ids]}
    features = gpd.GeoDataFrame(table, geometry=shapes, crs=4550, index=ids)
    write_geopackage(
        file, "parks", features, id_column="feature_id", identifier="parks", description="",
        last_change=datetime(2025, 1, 1, tzinfo=UTC),
    )  # fmt: skip


def test_fifty_layers_and_one_without_data_give_sound_documents(crowded: Catalogue) -> None:
    told = content(crowded, limits=Limits(rows=40))
    made = docx(manuscript(told))
    text = "\n".join(one.text for one in document(made).paragraphs)
    assert "6 运行记录" in text
    assert any(
        f"居住区{EXTRA - 1}" in cell for table in cells(made) for row in table for cell in row
    )
    _within_the_page(document(made))
    assert "6 Run record" in pdf_text(pdf(manuscript(told, ("en",))))


def _within_the_page(told: Any) -> None:
    """No table is wider than the text of the widest page, which lies on its side."""
    assert told.tables
    for table in told.tables:
        wide = sum(column.width for column in table.columns if column.width) / EMU_MM
        assert wide <= 297 - 2 * 14 + 0.5
    for section in told.sections:
        assert section.page_width / EMU_MM == pytest.approx(
            297 if section.orientation else 210, abs=0.5
        )


def _everywhere(told: Any, text: str) -> Any:
    """Return a report whose every name is a text: plan, layers, features, note and source."""
    both = Text(zh=text, en=text)
    plan = told.plan.model_copy(update={"title": both, "attribution": both, "note": both})
    sources = tuple(
        one.model_copy(update={"title": both, "source": both}) for one in told.check.sources
    )
    found = told.check.features.copy()
    tables = []
    for one in told.check.tables:
        rows = one.rows.copy()
        for name in rows.columns.intersection(
            ["project", "project_en", "name", "name_en", "opinion", "authority", "manager"]
        ):
            rows[name] = text
        tables.append(replace(one, rows=rows))
    for side in ("subject", "object"):
        found[f"{side}_name"] = found[f"{side}_name_en"] = text
    check = replace(told.check, features=found, tables=tuple(tables), sources=sources)
    return replace(told, plan=plan, check=check)


def test_names_of_two_hundred_characters_stay_on_the_page(quarter: Catalogue) -> None:
    for text in ("长" * 120 + "W" * 80,):
        told = _everywhere(content(quarter), text)
        made = docx(manuscript(told))
        assert any(text in cell for table in cells(made) for row in table for cell in row)
        _within_the_page(document(made))
        pages = re.sub(r"\s|\u200b", "", pdf_text(pdf(manuscript(told))))
        assert text[:100] in pages


ATTACKS = (
    # what attacks wherever it stands comes in one text, what has to begin one by itself
    '#eval("1+1") $x^2$ *b* @ref <label> {{7*7}} <w:p/></w:t><script>x</script> \u202e反向\x07',
    "=1+1",
    "+cmd|' /C calc'!A0",
)


@pytest.mark.parametrize("attack", ATTACKS)
def test_texts_that_attack_stay_texts_everywhere(attack: str, quarter: Catalogue) -> None:
    told = _everywhere(content(quarter), attack)
    seen = re.sub(r"[\s\u200b\u202e\x07\ufffd]", "", attack)
    if len(attack) > 20:  # the others attack spreadsheets only
        made = docx(manuscript(told, ("zh", "en")))
        inside = "".join(cell for table in cells(made) for row in table for cell in row)
        assert seen in re.sub(r"[\s\u200b\u202e\x07\ufffd]", "", inside)
        assert pdf(manuscript(told)).startswith(b"%PDF")
    book = openpyxl.load_workbook(BytesIO(workbook(told.check)))
    for sheet in book:
        for row in sheet.iter_rows():
            assert all(cell.data_type != "f" for cell in row)


def test_a_workbook_in_both_languages_has_the_sheets_of_each(quarter: Catalogue) -> None:
    made = written(quarter, ReportInputs(format="xlsx", lang="both"))
    assert isinstance(made.content, bytes)
    names = openpyxl.load_workbook(BytesIO(made.content), read_only=True).sheetnames
    one = openpyxl.load_workbook(
        BytesIO(workbook(PROCESSES["check"].run(quarter, PROCESSES["check"].inputs(
            tables=("A", "C", "F"))))),  # type: ignore[arg-type]
        read_only=True,
    ).sheetnames  # fmt: skip
    assert names[: len(one)] == one
    assert len(names) == len(set(names)) == 2 * len(one)
    assert sum(name.isascii() for name in names) >= len(one)


def test_the_matrix_begins_with_the_gravest(quarter: Catalogue) -> None:
    told = content(quarter)
    blocks = manuscript(told).parts[0].blocks()
    (matrix,) = (one for one in blocks if isinstance(one, Grid) and "表 F" in one.caption)
    rank = ("禁止", "需审批", "提示", "")
    worst = [next(at for at, word in enumerate(rank) if word in row[-1]) for row in matrix.rows]
    assert worst[:-1] == sorted(worst[:-1])
    assert len(set(worst)) > 2
