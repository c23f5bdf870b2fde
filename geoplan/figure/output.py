"""Sheets as pixels and as PDF."""

from __future__ import annotations

from typing import TYPE_CHECKING

from geoplan.figure.svg import number

if TYPE_CHECKING:
    from geoplan.figure.spec import Sheet

MM_PER_INCH = 25.4


def to_png(sheet: Sheet, *, width_px: int | None = None, dpi: float = 150.0) -> bytes:
    """Draw a sheet in pixels: as wide as is said, or at a resolution of the paper.

    Parameters
    ----------
    dpi : float
        Of the paper, where no width is given.
    """
    import resvg_py

    width = width_px or max(1, round(sheet.size_mm[0] / MM_PER_INCH * dpi))
    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=sheet.svg,
            width=width,
            dpi=96,  # it knows no millimetres without
            background="#ffffff",
            skip_system_fonts=True,
            font_files=[str(path) for path in sheet.fonts],
        )
    )


def to_pdf(sheet: Sheet) -> bytes:
    """Write a sheet as PDF: lines stay lines, the fonts are embedded."""
    return pdf_of((sheet,))


def pdf_of(sheets: tuple[Sheet, ...]) -> bytes:
    """Write sheets as the pages of one PDF."""
    import typst

    # a picture is data: nothing in it is read as a program
    files = {f"page-{at}.svg": one.svg.encode() for at, one in enumerate(sheets)}
    pages = "\n".join(
        f"#page(width: {number(one.size_mm[0])}mm, height: {number(one.size_mm[1])}mm, margin: 0mm)"
        f'[#image("page-{at}.svg", width: 100%, height: 100%)]'
        for at, one in enumerate(sheets)
    )
    folders = sorted({str(path.parent) for one in sheets for path in one.fonts})
    made = typst.compile(  # type: ignore[call-overload]  # its stub forgets several files
        {"main.typ": pages.encode(), **files},
        font_paths=folders,
        ignore_system_fonts=True,
        format="pdf",
    )
    assert isinstance(made, bytes)  # noqa: S101 - for the type
    return made
