"""The workbook, the CSV of a table and the tables on a terminal, as a planner meets them."""

from __future__ import annotations

import json
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from typer.testing import CliRunner

from geoplan import Catalogue, Result
from geoplan.cli import app
from geoplan.errors import BadQuery
from geoplan.export import write_result
from geoplan.i18n import phrases
from geoplan.model import Lang
from geoplan.processes import PROCESSES
from geoplan.processes.check import CheckInputs
from geoplan.tables import Letter
from geoplan.workbook import workbook
from geoplan.workbook.cells import LONGEST, safe
from geoplan.workbook.grid import runs
from tests.rules.conftest import Layers, line, rect, row, rule, write_plan

RUN = CliRunner()
OVERLAP = 'kind = "no_overlap", measured_from = "boundary"'
NASTY = '=HYPERLINK("x","y")'
LAYERS: Layers = {
    "industrial_park": [
        row("=1+1", rect(0, 0, 300, 200), 1.0),
        row("@p", rect(1000, 0, 1300, 200), 1.0),
        row("nowhere", None, 1.0),
    ],
    "scenic_area": [
        row("-s", rect(100, 0, 200, 200), 1.0, management_body=NASTY, zone="core"),
        row("+t", rect(150, 0, 1100, 200), 1.0, management_body="x" * 40_000, zone="core"),
    ],
    "highway": [row("G1", line((0, 900), (4000, 900)), 1.0)],
    "land_use": [row("a", rect(-90, -90, 2000, 300), 1.0, land_class="construction")],
}
RULES = rule(OVERLAP, other="scenic_area")
ALL: tuple[Letter, ...] = ("A", "B", "C", "F")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_plan(tmp_path_factory.mktemp("book") / "plan", RULES, LAYERS).directory


@pytest.fixture(scope="module")
def result(folder: Path) -> Result:
    inputs = CheckInputs(packs=("paper",), tables=ALL, land_use="land-use")
    answer = PROCESSES["check"].run(Catalogue.open(folder), inputs)
    assert isinstance(answer, Result)
    return answer


@pytest.fixture(scope="module")
def book(result: Result) -> Any:
    return openpyxl.load_workbook(BytesIO(workbook(result)))


def ask(*words: str | Path) -> tuple[int, str, str]:
    """Return exit code, standard output and standard error of a command."""
    answer = RUN.invoke(app, [str(word) for word in words])
    return answer.exit_code, answer.stdout, answer.stderr


def column(sheet: Any, head: str) -> list[Any]:
    """Return the cells under a head."""
    at = [cell.value for cell in sheet[3]].index(head)
    return [cells[at] for cells in sheet.iter_rows(min_row=4)]


def test_every_sheet_is_there_with_the_heads_of_reports(book: Any) -> None:
    assert book.sheetnames == [
        "A 位置关系", "B 用地情况", "C 穿跨越", "F 冲突矩阵", "F 逐格数值", "F 图层与图层",
        "未核查", "运行记录",
    ]  # fmt: skip
    heads = [cell.value for cell in book["A 位置关系"][3]]
    wanted = [
        "序号", "名称", "类型与级别", "功能分区", "主管部门", "位置关系", "起止桩号", "侧别",
        "长度(m)", "占用面积(hm²)", "最近距离(m)", "工程形式", "法规条款", "管控结论",
        "应办手续", "主管部门意见",
    ]  # fmt: skip
    assert [head for head in heads if head in wanted] == wanted
    crossings = [cell.value for cell in book["C 穿跨越"][3]]
    wanted = ["序号", "被穿跨对象", "类别等级", "桩号", "交角(°)", "方式", "长度(m)", "管理单位"]
    assert [head for head in crossings if head in wanted] == wanted
    land = [cell.value for cell in book["B 用地情况"][3]]
    assert land[2:10] == ["行政区或功能分区", "总面积", "农用地", "其中耕地",
                          "其中永久基本农田", "建设用地", "未利用地", "围填海"]  # fmt: skip


def test_numbers_are_numbers_with_the_decimals_of_their_unit(book: Any) -> None:
    areas = column(book["A 位置关系"], "占用面积(hm²)")
    assert [cell.value for cell in areas] == pytest.approx([3.0, 2.0, 2.0], rel=1e-6)
    assert {cell.number_format for cell in areas} == {"0.0000"}
    assert {cell.data_type for cell in areas} == {"n"}
    assert column(book["B 用地情况"], "是否闭合")[0].value == "闭合"


def test_each_sheet_is_set_up_for_a4_landscape(book: Any) -> None:
    for sheet in book:
        assert sheet.freeze_panes == "B4"
        assert sheet.print_title_rows == "$1:$3"
        assert (sheet.page_setup.orientation, sheet.page_setup.paperSize) == ("landscape", 9)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert (sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight) == (1, 0)
        assert sheet.column_dimensions["A"].width > 0
        if sheet.max_row > 3:
            assert sheet["A4"].alignment.wrap_text


