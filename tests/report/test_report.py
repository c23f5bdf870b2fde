"""Reports: words, cells and figures of DOCX and PDF, templates, hostile values, limits."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tomllib
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import geopandas as gpd
import openpyxl
import pytest
from shapely.geometry import box

from geoplan.catalogue import Catalogue
from geoplan.errors import BadQuery, TemplateInvalid
from geoplan.export import result_document
from geoplan.processes import PROCESSES
from geoplan.processes.map import MapInputs, _check
from geoplan.processes.report import ReportInputs, written
from geoplan.processes.sheet_content import numbers_of
from geoplan.report import Drawing, Limits, ReportContent, docx, manuscript, pdf
from geoplan.rules.pack import load_pack
from geoplan.webmap.findings import check_payload
from tests.report.conftest import ROOT, cells, document, pdf_text

HOSTILE = ("=1+2|cmd", '#set page(fill: red) #panic("x")', "{{report}}", "{{code}}",
           "<img src=x onerror=alert(1)>", "</w:t></w:r>", "$ x^2 $ *b* _i_ @ref")  # fmt: skip


def content(catalogue: Catalogue, **changes: Any) -> ReportContent:
    """Return what a report of a plan is written from, its names changed where wanted."""
    process = PROCESSES["check"]
    result = process.run(catalogue, process.inputs(tables=("A", "C", "F")))
    rules = load_pack("cn-national").rules
    features = {one.id: catalogue.read(one.id) for one in result.sources}  # type: ignore[union-attr]
    return ReportContent(catalogue.plan, result, rules, features, **changes)  # type: ignore[arg-type]


def test_both_languages_have_the_same_phrases_with_the_same_blanks() -> None:
    folder = ROOT / "geoplan" / "report"
    zh, en = (tomllib.loads((folder / f"{one}.toml").read_text("utf-8")) for one in ("zh", "en"))
    assert set(zh) == set(en)
    for key in zh:
        assert set(re.findall(r"\{(\w+)\}", zh[key])) == set(re.findall(r"\{(\w+)\}", en[key])), key


def test_a_docx_has_headings_captions_alt_texts_and_repeated_heads(quarter_docx: bytes) -> None:
    made = document(quarter_docx)
    heads = [one.text for one in made.paragraphs if one.style.name == "Heading 1"]
    assert heads == ["1 结论", "2 依据", "3 分析结果", "4 禁止与需审批事项",
                     "5 未核查事项及原因", "6 运行记录", "附图"]  # fmt: skip
    captions = [one.text for one in made.paragraphs if one.style.name == "Caption"]
    numbers = [int(one.split()[1]) for one in captions if one.startswith("表")]
    assert numbers == list(range(1, len(numbers) + 1))
    xml = made.element.xml
    assert xml.count("SEQ 表") == len(numbers)
    assert 'w:eastAsia="zh-CN"' in made.styles.element.xml
    assert 'w:eastAsia="宋体"' in made.styles.element.xml
    alts = re.findall(r'descr="([^"]+)"', xml)
    assert alts[0].startswith("地图：")
    assert len(alts) == 3  # two findings and the overview
    assert xml.count("w:tblHeader") == len(numbers)
    assert {one.orientation for one in made.sections} == {0, 1}


def test_conclusion_and_closing_lines_of_the_quarter(quarter_docx: bytes) -> None:
    text = "\n".join(one.text for one in document(quarter_docx).paragraphs)
    assert "综合结论：不符合。经叠加分析，存在确定违反禁止性规定的事项 9 项。" in text
    assert "禁止：命中 9 项，存疑 7 项，未核查 67 条。" in text
    assert "核查 2463 对 = 命中 62 + 存疑 16 + 未命中 2083 + 未核查 302（闭合）" in text
    assert "表 A 冲突 78 项 = 禁止 16 + 需审批 44 + 提示 18（闭合）" in text
    assert "不闭合" not in text
    said = [row[-1] for row in cells(quarter_docx)[1]]
    assert any("不涉及占用或影响" in one for one in said)
    assert any("未核查，本报告不作结论" in one for one in said)
    assert any("存疑" in one and "实测复核" in one for one in said)


@pytest.mark.skipif(
    not os.environ.get("GEOPLAN_SOAK"),
    reason="the service is asked for all four in tests/service/test_reports.py; here by make soak",
)
def test_figures_agree_in_map_report_workbook_and_tables(quarter: Catalogue) -> None:
    process = PROCESSES["check"]
    result = process.run(quarter, process.inputs(tables=("A", "C", "F")))
    conflicts = result.tables[0].rows.query("outcome != 'not_checked'")  # type: ignore[union-attr]
    wanted = {
        row["number"]: "" if row["area_hm2"] != row["area_hm2"] else f"{row['area_hm2']:.4f}"
        for row in conflicts.to_dict("records")
    }
    checked, rules = _check(quarter, MapInputs(check=True))
    on_map = check_payload(checked, rules, numbers_of(checked))
    assert [row["number"] for row in on_map["rows"]] == list(wanted)
    assert {k: int(v) for k, v in on_map["totals"].items()} == {
        k: int(v)
        for k, v in result.totals.items()  # type: ignore[union-attr]
    }
    made = cells(_content(written(quarter, ReportInputs(format="docx", maps=0))))
    (table,) = (one for one in made if "占用面积(hm²)" in one[0])
    at = table[0].index("占用面积(hm²)")
    assert {row[0]: row[at] for row in table[1:]} == wanted
    book = openpyxl.load_workbook(
        BytesIO(_content(written(quarter, ReportInputs(format="xlsx")))), read_only=True
    )
    rows = list(book["A 位置关系"].iter_rows(min_row=3, values_only=True))
    head = list(rows[0])
    number, area = head.index("冲突编号"), head.index("占用面积(hm²)")
    sheet = {row[number]: "" if row[area] is None else f"{row[area]:.4f}" for row in rows[1:]}
    assert {key: sheet[key] for key in wanted} == wanted
    served = json.loads(json.dumps(result_document(result)))  # type: ignore[arg-type]
    said = {row["number"]: row["area_hm2"] for row in served["tables"]["A"]}
    assert {key: "" if said[key] is None else f"{said[key]:.4f}" for key in wanted} == wanted
    text = pdf_text(_content(written(quarter, ReportInputs(format="pdf", maps=0))))
    assert set(re.findall(r"\bC\d\d\b", text)) >= set(wanted)


def _content(made: Any) -> bytes:
    assert isinstance(made.content, bytes)
    return bytes(made.content)


def test_a_pdf_is_tagged_and_its_text_can_be_taken_in_both_languages(quarter: Catalogue) -> None:
    from pypdf import PdfReader

    made = _content(written(quarter, ReportInputs(format="pdf", lang="both", maps=1)))
    reader = PdfReader(BytesIO(made))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]  # type: ignore[index]
    assert str(root["/Lang"]).startswith("zh")  # type: ignore[index]
    text = pdf_text(made)
    assert "经叠加分析" in text
    assert "By overlay" in text
    assert "5 未核查事项及原因" in text
    assert "5 What was not checked, and why" in text
    fonts = {name for page in reader.pages for name in _fonts(page)}
    assert any("CJK" in name or "Sans" in name for name in fonts), fonts
    # no page is empty
    assert all(len(page.extract_text()) > 60 for page in reader.pages)


def _fonts(page: Any) -> set[str]:
    found = page["/Resources"].get("/Font", {})
    return {str(one.get_object()["/BaseFont"]) for one in found.values()}


@pytest.mark.parametrize("form", ["docx", "pdf"])
def test_hostile_values_stay_text(form: str, quarter: Catalogue) -> None:
    told = content(quarter)
    rows = told.check.tables[0].rows
    for at, value in enumerate(HOSTILE):
        rows.loc[at, ["project", "project_en"]] = value
    made = manuscript(told)
    if form == "docx":
        found = {cell for table in cells(docx(made)) for row in table for cell in row}
    else:
        found = {re.sub(r"\s|\u200b", "", pdf_text(pdf(made)))}
    for value in HOSTILE:
        wanted = value if form == "docx" else re.sub(r"\s", "", value)
        assert wanted in found or any(wanted in one for one in found), value


def test_a_template_is_filled_and_says_what_it_lacks(quarter: Catalogue, tmp_path: Path) -> None:
    told = manuscript(content(quarter))
    told = replace(told, facts={**told.facts, "plan": "{{report}} =1+2"})
    template = document(docx(told))
    body = template.element.body
    for element in list(body)[:-1]:
        body.remove(element)
    template.add_paragraph("某局审查意见：{{plan}}，{{code}}")
    template.add_paragraph("{{ conclusion }}")
    template.add_paragraph("此后为表")
    template.add_paragraph("{{tables}}")
    path = tmp_path / "own.docx"
    template.save(str(path))
    made = document(docx(told, path))
    text = [one.text for one in made.paragraphs]
    assert text[0] == f"某局审查意见：{{{{report}}}} =1+2，{told.facts['code']}"
    assert text[1] == "1 结论"
    assert text.index("此后为表") < text.index("3 分析结果")
    assert "2 依据" not in text
    assert {one.orientation for one in made.sections} == {0, 1}

    template.add_paragraph("{{mayor}}")
    template.save(str(path))
    with pytest.raises(TemplateInvalid, match="asks for mayor; a report has"):
        docx(told, path)
    style = template.styles["geoplan Body"]
    style.element.getparent().remove(style.element)
    template.save(str(path))
    with pytest.raises(TemplateInvalid, match="has no style 'geoplan Body'"):
        docx(told, path)
    path.write_bytes(b"PK nothing")
    with pytest.raises(TemplateInvalid, match="no DOCX"):
        docx(told, path)
    with pytest.raises(BadQuery, match="a template is for DOCX"):
        written(quarter, ReportInputs(format="pdf"), template=path)


def test_what_is_beyond_the_limits_is_counted(quarter: Catalogue) -> None:
    told = content(quarter, limits=Limits(maps=1, rows=10, columns=2))
    made = cells(docx(manuscript(told)))
    assert max(len(one) for one in made) <= 12  # a head, ten rows, a total
    text = "\n".join(one.text for one in document(docx(manuscript(told))).paragraphs)
    assert "本表印出 10 行，共 78 行" in text
    assert "其余 68 行（禁止 6、需审批 44、提示 18）" in text
    assert "（第 1 部分，共 " in text
    assert "以下 1 项逐项说明并附图，其余 59 项列于表中" in text


def test_edges_give_sound_documents(quarter: Catalogue) -> None:
    told = content(quarter)
    found = told.check.features
    # without geometry: it is said, and no map is drawn
    drawn: list[str | None] = []

    def draw(number: str | None, *_: Any) -> Drawing | None:
        drawn.append(number)
        return None

    bare = replace(told.check, features=found.set_geometry(gpd.GeoSeries([None] * len(found))))  # type: ignore[operator]
    text = _text(replace(told, check=bare, draw=draw))
    assert "此项没有可绘的位置，未附图。" in text
    assert drawn == [None]
    # names of 200 characters
    told.check.tables[0].rows.loc[:, "project"] = "长" * 200
    assert "长" * 200 in _text(told)
    assert pdf(manuscript(told)).startswith(b"%PDF")
    # nothing found at all
    tables = tuple(replace(one, rows=one.rows.iloc[:0]) for one in told.check.tables)
    totals = dict.fromkeys(told.check.totals, 0)
    none = replace(told.check, features=found.iloc[:0], tables=tables, totals=totals, parts=())
    text = _text(replace(told, check=none))
    assert "综合结论：暂不能作出。没有可以核查的要素。" in text
    assert "未发现禁止或需审批" in text
    assert pdf(manuscript(replace(told, check=none))).startswith(b"%PDF")


def _text(told: ReportContent) -> str:
    made = document(docx(manuscript(told)))
    inside = [cell.text for table in made.tables for row in table.rows for cell in row.cells]
    return "\n".join([*(one.text for one in made.paragraphs), *inside])


def test_a_report_on_a_site(town: Catalogue) -> None:
    west, south, east, north = town.plan.extent
    site = box(west, south, (west + east) / 2, (south + north) / 2)
    inputs = ReportInputs.model_validate(
        {
            "format": "docx",
            "maps": 1,
            "kind": "industrial_park",
            "geometry": {"type": "Polygon", "coordinates": [list(site.exterior.coords)]},
        }
    )
    text = "\n".join(one.text for one in document(_content(written(town, inputs))).paragraphs)
    assert "1 结论" in text
    assert "经叠加分析" in text


def test_libreoffice_opens_a_docx(quarter_docx: bytes, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed: pages of a DOCX cannot be laid out")
    path = tmp_path / "report.docx"
    path.write_bytes(quarter_docx)
    home = f"-env:UserInstallation=file://{tmp_path}/office"
    told = [office, home, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), str(path)]
    subprocess.run(told, check=True, capture_output=True, timeout=120)
    text = pdf_text((tmp_path / "report.pdf").read_bytes())
    assert "综合结论" in text
    assert "表 A" in text
