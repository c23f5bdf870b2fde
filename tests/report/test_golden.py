"""The report of the town as it was read by a planner: words and cells of DOCX, words of PDF.

``python -m tests.report.test_golden`` writes the file anew after a change that is meant; read it.
"""

from __future__ import annotations

import re
from pathlib import Path

from docx.document import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

from geoplan.catalogue import Catalogue
from geoplan.processes.report import ReportInputs, written
from tests.report.conftest import ROOT, document, pdf_text

FILE = Path(__file__).parents[1] / "golden" / "report" / "town.txt"
BEGIN, END = "1 结论", "6 运行记录"


def made(form: str) -> bytes:
    town = Catalogue.open(ROOT / "examples" / "town")
    inputs = ReportInputs(format=form, maps=2, rows=12)
    content = written(town, inputs).content
    assert isinstance(content, bytes)
    return content


def lines_of(told: Document) -> list[str]:
    """Return chapters 1 to 5 as lines: paragraphs, and rows of tables with their cells apart."""
    lines: list[str] = []
    for block in told.iter_inner_content():
        if isinstance(block, Paragraph):
            lines += [block.text] if block.text.strip() else []
        elif isinstance(block, Table):
            lines += [" | ".join(_flat(cell.text) for cell in row.cells) for row in block.rows]
    start = max(at for at, line in enumerate(lines) if line == BEGIN)  # behind the contents
    return lines[start : max(at for at, line in enumerate(lines) if line == END)]


def _flat(text: str) -> str:
    return re.sub("[0-9a-f]{64}", "…", text.replace("\n", " / "))


def test_words_and_cells_are_those_that_were_read() -> None:
    assert lines_of(document(made("docx"))) == FILE.read_text(encoding="utf-8").splitlines()


def test_the_pdf_says_the_same() -> None:
    said = re.sub(r"\s|\u200b", "", pdf_text(made("pdf")))
    for line in FILE.read_text(encoding="utf-8").splitlines():
        for cell in line.split(" | "):
            for part in re.split(r" / |(?<=[，。；：、])", cell):
                # a cell that a page parts is not one text any more
                wanted = re.sub(r"\s", "", part)
                assert len(wanted) > 12 or wanted in said, part


if __name__ == "__main__":
    FILE.parent.mkdir(parents=True, exist_ok=True)
    FILE.write_text("\n".join(lines_of(document(made("docx")))) + "\n", encoding="utf-8")
