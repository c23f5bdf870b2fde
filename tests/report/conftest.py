"""Plans whose reports are looked at: the quarter, and plans made of what the quarter says."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from geoplan.catalogue import Catalogue
from geoplan.processes.report import ReportInputs, written

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def quarter() -> Catalogue:
    return Catalogue.open(ROOT / "examples" / "town" / "quarter")


@pytest.fixture(scope="session")
def quarter_docx(quarter: Catalogue) -> bytes:
    made = written(quarter, ReportInputs(format="docx", maps=2))
    assert isinstance(made.content, bytes)
    return made.content


def document(content: bytes) -> Any:
    from docx import Document

    return Document(BytesIO(content))


def pdf_text(content: bytes) -> str:
    from pypdf import PdfReader

    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages)


def cells(content: bytes) -> list[list[list[str]]]:
    """Return the cells of all tables of a DOCX."""
    return [
        [[cell.text for cell in row.cells] for row in table.rows]
        for table in document(content).tables
    ]
