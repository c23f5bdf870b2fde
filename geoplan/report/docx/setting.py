"""Sets blocks one after the other at a place of a document."""

from __future__ import annotations

from copy import deepcopy
from io import BytesIO
from typing import TYPE_CHECKING, Any

from geoplan.report.blocks import (
    Cover,
    Figure,
    Grid,
    Heading,
    Note,
    Paragraph,
    kept_together,
    on_side,
)
from geoplan.report.docx.fields import caption, field
from geoplan.report.docx.styles import BODY, CELL, GRID, NOTE, TITLE
from geoplan.report.words import words

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from geoplan.model import Lang
    from geoplan.report.blocks import Block

_CELL_PT = 7.0
_DXA_MM = 56.7
"""Twentieths of a point in a millimetre, the unit of widths."""


class Setter:
    """Sets blocks in one language into a document."""

    def __init__(self, document: Any, lang: Lang) -> None:
        self.document, self.lang = document, lang
        self._set: dict[type, Callable[[Any], None]] = {
            Heading: self._heading, Paragraph: self._paragraph, Note: self._note,
            Grid: self._grid, Figure: self._figure, Cover: self._cover,
        }  # fmt: skip

    def put(self, blocks: Sequence[Block], *, before: Any, contents: bool = False) -> None:
        """Set blocks before an element of the body; wide tables get a section on its side."""
        body = self.document.element.body
        mark = body[-1]
        wide = False
        groups = [*kept_together(blocks), -1]
        for at, (block, side) in enumerate(zip(blocks, on_side(blocks), strict=True)):
            if side != wide:
                self._end_section(before, flipped=wide)
                wide = side
            start = list(body).index(mark)
            self._set[type(block)](block)
            kept = groups[at] >= 0 and groups[at] == groups[at + 1]
            for element in list(body)[start : list(body).index(mark)]:
                if kept:
                    _keep_with_next(element)
                before.addprevious(element)
            if at == 0 and contents and isinstance(block, Cover):
                self._contents(blocks, before)
        if wide:
            self._end_section(before, flipped=True)

    def _end_section(self, before: Any, *, flipped: bool) -> None:
        """End a section here: what stood before it has its direction."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        section = deepcopy(_section_after(before))
        size = section.find(qn("w:pgSz"))
        if flipped and size is not None:
            width, height = size.get(qn("w:w")), size.get(qn("w:h"))
            size.set(qn("w:w"), height)
            size.set(qn("w:h"), width)
            size.set(qn("w:orient"), "landscape")
            margins = section.find(qn("w:pgMar"))
            for side in ("left", "right"):
                margins.set(qn(f"w:{side}"), str(round(14 * _DXA_MM)))
        first = section.find(qn("w:titlePg"))
        if first is not None and self._opened:
            section.remove(first)
        self._opened = True
        paragraph = OxmlElement("w:p")
        properties = OxmlElement("w:pPr")
        spacing = OxmlElement("w:spacing")
        for name, value in (("before", "0"), ("after", "0"), ("line", "20"), ("lineRule", "exact")):
            spacing.set(qn(f"w:{name}"), value)
        properties.append(spacing)
        properties.append(section)
        paragraph.append(properties)
        before.addprevious(paragraph)

    _opened = False

    def _contents(self, blocks: Sequence[Block], before: Any) -> None:
        """Set the contents: a field that a word processor can renew, with what it shows now."""
        body = self.document.element.body
        start = len(body) - 1
        self._add(words(self.lang)["contents"], TITLE)
        heads = [block for block in blocks if isinstance(block, Heading)]
        for at, head in enumerate(heads):
            paragraph = self._add("", BODY)
            paragraph.paragraph_format.left_indent = self._mm(6.0 * (head.level - 1))
            if at == 0:
                field(paragraph, 'TOC \\o "1-2" \\n \\h', head.text)
                self._tail = paragraph.runs[-1]._r  # noqa: SLF001
            else:
                paragraph.add_run(head.text)
            if at == len(heads) - 1 and at > 0:
                paragraph._p.append(self._tail)  # noqa: SLF001 - the field ends behind the last
        from docx.enum.text import WD_BREAK

        paragraph.add_run().add_break(WD_BREAK.PAGE)
        for element in list(body)[start:-1]:
            before.addprevious(element)

    def _add(self, text: str, style: str) -> Any:
        paragraph = self.document.add_paragraph(style=style)
        if text:
            paragraph.add_run(text)
        return paragraph

    @staticmethod
    def _mm(value: float) -> Any:
        from docx.shared import Mm

        return Mm(value)

    def _heading(self, block: Heading) -> None:
        paragraph = self._add(block.text, f"Heading {block.level}")
        paragraph.paragraph_format.keep_with_next = True

    def _paragraph(self, block: Paragraph) -> None:
        self._add("", BODY).add_run(block.text).bold = block.strong or None

    def _note(self, block: Note) -> None:
        self._add(block.text, NOTE)

    def _cover(self, block: Cover) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK

        title = self._add(block.title, TITLE)
        title.paragraph_format.space_before = self._mm(50)
        title.paragraph_format.page_break_before = self.document.element.body[0] is not title._p  # noqa: SLF001
        for paragraph in (title, self._add(block.subtitle, BODY)):
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
            paragraph.paragraph_format.space_after = self._mm(12)
        facts = self.document.add_table(rows=0, cols=2)
        for row in block.facts:
            for cell, text, width in zip(facts.add_row().cells, row, (40, 120), strict=True):
                cell.width = self._mm(width)
                cell.paragraphs[0].style = BODY
                cell.paragraphs[0].add_run(text)
        note = self._add(block.note, NOTE)
        note.paragraph_format.space_before = self._mm(20)
        note.add_run().add_break(WD_BREAK.PAGE)

    def _figure(self, block: Figure) -> None:
        from docx.enum.text import WD_ALIGN_PARAGRAPH

        paragraph = self._add("", BODY)
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        paragraph.paragraph_format.keep_with_next = True
        shape = paragraph.add_run().add_picture(BytesIO(block.png), width=self._mm(block.width_mm))
        shape._inline.docPr.set("descr", block.told)  # noqa: SLF001 - the text that stands for it
        told = self._add("", "Caption")
        told.alignment = WD_ALIGN_PARAGRAPH.CENTER
        caption(told, block.caption)

    def _grid(self, block: Grid) -> None:
        if block.caption:
            caption(self._add("", "Caption"), block.caption)
        wide_mm = 268.0 if block.wide else 165.0
        whole = sum(column.width for column in block.columns)
        widths = [round(column.width / whole * wide_mm * _DXA_MM) for column in block.columns]
        table = self.document.add_table(rows=0, cols=len(widths), style=GRID)
        table.autofit = False
        table._tbl.append(_rows(block, widths))  # noqa: SLF001
        rows = table._tbl[-1]  # noqa: SLF001
        for row in list(rows):
            table._tbl.append(row)  # noqa: SLF001
        table._tbl.remove(rows)  # noqa: SLF001
        for column, width in zip(table._tbl.tblGrid, widths, strict=True):  # noqa: SLF001
            column.w = width * 635  # in the unit of drawings
        self._add("", NOTE)


def _keep_with_next(element: Any) -> None:
    """Let no page part an element, a paragraph or a table, from what follows."""
    from docx.oxml.ns import qn

    for paragraph in element.iter(qn("w:p")):
        properties = paragraph.get_or_add_pPr()
        properties.get_or_add_keepNext()


def _section_after(element: Any) -> Any:
    """Return the properties of the section that an element stands in."""
    from docx.oxml.ns import qn

    here = element
    while here is not None:
        if here.tag == qn("w:sectPr"):
            return here
        found = here.find(f"{qn('w:pPr')}/{qn('w:sectPr')}")
        if found is not None:
            return found
        here = here.getnext()
    raise AssertionError("a document ends in the properties of a section")


def _rows(block: Grid, widths: list[int]) -> Any:
    """Return the rows of a table as elements: the objects of python-docx are slow for thousands."""
    from docx.oxml.ns import nsdecls
    from lxml import etree

    lines = []
    if not block.facts:
        head = [column.head for column in block.columns]
        lines.append(
            _row(head, widths, ["center"] * len(head), grey=set(range(len(head))), head=True)
        )
    sides = ["right" if column.kind == "number" else "left" for column in block.columns]
    for at, row in enumerate(block.rows):
        strong = at in block.strong
        grey = {0} if block.facts else set(range(len(row))) if strong else set()
        lines.append(_row(row, widths, sides, grey=grey, bold=strong, kept=block.facts))
    from docx.oxml import parse_xml

    made = parse_xml(f"<w:body {nsdecls('w')}>{''.join(lines)}</w:body>")
    assert etree.iselement(made)  # noqa: S101
    return made


def _row(
    texts: Sequence[str], widths: list[int], sides: list[str], *, grey: set[int],
    head: bool = False, bold: bool = False, kept: bool = False,
) -> str:  # fmt: skip
    cells = "".join(
        _cell(text, width, side, grey=at in grey, bold=head or bold, kept=kept)
        for at, (text, width, side) in enumerate(zip(texts, widths, sides, strict=True))
    )
    repeated = "<w:tblHeader/>" if head else ""
    return f"<w:tr><w:trPr><w:cantSplit/>{repeated}</w:trPr>{cells}</w:tr>"


def _cell(text: str, width: int, side: str, *, grey: bool, bold: bool, kept: bool) -> str:
    from xml.sax.saxutils import escape

    shade = '<w:shd w:val="clear" w:color="auto" w:fill="E8ECF0"/>' if grey else ""
    weight = "<w:b/>" if bold else ""
    follow = "<w:keepNext/>" if kept else ""
    size = f'<w:sz w:val="{round(_CELL_PT * 2)}"/>'
    lines = '</w:t><w:br/><w:t xml:space="preserve">'.join(escape(text).split("\n"))
    style = CELL.replace(" ", "")
    return (
        f'<w:tc><w:tcPr><w:tcW w:w="{width}" w:type="dxa"/>{shade}'
        f'<w:tcMar><w:left w:w="40" w:type="dxa"/><w:right w:w="40" w:type="dxa"/></w:tcMar>'
        f'<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr><w:pStyle w:val="{style}"/>'
        f'{follow}<w:wordWrap w:val="0"/><w:jc w:val="{side}"/></w:pPr>'
        f"<w:r><w:rPr>{weight}{size}</w:rPr>"
        f'<w:t xml:space="preserve">{lines}</w:t></w:r></w:p></w:tc>'
    )
