"""Fields: what a word processor counts itself, with the value that holds already."""

from __future__ import annotations

import re
from typing import Any

_NUMBERED = re.compile(r"(.+?) (\d+)(  .*)", re.DOTALL)


def field(paragraph: Any, code: str, shown: str) -> None:
    """Add a field and the value that it has."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    for kind in ("begin", None, "separate", shown, "end"):
        run = paragraph.add_run()
        if kind is None:
            instruction = OxmlElement("w:instrText")
            instruction.set(qn("xml:space"), "preserve")
            instruction.text = f" {code} "
            run._r.append(instruction)  # noqa: SLF001 - python-docx has no fields
        elif kind is shown:
            run.text = shown
        else:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
            run._r.append(mark)  # noqa: SLF001


def caption(paragraph: Any, text: str) -> None:
    """Add a caption whose number is a SEQ field, so that lists of tables can be made of it."""
    found = _NUMBERED.fullmatch(text)
    if found is None:
        paragraph.add_run(text)
        return
    word, number, rest = found.groups()
    paragraph.add_run(f"{word} ")
    field(paragraph, f"SEQ {word} \\* ARABIC", number)
    paragraph.add_run(rest)
