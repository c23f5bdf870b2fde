"""A bureau's DOCX filled: facts in running text, chapters where a paragraph asks for them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from geoplan.errors import TemplateInvalid
from geoplan.report.docx.setting import Setter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from geoplan.report.blocks import Block, Manuscript

CHAPTERS = ("conclusion", "basis", "tables", "findings", "unchecked", "run", "annex")
FACTS = ("title", "plan", "code", "date", "expires", "law_of", "data_date", "attribution", "review",
         "software")  # fmt: skip
WHOLE = "report"
_PLACE = re.compile(r"\{\{\s*([a-z_]+)\s*\}\}")


def opened(path: Path) -> Any:
    """Open a template.

    Raises
    ------
    TemplateInvalid
        It is no DOCX, or a damaged one.
    """
    from zipfile import BadZipFile

    from docx import Document
    from docx.opc.exceptions import PackageNotFoundError

    try:
        return Document(str(path))
    except (PackageNotFoundError, BadZipFile, KeyError, ValueError, OSError) as error:
        raise TemplateInvalid(f"{path.name} is no DOCX that can be read: {error}") from error


def fill(document: Any, report: Manuscript, name: str) -> None:
    """Fill a template in place.

    Raises
    ------
    TemplateInvalid
        It asks for something that a report has not, or has no place for the report.
    """
    asked = [one for paragraph in _paragraphs(document) for one in _PLACE.findall(paragraph.text)]
    unknown = [one for one in dict.fromkeys(asked) if one not in (WHOLE, *CHAPTERS, *FACTS)]
    if unknown:
        known = ", ".join((WHOLE, *CHAPTERS, *FACTS))
        raise TemplateInvalid(f"{name} asks for {', '.join(unknown)}; a report has: {known}")
    if WHOLE not in asked and "conclusion" not in asked:
        raise TemplateInvalid(
            f"{name} has no place for the report: write {{{{report}}}} in a paragraph of its own, "
            f"or {{{{conclusion}}}} and the other chapters"
        )
    # the places are looked for first: what a fact or a feature says is no place
    found = ((one, _PLACE.fullmatch(one.text.strip())) for one in document.paragraphs)
    places = [(one, at[1]) for one, at in found if at and at[1] in (WHOLE, *CHAPTERS)]
    for paragraph in list(_paragraphs(document)):
        _replace(paragraph, report.facts)
    for paragraph, chapter in places:
        _put(document, report, chapter, paragraph._p)  # noqa: SLF001


def _put(document: Any, report: Manuscript, chapter: str, place: Any) -> None:
    for part in report.parts:
        blocks: list[Block] = []
        for name, own in part.chapters:
            if name == chapter or (chapter == WHOLE and name != "cover"):
                blocks += own
        Setter(document, part.lang).put(blocks, before=place)
    place.getparent().remove(place)


def _replace(paragraph: Any, facts: dict[str, str]) -> None:
    """Put facts where a paragraph asks for them; what a fact says is not looked into again."""
    if not any(one in facts for one in _PLACE.findall(paragraph.text)):
        return
    whole = [run for run in paragraph.runs if _PLACE.search(run.text)]
    text = paragraph.text
    if "".join(_PLACE.findall("".join(run.text for run in whole))) != "".join(_PLACE.findall(text)):
        # a word processor has cut a name into runs: the paragraph takes the look of the first
        for run in paragraph.runs[1:]:
            run.text = ""
        paragraph.runs[0].text = text
        whole = [paragraph.runs[0]]
    for run in whole:
        run.text = _PLACE.sub(lambda one: facts.get(one[1], one[0]), run.text)


def _paragraphs(document: Any) -> Iterator[Any]:
    """Yield the paragraphs of a template: body, its tables, heads and feet of pages."""
    holders = [document]
    for section in document.sections:
        holders += [section.header, section.footer, section.first_page_header,
                    section.first_page_footer]  # fmt: skip
    for holder in holders:
        yield from holder.paragraphs
        for table in holder.tables:
            for row in table.rows:
                for cell in row.cells:
                    yield from cell.paragraphs