def test_threat_16_no_text_is_run_as_a_formula(book: Any, result: Result) -> None:
    sheet = book["A 位置关系"]
    for head in ("项目", "名称"):
        told = column(sheet, head)
        assert {cell.data_type for cell in told} == {"s"}
    assert [cell.value for cell in column(sheet, "项目")] == ["=1+1", "=1+1", "@p"]
    authority = column(sheet, "主管部门")
    assert NASTY in [cell.value for cell in authority]
    assert {cell.data_type for cell in authority} == {"s"}
    with zipfile.ZipFile(BytesIO(workbook(result))) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        assert sheets
        assert not any(b"<f>" in archive.read(name) for name in sheets)


def test_a_text_longer_than_a_cell_is_cut_and_says_so(book: Any) -> None:
    (cut, *_) = [
        cell.value for cell in column(book["A 位置关系"], "主管部门") if cell.value.startswith("xx")
    ]
    assert len(cut) == LONGEST
    assert cut.endswith("已截断）")
    assert safe("x" * LONGEST, "cut") == "x" * LONGEST
    assert safe(float("nan"), "cut") is None
    assert safe(2**53 + 1, "cut") == "9007199254740993"
    assert safe("a\x00b", "cut") == "a\N{REPLACEMENT CHARACTER}b"


def test_a_cell_of_the_matrix_leads_to_its_row_of_table_a(book: Any) -> None:
    matrix = book["F 冲突矩阵"]
    heads = [cell.value for cell in matrix[3]]
    assert heads == ["项目", "scenic_area", "合计"]
    assert [cells[0].value for cells in matrix.iter_rows(min_row=4)] == ["=1+1", "@p", "合计"]
    first, second, total = column(matrix, "scenic_area")
    # 100 × 200 and 150 × 200, 50 × 200 of it twice; then 100 × 200
    assert first.value == "冲突 2，禁止\n面积 4.0000 hm²（重复计 5.0000）\nC01, C02"
    assert second.value == "冲突 1，禁止\n面积 2.0000 hm²\nC03"
    assert total.value == "冲突 3，禁止\n面积 6.0000 hm²（重复计 7.0000）\nC01–C03"
    assert second.hyperlink.location == "'A 位置关系'!A6"
    assert book["A 位置关系"]["B6"].value == "C03"


def test_what_was_not_checked_and_the_run_are_on_sheets(book: Any, result: Result) -> None:
    assert "nowhere" in [cell.value for cell in column(book["未核查"], "涉及要素")]
    record = {cells[0].value: cells[1].value for cells in book["运行记录"].iter_rows(min_row=4)}
    assert record["报告编号"] == getattr(result.run, "code", None)
    assert record["有效期至"]
    assert "sha256" in record["规则包"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_sheet_name_is_one_that_excel_takes(lang: Lang) -> None:
    names = [text for key, text in phrases(lang).items() if key.startswith("sheet.")]
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\'") for name in names)
    assert len({name.casefold() for name in names}) == len(names)


def test_english_heads(result: Result) -> None:
    book = openpyxl.load_workbook(BytesIO(workbook(result, "en")))
    assert book.sheetnames[0] == "A relations"
    assert [cell.value for cell in column(book["A relations"], "Conclusion")] == ["prohibited"] * 3
    assert "Area taken (hm²)" in [cell.value for cell in book["A relations"][3]]


def test_numbers_in_a_row_are_drawn_together() -> None:
    assert runs(["C01", "C02", "C04", "C98", "C99", "C100"]) == "C01, C02, C04, C98–C100"


def test_a_result_without_tables_is_refused(result: Result, tmp_path: Path) -> None:
    with pytest.raises(BadQuery, match="has no tables"):
        workbook(replace(result, tables=()))
    with pytest.raises(BadQuery, match=r"unknown format '\.xlsx'"):
        write_result(replace(result, tables=()), tmp_path / "x.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_workbook(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "findings.xlsx"
    words = ("check", "--plan", folder, "--pack", "paper", "-o", file)
    assert ask(*words)[0] == 0
    assert "B 用地情况" not in openpyxl.load_workbook(file).sheetnames
    assert ask(*words, "--land-use", "land-use", "--lang", "en")[0] == 0
    assert "B land use" in openpyxl.load_workbook(file).sheetnames
    assert [path.name for path in tmp_path.iterdir()] == ["findings.xlsx"]


def test_one_table_as_csv_and_on_the_terminal(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    words = ("check", "--plan", folder, "--pack", "paper", "--table", "A")
    code, out, _ = ask(*words, "-o", file)
    assert code == 0
    assert "占用面积(hm²)" in out
    assert "与环境敏感区/控制线位置关系一览表" in out
    text = file.read_text(encoding="utf-8-sig")
    assert text.startswith("序号,冲突编号,项目,")
    assert "'=1+1" in text
    assert ask(*words, "--table", "C", "-o", file)[0] == 2
    assert "a CSV holds one table" in ask(*words, "--table", "C", "-o", file)[2]
    assert ask("check", "--plan", folder, "--pack", "paper", "--table", "X")[0] == 2
    document = json.loads(ask(*words, "--json")[1])
    assert [one["number"] for one in document["tables"]["A"]] == ["C01", "C02", "C03"]
