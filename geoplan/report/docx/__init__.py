"""A report as DOCX: a document of its own, or a bureau's template filled."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

from geoplan.report.docx.setting import Setter
from geoplan.report.docx.styles import blank, refuse_without_styles
from geoplan.report.docx.template import fill, opened

if TYPE_CHECKING:
    from pathlib import Path

    from geoplan.report.blocks import Manuscript


def docx(report: Manuscript, template: Path | None = None) -> bytes:
    """Set a report.

    Parameters
    ----------
    report : Manuscript
    template : Path, optional
        A bureau's DOCX with our named styles and placeholders (`docs/report.md`).

    Raises
    ------
    TemplateInvalid
        The template is no DOCX, or lacks a style or a placeholder.
    """
    if template is None:
        document = blank(report)
        end = document.element.body[-1]
        for at, part in enumerate(report.parts):
            Setter(document, part.lang).put(part.blocks(), before=end, contents=at == 0)
    else:
        document = opened(template)
        refuse_without_styles(document, template.name)
        fill(document, report, template.name)
    document.core_properties.title = f"{report.title} {report.subject}"[:255]
    document.core_properties.author = report.facts["software"]
    document.core_properties.subject = report.facts["code"]
    document.core_properties.comments = ""
    file = BytesIO()
    document.save(file)
    return file.getvalue()
