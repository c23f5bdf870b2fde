"""The named styles that a report is set in, and a blank document that has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from geoplan.errors import TemplateInvalid

if TYPE_CHECKING:
    from geoplan.report.blocks import Manuscript

LATIN, CHINESE = "Times New Roman", "宋体"
HEADING_LATIN, HEADING_CHINESE = "Arial", "黑体"
TITLE, BODY, NOTE, CELL, GRID = (
    "geoplan Title", "geoplan Body", "geoplan Note", "geoplan Cell", "geoplan Table",
)  # fmt: skip
STYLES = ("Heading 1", "Heading 2", "Caption", TITLE, BODY, NOTE, CELL, GRID)
"""What a template has to have; `geoplan Table` is a table style, the others of paragraphs."""


def refuse_without_styles(document: Any, name: str) -> None:
    """Refuse a template that lacks a style.

    Raises
    ------
    TemplateInvalid
        Names each that is missing.
    """
    there = {style.name for style in document.styles}
    lacking = [one for one in STYLES if one not in there]
    if lacking:
        raise TemplateInvalid(
            f"{name} has no style {', '.join(map(repr, lacking))}: add it in Word, or begin with "
            "a report that geoplan has written, which has them all"
        )


def blank(report: Manuscript) -> Any:
    """Return an A4 document with the styles, a header with the report's code, and page numbers."""
    from docx import Document
    from docx.enum.style import WD_STYLE_TYPE
    from docx.shared import Mm, Pt

    document = Document()
    styles = document.styles
    _font(styles["Normal"], 10.5, LATIN, CHINESE)
    _languages(styles)
    for name, size in (("Heading 1", 16), ("Heading 2", 12), ("Caption", 9.5)):
        _font(styles[name], size, HEADING_LATIN, HEADING_CHINESE, bold=True)
    styles["Caption"].font.italic = False
    styles["Caption"].paragraph_format.keep_with_next = True
    for name, size in ((TITLE, 24.0), (BODY, 10.5), (NOTE, 8.5), (CELL, 8.0)):
        style = styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style = styles["Normal"]
        heads = (HEADING_LATIN, HEADING_CHINESE) if name == TITLE else (LATIN, CHINESE)
        _font(style, size, *heads, bold=name == TITLE)
        style.paragraph_format.space_after = Pt(0 if name == CELL else 4)
    grid = styles.add_style(GRID, WD_STYLE_TYPE.TABLE)
    grid.base_style = styles["Table Grid"]
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(22)
    section.top_margin = section.bottom_margin = Mm(20)
    section.different_first_page_header_footer = True
    _running(section, f"{report.subject[:60]}    {report.facts['code']}")
    return document


def _font(style: Any, size: float, latin: str, chinese: str, *, bold: bool = False) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    style.font.name, style.font.size, style.font.bold = latin, Pt(size), bold
    style.font.color.rgb = RGBColor(0, 0, 0)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), chinese)


def _languages(styles: Any) -> None:
    """Say that texts are Chinese of the mainland, or English: spelling is checked accordingly."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    defaults = styles.element.find(f".//{qn('w:rPrDefault')}/{qn('w:rPr')}")
    for old in defaults.findall(qn("w:lang")):
        defaults.remove(old)
    lang = OxmlElement("w:lang")
    lang.set(qn("w:val"), "en-GB")
    lang.set(qn("w:eastAsia"), "zh-CN")
    defaults.append(lang)


def _running(section: Any, text: str) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH

    from geoplan.report.docx.fields import field

    header = section.header.paragraphs[0]
    header.style = NOTE
    header.add_run(text)
    footer = section.footer.paragraphs[0]
    footer.style, footer.alignment = NOTE, WD_ALIGN_PARAGRAPH.CENTER
    field(footer, "PAGE", "1")
    footer.add_run(" / ")
    field(footer, "NUMPAGES", "1")
