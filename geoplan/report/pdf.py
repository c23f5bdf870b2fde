"""A report as PDF, set by typst: vector maps, embedded fonts, tags for readers of screens."""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoplan.figure.fonts import font
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
from geoplan.report.words import words

if TYPE_CHECKING:
    from geoplan.report.blocks import Block, Manuscript, Part

_NAMES = {Heading: "heading", Paragraph: "paragraph", Note: "note", Grid: "grid",
          Figure: "figure", Cover: "cover"}  # fmt: skip


def pdf(report: Manuscript) -> bytes:
    """Set a report.

    Values reach typst as data, never as source: what looks like markup is text.

    Raises
    ------
    FontMissing
        No font with Chinese characters is installed.
    """
    import typst

    chinese = font()
    folders = sorted({path.parent for path in chinese.files})
    with tempfile.TemporaryDirectory(prefix="report-") as folder:
        place = Path(folder)
        parts = [_part(part, place / f"{at}") for at, part in enumerate(report.parts)]
        told = {"title": report.title, "subject": report.subject, "code": report.facts["code"],
                "font": chinese.family, "parts": parts}  # fmt: skip
        (place / "report.json").write_text(json.dumps(told, ensure_ascii=False), encoding="utf-8")
        source = files(__package__).joinpath("report.typ").read_text(encoding="utf-8")
        (place / "report.typ").write_text(source, encoding="utf-8")
        made = typst.compile(
            place / "report.typ",
            root=place,
            font_paths=folders,
            pdf_standards=["1.7", "ua-1"],
        )
    assert isinstance(made, bytes)  # noqa: S101 - for the type
    return made


def _part(part: Part, folder: Path) -> dict[str, Any]:
    folder.mkdir()
    own = part.blocks()
    blocks = [
        {**_block(block, folder, at), "side": side, "group": group}
        for at, (block, side, group) in enumerate(
            zip(own, on_side(own), kept_together(own), strict=True)
        )
    ]
    named = {name: words(part.lang)[name] for name in ("contents", "page")}
    return {"lang": part.lang, "words": named, "blocks": blocks}


def _block(block: Block, folder: Path, at: int) -> dict[str, Any]:
    if isinstance(block, Figure):
        path = folder / f"{at}.svg"
        path.write_text(block.svg, encoding="utf-8")
        return {"is": "figure", "caption": block.caption, "path": f"{folder.name}/{path.name}",
                "width": block.width_mm, "height": block.height_mm, "told": block.told}  # fmt: skip
    told = asdict(block)
    if isinstance(block, Grid):
        told["strong"] = sorted(block.strong)
    return {"is": _NAMES[type(block)], **told}
